/* SPDX-License-Identifier: MIT */
/* beep_frame: the frames of RFC 3080 2.2.1 and the SEQ frame of RFC 3081 3.1.3, both ways.  It judges what one frame shows by itself; what it means behind
 * the frames before it is for track_beep. */
#ifndef CODEC_BEEP_FRAME_H
#define CODEC_BEEP_FRAME_H

#include "base/env.h"
#include "codec/parts.h"
#include "model/beep.h"

enum beep_keyword { BEEP_MSG, BEEP_RPY, BEEP_ERR, BEEP_ANS, BEEP_NUL, BEEP_SEQ, BEEP_KEYWORDS };
extern const char *const beep_keyword_names[BEEP_KEYWORDS]; /* "MSG" ... */

enum {
    BEEP_HEAD_MAX = 160,  /* octets of a header with its CRLF: the longest without leading zeros has 58; room for zeros (BEEP-D10) */
    BEEP_FRAME_NOTES = 4
};

struct beep_note {
    enum beep_fault_code code;
    uint32_t at; /* octets from the first octet of the frame */
};

struct beep_frame {
    enum beep_keyword keyword;
    uint32_t channel;
    uint32_t msgno;    /* not SEQ */
    bool more;         /* '*' */
    uint32_t seqno;    /* SEQ: ackno */
    uint32_t size;     /* SEQ: window */
    uint32_t ansno;    /* ANS */
    slice payload;     /* empty until the frame is whole */
    slice raw;         /* octets of the whole frame, or of as much of it as was read */
    uint32_t head;     /* octets of the header with its CRLF */
    uint32_t note_n;   /* what departs from the printed form; with ERR_PEER note[0] says why */
    struct beep_note note[BEEP_FRAME_NOTES];
};

/* Reads one frame from the front of in.
 *   OK        f is filled, *used octets belong to it
 *   ERR_MORE  it is not whole yet: f->head is 0 while the header is not whole, otherwise all of f but payload is filled
 *   ERR_PEER  no frame; f->note[0] says why and where.  Told as soon as the octets show it: a wrong keyword at its first wrong octet.
 *   ERR_LIMIT the header announces more than max_payload; f is filled but for the payload
 * The result depends on the octets alone, never on how they were cut. */
err beep_frame_read(slice in, size_t max_payload, struct beep_frame *f, size_t *used) MUST_CHECK;

/* A stream of frames in one direction. */
struct beep_reader {
    const struct env *env;
    size_t max_payload;
    struct buf held;      /* a frame begun and not whole; empty while frames come whole */
    struct beep_frame now;/* header of it once known */
    bool headed;          /* the header was told */
    size_t release;       /* octets of held that the last frame used */
    uint64_t offset;      /* of the first octet not yet told, in the stream */
    err failed;           /* sticky ERR_PEER or ERR_LIMIT */
};
enum beep_read { BEEP_READ_MORE, BEEP_READ_HEAD, BEEP_READ_FRAME, BEEP_READ_BAD };

void beep_reader_init(struct beep_reader *r, const struct env *env, size_t max_payload);
void beep_reader_done(struct beep_reader *r);
/* Takes octets from in (*in is advanced) until there is something to tell:
 *   HEAD   a header was read and is good by itself: told once for each frame, SEQ too, before anything of its payload is needed
 *   FRAME  the frame is whole; payload and raw are valid until the next call and while the octets of in live
 *   BAD    the stream cannot be read on (sticky): f->note[0] says why; BEEP_F_FRAME_LONG for a limit, BEEP_F_LIMIT when memory was short
 *   MORE   all of in was taken
 * *at is the stream offset of the frame's first octet.  HEAD always comes before FRAME, however the octets were cut. */
enum beep_read beep_reader_next(struct beep_reader *r, slice *in, struct beep_frame *f, uint64_t *at);
/* True when a frame is begun and not whole. */
bool beep_reader_inside(const struct beep_reader *r);
/* Takes back the octets that were held and belong to no frame: behind a proceed comes TLS.  Moves them to out and starts afresh (offset goes on). */
err beep_reader_rest(struct beep_reader *r, struct buf *out) MUST_CHECK;

/* Names of pieces: head.{keyword,sp,channel,sp2,msgno,sp3,more,sp4,seqno,sp5,size,[sp6,ansno,]eol} payload.value trailer.{word,eol}; of SEQ:
 * head.{keyword,sp,channel,sp2,ackno,sp3,window,eol}.  size is what f->payload has (f->size is not looked at, but for SEQ).  The payload's own pieces, if
 * it was composed of some, come in through payload (may be NULL: then f->payload is one piece). */
err beep_frame_compose(const struct beep_frame *f, const struct parts *payload, struct parts *out) MUST_CHECK;
/* Appends the frame, whole or not at all.  size is taken from f->payload.n. */
err beep_frame_write(const struct beep_frame *f, struct buf *out) MUST_CHECK;

#endif
