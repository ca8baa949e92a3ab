/* SPDX-License-Identifier: MIT */
#include "run/reference.h"

#include <stdio.h>

enum { SAMPLE_ALERTS = 3 };

struct reference {
    struct reference_options o;
    struct iap_setup peer;
    struct iap_proxy_setup proxy;
    struct iap_route route;
    struct tls_context *tls;
    int live;      /* peers in use, for the mutant that serves only one */
    uint64_t sent; /* alerts of the current peer */
};

/* Three alerts: small, with every octet value, and one that holds what looks like the end of a message. */
static bool next_sample(void *ctx, struct iap_peer *p, struct iap_alert *out, bool *end)
{
    static const uint8_t all_ff[64] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    struct reference *r = ctx;
    (void)p;
    (void)end;
    if (r->sent >= SAMPLE_ALERTS) return false;
    out->id = ++r->sent;
    out->body = r->sent == 1   ? slice_of(all_ff, sizeof all_ff)
                : r->sent == 2 ? SLICE_LIT("<alert ident=\"2\"/>")
                               : SLICE_LIT("<alert>\r\n\r\nIAP/0.3 200\r\n\r\n</alert>");
    return true;
}

static void gone(void *ctx, struct iap_peer *p)
{
    struct reference *r = ctx;
    (void)p;
    r->live--;
}

static err load_tls(struct reference *r, char *why, size_t why_n)
{
    const struct reference_options *o = &r->o;
    bool analyzer = o->role == TEST_ANALYZER;
    if (o->no_tls || o->unconfigured || o->role == TEST_PROXY) return OK;
    struct identity_policy p = {
        .analyzer = analyzer,
        .peer_name = analyzer && o->mutant != MUT_ANY_NAME ? "m.dom.org" : NULL,
        .peer_oid = o->mutant == MUT_ANY_USAGE ? NULL : analyzer ? PKI_OID_ALERT_CONSUMER : PKI_OID_ALERT_GENERATOR,
        .peer_subject = o->mutant == MUT_ANY_SUBJECT ? NULL : analyzer ? "OU=Managers" : "OU=Sensors",
        .cert_optional = o->mutant == MUT_NO_CLIENT_CERT,
        .trust_any = o->mutant == MUT_ANY_CA,
        .no_resumption = o->mutant == MUT_NO_RESUMPTION,
        .shows = o->mutant == MUT_SHOWS_NO_USAGE      ? "no-role"
                 : o->mutant == MUT_SHOWS_OTHER_USAGE ? "wrong-role"
                 : o->mutant == MUT_SHOWS_NO_CERT     ? "none"
                                                      : NULL,
    };
    return identities_reference(o->identities, &p, &r->tls, why, why_n);
}

err reference_new(const struct reference_options *o, struct reference **out, char *why, size_t why_n)
{
    struct reference *r = mem_new(o->env->mem, sizeof *r);
    *out = NULL;
    if (!r) return ERR_MEM;
    r->o = *o;
    err e = load_tls(r, why, why_n);
    if (e != OK) {
        mem_free(o->env->mem, r);
        return e;
    }
    r->peer = (struct iap_setup){.env = o->env,
                                 .analyzer = o->role == TEST_ANALYZER,
                                 .host = o->host,
                                 .tls = r->tls,
                                 .no_tls = o->no_tls,
                                 .refuse = o->refusing,
                                 .style = iap_style_sent,
                                 .mutant = o->mutant,
                                 .hooks = {.ctx = r, .next = next_sample, .gone = gone}};
    if (o->role == TEST_MANAGER) r->peer.hooks.next = NULL;
    r->route = (struct iap_route){.host = o->host, .to = o->to};
    r->proxy = (struct iap_proxy_setup){
        .env = o->env, .identity = o->identity, .route = &r->route, .routes = 1, .mutant = o->mutant};
    *out = r;
    return OK;
}

void reference_free(struct reference *r)
{
    if (!r) return;
    tls_context_free(r->tls);
    mem_free(r->o.env->mem, r);
}

struct endpoint *reference_peer(struct reference *r)
{
    if (r->o.role == TEST_PROXY) {
        struct endpoint *e;
        return iap_proxy_new(&r->proxy, &e) == OK ? e : NULL;
    }
    struct iap_peer *p;
    if (r->o.mutant == MUT_ONLY_ONE && r->live > 0) return NULL;
    if (iap_peer_new(&r->peer, r->o.connects, r->o.to, &p) != OK) return NULL;
    r->live++;
    r->sent = 0;
    return &p->e;
}
