/* SPDX-License-Identifier: MIT */
/* The octets are made UTF-8 and checked here, and libxml2 gets them in blocks of its own size: what it does
 * may depend on where its input is cut, and so what we say does not depend on where the caller's is.  Its SAX
 * interface parts names at the colon; they are put together again, since RFC 3080 knows no namespaces. */
#include "codec/xml.h"

#include <stdio.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

enum {
    BLOCK = 4096,  /* most messages of channel management are one block */
    WHY_MAX = 160, /* one sentence */
    CHAR_MAX_OCTETS = 4
};

const struct xml_limits xml_limits_beep = {256u * 1024, 8, 1024, 16};

enum charset { UTF8, ASCII, LATIN1, UTF16, UTF16_BE, UTF16_LE };

struct xml {
    const struct env *env;
    const struct xml_handler *handler;
    void *ctx;
    struct xml_limits limits;
    xmlParserCtxtPtr parser;
    struct xml_attr *attr; /* limits.attributes of them */

    enum charset charset;
    uint32_t partial;     /* UTF-8: the character begun; UTF-16: the first surrogate */
    uint8_t left, unit_n; /* UTF-8: octets still to come; UTF-16: octets of the unit that came */
    uint8_t lowest, unit; /* UTF-8: what the next octet has to be at least; UTF-16: the unit's first octet */
    uint8_t highest;
    bool begun, told; /* a character came; the first block was looked at */
    size_t octets, depth, elements;
    struct buf names; /* of one element that have a prefix */

    err failed;
    enum beep_fault_code fault;
    char why[WHY_MAX];
    size_t n;
    uint8_t block[BLOCK];
};

/* Keeps the first reason. */
static err fail_with(struct xml *x, err e, enum beep_fault_code fault, const char *why)
{
    size_t n = 0;
    if (x->failed != OK) return x->failed;
    x->failed = e;
    x->fault = fault;
    for (; why[n] && why[n] != '\n' && n + 1 < sizeof x->why; n++) {
        /* names of the peer may be in it */
        x->why[n] = (why[n] >= ' ' && why[n] < 127) ? why[n] : '?';
    }
    x->why[n] = 0;
    return e;
}

/* --- what libxml2 calls -----------------------------------------------------------------------------------
 */

static void stop(struct xml *x, err e, enum beep_fault_code fault, const char *why)
{
    if (x->failed == OK) fail_with(x, e, fault, why);
    xmlStopParser(x->parser);
}

static slice text_of(const xmlChar *s)
{
    return slice_of(s, s ? strlen((const char *)s) : 0);
}

/* The name as it was written, put together in x->names, where there is room for it. */
static slice joined(struct xml *x, const xmlChar *prefix, const xmlChar *local)
{
    size_t from = x->names.n;
    uint8_t *to;
    slice a = text_of(prefix), b = text_of(local);
    bool colon = a.n && b.n;
    if (a.n == 0) return b;
    if (buf_reserve(&x->names, a.n + 1 + b.n, &to) != OK) return SLICE_NONE;
    memcpy(to, a.p, a.n);
    if (colon) {
        to[a.n] = ':';
        memcpy(to + a.n + 1, b.p, b.n);
    }
    buf_added(&x->names, a.n + colon + b.n);
    return slice_sub(buf_slice(&x->names), from, x->names.n);
}

/* Room for all names of an element at once, so that none of them moves. */
static bool names_fit(struct xml *x, const xmlChar *prefix, const xmlChar *local, int spaces,
                      const xmlChar **space, int attrs, const xmlChar **attr)
{
    uint8_t *to;
    size_t n = text_of(prefix).n + text_of(local).n + 1;
    for (int i = 0; i < spaces; i++)
        n += sizeof "xmlns:" + text_of(space[2 * i]).n;
    for (int i = 0; i < attrs; i++)
        n += text_of(attr[5 * i]).n + text_of(attr[5 * i + 1]).n + 1;
    buf_clear(&x->names);
    if (buf_reserve(&x->names, n, &to) == OK) return true;
    stop(x, ERR_MEM, BEEP_F_NONE, "");
    return false;
}

static void on_open(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri, int spaces,
                    const xmlChar **space, int attrs, int defaulted, const xmlChar **attr)
{
    static const xmlChar xmlns[] = "xmlns";
    struct xml *x = ctx;
    size_t n = 0;
    (void)uri;
    (void)defaulted;
    if (x->failed != OK) return;
    if ((size_t)spaces + (size_t)attrs > x->limits.attributes) {
        stop(x, ERR_PEER, BEEP_F_XML_LIMIT, "an element has too many attributes");
        return;
    }
    if (++x->depth > x->limits.depth) {
        stop(x, ERR_PEER, BEEP_F_XML_LIMIT, "elements are nested too deeply");
        return;
    }
    if (++x->elements > x->limits.elements) {
        stop(x, ERR_PEER, BEEP_F_XML_LIMIT, "there are too many elements");
        return;
    }
    if (!names_fit(x, prefix, local, spaces, space, attrs, attr)) return;
    slice name = joined(x, prefix, local);
    for (int i = 0; i < spaces; i++)
        x->attr[n++] = (struct xml_attr){joined(x, xmlns, space[2 * i]), text_of(space[2 * i + 1])};
    for (int i = 0; i < attrs; i++) {
        const xmlChar **a =
            attr + 5 * i; /* name, prefix, namespace, first octet of the value, the one behind it */
        x->attr[n++] = (struct xml_attr){joined(x, a[1], a[0]), slice_of(a[3], (size_t)(a[4] - a[3]))};
    }
    err e = x->handler->open(x->ctx, name, x->attr, n);
    if (e != OK) stop(x, e, BEEP_F_NONE, "");
}

static void on_close(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri)
{
    struct xml *x = ctx;
    (void)uri;
    if (x->failed != OK || !names_fit(x, prefix, local, 0, NULL, 0, NULL)) return;
    x->depth--;
    err e = x->handler->close(x->ctx, joined(x, prefix, local));
    if (e != OK) stop(x, e, BEEP_F_NONE, "");
}

static void text(struct xml *x, const xmlChar *s, int n, bool cdata)
{
    if (x->failed != OK || n <= 0) return;
    err e = x->handler->text(x->ctx, slice_of(s, (size_t)n), cdata);
    if (e != OK) stop(x, e, BEEP_F_NONE, "");
}

static void on_text(void *ctx, const xmlChar *s, int n)
{
    text(ctx, s, n, false);
}

static void on_cdata(void *ctx, const xmlChar *s, int n)
{
    text(ctx, s, n, true);
}

static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name;
    (void)external;
    (void)system;
    stop(ctx, ERR_PEER, BEEP_F_XML_DOCTYPE, "a document type declaration may not be present");
}

static void on_error(void *ctx, xmlErrorPtr error)
{
    struct xml *x = ctx;
    char why[WHY_MAX];
    /* a prefix that nothing declares is a name like others in XML 1.0 */
    if (x->failed != OK || error->level < XML_ERR_ERROR || error->code == XML_NS_ERR_UNDEFINED_NAMESPACE)
        return;
    const char *said = error->message ? error->message : "";
    switch (error->code) {
    case XML_ERR_NO_MEMORY:
        fail_with(x, ERR_MEM, BEEP_F_NONE, "");
        return;
    case XML_ERR_UNDECLARED_ENTITY:
    case XML_WAR_UNDECLARED_ENTITY:
        fail_with(x, ERR_PEER, BEEP_F_XML_ENTITY, said);
        return;
    case XML_ERR_NAME_TOO_LONG:
        fail_with(x, ERR_PEER, BEEP_F_XML_LIMIT, "a name is too long");
        return;
    default:
        snprintf(why, sizeof why, "poorly-formed XML: %s", said);
        fail_with(x, ERR_PEER, BEEP_F_XML_ILL, why);
    }
}

/* --- octets to UTF-8 --------------------------------------------------------------------------------------
 */

static err give(struct xml *x, bool last)
{
    static const char declaration[] = "<?xml";
    const size_t n = sizeof declaration - 1;
    if (x->failed != OK) return x->failed;
    if (!x->told && x->n > n && memcmp(x->block, declaration, n) == 0 && strchr(" \t\r\n", x->block[n]))
        return fail_with(x, ERR_PEER, BEEP_F_XML_DECL, "an XML declaration may not be present");
    x->told = true;
    /* what it returns was told to on_error before; what was not is caught here */
    int code = xmlParseChunk(x->parser, (const char *)x->block, (int)x->n, last);
    x->n = 0;
    if (x->failed == OK && (code != XML_ERR_OK || (last && !x->parser->wellFormed)))
        return fail_with(x, ERR_PEER, BEEP_F_XML_ILL, "poorly-formed XML");
    return x->failed;
}

/* The octets are wrong, but what stands in front of them may be wrong before. */
static err ill(struct xml *x, const char *why)
{
    TRY(give(x, false));
    return fail_with(x, ERR_PEER, BEEP_F_XML_ILL, why);
}

/* A block ends where a character ends. */
static err room(struct xml *x)
{
    return x->n + CHAR_MAX_OCTETS > BLOCK ? give(x, false) : OK;
}

static err put(struct xml *x, uint32_t c)
{
    bool mark = !x->begun && c == 0xfeff; /* the mark of byte order is no text */
    TRY(room(x));
    x->begun = true;
    if (mark) return OK;
    if (c == 0) return ill(x, "poorly-formed XML: a NUL octet");
    if (c < 0x80) {
        x->block[x->n++] = (uint8_t)c;
        return OK;
    }
    if (c < 0x800) {
        x->block[x->n++] = (uint8_t)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            x->block[x->n++] = (uint8_t)(0xe0 | c >> 12);
        } else {
            x->block[x->n++] = (uint8_t)(0xf0 | c >> 18);
            x->block[x->n++] = (uint8_t)(0x80 | (c >> 12 & 63));
        }
        x->block[x->n++] = (uint8_t)(0x80 | (c >> 6 & 63));
    }
    x->block[x->n++] = (uint8_t)(0x80 | (c & 63));
    return OK;
}

/* RFC 3629: no longer forms than needed, no surrogates, nothing over U+10FFFF. */
static err take_utf8(struct xml *x, uint8_t c)
{
    static const char not_utf8[] = "poorly-formed XML: octets that are not UTF-8";
    if (x->left) {
        if (c < x->lowest || c > x->highest) return ill(x, not_utf8);
        x->lowest = 0x80;
        x->highest = 0xbf;
        x->partial = x->partial << 6 | (c & 63u);
        return --x->left ? OK : put(x, x->partial);
    }
    if (c < 0x80) return put(x, c);
    if (c < 0xc2 || c > 0xf4) return ill(x, not_utf8);
    x->left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    x->lowest = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    x->highest = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    x->partial = c & (0x3fu >> x->left);
    return OK;
}

static err take_utf16(struct xml *x, uint8_t c)
{
    static const char not_utf16[] = "poorly-formed XML: octets that are not UTF-16";
    if (!x->unit_n) {
        x->unit = c;
        x->unit_n = 1;
        return OK;
    }
    x->unit_n = 0;
    if (x->charset == UTF16) { /* without a mark: the order of networks (RFC 2781 4.3) */
        bool little = x->unit == 0xff && c == 0xfe;
        x->charset = little ? UTF16_LE : UTF16_BE;
    }
    uint32_t u = x->charset == UTF16_LE ? (uint32_t)c << 8 | x->unit : (uint32_t)x->unit << 8 | c;
    if (x->partial) {
        if (u < 0xdc00 || u > 0xdfff) return ill(x, not_utf16);
        u = 0x10000 + ((x->partial - 0xd800) << 10) + (u - 0xdc00);
        x->partial = 0;
        return put(x, u);
    }
    if (u >= 0xdc00 && u <= 0xdfff) return ill(x, not_utf16);
    if (u >= 0xd800 && u <= 0xdbff) {
        x->partial = u;
        return OK;
    }
    return put(x, u);
}

static err take(struct xml *x, uint8_t c)
{
    switch (x->charset) {
    case UTF8:
        return take_utf8(x, c);
    case ASCII:
        return c < 0x80 ? put(x, c) : ill(x, "poorly-formed XML: octets that are not ASCII");
    case LATIN1:
        return put(x, c);
    case UTF16:
    case UTF16_BE:
    case UTF16_LE:
        break;
    }
    return take_utf16(x, c);
}

err xml_feed(struct xml *x, slice octets, bool last)
{
    if (x->failed != OK) return x->failed;
    for (size_t i = 0; i < octets.n; i++) {
        if (x->octets++ == x->limits.octets) {
            TRY(give(x, false));
            return fail_with(x, ERR_PEER, BEEP_F_XML_LIMIT, "the document is too long");
        }
        TRY(take(x, octets.p[i]));
    }
    if (!last) return OK;
    if (x->left || x->unit_n || x->partial) {
        if (x->charset != UTF8 || x->left)
            return ill(x, "poorly-formed XML: the last character is not whole");
    }
    return give(x, true);
}

/* --- beginning and end ------------------------------------------------------------------------------------
 */

static bool find_charset(slice name, enum charset *out)
{
    static const struct {
        const char *name;
        enum charset is;
    } known[] = {{"utf-8", UTF8},        {"us-ascii", ASCII},    {"iso-8859-1", LATIN1}, {"utf8", UTF8},
                 {"utf-16", UTF16},      {"utf-16be", UTF16_BE}, {"utf-16le", UTF16_LE}, {"ascii", ASCII},
                 {"iso_8859-1", LATIN1}, {"latin1", LATIN1}};
    *out = UTF8; /* by default (6.4) */
    if (name.n == 0) return true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!slice_eq_nocase(name, slice_str(known[i].name))) continue;
        *out = known[i].is;
        return true;
    }
    return false;
}

/* No handler makes a tree, loads anything, or knows an entity: without getEntity only the five that are built
 * in are known. */
static const xmlSAXHandler handlers = {
    .initialized = XML_SAX2_MAGIC,
    .internalSubset = on_doctype,
    .startElementNs = on_open,
    .endElementNs = on_close,
    .characters = on_text,
    .ignorableWhitespace = on_text,
    .cdataBlock = on_cdata,
    .serror = on_error,
};

err xml_new(const struct env *env, const struct xml_handler *handler, void *ctx,
            const struct xml_limits *limits, slice charset, struct xml **out)
{
    enum charset which;
    xmlSAXHandler mine = handlers;
    *out = NULL;
    if (!find_charset(charset, &which)) return ERR_PEER;
    struct xml *x = mem_new(env->mem, sizeof *x);
    if (!x) return ERR_MEM;
    x->env = env;
    x->handler = handler;
    x->ctx = ctx;
    x->limits = *limits;
    x->charset = which;
    buf_init(&x->names, env->mem, SIZE_MAX / 2); /* bounded by the octets of the document */
    x->attr = mem_new(env->mem, (limits->attributes + 1) * sizeof *x->attr);
    x->parser = x->attr ? xmlCreatePushParserCtxt(&mine, x, NULL, 0, NULL) : NULL;
    if (!x->parser) {
        xml_free(x);
        return ERR_MEM;
    }
    /* NOENT: otherwise &amp; in an attribute comes as &#38;.  There is nothing else that it could replace. */
    xmlCtxtUseOptions(x->parser, XML_PARSE_NONET | XML_PARSE_NOENT);
    xmlSwitchEncoding(x->parser, XML_CHAR_ENCODING_UTF8); /* nothing is guessed from the octets */
    *out = x;
    return OK;
}

void xml_free(struct xml *x)
{
    if (!x) return;
    if (x->parser) xmlFreeParserCtxt(x->parser);
    buf_done(&x->names);
    mem_free(x->env->mem, x->attr);
    mem_free(x->env->mem, x);
}

enum beep_fault_code xml_fault(const struct xml *x)
{
    return x->fault;
}

const char *xml_why(const struct xml *x)
{
    return x->why;
}

err xml_read(const struct env *env, const struct xml_handler *handler, void *ctx, const struct xml_limits *limits,
             slice charset, slice document, enum beep_fault_code *fault, char *why, size_t why_n)
{
    struct xml *x;
    *fault = BEEP_F_NONE;
    err e = xml_new(env, handler, ctx, limits, charset, &x);
    if (e == ERR_PEER) *fault = BEEP_F_CHARSET;
    if (e != OK) return e == ERR_PEER ? OK : e;
    e = xml_feed(x, document, true);
    if (e == ERR_PEER && xml_fault(x) != BEEP_F_NONE) {
        *fault = xml_fault(x);
        snprintf(why, why_n, "%s", xml_why(x));
    }
    xml_free(x);
    return e == ERR_PEER ? OK : e;
}
