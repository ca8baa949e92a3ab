/* SPDX-License-Identifier: MIT */
/* draftproof check: the options of one protocol only. */
#include <stdio.h>
#include <string.h>

#include "cli/check.h"
#include "codec/beep_mgmt.h"
#include "run/proto_iap.h"

static void take_host(struct check *c, const char *arg)
{
    c->o.host = arg;
}

static void take_identity(struct check *c, const char *arg)
{
    c->o.identity = arg;
}

static void take_profile(struct check *c, const char *arg)
{
    c->beep.profile = arg;
}

static void take_echo(struct check *c, const char *arg)
{
    (void)arg;
    c->beep.echo = true;
}

static void take_user(struct check *c, const char *arg)
{
    c->users_file = arg;
}

static void take_mechanism(struct check *c, const char *arg)
{
    c->beep.mechanism = arg;
}

static void take_dialect(struct check *c, const char *arg)
{
    c->o.dialect = arg;
}

static void take_dns(struct check *c, const char *arg)
{
    c->o.dns_listen = arg;
}

static const struct check_own list[] = {
    {OPT_HOST, "--host", &run_iap, NULL, take_host},
    {OPT_IDENTITY, "--identity", &run_iap, NULL, take_identity},
    {OPT_PROFILE, "--profile", &run_beep, NULL, take_profile},
    {OPT_ECHO, "--echo", &run_beep, NULL, take_echo},
    {OPT_SASL_USER, "--sasl-user", &run_beep, &run_idxp, take_user},
    {OPT_SASL_MECHANISM, "--sasl-mechanism", &run_beep, &run_idxp, take_mechanism},
    {OPT_DIALECT, "--dialect", &run_idxp, &run_oe, take_dialect},
    {OPT_DNS_LISTEN, "--dns-listen", &run_oe, NULL, take_dns},
};

error_t check_own_parse(struct check *c, int key, const char *arg)
{
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        if (list[i].key != key) continue;
        list[i].take(c, arg);
        if (c->owns < CHECK_OWN) c->own[c->owns++] = &list[i];
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static int use_beep(struct check *c)
{
    struct beep_options *b = &c->beep;
    if (c->memory && (b->profile || b->echo || c->users_file))
        return cli_error("--memory: the reference brings its own profiles and users; --profile, --echo and --sasl-user say what a peer of yours has");
    if (cli_beep_profile("--profile", b->profile) != CLI_OK || cli_sasl_mechanism(b->mechanism) != CLI_OK) return CLI_USE;
    if (b->mechanism && !c->memory && !c->users_file && cli_sasl_password(b->mechanism))
        return cli_error("--sasl-mechanism %s needs a password: give --sasl-user FILE", b->mechanism);
    if (cli_sasl_users(&c->env, "--sasl-user", c->users_file, &c->users) != CLI_OK) return CLI_USE;
    b->users = c->users;
    c->o.own = b;
    return CLI_OK;
}

static int use_dialect(const struct check *c)
{
    return c->o.dialect && cli_word("--dialect", c->o.dialect, c->proto->dialect) < 0 ? CLI_USE : CLI_OK;
}

static int use_idxp(struct check *c)
{
    int status = use_beep(c);
    if (status != CLI_OK) return status;
    c->idxp.beep = c->beep;
    c->o.own = &c->idxp;
    return use_dialect(c);
}

static int use_oe(const struct check *c, const struct run_role *role)
{
    if (c->o.dns_listen && role->id != TEST_OE_GATEWAY) return cli_error("--dns-listen is for oe-gateway: %s asks no name server", role->name);
    if (c->o.dns_listen && c->memory) return cli_error("--dns-listen: with --memory our name server is in memory too");
    return cli_address("--dns-listen", c->o.dns_listen) != CLI_OK ? CLI_USE : use_dialect(c);
}

int check_own_use(struct check *c, const struct run_role *role)
{
    char roles[400], more[400];
    for (size_t i = 0; i < c->owns; i++) {
        const struct check_own *x = c->own[i];
        if (x->proto == c->proto || x->also == c->proto) continue;
        run_role_names(x->proto, ~0u, roles, sizeof roles);
        return cli_error("%s says nothing about %s: it is for %s%s%s", x->name, role->name, roles, x->also ? "," : "", x->also ? run_role_names(x->also, ~0u, more, sizeof more) : "");
    }
    if (c->proto == &run_beep) return use_beep(c);
    if (c->proto == &run_idxp) return use_idxp(c);
    if (c->proto == &run_oe) return use_oe(c, role);
    /* What stands in our requests has to be right in itself: the mistakes are the cases' business. */
    if (c->proto == &run_iap) return cli_host("--host", c->o.host) != CLI_OK ? CLI_USE : cli_host("--identity", c->o.identity);
    return CLI_OK;
}
