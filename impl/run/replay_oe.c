/* SPDX-License-Identifier: MIT */
/* Opportunistic encryption in a capture: from packets to results. */
#include <stdio.h>
#include <string.h>

#include "cap/capture.h"
#include "run/passive_oe.h"
#include "run/replay.h"

/* --- reading ----------------------------------------------------------------------------------------------------------------- */

/* Feeds every packet to f.  A file that is damaged, or too long, is judged as far as it goes. */
static err each(const struct replay_options *o, const char *path, err (*f)(void *ctx, const struct capture_packet *p), void *ctx, struct replay *r, char *why, size_t why_n)
{
    struct capture *c;
    struct capture_packet p;
    TRY(capture_open(o->env->mem, path, &c, why, why_n));
    err e = OK;
    while (e == OK) {
        e = capture_next(c, &p, r->damaged, sizeof r->damaged);
        if (e == OK) e = f(ctx, &p);
    }
    capture_close(c);
    if (e == ERR_MEM) return e;
    return OK;
}

struct guessing {
    const struct env *env;
    struct oe_guess g;
};

static err guess_one(void *ctx, const struct capture_packet *p)
{
    struct guessing *g = ctx;
    oe_guess_packet(&g->g, g->env, &p->ip);
    return OK;
}

static err judge_one(void *ctx, const struct capture_packet *p)
{
    struct replay *r = ctx;
    if (!r->began_us) r->began_us = p->us;
    return track_oe_packet(&r->track, p->number, p->us, &p->ip);
}

/* Who it may be, for whoever has to say it. */
static void candidates(const struct oe_guess *g, char *why, size_t why_n)
{
    char text[IP_TEXT];
    size_t n = (size_t)snprintf(why, why_n, "whose capture it is cannot be told: say --gateway with one of");
    for (size_t i = 0; i < g->n && n < why_n; i++) {
        if (g->who[i].keys || g->who[i].asks) n += (size_t)snprintf(why + n, why_n - n, " %s", ip_address_text(&g->who[i].at, text));
    }
}

static err find_gateway(const struct replay_options *o, const char *path, struct replay *r, struct oe_track_options *to, char *why, size_t why_n)
{
    struct guessing *g = mem_new(o->env->mem, sizeof *g);
    if (!g) return ERR_MEM;
    g->env = o->env;
    err e = each(o, path, guess_one, g, r, why, why_n);
    r->nothing = e == OK && g->g.n == 0;
    r->guessed = e == OK && oe_guess_made(&g->g, &to->gateway[0]);
    if (r->guessed) to->gateways = 1;
    if (e == OK && !r->nothing && !r->guessed) {
        candidates(&g->g, why, why_n);
        e = ERR_PEER;
    }
    mem_free(o->env->mem, g);
    return e;
}

err replay_oe(const struct replay_options *o, const char *path, struct replay *r, char *why, size_t why_n)
{
    struct oe_track_options to = {.dialect = o->dialect, .gateways = o->gateways, .fresh = o->fresh, .tell = o->tell, .ctx = o->ctx};
    memset(r, 0, sizeof *r);
    r->track.env = o->env;
    memcpy(to.gateway, o->gateway, sizeof to.gateway);
    if (o->gateways == 0) {
        if (strcmp(path, "-") == 0) {
            snprintf(why, why_n, "standard input is read once, so the gateway cannot be guessed: say --gateway");
            return ERR_USE;
        }
        TRY(find_gateway(o, path, r, &to, why, why_n));
        if (r->nothing) return OK;
    }
    TRY(track_oe_init(&r->track, o->env, &to));
    r->damaged[0] = 0;
    TRY(each(o, path, judge_one, r, r, why, why_n));
    TRY(track_oe_end(&r->track));
    const struct oe_track_heads *h = &r->track.heads;
    r->nothing = !h->queries && !h->answers && !h->ike && !h->esp;
    return OK;
}

void replay_done(struct replay *r)
{
    if (r->track.env) track_oe_done(&r->track);
    r->track.env = NULL;
}

/* --- results -------------------------------------------------------------------------------------------------------------------- */

static bool hits(const struct oe_track_fault *f, const struct run_passive *pc)
{
    if (f->clause == pc->clause || (f->rfc && f->rfc == pc->clause)) return true;
    for (size_t k = 0; k < sizeof pc->follows / sizeof *pc->follows; k++) {
        if (f->severity == SEV_FAIL && pc->follows[k] && f->clause == pc->follows[k]) return true;
    }
    return false;
}

/* The gravest, of those the first; *n: how many. */
static const struct oe_track_fault *worst(const struct replay *r, const struct run_passive *pc, bool gateway, size_t *n)
{
    const struct oe_track_fault *w = NULL;
    *n = 0;
    for (size_t i = 0; i < r->track.faults; i++) {
        const struct oe_track_fault *f = &r->track.fault[i];
        if (f->gateway != gateway || !hits(f, pc)) continue;
        ++*n;
        if (!w || f->severity > w->severity) w = f;
    }
    return w;
}

static char *dup_text(struct run_results *out, const char *s)
{
    return mem_dup(out->mem, s, strlen(s));
}

static void reason_of(const struct replay *r, const struct oe_track_fault *f, size_t n, char *out, size_t size)
{
    char by[IP_TEXT];
    uint64_t us = f->us > r->began_us ? f->us - r->began_us : 0;
    size_t k = (size_t)snprintf(out, size, "%s%s (%s at packet %u, %llu.%03u s, of %s%s%s)", f->severity == SEV_NOTE ? "recorded: " : "", f->text,
                                oe_track_faults[f->code].info.name, (unsigned)f->packet, (unsigned long long)(us / 1000000), (unsigned)(us / 1000 % 1000),
                                ip_address_text(&f->by, by), f->defect ? ", " : "", f->defect ? defects[f->defect].id : "");
    if (n > 1 && k < size) snprintf(out + k, size - k, "; %zu times in all", n);
}

static err add(const struct replay *r, const char *path, const struct run_passive *pc, bool gateway, struct run_results *out)
{
    const struct clause *c = &clauses[pc->clause];
    size_t n;
    const struct oe_track_fault *f = worst(r, pc, gateway, &n);
    bool seen = (r->track.observed[gateway ? 0 : 1] & pc->needs) == pc->needs && pc->needs;
    char id[64], reason[400] = "", by[IP_TEXT], role[64] = "other end";
    if (!f && !seen) return OK;
    if (f && f->severity == SEV_NOTE && !seen) return OK; /* recorded, and nothing else is known */
    struct result *x = run_results_add(out);
    if (!x) return ERR_MEM;
    run_passive_id(c, id, sizeof id);
    if (f) reason_of(r, f, n, reason, sizeof reason);
    if (gateway) snprintf(role, sizeof role, "gateway %s", ip_address_text(&r->track.o.gateway[0], by));
    x->verdict = !f || f->severity == SEV_NOTE ? V_PASS : f->severity == SEV_FAIL && c->level != LEVEL_SHOULD ? V_FAIL : V_WEAK;
    x->passive = true;
    x->dialect = oe_dialect_names[r->track.o.dialect];
    x->id = dup_text(out, id);
    x->title = dup_text(out, c->text);
    x->role = dup_text(out, role);
    x->split = dup_text(out, "whole");
    x->vary = dup_text(out, "");
    x->file = dup_text(out, path);
    x->reason = dup_text(out, reason);
    x->instances = 1;
    x->clause = mem_dup(out->mem, &pc->clause, sizeof pc->clause);
    x->clauses = x->clause ? 1 : 0;
    if (f && f->defect) {
        x->defect = mem_dup(out->mem, &f->defect, sizeof f->defect);
        x->defects = x->defect ? 1 : 0;
    }
    return x->id && x->reason && x->role && x->clause ? OK : ERR_MEM;
}

/* Faults of clauses that have no row among the passive ones. */
static err strays(const struct replay *r, const char *path, bool gateway, struct run_results *out)
{
    for (size_t i = 0; i < r->track.faults; i++) {
        struct run_passive pc = {.clause = r->track.fault[i].clause};
        bool known = false;
        for (size_t k = 0; k < PASSIVE_OE; k++)
            known = known || (passive_oe[k].clause == pc.clause && run_in_dialect(&clauses[pc.clause], oe_dialect_names[r->track.o.dialect]));
        for (size_t k = 0; k < i; k++)
            known = known || (r->track.fault[k].clause == pc.clause && r->track.fault[k].gateway == gateway);
        if (!known && r->track.fault[i].gateway == gateway) TRY(add(r, path, &pc, gateway, out));
    }
    return OK;
}

err replay_oe_results(const struct replay *r, const char *path, struct run_results *out)
{
    if (r->nothing) return OK;
    for (int who = 0; who < 2; who++) {
        for (size_t i = 0; i < PASSIVE_OE; i++) {
            if (run_in_dialect(&clauses[passive_oe[i].clause], oe_dialect_names[r->track.o.dialect])) TRY(add(r, path, &passive_oe[i], who == 0, out));
        }
        TRY(strays(r, path, who == 0, out));
    }
    return OK;
}
