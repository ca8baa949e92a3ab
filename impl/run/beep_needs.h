/* SPDX-License-Identifier: MIT */
/* beep_needs: what cases may need of TLS and SASL, for BEEP itself and for protocols over it.  The state of their runs (run_ctx.state) begins with a struct play_beep_run. */
#ifndef RUN_BEEP_NEEDS_H
#define RUN_BEEP_NEEDS_H

#include "run/proto.h"

bool beep_met_offers_tls(const struct run_ctx *r);
bool beep_met_wants_tls(const struct run_ctx *r);
bool beep_met_sasl(const struct run_ctx *r);
bool beep_met_offers_sasl(const struct run_ctx *r);
bool beep_met_wants_sasl(const struct run_ctx *r);
bool beep_met_anonymous(const struct run_ctx *r);
bool beep_met_plain(const struct run_ctx *r);
bool beep_met_external(const struct run_ctx *r);
bool beep_met_cram_md5(const struct run_ctx *r);
bool beep_met_digest_md5(const struct run_ctx *r);
bool beep_met_scram_sha_1(const struct run_ctx *r);
bool beep_met_scram_sha_256(const struct run_ctx *r);

/* Rows of a list of needs. */
#define BEEP_NO_SUCH "the peer does not offer it, or an initiator was not said to ask for it: give --sasl-mechanism"
#define BEEP_WITHOUT "the peer does not offer it, or the password is not known: give --sasl-user FILE, for an initiator --sasl-mechanism as well"
#define BEEP_NEEDS_TUNING \
    {"offers-tls", "the peer does not offer TLS, or --tls off leaves it out", false, RUN_USUAL, beep_met_offers_tls}, \
    {"wants-tls", "the peer was not seen asking for TLS: --able wants-tls", true, RUN_APART, beep_met_wants_tls}, \
    {"wants-tls-bare", "the peer was not seen asking for TLS: --able wants-tls", true, RUN_APART, beep_met_wants_tls}, \
    {"offers-sasl", "the peer offers no mechanism, or no password is known: give --sasl-user FILE", false, RUN_APART, beep_met_offers_sasl}, \
    {"sasl", BEEP_WITHOUT, false, RUN_APART, beep_met_sasl}, \
    {"sasl-ANONYMOUS", BEEP_NO_SUCH, false, RUN_APART, beep_met_anonymous}, \
    {"sasl-PLAIN", BEEP_WITHOUT, false, RUN_APART, beep_met_plain}, \
    {"sasl-EXTERNAL", "the peer does not offer it, or is no listener", false, RUN_APART, beep_met_external}, \
    {"sasl-CRAM-MD5", BEEP_WITHOUT, false, RUN_APART, beep_met_cram_md5}, \
    {"sasl-DIGEST-MD5", BEEP_WITHOUT, false, RUN_APART, beep_met_digest_md5}, \
    {"sasl-SCRAM-SHA-1", BEEP_WITHOUT, false, RUN_APART, beep_met_scram_sha_1}, \
    {"sasl-SCRAM-SHA-256", BEEP_WITHOUT, false, RUN_APART, beep_met_scram_sha_256}, \
    {"wants-sasl", "the peer has to ask for authentication: --able wants-sasl, or --sasl-mechanism", true, RUN_APART, beep_met_wants_sasl}

#endif
