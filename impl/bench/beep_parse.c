/* SPDX-License-Identifier: MIT */
/* What reading BEEP costs.  Rounds alternate in one run, and medians are compared, so that a busy machine slows all alike.  Prints a JSON object a line:
 *
 *   {"bench":"beep_frame","octets":N,"ns":..,"walk_ns":..,"track_ns":..}       a frame with N octets of payload: read; found by memchr and a jump; read and
 *                                                                              held against the session by track_beep
 *   {"bench":"beep_mgmt","message":"..","octets":N,"ns":..,"xml_ns":..}        a message of channel 0, and its element in libxml2's push parser with empty
 *                                                                              handlers
 *
 * beep_parse [ROUNDS]          exit status 2 when something was not read as it was written */
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"
#include "codec/beep_mgmt.h"
#include "track/track_beep.h"

enum {
    ROUNDS_MAX = 1001,
    FRAMES = 256,       /* of each direction: with 4,096 octets each a MiB, so that the cache has a part in it as it has in a peer */
    STREAM = FRAMES * (4096 + 64),
    MESSAGES = 64,
    FRAME_MAX = 1 << 20
};

static const size_t sizes[] = {0, 64, 960, 4096};

struct streams { /* what both sides say, MSG n here and RPY n there */
    struct buf octets[2];
    size_t size;
};

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *all, size_t n)
{
    qsort(all, n, sizeof *all, by_size);
    return all[n / 2];
}

/* --- frames ------------------------------------------------------------------------------------------------------------------ */

static void make_streams(const struct env *env, size_t size, struct streams *s)
{
    static uint8_t payload[4096];
    memset(payload, 'x', sizeof payload);
    s->size = size;
    for (int side = 0; side < 2; side++) {
        buf_init(&s->octets[side], env->mem, STREAM);
        for (uint32_t i = 0; i < FRAMES; i++) {
            struct beep_frame f = {.keyword = side ? BEEP_RPY : BEEP_MSG,
                                   .channel = 1,
                                   .msgno = i + 1,
                                   .seqno = (uint32_t)(i * size),
                                   .payload = slice_of(payload, size)};
            if (beep_frame_write(&f, &s->octets[side]) != OK) die("no memory");
        }
    }
}

/* The compiler must not leave the reading out. */
static size_t read_all(const struct env *env, slice in)
{
    struct beep_reader r;
    struct beep_frame f;
    uint64_t at;
    size_t frames = 0, octets = 0;
    enum beep_read what;
    beep_reader_init(&r, env, FRAME_MAX);
    while ((what = beep_reader_next(&r, &in, &f, &at)) != BEEP_READ_MORE) {
        if (what == BEEP_READ_BAD) die("a frame was not read");
        if (what != BEEP_READ_FRAME) continue;
        frames++;
        octets += f.payload.n + f.msgno;
    }
    beep_reader_done(&r);
    if (frames != FRAMES) die("frames were lost");
    return octets;
}

static size_t walk(slice in, size_t size)
{
    size_t octets = 0;
    while (in.n) {
        const uint8_t *end = memchr(in.p, '\n', in.n);
        if (!end) die("no end of a header");
        octets += size + in.p[0];
        in = slice_sub(in, (size_t)(end + 1 - in.p) + size + 5, in.n);
    }
    return octets;
}

static void feed(struct track_beep *t, int side, slice in)
{
    struct beep_got got;
    while (track_beep_next(t, side, false, &in, &got)) {
        if (got.kind == BEEP_GOT_BAD || t->fault_n) die(t->fault_n ? t->fault[0].text : "a session was not followed");
    }
}

static void say(struct track_beep *t, int side, const char *frame)
{
    feed(t, side, slice_str(frame));
}

/* Greetings, a channel, and windows without end. */
static void open_session(struct track_beep *t, const struct env *env)
{
    if (track_beep_init(t, env, FRAME_MAX) != OK) die("no memory");
    for (int side = 0; side < 2; side++)
        say(t, side, "RPY 0 0 . 0 51\r\nContent-Type: application/beep+xml\r\n\r\n<greeting/>\r\nEND\r\n");
    say(t, 0, "MSG 0 1 . 51 86\r\nContent-Type: application/beep+xml\r\n\r\n<start number='1'><profile uri='a:b'/></start>\r\nEND\r\n");
    say(t, 1, "RPY 0 1 . 51 60\r\nContent-Type: application/beep+xml\r\n\r\n<profile uri='a:b'/>\r\nEND\r\n");
    say(t, 0, "SEQ 1 0 2147483647\r\n");
    say(t, 1, "SEQ 1 0 2147483647\r\n");
}

/* MSG and reply in turn, as one peer sees them. */
static double track(const struct env *env, const struct streams *s)
{
    struct track_beep t;
    slice in[2] = {buf_slice(&s->octets[0]), buf_slice(&s->octets[1])};
    open_session(&t, env);
    double began = (double)now_ns();
    while (in[0].n || in[1].n) {
        for (int side = 0; side < 2; side++) {
            struct beep_got got;
            if (!track_beep_next(&t, side, false, &in[side], &got) || got.kind != BEEP_GOT_FRAME || t.fault_n) die("a session was not followed");
        }
    }
    double took = (double)now_ns() - began;
    track_beep_done(&t);
    return took;
}

static size_t frame_rounds(const struct env *env, size_t size, size_t rounds)
{
    static double ours[ROUNDS_MAX], empty[ROUNDS_MAX], tracked[ROUNDS_MAX];
    struct streams s;
    size_t seen = 0;
    make_streams(env, size, &s);
    for (size_t r = 0; r < rounds + 1; r++) { /* round 0 warms up */
        double t0 = (double)now_ns();
        seen += read_all(env, buf_slice(&s.octets[0])) + read_all(env, buf_slice(&s.octets[1]));
        double t1 = (double)now_ns();
        seen += walk(buf_slice(&s.octets[0]), size) + walk(buf_slice(&s.octets[1]), size);
        double t2 = (double)now_ns();
        double on_top = track(env, &s);
        if (!r) continue;
        ours[r - 1] = (t1 - t0) / (2 * FRAMES);
        empty[r - 1] = (t2 - t1) / (2 * FRAMES);
        tracked[r - 1] = on_top / (2 * FRAMES);
    }
    printf("{\"bench\":\"beep_frame\",\"octets\":%zu,\"ns\":%.1f,\"walk_ns\":%.1f,\"track_ns\":%.1f}\n", size, median(ours, rounds),
           median(empty, rounds), median(tracked, rounds));
    for (int side = 0; side < 2; side++)
        buf_done(&s.octets[side]);
    return seen;
}

/* --- channel 0 --------------------------------------------------------------------------------------------------------------- */

struct message {
    const char *name, *element;
};

static const struct message messages[] = {
    {"ok", "<ok/>"},
    {"start", "<start number='1'><profile uri='http://draftproof.invalid/profiles/echo'/></start>"},
    {"greeting",
     "<greeting><profile uri='http://iana.org/beep/TLS'/><profile uri='http://iana.org/beep/SASL/OTP'/>"
     "<profile uri='http://draftproof.invalid/profiles/echo'/></greeting>"},
};

static void on_start(void *ctx, const xmlChar *name, const xmlChar **attr)
{
    size_t *seen = ctx;
    (void)attr;
    *seen += name[0];
}

static void on_end(void *ctx, const xmlChar *name)
{
    on_start(ctx, name, NULL);
}

static void on_text(void *ctx, const xmlChar *text, int n)
{
    size_t *seen = ctx;
    (void)text;
    *seen += (size_t)n;
}

static void read_xml(const char *element, size_t *seen)
{
    xmlSAXHandler sax;
    memset(&sax, 0, sizeof sax);
    sax.startElement = on_start;
    sax.endElement = on_end;
    sax.characters = on_text;
    xmlParserCtxtPtr p = xmlCreatePushParserCtxt(&sax, seen, NULL, 0, NULL);
    if (!p) die("no memory");
    int bad = xmlParseChunk(p, element, (int)strlen(element), 0);
    if (bad || xmlParseChunk(p, "", 0, 1) != 0) die("libxml2 did not read it");
    xmlFreeParserCtxt(p);
}

static void read_mgmt(const struct env *env, slice text, size_t *seen)
{
    struct beep_el el;
    if (beep_mgmt_read(env, text, &el) != OK) die("an element was not read");
    *seen += el.profiles + el.number;
    beep_el_done(&el);
}

static size_t message_rounds(const struct env *env, const struct message *m, size_t rounds)
{
    static double ours[ROUNDS_MAX], theirs[ROUNDS_MAX];
    char text[512];
    size_t seen = 0;
    int n = snprintf(text, sizeof text, "Content-Type: application/beep+xml\r\n\r\n%s\r\n", m->element);
    slice whole = slice_of(text, (size_t)n);
    for (size_t r = 0; r < rounds + 1; r++) {
        double t0 = (double)now_ns();
        for (int k = 0; k < MESSAGES; k++)
            read_mgmt(env, whole, &seen);
        double t1 = (double)now_ns();
        for (int k = 0; k < MESSAGES; k++)
            read_xml(m->element, &seen);
        double t2 = (double)now_ns();
        if (r) ours[r - 1] = (t1 - t0) / MESSAGES, theirs[r - 1] = (t2 - t1) / MESSAGES;
    }
    printf("{\"bench\":\"beep_mgmt\",\"message\":\"%s\",\"octets\":%zu,\"ns\":%.1f,\"xml_ns\":%.1f}\n", m->name, whole.n, median(ours, rounds),
           median(theirs, rounds));
    return seen;
}

int main(int argc, char **argv)
{
    long want = argc > 1 ? strtol(argv[1], NULL, 10) : 101;
    size_t rounds = want < 1 ? 1 : want > ROUNDS_MAX ? ROUNDS_MAX : (size_t)want, seen = 0;
    struct env env;
    env_init(&env);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        seen += frame_rounds(&env, sizes[i], rounds);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        seen += message_rounds(&env, &messages[i], rounds);
    xmlCleanupParser();
    return seen ? 0 : 2;
}
