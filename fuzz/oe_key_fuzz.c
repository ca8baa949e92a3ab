/* SPDX-License-Identifier: MIT */
/* KEY RDATA.  What is held against the reader, beyond not crashing:
 *   - exponent and modulus lie inside the data, one behind the other, and end where it ends;
 *   - what is taken has the flags that RFC 2535 leaves open, and a key within the limits of RFC 2537;
 *   - what is taken, unless no RSA key can be so, is written to the same octets;
 *   - both dialects agree, and notes lie inside the RDATA. */
#include <stdio.h>
#include <stdlib.h>

#include "codec/oe_key.h"
#include "want.h"

static void taken(slice in, const struct oe_key *k)
{
    struct buf out;
    const struct oe_rsa *r = &k->rsa;
    WANT((k->flags & 0xBCF0) == 0 && (k->protocol == 4 || k->protocol == 255));
    WANT(k->algorithm == 1 || k->algorithm == 5);
    WANT(r->exponent.n >= 1 && r->exponent.n <= 512 && r->exponent.p[0] && r->modulus.p[0]);
    WANT(r->bits >= 512 && r->bits <= 4096 && (r->bits + 7) / 8 == r->modulus.n);
    buf_init(&out, &mem_libc, OE_KEY_MAX);
    err e = oe_key_write(k->flags, k->protocol, k->algorithm, r->exponent, r->modulus, &out);
    if (oe_notes_has(&k->notes, OE_F_RSA_NO_KEY))
        WANT(e == ERR_USE && out.n == 0);
    else
        WANT(e == OK && slice_eq(buf_slice(&out), in));
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct oe_key k;
    struct oe_rsa r;
    struct oe_notes notes = {.n = 0};
    slice in = slice_of(data, size);
    oe_key_read(in, &k);
    for (uint32_t i = 0; i < k.notes.n; i++)
        WANT(k.notes.note[i].code && k.notes.note[i].at <= size);
    enum oe_take take = oe_notes_take(&k.notes, OE_DRAFT);
    WANT(take == oe_notes_take(&k.notes, OE_RFC));
    if (k.rsa.modulus.n) {
        WANT(k.rsa.exponent.p > k.data.p && k.rsa.exponent.p + k.rsa.exponent.n == k.rsa.modulus.p);
        WANT(k.rsa.modulus.p + k.rsa.modulus.n == data + size);
    }
    if (take <= OE_LOOSE) taken(in, &k);
    if (take == OE_TAKE) WANT(k.flags == 0x4200 && k.protocol == 4 && k.algorithm == 1);
    oe_rsa_read(in, &r, &notes); /* the octets as those of a key alone */
    WANT(notes.n > 0 || (r.bits >= 512 && r.bits <= 4096));
    WANT(oe_notes_take(&notes, OE_DRAFT) != OE_TAKE || r.modulus.n);
    return 0;
}
