/* SPDX-License-Identifier: MIT */
/* An IDMEF message; the first octet says how it is cut.  What is held against the check, beyond not crashing:
 *   - the verdict, its line and words, and all notes are the same however the octets are cut;
 *   - what is not good has a reason in printable ASCII, and what is good has none;
 *   - a limit on elements and octets is kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/idmef.h"
#include "want.h"

static const struct idmef_limits limits = {1u << 20, 5000, 64};

static void check_whole(const struct env *env, const struct idmef_schema *s, slice in, size_t piece,
                        struct idmef_result *out)
{
    struct idmef_check *c;
    err e = OK;
    WANT(idmef_check_new(env, s, &limits, SLICE_NONE, &c) == OK);
    for (size_t at = 0; e == OK && (at == 0 || at < in.n); at += piece)
        e = idmef_check_feed(c, slice_sub(in, at, at + piece), at + piece >= in.n);
    *out = *idmef_check_result(c);
    WANT(e == OK || e == ERR_PEER);
    WANT((e == ERR_PEER) == (out->verdict == IDMEF_ILL || out->verdict == IDMEF_TOO_MUCH));
    idmef_check_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct env env; /* reading the declarations takes longer than all the rest, and they do not change */
    static struct idmef_schema *s;
    struct idmef_result whole, cut;
    if (size == 0) return 0;
    if (!s) {
        env_init(&env);
        WANT(idmef_schema_new(&env, &s) == OK);
    }
    slice in = slice_of(data + 1, size - 1);
    check_whole(&env, s, in, in.n + 1, &whole);
    check_whole(&env, s, in, 1u + data[0], &cut);
    WANT(whole.verdict == cut.verdict && whole.fault == cut.fault && whole.line == cut.line &&
         strcmp(whole.why, cut.why) == 0);
    WANT(whole.alerts == cut.alerts && whole.heartbeats == cut.heartbeats && whole.note_n == cut.note_n);
    WANT(memcmp(whole.note, cut.note, whole.note_n * sizeof *whole.note) == 0);
    WANT((whole.verdict == IDMEF_OK) == (whole.why[0] == 0) &&
         (whole.verdict == IDMEF_OK) == (whole.fault == IDMEF_F_NONE));
    for (const char *p = whole.why; *p; p++)
        WANT(*p >= ' ' && *p < 127);
    return 0;
}
