/* SPDX-License-Identifier: MIT */
#include "run/result.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cap/pcapng.h"
#include "run/doc.h"
#include "run/rungs.h"

enum {
    SLUG_MAX = 120,              /* with a suffix and an extension below the 255 octets of a file name */
    FILE_MAX = 64 << 20,         /* of one case: some alerts of the largest size */
    TRANSCRIPT_OCTETS = 64 << 10 /* of one message; the capture has the rest */
};

/* ---- names ---- */

static size_t slug_part(char *to, size_t n, const char *s)
{
    if (!s || !s[0]) return n;
    if (n && n < SLUG_MAX) to[n++] = '-';
    for (; *s && n < SLUG_MAX; s++) {
        char c = *s;
        bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                    (c == '.' && n);
        if (safe)
            to[n++] = c;
        else if (n && to[n - 1] != '-')
            to[n++] = '-';
    }
    return n;
}

static uint32_t hash(uint32_t h, const char *s)
{
    for (; s && *s; s++)
        h = (h ^ (uint8_t)*s) * 16777619u;
    return h;
}

static bool taken(const struct run_results *rs, const struct result *r, const char *stem)
{
    for (size_t i = 0; i < rs->n; i++) /* without case: some file systems see none */
        if (&rs->r[i] != r && rs->r[i].saved && strcasecmp(rs->r[i].saved, stem) == 0) return true;
    return false;
}

/* DIR/SLUG that no other result of this run has; NULL when memory is short. */
static char *stem_of(const struct run_results *rs, const struct result *r, const char *dir)
{
    char slug[SLUG_MAX + 32];
    size_t n = slug_part(slug, 0, r->id);
    n = slug_part(slug, n, r->split);
    n = slug_part(slug, n, r->vary);
    while (n && slug[n - 1] == '-')
        n--;
    if (n == 0) slug[n++] = '_';
    if (n >= SLUG_MAX - 1) {
        uint32_t h = hash(hash(hash(2166136261u, r->id), r->split), r->vary);
        n = SLUG_MAX - 10;
        n += (size_t)snprintf(slug + n, sizeof slug - n, "-%08x", (unsigned)h);
    }
    size_t dn = strlen(dir);
    while (dn > 1 && dir[dn - 1] == '/')
        dn--;
    size_t room = dn + 1 + sizeof slug;
    char *stem = mem_new(rs->mem, room);
    if (!stem) return NULL;
    int k = snprintf(stem, room, "%.*s/%.*s", (int)dn, dir, (int)n, slug);
    for (size_t i = 2; taken(rs, r, stem) && i < rs->n + 2; i++)
        snprintf(stem + k, room - (size_t)k, "-%zu", i);
    return stem;
}

/* ---- transcript ---- */

static void words(struct doc *d, const char *key, const char *s)
{
    if (!s || !s[0]) return;
    doc_fmt(d, "%-9s", key);
    doc_text(d, slice_str(s)); /* one line each, whatever a peer made of its words */
    doc_str(d, "\n");
}

static void octets(struct doc *d, slice s)
{
    slice shown = slice_sub(s, 0, TRANSCRIPT_OCTETS);
    if (!doc_is_text(shown)) {
        doc_hex(d, shown, "           ");
    } else {
        for (size_t at = 0; at < shown.n;) {
            slice line = slice_sub(shown, at, shown.n);
            size_t lf = slice_find(line, SLICE_LIT("\n"));
            line = slice_sub(line, 0, lf + 1);
            doc_str(d, "           ");
            doc_text(d, line);
            doc_str(d, "\n");
            at += line.n;
        }
    }
    if (shown.n < s.n) doc_fmt(d, "           ... %zu more octets\n", s.n - shown.n);
}

static void transcript_rung(struct doc *d, const struct ladder *l, const struct rung *g)
{
    doc_fmt(d, "%s%3llu.%03llu  ", g->violating ? "!!" : "  ", (unsigned long long)(g->ms / 1000),
            (unsigned long long)(g->ms % 1000));
    if (g->kind == RUNG_NOTE)
        doc_str(d, "* ");
    else if (!rung_directed(g))
        doc_fmt(d, "%.40s -- peer  ", rung_end(l, g));
    else
        doc_fmt(d, g->from_peer ? "%.40s <- peer  " : "%.40s -> peer  ", rung_end(l, g));
    if (g->secured) doc_str(d, "[tls] ");
    doc_text(d, slice_str(g->label));
    if (g->octets.n) doc_fmt(d, "  (%zu octets)", g->octets.n);
    doc_str(d, "\n");
    octets(d, g->octets);
    if (!g->violating) return;
    doc_str(d, "!!         ");
    if (g->clause) doc_fmt(d, "%.60s (section %.40s) ", clauses[g->clause].id, clauses[g->clause].section);
    if (g->defect) doc_fmt(d, "%.60s ", defects[g->defect].id);
    doc_text(d, slice_str(g->why));
    doc_str(d, "\n");
}

static void transcript(struct doc *d, const struct run_results *rs, const struct result *r)
{
    words(d, "case", r->id);
    words(d, "title", r->title);
    words(d, "verdict", verdict_names[r->verdict]);
    words(d, "reason", r->reason);
    words(d, "role", r->role ? r->role : rs->role);
    words(d, "peer", rs->peer);
    words(d, "tls", rs->tls);
    words(d, "split", r->split);
    words(d, "vary", r->vary);
    words(d, "waived", r->waived);
    words(d, "version", rs->version);
    for (size_t i = 0; i < r->clauses; i++) {
        const struct clause *c = &clauses[r->clause[i]];
        doc_fmt(d, "%-9s%.60s (%.20s, section %.40s): ", "clause", c->id, c->word, c->section);
        doc_str(d, c->text);
        doc_str(d, "\n");
    }
    for (size_t i = 0; i < r->defects; i++) {
        doc_fmt(d, "%-9s%.60s: ", "defect", defects[r->defect[i]].id);
        doc_str(d, defects[r->defect[i]].title);
        doc_str(d, "\n");
    }
    doc_str(d, "\n");
    for (size_t i = 0; i < r->ladder.rungs && d->failed == OK; i++)
        transcript_rung(d, &r->ladder, &r->ladder.rung[i]);
}

/* ---- capture ---- */

struct taping {
    struct pcapng *p;
    struct pcapng_flow to;
    int flow;  /* the last of this end, -1 */
    bool used; /* it carried something */
    bool peer_is_client;
    uint16_t next_port;
};

/* The peer's own address where it is one, else one of those kept for documentation. */
static void peer_address(const char *peer, struct pcapng_flow *f)
{
    unsigned a[4], port;
    char rest;
    f->server_ip = 0xc0000202; /* 192.0.2.2 */
    f->server_port = 7000;
    if (!peer || sscanf(peer, "%3u.%3u.%3u.%3u:%5u%c", &a[0], &a[1], &a[2], &a[3], &port, &rest) != 5) return;
    if (a[0] > 255 || a[1] > 255 || a[2] > 255 || a[3] > 255 || port == 0 || port > 65535) return;
    f->server_ip = a[0] << 24 | a[1] << 16 | a[2] << 8 | a[3];
    f->server_port = (uint16_t)port;
}

static void tape_end(struct taping *t, struct pcapng *p, const struct run_results *rs, size_t end,
                     const char *name)
{
    struct pcapng_flow f = {.client_ip = 0xc0000201, .client_port = (uint16_t)(40000 + 4000 * (end % 6))};
    peer_address(rs->peer, &f);
    /* At the far side of a relay the peer opened the connection, to us. */
    bool far = name && strcmp(name, "far") == 0;
    if (far) {
        uint32_t ip = f.server_ip;
        f = (struct pcapng_flow){
            .client_ip = ip, .server_ip = 0xc0000203, .client_port = f.client_port, .server_port = 7001};
    }
    /* So it is where we are its name server; what came by TCP is shown by UDP as well. */
    bool dns = name && strcmp(name, "dns") == 0;
    if (dns) {
        uint32_t ip = f.server_ip;
        f = (struct pcapng_flow){.client_ip = ip, .server_ip = 0xc0000203, .client_port = f.client_port, .server_port = 53, .udp = true};
    }
    *t = (struct taping){.p = p, .to = f, .flow = -1, .peer_is_client = far || dns};
}

static err tape_open(struct taping *t, uint64_t us)
{
    TRY(pcapng_open(t->p, &t->to, us, &t->flow));
    t->to.client_port++; /* the next connection of this end is another conversation */
    t->used = false;
    return OK;
}

static err tape_comment(struct buf *b, const struct rung *g)
{
    struct doc d = {b, OK};
    buf_clear(b);
    doc_text(&d, slice_str(g->label));
    if (g->secured) doc_str(&d, " (inside TLS)");
    if (g->violating) {
        doc_str(&d, "\nbreaks ");
        doc_str(&d, g->clause ? clauses[g->clause].id : "a rule");
        doc_str(&d, ": ");
        doc_text(&d, slice_str(g->why));
    }
    return d.failed;
}

static err tape_rung(struct taping *t, const struct rung *g, struct buf *comment)
{
    static const enum pcapng_end signals[] = {
        [RUNG_EV_FIN] = PCAPNG_FIN, [RUNG_EV_RESET] = PCAPNG_RST, [RUNG_EV_URGENT] = PCAPNG_URG};
    bool from_client = g->from_peer == t->peer_is_client;
    enum rung_event ev = rung_event(g);
    uint64_t us = g->ms * 1000;
    if (ev == RUNG_EV_OPEN) return t->flow < 0 || t->used ? tape_open(t, us) : OK;
    bool signal = ev == RUNG_EV_FIN || ev == RUNG_EV_RESET || ev == RUNG_EV_URGENT;
    if (!signal && g->octets.n == 0) return OK;
    if (t->flow < 0) TRY(tape_open(t, us));
    t->used = true;
    if (signal) {
        /* a second end of the same side is a rung too many, no reason to lose the capture */
        err e = pcapng_signal(t->p, t->flow, from_client, signals[ev], us);
        return e == ERR_USE ? OK : e;
    }
    TRY(tape_comment(comment, g));
    const char *c = buf_str(comment);
    if (!c) return ERR_MEM;
    err e = pcapng_data(t->p, t->flow, from_client, g->octets, us, c);
    if (e != ERR_USE) return e;
    TRY(tape_open(t, us)); /* octets after an end: a new connection whose beginning was not noted */
    t->used = true;
    return pcapng_data(t->p, t->flow, from_client, g->octets, us, c);
}

static err capture(struct buf *out, const struct run_results *rs, const struct result *r)
{
    const struct ladder *l = &r->ladder;
    size_t ends = 1;
    for (size_t i = 0; i < l->rungs; i++)
        if (l->rung[i].end >= 0 && (size_t)l->rung[i].end >= ends) ends = (size_t)l->rung[i].end + 1;
    if (ends > 64) return ERR_LIMIT; /* a scenario names a handful */
    char app[80];
    snprintf(app, sizeof app, "Draftproof %.60s", rs->version ? rs->version : "");
    struct pcapng *p;
    struct buf comment;
    struct taping *t = mem_new(rs->mem, ends * sizeof *t);
    if (!t) return ERR_MEM;
    err e = pcapng_new(rs->mem, out, app, &p);
    if (e != OK) {
        mem_free(rs->mem, t);
        return e;
    }
    buf_init(&comment, rs->mem, 1 << 20);
    for (size_t i = 0; i < ends; i++)
        tape_end(&t[i], p, rs, i, l->ends && i < l->end_count ? l->ends[i] : NULL);
    for (size_t i = 0; i < l->rungs && e == OK; i++)
        if (l->rung[i].end >= 0 && l->rung[i].kind != RUNG_NOTE)
            e = tape_rung(&t[l->rung[i].end], &l->rung[i], &comment);
    buf_done(&comment);
    pcapng_free(p);
    mem_free(rs->mem, t);
    return e;
}

/* ---- the contract ---- */

static err save_one(const struct run_results *rs, const char *stem, const char *end, struct doc *d, char *why,
                    size_t why_n)
{
    size_t n = strlen(stem) + 16;
    char *path = mem_new(rs->mem, n);
    if (!path) {
        if (why_n) snprintf(why, why_n, "%s: out of memory", stem);
        return ERR_MEM;
    }
    snprintf(path, n, "%s%s", stem, end);
    err e = doc_save(d, path, why, why_n);
    mem_free(rs->mem, path);
    buf_clear(d->out);
    d->failed = OK;
    return e;
}

err report_save(struct run_results *rs, struct result *r, const char *dir, char *why, size_t why_n)
{
    struct buf out;
    if (why_n) why[0] = 0;
    if (mkdir(dir, 0777) != 0 && errno != EEXIST) {
        if (why_n) snprintf(why, why_n, "%s: %s", dir, strerror(errno));
        return ERR_SYS;
    }
    char *stem = stem_of(rs, r, dir);
    if (!stem) {
        if (why_n) snprintf(why, why_n, "%s: out of memory", dir);
        return ERR_MEM;
    }
    buf_init(&out, rs->mem, FILE_MAX);
    struct doc d = {&out, OK};
    d.failed = capture(&out, rs, r);
    err e = save_one(rs, stem, ".pcapng", &d, why, why_n);
    if (e == OK) {
        transcript(&d, rs, r);
        e = save_one(rs, stem, ".txt", &d, why, why_n);
    }
    if (e == OK) {
        d.failed = report_ladder(&r->ladder, 100, &out);
        e = save_one(rs, stem, ".ladder.txt", &d, why, why_n);
    }
    buf_done(&out);
    if (e != OK) {
        mem_free(rs->mem, stem);
        return e;
    }
    mem_free(rs->mem, r->saved);
    r->saved = stem;
    return OK;
}
