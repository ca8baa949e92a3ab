/* SPDX-License-Identifier: MIT */
#include "cli/idxp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/samples_idxp.h"

enum idxp_dialect cli_dialect(const char *name)
{
    static const char *const words[] = {"draft", "rfc", NULL};
    static const enum idxp_dialect dialects[] = {IDXP_DRAFT, IDXP_RFC};
    return dialects[cli_want(cli_word("--dialect", name, words))];
}

int cli_idxp_uri(const char *option, const char *uri)
{
    size_t scheme = uri ? strspn(uri, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") : 0;
    if (!uri) return CLI_OK;
    bool letter = (uri[0] >= 'a' && uri[0] <= 'z') || (uri[0] >= 'A' && uri[0] <= 'Z');
    bool good = letter && uri[scheme] == ':' && uri[scheme + 1];
    for (const char *c = uri; *c && good; c++)
        good = *c > ' ' && *c < 127 && !strchr("<>\"{}|\\^`", *c);
    return good ? CLI_OK : cli_error("%s: \"%s\" is no absolute URI: write one such as https://sensor.example.org/idxp", option, uri);
}

/* --- tunnels ---------------------------------------------------------------------------------------------------------------- */

void cli_via_add(struct cli_via *v, const char *hop)
{
    if (v->hops == CLI_VIAS) {
        cli_error("--via: at most %d hops", (int)CLI_VIAS);
        exit(CLI_USE);
    }
    v->hop[v->hops++] = hop;
}

int cli_via_ready(const struct env *env, struct cli_via *v, const char *connect, const char **dial, const struct tunnel_msg **chain)
{
    const char *why = NULL;
    size_t at = 0;
    *dial = connect;
    *chain = NULL;
    if (!v->hops) return CLI_OK;
    if (!connect) return cli_error("--via goes with --connect, which says where the tunnel leads");
    if (cli_address("--via", v->hop[0]) != CLI_OK) return CLI_USE;
    for (size_t i = 1; i <= v->hops; i++) {
        const char *hop = i < v->hops ? v->hop[i] : connect;
        struct tunnel_msg alone;
        if (strpbrk(hop, " \t")) return cli_error("--via: \"%s\": one hop each", hop);
        err e = tunnel_chain_read(env, slice_str(hop), &alone, &why); /* alone, so that the message says which */
        tunnel_msg_done(&alone);
        if (e != OK) return cli_error("%s: \"%s\": %s", i < v->hops ? "--via" : "--connect", hop, e == ERR_USE && why ? why : err_name(e));
        int n = snprintf(v->text + at, sizeof v->text - at, "%s%s", at ? " " : "", hop);
        if (n < 0 || (size_t)n >= sizeof v->text - at) return cli_error("--via: the tunnel is longer than %d octets", CLI_CHAIN);
        at += (size_t)n;
    }
    err e = tunnel_chain_read(env, slice_str(v->text), &v->chain, &why);
    if (e != OK) return cli_error("--via: %s", e == ERR_USE && why ? why : err_name(e));
    *dial = v->hop[0];
    *chain = &v->chain;
    return CLI_OK;
}

void cli_via_done(struct cli_via *v)
{
    tunnel_msg_done(&v->chain);
}

/* A tunnel is asked for in clear (RFC 3620 5.2): by what neither shows the password nor stands on TLS. */
int cli_hop_check(const char *kind, const struct cli_hop *h)
{
    static const char *const words[] = {"SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5", NULL};
    char option[40];
    snprintf(option, sizeof option, "--%s-mechanism", kind);
    if (!h->mechanism) return CLI_OK;
    if (!h->user_file) return cli_error("%s: as whom?  Give --%s-user FILE", option, kind);
    return cli_word(option, h->mechanism, words) < 0 ? CLI_USE : CLI_OK;
}

int cli_hop_ready(const struct env *env, const char *kind, struct cli_hop *h, struct server_idxp_options *o)
{
    char option[40];
    snprintf(option, sizeof option, "--%s-user", kind);
    if (cli_sasl_users(env, option, h->user_file, &h->users) != CLI_OK) return CLI_USE;
    o->hop_users = h->users;
    if (h->users) o->hop_mechanism = h->mechanism ? h->mechanism : "SCRAM-SHA-256";
    return CLI_OK;
}

/* --- messages --------------------------------------------------------------------------------------------------------------- */

static bool is_text(slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (c < ' ' && c != '\t' && c != '\r' && c != '\n') return false;
        if (c == 127) return false;
        size_t more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : SIZE_MAX;
        if (more > s.n - i - 1) return false;
        for (; more; more--)
            if ((s.p[++i] & 0xc0) != 0x80) return false;
    }
    return true;
}

/* XML begins with an angle bracket, or with a mark of byte order and one. */
static bool is_xml(slice s)
{
    static const struct { const char *mark; size_t n; } begins[] = {{"\xff\xfe<\0", 4}, {"\xfe\xff\0<", 4}, {"\xef\xbb\xbf<", 4}};
    size_t at = 0;
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (slice_starts(s, slice_of(begins[i].mark, begins[i].n))) return true;
    while (at < s.n && strchr(" \t\r\n", s.p[at]) && s.p[at])
        at++;
    return at < s.n && s.p[at] == '<';
}

static int add_samples(struct cli_alerts *l)
{
    for (size_t i = 0; i < SAMPLES_IDXP; i++) {
        if (cli_alerts_add_copy(l, samples_idxp[i].body, samples_idxp[i].name) != CLI_OK) return CLI_USE;
    }
    return CLI_OK;
}

int cli_messages_ready(struct cli_alerts *l, const char *type)
{
    static const char *const words[] = {"text/xml", "text/plain", "application/octet-stream", NULL};
    if (type && cli_word("--type", type, words) < 0) return CLI_USE;
    if (!l->n && add_samples(l) != CLI_OK) return CLI_USE;
    for (size_t i = 0; i < l->n; i++) {
        slice body = l->a[i].body;
        l->a[i].type = slice_str(type ? type : is_xml(body) ? words[0] : is_text(body) ? words[1] : words[2]);
    }
    return CLI_OK;
}
