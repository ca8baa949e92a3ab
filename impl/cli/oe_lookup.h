/* SPDX-License-Identifier: MIT */
/* oe_lookup: what the files of draftproof oe lookup share: one address at a time (oe_lookup_job), what is printed of it (oe_lookup_print), the options
 * and the order of all (oe_lookup). */
#ifndef CLI_OE_LOOKUP_H
#define CLI_OE_LOOKUP_H

#include <jansson.h>
#include <stdio.h>

#include "cli/oe_anchor.h"
#include "cli/oe_policy.h"
#include "io/lookup.h"
#include "peer/oe_agent.h"

struct oe_lookup_setup { /* the same for all addresses of a run */
    struct env env;
    struct cli_oe_policy policy;
    struct oe_host source; /* family 0: not told */
    struct cli_oe_anchors anchors;
    char servers[512];     /* as they are printed */
    bool json;
    struct loop *loop;
    struct lookup *dns;
};

/* --- one address ---------------------------------------------------------------------------------------------------------------- */
struct oe_lookup_job;
/* The job has decided, or cannot (decided false): text has all there is to print, owned by whoever is called (free).  failed: a look-up had no good end.  The job is
 * freed behind it. */
typedef void (*oe_lookup_done)(void *ctx, size_t index, char *text, bool decided, bool failed);
/* done is called once, never before this returned.  CLI_OK, or CLI_FAILED after a message. */
int oe_lookup_begin(const struct oe_lookup_setup *s, const struct oe_host *destination, size_t index, oe_lookup_done done, void *ctx, struct oe_lookup_job **out);
/* done is not called. */
void oe_lookup_cancel(struct oe_lookup_job *j);

/* --- what is printed ------------------------------------------------------------------------------------------------------------ */
enum oe_look oe_lookup_look(const struct lookup_answer *a);
/* Like dig: question, answer, what DNSSEC says, server and time; then each record as the dialect reads it. */
void oe_lookup_print(FILE *to, const struct oe_lookup_setup *s, const char *name, uint16_t type, const struct lookup_answer *a, enum oe_security security);
/* The same as an object; NULL: out of memory. */
json_t *oe_lookup_json(const struct oe_lookup_setup *s, const char *name, uint16_t type, const struct lookup_answer *a, enum oe_security security);
/* How many aliases the message holds. */
unsigned oe_lookup_aliases(const struct env *env, slice packet);

#endif
