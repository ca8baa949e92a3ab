/* SPDX-License-Identifier: MIT */
/* sasl_pair: a client and a server of one exchange in memory, for the tests of SASL.  Include it first. */
#ifndef TEST_SASL_PAIR_H
#define TEST_SASL_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sec/sasl.h"

#include <string.h>

#define USERS                                                                                                \
    "# who may come in\n"                                                                                    \
    "alice wonder site-a\n"                                                                                  \
    "user pencil\n"                                                                                          \
    "chris secret\n"

struct pair {
    struct env env;
    struct sasl_users *users;
    struct sasl_options co, so;
    struct sasl_context *cc, *sc;
    struct sasl_link link; /* of both */
    struct sasl *c, *s;
    enum sasl_status cst, sst;
    /* changes a blob on its way; step counts the blobs of both sides from 0 */
    void (*meddle)(void *ctx, unsigned step, struct buf *blob);
    void *ctx;
    unsigned blobs;
};

static inline void pair_init(struct pair *p)
{
    *p = (struct pair){0};
    env_init(&p->env);
    assert_int_equal(sasl_users_parse(&p->env, SLICE_LIT(USERS), "users", &p->users, NULL, 0), OK);
    p->so = (struct sasl_options){
        .side = SASL_SERVER, .offered = SASL_ALL, .users = p->users, .hostname = "m.dom.org"};
    p->co = (struct sasl_options){.side = SASL_CLIENT,
                                  .offered = SASL_ALL,
                                  .user = "alice",
                                  .password = "wonder",
                                  .hostname = "m.dom.org"};
}

/* Makes the contexts and the two ends of an exchange. */
static inline void pair_open(struct pair *p, enum sasl_mech m)
{
    char why[200] = "";
    assert_int_equal(sasl_context_new(&p->env, &p->so, &p->sc, why, sizeof why), OK);
    assert_int_equal(sasl_context_new(&p->env, &p->co, &p->cc, why, sizeof why), OK);
    assert_int_equal(sasl_new(p->sc, slice_str(sasl_mech_names[m]), &p->link, &p->s, NULL), OK);
    assert_int_equal(sasl_new(p->cc, slice_str(sasl_mech_names[m]), &p->link, &p->c, NULL), OK);
    p->cst = p->sst = SASL_CONTINUE;
    p->blobs = 0;
}

static inline void pair_close(struct pair *p)
{
    sasl_free(p->c);
    sasl_free(p->s);
    sasl_context_free(p->cc);
    sasl_context_free(p->sc);
    p->c = p->s = NULL;
    p->cc = p->sc = NULL;
}

static inline void pair_done(struct pair *p)
{
    pair_close(p);
    sasl_users_free(p->users);
}

/* To the end, or until one side fails. */
static inline void pair_talk(struct pair *p)
{
    struct buf up, down;
    bool has_up, has_down = false;
    buf_init(&up, &mem_libc, SASL_BLOB_MAX);
    buf_init(&down, &mem_libc, SASL_BLOB_MAX);
    for (;;) {
        buf_clear(&up);
        assert_int_equal(sasl_step(p->c, buf_slice(&down), has_down, &up, &p->cst), OK);
        has_up = sasl_has_out(p->c);
        if (p->cst == SASL_FAILED) break;
        assert_int_equal(p->cst, SASL_CONTINUE);
        if (has_up && p->meddle) p->meddle(p->ctx, p->blobs, &up);
        p->blobs += has_up;
        buf_clear(&down);
        assert_int_equal(sasl_step(p->s, buf_slice(&up), has_up, &down, &p->sst), OK);
        has_down = sasl_has_out(p->s);
        if (p->sst == SASL_FAILED) break;
        if (has_down && p->meddle) p->meddle(p->ctx, p->blobs, &down);
        p->blobs += has_down;
        if (p->sst == SASL_COMPLETE) {
            assert_int_equal(sasl_peer_complete(p->c, buf_slice(&down), has_down, &p->cst), OK);
            break;
        }
        assert_true(p->blobs < 10);
    }
    buf_done(&up);
    buf_done(&down);
}

#endif
