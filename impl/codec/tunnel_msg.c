/* SPDX-License-Identifier: MIT */
/* Reading elements of TUNNEL: the document type and the rules of RFC 3620 section 3 as C.  Elements in one
 * another are an array, so no octets of a peer make anything recurse. */
#include "codec/tunnel_msg.h"

#include <string.h>

#include "codec/idxp_msg.h"
#include "codec/xml.h"
#include "codec/xml_out.h"

enum { WHY_ROOM = 256 };

static const struct xml_limits limits = {TUNNEL_ELEMENT_MAX, TUNNEL_HOPS_MAX + 1, 256, 16};

const char *const tunnel_kind_names[TUNNEL_KINDS] = {"", "tunnel", "ok", "error"};
const char *const tunnel_attr_names[TUNNEL_ATTRS] = {"fqdn", "ip4",     "ip6",     "port",
                                                     "srv",  "profile", "endpoint"};
const char *const tunnel_way_names[TUNNEL_WAYS] = {"none", "fqdn",    "srv",      "ip4",
                                                   "ip6",  "profile", "endpoint", "here"};

struct reading {
    struct tunnel_msg *m;
    size_t depth;     /* of elements that are open */
    size_t chain;     /* of these, tunnel elements from the outermost inwards */
    bool closed;      /* the innermost one was closed: whatever comes inside an outer one is a second child */
    size_t text_from; /* in memory */
};

/* --- notes ----------------------------------------------------------------------------------------- */

static unsigned rank(enum tunnel_fault_code code)
{
    unsigned reply = tunnel_fault_replies[code];
    return reply == 500 ? 5 : reply ? 4 : (unsigned)tunnel_faults[code].severity;
}

/* Each fault once, what has to be answered first; when there are too many the least goes. */
static void note(struct tunnel_msg *m, enum tunnel_fault_code code, const char *text, size_t hop)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < m->note_n; i++) {
        if (m->note[i].code == code) return;
        if (rank(m->note[i].code) >= rank(code)) at = i + 1;
    }
    if (at == TUNNEL_NOTES) return;
    if (m->note_n < TUNNEL_NOTES) m->note_n++;
    memmove(m->note + at + 1, m->note + at, (m->note_n - 1 - at) * sizeof *m->note);
    m->note[at] = (struct tunnel_note){code, text, (uint32_t)hop};
}

unsigned tunnel_msg_reply(const struct tunnel_msg *m)
{
    return m->note_n ? tunnel_fault_replies[m->note[0].code] : 0;
}

enum severity tunnel_msg_severity(const struct tunnel_msg *m)
{
    enum severity worst = SEV_NOTE;
    for (uint32_t i = 0; i < m->note_n; i++) {
        if (tunnel_faults[m->note[i].code].severity > worst) worst = tunnel_faults[m->note[i].code].severity;
    }
    return worst;
}

/* --- hops ------------------------------------------------------------------------------------------ */

#define BIT(a) (1u << TUNNEL_A_##a)

static enum tunnel_way way_of(unsigned given)
{
    switch (given) {
    case 0:
        return TUNNEL_HERE;
    case BIT(FQDN) | BIT(PORT):
        return TUNNEL_BY_FQDN;
    case BIT(FQDN) | BIT(SRV):
    case BIT(FQDN) | BIT(SRV) | BIT(PORT):
        return TUNNEL_BY_SRV;
    case BIT(IP4) | BIT(PORT):
        return TUNNEL_BY_IP4;
    case BIT(IP6) | BIT(PORT):
        return TUNNEL_BY_IP6;
    case BIT(PROFILE):
        return TUNNEL_BY_PROFILE;
    case BIT(ENDPOINT):
        return TUNNEL_BY_ENDPOINT;
    default:
        return TUNNEL_NO_WAY;
    }
}

static bool is_port(slice s, uint16_t *port)
{
    uint64_t value;
    if (!slice_number(s, 65535, &value) || value == 0) return false; /* zeros in front do not count */
    *port = (uint16_t)value;
    return true;
}

void tunnel_hop_set(struct tunnel_hop *h, enum tunnel_attr a, slice value)
{
    h->value[a] = value;
    h->given |= (uint8_t)(1u << a);
    h->way = way_of(h->given);
    if (a == TUNNEL_A_PORT && !is_port(value, &h->port)) h->port = 0;
}

static enum tunnel_fault_code value_fault(enum tunnel_attr a, slice v)
{
    uint16_t port;
    switch (a) {
    case TUNNEL_A_FQDN:
        return idxp_is_fqdn(v) ? TUNNEL_F_NONE : TUNNEL_F_FQDN;
    case TUNNEL_A_IP4:
        return tunnel_is_ip4(v) ? TUNNEL_F_NONE : TUNNEL_F_IP4;
    case TUNNEL_A_IP6:
        return tunnel_is_ip6(v) ? TUNNEL_F_NONE : TUNNEL_F_IP6;
    case TUNNEL_A_PORT:
        return is_port(v, &port) ? TUNNEL_F_NONE : TUNNEL_F_PORT;
    case TUNNEL_A_SRV:
        return tunnel_is_srv(v) ? TUNNEL_F_NONE : TUNNEL_F_SRV;
    case TUNNEL_A_PROFILE:
        return idxp_is_uri(v) ? TUNNEL_F_NONE : TUNNEL_F_PROFILE;
    case TUNNEL_A_ENDPOINT: /* any string */
    case TUNNEL_ATTRS:
        break;
    }
    return TUNNEL_F_NONE;
}

/* Memory was reserved for the whole element, so it does not move. */
static err keep(struct tunnel_msg *m, slice s, slice *out)
{
    size_t from = m->memory.n;
    TRY(buf_add(&m->memory, s));
    *out = slice_sub(buf_slice(&m->memory), from, m->memory.n);
    return OK;
}

static err open_hop(struct reading *r, const struct xml_attr *attr, size_t n)
{
    struct tunnel_msg *m = r->m;
    size_t at = m->hops++;
    struct tunnel_hop *h = &m->hop[at];
    *h = (struct tunnel_hop){.way = TUNNEL_HERE};
    r->chain++;
    for (size_t i = 0; i < n; i++) {
        unsigned a = 0;
        slice value;
        while (a < TUNNEL_ATTRS && !slice_eq(attr[i].name, slice_str(tunnel_attr_names[a])))
            a++;
        if (a == TUNNEL_ATTRS) {
            bool svc =
                slice_eq(attr[i].name, SLICE_LIT("svc")); /* as RFC 3620 2.4 prints it once (TUNNEL-D01) */
            note(m, TUNNEL_F_ATTRIBUTE, svc ? "the attribute svc, where srv is meant" : NULL, at);
            continue;
        }
        TRY(keep(m, attr[i].value, &value));
        tunnel_hop_set(h, (enum tunnel_attr)a, value);
        enum tunnel_fault_code f = value_fault((enum tunnel_attr)a, value);
        if (f != TUNNEL_F_NONE) note(m, f, NULL, at);
    }
    if (h->way == TUNNEL_NO_WAY) note(m, TUNNEL_F_TOGETHER, NULL, at);
    return OK;
}

/* What may stand on the innermost element only is known when all are. */
static void check_chain(struct tunnel_msg *m)
{
    for (size_t i = 0; i + 1 < m->hops; i++) {
        if (m->hop[i].given & (BIT(PROFILE) | BIT(ENDPOINT))) note(m, TUNNEL_F_INNERMOST, NULL, i);
        if (m->hop[i].way == TUNNEL_HERE) note(m, TUNNEL_F_BARE, NULL, i);
    }
}

/* --- elements -------------------------------------------------------------------------------------- */

static err open_error(struct reading *r, const struct xml_attr *attr, size_t n)
{
    struct tunnel_msg *m = r->m;
    for (size_t i = 0; i < n; i++) {
        slice v = attr[i].value;
        uint64_t code;
        if (slice_eq(attr[i].name, SLICE_LIT("code"))) {
            if (v.n == 3 && slice_number(v, 599, &code) && code >= 100) m->code = (uint16_t)code;
        } else if (slice_eq(attr[i].name, SLICE_LIT("xml:lang"))) {
            m->lang_given = true;
            TRY(keep(m, v, &m->lang));
        } else {
            note(m, TUNNEL_F_ATTRIBUTE, "unknown attribute in <error> element", 0);
        }
    }
    if (!m->code)
        note(m, TUNNEL_F_ERROR_CODE, NULL, 0);
    else if (!tunnel_code_text(m->code))
        note(m, TUNNEL_F_OTHER_CODE, NULL, 0);
    r->text_from = m->memory.n;
    return OK;
}

static err open_top(struct reading *r, slice name, const struct xml_attr *attr, size_t n)
{
    struct tunnel_msg *m = r->m;
    if (slice_eq(name, SLICE_LIT("tunnel"))) {
        m->kind = TUNNEL_TUNNEL;
        return open_hop(r, attr, n);
    }
    if (slice_eq(name, SLICE_LIT("error"))) {
        m->kind = TUNNEL_ERROR;
        return open_error(r, attr, n);
    }
    if (slice_eq(name, SLICE_LIT("ok"))) {
        m->kind = TUNNEL_OK;
        if (n) note(m, TUNNEL_F_OK_CONTENT, NULL, 0);
        return OK;
    }
    note(m, TUNNEL_F_ELEMENT, NULL, 0);
    return OK;
}

static err on_open(void *ctx, slice name, const struct xml_attr *attr, size_t n)
{
    struct reading *r = ctx;
    struct tunnel_msg *m = r->m;
    if (r->depth++ == 0) return open_top(r, name, attr, n);
    switch (m->kind) {
    case TUNNEL_TUNNEL:
        break;
    case TUNNEL_OK:
        note(m, TUNNEL_F_OK_CONTENT, NULL, 0);
        return OK;
    case TUNNEL_ERROR:
        note(m, TUNNEL_F_NESTED, "an element in <error>", 0);
        return OK;
    default:
        return OK;
    }
    if (r->depth > TUNNEL_HOPS_MAX) {
        note(m, TUNNEL_F_HOPS, NULL, TUNNEL_HOPS_MAX);
        return ERR_PEER;
    }
    if (r->closed || r->chain + 1 != r->depth || !slice_eq(name, SLICE_LIT("tunnel"))) {
        note(m, TUNNEL_F_NESTED, NULL, r->depth - 2);
        return OK;
    }
    return open_hop(r, attr, n);
}

static err on_text(void *ctx, slice text, bool cdata)
{
    struct reading *r = ctx;
    (void)cdata;
    if (r->m->kind == TUNNEL_ERROR) return r->depth == 1 ? buf_add(&r->m->memory, text) : OK;
    if (xml_all_white(text)) return OK; /* TUNNEL-D04 */
    if (r->m->kind == TUNNEL_OK) note(r->m, TUNNEL_F_OK_CONTENT, NULL, 0);
    if (r->m->kind == TUNNEL_TUNNEL) note(r->m, TUNNEL_F_CONTENT, NULL, r->depth - 1);
    return OK;
}

static err on_close(void *ctx, slice name)
{
    struct reading *r = ctx;
    struct tunnel_msg *m = r->m;
    (void)name;
    if (m->kind == TUNNEL_TUNNEL && r->chain == r->depth) {
        r->chain--;
        r->closed = true;
    }
    if (--r->depth) return OK;
    if (m->kind == TUNNEL_ERROR) m->text = slice_sub(buf_slice(&m->memory), r->text_from, m->memory.n);
    if (m->kind == TUNNEL_TUNNEL) check_chain(m);
    return OK;
}

/* --- documents ------------------------------------------------------------------------------------- */

static void begin(const struct env *env, struct tunnel_msg *m)
{
    *m = (struct tunnel_msg){.kind = TUNNEL_NOTHING};
    buf_init(&m->memory, env->mem, WHY_ROOM);
}

void tunnel_msg_done(struct tunnel_msg *m)
{
    if (m->memory.mem) buf_done(&m->memory);
}

static enum tunnel_fault_code fault_of(enum beep_fault_code f)
{
    switch (f) {
    case BEEP_F_XML_ILL:
        return TUNNEL_F_XML_ILL;
    case BEEP_F_XML_DECL:
        return TUNNEL_F_XML_DECL;
    case BEEP_F_XML_DOCTYPE:
        return TUNNEL_F_XML_DOCTYPE;
    case BEEP_F_XML_ENTITY:
        return TUNNEL_F_XML_ENTITY;
    case BEEP_F_XML_LIMIT:
        return TUNNEL_F_XML_LIMIT;
    case BEEP_F_CHARSET:
        return TUNNEL_F_CHARSET;
    default:
        return TUNNEL_F_NONE;
    }
}

/* The element and its notes; said is for WHY_ROOM characters. */
static err read_xml(const struct env *env, slice text, slice charset, struct tunnel_msg *m, char *said)
{
    static const struct xml_handler handler = {on_open, on_text, on_close};
    struct reading r = {.m = m};
    enum beep_fault_code fault;
    uint8_t *at;
    size_t room =
        (text.n < TUNNEL_ELEMENT_MAX ? text.n : TUNNEL_ELEMENT_MAX) * (charset.n ? 4 : 2) + WHY_ROOM;
    m->memory.max = room;
    TRY(buf_reserve(&m->memory, room, &at));
    TRY(xml_read(env, &handler, &r, &limits, charset, text, &fault, said, WHY_ROOM));
    if (fault_of(fault) != TUNNEL_F_NONE) note(m, fault_of(fault), NULL, 0);
    return OK;
}

/* A sentence for an error element. */
static err finish(struct tunnel_msg *m, const char *xml_said)
{
    if (!tunnel_msg_reply(m)) return OK;
    const struct tunnel_note *n = &m->note[0];
    const char *said = n->text ? n->text : tunnel_faults[n->code].text;
    size_t from = m->memory.n;
    if (n->code >= TUNNEL_F_XML_ILL && n->code <= TUNNEL_F_XML_LIMIT && xml_said[0]) said = xml_said;
    if (m->memory.max - m->memory.n < WHY_ROOM) m->memory.max = m->memory.n + WHY_ROOM;
    if (n->hop)
        TRY(buf_addf(&m->memory, "%s (element %u from outside)", said, (unsigned)n->hop + 1));
    else
        TRY(buf_add_str(&m->memory, said));
    TRY(buf_add_byte(&m->memory, 0));
    m->why = (const char *)buf_slice(&m->memory).p + from;
    return ERR_PEER;
}

err tunnel_el_read(const struct env *env, slice xml, struct tunnel_msg *m)
{
    char said[WHY_ROOM] = "";
    begin(env, m);
    xml = xml_trim(xml);
    if (xml.n == 0) return OK;
    TRY(read_xml(env, xml, SLICE_NONE, m, said));
    return finish(m, said);
}

err tunnel_msg_read(const struct env *env, slice message, struct tunnel_msg *m)
{
    char said[WHY_ROOM] = "";
    struct beep_mime mime;
    struct buf body;
    begin(env, m);
    if (beep_mime_read(message, &mime) != OK) {
        note(m, TUNNEL_F_MIME, NULL, 0);
        return finish(m, said);
    }
    if (!mime.typed || !beep_mime_is(&mime, BEEP_MEDIA_TYPE)) note(m, TUNNEL_F_TYPE, NULL, 0);
    buf_init(&body, env->mem, message.n);
    err e = mime.transfer == BEEP_BINARY ? OK : beep_mime_decode(&mime, &body);
    if (e == ERR_PEER)
        note(m, TUNNEL_F_MIME, "content transfer encoding cannot be undone", 0);
    else if (e == OK)
        e = read_xml(env, mime.transfer == BEEP_BINARY ? mime.body : buf_slice(&body), mime.charset, m, said);
    buf_done(&body);
    if (e == OK || e == ERR_PEER) e = finish(m, said);
    return e;
}
