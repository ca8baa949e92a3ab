/* SPDX-License-Identifier: MIT */
#include "peer/mutate_idxp.h"

#include "codec/idxp_msg.h"

#define MUTANT(n, name, roles, clauses, text) {name, roles, clauses, text},
const struct mutant idxp_mutants[IMUT_COUNT] = {{"", 0, "", ""}, IDXP_MUTANTS(MUTANT)};

/* --- elements -------------------------------------------------------------------------------------------------------------- */

#define HEAD "Content-Type: text/xml\r\n"

/* One row a change: what stands there first is replaced.  Kind NOTHING: any element. */
static const struct rewrite {
    enum idxp_mutant mutant;
    enum idxp_kind kind;
    const char *find, *put;
} rewrites[] = {
    {IMUT_ROLE_CAPITAL, IDXP_GREETING, "role='c", "role='C"},
    {IMUT_ROLE_CAPITAL, IDXP_GREETING, "role='s", "role='S"},
    {IMUT_GREETING_ATTRIBUTE, IDXP_GREETING, "<IDXP-Greeting", "<IDXP-Greeting version='1'"},
    {IMUT_GREETING_CONTENT, IDXP_GREETING, " />", "><who /></IDXP-Greeting>"},
    {IMUT_GREETING_ILL, IDXP_GREETING, " />", ">"},
    {IMUT_OK_WITH_TEXT, IDXP_OK, "<ok />", "<ok>gladly</ok>"},
    {IMUT_NO_TYPE, IDXP_NOTHING, HEAD, ""},
    {IMUT_OTHER_TYPE, IDXP_NOTHING, HEAD, "Content-Type: application/beep+xml\r\n"},
    {IMUT_IDMEF_UTF16_BARE, IDXP_XML, HEAD, "Content-Type: text/xml; charset=utf-16\r\n"},
};

static err rewrite(struct buf *text, const char *find, const char *put)
{
    struct buf old;
    slice was = buf_slice(text), key = slice_str(find);
    size_t at = slice_find(was, key);
    if (at == was.n) return OK;
    buf_init(&old, text->mem, text->max);
    err e = buf_add(&old, was);
    if (e == OK) {
        was = buf_slice(&old);
        buf_clear(text);
        e = buf_add(text, slice_sub(was, 0, at));
        if (e == OK) e = buf_add_str(text, put);
        if (e == OK) e = buf_add(text, slice_sub(was, at + key.n, was.n));
    }
    buf_done(&old);
    return e;
}

err idxp_mutate_text(unsigned mutant, unsigned kind, bool bare, struct buf *text)
{
    (void)bare;
    for (size_t i = 0; mutant && i < sizeof rewrites / sizeof *rewrites; i++) {
        const struct rewrite *r = &rewrites[i];
        if (r->mutant != mutant || (r->kind ? r->kind != kind : kind >= IDXP_XML)) continue;
        TRY(rewrite(text, r->find, r->put));
    }
    return OK;
}

/* --- what is overlooked ---------------------------------------------------------------------------------------------------- */

static const struct {
    enum idxp_mutant mutant;
    enum idxp_fault_code fault;
} overlooked[] = {
    {IMUT_TAKES_NO_ROLE, IDXP_F_ROLE_MISSING}, {IMUT_TAKES_ANY_ROLE, IDXP_F_ROLE},
    {IMUT_TAKES_NO_URI, IDXP_F_URI_MISSING},   {IMUT_TAKES_ANY_URI, IDXP_F_URI},
    {IMUT_TAKES_ANY_URI, IDXP_F_FQDN},         {IMUT_TAKES_SAME_ROLE, IDXP_F_SAME_ROLES},
    {IMUT_TAKES_OPTION_MUST, IDXP_F_OPTION_UNKNOWN}, {IMUT_TAKES_PRIORITY, IDXP_F_PRIORITY},
    {IMUT_TAKES_STREAM, IDXP_F_STREAM_TYPE},   {IMUT_TAKES_EARLY, IDXP_F_NO_GREETING},
    {IMUT_TAKES_EARLY, IDXP_F_HALF_GREETED_RFC}, {IMUT_TAKES_OF_SERVER, IDXP_F_NOT_CLIENT},
    {IMUT_FIRST_COUNTS, IDXP_F_NOT_CLIENT},    {IMUT_TAKES_OF_SERVER, IDXP_F_SAME_ROLES},
    {IMUT_TAKES_ILL, IDXP_F_IDMEF_ILL},        {IMUT_TAKES_INVALID, IDXP_F_IDMEF_INVALID},
    {IMUT_TAKES_ILL, IDXP_F_XML_ILL},          {IMUT_TAKES_ILL, IDXP_F_XML_ENTITY},
    {IMUT_TAKES_PARTS, IDXP_F_ATTRIBUTE},      {IMUT_TAKES_PARTS, IDXP_F_CONTENT},
    {IMUT_TAKES_IP, IDXP_F_IP},                {IMUT_TAKES_ELEMENT, IDXP_F_ELEMENT},
    {IMUT_TAKES_ELEMENT, IDXP_F_ELEMENT_HERE}, {IMUT_TAKES_ELEMENT, IDXP_F_OPTION_ROOT},
    {IMUT_TAKES_UNNAMED, IDXP_F_OPTION_NAME},  {IMUT_TAKES_OPTION_FORM, IDXP_F_OPTION_MUST},
    {IMUT_TAKES_OPTION_FORM, IDXP_F_OPTION_ATTRIBUTE},
};

bool idxp_mutant_overlooks(unsigned mutant, enum idxp_fault_code code)
{
    for (size_t i = 0; mutant && i < sizeof overlooked / sizeof *overlooked; i++)
        if (overlooked[i].mutant == mutant && overlooked[i].fault == code) return true;
    return false;
}

bool idxp_mutant_odd(slice text)
{
    static const char *const odd[] = {"=\"", " = ", "=\r\n", "<?xml", "<!--", "'></", "ok></", "-></", "\t", "<ok/>", "'/>", ">\r\n</", "\r\n\r\n\r\n", "/>\r\n\r\n", "\xef\xbb\xbf", "</Option>", " <ok /> "};
    slice name = SLICE_LIT("IDMEF-Message");
    if (slice_find(text, name) != text.n) return false;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (slice_find(text, slice_str(odd[i])) != text.n) return true;
    return false;
}
