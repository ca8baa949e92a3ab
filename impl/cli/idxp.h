/* SPDX-License-Identifier: MIT */
/* What serve and send have in common for IDXP. */
#ifndef CLI_IDXP_H
#define CLI_IDXP_H

#include "cli/cli.h"
#include "cli/files.h"
#include "codec/tunnel_msg.h"
#include "run/server_idxp.h"

enum { CLI_VIAS = TUNNEL_HOPS_MAX - 2, CLI_CHAIN = 16 * 1024 };

/* The dialect as the value of --dialect; ends the program with a message when there is none of that name. */
enum idxp_dialect cli_dialect(const char *name);
/* A URI of an endpoint, as the value of an option (NULL: not given): CLI_OK, or CLI_USE with a message. */
int cli_idxp_uri(const char *option, const char *uri);

struct cli_via { /* --via HOP, outermost first, and where they lead to */
    const char *hop[CLI_VIAS];
    size_t hops;
    struct tunnel_msg chain;
    char text[CLI_CHAIN];
};
void cli_via_add(struct cli_via *v, const char *hop);
/* Where to dial instead of connect: the first hop; connect itself without any.  *chain: what is asked for there, NULL: nothing.  CLI_OK, or CLI_USE with a message. */
int cli_via_ready(const struct env *env, struct cli_via *v, const char *connect, const char **dial, const struct tunnel_msg **chain);
void cli_via_done(struct cli_via *v);

/* Who we are to a proxy: --via-user and --via-mechanism of who asks for a tunnel, --hop-user and --hop-mechanism of a proxy that asks the next one. */
struct cli_hop {
    const char *user_file, *mechanism; /* the values; NULL: not given */
    struct sasl_users *users;
};
/* kind: "via" or "hop".  Do they fit together? CLI_OK, or CLI_USE with a message. */
int cli_hop_check(const char *kind, const struct cli_hop *h);
/* Reads the file, and fills the fields of o for it; h->users is to be freed when o is not used any more.  CLI_OK, or CLI_USE with a message. */
int cli_hop_ready(const struct env *env, const char *kind, struct cli_hop *h, struct server_idxp_options *o);

/* Media types for files that go over IDXP: type for all (NULL: what each looks like); samples when there are none. */
int cli_messages_ready(struct cli_alerts *l, const char *type);

#endif
