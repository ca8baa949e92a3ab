/* SPDX-License-Identifier: MIT */
/* Text on its way into a document. */
#include "codec/xml.h"

/* One character of UTF-8 (RFC 3629) in *c, with its octets; 0 when there is none. */
static size_t character(slice s, uint32_t *c)
{
    uint8_t a = s.p[0];
    size_t n = a < 0x80 ? 1 : a < 0xc2 ? 0 : a < 0xe0 ? 2 : a < 0xf0 ? 3 : a < 0xf5 ? 4 : 0;
    if (n == 0 || n > s.n) return 0;
    *c = n == 1 ? a : a & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s.p[i] & 0xc0) != 0x80) return 0;
        *c = *c << 6 | (s.p[i] & 0x3fu);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return *c < least[n] || *c > 0x10ffff ? 0 : n;
}

bool xml_takes(slice text)
{
    for (size_t i = 0, n; i < text.n; i += n) {
        uint32_t c;
        n = character(slice_sub(text, i, text.n), &c);
        if (n == 0 || (c < 0x20 && c != '\t' && c != '\n' && c != '\r')) return false;
        if ((c >= 0xd800 && c <= 0xdfff) || c == 0xfffe || c == 0xffff) return false;
    }
    return true;
}

err xml_escape(slice text, struct buf *out)
{
    const size_t before = out->n;
    size_t from = 0;
    err e = OK;
    for (size_t i = 0; i < text.n && e == OK; i++) {
        const char *as = NULL;
        switch (text.p[i]) {
        case '&':
            as = "&amp;";
            break;
        case '<':
            as = "&lt;";
            break;
        case '>':
            as = "&gt;";
            break;
        case '\'':
            as = "&apos;";
            break;
        case '"':
            as = "&quot;";
            break;
        default:
            continue;
        }
        e = buf_add(out, slice_sub(text, from, i));
        if (e == OK) e = buf_add_str(out, as);
        from = i + 1;
    }
    if (e == OK) e = buf_add(out, slice_sub(text, from, text.n));
    if (e != OK) buf_unadd(out, out->n - before);
    return e;
}
