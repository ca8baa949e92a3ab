/* SPDX-License-Identifier: MIT */
/* Whole sessions of a BEEP peer with a hostile one, in memory and in virtual time.  The input is a small program; fuzz/README.md says how it reads.  It is played
 * frame by frame under the eyes of a tracker of our own, which also supplies the numbers that a frame of the program needs to be in order; then what was said is
 * played again in its pieces, and in random ones, most of them of one octet.  Oracles:
 *   - what the peer sends can be read and has nothing wrong with it, whatever it was sent;
 *   - behind a poorly-formed frame, and whatever else ends a session, it says nothing more;
 *   - it counts as the onlooker does: states, channels, numbers, windows;
 *   - how octets are cut changes nothing that is sent, but that one SEQ may stand for several;
 *   - it ends by its deadlines; memory and work stay bounded, and all memory is given back.
 * Built with FUZZ_NEGATIVE, the peer makes the mistake that FUZZ_MUTANT names: the rig has to notice. */
#include "beep_session_watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    INPUT_MAX = 8 << 10,  /* longer sessions repeat themselves */
    FED_MAX = 64 << 10,   /* octets that a program may come to */
    STEPS_MAX = 4096
};

#define HEAD "Content-Type: application/beep+xml\r\n\r\n"

static const char *const uris[] = {BEEP_URI_ECHO, BEEP_URI_MANY, URI_RIG, BEEP_URI_TLS, BEEP_URI_TLS,
                                   BEEP_URI_SASL "ANONYMOUS", BEEP_URI_SASL "PLAIN", BEEP_URI_SASL "EXTERNAL", "x:nobody"};
enum { URIS = sizeof uris / sizeof *uris, URI_READY = 3, URI_SASL = 5 };

struct step { /* what happened, to be played again: octets, or one of the operations */
    uint8_t op;
    uint64_t ms;
    size_t from, n;
};

struct session {
    struct target s;
    struct step step[STEPS_MAX];
    size_t steps;
    struct buf said;   /* by the hostile side, all of it */
    struct buf got;    /* from the target, all of it */
    struct buf part;   /* payload that is being collected */
    struct buf chunk;  /* octets of one step */
    uint8_t frame[4];  /* the frame that the payload is for; 0: none */
    bool raw_wire, acks;
};

/* --- steps, which are recorded and played --- */

static void did(struct session *x, uint8_t op, uint64_t ms)
{
    struct target *s = &x->s;
    switch (op) {
    case 't': pass_time(s, ms); break;
    case 'f': tell_end(s, LINK_FIN); break;
    case 'r': tell_end(s, LINK_RESET); break;
    case 'p':
        s->paused = !s->paused || s->total > SENT_MAX;
        carry(s);
        break;
    case 'k':
        if (beep_peer_close(s->p, 0, s->now) == OK) carry(s);
        break;
    case 'n':
        app_begin(s, &app_echo, 500);
        carry(s);
        break;
    case 'j':
        for (size_t i = 0; i < s->apps; i++)
            if (s->app[i].b && beep_peer_close(s->p, s->app[i].b->channel, s->now) == OK) break;
        carry(s);
        break;
    case 'l': {
        struct beep_bound *b = s->later;
        s->later = NULL;
        if (b) beep_peer_answer(b, SLICE_LIT("later"), NULL, s->now);
        carry(s);
        break;
    }
    default: break;
    }
}

static bool record(struct session *x, struct step step)
{
    if (x->steps == STEPS_MAX || is_over(&x->s)) return false;
    x->step[x->steps++] = step;
    return true;
}

static void operate(struct session *x, uint8_t op, uint64_t ms)
{
    if (!record(x, (struct step){.op = op, .ms = ms})) return;
    x->s.calls = 0;
    did(x, op, ms);
}

static void say(struct session *x, slice clear)
{
    struct target *s = &x->s;
    size_t from = x->said.n;
    bool tls = s->tls_on && s->tls_open && !x->raw_wire;
    x->raw_wire = false;
    if (!clear.n || s->fin_heard || x->said.n + clear.n > FED_MAX) return;
    if (tls) must(wrap(&x->said, 0x17, clear));
    else must(buf_add(&x->said, clear));
    if (record(x, (struct step){.from = from, .n = x->said.n - from})) feed_watched(s, slice_sub(buf_slice(&x->said), from, x->said.n));
}

/* --- frames whose header is right for the session as it stands --- */

static int hostile(const struct session *x)
{
    return !x->s.side;
}

static const struct beep_channel *channel_of(const struct session *x, uint32_t channel)
{
    return track_beep_channel(&x->s.t, channel);
}

static void put_frame(struct session *x, enum beep_keyword keyword, uint32_t channel, uint32_t msgno, uint32_t ansno, bool more, slice payload)
{
    const struct beep_channel *c = channel_of(x, channel);
    struct beep_frame f = {.keyword = keyword, .channel = channel, .msgno = msgno, .ansno = ansno, .more = more, .payload = payload};
    f.seqno = c ? (uint32_t)c->dir[hostile(x)].next : 0;
    must(beep_frame_write(&f, &x->chunk));
}

/* The lowest number that a frame of that kind may have: a MSG begun goes on, a reply is the one that is owed. */
static uint32_t number_for(const struct session *x, enum beep_keyword keyword, uint32_t channel)
{
    const struct beep_channel *c = channel_of(x, channel);
    if (!c) return 1;
    const struct beep_dir *d = &c->dir[hostile(x)];
    if (d->unfinished && (d->keyword == BEEP_MSG) == (keyword == BEEP_MSG)) return d->msgno;
    if (keyword == BEEP_MSG) return beep_free_msgno(c, hostile(x));
    const struct beep_exchange *e = beep_owed(c, hostile(x));
    return e ? e->msgno : 0;
}

static void put_seq(struct session *x, uint32_t channel, uint32_t window)
{
    const struct beep_channel *c = channel_of(x, channel);
    struct beep_frame f = {.keyword = BEEP_SEQ, .channel = channel, .seqno = c ? (uint32_t)c->dir[x->s.side].next : 0, .size = window};
    must(beep_frame_write(&f, &x->chunk));
}

static void put_message(struct session *x, enum beep_keyword keyword, struct buf *text)
{
    put_frame(x, keyword, 0, number_for(x, keyword, 0), 0, false, buf_slice(text));
    buf_done(text);
}

/* A profile element with the payload as its content. */
static void add_profile(struct session *x, struct buf *text, uint8_t which)
{
    slice content = buf_slice(&x->part);
    size_t u = which % URIS;
    if (u == URI_READY && !content.n) content = SLICE_LIT("<ready />");
    must(buf_addf(text, "<profile uri='%s'>", uris[u]));
    if (content.n) {
        must(buf_add_str(text, "<![CDATA["));
        must(buf_add(text, content));
        must(buf_add_str(text, "]]>"));
    }
    must(buf_add_str(text, "</profile>"));
}

static void put_element(struct session *x, uint8_t op, uint8_t a, uint8_t b)
{
    struct buf text;
    enum beep_keyword keyword = op == 'S' || op == 'X' ? BEEP_MSG : op == 'D' ? BEEP_ERR : BEEP_RPY;
    buf_init(&text, &mem_libc, 1 << 20);
    must(buf_add_str(&text, HEAD));
    if (op == 'S') {
        must(buf_addf(&text, "<start number='%u'>", (unsigned)a));
        add_profile(x, &text, b);
        must(buf_add_str(&text, "</start>"));
    } else if (op == 'X') {
        if (a) must(buf_addf(&text, "<close number='%u' code='200' />", (unsigned)a));
        else must(buf_add_str(&text, "<close code='200' />"));
    } else if (op == 'G') {
        must(buf_add_str(&text, "<greeting>"));
        for (unsigned i = 0; i < 8; i++)
            if (a >> i & 1) must(buf_addf(&text, "<profile uri='%s' />", uris[i]));
        must(buf_add_str(&text, "</greeting>"));
    } else if (op == 'P') {
        add_profile(x, &text, a);
    } else {
        must(buf_add_str(&text, op == 'O' ? "<ok />" : "<error code='550'>no</error>"));
    }
    must(buf_add_str(&text, "\r\n"));
    put_message(x, keyword, &text);
}

static void put_data(struct session *x, uint8_t op, uint8_t a, uint8_t b)
{
    static const char keys[] = "MREAN";
    enum beep_keyword keyword = (enum beep_keyword)(strchr(keys, op) - keys);
    uint32_t channel = a & 63;
    struct buf text;
    buf_init(&text, &mem_libc, 1 << 20);
    if (a & 64) must(buf_add_str(&text, HEAD));
    must(buf_add(&text, buf_slice(&x->part)));
    put_frame(x, keyword, channel, number_for(x, keyword, channel), b, a & 128, buf_slice(&text));
    buf_done(&text);
}

/* What was collected is a frame's payload, or octets as they are. */
static void flush(struct session *x)
{
    uint8_t op = x->frame[0];
    if (!op && !x->part.n) return;
    buf_clear(&x->chunk);
    if (!op) must(buf_add(&x->chunk, buf_slice(&x->part)));
    else if (strchr("MREAN", op)) put_data(x, op, x->frame[1], x->frame[2]);
    else put_element(x, op, x->frame[1], x->frame[2]);
    buf_clear(&x->part);
    x->frame[0] = 0;
    say(x, buf_slice(&x->chunk));
}

/* As a reader in order does: all that came is granted anew. */
static void acknowledge(struct session *x)
{
    const struct track_beep *t = &x->s.t;
    buf_clear(&x->chunk);
    for (size_t i = 0; i < t->channels; i++) {
        const struct beep_channel *c = t->channel[i];
        if (c->dir[x->s.side].next + 4096 > c->dir[x->s.side].edge && track_beep_channel(t, c->number)) put_seq(x, c->number, 16384);
    }
    say(x, buf_slice(&x->chunk));
}

/* --- the program --- */

static uint8_t next(slice in, size_t *i)
{
    return *i + 1 < in.n ? in.p[++*i] : 0;
}

static void run_op(struct session *x, slice in, size_t *i)
{
    uint8_t op = next(in, i), arg;
    flush(x);
    switch (op) {
    case 'M':
    case 'R':
    case 'E':
    case 'A':
    case 'N':
    case 'S':
    case 'X':
    case 'G':
    case 'P':
    case 'O':
    case 'D':
        x->frame[0] = op;
        if (op != 'O' && op != 'D') x->frame[1] = next(in, i);
        if (op == 'A' || op == 'S') x->frame[2] = next(in, i);
        break;
    case 'W':
        arg = next(in, i);
        buf_clear(&x->chunk);
        put_seq(x, arg, next(in, i) * 64u);
        say(x, buf_slice(&x->chunk));
        break;
    case 'w': acknowledge(x); break;
    case 'a': x->acks = !x->acks; break;
    case 'h':
        buf_clear(&x->chunk);
        must(wrap(&x->chunk, 0x16, MADE_UP_HELLO));
        x->raw_wire = true;
        say(x, buf_slice(&x->chunk));
        break;
    case 'b': x->raw_wire = true; break;
    case 't':
        arg = next(in, i);
        operate(x, op, arg < 128 ? arg * 10u : (arg - 127u) * 1000u);
        break;
    case 'f':
    case 'r':
    case 'p':
    case 'k':
    case 'n':
    case 'j':
    case 'l': operate(x, op, 0); break;
    default: break; /* a cut */
    }
    if (x->acks && !x->frame[0]) acknowledge(x);
}

static void run_program(struct session *x, slice in)
{
    for (size_t i = 0; i < in.n && !is_over(&x->s); i++) {
        if (in.p[i] != 0xff || (i + 1 < in.n && in.p[i + 1] == 0xff)) {
            must(buf_add_byte(&x->part, in.p[i]));
            i += in.p[i] == 0xff;
        } else if (i + 2 < in.n && in.p[i + 1] == 'z') { /* much of the same */
            size_t n = in.p[i + 2] * 32u;
            i += 2;
            while (n-- && x->part.n < FED_MAX)
                must(buf_add_byte(&x->part, 'z'));
        } else {
            run_op(x, in, &i);
        }
    }
    flush(x);
}

/* The same again, without anybody looking on. */
static void run_again(struct session *x, const struct session *was, struct rng *cuts)
{
    for (size_t i = 0; i < was->steps; i++) {
        const struct step *p = &was->step[i];
        slice all = slice_sub(buf_slice(&was->said), p->from, p->from + p->n);
        if (p->op) did(x, p->op, p->ms);
        while (!p->op && all.n) {
            size_t n = !cuts ? all.n : rng_below(cuts, 2) ? 1 : 1 + rng_below(cuts, 40);
            if (n > all.n) n = all.n;
            uint8_t *copy = malloc(n);
            if (!copy) abort();
            memcpy(copy, all.p, n);
            feed(&x->s, slice_of(copy, n));
            free(copy);
            all = slice_sub(all, n, all.n);
        }
    }
}

/* --- life --- */

static void took(void *ctx, struct target *s, slice octets)
{
    struct session *x = ctx;
    (void)s;
    must(buf_add(&x->got, octets));
}

static void begin(struct session *x, const uint8_t *head, bool watching)
{
    memset(x, 0, sizeof *x);
    buf_init(&x->said, &mem_libc, 4 << 20);
    buf_init(&x->got, &mem_libc, 16 << 20);
    buf_init(&x->part, &mem_libc, 1 << 20);
    buf_init(&x->chunk, &mem_libc, 4 << 20);
    x->s.cfg = (struct config){.initiator = head[0] & 1,
                               .tls = head[0] & 2,
                               .sasl = head[0] & 4,
                               .needs = head[0] & 8,
                               .bare = head[0] & 16,
                               .idles = head[0] & 32,
                               .narrow = head[0] & 64,
                               .unavailable = head[1] & 1,
                               .talks = head[0] & 1};
    x->s.watching = watching;
    x->s.took = took;
    x->s.ctx = x;
    x->acks = head[1] & 2;
    target_begin(&x->s, x->s.cfg.initiator ? "initiator" : "listener");
}

static void done(struct session *x)
{
    target_done(&x->s);
    buf_done(&x->said);
    buf_done(&x->got);
    buf_done(&x->part);
    buf_done(&x->chunk);
}

static void show(const char *name, const struct session *x)
{
    fprintf(stderr, "--- %s: %zu octets\n%.*s\n", name, x->got.n, (int)x->got.n, (const char *)buf_slice(&x->got).p);
}

/* What the target said, without SEQ: one may stand for all frames that came together (RFC 3081 3.1.4), and without TLS, whose records depend on that. */
static void without_seq(const struct session *x, struct buf *out)
{
    struct buf clear;
    struct unwrap u = {.n = 0};
    struct beep_frame f;
    slice in = buf_slice(&x->got);
    size_t used;
    buf_init(&clear, &mem_libc, 16 << 20);
    while (in.n && beep_frame_read(in, PEER_FRAME_MAX, &f, &used) == OK) {
        if (f.keyword != BEEP_SEQ) must(buf_add(out, slice_sub(in, 0, used)));
        in = slice_sub(in, used, in.n);
    }
    for (size_t i = 0; i < in.n; i++) {
        uint8_t octet = in.p[i];
        bool whole;
        int type = unwrap(&u, octet, &octet, &whole);
        if (type < 0) break;
        if (type == 0x17) must(buf_add_byte(&clear, octet));
        else if (type && whole) must(buf_add_byte(out, (uint8_t)type));
    }
    slice inside = buf_slice(&clear);
    while (inside.n && beep_frame_read(inside, PEER_FRAME_MAX, &f, &used) == OK) {
        if (f.keyword != BEEP_SEQ) must(buf_add(out, slice_sub(inside, 0, used)));
        inside = slice_sub(inside, used, inside.n);
    }
    buf_done(&clear);
}

static void compare(const struct session *a, const struct session *b)
{
    struct buf one, other;
    /* whose turn it is depends on how much waits */
    bool even = a->s.most_waiting < LOW_WATER && b->s.most_waiting < LOW_WATER && a->s.total <= SENT_MAX && b->s.total <= SENT_MAX;
    if (!even) return;
    buf_init(&one, &mem_libc, 16 << 20);
    buf_init(&other, &mem_libc, 16 << 20);
    without_seq(a, &one);
    without_seq(b, &other);
    if (!slice_eq(buf_slice(&one), buf_slice(&other))) {
        show("frame by frame", a);
        show("otherwise cut", b);
        fail("how the octets were cut changed what was sent");
    }
    buf_done(&one);
    buf_done(&other);
}

static void again(const struct session *a, struct session *b, const uint8_t *head, struct rng *cuts)
{
    begin(b, head, false);
    run_again(b, a, cuts);
    target_finish(&b->s, head[0] & 128);
    compare(a, b);
    done(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rng cuts;
    if (size < 2 || size > INPUT_MAX) return 0;
    struct session *a = malloc(sizeof *a), *b = malloc(sizeof *b);
    if (!a || !b) fail("the rig itself: no memory");
    begin(a, data, true);
    run_program(a, slice_of(data + 2, size - 2));
    target_finish(&a->s, data[0] & 128);
    again(a, b, data, NULL);
    rng_init(&cuts, size);
    again(a, b, data, &cuts);
    done(a);
    free(a);
    free(b);
    return 0;
}
