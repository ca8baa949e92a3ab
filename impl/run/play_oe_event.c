/* SPDX-License-Identifier: MIT */
/* Opportunistic encryption in the player: what the adapter answers, as events. */
#include <stdio.h>
#include <string.h>

#include "codec/oe_master.h"
#include "run/play_impl.h"
#include "run/play_oe_impl.h"
#include "run/samples_oe.h"

enum { LIST = 2048 /* octets of a joined list: events are for people and short patterns */ };

/* --- events ----------------------------------------------------------------------------------- */

/* Does the case say anywhere what that event would mean? */
bool oe_play_names(const struct player *p, const char *event)
{
    for (size_t i = 0; i < p->plan->stmts; i++) {
        const struct scn_stmt *s = &p->plan->stmt[i];
        const struct scn_arg *a = scn_first(s);
        if (s->word != SCN_EXPECT && s->word != SCN_OR && s->word != SCN_NEVER) continue;
        for (size_t k = 0; a && k < a->values; k++) {
            const char *text = (const char *)a->value[k].p;
            if (strcmp(text, event) == 0 ||
                (strcmp(text, "close") == 0 && (strcmp(event, "fin") == 0 || strcmp(event, "reset") == 0)))
                return true;
        }
    }
    return false;
}

struct fields {
    struct play_field f[PLAY_FIELDS];
    size_t n;
};

static void add(struct fields *f, const char *key, slice value)
{
    if (f->n < PLAY_FIELDS) f->f[f->n++] = (struct play_field){key, value};
}

static void rubbish(struct player *p, slice line, const char *why, uint64_t now)
{
    struct fields f = {.n = 0};
    char label[220];
    snprintf(label, sizeof label, "rubbish: %s", why);
    size_t r = play_rung(p, RUNG_MESSAGE, PLAY_OE_ADAPTER, true, false, label, line, now);
    add(&f, "why", slice_str(why));
    play_raise(p, "rubbish", PLAY_OE_ADAPTER, false, r, f.f, f.n);
    snprintf(oe_play(p)->noise, sizeof oe_play(p)->noise, "%.159s", why);
}

/* What bears the id of a question that reach asks, and is no answer to it: there is nothing to wait for. */
static void rubbish_for(struct player *p, const struct oe_asked *q, slice line, const char *why, uint64_t now)
{
    struct oe_play *s = oe_play(p);
    rubbish(p, line, why, now);
    if (!q || !q->ours || q->answered) return;
    *(q->op == OE_OP_BEGIN ? &s->begun : &s->known) = OE_KNOWN_NO;
    snprintf(s->why, sizeof s->why, "%s was answered by rubbish: %.120s", oe_line_op_names[q->op], why);
}

/* An address as everybody writes it, a name in lower case without the dot behind. */
static slice place(const char *text, char out[OE_NAME_TEXT])
{
    struct oe_host h;
    if (oe_host_read(slice_str(text), &h))
        oe_host_text(&h, out);
    else if (!oe_name_fold(slice_str(text), out))
        snprintf(out, OE_NAME_TEXT, "%s", text);
    return slice_str(out);
}

static slice key_name(int which, char out[8])
{
    if (which == OE_SAMPLE_OTHER) return SLICE_LIT("other");
    snprintf(out, 8, "%d", which);
    return slice_str(out);
}

static err hex(slice s, struct buf *out)
{
    while (s.n > 1 && !s.p[0])
        s = slice_sub(s, 1, s.n);
    for (size_t i = 0; i < s.n; i++)
        TRY(buf_addf(out, "%02x", s.p[i]));
    return OK;
}

static void on_result(struct player *p, const struct oe_asked *q, const struct oe_line_reply *a, slice line,
                      uint64_t now)
{
    static const char *const words[] = {
        [OE_SAYS_OK] = "ok", [OE_SAYS_IGNORE] = "ignore", [OE_SAYS_MALFORMED] = "malformed"};
    char precedence[16], bits[16], which[8], gateway[OE_NAME_TEXT], label[OE_NAME_TEXT + 60];
    struct fields f = {.n = 0};
    struct buf e, m;
    bool ok = a->says == OE_SAYS_OK, txt = q->type == OE_RR_TXT, key = a->key.modulus.n != 0;
    if (ok && txt && (!a->precedence_given || a->gateway_type == OE_NO_GATEWAY)) {
        rubbish(p, line, "ok without precedence, gateway_type or gateway", now);
        return;
    }
    buf_init(&e, p->e.env->mem, OE_LINE_MAX);
    buf_init(&m, p->e.env->mem, OE_LINE_MAX);
    add(&f, "status", slice_str(words[a->says]));
    snprintf(label, sizeof label, "result %s", words[a->says]);
    if (ok && txt) {
        snprintf(precedence, sizeof precedence, "%u", (unsigned)a->precedence);
        add(&f, "precedence", slice_str(precedence));
        add(&f, "type", slice_str(oe_line_gateway_names[a->gateway_type]));
        add(&f, "gateway", place(a->gateway, gateway));
        snprintf(label, sizeof label, "result ok %s %s", precedence, gateway);
    }
    if (ok) {
        size_t at = strlen(label);
        slice k = key ? key_name(sample_oe_of(a->key.exponent, a->key.modulus), which) : SLICE_LIT("none");
        add(&f, "key", k);
        if (!key)
            snprintf(label + at, sizeof label - at, " without key");
        else
            snprintf(label + at, sizeof label - at, k.n == 1 ? " KEY%.*s" : " %.*s key", (int)k.n,
                     (const char *)k.p);
    }
    if (ok && key) {
        snprintf(bits, sizeof bits, "%u", (unsigned)a->key.bits);
        if (hex(a->key.exponent, &e) != OK || hex(a->key.modulus, &m) != OK)
            (void)!play_error(p, "out of memory");
        add(&f, "bits", slice_str(bits));
        add(&f, "exponent", buf_slice(&e));
        add(&f, "modulus", buf_slice(&m));
    }
    size_t r = play_rung(p, RUNG_MESSAGE, PLAY_OE_ADAPTER, true, false, label, line, now);
    play_raise(p, "result", PLAY_OE_ADAPTER, false, r, f.f, f.n);
    buf_done(&e);
    buf_done(&m);
}

/* Candidates without doubles: how many, and the samples among them in ascending order ("2,3", "4,other"). */
static size_t candidates(const struct oe_line_reply *a, char out[32])
{
    bool has[OE_SAMPLE_OTHER + 1] = {false};
    size_t n = 0, at = 0;
    for (size_t i = 0; i < a->key_count; i++) {
        int which = sample_oe_of(a->keys[i].exponent, a->keys[i].modulus);
        bool twice = which != OE_SAMPLE_OTHER && has[which];
        for (size_t k = 0; which == OE_SAMPLE_OTHER && k < i && !twice; k++)
            twice = oe_rsa_eq(&a->keys[k], &a->keys[i]);
        has[which] = true;
        if (!twice) n++;
    }
    out[0] = 0;
    for (int i = 1; i <= OE_SAMPLE_OTHER; i++) {
        char name[8];
        slice s = key_name(i, name);
        if (has[i])
            at += (size_t)snprintf(out + at, 32 - at, "%s%.*s", at ? "," : "", (int)s.n, (const char *)s.p);
    }
    return n;
}

static void on_decided(struct player *p, const struct oe_asked *q, const struct oe_line_reply *a, slice line,
                       uint64_t now)
{
    struct oe_play *s = oe_play(p);
    bool decision = a->says == OE_SAYS_DECISION;
    const char *is = decision ? oe_line_decision_names[a->decision] : oe_line_verdict_names[a->verdict];
    char keys[16], which[32], gateway[OE_NAME_TEXT] = "", source[OE_NAME_TEXT] = "", label[2 * OE_NAME_TEXT];
    struct fields f = {.n = 0};
    size_t n = candidates(a, which);
    snprintf(keys, sizeof keys, "%zu", n);
    add(&f, "is", slice_str(is));
    if (decision && a->decision == OE_LINE_DECISION_ENCRYPT) {
        add(&f, "gateway", place(a->decided_gateway, gateway));
        snprintf(s->gateway, sizeof s->gateway, "%s", gateway);
    }
    add(&f, "keys", slice_str(keys));
    if (n) add(&f, "key", slice_str(which));
    if (decision && *a->source) add(&f, "source", place(a->source, source));
    if (*q->as) add(&f, "to", slice_str(q->as));
    if (*a->reason) add(&f, "reason", slice_str(a->reason));
    snprintf(label, sizeof label, "%s %s%s%s%s%s%s%s%s", decision ? "decision" : "verdict", is,
             *gateway ? " " : "", gateway, n ? " KEY" : "", n ? which : "", *q->as ? " (" : "", q->as,
             *q->as ? ")" : "");
    size_t r = play_rung(p, RUNG_MESSAGE, PLAY_OE_ADAPTER, true, false, label, line, now);
    if (q->ours) { /* reach known */
        s->known = a->verdict == OE_LINE_VERDICT_AUTHENTIC ? OE_KNOWN_YES : OE_KNOWN_NO;
        snprintf(s->why, sizeof s->why, "phase 1 with a good KEY record came out as %s", is);
        return;
    }
    play_raise(p, decision ? "decision" : "verdict", PLAY_OE_ADAPTER, false, r, f.f, f.n);
}

static void on_tunnels(struct player *p, const struct oe_asked *q, const struct oe_line_reply *a, slice line,
                       uint64_t now)
{
    char n[16], label[40], to[LIST] = "", via[LIST] = "";
    size_t at = 0, at2 = 0;
    struct fields f = {.n = 0};
    for (size_t i = 0; i < a->tunnel_count; i++) {
        char d[OE_NAME_TEXT], g[OE_NAME_TEXT];
        place(a->tunnels[i].destination, d);
        place(a->tunnels[i].gateway, g);
        if (at < sizeof to) at += (size_t)snprintf(to + at, sizeof to - at, "%s%s", i ? "," : "", d);
        if (at2 < sizeof via) at2 += (size_t)snprintf(via + at2, sizeof via - at2, "%s%s", i ? "," : "", g);
    }
    snprintf(n, sizeof n, "%zu", a->tunnel_count);
    snprintf(label, sizeof label, "tunnels: %s", n);
    size_t r = play_rung(p, RUNG_MESSAGE, PLAY_OE_ADAPTER, true, false, label, line, now);
    add(&f, "n", slice_str(n));
    add(&f, "destination", slice_str(to));
    add(&f, "gateway", slice_str(via));
    if (*q->as) add(&f, "to", slice_str(q->as));
    play_raise(p, "tunnels", PLAY_OE_ADAPTER, false, r, f.f, f.n);
}

static void on_ready(struct player *p, const struct oe_asked *q, slice line, uint64_t now)
{
    size_t r = play_rung(p, RUNG_MESSAGE, PLAY_OE_ADAPTER, true, false, "ready", line, now);
    if (q->op == OE_OP_BEGIN) oe_play(p)->begun = OE_KNOWN_YES;
    play_raise(p, "ready", PLAY_OE_ADAPTER, true, r, NULL, 0);
}

static const char *op_name(const struct oe_asked *q)
{
    return q->op == OE_OP_RECORD && q->type == OE_RR_KEY ? "KEY records" : oe_line_op_names[q->op];
}

/* It cannot, which is no fault, or says that we are not understood. */
static void on_no(struct player *p, const struct oe_asked *q, const struct oe_line_reply *a, slice line,
                  uint64_t now)
{
    bool cannot = a->says == OE_SAYS_UNSUPPORTED;
    const char *name = cannot ? "unsupported" : "error";
    char label[200];
    struct fields f = {.n = 0};
    snprintf(label, sizeof label, "%s%s%.150s", name, *a->reason ? ": " : "", a->reason);
    size_t r = play_rung(p, RUNG_MESSAGE, PLAY_OE_ADAPTER, true, false, label, line, now);
    if (cannot && !oe_play_names(p, name)) {
        play_finish(p, V_SKIP, play_line(p), "the adapter does not support %s%s%s", op_name(q),
                    *a->reason ? ": " : "", a->reason);
        return;
    }
    if (q->ours) {
        *(q->op == OE_OP_BEGIN ? &oe_play(p)->begun : &oe_play(p)->known) = OE_KNOWN_NO;
        snprintf(oe_play(p)->why, sizeof oe_play(p)->why, "%s was answered by %.120s", op_name(q), label);
        return;
    }
    if (*q->as) add(&f, "to", slice_str(q->as));
    add(&f, "about", slice_str(oe_line_op_names[q->op]));
    if (*a->reason) add(&f, "reason", slice_str(a->reason));
    play_raise(p, name, PLAY_OE_ADAPTER, false, r, f.f, f.n);
}

/* Which answers a question can have. */
static bool answers(const struct oe_asked *q, const struct oe_line_reply *a)
{
    if (a->says == OE_SAYS_UNSUPPORTED || a->says == OE_SAYS_ERROR) return true;
    switch (q->op) {
    case OE_OP_RECORD:
        return a->says == OE_SAYS_OK || a->says == OE_SAYS_IGNORE || a->says == OE_SAYS_MALFORMED;
    case OE_OP_BEGIN:
    case OE_OP_ADVANCE:
        return a->says == OE_SAYS_READY;
    case OE_OP_INITIATE:
    case OE_OP_REPORT:
        return a->says == OE_SAYS_DECISION;
    case OE_OP_PHASE1:
        return a->says == OE_SAYS_VERDICT && a->verdict != OE_LINE_VERDICT_ACCEPT;
    case OE_OP_PHASE2:
        return a->says == OE_SAYS_VERDICT &&
               (a->verdict == OE_LINE_VERDICT_ACCEPT || a->verdict == OE_LINE_VERDICT_REFUSE);
    case OE_OP_TUNNELS:
        return a->says == OE_SAYS_TUNNELS;
    case OE_OP_COUNT:
        break;
    }
    return false;
}

static void on_answer(struct player *p, struct oe_asked *q, const struct oe_line_reply *a, slice line,
                      uint64_t now)
{
    char why[120];
    if (q->answered) {
        rubbish(p, line, "answered twice", now);
        return;
    }
    if (!answers(q, a)) {
        snprintf(why, sizeof why, "no answer to %s", oe_line_op_names[q->op]);
        rubbish_for(p, q, line, why, now);
        q->answered = true;
        return;
    }
    q->answered = true;
    switch (a->says) {
    case OE_SAYS_OK:
    case OE_SAYS_IGNORE:
    case OE_SAYS_MALFORMED:
        on_result(p, q, a, line, now);
        return;
    case OE_SAYS_READY:
        on_ready(p, q, line, now);
        return;
    case OE_SAYS_UNSUPPORTED:
    case OE_SAYS_ERROR:
        on_no(p, q, a, line, now);
        return;
    case OE_SAYS_DECISION:
    case OE_SAYS_VERDICT:
        on_decided(p, q, a, line, now);
        return;
    case OE_SAYS_TUNNELS:
        on_tunnels(p, q, a, line, now);
        return;
    case OE_SAYS_COUNT:
        return;
    }
}

/* The adapter outlives its cases: an answer to one before this may come late. */
static void on_line(struct player *p, slice line, uint64_t now)
{
    struct oe_play *s = oe_play(p);
    struct oe_line_reply a;
    struct oe_line_fault fault = {.id = ""};
    uint64_t id = 0;
    err e = oe_line_reply_read(p->e.env, line, &a, &fault);
    const char *text = e == OK ? a.id : fault.id;
    struct oe_asked *q = NULL;
    bool number = slice_number(slice_str(text), UINT64_MAX, &id);
    oe_play_run(p)->observed |= 1ull << OE_SEEN_ANSWER;
    for (size_t i = 0; number && i < s->asked_n && !q; i++)
        if (s->asked[i].id == id) q = &s->asked[i];
    if (number && id && id <= s->first_id)
        play_rung(p, RUNG_MESSAGE, PLAY_OE_ADAPTER, true, false, "an answer to a case before this one", line,
                  now);
    else if (e == ERR_PEER)
        rubbish_for(p, q, line, fault.why, now);
    else if (e != OK)
        (void)!play_error(p, "cannot read an answer: %s", err_name(e));
    else if (!q)
        rubbish(p, line,
                a.says == OE_SAYS_ERROR && *a.reason ? a.reason : "an answer to nothing that was asked", now);
    else
        on_answer(p, q, &a, line, now);
    oe_line_reply_done(&a);
}

bool oe_play_lines(struct player *p, slice *octets, uint64_t now)
{
    slice line;
    err e = oe_lines_next(&oe_play(p)->lines, octets, &line);
    if (e == ERR_MORE) return false;
    if (e == OK)
        on_line(p, line, now);
    else if (e == ERR_LIMIT)
        rubbish(p, SLICE_NONE, "a line that does not end", now);
    else
        (void)!play_error(p, "cannot read an answer: %s", err_name(e));
    return e == OK || e == ERR_LIMIT;
}
