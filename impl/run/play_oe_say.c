/* SPDX-License-Identifier: MIT */
/* Opportunistic encryption: what we ask the adapter, and the policy that it is told. */
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "run/oe_rdata.h"
#include "run/play_oe_impl.h"
#include "run/samples_oe.h"

enum { WHY = 300 };

/* --- asking ----------------------------------------------------------------------------------- */

static err remember(struct player *p, const struct oe_asked *a)
{
    struct oe_play *s = oe_play(p);
    if (s->asked_n == OE_PLAY_ASKED) return ERR_LIMIT;
    struct oe_asked *grown = mem_resize(p->e.env->mem, s->asked, (s->asked_n + 1) * sizeof *grown);
    if (!grown) return ERR_MEM;
    s->asked = grown;
    s->asked[s->asked_n++] = *a;
    return OK;
}

static void label_of(const struct oe_line_ask *a, const struct oe_asked *q, char *out, size_t n)
{
    const char *as = *q->as ? q->as : NULL;
    char by[32];
    int which;
    switch (a->op) {
    case OE_OP_RECORD:
        snprintf(out, n, "%s %s %zu octets", a->type == OE_RR_KEY ? "KEY" : "TXT",
                 a->master ? "text" : "record", a->master ? a->text.n : a->rdata.n);
        return;
    case OE_OP_BEGIN:
        snprintf(out, n, "begin %s %s", oe_dialect_names[a->dialect], oe_line_class_names[a->policy.is]);
        return;
    case OE_OP_INITIATE:
        snprintf(out, n, "initiate %s to %s", a->source, a->destination);
        break;
    case OE_OP_REPORT:
        snprintf(out, n, "report %s of %s for %s", oe_line_report_names[a->outcome], a->gateway,
                 a->destination);
        break;
    case OE_OP_PHASE1:
        which = sample_oe_of(a->signed_by.exponent, a->signed_by.modulus);
        if (!a->signed_by.modulus.n) snprintf(by, sizeof by, "signed by no key");
        else if (which == OE_SAMPLE_OTHER) snprintf(by, sizeof by, "signed by another key");
        else snprintf(by, sizeof by, "signed by KEY%d", which);
        /* a ladder has room for 38 characters: what is twice the same is told once */
        if (strcmp(a->from, a->identity) == 0) snprintf(out, n, "phase 1 of %s %s", a->from, by);
        else snprintf(out, n, "phase 1 of %s as %s %s", a->from, a->identity, by);
        break;
    case OE_OP_PHASE2:
        snprintf(out, n, "phase 2 for %s", a->source);
        break;
    case OE_OP_ADVANCE:
        snprintf(out, n, "advance %.1f s", (double)a->ms / 1000);
        return;
    case OE_OP_TUNNELS:
        snprintf(out, n, "tunnels");
        return;
    case OE_OP_COUNT:
        break;
    }
    size_t at = strlen(out);
    if (as && at < n) snprintf(out + at, n - at, " (%s)", as);
}

/* Writes the line and remembers what its answer will be about. */
static err ask(struct player *p, struct oe_line_ask *a, const char *as, bool ours, uint64_t now)
{
    struct play_oe_run *r = oe_play_run(p);
    char id[24], label[160] = "";
    struct oe_asked q = {
        .id = r->next_id + 1, .op = a->op, .type = a->type, .as = as ? as : "", .ours = ours};
    struct buf line;
    snprintf(id, sizeof id, "%llu", (unsigned long long)q.id);
    a->id = id;
    buf_init(&line, p->e.env->mem, OE_LINE_MAX);
    err e = oe_line_ask_write(a, &line);
    if (e == OK) e = remember(p, &q);
    if (e == OK) e = buf_add(&p->e.link[PLAY_OE_ADAPTER].out, buf_slice(&line));
    if (e == OK) {
        r->next_id++;
        if (a->op == OE_OP_PHASE1) oe_play(p)->phase1 = q.id;
        label_of(a, &q, label, sizeof label);
        play_rung(p, RUNG_MESSAGE, PLAY_OE_ADAPTER, false, false, label,
                  slice_sub(buf_slice(&line), 0, line.n - 1), now);
    }
    buf_done(&line);
    return e == ERR_USE
               ? play_error(
                     p, "no line can say this: texts are UTF-8 without control characters, and none is empty")
               : e;
}

static const char *text_or(const struct scn_stmt *s, const char *key, const char *usual)
{
    const char *text = oe_arg(s, key);
    return text ? text : usual;
}

/* --- messages --------------------------------------------------------------------------------- */

static err known_args(struct player *p, const struct scn_stmt *s, const char *const *keys)
{
    char why[WHY] = "";
    return oe_arg_known(s, keys, why, sizeof why) == OK ? OK : play_error(p, "%s", why);
}

/* The word of a list (ended by NULL) that an argument is; usual when it is not given, -1 after an error. */
static int word_of(struct player *p, const struct scn_stmt *s, const char *key, const char *const *list,
                   int usual)
{
    const char *text = oe_arg(s, key);
    char all[200] = "";
    size_t at = 0;
    if (!text) return usual;
    for (int i = 0; list[i]; i++)
        if (strcmp(list[i], text) == 0) return i;
    for (int i = 0; list[i] && at < sizeof all; i++)
        at += (size_t)snprintf(all + at, sizeof all - at, " %s", list[i]);
    (void)!play_error(p, "%s=%.60s: there are%s", key, text, all);
    return -1;
}

static err send_record(struct player *p, const struct scn_stmt *s, uint64_t now)
{
    struct oe_rdata r;
    char why[WHY] = "";
    err e = oe_rdata_of(p->e.env, s, &r, why, sizeof why);
    struct oe_line_ask a = {.op = OE_OP_RECORD, .type = r.type, .master = r.form == OE_RDATA_MASTER};
    if (a.master)
        a.text = buf_slice(&r.octets);
    else
        a.rdata = buf_slice(&r.octets);
    if (e == ERR_USE || e == ERR_LIMIT) e = play_error(p, "%s", why);
    if (e == OK) e = ask(p, &a, NULL, false, now);
    oe_rdata_done(&r);
    return e;
}

static err send_initiate(struct player *p, const struct scn_stmt *s, uint64_t now)
{
    static const char *const keys[] = {"source", "destination", "as", NULL};
    TRY(known_args(p, s, keys));
    struct oe_line_ask a = {.op = OE_OP_INITIATE,
                            .source = text_or(s, "source", OE_PLAY_SOURCE),
                            .destination = text_or(s, "destination", OE_PLAY_TARGET)};
    return ask(p, &a, oe_arg(s, "as"), false, now);
}

static err send_report(struct player *p, const struct scn_stmt *s, uint64_t now)
{
    static const char *const keys[] = {"destination", "gateway", "outcome", "as", NULL};
    const char *last = oe_play(p)->gateway;
    TRY(known_args(p, s, keys));
    if (!scn_named(s, "outcome")) return play_error(p, "report what?  outcome=up|silent|refused|signature");
    int outcome = word_of(p, s, "outcome", oe_line_report_names, 0);
    if (outcome < 0) return ERR_USE;
    struct oe_line_ask a = {.op = OE_OP_REPORT,
                            .destination = text_or(s, "destination", OE_PLAY_TARGET),
                            .gateway = text_or(s, "gateway", *last ? last : OE_PLAY_GATEWAY),
                            .outcome = (enum oe_line_report)outcome};
    return ask(p, &a, oe_arg(s, "as"), false, now);
}

/* The key that signed, from base64; octets holds it. */
static err signer(struct player *p, slice base64, struct buf *octets, struct oe_rsa *k)
{
    struct oe_notes notes = {0};
    if (!base64.n) return OK; /* a signature that nothing verifies */
    err e = base64_decode(base64, true, octets, NULL);
    if (e == ERR_PEER)
        return play_error(
            p, "signed= is no base64 of a key: $KEY1 to $KEY6, or \"\" for a signature that no key makes");
    TRY(e);
    oe_rsa_read(buf_slice(octets), k, &notes);
    return k->modulus.n ? OK : play_error(p, "signed= is no RSA key as records carry it");
}

static err phase1(struct player *p, const char *from, enum oe_id type, const char *identity, slice key,
                  const char *as, bool ours, uint64_t now)
{
    struct oe_line_ask a = {.op = OE_OP_PHASE1, .from = from, .identity_type = type, .identity = identity};
    struct buf octets;
    buf_init(&octets, p->e.env->mem, OE_RSA_DATA_MAX);
    err e = signer(p, key, &octets, &a.signed_by);
    if (e == OK) e = ask(p, &a, as, ours, now);
    buf_done(&octets);
    return e;
}

static err send_phase1(struct player *p, const struct scn_stmt *s, uint64_t now)
{
    static const char *const keys[] = {"from", "type", "identity", "signed", "as", NULL};
    const char *from = text_or(s, "from", OE_PLAY_GATEWAY);
    TRY(known_args(p, s, keys));
    int type = word_of(p, s, "type", oe_line_id_names, OE_ID_IP4);
    if (type < 0) return ERR_USE;
    if (type > OE_ID_IP6 && !scn_named(s, "identity"))
        return play_error(p, "type=%s wants identity=", oe_line_id_names[type]);
    slice key = scn_named(s, "signed") ? oe_arg_octets(s, "signed") : slice_str(samples_oe[1]);
    return phase1(p, from, (enum oe_id)type, text_or(s, "identity", from), key, oe_arg(s, "as"), false, now);
}

err oe_play_introduce(struct player *p, uint64_t now)
{
    return phase1(p, OE_PLAY_GATEWAY, OE_ID_IP4, OE_PLAY_GATEWAY, slice_str(samples_oe[1]), NULL, true, now);
}

static err send_phase2(struct player *p, const struct scn_stmt *s, uint64_t now)
{
    static const char *const keys[] = {"phase1", "source", "as", NULL};
    const struct oe_play *x = oe_play(p);
    const char *which = oe_arg(s, "phase1");
    uint64_t id = which ? 0 : x->phase1;
    char text[24];
    TRY(known_args(p, s, keys));
    for (size_t i = 0; which && i < x->asked_n; i++)
        if (x->asked[i].op == OE_OP_PHASE1 && strcmp(x->asked[i].as, which) == 0) id = x->asked[i].id;
    if (!id)
        return play_error(p,
                          which ? "no phase1 was sent as=%s"
                                : "phase2 wants a phase1 before it: send phase1, or reach known%s",
                          which ? which : "");
    snprintf(text, sizeof text, "%llu", (unsigned long long)id);
    struct oe_line_ask a = {
        .op = OE_OP_PHASE2, .phase1 = text, .source = text_or(s, "source", OE_PLAY_TARGET)};
    return ask(p, &a, oe_arg(s, "as"), false, now);
}

static err send_tunnels(struct player *p, const struct scn_stmt *s, uint64_t now)
{
    static const char *const keys[] = {"as", NULL};
    struct oe_line_ask a = {.op = OE_OP_TUNNELS};
    TRY(known_args(p, s, keys));
    return ask(p, &a, oe_arg(s, "as"), false, now);
}

err oe_play_send(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    const struct scn_arg *first = scn_first(s);
    const char *kind = first && first->values ? (const char *)first->value[0].p : "";
    bool parser = oe_play_run(p)->role == TEST_OE_PARSER;
    if (s->word == SCN_RAW)
        return play_error(p, "raw says nothing here: send asks, and dns do answer garbage=yes answers");
    if (end == PLAY_OE_DNS)
        return play_error(p, "our name server answers by itself: dns do record, behave, release, answer");
    if (s->changes) return play_error(p, "there are no pieces for `but' here");
    if (parser)
        return oe_rdata_is(s) ? send_record(p, s, now)
                              : play_error(p, "unknown message %s; there are record, key and master", kind);
    if (strcmp(kind, "initiate") == 0) return send_initiate(p, s, now);
    if (strcmp(kind, "report") == 0) return send_report(p, s, now);
    if (strcmp(kind, "phase1") == 0) return send_phase1(p, s, now);
    if (strcmp(kind, "phase2") == 0) return send_phase2(p, s, now);
    if (strcmp(kind, "tunnels") == 0) return send_tunnels(p, s, now);
    return play_error(p, "unknown message %s; there are initiate, report, phase1, phase2 and tunnels", kind);
}

/* --- policy ----------------------------------------------------------------------------------- */

void oe_play_policy_init(struct oe_play_policy *o)
{
    *o = (struct oe_play_policy){.is = OE_LINE_PERMISSIVE,
                                 .self = {OE_PLAY_SELF},
                                 .selves = 1,
                                 .name = OE_PLAY_NAME,
                                 .unsigned_ = OE_UNSIGNED_USE,
                                 .timeout_ms = OE_PLAY_TIMEOUT_MS};
}

/* "192.0.2.99:deny": the class stands behind the last colon. */
static err class_for(struct player *p, struct oe_play_policy *o, const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    if (o->class_count == OE_PLAY_CLASSES) return play_error(p, "more than %d times for=", OE_PLAY_CLASSES);
    for (int i = 0; colon && n && n < OE_NAME_TEXT && oe_line_class_names[i]; i++) {
        if (strcmp(oe_line_class_names[i], colon + 1) != 0) continue;
        snprintf(o->class_of[o->class_count].who, OE_NAME_TEXT, "%.*s", (int)n, text);
        o->class_of[o->class_count++].is = (enum oe_line_class)i;
        return OK;
    }
    return play_error(
        p,
        "for=%.80s: ADDRESS:CLASS is wanted, with a class of deny, clear, configured, permissive, paranoid",
        text);
}

/* "10.0.0.1:192.1.1.4"; only IPv4 is translated. */
static err public_of(struct player *p, struct oe_play_policy *o, const char *text)
{
    const char *colon = strchr(text, ':');
    struct oe_host in, out;
    if (o->publics == OE_PLAY_PUBLICS) return play_error(p, "more than %d times public=", OE_PLAY_PUBLICS);
    if (!colon || !oe_host_read(slice_of(text, (size_t)(colon - text)), &in) ||
        !oe_host_read(slice_str(colon + 1), &out))
        return play_error(p, "public=%.80s: PRIVATE:PUBLIC is wanted, two IPv4 addresses", text);
    oe_host_text(&in, o->public[o->publics].inside);
    oe_host_text(&out, o->public[o->publics++].outside);
    return OK;
}

static err self_is(struct player *p, struct oe_play_policy *o, const char *text)
{
    if (!o->self_said) o->selves = 0; /* in place of the usual one */
    o->self_said = true;
    if (!*text) return OK;
    if (o->selves == OE_PLAY_SELVES) return play_error(p, "more than %d times self=", OE_PLAY_SELVES);
    o->self[o->selves++] = text;
    return OK;
}

err oe_play_policy(struct player *p, const struct scn_stmt *s)
{
    static const char *const keys[] = {"class", "for",    "self",    "name", "unsigned",
                                       "nat",   "public", "timeout", NULL};
    struct oe_play_policy *o = &oe_play(p)->policy;
    char why[WHY] = "";
    uint64_t ms = o->timeout_ms;
    TRY(known_args(p, s, keys));
    int is = word_of(p, s, "class", oe_line_class_names, (int)o->is),
        uns = word_of(p, s, "unsigned", oe_line_unsigned_names, (int)o->unsigned_);
    int nat = word_of(p, s, "nat", oe_line_nat_names, (int)o->nat);
    if (is < 0 || uns < 0 || nat < 0) return ERR_USE;
    if (oe_arg_number(s, "timeout", 600000, &ms, why, sizeof why) != OK || !ms)
        return play_error(p, "%s", *why ? why : "timeout=0: milliseconds from 1 on");
    o->is = (enum oe_line_class)is;
    o->unsigned_ = (enum oe_unsigned)uns;
    o->nat = (enum oe_line_nat)nat;
    o->timeout_ms = (uint32_t)ms;
    o->name = text_or(s, "name", o->name);
    for (size_t i = 0; i < s->args; i++) {
        const struct scn_arg *a = &s->arg[i];
        const char *text = a->values ? (const char *)a->value[0].p : "";
        if (!a->key) continue;
        if (strcmp(a->key, "for") == 0) TRY(class_for(p, o, text));
        if (strcmp(a->key, "self") == 0) TRY(self_is(p, o, text));
        if (strcmp(a->key, "public") == 0) TRY(public_of(p, o, text));
    }
    oe_play(p)->policy_told = false;
    return OK;
}

err oe_play_begin(struct player *p, uint64_t now)
{
    struct oe_play *x = oe_play(p);
    const struct oe_play_policy *o = &x->policy;
    const struct play_oe_run *r = oe_play_run(p);
    struct oe_line_class_of classes[OE_PLAY_CLASSES];
    struct oe_line_public publics[OE_PLAY_PUBLICS];
    const char *self[OE_PLAY_SELVES];
    struct oe_line_ask a = {
        .op = OE_OP_BEGIN, .dialect = r->dialect, .dns = p->run->dns ? p->run->dns : r->dns};
    for (size_t i = 0; i < o->class_count; i++)
        classes[i] = (struct oe_line_class_of){o->class_of[i].who, o->class_of[i].is};
    for (size_t i = 0; i < o->publics; i++)
        publics[i] = (struct oe_line_public){o->public[i].inside, o->public[i].outside};
    for (size_t i = 0; i < o->selves; i++)
        self[i] = o->self[i];
    a.policy = (struct oe_line_policy){.is = o->is,
                                       .classes = classes,
                                       .class_count = o->class_count,
                                       .self = self,
                                       .self_count = o->selves,
                                       .name = o->name,
                                       .unsigned_ = o->unsigned_,
                                       .nat = o->nat,
                                       .publics = publics,
                                       .public_count = o->publics,
                                       .timeout_ms = o->timeout_ms};
    x->policy_told = true;
    return ask(p, &a, NULL, true, now);
}

err oe_play_advance(struct player *p, const struct scn_stmt *s, uint64_t now)
{
    static const char *const keys[] = {"ms", NULL};
    uint64_t ms = 0;
    char why[WHY] = "";
    TRY(known_args(p, s, keys));
    if (oe_arg_number(s, "ms", UINT32_MAX, &ms, why, sizeof why) != OK || !ms)
        return play_error(p, "%s", *why ? why : "advance wants ms=, from 1 on");
    struct oe_line_ask a = {.op = OE_OP_ADVANCE, .ms = ms};
    return ask(p, &a, NULL, false, now);
}
