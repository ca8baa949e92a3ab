/* SPDX-License-Identifier: MIT */
#include "run/beep_needs.h"

#include <string.h>

#include "run/play_beep.h"
#include "run/suite.h"

/* The state of a run begins with it, in whatever protocol over BEEP. */
static const struct play_beep_run *run_of(const struct run_ctx *r)
{
    return r->state;
}

bool beep_met_offers_tls(const struct run_ctx *r)
{
    return run_of(r)->learned_tls && r->o->tls != RUN_TLS_OFF;
}

bool beep_met_wants_tls(const struct run_ctx *r)
{
    return r->o->tls != RUN_TLS_OFF && (run_of(r)->learned_wants_tls || run_met_able(r, "wants-tls"));
}

/* Passwords have to be known for all but two.  A listener says what it offers; what an initiator is going to ask for has to be told. */
static bool usable(const struct run_ctx *r, enum sasl_mech m)
{
    const struct play_beep_run *x = run_of(r);
    bool password = m != SASL_ANONYMOUS && m != SASL_EXTERNAL;
    if (password && (!x->user || !x->password)) return false;
    bool named = x->mechanism && strcmp(x->mechanism, sasl_mech_names[m]) == 0, offered = (x->learned_mechanisms & SASL_BIT(m)) != 0;
    /* it shows behind TLS alone, where a certificate says who is who; as listeners we ask for none */
    if (m == SASL_EXTERNAL) return run_of(r)->under_test == TEST_BEEP_LISTENER && r->o->tls != RUN_TLS_OFF && (r->o->memory || named || offered);
    return run_of(r)->under_test == TEST_BEEP_LISTENER ? offered : r->o->memory || named;
}

bool beep_met_sasl(const struct run_ctx *r)
{
    const char *mechanism = run_of(r)->mechanism;
    if (mechanism && strcmp(mechanism, sasl_mech_names[SASL_EXTERNAL]) == 0) return false; /* such a case need not have TLS */
    for (int m = 0; m < SASL_MECHS; m++) {
        if (m != SASL_EXTERNAL && usable(r, (enum sasl_mech)m)) return true;
    }
    return run_of(r)->under_test == TEST_BEEP_INITIATOR && run_met_able(r, "wants-sasl");
}

/* The other way round: the peer lets us authenticate, whichever of the two opened the connection. */
bool beep_met_offers_sasl(const struct run_ctx *r)
{
    const struct play_beep_run *x = run_of(r);
    if (!x->user || !x->password) return false;
    return r->o->memory || (x->learned_mechanisms & ~SASL_BIT(SASL_EXTERNAL)) != 0;
}

bool beep_met_wants_sasl(const struct run_ctx *r)
{
    return run_of(r)->under_test == TEST_BEEP_INITIATOR && beep_met_sasl(r);
}

#define MET_MECHANISM(name, mech)                \
    bool name(const struct run_ctx *r)    \
    {                                            \
        return usable(r, mech);                  \
    }
MET_MECHANISM(beep_met_anonymous, SASL_ANONYMOUS)
MET_MECHANISM(beep_met_plain, SASL_PLAIN)
MET_MECHANISM(beep_met_external, SASL_EXTERNAL)
MET_MECHANISM(beep_met_cram_md5, SASL_CRAM_MD5)
MET_MECHANISM(beep_met_digest_md5, SASL_DIGEST_MD5)
MET_MECHANISM(beep_met_scram_sha_1, SASL_SCRAM_SHA_1)
MET_MECHANISM(beep_met_scram_sha_256, SASL_SCRAM_SHA_256)
