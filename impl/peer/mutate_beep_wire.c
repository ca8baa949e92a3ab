/* SPDX-License-Identifier: MIT */
/* Mistakes in frames: what is written in the place of the frame that was meant.  The tracker of the peer is told what was meant, so that nothing else goes wrong. */
#include "peer/mutate_beep.h"

enum { FRAME_SPARE = 4096 }; /* octets that mistakes may add to a frame */

enum where { ANYWHERE, GREETING, REST /* all but greetings */, DATA /* not channel 0 */ };
#define RPY (1u << BEEP_RPY)
#define ERR_ (1u << BEEP_ERR)
#define MSG (1u << BEEP_MSG)
#define ANS (1u << BEEP_ANS)
#define NUL (1u << BEEP_NUL)
#define SEQ (1u << BEEP_SEQ)
#define ALL (RPY | ERR_ | MSG | ANS | NUL)

/* One row a change. */
static const struct change {
    enum beep_mutant mutant;
    unsigned keywords;
    enum where where;
    const char *holds; /* the payload holds this; NULL: no matter */
    enum parts_op op;
    const char *field, *value;
} changes[] = {
    {BMUT_LOWER_KEYWORD, RPY, REST, NULL, PARTS_SET, "head.keyword", "rpy"},
    {BMUT_LOWER_KEYWORD, ERR_, REST, NULL, PARTS_SET, "head.keyword", "err"},
    {BMUT_TWO_BLANKS, ALL, REST, NULL, PARTS_SET, "head.sp", "  "},
    {BMUT_TAB, ALL, REST, NULL, PARTS_SET, "head.sp2", "\t"},
    {BMUT_NO_MORE_FIELD, ALL, REST, NULL, PARTS_DROP, "head.sp3", ""},
    {BMUT_NO_MORE_FIELD, ALL, REST, NULL, PARTS_DROP, "head.more", ""},
    {BMUT_SEVENTH_FIELD, RPY, REST, NULL, PARTS_INSERT, "head.eol", " 0"},
    {BMUT_PLUS_SIGN, ALL, REST, NULL, PARTS_INSERT, "head.channel", "+"},
    {BMUT_HEAD_LF, ALL, REST, NULL, PARTS_SET, "head.eol", "\n"},
    {BMUT_TRAILER_LF, ALL, REST, NULL, PARTS_SET, "trailer.eol", "\n"},
    {BMUT_TRAILER_SMALL, ALL, REST, NULL, PARTS_SET, "trailer.word", "end"},
    {BMUT_NO_TRAILER, ALL, REST, NULL, PARTS_DROP, "trailer", ""},
    {BMUT_SIZE_OVER, RPY | ERR_ | MSG, REST, NULL, PARTS_ADD, "head.size", "1"},
    {BMUT_SIZE_HEX, ALL, REST, NULL, PARTS_INSERT, "head.size", "0x"},
    {BMUT_SEQNO_BIG, ALL, REST, NULL, PARTS_INSERT, "head.seqno", "429496729"},
    {BMUT_NUL_PAYLOAD, NUL, ANYWHERE, NULL, PARTS_SET, "payload.value", "x"},
    {BMUT_NUL_PAYLOAD, NUL, ANYWHERE, NULL, PARTS_SET, "head.size", "1"},
    {BMUT_NUL_STAR, NUL, ANYWHERE, NULL, PARTS_SET, "head.more", "*"},
    {BMUT_ANS_NO_NUMBER, ANS, ANYWHERE, NULL, PARTS_DROP, "head.sp6", ""},
    {BMUT_ANS_NO_NUMBER, ANS, ANYWHERE, NULL, PARTS_DROP, "head.ansno", ""},
    {BMUT_SEQ_TRAILER, SEQ, ANYWHERE, NULL, PARTS_SET, "head.eol", "\r\nEND\r\n"},
    {BMUT_SEQ_NO_WINDOW, SEQ, ANYWHERE, NULL, PARTS_DROP, "head.sp3", ""},
    {BMUT_SEQ_NO_WINDOW, SEQ, ANYWHERE, NULL, PARTS_DROP, "head.window", ""},
    {BMUT_ANS_SAME_NUMBER, ANS, ANYWHERE, NULL, PARTS_SET, "head.ansno", "0"},
    {BMUT_ANS_THEN_RPY, NUL, ANYWHERE, NULL, PARTS_SET, "head.keyword", "RPY"},
    {BMUT_REPLY_TO_NOTHING, RPY | ERR_, REST, NULL, PARTS_ADD, "head.msgno", "1"},
    {BMUT_ALWAYS_MORE, RPY, DATA, NULL, PARTS_SET, "head.more", "*"},
    {BMUT_NEVER_MORE, RPY | ERR_ | ANS, REST, NULL, PARTS_SET, "head.more", "."},
    {BMUT_SEQ_AHEAD, SEQ, ANYWHERE, NULL, PARTS_ADD, "head.ackno", "1"},
    {BMUT_SEQ_ELSEWHERE, SEQ, ANYWHERE, NULL, PARTS_ADD, "head.channel", "20"},
    {BMUT_GREETING_ONE, RPY, GREETING, NULL, PARTS_SET, "head.msgno", "1"},
    {BMUT_GREETING_MSG, RPY, GREETING, NULL, PARTS_SET, "head.keyword", "MSG"},
    {BMUT_ERROR_IN_RPY, ERR_, REST, "<error", PARTS_SET, "head.keyword", "RPY"},
    {BMUT_OK_IN_ERR, RPY, REST, "<ok", PARTS_SET, "head.keyword", "ERR"},
    {BMUT_BLOB_IN_ERR, RPY, DATA, "<blob", PARTS_SET, "head.keyword", "ERR"},
};

void beep_slip_init(struct beep_slip *s, unsigned mutant, const struct mem *mem)
{
    *s = (struct beep_slip){.mutant = mutant, .mem = mem};
}

/* The last place is shared by all that come too late: what they say is then wrong in another way, and wrong it is to be. */
static struct beep_slip_channel *channel_of(struct beep_slip *s, uint32_t channel)
{
    size_t i = 0;
    while (i + 1 < BEEP_SLIP_CHANNELS && s->at[i].used && s->at[i].channel != channel)
        i++;
    if (!s->at[i].used || s->at[i].channel != channel) s->at[i] = (struct beep_slip_channel){.channel = channel, .used = true};
    return &s->at[i];
}

void beep_slip_anew(struct beep_slip *s)
{
    struct beep_slip_channel zero = *channel_of(s, 0);
    beep_slip_init(s, s->mutant, s->mem);
    if (s->mutant == BMUT_TLS_SEQNO_GOES_ON) channel_of(s, 0)->shift = zero.shift + zero.next;
}

static bool is_greeting(const struct beep_frame *f)
{
    return f->channel == 0 && f->msgno == 0 && f->seqno == 0 && f->keyword == BEEP_RPY;
}

static bool applies(const struct change *c, unsigned mutant, const struct beep_frame *f)
{
    if (c->mutant != mutant || !(c->keywords >> f->keyword & 1)) return false;
    if (c->where == GREETING && !is_greeting(f)) return false;
    if (c->where == REST && is_greeting(f)) return false;
    if (c->where == DATA && f->channel == 0) return false;
    return !c->holds || slice_find(f->payload, slice_str(c->holds)) < f->payload.n;
}

/* Is that frame left out? */
static bool unsaid(const struct beep_slip *s, const struct beep_frame *f)
{
    if (s->mutant == BMUT_NO_SEQ) return f->keyword == BEEP_SEQ;
    if (s->mutant == BMUT_ANS_NO_NUL) return f->keyword == BEEP_NUL;
    return s->mutant == BMUT_NO_GREETING && is_greeting(f);
}

/* And again? */
static bool doubled(const struct beep_slip *s, const struct beep_frame *f)
{
    if (f->more) return false;
    if (s->mutant == BMUT_GREETS_TWICE) return is_greeting(f);
    if (s->mutant == BMUT_REPLY_TWICE) return f->channel && f->keyword == BEEP_RPY;
    return s->mutant == BMUT_MSG_TWICE && f->channel && f->keyword == BEEP_MSG;
}

/* What the frame says where it counts. */
static void count(const struct beep_slip *s, const struct beep_slip_channel *c, struct beep_frame *f)
{
    uint32_t meant = f->seqno;
    if (f->keyword == BEEP_SEQ) {
        if (s->mutant == BMUT_SEQ_SHRINKS && c->seqs) f->size = 1;
        if (s->mutant == BMUT_SEQ_STUCK && f->seqno <= BEEP_NUMBER_MAX - f->size) {
            f->size += f->seqno;
            f->seqno = 0;
        }
        return;
    }
    f->seqno += c->shift;
    switch (s->mutant) {
    case BMUT_SEQNO_ONE_ON: f->seqno += f->seqno != 0; break;
    case BMUT_SEQNO_FROM_ONE: f->seqno += f->channel != 0; break;
    case BMUT_SEQNO_STUCK: f->seqno = 0; break;
    case BMUT_SEQNO_PER_MESSAGE: f->seqno = c->inside ? meant - c->first : 0; break;
    case BMUT_SEQNO_SHARED: f->seqno = s->total; break;
    case BMUT_SEQNO_FRAMES: f->seqno = c->frames; break;
    case BMUT_KEYWORD_CHANGES:
        if (c->inside && f->keyword == BEEP_RPY) f->keyword = BEEP_ERR;
        break;
    default: break;
    }
}

static void note(struct beep_slip *s, struct beep_slip_channel *c, const struct beep_frame *f)
{
    if (f->keyword == BEEP_SEQ) {
        c->seqs++;
        return;
    }
    if (!c->inside) c->first = f->seqno;
    c->inside = f->more;
    c->frames++;
    c->next = f->seqno + (uint32_t)f->payload.n;
    s->total += (uint32_t)f->payload.n;
}

static err change_all(const struct beep_slip *s, const struct beep_frame *f, struct parts *p)
{
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const struct change *c = &changes[i];
        if (!applies(c, s->mutant, f)) continue;
        TRY(parts_change(p, c->op, c->field, NULL, slice_str(c->value), NULL, 0));
    }
    if (s->mutant == BMUT_MORE_COMMA && !f->more && f->keyword != BEEP_SEQ && !is_greeting(f))
        TRY(parts_change(p, PARTS_SET, "head.more", NULL, SLICE_LIT(","), NULL, 0));
    if (s->mutant == BMUT_SIZE_UNDER && f->payload.n && f->keyword != BEEP_SEQ && !is_greeting(f))
        TRY(parts_change(p, PARTS_SUB, "head.size", NULL, SLICE_LIT("1"), NULL, 0));
    return OK;
}

/* The frame as the mutant has it. */
static err put(struct beep_slip *s, const struct beep_slip_channel *c, const struct beep_frame *f, struct buf *out)
{
    struct beep_frame own = *f;
    struct parts p;
    count(s, c, &own);
    parts_init(&p, s->mem, f->payload.n + FRAME_SPARE);
    err e = beep_frame_compose(&own, NULL, &p);
    if (e == OK) e = change_all(s, f, &p);
    if (e == OK) e = parts_write(&p, out);
    parts_done(&p);
    return e;
}

err beep_slip_extra(struct beep_slip *s, enum beep_keyword keyword, uint32_t channel, uint32_t msgno, slice payload, struct buf *out)
{
    struct beep_slip_channel *c = channel_of(s, channel);
    struct beep_frame f = {.keyword = keyword, .channel = channel, .msgno = msgno, .seqno = c->next + c->shift, .payload = payload};
    c->shift += (uint32_t)payload.n;
    return beep_frame_write(&f, out);
}

err beep_slip_write(struct beep_slip *s, const struct beep_frame *f, struct buf *out)
{
    struct beep_slip_channel *c = channel_of(s, f->channel);
    err e = OK;
    if (unsaid(s, f)) {
        note(s, c, f);
        c->shift -= (uint32_t)f->payload.n;
        return OK;
    }
    e = put(s, c, f, out);
    if (e == OK && doubled(s, f)) {
        c->shift += (uint32_t)f->payload.n;
        e = put(s, c, f, out);
    }
    note(s, c, f);
    if (s->mutant == BMUT_NUL_PAYLOAD && f->keyword == BEEP_NUL) c->shift++;
    bool cuts_in = s->mutant == BMUT_MIXES_MESSAGES && f->more && f->keyword != BEEP_ANS && f->keyword != BEEP_SEQ;
    if (e == OK && cuts_in) e = beep_slip_extra(s, BEEP_MSG, f->channel, f->msgno + 1000, SLICE_NONE, out);
    return e;
}

uint32_t beep_slip_window(struct beep_slip *s, uint32_t channel, const struct beep_dir *d, uint32_t window, uint32_t zero)
{
    uint64_t next = d->next, edge = d->edge;
    struct beep_slip_channel *c = channel_of(s, channel);
    uint64_t stop = edge;
    if (edge > BEEP_WINDOW && !c->edge) c->edge = edge;
    switch (s->mutant) {
    case BMUT_NO_WINDOW: return BEEP_NUMBER_MAX;
    case BMUT_ZERO_IS_NONE: return window ? window : BEEP_NUMBER_MAX;
    case BMUT_ONE_WINDOW: return zero;
    case BMUT_STOPS_AT_4096: stop = BEEP_WINDOW; break;
    case BMUT_FIRST_SEQ_ONLY: stop = c->edge ? c->edge : edge; break;
    case BMUT_WINDOW_FROM_HERE:
        if (edge != c->granted) c->from_here = next + edge - d->acked;
        c->granted = edge;
        return c->from_here > next ? (uint32_t)(c->from_here - next) : 0;
    default: return window;
    }
    return stop > next && stop < edge ? (uint32_t)(stop - next) : stop < edge ? 0 : window;
}

bool beep_slip_boundless(const struct beep_slip *s)
{
    return s->mutant == BMUT_NO_WINDOW || s->mutant == BMUT_ZERO_IS_NONE || s->mutant == BMUT_ONE_WINDOW || s->mutant == BMUT_WINDOW_FROM_HERE;
}
