/* SPDX-License-Identifier: MIT */
/* track_oe_impl: what the files of track_oe share. */
#ifndef TRACK_TRACK_OE_IMPL_H
#define TRACK_TRACK_OE_IMPL_H

#include "codec/dns_msg.h"
#include "codec/isakmp.h"
#include "model/oe_flow.h"
#include "track/track_oe.h"

enum { GATEWAY, OTHER }; /* index of observed */
enum { OE_WAYS_MAX = 8 /* a resolver tries a few servers, a few times each */ };
#define NEVER UINT64_MAX
#define NOBODY SIZE_MAX

/* What the gateway asked DNS for: a name and a type. */
struct oe_asked {
    uint16_t type;
    struct ip_address at; /* of a reverse name; family 0: another name */
    uint64_t hash;        /* of the name */
    bool asked, pending;  /* a query was seen; one has no answer yet */
    bool tcp;
    struct oe_way {
        uint16_t id, port;
    } way[OE_WAYS_MAX];   /* of the last queries */
    size_t ways;          /* ever */
    uint64_t asked_ms;    /* the first query behind the last answer */
    uint64_t last_ms;     /* the last query */
    uint32_t asked_packet;
    bool answered, usable;/* by what can be read; usable: a good record */
    bool vague;           /* it may name anybody: a gateway by name, an answer that was cut, an alias without its end */
    bool keyed;           /* a record has a key */
    uint64_t answered_ms, expires_ms;
    struct ip_address named[OE_NAMED_MAX];
    size_t names;
    /* TXT of an address: the flow to it */
    struct fsm_inst init;
    struct ip_address tried; /* the gateway that IKE went to */
    uint64_t ike_ms, icmp_ms;
    bool source_known, forwarded, refused; /* refused: the other end said no to the attempt */
    struct ip_address source; /* whose packet made the query */
    uint32_t early;       /* packet of that flow that went on before there was a decision; 0: none */
    uint64_t early_ms;
};

struct oe_quick {
    uint32_t id;
    bool ours;            /* the gateway began it */
    uint64_t ms[3];       /* NEVER: not seen */
    uint32_t packet[3];
    bool unasked;         /* accepted, and no TXT answer was seen that allows it */
    size_t early;         /* index of the TXT whose answer came behind that; NOBODY */
    bool sent_esp;        /* the gateway used the tunnel */
    bool alone;           /* no TXT was asked for shortly before it */
    size_t host;          /* index of the TXT that allowed it; NOBODY */
    bool asked_again;     /* ... which was asked for again before the tunnel was used */
};

struct oe_info {
    bool gateway;         /* who sent it */
    bool reply;           /* it answers one of the other side */
    bool answered, told;  /* told: a fault was found */
    uint64_t hash, first_ms, ms;
    uint32_t count, packet, answered_at; /* answered_at: count when it was answered last */
    struct fsm_inst del;
};

struct oe_phase1 {
    uint8_t icookie[8], rcookie[8];
    bool rcookie_known;
    struct ip_address us, peer;
    bool ours;            /* the gateway began it; of one that is not whole unknown, false */
    bool whole;           /* message 1 was seen */
    bool aggressive, refused, choice_known, offer_known;
    bool offered;         /* message 1 was there, whole */
    bool unexplained;     /* begun by the gateway, and no answer for TXT names the other end so far */
    bool looked, asked, known; /* as OE_WIRE_LOOKED, ASKED, AUTH of this one */
    bool auth_early;      /* message 6 came while the query about the initiator was open */
    bool auth_unasked;    /* message 6 came, and there was no query */
    struct isakmp_transform *offer, choice;
    size_t offers;
    uint8_t last;         /* highest number of a message that was seen */
    uint64_t ms[7], hash[7];
    uint32_t packet[7], count1;
    uint64_t icmp_ms;
    struct fsm_inst resp;
    struct oe_quick *quick;
    size_t quicks, quick_room;
    struct oe_info *info;
    size_t infos, info_room;
    uint64_t info_ms;     /* the last encrypted one of either side; NEVER */
};

struct oe_end { /* one direction of a tunnel */
    uint32_t spi, count, packet, late; /* late: used though the other end has gone on to a new one */
    uint64_t first_ms, ms;
};
struct oe_tunnel {
    struct ip_address peer;
    struct oe_end end[2]; /* sent by the gateway, by the other end; spi 0: not seen */
    uint64_t ms;          /* quick mode */
    uint64_t began;       /* of the age's period */
    uint64_t used, closed_ms;
    struct fsm_inst age;
    size_t after;         /* the tunnel that it may take the place of; NOBODY */
    size_t before;        /* the one that may take its place */
    size_t phase1, quick; /* where it was agreed on; NOBODY when it was there before */
    bool alone;
};

struct oe_flow_seen { /* a packet in the clear */
    struct ip_address from, to;
    bool out;             /* sent on by the gateway */
    uint64_t ms;
};

struct track_oe_own {
    uint64_t ms, us;      /* now */
    uint32_t packet;
    struct oe_asked *asked;
    size_t askeds, asked_room;
    struct oe_phase1 *phase1;
    size_t phase1s, phase1_room;
    struct oe_tunnel *tunnel;
    size_t tunnels, tunnel_room;
    struct oe_flow_seen flow[OE_FLOWS_MAX];
    size_t flows;         /* ever */
    size_t sources;       /* look-ups whose source is known: while there are none, nobody looks at who goes on */
    uint8_t link[OE_TRACK_GATEWAYS][6]; /* link addresses of the gateway */
    size_t links;
};

/* --- track_oe.c ---------------------------------------------------------------------------------------------------------- */
bool oe_ours(const struct track_oe *t, const struct ip_address *a);
/* A fault of that address at the present packet.  Where the dialect has none, nothing happens. */
err oe_fault(struct track_oe *t, enum oe_track_code code, const struct ip_address *by) MUST_CHECK;
/* ... at another; doubt: another history of what came before the capture would explain it. */
err oe_fault_at(struct track_oe *t, enum oe_track_code code, const struct ip_address *by, uint32_t packet, uint64_t ms, bool doubt) MUST_CHECK;
/* ... of main mode, which counts when that is opportunistic. */
err oe_fault_of(struct track_oe *t, enum oe_track_code code, const struct oe_phase1 *x, const struct ip_address *by) MUST_CHECK;
void oe_seen(struct track_oe *t, const struct ip_address *who, enum oe_wire what);
void oe_begins_inside(struct track_oe *t, enum oe_inside why);
__attribute__((format(printf, 2, 3))) void oe_tell(struct track_oe *t, const char *fmt, ...);
/* list with room for one more element, zeroed; NULL when memory is short, or the limit is reached (then *e is OK, and heads.full is set): list stands as it was. */
void *oe_room(struct track_oe *t, void *list, size_t n, size_t *room, size_t size, size_t max, err *e) MUST_CHECK;
uint64_t oe_hash(slice s);

/* --- track_oe_dns.c ------------------------------------------------------------------------------------------------------ */
err oe_dns_packet(struct track_oe *t, const struct ip_packet *p) MUST_CHECK;
/* Does an answer for TXT that came by now name it?  alive: only those whose time is not over.  Index, or NOBODY. */
size_t oe_names(const struct track_oe *t, const struct ip_address *gateway, bool alive);
bool oe_asked_names(const struct oe_asked *a, const struct ip_address *gateway);
struct oe_asked *oe_asked_find(struct track_oe *t, uint16_t type, const struct ip_address *at);

/* --- track_oe_order.c: DNS against IKE -------------------------------------------------------------------------------------- */
err oe_order_asked(struct track_oe *t, struct oe_asked *a) MUST_CHECK;
err oe_order_answered(struct track_oe *t, struct oe_asked *a, bool was_pending) MUST_CHECK;
err oe_order_begun(struct track_oe *t, struct oe_phase1 *x, bool again) MUST_CHECK; /* message 1 of the gateway */
err oe_order_named(struct track_oe *t, struct oe_phase1 *x) MUST_CHECK;             /* message 5 of an initiator */
err oe_order_authenticated(struct track_oe *t, struct oe_phase1 *x) MUST_CHECK;     /* message 6 of the gateway */
err oe_order_proposed(struct track_oe *t, struct oe_phase1 *x, struct oe_quick *q) MUST_CHECK;
err oe_order_accepted(struct track_oe *t, struct oe_phase1 *x, struct oe_quick *q) MUST_CHECK;
err oe_order_end(struct track_oe *t) MUST_CHECK;
/* Was it asked for before that time, and again behind it?  Then the answer to the first query may be lost, and the one that is seen that to the second. */
bool oe_asked_around(const struct oe_asked *a, uint64_t ms);
/* Does DNS name the other end, or was it asked about it? */
bool oe_opportunistic(const struct track_oe *t, const struct oe_phase1 *x);
struct oe_init_facts oe_order_facts(const struct track_oe *t, const struct oe_asked *a);

/* --- track_oe_ike.c, track_oe_sa.c, track_oe_quick.c --------------------------------------------------------------------- */
err oe_ike_packet(struct track_oe *t, const struct ip_packet *p, slice octets) MUST_CHECK;
err oe_sa_offer(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, const struct ip_address *by) MUST_CHECK;
err oe_sa_choice(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, const struct ip_address *by) MUST_CHECK;
err oe_sa_refused(struct track_oe *t, struct oe_phase1 *x, const struct ip_address *by) MUST_CHECK;
err oe_sa_exponent(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, bool back, const struct ip_address *by) MUST_CHECK;
err oe_quick_message(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, bool by_us, uint64_t hash) MUST_CHECK;
err oe_info_message(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, bool by_us, uint64_t hash) MUST_CHECK;
err oe_info_end(struct track_oe *t) MUST_CHECK;

/* --- track_oe_esp.c, track_oe_clear.c -------------------------------------------------------------------------------------- */
err oe_esp_packet(struct track_oe *t, const struct ip_packet *p, uint32_t spi) MUST_CHECK;
err oe_esp_tunnel(struct track_oe *t, const struct oe_phase1 *x, const struct oe_quick *q) MUST_CHECK; /* quick mode was accepted */
void oe_esp_clock(struct track_oe *t, struct oe_tunnel *u);
err oe_esp_end(struct track_oe *t) MUST_CHECK;
err oe_clear_packet(struct track_oe *t, const struct ip_packet *p) MUST_CHECK;
err oe_icmp_packet(struct track_oe *t, const struct ip_packet *p) MUST_CHECK;
void oe_clear_source(struct track_oe *t, struct oe_asked *a);
/* The one host that a packet came in for shortly before, and TXT was not asked for; false when there is none, or more than one, or one for `not'. */
bool oe_clear_other_host(const struct track_oe *t, const struct ip_address *not);

#endif
