/* SPDX-License-Identifier: MIT */
/* serve: between the files of the serve command.  The options of all protocols stand in one table (serve.c), so that --help shows them together; what
 * they mean to a protocol is said in serve_NAME.c. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "cli/cli.h"
#include "cli/files.h"
#include "run/server.h"
#include "run/server_iap.h"

enum {
    OPT_LISTEN = 0x2000, OPT_CONNECT, OPT_NEXT_HOP, OPT_IDENTITY, OPT_STORE, OPT_MUTATE, OPT_HOST, OPT_REFUSE, OPT_DEADLINE,
    OPT_IDLE, OPT_CONTENT, OPT_STYLE, OPT_TYPE, OPT_PAD, OPT_ONCE
};

struct serve {
    struct cli_talk talk;
    struct env env;
    struct server_options o;
    struct cli_alerts alerts;     /* FILE... */
    struct server_iap_options iap;
    const char *type, *pad, *mutant;
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
extern const struct serve_proto serve_iap;

#endif
