/* SPDX-License-Identifier: MIT */
#include "peer/oe_parser.h"

#include <stdio.h>

#include "codec/oe_host.h"
#include "codec/oe_master.h"
#include "peer/oe_adapter.h"

struct oe_parser {
    struct endpoint e; /* first */
    const struct oe_parser_setup *s;
    struct oe_adapter adapter;
};

static struct oe_parser *parser_of(struct endpoint *e)
{
    return (struct oe_parser *)e;
}

/* --- what a record comes to ------------------------------------------------------------------------------------------------------- */

static enum oe_line_says says_of(const struct oe_parser *p, enum oe_take take)
{
    switch (take) {
    case OE_TAKE: return OE_SAYS_OK;
    case OE_LOOSE: return p->s->tolerant ? OE_SAYS_OK : OE_SAYS_MALFORMED;
    case OE_SKIP: return OE_SAYS_IGNORE;
    default: return OE_SAYS_MALFORMED;
    }
}

/* The gravest of the notes, for people. */
static void reason_of(const struct oe_parser *p, const struct oe_notes *notes, char *out, size_t n)
{
    const struct oe_note *worst = NULL;
    for (uint32_t i = 0; i < notes->n; i++) {
        const struct oe_note *one = &notes->note[i];
        if (!worst || oe_takes[one->code][p->s->dialect] > oe_takes[worst->code][p->s->dialect]) worst = one;
    }
    out[0] = 0;
    if (worst && oe_takes[worst->code][p->s->dialect] != OE_TAKE)
        snprintf(out, n, "octet %u: %s (%s)", (unsigned)worst->at, oe_faults[worst->code].text, clauses[oe_faults[worst->code].clause].id);
}

static void tell(struct oe_parser *p, struct oe_line_reply *r, enum oe_take take, const struct oe_notes *notes)
{
    char reason[200] = "";
    r->says = says_of(p, take);
    r->reason = reason;
    if (r->says == OE_SAYS_MALFORMED) reason_of(p, notes, reason, sizeof reason);
    oe_adapter_say(&p->adapter, r);
}

static void judge_key(struct oe_parser *p, const char *id, slice rdata)
{
    struct oe_key k;
    struct oe_line_reply r = {.id = id};
    oe_key_read(rdata, &k);
    oe_mutate_key(p->s->mutant, &k);
    r.key = k.rsa;
    tell(p, &r, oe_notes_take(&k.notes, p->s->dialect), &k.notes);
}

/* What stands in a delegation, as an answer has it. */
static void fields(const struct oe_txt *t, char text[OE_FQDN_MAX + 2], struct oe_line_reply *r)
{
    struct oe_host h;
    r->precedence_given = t->precedence_given;
    r->precedence = t->precedence;
    r->gateway_type = t->gateway;
    r->gateway = text;
    r->key = t->rsa;
    text[0] = 0;
    if (t->gateway == OE_FQDN) {
        snprintf(text, OE_FQDN_MAX + 2, "%.*s", (int)t->fqdn.n, (const char *)t->fqdn.p);
    } else if (t->gateway != OE_NO_GATEWAY) {
        h = oe_host_of(t->gateway == OE_IP4 ? 4 : 6, t->address);
        oe_host_text(&h, text);
    }
}

static void judge_txt(struct oe_parser *p, const char *id, slice rdata)
{
    struct oe_txt t = {.precedence = 0};
    struct buf text;
    char gateway[OE_FQDN_MAX + 2];
    struct oe_line_reply r = {.id = id};
    bool instead = false;
    buf_init(&text, p->e.env->mem, OE_TXT_MAX);
    err e = oe_mutate_rdata(p->e.env, p->s->mutant, rdata, &text, &instead);
    if (e == OK) {
        e = instead ? oe_txt_read_text(p->e.env, buf_slice(&text), &t) : oe_txt_read(p->e.env, rdata, &t);
        if (e == OK) {
            oe_mutate_txt(p->s->mutant, p->s->dialect, &t);
            fields(&t, gateway, &r);
            tell(p, &r, oe_txt_take(&t, p->s->dialect), &t.notes);
        }
        oe_txt_done(&t);
    }
    if (e != OK) oe_adapter_status(&p->adapter, id, OE_SAYS_ERROR, "out of memory");
    buf_done(&text);
}

/* --- text of master files ----------------------------------------------------------------------------------------------------------- */

static void judge_master(struct oe_parser *p, const struct oe_line_ask *a)
{
    struct oe_rr rr, more;
    struct oe_text_fault f = {.why = ""}, rest = {.why = ""};
    char why[160];
    err e = oe_master_read(p->e.env, a->text, a->type, &rr, &f);
    if (e == OK && a->text.n > rr.used) {
        err behind = oe_master_read(p->e.env, slice_sub(a->text, rr.used, a->text.n), a->type, &more, &rest);
        oe_rr_done(&more);
        if (behind == ERR_MEM) e = ERR_MEM;
        else if (behind != ERR_MORE) f = (struct oe_text_fault){.at = rr.used, .why = "something stands behind the record"}, e = ERR_PEER;
    }
    enum oe_take take = e == OK && (rr.hex_flags || rr.lax) ? OE_LOOSE : OE_TAKE;
    if (OEMUT(p->s->mutant, MASTER_HEXADECIMAL)) take = OE_TAKE;
    if (e == OK && oe_mutant_refuses_master(p->s->mutant, a->type, a->text)) take = OE_BAD;
    if (e == ERR_MEM) {
        oe_adapter_status(&p->adapter, a->id, OE_SAYS_ERROR, "out of memory");
    } else if (e != OK) {
        snprintf(why, sizeof why, "octet %zu: %s", f.at, e == ERR_MORE ? "no record" : e == ERR_LIMIT ? "longer than we read" : f.why);
        oe_adapter_status(&p->adapter, a->id, OEMUT(p->s->mutant, MASTER_PASSED) ? OE_SAYS_IGNORE : OE_SAYS_MALFORMED, why);
    } else if (says_of(p, take) != OE_SAYS_OK) {
        oe_adapter_status(&p->adapter, a->id, says_of(p, take), rr.hex_flags ? "flags in hexadecimal" : rr.lax ? "base64 that is not whole" : "");
    } else if (a->type == OE_RR_KEY) {
        judge_key(p, a->id, buf_slice(&rr.rdata));
    } else {
        judge_txt(p, a->id, buf_slice(&rr.rdata));
    }
    oe_rr_done(&rr);
}

/* --- the endpoint ------------------------------------------------------------------------------------------------------------------- */

static void ask(struct endpoint *e, const struct oe_line_ask *a, uint64_t now)
{
    struct oe_parser *p = parser_of(e);
    (void)now;
    if (a->op != OE_OP_RECORD) oe_adapter_status(&p->adapter, a->id, OE_SAYS_UNSUPPORTED, "a parser reads records");
    else if (a->master) judge_master(p, a);
    else if (a->type == OE_RR_KEY) judge_key(p, a->id, a->rdata);
    else judge_txt(p, a->id, a->rdata);
}

static void up(struct endpoint *e, int link, uint64_t now)
{
    (void)e, (void)link, (void)now;
}

static void feed(struct endpoint *e, int link, slice octets, uint64_t now)
{
    if (link == 0) oe_adapter_feed(&parser_of(e)->adapter, octets, now);
}

static void urgent(struct endpoint *e, int link, uint64_t now)
{
    (void)e, (void)link, (void)now;
}

static void ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    (void)how, (void)now;
    if (link == 0) e->link[0].fin = true;
}

static void tick(struct endpoint *e, uint64_t now)
{
    (void)e, (void)now;
}

static uint64_t deadline(const struct endpoint *e)
{
    (void)e;
    return UINT64_MAX;
}

static bool finished(const struct endpoint *e)
{
    return e->link[0].state == LINK_DOWN;
}

static void free_parser(struct endpoint *e)
{
    struct oe_parser *p = parser_of(e);
    const struct mem *mem = e->env->mem;
    oe_adapter_done(&p->adapter);
    endpoint_done(e);
    mem_free(mem, p);
}

static const struct endpoint_ops ops = {
    .up = up, .feed = feed, .urgent = urgent, .ended = ended, .tick = tick, .deadline = deadline, .finished = finished, .free = free_parser};

err oe_parser_new(const struct oe_parser_setup *s, struct endpoint **out)
{
    struct oe_parser *p = mem_new(s->env->mem, sizeof *p);
    if (!p) return ERR_MEM;
    endpoint_init(&p->e, &ops, s->env);
    p->s = s;
    oe_adapter_init(&p->adapter, &p->e, ask);
    *out = &p->e;
    return OK;
}
