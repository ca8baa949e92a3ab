/* SPDX-License-Identifier: MIT */
#include "run/settings_idxp.h"

#include "run/proto_idxp.h"

/* Where any mechanism will do: the thousands of rounds of the best one, in each case, would show.  BEEP has settings for each of them. */
static const struct idxp_options alice = {.beep = {.users_text = BEEP_SAMPLE_USERS, .mechanism = "DIGEST-MD5"}};
static const struct idxp_options nobody = {.beep = {.users_text = NULL}};

#define USERS      "--sasl-users", "{file}"
#define IS_ALICE   "--sasl-user", "{file}", "--sasl-mechanism", "DIGEST-MD5"
#define ALICE      .own = &alice, .file = BEEP_SAMPLE_USERS
#define MANAGER    .role = "idxp-manager"
#define ANALYZER   .role = "idxp-analyzer"
#define CONNECTS   .connects = true
/* Dialect and profile have little to do with each other, and a program for each connection takes its time: each dialect is played with modern, that of the draft with the TLS of its day, that of RFC 4767 in clear. */
#define RFC        .seldom = 1u << RUN_TLS_DRAFT
#define DRAFT      .dialect = "draft", .seldom = 1u << RUN_TLS_OFF

const struct run_setting settings_idxp[] = {
    {.name = "idxp-manager that listens", MANAGER, RFC, .able = {"target", "need-tls"}, .serve = {USERS}, ALICE},
    {.name = "idxp-manager that listens, draft", MANAGER, DRAFT, .able = {"target", "need-tls"}, .serve = {USERS}, ALICE},
    {.name = "idxp-manager that connects", MANAGER, CONNECTS, RFC, .able = {"starts", "wants-tls", "need-tls"}, .own = &nobody},
    {.name = "idxp-manager that connects, draft", MANAGER, CONNECTS, DRAFT, .able = {"starts", "wants-tls", "need-tls"}, .own = &nobody},
    {.name = "idxp-analyzer that connects", ANALYZER, CONNECTS, RFC, .able = {"starts", "heartbeats", "wants-tls", "need-tls"}, .serve = {"--embed"}, .own = &nobody},
    {.name = "idxp-analyzer that connects, draft", ANALYZER, CONNECTS, DRAFT, .able = {"starts", "heartbeats", "wants-tls", "need-tls"}, .own = &nobody},
    {.name = "idxp-analyzer that listens", ANALYZER, RFC, .able = {"target", "heartbeats", "need-tls"}, .serve = {USERS}, ALICE},
    {.name = "idxp-analyzer that listens, draft", ANALYZER, DRAFT, .able = {"target", "heartbeats", "need-tls"}, .serve = {USERS}, ALICE},
    /* these differ from others in what some cases are about */
    {.name = "idxp-manager with a policy", MANAGER, .once = true, .only_able = true, .able = {"knows-uri", "knows-kind"}, .serve = {"--policy", "{file}"}, .own = &nobody, .file = IDXP_SAMPLE_POLICY},
    {.name = "idxp-analyzer with a policy", ANALYZER, CONNECTS, .once = true, .only_able = true, .able = {"knows-uri", "knows-kind"}, .serve = {"--policy", "{file}"}, .own = &nobody, .file = IDXP_SAMPLE_POLICY},
    {.name = "idxp-manager that compares", MANAGER, .once = true, .only_able = true, .able = {"compares"}, .serve = {"--policy", "{file}"}, .own = &nobody, .file = IDXP_SAMPLE_COMPARES},
    {.name = "idxp-manager that needs SASL", MANAGER, .once = true, .only_able = true, .able = {"need-auth"}, .serve = {USERS, "--need-auth"}, ALICE},
    {.name = "idxp-analyzer by SASL", ANALYZER, CONNECTS, .once = true, .only_able = true, .able = {"wants-sasl"}, .serve = {IS_ALICE}, ALICE},
    {.name = "idxp-analyzer by a tunnel", ANALYZER, CONNECTS, .once = true, .only_able = true, .through = true, .able = {"tunnel"}, .serve_tls = {"--peer-name="}, .own = &nobody},
    {.name = "tunnel-proxy", .role = "tunnel-proxy", RFC, .able = {"need-auth", "names", "profile-map", "endpoint-map", "limits"},
     .serve = {USERS, "--access", "{file2}", "--profile-map", IDXP_SAMPLE_ROUTE_PROFILE "={hop}", "--endpoint-map", IDXP_SAMPLE_ROUTE_ENDPOINT "={hop}"},
     ALICE, .file2 = "deny to=127.0.0.66:* code=554\nallow to=*\n"},
    {0}};
