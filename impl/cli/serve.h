/* SPDX-License-Identifier: MIT */
/* serve: between the files of the serve command.  The options of all protocols stand in one table (serve.c), so that --help shows them together; what
 * they mean to a protocol is said in serve_NAME.c. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "cli/cli.h"
#include "cli/files.h"
#include "cli/idxp.h"
#include "run/server.h"
#include "run/server_beep.h"
#include "run/server_iap.h"
#include "run/server_oe.h"

enum {
    OPT_LISTEN = 0x2000, OPT_CONNECT, OPT_NEXT_HOP, OPT_IDENTITY, OPT_STORE, OPT_MUTATE, OPT_HOST, OPT_REFUSE, OPT_DEADLINE,
    OPT_IDLE, OPT_CONTENT, OPT_STYLE, OPT_TYPE, OPT_PAD, OPT_ONCE, OPT_SASL_USERS, OPT_SASL_USER, OPT_SASL_MECHANISM, OPT_NEED_TLS, OPT_NEED_AUTH,
    OPT_UNAVAILABLE, OPT_SERVER_NAME, OPT_WINDOW, OPT_FRAME, OPT_PROFILE, OPT_WAIT_TLS, OPT_BARE, OPT_EVERY, OPT_DIALECT, OPT_URI, OPT_FQDN, OPT_POLICY,
    OPT_VIA, OPT_STREAM, OPT_PRIORITY, OPT_PIPELINE, OPT_EMBED, OPT_ALLOW_CLEAR, OPT_NO_TARGET, OPT_MAX_SESSIONS, OPT_ACCESS, OPT_OPEN, OPT_HOPS,
    OPT_PROFILE_MAP, OPT_ENDPOINT_MAP, OPT_SELF, OPT_RESOLVER, OPT_ROUTED_ONLY, OPT_VIA_USER, OPT_VIA_MECHANISM,
    OPT_HOP_USER, OPT_HOP_MECHANISM, OPT_DNS
};

enum { SERVE_OWN = 32 };
struct serve_own { unsigned protos; int key; }; /* protos: a bit for each in the list of serve.c that knows it */

struct serve_idxp {
    struct server_idxp_options o;
    struct cli_via via;
    struct cli_hop via_hop, next_hop; /* who we are to the first proxy, and as a proxy to the next */
    const char *policy_file, *access_file;
    struct idxp_policy *policy;
    struct tunnel_access *access;
    struct tunnel_route route[SERVER_TUNNEL_ROUTES]; /* of --profile-map and --endpoint-map */
    const char *to[SERVER_TUNNEL_ROUTES];
    struct tunnel_msg *way;
    size_t maps;
    const char *self[SERVER_TUNNEL_SELVES];
    bool allow_clear;
};

struct serve {
    struct cli_talk talk;
    struct env env;
    struct server_options o;
    struct cli_alerts alerts;     /* FILE... */
    struct server_iap_options iap;
    const char *type, *pad, *mutant;
    struct server_beep_options beep;
    const char *users_file, *user_file;
    bool wait_tls;
    struct serve_idxp idxp;
    struct server_oe_options oe;
    struct sasl_users *users;
    struct tls_context *second;   /* beside the one of o.tls */
    struct serve_own own[SERVE_OWN]; /* options of one protocol that were given */
    size_t owns;
};

struct serve_proto {
    const struct run_proto *proto;
    /* An option of the protocol's own: 0, or ARGP_ERR_UNKNOWN. */
    error_t (*parse)(struct serve *s, int key, char *arg, struct argp_state *state);
    /* Whether the options fit together and to the role, beside --listen and --connect: CLI_OK, or CLI_USE after a message. */
    int (*check)(struct serve *s);
    /* Fills o.own, and *tls (NULL: none) which the caller frees: CLI_OK, or CLI_USE after a message. */
    int (*ready)(struct serve *s, struct tls_context **tls);
};
extern const struct serve_proto serve_iap, serve_beep, serve_idxp, serve_oe;
void serve_idxp_done(struct serve *s);

#endif
