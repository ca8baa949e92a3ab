/* SPDX-License-Identifier: MIT */
#include "base/err.h"

const char *err_name(err e)
{
    switch (e) {
    case OK: return "ok";
    case ERR_MORE: return "more";
    case ERR_PEER: return "peer";
    case ERR_LIMIT: return "limit";
    case ERR_MEM: return "memory";
    case ERR_SYS: return "system";
    case ERR_USE: return "use";
    }
    return "unknown";
}
