/* SPDX-License-Identifier: MIT */
/* The part of the reader of iap_msg that knows iap-content (4.3.5). */
#include "codec/iap_scan.h"

#include <string.h>

static void read_type(struct iap_scan *s, slice rest, size_t line_at)
{
    struct iap_msg *m = s->m;
    static const uint8_t usual[] = " " IAP_MEDIA_TYPE;
    if (m->type.p) {
        iap_scan_note(s, IAP_F_DUP_LINE, line_at);
        return;
    }
    if (m->length_text.p) iap_scan_note(s, IAP_F_CONTENT_ORDER, line_at);
    if (rest.n == sizeof usual - 1 && memcmp(rest.p, usual, sizeof usual - 1) == 0) {
        m->type = slice_sub(rest, 1, rest.n);
        return;
    }
    iap_scan_blanks(s, &rest);
    slice v = iap_scan_tail(s, rest);
    size_t semicolon = slice_find(v, SLICE_LIT(";"));
    if (semicolon < v.n) iap_scan_note_p(s, IAP_F_TYPE_PARAMS, v.p + semicolon);
    v = slice_trim(slice_sub(v, 0, semicolon));
    if (v.n == 0)
        iap_scan_note(s, IAP_F_NO_TYPE, line_at);
    else if (!slice_eq_nocase(v, SLICE_LIT(IAP_MEDIA_TYPE)))
        iap_scan_note_p(s, IAP_F_TYPE_OTHER, v.p);
    else if (!slice_eq(v, SLICE_LIT(IAP_MEDIA_TYPE)))
        iap_scan_note_p(s, IAP_F_CASE, v.p);
    m->type = v;
}

/* One SP (the example) and two (the grammar) are as printed; whatever else is tolerated (IAP-D02). */
static slice cut_length_blanks(struct iap_scan *s, slice rest)
{
    size_t sp = 0, n;
    while (sp < rest.n && rest.p[sp] == ' ')
        sp++;
    n = sp;
    while (n < rest.n && iap_is_blank(rest.p[n]))
        n++;
    if (n < rest.n && (n != sp || (n != 1 && n != 2))) iap_scan_note_p(s, IAP_F_LENGTH_BLANKS, rest.p);
    return iap_scan_tail(s, slice_sub(rest, n, rest.n));
}

static err read_length(struct iap_scan *s, slice rest, size_t line_at)
{
    struct iap_msg *m = s->m;
    slice v = cut_length_blanks(s, rest);
    if (m->length_text.p) {
        iap_scan_note(s, IAP_F_DUP_LINE, line_at);
        /* two lengths leave it open where the next message begins */
        return slice_eq(v, m->length_text) ? OK : iap_scan_stop(s, IAP_F_LENGTH_VALUE, line_at, ERR_PEER);
    }
    if (v.n == 0) return iap_scan_stop(s, IAP_F_LENGTH_VALUE, line_at, ERR_PEER);
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9') return iap_scan_stop(s, IAP_F_LENGTH_VALUE, line_at, ERR_PEER);
    }
    if (!slice_number(v, s->env->limits.content, &m->length))
        return iap_scan_stop(s, IAP_F_CONTENT_LONG, line_at, ERR_LIMIT);
    m->length_text = v;
    return OK;
}

err iap_scan_content_line(struct iap_scan *s, enum iap_word w, slice rest, size_t line_at)
{
    switch (w) {
    case IAP_W_TYPE:
        read_type(s, rest, line_at);
        return OK;
    case IAP_W_LENGTH:
        return read_length(s, rest, line_at);
    case IAP_W_CODING:
        iap_scan_note(s, IAP_F_CHUNKED, line_at);
        return OK;
    case IAP_W_CONNECT:
    case IAP_W_STATUS:
    case IAP_W_UPGRADE:
    case IAP_W_VERSION:
    case IAP_W_ROLE:
    case IAP_W_VIA:
    case IAP_W_OTHER:
        break;
    }
    iap_scan_note(s, IAP_F_UNKNOWN_LINE, line_at);
    return OK;
}

/* 1 when the octets at s->at begin a further content header line, 0 when not, -1 when that is not known yet.
 * Behind the Content-Length line the body may follow at once (IAP-D03), so only the names that a content can
 * have count. */
static int header_follows(const struct iap_scan *s)
{
    static const slice names[] = {{(const uint8_t *)"Content-Type", 12},
                                  {(const uint8_t *)"Content-Length", 14},
                                  {(const uint8_t *)"Transfer-Encoding", 17}};
    slice left = slice_sub(s->in, s->at, s->in.n);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        slice have = slice_sub(left, 0, names[i].n);
        if (!slice_starts_nocase(names[i], have)) continue;
        if (have.n < names[i].n) return s->settle ? 0 : -1;
        return 1;
    }
    return 0;
}

/* Header lines up to the body.  The first line was passed already. */
static err read_head(struct iap_scan *s)
{
    struct iap_msg *m = s->m;
    for (;;) {
        struct iap_line l;
        int ended = iap_scan_end(s);
        if (ended > 0) break;
        bool complete = m->type.p && m->length_text.p;
        if (ended < 0) {
            /* nothing more will come, and an empty body is whole without its blank line */
            if (!complete || !s->settle || s->at < s->in.n) return ERR_MORE;
            iap_scan_note(s, IAP_F_NO_BLANK, s->at);
            break;
        }
        if (complete) {
            int more = header_follows(s);
            if (more < 0) return ERR_MORE;
            if (more == 0) {
                iap_scan_note(s, IAP_F_NO_BLANK, s->at);
                break;
            }
        }
        TRY(iap_scan_peek(s, &l));
        TRY(iap_scan_pass(s, &l));
        slice rest = l.text;
        if (iap_scan_prefix(s, &rest) != IAP_PREFIX_NONE) iap_scan_note(s, IAP_F_CONTENT_PREFIX, l.at);
        enum iap_word w = iap_scan_word(s, &rest);
        TRY(iap_scan_content_line(s, w, rest, l.at));
    }
    if (!m->length_text.p) return iap_scan_stop(s, IAP_F_NO_LENGTH, 0, ERR_PEER);
    if (!m->type.p) {
        iap_scan_note(s, IAP_F_NO_TYPE, 0);
        m->type = slice_of(s->in.p, 0);
    }
    return OK;
}

/* The two CRLF behind the body, of which the tolerant reading misses none, one or both (IAP-D04). */
static err read_tail(struct iap_scan *s)
{
    for (int k = 0; k < 2; k++) {
        int ended = iap_scan_end(s);
        if (ended > 0) continue;
        if (ended < 0 && !s->settle) return ERR_MORE;
        iap_scan_note(s, IAP_F_TAIL, s->at);
        return OK;
    }
    return OK;
}

err iap_scan_content(struct iap_scan *s)
{
    TRY(read_head(s));
    struct iap_msg *m = s->m;
    if (m->length > s->in.n - s->at) {
        s->need = s->at + (size_t)m->length + 1; /* whether the tail is there shows behind the body only */
        return ERR_MORE;
    }
    m->body = slice_of(s->in.p + s->at, (size_t)m->length);
    s->at += (size_t)m->length;
    return read_tail(s);
}
