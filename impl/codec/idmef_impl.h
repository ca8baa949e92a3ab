/* SPDX-License-Identifier: MIT */
/* idmef_impl: what the files of idmef share. */
#ifndef CODEC_IDMEF_IMPL_H
#define CODEC_IDMEF_IMPL_H

#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlregexp.h>

#include "codec/idmef.h"

struct idmef_schema {
    const struct env *env;
    xmlDtdPtr dtd;
};

/* The data types of RFC 4765 3.2 that are judged. */
enum idmef_type { IDMEF_T_NONE, IDMEF_T_INTEGER, IDMEF_T_REAL, IDMEF_T_BYTE, IDMEF_T_BASE64, IDMEF_T_DATE_TIME, IDMEF_T_NTPSTAMP, IDMEF_T_PORTS };

/* Text as it comes, in pieces. */
struct idmef_value {
    enum idmef_type type;
    bool white;               /* there was white space around it */
    bool long_, bad;          /* longer than text has room for; base64 or list that is none */
    size_t n;
    char text[80];            /* the longest date and time with a fraction that means anything has 50 */
    unsigned digits, padding; /* base64: of the present group; list: digits of the present number */
    bool apart;               /* list: white space behind them */
    bool range;               /* list: a dash stands in front of the present number */
};

/* The type of an element's text, NONE where any will do. */
enum idmef_type idmef_element_type(slice element);
void idmef_value_begin(struct idmef_value *v, enum idmef_type type);
void idmef_value_add(struct idmef_value *v, slice text);
/* What is wrong with it, IDMEF_F_NONE when nothing is.  White space around it does not count. */
enum idmef_fault_code idmef_value_end(struct idmef_value *v);

/* --- one message ---------------------------------------------------------------------------------------------------------- */
enum { IDMEF_BLOCK = 8192 };

struct idmef_open {
    xmlElementPtr decl;     /* NULL: nothing is known of it, nor judged in it */
    xmlRegExecCtxtPtr exec; /* of element content */
};

struct idmef_check {
    const struct env *env;
    const struct idmef_schema *schema;
    struct idmef_limits limits;
    xmlParserCtxtPtr parser;
    struct idmef_open open[IDMEF_DEPTH_MAX];
    size_t depth, foreign; /* elements open; of these, those of another namespace and in it */
    size_t elements;
    struct idmef_value value; /* of the innermost element */
    struct idmef_result result;
    err failed;   /* ERR_PEER or ERR_MEM: nothing more is read */
    bool judging; /* false behind the first thing that is not valid */
    size_t n;
    uint8_t block[IDMEF_BLOCK];
};

/* A name of the peer for people: printable, not too long. */
struct idmef_shown {
    char s[44];
};
struct idmef_shown idmef_show(slice name);
void idmef_say(struct idmef_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
uint32_t idmef_line(const struct idmef_check *c);
/* The first thing that is not valid: true when it is that one, and to be described. */
bool idmef_invalid(struct idmef_check *c, enum idmef_fault_code fault);
void idmef_note(struct idmef_check *c, enum idmef_fault_code code);

/* Where an element that begins may stand, by its namespace and what is open, and its declaration; NULL when nothing is known of it. */
xmlElementPtr idmef_judge_element(struct idmef_check *c, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri);
/* Its declarations of namespaces (prefix and URI) and attributes (five pointers each), as libxml2 gives them. */
void idmef_judge_attrs(struct idmef_check *c, const xmlElementPtr decl, int spaces, const xmlChar **space, int attrs,
                       const xmlChar **attr);
/* May it end here? */
void idmef_judge_end(struct idmef_check *c, const struct idmef_open *o);

static inline slice idmef_text(const xmlChar *s)
{
    return slice_of(s, s ? strlen((const char *)s) : 0);
}

static inline bool idmef_is(const xmlChar *s, const char *name)
{
    return s && strcmp((const char *)s, name) == 0;
}

#endif
