/* SPDX-License-Identifier: MIT */
#include "codec/dns_msg.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

enum { HEADER = 12, NAME_WIRE = 255, LABEL = 63, OPTION_EDE = 15 };

/* --- names --------------------------------------------------------------------------------------------------------------------- */

/* A name in wire form as text; false when memory is short (libldns's, which has no other reason here). */
static bool wire_text(const uint8_t *wire, size_t n, char out[DNS_NAME_TEXT])
{
    ldns_rdf *rdf = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, n, wire);
    char *text = rdf ? ldns_rdf2str(rdf) : NULL;
    size_t len = text ? strlen(text) : 0;
    bool fits = text && len < DNS_NAME_TEXT;
    if (fits) {
        if (len > 1 && text[len - 1] == '.') len--; /* the root's own dot stays */
        for (size_t i = 0; i < len; i++)
            out[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
        out[len] = 0;
    }
    free(text);
    ldns_rdf_deep_free(rdf);
    return fits;
}

/* The wire form of a text; ERR_USE when it is no name. */
static err text_wire(const char *text, uint8_t out[NAME_WIRE], size_t *n)
{
    ldns_rdf *rdf = NULL;
    if (!*text || strlen(text) >= DNS_NAME_TEXT) return ERR_USE;
    ldns_status s = ldns_str2rdf_dname(&rdf, text);
    if (s != LDNS_STATUS_OK || !rdf) return s == LDNS_STATUS_MEM_ERR ? ERR_MEM : ERR_USE;
    *n = ldns_rdf_size(rdf);
    bool fits = *n > 0 && *n <= NAME_WIRE;
    if (fits) memcpy(out, ldns_rdf_data(rdf), *n);
    ldns_rdf_deep_free(rdf);
    return fits ? OK : ERR_USE;
}

bool dns_name_text(slice text, char out[DNS_NAME_TEXT])
{
    char copy[DNS_NAME_TEXT];
    uint8_t wire[NAME_WIRE];
    size_t n;
    if (text.n == 0 || text.n >= sizeof copy || memchr(text.p, 0, text.n)) return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    return text_wire(copy, wire, &n) == OK && wire_text(wire, n, out);
}

/* --- reading ------------------------------------------------------------------------------------------------------------------- */

struct reading {
    slice in;
    struct dns_msg *m;
    struct dns_fault *f;
};

static err wrong(struct reading *r, size_t at, const char *why)
{
    *r->f = (struct dns_fault){.at = at, .why = why};
    return ERR_PEER;
}

/* Takes a name apart from *at on, which is moved behind it.  A pointer has to lead to a place before the labels that it stands behind (RFC 1035 4.1.4: a prior
 * occurrence), so that there is no circle. */
static err name(struct reading *r, size_t *at, const char **out)
{
    uint8_t wire[NAME_WIRE];
    char text[DNS_NAME_TEXT];
    size_t n = 0, pos = *at, low = *at, behind = 0;
    for (;;) {
        if (pos >= r->in.n) return wrong(r, pos, "a name passes the end of the message");
        uint8_t c = r->in.p[pos];
        if (c >= 0xC0) {
            if (pos + 2 > r->in.n) return wrong(r, pos, "a name passes the end of the message");
            size_t to = (size_t)(c & 0x3F) << 8 | r->in.p[pos + 1];
            if (!behind) behind = pos + 2;
            if (to < HEADER || to >= low) return wrong(r, pos, "a pointer leads to no name before it");
            pos = low = to;
            continue;
        }
        if (c > LABEL) return wrong(r, pos, "a label is of no known kind");
        if (pos + 1 + c > r->in.n) return wrong(r, pos, "a name passes the end of the message");
        if (n + 1 + c > NAME_WIRE) return wrong(r, *at, "a name has more than 255 octets");
        memcpy(wire + n, r->in.p + pos, 1u + c);
        n += 1u + c;
        pos += 1u + c;
        if (c == 0) break;
    }
    *at = behind ? behind : pos;
    if (!wire_text(wire, n, text)) return ERR_MEM;
    *out = arena_text(&r->m->own, slice_str(text));
    return *out ? OK : ERR_MEM;
}

static err numbers(struct reading *r, size_t *at, size_t n, struct cursor *c)
{
    if (r->in.n - *at < n) return wrong(r, *at, "the message ends inside a record");
    cursor_init(c, slice_sub(r->in, *at, *at + n));
    *at += n;
    return OK;
}

static err questions(struct reading *r, size_t *at)
{
    for (unsigned i = 0; i < r->m->questions; i++) {
        struct cursor c;
        const char *text;
        size_t from = *at;
        TRY(name(r, at, &text));
        TRY(numbers(r, at, 4, &c));
        if (i) continue;
        r->m->qname = text;
        r->m->qtype = cursor_u16(&c);
        r->m->qclass = cursor_u16(&c);
        r->m->question = slice_sub(r->in, from, *at);
    }
    return OK;
}

/* OPT (RFC 6891 6.1): class and TTL mean something else. */
static err opt(struct reading *r, size_t at, const struct dns_rr *rr, uint32_t ttl)
{
    struct dns_msg *m = r->m;
    struct cursor c;
    if (m->edns) return wrong(r, at, "a second OPT record");
    if (strcmp(rr->name, ".") != 0) return wrong(r, at, "an OPT record with a name");
    m->edns = true;
    m->udp_size = rr->class;
    m->rcode = (uint16_t)(m->rcode | (ttl >> 24) << 4);
    m->edns_version = (uint8_t)(ttl >> 16);
    m->dnssec_ok = (ttl & 0x8000) != 0;
    cursor_init(&c, rr->rdata);
    while (cursor_left(&c)) {
        uint16_t code = cursor_u16(&c), length = cursor_u16(&c);
        slice data = cursor_take(&c, length);
        if (c.failed != OK) return wrong(r, at, "an option passes the end of OPT");
        if (code == OPTION_EDE && data.n >= 2 && m->extended_error < 0) m->extended_error = data.p[0] << 8 | data.p[1];
    }
    return OK;
}

static err add(struct reading *r, const struct dns_rr *rr, size_t *count)
{
    struct dns_msg *m = r->m;
    size_t n = m->answers + m->authorities + m->additionals;
    if (n == m->rr_room) {
        size_t room = m->rr_room ? 2 * m->rr_room : 8;
        struct dns_rr *more = mem_resize(m->mem, m->rr, room * sizeof *more);
        if (!more) return ERR_MEM;
        m->rr = more;
        m->rr_room = room;
    }
    m->rr[n] = *rr;
    ++*count;
    return OK;
}

static err record(struct reading *r, size_t *at, size_t *count)
{
    struct dns_rr rr = {.name = ""};
    struct cursor c;
    size_t from = *at, inner;
    TRY(name(r, at, &rr.name));
    TRY(numbers(r, at, 10, &c));
    rr.type = cursor_u16(&c);
    rr.class = cursor_u16(&c);
    uint32_t ttl = cursor_u32(&c);
    uint16_t length = cursor_u16(&c);
    if (r->in.n - *at < length) return wrong(r, *at, "RDATA passes the end of the message");
    rr.ttl = ttl > INT32_MAX ? 0 : ttl;
    rr.rdata = slice_sub(r->in, *at, *at + length);
    inner = *at;
    *at += length;
    if (rr.type == DNS_OPT && count == &r->m->additionals) return opt(r, from, &rr, ttl);
    if (rr.type == DNS_CNAME || rr.type == DNS_DNAME) {
        TRY(name(r, &inner, &rr.target));
        if (inner != *at) return wrong(r, *at, "RDATA of an alias is not one name");
    }
    return add(r, &rr, count);
}

static err section(struct reading *r, size_t *at, unsigned n, size_t *count)
{
    while (n--)
        TRY(record(r, at, count)); /* each takes eleven octets: how many there can be is bounded by the length */
    return OK;
}

err dns_msg_read(const struct env *env, slice octets, struct dns_msg *m, struct dns_fault *f)
{
    struct reading r = {.in = octets, .m = m, .f = f};
    struct cursor c;
    size_t at = HEADER;
    dns_msg_init(m);
    m->mem = env->mem;
    arena_init(&m->own, env->mem);
    *f = (struct dns_fault){.why = ""};
    if (octets.n < HEADER) return wrong(&r, octets.n, "shorter than a header");
    if (octets.n > DNS_MSG_MAX) return wrong(&r, DNS_MSG_MAX, "longer than a message can be");
    cursor_init(&c, octets);
    m->id = cursor_u16(&c);
    unsigned flags = cursor_u16(&c);
    m->response = flags >> 15;
    m->opcode = flags >> 11 & 15;
    m->aa = flags >> 10 & 1;
    m->tc = flags >> 9 & 1;
    m->rd = flags >> 8 & 1;
    m->ra = flags >> 7 & 1;
    m->z = flags >> 6 & 1;
    m->ad = flags >> 5 & 1;
    m->cd = flags >> 4 & 1;
    m->rcode = flags & 15;
    m->questions = cursor_u16(&c);
    unsigned answers = cursor_u16(&c), authorities = cursor_u16(&c), additionals = cursor_u16(&c);
    m->header_read = true;
    TRY(questions(&r, &at));
    TRY(section(&r, &at, answers, &m->answers));
    TRY(section(&r, &at, authorities, &m->authorities));
    TRY(section(&r, &at, additionals, &m->additionals));
    m->trailing = octets.n - at;
    return OK;
}

void dns_msg_done(struct dns_msg *m)
{
    if (m->mem) mem_free(m->mem, m->rr);
    arena_done(&m->own);
    m->rr = NULL;
}

/* --- writing ------------------------------------------------------------------------------------------------------------------- */

void dns_msg_init(struct dns_msg *m)
{
    *m = (struct dns_msg){.qclass = DNS_IN, .extended_error = -1};
}

static err u16(struct buf *out, unsigned v)
{
    uint8_t o[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    return buf_add(out, slice_of(o, 2));
}

static err u32(struct buf *out, uint32_t v)
{
    TRY(u16(out, v >> 16));
    return u16(out, v & 0xFFFF);
}

static err put_name(const char *text, struct buf *out)
{
    uint8_t wire[NAME_WIRE];
    size_t n;
    if (!text) return ERR_USE;
    TRY(text_wire(text, wire, &n));
    return buf_add(out, slice_of(wire, n));
}

static err put_rr(const struct dns_msg *m, const struct dns_rr *rr, struct buf *out)
{
    uint8_t wire[NAME_WIRE];
    slice rdata = rr->rdata;
    size_t n;
    if (rr->name && m->qname && strcmp(rr->name, m->qname) == 0)
        TRY(u16(out, 0xC000 | HEADER));
    else
        TRY(put_name(rr->name, out));
    if (rr->target && rdata.n == 0) {
        TRY(text_wire(rr->target, wire, &n));
        rdata = slice_of(wire, n);
    }
    if (rdata.n > UINT16_MAX) return ERR_USE;
    TRY(u16(out, rr->type));
    TRY(u16(out, rr->class));
    TRY(u32(out, rr->ttl));
    TRY(u16(out, (unsigned)rdata.n));
    return buf_add(out, rdata);
}

static err put_opt(const struct dns_msg *m, struct buf *out)
{
    bool ede = m->extended_error >= 0;
    TRY(buf_add_byte(out, 0));
    TRY(u16(out, DNS_OPT));
    TRY(u16(out, m->udp_size));
    TRY(u32(out, (uint32_t)(m->rcode >> 4) << 24 | (uint32_t)m->edns_version << 16 | (m->dnssec_ok ? 0x8000u : 0)));
    TRY(u16(out, ede ? 6 : 0));
    if (!ede) return OK;
    TRY(u16(out, OPTION_EDE));
    TRY(u16(out, 2));
    return u16(out, (unsigned)m->extended_error);
}

static err put(const struct dns_msg *m, struct buf *out)
{
    bool asks = m->question.n || m->qname;
    unsigned flags = (unsigned)m->response << 15 | (m->opcode & 15u) << 11 | (unsigned)m->aa << 10 | (unsigned)m->tc << 9 | (unsigned)m->rd << 8 |
                     (unsigned)m->ra << 7 | (unsigned)m->z << 6 | (unsigned)m->ad << 5 | (unsigned)m->cd << 4 | (m->rcode & 15u);
    if (m->rcode > 0xFFF || (m->rcode > 15 && !m->edns) || (m->extended_error >= 0 && !m->edns) || m->extended_error > UINT16_MAX) return ERR_USE;
    if (m->answers > UINT16_MAX || m->authorities > UINT16_MAX || m->additionals >= UINT16_MAX) return ERR_USE;
    TRY(u16(out, m->id));
    TRY(u16(out, flags));
    TRY(u16(out, asks));
    TRY(u16(out, (unsigned)m->answers));
    TRY(u16(out, (unsigned)m->authorities));
    TRY(u16(out, (unsigned)m->additionals + m->edns));
    if (m->question.n) {
        TRY(buf_add(out, m->question));
    } else if (m->qname) {
        TRY(put_name(m->qname, out));
        TRY(u16(out, m->qtype));
        TRY(u16(out, m->qclass));
    }
    for (size_t i = 0; i < m->answers + m->authorities + m->additionals; i++)
        TRY(put_rr(m, &m->rr[i], out));
    return m->edns ? put_opt(m, out) : OK;
}

err dns_msg_write(const struct dns_msg *m, struct buf *out)
{
    size_t had = out->n;
    err e = put(m, out);
    if (e == OK && out->n - had > DNS_MSG_MAX) e = ERR_LIMIT;
    if (e != OK && out->n > had) buf_unadd(out, out->n - had);
    return e;
}

void dns_msg_ask(struct dns_msg *m, uint16_t id, const char *text, uint16_t type, bool dnssec_ok)
{
    dns_msg_init(m);
    m->id = id;
    m->rd = true;
    m->qname = text;
    m->qtype = type;
    m->edns = true;
    m->udp_size = DNS_UDP_SIZE;
    m->dnssec_ok = dnssec_ok;
}

void dns_msg_reply(struct dns_msg *m, const struct dns_msg *q, uint16_t rcode)
{
    dns_msg_init(m);
    m->id = q->id;
    m->response = true;
    m->ra = true;
    m->opcode = q->opcode;
    m->rd = q->rd;
    m->cd = q->cd;
    m->rcode = rcode;
    m->qname = q->qname;
    m->qtype = q->qtype;
    m->qclass = q->qclass;
    m->question = q->question;
    m->edns = q->edns;
    m->udp_size = DNS_UDP_SIZE;
    m->dnssec_ok = q->dnssec_ok;
}

/* --- names of numbers ---------------------------------------------------------------------------------------------------------- */

const char *dns_type_name(uint16_t type, char out[16])
{
    const ldns_rr_descriptor *d = ldns_rr_descript(type);
    /* what it does not know it describes as type 0 */
    if (type == DNS_ANY) snprintf(out, 16, "ANY");
    else if (d && d->_type == type && d->_name && strlen(d->_name) < 16 && type) snprintf(out, 16, "%s", d->_name);
    else snprintf(out, 16, "TYPE%u", type);
    return out;
}

uint16_t dns_type_find(slice name_)
{
    char text[16];
    uint64_t v;
    if (slice_starts_nocase(name_, SLICE_LIT("TYPE")) && slice_number(slice_sub(name_, 4, name_.n), UINT16_MAX, &v)) return (uint16_t)v;
    if (name_.n == 0 || name_.n >= sizeof text) return 0;
    for (unsigned type = 1; type <= DNS_ANY; type++) {
        if (slice_eq_nocase(slice_str(dns_type_name((uint16_t)type, text)), name_)) return (uint16_t)type;
    }
    return 0;
}

const char *dns_rcode_name(uint16_t rcode, char out[16])
{
    const ldns_lookup_table *row = ldns_lookup_by_id(ldns_rcodes, rcode);
    if (row) snprintf(out, 16, "%.15s", row->name);
    else snprintf(out, 16, "RCODE%u", rcode);
    return out;
}
