/* SPDX-License-Identifier: MIT */
/* A whole capture file, judged; the first octet says in which dialect and for whom.  What is held against the reader, beyond not crashing:
 *   - it is judged, or refused with a reason, and nothing that it tells could not be shown;
 *   - each result stands for a clause, whatever is held against somebody has a reason, and the same file gives the same results. */
#define _GNU_SOURCE /* memfd_create: captures are opened by name */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run/replay.h"
#include "want.h"

static struct env env;

static void shows(const char *text)
{
    for (; *text; text++)
        WANT((unsigned char)*text >= ' ' && (unsigned char)*text < 127);
}

static void tell(void *ctx, uint32_t packet, uint64_t us, const char *text)
{
    (void)packet, (void)us;
    shows(text);
    ++*(size_t *)ctx;
}

struct found {
    err e;
    size_t told, results, faults;
    uint64_t verdicts; /* of all results, mixed */
};

static struct found judged(uint8_t how, const char *path)
{
    struct found f = {.told = 0};
    struct replay_options o = {.env = &env, .dialect = how & 1 ? OE_RFC : OE_DRAFT, .fresh = (how & 2) != 0, .tell = tell, .ctx = &f.told};
    struct replay r;
    struct run_results rs;
    char why[1200] = "";
    if (how & 4) WANT(ip_address_read("192.1.1.4", &o.gateway[o.gateways++]));
    if (how & 8) WANT(ip_address_read("192.1.1.5", &o.gateway[o.gateways++]));
    run_results_init(&rs, &mem_libc);
    f.e = replay_oe(&o, path, &r, why, sizeof why);
    shows(why);
    if (f.e == OK) {
        shows(r.damaged);
        WANT(replay_oe_results(&r, "in", &rs) == OK);
        f.faults = r.track.faults;
        for (f.results = 0; f.results < rs.n; f.results++) {
            const struct result *x = &rs.r[f.results];
            WANT(x->clauses == 1 && *x->id && *x->role);
            WANT(x->verdict == V_PASS || *x->reason);
            shows(x->reason);
            f.verdicts = f.verdicts * 31 + x->clause[0] * 8 + x->verdict;
        }
    } else {
        WANT((f.e == ERR_SYS || f.e == ERR_USE || f.e == ERR_PEER) && *why);
    }
    run_results_done(&rs);
    replay_done(&r);
    return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    if (size < 1 || size > 1 << 20) return 0;
    env_init(&env);
    int fd = memfd_create("capture", 0);
    WANT(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct found one = judged(data[0], path), two = judged(data[0], path);
    WANT(one.e == two.e && one.told == two.told && one.results == two.results && one.faults == two.faults && one.verdicts == two.verdicts);
    close(fd);
    return 0;
}
