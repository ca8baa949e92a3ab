/* SPDX-License-Identifier: MIT */
#include "cli/oe_zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/oe.h"
#include "codec/oe_master.h"

enum { RR_CNAME = 5, TTL_USUAL = 3600, HEAD_WORDS = 4 /* owner, TTL, class, type */ };

struct reading {
    const struct env *env;
    struct cli_oe_zone *z;
    const char *where;
    char origin[OE_NAME_TEXT], owner[OE_NAME_TEXT];
    uint32_t ttl;
    size_t line;
};

/* --- names ------------------------------------------------------------------------------------------------------------------ */

/* A name as it is written: absolute with a dot behind, else below the origin; @ is the origin.  False: none. */
static bool absolute(const struct reading *r, slice written, char out[OE_NAME_TEXT])
{
    char text[2 * OE_NAME_TEXT];
    if (slice_eq(written, SLICE_LIT("@"))) {
        snprintf(out, OE_NAME_TEXT, "%s", r->origin);
        return true;
    }
    if (written.n == 0 || written.n >= OE_NAME_TEXT || memchr(written.p, 0, written.n)) return false;
    if (slice_eq(written, SLICE_LIT("."))) {
        out[0] = 0;
        return true;
    }
    bool dot = written.p[written.n - 1] == '.' || !r->origin[0];
    snprintf(text, sizeof text, "%.*s%s%s", (int)written.n, (const char *)written.p, dot ? "" : ".", dot ? "" : r->origin);
    return oe_name_fold(slice_str(text), out);
}

/* --- records ---------------------------------------------------------------------------------------------------------------- */

static int keep(struct reading *r, uint16_t type, uint32_t ttl, const char *target, slice rdata)
{
    struct cli_oe_zone *z = r->z;
    if (z->n == CLI_OE_RECORDS) return cli_error("%s: more than %d records", r->where, CLI_OE_RECORDS);
    if (z->n == z->cap) {
        size_t cap = z->cap ? 2 * z->cap : 64;
        struct cli_oe_rr *more = realloc(z->rr, cap * sizeof *more);
        if (!more) return cli_error("out of memory");
        z->rr = more;
        z->cap = cap;
    }
    struct cli_oe_rr *one = &z->rr[z->n++];
    *one = (struct cli_oe_rr){.name = strdup(r->owner), .target = target ? strdup(target) : NULL, .type = type, .ttl = ttl, .rdata = malloc(rdata.n + 1), .n = rdata.n};
    if (!one->name || !one->rdata || (target && !one->target)) return cli_error("out of memory");
    if (rdata.n) memcpy(one->rdata, rdata.p, rdata.n);
    return CLI_OK;
}

static void bad(struct reading *r, const char *why)
{
    r->z->bad++;
    (void)cli_error("%s:%zu: passed over: %s", r->where, r->line, why);
}

static slice word(slice *rest)
{
    size_t from = 0;
    while (from < rest->n && (rest->p[from] == ' ' || rest->p[from] == '\t'))
        from++;
    size_t to = from;
    while (to < rest->n && !strchr(" \t\r\n;(", rest->p[to]))
        to++;
    slice w = slice_sub(*rest, from, to);
    *rest = slice_sub(*rest, to, rest->n);
    return w;
}

static int directive(struct reading *r, slice text)
{
    char name[OE_NAME_TEXT];
    uint64_t ttl;
    slice what = word(&text), value = word(&text);
    if (slice_eq_nocase(what, SLICE_LIT("$ORIGIN")) && absolute(r, value, name)) {
        memcpy(r->origin, name, sizeof r->origin);
    } else if (slice_eq_nocase(what, SLICE_LIT("$TTL")) && slice_number(value, 0x7FFFFFFF, &ttl)) {
        r->ttl = (uint32_t)ttl;
    } else {
        bad(r, slice_eq_nocase(what, SLICE_LIT("$ORIGIN")) ? "$ORIGIN without a name" : slice_eq_nocase(what, SLICE_LIT("$TTL")) ? "$TTL without a number of seconds" : "a directive other than $ORIGIN and $TTL");
    }
    return CLI_OK;
}

static bool is_type(slice w)
{
    bool letters = w.n > 0;
    for (size_t i = 0; i < w.n; i++)
        letters = letters && ((w.p[i] >= 'A' && w.p[i] <= 'Z') || (w.p[i] >= 'a' && w.p[i] <= 'z') || (i && ((w.p[i] >= '0' && w.p[i] <= '9') || w.p[i] == '-')));
    return letters;
}

/* A record that oe_master has no reading of: an alias, or one whose name exists. */
static int other(struct reading *r, slice text, const char *why)
{
    uint32_t ttl = r->ttl;
    uint64_t v;
    char name[OE_NAME_TEXT];
    if (text.n && text.p[0] != ' ' && text.p[0] != '\t') {
        if (!absolute(r, word(&text), name)) {
            bad(r, "the owner is no domain name");
            return CLI_OK;
        }
        memcpy(r->owner, name, sizeof r->owner);
    }
    for (int i = 0; i < HEAD_WORDS - 1; i++) {
        slice w = word(&text);
        if (slice_number(w, 0x7FFFFFFF, &v)) {
            ttl = (uint32_t)v;
        } else if (slice_eq_nocase(w, SLICE_LIT("CNAME"))) {
            if (!absolute(r, word(&text), name)) {
                bad(r, "the target of an alias is no domain name");
                return CLI_OK;
            }
            r->z->alias++;
            return keep(r, RR_CNAME, ttl, name, SLICE_NONE);
        } else if (slice_eq_nocase(w, SLICE_LIT("TXT")) || slice_eq_nocase(w, SLICE_LIT("KEY")) || !is_type(w)) {
            break;
        } else if (!slice_eq_nocase(w, SLICE_LIT("IN"))) {
            r->z->others++;
            return keep(r, 0, ttl, NULL, SLICE_NONE);
        }
    }
    bad(r, why);
    return CLI_OK;
}

static int record(struct reading *r, const struct oe_rr *rr)
{
    char name[OE_NAME_TEXT];
    if (rr->owner.n) {
        if (!absolute(r, rr->owner, name)) {
            bad(r, "the owner is no domain name");
            return CLI_OK;
        }
        memcpy(r->owner, name, sizeof r->owner);
    }
    *(rr->type == OE_RR_KEY ? &r->z->key : &r->z->txt) += 1;
    return keep(r, rr->type, rr->ttl_given ? rr->ttl : r->ttl, NULL, buf_slice(&rr->rdata));
}

/* Where the first thing stands that is no empty line and no comment: there a record begins. */
static size_t begins(slice text)
{
    size_t line = 0, i = 0;
    while (i < text.n) {
        uint8_t c = text.p[i];
        if (c == ';')
            while (i < text.n && text.p[i] != '\n')
                i++;
        else if (c == '\n')
            line = ++i;
        else if (c == ' ' || c == '\t' || c == '\r')
            i++;
        else
            break;
    }
    return line;
}

static int read_all(struct reading *r, slice text)
{
    int status = CLI_OK;
    r->line = 1;
    for (size_t at = 0; at < text.n && status == CLI_OK;) {
        slice rest = slice_sub(text, at, text.n);
        size_t skip = begins(rest);
        for (size_t i = 0; i < skip; i++)
            r->line += rest.p[i] == '\n';
        at += skip;
        rest = slice_sub(rest, skip, rest.n);
        if (rest.n == 0) break;
        struct oe_rr rr;
        struct oe_text_fault fault;
        err e = oe_master_read(r->env, slice_sub(rest, 0, OE_MASTER_MAX), 0, &rr, &fault);
        size_t used = rr.used ? rr.used : rest.n;
        slice own = slice_sub(rest, 0, used);
        if (e == OK)
            status = record(r, &rr);
        else if (e == ERR_PEER && fault.other)
            status = rest.p[0] == '$' ? directive(r, own) : other(r, own, fault.why);
        else if (e == ERR_PEER)
            bad(r, fault.why);
        else if (e != ERR_MORE)
            status = cli_error("%s:%zu: %s", r->where, r->line, e == ERR_LIMIT ? "too long" : "out of memory");
        oe_rr_done(&rr);
        for (size_t i = 0; i < used; i++)
            r->line += rest.p[i] == '\n';
        at += used;
    }
    return status;
}

int cli_oe_zone_read(const struct env *env, const char *path, const char *origin, struct cli_oe_zone *z)
{
    struct reading r = {.env = env, .z = z, .where = strcmp(path, "-") == 0 ? "standard input" : path, .ttl = TTL_USUAL};
    size_t n;
    *z = (struct cli_oe_zone){.n = 0};
    if (origin && !slice_eq(slice_str(origin), SLICE_LIT(".")) && !oe_name_fold(slice_str(origin), r.origin)) return cli_error("--origin: \"%s\" is no domain name", origin);
    memcpy(r.owner, r.origin, sizeof r.owner);
    uint8_t *text = cli_oe_file(path, &n);
    if (!text) return CLI_USE;
    int status = read_all(&r, slice_of(text, n));
    free(text);
    return status;
}

void cli_oe_zone_done(struct cli_oe_zone *z)
{
    for (size_t i = 0; i < z->n; i++) {
        free(z->rr[i].name);
        free(z->rr[i].target);
        free(z->rr[i].rdata);
    }
    free(z->rr);
}

/* --- answers ---------------------------------------------------------------------------------------------------------------- */

static void at_name(const struct cli_oe_zone *z, const char *name, uint16_t type, slice *rdata, struct oe_answer *a, const char **alias)
{
    bool exists = false;
    a->n = 0;
    *alias = NULL;
    for (size_t i = 0; i < z->n; i++) {
        const struct cli_oe_rr *r = &z->rr[i];
        if (strcmp(r->name, name) != 0) continue;
        exists = true;
        if (r->type == RR_CNAME && type != RR_CNAME) *alias = r->target;
        if (r->type != type && r->type != RR_CNAME) continue;
        if (r->ttl < a->ttl) a->ttl = r->ttl;
        if (r->type == type && a->n < OE_AGENT_RECORDS) rdata[a->n++] = slice_of(r->rdata, r->n);
    }
    a->look = a->n ? OE_LOOK_RECORDS : exists ? OE_LOOK_NODATA : OE_LOOK_NXDOMAIN;
    a->canonical = slice_str(name);
}

void cli_oe_zone_answer(const struct cli_oe_zone *z, const char *name, uint16_t type, slice *rdata, struct oe_answer *answer)
{
    const char *alias = name;
    *answer = (struct oe_answer){.security = OE_SEC_INSECURE, .ttl = OE_AGENT_TTL_MAX, .type = type, .rdata = rdata};
    for (unsigned i = 0; alias && i <= CLI_OE_ALIASES; i++) {
        answer->aliases = i;
        at_name(z, alias, type, rdata, answer, &alias);
    }
    if (alias) { /* a circle, or a chain that is too long */
        answer->look = OE_LOOK_SERVFAIL;
        answer->n = 0;
    }
    if (answer->look == OE_LOOK_NXDOMAIN || answer->look == OE_LOOK_NODATA) answer->ttl = answer->ttl < TTL_USUAL ? answer->ttl : TTL_USUAL;
}
