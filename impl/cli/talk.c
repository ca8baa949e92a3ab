/* SPDX-License-Identifier: MIT */
/* The options that everything shares that talks: TLS, certificates, what is asked of the peer's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "codec/iap_msg.h"

enum { OPT_TLS = 0x1000, OPT_CERT, OPT_KEY, OPT_CA, OPT_PKI, OPT_PEER_NAME, OPT_PEER_OID, OPT_PEER_SUBJECT };

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "TLS:", 6},
    {"tls", OPT_TLS, "draft|modern|off", 0,
     "draft: TLS 1.0 with TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA (IAP 6.3); modern: TLS 1.2 and 1.3 (default); off: the handshake, and the TLS profile of BEEP, are left out", 6},
    {"cert", OPT_CERT, "FILE", 0, "own certificate (PEM)", 6},
    {"key", OPT_KEY, "FILE", 0, "its private key (PEM)", 6},
    {"ca", OPT_CA, "FILE", 0, "authority that the peer's certificate must come from (PEM)", 6},
    {"pki", OPT_PKI, "DIR", 0, "take certificate, key and authority from a folder that draftproof pki made", 6},
    {"peer-name", OPT_PEER_NAME, "NAME", 0, "name that the server's certificate must carry; of a manager (IAP 6.6) the name in --host or --connect, if it is no address; empty: any", 6},
    {"peer-oid", OPT_PEER_OID, "OID", 0, "extended key usage that the peer's certificate must have (6.5)", 6},
    {"peer-subject", OPT_PEER_SUBJECT, "PATTERNS", 0, "what the peer's subject must match, such as 'OU=Sensors,CN=*.dom.org' (6.6)", 6},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct cli_talk *t = state->input;
    static const char *const words[] = {"off", "draft", "modern", NULL};
    int w;
    switch (key) {
    case ARGP_KEY_INIT: t->tls = RUN_TLS_MODERN; return 0;
    case OPT_TLS:
        w = cli_word("--tls", arg, words);
        if (w < 0) exit(CLI_USE);
        t->tls = (enum run_tls)w;
        t->tls_given = true;
        return 0;
    case OPT_CERT: t->cert = arg; return 0;
    case OPT_KEY: t->key = arg; return 0;
    case OPT_CA: t->ca = arg; return 0;
    case OPT_PKI: t->pki = arg; return 0;
    case OPT_PEER_NAME: t->peer_name = arg; return 0;
    case OPT_PEER_OID: t->peer_oid = arg; return 0;
    case OPT_PEER_SUBJECT: t->peer_subject = arg; return 0;
    case ARGP_KEY_END:
        if (!t->cert != !t->key) {
            cli_error("--cert and --key belong together");
            exit(CLI_USE);
        }
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int cli_talk_none(const struct cli_talk *t, const struct run_role *role)
{
    bool asked = (t->tls_given && t->tls != RUN_TLS_OFF) || t->cert || t->ca || t->pki || t->peer_name || t->peer_oid || t->peer_subject;
    return asked ? cli_error("%s talks over standard input and output: there is no TLS, and --tls, --cert, --key, --ca, --pki and --peer-... say nothing to it", role->name) : CLI_OK;
}

const struct argp cli_talk_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

void cli_pki_folder(const struct cli_talk *t, bool client, char *out, size_t n)
{
    snprintf(out, n, "%s/%s/%s", t->pki, t->tls == RUN_TLS_DRAFT ? "dsa" : "rsa", client ? "analyzer" : "manager");
}

void cli_talk_name(struct cli_talk *t, const char *host, const char *connect)
{
    if (t->peer_name) {
        if (!*t->peer_name) t->peer_name = NULL; /* --peer-name= : any */
        return;
    }
    if (!connect) return; /* who comes is not known by name */
    slice name = slice_str(host ? host : connect);
    if (!host) {
        size_t colon = name.n;
        while (colon && name.p[colon - 1] != ':')
            colon--;
        name = slice_sub(name, 0, colon ? colon - 1 : 0);
    }
    if (iap_host_kind(name) != IAP_HOST_NAME) return;
    snprintf(t->name_text, sizeof t->name_text, "%.*s", (int)name.n, (const char *)name.p);
    t->peer_name = t->name_text;
}

int cli_talk_context(const struct env *env, const struct cli_talk *t, bool client, bool mutual, struct tls_context **out)
{
    char dir[400], cert[420], key[420], ca[420], why[300] = "";
    struct tls_options o = {.profile = t->tls == RUN_TLS_DRAFT ? TLS_DRAFT : TLS_MODERN,
                            .side = client ? TLS_CLIENT : TLS_SERVER,
                            .cert_file = t->cert,
                            .key_file = t->key,
                            .ca_file = t->ca,
                            .peer_name = t->peer_name,
                            .peer_eku_oid = t->peer_oid,
                            .peer_subject = t->peer_subject};
    *out = NULL;
    if (t->tls == RUN_TLS_OFF) return CLI_OK;
    if (t->pki && !t->cert) {
        cli_pki_folder(t, client, dir, sizeof dir);
        snprintf(cert, sizeof cert, "%s/cert.pem", dir);
        snprintf(key, sizeof key, "%s/key.pem", dir);
        snprintf(ca, sizeof ca, "%s/ca.pem", dir);
        o.cert_file = cert;
        o.key_file = key;
        if (!t->ca) o.ca_file = ca;
    }
    if (!o.cert_file) {
        if (!client) return CLI_OK; /* the peer says so when it is asked to upgrade (IAP: 500, 3.2) */
        if (mutual) return cli_error("an analyzer needs a certificate (6.4): give --cert and --key, or --pki, or --tls off");
    }
    if (!o.ca_file && mutual) return cli_error("whom to trust?  Give --ca FILE, or --pki DIR that draftproof pki made: certificates are mutual (6.4)");
    if (!o.ca_file && client) return cli_error("whom to trust?  Give --ca FILE, --pki DIR that draftproof pki made, or --tls off");
    if (!mutual && !client) o.peer_cert_optional = true;
    if (tls_context_new(env, &o, out, why, sizeof why) != OK) return cli_error("%s", why);
    return CLI_OK;
}
