/* SPDX-License-Identifier: MIT */
#include "codec/isakmp.h"

#include <string.h>

#include "base/cursor.h"

enum { DOI_IPSEC = 1, PROTO_ISAKMP = 1, KNOWN_FLAGS = ISAKMP_ENCRYPTED | ISAKMP_COMMIT | ISAKMP_AUTH };

static void note(struct isakmp *m, enum oe_track_code code)
{
    if (!isakmp_noted(m, code) && m->notes < ISAKMP_NOTES) m->note[m->notes++] = code;
}

bool isakmp_noted(const struct isakmp *m, enum oe_track_code code)
{
    for (size_t i = 0; i < m->notes; i++) {
        if (m->note[i] == code) return true;
    }
    return false;
}

size_t isakmp_group_size(uint32_t group)
{
    switch (group) { /* RFC 2409 6, RFC 3526 */
    case 1: return 96;
    case 2: return 128;
    case 5: return 192;
    case 14: return 256;
    case 15: return 384;
    case 16: return 512;
    default: return 0;
    }
}

bool isakmp_transform_eq(const struct isakmp_transform *a, const struct isakmp_transform *b)
{
    return a->encryption == b->encryption && a->hash == b->hash && a->method == b->method && a->group == b->group && a->key_length == b->key_length;
}

/* --- the SA payload ------------------------------------------------------------------------------------------------------ */

static uint32_t number(slice s)
{
    uint32_t v = 0;
    for (size_t i = 0; i < s.n; i++)
        v = v > UINT32_MAX >> 8 ? UINT32_MAX : v << 8 | s.p[i];
    return v;
}

static void attribute(struct isakmp_transform *t, uint16_t type, uint32_t value)
{
    switch (type) { /* RFC 2409 appendix A */
    case 1: t->encryption = value; break;
    case 2: t->hash = value; break;
    case 3: t->method = value; break;
    case 4: t->group = value; break;
    case 11: t->life_type = value; break;
    case 12: t->life = value; break;
    case 14: t->key_length = value; break;
    default: break;
    }
}

/* One payload behind another inside an SA: header of four octets with the type of the next.  False at the end; a fault fails the cursor. */
static bool step(struct isakmp *m, struct cursor *c, uint8_t *next, uint8_t kind, slice *body)
{
    if (*next == ISAKMP_P_NONE) return false;
    if (*next != kind) {
        c->failed = ERR_PEER;
        return false;
    }
    *next = cursor_u8(c);
    if (cursor_u8(c)) note(m, OE_TF_IKE_RESERVED);
    size_t n = cursor_u16(c);
    if (c->failed == OK && n < 4) c->failed = ERR_PEER;
    *body = cursor_take(c, n < 4 ? 0 : n - 4);
    return c->failed == OK;
}

static bool read_transform(struct isakmp *m, slice body, uint8_t proposal)
{
    struct isakmp_transform t = {.proposal = proposal};
    struct cursor c;
    cursor_init(&c, body);
    t.number = cursor_u8(&c);
    t.id = cursor_u8(&c);
    if (cursor_u16(&c)) note(m, OE_TF_IKE_RESERVED);
    while (c.failed == OK && cursor_left(&c)) {
        uint16_t type = cursor_u16(&c), value = cursor_u16(&c);
        bool brief = (type & 0x8000) != 0;
        attribute(&t, type & 0x7FFF, brief ? value : number(cursor_take(&c, value)));
    }
    if (m->transforms < ISAKMP_TRANSFORMS) m->transform[m->transforms++] = t;
    else note(m, OE_TF_IKE_LIMIT);
    return c.failed == OK;
}

static bool read_proposal(struct isakmp *m, slice body)
{
    enum { TRANSFORM = 3 };
    struct cursor c;
    slice one;
    uint8_t next = TRANSFORM;
    uint32_t seen = 0;
    cursor_init(&c, body);
    uint8_t which = cursor_u8(&c), protocol = cursor_u8(&c), spi = cursor_u8(&c), count = cursor_u8(&c);
    (void)cursor_take(&c, spi);
    if (c.failed != OK || protocol != PROTO_ISAKMP) return false;
    if (count == 0) next = ISAKMP_P_NONE;
    while (step(m, &c, &next, TRANSFORM, &one)) {
        if (!read_transform(m, one, which)) return false;
        seen++;
    }
    m->proposals++;
    return c.failed == OK && cursor_left(&c) == 0 && seen == count;
}

static void read_sa(struct isakmp *m, slice body)
{
    enum { PROPOSAL = 2 };
    struct cursor c;
    slice one;
    uint8_t next = PROPOSAL;
    cursor_init(&c, body);
    uint32_t doi = cursor_u32(&c);
    (void)cursor_u32(&c); /* situation */
    m->sa = c.failed == OK;
    bool ok = m->sa && doi == DOI_IPSEC;
    if (ok && cursor_left(&c) == 0) next = ISAKMP_P_NONE; /* nothing is offered: whoever looks at the number of transforms tells */
    while (ok && step(m, &c, &next, PROPOSAL, &one))
        ok = read_proposal(m, one);
    if (!ok || c.failed != OK || cursor_left(&c)) note(m, OE_TF_IKE_SA);
}

/* --- payloads ------------------------------------------------------------------------------------------------------------- */

static void look(struct isakmp *m, uint8_t type, slice body)
{
    static const uint8_t probe[] = {0xAF, 0xCA, 0xD7, 0x13, 0x68, 0xA1, 0xF1, 0xC9, 0x6B, 0x86, 0x96, 0xFC, 0x77, 0x57}; /* RFC 3706 5.1 */
    struct cursor c;
    cursor_init(&c, body);
    switch (type) {
    case ISAKMP_P_SA:
        if (!m->sa) read_sa(m, body);
        else note(m, OE_TF_IKE_SA); /* one is all that phase 1 has: RFC 2409 5 */
        break;
    case ISAKMP_P_KE:
        m->ke = true;
        m->ke_n = body.n;
        break;
    case ISAKMP_P_NOTIFY:
        (void)cursor_take(&c, 6); /* DOI, protocol, length of SPI */
        if (!m->notify) m->notify = cursor_u16(&c);
        break;
    case ISAKMP_P_DELETE: m->deletes = true; break;
    case ISAKMP_P_VENDOR:
        if (slice_starts(body, slice_of(probe, sizeof probe))) m->probes = true;
        break;
    default: break;
    }
}

static void read_payloads(struct isakmp *m, slice in)
{
    struct cursor c;
    uint8_t next = m->next;
    cursor_init(&c, in);
    while (next != ISAKMP_P_NONE) {
        uint8_t type = next, reserved;
        next = cursor_u8(&c);
        reserved = cursor_u8(&c);
        size_t n = cursor_u16(&c);
        slice body = cursor_take(&c, n < 4 ? 0 : n - 4);
        if (c.failed != OK || n < 4) {
            if (m->whole || (c.failed == OK && n < 4)) note(m, OE_TF_IKE_CHAIN);
            return;
        }
        if (reserved) note(m, OE_TF_IKE_RESERVED);
        look(m, type, body);
        if (m->payloads == ISAKMP_PAYLOADS) {
            note(m, OE_TF_IKE_LIMIT);
            return;
        }
        m->payload[m->payloads++] = (struct isakmp_payload){type, body};
    }
    if (cursor_left(&c)) note(m, OE_TF_IKE_CHAIN);
}

static bool zero(const uint8_t cookie[8])
{
    static const uint8_t none[8];
    return memcmp(cookie, none, 8) == 0;
}

static void judge_header(struct isakmp *m, size_t n)
{
    bool phase1 = m->exchange == ISAKMP_MAIN || m->exchange == ISAKMP_AGGRESSIVE, phase2 = m->exchange == ISAKMP_QUICK || m->exchange == ISAKMP_NEW_GROUP;
    if (m->version != 0x10) note(m, OE_TF_IKE_VERSION);
    if (m->whole && m->length != n) note(m, OE_TF_IKE_LENGTH);
    if (m->flags & ~KNOWN_FLAGS) note(m, OE_TF_IKE_FLAGS);
    if (m->exchange == 0 || (m->exchange > ISAKMP_INFO && !phase2)) note(m, OE_TF_IKE_EXCHANGE);
    if (zero(m->icookie) || (m->begins && (phase2 || m->encrypted))) note(m, OE_TF_IKE_COOKIE);
    if ((phase1 && m->message_id) || (phase2 && !m->message_id)) note(m, OE_TF_IKE_MESSAGE_ID);
    if (phase2 && !m->encrypted) note(m, OE_TF_IKE_CLEAR);
}

bool isakmp_read(slice octets, bool cut, struct isakmp *m)
{
    struct cursor c;
    memset(m, 0, sizeof *m);
    cursor_init(&c, octets);
    slice cookies = cursor_take(&c, 16);
    m->next = cursor_u8(&c);
    m->version = cursor_u8(&c);
    m->exchange = cursor_u8(&c);
    m->flags = cursor_u8(&c);
    m->message_id = cursor_u32(&c);
    m->length = cursor_u32(&c);
    if (c.failed != OK) return false;
    memcpy(m->icookie, cookies.p, 8);
    memcpy(m->rcookie, cookies.p + 8, 8);
    m->begins = zero(m->rcookie);
    m->encrypted = (m->flags & ISAKMP_ENCRYPTED) != 0;
    m->whole = !cut;
    m->other = m->version >> 4 == 2;
    if (m->other) return true;
    judge_header(m, octets.n);
    if (!m->encrypted) read_payloads(m, slice_sub(octets, ISAKMP_HEADER, m->length < octets.n && m->length >= ISAKMP_HEADER ? m->length : octets.n));
    return true;
}
