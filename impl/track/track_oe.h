/* SPDX-License-Identifier: MIT */
/* track_oe: follows a capture of one gateway of opportunistic encryption: DNS, IKE, ESP, ICMP and clear packets, in the order of section 4, with the machines of model/oe_flow.
 * Packets go in as they were captured; out come faults, and what was seen of the gateway and of those that it talks to.
 *
 * What cannot be known is not judged.  An order counts as broken only where both sides of it are in the capture (a query that is seen and whose answer comes too late); that something is
 * missing never does, since it may have been asked for before the capture began, unless the user says that the gateway was started with it (fresh).  Where the capture shows that there was
 * something before its beginning (associations that nobody set up, exchanges without their first message), faults that another history would explain are dropped.
 * What main mode offers is judged only where DNS names the other end, or was asked about it: any other may be a configured tunnel, which may do as it likes.
 *
 * Memory: what is remembered of look-ups, exchanges, tunnels and flows is limited by number, not octets of packets. */
#ifndef TRACK_TRACK_OE_H
#define TRACK_TRACK_OE_H

#include "base/env.h"
#include "codec/ip_packet.h"
#include "model/oe_track.h"

enum {
    OE_TRACK_GATEWAYS = 8,     /* addresses of the gateway: one for each family and interface */
    OE_TRACK_FAULTS_MAX = 4096,/* faults that are kept: nobody reads more */
    OE_ASKED_MAX = 4096,       /* names that are remembered, each with a type: those of a day of a small network */
    OE_PHASE1_MAX = 4096,      /* main modes */
    OE_TUNNELS_MAX = 8192,
    OE_QUICKS_MAX = 512,       /* of one main mode: rekeying each hour for three weeks */
    OE_FLOWS_MAX = 1024,       /* clear flows: only the latest matter */
    OE_INFOS_MAX = 64,         /* informational messages of one main mode: only the latest matter */
    OE_NAMED_MAX = 16          /* gateways of one host: section 10 has two */
};

struct oe_track_options {
    enum oe_dialect dialect;
    struct ip_address gateway[OE_TRACK_GATEWAYS];
    size_t gateways;
    bool fresh; /* nothing was known to the gateway before the capture began, and it has no configured tunnels */
    /* What happens, a line each, for people; may be NULL.  The text lives for the call. */
    void (*tell)(void *ctx, uint32_t packet, uint64_t us, const char *text);
    void *ctx;
};

struct oe_track_fault {
    enum oe_track_code code;
    enum severity severity;
    enum clause_id clause, rfc; /* rfc: broken as well; CL_NONE in the draft */
    enum defect_id defect;
    struct ip_address by;
    bool gateway;   /* by is the gateway that is judged */
    bool doubt;     /* dropped at the end when the capture begins in the middle */
    size_t exchange;/* dropped at the end unless that main mode is known to be opportunistic; SIZE_MAX: it is for any */
    uint32_t packet;/* where it shows */
    uint64_t us;
    const char *text;
};

/* Where the capture begins in the middle. */
enum oe_inside { OE_INSIDE_NO, OE_INSIDE_IKE, OE_INSIDE_ESP, OE_INSIDE_DNS };
extern const char *const oe_inside_texts[4];

struct oe_track_heads {
    uint32_t packets, cut, fragments, unread; /* unread: no IP, or IKE or DNS that cannot be read */
    uint32_t queries, answers, strays;        /* of the gateway, for TXT and KEY; strays: answers whose query is missing */
    uint32_t unanswered;                      /* names that were asked for, and no answer is there */
    uint32_t partial;                         /* segments of DNS over TCP that do not hold a whole message */
    uint32_t exchanges, exchanges_inside;     /* main modes, and those without message 1 */
    uint32_t ike, ike2, esp, icmp;            /* packets; ike2: of IKEv2, which is none of ours */
    enum oe_inside inside;
    bool full;                                /* a limit was reached: some of it was not followed */
};

struct track_oe_own;
struct track_oe {
    const struct env *env;
    struct oe_track_options o;
    struct oe_track_heads heads;
    uint64_t observed[2]; /* bit sets of enum oe_wire: of the gateway, and of those that it talks to */
    struct oe_track_fault *fault;
    size_t faults, fault_room;
    struct track_oe_own *own; /* track_oe_impl.h */
};

/* o is copied.  OK or ERR_MEM; _done after any result. */
err track_oe_init(struct track_oe *t, const struct env *env, const struct oe_track_options *o) MUST_CHECK;
void track_oe_done(struct track_oe *t);
/* One packet; us since 1970, which may go back a little.  OK or ERR_MEM: then it was not followed. */
err track_oe_packet(struct track_oe *t, uint32_t number, uint64_t us, const struct ip_packet *p) MUST_CHECK;
/* The capture is over: judges what could not be judged before.  Nothing may be fed behind it. */
err track_oe_end(struct track_oe *t) MUST_CHECK;

/* --- whose capture is it? ---------------------------------------------------------------------------------------------------- */
enum { OE_GUESS_MAX = 64 };
struct oe_guess {
    struct {
        struct ip_address at;
        bool asks, keys; /* asks for TXT or KEY in the reverse DNS; speaks IKE */
    } who[OE_GUESS_MAX];
    size_t n;
    struct {
        struct ip_address a, b;
    } pair[OE_GUESS_MAX]; /* that speak IKE with each other */
    size_t pairs;
};
void oe_guess_packet(struct oe_guess *g, const struct env *env, const struct ip_packet *p);
/* The one that it must be: who asks DNS and speaks IKE, or asks and is alone in it, or is in every pair of several.  False when that is not plain; of several, all that speak IKE are in g. */
bool oe_guess_made(const struct oe_guess *g, struct ip_address *out);

#endif
