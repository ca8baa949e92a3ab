/* SPDX-License-Identifier: MIT */
/* Reading elements of IDXP.  The two document types stand here as rules in C; libxml2 never sees them (RFC
 * 4767's cannot be read anyway, IDXP-D23). */
#include "codec/idxp_msg.h"

#include <string.h>

#include "codec/idxp_value.h"
#include "codec/xml.h"
#include "codec/xml_out.h"

enum { WHY_ROOM = 256 };

static const struct xml_limits limits = {
    IDXP_ELEMENT_MAX, 16, 256,
    16}; /* unknown options hold anything: 16 deep is more than any registered one */

struct reading {
    struct idxp_msg *m;
    enum idxp_dialect dialect;
    size_t depth;
    struct idxp_option *option; /* that is open */
    unsigned children;          /* elements directly in it */
    bool has_text;              /* and text that is no white space */
    size_t text_from;           /* in memory */
};

/* --- notes ----------------------------------------------------------------------------------------- */

static unsigned rank(enum idxp_fault_code code)
{
    unsigned reply = idxp_fault_replies[code];
    return reply == 500 ? 5 : reply ? 4 : (unsigned)idxp_faults[code].severity;
}

/* Each fault once, what has to be answered first; when there are too many the least goes. */
static void note(struct idxp_msg *m, enum idxp_fault_code code, const char *text)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < m->note_n; i++) {
        if (m->note[i].code == code) return;
        if (rank(m->note[i].code) >= rank(code)) at = i + 1;
    }
    if (at == IDXP_NOTES) return;
    if (m->note_n < IDXP_NOTES) m->note_n++;
    memmove(m->note + at + 1, m->note + at, (m->note_n - 1 - at) * sizeof *m->note);
    m->note[at] = (struct idxp_note){code, text};
}

unsigned idxp_msg_reply(const struct idxp_msg *m)
{
    return m->note_n ? idxp_fault_replies[m->note[0].code] : 0;
}

enum severity idxp_msg_severity(const struct idxp_msg *m)
{
    enum severity worst = SEV_NOTE;
    for (uint32_t i = 0; i < m->note_n; i++) {
        if (idxp_faults[m->note[i].code].severity > worst) worst = idxp_faults[m->note[i].code].severity;
    }
    return worst;
}

bool idxp_msg_noted(const struct idxp_msg *m, enum idxp_fault_code code)
{
    for (uint32_t i = 0; i < m->note_n; i++) {
        if (m->note[i].code == code) return true;
    }
    return false;
}

/* --- attributes ------------------------------------------------------------------------------------ */

/* Memory was reserved for the whole element, so it does not move. */
static err keep(struct idxp_msg *m, slice s, slice *out)
{
    size_t from = m->memory.n;
    TRY(buf_add(&m->memory, s));
    *out = slice_sub(buf_slice(&m->memory), from, m->memory.n);
    return OK;
}

static bool is(slice name, const char *word)
{
    return slice_eq(name, slice_str(word));
}

static void take_role(struct idxp_msg *m, slice v)
{
    v = xml_trim(v);
    if (is(v, "client"))
        m->role = IDXP_CLIENT;
    else if (is(v, "server"))
        m->role = IDXP_SERVER;
    else
        note(m, IDXP_F_ROLE, NULL);
}

static err take_greeting(struct reading *r, const struct xml_attr *a, bool *role)
{
    struct idxp_msg *m = r->m;
    if (is(a->name, "uri")) {
        m->uri_given = true;
        if (!idxp_is_uri(a->value)) note(m, IDXP_F_URI, NULL);
        return keep(m, a->value, &m->uri);
    }
    if (is(a->name, "role")) {
        *role = true;
        take_role(m, a->value);
        return OK;
    }
    if (is(a->name, "fqdn")) {
        m->fqdn_given = true;
        if (!idxp_is_fqdn(a->value)) note(m, IDXP_F_FQDN, NULL);
        return keep(m, a->value, &m->fqdn);
    }
    if (is(a->name, "ip")) {
        bool range = false;
        m->ip_given = true;
        if (r->dialect == IDXP_RFC)
            note(m, IDXP_F_IP_RFC, NULL);
        else if (!idxp_is_ip(a->value, &range))
            note(m, IDXP_F_IP, NULL);
        else if (range)
            note(m, IDXP_F_IP_RANGE, NULL);
        return keep(m, a->value, &m->ip);
    }
    note(m, IDXP_F_ATTRIBUTE, "unknown attribute in <IDXP-Greeting> element");
    return OK;
}

static err open_greeting(struct reading *r, const struct xml_attr *attr, size_t n)
{
    bool role = false;
    r->m->kind = IDXP_GREETING;
    for (size_t i = 0; i < n; i++)
        TRY(take_greeting(r, &attr[i], &role));
    if (!role) note(r->m, IDXP_F_ROLE_MISSING, NULL);
    if (!r->m->uri_given) note(r->m, IDXP_F_URI_MISSING, NULL);
    return OK;
}

static err open_error(struct reading *r, const struct xml_attr *attr, size_t n)
{
    struct idxp_msg *m = r->m;
    m->kind = IDXP_ERROR;
    for (size_t i = 0; i < n; i++) {
        slice v = attr[i].value;
        uint64_t code;
        if (is(attr[i].name, "code")) {
            if (v.n == 3 && slice_number(v, 599, &code) && code >= 100) m->code = (uint16_t)code;
        } else if (is(attr[i].name, "xml:lang")) {
            m->lang_given = true;
            TRY(keep(m, v, &m->lang));
        } else {
            note(m, IDXP_F_ATTRIBUTE, "unknown attribute in <error> element");
        }
    }
    if (!m->code)
        note(m, IDXP_F_ERROR_CODE, NULL);
    else if (!idxp_code_text(m->code))
        note(m, IDXP_F_OTHER_CODE, NULL);
    return OK;
}

/* --- options --------------------------------------------------------------------------------------- */

static err take_option(struct reading *r, const struct xml_attr *a)
{
    struct idxp_option *o = r->option;
    struct idxp_msg *m = r->m;
    bool internal = is(a->name, "internal");
    if (internal || is(a->name, "external")) {
        if (a->value.n == 0) {
            note(m, IDXP_F_OPTION_EMPTY, NULL);
            return OK;
        }
        *(internal ? &o->internal_given : &o->external_given) = true;
        if (!internal && !idxp_is_uri(a->value)) note(m, IDXP_F_OPTION_EXTERNAL, NULL);
        return keep(m, internal ? xml_trim(a->value) : a->value, internal ? &o->internal : &o->external);
    }
    if (is(a->name, "mustUnderstand")) {
        slice v = xml_trim(a->value);
        o->must_understand_given = true;
        o->must_understand = is(v, "true");
        if (!o->must_understand && !is(v, "false")) note(m, IDXP_F_OPTION_MUST, NULL);
        return OK;
    }
    if (is(a->name, "localize")) {
        o->localize_given = true;
        return keep(m, a->value, &o->localize);
    }
    note(m, IDXP_F_OPTION_ATTRIBUTE, NULL);
    return OK;
}

static err open_option(struct reading *r, const struct xml_attr *attr, size_t n)
{
    struct idxp_msg *m = r->m;
    if (r->dialect == IDXP_DRAFT) {
        note(m, IDXP_F_OPTION_DRAFT, NULL);
        return OK;
    }
    if (m->options == IDXP_OPTIONS_MAX) {
        note(m, IDXP_F_XML_LIMIT, "too many Option elements");
        return ERR_PEER;
    }
    struct idxp_option *o = r->option = &m->option[m->options++];
    *o = (struct idxp_option){.kind = IDXP_OPTION_UNKNOWN};
    r->children = 0;
    r->has_text = false;
    for (size_t i = 0; i < n; i++)
        TRY(take_option(r, &attr[i]));
    if (o->internal_given == o->external_given) note(m, IDXP_F_OPTION_NAME, NULL);
    if (o->internal_given && !o->external_given) {
        if (is(o->internal, "channelPriority")) o->kind = IDXP_OPTION_PRIORITY;
        if (is(o->internal, "streamType")) o->kind = IDXP_OPTION_STREAM;
    }
    for (struct idxp_option *p = m->option; p < o; p++) {
        bool same = o->internal_given && p->internal_given && slice_eq(o->internal, p->internal);
        if (same || (o->external_given && p->external_given && slice_eq(o->external, p->external)))
            note(m, IDXP_F_OPTION_TWICE, NULL);
    }
    return OK;
}

/* The element of a registered option: one, empty, with one attribute. */
static void take_registered(struct reading *r, slice name, const struct xml_attr *attr, size_t n)
{
    struct idxp_option *o = r->option;
    uint64_t number;
    bool good = n == 1;
    if (o->kind == IDXP_OPTION_PRIORITY) {
        good = good && is(name, "channelPriority") && is(attr->name, "priority") &&
               slice_number(attr->value, IDXP_PRIORITY_MAX, &number);
        if (good) o->priority = (uint32_t)number;
        if (!good) note(r->m, IDXP_F_PRIORITY, NULL);
        return;
    }
    slice v = n == 1 ? xml_trim(attr->value) : SLICE_NONE;
    good = good && is(name, "streamType") && is(attr->name, "type");
    for (int s = IDXP_ALERT; good && s <= IDXP_CONFIG; s++) {
        if (is(v, idxp_stream_names[s])) o->stream = (enum idxp_stream)s;
    }
    if (!good || !o->stream) note(r->m, IDXP_F_STREAM_TYPE, NULL);
}

static void close_option(struct reading *r)
{
    struct idxp_option *o = r->option;
    bool one = r->children == 1 && !r->has_text;
    if (o->kind == IDXP_OPTION_PRIORITY && !one) note(r->m, IDXP_F_PRIORITY, NULL);
    if (o->kind == IDXP_OPTION_STREAM && !one) note(r->m, IDXP_F_STREAM_TYPE, NULL);
    if (o->kind == IDXP_OPTION_UNKNOWN && o->must_understand) note(r->m, IDXP_F_OPTION_UNKNOWN, NULL);
    r->option = NULL;
}

/* --- elements -------------------------------------------------------------------------------------- */

static err open_top(struct reading *r, slice name, const struct xml_attr *attr, size_t n)
{
    r->text_from = r->m->memory.n;
    if (is(name, "IDXP-Greeting"))
        TRY(open_greeting(r, attr, n));
    else if (is(name, "error"))
        TRY(open_error(r, attr, n));
    else if (is(name, "ok")) {
        r->m->kind = IDXP_OK;
        if (n) note(r->m, IDXP_F_OK_CONTENT, NULL);
    } else if (is(name, "IDMEF-Message")) {
        note(r->m, IDXP_F_ELEMENT_HERE, NULL);
    } else if (is(name, "Option")) {
        note(r->m, IDXP_F_OPTION_ROOT, NULL);
    } else {
        note(r->m, IDXP_F_ELEMENT, NULL);
    }
    r->text_from = r->m->memory.n;
    return OK;
}

static err on_open(void *ctx, slice name, const struct xml_attr *attr, size_t n)
{
    struct reading *r = ctx;
    if (r->depth++ == 0) return open_top(r, name, attr, n);
    if (r->option) {
        if (r->depth == 3) {
            r->children++;
            if (r->option->kind != IDXP_OPTION_UNKNOWN) take_registered(r, name, attr, n);
        } else {
            r->has_text = true; /* inside what has to be empty */
        }
        return OK;
    }
    if (r->depth != 2 || r->m->kind == IDXP_NOTHING) return OK; /* what it is in was told of */
    if (r->m->kind == IDXP_OK)
        note(r->m, IDXP_F_OK_CONTENT, NULL);
    else if (r->m->kind == IDXP_GREETING && is(name, "Option"))
        return open_option(r, attr, n);
    else
        note(r->m, IDXP_F_CONTENT, "an element that may not be there");
    return OK;
}

static err on_text(void *ctx, slice text, bool cdata)
{
    struct reading *r = ctx;
    bool white = xml_all_white(text);
    (void)cdata;
    if (r->option && !white) r->has_text = true;
    if (r->depth != 1) return OK;
    switch (r->m->kind) {
    case IDXP_OK:
        if (!white) note(r->m, IDXP_F_OK_CONTENT, NULL);
        return OK;
    case IDXP_GREETING:
        if (r->dialect == IDXP_DRAFT) return buf_add(&r->m->memory, text);
        if (!white) note(r->m, IDXP_F_TEXT_RFC, NULL); /* not kept: values of options would lie in it */
        return OK;
    case IDXP_ERROR:
        return buf_add(&r->m->memory, text);
    default:
        return OK;
    }
}

static err on_close(void *ctx, slice name)
{
    struct reading *r = ctx;
    size_t depth = r->depth--;
    (void)name;
    if (depth == 2 && r->option) close_option(r);
    bool kept = r->m->kind == IDXP_ERROR || (r->m->kind == IDXP_GREETING && r->dialect == IDXP_DRAFT);
    if (depth == 1 && kept) r->m->text = slice_sub(buf_slice(&r->m->memory), r->text_from, r->m->memory.n);
    return OK;
}

/* --- documents ------------------------------------------------------------------------------------- */

static void begin(const struct env *env, struct idxp_msg *m)
{
    *m = (struct idxp_msg){.kind = IDXP_NOTHING};
    buf_init(&m->memory, env->mem, WHY_ROOM);
}

void idxp_msg_done(struct idxp_msg *m)
{
    if (m->memory.mem) buf_done(&m->memory);
}

static enum idxp_fault_code fault_of(enum beep_fault_code f)
{
    switch (f) {
    case BEEP_F_XML_DECL:
    case BEEP_F_XML_ILL:
        return IDXP_F_XML_ILL; /* one in front was taken off before */
    case BEEP_F_XML_DOCTYPE:
        return IDXP_F_XML_DOCTYPE;
    case BEEP_F_XML_ENTITY:
        return IDXP_F_XML_ENTITY;
    case BEEP_F_XML_LIMIT:
        return IDXP_F_XML_LIMIT;
    case BEEP_F_CHARSET:
        return IDXP_F_CHARSET;
    default:
        return IDXP_F_NONE;
    }
}

/* The element and its notes; said is for WHY_ROOM characters. */
static err read_xml(const struct env *env, enum idxp_dialect dialect, slice text, slice charset,
                    struct idxp_msg *m, char *said)
{
    static const struct xml_handler handler = {on_open, on_text, on_close};
    struct reading r = {.m = m, .dialect = dialect};
    enum beep_fault_code fault;
    uint8_t *at;
    size_t room = (text.n < IDXP_ELEMENT_MAX ? text.n : IDXP_ELEMENT_MAX) * (charset.n ? 4 : 2) + WHY_ROOM;
    m->memory.max = room;
    TRY(buf_reserve(&m->memory, room, &at));
    TRY(xml_read(env, &handler, &r, &limits, charset, text, &fault, said, WHY_ROOM));
    if (fault_of(fault) != IDXP_F_NONE) note(m, fault_of(fault), NULL);
    return OK;
}

/* A sentence for an error element. */
static err finish(struct idxp_msg *m, const char *xml_said)
{
    if (!idxp_msg_reply(m)) return OK;
    const struct idxp_note *n = &m->note[0];
    const char *said = n->text ? n->text : idxp_faults[n->code].text;
    size_t from = m->memory.n;
    if (n->code >= IDXP_F_XML_ILL && n->code <= IDXP_F_XML_LIMIT && !n->text && xml_said[0]) said = xml_said;
    if (m->memory.max - m->memory.n < WHY_ROOM) m->memory.max = m->memory.n + WHY_ROOM;
    TRY(buf_add_str(&m->memory, said));
    TRY(buf_add_byte(&m->memory, 0));
    m->why = (const char *)buf_slice(&m->memory).p + from;
    return ERR_PEER;
}

/* An XML declaration may stand in front of text/xml, which RFC 3080 6.4 forbids to application/beep+xml only.
 * Its encoding is not looked at: charset says, or it is UTF-8. */
static slice without_declaration(struct idxp_msg *m, slice xml)
{
    slice s = slice_starts(xml, SLICE_LIT("\xef\xbb\xbf")) ? slice_sub(xml, 3, xml.n) : xml;
    if (!slice_starts(s, SLICE_LIT("<?xml")) || s.n == 5 || !xml_is_white(s.p[5])) return xml;
    size_t end = slice_find(s, SLICE_LIT("?>"));
    if (end == s.n) return xml;
    note(m, IDXP_F_XML_DECL, NULL);
    return slice_sub(s, end + 2, s.n);
}

err idxp_el_read(const struct env *env, enum idxp_dialect dialect, slice xml, struct idxp_msg *m)
{
    char said[WHY_ROOM] = "";
    begin(env, m);
    slice inner = xml_trim(xml);
    if (inner.n == 0) return OK;
    if (inner.n != xml.n) note(m, IDXP_F_BLANKS, NULL);
    TRY(read_xml(env, dialect, without_declaration(m, inner), SLICE_NONE, m, said));
    return finish(m, said);
}

static void note_type(enum idxp_dialect dialect, struct idxp_msg *m)
{
    const struct idxp_head *h = &m->head;
    if (!h->known_type) note(m, dialect == IDXP_RFC ? IDXP_F_TYPE : IDXP_F_TYPE_DRAFT, NULL);
    if (h->mime.typed && h->known_type && h->kind != IDXP_TEXT && h->kind != IDXP_BINARY &&
        !beep_mime_is(&h->mime, "text/xml"))
        note(m, IDXP_F_TYPE_XML, NULL);
    if (!h->mime.typed && dialect == IDXP_RFC) note(m, IDXP_F_UNTYPED_RFC, NULL);
    if (h->sniffed) note(m, IDXP_F_UNTYPED, NULL);
}

static bool is_idmef(slice xml)
{
    struct idxp_head h;
    return idxp_head_of_xml(xml, &h) && h.kind == IDXP_XML;
}

err idxp_msg_read(const struct env *env, enum idxp_dialect dialect, slice message, struct idxp_msg *m)
{
    char said[WHY_ROOM] = "";
    struct buf body;
    begin(env, m);
    if (idxp_head_read(message, true, &m->head) != OK) {
        note(m, IDXP_F_MIME, NULL);
        return finish(m, said);
    }
    const struct beep_mime *mime = &m->head.mime;
    note_type(dialect, m);
    if (m->head.kind != IDXP_GREETING) {
        m->kind = m->head.kind;
        return finish(m, said);
    }
    buf_init(&body, env->mem, message.n);
    err e = m->head.encoded ? beep_mime_decode(mime, &body) : OK;
    slice xml = m->head.encoded ? buf_slice(&body) : mime->body;
    if (e == ERR_PEER)
        note(m, IDXP_F_MIME, "content transfer encoding cannot be undone");
    else if (e == OK && m->head.encoded && is_idmef(xml))
        m->kind = IDXP_XML;
    else if (e == OK)
        e = read_xml(env, dialect, mime->charset.n ? xml : without_declaration(m, xml_trim(xml)),
                     mime->charset, m, said);
    buf_done(&body);
    if (e == OK || e == ERR_PEER) e = finish(m, said);
    return e;
}
