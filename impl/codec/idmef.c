/* SPDX-License-Identifier: MIT */
/* libxml2 says whether the octets are XML, and parts them; no tree is made.  The octets go to it in blocks of
 * one size, since what it does may depend on where its input is cut. */
#include <stdio.h>

#include <libxml/parserInternals.h>

#include "codec/idmef_impl.h"

const char *const idmef_verdict_names[IDMEF_VERDICTS] = {"valid", "not well-formed", "not valid", "limit"};
const struct idmef_limits idmef_limits_default = {64u * 1024 * 1024, 1000000, 64};

/* --- the end of the reading
 * ------------------------------------------------------------------------------------------------ */

/* What is not well-formed comes before what is not valid (500 before 501). */
static bool stop(struct idmef_check *c, enum idmef_verdict verdict, enum idmef_fault_code fault,
                 uint32_t line)
{
    if (c->failed != OK) return false;
    c->failed = ERR_PEER;
    c->judging = false;
    c->result.verdict = verdict;
    c->result.fault = fault;
    c->result.line = line;
    if (c->parser) xmlStopParser(c->parser);
    return true;
}

static void stop_mem(struct idmef_check *c)
{
    if (c->failed == OK) c->failed = ERR_MEM;
    xmlStopParser(c->parser);
}

/* --- what libxml2 calls
 * ---------------------------------------------------------------------------------------------------- */

static void on_open(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri, int spaces,
                    const xmlChar **space, int attrs, int defaulted, const xmlChar **attr)
{
    struct idmef_check *c = ctx;
    xmlElementPtr decl = NULL;
    (void)defaulted;
    if (c->failed != OK) return;
    const char *over = c->depth == IDMEF_DEPTH_MAX         ? "elements are nested too deeply"
                       : c->elements == c->limits.elements ? "there are too many elements"
                       : (unsigned)(attrs + spaces) > c->limits.attributes
                           ? "an element has too many attributes"
                           : NULL;
    if (over) {
        if (stop(c, IDMEF_TOO_MUCH, IDMEF_F_LIMIT, idmef_line(c))) idmef_say(c, "%s", over);
        return;
    }
    c->elements++;
    if (c->judging && !c->foreign) decl = idmef_judge_element(c, local, prefix, uri);
    if (c->judging && decl) idmef_judge_attrs(c, decl, spaces, space, attrs, attr);
    if (c->judging && c->depth == 1 && idmef_is(local, "Alert")) c->result.alerts++;
    if (c->judging && c->depth == 1 && idmef_is(local, "Heartbeat")) c->result.heartbeats++;
    struct idmef_open *o = &c->open[c->depth++];
    *o = (struct idmef_open){.decl = decl};
    if (!decl) c->foreign++;
    idmef_value_begin(&c->value, decl ? idmef_element_type(idmef_text(local)) : IDMEF_T_NONE);
    if (c->judging && decl && decl->contModel) {
        o->exec = xmlRegNewExecCtxt(decl->contModel, NULL, NULL);
        if (!o->exec) stop_mem(c);
    }
}

static void on_close(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri)
{
    struct idmef_check *c = ctx;
    (void)local;
    (void)prefix;
    (void)uri;
    if (c->failed != OK || c->depth == 0) return;
    struct idmef_open *o = &c->open[--c->depth];
    if (c->foreign) c->foreign--;
    if (c->judging && o->exec) idmef_judge_end(c, o);
    if (o->exec) xmlRegFreeExecCtxt(o->exec);
    o->exec = NULL;
    if (c->judging && c->value.type != IDMEF_T_NONE) {
        enum idmef_fault_code f = idmef_value_end(&c->value);
        if (f != IDMEF_F_NONE) idmef_note(c, f);
    }
    c->value.type = IDMEF_T_NONE;
}

static bool all_white(slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r' && s.p[i] != '\n') return false;
    }
    return true;
}

static void take_text(struct idmef_check *c, slice text, bool cdata)
{
    if (!c->judging || c->foreign || c->depth == 0 || c->failed != OK) return;
    const xmlElementPtr d = c->open[c->depth - 1].decl;
    bool none = d->etype == XML_ELEMENT_TYPE_EMPTY ||
                (d->etype == XML_ELEMENT_TYPE_ELEMENT && (cdata || !all_white(text)));
    if (none && idmef_invalid(c, IDMEF_F_TEXT))
        idmef_say(c, "there may be no text in <%s>: '%s'", (const char *)d->name, idmef_show(text).s);
    idmef_value_add(&c->value, text);
}

static void on_text(void *ctx, const xmlChar *s, int n)
{
    if (n > 0) take_text(ctx, slice_of(s, (size_t)n), false);
}

static void on_cdata(void *ctx, const xmlChar *s, int n)
{
    if (n > 0) take_text(ctx, slice_of(s, (size_t)n), true);
}

/* libxml2 leaves -1 where no XML declaration stood. */
static void on_begin(void *ctx)
{
    struct idmef_check *c = ctx;
    const xmlChar *encoding = c->parser->encoding;
    if (c->parser->standalone == -1)
        idmef_note(c, IDMEF_F_NO_DECLARATION);
    else if (!encoding && !(c->parser->options & XML_PARSE_IGNORE_ENC)) /* under that it is not told */
        idmef_note(c, IDMEF_F_NO_ENCODING);
    if (encoding && xmlStrncasecmp(encoding, (const xmlChar *)"UTF-8", 6) &&
        xmlStrncasecmp(encoding, (const xmlChar *)"UTF-16", 6))
        idmef_note(c, IDMEF_F_ENCODING);
}

/* 6.1: a document may name the document type.  What it names is not loaded. */
static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name;
    (void)external;
    (void)system;
    idmef_note(ctx, IDMEF_F_DOCTYPE);
}

static void subset(struct idmef_check *c)
{
    if (stop(c, IDMEF_TOO_MUCH, IDMEF_F_SUBSET, idmef_line(c)))
        idmef_say(c, "the document type may not declare anything itself");
}

static void on_entity_decl(void *ctx, const xmlChar *name, int type, const xmlChar *public_id,
                           const xmlChar *system, xmlChar *content)
{
    (void)name;
    (void)type;
    (void)public_id;
    (void)system;
    (void)content;
    subset(ctx);
}

static void on_attr_decl(void *ctx, const xmlChar *element, const xmlChar *name, int type, int def,
                         const xmlChar *value, xmlEnumerationPtr tree)
{
    (void)element;
    (void)name;
    (void)type;
    (void)def;
    (void)value;
    xmlFreeEnumeration(tree); /* it is the callback's */
    subset(ctx);
}

static void on_element_decl(void *ctx, const xmlChar *name, int type, xmlElementContentPtr content)
{
    (void)name;
    (void)type;
    (void)content;
    subset(ctx);
}

static void on_notation_decl(void *ctx, const xmlChar *name, const xmlChar *public_id, const xmlChar *system)
{
    (void)name;
    (void)public_id;
    (void)system;
    subset(ctx);
}

static void on_unparsed(void *ctx, const xmlChar *name, const xmlChar *public_id, const xmlChar *system,
                        const xmlChar *notation)
{
    (void)name;
    (void)public_id;
    (void)system;
    (void)notation;
    subset(ctx);
}

static void no_entity(struct idmef_check *c, const char *said)
{
    struct idmef_shown s = idmef_show(idmef_text((const xmlChar *)said));
    if (stop(c, IDMEF_ILL, IDMEF_F_ENTITY, idmef_line(c)))
        idmef_say(c, "no entity but the five of XML is known: %s", s.s);
}

static void on_reference(void *ctx, const xmlChar *name)
{
    no_entity(ctx, (const char *)name);
}

static void on_error(void *ctx, xmlErrorPtr error)
{
    struct idmef_check *c = ctx;
    const char *said = error->message ? error->message : "";
    size_t n = strcspn(said, "\n");
    if (c->failed != OK) return;
    switch (error->code) {
    case XML_ERR_NO_MEMORY:
        stop_mem(c);
        return;
    case XML_ERR_UNDECLARED_ENTITY:
    case XML_WAR_UNDECLARED_ENTITY:
        no_entity(c, error->str1 ? error->str1 : said);
        return;
    case XML_NS_ERR_UNDEFINED_NAMESPACE:
        return; /* in XML 1.0 a name like others; on_open sees to it */
    case XML_ERR_NAME_TOO_LONG:
    case XML_ERR_INTERNAL_ERROR: /* a token of ten million octets */
        if (stop(c, IDMEF_TOO_MUCH, IDMEF_F_LIMIT, idmef_line(c)))
            idmef_say(c, "a name, value or comment is too long");
        return;
    case XML_ERR_UNKNOWN_ENCODING:
    case XML_ERR_UNSUPPORTED_ENCODING:
        if (stop(c, IDMEF_TOO_MUCH, IDMEF_F_CHARSET, idmef_line(c)))
            idmef_say(c, "the character set is not known here");
        return;
    default:
        break;
    }
    if (error->level < XML_ERR_ERROR) return;
    if (!stop(c, IDMEF_ILL, IDMEF_F_ILL, error->line > 0 ? (uint32_t)error->line : 1)) return;
    if (error->code == XML_ERR_DOCUMENT_END || error->code == XML_ERR_DOCUMENT_EMPTY) {
        const char *how = c->elements == 0 ? "there is no element"
                          : c->depth       ? "it ends too early"
                                           : "something follows its end";
        idmef_say(c, "%s", how);
        return;
    }
    idmef_say(c, "%.*s", (int)n, said);
    for (char *p = c->result.why; *p; p++) { /* names of the peer may be in it */
        if (*p < ' ' || *p > 126) *p = '?';
    }
}

static const xmlSAXHandler handlers = {
    .initialized = XML_SAX2_MAGIC,
    .internalSubset = on_doctype,
    .entityDecl = on_entity_decl,
    .attributeDecl = on_attr_decl,
    .elementDecl = on_element_decl,
    .notationDecl = on_notation_decl,
    .unparsedEntityDecl = on_unparsed,
    .reference = on_reference,
    .startDocument = on_begin,
    .startElementNs = on_open,
    .endElementNs = on_close,
    .characters = on_text,
    .ignorableWhitespace = on_text,
    .cdataBlock = on_cdata,
    .serror = on_error,
};

/* --- octets
 * ----------------------------------------------------------------------------------------------------------------
 */

/* libxml2 compares each attribute of a tag with all in front of it, and its table of names gets slow when it
 * is large: both are bounded before it begins. */
static void check_size(struct idmef_check *c)
{
    const char *over = NULL;
    if (c->parser->input && c->parser->input->end - c->parser->input->cur > IDMEF_TOKEN_MAX)
        over = "a tag or comment is too long";
    else if (xmlDictGetUsage(c->parser->dict) > IDMEF_NAMES_MAX)
        over = "there are too many different names";
    if (over && stop(c, IDMEF_TOO_MUCH, IDMEF_F_LIMIT, idmef_line(c))) idmef_say(c, "%s", over);
}

static err give(struct idmef_check *c, const uint8_t *p, size_t n, bool last)
{
    if (c->failed != OK) return c->failed;
    int code = xmlParseChunk(c->parser, (const char *)p, (int)n, last);
    if (!last) check_size(c);
    /* what it returns was told to on_error before; what was not is caught here */
    if (c->failed == OK && last && (code != XML_ERR_OK || !c->parser->wellFormed) &&
        code != XML_NS_ERR_UNDEFINED_NAMESPACE && stop(c, IDMEF_ILL, IDMEF_F_ILL, idmef_line(c)))
        idmef_say(c, "it ends too early");
    return c->failed;
}

static err over_limit(struct idmef_check *c)
{
    if (stop(c, IDMEF_TOO_MUCH, IDMEF_F_LIMIT, idmef_line(c)))
        idmef_say(c, "the message is longer than %zu octets", c->limits.octets);
    return c->failed;
}

err idmef_check_feed(struct idmef_check *c, slice octets, bool last)
{
    size_t at = 0;
    if (c->failed != OK) return c->failed;
    size_t room = c->limits.octets - (size_t)c->result.octets;
    bool over = octets.n > room;
    if (over) octets = slice_sub(octets, 0, room);
    c->result.octets += octets.n;
    while (at < octets.n) {
        if (c->n == 0 && octets.n - at >= IDMEF_BLOCK) {
            TRY(give(c, octets.p + at, IDMEF_BLOCK, false));
            at += IDMEF_BLOCK;
            continue;
        }
        size_t n = octets.n - at < IDMEF_BLOCK - c->n ? octets.n - at : IDMEF_BLOCK - c->n;
        memcpy(c->block + c->n, octets.p + at, n);
        c->n += n;
        at += n;
        if (c->n < IDMEF_BLOCK) break;
        c->n = 0;
        TRY(give(c, c->block, IDMEF_BLOCK, false));
    }
    if (!over && !last) return OK;
    size_t n = c->n;
    c->n = 0;
    if (over) {
        TRY(give(c, c->block, n, false));
        return over_limit(c);
    }
    return give(c, c->block, n, true);
}

/* --- beginning and end
 * ------------------------------------------------------------------------------------------------------ */

static bool find_charset(slice name, xmlCharEncoding *out)
{
    static const struct {
        const char *name;
        xmlCharEncoding is;
    } known[] = {{"utf-8", XML_CHAR_ENCODING_UTF8},       {"utf8", XML_CHAR_ENCODING_UTF8},
                 {"us-ascii", XML_CHAR_ENCODING_UTF8},    {"iso-8859-1", XML_CHAR_ENCODING_8859_1},
                 {"utf-16be", XML_CHAR_ENCODING_UTF16BE}, {"utf-16le", XML_CHAR_ENCODING_UTF16LE},
                 {"utf-16", XML_CHAR_ENCODING_NONE}}; /* its mark says in which order */
    *out = XML_CHAR_ENCODING_NONE;
    if (name.n == 0) return true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!slice_eq_nocase(name, slice_str(known[i].name))) continue;
        *out = known[i].is;
        return true;
    }
    return false;
}

err idmef_check_new(const struct env *env, const struct idmef_schema *s, const struct idmef_limits *limits,
                    slice charset, struct idmef_check **out)
{
    xmlSAXHandler mine = handlers;
    xmlCharEncoding encoding;
    *out = NULL;
    struct idmef_check *c = mem_new(env->mem, sizeof *c);
    if (!c) return ERR_MEM;
    c->env = env;
    c->schema = s;
    c->limits = limits ? *limits : idmef_limits_default;
    c->judging = true;
    if (!find_charset(charset, &encoding)) {
        if (stop(c, IDMEF_TOO_MUCH, IDMEF_F_CHARSET, 1)) idmef_say(c, "the character set is not known here");
        *out = c;
        return OK;
    }
    c->parser = xmlCreatePushParserCtxt(&mine, c, NULL, 0, NULL);
    if (!c->parser) {
        idmef_check_free(c);
        return ERR_MEM;
    }
    /* NOENT: otherwise &amp; in an attribute comes as &#38;.  There is nothing else that it could replace. */
    int options = XML_PARSE_NONET | XML_PARSE_NOENT;
    if (encoding != XML_CHAR_ENCODING_NONE)
        options |= XML_PARSE_IGNORE_ENC; /* what the headers say holds (RFC 7303 3) */
    xmlCtxtUseOptions(c->parser, options);
    if (encoding != XML_CHAR_ENCODING_NONE) xmlSwitchEncoding(c->parser, encoding);
    *out = c;
    return OK;
}

void idmef_check_free(struct idmef_check *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->depth; i++) {
        if (c->open[i].exec) xmlRegFreeExecCtxt(c->open[i].exec);
    }
    if (c->parser) {
        if (c->parser->myDoc) xmlFreeDoc(c->parser->myDoc);
        xmlFreeParserCtxt(c->parser);
    }
    mem_free(c->env->mem, c);
}

const struct idmef_result *idmef_check_result(const struct idmef_check *c)
{
    return &c->result;
}

err idmef_validate(const struct env *env, const struct idmef_schema *s, slice message, slice charset,
                   struct idmef_result *out)
{
    struct idmef_check *c;
    *out = (struct idmef_result){.verdict = IDMEF_OK};
    TRY(idmef_check_new(env, s, NULL, charset, &c));
    err e = idmef_check_feed(c, message, true);
    *out = c->result;
    idmef_check_free(c);
    return e == ERR_PEER ? OK : e;
}
