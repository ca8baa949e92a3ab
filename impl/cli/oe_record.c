/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/oe.h"
#include "codec/oe_host.h"
#include "codec/oe_master.h"
#include "codec/oe_txt.h"
#include "sec/rsa_key.h"

enum { OPT_PRECEDENCE = 0x2300, OPT_GATEWAY, OPT_OWNER, OPT_HOST, OPT_KEY_OWNER, OPT_TTL, OPT_WRAP, OPT_ONLY, OPT_NO_KEY, OPT_DIALECT };
enum { NAME_ROOM = 300, TTL_USUAL = 3600, PRECEDENCE_USUAL = 10 };

struct use {
    enum oe_dialect dialect;
    const char *gateway, *owner, *host, *key_owner, *file;
    uint32_t ttl;
    uint16_t precedence, only; /* only: a type, or 0 */
    bool no_key;
    enum oe_layout layout;
    struct env env;
};

static const struct argp_option options[] = {
    {"gateway", OPT_GATEWAY, "WHO", 0, "the address of the gateway, or @ and its name", 0},
    {"host", OPT_HOST, "ADDRESS", 0, "the host that the gateway acts for: TXT goes to its name in the reverse DNS", 0},
    {"owner", OPT_OWNER, "NAME", 0, "the owner of TXT, when it is another", 0},
    {"key-owner", OPT_KEY_OWNER, "NAME", 0, "the owner of KEY; the gateway in the reverse DNS, or its name, otherwise", 0},
    {"precedence", OPT_PRECEDENCE, "P", 0, "0 to 65535, lower is stronger (10)", 0},
    {"ttl", OPT_TTL, "S", 0, "seconds that the records may be kept (3600)", 0},
    {"only", OPT_ONLY, "NAME", 0, "txt or key: print that one alone", 0},
    {"no-key", OPT_NO_KEY, 0, 0, "TXT without key, as RFC 4322 has it", 0},
    {"wrap", OPT_WRAP, 0, 0, "over several lines, in parentheses", 0},
    {"dialect", OPT_DIALECT, "NAME", 0, "rfc (as usual) or draft: what may be printed", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const char *const types[] = {"txt", "key", NULL};
    struct use *u = state->input;
    switch (key) {
    case OPT_GATEWAY: u->gateway = arg; return 0;
    case OPT_HOST: u->host = arg; return 0;
    case OPT_OWNER: u->owner = arg; return 0;
    case OPT_KEY_OWNER: u->key_owner = arg; return 0;
    case OPT_PRECEDENCE: u->precedence = (uint16_t)cli_want(cli_number("--precedence", arg, 0, OE_PRECEDENCE_MAX)); return 0;
    case OPT_TTL: u->ttl = (uint32_t)cli_want(cli_number("--ttl", arg, 0, 0x7FFFFFFF)); return 0;
    case OPT_ONLY: u->only = cli_want(cli_word("--only", arg, types)) ? OE_RR_KEY : OE_RR_TXT; return 0;
    case OPT_NO_KEY: u->no_key = true; return 0;
    case OPT_WRAP: u->layout = OE_WRAPPED; return 0;
    case OPT_DIALECT: u->dialect = cli_oe_dialect(arg); return 0;
    case ARGP_KEY_ARG:
        if (u->file) return ARGP_ERR_UNKNOWN;
        u->file = arg;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void reverse(const struct oe_host *h, char out[NAME_ROOM])
{
    char name[OE_NAME_TEXT];
    oe_reverse_name(h, name);
    snprintf(out, NAME_ROOM, "%s.", name);
}

/* An owner goes to a master file as it was typed, so it has to be one word there. */
static int owner_fits(const char *option, const char *name)
{
    size_t n = strlen(name);
    for (const char *c = name; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("-_./", *c)) return cli_error("%s: \"%s\" is no name: a sign that is none of one", option, name);
    }
    if (n == 0 || n > 254 || name[0] == '.' || strstr(name, "..")) return cli_error("%s: \"%s\" is no name", option, name);
    return CLI_OK;
}

static int gateway(const struct use *u, struct oe_txt *t)
{
    bool zeros = false;
    if (!u->gateway) return cli_error("--gateway is wanted: an address, or @ and a name");
    if (u->gateway[0] == '@') {
        t->gateway = OE_FQDN;
        t->fqdn = slice_str(u->gateway + 1);
        return oe_is_fqdn(t->fqdn) ? CLI_OK : cli_error("--gateway: what follows @ in %s is no domain name", u->gateway);
    }
    t->gateway = OE_IP4;
    if (oe_ip4(slice_str(u->gateway), t->address, &zeros) && !zeros) return CLI_OK;
    if (inet_pton(AF_INET6, u->gateway, t->address) != 1) return cli_error("--gateway: %s is no address; a name has an @ in front", u->gateway);
    t->gateway = OE_IP6;
    if (u->dialect == OE_RFC) return CLI_OK;
    return cli_error("--gateway: the draft has no IPv6 addresses (%s); --dialect rfc takes them", clauses[oe_faults[OE_F_GATEWAY_IP6].clause].id);
}

static int txt_owner(const struct use *u, char out[NAME_ROOM])
{
    struct oe_host h;
    if (u->owner && u->host) return cli_error("--owner and --host: one of them");
    if (!u->owner && !u->host) return cli_error("--host is wanted: the address that the gateway acts for; or --owner");
    if (u->owner) snprintf(out, NAME_ROOM, "%.254s", u->owner);
    if (u->owner) return owner_fits("--owner", u->owner);
    if (!oe_host_read(slice_str(u->host), &h)) return cli_error("--host: %s is no address", u->host);
    reverse(&h, out);
    return CLI_OK;
}

static int key_owner(const struct use *u, const struct oe_txt *t, char out[NAME_ROOM])
{
    if (u->key_owner) {
        snprintf(out, NAME_ROOM, "%.254s", u->key_owner);
        return owner_fits("--key-owner", u->key_owner);
    }
    struct oe_host h = oe_host_of(t->gateway == OE_IP6 ? 6 : 4, t->address);
    reverse(&h, out);
    if (t->gateway == OE_FQDN) snprintf(out, NAME_ROOM, "%.*s%s", (int)t->fqdn.n, (const char *)t->fqdn.p, t->fqdn.p[t->fqdn.n - 1] == '.' ? "" : ".");
    return CLI_OK;
}

/* Reads the RDATA back before anybody sees it: what is printed is good in the dialect, or only what was asked for makes it loose. */
static int txt_line(const struct use *u, const struct oe_txt *t, const char *owner, struct buf *out)
{
    struct buf rdata;
    struct oe_txt again;
    buf_init(&rdata, u->env.mem, OE_RDATA_MAX);
    err e = oe_txt_write(&u->env, t, &rdata);
    if (e == OK) {
        e = oe_txt_read(&u->env, buf_slice(&rdata), &again);
        for (uint32_t i = 0; e == OK && i < again.notes.n; i++) {
            const struct oe_note *n = &again.notes.note[i];
            if (oe_takes[n->code][u->dialect] == OE_TAKE) continue;
            cli_error("note: %s (%s)", oe_faults[n->code].text, clauses[oe_faults[n->code].clause].id);
        }
        if (e == OK && oe_txt_take(&again, u->dialect) == OE_BAD) e = ERR_USE;
        oe_txt_done(&again);
    }
    if (e == OK) e = oe_rr_write(slice_str(owner), u->ttl, OE_RR_TXT, buf_slice(&rdata), u->layout, out);
    buf_done(&rdata);
    return e == OK ? CLI_OK : cli_error("the TXT record cannot be written: %s", err_name(e));
}

static int key_line(const struct use *u, const struct oe_rsa *k, const char *owner, struct buf *out)
{
    struct buf rdata;
    buf_init(&rdata, u->env.mem, OE_RDATA_MAX);
    err e = oe_key_write(OE_KEY_FLAGS, OE_KEY_IPSEC, OE_KEY_RSAMD5, k->exponent, k->modulus, &rdata);
    if (e == OK) e = oe_rr_write(slice_str(owner), u->ttl, OE_RR_KEY, buf_slice(&rdata), u->layout, out);
    buf_done(&rdata);
    return e == OK ? CLI_OK : cli_error("the KEY record cannot be written: %s", err_name(e));
}

static int print(const struct use *u, const struct rsa_key *k)
{
    struct oe_rsa rsa = {buf_slice(&k->exponent), buf_slice(&k->modulus), k->bits};
    struct oe_txt t = {.precedence = u->precedence};
    char owner[NAME_ROOM];
    struct buf out;
    int status = CLI_OK;
    if (k->bits < OE_RSA_BITS_MIN || k->bits > OE_RSA_BITS_MAX)
        return cli_error("%s: a key of %u bits, where %u to %u are allowed (%s)", u->file, (unsigned)k->bits, OE_RSA_BITS_MIN, OE_RSA_BITS_MAX,
                         clauses[oe_faults[OE_F_RSA_MODULUS_SIZE].clause].id);
    if (!u->no_key) t.rsa = rsa;
    if (u->no_key && u->dialect == OE_DRAFT) return cli_error("--no-key: the draft has no record without key; --dialect rfc does");
    bool name_wanted = u->only != OE_RR_KEY || !u->key_owner;
    if (name_wanted) status = gateway(u, &t);
    buf_init(&out, u->env.mem, OE_MASTER_MAX);
    if (status == CLI_OK && u->only != OE_RR_KEY) {
        status = txt_owner(u, owner);
        if (status == CLI_OK) status = txt_line(u, &t, owner, &out);
    }
    if (status == CLI_OK && u->only != OE_RR_TXT) {
        status = key_owner(u, &t, owner);
        if (status == CLI_OK) status = key_line(u, &rsa, owner, &out);
    }
    if (status == CLI_OK) fwrite(buf_slice(&out).p, 1, out.n, stdout);
    buf_done(&out);
    return status;
}

static int run(struct use *u)
{
    struct rsa_key k;
    const char *why = "";
    size_t n;
    if (!u->file) return cli_error("a file with the public key in PEM is wanted, or - for standard input");
    uint8_t *pem = cli_oe_file(u->file, &n);
    if (!pem) return CLI_USE;
    err e = rsa_key_read(&u->env, slice_of(pem, n), &k, &why);
    memset(pem, 0, n); /* it may hold a private key */
    free(pem);
    int status = e == OK ? print(u, &k) : cli_error("%s: %s", u->file, *why ? why : e == ERR_LIMIT ? "too large for a key" : err_name(e));
    rsa_key_done(&k);
    return status;
}

static const struct argp argp = {
    options,
    parse,
    "FILE",
    "Print the TXT and KEY records of a gateway for its RSA key, as lines of a master file.\v"
    "FILE holds a public key, a certificate or a private key (of which the public part is taken) in PEM; - is standard input.",
    NULL,
    NULL,
    NULL};

void cli_oe_record_help(FILE *to)
{
    argp_help(&argp, to, ARGP_HELP_LONG, NULL);
}

int cli_oe_record(int argc, char **argv)
{
    struct use u = {.dialect = OE_RFC, .ttl = TTL_USUAL, .precedence = PRECEDENCE_USUAL};
    env_init(&u.env);
    argp_parse(&argp, argc, argv, 0, NULL, &u);
    return run(&u);
}
