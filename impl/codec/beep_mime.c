/* SPDX-License-Identifier: MIT */
#include "codec/beep_mime.h"

#include <string.h>

#include "base/base64.h"

/* The header lines being read. */
struct head {
    slice in;
    size_t at;
    struct beep_mime *m;
    bool transfer_given;
};

static err bad(struct beep_mime *m, size_t at)
{
    m->fault_at = (uint32_t)at;
    return ERR_PEER;
}

static err too_long(struct beep_mime *m)
{
    m->fault_at = BEEP_MIME_HEAD_MAX;
    return ERR_LIMIT;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* Octets of a token (RFC 2045 5.1): printable, no blank, none of the specials. */
static bool is_token(uint8_t c)
{
    return c > ' ' && c < 127 && !strchr("()<>@,;:\\\"/[]?=", c);
}

/* Passes blanks, folds and comments, which may be nested (RFC 822 3.1.4; RFC 2045 5.1).  False when a comment
 * has no end. */
static bool skip_blanks(slice v, size_t *at)
{
    size_t depth = 0;
    for (; *at < v.n; (*at)++) {
        uint8_t c = v.p[*at];
        if (c == '(') {
            depth++;
        } else if (depth && c == ')') {
            depth--;
        } else if (depth && c == '\\') {
            (*at)++;
        } else if (!depth && !is_blank(c) && c != '\r' && c != '\n') {
            return true;
        }
    }
    *at = v.n;
    return depth == 0;
}

static slice token(slice v, size_t *at)
{
    size_t from = *at;
    while (*at < v.n && is_token(v.p[*at]))
        (*at)++;
    return slice_sub(v, from, *at);
}

/* A quoted string, with its first quote at *at; false when it has no end. */
static bool quoted(slice v, size_t *at, slice *out)
{
    size_t from = ++*at;
    for (; *at < v.n; (*at)++) {
        if (v.p[*at] == '\\') {
            (*at)++;
        } else if (v.p[*at] == '"') {
            *out = slice_sub(v, from, (*at)++);
            return true;
        }
    }
    *at = v.n;
    return false;
}

/* ; attribute = value.  Nothing behind the semicolon names no parameter and is passed over. */
static bool parameter(slice v, size_t *at, struct beep_mime *m)
{
    slice value;
    ++*at;
    if (!skip_blanks(v, at)) return false;
    if (*at == v.n || v.p[*at] == ';') return true;
    slice name = token(v, at);
    if (name.n == 0 || !skip_blanks(v, at) || *at == v.n || v.p[*at] != '=') return false;
    ++*at;
    if (!skip_blanks(v, at) || *at == v.n) return false;
    if (v.p[*at] == '"') {
        if (!quoted(v, at, &value)) return false;
    } else {
        value = token(v, at);
        if (value.n == 0) return false;
    }
    if (slice_eq_nocase(name, SLICE_LIT("charset"))) m->charset = value;
    return skip_blanks(v, at);
}

/* *at is where it went wrong. */
static bool content_type(slice v, size_t *at, struct beep_mime *m)
{
    *at = 0;
    if (m->typed || !skip_blanks(v, at)) return false;
    size_t from = *at;
    if (token(v, at).n == 0 || !skip_blanks(v, at) || *at == v.n || v.p[*at] != '/') return false;
    ++*at;
    if (!skip_blanks(v, at) || token(v, at).n == 0) return false;
    m->type = slice_sub(v, from, *at);
    m->typed = true;
    if (!skip_blanks(v, at)) return false;
    while (*at < v.n) {
        if (v.p[*at] != ';' || !parameter(v, at, m)) return false;
    }
    return true;
}

static bool transfer(slice v, size_t *at, struct head *h)
{
    static const struct {
        const char *name;
        enum beep_transfer is;
    } known[] = {{"binary", BEEP_BINARY},
                 {"8bit", BEEP_BINARY},
                 {"7bit", BEEP_BINARY},
                 {"base64", BEEP_BASE64},
                 {"quoted-printable", BEEP_QUOTED}};
    *at = 0;
    if (h->transfer_given || !skip_blanks(v, at)) return false;
    slice name = token(v, at);
    if (name.n == 0 || !skip_blanks(v, at) || *at < v.n) return false;
    h->transfer_given = true;
    h->m->transfer = BEEP_TRANSFER_OTHER;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (slice_eq_nocase(name, slice_str(known[i].name))) h->m->transfer = known[i].is;
    }
    return true;
}

/* The end of the line that begins at from, where its CRLF stands.  Each line is looked at once. */
static err line_end(struct head *h, size_t from, size_t *end)
{
    for (size_t i = from; i < h->in.n; i++) {
        if (i >= BEEP_MIME_HEAD_MAX) return too_long(h->m);
        uint8_t c = h->in.p[i];
        if (c == '\n') return bad(h->m, i);
        if (c != '\r') continue;
        if (i + 1 == h->in.n || h->in.p[i + 1] != '\n') return bad(h->m, i);
        *end = i;
        return OK;
    }
    return bad(h->m, h->in.n);
}

/* One header with the lines that it is folded over. */
static err header(struct head *h)
{
    size_t from = h->at, colon = from, end, wrong;
    while (colon < h->in.n && h->in.p[colon] > ' ' && h->in.p[colon] < 127 && h->in.p[colon] != ':')
        colon++;
    if (colon == h->in.n || h->in.p[colon] != ':' || colon == from) {
        return bad(h->m, colon);
    }
    TRY(line_end(h, colon, &end));
    while (end + 2 < h->in.n && is_blank(h->in.p[end + 2]))
        TRY(line_end(h, end + 2, &end));
    slice name = slice_sub(h->in, from, colon), value = slice_sub(h->in, colon + 1, end);
    bool good = true;
    if (slice_eq_nocase(name, SLICE_LIT("Content-Type")))
        good = content_type(value, &wrong, h->m);
    else if (slice_eq_nocase(name, SLICE_LIT("Content-Transfer-Encoding")))
        good = transfer(value, &wrong, h);
    if (!good) return bad(h->m, colon + 1 + wrong);
    h->at = end + 2;
    return OK;
}

err beep_mime_read(slice message, struct beep_mime *m)
{
    struct head h = {.in = message, .m = m};
    *m = (struct beep_mime){.type = SLICE_LIT("application/octet-stream")};
    m->body = slice_sub(message, message.n, message.n);
    if (message.n == 0) return OK; /* neither headers to end nor a body to set apart from them */
    while (!slice_starts(slice_sub(message, h.at, message.n), SLICE_LIT("\r\n"))) {
        if (h.at == message.n) return bad(m, message.n);
        TRY(header(&h));
        if (h.at > BEEP_MIME_HEAD_MAX) return too_long(m);
    }
    m->body = slice_sub(message, h.at + 2, message.n);
    return OK;
}

bool beep_mime_is(const struct beep_mime *m, const char *type)
{
    /* blanks, folds and comments may stand around the stroke */
    size_t at = 0, stroke = slice_find(slice_str(type), SLICE_LIT("/")), n = strlen(type);
    if (stroke == n) return false;
    slice major = token(m->type, &at);
    if (!skip_blanks(m->type, &at) || at == m->type.n) return false;
    at++;
    if (!skip_blanks(m->type, &at)) return false;
    slice minor = token(m->type, &at);
    return slice_eq_nocase(major, slice_of(type, stroke)) &&
           slice_eq_nocase(minor, slice_of(type + stroke + 1, n - stroke - 1));
}

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2045 6.7: "=" and two digits are an octet, "=" at the end of a line joins it with the next one. */
static err unquote(slice body, struct buf *out)
{
    uint8_t *from, *to;
    if (body.n == 0) return OK;
    TRY(buf_reserve(out, body.n, &from));
    to = from;
    for (size_t i = 0; i < body.n; i++) {
        if (body.p[i] != '=') {
            *to++ = body.p[i];
            continue;
        }
        if (body.n - i < 3) return ERR_PEER;
        int a = hex(body.p[i + 1]), b = hex(body.p[i + 2]);
        if (a >= 0 && b >= 0)
            *to++ = (uint8_t)(a << 4 | b);
        else if (body.p[i + 1] != '\r' || body.p[i + 2] != '\n')
            return ERR_PEER;
        i += 2;
    }
    buf_added(out, (size_t)(to - from));
    return OK;
}

err beep_mime_decode(const struct beep_mime *m, struct buf *out)
{
    switch (m->transfer) {
    case BEEP_BINARY:
        return buf_add(out, m->body);
    case BEEP_BASE64:
        return base64_decode(m->body, true, out, NULL);
    case BEEP_QUOTED:
        return unquote(m->body, out);
    case BEEP_TRANSFER_OTHER:
        break;
    }
    return ERR_PEER;
}

#define TYPE_NAME SLICE_LIT("Content-Type:")
#define EOL       SLICE_LIT("\r\n")

err beep_mime_compose(const char *type, slice body, struct parts *out)
{
    if (*type) {
        TRY(parts_add(out, "type", "name", TYPE_NAME));
        TRY(parts_add(out, "type", "sp", SLICE_LIT(" ")));
        TRY(parts_add(out, "type", "value", slice_str(type)));
        TRY(parts_add(out, "type", "eol", EOL));
    }
    TRY(parts_add(out, "blank", "eol", EOL));
    return parts_add(out, "body", "value", body);
}

err beep_mime_head(const char *type, struct buf *out)
{
    return *type ? buf_addf(out, "Content-Type: %s\r\n\r\n", type) : buf_add(out, EOL);
}
