/* SPDX-License-Identifier: MIT */
/* files: alerts from files or standard input, for send and for serve iap-analyzer. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "run/sender.h"

struct cli_alerts {
    struct server_alert *a;
    size_t n, cap;
    size_t max; /* octets of one alert */
};
void cli_alerts_init(struct cli_alerts *l);
void cli_alerts_done(struct cli_alerts *l);
/* Reads one file ("-": standard input).  CLI_OK, or CLI_USE after a message. */
int cli_alerts_add(struct cli_alerts *l, const char *path);
/* A copy of these octets.  CLI_OK, or CLI_USE after a message. */
int cli_alerts_add_copy(struct cli_alerts *l, slice body, const char *name);
/* Puts in three samples when there are none, sets the type (NULL: application/x-idef-alert) and pads ("1024", "uniform:4096", NULL). */
int cli_alerts_ready(struct cli_alerts *l, const char *type, const char *pad);

#endif
