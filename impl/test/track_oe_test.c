/* SPDX-License-Identifier: MIT */
/* The observer of a gateway, on the captures of pcaps/oe: whatever is taken away from a capture (its beginning, its end, any packet, the tail of all packets), nobody is accused of anything new;
 * short memory; two captures at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "cap/capture.h"
#include "test/mem_fail.h"
#include "track/track_oe.h"

enum { PACKETS = 128, OCTETS = 4096, FOLDERS = 64 };

struct kept {
    struct capture_packet p;
    uint8_t octets[OCTETS];
};
static struct kept kept[PACKETS];
static size_t packets;
static char folder[FOLDERS][300];
static size_t folders;

static void load(const char *path)
{
    struct capture *c;
    packets = 0;
    assert_int_equal(capture_open(&mem_libc, path, &c, NULL, 0), OK);
    while (capture_next(c, &kept[packets].p, NULL, 0) == OK) {
        struct kept *k = &kept[packets++];
        assert_true(packets < PACKETS && k->p.ip.payload.n <= OCTETS);
        if (k->p.ip.payload.n) memcpy(k->octets, k->p.ip.payload.p, k->p.ip.payload.n);
        k->p.ip.payload.p = k->octets;
    }
    capture_close(c);
}

static int find_folders(void **state)
{
    const char *root = SOURCE_DIR "/pcaps/oe";
    DIR *d = opendir(root);
    (void)state;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        assert_true(folders < FOLDERS);
        snprintf(folder[folders++], sizeof *folder, "%s/%s/in.pcap%s", root, e->d_name, strcmp(e->d_name, "translated-tcp") == 0 ? "ng" : "");
    }
    closedir(d);
    assert_true(folders >= 12);
    return 0;
}

/* The gateway by the looks of the whole capture, else Bob's, as in those that want it told. */
static struct oe_track_options options_of(const struct env *env, enum oe_dialect dialect)
{
    struct oe_track_options o = {.dialect = dialect, .gateways = 1};
    static struct oe_guess g;
    memset(&g, 0, sizeof g);
    for (size_t i = 0; i < packets; i++)
        oe_guess_packet(&g, env, &kept[i].p.ip);
    if (!oe_guess_made(&g, &o.gateway[0])) assert_true(ip_address_read("192.1.1.5", &o.gateway[0]));
    return o;
}

struct change { /* what is taken away; packets from and to by index */
    size_t from, to, without, keep; /* keep: octets of each payload */
    size_t alone;                   /* number, from 1, of the one packet that is cut to half; 0: none */
    uint32_t loss;                  /* three packets of ten, other ones for each number; 0: none */
};

static bool lost(uint32_t loss, size_t i)
{
    struct rng r;
    if (!loss) return false;
    rng_init(&r, (uint64_t)loss << 32 | i);
    return rng_next(&r) % 10 < 3;
}

static err feed(struct track_oe *t, const struct env *env, const struct oe_track_options *o, const struct change *c)
{
    TRY(track_oe_init(t, env, o));
    for (size_t i = c->from; i < c->to; i++) {
        struct ip_packet p = kept[i].p.ip;
        if (i == c->without || lost(c->loss, i)) continue;
        size_t keep = i + 1 == c->alone ? p.payload.n / 2 : c->keep;
        if (p.payload.n > keep) {
            p.payload.n = keep;
            p.cut = true;
        }
        TRY(track_oe_packet(t, kept[i].p.number, kept[i].p.us, &p));
    }
    return track_oe_end(t);
}

static bool accuses(const struct track_oe *t, const struct oe_track_fault *f)
{
    for (size_t i = 0; i < t->faults; i++) {
        if (t->fault[i].code == f->code && ip_address_eq(&t->fault[i].by, &f->by)) return true;
    }
    return false;
}

static void less(const struct env *env, const struct oe_track_options *o, const struct track_oe *whole, const struct change *c, const char *path)
{
    struct track_oe t;
    assert_int_equal(feed(&t, env, o, c), OK);
    for (size_t i = 0; i < t.faults; i++) {
        if (accuses(whole, &t.fault[i])) continue;
        fail_msg("%s: %s at packet %u is new: packets %zu to %zu without %zu, %zu octets of each, %zu cut, loss %u", path, oe_track_faults[t.fault[i].code].info.name, (unsigned)t.fault[i].packet, c->from + 1, c->to,
                 c->without + 1, c->keep, c->alone, (unsigned)c->loss);
    }
    track_oe_done(&t);
}

static void nothing_new(void **state)
{
    (void)state;
    struct env env;
    env_init(&env);
    for (size_t f = 0; f < folders; f++) {
        load(folder[f]);
        for (int d = 0; d < OE_DIALECTS; d++) {
            struct track_oe whole;
            struct oe_track_options o = options_of(&env, (enum oe_dialect)d);
            assert_int_equal(feed(&whole, &env, &o, &(struct change){.from = 0, .to = packets, .without = SIZE_MAX, .keep = SIZE_MAX}), OK);
            for (size_t i = 0; i < packets; i++) {
                less(&env, &o, &whole, &(struct change){.from = i, .to = packets, .without = SIZE_MAX, .keep = SIZE_MAX}, folder[f]);
                less(&env, &o, &whole, &(struct change){.from = 0, .to = i, .without = SIZE_MAX, .keep = SIZE_MAX}, folder[f]);
                less(&env, &o, &whole, &(struct change){.from = 0, .to = packets, .without = i, .keep = SIZE_MAX}, folder[f]);
                less(&env, &o, &whole, &(struct change){.from = 0, .to = packets, .without = SIZE_MAX, .keep = SIZE_MAX, .alone = i + 1}, folder[f]);
            }
            for (uint32_t loss = 1; loss <= 60; loss++)
                less(&env, &o, &whole, &(struct change){.from = 0, .to = packets, .without = SIZE_MAX, .keep = SIZE_MAX, .loss = loss}, folder[f]);
            for (size_t keep = 0; keep < 300; keep += 7)
                less(&env, &o, &whole, &(struct change){.from = 0, .to = packets, .without = SIZE_MAX, .keep = keep}, folder[f]);
            track_oe_done(&whole);
        }
    }
}

/* Each allocation refused once: an error, nothing is lost, and nothing is left behind. */
static void short_memory(void **state)
{
    static const char *const some[] = {"good-responder", "delete-twice", "icmp-gives-up"};
    char path[300];
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        snprintf(path, sizeof path, SOURCE_DIR "/pcaps/oe/%s/in.pcap", some[k]);
        load(path);
        err e = ERR_MEM;
        for (size_t n = 1; e == ERR_MEM; n++) {
            struct mem_fail f;
            struct env env;
            struct track_oe t = {.env = &env};
            env_init(&env);
            struct oe_track_options o = options_of(&env, OE_RFC);
            struct mem mem = mem_fail_init(&f, n);
            env.mem = &mem;
            e = feed(&t, &env, &o, &(struct change){.from = 0, .to = packets, .without = SIZE_MAX, .keep = SIZE_MAX});
            assert_true(e == OK || e == ERR_MEM);
            track_oe_done(&t);
            assert_int_equal(f.live, 0);
            assert_true(n < 2000);
        }
    }
}

/* Nothing is remembered outside of the tracker: two at once find what each finds alone. */
static void two_at_once(void **state)
{
    (void)state;
    struct env env;
    struct track_oe a, b;
    env_init(&env);
    load(SOURCE_DIR "/pcaps/oe/key-late/in.pcap");
    struct oe_track_options o = options_of(&env, OE_RFC);
    assert_int_equal(track_oe_init(&a, &env, &o), OK);
    assert_int_equal(track_oe_init(&b, &env, &o), OK);
    for (size_t i = 0; i < packets; i++) {
        assert_int_equal(track_oe_packet(&a, kept[i].p.number, kept[i].p.us, &kept[i].p.ip), OK);
        assert_int_equal(track_oe_packet(&b, kept[i].p.number, kept[i].p.us, &kept[i].p.ip), OK);
    }
    assert_int_equal(track_oe_end(&a), OK);
    assert_int_equal(track_oe_end(&b), OK);
    assert_int_equal(a.faults, b.faults);
    assert_true(a.faults > 0 && a.fault[0].code == OE_TF_AUTH_EARLY && a.observed[0] == b.observed[0]);
    track_oe_done(&a);
    track_oe_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_new), cmocka_unit_test(short_memory), cmocka_unit_test(two_at_once)};
    return cmocka_run_group_tests(tests, find_folders, NULL);
}
