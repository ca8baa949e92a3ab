/* SPDX-License-Identifier: MIT */
/* keyed: what tests of TLS and SASL share: certificates of one authority for both sides, and users with passwords. */
#ifndef TEST_KEYED_H
#define TEST_KEYED_H

#include <stdlib.h>

#include "run/identity.h"
#include "sec/sasl_creds.h"

struct fixture {
    struct env env;
    struct identities *ids;
    struct tls_context *tls[2]; /* server, client */
    struct sasl_users *users;
};

/* For setup of a group; policy.analyzer is set for each side.  users: as a file of users has them. */
static inline int keyed_setup(void **state, struct identity_policy policy, slice users)
{
    struct fixture *x = calloc(1, sizeof *x);
    char why[200];
    if (!x) return -1;
    env_init(&x->env);
    *state = x;
    if (identities_new(&x->env, RUN_TLS_MODERN, NULL, NULL, &x->ids) != OK) return -1;
    for (int client = 0; client < 2; client++) {
        policy.analyzer = client;
        if (identities_reference(x->ids, &policy, &x->tls[client], why, sizeof why) != OK) return -1;
    }
    return sasl_users_parse(&x->env, users, "users", &x->users, why, sizeof why) == OK ? 0 : -1;
}

static inline int keyed_teardown(void **state)
{
    struct fixture *x = *state;
    tls_context_free(x->tls[0]);
    tls_context_free(x->tls[1]);
    identities_free(x->ids);
    sasl_users_free(x->users);
    free(x);
    return 0;
}

#endif
