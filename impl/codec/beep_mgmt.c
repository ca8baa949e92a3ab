/* SPDX-License-Identifier: MIT */
/* Reading elements.  The rules of the DTDs (RFC 3080 7.1 to 7.3) stand here as one small table and a few
 * functions for values; libxml2 never sees a DTD. */
#include "codec/beep_mgmt.h"

#include <string.h>

#include "base/base64.h"
#include "codec/xml.h"

const char *const beep_element_names[BEEP_EL_COUNT] = {"",   "greeting", "start", "profile", "close",
                                                       "ok", "error",    "ready", "proceed", "blob"};

enum attr {
    A_FEATURES,
    A_LOCALIZE,
    A_NUMBER,
    A_SERVER,
    A_URI,
    A_ENCODING,
    A_CODE,
    A_LANG,
    A_VERSION,
    A_SPACE,
    A_STATUS,
    A_COUNT
};

static const char *const attr_names[A_COUNT] = {"features", "localize",  "number", "serverName",
                                                "uri",      "encoding",  "code",   "xml:lang",
                                                "version",  "xml:space", "status"};

/* What an element may have. */
static const struct rule {
    uint16_t attrs;                       /* a bit for each */
    bool profiles, text;                  /* as children; neither: EMPTY */
    enum beep_fault_code attr, in, child; /* faults: other attribute, text where none may be, other child */
} rules[BEEP_EL_COUNT] = {
    [BEEP_EL_GREETING] = {1u << A_FEATURES | 1u << A_LOCALIZE, true, false, BEEP_F_ATTRIBUTE, BEEP_F_CONTENT,
                          BEEP_F_ELEMENT},
    [BEEP_EL_START] = {1u << A_NUMBER | 1u << A_SERVER, true, false, BEEP_F_ATTRIBUTE, BEEP_F_CONTENT,
                       BEEP_F_ELEMENT},
    [BEEP_EL_PROFILE] = {1u << A_URI | 1u << A_ENCODING, false, true, BEEP_F_ATTRIBUTE, BEEP_F_CONTENT,
                         BEEP_F_ELEMENT},
    [BEEP_EL_CLOSE] = {1u << A_NUMBER | 1u << A_CODE | 1u << A_LANG, false, true, BEEP_F_ATTRIBUTE,
                       BEEP_F_CONTENT, BEEP_F_ELEMENT},
    [BEEP_EL_OK] = {0, false, false, BEEP_F_OK_CONTENT, BEEP_F_OK_CONTENT, BEEP_F_OK_CONTENT},
    [BEEP_EL_ERROR] = {1u << A_CODE | 1u << A_LANG, false, true, BEEP_F_ATTRIBUTE, BEEP_F_CONTENT,
                       BEEP_F_ELEMENT},
    [BEEP_EL_READY] = {1u << A_VERSION, false, false, BEEP_F_READY_FORM, BEEP_F_READY_FORM,
                       BEEP_F_READY_FORM},
    [BEEP_EL_PROCEED] = {0, false, false, BEEP_F_READY_FORM, BEEP_F_READY_FORM, BEEP_F_READY_FORM},
    [BEEP_EL_BLOB] = {1u << A_SPACE | 1u << A_STATUS, false, true, BEEP_F_BLOB_FORM, BEEP_F_CONTENT,
                      BEEP_F_ELEMENT},
};

struct reading {
    struct beep_el *el;
    size_t depth; /* of elements that are open */
    size_t profile_room;
    enum beep_element top; /* of the element that is read: of a start's profile still start */
    bool in_profile;       /* the profile of a greeting or start is open */
    size_t text_from;      /* in memory, where the content of what is open begins */
};

/* --- notes
 * ---------------------------------------------------------------------------------------------------------------
 */

/* What has to be answered comes first, and what is not even XML before what is not valid. */
static unsigned rank(enum beep_fault_code code)
{
    switch ((enum beep_remedy)beep_remedies[code]) {
    case BEEP_DO_SESSION:
    case BEEP_DO_ILL:
        return 4;
    case BEEP_DO_INVALID:
    case BEEP_DO_UNWANTED:
        return 3;
    case BEEP_DO_NOTHING:
        break;
    }
    return (unsigned)beep_faults[code].severity;
}

/* Each fault once, sorted; when there are too many the least goes. */
static void note(struct beep_el *el, enum beep_fault_code code, const char *text)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < el->note_n; i++) {
        if (el->note[i].code == code) return;
        if (rank(el->note[i].code) >= rank(code)) at = i + 1;
    }
    if (at == BEEP_EL_NOTES) return;
    if (el->note_n < BEEP_EL_NOTES) el->note_n++;
    memmove(el->note + at + 1, el->note + at, (el->note_n - 1 - at) * sizeof *el->note);
    el->note[at] = (struct beep_el_note){code, text};
}

enum severity beep_el_severity(const struct beep_el *el)
{
    enum severity worst = SEV_NOTE;
    for (uint32_t i = 0; i < el->note_n; i++) {
        if (beep_faults[el->note[i].code].severity > worst) worst = beep_faults[el->note[i].code].severity;
    }
    return worst;
}

static bool must_answer(const struct beep_el *el)
{
    return el->note_n && beep_remedies[el->note[0].code] != BEEP_DO_NOTHING;
}

/* --- memory
 * --------------------------------------------------------------------------------------------------------------
 */

static err keep(struct beep_el *el, slice s, slice *out)
{
    size_t from = el->memory.n;
    TRY(buf_add(&el->memory, s));
    *out = slice_sub(buf_slice(&el->memory), from, el->memory.n);
    return OK;
}

enum { WHY_ROOM = 256 };

/* Memory that does not move while slices point into it: no character of a document is kept twice, but base64
 * is kept with what it stands for, and other character sets take up to twice the octets in UTF-8. */
static err reserve(const struct env *env, slice xml, slice charset, struct beep_el *el)
{
    uint8_t *at;
    size_t n = xml.n < xml_limits_beep.octets ? xml.n : xml_limits_beep.octets;
    n = n * (charset.n ? 4 : 2) + WHY_ROOM;
    buf_init(&el->memory, env->mem, n);
    return buf_reserve(&el->memory, n, &at);
}

static err new_profile(struct reading *r, struct beep_profile_el **out)
{
    struct beep_el *el = r->el;
    if (el->profiles == r->profile_room) {
        size_t room = r->profile_room ? r->profile_room * 2 : 4;
        struct beep_profile_el *p = mem_resize(el->memory.mem, el->profile, room * sizeof *p);
        if (!p) return ERR_MEM;
        el->profile = p;
        r->profile_room = room;
    }
    *out = &el->profile[el->profiles++];
    **out = (struct beep_profile_el){.base64 = false};
    return OK;
}

void beep_el_done(struct beep_el *el)
{
    if (!el->memory.mem) return;
    mem_free(el->memory.mem, el->profile);
    el->profile = NULL;
    el->profiles = 0;
    buf_done(&el->memory);
}

/* --- values
 * --------------------------------------------------------------------------------------------------------------
 */

static bool is_white(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool all_white(slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_white(s.p[i])) return false;
    }
    return true;
}

static slice trim(slice s)
{
    while (s.n && is_white(s.p[0]))
        s = slice_sub(s, 1, s.n);
    while (s.n && is_white(s.p[s.n - 1]))
        s = slice_sub(s, 0, s.n - 1);
    return s;
}

/* Of a name token (XML 1.0 2.3).  Outside ASCII all are taken: which of them are letters changed with the
 * editions of XML. */
static bool is_name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c >= 0x80;
}

/* The next token of a list and what is left of it; false at its end. */
static bool next_token(slice *list, slice *token)
{
    size_t n = 0;
    *list = trim(*list);
    while (n < list->n && !is_white(list->p[n]))
        n++;
    *token = slice_sub(*list, 0, n);
    *list = slice_sub(*list, n, list->n);
    return n > 0;
}

static bool is_nmtoken(slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_name_char(s.p[i])) return false;
    }
    return s.n > 0;
}

static void check_features(struct beep_el *el)
{
    slice list = el->features, token;
    size_t n = 0;
    for (; next_token(&list, &token); n++) {
        if (!is_nmtoken(token)) {
            note(el, BEEP_F_FEATURES, NULL);
        } else if (!slice_starts(token, SLICE_LIT("x-"))) {
            note(el, BEEP_F_FEATURE_NAME, NULL); /* RFC 3080 registers none */
        }
    }
    if (n == 0) note(el, BEEP_F_FEATURES, NULL);
}

static void check_localize(struct beep_el *el)
{
    slice list = el->localize, token;
    size_t n = 0;
    for (; next_token(&list, &token); n++) {
        if (!is_nmtoken(token)) note(el, BEEP_F_ATTRIBUTE, "localize attribute is no list of language tags");
    }
    if (n != 1) note(el, BEEP_F_LOCALIZE, n ? NULL : "localize lists no token");
}

static void take_code(struct beep_el *el, slice v)
{
    bool close = el->kind == BEEP_EL_CLOSE;
    uint64_t code;
    if (v.n != 3 || !slice_number(v, 599, &code) || code < 100) {
        note(el, close ? BEEP_F_CLOSE_CODE : BEEP_F_ERROR_CODE,
             "code attribute must be three digits from 100 to 599");
        return;
    }
    el->code = (uint16_t)code;
    if (!beep_code_text((unsigned)code)) note(el, BEEP_F_OTHER_ERROR_CODE, NULL);
}

static void take_number(struct beep_el *el, slice v)
{
    bool start = el->kind == BEEP_EL_START;
    uint64_t number;
    el->number_given = true;
    if (slice_number(v, BEEP_NUMBER_MAX, &number) && (number > 0 || !start))
        el->number = (uint32_t)number;
    else if (start)
        note(el, BEEP_F_NUMBER, "number attribute must be 1 to 2147483647");
    else
        note(el, BEEP_F_CLOSE_NUMBER, "number attribute must be 0 to 2147483647");
}

static void take_status(struct beep_el *el, slice v)
{
    v = trim(v);
    if (slice_eq(v, SLICE_LIT("abort")))
        el->status = BEEP_BLOB_ABORT;
    else if (slice_eq(v, SLICE_LIT("complete")))
        el->status = BEEP_BLOB_COMPLETE;
    else if (!slice_eq(v, SLICE_LIT("continue")))
        note(el, BEEP_F_BLOB_FORM, "status attribute must be abort, complete or continue");
}

static err take_attr(struct beep_el *el, struct beep_profile_el *p, enum attr a, slice v)
{
    switch (a) {
    case A_FEATURES:
        el->features_given = true;
        TRY(keep(el, v, &el->features));
        check_features(el);
        return OK;
    case A_LOCALIZE:
        el->localize_given = true;
        TRY(keep(el, v, &el->localize));
        check_localize(el);
        return OK;
    case A_NUMBER:
        take_number(el, v);
        return OK;
    case A_SERVER:
        el->server_name_given = true;
        return keep(el, v, &el->server_name);
    case A_URI:
        return keep(el, v, &p->uri);
    case A_ENCODING:
        v = trim(v);
        p->base64 = slice_eq(v, SLICE_LIT("base64"));
        if (!p->base64 && !slice_eq(v, SLICE_LIT("none")))
            note(el, BEEP_F_ENCODING, "encoding attribute of a profile must be none or base64");
        return OK;
    case A_CODE:
        take_code(el, v);
        return OK;
    case A_LANG:
        el->lang_given = true;
        v = trim(v);
        if (!is_nmtoken(v)) note(el, BEEP_F_ATTRIBUTE, "xml:lang attribute is no language tag");
        return keep(el, v, &el->lang);
    case A_VERSION:
        return keep(el, v, &el->version);
    case A_SPACE:
        v = trim(v);
        if (!slice_eq(v, SLICE_LIT("default")) && !slice_eq(v, SLICE_LIT("preserve")))
            note(el, BEEP_F_BLOB_FORM, "xml:space attribute must be default or preserve");
        return OK;
    case A_STATUS:
        take_status(el, v);
        return OK;
    case A_COUNT:
        break;
    }
    return ERR_USE;
}

/* --- elements
 * ------------------------------------------------------------------------------------------------------------
 */

static void check_missing(struct beep_el *el, enum beep_element kind, unsigned seen)
{
    if (kind == BEEP_EL_START && !(seen >> A_NUMBER & 1u))
        note(el, BEEP_F_NUMBER, "number attribute is missing");
    if (kind == BEEP_EL_CLOSE && !(seen >> A_CODE & 1u))
        note(el, BEEP_F_CLOSE_CODE, "code attribute is missing");
    if (kind == BEEP_EL_ERROR && !(seen >> A_CODE & 1u))
        note(el, BEEP_F_ERROR_CODE, "code attribute is missing");
}

static err take_attrs(struct reading *r, enum beep_element kind, const struct xml_attr *attr, size_t n)
{
    struct beep_el *el = r->el;
    struct beep_profile_el *p = NULL;
    unsigned seen = 0;
    if (kind == BEEP_EL_PROFILE) TRY(new_profile(r, &p));
    for (size_t i = 0; i < n; i++) {
        unsigned a = 0;
        while (a < A_COUNT && !slice_eq(attr[i].name, slice_str(attr_names[a])))
            a++;
        if (a == A_COUNT || !(rules[kind].attrs >> a & 1u)) {
            note(el, rules[kind].attr, "unknown attribute");
            continue;
        }
        seen |= 1u << a;
        TRY(take_attr(el, p, (enum attr)a, attr[i].value));
    }
    check_missing(el, kind, seen);
    if (p && p->uri.n == 0) note(el, BEEP_F_PROFILE_URI, "uri attribute of a profile is missing");
    r->text_from = el->memory.n;
    return OK;
}

static err open_top(struct reading *r, slice name, const struct xml_attr *attr, size_t n)
{
    unsigned k = BEEP_EL_NONE + 1;
    while (k < BEEP_EL_COUNT && !slice_eq(name, slice_str(beep_element_names[k])))
        k++;
    if (k == BEEP_EL_COUNT) {
        note(r->el, BEEP_F_ELEMENT, "unknown element");
        return OK;
    }
    r->el->kind = r->top = (enum beep_element)k;
    return take_attrs(r, r->top, attr, n);
}

static err on_open(void *ctx, slice name, const struct xml_attr *attr, size_t n)
{
    struct reading *r = ctx;
    if (r->depth++ == 0) return open_top(r, name, attr, n);
    if (r->top == BEEP_EL_NONE) return OK; /* within an element that is not known, nothing is */
    if (r->depth > 2 || !rules[r->top].profiles || !slice_eq(name, SLICE_LIT("profile"))) {
        note(r->el, rules[r->in_profile ? BEEP_EL_PROFILE : r->top].child,
             "an element that may not be there");
        return OK;
    }
    if (r->el->profiles == BEEP_PROFILES_MAX) {
        note(r->el, BEEP_F_XML_LIMIT, "too many profiles");
        return ERR_PEER;
    }
    r->in_profile = true;
    return take_attrs(r, BEEP_EL_PROFILE, attr, n);
}

static err on_text(void *ctx, slice text, bool cdata)
{
    struct reading *r = ctx;
    (void)cdata;
    size_t own = r->in_profile ? 2 : 1;
    enum beep_element kind = r->in_profile ? BEEP_EL_PROFILE : r->top;
    if (r->top == BEEP_EL_NONE || r->depth != own) return OK; /* what it is in was told of */
    if (rules[kind].text) return buf_add(&r->el->memory, text);
    if (!all_white(text)) note(r->el, rules[kind].in, "text where none may be");
    return OK;
}

/* The content of what is closed, and where it is base64 what that stands for. */
static err decoded(struct beep_el *el, slice text, enum beep_fault_code fault, slice *out)
{
    size_t from = el->memory.n;
    err e = base64_decode(text, true, &el->memory, NULL);
    if (e == ERR_PEER) {
        note(el, fault, "content is not base64");
        return OK;
    }
    *out = slice_sub(buf_slice(&el->memory), from, el->memory.n);
    return e;
}

static err close_profile(struct reading *r, slice text)
{
    struct beep_profile_el *p = &r->el->profile[r->el->profiles - 1];
    if (r->top == BEEP_EL_GREETING && !all_white(text)) note(r->el, BEEP_F_GREETING_CONTENT, NULL);
    /* 2.3.1.2 limits the content of the element: with the blanks around it, and base64 as it is written, but
     * without what is only spelling of XML */
    if (r->top == BEEP_EL_START && text.n > BEEP_INIT_MAX)
        note(r->el, BEEP_F_INIT_LONG, "content of a profile element must be no longer than 4096 octets");
    p->content = text;
    return p->base64 ? decoded(r->el, text, BEEP_F_ENCODING, &p->content) : OK;
}

static err on_close(void *ctx, slice name)
{
    struct reading *r = ctx;
    struct beep_el *el = r->el;
    slice text = slice_sub(buf_slice(&el->memory), r->text_from, el->memory.n);
    size_t depth = r->depth--;
    (void)name;
    if (r->top == BEEP_EL_NONE) return OK;
    if (r->in_profile) {
        if (depth != 2) return OK;
        err e = close_profile(r, text);
        r->in_profile = false;
        return e;
    }
    if (depth != 1) return OK;
    switch (r->top) {
    case BEEP_EL_START:
        if (el->profiles == 0) note(el, BEEP_F_NO_PROFILE, "a profile element is missing");
        return OK;
    case BEEP_EL_PROFILE:
        return close_profile(r, text);
    case BEEP_EL_CLOSE:
    case BEEP_EL_ERROR:
        el->text = text;
        return OK;
    case BEEP_EL_BLOB:
        return decoded(el, text, BEEP_F_BLOB_BASE64, &el->blob);
    default:
        return OK;
    }
}

/* --- documents
 * -----------------------------------------------------------------------------------------------------------
 */

/* A sentence for an error element, as in the examples of 2.3.1.2 and 3.1.1. */
static err explain(struct beep_el *el, const char *xml_said)
{
    const struct beep_el_note *n = &el->note[0];
    const char *said = n->text ? n->text : beep_faults[n->code].text;
    size_t from = el->memory.n;
    bool xml = n->code >= BEEP_F_XML_ILL && n->code <= BEEP_F_XML_LIMIT && xml_said[0];
    bool in = !xml && n->text && el->kind != BEEP_EL_NONE && beep_remedies[n->code] == BEEP_DO_INVALID;
    if (el->memory.max - el->memory.n < WHY_ROOM) el->memory.max = el->memory.n + WHY_ROOM;
    if (in)
        TRY(buf_addf(&el->memory, "%s in <%s> element", said, beep_element_names[el->kind]));
    else
        TRY(buf_add_str(&el->memory, xml ? xml_said : said));
    TRY(buf_add_byte(&el->memory, 0));
    el->why = (const char *)buf_slice(&el->memory).p + from;
    return OK;
}

static void begin(const struct env *env, struct beep_el *el)
{
    *el = (struct beep_el){.kind = BEEP_EL_NONE, .version = SLICE_LIT("1")};
    buf_init(&el->memory, env->mem, WHY_ROOM);
}

/* The element and its notes behind those that el has already; *said is for WHY_ROOM characters. */
static err read_xml(const struct env *env, slice text, slice charset, struct beep_el *el, char *said)
{
    static const struct xml_handler handler = {on_open, on_text, on_close};
    struct reading r = {.el = el};
    enum beep_fault_code fault;
    TRY(reserve(env, text, charset, el));
    TRY(xml_read(env, &handler, &r, &xml_limits_beep, charset, text, &fault, said, WHY_ROOM));
    if (fault != BEEP_F_NONE) note(el, fault, NULL);
    return OK;
}

static err finish(struct beep_el *el, const char *said)
{
    if (!must_answer(el)) return OK;
    TRY(explain(el, said));
    return ERR_PEER;
}

err beep_el_read(const struct env *env, slice xml, slice charset, struct beep_el *el)
{
    char said[WHY_ROOM] = "";
    begin(env, el);
    if (charset.n == 0) xml = trim(xml);
    if (all_white(xml)) return OK;
    TRY(read_xml(env, xml, charset, el, said));
    return finish(el, said);
}

err beep_mgmt_read(const struct env *env, slice message, struct beep_el *el)
{
    struct beep_mime m;
    struct buf body;
    char said[WHY_ROOM] = "";
    begin(env, el);
    if (beep_mime_read(message, &m) != OK) {
        note(el, BEEP_F_MIME, NULL);
        return finish(el, said);
    }
    if (!beep_mime_is(&m, BEEP_MEDIA_TYPE)) note(el, BEEP_F_TYPE, NULL);
    buf_init(&body, env->mem, message.n);
    err e = m.transfer == BEEP_BINARY ? OK : beep_mime_decode(&m, &body);
    if (e == ERR_PEER)
        note(el, BEEP_F_MIME, "content transfer encoding cannot be undone");
    else if (e == OK)
        e = read_xml(env, m.transfer == BEEP_BINARY ? m.body : buf_slice(&body), m.charset, el, said);
    buf_done(&body);
    if (e == OK || e == ERR_PEER) e = finish(el, said);
    return e;
}
