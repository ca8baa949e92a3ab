/* SPDX-License-Identifier: MIT */
/* idxp_value: what the files of idxp_msg share. */
#ifndef CODEC_IDXP_VALUE_H
#define CODEC_IDXP_VALUE_H

#include "codec/idxp_msg.h"

/* Draft 4: four groups of one to three digits; range: one is over 255 (IDXP-D13). */
bool idxp_is_ip(slice s, bool *range);
/* The kind of an element without headers that is there as a whole. */
bool idxp_head_of_xml(slice xml, struct idxp_head *h);

#endif
