/* SPDX-License-Identifier: MIT */
/* play_idxp_duel: two IDXP players against each other. */
#ifndef TEST_PLAY_IDXP_DUEL_H
#define TEST_PLAY_IDXP_DUEL_H

#include "run/play_idxp.h"

#define DUEL_OWN                                                                                             \
    struct idmef_schema *schema;                                                                             \
    struct play_idxp_run idxp[2];
#define DUEL_HEAD        "case idxp/a/b\ntitle T\nclause IDXP-1-1\nagainst x\n"
#define DUEL_FAULT(code) play_idxp_fault_name(code)
#define DUEL_NAMES       {"IDXP", IDXP_URI_RFC}, {"TUNNEL", TUNNEL_URI}, {"URI", "http://example.org/me"}
#include "test/play_duel.h"

/* analyzer_opens: the one that opens the connection plays the analyzer, so that a manager is under test. */
static inline void begin(struct duel *d, enum idxp_dialect dialect, bool analyzer_opens)
{
    memset(d, 0, sizeof *d);
    env_init(&d->env);
    assert_int_equal(idmef_schema_new(&d->env, &d->schema), OK);
    for (int i = 0; i < 2; i++) {
        bool tests_manager = (i == 0) == analyzer_opens;
        d->idxp[i] = (struct play_idxp_run){
            .role = tests_manager ? TEST_IDXP_MANAGER : TEST_IDXP_ANALYZER,
            .dialect = dialect,
            .schema = d->schema,
            .in_memory = true,
            .beep = {.under_test = i ? TEST_BEEP_INITIATOR : TEST_BEEP_LISTENER, .no_tls = true}};
        play_idxp_init(&d->idxp[i]);
        d->run[i] = (struct play_run){.env = &d->env,
                                      .proto = &play_idxp,
                                      .proto_run = &d->idxp[i],
                                      .ends = play_idxp_ends,
                                      .end_count = PLAY_IDXP_ENDS,
                                      .dial = i ? NULL : "l",
                                      .timeout_ms = 3000,
                                      .accept_ms = 5000,
                                      .split = SPLIT_WHOLE};
    }
}

static inline void end(struct duel *d)
{
    duel_end(d);
    idmef_schema_free(d->schema);
}

/* The opener's scenario against the other's, in one dialect: verdict of side counts. */
static inline void fight(enum idxp_dialect dialect, bool analyzer_opens, enum link_split split,
                         const char *opener, const char *other, int counts, enum verdict v,
                         const char *reason, bool clean)
{
    struct duel d;
    begin(&d, dialect, analyzer_opens);
    d.run[0].split = d.run[1].split = split;
    prepare(&d, 0, opener, NULL);
    prepare(&d, 1, other, NULL);
    carry(&d, counts);
    is(&d, counts, v, reason);
    if (clean) spotless(&d);
    assert_int_equal(d.p[counts]->faults, 0); /* our own mistakes are not the other's */
    end(&d);
}

/* In both dialects, whole and octet by octet. */
static inline void passes(bool analyzer_opens, const char *opener, const char *other, int counts)
{
    for (int k = 0; k < 4; k++)
        fight(k & 1 ? IDXP_RFC : IDXP_DRAFT, analyzer_opens, k & 2 ? SPLIT_BYTES : SPLIT_WHOLE, opener, other,
              counts, V_PASS, NULL, true);
}

static inline void finds(enum idxp_dialect dialect, const char *opener, const char *other, int finder,
                         const char *name)
{
    struct duel d;
    bool found = false;
    begin(&d, dialect, true);
    prepare(&d, 0, opener, NULL);
    prepare(&d, 1, other, NULL);
    carry(&d, finder);
    for (size_t k = 0; k < d.p[finder]->faults; k++)
        found |= strcmp(play_idxp_fault_name(d.p[finder]->fault[k].code), name) == 0;
    if (!found) {
        list_faults(&d, finder);
        print_error("not found: %s; %s\n", name, d.p[finder]->reason);
        show(d.p[finder]);
    }
    assert_true(found);
    end(&d);
}

#endif
