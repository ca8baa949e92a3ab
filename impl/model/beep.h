/* SPDX-License-Identifier: MIT */
/* beep: what RFC 3080 and RFC 3081 say, as const data: four machines (session, channel, exchange, tuning), the list of faults, names and
 * numbers.  A session has one session machine and one tuning machine, each channel a channel machine, each MSG an exchange machine. */
#ifndef MODEL_BEEP_H
#define MODEL_BEEP_H

#include "base/fsm.h"
#include "model/fault.h"

/* --- session (3080 2.3.1.1, 2.4, 3; 3081 2) ------------------------------------------------------------------------------- */
#define BEEP_SESSION_STATES(X)                                                                               \
    X(START, "start")             /* connected, or tuned: nobody greeted yet */                              \
    X(HALF, "half")               /* one peer greeted */                                                     \
    X(OPEN, "open")               /* both did */                                                             \
    X(UNAVAILABLE, "unavailable") /* the listener declined */                                                \
    X(RELEASING, "releasing")     /* one peer asked for the release */                                       \
    X(CROSSED, "crossed")         /* both did */                                                             \
    X(RELEASED, "released")       /* agreed */                                                               \
    X(TUNING, "tuning")           /* all channels are closed: the layer below is negotiated */               \
    X(CLOSED, "closed")           /* the TCP connection ended */                                             \
    X(LOST, "lost")               /* not well-formed or out of order: nothing more is judged */
#define BEEP_SESSION_EVENTS(X)                                                                               \
    X(GREETING, "greeting")       /* RPY 0 0 with greeting */                                                \
    X(REFUSAL, "refusal")         /* ERR 0 0 with error, in place of the greeting */                         \
    X(RELEASE, "release")         /* close of channel 0 */                                                   \
    X(AGREE, "agree")             /* ok to it */                                                             \
    X(DECLINE, "decline")         /* error to it */                                                          \
    X(TALK, "talk")               /* any other message */                                                    \
    X(TUNE, "tune")               /* proceed, or the end of a SASL exchange that brings a security layer */   \
    X(TUNED, "tuned")             /* the negotiation below is over, whatever came of it */                   \
    X(FIN, "fin")
/* Parties come in pairs: binding one to a side binds the other. */
#define BEEP_SESSION_PARTIES(X)                                                                              \
    X(ANY, "either")                                                                                         \
    X(INITIATOR, "initiator")     /* opened the TCP connection */                                            \
    X(LISTENER, "listener")                                                                                  \
    X(FIRST, "first")             /* greeted first */                                                        \
    X(SECOND, "second")                                                                                      \
    X(RELEASER, "releaser")       /* asked for the release */                                                \
    X(ASKED, "asked")

/* --- channel (3080 2.3.1.2, 2.3.1.3) ---------------------------------------------------------------------------------------- */
#define BEEP_CHANNEL_STATES(X)                                                                               \
    X(NONE, "none")                                                                                          \
    X(STARTING, "starting")                                                                                  \
    X(OPEN, "open")                                                                                          \
    X(CLOSING, "closing")         /* one peer asked for the close */                                         \
    X(CROSSED, "crossed")         /* both did */                                                             \
    X(OWED, "owed")               /* both did and one agreed: gone, but the other answer is still to come */ \
    X(CLOSED, "closed")                                                                                      \
    X(LOST, "lost")
#define BEEP_CHANNEL_EVENTS(X)                                                                               \
    X(START, "start")                                                                                        \
    X(ACCEPT, "accept")           /* profile */                                                              \
    X(REJECT, "reject")           /* error to a start */                                                     \
    X(CLOSE, "close")                                                                                        \
    X(OK, "ok")                                                                                              \
    X(KEEP, "keep")               /* error to a close */                                                     \
    X(MSG, "msg")                 /* first frame of a MSG */                                                 \
    X(REPLY, "reply")             /* a frame of a reply */
#define BEEP_CHANNEL_PARTIES(X)                                                                              \
    X(ANY, "either")                                                                                         \
    X(STARTER, "starter")                                                                                    \
    X(STARTED, "started")                                                                                    \
    X(CLOSER, "closer")                                                                                      \
    X(KEEPER, "keeper")

/* --- exchange (3080 2.1.1, 2.2.1.1, 2.6.3) ------------------------------------------------------------------------------------- */
#define BEEP_EXCHANGE_STATES(X)                                                                              \
    X(IDLE, "idle")                                                                                          \
    X(ASKING, "asking")           /* MSG begun, not complete */                                              \
    X(ASKED, "asked")             /* MSG complete, no reply yet */                                           \
    X(REPLYING, "replying")       /* RPY begun */                                                            \
    X(REFUSING, "refusing")       /* ERR begun */                                                            \
    X(ANSWERING, "answering")     /* ANS seen, no NUL yet */                                                 \
    X(CUTTING, "cutting")         /* ERR begun before MSG was complete */                                    \
    X(CUT, "cut")                 /* ERR complete before MSG was */                                          \
    X(DONE, "done")                                                                                          \
    X(LOST, "lost")
#define BEEP_EXCHANGE_EVENTS(X)                                                                              \
    X(MSG_PART, "MSG *")                                                                                     \
    X(MSG, "MSG .")                                                                                          \
    X(RPY_PART, "RPY *")                                                                                     \
    X(RPY, "RPY .")                                                                                          \
    X(ERR_PART, "ERR *")                                                                                     \
    X(ERR, "ERR .")                                                                                          \
    X(ANS_PART, "ANS *")                                                                                     \
    X(ANS, "ANS .")                                                                                          \
    X(NUL, "NUL .")
#define BEEP_EXCHANGE_PARTIES(X)                                                                             \
    X(ANY, "either")                                                                                         \
    X(CLIENT, "client")           /* sent the MSG */                                                         \
    X(SERVER, "server")

/* --- tuning (3080 3.1, 4.1): one for the session -------------------------------------------------------------------------------- */
#define BEEP_TUNING_STATES(X)                                                                                \
    X(PLAIN, "plain")             /* nothing negotiated */                                                   \
    X(READY, "ready")             /* TLS asked for */                                                        \
    X(PROCEED, "proceed")         /* TLS granted: handshake */                                               \
    X(SECURED, "secured")         /* TLS stands */                                                           \
    X(BLOB, "blob")               /* SASL: the client said something, the server owes an answer */           \
    X(CHALLENGED, "challenged")   /* SASL: the server asked back */                                          \
    X(ABORTING, "aborting")       /* SASL: the client gave up */                                             \
    X(AUTHENTICATED, "authenticated")                                                                        \
    X(LOST, "lost")
#define BEEP_TUNING_EVENTS(X)                                                                                \
    X(READY, "ready")                                                                                        \
    X(PROCEED, "proceed")                                                                                    \
    X(TLS_ERROR, "tls-error")     /* error to ready */                                                       \
    X(TLS_OPEN, "tls")            /* handshake completed */                                                  \
    X(TLS_FAILED, "tls-failed")                                                                              \
    X(BLOB, "blob")               /* of the client */                                                        \
    X(CHALLENGE, "challenge")     /* blob of the server, continue */                                         \
    X(COMPLETE, "complete")       /* blob of the server, complete */                                         \
    X(ABORT, "abort")             /* blob of the client, abort */                                            \
    X(SASL_ERROR, "sasl-error")   /* error of the server */                                                  \
    X(TALK, "talk")               /* any other frame */
#define BEEP_TUNING_PARTIES(X)                                                                               \
    X(ANY, "either")                                                                                         \
    X(CLIENT, "client")           /* asked to be tuned */                                                    \
    X(SERVER, "server")
#define BEEP_TUNING_GUARDS(X)                                                                                \
    X(NONE, "")                                                                                              \
    X(UNDER_TLS, "TLS stands")                                                                               \
    X(NO_TLS, "TLS does not stand")

#define BEEP_ENUM_SS(n, s) BEEP_SS_##n,
#define BEEP_ENUM_SE(n, s) BEEP_SE_##n,
#define BEEP_ENUM_SP(n, s) BEEP_SP_##n,
#define BEEP_ENUM_CS(n, s) BEEP_CS_##n,
#define BEEP_ENUM_CE(n, s) BEEP_CE_##n,
#define BEEP_ENUM_CP(n, s) BEEP_CP_##n,
#define BEEP_ENUM_XS(n, s) BEEP_XS_##n,
#define BEEP_ENUM_XE(n, s) BEEP_XE_##n,
#define BEEP_ENUM_XP(n, s) BEEP_XP_##n,
#define BEEP_ENUM_TS(n, s) BEEP_TS_##n,
#define BEEP_ENUM_TE(n, s) BEEP_TE_##n,
#define BEEP_ENUM_TP(n, s) BEEP_TP_##n,
#define BEEP_ENUM_TG(n, s) BEEP_TG_##n,
enum beep_session_state { BEEP_SESSION_STATES(BEEP_ENUM_SS) BEEP_SS_COUNT };
enum beep_session_event { BEEP_SESSION_EVENTS(BEEP_ENUM_SE) BEEP_SE_COUNT };
enum beep_session_party { BEEP_SESSION_PARTIES(BEEP_ENUM_SP) BEEP_SP_COUNT };
enum beep_channel_state { BEEP_CHANNEL_STATES(BEEP_ENUM_CS) BEEP_CS_COUNT };
enum beep_channel_event { BEEP_CHANNEL_EVENTS(BEEP_ENUM_CE) BEEP_CE_COUNT };
enum beep_channel_party { BEEP_CHANNEL_PARTIES(BEEP_ENUM_CP) BEEP_CP_COUNT };
enum beep_exchange_state { BEEP_EXCHANGE_STATES(BEEP_ENUM_XS) BEEP_XS_COUNT };
enum beep_exchange_event { BEEP_EXCHANGE_EVENTS(BEEP_ENUM_XE) BEEP_XE_COUNT };
enum beep_exchange_party { BEEP_EXCHANGE_PARTIES(BEEP_ENUM_XP) BEEP_XP_COUNT };
enum beep_tuning_state { BEEP_TUNING_STATES(BEEP_ENUM_TS) BEEP_TS_COUNT };
enum beep_tuning_event { BEEP_TUNING_EVENTS(BEEP_ENUM_TE) BEEP_TE_COUNT };
enum beep_tuning_party { BEEP_TUNING_PARTIES(BEEP_ENUM_TP) BEEP_TP_COUNT };
enum beep_tuning_guard { BEEP_TUNING_GUARDS(BEEP_ENUM_TG) BEEP_TG_COUNT };

/* What the guards of the tuning machine look at. */
struct beep_tuning_facts {
    bool under_tls;
};

extern const struct fsm beep_session_machine, beep_channel_machine, beep_exchange_machine, beep_tuning_machine;

/* --- faults -------------------------------------------------------------------------------------------------------------- */

/* What a receiver does about it.  SESSION: the session ends without any response (2.2.1.1 to 2.2.1.3; 3081 3.1.3).  ILL and INVALID: a MSG is answered by
 * ERR 500 or ERR 501, a reply on channel 0 ends the session (2.2.2.1, 2.3.1.5).  UNWANTED: a MSG that is understood and refused.  NOTHING: nothing. */
enum beep_remedy { BEEP_DO_NOTHING, BEEP_DO_SESSION, BEEP_DO_ILL, BEEP_DO_INVALID, BEEP_DO_UNWANTED };

/* X(NAME, clause, defect, severity, remedy, text) */
#define BEEP_FAULTS(X)                                                                                                                 \
    /* frames: what one frame shows by itself (codec) */                                                                               \
    X(KEYWORD, BEEP_2_2_1_2, NONE, FAIL, SESSION, "frame does not begin with MSG, RPY, ERR, ANS, NUL or SEQ")                       \
    X(KEYWORD_CASE, BEEP_2_2_1_2, BEEP_D21, WEAK, SESSION, "keyword of a frame is not in capitals")                                 \
    X(FIELDS, BEEP_2_2_1_3, NONE, FAIL, SESSION, "frame header has too few or too many fields")                                        \
    X(BLANKS, BEEP_2_2_1_3, NONE, FAIL, SESSION, "fields of a frame header are not separated by a single SP")                        \
    X(CHANNEL, BEEP_2_2_1_1_2, NONE, FAIL, SESSION, "channel number is no number up to 2147483647")                                      \
    X(MSGNO, BEEP_2_2_1_1_3, NONE, FAIL, SESSION, "message number is no number up to 2147483647")                                        \
    X(MORE, BEEP_2_2_1_1_25, NONE, FAIL, SESSION, "continuation indicator is neither '.' nor '*'")                                        \
    X(SEQNO_FORM, BEEP_2_2_1_1_4, NONE, FAIL, SESSION, "sequence number is no number up to 4294967295")                                  \
    X(SIZE, BEEP_2_2_1_1_5, NONE, FAIL, SESSION, "size is no number up to 2147483647")                                                   \
    X(ANSNO, BEEP_2_2_1_1_7, NONE, FAIL, SESSION, "answer number is no number up to 4294967295")                                         \
    X(ANSNO_HIGH, BEEP_2_2_1_1_7, BEEP_D01, WEAK, NOTHING, "answer number is over 2147483647")                                           \
    X(ZEROS, BEEP_2_2_1_12, BEEP_D10, NOTE, NOTHING, "number with leading zeros")                                                      \
    X(HEAD_EOL, BEEP_2_2_1_1, NONE, FAIL, SESSION, "frame header does not end with CRLF")                                                \
    X(HEAD_LONG, BEEP_2_2_1_3, NONE, FAIL, SESSION, "frame header is longer than any header can be")                                   \
    X(TRAILER, BEEP_2_2_1_3_1, NONE, FAIL, SESSION, "payload is not followed by END CRLF")                                             \
    X(TRAILER_CASE, BEEP_2_2_1_3_1, BEEP_D21, WEAK, SESSION, "END behind the payload is not in capitals")                              \
    X(NUL_FORM, BEEP_2_1_1_1, NONE, FAIL, SESSION, "NUL with '*' or with payload")                                                  \
    X(SEQ_FORM, BEEPTCP_3_1_3_2, NONE, FAIL, SESSION, "SEQ is not channel, ackno and window")                                          \
    X(SEQ_RANGE, BEEPTCP_3_1_3_2, NONE, FAIL, SESSION, "ackno or window of SEQ is out of range")                                       \
    X(FRAME_LONG, BEEPTCP_3_1_2_1, BEEP_D09, NOTE, SESSION, "frame is larger than the limit")                                          \
    X(HALF, BEEP_2_2_1_11, NONE, NOTE, NOTHING, "connection ended inside a frame")                                                     \
    /* frames: against what came before (tracker) */                                                                                   \
    X(NO_CHANNEL, BEEP_2_2_1_1_14, NONE, FAIL, SESSION, "frame on a channel that does not exist")                                      \
    X(MSG_REUSED, BEEP_2_2_1_1_3, NONE, FAIL, SESSION, "MSG reuses the number of a MSG that is not answered")                         \
    X(REPLY_AGAIN, BEEP_2_1_1_1, NONE, FAIL, SESSION, "reply to a MSG that is answered completely")                                 \
    X(REPLY_UNKNOWN, BEEP_2_1_1_1, NONE, FAIL, SESSION, "reply to a message number that was never sent")                            \
    X(KEYWORD_CHANGED, BEEP_2_2_1_1_18, NONE, FAIL, SESSION, "keyword differs from that of the frame before for this message")         \
    X(NUL_AFTER, BEEP_2_2_1_1_19, NONE, FAIL, SESSION, "NUL after a frame that is no ANS")                                             \
    X(NUL_OPEN, BEEP_2_2_1_1_25, NONE, FAIL, SESSION, "NUL while an answer is not complete")                                           \
    X(INTERLEAVED, BEEP_2_2_1_1_8, NONE, FAIL, SESSION, "frame of another message before the one begun is complete")                  \
    X(SEQNO, BEEP_2_2_1_1_4, NONE, FAIL, SESSION, "sequence number is not the expected one")                                          \
    X(SEQNO_FIRST, BEEP_2_2_1_2_1, NONE, FAIL, SESSION, "first payload octet of a channel is not numbered 0")                          \
    X(EARLY_REPLY, BEEP_2_1_1_1, NONE, FAIL, NOTHING, "reply other than ERR before the MSG is complete")                               \
    X(NOT_CUT, BEEP_2_6_3_2, NONE, FAIL, NOTHING, "MSG goes on with payload after an early ERR was received")                          \
    X(REPLY_ORDER, BEEP_2_6_1_2, NONE, FAIL, NOTHING, "replies of a channel in another order than its MSGs")                           \
    X(WINDOW, BEEPTCP_3_1_2_1, NONE, FAIL, NOTHING, "payload lies beyond the window")                                              \
    X(SEQ_CHANNEL, BEEPTCP_3_1_3_5, NONE, FAIL, SESSION, "SEQ for a channel that does not exist")                                      \
    X(SEQ_AHEAD, BEEPTCP_3_1_3_4, NONE, FAIL, SESSION, "SEQ acknowledges octets that were never sent")                             \
    X(SEQ_BACK, BEEPTCP_3_1_3_4, BEEP_D11, WEAK, NOTHING, "SEQ acknowledges less than one before it")                                  \
    X(SEQ_STALE, BEEPTCP_3_1_3_4, BEEP_D11, WEAK, NOTHING, "SEQ acknowledges less than what was answered before it")                \
    X(SEQ_SHRINKS, BEEPTCP_3_1_4_7, BEEP_D11, WEAK, NOTHING, "SEQ moves the right edge of the window back")                            \
    X(LIMIT, BEEP_2_3_2, NONE, NOTE, SESSION, "more channels, messages or answers at once than the limit")                             \
    /* session */                                                                                                                      \
    X(NO_GREETING, BEEP_2_3_1_1_1, NONE, FAIL, SESSION, "first frame is no greeting")                                                  \
    X(GREETING_AGAIN, BEEP_2_3_1_1_1, NONE, FAIL, SESSION, "second greeting")                                                          \
    X(GREETING_FRAME, BEEP_2_3_1_1_3, NONE, FAIL, SESSION, "greeting is not RPY 0 0 with sequence number 0")                           \
    X(REFUSED_BY_INITIATOR, BEEP_2_3_1_5_6, BEEP_D26, WEAK, SESSION, "initiator sends error in place of its greeting")                     \
    X(RELEASED, BEEP_2_4_2, NONE, FAIL, NOTHING, "message after the release was agreed")                                               \
    X(ORDER, BEEP_2_4_2, NONE, FAIL, NOTHING, "message out of order in the session")                                                   \
    X(AFTER_READY, BEEP_3_1_3_1_1, NONE, FAIL, NOTHING, "traffic between ready and its reply")                                         \
    X(SEQ_AFTER_READY, BEEP_3_1_3_1_1, BEEP_D13, NOTE, NOTHING, "SEQ between ready and the negotiation")                               \
    X(READY_HELD, BEEP_3_1_3_2_1, NONE, FAIL, NOTHING, "traffic other than owed replies between ready and its reply")                  \
    X(AFTER_PROCEED, BEEP_3_1_3_2_2, NONE, FAIL, NOTHING, "traffic after proceed")                                                     \
    X(NOT_TLS, BEEP_3_1_3_2_3, NONE, FAIL, NOTHING, "octets after proceed that are no TLS")                                            \
    /* channel management: one message by itself (codec) */                                                                            \
    X(MIME, BEEP_2_2_7, NONE, FAIL, ILL, "message headers cannot be read")                                                             \
    X(TYPE, BEEP_7_1_1, NONE, FAIL, ILL, "content type of channel management is not application/beep+xml")                             \
    X(XML_ILL, BEEP_7_1_2, NONE, FAIL, ILL, "XML is not well-formed")                                                                    \
    X(XML_DECL, BEEP_6_4_1, NONE, FAIL, ILL, "XML declaration")                                                                        \
    X(XML_DOCTYPE, BEEP_6_4_1, NONE, FAIL, ILL, "document type declaration")                                                           \
    X(XML_ENTITY, BEEP_6_4_1, NONE, FAIL, ILL, "entity other than the five predefined")                                                \
    X(XML_LIMIT, BEEP_7_1_2, NONE, NOTE, ILL, "XML passes a limit of size, depth or number")                                           \
    X(CHARSET, BEEP_6_4_2, NONE, NOTE, ILL, "character set that is not known here")                                                    \
    X(ELEMENT, BEEP_7_1_2, NONE, FAIL, INVALID, "element that channel management does not have here")                                  \
    X(ATTRIBUTE, BEEP_7_1_2, NONE, FAIL, INVALID, "attribute that the element does not have")                                          \
    X(CONTENT, BEEP_7_1_2, NONE, FAIL, INVALID, "content that the element does not have")                                              \
    X(GREETING_CONTENT, BEEP_2_3_1_1_5, NONE, FAIL, INVALID, "profile of a greeting has content")                                      \
    X(FEATURES, BEEP_2_3_1_1_4, NONE, FAIL, INVALID, "features are no list of tokens")                                                 \
    X(FEATURE_NAME, BEEP_5_2_1, NONE, FAIL, NOTHING, "feature that is not registered and does not begin with x-")                      \
    X(LOCALIZE, BEEP_7_1_3, BEEP_D05, NOTE, NOTHING, "localize lists several tokens")                                                  \
    X(NUMBER, BEEP_2_3_1_2_14, NONE, FAIL, INVALID, "number of start is missing or not 1 to 2147483647")                                \
    X(NO_PROFILE, BEEP_2_3_1_2_14, NONE, FAIL, INVALID, "start without profile")                                                        \
    X(PROFILE_URI, BEEP_2_3_1_2_14, NONE, FAIL, INVALID, "profile without uri")                                                         \
    X(ENCODING, BEEP_2_3_1_2_14, NONE, FAIL, INVALID, "encoding is neither none nor base64, or its content is not base64")              \
    X(INIT_LONG, BEEP_2_3_1_2_3, NONE, FAIL, INVALID, "initialization content is longer than 4096 octets")                             \
    X(CLOSE_NUMBER, BEEP_2_3_1_3_11, NONE, FAIL, INVALID, "number of close is not 0 to 2147483647")                                     \
    X(CLOSE_CODE, BEEP_2_3_1_3_11, NONE, FAIL, INVALID, "code of close is missing or not three digits from 100 to 599")                 \
    X(OK_CONTENT, BEEP_2_3_1_4_1, NONE, FAIL, INVALID, "ok with attributes or content")                                                \
    X(ERROR_CODE, BEEP_2_3_1_5_1, NONE, FAIL, INVALID, "code of error is missing or not three digits from 100 to 599")                 \
    X(READY_FORM, BEEP_7_2_1, NONE, FAIL, INVALID, "ready or proceed with content or unknown attributes")                              \
    X(BLOB_FORM, BEEP_7_3_1, NONE, FAIL, INVALID, "blob with an unknown status or attribute")                                          \
    X(BLOB_BASE64, BEEP_4_1_2_1, NONE, FAIL, INVALID, "blob is not base64")                                                            \
    /* channel management: against what came before (tracker) */                                                                       \
    X(MGMT_KEYWORD, BEEP_7_1_2, NONE, FAIL, INVALID, "element in a message of the wrong kind")                                         \
    X(MGMT_ANS, BEEP_6_1_1, NONE, FAIL, SESSION, "channel management answers one to many")                                             \
    X(PARITY_INITIATOR, BEEP_2_3_1_2_4, NONE, FAIL, INVALID, "initiator starts a channel with an even number")                         \
    X(PARITY_LISTENER, BEEP_2_3_1_2_5, NONE, FAIL, INVALID, "listener starts a channel with an odd number")                            \
    X(IN_USE, BEEP_2_3_1_2_10, NONE, FAIL, UNWANTED, "start of a channel that exists")                                                 \
    X(PROFILE_OTHER, BEEP_2_3_1_2_9, NONE, FAIL, NOTHING, "the profile of the answer was not proposed")                                \
    X(ANSWER, BEEP_7_1_2, NONE, FAIL, NOTHING, "the answer does not fit what was asked")                                               \
    X(CLOSE_UNKNOWN, BEEP_2_3_1_3_13, NONE, FAIL, UNWANTED, "close of a channel that does not exist")                                   \
    X(CLOSE_EARLY, BEEP_2_3_1_3_9, NONE, WEAK, NOTHING, "close while own MSGs are not acknowledged")                                   \
    X(MSG_AFTER_CLOSE, BEEP_2_3_1_3_3, NONE, FAIL, NOTHING, "MSG on a channel that its sender asked to close")                         \
    X(OK_EARLY, BEEP_2_3_1_3_6, NONE, FAIL, NOTHING, "ok to a close while replies are not complete")                                   \
    X(OTHER_ERROR_CODE, BEEP_8_6, NONE, NOTE, NOTHING, "reply code that RFC 3080 does not list")                                       \
    /* tuning (tracker) */                                                                                                             \
    X(TWO_TUNINGS, BEEP_2_3, NONE, FAIL, UNWANTED, "second tuning while one is under way")                                             \
    X(TLS_AFTER_SASL, BEEP_4_1_1, NONE, FAIL, UNWANTED, "transport security after authentication")                                     \
    X(LAYER_AFTER_TLS, BEEP_4_1_1, NONE, FAIL, NOTHING, "SASL security layer after transport security")                                \
    X(AUTH_AGAIN, BEEP_4_1, NONE, FAIL, UNWANTED, "second authentication after one succeeded")                                         \
    X(BLOB_CLIENT, BEEP_4_1_3_3, NONE, FAIL, UNWANTED, "client says complete, or goes on unasked")                                     \
    X(BLOB_SERVER, BEEP_4_1_3_3, NONE, FAIL, NOTHING, "server says abort, or answers an abort with anything but error")                \
    X(TUNING_ORDER, BEEP_6_3_1, NONE, FAIL, UNWANTED, "tuning message out of order")

#define BEEP_ENUM_F(n, c, d, s, r, t) BEEP_F_##n,
enum beep_fault_code { BEEP_F_NONE, BEEP_FAULTS(BEEP_ENUM_F) BEEP_F_COUNT };

/* Indexed by enum beep_fault_code; entry 0 is "none". */
extern const struct fault_info beep_faults[BEEP_F_COUNT];
extern const uint8_t beep_remedies[BEEP_F_COUNT]; /* enum beep_remedy */

/* --- names and numbers ---------------------------------------------------------------------------------------------------- */
#define BEEP_MEDIA_TYPE "application/beep+xml"     /* 7.1 */
#define BEEP_URI_TLS    "http://iana.org/beep/TLS" /* 3.1.1 */
#define BEEP_URI_SASL   "http://iana.org/beep/SASL/" /* 4.1.1, followed by the mechanism in capitals (BEEP-D06) */
#define BEEP_NUMBER_MAX 2147483647u
#define BEEP_WINDOW     4096u /* initial, of every channel in each direction (3081 3.1.1) */
#define BEEP_INIT_MAX   4096u /* octets of a profile element's content (2.3.1.2) */

/* What a reply code of RFC 3080 section 8 says; NULL when it is not in the list. */
const char *beep_code_text(unsigned code);

#endif
