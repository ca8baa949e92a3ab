/* SPDX-License-Identifier: MIT */
/* The reader of one message.  Each line is passed once, from front to back; iap_scan.c knows lines and words,
 * iap_content.c the content of the data phase, this file the messages of set-up and the responses. */
#include "codec/iap_scan.h"

#include <string.h>

enum severity iap_msg_severity(const struct iap_msg *m)
{
    enum severity worst = SEV_NOTE;
    for (size_t i = 0; i < m->note_n; i++) {
        if (iap_faults[m->note[i].code].severity > worst) worst = iap_faults[m->note[i].code].severity;
    }
    return worst;
}

bool iap_msg_has(const struct iap_msg *m, enum iap_fault_code code)
{
    for (size_t i = 0; i < m->note_n; i++) {
        if (m->note[i].code == code) return true;
    }
    return false;
}

const char *iap_kind_name(enum iap_kind k)
{
    switch (k) {
    case IAP_CONNECT:
        return "connect";
    case IAP_RESPONSE:
        return "response";
    case IAP_UPGRADE:
        return "upgrade";
    case IAP_CHANNEL:
        return "channel";
    case IAP_CONTENT:
        return "content";
    case IAP_NOTHING:
        break;
    }
    return "nothing";
}

/* --- values ------------------------------------------------------------------------------------------- */

static slice read_host(struct iap_scan *s, slice rest)
{
    slice host = iap_scan_value(s, rest);
    if (host.n == 0) {
        iap_scan_note_p(s, IAP_F_NO_HOST, host.p);
        return host;
    }
    switch (iap_host_kind(host)) {
    case IAP_HOST_BAD:
        iap_scan_note_p(s, IAP_F_BAD_HOST, host.p);
        break;
    case IAP_HOST_LOOSE:
        iap_scan_note_p(s, IAP_F_HOST_PORT, host.p);
        break;
    case IAP_HOST_NAME:
    case IAP_HOST_IPV4:
        break;
    }
    return host;
}

static void read_status(struct iap_scan *s, slice rest)
{
    size_t n = 0;
    uint64_t code;
    slice whole = iap_scan_tail(s, rest);
    while (n < whole.n && !iap_is_blank(whole.p[n]))
        n++;
    if (n < whole.n) iap_scan_note_p(s, IAP_F_REASON, whole.p + n);
    if (n != 3 || !slice_number(slice_sub(whole, 0, n), 999, &code)) {
        iap_scan_note_p(s, IAP_F_CODE_DIGITS, whole.p);
        return;
    }
    s->m->code = (uint16_t)code;
    if (code < 100 || code > 599) iap_scan_note_p(s, IAP_F_CODE_RANGE, whole.p);
}

static void read_upgrade(struct iap_scan *s, slice rest)
{
    slice v = iap_scan_tail(s, rest);
    s->m->upgrade = v;
    if (!slice_eq(v, SLICE_LIT(IAP_UPGRADE_TO))) {
        bool only_case = slice_eq_nocase(v, SLICE_LIT(IAP_UPGRADE_TO));
        iap_scan_note_p(s, only_case ? IAP_F_CASE : IAP_F_UPGRADE_VALUE, v.p);
    }
}

static void read_version(struct iap_scan *s, slice rest, size_t line_at)
{
    if (s->m->version.p) iap_scan_note(s, IAP_F_DUP_LINE, line_at);
    slice v = iap_scan_value(s, rest);
    if (slice_eq_nocase(v, SLICE_LIT(IAP_VERSION_PREFIX))) {
        iap_scan_note_p(s, IAP_F_CHANNEL_VERSION_LONG, v.p);
        v = slice_sub(v, 4, v.n);
    } else if (!slice_eq(v, SLICE_LIT(IAP_VERSION))) {
        iap_scan_note(s, IAP_F_CHANNEL_VERSION, line_at);
    }
    if (!s->m->version.p) s->m->version = v;
}

static enum iap_role role_of(struct iap_scan *s, slice v, size_t line_at)
{
    static const struct {
        slice word;
        enum iap_role role;
    } roles[] = {{{(const uint8_t *)"Sender", 6}, IAP_SENDER},
                 {{(const uint8_t *)"Receiver", 8}, IAP_RECEIVER}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (!slice_eq_nocase(v, roles[i].word)) continue;
        if (!slice_eq(v, roles[i].word)) iap_scan_note_p(s, IAP_F_CASE, v.p);
        return roles[i].role;
    }
    iap_scan_note(s, IAP_F_ROLE_VALUE, line_at);
    return IAP_ROLE_NONE;
}

static void read_role(struct iap_scan *s, slice rest, size_t line_at)
{
    struct iap_msg *m = s->m;
    if (m->role_text.p) iap_scan_note(s, IAP_F_DUP_LINE, line_at);
    slice v = iap_scan_value(s, rest);
    enum iap_role role = role_of(s, v, line_at);
    if (m->role_text.p) {
        /* two roles that differ are no role at all */
        if (role != m->role) m->role = IAP_ROLE_NONE;
        return;
    }
    m->role = role;
    m->role_text = v;
}

static err read_via(struct iap_scan *s, slice rest, size_t line_at)
{
    struct iap_msg *m = s->m;
    if (m->via_n == IAP_VIAS_MAX || m->via_n >= s->env->limits.vias)
        return iap_scan_stop(s, IAP_F_VIA_MANY, line_at, ERR_LIMIT);
    iap_scan_blanks(s, &rest);
    m->via[m->via_n++] = read_host(s, rest);
    return OK;
}

/* --- lines -------------------------------------------------------------------------------------------- */

/* Does a line (not yet passed) begin another message?  Then the present one ended with one CRLF (IAP-D10). */
static bool begins_message(slice text, enum iap_kind inside)
{
    struct iap_scan look = {.in = text};
    enum iap_prefix p = iap_scan_prefix(&look, &text);
    switch (iap_scan_word(&look, &text)) {
    case IAP_W_CONNECT:
    case IAP_W_STATUS:
        return p != IAP_PREFIX_NONE;
    case IAP_W_UPGRADE:
        return p != IAP_PREFIX_NONE && inside != IAP_RESPONSE;
    case IAP_W_VERSION:
        return p != IAP_PREFIX_NONE && inside != IAP_CHANNEL;
    case IAP_W_TYPE:
        return p == IAP_PREFIX_NONE;
    case IAP_W_ROLE:
    case IAP_W_VIA:
    case IAP_W_LENGTH:
    case IAP_W_CODING:
    case IAP_W_OTHER:
        break;
    }
    return false;
}

/* A line of which nothing but the host may vary, as printed: no note can come of it.  *host is the rest of
 * the line; false when it takes a closer look. */
static bool printed_line(struct iap_scan *s, slice front, slice *host)
{
    const struct limits *l = &s->env->limits;
    const slice left = {s->in.p + s->at, s->in.n - s->at};
    if (left.n <= front.n || memcmp(left.p, front.p, front.n) != 0) return false;
    const uint8_t *from = left.p + front.n;
    size_t look = left.n - front.n < l->line ? left.n - front.n : l->line;
    const uint8_t *lf = memchr(from, '\n', look);
    if (!lf || lf == from || lf[-1] != '\r') return false;
    size_t n = (size_t)(lf + 1 - left.p);
    if (n > l->line || s->at + n > l->head || s->lines >= l->vias) return false;
    slice name = slice_of(from, (size_t)(lf - 1 - from));
    enum iap_host kind = iap_host_kind(name);
    if (kind != IAP_HOST_NAME && kind != IAP_HOST_IPV4) return false;
    *host = name;
    s->at += n;
    s->lines++;
    return true;
}

static bool printed_via(struct iap_scan *s)
{
    static const slice front = {(const uint8_t *)IAP_VERSION_PREFIX " Via: ", 13};
    struct iap_msg *m = s->m;
    if (m->kind != IAP_CONNECT && m->kind != IAP_RESPONSE) return false;
    if (m->via_n == IAP_VIAS_MAX) return false; /* the limit is kept by the count of lines */
    if (!printed_line(s, front, &m->via[m->via_n])) return false;
    m->via_n++;
    return true;
}

static err read_more_line(struct iap_scan *s, const struct iap_line *l)
{
    struct iap_msg *m = s->m;
    slice rest = l->text;
    bool prefixed = iap_scan_prefix(s, &rest) != IAP_PREFIX_NONE;
    enum iap_word w = iap_scan_word(s, &rest);
    if (w == IAP_W_VIA && (m->kind == IAP_CONNECT || m->kind == IAP_RESPONSE)) {
        if (!prefixed) iap_scan_note(s, IAP_F_VIA_PREFIX, l->at);
        return read_via(s, rest, l->at);
    }
    if (w == IAP_W_UPGRADE && prefixed && m->kind == IAP_RESPONSE && m->code == 101 &&
        slice_eq_nocase(slice_trim(rest), SLICE_LIT(IAP_UPGRADE_TO))) { /* the one form that IAP-D24 excuses */
        iap_scan_note(s, IAP_F_UPGRADE_IN_RESPONSE, l->at);
        return OK;
    }
    if (m->kind == IAP_CHANNEL && (w == IAP_W_ROLE || w == IAP_W_VERSION)) {
        if (w == IAP_W_ROLE && prefixed) iap_scan_note(s, IAP_F_ROLE_PREFIX, l->at);
        if (w == IAP_W_VERSION && m->role_text.p && !m->version.p && !prefixed)
            iap_scan_note(s, IAP_F_NO_PREFIX, l->at);
        iap_scan_blanks(s, &rest);
        if (w == IAP_W_ROLE)
            read_role(s, rest, l->at);
        else
            read_version(s, rest, l->at);
        return OK;
    }
    iap_scan_note(s, IAP_F_UNKNOWN_LINE, l->at);
    return OK;
}

/* The lines behind the first one, up to the blank line that ends a set-up message. */
static err read_lines(struct iap_scan *s)
{
    for (;;) {
        struct iap_line l;
        if (printed_via(s)) continue;
        int ended = iap_scan_end(s);
        if (ended > 0) return OK;
        if (ended < 0) {
            if (s->at < s->in.n || !s->settle) return ERR_MORE;
            iap_scan_note(s, IAP_F_ONE_CRLF, s->at);
            return OK;
        }
        uint8_t c = s->in.p[s->at];
        if ((c < 0x20 && c != '\t' && c != '\r') ||
            c >= 0x7f) { /* TLS behind a 101 that lacks its second CRLF */
            iap_scan_note(s, IAP_F_ONE_CRLF, s->at);
            return OK;
        }
        TRY(iap_scan_peek(s, &l));
        if (begins_message(l.text, s->m->kind)) {
            iap_scan_note(s, IAP_F_ONE_CRLF, s->at);
            return OK;
        }
        TRY(iap_scan_pass(s, &l));
        TRY(read_more_line(s, &l));
    }
}

/* --- one message -------------------------------------------------------------------------------------- */

/* Empty lines in front of a message are left over from the one before. */
static err skip_empty(struct iap_scan *s)
{
    for (int n = 0;; n++) {
        size_t at = s->at;
        int ended = iap_scan_end(s);
        if (ended < 0) return ERR_MORE;
        if (ended == 0) return OK;
        if (n == 4) return iap_scan_stop(s, IAP_F_NOT_IAP, at, ERR_PEER);
        if (n == 0) iap_scan_note(s, IAP_F_STRAY_CRLF, at);
    }
}

/* What stands behind the word of the first line. */
static err read_first_value(struct iap_scan *s, enum iap_word w, slice rest, size_t line_at)
{
    struct iap_msg *m = s->m;
    switch (w) {
    case IAP_W_CONNECT:
        m->kind = IAP_CONNECT;
        if (rest.n) iap_scan_blanks(s, &rest);
        m->host = read_host(s, rest);
        return OK;
    case IAP_W_STATUS:
        m->kind = IAP_RESPONSE;
        read_status(s, rest);
        return OK;
    case IAP_W_UPGRADE:
        m->kind = IAP_UPGRADE;
        iap_scan_blanks(s, &rest);
        read_upgrade(s, rest);
        return OK;
    case IAP_W_VERSION:
        m->kind = IAP_CHANNEL;
        iap_scan_blanks(s, &rest);
        read_version(s, rest, line_at);
        return OK;
    case IAP_W_ROLE:
        m->kind = IAP_CHANNEL;
        iap_scan_note(s, IAP_F_ROLE_FIRST, line_at);
        iap_scan_blanks(s, &rest);
        read_role(s, rest, line_at);
        return OK;
    case IAP_W_TYPE:
    case IAP_W_LENGTH:
    case IAP_W_CODING:
        m->kind = IAP_CONTENT;
        return iap_scan_content_line(s, w, rest, line_at);
    case IAP_W_VIA:
    case IAP_W_OTHER:
        break;
    }
    return iap_scan_stop(s, IAP_F_NOT_IAP, line_at, ERR_PEER);
}

/* The two first lines that most messages of a busy server have, as printed. */
static bool printed_first(struct iap_scan *s)
{
    static const slice connect = {(const uint8_t *)IAP_VERSION_PREFIX " CONNECT ", 16};
    const uint8_t *p = s->in.p + s->at;
    const struct limits *l = &s->env->limits;
    if (s->in.n - s->at < 13 || p[0] != 'I') return false;
    if (p[8] >= '1' && p[8] <= '5') {
        unsigned tens = p[9] - (unsigned)'0', ones = p[10] - (unsigned)'0';
        if (tens > 9 || ones > 9 || p[11] != '\r' || p[12] != '\n' || memcmp(p, connect.p, 8) != 0)
            return false;
        if (l->line < 13 || s->at + 13 > l->head) return false;
        s->m->kind = IAP_RESPONSE;
        s->m->code = (uint16_t)((p[8] - (unsigned)'0') * 100 + tens * 10 + ones);
        s->at += 13;
        s->lines++;
        return true;
    }
    if (!printed_line(s, connect, &s->m->host)) return false;
    s->m->kind = IAP_CONNECT;
    return true;
}

static err read_first(struct iap_scan *s)
{
    struct iap_line l;
    if (printed_first(s)) return OK;
    uint8_t c = s->in.p[s->at];
    if (c < 0x20 || c >= 0x7f) return iap_scan_stop(s, IAP_F_NOT_IAP, s->at, ERR_PEER);
    TRY(iap_scan_peek(s, &l));
    TRY(iap_scan_pass(s, &l));
    slice rest = l.text;
    enum iap_prefix p = iap_scan_prefix(s, &rest);
    enum iap_word w = iap_scan_word(s, &rest);
    bool content = w == IAP_W_TYPE || w == IAP_W_LENGTH || w == IAP_W_CODING;
    if (p == IAP_PREFIX_NONE && !content && w != IAP_W_OTHER) iap_scan_note(s, IAP_F_NO_PREFIX, l.at);
    if (p != IAP_PREFIX_NONE && content) iap_scan_note(s, IAP_F_CONTENT_PREFIX, l.at);
    return read_first_value(s, w, rest, l.at);
}

/* Field by field, one after the other, and the lists by their counts only: a memset, or one empty slice handed from field to field, becomes
 * the most costly part of reading a response. */
static void clear(struct iap_msg *m)
{
    m->kind = IAP_NOTHING;
    m->raw = SLICE_NONE;
    m->host = SLICE_NONE;
    m->upgrade = SLICE_NONE;
    m->code = 0;
    m->version = SLICE_NONE;
    m->role_text = SLICE_NONE;
    m->role = IAP_ROLE_NONE;
    m->type = SLICE_NONE;
    m->length_text = SLICE_NONE;
    m->body = SLICE_NONE;
    m->length = 0;
    m->via_n = m->note_n = 0;
}

err iap_read(const struct env *env, slice in, bool settle, struct iap_msg *m, size_t *used, size_t *need)
{
    struct iap_scan s = {.env = env, .in = in, .settle = settle, .m = m};
    clear(m);
    *used = 0;
    err e = skip_empty(&s);
    if (e == OK) e = read_first(&s);
    if (e == OK) e = m->kind == IAP_CONTENT ? iap_scan_content(&s) : read_lines(&s);
    if (e == OK && m->kind == IAP_CHANNEL) {
        if (!m->version.p) iap_scan_note(&s, IAP_F_NO_CHANNEL_VERSION, 0);
        if (!m->role_text.p) iap_scan_note(&s, IAP_F_NO_ROLE, 0);
    }
    if (e == OK) *used = s.at;
    m->raw = slice_sub(in, 0, e == OK ? s.at : in.n);
    if (need) *need = s.need > in.n ? s.need : in.n + 1;
    return e;
}
