/* SPDX-License-Identifier: MIT */
/* proto_iap: what the suite has to be told about IAP. */
#ifndef RUN_PROTO_IAP_H
#define RUN_PROTO_IAP_H

#include "run/proto.h"

extern const struct run_proto run_iap;

#endif
