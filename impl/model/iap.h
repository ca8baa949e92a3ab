/* SPDX-License-Identifier: MIT */
/* iap: what draft-ietf-idwg-iap-01 says, as data.  One machine for the whole connection (set-up and data phase), the named
 * predicates its rows use, and the list of faults that codec and tracker can find. */
#ifndef MODEL_IAP_H
#define MODEL_IAP_H

#include "base/fsm.h"
#include "model/fault.h"

/* --- the machine ------------------------------------------------------------------------------------------------ */

/* States of one TCP connection between two neighbours.  A proxy's connection is followed up to ACCEPTED; what comes behind belongs
 * to the end entities. */
#define IAP_STATES(X)                                                                                        \
    X(START, "start")                   /* TCP is up, nothing said */                                        \
    X(ASKED, "asked")                   /* iap-connect-request under way (3.1) */                            \
    X(ACCEPTED, "accepted")             /* answered 200 */                                                   \
    X(REFUSED, "refused")               /* set-up request answered with an error */                          \
    X(UPGRADING, "upgrading")           /* iap-upgrade-request under way (3.2) */                            \
    X(UPGRADED, "upgraded")             /* answered 101; the analyzer says hello */                          \
    X(HANDSHAKE, "handshake")           /* TLS handshake under way */                                        \
    X(SECURED, "secured")               /* TLS is up; the TCP initiator sets up the channel (3.3) */         \
    X(CHANNEL, "channel")               /* iap-channel-setup-request under way */                            \
    X(CHANNEL_REFUSED, "channel-refused")                                                                    \
    X(READY, "ready")                   /* data phase, nothing outstanding (3.4) */                          \
    X(SENT, "sent")                     /* data phase, content unanswered */                                 \
    X(ENDING, "ending")                 /* one side said close_notify (3.5) */                               \
    X(CLOSED, "closed")                                                                                      \
    X(LOST, "lost")                     /* after a fault: nothing more can be said about order */

#define IAP_EVENTS(X)                                                                                        \
    X(CONNECT, "connect")               /* iap-connect-request */                                            \
    X(UPGRADE, "upgrade")               /* iap-upgrade-request */                                            \
    X(CHANNEL_AS_SENDER, "channel-sender")     /* iap-channel-setup-request, IAP-Role: Sender */             \
    X(CHANNEL_AS_RECEIVER, "channel-receiver") /* the same, IAP-Role: Receiver */                            \
    X(CONTENT, "content")               /* iap-content */                                                    \
    X(RESPONSE_200, "200")              /* iap-response 200 */                                               \
    X(RESPONSE_101, "101")              /* iap-response 101 */                                               \
    X(RESPONSE_ERROR, "error")          /* iap-response 4xx or 5xx */                                        \
    X(RESPONSE_OTHER, "other")          /* iap-response with any other code */                               \
    X(TLS_HELLO, "hello")               /* first TLS record */                                               \
    X(TLS_OPEN, "tls")                  /* handshake completed */                                            \
    X(TLS_FAILED, "tls-failed")         /* handshake or record layer failed */                               \
    X(NOTIFY, "close-notify")                                                                                \
    X(FIN, "fin")                       /* the TCP connection ended, orderly or not */

/* Parties come in pairs: binding one to a side binds the other. */
#define IAP_PARTIES(X)                                                                                       \
    X(ANY, "either")                                                                                         \
    X(INITIATOR, "initiator")           /* opened the TCP connection */                                      \
    X(RESPONDER, "responder")                                                                                \
    X(TLS_CLIENT, "TLS client")         /* the analyzer (3.2) */                                             \
    X(TLS_SERVER, "TLS server")         /* the manager */                                                    \
    X(REQUESTER, "requester")           /* sends iap-content */                                              \
    X(ANSWERER, "answerer")

#define IAP_GUARDS(X)                                                                                        \
    X(NONE, "")                                                                                              \
    X(LAST_ANSWER, "the response answers the only content that is outstanding")                              \
    X(MORE_OPEN, "more than one content is outstanding")                                                     \
    X(OFFER_SENDER, "the TCP initiator wants to send the requests, as far as is known")                      \
    X(OFFER_RECEIVER, "the TCP initiator wants to receive the requests, as far as is known")

#define IAP_ENUM_S(n, s) IAP_S_##n,
#define IAP_ENUM_E(n, s) IAP_E_##n,
#define IAP_ENUM_P(n, s) IAP_P_##n,
#define IAP_ENUM_G(n, s) IAP_G_##n,
enum iap_state { IAP_STATES(IAP_ENUM_S) IAP_S_COUNT };
enum iap_event { IAP_EVENTS(IAP_ENUM_E) IAP_E_COUNT };
enum iap_party { IAP_PARTIES(IAP_ENUM_P) IAP_P_COUNT };
enum iap_guard { IAP_GUARDS(IAP_ENUM_G) IAP_G_COUNT };

/* What the predicates look at. */
struct iap_facts {
    uint32_t outstanding;   /* contents sent and not answered */
    bool offer_known;       /* the role that the TCP initiator is going to offer is known beforehand ... */
    bool offer_sender;      /* ... and is this */
};

extern const struct fsm iap_machine;

/* --- faults ------------------------------------------------------------------------------------------------------ */

/* Each with the clause it breaks, the defect whose tolerant reading allows it (NONE: both readings forbid it), the severity, and text. */

#define IAP_FAULTS(X)                                                                                                       \
    X(CASE, IAP_1_5_1, IAP_D07, NOTE, "letter case differs from the printed form")                                          \
    X(BLANKS, IAP_1_5_1, IAP_D07, NOTE, "blanks differ from the printed single SP")                                         \
    X(BARE_LF, IAP_4_2_1, NONE, FAIL, "line ends with LF instead of CRLF")                                                  \
    X(ONE_CRLF, IAP_4_2_1, IAP_D10, WEAK, "message ends with one CRLF instead of two")                                      \
    X(STRAY_CRLF, IAP_4_2_4, IAP_D04, WEAK, "empty line before the message")                                                \
    X(BAD_OCTET, IAP_4_1, NONE, FAIL, "control or non-ASCII octet in a header line")                                        \
    X(NO_PREFIX, IAP_4_2, NONE, FAIL, "message without the IAP/0.3 prefix")                                                 \
    X(VERSION, IAP_4_2_5, NONE, FAIL, "version prefix is not IAP/0.3")                                                      \
    X(REASON, IAP_4_3_1_2, NONE, FAIL, "text behind the status code")                                                       \
    X(CODE_DIGITS, IAP_4_3_1_3, NONE, FAIL, "status code is not three digits")                                              \
    X(CODE_RANGE, IAP_4_4, NONE, FAIL, "status code is outside 100 to 599")                                                 \
    X(NO_HOST, IAP_4_3_2_2, NONE, FAIL, "host is missing")                                                                  \
    X(BAD_HOST, IAP_4_2_2, NONE, FAIL, "host is neither a name nor an IPv4 address")                                        \
    X(HOST_PORT, IAP_4_2_2, IAP_D08, WEAK, "host carries a port or is an IPv6 literal")                                     \
    X(TRAILING, IAP_4_1, NONE, FAIL, "extra words at the end of a line")                                                    \
    X(UPGRADE_VALUE, IAP_4_3_3_1, NONE, FAIL, "upgrade is not to TLS/1.0")                                                  \
    X(UPGRADE_IN_RESPONSE, IAP_4_3_1_1, IAP_D24, WEAK, "response carries an Upgrade line")                                  \
    X(CHANNEL_VERSION, IAP_4_3_4_1, NONE, FAIL, "IAP-Version is not 0.3")                                                   \
    X(CHANNEL_VERSION_LONG, IAP_4_3_4_1, IAP_D11, WEAK, "IAP-Version repeats the name IAP/")                                \
    X(NO_CHANNEL_VERSION, IAP_4_3_4_2, NONE, FAIL, "IAP-Version line is missing")                                           \
    X(NO_ROLE, IAP_4_3_4_2, NONE, FAIL, "IAP-Role line is missing")                                                         \
    X(ROLE_FIRST, IAP_4_3_4_2, NONE, FAIL, "IAP-Role stands before IAP-Version")                                            \
    X(DUP_LINE, IAP_4_3_4_2, NONE, FAIL, "line stands twice")                                                               \
    X(ROLE_PREFIX, IAP_4_3_4_1, IAP_D01, WEAK, "IAP-Role line carries the version prefix, as in the example of 4.4")        \
    X(ROLE_VALUE, IAP_4_2_6, NONE, FAIL, "IAP-Role is neither Sender nor Receiver")                                         \
    X(UNKNOWN_LINE, IAP_4_1, NONE, FAIL, "line that this message does not have")                                            \
    X(VIA_PREFIX, IAP_4_3_2_3, NONE, FAIL, "Via line without the version prefix")                                           \
    X(CONTENT_PREFIX, IAP_4_3_5_8, NONE, FAIL, "content header carries the version prefix")                                 \
    X(CONTENT_ORDER, IAP_4_3_5_2, NONE, FAIL, "Content-Length stands before Content-Type")                                  \
    X(NO_TYPE, IAP_4_3_5_2, NONE, FAIL, "Content-Type is missing")                                                          \
    X(NO_LENGTH, IAP_4_1_1, NONE, FAIL, "Content-Length is missing")                                                        \
    X(LENGTH_VALUE, IAP_4_3_5_5, NONE, FAIL, "Content-Length is no decimal number")                                         \
    X(LENGTH_BLANKS, IAP_4_3_5_4, IAP_D02, WEAK, "blanks after Content-Length: are neither one nor two SP")                 \
    X(TYPE_PARAMS, IAP_4_3_5_3, NONE, FAIL, "Content-Type carries parameters")                                              \
    X(TYPE_OTHER, IAP_1_7_2, IAP_D14, WEAK, "media type is not application/x-idef-alert")                                   \
    X(CHUNKED, IAP_4_2_3, NONE, FAIL, "chunked transfer coding is not in the grammar")                                      \
    X(NO_BLANK, IAP_4_3_5_1, IAP_D03, WEAK, "no blank line between content header and body, as in the example of 4.4")      \
    X(TAIL, IAP_4_3_5_1, IAP_D04, WEAK, "content does not end with two CRLF behind the body")                               \
    X(NOT_IAP, IAP_4_1, NONE, FAIL, "octets that are no IAP message")                                                       \
    X(HALF, IAP_4_2_4, NONE, FAIL, "connection ended inside a message")                                                     \
    X(LINE_LONG, IAP_4_1, IAP_D26, NOTE, "header line longer than the limit")                                               \
    X(HEAD_LONG, IAP_4_1, IAP_D26, NOTE, "header block longer than the limit")                                              \
    X(VIA_MANY, IAP_4_3_2_1, IAP_D26, NOTE, "more Via lines than the limit")                                                \
    X(CONTENT_LONG, IAP_4_3_5_5, IAP_D26, NOTE, "content longer than the limit")                                            \
    X(ORDER, IAP_3_2, NONE, FAIL, "message out of order")                                                                   \
    X(PIPELINED, IAP_2_1, IAP_D26, NOTE, "content sent before the one before it was answered")                              \
    X(EARLY_TLS, IAP_4_3_3_2, NONE, FAIL, "TLS octets before the 101")                                                      \
    X(NOT_TLS, IAP_3_2_12, NONE, FAIL, "no TLS record behind the 101")                                                      \
    X(URGENT, IAP_6_2_1, NONE, FAIL, "TCP urgent data")                                                                     \
    X(CLEAR_CHANNEL, IAP_3_2_16, NONE, FAIL, "channel set-up or content outside TLS")

#define IAP_ENUM_F(n, c, d, s, t) IAP_F_##n,
enum iap_fault_code { IAP_F_NONE, IAP_FAULTS(IAP_ENUM_F) IAP_F_COUNT };

/* Indexed by enum iap_fault_code; entry 0 is "none". */
extern const struct fault_info iap_faults[IAP_F_COUNT];

/* --- names and numbers ------------------------------------------------------------------------------------------ */
#define IAP_VERSION_PREFIX "IAP/0.3"
#define IAP_VERSION        "0.3"
#define IAP_UPGRADE_TO     "TLS/1.0"
#define IAP_MEDIA_TYPE     "application/x-idef-alert"

#endif
