/* SPDX-License-Identifier: MIT */
/* An IDXP analyzer that works a manager hard, made of idxp_peer and net_tcp as any analyzer is.
 *
 *   idxp_load rate H:P TLS VIA KIND FILE DEPTH COUNT
 *       sends FILE COUNT times, DEPTH of them unanswered, and prints "rate MESSAGES SECONDS CPU", the last
 *       being what we took ourselves
 *   idxp_load latency H:P TLS VIA KIND FILE COUNT
 *       one at a time; prints "latency COUNT P10 MEDIAN P99", in microseconds from the first octet to the
 *       acknowledgement
 *
 * TLS is "off", or a folder of draftproof pki.  VIA is "", or the tunnel behind H:P as hops with blanks
 * between (peer/tunnel.h), the manager last.  KIND is xml, or text: which a manager does not look into. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"
#include "io/loop.h"
#include "peer/idxp_peer.h"
#include "peer/tunnel.h"
#include "run/net.h"

enum {
    COUNT_MAX = 1 << 20,
    DEPTH_MAX = 512,
    FILE_MAX = 4 << 20 /* limits.content as usual */,
    PATIENCE_MS = 120000
};

struct load {
    struct env env;
    struct loop *loop;
    struct net *net;
    struct tls_context *tls;
    struct tunnel_msg via;
    struct idxp_peer_setup setup;
    struct idxp_peer *peer;
    enum idxp_kind kind;
    slice body;
    size_t unsent, unanswered;
    bool done;
};

/* --- hooks
 * -------------------------------------------------------------------------------------------------------------------------
 */

static bool on_next(void *ctx, struct idxp_peer *p, struct idxp_item *out, bool *end)
{
    struct load *l = ctx;
    (void)p, (void)end; /* it stays */
    if (!l->unsent) return false;
    *out = (struct idxp_item){.id = l->unsent--, .kind = l->kind, .body = l->body};
    return true;
}

static void on_answered(void *ctx, struct idxp_peer *p, uint64_t id, uint16_t code, const char *text)
{
    struct load *l = ctx;
    (void)p, (void)id;
    if (code != IDXP_STORED) die(text && *text ? text : "a message was not acknowledged");
    if (!--l->unanswered) l->done = true;
}

static void on_ready(void *ctx, struct idxp_peer *p)
{
    (void)p;
    ((struct load *)ctx)->done = true;
}

static void on_gone(void *ctx, struct idxp_peer *p)
{
    const struct load *l = ctx;
    if (l->net) die(idxp_peer_why(p)); /* not by our leave */
}

/* --- the session
 * -------------------------------------------------------------------------------------------------------------------
 */

static void read_file(struct load *l, const char *path)
{
    static uint8_t octets[FILE_MAX];
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(octets, 1, sizeof octets, f) : 0;
    if (!n) die(path);
    fclose(f);
    l->body = slice_of(octets, n);
}

static void ready_tls(struct load *l, const char *pki)
{
    char cert[400], key[400], ca[400], why[300] = "";
    snprintf(cert, sizeof cert, "%s/rsa/analyzer/cert.pem", pki);
    snprintf(key, sizeof key, "%s/rsa/analyzer/key.pem", pki);
    snprintf(ca, sizeof ca, "%s/rsa/ca.pem", pki);
    struct tls_options o = {
        .profile = TLS_MODERN, .side = TLS_CLIENT, .cert_file = cert, .key_file = key, .ca_file = ca};
    if (tls_context_new(&l->env, &o, &l->tls, why, sizeof why) != OK) die(why);
    l->setup.beep.tls_client = l->tls;
    l->setup.beep.want_tls = true;
}

static void wait_done(struct load *l, const char *what)
{
    net_run(l->net, &l->done, net_now(l->net) + PATIENCE_MS);
    if (!l->done) die(what);
    l->done = false;
}

static void begin(struct load *l, char **arg, size_t depth)
{
    const char *why = "";
    env_init(&l->env);
    if (loop_new(&l->env, &l->loop) != OK || net_tcp_new(&l->env, l->loop, &l->net) != OK) die("no loop");
    l->setup = (struct idxp_peer_setup){
        .beep = {.env = &l->env, .mux = beep_mux_usual},
        .idxp = {.env = &l->env, .dialect = IDXP_RFC, .uri = "http://localhost/idxp_load", .embed = true},
        .analyzer = true,
        .pipeline = (unsigned)depth,
        .linger = true,
        .hooks = {.ctx = l, .next = on_next, .answered = on_answered, .ready = on_ready, .gone = on_gone}};
    if (strcmp(arg[1], "off") != 0) ready_tls(l, arg[1]);
    if (*arg[2]) {
        if (tunnel_chain_read(&l->env, slice_str(arg[2]), &l->via, &why) != OK) die(why);
        l->setup.beep.via = &l->via;
    }
    l->kind = strcmp(arg[3], "text") == 0 ? IDXP_TEXT : IDXP_XML;
    read_file(l, arg[4]);
    if (idxp_peer_prepare(&l->setup) != OK || idxp_peer_new(&l->setup, true, arg[0], &l->peer) != OK)
        die("no memory");
    if (net_add(l->net, idxp_peer_endpoint(l->peer), true) != OK) die("no memory");
    wait_done(l, "the session does not stand in time");
}

static void end(struct load *l)
{
    struct net *net = l->net;
    l->net = NULL;
    net_free(net);
    loop_free(l->loop);
    if (l->setup.beep.via) tunnel_msg_done(&l->via);
    tls_context_free(l->tls);
}

/* Sends that many; returns when all are acknowledged. */
static void burst(struct load *l, size_t count)
{
    l->unsent = l->unanswered = count;
    idxp_peer_poke(l->peer, net_now(l->net));
    net_touch(l->net, idxp_peer_endpoint(l->peer));
    wait_done(l, "messages are not answered");
}

/* --- what is measured
 * --------------------------------------------------------------------------------------------------------------
 */

static void rate(struct load *l, char **arg)
{
    size_t depth = number(arg[5], 1, DEPTH_MAX), count = number(arg[6], 1, COUNT_MAX);
    begin(l, arg, depth);
    burst(l, count / 10 + 1); /* warms up, and widens the windows */
    double began = seconds(), cpu_began = cpu();
    burst(l, count);
    printf("rate %zu %.6f %.6f\n", count, seconds() - began, cpu() - cpu_began);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void latency(struct load *l, char **arg)
{
    size_t count = number(arg[5], 1, COUNT_MAX);
    double *took = NULL;
    begin(l, arg, 1);
    took = mem_new(l->env.mem, count * sizeof *took);
    if (!took) die("no memory");
    burst(l, count / 10 + 1);
    for (size_t i = 0; i < count; i++) {
        double began = seconds();
        burst(l, 1);
        took[i] = (seconds() - began) * 1e6;
    }
    qsort(took, count, sizeof *took, by_size);
    printf("latency %zu %.1f %.1f %.1f\n", count, took[count / 10], took[count / 2], took[count * 99 / 100]);
    mem_free(l->env.mem, took);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int args;
        void (*run)(struct load *l, char **arg);
    } modes[] = {{"rate", 7, rate}, {"latency", 6, latency}};
    static struct load load;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (argc != modes[i].args + 2 || strcmp(argv[1], modes[i].name) != 0) continue;
        modes[i].run(&load, argv + 2);
        end(&load);
        return 0;
    }
    fprintf(
        stderr,
        "usage: idxp_load rate H:P TLS VIA KIND FILE DEPTH COUNT | latency H:P TLS VIA KIND FILE COUNT\n");
    return 2;
}
