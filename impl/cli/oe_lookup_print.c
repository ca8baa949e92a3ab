/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdlib.h>

#include "cli/oe_lookup.h"
#include "codec/dns_msg.h"
#include "codec/oe_master.h"
#include "codec/oe_txt.h"

static const char *const security_words[OE_SEC_COUNT] = {"secure", "insecure", "bogus", "indeterminate"};

enum oe_look oe_lookup_look(const struct lookup_answer *a)
{
    if (a->end == LOOKUP_TIMEOUT) return OE_LOOK_TIMEOUT;
    if (a->end == LOOKUP_FAILED) return OE_LOOK_SERVFAIL;
    if (a->bogus) return OE_LOOK_SERVFAIL; /* what it holds is nobody's answer */
    if (a->rcode == DNS_NXDOMAIN) return OE_LOOK_NXDOMAIN;
    if (a->rcode != DNS_NOERROR) return OE_LOOK_SERVFAIL;
    return a->n ? OE_LOOK_RECORDS : OE_LOOK_NODATA;
}

/* Did the answer tell anything that DNSSEC can speak of? */
static bool told(const struct lookup_answer *a)
{
    return a->end == LOOKUP_ANSWERED && (a->bogus || a->rcode == DNS_NOERROR || a->rcode == DNS_NXDOMAIN);
}

static const char *status(const struct lookup_answer *a, char out[16])
{
    return a->end == LOOKUP_TIMEOUT  ? "none in time"
           : a->end == LOOKUP_FAILED ? "failed"
                                     : dns_rcode_name((uint16_t)a->rcode, out);
}

/* --- records as a master file has them ------------------------------------------------------------- */

/* "owner TTL IN TYPE RDATA" with its LF; as RFC 3597 has it where the type has no other form here, or the
 * RDATA does not fit it. */
static err line(const char *owner, uint32_t ttl, uint16_t type, const char *target, slice rdata,
                struct buf *out)
{
    char name[16];
    const char *dot = owner[0] == '.' && !owner[1] ? "" : ".";
    TRY(buf_addf(out, "%s%s %u IN %s ", owner, dot, (unsigned)ttl, dns_type_name(type, name)));
    if (target) return buf_addf(out, "%s.\n", target);
    bool known = type == OE_RR_TXT || type == OE_RR_KEY;
    size_t had = buf_slice(out).n;
    err e = known ? oe_rdata_write(type, rdata, OE_ONE_LINE, out) : ERR_USE;
    if (e == ERR_USE) {
        buf_unadd(out, buf_slice(out).n - had);
        e = buf_addf(out, "\\# %zu ", rdata.n);
        for (size_t i = 0; e == OK && i < rdata.n; i++)
            e = buf_addf(out, "%02X", rdata.p[i]);
    }
    return e == OK ? buf_add_byte(out, '\n') : e;
}

/* The records of the answer that matter: aliases, and those of the type. */
static bool wanted(const struct dns_rr *r, uint16_t type)
{
    return r->type == type || r->type == DNS_CNAME || r->type == DNS_DNAME;
}

/* By the message where there is one; else what libunbound has taken out of it. */
static err lines(const struct env *env, const char *name, uint16_t type, const struct lookup_answer *a,
                 struct buf *out)
{
    struct dns_msg m;
    struct dns_fault f;
    err e = dns_msg_read(env, a->packet, &m, &f);
    if (e == OK) {
        for (size_t i = 0; e == OK && i < m.answers; i++) {
            const struct dns_rr *r = &m.rr[i];
            if (wanted(r, type)) e = line(r->name, r->ttl, r->type, r->target, r->rdata, out);
        }
    } else if (e == ERR_PEER) {
        e = OK;
        for (size_t i = 0; e == OK && i < a->n; i++)
            e = line(name, a->ttl, type, NULL, a->rdata[i], out);
    }
    dns_msg_done(&m);
    return e;
}

unsigned oe_lookup_aliases(const struct env *env, slice packet)
{
    struct dns_msg m;
    struct dns_fault f;
    unsigned n = 0;
    if (dns_msg_read(env, packet, &m, &f) == OK) {
        for (size_t i = 0; i < m.answers; i++)
            n += m.rr[i].type == DNS_CNAME;
    }
    dns_msg_done(&m);
    return n;
}

/* --- what our records say -------------------------------------------------------------------------- */

static void gateway_text(const struct oe_txt *t, char *out, size_t n)
{
    char address[INET6_ADDRSTRLEN] = "";
    if (t->gateway == OE_FQDN)
        snprintf(out, n, "@%.*s", (int)t->fqdn.n, (const char *)t->fqdn.p);
    else
        snprintf(out, n, "%s",
                 inet_ntop(t->gateway == OE_IP4 ? AF_INET : AF_INET6, t->address, address, sizeof address));
}

static void notes(FILE *to, const struct oe_notes *n, enum oe_dialect d)
{
    for (uint32_t i = 0; i < n->n; i++) {
        const struct fault_info *info = &oe_faults[n->note[i].code];
        fprintf(to, ";;   %s: %s (%s%s%s)\n", oe_take_names[oe_takes[n->note[i].code][d]], info->text,
                clauses[info->clause].id, info->defect ? ", " : "",
                info->defect ? defects[info->defect].id : "");
    }
}

static void reading_of_txt(FILE *to, const struct oe_lookup_setup *s, size_t i, slice rdata)
{
    struct oe_txt t;
    char gateway[300];
    if (oe_txt_read(&s->env, rdata, &t) == OK) {
        enum oe_dialect d = s->policy.policy.dialect;
        fprintf(to, ";; record %zu: %s in %s", i + 1, oe_take_names[oe_txt_take(&t, d)], oe_dialect_names[d]);
        if (t.precedence_given) fprintf(to, ", precedence %u", (unsigned)t.precedence);
        if (t.gateway) {
            gateway_text(&t, gateway, sizeof gateway);
            fprintf(to, ", gateway %s", gateway);
        }
        if (t.rsa.modulus.n) fprintf(to, ", key of %u bits", (unsigned)t.rsa.bits);
        putc('\n', to);
        notes(to, &t.notes, d);
    }
    oe_txt_done(&t);
}

static void reading_of_key(FILE *to, const struct oe_lookup_setup *s, size_t i, slice rdata)
{
    struct oe_key k;
    enum oe_dialect d = s->policy.policy.dialect;
    oe_key_read(rdata, &k);
    fprintf(to, ";; record %zu: %s in %s, flags 0x%04X, protocol %u, algorithm %u", i + 1,
            oe_take_names[oe_notes_take(&k.notes, d)], oe_dialect_names[d], (unsigned)k.flags,
            (unsigned)k.protocol, (unsigned)k.algorithm);
    if (k.rsa.modulus.n) fprintf(to, ", key of %u bits", (unsigned)k.rsa.bits);
    putc('\n', to);
    notes(to, &k.notes, d);
}

void oe_lookup_print(FILE *to, const struct oe_lookup_setup *s, const char *name, uint16_t type,
                     const struct lookup_answer *a, enum oe_security security)
{
    char type_text[16], rcode[16];
    struct buf out;
    buf_init(&out, s->env.mem,
             4 * OE_MASTER_MAX); /* a message has 64 KiB, and RFC 3597's form two digits an octet */
    fprintf(to, "\n;; QUESTION SECTION:\n;%s.\tIN\t%s\n", name, dns_type_name(type, type_text));
    err e = lines(&s->env, name, type, a, &out);
    if (e != OK) fprintf(to, ";; the answer cannot be printed: %s\n", err_name(e));
    slice text = buf_slice(&out);
    if (text.n) {
        fprintf(to, "\n;; ANSWER SECTION:%s\n", a->bogus ? " (bogus: nobody may use it)" : "");
        fwrite(text.p, 1, text.n, to);
    }
    buf_done(&out);
    fprintf(to, "\n;; status: %s, DNSSEC: %s\n", status(a, rcode),
            told(a) ? security_words[security] : "nothing is told");
    if (a->why[0]) fprintf(to, ";; %s: %s\n", a->bogus ? "bogus" : "why", a->why);
    fprintf(to, ";; SERVER: %s\n;; Query time: %u msec\n", s->servers, (unsigned)a->ms);
    for (size_t i = 0; i < a->n && !a->bogus; i++) {
        if (type == OE_RR_TXT) reading_of_txt(to, s, i, a->rdata[i]);
        if (type == OE_RR_KEY) reading_of_key(to, s, i, a->rdata[i]);
    }
}

/* --- for programs ---------------------------------------------------------------------------------- */

/* A list of the lines; text in a message is ASCII, as names and RDATA are escaped. */
static json_t *records_json(const struct env *env, const char *name, uint16_t type,
                            const struct lookup_answer *a)
{
    struct buf out;
    json_t *list = json_array();
    buf_init(&out, env->mem, 4 * OE_MASTER_MAX);
    bool ok = list && lines(env, name, type, a, &out) == OK;
    slice rest = buf_slice(&out);
    while (ok && rest.n) {
        size_t n = slice_find(rest, SLICE_LIT("\n"));
        ok = json_array_append_new(list, json_stringn((const char *)rest.p, n)) == 0;
        rest = slice_sub(rest, n + 1, rest.n);
    }
    buf_done(&out);
    if (ok) return list;
    json_decref(list);
    return NULL;
}

json_t *oe_lookup_json(const struct oe_lookup_setup *s, const char *name, uint16_t type,
                       const struct lookup_answer *a, enum oe_security security)
{
    char type_text[16], rcode[16];
    json_t *records = records_json(&s->env, name, type, a);
    if (!records) return NULL;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "name", name, "type",
                     dns_type_name(type, type_text), "status", status(a, rcode), "dnssec",
                     told(a) ? security_words[security] : "", "why", a->why, "ttl", (json_int_t)a->ttl, "ms",
                     (json_int_t)a->ms, "records", records);
}
