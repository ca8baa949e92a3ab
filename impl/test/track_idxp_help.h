/* SPDX-License-Identifier: MIT */
/* track_idxp_help: exchanges on an IDXP channel as tables, played to a tracker in pieces of any size. */
#ifndef TEST_TRACK_IDXP_HELP_H
#define TEST_TRACK_IDXP_HELP_H

#include <stdio.h>
#include <string.h>

#include "test/mem_fail.h"
#include "track/track_idxp.h"

enum { STEPS = 12, RUN_TEXT = 4096, WIRE = 2048 };
enum { DRAFT = 1, RFC = 2, BOTH = 3 };

enum step_kind {
    STEP_END,
    STEP_START,
    STEP_ANSWER,
    STEP_DECLINE,
    STEP_MESSAGE,
    STEP_CLOSE,
    STEP_TAINT,
    STEP_QUEUED /* two greetings of one side wait, which the machine does not have */
};
struct step {
    enum step_kind kind;
    int side;
    enum beep_keyword keyword;
    uint32_t msgno;
    const char *body, *type;
};
struct script {
    const char *name;
    int dialects;
    const char *faults; /* "side:NAME" in order, one blank between */
    struct step step[STEPS];
};

#define GC      "<IDXP-Greeting uri='http://example.com/alice' role='client' />"
#define GS      "<IDXP-Greeting uri='http://example.com/bob' role='server' />"
#define GS0     "<IDXP-Greeting uri='http://example.com/alice' role='server' />"
#define E554    "<error code='554'>no</error>"
#define IDMEF   "<?xml version='1.0' encoding='UTF-8'?><IDMEF-Message version='1.0' />"
#define TEXT(s) s

#define STEP(k, s, w, m, c, t)                                                                               \
    {                                                                                                        \
        k, s, w, m, c, t                                                                                     \
    }
#define START(s, c)        STEP(STEP_START, s, BEEP_MSG, 0, c, NULL)
#define ANSWER(s, c)       STEP(STEP_ANSWER, s, BEEP_RPY, 0, c, NULL)
#define DECLINE(s)         STEP(STEP_DECLINE, s, BEEP_ERR, 0, "", NULL)
#define ASK_AS(s, m, c, t) STEP(STEP_MESSAGE, s, BEEP_MSG, m, c, t)
#define ASK(s, m, c)       ASK_AS(s, m, c, NULL)
#define RE_AS(s, m, c, t)  STEP(STEP_MESSAGE, s, BEEP_RPY, m, c, t)
#define RE(s, m, c)        RE_AS(s, m, c, NULL)
#define OKAY(s, m)         RE(s, m, "<ok />")
#define NAY(s, m, c)       STEP(STEP_MESSAGE, s, BEEP_ERR, m, c, NULL)
#define ANS(s, m)          STEP(STEP_MESSAGE, s, BEEP_ANS, m, "<ok />", NULL)
#define NUL(s, m)          STEP(STEP_MESSAGE, s, BEEP_NUL, m, "", NULL)
#define CLOSE(s)           STEP(STEP_CLOSE, s, BEEP_MSG, 0, "", NULL)
#define QUEUED             STEP(STEP_QUEUED, 0, BEEP_MSG, 0, "", NULL)
#define TAINT(s)           STEP(STEP_TAINT, s, BEEP_MSG, 0, "", NULL)
/* 0 is client, 1 is server */
#define READY ASK(0, 1, GC), OKAY(1, 1), ASK(1, 1, GS), OKAY(0, 1)

static struct env help_env;
static struct idmef_schema *help_schema;
static bool help_seen[IDXP_F_COUNT];

static inline int help_begin(void **state)
{
    (void)state;
    env_init(&help_env);
    return idmef_schema_new(&help_env, &help_schema) == OK ? 0 : -1;
}

static inline int help_end(void **state)
{
    (void)state;
    idmef_schema_free(help_schema);
    return 0;
}

/* The octets of a message. type NULL: text/xml; "": none. */
static inline slice help_wire(const struct step *s, char out[WIRE])
{
    if (s->keyword == BEEP_NUL) return SLICE_NONE;
    const char *type = s->type ? s->type : "text/xml";
    bool broken = strstr(type, "\r\nfoo") != NULL;
    int n = snprintf(out, WIRE, "%s%s%s\r\n%s", *type ? "Content-Type: " : "", type,
                     *type && !broken ? "\r\n" : "", broken ? "\r\n" : s->body);
    return slice_of(out, (size_t)n);
}

struct telling { /* one message, summed up over its pieces */
    enum idxp_kind kind;
    enum idxp_asked asked;
    unsigned reply, settled, idmef;
    const struct fsm_row *row;
    size_t body;
    uint32_t faults;
    struct idxp_fault fault[IDXP_TRACK_FAULTS * 2];
};

static inline void tell(struct telling *w, const struct track_idxp *t, const struct idxp_got *got)
{
    w->settled += got->settled;
    if (got->settled) w->kind = got->kind;
    if (got->row) w->row = got->row;
    w->asked = got->asked;
    w->reply = got->reply;
    w->body += got->data[0].n + got->data[1].n;
    if (got->last && got->idmef) w->idmef = 1u + got->idmef->verdict;
    for (uint32_t i = 0; i < t->fault_n; i++)
        w->fault[w->faults++] = t->fault[i];
}

/* cut 0: as a whole; 1: octet by octet; else one cut there. */
static inline err help_pieces(struct track_idxp *t, const struct step *s, size_t cut, struct telling *w)
{
    char wire[WIRE];
    slice in = help_wire(s, wire);
    size_t at = 0;
    struct idxp_got got;
    err worst = OK;
    do {
        size_t n = cut == 1 ? 1 : cut && at == 0 && cut < in.n ? cut : in.n - at;
        if (at + n > in.n) n = in.n - at;
        char *piece = malloc(n + 1); /* so that the sanitizer finds what outlives the call */
        if (n) memcpy(piece, in.p + at, n);
        err e =
            track_idxp_octets(t, s->side, s->keyword, s->msgno, 0, slice_of(piece, n), at + n == in.n, &got);
        tell(w, t, &got);
        free(piece);
        if (e != OK) worst = e;
        at += n;
    } while (at < in.n);
    return worst;
}

static inline err help_step(struct track_idxp *t, const struct step *s, size_t cut, struct telling *w)
{
    struct idxp_got got;
    err e = OK;
    *w = (struct telling){.body = 0};
    switch (s->kind) {
    case STEP_START:
        e = track_idxp_start(t, s->side, slice_str(s->body), &got);
        tell(w, t, &got);
        return e;
    case STEP_ANSWER:
    case STEP_DECLINE:
        e = track_idxp_answer(t, s->side, slice_str(s->body), s->kind == STEP_DECLINE, &got);
        tell(w, t, &got);
        return e;
    case STEP_MESSAGE:
        return help_pieces(t, s, cut, w);
    case STEP_CLOSE:
        track_idxp_closed(t, s->side);
        return OK;
    case STEP_TAINT:
        t->tainted[s->side] = true;
        return OK;
    default:
        return OK;
    }
}

/* The machine, stepped by the rows that were told, is where the tracker says. */
static inline void help_machine(const struct script *s, const struct track_idxp *t, struct fsm_inst *m,
                                int side, const struct telling *w, const struct idxp_facts *facts)
{
    if (s->step[0].kind == STEP_QUEUED) return;
    if (t->closed || !m->m) return;
    if (!w->row && w->asked == IDXP_ASKED_GREETING) { /* neither ok nor error: the machine has no such step */
        m->m = NULL;
        return;
    }
    if (w->row && w->row->kind != FSM_FATAL) {
        const struct fsm_row *r = fsm_step(m, side, w->row->event, facts);
        if (r != w->row) fail_msg("%s: another row than the machine's", s->name);
    }
    if (m->state != track_idxp_state(t))
        fail_msg("%s: %s, and the machine is in %s", s->name, idxp_machine.states[track_idxp_state(t)],
                 idxp_machine.states[m->state]);
}

/* What was told of each message, then '|' and the faults of all. */
static inline void run_script(const struct script *s, enum idxp_dialect d, size_t cut, char out[RUN_TEXT])
{
    struct track_idxp t;
    struct fsm_inst m;
    char faults[RUN_TEXT / 2] = "";
    size_t n = 0, fn = 0;
    assert_int_equal(track_idxp_init(&t, &help_env, d, help_schema), OK);
    fsm_init(&m, &idxp_machine);
    for (size_t k = 0; k < STEPS && s->step[k].kind != STEP_END; k++) {
        const struct step *p = &s->step[k];
        struct idxp_facts facts = track_idxp_facts(&t, p->side);
        struct telling w;
        assert_int_equal(help_step(&t, p, cut, &w), OK);
        help_machine(s, &t, &m, p->side, &w, &facts);
        if (p->kind == STEP_MESSAGE && p->keyword <= BEEP_ERR) assert_int_equal(w.settled, 1);
        n += (size_t)snprintf(out + n, RUN_TEXT - n, "%s/%s/%u/%u/%zu/%d%d%d ", idxp_kind_names[w.kind],
                              idxp_asked_names[w.asked], w.reply, w.idmef, w.body, (int)track_idxp_state(&t),
                              (int)track_idxp_role(&t, 0), (int)track_idxp_role(&t, 1));
        for (uint32_t i = 0; i < w.faults; i++) {
            help_seen[w.fault[i].code] = true;
            fn += (size_t)snprintf(faults + fn, sizeof faults - fn, "%s%d:%s", fn ? " " : "", w.fault[i].side,
                                   idxp_faults[w.fault[i].code].name);
        }
    }
    snprintf(out + n, RUN_TEXT - n, "|%s", faults);
    track_idxp_done(&t);
}

/* With memory that is refused once: nothing leaks, and nobody fails who would not fail otherwise.  True: it
 * was short. */
static inline bool run_short(const struct script *s, enum idxp_dialect d, size_t at, struct mem_fail *f)
{
    struct mem mem = mem_fail_init(f, at);
    struct env env = help_env;
    struct track_idxp t;
    struct telling w;
    bool failed = false;
    env.mem = &mem;
    err e = track_idxp_init(&t, &env, d, help_schema);
    if (e == OK) {
        for (size_t k = 0; k < STEPS && s->step[k].kind != STEP_END; k++) {
            e = help_step(&t, &s->step[k], at % 7, &w);
            if (e != OK) assert_int_equal(e, ERR_MEM);
            failed = failed || e != OK;
            for (uint32_t i = 0; i < w.faults && failed; i++) {
                const char *name = idxp_faults[w.fault[i].code].name;
                if (w.fault[i].severity == SEV_FAIL && !strstr(s->faults, name))
                    fail_msg("%s: %s when memory was short", s->name, name);
            }
        }
    } else {
        assert_int_equal(e, ERR_MEM);
        failed = true;
    }
    track_idxp_done(&t);
    return failed;
}

#endif
