/* SPDX-License-Identifier: MIT */
/* The writing side of iap_msg: one composition of named pieces serves endpoints and deliberate mistakes. */
#include "codec/iap_msg.h"

#include <stdio.h>
#include <string.h>

const struct iap_style iap_style_sent = {.length_blanks = 1};
const struct iap_style iap_style_example = {.length_blanks = 1, .role_prefix = true, .no_blank = true};
const struct iap_style iap_style_grammar = {.length_blanks = 2};

#define EOL SLICE_LIT("\r\n")

/* The blanks of a style; more than there is use for are cut off. */
static slice length_blanks(const struct iap_style *st)
{
    return slice_sub(SLICE_LIT("        "), 0, st->length_blanks);
}

/* "IAP/0.3" SP [name SP] value CRLF, or without the prefix. */
static err add_line(struct parts *p, const char *line, bool prefix, const char *name, slice sp, slice value)
{
    if (prefix) {
        TRY(parts_add(p, line, "prefix", SLICE_LIT(IAP_VERSION_PREFIX)));
        TRY(parts_add(p, line, "gap", SLICE_LIT(" ")));
    }
    if (name) {
        TRY(parts_add(p, line, "name", slice_str(name)));
        TRY(parts_add(p, line, "sp", sp));
    }
    TRY(parts_add(p, line, "value", value));
    return parts_add(p, line, "eol", EOL);
}

static err add_vias(struct parts *p, const struct iap_msg *m)
{
    for (uint32_t i = 0; i < m->via_n; i++) {
        char line[16] = "via";
        if (i) snprintf(line, sizeof line, "via%u", (unsigned)(i + 1) % 1000u);
        TRY(add_line(p, line, true, "Via:", SLICE_LIT(" "), m->via[i]));
    }
    return OK;
}

static err compose_content(const struct iap_msg *m, const struct iap_style *st, struct parts *p)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%zu", m->body.n);
    TRY(add_line(p, "type", false, "Content-Type:", SLICE_LIT(" "),
                 m->type.p ? m->type : SLICE_LIT(IAP_MEDIA_TYPE)));
    TRY(add_line(p, "length", false, "Content-Length:", length_blanks(st), slice_of(digits, (size_t)n)));
    if (!st->no_blank) TRY(parts_add(p, "blank", "eol", EOL));
    TRY(parts_add(p, "body", "value", m->body));
    return parts_add(p, "tail", "eol", EOL);
}

err iap_compose(const struct iap_msg *m, const struct iap_style *st, struct parts *p)
{
    const slice sp = SLICE_LIT(" ");
    char code[8];
    switch (m->kind) {
    case IAP_CONNECT:
        TRY(add_line(p, "connect", true, "CONNECT", sp, m->host));
        TRY(add_vias(p, m));
        break;
    case IAP_RESPONSE:
        snprintf(code, sizeof code, "%03u", m->code % 1000u);
        TRY(add_line(p, "status", true, NULL, SLICE_NONE, slice_of(code, 3)));
        TRY(add_vias(p, m));
        break;
    case IAP_UPGRADE:
        TRY(add_line(p, "upgrade", true, "Upgrade:", sp,
                     m->upgrade.p ? m->upgrade : SLICE_LIT(IAP_UPGRADE_TO)));
        break;
    case IAP_CHANNEL: {
        slice role = m->role_text.p            ? m->role_text
                     : m->role == IAP_RECEIVER ? SLICE_LIT("Receiver")
                                               : SLICE_LIT("Sender");
        TRY(add_line(p, "version", true, "IAP-Version:", sp,
                     m->version.p ? m->version : SLICE_LIT(IAP_VERSION)));
        TRY(add_line(p, "role", st->role_prefix, "IAP-Role:", sp, role));
        break;
    }
    case IAP_CONTENT:
        TRY(compose_content(m, st, p));
        break;
    case IAP_NOTHING:
        return ERR_USE;
    }
    return parts_add(p, "end", "eol", EOL);
}

/* The two messages of which a loaded server writes thousands a second go without pieces; a test holds them
 * against iap_compose. */
static err write_plain_status(const struct iap_msg *m, struct buf *out)
{
    unsigned c = m->code % 1000u;
    uint8_t text[] = IAP_VERSION_PREFIX " 000\r\n\r\n";
    text[8] = (uint8_t)('0' + c / 100);
    text[9] = (uint8_t)('0' + c / 10 % 10);
    text[10] = (uint8_t)('0' + c % 10);
    return buf_add(out, slice_of(text, sizeof text - 1));
}

static uint8_t *put(uint8_t *at, slice s)
{
    if (s.n) memcpy(at, s.p, s.n);
    return at + s.n;
}

static err write_content(const struct iap_msg *m, const struct iap_style *st, struct buf *out)
{
    char digits[24];
    const slice type_name = SLICE_LIT("Content-Type: "), length_name = SLICE_LIT("\r\nContent-Length:"),
                type = m->type.p ? m->type : SLICE_LIT(IAP_MEDIA_TYPE), blanks = length_blanks(st),
                length = slice_of(digits, (size_t)snprintf(digits, sizeof digits, "%zu", m->body.n)),
                empty = st->no_blank ? EOL : SLICE_LIT("\r\n\r\n"), tail = SLICE_LIT("\r\n\r\n");
    size_t head = type_name.n + type.n + length_name.n + blanks.n + length.n + empty.n;
    uint8_t *at;
    if (m->body.n > SIZE_MAX - head - tail.n) return ERR_LIMIT;
    TRY(buf_reserve(out, head + m->body.n + tail.n, &at));
    at = put(put(put(at, type_name), type), length_name);
    at = put(put(put(at, blanks), length), empty);
    put(put(at, m->body), tail);
    buf_added(out, head + m->body.n + tail.n);
    return OK;
}

err iap_write(const struct iap_msg *m, const struct iap_style *style, struct buf *out)
{
    struct parts p;
    if (m->kind == IAP_RESPONSE && m->via_n == 0) return write_plain_status(m, out);
    if (m->kind == IAP_CONTENT) return write_content(m, style, out);
    parts_init(&p, out->mem, 128u * 1024);
    err e = iap_compose(m, style, &p);
    if (e == OK) e = parts_write(&p, out);
    parts_done(&p);
    return e;
}
