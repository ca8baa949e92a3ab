/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "cli/cli.h"
#include "cli/oe.h"
#include "cli/oe_explain.h"
#include "cli/oe_policy.h"
#include "cli/oe_table.h"
#include "cli/oe_zone.h"
#include "codec/oe_master.h"
#include "codec/oe_txt.h"
#include "sec/rsa_key.h"

enum { OPT_ZONE = 0x2500, OPT_ORIGIN, OPT_SOURCE, OPT_DESTINATION, OPT_REPORT, OPT_PHASE1, OPT_FROM, OPT_SIGNED, OPT_PHASE2, OPT_RCODE, OPT_STATUS, OPT_TABLE, OPT_TABLES, OPT_JSON, OPT_IDENTIFY, OPT_TUNNELS, OPT_WAY };
enum { RULES_MAX = 64, REPORTS_MAX = OE_AGENT_GATEWAYS /* a person types them */ };

/* How a name is answered, in place of what the zone says. */
struct fact {
    char name[OE_NAME_TEXT]; /* folded; "": all */
    uint16_t type;           /* 0: all */
    enum oe_look look;       /* OE_LOOK_COUNT: what the zone says */
    enum oe_security security; /* OE_SEC_COUNT: as before */
};
struct report {
    struct oe_host gateway;
    enum oe_report what;
    bool used;
};

struct use {
    struct cli_oe_policy policy;
    const char *zone_file, *origin, *identity, *key, *table;
    struct oe_host source, destination, from, host;
    bool tables, json, identify;
    enum oe_part part;           /* of --identify */
    struct oe_host tunnel[2];    /* the first and the second to the destination */
    enum oe_way way;             /* OE_WAY_COUNT: not said */
    struct fact fact[RULES_MAX];
    struct report report[REPORTS_MAX];
    size_t facts, reports;
    struct env env;
    struct cli_oe_zone zone;
    struct oe_agent *agent;
    struct buf numbers; /* of signer */
    struct oe_rsa signer;
    json_t *asked; /* since the last decision */
    slice rdata[OE_AGENT_RECORDS];
};

static const struct argp_option options[] = {
    {"zone", OPT_ZONE, "FILE", 0, "a master file with all that DNS says (-: standard input)", 0},
    {"origin", OPT_ORIGIN, "NAME", 0, "of relative names before the first $ORIGIN (the root)", 0},
    {"destination", OPT_DESTINATION, "ADDRESS", 0, "an initiator has a packet for that address", 0},
    {"source", OPT_SOURCE, "ADDRESS", 0, "... from that host", 0},
    {"report", OPT_REPORT, "GATEWAY=WHAT", 0, "what comes of IKE with a gateway: up, silent, refused or signature; may be repeated", 0},
    {"phase1", OPT_PHASE1, "WHO", 0, "a responder is called by who names itself so: an address or a name", 0},
    {"from", OPT_FROM, "ADDRESS", 0, "... from that address (its identity, where that is an address)", 0},
    {"signed", OPT_SIGNED, "KEY", 0, "... with a signature that this key verifies: a file in PEM, or the key in base64 as records have it", 0},
    {"phase2", OPT_PHASE2, "ADDRESS", 0, "... and wants to act for that host", 0},
    {"identify", OPT_IDENTIFY, "PART", OPTION_ARG_OPTIONAL, "by what the gateway (--self, --name) identifies itself: as initiator, or with =respond as responder", 0},
    {"tunnels", OPT_TUNNELS, "FIRST,SECOND", 0, "two gateways of the destination (section 10), both with a tunnel: which of them is used", 0},
    {"way", OPT_WAY, "NAME", 0, "... by which of the permitted ways: turns, heard (the one that was heard last), routing, refuse (a second one) or replace (the first; as usual)", 0},
    {"rcode", OPT_RCODE, "NAME=WHAT", 0, "how DNS answers for a name or address (*: all; /TXT or /KEY behind it: only those): servfail, timeout, nxdomain, nodata, truncated (over UDP) or unreadable; may be repeated", 0},
    {"status", OPT_STATUS, "NAME=WHAT", 0, "what DNSSEC says of its answers: secure, insecure (as usual), bogus or indeterminate; may be repeated", 0},
    {"json", OPT_JSON, 0, 0, "one JSON object a line for each decision", 0},
    {"table", OPT_TABLE, "NAME", 0, "print a table of decisions and end", 0},
    {"tables", OPT_TABLES, 0, 0, "list those tables and end", 0},
    {0}};

/* --- options ---------------------------------------------------------------------------------------------------------------- */

static struct oe_host address(const char *option, const char *value)
{
    struct oe_host h;
    if (!oe_host_read(slice_str(value), &h)) exit(cli_error("%s: \"%s\" is no address", option, value));
    return h;
}

/* NAME[/TYPE]=WORD.  Returns the index of the word. */
static int fact_of(struct use *u, const char *option, const char *value, const char *const *words)
{
    const char *eq = strrchr(value, '=');
    if (!eq || eq == value || !eq[1]) exit(cli_error("%s: \"%s\" is not NAME=WHAT, as 192.0.2.66=%s", option, value, words[0]));
    int what = (int)cli_want(cli_word(option, eq + 1, words));
    if (u->facts == RULES_MAX) exit(cli_error("%s is given too often", option));
    struct fact *f = &u->fact[u->facts++];
    struct oe_host h;
    slice name = slice_of(value, (size_t)(eq - value));
    size_t slash = slice_find(name, SLICE_LIT("/"));
    slice type = slice_sub(name, slash + 1, name.n);
    *f = (struct fact){.look = OE_LOOK_COUNT, .security = OE_SEC_COUNT};
    if (slice_eq_nocase(type, SLICE_LIT("TXT")))
        f->type = OE_RR_TXT;
    else if (slice_eq_nocase(type, SLICE_LIT("KEY")))
        f->type = OE_RR_KEY;
    else if (slash < name.n)
        exit(cli_error("%s: %s: only TXT and KEY are asked for", option, value));
    name = slice_sub(name, 0, slash);
    if (slice_eq(name, SLICE_LIT("*"))) return what;
    if (oe_host_read(name, &h))
        oe_reverse_name(&h, f->name);
    else if (!oe_name_fold(name, f->name))
        exit(cli_error("%s: %s: neither a name nor an address", option, value));
    return what;
}

static void add_report(struct use *u, const char *value)
{
    const char *eq = strrchr(value, '=');
    char gateway[OE_HOST_TEXT];
    if (!eq || (size_t)(eq - value) >= sizeof gateway) exit(cli_error("--report: \"%s\" is not GATEWAY=WHAT, as 192.1.1.5=silent", value));
    snprintf(gateway, sizeof gateway, "%.*s", (int)(eq - value), value);
    if (u->reports == REPORTS_MAX) exit(cli_error("--report is given too often"));
    struct report *r = &u->report[u->reports++];
    r->what = (enum oe_report)cli_want(cli_word("--report", eq + 1, oe_report_words));
    r->gateway = address("--report", gateway);
}

static void two_tunnels(struct use *u, const char *value)
{
    char first[OE_HOST_TEXT];
    const char *comma = strchr(value, ',');
    if (!comma || (size_t)(comma - value) >= sizeof first) exit(cli_error("--tunnels: \"%s\" is not FIRST,SECOND, as 192.1.1.4,192.1.1.6", value));
    snprintf(first, sizeof first, "%.*s", (int)(comma - value), value);
    u->tunnel[0] = address("--tunnels", first);
    u->tunnel[1] = address("--tunnels", comma + 1);
    if (oe_host_eq(&u->tunnel[0], &u->tunnel[1])) exit(cli_error("--tunnels: %s is one gateway", first));
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const char *const rcodes[] = {"servfail", "timeout", "nxdomain", "nodata", "truncated", "unreadable", NULL};
    static const enum oe_look looks[] = {OE_LOOK_SERVFAIL, OE_LOOK_TIMEOUT, OE_LOOK_NXDOMAIN, OE_LOOK_NODATA, OE_LOOK_TRUNCATED, OE_LOOK_UNREADABLE};
    static const char *const statuses[] = {"secure", "insecure", "bogus", "indeterminate", NULL}; /* as enum oe_security */
    static const char *const parts[] = {"initiate", "respond", NULL};                        /* as enum oe_part */
    static const char *const ways[] = {"turns", "heard", "routing", "refuse", "replace", NULL}; /* as enum oe_way */
    struct use *u = state->input;
    int what;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &u->policy; return 0;
    case OPT_ZONE: u->zone_file = arg; return 0;
    case OPT_ORIGIN: u->origin = arg; return 0;
    case OPT_SOURCE: u->source = address("--source", arg); return 0;
    case OPT_DESTINATION: u->destination = address("--destination", arg); return 0;
    case OPT_FROM: u->from = address("--from", arg); return 0;
    case OPT_PHASE1: u->identity = arg; return 0;
    case OPT_PHASE2: u->host = address("--phase2", arg); return 0;
    case OPT_SIGNED: u->key = arg; return 0;
    case OPT_REPORT: add_report(u, arg); return 0;
    case OPT_RCODE:
        what = fact_of(u, "--rcode", arg, rcodes);
        u->fact[u->facts - 1].look = looks[what];
        return 0;
    case OPT_STATUS:
        what = fact_of(u, "--status", arg, statuses);
        u->fact[u->facts - 1].security = (enum oe_security)what;
        return 0;
    case OPT_IDENTIFY:
        u->identify = true;
        u->part = arg ? (enum oe_part)cli_want(cli_word("--identify", arg, parts)) : OE_PART_INITIATE;
        return 0;
    case OPT_TUNNELS: two_tunnels(u, arg); return 0;
    case OPT_WAY: u->way = (enum oe_way)cli_want(cli_word("--way", arg, ways)); return 0;
    case OPT_TABLE: u->table = arg; return 0;
    case OPT_TABLES: u->tables = true; return 0;
    case OPT_JSON: u->json = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* --- DNS ---------------------------------------------------------------------------------------------------------------------- */

static void answer_of(struct use *u, const struct oe_question *q, struct oe_answer *a)
{
    cli_oe_zone_answer(&u->zone, q->name, q->type, u->rdata, a);
    for (size_t i = 0; i < u->facts; i++) {
        const struct fact *f = &u->fact[i];
        if ((f->name[0] && strcmp(f->name, q->name) != 0) || (f->type && f->type != q->type)) continue;
        if (f->security != OE_SEC_COUNT) a->security = f->security;
        if (f->look == OE_LOOK_COUNT || (f->look == OE_LOOK_TRUNCATED && q->tcp)) continue;
        a->look = f->look;
        a->n = 0;
    }
}

static void note_asked(struct use *u, const struct oe_question *q, const struct oe_answer *a)
{
    static const char *const looks[] = {"unasked", "pending", "truncated", "timeout", "servfail", "unreadable", "nxdomain", "nodata", "foreign", "records"};
    static const char *const securities[] = {"secure", "insecure", "bogus", "indeterminate"};
    const char *type = q->type == OE_RR_KEY ? "KEY" : "TXT", *security = securities[a->security];
    bool said = a->look >= OE_LOOK_NXDOMAIN || a->security == OE_SEC_BOGUS;
    if (u->json) {
        json_array_append_new(u->asked, json_pack("{s:s, s:s, s:b, s:s, s:s, s:i, s:i}", "name", q->name, "type", type, "tcp", q->tcp, "answer", looks[a->look], "status", security, "records",
                                                  (int)a->n, "aliases", (int)a->aliases));
        return;
    }
    printf("DNS: %s of %s%s: ", type, q->name, q->tcp ? " by TCP" : "");
    if (a->look == OE_LOOK_RECORDS)
        printf("%zu record%s", a->n, a->n == 1 ? "" : "s");
    else
        printf("%s", looks[a->look]);
    if (a->aliases) printf(", by %u alias%s at %.*s", a->aliases, a->aliases == 1 ? "" : "es", (int)a->canonical.n, (const char *)a->canonical.p);
    printf("%s%s\n", said ? ", " : "", said ? security : "");
}

static int print_decision(struct use *u, const struct oe_decision *d)
{
    if (!u->json) {
        cli_oe_explain(stdout, "", d);
        return CLI_OK;
    }
    json_t *o = cli_oe_explain_json(d);
    if (!o || json_object_set(o, "asked", u->asked) != 0) {
        json_decref(o);
        return cli_error("out of memory");
    }
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
    json_array_clear(u->asked);
    return CLI_OK;
}

/* Answers until there is a decision: there always is one, as each question is answered. */
static int decide(struct use *u, err begun, struct oe_decision *d)
{
    struct oe_question q;
    struct oe_answer a;
    while (begun == OK && oe_agent_ask(u->agent, &q)) {
        answer_of(u, &q, &a);
        note_asked(u, &q, &a);
        begun = oe_agent_answer(u->agent, q.id, &a, 0);
    }
    if (begun != OK) return cli_error("%s", begun == ERR_MEM ? "out of memory" : "no decision was taken");
    if (!oe_agent_decision(u->agent, d)) return CLI_UNPROVEN;
    return print_decision(u, d);
}

/* --- initiator ---------------------------------------------------------------------------------------------------------------- */

static struct report *report_of(struct use *u, const struct oe_host *gateway)
{
    for (size_t i = 0; i < u->reports; i++)
        if (!u->report[i].used && oe_host_eq(&u->report[i].gateway, gateway)) return &u->report[i];
    return NULL;
}

static int initiate(struct use *u)
{
    struct oe_decision d = {.tag = 0};
    char text[OE_HOST_TEXT];
    int status = decide(u, oe_agent_initiate(u->agent, 1, &u->source, &u->destination, 0), &d);
    while (status == CLI_OK && d.out == OE_OUT_ENCRYPT) {
        struct oe_host gateway = d.gateway;
        struct report *r = report_of(u, &gateway);
        if (!r) break;
        r->used = true;
        if (!u->json) printf("\nIKE with %s: %s\n", oe_host_text(&gateway, text), oe_report_words[r->what]);
        status = decide(u, oe_agent_report(u->agent, 1, &u->destination, &gateway, r->what, 0), &d);
    }
    for (size_t i = 0; i < u->reports && status == CLI_OK; i++)
        if (!u->report[i].used) fprintf(stderr, "draftproof: --report: nobody went to %s\n", oe_host_text(&u->report[i].gateway, text));
    return status;
}

/* --- responder ---------------------------------------------------------------------------------------------------------------- */

static int key_of_file(struct use *u)
{
    struct rsa_key pem;
    const char *why = "";
    size_t n;
    uint8_t *text = cli_oe_file(u->key, &n);
    if (!text) return CLI_USE;
    err e = rsa_key_read(&u->env, slice_of(text, n), &pem, &why);
    free(text);
    size_t at = e == OK ? pem.exponent.n : 0;
    if (e == OK) e = buf_add(&u->numbers, buf_slice(&pem.exponent));
    if (e == OK) e = buf_add(&u->numbers, buf_slice(&pem.modulus));
    slice both = buf_slice(&u->numbers);
    u->signer = (struct oe_rsa){.exponent = slice_sub(both, 0, at), .modulus = slice_sub(both, at, both.n), .bits = pem.bits};
    rsa_key_done(&pem);
    return e == OK ? CLI_OK : cli_error("--signed: %s: %s", u->key, e == ERR_PEER ? why : e == ERR_MEM ? "out of memory" : "too long");
}

/* The key that verifies, in a file or as records have it. */
static int signed_by(struct use *u)
{
    struct oe_notes notes = {.n = 0};
    if (!u->key) return CLI_OK;
    bool text = base64_decode(slice_str(u->key), false, &u->numbers, NULL) == OK;
    if (text) oe_rsa_read(buf_slice(&u->numbers), &u->signer, &notes);
    if (text && oe_notes_take(&notes, u->policy.policy.dialect) == OE_TAKE && u->signer.modulus.n) return CLI_OK;
    buf_clear(&u->numbers);
    return key_of_file(u);
}

static int respond(struct use *u)
{
    struct oe_phase1 p = {.from = u->from, .identity = slice_str(u->identity), .signed_by = u->signer};
    struct oe_host own;
    struct oe_decision d = {.tag = 0};
    bool by_address = oe_host_read(p.identity, &own);
    p.type = !by_address ? OE_ID_NAME : own.family == 4 ? OE_ID_IP4 : OE_ID_IP6;
    if (by_address && !p.from.family) p.from = own;
    int status = decide(u, oe_agent_phase1(u->agent, 1, &p, 0), &d);
    if (status == CLI_OK && u->host.family) {
        if (!u->json) putchar('\n');
        status = decide(u, oe_agent_phase2(u->agent, 2, 1, &u->host, 0), &d);
    }
    if (status == CLI_OK && d.out == OE_OUT_CHECK) status = CLI_UNPROVEN; /* --signed was not given */
    return status;
}

/* --- where the gateway stands ---------------------------------------------------------------------------------------------- */

static void look_up(struct use *u, const char *name, uint16_t type, struct oe_answer *a)
{
    struct oe_question q = {.type = type};
    snprintf(q.name, sizeof q.name, "%s", name);
    answer_of(u, &q, a);
    note_asked(u, &q, a);
    if (a->look != OE_LOOK_TRUNCATED) return;
    q.tcp = true;
    answer_of(u, &q, a);
    note_asked(u, &q, a);
}

static bool counts(const struct use *u, const struct oe_notes *n)
{
    enum oe_take t = oe_notes_take(n, u->policy.policy.dialect);
    return t == OE_TAKE || (t == OE_LOOSE && u->policy.policy.tolerant);
}

static bool has_key(struct use *u, const char *name)
{
    struct oe_answer a;
    bool found = false;
    look_up(u, name, OE_RR_KEY, &a);
    for (size_t i = 0; i < a.n && a.security != OE_SEC_BOGUS; i++) {
        struct oe_key k;
        oe_key_read(a.rdata[i], &k);
        found = found || counts(u, &k.notes);
    }
    return found;
}

/* One table, and its rule as the whole of the decision. */
static int by_table(struct use *u, const struct oe_table *t, const uint8_t *facts, const char *about)
{
    struct oe_step step = {.table = t, .rule = oe_decide(t, facts)};
    struct oe_decision d = {.ask = OE_ASK_INITIATE, .trail = &step, .steps = 1};
    if (!step.rule) return CLI_UNPROVEN;
    snprintf(step.about, sizeof step.about, "%.63s", about);
    d.out = (enum oe_outcome)step.rule->out;
    return print_decision(u, &d);
}

/* By address where any of its own has a key in the reverse map, else by name (6.3, 7.3). */
static int identify(struct use *u)
{
    const struct oe_policy *p = &u->policy.policy;
    char name[OE_NAME_TEXT], about[OE_HOST_TEXT] = "";
    bool reverse = false, forward = p->name[0] && has_key(u, p->name);
    for (size_t i = 0; i < p->selves && !reverse; i++) {
        oe_reverse_name(&p->self[i], name);
        reverse = has_key(u, name);
        oe_host_text(&p->self[i], about);
    }
    const uint8_t facts[OE_M_AXES] = {[OE_M_PART] = (uint8_t)u->part,
                                      [OE_M_REVERSE] = reverse ? OE_REVERSE_YES : OE_REVERSE_NO,
                                      [OE_M_FORWARD] = forward ? OE_FORWARD_YES : OE_FORWARD_NO};
    return by_table(u, &oe_self, facts, !reverse && forward ? p->name : about);
}

/* The strongest precedence of the records that name the gateway; false when none does. */
static bool precedence_of(struct use *u, const struct oe_answer *a, const struct oe_host *gateway, uint16_t *out)
{
    bool found = false;
    for (size_t i = 0; i < a->n && a->security != OE_SEC_BOGUS; i++) {
        struct oe_txt t;
        if (oe_txt_read(&u->env, a->rdata[i], &t) == OK && counts(u, &t.notes) && (t.gateway == OE_IP4 || t.gateway == OE_IP6)) {
            struct oe_host h = oe_host_of(t.gateway == OE_IP4 ? 4 : 6, t.address);
            bool better = oe_host_eq(&h, gateway) && (!found || t.precedence < *out);
            if (better) *out = t.precedence;
            found = found || better;
        }
        oe_txt_done(&t);
    }
    return found;
}

static int two_gateways(struct use *u)
{
    char name[OE_NAME_TEXT], text[OE_HOST_TEXT], host[OE_HOST_TEXT];
    uint16_t strength[2] = {0, 0};
    struct oe_answer a;
    oe_reverse_name(&u->destination, name);
    look_up(u, name, OE_RR_TXT, &a);
    for (int i = 0; i < 2; i++) {
        if (precedence_of(u, &a, &u->tunnel[i], &strength[i])) continue;
        cli_error("--tunnels: no record of %s that counts names %s", oe_host_text(&u->destination, host), oe_host_text(&u->tunnel[i], text));
        return CLI_UNPROVEN;
    }
    enum oe_compare second = strength[1] < strength[0] ? OE_CMP_STRONGER : strength[1] == strength[0] ? OE_CMP_EQUAL : OE_CMP_WEAKER;
    const uint8_t facts[OE_T_AXES] = {[OE_T_DIALECT] = (uint8_t)u->policy.policy.dialect,
                                      [OE_T_COMPARE] = (uint8_t)second,
                                      [OE_T_WAY] = (uint8_t)(u->way == OE_WAY_COUNT ? OE_WAY_REPLACE : u->way)};
    return by_table(u, &oe_twin, facts, oe_host_text(&u->destination, host));
}

/* --- the command -------------------------------------------------------------------------------------------------------------- */

static int check_place(const struct use *u)
{
    bool two = u->tunnel[0].family;
    if (u->way != OE_WAY_COUNT && !two) return cli_error("--way says which of --tunnels is used");
    if (two && (!u->destination.family || u->reports || u->identify)) return cli_error("--tunnels wants --destination, and neither --report nor --identify");
    if (!u->identify) return CLI_OK;
    if (u->destination.family || u->identity) return cli_error("--identify is about the gateway itself: without --destination and --phase1");
    if (!u->policy.policy.selves && !u->policy.policy.name[0]) return cli_error("--identify wants to know who the gateway is: --self ADDRESS, --name FQDN");
    return CLI_OK;
}

static int check(const struct use *u)
{
    int place = check_place(u);
    if (place != CLI_OK) return place;
    if (u->host.family && !u->identity) return cli_error("--phase2 says for whom somebody acts: --phase1 says who it is");
    if (!u->destination.family && !u->identity && !u->identify) return cli_error("oe decide takes --destination, --phase1 or --identify: see draftproof oe decide --help");
    if (u->destination.family && u->identity) return cli_error("--destination and --phase1: one of them");
    if (u->identity && (u->source.family || u->reports)) return cli_error("--%s is of initiators: it needs --destination", u->reports ? "report" : "source");
    if (!u->identity && (u->host.family || u->from.family || u->key)) return cli_error("--%s is of responders: it needs --phase1", u->host.family ? "phase2" : u->key ? "signed" : "from");
    struct oe_host own;
    if (u->identity && !oe_host_read(slice_str(u->identity), &own) && !oe_is_fqdn(slice_str(u->identity))) return cli_error("--phase1: \"%s\" is neither an address nor a name", u->identity);
    if (!u->zone_file) return cli_error("--zone is wanted: a master file with what DNS says (/dev/null: nothing)");
    return CLI_OK;
}

static int run(struct use *u)
{
    struct oe_agent_setup setup = {.policy = u->policy.policy, .seed = u->policy.seed};
    if (u->tables) return cli_oe_tables(u->json);
    if (u->table) return cli_oe_table(u->table, u->json);
    int status = check(u);
    if (status == CLI_OK) status = signed_by(u);
    if (status == CLI_OK) status = cli_oe_zone_read(&u->env, u->zone_file, u->origin, &u->zone);
    if (status != CLI_OK) return status;
    if (!u->json)
        printf("zone: %zu TXT, %zu KEY, %zu alias%s; %zu record%s of other types, %zu line%s passed over\n", u->zone.txt, u->zone.key, u->zone.alias, u->zone.alias == 1 ? "" : "es",
               u->zone.others, u->zone.others == 1 ? "" : "s", u->zone.bad, u->zone.bad == 1 ? "" : "s");
    u->asked = json_array();
    if (!u->asked || oe_agent_new(&u->env, &setup, &u->agent) != OK) return cli_error("out of memory");
    status = u->identify ? identify(u) : u->tunnel[0].family ? two_gateways(u) : u->identity ? respond(u) : initiate(u);
    oe_agent_free(u->agent);
    return status;
}

static const struct argp_child children[] = {{&cli_oe_policy_argp, 0, "The gateway that decides:", 0}, {0}};
static const struct argp argp = {
    options,
    parse,
    NULL,
    "Decide what a gateway makes of a destination, or of another gateway, from a zone and nothing else.\v"
    "The same zone, facts, policy and seed give the same decision.  Exit status: 0 a decision was taken, 2 wrong use or a zone that cannot be read, 3 none was: a signature was "
    "to be checked, and nobody said by which key it verifies (--signed).",
    children,
    NULL,
    NULL};

void cli_oe_decide_help(FILE *to)
{
    argp_help(&argp, to, ARGP_HELP_LONG, NULL);
}

int cli_oe_decide(int argc, char **argv)
{
    struct use *u = calloc(1, sizeof *u);
    if (!u) return cli_error("out of memory");
    env_init(&u->env);
    u->way = OE_WAY_COUNT;
    cli_oe_policy_init(&u->policy);
    buf_init(&u->numbers, u->env.mem, OE_RDATA_MAX);
    argp_parse(&argp, argc, argv, 0, NULL, u);
    int status = run(u);
    cli_oe_zone_done(&u->zone);
    buf_done(&u->numbers);
    json_decref(u->asked);
    free(u);
    return status;
}
