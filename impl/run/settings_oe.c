/* SPDX-License-Identifier: MIT */
#include "run/settings_oe.h"

const struct run_setting settings_oe[] = {
    {.name = "oe-parser of the RFC", .role = "oe-parser", .dialect = "rfc", .able = {"key-records", "master", "ipv6"}, .serve = {"--dialect", "rfc"}},
    {.name = "oe-parser of the draft", .role = "oe-parser", .dialect = "draft", .able = {"key-records", "master", "ipv6"}, .serve = {"--dialect", "draft"}},
    {.name = "oe-gateway of the RFC", .role = "oe-gateway", .dialect = "rfc", .able = {"clock", "bogus", "ipv6"}},
    {.name = "oe-gateway of the draft", .role = "oe-gateway", .dialect = "draft", .able = {"clock", "bogus", "ipv6"}},
    {.name = NULL},
};
