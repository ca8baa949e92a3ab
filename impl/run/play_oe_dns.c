/* SPDX-License-Identifier: MIT */
/* Opportunistic encryption: the player as the name server of the gateway under test. */
#include <stdio.h>
#include <string.h>

#include "run/oe_rdata.h"
#include "run/play_oe_impl.h"

enum { WHY = 300 };

static void note(struct player *p, const char *text, uint64_t now)
{
    play_rung(p, RUNG_NOTE, PLAY_OE_DNS, false, false, text, SLICE_NONE, now);
}

/* --- queries that are kept -------------------------------------------------------------------- */

static err copy_query(const struct env *env, const struct oe_query *q, struct oe_query *out)
{
    *out = *q;
    buf_init(&out->octets, env->mem, DNS_MSG_MAX);
    return buf_add(&out->octets, buf_slice(&q->octets));
}

static err keep_recent(struct player *p, const struct oe_query *q)
{
    struct oe_play *s = oe_play(p);
    struct oe_query *at = &s->recent[s->recent_n % OE_PLAY_RECENT];
    if (s->recent_n >= OE_PLAY_RECENT) buf_done(&at->octets);
    s->recent_n++;
    return copy_query(p->e.env, q, at);
}

static err keep_pending(struct player *p, const struct oe_query *q)
{
    struct oe_play *s = oe_play(p);
    if (s->pending_n == OE_PLAY_QUERIES) return ERR_LIMIT;
    struct oe_query *grown = mem_resize(p->e.env->mem, s->pending, (s->pending_n + 1) * sizeof *grown);
    if (!grown) return ERR_MEM;
    s->pending = grown;
    return copy_query(p->e.env, q, &s->pending[s->pending_n++]);
}

static void drop_pending(struct oe_play *s, size_t i)
{
    buf_done(&s->pending[i].octets);
    memmove(&s->pending[i], &s->pending[i + 1], (s->pending_n - i - 1) * sizeof *s->pending);
    s->pending_n--;
}

void oe_play_dns_done(struct player *p)
{
    struct oe_play *s = oe_play(p);
    while (s->pending_n)
        drop_pending(s, s->pending_n - 1);
    for (size_t i = 0; i < OE_PLAY_RECENT && i < s->recent_n; i++)
        buf_done(&s->recent[i].octets);
    mem_free(p->e.env->mem, s->pending);
    mem_free(p->e.env->mem, s->seen);
}

/* --- answers ---------------------------------------------------------------------------------- */

static err put_out(struct player *p, const struct oe_query *q, slice message, bool elsewhere,
                   const char *label, uint64_t now)
{
    struct dns_frame f = {
        .how = q->how, .who = q->who, .msg = message, .elsewhere = elsewhere && q->how == DNS_FRAME_UDP};
    play_rung(p, RUNG_MESSAGE, PLAY_OE_DNS, false, false, label, message, now);
    return dns_frame_write(&f, &p->e.link[PLAY_OE_DNS].out);
}

/* forged: those of how->first, otherwise the answer itself. */
static err say(struct player *p, const struct oe_query *q, const struct oe_behave *how, bool forged,
               uint64_t now)
{
    const struct oe_zone *z = &oe_play(p)->zone;
    struct dns_msg m;
    struct dns_fault f;
    struct buf out;
    struct oe_zone_said said;
    err e = dns_msg_read(p->e.env, buf_slice(&q->octets), &m, &f);
    buf_init(&out, p->e.env->mem, DNS_MSG_MAX);
    for (size_t i = 0; forged && i < how->firsts && e == OK && q->how == DNS_FRAME_UDP; i++) {
        buf_clear(&out);
        e = oe_zone_forge(z, &m, how, how->first[i], &out, &said);
        if (e == OK) e = put_out(p, q, buf_slice(&out), how->first[i] & OE_LIE_ELSEWHERE, said.text, now);
    }
    if (!forged && e == OK) {
        e = oe_zone_answer(z, &m, how, q->how == DNS_FRAME_TCP, &out, &said);
        if (e == OK) e = put_out(p, q, buf_slice(&out), how->lies & OE_LIE_ELSEWHERE, said.text, now);
    }
    buf_done(&out);
    dns_msg_done(&m);
    return e;
}

/* By itself, as the case told. */
static err react(struct player *p, struct oe_query *q, uint64_t now)
{
    struct oe_behave how;
    oe_zone_how(&oe_play(p)->zone, q->name, q->type, &how);
    if (how.silent & (q->how == DNS_FRAME_TCP ? OE_MUTE_TCP : OE_MUTE_UDP)) {
        note(p, "no answer", now);
        return OK;
    }
    TRY(say(p, q, &how, true, now));
    if (how.hold || how.delay_ms) {
        q->held = how.hold;
        q->due = now + how.delay_ms;
        note(p, how.hold ? "answer held back" : "answer comes later", now);
        return keep_pending(p, q);
    }
    return say(p, q, &how, false, now);
}

/* What was held or late: the zone and the behaviour of now, without what made it wait. */
static err catch_up(struct player *p, size_t i, uint64_t now)
{
    struct oe_play *s = oe_play(p);
    struct oe_behave how;
    oe_zone_how(&s->zone, s->pending[i].name, s->pending[i].type, &how);
    err e = say(p, &s->pending[i], &how, false, now);
    drop_pending(s, i);
    return e;
}

uint64_t oe_play_dns_deadline(const struct oe_play *s)
{
    uint64_t at = UINT64_MAX;
    for (size_t i = 0; i < s->pending_n; i++)
        if (!s->pending[i].held && s->pending[i].due < at) at = s->pending[i].due;
    return at;
}

void oe_play_dns_tick(struct player *p, uint64_t now)
{
    struct oe_play *s = oe_play(p);
    for (size_t i = 0; i < s->pending_n;) {
        if (s->pending[i].held || s->pending[i].due > now) {
            i++;
            continue;
        }
        err e = catch_up(p, i, now);
        if (e != OK) (void)!play_error(p, "cannot answer: %s", err_name(e));
    }
}

/* --- what comes ------------------------------------------------------------------------------- */

/* Whether the same question came before, and whether anything came with that id from that port. */
static void compare(struct player *p, const struct oe_seen *q, bool *again, bool *fresh)
{
    struct oe_play *s = oe_play(p);
    *again = false;
    *fresh = true;
    for (size_t i = 0; i < s->seen_n; i++) {
        const struct oe_seen *x = &s->seen[i];
        *again |= x->type == q->type && x->class == q->class && strcmp(x->name, q->name) == 0;
        *fresh &= x->id != q->id || x->who != q->who;
    }
    if (s->seen_n == OE_PLAY_QUERIES) return;
    if (s->seen_n == s->seen_cap) {
        size_t cap = s->seen_cap ? 2 * s->seen_cap : 32;
        struct oe_seen *grown = mem_resize(p->e.env->mem, s->seen, cap * sizeof *grown);
        if (!grown) return;
        s->seen = grown;
        s->seen_cap = cap;
    }
    s->seen[s->seen_n++] = *q;
}

static bool well_formed(const struct dns_msg *m)
{
    return !m->response && !m->opcode && m->questions == 1 && m->qname && !m->answers && !m->authorities &&
           !m->trailing && !m->tc && !m->z && !m->rcode;
}

static slice yes(bool v)
{
    return v ? SLICE_LIT("yes") : SLICE_LIT("no");
}

static size_t raise_query(struct player *p, const struct dns_frame *f, const struct dns_msg *m, bool good,
                          uint64_t now)
{
    struct oe_seen q = {.type = m->qtype, .class = m->qclass, .id = m->id, .who = f->who};
    char type[16], class[16], id[16], port[16], label[OE_NAME_TEXT + 80];
    bool tcp = f->how == DNS_FRAME_TCP, again, fresh;
    snprintf(q.name, sizeof q.name, "%s", m->qname ? m->qname : "");
    compare(p, &q, &again, &fresh);
    dns_type_name(m->qtype, type);
    if (m->qclass == DNS_IN)
        snprintf(class, sizeof class, "IN");
    else
        snprintf(class, sizeof class, "%u", (unsigned)m->qclass);
    snprintf(id, sizeof id, "%u", (unsigned)m->id);
    snprintf(port, sizeof port, "%u", (unsigned)f->who);
    snprintf(label, sizeof label, good ? "query %s %s %s%s" : "query that is not well formed, %s %s %s%s",
             type, q.name, tcp ? "tcp" : "udp", again ? ", again" : "");
    size_t r = play_rung(p, RUNG_MESSAGE, PLAY_OE_DNS, true, false, label, f->msg, now);
    struct play_field field[] = {
        {"name", slice_str(q.name)}, {"type", slice_str(type)},
        {"class", slice_str(class)}, {"via", tcp ? SLICE_LIT("tcp") : SLICE_LIT("udp")},
        {"rd", yes(m->rd)},          {"do", yes(m->dnssec_ok)},
        {"again", yes(again)},       {"form", good ? SLICE_LIT("good") : SLICE_LIT("bad")},
        {"id", slice_str(id)},       {"port", slice_str(port)},
        {"fresh", yes(fresh)}};
    oe_play_run(p)->observed |= 1ull << OE_SEEN_QUERY;
    play_raise(p, "query", PLAY_OE_DNS, true, r, field, sizeof field / sizeof *field);
    return r;
}

/* What is no query has no answer but that it is none. */
static err refuse(struct player *p, const struct dns_frame *f, const struct dns_msg *q, uint64_t now)
{
    struct oe_query to = {.how = f->how, .who = f->who};
    struct dns_msg m;
    struct buf out;
    if (!q->header_read || q->response) return OK;
    buf_init(&out, p->e.env->mem, DNS_MSG_MAX);
    dns_msg_init(&m);
    m.id = q->id;
    m.response = true;
    m.opcode = q->opcode;
    m.rcode = q->opcode ? DNS_NOTIMP : DNS_FORMERR;
    err e = dns_msg_write(&m, &out);
    if (e == OK)
        e = put_out(p, &to, buf_slice(&out), false, q->opcode ? "answer NOTIMP" : "answer FORMERR", now);
    buf_done(&out);
    return e;
}

static err on_query(struct player *p, const struct dns_frame *f, uint64_t now)
{
    struct oe_query q = {.how = f->how, .who = f->who};
    struct dns_msg m;
    struct dns_fault fault;
    err e = dns_msg_read(p->e.env, f->msg, &m, &fault);
    bool good = e == OK && well_formed(&m) && strlen(m.qname) < sizeof q.name;
    if (e == ERR_PEER) e = OK;
    if (e == OK &&
        oe_play(p)->begun != OE_KNOWN_YES) { /* of the case before, if anything: nobody was asked yet */
        note(p, "query before anything was asked: passed over", now);
        dns_msg_done(&m);
        return OK;
    }
    if (e == OK) raise_query(p, f, &m, good, now);
    if (e == OK && !good) e = refuse(p, f, &m, now);
    if (e == OK && good) {
        snprintf(q.name, sizeof q.name, "%s", m.qname);
        q.type = m.qtype;
        buf_init(&q.octets, p->e.env->mem, DNS_MSG_MAX);
        e = buf_add(&q.octets, f->msg);
        if (e == OK) e = keep_recent(p, &q);
        if (e == OK) e = react(p, &q, now);
        buf_done(&q.octets);
    }
    dns_msg_done(&m);
    return e;
}

/* Whoever ended a TCP connection hears no answer on it. */
static void on_end(struct oe_play *s, uint32_t who)
{
    for (size_t i = 0; i < s->pending_n;) {
        if (s->pending[i].how == DNS_FRAME_TCP && s->pending[i].who == who)
            drop_pending(s, i);
        else
            i++;
    }
}

bool oe_play_dns_feed(struct player *p, slice *octets, uint64_t now)
{
    struct oe_play *s = oe_play(p);
    struct dns_frame f;
    if (s->deaf) {
        *octets = SLICE_NONE;
        return false;
    }
    err e = dns_frames_next(&s->frames, octets, &f);
    if (e == ERR_MORE) return false;
    s->deaf = e == ERR_PEER;
    if (e == OK && f.how == DNS_FRAME_END)
        on_end(s, f.who);
    else if (e == OK)
        e = on_query(p, &f, now);
    if (e != OK) (void)!play_error(p, "our name server fails: %s", err_name(e));
    return e == OK;
}

/* --- what the case tells us to do ------------------------------------------------------------- */

static err release(struct player *p, const struct scn_stmt *s, char *why, uint64_t now)
{
    static const char *const keys[] = {"name", "of", "type", NULL};
    struct oe_play *x = oe_play(p);
    char name[OE_NAME_TEXT];
    uint16_t type;
    bool any = false;
    TRY(oe_arg_known(s, keys, why, WHY));
    TRY(oe_zone_place(s, name, &type, why, WHY));
    for (size_t i = 0; i < x->pending_n;) {
        const struct oe_query *q = &x->pending[i];
        bool goes = q->held && (!*name || strcmp(name, q->name) == 0) && (!type || type == q->type);
        if (!goes) {
            i++;
            continue;
        }
        any = true;
        TRY(catch_up(p, i, now));
    }
    return any ? OK : ERR_MORE; /* the query may be on its way */
}

static err answer(struct player *p, const struct scn_stmt *s, char *why, uint64_t now)
{
    struct oe_play *x = oe_play(p);
    struct oe_behave how;
    TRY(oe_behave_of(s, &how, why, WHY));
    if (how.hold || how.delay_ms || how.silent) {
        snprintf(why, WHY, "answer answers now: hold=, delay= and silent= belong to behave");
        return ERR_USE;
    }
    if (!(how.said & OE_SAID_TTL)) how.ttl = OE_ZONE_TTL;
    for (size_t i = 0; i < OE_PLAY_RECENT && i < x->recent_n; i++) {
        const struct oe_query *q = &x->recent[(x->recent_n - 1 - i) % OE_PLAY_RECENT];
        if ((*how.name && strcmp(how.name, q->name) != 0) || (how.type && how.type != q->type)) continue;
        TRY(say(p, q, &how, true, now));
        return say(p, q, &how, false, now);
    }
    return ERR_MORE;
}

/* Queries until now are events no more: how many there are of a question is the gateway's business. */
static err forget(struct player *p)
{
    play_drain(p, PLAY_OE_DNS);
    return OK;
}

err oe_play_dns_act(struct player *p, const char *verb, const struct scn_stmt *s, uint64_t now)
{
    struct oe_zone *z = &oe_play(p)->zone;
    char why[WHY] = "";
    err e;
    if (strcmp(verb, "record") == 0)
        e = oe_zone_add(z, s, why, sizeof why);
    else if (strcmp(verb, "remove") == 0)
        e = oe_zone_remove(z, s, why, sizeof why);
    else if (strcmp(verb, "behave") == 0)
        e = oe_zone_behave(z, s, why, sizeof why);
    else if (strcmp(verb, "release") == 0)
        e = release(p, s, why, now);
    else if (strcmp(verb, "answer") == 0)
        e = answer(p, s, why, now);
    else if (strcmp(verb, "forget") == 0)
        e = forget(p);
    else
        return play_error(
            p, "unknown dns do %s; there are record, remove, behave, release, answer and forget", verb);
    return e == ERR_USE ? play_error(p, "%s", *why ? why : "this makes no sense here") : e;
}
