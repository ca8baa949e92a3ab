/* SPDX-License-Identifier: MIT */
/* samples_oe: the RSA keys that the cases of opportunistic encryption put into records ($KEY1 ...), and the
 * answers' numbers are compared with.  Nobody has the private halves. */
#ifndef RUN_SAMPLES_OE_H
#define RUN_SAMPLES_OE_H

#include "base/slice.h"

enum {
    OE_SAMPLE_KEYS =
        6, /* 512 bits, 1024, 1024 another, 2048, 4096, 1024 with an exponent of 65537; the others have 3 */
    OE_SAMPLE_OTHER = OE_SAMPLE_KEYS + 1,
    OE_SAMPLE_OCTETS = 520 /* the longest exponent with its length, and modulus, together */
};
/* As records carry them: base64 of the form of RFC 2537.  [0] is $KEY1. */
extern const char *const samples_oe[OE_SAMPLE_KEYS];

/* Which of them has these numbers (network order, leading zeros do not count): 1 ... OE_SAMPLE_KEYS, else
 * OE_SAMPLE_OTHER. */
int sample_oe_of(slice exponent, slice modulus);
/* The same of a key in base64, as a case writes it. */
int sample_oe_of_text(slice base64);

#endif
