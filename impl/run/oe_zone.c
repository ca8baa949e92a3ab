/* SPDX-License-Identifier: MIT */
/* The zone of the tester: what the statements of a case put into it. */
#include "run/oe_zone.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "run/oe_rdata.h"
#include "run/samples_oe.h"

enum { TIMES = 1000, DELAY_MAX = 600000, NUMBERED = 3 };

__attribute__((format(printf, 3, 4))) static err wrong(char *why, size_t why_n, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, why_n, fmt, ap);
    va_end(ap);
    return ERR_USE;
}

void oe_zone_init(struct oe_zone *z, const struct env *env)
{
    *z = (struct oe_zone){.env = env};
}

void oe_zone_done(struct oe_zone *z)
{
    for (size_t i = 0; i < z->records; i++)
        mem_free(z->env->mem, z->record[i].rdata);
    mem_free(z->env->mem, z->record);
    z->record = NULL;
    z->records = z->cap = 0;
}

/* --- places ----------------------------------------------------------------------------------- */

static err fold(slice text, const char *key, char out[OE_NAME_TEXT], char *why, size_t why_n)
{
    char folded[DNS_NAME_TEXT];
    if (dns_name_text(text, folded) && strlen(folded) < OE_NAME_TEXT) {
        snprintf(out, OE_NAME_TEXT, "%s", folded);
        return OK;
    }
    return wrong(why, why_n, "%s=%.*s: a domain name is wanted", key, (int)(text.n < 60 ? text.n : 60),
                 (const char *)text.p);
}

err oe_zone_place(const struct scn_stmt *s, char name[OE_NAME_TEXT], uint16_t *type, char *why, size_t why_n)
{
    const char *of = oe_arg(s, "of"), *t = oe_arg(s, "type");
    name[0] = 0;
    *type = 0;
    if (of && scn_named(s, "name")) return wrong(why, why_n, "name= and of= say the same: give one of them");
    if (of) {
        struct oe_host h;
        if (!oe_host_read(slice_str(of), &h))
            return wrong(why, why_n, "of=%.60s: an IPv4 or IPv6 address is wanted, whose reverse name it is",
                         of);
        oe_reverse_name(&h, name);
    } else if (scn_named(s, "name")) {
        TRY(fold(oe_arg_octets(s, "name"), "name", name, why, why_n));
    }
    if (t && !(*type = dns_type_find(slice_str(t))))
        return wrong(why, why_n, "type=%.40s: there are TXT, KEY, CNAME, A, AAAA ... and TYPE65280", t);
    return OK;
}

/* --- records ---------------------------------------------------------------------------------- */

static err put(struct oe_zone *z, const struct oe_zone_record *r, slice rdata)
{
    if (z->records == OE_ZONE_RECORDS) return ERR_LIMIT;
    if (z->records == z->cap) {
        size_t cap = z->cap ? 2 * z->cap : 16;
        struct oe_zone_record *grown = mem_resize(z->env->mem, z->record, cap * sizeof *grown);
        if (!grown) return ERR_MEM;
        z->record = grown;
        z->cap = cap;
    }
    uint8_t *copy = mem_new(z->env->mem, rdata.n ? rdata.n : 1);
    if (!copy) return ERR_MEM;
    if (rdata.n) memcpy(copy, rdata.p, rdata.n);
    struct oe_zone_record *to = &z->record[z->records++];
    *to = *r;
    to->rdata = copy;
    to->n = rdata.n;
    return OK;
}

err oe_zone_put(struct oe_zone *z, const char *name, uint16_t type, uint32_t ttl, slice rdata)
{
    struct oe_zone_record r = {.type = type, .ttl = ttl};
    snprintf(r.name, sizeof r.name, "%s", name);
    return put(z, &r, rdata);
}

static err by_address(const struct scn_stmt *s, uint16_t type, struct buf *out, char *why, size_t why_n)
{
    struct oe_host h = {0};
    const char *text = oe_arg(s, "address");
    uint8_t family = type == DNS_A ? 4 : type == DNS_AAAA ? 6 : 0;
    if (family && oe_host_read(slice_str(text), &h) && h.family == family)
        return buf_add(out, slice_of(h.octets, family == 4 ? 4 : 16));
    return wrong(why, why_n, "address=%.60s: A wants an IPv4 address, AAAA one of IPv6", text);
}

/* RDATA of the record, or its target. */
static err rdata_of(struct oe_zone *z, const struct scn_stmt *s, struct oe_zone_record *r, struct buf *out,
                    char *why, size_t why_n)
{
    if (r->type == DNS_CNAME || r->type == DNS_DNAME) {
        if (!scn_named(s, "target")) return wrong(why, why_n, "an alias wants target=NAME");
        return fold(oe_arg_octets(s, "target"), "target", r->target, why, why_n);
    }
    if (r->type == DNS_TXT) return oe_rdata_txt(z->env, s, out, why, why_n);
    if (r->type == DNS_KEY) return oe_rdata_key(z->env, s, out, why, why_n);
    if (scn_named(s, "address")) return by_address(s, r->type, out, why, why_n);
    if (!scn_named(s, "hex"))
        return wrong(why, why_n, "a record of this type wants hex=..., or address= where it holds one");
    return oe_arg_hex(oe_arg_octets(s, "hex"), out, why, why_n);
}

/* The statement with every %n in the values of text=, gateway= and precedence= replaced.  The copies are the
 * caller's to free; at most max. */
static err numbered(const struct env *env, struct scn_stmt *s, struct scn_arg *arg, struct scn_octets *value,
                    size_t max, unsigned number)
{
    size_t used = 0;
    for (size_t i = 0; i < s->args; i++) {
        struct scn_arg *a = &arg[i];
        struct buf b;
        bool about = a->key && (strcmp(a->key, "text") == 0 || strcmp(a->key, "gateway") == 0 ||
                                strcmp(a->key, "precedence") == 0);
        if (!about || !a->values || used == max) continue;
        slice left = slice_of(a->value[0].p, a->value[0].n);
        buf_init(&b, env->mem, OE_RDATA_MAX);
        err e = OK;
        while (left.n && e == OK) {
            size_t at = slice_find(left, SLICE_LIT("%n"));
            e = buf_add(&b, slice_sub(left, 0, at));
            if (e == OK && at < left.n) e = buf_addf(&b, "%u", number);
            left = slice_sub(left, at < left.n ? at + 2 : at, left.n);
        }
        if (e == OK && !buf_str(&b)) e = ERR_MEM;
        if (e == OK) {
            value[used] = (struct scn_octets){mem_new(env->mem, b.n + 1), b.n};
            if (value[used].p)
                memcpy(value[used].p, buf_str(&b), b.n + 1);
            else
                e = ERR_MEM;
        }
        buf_done(&b);
        if (e != OK) return e;
        a->value = &value[used++];
        a->values = 1;
    }
    return OK;
}

static err add_one(struct oe_zone *z, const struct scn_stmt *s, struct oe_zone_record *r, unsigned number,
                   char *why, size_t why_n)
{
    struct scn_arg *arg = mem_new(z->env->mem, s->args * sizeof *arg);
    struct scn_octets value[NUMBERED] = {{0}};
    struct scn_stmt mine = *s;
    struct buf rdata;
    if (!arg) return ERR_MEM;
    memcpy(arg, s->arg, s->args * sizeof *arg);
    mine.arg = arg;
    buf_init(&rdata, z->env->mem, OE_RDATA_MAX);
    err e = number ? numbered(z->env, &mine, arg, value, NUMBERED, number) : OK;
    if (e == OK) e = rdata_of(z, &mine, r, &rdata, why, why_n);
    if (e == OK) e = put(z, r, buf_slice(&rdata));
    if (e == ERR_LIMIT)
        e = wrong(why, why_n, "too long for a record, or more than %d of them", OE_ZONE_RECORDS);
    buf_done(&rdata);
    for (size_t i = 0; i < NUMBERED; i++)
        mem_free(z->env->mem, value[i].p);
    mem_free(z->env->mem, arg);
    return e;
}

err oe_zone_add(struct oe_zone *z, const struct scn_stmt *s, char *why, size_t why_n)
{
    static const char *const keys[] = {"name",    "of",    "type",     "ttl",       "times",    "precedence",
                                       "gateway", "key",   "text",     "strings",   "length",   "at",
                                       "hex",     "flags", "protocol", "algorithm", "exponent", "modulus",
                                       "form",    "cut",   "target",   "address",   NULL};
    struct oe_zone_record r = {0};
    uint64_t ttl = OE_ZONE_TTL, times = 0;
    TRY(oe_arg_known(s, keys, why, why_n));
    TRY(oe_zone_place(s, r.name, &r.type, why, why_n));
    TRY(oe_arg_number(s, "ttl", UINT32_MAX, &ttl, why, why_n));
    TRY(oe_arg_number(s, "times", TIMES, &times, why, why_n));
    if (!*r.name) return wrong(why, why_n, "whose record?  name=NAME, or of=ADDRESS for its reverse name");
    if (!r.type) return wrong(why, why_n, "which record?  type=TXT, KEY, CNAME, A ...");
    r.ttl = (uint32_t)ttl;
    if (!times) return add_one(z, s, &r, 0, why, why_n);
    for (unsigned i = 1; i <= times; i++)
        TRY(add_one(z, s, &r, i, why, why_n));
    return OK;
}

err oe_zone_remove(struct oe_zone *z, const struct scn_stmt *s, char *why, size_t why_n)
{
    static const char *const keys[] = {"name", "of", "type", NULL};
    char name[OE_NAME_TEXT];
    uint16_t type;
    size_t kept = 0;
    TRY(oe_arg_known(s, keys, why, why_n));
    TRY(oe_zone_place(s, name, &type, why, why_n));
    for (size_t i = 0; i < z->records; i++) {
        struct oe_zone_record *r = &z->record[i];
        bool goes = (!*name || strcmp(name, r->name) == 0) && (!type || type == r->type);
        if (goes)
            mem_free(z->env->mem, r->rdata);
        else
            z->record[kept++] = *r;
    }
    if (kept == z->records) return wrong(why, why_n, "there is no such record to be removed");
    z->records = kept;
    return OK;
}

/* --- behaviour -------------------------------------------------------------------------------- */

struct word {
    const char *name;
    unsigned value;
};

static err pick(const struct scn_stmt *s, const char *key, const struct word *w, unsigned bit, unsigned *said,
                unsigned *out, char *why, size_t why_n)
{
    const char *text = oe_arg(s, key);
    size_t at = 0;
    if (!text) return OK;
    for (const struct word *x = w; x->name; x++) {
        if (strcmp(x->name, text) != 0) continue;
        *out = x->value;
        *said |= bit;
        return OK;
    }
    at = (size_t)snprintf(why, why_n, "%s=%.40s: there are", key, text);
    for (const struct word *x = w; x->name && at < why_n; x++)
        at += (size_t)snprintf(why + at, why_n - at, " %s", x->name);
    return ERR_USE;
}

static err yes(const struct scn_stmt *s, const char *key, unsigned bit, unsigned *said, bool *out, char *why,
               size_t why_n)
{
    static const struct word words[] = {{"yes", 1}, {"no", 0}, {NULL, 0}};
    unsigned v = *out;
    TRY(pick(s, key, words, bit, said, &v, why, why_n));
    *out = v != 0;
    return OK;
}

/* A lie that is said by a member of its own, "wrong" or "good". */
static err lie(const struct scn_stmt *s, const char *key, unsigned which, struct oe_behave *b, char *why,
               size_t why_n)
{
    static const struct word words[] = {{"wrong", 1}, {"good", 0}, {NULL, 0}};
    unsigned v = 0;
    if (!scn_named(s, key)) return OK;
    TRY(pick(s, key, words, OE_SAID_LIES, &b->said, &v, why, why_n));
    if (v) b->lies |= which;
    return OK;
}

static err lies(const struct scn_stmt *s, struct oe_behave *b, char *why, size_t why_n)
{
    static const struct word from[] = {{"elsewhere", OE_LIE_ELSEWHERE}, {"here", 0}, {NULL, 0}};
    static const struct word garbage[] = {
        {"yes", OE_LIE_GARBAGE}, {"short", OE_LIE_SHORT}, {"no", 0}, {NULL, 0}};
    unsigned v = 0;
    TRY(lie(s, "id", OE_LIE_ID, b, why, why_n));
    TRY(lie(s, "owner", OE_LIE_OWNER, b, why, why_n));
    TRY(lie(s, "type_of", OE_LIE_TYPE, b, why, why_n));
    TRY(lie(s, "question", OE_LIE_QUESTION, b, why, why_n));
    TRY(pick(s, "from", from, OE_SAID_LIES, &b->said, &v, why, why_n));
    b->lies |= v;
    v = 0;
    TRY(pick(s, "garbage", garbage, OE_SAID_LIES, &b->said, &v, why, why_n));
    b->lies |= v;
    return OK;
}

static err forged(const struct scn_stmt *s, struct oe_behave *b, char *why, size_t why_n)
{
    static const struct word words[] = {{"id", OE_LIE_ID},
                                        {"owner", OE_LIE_OWNER},
                                        {"type", OE_LIE_TYPE},
                                        {"question", OE_LIE_QUESTION},
                                        {"elsewhere", OE_LIE_ELSEWHERE},
                                        {"garbage", OE_LIE_GARBAGE},
                                        {"short", OE_LIE_SHORT},
                                        {NULL, 0}};
    static const struct word what[] = {{"nxdomain", 1}, {"record", 0}, {NULL, 0}};
    unsigned none = 0;
    for (size_t i = 0; i < s->args; i++) {
        struct scn_stmt one = *s;
        if (!s->arg[i].key || strcmp(s->arg[i].key, "first") != 0) continue;
        if (b->firsts == OE_ZONE_FORGED)
            return wrong(why, why_n, "more than %d forged answers", OE_ZONE_FORGED);
        one.arg = &s->arg[i];
        one.args = 1;
        TRY(pick(&one, "first", words, OE_SAID_FIRST, &b->said, &b->first[b->firsts++], why, why_n));
    }
    TRY(pick(s, "forged", what, OE_SAID_FORGED, &b->said, &none, why, why_n));
    b->forged_none = none != 0;
    return OK;
}

err oe_behave_of(const struct scn_stmt *s, struct oe_behave *b, char *why, size_t why_n)
{
    static const char *const keys[] = {"name",  "of",      "type",     "rcode", "silent",  "truncate",
                                       "hold",  "delay",   "ad",       "bogus", "garbage", "id",
                                       "owner", "type_of", "question", "from",  "first",   "forged",
                                       "ttl",   "chain",   NULL};
    static const struct word rcodes[] = {{"noerror", 0},
                                         {"formerr", DNS_FORMERR},
                                         {"servfail", DNS_SERVFAIL},
                                         {"nxdomain", DNS_NXDOMAIN},
                                         {"notimp", DNS_NOTIMP},
                                         {"refused", DNS_REFUSED},
                                         {NULL, 0}};
    static const struct word silences[] = {
        {"yes", OE_MUTE_UDP | OE_MUTE_TCP}, {"udp", OE_MUTE_UDP}, {"tcp", OE_MUTE_TCP}, {"no", 0}, {NULL, 0}};
    uint64_t delay = 0, ttl = OE_ZONE_TTL;
    unsigned rcode = 0;
    bool chain = true;
    *b = (struct oe_behave){.rcode = -1};
    TRY(oe_arg_known(s, keys, why, why_n));
    TRY(oe_zone_place(s, b->name, &b->type, why, why_n));
    TRY(pick(s, "rcode", rcodes, OE_SAID_RCODE, &b->said, &rcode, why, why_n));
    b->rcode = rcode ? (int)rcode : -1;
    TRY(pick(s, "silent", silences, OE_SAID_SILENT, &b->said, &b->silent, why, why_n));
    TRY(yes(s, "truncate", OE_SAID_TRUNCATE, &b->said, &b->truncate, why, why_n));
    TRY(yes(s, "hold", OE_SAID_HOLD, &b->said, &b->hold, why, why_n));
    TRY(yes(s, "ad", OE_SAID_AD, &b->said, &b->ad, why, why_n));
    TRY(yes(s, "bogus", OE_SAID_BOGUS, &b->said, &b->bogus, why, why_n));
    TRY(yes(s, "chain", OE_SAID_CHAIN, &b->said, &chain, why, why_n));
    b->no_chain = !chain;
    TRY(oe_arg_number(s, "delay", DELAY_MAX, &delay, why, why_n));
    TRY(oe_arg_number(s, "ttl", UINT32_MAX, &ttl, why, why_n));
    if (scn_named(s, "delay")) b->said |= OE_SAID_DELAY;
    if (scn_named(s, "ttl")) b->said |= OE_SAID_TTL;
    b->delay_ms = (uint32_t)delay;
    b->ttl = (uint32_t)ttl;
    TRY(lies(s, b, why, why_n));
    return forged(s, b, why, why_n);
}

err oe_zone_behave(struct oe_zone *z, const struct scn_stmt *s, char *why, size_t why_n)
{
    struct oe_behave b;
    TRY(oe_behave_of(s, &b, why, why_n));
    if (!b.said)
        return wrong(why, why_n,
                     "how?  rcode= silent= truncate= hold= delay= ad= bogus= garbage= id= owner= type_of= "
                     "question= from= first= ttl= chain=");
    if (z->behaves == OE_ZONE_BEHAVES) return wrong(why, why_n, "more than %d times behave", OE_ZONE_BEHAVES);
    z->behave[z->behaves++] = b;
    return OK;
}

void oe_zone_how(const struct oe_zone *z, const char *name, uint16_t type, struct oe_behave *out)
{
    *out = (struct oe_behave){.rcode = -1, .ttl = OE_ZONE_TTL};
    for (size_t i = 0; i < z->behaves; i++) {
        const struct oe_behave *b = &z->behave[i];
        if ((*b->name && strcmp(b->name, name) != 0) || (b->type && b->type != type)) continue;
        out->said |= b->said;
        if (b->said & OE_SAID_RCODE) out->rcode = b->rcode;
        if (b->said & OE_SAID_SILENT) out->silent = b->silent;
        if (b->said & OE_SAID_TRUNCATE) out->truncate = b->truncate;
        if (b->said & OE_SAID_HOLD) out->hold = b->hold;
        if (b->said & OE_SAID_DELAY) out->delay_ms = b->delay_ms;
        if (b->said & OE_SAID_AD) out->ad = b->ad;
        if (b->said & OE_SAID_BOGUS) out->bogus = b->bogus;
        if (b->said & OE_SAID_LIES) out->lies = b->lies;
        if (b->said & OE_SAID_TTL) out->ttl = b->ttl;
        if (b->said & OE_SAID_CHAIN) out->no_chain = b->no_chain;
        if (b->said & OE_SAID_FORGED) out->forged_none = b->forged_none;
        if (!(b->said & OE_SAID_FIRST)) continue;
        memcpy(out->first, b->first, sizeof out->first);
        out->firsts = b->firsts;
    }
}
