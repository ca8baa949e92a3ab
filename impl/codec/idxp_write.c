/* SPDX-License-Identifier: MIT */
/* Writing elements of IDXP, and the forms of values. */
#include "codec/idxp_value.h"
#include "codec/xml_out.h"

/* --- writing --------------------------------------------------------------------------------------- */

static err add_option(const struct idxp_option *o, struct buf *out)
{
    TRY(buf_add_str(out, "  <Option"));
    if (o->internal_given) TRY(xml_out_attr("internal", o->internal, out));
    if (o->external_given) TRY(xml_out_attr("external", o->external, out));
    if (o->must_understand || o->must_understand_given)
        TRY(buf_addf(out, " mustUnderstand='%s'", o->must_understand ? "true" : "false"));
    if (o->localize_given) TRY(xml_out_attr("localize", o->localize, out));
    if (o->kind == IDXP_OPTION_PRIORITY)
        return buf_addf(out, ">\r\n    <channelPriority priority='%u' />\r\n  </Option>\r\n",
                        (unsigned)o->priority);
    if (o->kind == IDXP_OPTION_STREAM)
        return buf_addf(out, ">\r\n    <streamType type='%s' />\r\n  </Option>\r\n",
                        idxp_stream_names[o->stream]);
    if (o->content.n == 0) return buf_add_str(out, " />\r\n");
    TRY(buf_add_byte(out, '>'));
    TRY(buf_add(out, o->content));
    return buf_add_str(out, "</Option>\r\n");
}

static err add_greeting(const struct idxp_msg *m, struct buf *out)
{
    TRY(buf_add_str(out, "<IDXP-Greeting"));
    if (m->uri_given) TRY(xml_out_attr("uri", m->uri, out));
    if (m->role != IDXP_NO_ROLE) TRY(buf_addf(out, " role='%s'", idxp_role_names[m->role]));
    if (m->fqdn_given) TRY(xml_out_attr("fqdn", m->fqdn, out));
    if (m->ip_given) TRY(xml_out_attr("ip", m->ip, out));
    if (m->options == 0 && m->text.n == 0) return buf_add_str(out, " />");
    TRY(buf_add_byte(out, '>'));
    TRY(xml_out_text(m->text, out));
    if (m->options) TRY(buf_add_str(out, "\r\n"));
    for (size_t i = 0; i < m->options; i++)
        TRY(add_option(&m->option[i], out));
    return buf_add_str(out, "</IDXP-Greeting>");
}

static err add_error(const struct idxp_msg *m, struct buf *out)
{
    TRY(buf_add_str(out, "<error"));
    if (m->code) TRY(buf_addf(out, " code='%03u'", m->code % 1000u));
    return xml_out_tail("error", m->lang_given ? &m->lang : NULL, m->text, out);
}

static err add_element(const struct idxp_msg *m, struct buf *out)
{
    switch (m->kind) {
    case IDXP_GREETING:
        return add_greeting(m, out);
    case IDXP_OK:
        return buf_add_str(out, "<ok />");
    case IDXP_ERROR:
        return add_error(m, out);
    default:
        return ERR_USE;
    }
}

err idxp_el_write(const struct idxp_msg *m, struct buf *out)
{
    size_t before = out->n;
    err e = add_element(m, out);
    if (e != OK) buf_unadd(out, out->n - before);
    return e;
}

err idxp_msg_write(const struct idxp_msg *m, struct buf *out)
{
    size_t before = out->n;
    err e = idxp_data_head(IDXP_XML, out);
    if (e == OK) e = add_element(m, out);
    if (e == OK) e = buf_add_str(out, "\r\n");
    if (e != OK) buf_unadd(out, out->n - before);
    return e;
}

err idxp_data_head(enum idxp_kind kind, struct buf *out)
{
    switch (kind) {
    case IDXP_XML:
        return beep_mime_head("text/xml", out);
    case IDXP_TEXT:
        return beep_mime_head("text/plain", out);
    case IDXP_BINARY:
        return beep_mime_head("application/octet-stream", out);
    default:
        return ERR_USE;
    }
}

/* --- values ---------------------------------------------------------------------------------------- */

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool idxp_is_uri(slice s)
{
    static const char marks[] = "-._~:/?#[]@!$&'()*+,;=";
    size_t i = 0;
    if (s.n == 0 || !is_letter(s.p[0])) return false;
    while (i < s.n &&
           (is_letter(s.p[i]) || is_digit(s.p[i]) || s.p[i] == '+' || s.p[i] == '-' || s.p[i] == '.'))
        i++;
    if (i + 1 >= s.n || s.p[i] != ':') return false;
    for (i++; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (c == '%') {
            if (s.n - i < 3 || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2])) return false;
        } else if (!is_letter(c) && !is_digit(c)) {
            size_t k = 0;
            while (marks[k] && (uint8_t)marks[k] != c)
                k++;
            if (!marks[k]) return false;
        }
    }
    return true;
}

bool idxp_is_fqdn(slice s)
{
    size_t label = 0;
    if (s.n && s.p[s.n - 1] == '.') s = slice_sub(s, 0, s.n - 1);
    if (s.n == 0 || s.n > 253) return false; /* 255 on the wire (RFC 1035 2.3.4) */
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        bool edge = label == 0 || i + 1 == s.n || s.p[i + 1] == '.';
        if (c == '.') {
            if (label == 0) return false;
            label = 0;
            continue;
        }
        if (!is_letter(c) && !is_digit(c) && (c != '-' || edge)) return false;
        if (++label > 63) return false;
    }
    return label > 0;
}

bool idxp_is_ip(slice s, bool *range)
{
    size_t at = 0;
    *range = false;
    for (int group = 0; group < 4; group++) {
        unsigned n = 0, value = 0;
        for (; at < s.n && is_digit(s.p[at]) && n < 3; n++)
            value = value * 10 + (unsigned)(s.p[at++] - '0');
        if (n == 0) return false;
        if (value > 255) *range = true;
        if (group < 3 && (at == s.n || s.p[at++] != '.')) return false;
    }
    return at == s.n;
}
