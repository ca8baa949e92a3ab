/* SPDbeep_faults[code].name-License-Identifier: MIT */
/* play_beep_duel: two BEEP players against each other.  [0] is the initiator, so a listener is under test. */
#ifndef TEST_PLAY_BEEP_DUEL_H
#define TEST_PLAY_BEEP_DUEL_H

#include "peer/beep_peer.h"
#include "run/play_beep.h"

#define SEE(x) (1ull << BEEP_SEEN_##x)

#define DUEL_OWN                                                                                             \
    struct play_beep_run beep[2];                                                                            \
    struct sasl_users *users;                                                                                \
    bool never;
#define DUEL_HEAD        "case beep/a/b\ntitle T\nclause BEEP-2.2-4\nagainst x\n"
#define DUEL_FAULT(code) beep_faults[code].name
#define DUEL_NAMES       {"TLS", BEEP_URI_TLS}, {"SASL", BEEP_URI_SASL}, {"PROFILE", BEEP_URI_ECHO}
#include "test/play_duel.h"

static inline void begin(struct duel *d)
{
    char why[100] = "";
    memset(d, 0, sizeof *d);
    env_init(&d->env);
    assert_int_equal(
        sasl_users_parse(&d->env, SLICE_LIT("alice wonder\n"), "users", &d->users, why, sizeof why), OK);
    for (int i = 0; i < 2; i++) {
        d->beep[i] = (struct play_beep_run){.under_test = i ? TEST_BEEP_INITIATOR : TEST_BEEP_LISTENER,
                                            .no_tls = true,
                                            .echo = true,
                                            .user = "alice",
                                            .password = "wonder",
                                            .users = d->users};
        d->run[i] = (struct play_run){.env = &d->env,
                                      .proto = &play_beep,
                                      .ends = play_beep_ends,
                                      .end_count = PLAY_BEEP_ENDS,
                                      .proto_run = &d->beep[i],
                                      .split = SPLIT_WHOLE,
                                      .dial = i ? NULL : "l",
                                      .timeout_ms = 3000,
                                      .accept_ms = 5000};
    }
}

static inline void fight(struct duel *d, const char *initiator, const char *listener, int counts)
{
    prepare(d, 0, initiator, NULL);
    prepare(d, 1, listener, NULL);
    carry(d, counts);
}

static inline void end(struct duel *d)
{
    duel_end(d);
    sasl_users_free(d->users);
}

/* The initiator's scenario passes against a listener that only does what it does by itself, and nobody finds
 * a fault. */
static inline void passes(const char *text)
{
    struct duel d;
    begin(&d);
    fight(&d, text, IDLE, 0);
    is(&d, 0, V_PASS, NULL);
    spotless(&d);
    end(&d);
}

/* One scenario each; the initiator's verdict, with what its reason holds. */
static inline void gives(const char *initiator, const char *listener, enum verdict v, const char *reason)
{
    struct duel d;
    begin(&d);
    fight(&d, initiator, listener, 0);
    is(&d, 0, v, reason);
    end(&d);
}

/* The same for the listener. */
static inline void gives_listener(const char *initiator, const char *listener, enum verdict v,
                                  const char *reason)
{
    struct duel d;
    begin(&d);
    fight(&d, initiator, listener, 1);
    is(&d, 1, v, reason);
    end(&d);
}

#endif
