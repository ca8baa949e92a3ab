/* SPDX-License-Identifier: MIT */
/* Phase 2 as far as headers show it: quick modes, and informational messages with their answers and repeats (5.2). */
#include <string.h>

#include "track/track_oe_impl.h"

/* --- quick mode -------------------------------------------------------------------------------------------------------------- */

static struct oe_quick *quick_of(const struct oe_phase1 *x, uint32_t id)
{
    for (size_t i = x->quicks; i-- > 0;) {
        if (x->quick[i].id == id) return &x->quick[i];
    }
    return NULL;
}

/* Was TXT asked for shortly before?  Then it may be for another pair of hosts. */
static bool alone(const struct track_oe *t)
{
    for (size_t i = 0; i < t->own->askeds; i++) {
        const struct oe_asked *a = &t->own->asked[i];
        if (a->type == DNS_TXT && a->asked_ms != NEVER && t->own->ms - a->asked_ms <= OE_TRACK_SUSPECT_MS) return false;
    }
    return true;
}

static err quick_new(struct track_oe *t, struct oe_phase1 *x, uint32_t id, bool by_us)
{
    err e;
    struct oe_quick *list = oe_room(t, x->quick, x->quicks, &x->quick_room, sizeof *list, OE_QUICKS_MAX, &e);
    if (!list) return e;
    x->quick = list;
    struct oe_quick *q = &x->quick[x->quicks++];
    *q = (struct oe_quick){.id = id, .ours = by_us, .ms = {t->own->ms, NEVER, NEVER}, .packet = {t->own->packet}, .host = NOBODY, .early = NOBODY, .alone = alone(t)};
    oe_tell(t, "%s message 1 of quick mode", by_us ? "sends" : "gets");
    return oe_order_proposed(t, x, q);
}

err oe_quick_message(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, bool by_us, uint64_t hash)
{
    (void)hash;
    struct oe_quick *q = quick_of(x, m->message_id);
    if (!q) return quick_new(t, x, m->message_id, by_us);
    int n = by_us != q->ours ? 1 : q->ms[1] == NEVER ? 0 : 2;
    if (q->ms[n] != NEVER) return OK; /* again */
    q->ms[n] = t->own->ms;
    q->packet[n] = t->own->packet;
    oe_tell(t, "%s message %d of quick mode", by_us ? "sends" : "gets", n + 1);
    if (n != 1) return OK;
    TRY(oe_order_accepted(t, x, q));
    return oe_esp_tunnel(t, x, q);
}

/* --- informational messages ------------------------------------------------------------------------------------------------------ */

static struct oe_info *info_of(const struct oe_phase1 *x, bool by_us, uint64_t hash)
{
    for (size_t i = x->infos; i-- > 0;) {
        if (x->info[i].gateway == by_us && x->info[i].hash == hash) return &x->info[i];
    }
    return NULL;
}

/* The latest of the other side that has no answer. */
static struct oe_info *open_one(const struct track_oe *t, const struct oe_phase1 *x, bool by_us)
{
    for (size_t i = x->infos; i-- > 0;) {
        struct oe_info *f = &x->info[i];
        if (f->gateway != by_us && !f->reply && !f->answered && t->own->ms - f->ms <= OE_TRACK_REPLY_MS) return f;
    }
    return NULL;
}

/* One that came before, with the same octets: sent again, as its answer is missing. */
static err again(struct track_oe *t, struct oe_phase1 *x, struct oe_info *f)
{
    const struct ip_address *by = f->gateway ? &x->us : &x->peer;
    uint64_t distance = t->own->ms - f->ms;
    /* Ten seconds as one packet after the other shows them: what is over half of it is told apart from what is sent at once. */
    struct oe_delete_facts facts = {.now = t->own->ms + OE_DELETE_WAIT_MS - OE_TRACK_FAST_MS, .sent = f->ms};
    if (distance <= OE_TRACK_TWIN_MS) return OK; /* the capture has it twice */
    f->count++;
    f->ms = t->own->ms;
    oe_tell(t, "%s an informational message again, %u in all", f->gateway ? "sends" : "gets", (unsigned)f->count);
    if (f->reply) return OK;
    const struct fsm_row *row = fsm_peek(&f->del, OE_SIDE_GATEWAY, OE_DE_DELETE, &facts);
    oe_seen(t, by, OE_WIRE_REPEAT);
    if (row) (void)fsm_step(&f->del, OE_SIDE_GATEWAY, OE_DE_DELETE, &facts);
    if (row && row->kind == FSM_LOOSE) return oe_fault(t, OE_TF_REPEAT_FOUR, by);
    if (row || f->answered) return OK; /* its answer may not have arrived */
    bool fast = distance < OE_TRACK_FAST_MS;
    if (fast && f->count < OE_DELETE_TRIES) return OK; /* it may be the answer, sent again, to one that the capture lost */
    bool told = f->told;
    f->told = true;
    return told ? OK : oe_fault(t, fast ? OE_TF_REPEAT_FAST : OE_TF_REPEAT_MANY, by);
}

/* An answer that is sent again without having been asked for again. */
static err answered_again(struct track_oe *t, struct oe_phase1 *x, struct oe_info *f)
{
    if (!f->reply || t->own->ms - f->ms <= OE_TRACK_TWIN_MS) return OK;
    for (size_t i = x->infos; i-- > 0;) {
        struct oe_info *q = &x->info[i];
        if (q->gateway == f->gateway || !q->answered || q->count == q->answered_at) continue;
        q->answered_at = q->count;
        return OK;
    }
    return oe_fault(t, OE_TF_ANSWERED_TWICE, f->gateway ? &x->us : &x->peer);
}

static void answered(struct track_oe *t, struct oe_phase1 *x, struct oe_info *open, bool by_us)
{
    struct oe_delete_facts facts = {.now = t->own->ms};
    open->answered = true;
    open->answered_at = open->count;
    (void)fsm_step(&open->del, OE_SIDE_WORLD, OE_DE_DELETE, &facts);
    oe_seen(t, by_us ? &x->us : &x->peer, OE_WIRE_ANSWER);
}

static err unanswered(struct track_oe *t, const struct oe_phase1 *x, const struct oe_info *f)
{
    bool over = t->own->ms - f->ms > OE_TRACK_REPLY_MS;
    if (f->reply || f->answered || f->count < OE_DELETE_TRIES || !over || t->heads.full) return OK;
    return oe_fault_at(t, OE_TF_UNANSWERED, f->gateway ? &x->peer : &x->us, f->packet, f->first_ms, false);
}

static err info_new(struct track_oe *t, struct oe_phase1 *x, bool by_us, uint64_t hash)
{
    err e;
    struct oe_info *open = open_one(t, x, by_us);
    struct oe_delete_facts facts = {.now = t->own->ms};
    if (open) answered(t, x, open, by_us);
    if (x->infos == OE_INFOS_MAX) { /* only the latest matter */
        TRY(unanswered(t, x, &x->info[0]));
        memmove(x->info, x->info + 1, (OE_INFOS_MAX - 1) * sizeof *x->info);
        x->infos--;
    }
    struct oe_info *list = oe_room(t, x->info, x->infos, &x->info_room, sizeof *list, OE_INFOS_MAX, &e);
    if (!list) return e;
    x->info = list;
    struct oe_info *f = &x->info[x->infos++];
    *f = (struct oe_info){.gateway = by_us, .reply = open != NULL, .hash = hash, .first_ms = t->own->ms, .ms = t->own->ms, .count = 1, .packet = t->own->packet};
    oe_flow_init(&f->del, &oe_delete_machine);
    (void)fsm_step(&f->del, OE_SIDE_GATEWAY, OE_DE_DELETE, &facts); /* of whoever sends it */
    oe_tell(t, "%s an informational message%s", by_us ? "sends" : "gets", open ? ", in answer to one" : "");
    return OK;
}

err oe_info_message(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, bool by_us, uint64_t hash)
{
    struct oe_info *f = info_of(x, by_us, hash);
    oe_seen(t, by_us ? &x->us : &x->peer, OE_WIRE_INFO);
    x->info_ms = t->own->ms;
    if (!m->whole) { /* cut: any of them again, or the answer to any */
        for (size_t i = 0; i < x->infos; i++)
            x->info[i].answered = true;
        return OK;
    }
    if (!f) return info_new(t, x, by_us, hash);
    TRY(answered_again(t, x, f));
    return again(t, x, f);
}

err oe_info_end(struct track_oe *t)
{
    for (size_t i = 0; i < t->own->phase1s; i++) {
        const struct oe_phase1 *x = &t->own->phase1[i];
        for (size_t k = 0; k < x->infos; k++)
            TRY(unanswered(t, x, &x->info[k]));
    }
    return OK;
}
