/* SPDX-License-Identifier: MIT */
/* Writing elements of TUNNEL, and the text forms of addresses. */
#include "codec/beep_mime.h"
#include "codec/tunnel_msg.h"
#include "codec/xml_out.h"

/* --- writing --------------------------------------------------------------------------------------- */

static err indent(size_t depth, struct buf *out)
{
    for (size_t i = 0; i < depth; i++)
        TRY(buf_add_str(out, "  "));
    return OK;
}

/* As the examples have it: each element on a line of its own, two blanks deeper, the innermost one closed in
 * itself. */
static err add_hops(const struct tunnel_msg *m, size_t from, struct buf *out)
{
    if (from >= m->hops || m->hops > TUNNEL_HOPS_MAX) return ERR_USE;
    for (size_t i = from; i < m->hops; i++) {
        const struct tunnel_hop *h = &m->hop[i];
        TRY(indent(i - from, out));
        TRY(buf_add_str(out, "<tunnel"));
        for (int a = 0; a < TUNNEL_ATTRS; a++) {
            if (h->given >> a & 1) TRY(xml_out_attr(tunnel_attr_names[a], h->value[a], out));
        }
        TRY(buf_add_str(out, i + 1 < m->hops ? ">\r\n" : "/>"));
    }
    for (size_t i = m->hops - 1; i-- > from;) {
        TRY(buf_add_str(out, "\r\n"));
        TRY(indent(i - from, out));
        TRY(buf_add_str(out, "</tunnel>"));
    }
    return OK;
}

static err add_element(const struct tunnel_msg *m, size_t from, struct buf *out)
{
    switch (m->kind) {
    case TUNNEL_TUNNEL:
        return add_hops(m, from, out);
    case TUNNEL_OK:
        return buf_add_str(out, "<ok />");
    case TUNNEL_ERROR:
        break;
    default:
        return ERR_USE;
    }
    TRY(buf_add_str(out, "<error"));
    if (m->code) TRY(buf_addf(out, " code='%03u'", m->code % 1000u));
    return xml_out_tail("error", m->lang_given ? &m->lang : NULL, m->text, out);
}

err tunnel_el_write(const struct tunnel_msg *m, size_t from, struct buf *out)
{
    size_t before = out->n;
    err e = add_element(m, from, out);
    if (e != OK) buf_unadd(out, out->n - before);
    return e;
}

err tunnel_msg_write(const struct tunnel_msg *m, size_t from, struct buf *out)
{
    size_t before = out->n;
    err e = beep_mime_head(BEEP_MEDIA_TYPE, out);
    if (e == OK) e = add_element(m, from, out);
    if (e == OK) e = buf_add_str(out, "\r\n");
    if (e != OK) buf_unadd(out, out->n - before);
    return e;
}

/* --- values ---------------------------------------------------------------------------------------- */

bool tunnel_is_ip4(slice s)
{
    for (int group = 0; group < 4; group++) {
        size_t n = 0;
        uint64_t value;
        while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
            n++;
        if (n > 3 || !slice_number(slice_sub(s, 0, n), 255, &value)) return false;
        s = slice_sub(s, n, s.n);
        if (group == 3) return s.n == 0;
        if (s.n == 0 || s.p[0] != '.') return false;
        s = slice_sub(s, 1, s.n);
    }
    return false;
}

static size_t hex_digits(slice s)
{
    size_t n = 0;
    while (n < s.n && ((s.p[n] >= '0' && s.p[n] <= '9') || (s.p[n] >= 'a' && s.p[n] <= 'f') ||
                       (s.p[n] >= 'A' && s.p[n] <= 'F')))
        n++;
    return n;
}

/* Groups of up to four digits, "::" once, and an IPv4 address in the place of the last two. */
bool tunnel_is_ip6(slice s)
{
    unsigned groups = 0;
    bool gap = false;
    if (slice_starts(s, SLICE_LIT("::"))) {
        gap = true;
        s = slice_sub(s, 2, s.n);
    }
    while (s.n) {
        size_t n = hex_digits(s);
        if (n < s.n && s.p[n] == '.') {
            groups += 2;
            return tunnel_is_ip4(s) && (gap ? groups < 8 : groups == 8);
        }
        if (n == 0 || n > 4) return false;
        groups++;
        s = slice_sub(s, n, s.n);
        if (s.n == 0) break;
        if (slice_starts(s, SLICE_LIT("::"))) {
            if (gap) return false;
            gap = true;
            s = slice_sub(s, 2, s.n);
            continue;
        }
        if (s.p[0] != ':' || s.n == 1) return false;
        s = slice_sub(s, 1, s.n);
    }
    return gap ? groups < 8 : groups == 8;
}

/* Two labels with an underscore in front; what else they may hold is not said, so what service names may (RFC
 * 2782). */
bool tunnel_is_srv(slice s)
{
    for (int label = 0; label < 2; label++) {
        size_t n = 1;
        if (s.n == 0 || s.p[0] != '_') return false;
        while (n < s.n && s.p[n] != '.') {
            uint8_t c = s.p[n++];
            bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        c == '-' || c == '_';
            if (!good) return false;
        }
        if (n < 2 || n > 63) return false;
        s = slice_sub(s, n, s.n);
        if (label == 1) return s.n == 0;
        if (s.n == 0) return false;
        s = slice_sub(s, 1, s.n);
    }
    return false;
}
