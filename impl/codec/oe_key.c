/* SPDX-License-Identifier: MIT */
#include "codec/oe_key.h"

#include <assert.h>

enum {
    KEY_HEAD = 4,          /* flags, protocol, algorithm */
    FLAG_NO_AUTH = 0x8000, /* RFC 2535 3.1.2, as what follows */
    FLAG_NO_CONF = 0x4000,
    FLAG_NO_KEY = 0xC000,
    FLAG_EXTENDED = 0x1000,
    FLAGS_RESERVED = 0x2CF0,
    NAME_TYPE = 0x0300,
    NAME_ENTITY = 0x0200,
    SIGNATORY = 0x000F
};

const char *const oe_take_names[4] = {"good", "loose", "bad", "foreign"};
static_assert(OE_TAKE == 0 && OE_LOOSE == 1 && OE_BAD == 2 && OE_SKIP == 3, "names stand in their order");

enum oe_take oe_notes_take(const struct oe_notes *n, enum oe_dialect d)
{
    enum oe_take worst = OE_TAKE;
    for (uint32_t i = 0; i < n->n; i++) {
        enum oe_take t = (enum oe_take)oe_takes[n->note[i].code][d];
        if (t > worst) worst = t;
    }
    return worst;
}

bool oe_notes_has(const struct oe_notes *n, enum oe_fault_code code)
{
    for (uint32_t i = 0; i < n->n; i++) {
        if (n->note[i].code == code) return true;
    }
    return false;
}

void oe_notes_add(struct oe_notes *n, enum oe_fault_code code, size_t at)
{
    struct oe_note one = {code, (uint32_t)at};
    if (n->n < OE_NOTES) {
        n->note[n->n++] = one;
        return;
    }
    for (int d = 0; d < OE_DIALECTS; d++) {
        if (oe_takes[code][d] > oe_notes_take(n, (enum oe_dialect)d)) n->note[OE_NOTES - 1] = one;
    }
}

/* --- RSA
 * ------------------------------------------------------------------------------------------------------- */

static uint32_t bits_of(slice n)
{
    uint32_t bits = 0;
    while (n.n && !n.p[0])
        n = slice_sub(n, 1, n.n);
    if (!n.n) return 0;
    for (uint8_t first = n.p[0]; first; first >>= 1)
        bits++;
    return bits + (uint32_t)(n.n - 1) * 8;
}

static bool odd(slice n)
{
    return n.n && (n.p[n.n - 1] & 1);
}

/* The length of the exponent: one octet, or a zero and two.  Gives where the exponent begins; 0 when the data
 * end before. */
static size_t exponent_at(slice data, size_t *n, struct oe_notes *notes)
{
    if (data.n < 1 || (data.p[0] == 0 && data.n < 3)) {
        oe_notes_add(notes, OE_F_RSA_CUT, data.n);
        return 0;
    }
    *n = data.p[0];
    if (*n) return 1;
    *n = (size_t)data.p[1] << 8 | data.p[2];
    if (*n && *n < 256) oe_notes_add(notes, OE_F_RSA_LONG_FORM, 0);
    if (*n > OE_RSA_OCTETS_MAX)
        oe_notes_add(notes, OE_F_RSA_EXPONENT_SIZE, 1); /* told even when less is there */
    return 3;
}

static void judge(const struct oe_rsa *k, size_t e_at, size_t m_at, struct oe_notes *notes)
{
    uint32_t e_bits = bits_of(k->exponent);
    if (e_bits == 0)
        oe_notes_add(notes, OE_F_RSA_NO_EXPONENT, e_at);
    else if (k->exponent.p[0] == 0)
        oe_notes_add(notes, OE_F_RSA_EXPONENT_ZEROS, e_at);
    if (k->modulus.p[0] == 0) oe_notes_add(notes, OE_F_RSA_MODULUS_ZEROS, m_at);
    if (k->bits < OE_RSA_BITS_MIN) oe_notes_add(notes, OE_F_RSA_MODULUS_SHORT, m_at);
    if (k->bits > OE_RSA_BITS_MAX) oe_notes_add(notes, OE_F_RSA_MODULUS_SIZE, m_at);
    if (e_bits && (!odd(k->exponent) || e_bits == 1))
        oe_notes_add(notes, OE_F_RSA_NO_KEY, e_at);
    else if (k->bits && !odd(k->modulus))
        oe_notes_add(notes, OE_F_RSA_NO_KEY, m_at);
}

void oe_rsa_read(slice data, struct oe_rsa *k, struct oe_notes *notes)
{
    size_t n = 0;
    *k = (struct oe_rsa){.bits = 0};
    size_t at = exponent_at(data, &n, notes);
    if (!at) return;
    if (n == 0) {
        oe_notes_add(notes, OE_F_RSA_NO_EXPONENT, at - 1);
    } else if (data.n - at <= n) { /* a modulus has one octet at least */
        oe_notes_add(notes, OE_F_RSA_CUT, data.n);
    } else {
        k->exponent = slice_sub(data, at, at + n);
        k->modulus = slice_sub(data, at + n, data.n);
        k->bits = bits_of(k->modulus);
        judge(k, at, at + n, notes);
    }
}

static slice no_zeros(slice n)
{
    while (n.n && !n.p[0])
        n = slice_sub(n, 1, n.n);
    return n;
}

err oe_rsa_write(slice exponent, slice modulus, struct buf *out)
{
    uint8_t *at;
    slice e = no_zeros(exponent), m = no_zeros(modulus);
    uint32_t bits = bits_of(m);
    if (e.n == 0 || e.n > OE_RSA_OCTETS_MAX || bits < OE_RSA_BITS_MIN || bits > OE_RSA_BITS_MAX)
        return ERR_USE;
    if (!odd(e) || !odd(m) || bits_of(e) == 1) return ERR_USE;
    size_t head = e.n > 255 ? 3 : 1, n = head + e.n + m.n;
    TRY(buf_reserve(out, n, &at));
    *at++ = head == 1 ? (uint8_t)e.n : 0;
    if (head == 3) {
        *at++ = (uint8_t)(e.n >> 8);
        *at++ = (uint8_t)e.n;
    }
    for (size_t i = 0; i < e.n; i++)
        *at++ = e.p[i];
    for (size_t i = 0; i < m.n; i++)
        *at++ = m.p[i];
    buf_added(out, n);
    return OK;
}

bool oe_rsa_eq(const struct oe_rsa *a, const struct oe_rsa *b)
{
    return slice_eq(no_zeros(a->exponent), no_zeros(b->exponent)) &&
           slice_eq(no_zeros(a->modulus), no_zeros(b->modulus));
}

/* --- KEY
 * ------------------------------------------------------------------------------------------------------- */

/* Which flags are taken besides the one value that the draft has: OE-D19. */
static void judge_flags(struct oe_key *k)
{
    if ((k->flags & FLAG_NO_KEY) == FLAG_NO_AUTH)
        oe_notes_add(&k->notes, OE_F_KEY_NO_AUTH, 0);
    else if (!(k->flags & FLAG_NO_CONF))
        oe_notes_add(&k->notes, OE_F_KEY_CONF, 0);
    if (k->flags & FLAGS_RESERVED) oe_notes_add(&k->notes, OE_F_KEY_RESERVED, 0);
    if (k->flags & FLAG_EXTENDED) oe_notes_add(&k->notes, OE_F_KEY_EXTENDED, 0);
    if ((k->flags & NAME_TYPE) != NAME_ENTITY) oe_notes_add(&k->notes, OE_F_KEY_NAME_TYPE, 0);
    if (k->flags & SIGNATORY) oe_notes_add(&k->notes, OE_F_KEY_SIGNATORY, 1);
}

static void judge_data(struct oe_key *k)
{
    struct oe_notes own = {.n = 0};
    if (k->data.n == 0) {
        oe_notes_add(&k->notes, OE_F_KEY_CUT, KEY_HEAD);
        return;
    }
    if (k->flags & FLAG_EXTENDED) return; /* two octets of flags stand in front, which nobody defined */
    oe_rsa_read(k->data, &k->rsa, &own);
    for (uint32_t i = 0; i < own.n; i++)
        oe_notes_add(&k->notes, own.note[i].code, own.note[i].at + KEY_HEAD);
}

void oe_key_read(slice rdata, struct oe_key *k)
{
    *k = (struct oe_key){.flags = 0};
    if (rdata.n > OE_KEY_MAX || rdata.n < KEY_HEAD) {
        oe_notes_add(&k->notes, rdata.n < KEY_HEAD ? OE_F_KEY_CUT : OE_F_KEY_LIMIT,
                     rdata.n < KEY_HEAD ? rdata.n : OE_KEY_MAX);
        return;
    }
    k->flags = (uint16_t)(rdata.p[0] << 8 | rdata.p[1]);
    k->protocol = rdata.p[2];
    k->algorithm = rdata.p[3];
    k->data = slice_sub(rdata, KEY_HEAD, rdata.n);
    if (k->protocol != OE_KEY_IPSEC &&
        k->protocol != OE_KEY_ALL) { /* of DNSSEC or another protocol: not ours to judge */
        oe_notes_add(&k->notes, OE_F_KEY_PROTOCOL, 2);
    } else if ((k->flags & FLAG_NO_KEY) == FLAG_NO_KEY) { /* whatever the algorithm */
        oe_notes_add(&k->notes, k->data.n ? OE_F_KEY_NONE_MORE : OE_F_KEY_NONE, k->data.n ? KEY_HEAD : 0);
    } else if (k->algorithm != OE_KEY_RSAMD5 && k->algorithm != OE_KEY_RSASHA1) {
        oe_notes_add(&k->notes, OE_F_KEY_ALGORITHM, 3);
    } else {
        judge_flags(k);
        if (k->protocol == OE_KEY_ALL) oe_notes_add(&k->notes, OE_F_KEY_PROTOCOL_ALL, 2);
        if (k->algorithm == OE_KEY_RSASHA1) oe_notes_add(&k->notes, OE_F_KEY_ALGORITHM_5, 3);
        judge_data(k);
    }
}

err oe_key_write(uint16_t flags, uint8_t protocol, uint8_t algorithm, slice exponent, slice modulus,
                 struct buf *out)
{
    const uint8_t head[KEY_HEAD] = {(uint8_t)(flags >> 8), (uint8_t)flags, protocol, algorithm};
    TRY(buf_add(out, slice_of(head, sizeof head)));
    err e = oe_rsa_write(exponent, modulus, out);
    if (e != OK) buf_unadd(out, sizeof head);
    return e;
}
