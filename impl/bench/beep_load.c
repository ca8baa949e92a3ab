/* SPDX-License-Identifier: MIT */
/* A BEEP peer that works a listener hard, made of beep_peer and net_tcp as any peer is.
 *
 *   beep_load rate H:P TLS CHANNELS OCTETS DEPTH COUNT        sends COUNT messages to echoes, DEPTH unanswered on each channel, and prints
 *                                                             "rate MESSAGES SECONDS CPU", the last being what we took ourselves
 *   beep_load sink H:P TLS WINDOW FRAME COUNT                 sends COUNT messages of a MiB to a sink (below), prints "sink OCTETS SECONDS CPU"
 *   beep_load serve TLS WINDOW FRAME                          listens; offers the echo, and a sink that answers a message by nothing; prints "listening on H:P",
 *                                                             and ends with its standard input
 *   beep_load hold H:P TLS SESSIONS CHANNELS                  opens sessions with that many channels each; prints "up SESSIONS SECONDS"; for each line of standard input
 *                                                             one message goes to and fro on the next session, and "message MICROSECONDS" is printed; at the end
 *                                                             "held SESSIONS", how many still stand
 *
 * TLS is "off", or a folder of draftproof pki. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "io/loop.h"
#include "peer/beep_peer.h"
#include "run/net.h"

#define URI_SINK "http://draftproof.invalid/profiles/sink"

enum {
    SESSIONS_MAX = 20000,
    CHANNELS_MAX = 4000,
    DEPTH_MAX = 1024,
    OCTETS_MAX = 1 << 20,
    PIECE = 256 * 1024, /* of a long message: queued at once */
    PATIENCE_MS = 120000
};

struct session {
    struct load *load;
    struct beep_peer *peer;
    struct beep_bound **channel;
    size_t channels;   /* that stand */
    size_t left;       /* octets of the message that the sink gets now; not sent */
    uint32_t msgno;    /* of it */
    bool gone;
};

struct load {
    struct env env;
    struct loop *loop;
    struct net *net;
    struct tls_context *tls;
    struct beep_profile profile;
    const struct beep_profile *offered[2];
    struct beep_setup setup;
    struct session *session;
    size_t sessions, up, channels; /* up: with all channels that they are to have */
    size_t octets, depth;
    size_t unsent, unanswered;
    bool sink, done;
    uint8_t *text;
};

/* --- the profile of who sends ------------------------------------------------------------------------------------------------------ */

static struct session *session_of(const struct load *l, const struct beep_peer *p)
{
    for (size_t i = 0; i < l->sessions; i++)
        if (l->session[i].peer == p) return &l->session[i];
    die("a session that nobody knows");
}

static void decline(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    (void)b, (void)init, (void)answer, (void)now;
    *no = (struct beep_refusal){550, "starts channels itself"};
}

/* One message to an echo. */
static void send_one(struct load *l, struct beep_bound *b, uint64_t now)
{
    uint32_t msgno = 0;
    if (!l->unsent) return;
    l->unsent--;
    if (beep_peer_msg(b, &msgno, slice_of(l->text, l->octets), true, now) != OK) die("a message could not be queued");
}

/* To a sink: as much as there is room for. */
static void send_long(struct session *s, struct beep_bound *b, uint64_t now)
{
    struct load *l = s->load;
    while (s->left || l->unsent) {
        if (!s->left) {
            l->unsent--;
            s->left = l->octets;
            s->msgno = 0;
        }
        slice piece = slice_of(l->text + (l->octets - s->left), s->left < PIECE ? s->left : PIECE);
        err e = beep_peer_msg(b, &s->msgno, piece, piece.n == s->left, now);
        if (e == ERR_LIMIT) return;
        if (e != OK) die("a message could not be queued");
        s->left -= piece.n;
    }
}

static void on_started(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now)
{
    struct load *l = b->profile->ctx;
    struct session *s = session_of(l, b->peer);
    (void)answer, (void)now;
    if (no->code) die("a channel was declined");
    s->channel[s->channels++] = b;
    b->state = s;
    if (s->channels == l->channels && ++l->up == l->sessions) l->done = true;
}

static void on_octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last, uint64_t now)
{
    (void)b, (void)msgno, (void)ansno, (void)octets, (void)last, (void)now;
    if (keyword != BEEP_RPY) die("something else came than a reply");
}

static void on_answered(struct beep_bound *b, uint32_t msgno, enum beep_keyword keyword, uint64_t now)
{
    struct session *s = b->state;
    struct load *l = s->load;
    (void)msgno, (void)keyword;
    if (!l->sink) send_one(l, b, now);
    if (!--l->unanswered) l->done = true;
}

static void on_room(struct beep_bound *b, uint64_t now)
{
    struct session *s = b->state;
    if (s->load->sink) send_long(s, b, now);
}

static void on_closed(struct beep_bound *b, uint64_t now)
{
    (void)now;
    b->state = NULL;
}

/* --- sessions ---------------------------------------------------------------------------------------------------------------------- */

static void on_greeted(void *ctx, struct beep_peer *p, uint64_t now)
{
    struct load *l = ctx;
    uint32_t channel;
    for (size_t i = 0; i < l->channels; i++)
        if (beep_peer_start(p, &l->profile, SLICE_NONE, &channel, now) != OK) die("a channel could not be started");
    if (!l->channels && ++l->up == l->sessions) l->done = true;
}

static void on_gone(void *ctx, struct beep_peer *p)
{
    struct load *l = ctx;
    for (size_t i = 0; i < l->sessions; i++)
        if (l->session[i].peer == p) l->session[i].gone = true;
}

static void on_say(void *ctx, struct beep_peer *p, const char *text)
{
    (void)ctx, (void)p;
    fprintf(stderr, "beep_load: %s\n", text);
}

static void begin(struct load *l, const char *tls, bool client, size_t window, size_t frame)
{
    char cert[400], key[400], ca[400], why[300] = "";
    env_init(&l->env);
    if (loop_new(&l->env, &l->loop) != OK || net_tcp_new(&l->env, l->loop, &l->net) != OK) die("no loop");
    l->setup = (struct beep_setup){.env = &l->env, .profile = l->offered, .mux = beep_mux_usual, .hooks = {.ctx = l, .gone = on_gone}};
    if (window) l->setup.mux.window = (uint32_t)window;
    if (frame) l->setup.mux.frame_max = (uint32_t)frame;
    if (strcmp(tls, "off") == 0) return;
    snprintf(cert, sizeof cert, "%s/rsa/%s/cert.pem", tls, client ? "analyzer" : "manager");
    snprintf(key, sizeof key, "%s/rsa/%s/key.pem", tls, client ? "analyzer" : "manager");
    snprintf(ca, sizeof ca, "%s/rsa/ca.pem", tls);
    struct tls_options o = {.profile = TLS_MODERN, .side = client ? TLS_CLIENT : TLS_SERVER, .cert_file = cert, .key_file = key, .ca_file = ca};
    if (tls_context_new(&l->env, &o, &l->tls, why, sizeof why) != OK) die(why);
    if (client) l->setup.tls_client = l->tls;
    else l->setup.tls_server = l->tls;
    l->setup.want_tls = client;
}

static void wait_done(struct load *l, const char *what)
{
    net_run(l->net, &l->done, net_now(l->net) + PATIENCE_MS);
    if (!l->done) die(what);
    l->done = false;
}

/* Opens the sessions; returns how long it took. */
static double connect_all(struct load *l, const char *to, size_t sessions, size_t channels, const char *uri)
{
    double began = seconds();
    l->profile = (struct beep_profile){.uri = uri, .ctx = l, .start = decline, .started = on_started, .octets = on_octets, .answered = on_answered,
                                       .room = on_room, .closed = on_closed};
    l->setup.hooks.greeted = on_greeted;
    l->setup.hooks.say = on_say; /* nothing should have to be said */
    l->sessions = sessions;
    l->channels = channels;
    l->session = mem_new(l->env.mem, sessions * sizeof *l->session);
    if (!l->session) die("no memory");
    for (size_t i = 0; i < sessions; i++) {
        struct session *s = &l->session[i];
        s->load = l;
        if (channels && !(s->channel = mem_new(l->env.mem, channels * sizeof(struct beep_bound *)))) die("no memory");
        if (beep_peer_new(&l->setup, true, to, &s->peer) != OK) die("no memory");
        if (net_add(l->net, beep_peer_endpoint(s->peer), true) != OK) die("no memory");
    }
    wait_done(l, "the sessions do not stand in time");
    return seconds() - began;
}

static void end(struct load *l)
{
    net_free(l->net);
    loop_free(l->loop);
    for (size_t i = 0; i < l->sessions; i++)
        mem_free(l->env.mem, l->session[i].channel);
    mem_free(l->env.mem, l->session);
    mem_free(l->env.mem, l->text);
    tls_context_free(l->tls);
}

/* A message of that many octets: no headers, and a body. */
static void make_text(struct load *l, size_t octets)
{
    l->octets = octets;
    l->text = mem_new(l->env.mem, octets);
    if (!l->text) die("no memory");
    memset(l->text, 'x', octets);
    memcpy(l->text, "\r\n", octets < 2 ? octets : 2);
}

/* --- what is measured ----------------------------------------------------------------------------------------------------------------- */

static void burst(struct load *l, size_t count, bool told)
{
    struct session *s = &l->session[0];
    uint64_t now = net_now(l->net);
    l->unsent = l->unanswered = count;
    double began = seconds(), cpu_began = cpu();
    for (size_t k = 0; k < l->depth; k++)
        for (size_t i = 0; i < s->channels; i++)
            send_one(l, s->channel[i], now);
    net_touch(l->net, beep_peer_endpoint(s->peer));
    wait_done(l, "messages are not answered");
    if (told) printf("rate %zu %.6f %.6f\n", count, seconds() - began, cpu() - cpu_began);
}

static void rate(struct load *l, char **arg)
{
    size_t channels = number(arg[2], 0, CHANNELS_MAX), count = number(arg[5], 0, SIZE_MAX);
    begin(l, arg[1], true, 0, 0);
    make_text(l, number(arg[3], 0, OCTETS_MAX));
    l->depth = number(arg[4], 0, DEPTH_MAX);
    if (!channels || !count || !l->depth) die("nothing to be done");
    connect_all(l, arg[0], 1, channels, BEEP_URI_ECHO);
    burst(l, count / 10 + 1, false); /* warms up, and widens the windows */
    burst(l, count, true);
}

static void fill_sink(struct load *l, char **arg)
{
    size_t count = number(arg[4], 0, 1 << 20);
    begin(l, arg[1], true, number(arg[2], 0, INT32_MAX), number(arg[3], 0, 1 << 20));
    make_text(l, OCTETS_MAX);
    l->sink = true;
    connect_all(l, arg[0], 1, 1, URI_SINK);
    for (int turn = 0; turn < 2; turn++) { /* the first warms up */
        size_t n = turn ? count : count / 10 + 1;
        double began = seconds(), cpu_began = cpu();
        l->unsent = l->unanswered = n;
        send_long(&l->session[0], l->session[0].channel[0], net_now(l->net));
        net_touch(l->net, beep_peer_endpoint(l->session[0].peer));
        wait_done(l, "messages are not answered");
        if (turn) printf("sink %zu %.6f %.6f\n", n * l->octets, seconds() - began, cpu() - cpu_began);
    }
}

static void hold(struct load *l, char **arg)
{
    char line[64];
    size_t held = 0;
    begin(l, arg[1], true, 0, 0);
    make_text(l, 64);
    double took = connect_all(l, arg[0], number(arg[2], 0, SESSIONS_MAX), number(arg[3], 0, CHANNELS_MAX), BEEP_URI_ECHO);
    printf("up %zu %.3f\n", l->sessions, took);
    fflush(stdout);
    for (size_t i = 0; fgets(line, sizeof line, stdin); i++) {
        struct session *s = &l->session[i % l->sessions];
        double began = seconds();
        l->unsent = l->unanswered = 1;
        if (!s->channels) die("a session without a channel has nobody to talk to");
        send_one(l, s->channel[i / l->sessions % s->channels], net_now(l->net));
        net_touch(l->net, beep_peer_endpoint(s->peer));
        wait_done(l, "a message is not answered");
        printf("message %.0f\n", (seconds() - began) * 1e6);
        fflush(stdout);
    }
    net_run(l->net, &l->done, net_now(l->net) + 100); /* who was put out shows it now */
    for (size_t i = 0; i < l->sessions; i++)
        held += !l->session[i].gone;
    printf("held %zu\n", held);
}

/* --- the sink ------------------------------------------------------------------------------------------------------------------------- */

static void sink_start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    (void)b, (void)init, (void)answer, (void)no, (void)now;
}

static void sink_octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last, uint64_t now)
{
    (void)ansno, (void)octets;
    if (keyword == BEEP_MSG && last && beep_peer_reply(b, BEEP_RPY, msgno, 0, SLICE_LIT("\r\n"), true, now) != OK) die("no reply could be queued");
}

static struct endpoint *on_accept(void *ctx, int *link, bool *owned)
{
    struct load *l = ctx;
    struct beep_peer *p;
    if (beep_peer_new(&l->setup, false, NULL, &p) != OK) return NULL;
    *link = 0;
    *owned = true;
    return beep_peer_endpoint(p);
}

static void on_input(void *ctx)
{
    char octet;
    (void)ctx;
    while (read(STDIN_FILENO, &octet, 1) > 0) {
    }
}

static void on_input_end(void *ctx)
{
    ((struct load *)ctx)->done = true;
}

static void serve(struct load *l, char **arg)
{
    char bound[64], why[200] = "";
    begin(l, arg[0], false, number(arg[1], 0, INT32_MAX), number(arg[2], 0, 1 << 20));
    l->profile = (struct beep_profile){.uri = URI_SINK, .ctx = l, .start = sink_start, .octets = sink_octets};
    l->offered[0] = &l->profile;
    l->offered[1] = &beep_echo;
    l->setup.profiles = 2;
    if (net_listen(l->net, "127.0.0.1:0", on_accept, l, bound, sizeof bound, why, sizeof why) != OK) die(why);
    printf("listening on %s\n", bound);
    fflush(stdout);
    if (loop_work(l->loop, on_input, on_input_end, l) != OK) die("no thread");
    net_run(l->net, &l->done, UINT64_MAX);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int args;
        void (*run)(struct load *l, char **arg);
    } modes[] = {{"rate", 6, rate}, {"sink", 5, fill_sink}, {"serve", 3, serve}, {"hold", 4, hold}};
    static struct load load;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (argc != modes[i].args + 2 || strcmp(argv[1], modes[i].name) != 0) continue;
        modes[i].run(&load, argv + 2);
        end(&load);
        return 0;
    }
    fprintf(stderr, "usage: beep_load rate H:P TLS CHANNELS OCTETS DEPTH COUNT | sink H:P TLS WINDOW FRAME COUNT | hold H:P TLS SESSIONS CHANNELS | serve TLS WINDOW FRAME\n");
    return 2;
}
