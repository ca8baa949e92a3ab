/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/oe_explain.h"
#include "cli/oe_lookup.h"

struct look { /* one question to DNS that is open */
    struct look *next;
    struct oe_lookup_job *j;
    struct oe_question q;
    struct lookup_job *asked; /* NULL behind its end */
};
struct oe_lookup_job {
    const struct oe_lookup_setup *s;
    struct oe_host destination;
    size_t index;
    oe_lookup_done done;
    void *ctx;
    struct oe_agent *agent;
    struct look *looks;
    struct loop_timer *soon;
    char *text;
    size_t text_n;
    FILE *out;   /* to text */
    json_t *all; /* look-ups, with --json */
    bool failed, decided, over;
};

void oe_lookup_cancel(struct oe_lookup_job *j)
{
    for (struct look *l = j->looks, *next; l; l = next) {
        next = l->next;
        if (l->asked) lookup_cancel(l->asked);
        free(l);
    }
    loop_timer_free(j->soon);
    oe_agent_free(j->agent);
    if (j->out) fclose(j->out);
    json_decref(j->all);
    free(j->text);
    free(j);
}

/* --- the decision ---------------------------------------------------------------------------------- */

static void tell_json(struct oe_lookup_job *j, const struct oe_decision *d)
{
    char address[OE_HOST_TEXT];
    json_t *o = cli_oe_explain_json(d);
    if (o && json_object_set_new(o, "address", json_string(oe_host_text(&j->destination, address))) == 0 &&
        json_object_set(o, "lookups", j->all) == 0 && json_dumpf(o, j->out, JSON_COMPACT) == 0) {
        putc('\n', j->out);
    } else {
        cli_error("out of memory");
        j->decided = false;
    }
    json_decref(o);
}

static void tell(struct oe_lookup_job *j, const struct oe_decision *d)
{
    j->decided = true;
    if (j->all) {
        tell_json(j, d);
        return;
    }
    putc('\n', j->out);
    cli_oe_explain(j->out, ";; ", d);
    putc('\n', j->out);
}

static void finish(void *ctx)
{
    struct oe_lookup_job *j = ctx;
    fclose(j->out);
    j->out = NULL;
    char *text = j->text;
    j->text = NULL;
    j->done(j->ctx, j->index, text, j->decided, j->failed);
    oe_lookup_cancel(j);
}

/* --- questions ------------------------------------------------------------------------------------- */

static void answered(struct look *l, const struct lookup_answer *a)
{
    struct oe_lookup_job *j = l->j;
    enum oe_look look = oe_lookup_look(a);
    enum oe_security security = a->bogus                                     ? OE_SEC_BOGUS
                                : a->secure                                  ? OE_SEC_SECURE
                                : cli_oe_anchored(&j->s->anchors, l->q.name) ? OE_SEC_INSECURE
                                                                             : OE_SEC_INDETERMINATE;
    const struct oe_answer answer = {
        .look = look,
        .security = security,
        .ttl = a->ttl,
        .type = l->q.type,
        .rdata = look == OE_LOOK_RECORDS ? a->rdata : NULL,
        .n = look == OE_LOOK_RECORDS ? a->n : 0,
        .canonical = slice_str(a->canonical),
        .aliases = oe_lookup_aliases(&j->s->env, a->packet),
    };
    if (look == OE_LOOK_TIMEOUT || look == OE_LOOK_SERVFAIL) j->failed = true;
    if (j->all) {
        if (json_array_append_new(j->all, oe_lookup_json(j->s, l->q.name, l->q.type, a, security)) != 0)
            j->failed = true;
    } else {
        oe_lookup_print(j->out, j->s, l->q.name, l->q.type, a, security);
    }
    if (oe_agent_answer(j->agent, l->q.id, &answer, loop_now(j->s->loop)) != OK) j->failed = true;
}

static void advance(struct oe_lookup_job *j);

static void on_answer(void *ctx, const struct lookup_answer *a)
{
    struct look *l = ctx;
    struct oe_lookup_job *j = l->j;
    l->asked = NULL;
    answered(l, a);
    advance(j);
}

static void ask(struct oe_lookup_job *j, const struct oe_question *q)
{
    struct look *l = calloc(1, sizeof *l);
    if (!l) { /* said to the agent as what it is: no answer */
        const struct oe_answer none = {
            .look = OE_LOOK_SERVFAIL, .security = OE_SEC_INDETERMINATE, .type = q->type};
        j->failed = true;
        if (oe_agent_answer(j->agent, q->id, &none, loop_now(j->s->loop)) != OK) cli_error("out of memory");
        return;
    }
    *l = (struct look){j->looks, j, *q, NULL};
    j->looks = l;
    err e = lookup_ask(j->s->dns, q->name, q->type, j->s->policy.policy.timeout_ms, on_answer, l, &l->asked);
    if (e == OK) return;
    const struct lookup_answer refused = {.end = LOOKUP_FAILED, .why = err_name(e), .canonical = ""};
    answered(l, &refused);
}

/* Asks what the agent wants to know, and takes what it has decided.  What the agent asks for is bounded by
 * its own limits. */
static void advance(struct oe_lookup_job *j)
{
    struct oe_question q;
    struct oe_decision d;
    while (!j->decided && oe_agent_ask(j->agent, &q))
        ask(j, &q);
    if (!j->decided && oe_agent_decision(j->agent, &d)) tell(j, &d);
    if (j->over || (!j->decided && oe_agent_under_way(j->agent))) return;
    j->over = true;
    loop_timer_at(j->soon, loop_now(j->s->loop)); /* not from here: libunbound may stand above us */
}

int oe_lookup_begin(const struct oe_lookup_setup *s, const struct oe_host *destination, size_t index,
                    oe_lookup_done done, void *ctx, struct oe_lookup_job **out)
{
    const struct oe_agent_setup setup = {.policy = s->policy.policy, .seed = s->policy.seed};
    char address[OE_HOST_TEXT];
    struct oe_lookup_job *j = calloc(1, sizeof *j);
    if (!j) return cli_error("out of memory"), CLI_FAILED;
    j->s = s;
    j->destination = *destination;
    j->index = index;
    j->done = done;
    j->ctx = ctx;
    j->out = open_memstream(&j->text, &j->text_n);
    if (s->json) j->all = json_array();
    bool ok = j->out && (!s->json || j->all) && loop_timer_new(s->loop, finish, j, &j->soon) == OK &&
              oe_agent_new(&s->env, &setup, &j->agent) == OK &&
              oe_agent_initiate(j->agent, index, &s->source, destination, loop_now(s->loop)) == OK;
    if (!ok) {
        oe_lookup_cancel(j);
        return cli_error("out of memory"), CLI_FAILED;
    }
    if (!s->json) fprintf(j->out, ";; draftproof oe lookup %s\n", oe_host_text(destination, address));
    advance(j);
    *out = j;
    return CLI_OK;
}
