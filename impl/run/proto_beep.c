/* SPDX-License-Identifier: MIT */
#include "run/proto_beep.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "codec/xml.h"
#include "model/beep.h"
#include "peer/beep_peer.h"
#include "peer/mutate_beep.h"
#include "run/beep_needs.h"
#include "run/passive_beep.h"
#include "run/reference_beep.h"
#include "run/server_beep.h"
#include "run/suite.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const struct run_family families[] = {{"BEEP-", ""}, {"BEEPTCP-", "tcp/"}, {NULL, NULL}};

/* Either peer asks and answers.  Who is the client of TLS depends on who asks for it (3080 3.1), which the role does not settle. */
static const struct run_role roles[] = {
    {"beep-listener", BEEP_R_LISTENER, TEST_BEEP_LISTENER, RUN_LISTENS, false, false, "listener,client,server", NULL, NULL, false},
    {"beep-initiator", BEEP_R_INITIATOR, TEST_BEEP_INITIATOR, RUN_CONNECTS, true, false, "initiator,client,server", NULL, NULL, false},
    {0}};

static const struct fsm *const machines[] = {&beep_session_machine, &beep_channel_machine, &beep_exchange_machine, &beep_tuning_machine, NULL};

/* --- a run ------------------------------------------------------------------------------------------------------------------ */

static struct play_beep_run *run_of(const struct run_ctx *r)
{
    return r->state; /* begins with it, also in protocols over BEEP */
}

/* The URI says it, whoever offers it. */
static bool is_echo(const char *uri)
{
    return uri && strcmp(uri, BEEP_URI_ECHO) == 0;
}

err proto_beep_fill(const struct run_ctx *r, const struct beep_options *own, enum beep_under_test t, struct play_beep_run *out, struct sasl_users **made)
{
    static const struct beep_options nothing = {.profile = NULL};
    const struct suite_options *o = r->o;
    if (!own) own = &nothing;
    const struct sasl_users *users = own->users;
    const char *text = !own->users_text && o->memory ? BEEP_SAMPLE_USERS : own->users_text;
    bool tls = o->tls != RUN_TLS_OFF;
    if (!users && !text && own->mechanism) text = ""; /* ANONYMOUS lets in an initiator that nobody knows */
    if (!users && text) {
        TRY(sasl_users_parse(o->env, slice_str(text), "users", made, NULL, 0));
        users = *made;
    }
    const struct sasl_user *who = sasl_users_count(users) ? sasl_users_at(users, 0) : NULL;
    *out = (struct play_beep_run){.under_test = t,
                                  .no_tls = !tls,
                                  .identity = tls ? identities_tester : NULL,
                                  .identity_ctx = r->identities,
                                  .profile = own->profile ? own->profile : o->memory ? BEEP_URI_ECHO : NULL,
                                  .echo = own->echo || o->memory || is_echo(own->profile),
                                  .user = who ? who->name : NULL,
                                  .password = who ? who->password : NULL,
                                  .mechanism = own->mechanism,
                                  .users = users,
                                  .scram_rounds = o->memory ? 16 : 0,
                                  .learned_wants_tls = tls && !o->memory && run_met_able(r, "wants-tls")};
    return OK;
}

static err begin(struct run_ctx *r, struct play_run *play)
{
    struct beep_run *x = r->state;
    play->ends = play_beep_ends;
    play->end_count = PLAY_BEEP_ENDS;
    return proto_beep_fill(r, r->o->own, (enum beep_under_test)r->role->id, &x->play, &x->own);
}

static void done(struct run_ctx *r)
{
    sasl_users_free(((struct beep_run *)r->state)->own);
}

/* An initiator may serve a profile that it does not ask for itself. */
static const char *data_profile(const struct play_beep_run *x)
{
    const char *uri = play_beep_profile(x);
    return uri || !*x->learned_offer ? uri : x->learned_offer;
}

/* Numbers for channels that a case starts, so that one case fits both roles (3080 2.3.1.2: odd ones are the initiator's).  High enough not to meet what reach
 * starts, or the peer by itself. */
static const char *channel_number(const struct run_ctx *r, const char *name)
{
    static const char *const names[] = {"OURS", "OURS2", "OURS3", "THEIRS"};
    static const char *const numbers[][2] = {{"101", "102"}, {"103", "104"}, {"105", "106"}, {"102", "101"}}; /* as initiator, as listener */
    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(names[i], name) == 0) return numbers[i][run_of(r)->under_test == TEST_BEEP_LISTENER ? 0 : 1];
    }
    return NULL;
}

/* A URI may hold an &, which a case that writes XML by itself has to write as a reference. */
static bool profile_in_xml(const struct run_ctx *r, char *out, size_t n)
{
    const char *uri = data_profile(run_of(r));
    struct buf b;
    buf_init(&b, r->o->env->mem, n - 1);
    bool good = !uri || xml_escape(slice_str(uri), &b) == OK;
    snprintf(out, n, "%.*s", good ? (int)b.n : 0, b.n ? (const char *)b.p : "");
    buf_done(&b);
    return good;
}

/* Names of what is not known are empty: the case that wants them says so under needs. */
bool proto_beep_lookup(const struct run_ctx *r, const char *name, char *out, size_t n)
{
    const struct play_beep_run *x = run_of(r);
    const char *text = channel_number(r, name);
    if (text) snprintf(out, n, "%s", text);
    if (text) return true;
    if (strcmp(name, "PROFILE_XML") == 0) return profile_in_xml(r, out, n);
    if (strcmp(name, "PROFILE") == 0) text = data_profile(x);
    else if (strcmp(name, "MECHANISM") == 0) text = play_beep_mechanism(x, x->learned_mechanisms);
    else if (strcmp(name, "USER") == 0) text = x->user;
    else if (strcmp(name, "TLS") == 0) text = BEEP_URI_TLS;
    else if (strcmp(name, "SASL") == 0) text = BEEP_URI_SASL;
    else if (strcmp(name, "ECHO") == 0) text = BEEP_URI_ECHO;
    else if (strcmp(name, "MANY") == 0) text = BEEP_URI_MANY;
    else return false;
    snprintf(out, n, "%s", text ? text : "");
    return true;
}

static uint64_t observed(const struct run_ctx *r)
{
    return run_of(r)->observed;
}

static const char *fault_name(int code)
{
    return beep_faults[code].name;
}

/* --- needs ------------------------------------------------------------------------------------------------------------------ */

static bool met_profile(const struct run_ctx *r)
{
    return data_profile(run_of(r)) != NULL;
}

static bool met_echo(const struct run_ctx *r)
{
    return met_profile(r) && (run_of(r)->echo || is_echo(data_profile(run_of(r))));
}

static bool met_starts(const struct run_ctx *r)
{
    return run_of(r)->under_test == TEST_BEEP_INITIATOR && ((run_of(r)->observed >> BEEP_SEEN_START & 1) || run_met_able(r, "starts"));
}

static bool met_leaves(const struct run_ctx *r, const char *name)
{
    return run_of(r)->under_test == TEST_BEEP_INITIATOR && run_met_able(r, name);
}

static bool met_closes(const struct run_ctx *r)
{
    return met_leaves(r, "closes");
}

static bool met_releases(const struct run_ctx *r)
{
    return met_leaves(r, "releases");
}

static const struct run_need needs[] = {
    {"profile", "the peer offers no data profile: give --profile URI", false, RUN_USUAL, met_profile},
    {"echo", "the profile is not known to echo: give --profile URI --echo", false, RUN_USUAL, met_echo},
    {"many", "the peer does not offer the profile that answers many times over: --able many", true, RUN_USUAL, NULL},
    BEEP_NEEDS_TUNING,
    {"starts", "the peer was not seen starting a channel: --able starts", true, RUN_USUAL, met_starts},
    {"closes", "the peer has to close its channel by itself: --able closes", true, RUN_APART, met_closes},
    {"releases", "the peer has to release the session by itself: --able releases", true, RUN_APART, met_releases},
    {"server-name", "the peer has to be set up to serve one serverName only, not one of draftproof.invalid: --able server-name", true, RUN_APART, NULL},
    {"unavailable", "the peer has to be set up to be unavailable: --able unavailable", true, RUN_SPECIAL, NULL},
    {"need-tls", "the peer has to be set up to serve nobody, or an initiator to use nobody, without TLS: --able need-tls", true, RUN_SPECIAL, NULL},
    {"need-auth", "the peer has to be set up to serve nobody, or an initiator to use nobody, before authentication: --able need-auth", true, RUN_SPECIAL, NULL},
    {0}};

/* --- deliberate mistakes ------------------------------------------------------------------------------------------------- */

_Static_assert(BEEP_R_LISTENER == BY_LISTENER && BEEP_R_INITIATOR == BY_INITIATOR && BEEP_R_BOTH == BY_BOTH, "mistakes name roles by the same bits");

static bool about_tls(unsigned mutant, const struct run_role *role)
{
    (void)role;
    return mutant >= BMUT_TLS_ANY_VERSION && mutant <= BMUT_TLS_GOES_ON_BARE;
}

static const struct run_try tries[] = {
    {TRY_ALWAYS, RUN_TLS_OFF, false, NULL, NULL},
    {TRY_TLS, RUN_TLS_MODERN, true, NULL, NULL},
    {TRY_ALIVE, RUN_TLS_MODERN, false, NULL, NULL},
};

/* --- programs on loopback ---------------------------------------------------------------------------------------------- */

static const struct beep_options alice = {.users_text = BEEP_SAMPLE_USERS};
/* Where any mechanism will do: the thousands of rounds of the best one, in each case, would show.  It has settings of its own. */
static const struct beep_options alice_soon = {.users_text = BEEP_SAMPLE_USERS, .mechanism = "DIGEST-MD5"};
/* Who uses no data at first does not tell what its profile is. */
static const struct beep_options alice_behind = {.users_text = BEEP_SAMPLE_USERS, .profile = BEEP_URI_ECHO, .mechanism = "SCRAM-SHA-256"};
#define BY(name, mech) static const struct beep_options name = {.users_text = BEEP_SAMPLE_USERS, .mechanism = mech};
BY(by_anonymous, "ANONYMOUS")
BY(by_plain, "PLAIN")
BY(by_external, "EXTERNAL")
BY(by_cram_md5, "CRAM-MD5")
BY(by_digest_md5, "DIGEST-MD5")
BY(by_scram_sha_1, "SCRAM-SHA-1")
BY(by_scram_sha_256, "SCRAM-SHA-256")


/* A mechanism is used by the cases about SASL, and none of the others; those play it with and without TLS. */
static const struct run_setting settings[] = {
    {.name = "beep-listener", .role = "beep-listener", .able = {"many"}, .serve = {"--sasl-users", "{file}"}, .own = &alice_soon, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-initiator", .role = "beep-initiator", .connects = true, .able = {"starts", "wants-tls"}, .serve = {"--every", "5"}, .own = &alice, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-initiator that offers TLS", .role = "beep-initiator", .connects = true, .once = true, .select = {"beep/2/", "beep/3", "beep/4", "beep/6.2", "beep/9"}, .able = {"starts"}, .serve = {"--every", "5"}, .serve_tls = {"--wait-tls"}, .own = &alice, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-listener, small frames", .role = "beep-listener", .once = true, .able = {"many"}, .serve = {"--sasl-users", "{file}", "--frame", "200", "--window", "4096"}, .own = &alice_soon, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-listener with one name", .role = "beep-listener", .once = true, .select = {"beep/2.3.1.2/other-server-name"}, .able = {"server-name"}, .serve = {"--server-name", "beep.example.org"}, .own = &alice, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-listener that is unavailable", .role = "beep-listener", .once = true, .able = {"unavailable"}, .serve = {"--unavailable"}, .own = &alice, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-initiator that needs TLS", .role = "beep-initiator", .connects = true, .once = true, .able = {"need-tls"}, .own = &alice_behind, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-initiator that needs SASL", .role = "beep-initiator", .connects = true, .once = true, .able = {"need-auth"}, .serve = {"--sasl-user", "{file}", "--sasl-mechanism", "SCRAM-SHA-256"}, .own = &alice_behind, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-listener by ANONYMOUS", .role = "beep-listener", .once = true, .select = {"beep/4"}, .serve = {"--sasl-users", "{file}"}, .own = &by_anonymous, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-initiator by ANONYMOUS", .role = "beep-initiator", .connects = true, .once = true, .select = {"beep/4"}, .able = {"starts", "wants-sasl"}, .serve = {"--sasl-user", "{file}", "--sasl-mechanism", "ANONYMOUS"}, .own = &by_anonymous, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-listener by PLAIN", .role = "beep-listener", .once = true, .select = {"beep/4"}, .serve = {"--sasl-users", "{file}"}, .own = &by_plain, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-initiator by PLAIN", .role = "beep-initiator", .connects = true, .once = true, .select = {"beep/4"}, .able = {"starts", "wants-sasl"}, .serve = {"--sasl-user", "{file}", "--sasl-mechanism", "PLAIN"}, .own = &by_plain, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-listener by CRAM-MD5", .role = "beep-listener", .once = true, .select = {"beep/4"}, .serve = {"--sasl-users", "{file}"}, .own = &by_cram_md5, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-initiator by CRAM-MD5", .role = "beep-initiator", .connects = true, .once = true, .select = {"beep/4"}, .able = {"starts", "wants-sasl"}, .serve = {"--sasl-user", "{file}", "--sasl-mechanism", "CRAM-MD5"}, .own = &by_cram_md5, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-listener by DIGEST-MD5", .role = "beep-listener", .once = true, .select = {"beep/4"}, .serve = {"--sasl-users", "{file}"}, .own = &by_digest_md5, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-initiator by DIGEST-MD5", .role = "beep-initiator", .connects = true, .once = true, .select = {"beep/4"}, .able = {"starts", "wants-sasl"}, .serve = {"--sasl-user", "{file}", "--sasl-mechanism", "DIGEST-MD5"}, .own = &by_digest_md5, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-listener by SCRAM-SHA-1", .role = "beep-listener", .once = true, .select = {"beep/4"}, .serve = {"--sasl-users", "{file}"}, .own = &by_scram_sha_1, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-initiator by SCRAM-SHA-1", .role = "beep-initiator", .connects = true, .once = true, .select = {"beep/4"}, .able = {"starts", "wants-sasl"}, .serve = {"--sasl-user", "{file}", "--sasl-mechanism", "SCRAM-SHA-1"}, .own = &by_scram_sha_1, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-listener by SCRAM-SHA-256", .role = "beep-listener", .once = true, .select = {"beep/4"}, .serve = {"--sasl-users", "{file}"}, .own = &by_scram_sha_256, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-initiator by SCRAM-SHA-256", .role = "beep-initiator", .connects = true, .once = true, .select = {"beep/4"}, .able = {"starts", "wants-sasl"}, .serve = {"--sasl-user", "{file}", "--sasl-mechanism", "SCRAM-SHA-256"}, .own = &by_scram_sha_256, .file = BEEP_SAMPLE_USERS},
    {.name = "beep-listener by EXTERNAL", .role = "beep-listener", .once = true, .select = {"beep/4"}, .serve = {"--sasl-users", "{file}"}, .own = &by_external, .file = BEEP_SAMPLE_USERS},
    {0}};

const struct run_proto run_beep = {
    .name = "beep",
    .family = families,
    .role = roles,
    .machine = machines,
    .play = &play_beep,
    .run_size = sizeof(struct beep_run),
    .begin = begin,
    .done = done,
    .lookup = proto_beep_lookup,
    .observed = observed,
    .seen_tls = 1ull << BEEP_SEEN_TLS,
    .fault_name = fault_name,
    .need = needs,
    .specially = "the peer was set up to be unavailable, or to serve nobody before TLS or authentication",
    .passive = passive_beep,
    .passives = PASSIVE_BEEP,
    .mutant = beep_mutants,
    .mutants = BMUT_COUNT,
    .try = tries,
    .tries = COUNT(tries),
    .about_tls = about_tls,
    .reference_new = reference_beep_new,
    .reference_free = reference_beep_free,
    .reference_peer = reference_beep_peer,
    .setting = settings,
    .server = &server_beep,
};
