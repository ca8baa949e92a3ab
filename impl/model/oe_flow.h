/* SPDX-License-Identifier: MIT */
/* oe_flow: what a gateway may do in which order, as machines: initiator and responder for one address, the age of a tunnel, a delete.
 * Side 0 is the gateway itself, side 1 whoever answers it: DNS, the other end, the clock.  The flow of a capture and the reference
 * gateway are held to the same rows; what is decided at each step is in oe_decide. */
#ifndef MODEL_OE_FLOW_H
#define MODEL_OE_FLOW_H

#include "model/oe.h"

#define OE_FLOW_PARTIES(X) X(ANY, "either") X(GATEWAY, "gateway") X(WORLD, "world")

/* --- initiator: one destination (draft 3.2, 4.1 to 4.13; RFC 4322 3.2) ------------------------------------------------------- */
#define OE_INIT_STATES(X)                                                                                    \
    X(NONE, "none")               /* no policy for the pair yet */                                           \
    X(LOOKING, "looking")         /* TXT is asked for */                                                     \
    X(FOUND, "found")             /* a gateway is known, with key */                                         \
    X(KEYLESS, "keyless")         /* a gateway is known, its key is not */                                   \
    X(KEY_ASKED, "key asked")                                                                                \
    X(FAILED, "failed")           /* the policy says what follows */                                         \
    X(BROKEN, "broken")           /* the answer was malformed or bogus */                                    \
    X(KEYING, "keying")           /* IKE is under way */                                                     \
    X(DOUBTED, "doubted")         /* ICMP says that nobody is there */                                       \
    X(KEYED, "keyed")                                                                                        \
    X(CLEAR, "clear")                                                                                        \
    X(DENY, "deny")                                                                                          \
    X(GONE, "gone")                                                                                          \
    X(LOST, "lost")
#define OE_INIT_EVENTS(X)                                                                                    \
    X(ASK_TXT, "ask TXT")                                                                                    \
    X(RECORD, "record")           /* good, with key */                                                       \
    X(BARE_RECORD, "bare record") /* good, without key */                                                    \
    X(NO_RECORD, "no record")     /* or no answer in time */                                                 \
    X(BROKEN, "broken")                                                                                      \
    X(ASK_KEY, "ask KEY")                                                                                    \
    X(KEY, "key")                                                                                            \
    X(NO_KEY, "no key")                                                                                      \
    X(IKE, "ike")                 /* a first message, or one again */                                        \
    X(ICMP, "icmp")               /* unreachable */                                                          \
    X(GAVE_UP, "gave up")         /* on this gateway: silence for long enough, refusal, wrong signature */   \
    X(TUNNEL, "tunnel")           /* phase 2 stands */                                                       \
    X(PASS, "pass")               /* traffic goes in the clear */                                            \
    X(DROP, "drop")                                                                                          \
    X(DELETE, "delete")                                                                                      \
    X(UNUSED, "unused")
#define OE_INIT_GUARDS(X)                                                                                    \
    X(NONE, "")                                                                                              \
    X(MORE, "another gateway is left")                                                                       \
    X(NO_MORE, "no other gateway is left")                                                                   \
    X(DRAFT, "the dialect is the draft")                                                                     \
    X(RFC, "the dialect is RFC 4322")                                                                        \
    X(KEY_KNOWN, "another gateway is left, whose key is known")                                              \
    X(AT_ONCE, "the ICMP came just now")

/* --- responder: one other end (draft 3.2, 4.8 to 4.12; RFC 4322 3.3) --------------------------------------------------------- */
#define OE_RESP_STATES(X)                                                                                    \
    X(NONE, "none")                                                                                          \
    X(NAMED, "named")             /* the initiator told its identity (message 5) */                          \
    X(KEY_ASKED, "key asked")                                                                                \
    X(KNOWN, "known")             /* there are candidates for the signature */                               \
    X(UNKNOWN, "unknown")                                                                                    \
    X(AUTHENTIC, "authentic")     /* message 6 was sent */                                                   \
    X(PROPOSED, "proposed")       /* quick mode names a host */                                              \
    X(LOOKING, "looking")                                                                                    \
    X(ALLOWED, "allowed")                                                                                    \
    X(DENIED, "denied")                                                                                      \
    X(TUNNEL, "tunnel")                                                                                      \
    X(GONE, "gone")                                                                                          \
    X(LOST, "lost")
#define OE_RESP_EVENTS(X)                                                                                    \
    X(IDENTITY, "identity")                                                                                  \
    X(ASK_KEY, "ask KEY")                                                                                    \
    X(KEY, "key")                                                                                            \
    X(NO_KEY, "no key")                                                                                      \
    X(AUTHENTICATE, "authenticate") /* message 6 */                                                          \
    X(PROPOSAL, "proposal")       /* quick mode, message 1 */                                                \
    X(ASK_TXT, "ask TXT")                                                                                    \
    X(RECORD, "record")           /* with gateway and key of the other end */                                \
    X(NO_RECORD, "no record")     /* or none that fits */                                                    \
    X(ACCEPT, "accept")           /* quick mode, message 2 */                                                \
    X(REFUSE, "refuse")                                                                                      \
    X(END, "end")
#define OE_RESP_GUARDS(X)                                                                                    \
    X(NONE, "")                                                                                              \
    X(SELF, "the other end acts for itself")                                                                 \
    X(LIVES, "an answer about the host still lives")                                                         \
    X(STRANGE, "nothing is known of the host")

/* --- the age of a tunnel (5.1) ------------------------------------------------------------------------------------------------- */
#define OE_AGE_STATES(X) X(YOUNG, "young") X(OLD, "old") X(CLOSED, "closed") X(LOST, "lost")
#define OE_AGE_EVENTS(X) X(EXPIRE, "expire") X(DELETE, "delete")
#define OE_AGE_GUARDS(X) X(NONE, "") X(USED, "used in the last half of the period") X(IDLE, "not used in it")

/* --- a delete (5.2) -------------------------------------------------------------------------------------------------------------- */
#define OE_DELETE_STATES(X)                                                                                  \
    X(UP, "up")                                                                                              \
    X(FIRST, "first")             /* sent once, and not answered */                                          \
    X(SECOND, "second")                                                                                      \
    X(THIRD, "third")                                                                                        \
    X(FOURTH, "fourth")           /* once and three times again (OE-D42) */                                  \
    X(TOLD, "told")               /* the other end sent one, and has no answer */                            \
    X(DOWN, "down")                                                                                          \
    X(LOST, "lost")
#define OE_DELETE_EVENTS(X) X(DELETE, "delete") X(GIVE_UP, "give up")
#define OE_DELETE_GUARDS(X) X(NONE, "") X(DUE, "ten seconds are over")

#define OE_ENUM_IS(n, s) OE_IS_##n,
#define OE_ENUM_IE(n, s) OE_IE_##n,
#define OE_ENUM_IG(n, s) OE_IG_##n,
#define OE_ENUM_RS(n, s) OE_RS_##n,
#define OE_ENUM_RE(n, s) OE_RE_##n,
#define OE_ENUM_RG(n, s) OE_RG_##n,
#define OE_ENUM_AS(n, s) OE_AS_##n,
#define OE_ENUM_AE(n, s) OE_AE_##n,
#define OE_ENUM_AG(n, s) OE_AG_##n,
#define OE_ENUM_DS(n, s) OE_DS_##n,
#define OE_ENUM_DE(n, s) OE_DE_##n,
#define OE_ENUM_DG(n, s) OE_DG_##n,
#define OE_ENUM_FP(n, s) OE_FP_##n,
enum oe_init_state { OE_INIT_STATES(OE_ENUM_IS) OE_IS_COUNT };
enum oe_init_event { OE_INIT_EVENTS(OE_ENUM_IE) OE_IE_COUNT };
enum oe_init_guard { OE_INIT_GUARDS(OE_ENUM_IG) OE_IG_COUNT };
enum oe_resp_state { OE_RESP_STATES(OE_ENUM_RS) OE_RS_COUNT };
enum oe_resp_event { OE_RESP_EVENTS(OE_ENUM_RE) OE_RE_COUNT };
enum oe_resp_guard { OE_RESP_GUARDS(OE_ENUM_RG) OE_RG_COUNT };
enum oe_age_state { OE_AGE_STATES(OE_ENUM_AS) OE_AS_COUNT };
enum oe_age_event { OE_AGE_EVENTS(OE_ENUM_AE) OE_AE_COUNT };
enum oe_age_guard { OE_AGE_GUARDS(OE_ENUM_AG) OE_AG_COUNT };
enum oe_delete_state { OE_DELETE_STATES(OE_ENUM_DS) OE_DS_COUNT };
enum oe_delete_event { OE_DELETE_EVENTS(OE_ENUM_DE) OE_DE_COUNT };
enum oe_delete_guard { OE_DELETE_GUARDS(OE_ENUM_DG) OE_DG_COUNT };
enum oe_flow_party { OE_FLOW_PARTIES(OE_ENUM_FP) OE_FP_COUNT };

#define OE_SIDE_GATEWAY 0
#define OE_SIDE_WORLD   1

#define OE_AGE_YOUNG_MS    60000u   /* 5.1: one minute at first */
#define OE_AGE_OLD_MS      1200000u /* 5.1: twenty behind it */
#define OE_AT_ONCE_MS      1000u    /* 11.2: behind an ICMP, what is no longer at once (OE-D46) */
#define OE_DELETE_WAIT_MS  10000u   /* 5.2: between tries */
#define OE_DELETE_TRIES    3u       /* 5.2, with the first (OE-D42) */

/* What guards look at; times in milliseconds of one clock that does not go back. */
struct oe_init_facts {
    enum oe_dialect dialect;
    bool more, key_known; /* a gateway is left that was not tried, and its key stands in its record */
    uint64_t now, icmp;   /* icmp: when the last one came */
};
struct oe_resp_facts {
    bool self, lives;
};
struct oe_age_facts {
    uint64_t now, began, used; /* began: of this period; used: the last packet of either direction, 0 for none */
};
struct oe_delete_facts {
    uint64_t now, sent; /* sent: the last delete of ours */
};

/* Once the gateway is bound to its side by oe_flow_init, events are told by side. */
extern const struct fsm oe_init_machine, oe_resp_machine, oe_age_machine, oe_delete_machine;
void oe_flow_init(struct fsm_inst *i, const struct fsm *m);
/* Milliseconds that a tunnel is left alone in a state of the age machine; 0 when it is closed. */
uint32_t oe_age_period(uint8_t state);

#endif
