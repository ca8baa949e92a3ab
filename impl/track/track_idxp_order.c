/* SPDX-License-Identifier: MIT */
/* Greetings of an IDXP channel, and what may be sent under them (3.2, 3.4).
 *
 * For each side the tracker keeps what its greetings came to: as far as the side must know (`known`), and
 * each answer since (`past`), of which it may have read none, some or all when it sent something. */
#include "track/track_idxp.h"

#include <string.h>

#include "track/track_idxp_impl.h"

/* --- faults ------------------------------------------------------------------------------------------ */

static void add_fault(struct track_idxp *t, int side, enum idxp_fault_code code, enum clause_id clause,
                      const char *text)
{
    const struct fault_info *i = &idxp_faults[code];
    if (t->fault_n == IDXP_TRACK_FAULTS) return;
    t->fault[t->fault_n++] = (struct idxp_fault){.code = code,
                                                 .severity = i->severity,
                                                 .clause = clause == CL_NONE ? i->clause : clause,
                                                 .defect = i->defect,
                                                 .side = side,
                                                 .text = text ? text : i->text};
}

void idxp_fault(struct track_idxp *t, int side, enum idxp_fault_code code, const char *text)
{
    add_fault(t, side, code, CL_NONE, text);
}

void idxp_order_fault(struct track_idxp *t, int side, enum idxp_fault_code code, enum clause_id clause,
                      const char *text)
{
    if (!t->tainted[1 - side]) add_fault(t, side, code, clause, text);
}

/* --- exchanges --------------------------------------------------------------------------------------- */

void idxp_held_done(const struct track_idxp *t, struct idxp_held *h)
{
    mem_free(t->env->mem, h->octets);
    *h = (struct idxp_held){.id = {.given = false}};
}

err idxp_exchange_new(struct track_idxp *t, int side, uint32_t msgno, uint64_t at)
{
    struct track_idxp_side *s = t->side[side];
    if (s->xs == IDXP_EXCHANGES_MAX) {
        s->forgot = true;
        return OK;
    }
    if (s->x_from && s->x_from + s->xs == s->x_cap) {
        memmove(s->x, s->x + s->x_from, s->xs * sizeof *s->x);
        s->x_from = 0;
    }
    if (s->xs == s->x_cap) {
        size_t cap = s->x_cap ? s->x_cap * 2 : 8;
        struct idxp_exchange *x = mem_resize(t->env->mem, s->x, cap * sizeof *x);
        if (!x) {
            s->forgot = true;
            return ERR_MEM;
        }
        s->x = x;
        s->x_cap = cap;
    }
    s->x[s->x_from + s->xs++] = (struct idxp_exchange){.msgno = msgno, .asked = IDXP_ASKED_OTHER, .at = at};
    return OK;
}

struct idxp_exchange *idxp_exchange_find(struct track_idxp_side *s, uint32_t msgno)
{
    for (size_t i = 0; i < s->xs; i++) {
        struct idxp_exchange *x = &s->x[s->x_from + i];
        if (x->msgno == msgno && !x->embedded) return x;
    }
    return NULL;
}

static void drop(struct track_idxp *t, struct track_idxp_side *s, struct idxp_exchange *x)
{
    size_t i = (size_t)(x - (s->x + s->x_from));
    idxp_held_done(t, &x->held);
    if (i == 0)
        s->x_from++;
    else
        memmove(x, x + 1, (s->xs - i - 1) * sizeof *x);
    if (--s->xs == 0) s->x_from = 0;
}

/* --- what is known ----------------------------------------------------------------------------------- */

void idxp_learns(struct track_idxp *t, int side, uint64_t at)
{
    struct track_idxp_side *s = t->side[side];
    size_t n = 0;
    while (n < s->pasts && s->past[n].at < at)
        n++;
    if (!n) return;
    s->known = s->past[n - 1].then;
    s->pasts -= n;
    memmove(s->past, s->past + n, s->pasts * sizeof *s->past);
}

static void now_stands(struct track_idxp_side *s, uint64_t at, bool asks_client, struct idxp_standing then)
{
    if (s->pasts == IDXP_GREETINGS_MAX) { /* what the side knows of cannot be told any more */
        s->known = s->past[0].then;
        s->known.vague = true;
        memmove(s->past, s->past + 1, --s->pasts * sizeof *s->past);
    }
    s->past[s->pasts++] = (struct idxp_past){at, asks_client, then};
}

void idxp_blur(struct track_idxp_side *s)
{
    s->known.vague = true;
    for (size_t i = 0; i < s->pasts; i++)
        s->past[i].then.vague = true;
}

/* --- greetings --------------------------------------------------------------------------------------- */

/* How the greetings of a side stand when it has read n of the answers that it need not know of. */
static const struct idxp_standing *standing(const struct track_idxp_side *s, size_t n)
{
    return n ? &s->past[n - 1].then : &s->known;
}

static bool pending(const struct track_idxp_side *s, size_t i, enum idxp_role *role)
{
    const struct idxp_exchange *x = &s->x[s->x_from + i];
    *role = x->held.id.role;
    return x->asked == IDXP_ASKED_GREETING;
}

/* Does a greeting without reply, other than `but`, ask for another role than this one? */
static bool asks_other(const struct track_idxp_side *s, enum idxp_role role, const struct idxp_exchange *but)
{
    enum idxp_role r;
    for (size_t i = 0; i < s->xs; i++) {
        if (&s->x[s->x_from + i] != but && pending(s, i, &r) && r != role) return true;
    }
    return false;
}

/* Does side want to be this and nothing else?  asked: greetings without reply count as well. */
static bool stands_as(const struct track_idxp_side *s, enum idxp_role role, bool asked)
{
    struct idxp_standing st = idxp_standing_now(s);
    if (role == IDXP_NO_ROLE || st.vague || asks_other(s, role, NULL)) return false;
    if (st.given) return st.role == role;
    return asked && s->greetings > st.answered;
}

/* The same, whatever of the answers it has read. */
static bool knows_to_be(const struct track_idxp_side *s, enum idxp_role role)
{
    for (size_t n = 0; n <= s->pasts; n++) {
        const struct idxp_standing *st = standing(s, n);
        if (!st->given || st->vague || st->role != role) return false;
    }
    return !asks_other(s, role, NULL);
}

static slice put(char *octets, size_t *n, slice s)
{
    slice out = slice_of(octets + *n, s.n);
    if (s.n) memcpy(octets + *n, s.p, s.n);
    *n += s.n;
    return out;
}

static err hold(const struct track_idxp *t, const struct idxp_msg *m, struct idxp_held *h)
{
    slice uri = m->uri.n <= IDXP_NAME_MAX ? m->uri : SLICE_NONE;
    slice fqdn = m->fqdn.n <= IDXP_NAME_MAX - uri.n ? m->fqdn : SLICE_NONE;
    slice ip = m->ip.n <= IDXP_NAME_MAX - uri.n - fqdn.n ? m->ip : SLICE_NONE;
    size_t n = 0;
    *h = (struct idxp_held){.id = {.given = true, .role = m->role}};
    h->octets = mem_new(t->env->mem, uri.n + fqdn.n + ip.n + 1);
    if (!h->octets) return ERR_MEM;
    h->id.uri = put(h->octets, &n, uri);
    h->id.fqdn = put(h->octets, &n, fqdn);
    h->id.ip = put(h->octets, &n, ip);
    for (size_t i = 0; i < m->options; i++) { /* the last one holds (IDXP-D27) */
        if (m->option[i].kind == IDXP_OPTION_PRIORITY) {
            h->id.has_priority = true;
            h->id.priority = m->option[i].priority;
        }
        if (m->option[i].kind == IDXP_OPTION_STREAM) h->id.stream = m->option[i].stream;
    }
    return OK;
}

static const struct fsm_row *row_of(const struct track_idxp *t, int side, enum idxp_event ev)
{
    struct fsm_inst i;
    struct idxp_facts facts = track_idxp_facts(t, side);
    track_idxp_fsm(t, &i);
    return fsm_peek(&i, side, (uint8_t)ev, &facts);
}

err idxp_greets(struct track_idxp *t, int side, struct idxp_exchange *x, const struct idxp_msg *m,
                struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side], *other = t->side[1 - side];
    got->again = idxp_standing_now(s).given;
    got->row = row_of(t, side, IDXP_E_GREETING);
    got->clash = stands_as(other, m->role, true);
    /* its sender accepted the other one's greeting itself, so it knows; a change of both roles begins so, too
     */
    if (stands_as(other, m->role, false)) idxp_order_fault(t, side, IDXP_F_SAME_ROLES, CL_NONE, NULL);
    s->maybe_greeted = true;
    if (!x && !s->answered) idxp_blur(s); /* its answer will not be told from others */
    if (!x) return OK;
    size_t waiting = track_idxp_unanswered(t, side);
    if (waiting >= IDXP_GREETINGS_MAX) return OK; /* it stays OTHER: an ok to it leaves the role open */
    TRY(hold(t, m, &x->held));
    x->asked = IDXP_ASKED_GREETING;
    s->greetings++;
    return OK;
}

/* side says ok to a greeting of the other one, and both are in one role with that (IDXP-D09). */
static void judge_roles(struct track_idxp *t, int side, const struct idxp_exchange *x)
{
    enum idxp_role role = x->held.id.role;
    const struct track_idxp_side *asker = t->side[1 - side];
    if (role != IDXP_NO_ROLE && knows_to_be(t->side[side], role) && !asks_other(asker, role, x))
        idxp_order_fault(t, side, IDXP_F_SAME_ROLES, CL_NONE, "ok to a greeting in the role of its own");
}

static void greeting_answered(struct track_idxp *t, int side, struct idxp_exchange *x,
                              enum idxp_outcome outcome, uint64_t at)
{
    struct track_idxp_side *s = t->side[1 - side];
    struct idxp_standing st = idxp_standing_now(s);
    bool asks_client = x->held.id.role != IDXP_SERVER;
    st.answered++;
    if (outcome == IDXP_ACCEPTED) {
        judge_roles(t, side, x);
        st.given = true;
        st.vague = false;
        st.role = x->held.id.role;
        idxp_held_done(t, &s->now);
        s->now = x->held;
        x->held = (struct idxp_held){.id = {.given = false}};
    }
    if (outcome == IDXP_UNCLEAR) st.vague = true;
    now_stands(s, at, asks_client, st);
}

void idxp_answered(struct track_idxp *t, int side, struct idxp_exchange *x, enum idxp_outcome outcome,
                   uint64_t at, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[1 - side], *me = t->side[side];
    bool ok = outcome == IDXP_ACCEPTED;
    if (outcome != IDXP_UNCLEAR && x->asked == IDXP_ASKED_GREETING)
        got->row = row_of(t, side, ok ? IDXP_E_OK : IDXP_E_ERROR);
    if (outcome != IDXP_UNCLEAR && x->asked == IDXP_ASKED_DATA)
        got->row = row_of(t, side, ok ? IDXP_E_ACCEPT : IDXP_E_REJECT);
    if (x->asked == IDXP_ASKED_DATA && ok && t->dialect == IDXP_RFC && !me->maybe_greeted)
        idxp_order_fault(t, side, IDXP_F_HALF_GREETED_RFC, CL_NONE,
                         "ok to data before a greeting of its own");
    if (x->asked == IDXP_ASKED_GREETING)
        greeting_answered(t, side, x, outcome, at);
    else if (x->asked == IDXP_ASKED_OTHER && outcome != IDXP_REJECTED) { /* was it taken for a greeting? */
        struct idxp_standing st = idxp_standing_now(s);
        st.vague = true;
        now_stands(s, at, false, st);
    }
    if (s->open && s->keyword == BEEP_MSG && s->at == x->at) s->answered = true;
    drop(t, s, x);
}

/* --- data -------------------------------------------------------------------------------------------- */

/* Is it client, or did it ask to be by a greeting whose answer it has not read?  By IDXP-D10 either holds. */
static bool may_be_client(const struct track_idxp_side *s, size_t n)
{
    const struct idxp_standing *st = standing(s, n);
    bool client = st->given && st->role != IDXP_SERVER;
    enum idxp_role r;
    for (size_t i = n; i < s->pasts && !client; i++)
        client = s->past[i].asks_client;
    for (size_t i = 0; i < s->xs && !client; i++)
        client = pending(s, i, &r) && r != IDXP_SERVER;
    return client;
}

/* Data of a side that has read so many. */
static enum idxp_fault_code judge(const struct track_idxp *t, int side, size_t n)
{
    const struct track_idxp_side *s = t->side[side];
    const struct idxp_standing *st = standing(s, n);
    struct idxp_standing other = idxp_standing_now(t->side[1 - side]); /* by answers of its own */
    bool waits = s->greetings > st->answered, rfc = t->dialect == IDXP_RFC;
    bool both = st->given && (other.given || other.vague);
    if (st->vague) return IDXP_F_NONE;
    if (!st->given && !waits) return rfc ? IDXP_F_HALF_GREETED_RFC : IDXP_F_NO_GREETING;
    if (!may_be_client(s, n)) return IDXP_F_NOT_CLIENT;
    if (rfc && !both) return IDXP_F_HALF_GREETED_RFC;
    if (waits) return IDXP_F_DATA_EARLY;
    return both ? IDXP_F_NONE : IDXP_F_HALF_GREETED;
}

static int how_bad(enum idxp_fault_code f)
{
    return f == IDXP_F_NONE ? -1 : (int)idxp_faults[f].severity;
}

enum idxp_fault_code idxp_data_begins(struct track_idxp *t, int side, struct idxp_got *got)
{
    const struct track_idxp_side *s = t->side[side];
    enum idxp_fault_code f = judge(t, side, 0);
    enum clause_id clause = CL_NONE;
    for (size_t n = 1; n <= s->pasts; n++) {
        enum idxp_fault_code g = judge(t, side, n);
        if (how_bad(g) <= how_bad(f)) f = g;
    }
    got->row = row_of(t, side, IDXP_E_DATA);
    if (f == IDXP_F_HALF_GREETED_RFC && !s->greetings) clause = CL_IDXPRFC_3_2_6;
    uint32_t before = t->fault_n;
    if (f != IDXP_F_NONE) idxp_order_fault(t, side, f, clause, NULL);
    return t->fault_n > before ? f : IDXP_F_NONE;
}

enum idxp_fault_code track_idxp_may_send(const struct track_idxp *t, int side)
{
    return judge(t, side, t->side[side]->pasts);
}

/* --- readers ----------------------------------------------------------------------------------------- */

size_t track_idxp_unanswered(const struct track_idxp *t, int side)
{
    size_t n = 0;
    enum idxp_role r;
    for (size_t i = 0; i < t->side[side]->xs; i++)
        n += pending(t->side[side], i, &r);
    return n;
}

size_t track_idxp_waiting(const struct track_idxp *t, int side)
{
    size_t n = 0;
    for (size_t i = 0; i < t->side[side]->xs; i++)
        n += !t->side[side]->x[t->side[side]->x_from + i].embedded;
    return n;
}

enum idxp_role track_idxp_role(const struct track_idxp *t, int side)
{
    return t->side[side]->now.id.role;
}

const struct idxp_identity *track_idxp_identity(const struct track_idxp *t, int side)
{
    return &t->side[side]->now.id;
}

const struct idxp_identity *track_idxp_asking(const struct track_idxp *t, int side)
{
    const struct track_idxp_side *s = t->side[side];
    enum idxp_role r;
    for (size_t i = s->xs; i-- > 0;) {
        if (pending(s, i, &r)) return &s->x[s->x_from + i].held.id;
    }
    return NULL;
}

struct idxp_facts track_idxp_facts(const struct track_idxp *t, int side)
{
    const struct idxp_identity *asking = track_idxp_asking(t, side), *now = track_idxp_identity(t, side);
    enum idxp_role role = now->given || !asking ? now->role : asking->role;
    return (struct idxp_facts){t->dialect, role};
}

/* Of the two, who asked first; both have something unanswered. */
static int asked_first(const struct track_idxp *t)
{
    uint64_t at[2] = {0, 0};
    enum idxp_role r;
    for (int side = 0; side < 2; side++) {
        const struct track_idxp_side *s = t->side[side];
        for (size_t i = s->xs; i-- > 0;) {
            if (pending(s, i, &r)) at[side] = s->x[s->x_from + i].at;
        }
    }
    return at[1] < at[0];
}

void track_idxp_fsm(const struct track_idxp *t, struct fsm_inst *out)
{
    bool given[2], asks[2];
    int first;
    for (int s = 0; s < 2; s++) {
        given[s] = t->side[s]->now.id.given;
        asks[s] = track_idxp_unanswered(t, s) > 0;
    }
    fsm_init(out, &idxp_machine);
    if (t->closed) {
        out->state = IDXP_S_CLOSED;
        return;
    }
    if (given[0] != given[1]) {
        static const uint8_t half[2][2] = {{IDXP_S_HALF, IDXP_S_HALF_ASKED},
                                           {IDXP_S_HALF_AGAIN, IDXP_S_HALF_CROSSED}};
        first = given[1];
        out->state = half[asks[first]][asks[1 - first]];
    } else {
        static const uint8_t even[2][3] = {{IDXP_S_NONE, IDXP_S_ASKED, IDXP_S_CROSSED},
                                           {IDXP_S_READY, IDXP_S_AGAIN, IDXP_S_AGAIN_CROSSED}};
        int n = asks[0] + asks[1];
        out->state = even[given[0]][n];
        if (n == 0) return; /* nobody is ahead */
        first = n == 2 ? asked_first(t) : asks[1];
    }
    fsm_bind(out, IDXP_P_FIRST, first);
}

enum idxp_state track_idxp_state(const struct track_idxp *t)
{
    struct fsm_inst i;
    track_idxp_fsm(t, &i);
    return (enum idxp_state)i.state;
}
