/* SPDX-License-Identifier: MIT */
#include "codec/iap_msg.h"

#include <string.h>

/* One message being read.  at is where the next line begins. */
struct scan {
    const struct env *env;
    slice in;
    size_t at;
    bool settle;
    struct iap_msg *m;
    size_t need;
};

struct line {
    slice text; /* without its end */
    size_t at;  /* position of its first octet */
};

static void note(struct iap_msg *m, enum iap_fault_code code, size_t at)
{
    if (m->note_n < IAP_NOTES_MAX) {
        m->note[m->note_n++] = (struct iap_note){code, (uint32_t)at};
        return;
    }
    /* full: a worse one takes the place of the mildest, so that a verdict cannot drown in trifles */
    size_t mild = 0;
    for (size_t i = 1; i < IAP_NOTES_MAX; i++) {
        if (iap_faults[m->note[i].code].severity < iap_faults[m->note[mild].code].severity) mild = i;
    }
    if (iap_faults[code].severity > iap_faults[m->note[mild].code].severity)
        m->note[mild] = (struct iap_note){code, (uint32_t)at};
}

/* Makes code the first note: the reason why reading stopped. */
static err stop(struct scan *s, enum iap_fault_code code, size_t at, err e)
{
    s->m->note[0] = (struct iap_note){code, (uint32_t)at};
    if (s->m->note_n == 0) s->m->note_n = 1;
    return e;
}

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
    case IAP_CONNECT: return "connect";
    case IAP_RESPONSE: return "response";
    case IAP_UPGRADE: return "upgrade";
    case IAP_CHANNEL: return "channel";
    case IAP_CONTENT: return "content";
    case IAP_NOTHING: break;
    }
    return "nothing";
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

/* The line that begins at s->at, or ERR_MORE, or ERR_LIMIT.  Does not pass it. */
static err peek_line(struct scan *s, struct line *l, size_t *next)
{
    const uint8_t *from = s->in.p + s->at;
    size_t left = s->in.n - s->at, max = s->env->limits.line;
    size_t look = left < max ? left : max;
    const uint8_t *lf = look ? memchr(from, '\n', look) : NULL;
    if (!lf) {
        if (left >= max) return stop(s, IAP_F_LINE_LONG, s->at + max, ERR_LIMIT);
        return ERR_MORE;
    }
    size_t n = (size_t)(lf - from);
    *next = s->at + n + 1;
    l->at = s->at;
    l->text = slice_of(from, n && from[n - 1] == '\r' ? n - 1 : n);
    return OK;
}

/* Passes a line that was peeked, with the checks that every line gets. */
static void pass_line(struct scan *s, const struct line *l, size_t next)
{
    if (next - l->at == l->text.n + 1) note(s->m, IAP_F_BARE_LF, l->at + l->text.n);
    for (size_t i = 0; i < l->text.n; i++) {
        uint8_t c = l->text.p[i];
        if ((c < 0x20 && c != '\t') || c >= 0x7f) {
            note(s->m, IAP_F_BAD_OCTET, l->at + i);
            break;
        }
    }
    s->at = next;
}

/* A blank line ends a set-up message.  1: yes and passed, 0: something else stands there, -1: not known yet. */
static int end_line(struct scan *s)
{
    size_t left = s->in.n - s->at;
    if (left == 0) return -1;
    uint8_t c = s->in.p[s->at];
    if (c == '\n') {
        note(s->m, IAP_F_BARE_LF, s->at);
        s->at++;
        return 1;
    }
    if (c != '\r') return 0;
    if (left == 1) return -1;
    if (s->in.p[s->at + 1] != '\n') return 0;
    s->at += 2;
    return 1;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* Cuts the blanks at the front of *rest and judges them: exactly one SP is the printed form. */
static void cut_blanks(struct scan *s, slice *rest, bool at_least_one)
{
    size_t n = 0;
    while (n < rest->n && is_blank(rest->p[n]))
        n++;
    if (n != 1 || rest->p[0] != ' ') {
        if (n || at_least_one) note(s->m, IAP_F_BLANKS, (size_t)(rest->p - s->in.p));
    }
    *rest = slice_sub(*rest, n, rest->n);
}

/* Blanks at the end of a line are tolerated like all linear white space (RFC 2616 2.1). */
static slice cut_tail(struct scan *s, slice v)
{
    size_t n = v.n;
    while (n && is_blank(v.p[n - 1]))
        n--;
    if (n != v.n) note(s->m, IAP_F_BLANKS, (size_t)(v.p - s->in.p) + n);
    return slice_sub(v, 0, n);
}

/* Passes a word printed in the grammar: letter case is free (IAP-D07), other case is noted. */
static bool cut_word(struct scan *s, slice *rest, slice word)
{
    slice got = slice_sub(*rest, 0, word.n);
    if (!slice_eq(got, word)) {
        if (!slice_eq_nocase(got, word)) return false;
        note(s->m, IAP_F_CASE, (size_t)(rest->p - s->in.p));
    }
    *rest = slice_sub(*rest, word.n, rest->n);
    return true;
}

/* A header name with its colon; blanks before the colon are implied LWS. */
static bool cut_name(struct scan *s, slice *rest, slice name_colon)
{
    slice bare = slice_sub(name_colon, 0, name_colon.n - 1), try = *rest;
    if (slice_starts_nocase(*rest, name_colon)) return cut_word(s, rest, name_colon);
    if (!slice_starts_nocase(*rest, bare)) return false;
    try = slice_sub(try, bare.n, try.n);
    size_t n = 0;
    while (n < try.n && is_blank(try.p[n]))
        n++;
    if (n == 0 || n == try.n || try.p[n] != ':') return false;
    note(s->m, IAP_F_BLANKS, (size_t)(try.p - s->in.p));
    *rest = slice_sub(try, n + 1, try.n);
    return true;
}

enum prefix { PREFIX_NONE, PREFIX_GOOD, PREFIX_OTHER };

/* Passes "IAP/x.y" and the blanks behind it. */
static enum prefix cut_prefix(struct scan *s, slice *rest)
{
    static const uint8_t fast[] = IAP_VERSION_PREFIX " ";
    if (rest->n > 8 && memcmp(rest->p, fast, 8) == 0 && !is_blank(rest->p[8])) {
        *rest = slice_sub(*rest, 8, rest->n);
        return PREFIX_GOOD;
    }
    if (!slice_starts_nocase(*rest, SLICE_LIT("IAP/"))) return PREFIX_NONE;
    size_t n = 4;
    while (n < rest->n && !is_blank(rest->p[n]))
        n++;
    slice word = slice_sub(*rest, 0, n);
    bool good = slice_eq_nocase(word, SLICE_LIT(IAP_VERSION_PREFIX));
    if (!good) note(s->m, IAP_F_VERSION, (size_t)(word.p - s->in.p));
    else if (!slice_eq(word, SLICE_LIT(IAP_VERSION_PREFIX))) note(s->m, IAP_F_CASE, (size_t)(word.p - s->in.p));
    *rest = slice_sub(*rest, n, rest->n);
    cut_blanks(s, rest, true);
    return good ? PREFIX_GOOD : PREFIX_OTHER;
}

/* One word up to a blank; whatever follows is too much. */
static slice cut_value(struct scan *s, slice rest)
{
    size_t n = 0;
    rest = cut_tail(s, rest);
    while (n < rest.n && !is_blank(rest.p[n]))
        n++;
    if (n < rest.n) note(s->m, IAP_F_TRAILING, (size_t)(rest.p - s->in.p) + n);
    return slice_sub(rest, 0, n);
}

/* --- set-up messages ---------------------------------------------------------------------------------------------- */

static slice read_host(struct scan *s, slice rest, size_t line_end)
{
    slice host = cut_value(s, rest);
    size_t at = host.n ? (size_t)(host.p - s->in.p) : line_end;
    if (host.n == 0) {
        note(s->m, IAP_F_NO_HOST, at);
        return host;
    }
    switch (iap_host_kind(host)) {
    case IAP_HOST_BAD: note(s->m, IAP_F_BAD_HOST, at); break;
    case IAP_HOST_LOOSE: note(s->m, IAP_F_HOST_PORT, at); break;
    case IAP_HOST_NAME:
    case IAP_HOST_IPV4: break;
    }
    return host;
}

static void read_status(struct scan *s, slice rest)
{
    size_t n = 0, at = (size_t)(rest.p - s->in.p);
    slice whole = cut_tail(s, rest);
    while (n < whole.n && !is_blank(whole.p[n]))
        n++;
    uint64_t code;
    slice digits = slice_sub(whole, 0, n);
    if (n < whole.n) note(s->m, IAP_F_REASON, at + n);
    if (n != 3 || !slice_number(digits, 999, &code)) {
        note(s->m, IAP_F_CODE_DIGITS, at);
        return;
    }
    s->m->code = (uint16_t)code;
    if (code < 100 || code > 599) note(s->m, IAP_F_CODE_RANGE, at);
}

static void read_upgrade(struct scan *s, slice rest)
{
    slice v = cut_tail(s, rest);
    s->m->upgrade = v;
    if (!slice_eq(v, SLICE_LIT(IAP_UPGRADE_TO))) {
        bool only_case = slice_eq_nocase(v, SLICE_LIT(IAP_UPGRADE_TO));
        note(s->m, only_case ? IAP_F_CASE : IAP_F_UPGRADE_VALUE, (size_t)(v.p - s->in.p));
    }
}

static void read_version(struct scan *s, slice rest, size_t line_at)
{
    if (s->m->version.p) note(s->m, IAP_F_DUP_LINE, line_at);
    slice v = cut_value(s, rest);
    if (slice_eq_nocase(v, SLICE_LIT(IAP_VERSION_PREFIX))) {
        note(s->m, IAP_F_CHANNEL_VERSION_LONG, (size_t)(v.p - s->in.p));
        v = slice_sub(v, 4, v.n);
    } else if (!slice_eq(v, SLICE_LIT(IAP_VERSION))) {
        note(s->m, IAP_F_CHANNEL_VERSION, line_at);
    }
    if (!v.p) v = slice_of(s->in.p + line_at, 0); /* present, though empty */
    if (!s->m->version.p) s->m->version = v;
}

static void read_role(struct scan *s, slice rest, size_t line_at)
{
    if (s->m->role_text.p) note(s->m, IAP_F_DUP_LINE, line_at);
    slice v = cut_value(s, rest);
    enum iap_role role = IAP_ROLE_NONE;
    if (slice_eq_nocase(v, SLICE_LIT("Sender"))) role = IAP_SENDER;
    else if (slice_eq_nocase(v, SLICE_LIT("Receiver"))) role = IAP_RECEIVER;
    if (role == IAP_ROLE_NONE) note(s->m, IAP_F_ROLE_VALUE, line_at);
    else if (v.p[0] != 'S' && v.p[0] != 'R') note(s->m, IAP_F_CASE, (size_t)(v.p - s->in.p));
    if (!v.p) v = slice_of(s->in.p + line_at, 0);
    if (s->m->role_text.p) {
        /* two roles that differ are no role at all */
        if (role != s->m->role) s->m->role = IAP_ROLE_NONE;
        return;
    }
    s->m->role = role;
    s->m->role_text = v;
}

static err read_via(struct scan *s, slice rest, bool prefixed, const struct line *l)
{
    if (!prefixed) note(s->m, IAP_F_VIA_PREFIX, l->at);
    if (s->m->via_n == IAP_VIAS_MAX || s->m->via_n >= s->env->limits.vias)
        return stop(s, IAP_F_VIA_MANY, l->at, ERR_LIMIT);
    cut_blanks(s, &rest, true);
    s->m->via[s->m->via_n++] = read_host(s, rest, l->at + l->text.n);
    return OK;
}

/* What a line is, by its first word behind the prefix. */
enum line_kind { L_OTHER, L_CONNECT, L_STATUS, L_UPGRADE, L_VERSION, L_ROLE, L_VIA, L_TYPE, L_LENGTH, L_CODING };

/* Decides and passes the word.  A status code has no word of its own: a digit begins it. */
static enum line_kind cut_kind(struct scan *s, slice *rest)
{
    static const struct {
        const char *word;
        uint8_t n;
        uint8_t kind;
    } names[] = {{"IAP-Version:", 12, L_VERSION},   {"IAP-Role:", 9, L_ROLE},
                 {"Via:", 4, L_VIA},                {"Upgrade:", 8, L_UPGRADE},
                 {"Content-Type:", 13, L_TYPE},     {"Content-Length:", 15, L_LENGTH},
                 {"Transfer-Encoding:", 18, L_CODING}};
    if (rest->n && rest->p[0] >= '0' && rest->p[0] <= '9') return L_STATUS;
    slice word = slice_sub(*rest, 0, 7);
    if (slice_eq_nocase(word, SLICE_LIT("CONNECT")) && (rest->n == 7 || is_blank(rest->p[7]))) {
        cut_word(s, rest, SLICE_LIT("CONNECT"));
        return L_CONNECT;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (rest->n && (rest->p[0] | 0x20) != (names[i].word[0] | 0x20)) continue;
        if (cut_name(s, rest, slice_of(names[i].word, names[i].n))) return (enum line_kind)names[i].kind;
    }
    return L_OTHER;
}

/* Does a line (not yet passed) begin another message?  Then the present one ended with one CRLF (IAP-D10). */
static bool begins_message(slice text, enum iap_kind inside)
{
    struct iap_msg dummy = {0};
    struct scan s = {.in = text, .m = &dummy};
    slice rest = text;
    enum prefix p = cut_prefix(&s, &rest);
    switch (cut_kind(&s, &rest)) {
    case L_CONNECT:
    case L_STATUS: return p != PREFIX_NONE;
    case L_UPGRADE: return p != PREFIX_NONE && inside != IAP_RESPONSE;
    case L_VERSION: return p != PREFIX_NONE && inside != IAP_CHANNEL;
    case L_TYPE: return p == PREFIX_NONE;
    case L_ROLE:
    case L_VIA:
    case L_LENGTH:
    case L_CODING:
    case L_OTHER: break;
    }
    return false;
}

static err read_more_line(struct scan *s, const struct line *l)
{
    struct iap_msg *m = s->m;
    slice rest = l->text;
    bool prefixed = cut_prefix(s, &rest) != PREFIX_NONE;
    enum line_kind k = cut_kind(s, &rest);
    if (k == L_VIA && (m->kind == IAP_CONNECT || m->kind == IAP_RESPONSE)) return read_via(s, rest, prefixed, l);
    if (k == L_UPGRADE && m->kind == IAP_RESPONSE) {
        note(m, IAP_F_UPGRADE_IN_RESPONSE, l->at);
        return OK;
    }
    if (m->kind == IAP_CHANNEL && (k == L_ROLE || k == L_VERSION)) {
        if (k == L_ROLE && prefixed) note(m, IAP_F_ROLE_PREFIX, l->at);
        if (k == L_VERSION && m->role_text.p && !m->version.p && !prefixed) note(m, IAP_F_NO_PREFIX, l->at);
        cut_blanks(s, &rest, true);
        if (k == L_ROLE) read_role(s, rest, l->at);
        else read_version(s, rest, l->at);
        return OK;
    }
    note(m, IAP_F_UNKNOWN_LINE, l->at);
    return OK;
}

/* The lines behind the first one, up to the blank line that ends a set-up message. */
static err read_lines(struct scan *s)
{
    for (;;) {
        struct line l;
        size_t next;
        int ended = end_line(s);
        if (ended > 0) return OK;
        if (ended < 0 && s->in.n - s->at == 0 && s->settle) {
            note(s->m, IAP_F_ONE_CRLF, s->at);
            return OK;
        }
        if (ended < 0) return ERR_MORE;
        uint8_t c = s->in.p[s->at];
        if ((c < 0x20 && c != '\t' && c != '\r') || c >= 0x7f) { /* TLS behind a 101 that lacks its second CRLF */
            note(s->m, IAP_F_ONE_CRLF, s->at);
            return OK;
        }
        TRY(peek_line(s, &l, &next));
        if (begins_message(l.text, s->m->kind)) {
            note(s->m, IAP_F_ONE_CRLF, s->at);
            return OK;
        }
        pass_line(s, &l, next);
        if (s->at > s->env->limits.head) return stop(s, IAP_F_HEAD_LONG, s->at, ERR_LIMIT);
        TRY(read_more_line(s, &l));
    }
}

static void check_channel(struct scan *s)
{
    if (!s->m->version.p) note(s->m, IAP_F_NO_CHANNEL_VERSION, 0);
    if (!s->m->role_text.p) note(s->m, IAP_F_NO_ROLE, 0);
}

/* --- content ------------------------------------------------------------------------------------------------------ */

static void read_type(struct scan *s, slice rest, size_t line_at)
{
    struct iap_msg *m = s->m;
    if (m->type.p) {
        note(m, IAP_F_DUP_LINE, line_at);
        return;
    }
    cut_blanks(s, &rest, true);
    slice v = cut_tail(s, rest);
    size_t semicolon = slice_find(v, SLICE_LIT(";"));
    if (semicolon < v.n) note(m, IAP_F_TYPE_PARAMS, (size_t)(v.p - s->in.p) + semicolon);
    v = slice_trim(slice_sub(v, 0, semicolon));
    if (v.n == 0) note(m, IAP_F_NO_TYPE, line_at);
    else if (!slice_eq_nocase(v, SLICE_LIT(IAP_MEDIA_TYPE))) note(m, IAP_F_TYPE_OTHER, (size_t)(v.p - s->in.p));
    if (!v.p) v = slice_of(s->in.p + line_at, 0);
    m->type = v;
}

static err read_length(struct scan *s, slice rest, size_t line_at)
{
    struct iap_msg *m = s->m;
    size_t n = 0;
    if (m->length_text.p) {
        note(m, IAP_F_DUP_LINE, line_at);
        slice again = slice_trim(rest);
        if (!slice_eq(again, m->length_text)) return stop(s, IAP_F_LENGTH_VALUE, line_at, ERR_PEER);
        return OK;
    }
    if (!m->type.p) note(m, IAP_F_CONTENT_ORDER, line_at);
    while (n < rest.n && rest.p[n] == ' ')
        n++;
    if (n != 1 && n != 2) note(m, IAP_F_LENGTH_BLANKS, (size_t)(rest.p - s->in.p));
    else if (n < rest.n && rest.p[n] == '\t') note(m, IAP_F_LENGTH_BLANKS, (size_t)(rest.p - s->in.p) + n);
    slice v = slice_trim(rest);
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9') return stop(s, IAP_F_LENGTH_VALUE, line_at, ERR_PEER);
    }
    if (v.n == 0) return stop(s, IAP_F_LENGTH_VALUE, line_at, ERR_PEER);
    if (!slice_number(v, s->env->limits.content, &m->length)) return stop(s, IAP_F_CONTENT_LONG, line_at, ERR_LIMIT);
    m->length_text = v;
    return OK;
}

static err read_content_line(struct scan *s, const struct line *l)
{
    slice rest = l->text;
    if (cut_prefix(s, &rest) != PREFIX_NONE) note(s->m, IAP_F_CONTENT_PREFIX, l->at);
    switch (cut_kind(s, &rest)) {
    case L_TYPE: read_type(s, rest, l->at); return OK;
    case L_LENGTH: return read_length(s, rest, l->at);
    case L_CODING: note(s->m, IAP_F_CHUNKED, l->at); return OK;
    case L_CONNECT:
    case L_STATUS:
    case L_UPGRADE:
    case L_VERSION:
    case L_ROLE:
    case L_VIA:
    case L_OTHER: break;
    }
    note(s->m, IAP_F_UNKNOWN_LINE, l->at);
    return OK;
}

/* 1 when the octets at s->at begin a further content header line, 0 when not, -1 when that is not known yet.  Behind the
 * Content-Length line the body may follow at once (IAP-D03), so only the names that a content can have count. */
static int header_follows(const struct scan *s)
{
    static const char *const names[] = {"Content-Type", "Content-Length", "Transfer-Encoding"};
    slice left = slice_sub(s->in, s->at, s->in.n);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        slice name = slice_str(names[i]);
        slice have = slice_sub(left, 0, name.n);
        if (!slice_starts_nocase(name, have)) continue;
        if (have.n < name.n) return s->settle ? 0 : -1;
        return 1;
    }
    return 0;
}

/* Header lines up to the body.  The first line was passed already. */
static err read_content_head(struct scan *s)
{
    struct iap_msg *m = s->m;
    for (;;) {
        struct line l;
        size_t next;
        int ended = end_line(s);
        if (ended > 0) break;
        bool complete = m->type.p && m->length_text.p;
        if (ended < 0) {
            if (complete && m->length == 0 && s->settle && s->at == s->in.n) break;
            return ERR_MORE;
        }
        if (complete) {
            int more = header_follows(s);
            if (more < 0) return ERR_MORE;
            if (more == 0) {
                note(m, IAP_F_NO_BLANK, s->at);
                break;
            }
        }
        TRY(peek_line(s, &l, &next));
        pass_line(s, &l, next);
        if (s->at > s->env->limits.head) return stop(s, IAP_F_HEAD_LONG, s->at, ERR_LIMIT);
        TRY(read_content_line(s, &l));
    }
    if (!m->length_text.p) return stop(s, IAP_F_NO_LENGTH, 0, ERR_PEER);
    if (!m->type.p) {
        note(m, IAP_F_NO_TYPE, 0);
        m->type = slice_of(s->in.p, 0);
    }
    return OK;
}

/* The two CRLF behind the body, of which the tolerant reading misses none, one or both (IAP-D04). */
static err read_tail(struct scan *s)
{
    static const uint8_t want[] = "\r\n\r\n";
    size_t left = s->in.n - s->at, n = 0;
    while (n < 4 && n < left && s->in.p[s->at + n] == want[n])
        n++;
    if (n == 4) {
        s->at += 4;
        return OK;
    }
    if (n == left && !s->settle) {
        s->need = s->at + left + 1;
        return ERR_MORE;
    }
    note(s->m, IAP_F_TAIL, s->at + n);
    s->at += n & ~(size_t)1; /* a lone CR belongs to whatever comes next */
    return OK;
}

static err read_content(struct scan *s)
{
    TRY(read_content_head(s));
    struct iap_msg *m = s->m;
    if (m->length > s->in.n - s->at) {
        s->need = s->at + (size_t)m->length;
        return ERR_MORE;
    }
    m->body = slice_of(s->in.p + s->at, (size_t)m->length);
    s->at += (size_t)m->length;
    return read_tail(s);
}

/* --- one message -------------------------------------------------------------------------------------------------- */

/* Empty lines in front of a message are left over from the one before. */
static err skip_empty(struct scan *s)
{
    for (int n = 0;; n++) {
        size_t left = s->in.n - s->at;
        if (left == 0) return ERR_MORE;
        size_t eol = s->in.p[s->at] == '\n' ? 1 : 0;
        if (s->in.p[s->at] == '\r') {
            if (left == 1) return ERR_MORE;
            if (s->in.p[s->at + 1] == '\n') eol = 2;
        }
        if (!eol) return OK;
        if (n == 4) return stop(s, IAP_F_NOT_IAP, s->at, ERR_PEER);
        if (n == 0) note(s->m, IAP_F_STRAY_CRLF, s->at);
        s->at += eol;
    }
}

static err read_first(struct scan *s)
{
    struct iap_msg *m = s->m;
    struct line l;
    size_t next;
    uint8_t c = s->in.p[s->at];
    if (c < 0x20 || c >= 0x7f) return stop(s, IAP_F_NOT_IAP, s->at, ERR_PEER);
    TRY(peek_line(s, &l, &next));
    pass_line(s, &l, next);
    slice rest = l.text;
    enum prefix p = cut_prefix(s, &rest);
    enum line_kind k = cut_kind(s, &rest);
    bool content = k == L_TYPE || k == L_LENGTH || k == L_CODING;
    if (p == PREFIX_NONE && !content && k != L_OTHER) note(m, IAP_F_NO_PREFIX, l.at);
    switch (k) {
    case L_CONNECT:
        m->kind = IAP_CONNECT;
        cut_blanks(s, &rest, rest.n != 0);
        m->host = read_host(s, rest, l.at + l.text.n);
        break;
    case L_STATUS:
        m->kind = IAP_RESPONSE;
        read_status(s, rest);
        break;
    case L_UPGRADE:
        m->kind = IAP_UPGRADE;
        cut_blanks(s, &rest, true);
        read_upgrade(s, rest);
        break;
    case L_VERSION:
        m->kind = IAP_CHANNEL;
        cut_blanks(s, &rest, true);
        read_version(s, rest, l.at);
        break;
    case L_ROLE:
        m->kind = IAP_CHANNEL;
        note(m, IAP_F_ROLE_FIRST, l.at);
        cut_blanks(s, &rest, true);
        read_role(s, rest, l.at);
        break;
    case L_TYPE:
    case L_LENGTH:
    case L_CODING:
        m->kind = IAP_CONTENT;
        if (p != PREFIX_NONE) note(m, IAP_F_CONTENT_PREFIX, l.at);
        if (k == L_TYPE) read_type(s, rest, l.at);
        else if (k == L_CODING) note(m, IAP_F_CHUNKED, l.at);
        else TRY(read_length(s, rest, l.at));
        break;
    case L_VIA:
    case L_OTHER: return stop(s, IAP_F_NOT_IAP, l.at, ERR_PEER);
    }
    return OK;
}

err iap_read(const struct env *env, slice in, bool settle, struct iap_msg *m, size_t *used, size_t *need)
{
    struct scan s = {.env = env, .in = in, .settle = settle, .m = m, .need = 0};
    memset(m, 0, offsetof(struct iap_msg, via));
    *used = 0;
    if (need) *need = in.n + 1;
    err e = skip_empty(&s);
    if (e == OK) e = read_first(&s);
    if (e == OK) e = m->kind == IAP_CONTENT ? read_content(&s) : read_lines(&s);
    if (e == OK && m->kind == IAP_CHANNEL) check_channel(&s);
    if (e == OK) *used = s.at;
    if (e == ERR_MORE && need && s.need > *need) *need = s.need;
    return e;
}
