/* SPDX-License-Identifier: MIT */
/* oe_key: what a KEY record of a gateway holds (draft 7.1; RFC 2535 3), and RSA public keys as DNS carries
 * them (RFC 2537 2, RFC 3110 2), both ways.  Nothing here needs memory: what is read borrows from the octets.
 */
#ifndef CODEC_OE_KEY_H
#define CODEC_OE_KEY_H

#include "base/buf.h"
#include "model/oe.h"

enum {
    OE_RSA_OCTETS_MAX = OE_RSA_BITS_MAX / 8,     /* of exponent and modulus (RFC 2537 2) */
    OE_RSA_DATA_MAX = 3 + 2 * OE_RSA_OCTETS_MAX, /* both numbers as long as they may be */
    OE_KEY_MAX = 65535,                          /* RDLENGTH has 16 bits */
    OE_NOTES = 24 /* departures of one record that are kept: more than one can have */
};

struct oe_note {
    enum oe_fault_code code;
    uint32_t at; /* octet of what was read: of the joined text (oe_txt), of the RDATA (oe_key), of the data
                    (oe_rsa) */
};
struct oe_notes {
    uint32_t n;
    struct oe_note note[OE_NOTES];
};

/* What a reader of the dialect makes of a record: the gravest of the notes.  The strict reading takes OE_TAKE
 * alone. */
enum oe_take oe_notes_take(const struct oe_notes *n, enum oe_dialect d);
bool oe_notes_has(const struct oe_notes *n, enum oe_fault_code code);
extern const char *const oe_take_names[4]; /* "good", "loose", "bad", "foreign" */
/* Adds one.  When there is no room, one that is graver than all that are kept takes the place of the last. */
void oe_notes_add(struct oe_notes *n, enum oe_fault_code code, size_t at);

struct oe_rsa {
    slice exponent, modulus; /* network order */
    uint32_t bits;           /* of the modulus, from its first bit that is set */
};
/* Reads the whole of data and adds to notes.  k holds what could be told apart: a modulus when both numbers
 * are there. */
void oe_rsa_read(slice data, struct oe_rsa *k, struct oe_notes *notes);
/* Appends length of exponent (one octet, three when it is above 255), exponent, modulus.  Leading zeros are
 * left out.  ERR_USE: a number that RFC 2537 does not take; ERR_LIMIT, ERR_MEM.  Nothing was added then. */
err oe_rsa_write(slice exponent, slice modulus, struct buf *out) MUST_CHECK;
bool oe_rsa_eq(const struct oe_rsa *a, const struct oe_rsa *b);

struct oe_key {
    uint16_t flags;
    uint8_t protocol, algorithm;
    struct oe_rsa rsa; /* empty when it could not be told apart */
    slice data;        /* behind the algorithm */
    struct oe_notes notes;
};
/* Reads RDATA in wire form.  Nothing of it is refused: the notes tell. */
void oe_key_read(slice rdata, struct oe_key *k);
/* Appends RDATA: flags, protocol and algorithm as they are given, and the key.  Errors of oe_rsa_write. */
err oe_key_write(uint16_t flags, uint8_t protocol, uint8_t algorithm, slice exponent, slice modulus,
                 struct buf *out) MUST_CHECK;

#endif
