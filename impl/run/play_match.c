/* SPDX-License-Identifier: MIT */
#include "run/play_match.h"

#include <stdio.h>
#include <string.h>

static slice value_of(const struct scn_octets *o)
{
    return slice_of(o->p, o->n);
}

static bool name_fits(slice want, const char *name)
{
    if (slice_eq(want, SLICE_LIT("any"))) return true;
    if (slice_eq(want, SLICE_LIT("close")))
        return strcmp(name, "fin") == 0 || strcmp(name, "reset") == 0 || strcmp(name, "close-notify") == 0;
    return slice_eq(want, slice_str(name));
}

/* * for any run of octets; the last star wins back. */
static bool glob(slice pattern, slice text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.n && pattern.p[p] == text.p[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

static bool digits_fit(slice want, slice have)
{
    bool x = false;
    if (want.n != have.n || !want.n) return false;
    for (size_t i = 0; i < want.n; i++) {
        bool digit = have.p[i] >= '0' && have.p[i] <= '9';
        if (!digit) return false;
        if (want.p[i] == 'x') x = true;
        else if (want.p[i] != have.p[i]) return false;
    }
    return x;
}

static bool value_fits(slice want, slice have)
{
    if (slice_eq(want, have) || digits_fit(want, have)) return true;
    return slice_find(want, SLICE_LIT("*")) < want.n && glob(want, have);
}

static const slice *field_of(const struct play_event *ev, const char *key)
{
    for (size_t i = 0; i < ev->fields; i++) {
        if (strcmp(ev->field[i].key, key) == 0) return &ev->field[i].value;
    }
    return NULL;
}

/* Raw octets grow as more of them come: the beginning of what is wanted may become the whole. */
static enum play_match octets_fit(struct player *p, const struct scn_arg *a, const struct play_event *ev)
{
    slice want = value_of(&a->value[0]);
    const slice *have = field_of(ev, "is");
    if (slice_eq(want, SLICE_LIT("same"))) want = buf_slice(&p->raw_sent[!ev->end]);
    if (!have || have->n > want.n || !slice_eq(*have, slice_sub(want, 0, have->n))) return MATCH_NO;
    return have->n == want.n ? MATCH_YES : MATCH_PARTLY;
}

enum play_match play_matches(struct player *p, const struct scn_stmt *s, const struct play_event *ev)
{
    const struct scn_arg *names = scn_first(s);
    bool hit = false;
    if (!names) return MATCH_NO;
    for (size_t i = 0; i < names->values && !hit; i++)
        hit = name_fits(value_of(&names->value[i]), ev->name);
    if (!hit) return MATCH_NO;
    for (size_t i = 0; i < s->args; i++) {
        const struct scn_arg *a = &s->arg[i];
        if (!a->key) continue;
        if (strcmp(a->key, "is") == 0 && strcmp(ev->name, "octets") == 0) {
            enum play_match m = octets_fit(p, a, ev);
            if (m != MATCH_YES) return m;
            continue;
        }
        const slice *have = field_of(ev, a->key);
        bool fits = false;
        for (size_t k = 0; k < a->values && !fits; k++)
            fits = value_fits(value_of(&a->value[k]), have ? *have : SLICE_NONE);
        if (fits == a->negated) return MATCH_NO;
    }
    return MATCH_YES;
}

bool play_is_silence(const struct scn_stmt *s)
{
    const struct scn_arg *names = scn_first(s);
    for (size_t i = 0; names && i < names->values; i++) {
        if (slice_eq(value_of(&names->value[i]), SLICE_LIT("silence"))) return true;
    }
    return false;
}

static void printable(slice v, size_t most, char *out, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < v.n && at + 5 < n && i < most; i++) {
        uint8_t c = v.p[i];
        if (c >= 0x20 && c < 0x7f) out[at++] = (char)c;
        else at += (size_t)snprintf(out + at, n - at, "\\x%02x", c);
    }
    if (v.n > most && at + 4 < n) at += (size_t)snprintf(out + at, n - at, "...");
    out[at] = 0;
}

void play_describe(const struct play_event *ev, char *out, size_t n)
{
    int w = snprintf(out, n, "%s", ev->name);
    size_t at = w > 0 && (size_t)w < n ? (size_t)w : n - 1;
    for (size_t i = 0; i < ev->fields; i++) {
        char v[176];
        if (!ev->field[i].value.n) continue;
        /* why something is no answer is a sentence, and its end says what is wrong */
        printable(ev->field[i].value, strcmp(ev->field[i].key, "why") == 0 ? 120 : 40, v, sizeof v);
        w = snprintf(out + at, n - at, " %s=%s", ev->field[i].key, v);
        if (w < 0 || (size_t)w >= n - at) return;
        at += (size_t)w;
    }
}

void play_wanted(const struct scn_stmt *s, char *out, size_t n)
{
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < s->args; i++) {
        const struct scn_arg *a = &s->arg[i];
        int w = snprintf(out + at, n - at, "%s%s%s", at ? " " : "", a->key ? a->key : "",
                         !a->key ? "" : a->negated ? "!=" : "=");
        if (w < 0 || (size_t)w >= n - at) return;
        at += (size_t)w;
        for (size_t k = 0; k < a->values; k++) {
            char v[96];
            printable(value_of(&a->value[k]), 40, v, sizeof v);
            w = snprintf(out + at, n - at, "%s%s", k ? "|" : "", v);
            if (w < 0 || (size_t)w >= n - at) return;
            at += (size_t)w;
        }
    }
}
