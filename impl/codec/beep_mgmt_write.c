/* SPDX-License-Identifier: MIT */
/* Writing elements, in the hand of the examples of RFC 3080: single quotes, three blanks in front of a
 * profile, a blank in front of the stroke of an empty element, lines that end in CRLF. */
#include <string.h>

#include "base/base64.h"
#include "codec/beep_mgmt.h"
#include "codec/xml.h"
#include "codec/xml_out.h"

/* One run of characters that stand for themselves, then one that does not. */
static err run(slice s, size_t from, size_t at, const char *as, struct buf *out)
{
    TRY(buf_add(out, slice_sub(s, from, at)));
    return buf_add_str(out, as);
}

/* What CDATA cannot hold stands between two of them.  CRLF stays: it is how lines end in the element inside.
 */
static err cdata(slice s, struct buf *out)
{
    size_t from = 0;
    if (!xml_takes(s)) return ERR_USE;
    TRY(buf_add_str(out, "<![CDATA["));
    for (size_t i = 0; i < s.n; i++) {
        bool behind_cr = i > 0 && s.p[i - 1] == '\r', before_lf = i + 1 < s.n && s.p[i + 1] == '\n';
        if (s.p[i] == '>' && i >= 2 && s.p[i - 1] == ']' && s.p[i - 2] == ']') {
            TRY(run(s, from, i, "]]><![CDATA[", out));
            from = i;
        } else if (s.p[i] == '\r' && !before_lf) {
            TRY(run(s, from, i, "]]>&#13;<![CDATA[", out));
            from = i + 1;
        } else if (s.p[i] == '\n' && !behind_cr) {
            TRY(run(s, from, i, "\r\n", out));
            from = i + 1;
        }
    }
    return run(s, from, s.n, "]]>", out);
}

/* indent: the blanks that stand in front of the element. */
static err add_profile(const struct beep_profile_el *p, enum beep_style style, const char *indent,
                       struct buf *out)
{
    bool base64 = p->base64 || (style == BEEP_IN_BASE64 && p->content.n);
    TRY(buf_addf(out, "%s<profile", indent));
    TRY(xml_out_attr("uri", p->uri, out));
    if (base64) TRY(xml_out_attr("encoding", SLICE_LIT("base64"), out));
    if (p->content.n == 0) return buf_add_str(out, " />\r\n");
    TRY(buf_add_byte(out, '>'));
    if (base64) {
        TRY(base64_encode(p->content, out));
    } else if (style == BEEP_ESCAPED) {
        TRY(xml_out_text(p->content, out));
    } else {
        /* the blanks are content too: a long one has to do without them (2.3.1.2) */
        bool airy = p->content.n + 2 * strlen(indent) + 6 <= BEEP_INIT_MAX;
        if (airy) TRY(buf_addf(out, "\r\n%s    ", indent));
        TRY(cdata(p->content, out));
        if (airy) TRY(buf_addf(out, "\r\n%s", indent));
    }
    return buf_add_str(out, "</profile>\r\n");
}

static err add_profiles(const struct beep_el *el, enum beep_style style, struct buf *out)
{
    if (el->profiles == 0) return buf_add_str(out, " />");
    TRY(buf_add_str(out, ">\r\n"));
    for (size_t i = 0; i < el->profiles; i++)
        TRY(add_profile(&el->profile[i], style, "   ", out));
    return buf_addf(out, "</%s>", beep_element_names[el->kind]);
}

static err add_text(const struct beep_el *el, struct buf *out)
{
    return xml_out_tail(beep_element_names[el->kind], el->lang_given ? &el->lang : NULL, el->text, out);
}

static err add_blob(const struct beep_el *el, struct buf *out)
{
    if (el->status == BEEP_BLOB_ABORT) TRY(xml_out_attr("status", SLICE_LIT("abort"), out));
    if (el->status == BEEP_BLOB_COMPLETE) TRY(xml_out_attr("status", SLICE_LIT("complete"), out));
    if (el->blob.n == 0) return buf_add_str(out, " />");
    TRY(buf_add_byte(out, '>'));
    TRY(base64_encode(el->blob, out));
    return buf_add_str(out, "</blob>");
}

static err add_number(const struct beep_el *el, struct buf *out)
{
    return el->number_given ? buf_addf(out, " number='%u'", (unsigned)el->number) : OK;
}

/* Behind the name. */
static err add_rest(const struct beep_el *el, enum beep_style style, struct buf *out)
{
    switch (el->kind) {
    case BEEP_EL_GREETING:
        if (el->features_given) TRY(xml_out_attr("features", el->features, out));
        if (el->localize_given) TRY(xml_out_attr("localize", el->localize, out));
        return add_profiles(el, style, out);
    case BEEP_EL_START:
        TRY(add_number(el, out));
        if (el->server_name_given) TRY(xml_out_attr("serverName", el->server_name, out));
        return add_profiles(el, style, out);
    case BEEP_EL_CLOSE:
        TRY(add_number(el, out));
        if (el->code) TRY(buf_addf(out, " code='%03u'", el->code % 1000u));
        return add_text(el, out);
    case BEEP_EL_ERROR:
        if (el->code) TRY(buf_addf(out, " code='%03u'", el->code % 1000u));
        return add_text(el, out);
    case BEEP_EL_READY:
        if (el->version.n && !slice_eq(el->version, SLICE_LIT("1")))
            TRY(xml_out_attr("version", el->version, out));
        return buf_add_str(out, " />");
    case BEEP_EL_OK:
    case BEEP_EL_PROCEED:
        return buf_add_str(out, " />");
    case BEEP_EL_BLOB:
        return add_blob(el, out);
    default:
        return ERR_USE;
    }
}

static err write_element(const struct beep_el *el, enum beep_style style, struct buf *out)
{
    if (el->kind == BEEP_EL_PROFILE) {
        if (el->profiles != 1) return ERR_USE;
        TRY(add_profile(&el->profile[0], style, "", out));
        buf_unadd(out, 2); /* its CRLF */
        return OK;
    }
    if (el->kind <= BEEP_EL_NONE || el->kind >= BEEP_EL_COUNT) return ERR_USE;
    TRY(buf_addf(out, "<%s", beep_element_names[el->kind]));
    return add_rest(el, style, out);
}

err beep_el_write(const struct beep_el *el, enum beep_style style, struct buf *out)
{
    size_t before = out->n;
    err e = write_element(el, style, out);
    if (e != OK) buf_unadd(out, out->n - before);
    return e;
}

err beep_mgmt_write(const struct beep_el *el, enum beep_style style, struct buf *out)
{
    size_t before = out->n;
    err e = beep_mime_head(BEEP_MEDIA_TYPE, out);
    if (e == OK) e = write_element(el, style, out);
    if (e == OK) e = buf_add_str(out, "\r\n");
    if (e != OK) buf_unadd(out, out->n - before);
    return e;
}
