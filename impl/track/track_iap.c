/* SPDX-License-Identifier: MIT */
#include "track/track_iap.h"

#include <stdio.h>

void track_iap_init(struct track_iap *t, const struct env *env, bool no_tls)
{
    *t = (struct track_iap){.env = env, .no_tls = no_tls, .last_request_side = -1};
    fsm_init(&t->fsm, &iap_machine);
    fsm_bind(&t->fsm, IAP_P_INITIATOR, 0);
    iap_reader_init(&t->reader[0], env);
    iap_reader_init(&t->reader[1], env);
}

void track_iap_done(struct track_iap *t)
{
    iap_reader_done(&t->reader[0]);
    iap_reader_done(&t->reader[1]);
}

enum iap_state track_iap_state(const struct track_iap *t)
{
    return (enum iap_state)t->fsm.state;
}

bool track_iap_is_tls(const struct track_iap *t)
{
    enum iap_state s = track_iap_state(t);
    return !t->no_tls && s >= IAP_S_UPGRADED && s <= IAP_S_ENDING && s != IAP_S_CLOSED;
}

static void add_fault(struct track_iap *t, int side, enum iap_fault_code code, enum severity sev, uint16_t clause,
                      uint16_t defect, uint64_t at, const char *text)
{
    if (t->fault_n == TRACK_FAULTS_MAX) return;
    t->fault[t->fault_n++] = (struct iap_fault){.code = code,
                                                .severity = sev,
                                                .clause = (enum clause_id)clause,
                                                .defect = (enum defect_id)defect,
                                                .side = side,
                                                .at = at,
                                                .text = text};
}

static void add_listed(struct track_iap *t, int side, enum iap_fault_code code, uint64_t at)
{
    const struct fault_info *i = &iap_faults[code];
    add_fault(t, side, code, i->severity, (uint16_t)i->clause, (uint16_t)i->defect, at, i->text);
}

/* What a note comes to where one message alone cannot tell. */
static struct fault_info judge(const struct track_iap *t, const struct iap_msg *m, enum iap_fault_code code)
{
    struct fault_info i = iap_faults[code];
    enum iap_state s = track_iap_state(t);
    if (code == IAP_F_ONE_CRLF && m->kind != IAP_RESPONSE) { /* IAP-D10 is about responses by themselves */
        i.severity = SEV_FAIL;
        i.defect = DEF_NONE;
    }
    if (code == IAP_F_NO_PREFIX && m->kind == IAP_RESPONSE && (s == IAP_S_READY || s == IAP_S_SENT))
        i.clause = CL_IAP_4_3_5_9; /* 4-2 binds in set-up only (IAP-D28) */
    return i;
}

static void add_notes(struct track_iap *t, int side, const struct iap_msg *m, uint64_t at)
{
    for (uint32_t k = 0; k < m->note_n; k++) {
        struct fault_info i = judge(t, m, m->note[k].code);
        add_fault(t, side, m->note[k].code, i.severity, (uint16_t)i.clause, (uint16_t)i.defect, at + m->note[k].at, i.text);
    }
}

enum iap_event track_iap_event(const struct iap_msg *m)
{
    switch (m->kind) {
    case IAP_CONNECT: return IAP_E_CONNECT;
    case IAP_UPGRADE: return IAP_E_UPGRADE;
    case IAP_CHANNEL: return m->role == IAP_RECEIVER ? IAP_E_CHANNEL_AS_RECEIVER : IAP_E_CHANNEL_AS_SENDER;
    case IAP_CONTENT: return IAP_E_CONTENT;
    case IAP_RESPONSE:
        if (m->code == 200) return IAP_E_RESPONSE_200;
        if (m->code == 101) return IAP_E_RESPONSE_101;
        return m->code >= 400 && m->code <= 599 ? IAP_E_RESPONSE_ERROR : IAP_E_RESPONSE_OTHER;
    case IAP_NOTHING: break;
    }
    return IAP_E_FIN;
}

/* Two ways to be out of order have a name of their own; the clause is that of the row all the same. */
static enum iap_fault_code fatal_code(uint8_t was, enum iap_event ev)
{
    bool clear = was == IAP_S_ACCEPTED || was == IAP_S_UPGRADING || was == IAP_S_UPGRADED;
    if (ev == IAP_E_TLS_HELLO && was < IAP_S_UPGRADED) return IAP_F_EARLY_TLS;
    if (clear && (ev == IAP_E_CONTENT || ev == IAP_E_CHANNEL_AS_SENDER || ev == IAP_E_CHANNEL_AS_RECEIVER))
        return IAP_F_CLEAR_CHANNEL;
    return IAP_F_ORDER;
}

/* Order: one step of the machine.  After a mistake that was made on purpose, or a fault that was told already, order is not judged. */
static void step(struct track_iap *t, int side, enum iap_event ev, uint64_t at)
{
    uint8_t was = t->fsm.state;
    if (was == IAP_S_LOST || was == IAP_S_CLOSED) return;
    const struct fsm_row *r = fsm_step(&t->fsm, side, (uint8_t)ev, &t->facts);
    if (t->tainted) return;
    if (ev == IAP_E_RESPONSE_ERROR && (!r || r->kind != FSM_OK) && iap_reader_inside(&t->reader[!side])) {
        /* a request refused before it was whole (4: all requests are answered), which may never become so: no fault, and no order
         * left to judge */
        t->fsm.state = IAP_S_LOST;
        return;
    }
    if (!r) {
        add_fault(t, side, IAP_F_ORDER, SEV_FAIL, iap_machine.otherwise, DEF_NONE, at, iap_faults[IAP_F_ORDER].text);
        return;
    }
    if (r->kind == FSM_FATAL) {
        enum iap_fault_code code = fatal_code(was, ev);
        add_fault(t, side, code, SEV_FAIL, r->clause, r->defect, at, iap_faults[code].text);
    } else if (r->kind == FSM_LOOSE && ev == IAP_E_CONTENT) {
        add_listed(t, side, IAP_F_PIPELINED, at);
    } else if (r->kind == FSM_LOOSE) {
        add_fault(t, side, IAP_F_ORDER, SEV_WEAK, r->clause, r->defect, at, "response without a request");
    }
}

static void count(struct track_iap *t, int side, const struct iap_msg *m)
{
    if (m->kind == IAP_CONTENT) {
        t->facts.outstanding++;
        t->contents++;
    }
    if (m->kind == IAP_RESPONSE) {
        if (t->facts.outstanding) t->facts.outstanding--;
        t->last_code = m->code;
        t->last_request_side = -1;
    } else {
        t->last_request_side = side;
    }
}

static void see(struct track_iap *t, int side, const struct iap_msg *m, uint64_t at)
{
    enum iap_event ev = track_iap_event(m);
    step(t, side, ev, at);
    count(t, side, m);
    if (t->no_tls && ev == IAP_E_RESPONSE_101 && track_iap_state(t) == IAP_S_UPGRADED) {
        /* the handshake is left out: both sides know it by configuration */
        t->fsm.state = IAP_S_SECURED;
    }
}

bool track_iap_message(struct track_iap *t, int side, const struct iap_msg *m)
{
    t->fault_n = 0;
    see(t, side, m, 0);
    return t->fault_n == 0;
}

bool track_iap_legal(const struct track_iap *t, int side, enum iap_event ev)
{
    return fsm_legal(&t->fsm, side, &t->facts) >> ev & 1;
}

static err took(struct track_iap *t, int side, err e, struct iap_msg *m, uint64_t at)
{
    t->fault_n = 0;
    if (e == OK) {
        add_notes(t, side, m, at);
        see(t, side, m, at);
    } else if (e == ERR_PEER || e == ERR_LIMIT) {
        add_notes(t, side, m, at);
        t->fsm.state = IAP_S_LOST;
    }
    return e;
}

err track_iap_feed(struct track_iap *t, int side, slice *in, struct iap_msg *m)
{
    uint64_t at = 0;
    err e = iap_reader_next(&t->reader[side], in, m, &at);
    return took(t, side, e, m, at);
}

err track_iap_settle(struct track_iap *t, int side, struct iap_msg *m)
{
    uint64_t at = 0;
    err e = iap_reader_settle(&t->reader[side], m, &at);
    return took(t, side, e, m, at);
}

bool track_iap_signal(struct track_iap *t, int side, enum iap_event ev)
{
    t->fault_n = 0;
    if (ev == IAP_E_FIN) t->ended[side] = true;
    step(t, side, ev, t->reader[side].offset);
    return t->fault_n == 0;
}

static bool told(struct track_iap *t, int side, enum iap_fault_code code)
{
    t->fault_n = 0;
    add_listed(t, side, code, t->reader[side].offset);
    t->fsm.state = IAP_S_LOST;
    return false;
}

bool track_iap_urgent(struct track_iap *t, int side)
{
    return told(t, side, IAP_F_URGENT);
}

bool track_iap_not_tls(struct track_iap *t, int side)
{
    if (!t->tainted) return told(t, side, IAP_F_NOT_TLS);
    t->fault_n = 0; /* what answers a mistake of ours may be anything */
    t->fsm.state = IAP_S_LOST;
    return true;
}

bool track_iap_half(struct track_iap *t, int side)
{
    return told(t, side, IAP_F_HALF);
}

void track_iap_allowed(const struct track_iap *t, int side, char *out, size_t out_n)
{
    uint32_t set = fsm_legal(&t->fsm, side, &t->facts);
    size_t at = 0;
    out[0] = 0;
    for (int e = 0; e < IAP_E_COUNT; e++) {
        if (!(set >> e & 1)) continue;
        int n = snprintf(out + at, out_n - at, "%s%s", at ? ", " : "", iap_machine.events[e]);
        if (n < 0 || (size_t)n >= out_n - at) return;
        at += (size_t)n;
    }
}
