/* SPDX-License-Identifier: MIT */
/* tunnel: what RFC 3620 says, as const data: the machine of one TUNNEL channel, the machine of a proxy, the list of faults, names and numbers. */
#ifndef MODEL_TUNNEL_H
#define MODEL_TUNNEL_H

#include "base/fsm.h"
#include "model/fault.h"

/* --- one session: who asks and who answers (RFC 3620 4) -------------------------------------------------------------------- */
#define TUNNEL_STATES(X)                                                                                     \
    X(IDLE, "idle")                 /* no element is open */                                                 \
    X(ASKED, "asked")               /* a tunnel element was sent, in start or on the channel */              \
    X(THROUGH, "through")           /* ok was sent: every octet behind its frame belongs to the far end */   \
    X(DONE, "done")                 /* the connection ended */                                               \
    X(LOST, "lost")
#define TUNNEL_EVENTS(X)                                                                                     \
    X(TUNNEL, "tunnel")                                                                                      \
    X(OK, "ok")                                                                                              \
    X(ERROR, "error")                                                                                        \
    X(OCTETS, "octets")             /* anything at all */                                                    \
    X(END, "end")                   /* of the connection */
#define TUNNEL_PARTIES(X)                                                                                    \
    X(ANY, "either")                                                                                         \
    X(ASKER, "asker")                                                                                        \
    X(ANSWERER, "answerer")

/* --- one proxy: side 0 is the proxy itself, side 1 whoever is near or far (RFC 3620 4) -------------------------------------- */
#define TUNNEL_RELAY_STATES(X)                                                                               \
    X(IDLE, "idle")                                                                                          \
    X(ASKED, "asked")               /* near sent an element that names a hop */                              \
    X(HERE, "here")                 /* near sent one without attributes: this peer is meant */               \
    X(CONNECTED, "connected")       /* connected to a far peer, whose greeting is waited for */              \
    X(GREETED, "greeted")           /* it greets, and offers TUNNEL */                                       \
    X(PASSED, "passed")             /* the inner element was sent on */                                      \
    X(AGREED, "agreed")             /* nothing is in the way: ok is owed */                                  \
    X(FAILED, "failed")             /* error is owed */                                                      \
    X(THROUGH, "through")           /* octets are copied */                                                  \
    X(RESET, "reset")               /* ok to an element without attributes: a new greeting follows */        \
    X(DONE, "done")                                                                                          \
    X(LOST, "lost")
#define TUNNEL_RELAY_EVENTS(X)                                                                               \
    X(ASK, "ask")                   /* near: an element that names a hop */                                  \
    X(ASK_HERE, "ask-here")         /* near: one that does not */                                            \
    X(CONNECT, "connect")           /* proxy: reached the far peer, and waits for its greeting */            \
    X(CONNECT_LAST, "connect-last") /* proxy: reached it, and there is no element for it */                  \
    X(GREETING, "greeting")         /* far: a greeting that offers TUNNEL */                                 \
    X(OTHER, "other")               /* far: any other octets, a refusal, or the end */                       \
    X(PASS, "pass")                 /* proxy: the inner element */                                           \
    X(FAR_OK, "far-ok")                                                                                      \
    X(FAR_ERROR, "far-error")                                                                                \
    X(OK, "ok")                     /* proxy to near */                                                      \
    X(ERROR, "error")               /* proxy to near */                                                      \
    X(OCTETS, "octets")             /* near or far, anything; proxy: copied */                               \
    X(END, "end")                   /* near or far; proxy: of the other connection */
#define TUNNEL_RELAY_PARTIES(X)                                                                              \
    X(ANY, "either")                                                                                         \
    X(PROXY, "proxy")                                                                                        \
    X(NEIGHBOUR, "neighbour")

#define TUNNEL_ENUM_S(n, s) TUNNEL_S_##n,
#define TUNNEL_ENUM_E(n, s) TUNNEL_E_##n,
#define TUNNEL_ENUM_P(n, s) TUNNEL_P_##n,
#define TUNNEL_ENUM_RS(n, s) TUNNEL_RS_##n,
#define TUNNEL_ENUM_RE(n, s) TUNNEL_RE_##n,
#define TUNNEL_ENUM_RP(n, s) TUNNEL_RP_##n,
enum tunnel_state { TUNNEL_STATES(TUNNEL_ENUM_S) TUNNEL_S_COUNT };
enum tunnel_event { TUNNEL_EVENTS(TUNNEL_ENUM_E) TUNNEL_E_COUNT };
enum tunnel_party { TUNNEL_PARTIES(TUNNEL_ENUM_P) TUNNEL_P_COUNT };
enum tunnel_relay_state { TUNNEL_RELAY_STATES(TUNNEL_ENUM_RS) TUNNEL_RS_COUNT };
enum tunnel_relay_event { TUNNEL_RELAY_EVENTS(TUNNEL_ENUM_RE) TUNNEL_RE_COUNT };
enum tunnel_relay_party { TUNNEL_RELAY_PARTIES(TUNNEL_ENUM_RP) TUNNEL_RP_COUNT };

/* No guards.  Of tunnel_relay_machine PROXY has to be bound to side 0 by fsm_bind before the first step. */
extern const struct fsm tunnel_machine, tunnel_relay_machine;

/* --- faults: X(NAME, clause, defect, severity, code, text); code: what a receiver answers, 0 for nothing -------------------- */
#define TUNNEL_FAULTS(X)                                                                                                            \
    /* one message by itself (codec) */                                                                                             \
    X(MIME, BEEP_2_2_7, NONE, FAIL, 500, "message headers cannot be read")                                                          \
    X(TYPE, BEEP_6_4_1, NONE, NOTE, 0, "content type is not application/beep+xml")                                                  \
    X(XML_ILL, TUNNEL_3_9, NONE, FAIL, 500, "XML is not well-formed")                                                               \
    X(XML_DECL, BEEP_6_4_1, NONE, FAIL, 500, "XML declaration")                                                                     \
    X(XML_DOCTYPE, BEEP_6_4_1, NONE, FAIL, 500, "document type declaration")                                                        \
    X(XML_ENTITY, BEEP_6_4_1, NONE, FAIL, 500, "entity other than the five predefined")                                             \
    X(XML_LIMIT, TUNNEL_7_6, NONE, NOTE, 554, "XML passes a limit of size or number")                                               \
    X(CHARSET, BEEP_6_4_2, NONE, NOTE, 504, "character set that is not known here")                                                 \
    X(HOPS, TUNNEL_7_6, TUNNEL_D05, NOTE, 554, "more hops than the limit")                                                          \
    X(ELEMENT, TUNNEL_3_10, NONE, FAIL, 501, "element that TUNNEL does not have")                                              \
    X(NESTED, TUNNEL_3_1, NONE, FAIL, 501, "two tunnel elements in one, or another element")                                        \
    X(CONTENT, TUNNEL_3_1, NONE, FAIL, 501, "text in a tunnel element")                                                       \
    X(ATTRIBUTE, TUNNEL_3_9, NONE, FAIL, 501, "attribute that tunnel does not have")                                          \
    X(FQDN, TUNNEL_3_9, NONE, FAIL, 501, "fqdn is no domain name")                                                                  \
    X(PORT, TUNNEL_3_2, NONE, FAIL, 501, "port is no decimal number from 1 to 65535")                                               \
    X(IP4, TUNNEL_3_3, NONE, FAIL, 501, "ip4 is not four decimal numbers up to 255")                                                \
    X(IP6, TUNNEL_3_4, NONE, FAIL, 501, "ip6 is not in a text form of RFC 2373")                                                    \
    X(SRV, TUNNEL_3_5, NONE, FAIL, 501, "srv is not two labels that begin with an underscore")                                      \
    X(PROFILE, TUNNEL_3_9, NONE, FAIL, 501, "profile is no URI")                                                                    \
    X(TOGETHER, TUNNEL_3_6, NONE, FAIL, 501, "attributes that may not stand together")                                              \
    X(INNERMOST, TUNNEL_3_7, NONE, FAIL, 501, "profile or endpoint on an element with another one inside")                          \
    X(BARE, TUNNEL_3_8, NONE, FAIL, 501, "no attributes on an element with another one inside")                                     \
    X(OK_CONTENT, BEEP_2_3_1_4_1, NONE, FAIL, 501, "ok with attributes or content")                                                 \
    X(ERROR_CODE, BEEP_2_3_1_5_1, NONE, FAIL, 501, "code of error is missing or not three digits")                                  \
    X(OTHER_CODE, TUNNEL_6_1, TUNNEL_D15, WEAK, 0, "reply code that TUNNEL does not list")                                                \
    /* against what came before (tracker, peers) */                                                                                 \
    X(AGAIN, TUNNEL_4_1, NONE, FAIL, 501, "tunnel element while one is unanswered")                                                 \
    X(ORDER, TUNNEL_3_12, NONE, FAIL, 0, "answer without a tunnel element")                                                          \
    X(REPLY, TUNNEL_3_12, TUNNEL_D08, WEAK, 0, "reply whose element does not fit its keyword")                                       \
    X(AFTER_TLS, TUNNEL_5_2, NONE, FAIL, 538, "TUNNEL is offered or asked for under transport security")                            \
    X(URI, TUNNEL_A_1_1, NONE, FAIL, 0, "profile has another URI")

#define TUNNEL_ENUM_F(n, c, d, s, r, t) TUNNEL_F_##n,
enum tunnel_fault_code { TUNNEL_F_NONE, TUNNEL_FAULTS(TUNNEL_ENUM_F) TUNNEL_F_COUNT };

/* Indexed by enum tunnel_fault_code; entry 0 is "none". */
extern const struct fault_info tunnel_faults[TUNNEL_F_COUNT];
extern const uint16_t tunnel_fault_replies[TUNNEL_F_COUNT]; /* the code to answer with, or 0 */

/* --- names and numbers ---------------------------------------------------------------------------------------------------- */
#define TUNNEL_URI  "http://iana.org/beep/TUNNEL" /* A.1 */
#define TUNNEL_SRV  "_tunnel._tcp"                /* 5 */
#define TUNNEL_PORT 604u                          /* 5 */

/* What one of the twelve codes says (6), 538 as it is meant there; NULL for any other. */
const char *tunnel_code_text(unsigned code);

#endif
