/* SPDX-License-Identifier: MIT */
#include "run/reference_iap.h"

#include <string.h>

#include "peer/iap_peer.h"
#include "peer/iap_proxy.h"
#include "run/play_iap.h"
#include "run/suite.h"

enum { SAMPLE_ALERTS = 3 };

struct reference_iap {
    const struct env *env;
    enum iap_under_test role;
    enum iap_mutant mutant;
    bool connects; /* to to */
    const char *to;
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
    struct reference_iap *r = ctx;
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
    struct reference_iap *r = ctx;
    (void)p;
    r->live--;
}

static err load_tls(struct reference_iap *r, const struct run_ctx *x, char *why, size_t why_n)
{
    bool analyzer = r->role == TEST_ANALYZER;
    enum iap_mutant m = r->mutant;
    struct identity_policy p = {
        .analyzer = analyzer,
        .peer_name = analyzer && m != MUT_ANY_NAME ? "m.dom.org" : NULL,
        .peer_oid = m == MUT_ANY_USAGE ? NULL : analyzer ? PKI_OID_ALERT_CONSUMER : PKI_OID_ALERT_GENERATOR,
        .peer_subject = m == MUT_ANY_SUBJECT ? NULL : analyzer ? "OU=Managers" : "OU=Sensors",
        .cert_optional = m == MUT_NO_CLIENT_CERT,
        .trust_any = m == MUT_ANY_CA,
        .no_resumption = m == MUT_NO_RESUMPTION,
        .shows = m == MUT_SHOWS_NO_USAGE      ? "no-role"
                 : m == MUT_SHOWS_OTHER_USAGE ? "wrong-role"
                 : m == MUT_SHOWS_NO_CERT     ? "none"
                                              : NULL,
    };
    return identities_reference(x->identities, &p, &r->tls, why, why_n);
}

err reference_iap_new(const struct run_ctx *x, const struct run_need *special, void **out, char *why, size_t why_n)
{
    const struct suite_options *o = x->o;
    const char *host = ((const struct play_iap_run *)x->state)->host;
    bool refusing = special && strcmp(special->name, "refusing") == 0;
    bool unconfigured = special && strcmp(special->name, "unconfigured") == 0;
    bool no_tls = o->tls == RUN_TLS_OFF && !unconfigured;
    struct reference_iap *r = mem_new(o->env->mem, sizeof *r);
    *out = NULL;
    if (!r) return ERR_MEM;
    r->env = o->env;
    r->role = (enum iap_under_test)x->role->id;
    r->mutant = (enum iap_mutant)o->mutant;
    r->connects = o->peer_connects;
    r->to = r->role == TEST_PROXY ? "far" : "tester";
    err e = no_tls || unconfigured || r->role == TEST_PROXY ? OK : load_tls(r, x, why, why_n);
    if (e != OK) {
        mem_free(o->env->mem, r);
        return e;
    }
    r->peer = (struct iap_setup){.env = o->env,
                                 .analyzer = r->role == TEST_ANALYZER,
                                 .host = host,
                                 .tls = r->tls,
                                 .no_tls = no_tls,
                                 .refuse = refusing,
                                 .style = iap_style_sent,
                                 .mutant = r->mutant,
                                 .hooks = {.ctx = r, .next = next_sample, .gone = gone}};
    if (r->role == TEST_MANAGER) r->peer.hooks.next = NULL;
    r->route = (struct iap_route){.host = host, .to = r->to};
    r->proxy = (struct iap_proxy_setup){.env = o->env, .identity = "p.dom.org", .route = &r->route, .routes = 1, .mutant = r->mutant};
    *out = r;
    return OK;
}

void reference_iap_free(void *reference)
{
    struct reference_iap *r = reference;
    if (!r) return;
    tls_context_free(r->tls);
    mem_free(r->env->mem, r);
}

struct endpoint *reference_iap_peer(void *reference)
{
    struct reference_iap *r = reference;
    if (r->role == TEST_PROXY) {
        struct endpoint *e;
        return iap_proxy_new(&r->proxy, &e) == OK ? e : NULL;
    }
    struct iap_peer *p;
    if (r->mutant == MUT_ONLY_ONE && r->live > 0) return NULL;
    if (iap_peer_new(&r->peer, r->connects, r->to, &p) != OK) return NULL;
    r->live++;
    r->sent = 0;
    return &p->e;
}
