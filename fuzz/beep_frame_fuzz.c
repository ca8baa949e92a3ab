/* SPDX-License-Identifier: MIT */
/* A stream of BEEP frames in one direction.  What is held against the reader, beyond not crashing:
 *   - payload and notes lie inside the frame, and a frame inside the octets;
 *   - it is bad with the octet that is noted, and not before;
 *   - however the stream is cut, the reader tells the same, heads first;
 *   - what is read and written again reads the same, and where no zeros were noted it is the same octets.
 * Chance is drawn from the input itself, so that each input always runs the same. */
#include <stdio.h>
#include <stdlib.h>

#include "codec/beep_frame.h"
#include "want.h"

static uint64_t mix(uint64_t sum, slice s)
{
    sum = (sum ^ s.n) * 0x100000001b3u;
    for (size_t i = 0; i < s.n; i++)
        sum = (sum ^ s.p[i]) * 0x100000001b3u;
    return sum;
}

static uint64_t mix_frame(uint64_t sum, const struct beep_frame *f, uint64_t what, uint64_t at)
{
    const uint64_t numbers[] = {what,     at,      f->keyword, f->channel, f->msgno, f->more,
                                f->seqno, f->size, f->ansno,   f->head,    f->note_n};
    sum = mix(mix(sum, slice_of(numbers, sizeof numbers)), f->payload);
    for (uint32_t i = 0; i < f->note_n; i++) {
        const uint64_t note[] = {(uint64_t)f->note[i].code, f->note[i].at};
        sum = mix(sum, slice_of(note, sizeof note));
    }
    return sum;
}

static void check_writing(const struct beep_frame *f)
{
    struct beep_frame again;
    struct buf out;
    size_t used;
    buf_init(&out, &mem_libc, 1u << 20);
    WANT(beep_frame_write(f, &out) == OK);
    WANT(beep_frame_read(buf_slice(&out), SIZE_MAX, &again, &used) == OK && used == out.n);
    WANT(again.keyword == f->keyword && again.channel == f->channel && again.msgno == f->msgno &&
         again.more == f->more && again.seqno == f->seqno && again.size == f->size &&
         again.ansno == f->ansno && slice_eq(again.payload, f->payload));
    bool zeros = false;
    for (uint32_t i = 0; i < f->note_n; i++)
        zeros = zeros || f->note[i].code == BEEP_F_ZEROS;
    WANT(zeros || slice_eq(buf_slice(&out), f->raw));
    WANT(f->keyword == BEEP_SEQ || zeros || again.note_n == f->note_n);
    buf_done(&out);
}

/* The whole stream by beep_frame_read alone: what the reader has to tell. */
static uint64_t read_all(slice in, size_t max)
{
    uint64_t sum = 1;
    for (size_t at = 0, used; at <= in.n; at += used) {
        struct beep_frame f, g;
        slice left = slice_sub(in, at, in.n);
        if (left.n == 0) return sum;
        err e = beep_frame_read(left, max, &f, &used);
        WANT(f.note_n <= BEEP_FRAME_NOTES);
        for (uint32_t i = 0; i < f.note_n; i++)
            WANT(f.note[i].code > BEEP_F_NONE && f.note[i].code < BEEP_F_HALF && f.note[i].at <= left.n);
        if (e == ERR_PEER) {
            /* with its octet; a word in small letters is one when it is whole, and is told where the first of them stands */
            size_t shows = f.note[0].at + (size_t)(f.note[0].code != BEEP_F_HEAD_LONG);
            if (f.note[0].code == BEEP_F_KEYWORD_CASE) shows = 3;
            if (f.note[0].code == BEEP_F_TRAILER_CASE) shows = (size_t)f.head + f.size + 5;
            WANT(shows <= left.n && beep_frame_read(slice_sub(left, 0, shows), max, &g, &used) == ERR_PEER);
            WANT(shows == 0 || beep_frame_read(slice_sub(left, 0, shows - 1), max, &g, &used) == ERR_MORE);
        }
        if (f.head && e != ERR_LIMIT) { /* its head alone, as the reader tells it */
            struct beep_frame head;
            err he = beep_frame_read(slice_sub(left, 0, f.head), max, &head, &used);
            WANT(f.keyword == BEEP_SEQ ? he == OK : he == ERR_MORE);
            sum = mix_frame(sum, &head, BEEP_READ_HEAD, at);
            if (e == OK) WANT(beep_frame_read(left, max, &f, &used) == OK);
        }
        if (e == ERR_MORE) return sum;
        sum = mix_frame(sum, &f, e == OK ? BEEP_READ_FRAME : BEEP_READ_BAD, at);
        if (e != OK) return sum;
        WANT(used == f.raw.n && f.raw.p == left.p);
        check_writing(&f);
    }
    return sum;
}

/* The same by the reader, cut into pieces of at most most octets. */
static uint64_t read_cut(const struct env *env, slice in, size_t max, struct rng *rng, size_t most)
{
    struct beep_reader r;
    struct beep_frame f;
    uint64_t at, sum = 1;
    size_t fed = 0;
    slice piece = SLICE_NONE;
    beep_reader_init(&r, env, max);
    for (;;) {
        enum beep_read what = beep_reader_next(&r, &piece, &f, &at);
        WANT(r.held.n <= max + BEEP_HEAD_MAX + 5 && r.held.cap <= 4 * in.n + 4096);
        if (what == BEEP_READ_MORE) {
            WANT(piece.n == 0);
            if (fed == in.n) break;
            piece = slice_sub(in, fed, fed + 1 + rng_below(rng, most));
            fed += piece.n;
            continue;
        }
        sum = mix_frame(sum, &f, what, at);
        if (what == BEEP_READ_BAD) break;
    }
    beep_reader_done(&r);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct env env;
    struct rng rng;
    slice in = slice_of(data, size);
    if (size > 16384) return 0;
    size_t max = size & 1 ? 64 : 1u << 31; /* a limit that an input can reach; one that none does */
    env_init(&env);
    rng_init(&rng, mix(1, in));
    uint64_t want = read_all(in, max);
    if (size < 2048) WANT(read_cut(&env, in, max, &rng, 1) == want);
    WANT(read_cut(&env, in, max, &rng, 7) == want);
    WANT(read_cut(&env, in, max, &rng, 80) == want);
    WANT(read_cut(&env, in, max, &rng, size + 1) == want);
    return 0;
}
