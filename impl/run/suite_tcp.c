/* SPDX-License-Identifier: MIT */
#include "run/suite_impl.h"
#include <stdio.h>
err suite_tcp_new(struct suite *s, struct suite_tcp **out, char *why, size_t why_n) { (void)s; *out = NULL; snprintf(why, why_n, "not yet"); return ERR_USE; }
err suite_run_tcp(struct suite_tcp *t, const struct suite_item *item, size_t n, char *why, size_t why_n) { (void)t; (void)item; (void)n; (void)why; (void)why_n; return ERR_USE; }
void suite_tcp_free(struct suite_tcp *t) { (void)t; }
