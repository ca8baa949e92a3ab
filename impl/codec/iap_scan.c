/* SPDX-License-Identifier: MIT */
#include "codec/iap_scan.h"

#include <string.h>

/* A message has at most its Via lines and three others; the surplus leaves room for unknown lines, and ends a
 * flood of short ones before reading it again with each octet costs anything. */
enum { LINES_BESIDE_VIA = 16 };

/* --- notes -------------------------------------------------------------------------------------------- */

/* The notes below from stay. */
static void keep_note(struct iap_msg *m, struct iap_note n, size_t from)
{
    if (m->note_n < IAP_NOTES_MAX) {
        m->note[m->note_n++] = n;
        return;
    }
    /* full: a worse one takes the place of the mildest, so that a verdict cannot drown in trifles */
    size_t mild = from;
    for (size_t i = from + 1; i < IAP_NOTES_MAX; i++) {
        if (iap_faults[m->note[i].code].severity < iap_faults[m->note[mild].code].severity) mild = i;
    }
    if (iap_faults[n.code].severity > iap_faults[m->note[mild].code].severity) m->note[mild] = n;
}

void iap_scan_note(struct iap_scan *s, enum iap_fault_code code, size_t at)
{
    if (s->m) keep_note(s->m, (struct iap_note){code, (uint32_t)at}, 0);
}

void iap_scan_note_p(struct iap_scan *s, enum iap_fault_code code, const uint8_t *p)
{
    iap_scan_note(s, code, (size_t)(p - s->in.p));
}

err iap_scan_stop(struct iap_scan *s, enum iap_fault_code code, size_t at, err e)
{
    struct iap_msg *m = s->m;
    struct iap_note why = {code, (uint32_t)at}, first = m->note_n ? m->note[0] : why;
    m->note[0] = why;
    if (m->note_n == 0) m->note_n = 1;
    else keep_note(m, first, 1);
    return e;
}

/* --- lines -------------------------------------------------------------------------------------------- */

err iap_scan_peek(struct iap_scan *s, struct iap_line *l)
{
    const uint8_t *from = s->in.p + s->at;
    size_t left = s->in.n - s->at, max = s->env->limits.line;
    size_t look = left < max ? left : max;
    const uint8_t *lf = look ? memchr(from, '\n', look) : NULL;
    if (!lf) {
        if (left >= max) return iap_scan_stop(s, IAP_F_LINE_LONG, s->at + max, ERR_LIMIT);
        return ERR_MORE;
    }
    size_t n = (size_t)(lf - from);
    l->at = s->at;
    l->next = s->at + n + 1;
    l->text = slice_of(from, n && from[n - 1] == '\r' ? n - 1 : n);
    return OK;
}

/* Eight octets at once: a bit in the result for an octet below 0x20, of 0x7f, or with its high bit set.  May
 * also be set for HT and, by a borrow, for an octet behind one that is odd; the slow look decides. */
static uint64_t odd_octets(const uint8_t *p)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    uint64_t v;
    memcpy(&v, p, sizeof v);
    uint64_t del = v ^ (ones * 0x7f);
    return (v | ((v - ones * 0x20) & ~v) | ((del - ones) & ~del)) & high;
}

/* Position of the first octet that no header line may have; t.n when all are fine. */
static size_t bad_octet(slice t)
{
    size_t i = 0;
    for (;;) {
        while (t.n - i >= 8 && !odd_octets(t.p + i))
            i += 8;
        size_t end = t.n - i >= 8 ? i + 8 : t.n;
        for (; i < end; i++) {
            uint8_t c = t.p[i];
            if ((c < 0x20 && c != '\t') || c >= 0x7f) return i;
        }
        if (i == t.n) return i;
    }
}

err iap_scan_pass(struct iap_scan *s, const struct iap_line *l)
{
    if (l->next - l->at == l->text.n + 1) iap_scan_note(s, IAP_F_BARE_LF, l->at + l->text.n);
    size_t bad = bad_octet(l->text);
    if (bad < l->text.n) iap_scan_note(s, IAP_F_BAD_OCTET, l->at + bad);
    s->at = l->next;
    s->lines++;
    if (s->at > s->env->limits.head || s->lines > s->env->limits.vias + LINES_BESIDE_VIA)
        return iap_scan_stop(s, IAP_F_HEAD_LONG, s->at, ERR_LIMIT);
    return OK;
}

int iap_scan_end(struct iap_scan *s)
{
    size_t left = s->in.n - s->at;
    if (left == 0) return -1;
    uint8_t c = s->in.p[s->at];
    if (c == '\n') {
        iap_scan_note(s, IAP_F_BARE_LF, s->at);
        s->at++;
        return 1;
    }
    if (c != '\r') return 0;
    if (left == 1) return -1;
    if (s->in.p[s->at + 1] != '\n') return 0;
    s->at += 2;
    return 1;
}

/* --- words -------------------------------------------------------------------------------------------- */

static size_t blanks_at_front(slice s)
{
    size_t n = 0;
    while (n < s.n && iap_is_blank(s.p[n]))
        n++;
    return n;
}

void iap_scan_blanks(struct iap_scan *s, slice *rest)
{
    size_t n = blanks_at_front(*rest);
    if (n != 1 || rest->p[0] != ' ') iap_scan_note_p(s, IAP_F_BLANKS, rest->p);
    *rest = slice_sub(*rest, n, rest->n);
}

/* Blanks at the end of a line are tolerated like all linear white space (RFC 2616 2.1). */
slice iap_scan_tail(struct iap_scan *s, slice v)
{
    size_t n = v.n;
    while (n && iap_is_blank(v.p[n - 1]))
        n--;
    if (n != v.n) iap_scan_note_p(s, IAP_F_BLANKS, v.p + n);
    return slice_sub(v, 0, n);
}

slice iap_scan_value(struct iap_scan *s, slice rest)
{
    size_t n = 0;
    rest = iap_scan_tail(s, rest);
    while (n < rest.n && !iap_is_blank(rest.p[n]))
        n++;
    if (n < rest.n) iap_scan_note_p(s, IAP_F_TRAILING, rest.p + n);
    return slice_sub(rest, 0, n);
}

enum iap_prefix iap_scan_prefix(struct iap_scan *s, slice *rest)
{
    if (rest->n > 8 && memcmp(rest->p, IAP_VERSION_PREFIX " ", 8) == 0 && !iap_is_blank(rest->p[8])) {
        *rest = slice_of(rest->p + 8, rest->n - 8);
        return IAP_PREFIX_GOOD;
    }
    if (!slice_starts_nocase(*rest, SLICE_LIT("IAP/"))) return IAP_PREFIX_NONE;
    size_t n = 4;
    while (n < rest->n && !iap_is_blank(rest->p[n]))
        n++;
    slice word = slice_sub(*rest, 0, n);
    bool good = slice_eq_nocase(word, SLICE_LIT(IAP_VERSION_PREFIX));
    if (!good)
        iap_scan_note_p(s, IAP_F_VERSION, word.p);
    else if (!slice_eq(word, SLICE_LIT(IAP_VERSION_PREFIX)))
        iap_scan_note_p(s, IAP_F_CASE, word.p);
    *rest = slice_sub(*rest, n, rest->n);
    iap_scan_blanks(s, rest);
    return good ? IAP_PREFIX_GOOD : IAP_PREFIX_OTHER;
}

/* A header name and its colon; other letter case is noted (IAP-D07), and so are blanks before the colon
 * (implied LWS). */
static bool cut_name(struct iap_scan *s, slice *rest, const char *name, size_t n)
{
    if (rest->n <= n) return false;
    bool same = memcmp(rest->p, name, n) == 0;
    if (same && rest->p[n] == ':') {
        *rest = slice_of(rest->p + n + 1, rest->n - n - 1);
        return true;
    }
    if (!same && !slice_eq_nocase(slice_of(rest->p, n), slice_of(name, n))) return false;
    size_t blanks = blanks_at_front(slice_sub(*rest, n, rest->n));
    if (n + blanks == rest->n || rest->p[n + blanks] != ':') return false;
    if (!same) iap_scan_note_p(s, IAP_F_CASE, rest->p);
    if (blanks) iap_scan_note_p(s, IAP_F_BLANKS, rest->p + n);
    *rest = slice_sub(*rest, n + blanks + 1, rest->n);
    return true;
}

static bool cut_connect(struct iap_scan *s, slice *rest)
{
    static const char word[] = "CONNECT";
    const size_t n = sizeof word - 1;
    if (rest->n < n || (rest->n > n && !iap_is_blank(rest->p[n]))) return false;
    if (memcmp(rest->p, word, n) != 0) {
        if (!slice_eq_nocase(slice_of(rest->p, n), SLICE_LIT(word))) return false;
        iap_scan_note_p(s, IAP_F_CASE, rest->p);
    }
    *rest = slice_sub(*rest, n, rest->n);
    return true;
}

#define NAME(text, word) (cut_name(s, rest, text, sizeof(text) - 1) ? (word) : IAP_W_OTHER)

enum iap_word iap_scan_word(struct iap_scan *s, slice *rest)
{
    if (!rest->n) return IAP_W_OTHER;
    uint8_t c = rest->p[0];
    if (c >= '0' && c <= '9') return IAP_W_STATUS;
    switch (c | 0x20) {
    case 'c':
        if (cut_connect(s, rest)) return IAP_W_CONNECT;
        if (cut_name(s, rest, "Content-Type", 12)) return IAP_W_TYPE;
        return NAME("Content-Length", IAP_W_LENGTH);
    case 'i':
        if (cut_name(s, rest, "IAP-Version", 11)) return IAP_W_VERSION;
        return NAME("IAP-Role", IAP_W_ROLE);
    case 't':
        return NAME("Transfer-Encoding", IAP_W_CODING);
    case 'u':
        return NAME("Upgrade", IAP_W_UPGRADE);
    case 'v':
        return NAME("Via", IAP_W_VIA);
    default:
        return IAP_W_OTHER;
    }
}
