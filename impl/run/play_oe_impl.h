/* SPDX-License-Identifier: MIT */
/* Between the files of the adapter of opportunistic encryption: play_oe.c (life, ways), play_oe_event.c (what
 * the adapter under test answers), play_oe_say.c (questions and policy), play_oe_dns.c (our name server),
 * play_oe_check.c (slips of the author of a case). */
#ifndef RUN_PLAY_OE_IMPL_H
#define RUN_PLAY_OE_IMPL_H

#include "codec/dns_frame.h"
#include "codec/oe_line.h"
#include "run/oe_zone.h"
#include "run/play_oe.h"

enum {
    OE_PLAY_CLASSES = 32,
    OE_PLAY_SELVES = 16,
    OE_PLAY_PUBLICS = 32,   /* of one policy: what a case would say */
    OE_PLAY_ASKED = 2048,   /* questions of one case: more than it has statements */
    OE_PLAY_QUERIES = 4096, /* queries of one case that are told apart, and that wait for an answer: a peer
                               that asks more goes round in circles */
    OE_PLAY_RECENT = 32,    /* the last ones, which can be answered again */
    OE_PLAY_TIMEOUT_MS = 2000
};
#define OE_PLAY_SELF    "192.1.1.4"
#define OE_PLAY_NAME    "sg-a.example.org"
#define OE_PLAY_SOURCE  "192.1.0.65"
#define OE_PLAY_TARGET  "192.0.2.66"
#define OE_PLAY_GATEWAY "192.1.1.5"

struct oe_asked { /* a question to the adapter */
    uint64_t id;
    enum oe_line_op op;
    uint16_t type;  /* of a record */
    const char *as; /* a word of the plan, or "" */
    bool ours;      /* reach asks it: the answer is no event */
    bool answered;
};
struct oe_query { /* a question to our name server that can be answered (again) */
    struct buf octets;
    enum dns_how how;
    uint32_t who;
    char name[OE_NAME_TEXT];
    uint16_t type;
    uint64_t due; /* unless it is held */
    bool held;
};
struct oe_seen { /* every query */
    char name[OE_NAME_TEXT];
    uint16_t type, class, id;
    uint32_t who;
};
struct oe_play_policy {
    enum oe_line_class is;
    struct {
        char who[OE_NAME_TEXT];
        enum oe_line_class is;
    } class_of[OE_PLAY_CLASSES];
    size_t class_count;
    const char *self[OE_PLAY_SELVES]; /* words of the plan */
    size_t selves;
    bool self_said;
    const char *name;
    enum oe_unsigned unsigned_;
    enum oe_line_nat nat;
    struct {
        char inside[OE_HOST_TEXT], outside[OE_HOST_TEXT];
    } public[OE_PLAY_PUBLICS];
    size_t publics;
    uint32_t timeout_ms;
};
enum oe_known { OE_KNOWN_NOT, OE_KNOWN_ASKED, OE_KNOWN_YES, OE_KNOWN_NO };

struct oe_play {
    struct oe_lines lines;
    struct dns_frames frames;
    struct oe_zone zone;
    struct oe_play_policy policy;
    bool policy_told;  /* since it was changed */
    uint64_t first_id; /* questions before it are of other cases */
    struct oe_asked *asked;
    size_t asked_n;
    enum oe_known begun, known;
    char why[160];              /* why one of these is NO */
    char noise[160];            /* what came in place of an answer that reach waits for; "" */
    uint64_t phase1;            /* id of the last one, 0 */
    char gateway[OE_NAME_TEXT]; /* of the last decision to encrypt, "" */
    struct oe_query *pending;   /* held back, or late */
    size_t pending_n;
    struct oe_query recent[OE_PLAY_RECENT]; /* a ring */
    size_t recent_n;                        /* all that came */
    struct oe_seen *seen;
    size_t seen_n, seen_cap;
    bool deaf; /* frames came that cannot be read */
};

static inline struct oe_play *oe_play(const struct player *p)
{
    return p->state;
}
static inline struct play_oe_run *oe_play_run(const struct player *p)
{
    return p->run->proto_run;
}

/* --- play_oe_event.c --- */
/* One line of the adapter; false when there was none. */
bool oe_play_lines(struct player *p, slice *octets, uint64_t now);
/* Does the case say anywhere what that event would mean? */
bool oe_play_names(const struct player *p, const char *event);

/* --- play_oe_check.c --- */
/* Ends the case with an error when it names an event, a field or a word of one that never comes. */
void oe_play_check(struct player *p);

/* --- play_oe_say.c --- */
err oe_play_send(struct player *p, int end, const struct scn_stmt *s, uint64_t now) MUST_CHECK;
err oe_play_policy(struct player *p, const struct scn_stmt *s) MUST_CHECK;
void oe_play_policy_init(struct oe_play_policy *o);
err oe_play_begin(struct player *p, uint64_t now) MUST_CHECK;
err oe_play_advance(struct player *p, const struct scn_stmt *s, uint64_t now) MUST_CHECK;
/* Phase 1 of the gateway that everybody knows, for reach. */
err oe_play_introduce(struct player *p, uint64_t now) MUST_CHECK;

/* --- play_oe_dns.c --- */
/* One frame of the gateway; false when there was none. */
bool oe_play_dns_feed(struct player *p, slice *octets, uint64_t now);
err oe_play_dns_act(struct player *p, const char *verb, const struct scn_stmt *s, uint64_t now) MUST_CHECK;
uint64_t oe_play_dns_deadline(const struct oe_play *s);
void oe_play_dns_tick(struct player *p, uint64_t now);
void oe_play_dns_done(struct player *p);

#endif
