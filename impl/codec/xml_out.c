/* SPDX-License-Identifier: MIT */
#include "codec/xml_out.h"

#include "codec/xml.h"

/* An end of line is CRLF in the document and LF behind the parser, so a CR needs a reference; in an attribute
 * all three would come back as blanks. */
static err escape(slice s, bool attribute, struct buf *out)
{
    size_t from = 0;
    if (!xml_takes(s)) return ERR_USE;
    for (size_t i = 0; i < s.n; i++) {
        const char *as = s.p[i] == '\r'                ? "&#13;"
                         : s.p[i] == '\n'              ? (attribute ? "&#10;" : "\r\n")
                         : s.p[i] == '\t' && attribute ? "&#9;"
                                                       : NULL;
        if (!as) continue;
        TRY(xml_escape(slice_sub(s, from, i), out));
        TRY(buf_add_str(out, as));
        from = i + 1;
    }
    return xml_escape(slice_sub(s, from, s.n), out);
}

err xml_out_attr(const char *name, slice value, struct buf *out)
{
    TRY(buf_addf(out, " %s='", name));
    TRY(escape(value, true, out));
    return buf_add_byte(out, '\'');
}

err xml_out_text(slice text, struct buf *out)
{
    return escape(text, false, out);
}

bool xml_is_white(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool xml_all_white(slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!xml_is_white(s.p[i])) return false;
    }
    return true;
}

slice xml_trim(slice s)
{
    while (s.n && xml_is_white(s.p[0]))
        s = slice_sub(s, 1, s.n);
    while (s.n && xml_is_white(s.p[s.n - 1]))
        s = slice_sub(s, 0, s.n - 1);
    return s;
}

err xml_out_tail(const char *name, const slice *lang, slice text, struct buf *out)
{
    if (lang) TRY(xml_out_attr("xml:lang", *lang, out));
    if (text.n == 0) return buf_add_str(out, " />");
    TRY(buf_add_byte(out, '>'));
    TRY(xml_out_text(text, out));
    return buf_addf(out, "</%s>", name);
}
