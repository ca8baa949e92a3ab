/* SPDX-License-Identifier: MIT */
/* fault: what a protocol's list of faults says about each.  A fault is data: it becomes a verdict. */
#ifndef MODEL_FAULT_H
#define MODEL_FAULT_H

#include "model/clauses.h"

/* FAIL: both readings forbid it.  WEAK: a SHOULD, or tolerated under the defect.  NOTE: to be recorded only. */
enum severity { SEV_NOTE, SEV_WEAK, SEV_FAIL };

struct fault_info {
    const char *name; /* "BARE_LF" */
    enum clause_id clause;
    enum defect_id defect;
    enum severity severity;
    const char *text;
};

#endif
