/* SPDX-License-Identifier: MIT */
/* What DNS answers, through stub and mind of a gateway, to decisions.  Octet 0: class of the policy (bits 0 to 2: permissive, paranoid, deny, clear, configured), dialect (3), records that DNSSEC does
 * not vouch for (4, 5: use, own, ignore, use), tolerant reading (6), responder instead of initiator (7).  Octet 1: what is reported of the first four gateways, two bits each (silent, refused,
 * signature, up).  Then answers, each an octet that says of what kind, two of length, and octets; one behind the last is silence.
 *
 *   kind 0   octets as they are
 *   kind 1   ... behind the right id and a question that fits, the first two being the flags: the counts and the sections follow
 *   kind 2   texts of TXT records of the name that was asked for, parted by LF
 *   kind 3   RDATA of KEY records of it, parted by octets FF FF
 *   bits 4, 5, 6: AD; NXDOMAIN with all of it; TC
 *
 * What must hold:
 *   - a gateway, and each key, that is decided for stood in a record that was sent, as the reading of the policy takes it, signed where it has to be;
 *   - paranoid is never clear, deny and clear and configured ask nobody and are what they are called;
 *   - an authentic other end has shown a key that was sent; it may act for another host only by a record of TXT that was sent with its address, and no other key than its;
 *   - each of these records has a name that was asked for, or that an alias leads to;
 *   - each question is answered once, in finite time;
 *   - the same answers give the same decisions, and forged ones in between (another id, another socket, another address, another question) change nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/dns_frame.h"
#include "codec/dns_msg.h"
#include "codec/oe_line.h"
#include "codec/oe_master.h"
#include "peer/oe_gateway.h"
#include "want.h"

#define KEY_HEX "c6c553c7cb0c912ef1c919535c61b439940a05c50823cc393a16f4cfa4dab3ad72bb850594856c671c57087aa80508dc09a9c1dbc843112778cbc4d3d93c60af"

enum { STEPS = 400, REPORTS = 4, TRANSCRIPT = 1 << 22 };

struct rig {
    struct env env;
    struct oe_gateway_setup s;
    struct endpoint *e;
    uint64_t now;
    slice input;         /* answers that are left */
    unsigned config, reports;
    bool forge;          /* forged answers come in between */
    struct buf names;    /* that were asked for, an LF around each */
    struct buf seen;     /* messages that were sent as answers: length in four octets, octets */
    struct buf transcript;
    unsigned asked, answered, queries, report;
};

static const char *const classes[8] = {"permissive", "paranoid", "deny", "clear", "configured", "permissive", "paranoid", "permissive"};
static const char *const rules[4] = {"use", "own", "ignore", "use"};
static const char *const outcomes[4] = {"silent", "refused", "signature", "up"};

static bool is(const struct rig *r, const char *class)
{
    return strcmp(classes[r->config & 7], class) == 0;
}

static enum oe_dialect dialect(const struct rig *r)
{
    return r->config & 8 ? OE_DRAFT : OE_RFC;
}

static bool takes(const struct rig *r, enum oe_take t)
{
    return t == OE_TAKE || (t == OE_LOOSE && (r->config & 64));
}

/* --- oracle: records that were sent -------------------------------------------------------------------------------------------------- */

struct looking {
    const struct rig *r;
    struct oe_host gateway; /* none: any */
    struct oe_rsa key;      /* modulus empty: any */
    enum { IN_TXT = 1, IN_KEY = 2 } where;
    bool keyless; /* a TXT without key will do as well */
    bool found;
};

static void look_at(struct looking *l, const struct dns_rr *rr, bool secure)
{
    struct oe_txt t;
    struct oe_key k;
    const char *rule = rules[l->r->config >> 4 & 3];
    struct oe_host bob = oe_host_of(4, (const uint8_t *)"\xc0\x00\x02\x42");
    if (!secure && strcmp(rule, "ignore") == 0) return;
    if (rr->type == DNS_KEY && (l->where & IN_KEY)) {
        oe_key_read(rr->rdata, &k);
        l->found |= takes(l->r, oe_notes_take(&k.notes, dialect(l->r))) && oe_rsa_eq(&k.rsa, &l->key);
    }
    if (rr->type != DNS_TXT || !(l->where & IN_TXT)) return;
    WANT(oe_txt_read(&l->r->env, rr->rdata, &t) == OK);
    if (takes(l->r, oe_txt_take(&t, dialect(l->r)))) {
        struct oe_host h = oe_host_of(t.gateway == OE_IP6 ? 6 : 4, t.address);
        bool gateway = (t.gateway == OE_IP4 || t.gateway == OE_IP6) && oe_host_eq(&h, &l->gateway);
        bool key = l->key.modulus.n == 0 || oe_rsa_eq(&t.rsa, &l->key) || (l->keyless && !t.key_given);
        bool counts = secure || strcmp(rule, "own") != 0 || oe_host_eq(&h, &bob);
        l->found |= gateway && key && counts;
    }
    oe_txt_done(&t);
}

/* Was it asked for, or does an alias of the same message lead there? */
static bool of_ours(const struct rig *r, const struct dns_msg *m, const char *name)
{
    char line[DNS_NAME_TEXT + 2];
    snprintf(line, sizeof line, "\n%s\n", name);
    if (slice_find(buf_slice(&r->names), slice_str(line)) < r->names.n) return true;
    for (size_t i = 0; i < m->answers; i++) {
        if (m->rr[i].type == DNS_CNAME && strcmp(m->rr[i].target, name) == 0) return true;
    }
    return false;
}

static bool was_sent(const struct rig *r, struct looking l)
{
    slice all = buf_slice(&r->seen);
    l.r = r;
    while (all.n >= 4) {
        struct dns_msg m;
        struct dns_fault f;
        size_t n = (size_t)all.p[0] << 24 | (size_t)all.p[1] << 16 | (size_t)all.p[2] << 8 | all.p[3];
        if (dns_msg_read(&r->env, slice_sub(all, 4, 4 + n), &m, &f) == OK) {
            for (size_t i = 0; i < m.answers; i++) {
                if (of_ours(r, &m, m.rr[i].name)) look_at(&l, &m.rr[i], m.ad);
            }
        }
        dns_msg_done(&m);
        all = slice_sub(all, 4 + n, all.n);
    }
    return l.found;
}

/* --- oracle: what is said ------------------------------------------------------------------------------------------------------------ */

static void decided(struct rig *r, const struct oe_line_reply *a)
{
    struct oe_host gateway = {.family = 0};
    if (is(r, "deny")) WANT(a->decision == OE_LINE_DECISION_DROP);
    if (is(r, "clear")) WANT(a->decision == OE_LINE_DECISION_CLEAR);
    if (is(r, "configured")) WANT(a->decision == OE_LINE_DECISION_CONFIGURED || a->decision == OE_LINE_DECISION_DROP);
    if (is(r, "paranoid")) WANT(a->decision == OE_LINE_DECISION_ENCRYPT || a->decision == OE_LINE_DECISION_DROP);
    if (a->decision != OE_LINE_DECISION_ENCRYPT) return;
    WANT(oe_host_read(slice_str(a->decided_gateway), &gateway) && a->key_count > 0);
    WANT(was_sent(r, (struct looking){.gateway = gateway, .where = IN_TXT}));
    for (size_t i = 0; i < a->key_count; i++)
        WANT(was_sent(r, (struct looking){.gateway = gateway, .key = a->keys[i], .where = IN_TXT | IN_KEY}));
}

static void hear(struct rig *r, const char *line)
{
    r->e->ops->feed(r->e, 0, slice_str(line), r->now);
}

static void judged(struct rig *r, const struct oe_line_reply *a, const struct oe_rsa *signer)
{
    struct oe_host peer = oe_host_of(4, (const uint8_t *)"\xc0\x01\x01\x05");
    if (a->verdict == OE_LINE_VERDICT_AUTHENTIC) WANT(was_sent(r, (struct looking){.key = *signer, .where = IN_KEY}));
    if (a->verdict == OE_LINE_VERDICT_ACCEPT && strcmp(a->id, "other") == 0)
        WANT(was_sent(r, (struct looking){.gateway = peer, .key = *signer, .where = IN_TXT, .keyless = true}));
    if (strcmp(a->id, "first") != 0) return;
    hear(r, "{\"id\":\"other\",\"op\":\"phase2\",\"phase1\":\"first\",\"source\":\"192.0.2.66\"}\n");
    hear(r, "{\"id\":\"self\",\"op\":\"phase2\",\"phase1\":\"first\",\"source\":\"192.1.1.5\"}\n");
    r->asked += 2;
}

static void line_came(struct rig *r, slice line)
{
    struct oe_line_reply a;
    struct oe_line_fault f;
    uint8_t modulus[64];
    for (size_t i = 0; i < 64; i++) {
        unsigned v;
        WANT(sscanf(&KEY_HEX[2 * i], "%2x", &v) == 1);
        modulus[i] = (uint8_t)v;
    }
    struct oe_rsa signer = {.exponent = SLICE_LIT("\x03"), .modulus = slice_of(modulus, 64), .bits = 512};
    WANT(oe_line_reply_read(&r->env, line, &a, &f) == OK);
    if (a.says == OE_SAYS_DECISION) {
        decided(r, &a);
        r->answered++;
        if (a.decision == OE_LINE_DECISION_ENCRYPT && r->report < REPORTS) {
            char ask[200];
            snprintf(ask, sizeof ask, "{\"id\":\"r%u\",\"op\":\"report\",\"destination\":\"192.0.2.66\",\"gateway\":\"%s\",\"outcome\":\"%s\"}\n", r->report, a.decided_gateway,
                     outcomes[r->reports >> 2 * r->report & 3]);
            r->report++;
            r->asked++;
            hear(r, ask);
        }
    } else if (a.says == OE_SAYS_VERDICT) {
        r->answered++;
        judged(r, &a, &signer);
    } else {
        WANT(a.says == OE_SAYS_READY);
    }
    oe_line_reply_done(&a);
}

static void listen_(struct rig *r)
{
    struct buf *out = &r->e->link[0].out;
    while (out->n) {
        slice all = buf_slice(out);
        size_t end = slice_find(all, SLICE_LIT("\n"));
        WANT(end < all.n);
        char *line = malloc(end + 1);
        WANT(line && buf_add(&r->transcript, slice_sub(all, 0, end + 1)) == OK);
        memcpy(line, all.p, end);
        buf_take(out, end + 1);
        line_came(r, slice_of(line, end));
        free(line);
    }
}

/* --- answers ------------------------------------------------------------------------------------------------------------------------- */

static void send_(struct rig *r, struct dns_frame f, slice msg)
{
    struct buf out;
    f.msg = msg;
    buf_init(&out, &mem_libc, DNS_FRAME_MAX);
    WANT(dns_frame_write(&f, &out) == OK);
    r->e->ops->feed(r->e, 1, buf_slice(&out), r->now);
    buf_done(&out);
}

static bool next_part(slice *in, slice by, slice *part)
{
    if (in->n == 0) return false;
    size_t end = slice_find(*in, by);
    *part = slice_sub(*in, 0, end);
    *in = slice_sub(*in, end + by.n, in->n);
    return true;
}

/* An answer that is well-formed around what the input says. */
static err made(struct rig *r, const struct dns_msg *q, unsigned kind, slice octets, struct buf *msg)
{
    enum { MANY = 40 };
    struct dns_msg m;
    struct dns_rr rr[MANY];
    struct buf rdata[MANY];
    size_t n = 0;
    slice part;
    bool key = (kind & 15) == 3;
    dns_msg_reply(&m, q, kind & 32 ? DNS_NXDOMAIN : DNS_NOERROR);
    m.ad = kind & 16;
    m.tc = kind & 64;
    while (n < MANY && next_part(&octets, key ? SLICE_LIT("\xff\xff") : SLICE_LIT("\n"), &part)) {
        buf_init(&rdata[n], &mem_libc, 65535);
        WANT((key ? buf_add(&rdata[n], part) : oe_txt_strings(part, 255, &rdata[n])) == OK);
        rr[n] = (struct dns_rr){.name = q->qname, .type = key ? DNS_KEY : DNS_TXT, .class = DNS_IN, .ttl = 60, .rdata = buf_slice(&rdata[n])};
        n++;
    }
    (void)r;
    m.rr = rr;
    m.answers = n;
    err e = dns_msg_write(&m, msg);
    while (n)
        buf_done(&rdata[--n]);
    return e;
}

static void compose(struct rig *r, const struct dns_msg *q, unsigned kind, slice octets, struct buf *msg)
{
    if ((kind & 15) == 2 || (kind & 15) == 3) {
        if (made(r, q, kind, octets, msg) == OK) return;
        buf_clear(msg);
    }
    if ((kind & 15) == 1 && octets.n >= 8 && octets.n + q->question.n < 60000) {
        uint8_t head[12] = {(uint8_t)(q->id >> 8), (uint8_t)q->id, octets.p[0], octets.p[1], 0, 1};
        memcpy(head + 6, octets.p + 2, 6);
        WANT(buf_add(msg, slice_of(head, 12)) == OK && buf_add(msg, q->question) == OK && buf_add(msg, slice_sub(octets, 8, octets.n)) == OK);
        return;
    }
    WANT(buf_add(msg, octets) == OK);
}

/* What an attacker says who does not see the query, or sits elsewhere. */
static void forged(struct rig *r, struct dns_frame f, const struct dns_msg *q)
{
    static const uint8_t evil[] = "X-IPsec-Server(1)=203.0.113.66 AQPGxVPHywyRLvHJGVNcYbQ5lAoFxQgjzDk6FvTPpNqzrXK7hQWUhWxnHFcIeqgFCNwJqcHbyEMRJ3jLxNPZPGCx";
    struct buf msg;
    struct dns_msg other = *q;
    buf_init(&msg, &mem_libc, 65535);
    send_(r, f, SLICE_LIT("garbage"));
    other.id ^= 0x40;
    WANT(made(r, &other, 2 | 16, slice_of(evil, sizeof evil - 1), &msg) == OK);
    send_(r, f, buf_slice(&msg));
    buf_clear(&msg);
    other.id = q->id;
    other.question = SLICE_NONE;
    other.qname = "67.2.0.192.in-addr.arpa.example.org";
    WANT(made(r, &other, 2 | 16, slice_of(evil, sizeof evil - 1), &msg) == OK);
    send_(r, f, buf_slice(&msg));
    buf_clear(&msg);
    WANT(made(r, q, 2 | 16, slice_of(evil, sizeof evil - 1), &msg) == OK);
    f.elsewhere = true;
    send_(r, f, buf_slice(&msg));
    f.elsewhere = false;
    f.who ^= 0x20000;
    send_(r, f, buf_slice(&msg));
    buf_done(&msg);
}

static void query_came(struct rig *r, const struct dns_frame *f)
{
    struct dns_msg q;
    struct dns_fault fault;
    struct buf msg;
    WANT(dns_msg_read(&r->env, f->msg, &q, &fault) == OK && q.qname);
    WANT(r->queries++ < STEPS && !is(r, "deny") && !is(r, "clear") && !is(r, "configured"));
    WANT(buf_addf(&r->names, "\n%s\n", q.qname) == OK);
    if (r->forge) forged(r, *f, &q);
    if (r->input.n >= 3) {
        unsigned kind = r->input.p[0];
        size_t n = (size_t)r->input.p[1] << 8 | r->input.p[2];
        slice octets = slice_sub(r->input, 3, 3 + n);
        r->input = slice_sub(r->input, 3 + octets.n, r->input.n);
        buf_init(&msg, &mem_libc, 65535);
        compose(r, &q, kind, octets, &msg);
        uint8_t length[4] = {0, (uint8_t)(msg.n >> 16), (uint8_t)(msg.n >> 8), (uint8_t)msg.n};
        WANT(buf_add(&r->seen, slice_of(length, 4)) == OK && buf_add(&r->seen, buf_slice(&msg)) == OK);
        send_(r, *f, buf_slice(&msg));
        buf_done(&msg);
    }
    dns_msg_done(&q);
}

static void name_server(struct rig *r)
{
    struct buf *out = &r->e->link[1].out;
    struct dns_frame f;
    size_t used;
    while (dns_frame_read(buf_slice(out), &f, &used) == OK) {
        uint8_t *octets = malloc(f.msg.n + 1);
        WANT(octets);
        if (f.msg.n) memcpy(octets, f.msg.p, f.msg.n);
        f.msg.p = octets;
        buf_take(out, used);
        if (f.how != DNS_FRAME_END) query_came(r, &f);
        free(octets);
        listen_(r);
    }
}

/* --- one run ------------------------------------------------------------------------------------------------------------------------- */

/* The rig itself is tested: with a mistake in the gateway an oracle has to stop the program. */
static unsigned mutant(void)
{
#ifdef FUZZ_NEGATIVE
    const char *name = getenv("FUZZ_MUTANT");
    unsigned m = name ? mutant_find(oe_mutants, OEMUT_COUNT, slice_str(name)) : 0;
    WANT(m);
    return m;
#else
    return 0;
#endif
}

static void run(struct rig *r, const uint8_t *data, size_t size, bool forge)
{
    char begin[400];
    *r = (struct rig){.config = data[0], .reports = data[1], .input = slice_of(data + 2, size - 2), .forge = forge};
    env_init(&r->env);
    buf_init(&r->names, &mem_libc, 1 << 20);
    buf_init(&r->seen, &mem_libc, 1 << 24);
    buf_init(&r->transcript, &mem_libc, TRANSCRIPT);
    r->s = (struct oe_gateway_setup){.env = &r->env, .seed = 1, .tolerant = r->config & 64, .mutant = mutant()};
    WANT(oe_gateway_new(&r->s, &r->e) == OK);
    r->e->link[0].state = LINK_UP;
    r->e->ops->up(r->e, 0, 0);
    snprintf(begin, sizeof begin, "{\"id\":\"b\",\"op\":\"begin\",\"dialect\":\"%s\",\"dns\":\"ns\",\"policy\":{\"class\":\"%s\",\"unsigned\":\"%s\",\"self\":[\"192.1.1.4\"],\"timeout_ms\":900}}\n",
             dialect(r) == OE_DRAFT ? "draft" : "rfc", classes[r->config & 7], rules[r->config >> 4 & 3]);
    hear(r, begin);
    WANT(r->e->link[1].state == LINK_WANTED);
    r->e->link[1].state = LINK_UP;
    r->e->ops->up(r->e, 1, 0);
    if (r->config & 128)
        hear(r, "{\"id\":\"first\",\"op\":\"phase1\",\"from\":\"192.1.1.5\",\"identity\":{\"type\":\"ipv4\",\"value\":\"192.1.1.5\"},\"signed_by\":{\"exponent_hex\":\"03\",\"modulus_hex\":\"" KEY_HEX "\"}}\n");
    else
        hear(r, "{\"id\":\"first\",\"op\":\"initiate\",\"source\":\"192.1.0.65\",\"destination\":\"192.0.2.66\"}\n");
    r->asked = 1;
    listen_(r);
    for (unsigned step = 0; r->answered < r->asked; step++) {
        WANT(step < STEPS); /* it comes to an end */
        name_server(r);
        listen_(r);
        if (r->answered == r->asked) break;
        uint64_t at = r->e->ops->deadline(r->e);
        WANT(at != UINT64_MAX);
        if (at > r->now) r->now = at;
        r->e->ops->tick(r->e, r->now);
        listen_(r);
    }
    WANT(r->answered == r->asked && !r->e->link[0].drop && !r->e->link[1].drop);
}

static void rig_done(struct rig *r)
{
    r->e->ops->free(r->e);
    buf_done(&r->names);
    buf_done(&r->seen);
    buf_done(&r->transcript);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig once, again;
    if (size < 2) return 0;
    run(&once, data, size, false);
    run(&again, data, size, true);
    WANT(slice_eq(buf_slice(&once.transcript), buf_slice(&again.transcript)));
    rig_done(&once);
    rig_done(&again);
    return 0;
}
