/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "peer/oe_agent_impl.h"

static bool named(const struct job *j)
{
    return j->id_type == OE_ID_NAME;
}

static const char *identity_text(const struct job *j, char out[OE_HOST_TEXT])
{
    return named(j) ? j->name : oe_host_text(&j->identity, out);
}

/* --- phase 1 ------------------------------------------------------------------------------------------------------------------ */

/* A mistake: only gateways that records of destinations named are spoken to. */
static bool stranger(const struct oe_agent *a, const struct job *j)
{
    for (const struct ring *r = a->jobs.next; r != &a->jobs; r = r->next) {
        const struct job *d = (const struct job *)r;
        for (size_t i = 0; d->kind == JOB_DESTINATION && i < d->gateway_count; i++)
            if (oe_host_eq(&d->gateways[i].host, &j->from)) return false;
    }
    return true;
}

static void auth_facts(struct oe_agent *a, struct job *j, uint8_t *f)
{
    enum oe_key_state k = oe_agent_key_facts(a, j, &j->candidates);
    bool told = j->signer.n > 0, good = told && oe_keys_have(&j->candidates, &j->signer.key[0]);
    memset(f, 0, OE_A_AXES);
    if (OEMUT(a->mutant, NO_KEY_NEEDED) && (k == OE_KS_NONE || k == OE_KS_FAILED || k == OE_KS_BAD || k == OE_KS_BOGUS)) {
        k = OE_KS_INSECURE;
        good = true;
    }
    if (OEMUT(a->mutant, ANY_SIGNATURE)) told = good = true;
    f[OE_A_CLASS] = oe_policy_table_class[oe_agent_class(a, &j->identity, named(j) ? j->name : NULL, true)];
    f[OE_A_UNSIGNED] = (uint8_t)(OEMUT(a->mutant, TAKES_UNSIGNED) ? OE_UNSIGNED_USE : a->policy.unsigned_records);
    f[OE_A_UNTOLD] = (uint8_t)a->policy.untold;
    f[OE_A_ID] = (uint8_t)(OEMUT(a->mutant, STRANGERS_REFUSED) && stranger(a, j) ? OE_ID_OTHER : j->id_type);
    f[OE_A_KEY] = (uint8_t)k;
    f[OE_A_SIGNATURE] = !told ? OE_SIG_UNCHECKED : good ? OE_SIG_GOOD : OE_SIG_WRONG;
}

static void ask_key(struct oe_agent *a, struct job *j, bool by_name, uint64_t t)
{
    uint16_t type = OEMUT(a->mutant, TXT_FOR_KEY) ? OE_RR_TXT : OE_RR_KEY;
    char name[OE_NAME_TEXT];
    if (by_name && !OEMUT(a->mutant, NAME_BY_ADDRESS)) {
        oe_agent_look(a, j, j->name, type, t);
        return;
    }
    oe_agent_reverse(a, by_name ? &j->from : &j->identity, name);
    oe_agent_look(a, j, name, type, t);
}

void oe_agent_auth(struct oe_agent *a, struct job *j, uint64_t t)
{
    char about[OE_HOST_TEXT];
    for (;;) {
        uint8_t f[OE_AXES];
        auth_facts(a, j, f);
        const struct oe_rule *r = oe_agent_step(a, j, &oe_auth, f, identity_text(j, about));
        if (r->out == OE_OUT_WAIT) return;
        if (r->out == OE_OUT_ASK_KEY || r->out == OE_OUT_ASK_KEY_NAME) {
            ask_key(a, j, r->out == OE_OUT_ASK_KEY_NAME, t);
        } else if (r->out == OE_OUT_ASK_KEY_TCP) {
            oe_agent_look_tcp(a, j);
        } else {
            j->authentic = r->out == OE_OUT_AUTHENTIC;
            oe_agent_say(a, j, (enum oe_outcome)r->out, t);
            return;
        }
    }
}

/* --- phase 2 ------------------------------------------------------------------------------------------------------------------ */

struct fit {
    const struct oe_agent *a;
    const struct job *j;
    enum oe_match best;
    size_t records;
    uint16_t strongest;
    const struct keys *candidates;
};

/* Which name is whose: letter case and a dot behind never count (OE-D37). */
static bool names_gateway(const struct oe_agent *a, const struct job *j, const struct oe_txt *t)
{
    if (t->gateway == OE_FQDN) {
        if (OEMUT(a->mutant, NO_NAMED)) return false;
        if (OEMUT(a->mutant, ANY_NAMED)) return true;
        if (OEMUT(a->mutant, NAME_LETTERS)) return named(j) && slice_eq(t->fqdn, slice_str(j->name));
        return named(j) && oe_name_eq(t->fqdn, slice_str(j->name));
    }
    struct oe_host h = oe_host_of(t->gateway == OE_IP4 ? 4 : 6, t->address);
    return !named(j) && oe_host_eq(&h, &j->identity);
}

static err strongest(void *ctx, const struct oe_txt *t)
{
    struct fit *f = ctx;
    if (t->precedence < f->strongest) f->strongest = t->precedence;
    return OK;
}

static err fits(void *ctx, const struct oe_txt *t)
{
    struct fit *f = ctx;
    unsigned m = f->a->mutant;
    bool gateway = names_gateway(f->a, f->j, t), keyless = t->rsa.modulus.n == 0;
    bool key = f->j->signer.n && oe_rsa_eq(&t->rsa, &f->j->signer.key[0]);
    enum oe_match match = !gateway ? OE_MATCH_OTHER_GATEWAY : keyless ? OE_MATCH_KEYLESS : key ? OE_MATCH_BOTH : OE_MATCH_OTHER_KEY;
    f->records++;
    if ((OEMUT(m, FIRST_ONLY) && f->records > 1) || (OEMUT(m, STRONGEST_ONLY) && t->precedence > f->strongest)) return OK;
    if (OEMUT(m, ANY_RECORD) || (OEMUT(m, GATEWAY_ONLY) && gateway) || (OEMUT(m, KEY_ONLY) && key)) match = OE_MATCH_BOTH;
    if (match < f->best) f->best = match;
    return OK;
}

static enum oe_source source_of(const struct oe_agent *a, const struct job *j)
{
    /* who comes by name has said by no address who it is but by that from which it comes (9, OE-D15) */
    bool self = oe_host_eq(&j->host, named(j) ? &j->from : &j->identity);
    if (OEMUT(a->mutant, ACTS_FOR_ANY)) return OE_SRC_SELF;
    if (OEMUT(a->mutant, SELF_ASKED)) return OE_SRC_OTHER;
    return self && j->host.family ? OE_SRC_SELF : OE_SRC_OTHER;
}

static void allow_facts(struct oe_agent *a, struct job *j, uint8_t *f)
{
    enum oe_security security;
    enum oe_look look = oe_agent_look_facts(a, j, &security);
    enum oe_found found = OE_FOUND_GOOD;
    bool foreign = false;
    struct fit fit = {.a = a, .j = j, .best = OE_MATCH_OTHER_GATEWAY, .strongest = UINT16_MAX};
    if (look == OE_LOOK_RECORDS) {
        if (oe_agent_records(a, j->look, &found, &foreign, strongest, &fit) != OK || oe_agent_records(a, j->look, &found, &foreign, fits, &fit) != OK) look = OE_LOOK_UNREADABLE;
        if (foreign && look == OE_LOOK_RECORDS) look = OE_LOOK_FOREIGN;
    }
    memset(f, 0, OE_W_AXES);
    f[OE_W_PEER] = j->authentic ? OE_PEER_KNOWN : OE_PEER_STRANGER;
    f[OE_W_CLASS] = oe_policy_table_class[oe_agent_class(a, &j->host, NULL, true)];
    f[OE_W_DIALECT] = (uint8_t)a->policy.dialect;
    f[OE_W_UNSIGNED] = (uint8_t)(OEMUT(a->mutant, TAKES_UNSIGNED) ? OE_UNSIGNED_USE : a->policy.unsigned_records);
    f[OE_W_UNTOLD] = (uint8_t)a->policy.untold;
    f[OE_W_SPOIL] = (uint8_t)(OEMUT(a->mutant, FOREIGN_SPOILS) ? OE_SPOIL_YES : a->policy.spoil);
    f[OE_W_SOURCE] = (uint8_t)source_of(a, j);
    f[OE_W_TXT] = (uint8_t)look;
    f[OE_W_SECURITY] = (uint8_t)security;
    f[OE_W_FOUND] = (uint8_t)found;
    f[OE_W_MATCH] = (uint8_t)fit.best;
}

void oe_agent_allow(struct oe_agent *a, struct job *j, uint64_t t)
{
    char name[OE_NAME_TEXT], about[OE_HOST_TEXT];
    oe_host_text(&j->host, about);
    for (;;) {
        uint8_t f[OE_AXES];
        allow_facts(a, j, f);
        const struct oe_rule *r = oe_agent_step(a, j, &oe_allow, f, about);
        if (r->out == OE_OUT_WAIT) return;
        if (r->out == OE_OUT_ASK_TXT) {
            oe_agent_reverse(a, !OEMUT(a->mutant, ASKS_PEER) ? &j->host : named(j) ? &j->from : &j->identity, name);
            oe_agent_look(a, j, name, OE_RR_TXT, t);
        } else if (r->out == OE_OUT_ASK_TXT_TCP) {
            oe_agent_look_tcp(a, j);
        } else {
            oe_agent_say(a, j, (enum oe_outcome)r->out, t);
            return;
        }
    }
}
