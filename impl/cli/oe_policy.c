/* SPDX-License-Identifier: MIT */
#include "cli/oe_policy.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/oe.h"

enum {
    OPT_DIALECT = 0x2400,
    OPT_TOLERANT,
    OPT_CLASS,
    OPT_CLASS_OF,
    OPT_SELF,
    OPT_NAME,
    OPT_UNSIGNED,
    OPT_UNTOLD,
    OPT_SPOIL,
    OPT_NAT,
    OPT_PUBLIC,
    OPT_SEED
};

static const struct argp_option options[] = {
    {"dialect", OPT_DIALECT, "NAME", 0, "rfc (as usual) or draft: whose rules decide", 0},
    {"tolerant", OPT_TOLERANT, 0, 0, "take the records that only a tolerant reading takes, too", 0},
    {"class", OPT_CLASS, "NAME", 0,
     "of all addresses: deny, clear, configured, permissive (as usual) or paranoid", 0},
    {"class-of", OPT_CLASS_OF, "WHO=NAME", 0, "of one address or name; may be repeated", 0},
    {"self", OPT_SELF, "ADDRESS", 0, "an address of this gateway; may be repeated", 0},
    {"name", OPT_NAME, "FQDN", 0, "the name of this gateway", 0},
    {"unsigned", OPT_UNSIGNED, "NAME", 0,
     "records that DNSSEC does not vouch for: use (as usual), own (only of a host that is its own gateway) "
     "or ignore",
     0},
    {"untold", OPT_UNTOLD, "NAME", 0,
     "what is taken where DNSSEC can tell nothing: insecure (as usual) or bogus", 0},
    {"spoil", OPT_SPOIL, 0, 0, "one malformed record makes the good ones beside it useless", 0},
    {"nat", OPT_NAT, "NAME", 0, "address translation: none (as usual), one, many or between", 0},
    {"public", OPT_PUBLIC, "ADDRESS=ADDRESS", 0,
     "with --nat one: a private address, and the public one that it appears under; may be repeated", 0},
    {"seed", OPT_SEED, "N", 0, "which of several gateways of the same precedence is drawn (1)", 0},
    {0}};

void cli_oe_policy_init(struct cli_oe_policy *p)
{
    oe_policy_init(&p->policy);
    p->policy.dialect = OE_RFC;
    p->seed = 1;
}

static void fits(const char *option, const char *value, const char *wanted, err e)
{
    if (e == OK) return;
    if (e == ERR_LIMIT) exit(cli_error("%s is given too often", option));
    exit(cli_error("%s: \"%s\" is not %s", option, value, wanted));
}

/* LEFT=RIGHT at its last "=": an address has none. */
static slice pair(const char *option, const char *value, const char *wanted, const char **right)
{
    const char *at = strrchr(value, '=');
    fits(option, value, wanted, at && at != value && at[1] ? OK : ERR_USE);
    *right = at + 1;
    return slice_of(value, (size_t)(at - value));
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct cli_oe_policy *u = state->input;
    struct oe_policy *p = &u->policy;
    const char *right;
    slice left;
    switch (key) {
    case OPT_DIALECT:
        p->dialect = cli_oe_dialect(arg);
        return 0;
    case OPT_TOLERANT:
        p->tolerant = true;
        return 0;
    case OPT_CLASS:
        p->class = (enum oe_policy_class)cli_want(cli_word("--class", arg, oe_policy_class_words));
        return 0;
    case OPT_CLASS_OF:
        left = pair("--class-of", arg, "WHO=NAME, as 192.0.2.99=deny", &right);
        fits("--class-of", arg, "the class of an address or a name",
             oe_policy_except(
                 p, left,
                 (enum oe_policy_class)cli_want(cli_word("--class-of", right, oe_policy_class_words))));
        return 0;
    case OPT_SELF:
        fits("--self", arg, "an address", oe_policy_self(p, slice_str(arg)));
        return 0;
    case OPT_NAME:
        fits("--name", arg, "a domain name", oe_policy_name(p, slice_str(arg)));
        return 0;
    case OPT_UNSIGNED:
        p->unsigned_records =
            (enum oe_unsigned)cli_want(cli_word("--unsigned", arg, oe_policy_unsigned_words));
        return 0;
    case OPT_UNTOLD:
        p->untold = (enum oe_untold)cli_want(cli_word("--untold", arg, oe_policy_untold_words));
        return 0;
    case OPT_SPOIL:
        p->spoil = OE_SPOIL_YES;
        return 0;
    case OPT_NAT:
        p->nat = (enum oe_nat)cli_want(cli_word("--nat", arg, oe_policy_nat_words));
        return 0;
    case OPT_PUBLIC:
        left = pair("--public", arg, "ADDRESS=ADDRESS, as 10.0.0.5=192.0.2.5", &right);
        fits("--public", arg, "a pair of addresses", oe_policy_map(p, left, slice_str(right)));
        return 0;
    case OPT_SEED:
        u->seed = (uint64_t)cli_want(cli_number("--seed", arg, 0, INT64_MAX));
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_oe_policy_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};
