/* SPDX-License-Identifier: MIT */
/* How long reading a delegation record takes beside ldns reading the same RDATA as TXT, from wire form to structures.  ldns gives character-strings; we give
 * precedence, gateway and key, with every departure noted.  A key of each size, and TXT of others as it stands beside ours; ways alternate in one run and
 * the medians are compared, so that a busy machine slows both.  Prints a JSON object a line:
 * {"bench","record","octets","ns","ldns_ns","ratio","per_second"}, ratio: ours to that of ldns.
 *
 *   bench_oe_parse ROUNDS        odd */
#include <ldns/ldns.h>
#include <string.h>

#include "bench/oe_record.h"
#include "codec/oe_master.h"

enum { ROUNDS_MAX = 1001, A_ROUND = 4000 };

static void ours(const struct env *env, slice rdata, bool foreign)
{
    struct oe_txt t;
    if (oe_txt_read(env, rdata, &t) != OK) die("out of memory");
    enum oe_take take = oe_txt_take(&t, OE_RFC);
    oe_txt_done(&t);
    if (take != (foreign ? OE_SKIP : OE_TAKE)) die("a record is not read as what it is");
}

/* wire: RDLENGTH and RDATA. */
static void theirs(slice wire)
{
    size_t at = 0;
    ldns_rr *rr = ldns_rr_new();
    if (!rr) die("out of memory");
    ldns_rr_set_type(rr, LDNS_RR_TYPE_TXT);
    if (ldns_wire2rdf(rr, wire.p, wire.n, &at) != LDNS_STATUS_OK || at != wire.n) die("ldns does not read a record");
    ldns_rr_free(rr);
}

static void measure(const struct env *env, const char *name, slice wire, bool foreign, size_t rounds)
{
    static double took[2][ROUNDS_MAX];
    slice rdata = slice_sub(wire, 2, wire.n);
    for (size_t i = 0; i < rounds; i++) {
        double began = seconds();
        for (size_t k = 0; k < A_ROUND; k++)
            ours(env, rdata, foreign);
        double between = seconds();
        for (size_t k = 0; k < A_ROUND; k++)
            theirs(wire);
        took[0][i] = (between - began) * 1e9 / A_ROUND;
        took[1][i] = (seconds() - between) * 1e9 / A_ROUND;
    }
    double us = median(took[0], rounds), them = median(took[1], rounds);
    printf("{\"bench\":\"oe_parse\",\"record\":\"%s\",\"octets\":%zu,\"ns\":%.0f,\"ldns_ns\":%.0f,\"ratio\":%.2f,\"per_second\":%.0f}\n", name, rdata.n, us, them,
           us / them, 1e9 / us);
}

int main(int argc, char **argv)
{
    static const unsigned sizes[] = {512, 1024, 2048, 4096};
    static const char foreign[] = "v=spf1 ip4:192.0.2.0/24 include:_spf.example.org -all";
    struct env env;
    size_t rounds = argc == 2 ? number(argv[1], 1, ROUNDS_MAX) : 0;
    env_init(&env);
    if (!rounds) die("usage: oe_parse ROUNDS");
    for (size_t i = 0; i <= sizeof sizes / sizeof *sizes; i++) {
        bool other = i == sizeof sizes / sizeof *sizes;
        struct buf wire;
        char name[40] = "of others";
        buf_init(&wire, env.mem, OE_RDATA_MAX + 2);
        if (buf_add(&wire, slice_of((const uint8_t *)"\0", 2)) != OK) die("out of memory");
        if (!other) oe_record(&env, 5, sizes[i], &wire);
        else if (oe_txt_strings(slice_str(foreign), OE_STRING_MAX, &wire) != OK) die("out of memory");
        if (!other) snprintf(name, sizeof name, "key of %u bits", sizes[i]);
        wire.p[0] = (uint8_t)((wire.n - 2) >> 8);
        wire.p[1] = (uint8_t)(wire.n - 2);
        measure(&env, name, buf_slice(&wire), other, rounds);
        buf_done(&wire);
    }
    return 0;
}
