/* SPDX-License-Identifier: MIT */
/* samples_idxp: what a reference analyzer sends that was given no files: alerts and a heartbeat in IDMEF that are valid, and use most of what RFC 4765 has. */
#ifndef RUN_SAMPLES_IDXP_H
#define RUN_SAMPLES_IDXP_H

#include "codec/idxp_msg.h"

struct sample_idxp {
    const char *name; /* for people */
    enum idxp_stream stream;
    slice body;       /* text/xml, UTF-8 */
};
enum { SAMPLES_IDXP = 4 };
extern const struct sample_idxp samples_idxp[SAMPLES_IDXP];

#endif
