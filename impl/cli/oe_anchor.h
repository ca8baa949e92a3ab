/* SPDX-License-Identifier: MIT */
/* oe_anchor: the trust anchors of a file: DS and DNSKEY records as a zone or a tool that makes keys prints them. */
#ifndef CLI_OE_ANCHOR_H
#define CLI_OE_ANCHOR_H

#include <stddef.h>

#include "codec/oe_host.h"

enum {
    CLI_OE_ANCHORS = 256,          /* zones that anybody trusts by hand, with keys to come */
    CLI_OE_ANCHOR_TEXT = 4096      /* octets of one record: an RSA key of 4096 bits has some 700 */
};

struct cli_oe_anchors {
    char *line[CLI_OE_ANCHORS];                /* the record on one line, without comments */
    char owner[CLI_OE_ANCHORS][OE_NAME_TEXT];  /* folded; "" is the root */
    size_t n;
};

/* Adds the records of the file ("-": standard input); may be called for several.  CLI_OK, or CLI_USE with a message that names the line. */
int cli_oe_anchor_file(const char *path, struct cli_oe_anchors *a);
void cli_oe_anchors_done(struct cli_oe_anchors *a);
/* Does an anchor stand at the name or above it?  What is not signed there is known to be so. */
bool cli_oe_anchored(const struct cli_oe_anchors *a, const char *name);

#endif
