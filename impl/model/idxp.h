/* SPDX-License-Identifier: MIT */
/* idxp: what draft-ietf-idwg-beep-idxp-01 and RFC 4767 say, as const data: the machine of an IDXP channel, the list of faults, names and numbers.  The two texts are
 * dialects: `draft` and `rfc`. */
#ifndef MODEL_IDXP_H
#define MODEL_IDXP_H

#include "base/fsm.h"
#include "model/fault.h"

enum idxp_dialect { IDXP_DRAFT, IDXP_RFC, IDXP_DIALECTS };
enum idxp_role { IDXP_NO_ROLE, IDXP_CLIENT, IDXP_SERVER };
enum idxp_stream { IDXP_NO_STREAM, IDXP_ALERT, IDXP_HEARTBEAT, IDXP_CONFIG }; /* RFC 4767 4.2 */

/* --- channel (draft 3.2, 3.4, 3.4.1; RFC 4767 the same) ------------------------------------------------------------------
 * A peer is identified by the newest greeting of its own that was answered with ok.  FIRST is the peer that is ahead: its greeting is in force or was sent first.
 * The content of start and of its answer are events as if they were the first MSG and its reply (3.2).
 *
 * One greeting a peer can be open here.  One that is sent before the one in front was answered is stepped when that answer was.  OK and ERROR are those to greetings,
 * ACCEPT and REJECT those to data. */
#define IDXP_STATES(X)                                                                                       \
    X(NONE, "none")                 /* nobody greeted */                                                     \
    X(ASKED, "asked")               /* one did, unanswered */                                                \
    X(CROSSED, "crossed")           /* both did, unanswered */                                               \
    X(HALF, "half")                 /* one greeting is in force */                                           \
    X(HALF_ASKED, "half-asked")     /* and the other peer's is unanswered */                                 \
    X(HALF_AGAIN, "half-again")     /* one is in force, and its sender greeted anew */                       \
    X(HALF_CROSSED, "half-crossed") /* and the other peer greeted as well */                                 \
    X(READY, "ready")               /* both are in force */                                                  \
    X(AGAIN, "again")               /* and one peer greeted anew */                                          \
    X(AGAIN_CROSSED, "again-crossed") /* and both did */                                                     \
    X(CLOSED, "closed")                                                                                      \
    X(LOST, "lost")
#define IDXP_EVENTS(X)                                                                                       \
    X(GREETING, "greeting")                                                                                  \
    X(OK, "ok")                                                                                              \
    X(ERROR, "error")                                                                                        \
    X(DATA, "data")                 /* first octets of a MSG that is no greeting */                          \
    X(ACCEPT, "accept")             /* ok to data */                                                         \
    X(REJECT, "reject")             /* error to data */                                                      \
    X(CLOSE, "close")               /* the channel ended, by whomever */
#define IDXP_PARTIES(X)                                                                                      \
    X(ANY, "either")                                                                                         \
    X(FIRST, "first")                                                                                        \
    X(SECOND, "second")
/* Of the peer that does it: its role in force, or where it has none the one that it asked for. */
#define IDXP_GUARDS(X)                                                                                       \
    X(NONE, "")                                                                                              \
    X(CLIENT, "the sender is client")                                                                        \
    X(SERVER, "the sender is not client")                                                                    \
    X(DRAFT, "by the draft")                                                                                 \
    X(DRAFT_CLIENT, "the sender is client, by the draft")                                                    \
    X(RFC, "by the RFC")                                                                                     \
    X(RFC_CLIENT, "the sender is client, by the RFC")

#define IDXP_ENUM_S(n, s) IDXP_S_##n,
#define IDXP_ENUM_E(n, s) IDXP_E_##n,
#define IDXP_ENUM_P(n, s) IDXP_P_##n,
#define IDXP_ENUM_G(n, s) IDXP_G_##n,
enum idxp_state { IDXP_STATES(IDXP_ENUM_S) IDXP_S_COUNT };
enum idxp_event { IDXP_EVENTS(IDXP_ENUM_E) IDXP_E_COUNT };
enum idxp_party { IDXP_PARTIES(IDXP_ENUM_P) IDXP_P_COUNT };
enum idxp_guard { IDXP_GUARDS(IDXP_ENUM_G) IDXP_G_COUNT };

struct idxp_facts { /* of the side whose event is asked for */
    enum idxp_dialect dialect;
    enum idxp_role role;
};

extern const struct fsm idxp_machine;

/* --- faults -------------------------------------------------------------------------------------------------------------
 * X(NAME, clause, defect, severity, code, text).  code: what a receiver answers; 0: nothing, or there is nobody to answer. */
#define IDXP_FAULTS(X)                                                                                                              \
    /* one message by itself (codec) */                                                                                             \
    X(MIME, BEEP_2_2_7, NONE, FAIL, 500, "message headers cannot be read")                                                          \
    X(TYPE_DRAFT, IDXP_3_3_1, NONE, WEAK, 504, "content type is none of the three that the draft names")                            \
    X(TYPE, IDXPRFC_3_3_1, NONE, FAIL, 504, "content type is none of the three that may be")                                        \
    X(TYPE_XML, IDXPRFC_3_3_1, IDXP_D28, WEAK, 0, "content type is another one of XML than text/xml")                               \
    X(UNTYPED, IDXP_3_3_3, IDXP_D15, WEAK, 0, "element without Content-Type: by the default it is binary data")                     \
    X(UNTYPED_RFC, IDXPRFC_3_3_1, IDXP_D15, WEAK, 0, "message without Content-Type")                                                 \
    X(XML_ILL, IDXP_3_3_2, NONE, FAIL, 500, "XML is not well-formed")                                                                 \
    X(XML_DECL, IDXP_3_3_2, IDXP_D12, NOTE, 0, "XML declaration")                                                                   \
    X(XML_DOCTYPE, IDXP_3_3_2, NONE, FAIL, 500, "document type declaration")                                                        \
    X(XML_ENTITY, IDXP_3_3_2, NONE, FAIL, 500, "entity other than the five predefined")                                             \
    X(XML_LIMIT, IDXP_3_3_2, NONE, NOTE, 554, "XML passes a limit of size, depth or number")                                          \
    X(CHARSET, IDXP_3_3_2, NONE, NOTE, 504, "character set that is not known here")                                                 \
    X(ELEMENT, IDXP_4_3, NONE, FAIL, 501, "element that IDXP does not have")                                                    \
    X(ELEMENT_HERE, IDXP_4_6, NONE, FAIL, 501, "element that may not stand here")                                                   \
    X(ATTRIBUTE, IDXP_4_9, NONE, FAIL, 501, "attribute that the element does not have")                                             \
    X(IP_RFC, IDXPRFC_9_1_1, NONE, FAIL, 501, "ip attribute, which RFC 4767 dropped")                                             \
    X(CONTENT, IDXP_3_3_2, NONE, FAIL, 501, "content that the element does not have")                                                 \
    X(TEXT_RFC, IDXPRFC_9_1_1, NONE, FAIL, 501, "text in a greeting, which RFC 4767 dropped")                                     \
    X(OPTION_DRAFT, IDXP_3_3_2, NONE, FAIL, 501, "Option in a greeting, which the draft does not have")                               \
    X(ROLE_MISSING, IDXP_3_4_1_2, NONE, FAIL, 501, "greeting without role")                                                         \
    X(ROLE, IDXP_4_2, NONE, FAIL, 501, "role is neither client nor server")                                                         \
    X(URI_MISSING, IDXP_3_4_1_3, NONE, FAIL, 501, "greeting without uri")                                                           \
    X(URI, IDXP_4_9, NONE, FAIL, 553, "uri is no URI")                                                                              \
    X(FQDN, IDXP_4_9, NONE, FAIL, 553, "fqdn is no domain name")                                                                    \
    X(IP, IDXP_4_9, NONE, FAIL, 553, "ip is not four groups of one to three digits")                                            \
    X(IP_RANGE, IDXP_4_4, IDXP_D13, NOTE, 0, "ip holds a group over 255")                                                           \
    X(OPTION_ROOT, IDXPRFC_3_4_2_3, NONE, FAIL, 501, "Option outside of a greeting")                                                \
    X(OPTION_NAME, IDXPRFC_4_7, NONE, FAIL, 501, "Option with both or neither of internal and external")                        \
    X(OPTION_EXTERNAL, IDXPRFC_4_4, NONE, WEAK, 553, "external of an Option is no absolute URI")                                    \
    X(OPTION_MUST, IDXPRFC_9_1_4, NONE, FAIL, 501, "mustUnderstand is neither true nor false")                                        \
    X(OPTION_ATTRIBUTE, IDXPRFC_9_1_4, NONE, FAIL, 501, "attribute that Option does not have")                                        \
    X(OPTION_UNKNOWN, IDXPRFC_4_2, NONE, NOTE, 504, "an Option that has to be understood is not known here")                        \
    X(OPTION_EMPTY, IDXPRFC_4_7, IDXP_D23, NOTE, 0, "internal or external is empty: it is taken for absent")                         \
    X(OPTION_TWICE, IDXPRFC_3_4_2_2, IDXP_D27, NOTE, 0, "an Option stands twice: the last one holds")                                       \
    X(PRIORITY, IDXPRFC_4_1_5, NONE, FAIL, 501, "channelPriority is not one empty element with priority from 0 to 2147483647")      \
    X(STREAM_TYPE, IDXPRFC_4_2_4, NONE, FAIL, 501, "streamType is not one empty element with type alert, heartbeat or config")      \
    X(OK_CONTENT, IDXP_4_8, NONE, FAIL, 501, "ok with attributes or content")                                                       \
    X(ERROR_CODE, IDXP_4_8, NONE, FAIL, 501, "code of error is missing or not three digits")                                        \
    X(OTHER_CODE, IDXP_5_14, NONE, FAIL, 0, "reply code that IDXP does not list")                                               \
    X(BLANKS, IDXP_3_2_2, IDXP_D12, NOTE, 0, "white space around the element in a profile element")                                 \
    /* data */                                                                                                                      \
    X(IDMEF_ILL, IDMEF_6_1_1, NONE, FAIL, 500, "IDMEF-Message is not well-formed")                                                     \
    X(IDMEF_INVALID, IDMEF_8_1, IDMEF_D08, WEAK, 501, "IDMEF-Message is not valid")                                                   \
    X(IDMEF_LIMIT, IDXP_3_3_2, NONE, NOTE, 554, "IDMEF-Message passes a limit")                                                      \
    /* against what came before (tracker, peers) */                                                                                 \
    X(NO_GREETING, IDXP_3_2_7, IDXP_D08, WEAK, 554, "data before a greeting of its sender")                                             \
    X(HALF_GREETED, IDXP_3_4_3, IDXP_D24, NOTE, 0, "data before both greetings are in force")                                       \
    X(HALF_GREETED_RFC, IDXPRFC_3_2_2, NONE, FAIL, 554, "data before both greetings are in force")                                  \
    X(DATA_EARLY, IDXP_3_4_1_9, IDXP_D10, WEAK, 0, "data while a greeting of its sender is unanswered")                             \
    X(NOT_CLIENT, IDXP_2_2_6, NONE, FAIL, 554, "data of a peer that is not client")                                                 \
    X(SAME_ROLES, IDXP_2_2_4, IDXP_D09, WEAK, 554, "both peers are in one role")                                                    \
    X(ONE_TO_MANY, IDXP_3_4_6, NONE, FAIL, 0, "ANS or NUL on an IDXP channel")                                                      \
    X(REPLY, IDXP_4_6, NONE, FAIL, 0, "reply whose element does not fit its keyword")                                               \
    X(REPLY_EMBEDDED, IDXP_3_2_4, NONE, FAIL, 0, "answer to an embedded greeting is neither ok nor error")                          \
    X(DECLINED, IDXP_3_2_3, IDXP_D07, NOTE, 0, "embedded greeting is refused by declining the channel")                             \
    X(CHANNEL_ZERO, IDXP_3_4_1, IDXP_D02, WEAK, 501, "greeting on channel 0")                                                    \
    X(TYPE_ON_ZERO, BEEP_7_1_1, IDXP_D03, NOTE, 0, "start or its answer as text/xml")                                            \
    X(ORDER, IDXP_3_4_1_8, NONE, FAIL, 0, "answer without a greeting or data")

#define IDXP_ENUM_F(n, c, d, s, r, t) IDXP_F_##n,
enum idxp_fault_code { IDXP_F_NONE, IDXP_FAULTS(IDXP_ENUM_F) IDXP_F_COUNT };

/* Indexed by enum idxp_fault_code; entry 0 is "none". */
extern const struct fault_info idxp_faults[IDXP_F_COUNT];
extern const uint16_t idxp_fault_replies[IDXP_F_COUNT]; /* the code to answer with, or 0 */

/* --- names and numbers ---------------------------------------------------------------------------------------------------- */
#define IDXP_URI_DRAFT "http://www.cs.hmc.edu/idwg/IDXP" /* draft 3.2 */
#define IDXP_URI_RFC   "http://idxp.org/beep/profile"    /* RFC 4767 3.2 */
#define IDXP_PORT      603u                              /* RFC 4767 8.2 */
#define IDXP_PRIORITY_MAX 2147483647u                    /* RFC 4767 4.1 */

extern const char *const idxp_uris[IDXP_DIALECTS];
extern const char *const idxp_dialect_names[IDXP_DIALECTS]; /* "draft", "rfc" */
extern const char *const idxp_role_names[3];                /* "", "client", "server" */
extern const char *const idxp_stream_names[4];              /* "", "alert", "heartbeat", "config" */
/* What one of the thirteen codes says (draft 5, RFC 4767 10); NULL for any other. */
const char *idxp_code_text(unsigned code);

#endif
