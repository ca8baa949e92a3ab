/* SPDX-License-Identifier: MIT */
#include "run/kill.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each run is alone with one processor and shares nothing with the next but the matrix: as many at a time as there are processors, within reason. */
enum { THREADS_MAX = 16 };

struct killing {
    const struct env *env;
    const struct catalog *catalog;
    const struct run_proto *only; /* NULL: all */
    const volatile sig_atomic_t *interrupted;
    struct kill_matrix *k;
    struct identities *identities;
    char pki[300];
    void (*progress)(void *ctx, size_t done, size_t all);
    void *progress_ctx;
    pthread_mutex_t lock; /* of the matrix, and of what follows */
    size_t next, done;
    err e; /* the first error; then nothing more is begun */
    char *why;
    size_t why_n;
};

static void options(const struct killing *x, struct suite_options *o, const struct kill_mutant *m, const struct run_try *t, bool connects)
{
    *o = (struct suite_options){.env = x->env,
                                .catalog = x->catalog,
                                .role = m->role->name,
                                .memory = true,
                                .mutant = m->mutant,
                                .interrupted = x->interrupted,
                                .tls = t->tls,
                                .only_tls = t->only_tls,
                                .dialect = t->dialect,
                                .pki_dir = t->tls == RUN_TLS_OFF ? NULL : x->pki,
                                .peer_connects = connects,
                                .splits = 1,
                                .timeout_ms = 3000,
                                .patience_ms = 120000};
    snprintf(o->split[0].name, sizeof o->split[0].name, "whole");
}

static struct kill_case *case_of(struct killing *x, const char *id, size_t *index)
{
    struct kill_matrix *k = x->k;
    for (size_t i = 0; i < k->cases; i++) {
        if (strcmp(k->c[i].id, id) != 0) continue;
        *index = i;
        return &k->c[i];
    }
    struct kill_case *grown = mem_resize(k->mem, k->c, (k->cases + 1) * sizeof *grown);
    if (!grown) return NULL;
    k->c = grown;
    k->c[k->cases] = (struct kill_case){.id = mem_dup(k->mem, id, strlen(id))};
    if (!k->c[k->cases].id) return NULL;
    *index = k->cases;
    return &k->c[k->cases++];
}

static bool names_clause(const char *list, const char *id)
{
    size_t n = strlen(id);
    for (const char *at = list; (at = strstr(at, id)); at += n) {
        bool begins = at == list || at[-1] == ' ';
        if (begins && (at[n] == 0 || at[n] == ' ')) return true;
    }
    return false;
}

static bool cites(const struct result *r, const char *list)
{
    for (size_t i = 0; i < r->clauses; i++) {
        if (names_clause(list, clauses[r->clause[i]].id)) return true;
    }
    return false;
}

static err note_kill(struct killing *x, struct kill_mutant *m, const struct result *r)
{
    size_t index;
    struct kill_case *c = case_of(x, r->id, &index);
    if (!c) return ERR_MEM;
    for (size_t i = 0; i < m->bys; i++) {
        if (m->by[i] == index) return OK;
    }
    size_t *by = mem_resize(x->k->mem, m->by, (m->bys + 1) * sizeof *by);
    if (!by) return ERR_MEM;
    m->by = by;
    m->by[m->bys++] = index;
    c->kills++;
    return OK;
}

static err note_other(struct killing *x, struct kill_mutant *m, const struct result *r)
{
    size_t index;
    struct kill_case *c = case_of(x, r->id, &index);
    if (!c) return ERR_MEM;
    c->noticed++;
    m->others++;
    return OK;
}

static err note(struct killing *x, struct kill_mutant *m, const struct result *r)
{
    pthread_mutex_lock(&x->lock);
    err e = cites(r, m->proto->mutant[m->mutant].clauses) ? note_kill(x, m, r) : note_other(x, m, r);
    pthread_mutex_unlock(&x->lock);
    return e;
}

/* One run of the suite against one mutant. */
static err attack(struct killing *x, struct kill_mutant *m, const struct run_try *t, bool connects, char *why, size_t why_n)
{
    struct suite_options o;
    struct run_results rs;
    options(x, &o, m, t, connects);
    const char *select = m->proto->shows_in ? m->proto->shows_in(m->mutant) : NULL;
    if (!select) select = t->select;
    o.select = &select;
    o.selects = select ? 1 : 0;
    run_results_init(&rs, x->env->mem);
    err e = suite_run(&o, &rs, why, why_n);
    if (e == OK && rs.unfinished) {
        snprintf(why, why_n, "%s", rs.unfinished);
        e = ERR_SYS;
    }
    for (size_t i = 0; i < rs.n && e == OK; i++) {
        const struct result *r = &rs.r[i];
        size_t n = strlen(r->id);
        bool again = strstr(r->id, "/sanity/") && n > 6 && strcmp(r->id + n - 6, "-again") == 0;
        if (again || (r->verdict != V_FAIL && r->verdict != V_WEAK)) continue;
        e = note(x, m, r);
    }
    run_results_done(&rs);
    return e;
}

static err list_cases(struct killing *x)
{
    for (size_t i = 0; i < x->catalog->n; i++) {
        const struct scn_case *c = x->catalog->item[i];
        size_t index;
        if (x->only && run_proto_of_case(c->id) != x->only) continue;
        struct kill_case *k = case_of(x, c->id, &index);
        if (!k) return ERR_MEM;
        const char *excuse = c->note ? strstr(c->note, "no mutant: ") : NULL;
        if (!excuse) continue;
        k->excuse = mem_dup(x->k->mem, excuse + 11, strlen(excuse + 11));
        if (!k->excuse) return ERR_MEM;
    }
    return OK;
}

static err add_mutants(struct killing *x, const struct run_proto *p)
{
    struct kill_matrix *k = x->k;
    for (unsigned m = 1; m < p->mutants; m++) {
        for (const struct run_role *r = p->role; r->name; r++) {
            if (!(p->mutant[m].roles & r->bit)) continue;
            struct kill_mutant *grown = mem_resize(k->mem, k->m, (k->mutants + 1) * sizeof *grown);
            if (!grown) return ERR_MEM;
            k->m = grown;
            k->m[k->mutants++] = (struct kill_mutant){.proto = p, .mutant = m, .role = r};
        }
    }
    return OK;
}

static bool worth(const struct kill_mutant *m, const struct run_try *t)
{
    bool tls = m->proto->about_tls && m->proto->about_tls(m->mutant, m->role);
    switch (t->when) {
    case TRY_ALWAYS: break;
    case TRY_TLS: return tls || !m->bys;
    case TRY_ALIVE: return !m->bys;
    case TRY_TLS_ONLY: return tls && m->role->ways != RUN_PROXY;
    case TRY_DIALECT: return !m->bys || (m->proto->about_dialect && m->proto->about_dialect(m->mutant));
    }
    return true;
}

static err attack_one(struct killing *x, struct kill_mutant *m, char *why, size_t why_n)
{
    for (size_t n = 0; n < m->proto->tries; n++) {
        const struct run_try *t = &m->proto->try[n];
        if (!worth(m, t)) continue;
        if (m->role->ways & (RUN_LISTENS | RUN_PROXY)) TRY(attack(x, m, t, false, why, why_n));
        if (m->role->ways & RUN_CONNECTS) TRY(attack(x, m, t, true, why, why_n));
    }
    return OK;
}

static void *worker(void *ctx)
{
    struct killing *x = ctx;
    struct kill_matrix *k = x->k;
    char why[300];
    pthread_mutex_lock(&x->lock);
    while (x->e == OK && x->next < k->mutants) {
        struct kill_mutant *m = &k->m[x->next++];
        pthread_mutex_unlock(&x->lock);
        why[0] = 0;
        err e = attack_one(x, m, why, sizeof why);
        pthread_mutex_lock(&x->lock);
        x->done++;
        if (e != OK && x->e == OK) {
            x->e = e;
            snprintf(x->why, x->why_n, "%s", why);
        }
        if (e == OK && x->progress) x->progress(x->progress_ctx, x->done, k->mutants);
    }
    pthread_mutex_unlock(&x->lock);
    return NULL;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct kill_case *)a)->id, ((const struct kill_case *)b)->id);
}

/* Passive checks come in as they are met, which is by chance: the matrix is to be the same each time. */
static err put_in_order(struct kill_matrix *k, size_t listed)
{
    size_t n = k->cases - listed;
    char **id = mem_new(k->mem, (n ? n : 1) * sizeof *id);
    if (!id) return ERR_MEM;
    for (size_t i = 0; i < n; i++)
        id[i] = k->c[listed + i].id;
    if (n) qsort(&k->c[listed], n, sizeof *k->c, by_id);
    for (size_t i = 0; i < k->mutants; i++) {
        for (size_t b = 0; b < k->m[i].bys; b++) {
            size_t at = listed, was = k->m[i].by[b];
            if (was < listed) continue;
            while (k->c[at].id != id[was - listed])
                at++;
            k->m[i].by[b] = at;
        }
    }
    mem_free(k->mem, id);
    return OK;
}

static err attack_all(struct killing *x)
{
    struct kill_matrix *k = x->k;
    pthread_t thread[THREADS_MAX];
    size_t threads = 0, listed = k->cases;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    while (threads < THREADS_MAX && (long)threads < processors && pthread_create(&thread[threads], NULL, worker, x) == 0)
        threads++;
    if (!threads) worker(x);
    for (size_t i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    TRY(x->e);
    for (size_t i = 0; i < k->mutants; i++)
        if (!k->m[i].bys) k->survivors++;
    return put_in_order(k, listed);
}

err kill_run(const struct env *env, const struct catalog *catalog, const struct run_proto *only, const volatile sig_atomic_t *interrupted,
             void (*progress)(void *, size_t, size_t), void *ctx, struct kill_matrix *out, char *why, size_t why_n)
{
    struct killing x = {.env = env,
                        .catalog = catalog,
                        .only = only,
                        .k = out,
                        .interrupted = interrupted,
                        .progress = progress,
                        .progress_ctx = ctx,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .why = why,
                        .why_n = why_n};
    *out = (struct kill_matrix){.mem = env->mem};
    /* one set of certificates serves all runs */
    err e = identities_new(env, RUN_TLS_MODERN, NULL, NULL, &x.identities);
    const char *folder = e == OK ? identities_folder(x.identities, false, why, why_n) : NULL;
    if (e == OK && !folder) e = ERR_SYS;
    if (e == OK) {
        const char *end = strstr(folder, "/rsa/");
        snprintf(x.pki, sizeof x.pki, "%.*s", (int)(end ? end - folder : 0), folder);
        e = list_cases(&x);
    }
    for (size_t i = 0; run_protos[i] && e == OK; i++) {
        if (!only || run_protos[i] == only) e = add_mutants(&x, run_protos[i]);
    }
    if (e == OK) e = attack_all(&x);
    for (size_t i = 0; i < out->cases; i++) {
        bool passive = strstr(out->c[i].id, "/passive/") != NULL;
        if (!out->c[i].kills && !out->c[i].noticed && !out->c[i].excuse && !passive) out->idle++;
    }
    identities_free(x.identities);
    return e;
}

void kill_done(struct kill_matrix *k)
{
    for (size_t i = 0; i < k->cases; i++) {
        mem_free(k->mem, k->c[i].id);
        mem_free(k->mem, k->c[i].excuse);
    }
    for (size_t i = 0; i < k->mutants; i++)
        mem_free(k->mem, k->m[i].by);
    mem_free(k->mem, k->c);
    mem_free(k->mem, k->m);
    *k = (struct kill_matrix){0};
}
