/* SPDX-License-Identifier: MIT */
/* mutate: the one list of deliberate mistakes.  A mutant is the reference peer with exactly one thing wrong; the suite has to catch each by a case that
 * cites one of the mutant's clauses.  "format" mistakes are changes to a composed message and stand in a table in mutate.c; the others are asked
 * for by name where the peer decides. */
#ifndef PEER_MUTATE_H
#define PEER_MUTATE_H

#include "codec/iap_msg.h"
#include "peer/mutant.h"

/* X(NAME, "name", roles it can be played in, "clauses that it breaks", "what it does") */
#define IAP_MUTANTS(X)                                                                                                      \
    /* answers: form */                                                                                                     \
    X(REASON_PHRASE, "reason-phrase", R_ANY, "IAP-4.3.1-2", "answers 200 OK instead of 200")                                \
    X(ONE_CRLF, "one-crlf", R_ANY, "IAP-4.2-1 IAP-4.2-4 IAP-4.3.1-1", "ends responses with one CRLF")                       \
    X(LF_ONLY, "lf-only", R_ANY, "IAP-4.2-1 IAP-4.3.1-1", "ends lines of responses with LF")                                \
    X(NO_PREFIX, "no-prefix", R_ANY, "IAP-4-1 IAP-4-2 IAP-4.3.1-1", "leaves IAP/0.3 out of set-up responses")               \
    X(NO_DATA_PREFIX, "no-data-prefix", R_MANAGER, "IAP-4.3.5-9 IAP-4.3.1-1 IAP-4-2", "leaves IAP/0.3 out of data-phase responses") \
    X(OLD_PREFIX, "old-prefix", R_ANY, "IAP-4.2-5 IAP-1.6-2", "answers with the prefix IAP/0.2")                            \
    X(SHORT_CODE, "short-code", R_ANY, "IAP-4.3.1-3 IAP-4.3.1-1", "answers with a two-digit code")                          \
    X(LONG_CODE, "long-code", R_ANY, "IAP-4.3.1-3 IAP-4.3.1-1", "answers with a four-digit code")                           \
    X(EXTRA_LINE, "extra-line", R_ANY, "IAP-4.3.1-1 IAP-4-1", "adds a Server line to responses")                            \
    X(CODE_999, "code-999", R_ANY, "IAP-4-4 IAP-2-3", "refuses with code 999")                                              \
    /* answers: codes and order */                                                                                          \
    X(ACCEPT_201, "accept-201", R_BOTH, "IAP-3.1-6", "accepts the connection with 201")                                     \
    X(UPGRADE_200, "upgrade-200", R_BOTH, "IAP-3.2-8 IAP-3.2-7", "accepts the upgrade with 200")                            \
    X(CHANNEL_202, "channel-202", R_BOTH, "IAP-3.3-5", "accepts the channel with 202")                                      \
    X(STORE_204, "store-204", R_MANAGER, "IAP-4.4-9 IAP-1.7-3 IAP-4-3", "answers alerts with 204")                          \
    X(GREETS, "greets", R_BOTH, "IAP-4.3.1-4 IAP-2.3-1", "sends 200 before anything was asked")                             \
    X(ANSWERS_TWICE, "answers-twice", R_BOTH, "IAP-4.3.1-4 IAP-2-1", "answers the connect request twice")                   \
    X(ALERT_TWICE, "alert-twice", R_MANAGER, "IAP-4.3.1-4 IAP-2-1", "answers each alert twice")                             \
    X(MUTE, "mute", R_BOTH, "IAP-4-3 IAP-3.1-2", "never answers the connect request")                                       \
    X(MUTE_ON_BAD, "mute-on-bad", R_BOTH, "IAP-4-3 IAP-3.2-6", "neither answers nor closes on a request that it does not understand") \
    X(MUTE_ON_ALERT, "mute-on-alert", R_MANAGER, "IAP-4-3", "takes alerts without answering")                               \
    X(RESPONDER_ASKS, "responder-asks", R_BOTH, "IAP-2.3-1", "sends a connect request as TCP responder")                    \
    X(NO_DEADLINE, "no-deadline", R_BOTH, "IAP-3.2-5", "waits for the upgrade request for ever")                            \
    /* requests taken that must not be */                                                                                   \
    X(TAKES_NO_PREFIX, "takes-no-prefix", R_BOTH, "IAP-4-2", "accepts requests without the version prefix")                 \
    X(TAKES_OLD_PREFIX, "takes-old-prefix", R_BOTH, "IAP-4.2-8 IAP-4.2-5 IAP-1.6-1", "accepts requests of any IAP version") \
    X(TAKES_NO_HOST, "takes-no-host", R_BOTH, "IAP-4-5 IAP-4.3.2-6 IAP-4.3.2-2", "accepts a connect request without host") \
    X(TAKES_ANY_UPGRADE, "takes-any-upgrade", R_BOTH, "IAP-4.3.3-3 IAP-4.3.3-1", "answers 101 to any upgrade")              \
    X(TAKES_SECOND_CONNECT, "takes-second-connect", R_BOTH, "IAP-3.2-6 IAP-3.1-3", "accepts a connect request in place of the upgrade request") \
    X(TAKES_CLEAR_CONTENT, "takes-clear-content", R_MANAGER, "IAP-6.3-6 IAP-3.2-6", "takes alerts before the upgrade")       \
    X(TAKES_CLEAR_CHANNEL, "takes-clear-channel", R_MANAGER, "IAP-3.2-16 IAP-3.3-1", "takes the channel set-up in clear")   \
    X(TAKES_EARLY_CONTENT, "takes-early-content", R_MANAGER, "IAP-6.6-3", "takes alerts before the channel set-up")         \
    X(TAKES_ANY_VERSION, "takes-any-version", R_BOTH, "IAP-3.3-3 IAP-6.6-3 IAP-4.3.4-3", "accepts any IAP-Version")         \
    X(TAKES_ANY_ROLE, "takes-any-role", R_BOTH, "IAP-4.2-9 IAP-4.2-6 IAP-4.3.4-2", "accepts any IAP-Role")                  \
    X(TAKES_WRONG_ROLE, "takes-wrong-role", R_BOTH, "IAP-3.3-4", "agrees to a role that it does not play")                  \
    X(TAKES_SWAPPED_CHANNEL, "takes-swapped-channel", R_BOTH, "IAP-4.3.4-4 IAP-4-5 IAP-4.3.4-2", "accepts swapped, doubled or missing channel lines") \
    X(TAKES_ANY_TYPE, "takes-any-type", R_MANAGER, "IAP-3.4-3", "answers 200 to content types it cannot decode")            \
    X(TAKES_NO_LENGTH, "takes-no-length", R_MANAGER, "IAP-4.1-1 IAP-4.3.5-5", "answers 200 to content without a usable length") \
    X(TAKES_CHUNKED, "takes-chunked", R_MANAGER, "IAP-4.2-3", "answers 200 to chunked content")                             \
    X(TAKES_ALL, "takes-all", R_BOTH, "IAP-4-5 IAP-2.2-4 IAP-4-6", "answers 200 to octets that are no request")             \
    X(TAKES_ANY_ORDER, "takes-any-order", R_BOTH, "IAP-2.2-4 IAP-3.2-6 IAP-3-2", "serves set-up requests in any order")     \
    /* requests refused that must be taken */                                                                               \
    X(STRICT_CASE, "strict-case", R_BOTH, "IAP-1.5-1", "refuses other letter case and more blanks")                         \
    X(REFUSES_ROLE_PREFIX, "refuses-role-prefix", R_BOTH, "IAP-4.3.4-5 IAP-4.4-7", "refuses the form of the example")       \
    X(HASTY, "hasty", R_BOTH, "IAP-3.2-4", "gives up half a second after it was connected to")                              \
    X(REFUSES_VIA, "refuses-via", R_BOTH, "IAP-4.3.2-1 IAP-4.4-2", "refuses connect requests with Via lines")               \
    X(REFUSES_IPV4, "refuses-ipv4", R_BOTH, "IAP-4.2-2", "calls hosts that are IPv4 addresses malformed")                   \
    X(REFUSES_IDEF, "refuses-idef", R_MANAGER, "IAP-1.7-3", "rejects application/x-idef-alert")                             \
    X(REFUSES_TWO_BLANKS, "refuses-two-blanks", R_MANAGER, "IAP-4.3.5-4", "rejects two blanks after Content-Length:")       \
    X(ONE_SEGMENT, "one-segment", R_BOTH, "IAP-1.2-1", "takes each segment for a whole message")                            \
    X(COUNTS_CRLF, "counts-crlf", R_MANAGER, "IAP-4.3.5-6", "counts the final CRLF CRLF into the body")                     \
    X(STOPS_AT_CRLF, "stops-at-crlf", R_MANAGER, "IAP-4.3.5-7", "ends the body at the first CRLF CRLF")                     \
    X(DIES_ON_LARGE, "dies-on-large", R_MANAGER, "IAP-4.3.5-7 IAP-4.3.5-6", "breaks off alerts of more than 64 KiB")        \
    X(ONLY_ONE, "only-one", R_MANAGER, "IAP-5.3-1", "refuses a second connection")                                          \
    X(LOSES_BAD_TYPE, "loses-after-reject", R_MANAGER, "IAP-4-3 IAP-3.4-4", "falls silent after it rejected a content type") \
    X(COMMANDS, "commands", R_MANAGER, "IAP-2.2-3 IAP-2.2-2 IAP-2.3-4 IAP-3.3-6", "sends content on the analyzer's connection") \
    X(TWO_ROLES, "two-roles", R_MANAGER, "IAP-2.3-2 IAP-2-4 IAP-4.2-7", "as TCP initiator offers Sender and then waits for content") \
    /* TLS */                                                                                                               \
    X(WRONG_HELLO, "wrong-hello", R_BOTH, "IAP-3.2-13 IAP-3.2-14", "plays the other side of the TLS handshake")             \
    X(NO_CLIENT_CERT, "no-client-cert", R_MANAGER, "IAP-6.4-1 IAP-3.2-15", "asks for no client certificate")                \
    X(ANY_CA, "any-ca", R_BOTH, "IAP-6.4-2 IAP-6.6-1 IAP-5.1-2", "trusts any certificate")                                  \
    X(ANY_USAGE, "any-usage", R_BOTH, "IAP-6.5-5", "does not look at the IAP role in the certificate")  \
    X(ANY_SUBJECT, "any-subject", R_BOTH, "IAP-6.6-2", "does not hold the subject against the configuration")               \
    X(ANY_NAME, "any-name", R_ANALYZER, "IAP-6.6-4", "does not compare the manager's name")                                 \
    X(NO_RESUMPTION, "no-resumption", R_BOTH, "IAP-6.7-1", "resumes no TLS session")                                        \
    X(NO_NOTIFY, "no-notify", R_BOTH, "IAP-3.5-2", "closes without answering close_notify")                                 \
    X(HANGS_AFTER_NOTIFY, "hangs-after-notify", R_BOTH, "IAP-3.5-2 IAP-3.5-1", "ignores close_notify")                      \
    X(HANGS_ON_BAD_TLS, "hangs-on-bad-tls", R_BOTH, "IAP-3.2-18 IAP-6.3-2 IAP-6.3-3 IAP-3.1-17", "keeps the connection when TLS failed") \
    X(NO_TLS_13, "sends-clear-data", R_BOTH, "IAP-3.2-12 IAP-3.3-1", "speaks clear text where TLS belongs")                 \
    X(IGNORES_URGENT, "ignores-urgent", R_BOTH, "IAP-6.2-2", "goes on after urgent data")                                   \
    X(SENDS_URGENT, "sends-urgent", R_BOTH, "IAP-6.2-1", "sends urgent data")                                               \
    X(SHOWS_NO_USAGE, "shows-no-usage", R_BOTH, "IAP-6.5-1 IAP-6.5-2 IAP-6.5-3", "shows a certificate without an IAP role")       \
    X(SHOWS_OTHER_USAGE, "shows-other-usage", R_BOTH, "IAP-6.5-2 IAP-6.5-3", "shows a certificate with the other's IAP role")   \
    X(SHOWS_NO_CERT, "shows-no-cert", R_ANALYZER, "IAP-6.4-1 IAP-3.2-15", "shows no client certificate")                        \
    X(LEAVES, "leaves", R_ANALYZER, "IAP-3.5-1", "ends the connection without close_notify after its first alert")              \
    X(GOES_ON, "goes-on-after-bad-tls", R_MANAGER, "IAP-3.1-17", "answers in clear what comes in a damaged record")             \
    X(WRAPS_LENGTH, "wraps-length", R_MANAGER, "IAP-4.3.5-11 IAP-4.3.5-5 IAP-4.3.5-6", "reads a length modulo 2^32")            \
    X(HALF_ALERT, "half-alert", R_MANAGER, "IAP-4.3.5-6 IAP-4.3.5-12", "acknowledges alerts before they are whole")             \
    X(SWALLOWS_HELLO, "swallows-hello", R_MANAGER, "IAP-3.2-19", "loses the octets that came with the 101")                 \
    /* requests: form */                                                                                                    \
    X(Q_NO_PREFIX, "request-no-prefix", R_ANY, "IAP-4-1 IAP-4-2 IAP-4.3.2-2", "leaves IAP/0.3 out of the connect request")  \
    X(Q_OLD_PREFIX, "request-old-prefix", R_ANY, "IAP-4.2-5 IAP-1.6-2", "asks with the prefix IAP/0.2")                     \
    X(Q_NO_HOST, "request-no-host", R_ANY, "IAP-4.3.2-2 IAP-4.3.2-1", "names no host")                                      \
    X(Q_HTTP, "request-http", R_ANY, "IAP-4.3.2-2 IAP-4-1", "ends the connect line with HTTP/1.1")                          \
    X(Q_EXTRA_LINE, "request-extra-line", R_ANY, "IAP-4.3.2-1 IAP-4-1", "adds a Host line to the connect request")          \
    X(Q_ONE_CRLF, "request-one-crlf", R_ANY, "IAP-4.2-1 IAP-4.2-4", "ends requests with one CRLF")                          \
    X(Q_LF_ONLY, "request-lf-only", R_ANY, "IAP-4.2-1", "ends lines of requests with LF")                                   \
    X(Q_UPGRADE_12, "request-tls-1.2", R_BOTH, "IAP-4.3.3-1", "asks for an upgrade to TLS/1.2")                             \
    X(Q_SWAPPED, "request-swapped", R_BOTH, "IAP-4.3.4-2", "sends IAP-Role before IAP-Version")                             \
    X(Q_NO_ROLE, "request-no-role", R_BOTH, "IAP-4.3.4-2", "leaves the IAP-Role line out")                                  \
    X(Q_ROLE_BOTH, "request-role-both", R_BOTH, "IAP-4.2-6", "offers the role Both")                                        \
    X(Q_VERSION, "request-version", R_BOTH, "IAP-4.3.4-1 IAP-1.6-2", "says IAP-Version: 0.2")                               \
    /* requests: order */                                                                                                   \
    X(Q_WAITS, "waits", R_BOTH, "IAP-2.3-1 IAP-3.1-1", "as TCP initiator waits for the peer to speak")                      \
    X(Q_NO_CONNECT, "no-connect", R_BOTH, "IAP-3.1-1 IAP-3-2 IAP-4.3.2-5", "begins with the upgrade request")               \
    X(Q_NO_UPGRADE, "no-upgrade", R_BOTH, "IAP-3.1-3 IAP-3.2-2 IAP-3.2-16 IAP-3-2", "leaves the upgrade out")               \
    X(Q_NO_WAIT, "no-wait", R_BOTH, "IAP-2-1", "sends the upgrade request without waiting for the 200")                     \
    X(Q_EARLY_HELLO, "early-hello", R_ANALYZER, "IAP-4.3.3-2 IAP-3.2-12", "starts TLS without waiting for the 101")         \
    X(Q_AFTER_403, "upgrade-after-403", R_BOTH, "IAP-3.2-3 IAP-3.1-8", "asks for the upgrade although the connection was refused") \
    X(Q_AFTER_500, "hello-after-500", R_ANALYZER, "IAP-3.2-11", "starts TLS although the upgrade was refused")              \
    X(Q_SHORT_CODE, "takes-short-code", R_BOTH, "IAP-4.3.1-5 IAP-4.3.1-3", "goes on after a code that is not three digits")             \
    X(Q_NO_CHANNEL, "no-channel", R_ANALYZER, "IAP-3.2-17 IAP-3.3-2 IAP-6.6-3 IAP-3-2", "sends alerts without channel set-up") \
    X(Q_EARLY_CONTENT, "early-content", R_ANALYZER, "IAP-3.3-6", "sends alerts before the channel set-up was answered")     \
    X(Q_AFTER_REFUSAL, "content-after-refusal", R_ANALYZER, "IAP-3.3-6", "sends alerts although the channel was refused")   \
    X(Q_REFUSES_VIA, "stops-at-via", R_BOTH, "IAP-4.3.2-4 IAP-4.4-4", "stops at a 200 that carries Via lines")              \
    X(Q_RECEIVER, "offers-receiver", R_ANALYZER, "IAP-2.2-5 IAP-4.2-7", "offers Receiver although it has alerts to send")   \
    /* content: form */                                                                                                     \
    X(C_NO_LENGTH, "content-no-length", R_ANALYZER, "IAP-4.1-1 IAP-4.3.5-2", "sends no Content-Length")                     \
    X(C_SWAPPED, "content-swapped", R_ANALYZER, "IAP-4.3.5-2", "sends Content-Length before Content-Type")                  \
    X(C_PARAMS, "content-params", R_ANALYZER, "IAP-4.3.5-3", "adds a charset to Content-Type")                              \
    X(C_TYPE, "content-type", R_ANALYZER, "IAP-1.7-2", "sends text/plain only")                                             \
    X(C_PREFIX, "content-prefix", R_ANALYZER, "IAP-4.3.5-8", "puts IAP/0.3 before Content-Type")                            \
    X(C_NO_BLANK, "content-no-blank", R_ANALYZER, "IAP-4.3.5-1", "leaves the blank line before the body out")               \
    X(C_NO_TAIL, "content-no-tail", R_ANALYZER, "IAP-4.3.5-1", "ends content with one CRLF")                                \
    X(C_CHUNKED, "content-chunked", R_ANALYZER, "IAP-4.2-3", "sends Transfer-Encoding: chunked")                            \
    X(C_SHORT, "content-short", R_ANALYZER, "IAP-4.3.5-6 IAP-4.3.5-1", "counts the final CRLF CRLF into Content-Length")                \
    X(C_HEX_LENGTH, "content-hex-length", R_ANALYZER, "IAP-4.3.5-5", "writes Content-Length as 0x40")                       \
    X(C_GIVES_UP, "content-stream", R_ANALYZER, "IAP-2-1 IAP-3.3-6", "answers its own alerts")                              \
    /* proxy */                                                                                                             \
    X(P_NO_LOOP, "loop-unseen", R_PROXY, "IAP-3.1-13 IAP-3.1-14", "does not look for its own identity")                     \
    X(P_LOOP_403, "loop-403", R_PROXY, "IAP-3.1-15 IAP-3.1-14", "answers a loop with 403")                                  \
    X(P_LOOP_CASE, "loop-case", R_PROXY, "IAP-3.1-13", "compares its identity with letter case")                            \
    X(P_LOOP_LAST, "loop-last", R_PROXY, "IAP-3.1-13", "compares the last Via line only")                                   \
    X(P_LOOP_FIRST, "loop-first", R_PROXY, "IAP-3.1-13", "compares the first Via line only")                                \
    X(P_LOOP_CLOSES, "loop-closes", R_PROXY, "IAP-3.1-14", "closes on a loop without an answer")                            \
    X(P_LOOP_DIALS, "loop-dials", R_PROXY, "IAP-3.1-13", "answers 502 and connects all the same")                           \
    X(P_LOOP_PART, "loop-part", R_PROXY, "IAP-3.1-13 IAP-6.1-3", "takes names that end in its own for its own")             \
    X(P_DROPS_VIA, "drops-via", R_PROXY, "IAP-3.1-10 IAP-6.1-3", "removes the Via lines that are there")                    \
    X(P_VIA_FIRST, "via-first", R_PROXY, "IAP-3.1-10 IAP-6.1-3", "puts its Via line before the others")                     \
    X(P_VIA_TWICE, "via-twice", R_PROXY, "IAP-3.1-10", "adds two Via lines")                                                \
    X(P_VIA_HTTP, "via-http", R_PROXY, "IAP-4.3.2-3 IAP-4-1", "writes Via as HTTP does")                                    \
    X(P_VIA_BARE, "via-bare", R_PROXY, "IAP-4.3.2-3", "writes Via without the version prefix")                              \
    X(P_NO_RESPONSE_VIA, "no-response-via", R_PROXY, "IAP-3.1-12", "relays the response without a Via line")                \
    X(P_EARLY, "answers-early", R_PROXY, "IAP-3.6-2", "answers 200 before the next hop did")                                \
    X(P_HIDES_REFUSAL, "hides-refusal", R_PROXY, "IAP-3.1-11", "relays a refusal as 200")                                   \
    X(P_NEWLINES, "newlines", R_PROXY, "IAP-3.1-16 IAP-2.3.1-2", "turns LF into CRLF behind the set-up")                    \
    X(P_NULS, "nuls", R_PROXY, "IAP-3.1-16 IAP-2.3.1-2", "drops NUL octets on the way back")                                \
    X(P_INSPECTS, "inspects", R_PROXY, "IAP-2.3.1-1 IAP-3.1-16", "stops at octets that are no IAP message")                 \
    X(P_SWALLOWS, "swallows", R_PROXY, "IAP-3.1-16", "loses octets that came together with the 200")                        \
    X(P_TRUNCATES, "truncates", R_PROXY, "IAP-3.1-16", "forwards the first 64 KiB only")                                    \
    X(P_KEEPS_OPEN, "keeps-open", R_PROXY, "IAP-1.4-3", "does not pass the end of a connection on")                         \
    X(P_NO_DIAL, "never-dials", R_PROXY, "IAP-1.4-3 IAP-5.2-2 IAP-3.6-2", "answers itself and connects nowhere")            \
    X(P_MUTE_ON_BAD, "proxy-mute-on-bad", R_PROXY, "IAP-4-3", "neither answers nor closes on a request that it does not understand") \
    X(P_MENDS, "mends-requests", R_PROXY, "IAP-4.2-8 IAP-4.3.2-6 IAP-4-6", "passes wrong requests on as right ones")        \
    X(P_ACCEPTS_BAD, "proxy-accepts-bad", R_PROXY, "IAP-4-5 IAP-4.2-8 IAP-4.3.2-6", "answers 200 to requests that it does not understand") \
    X(P_HANGS, "hangs-without-hop", R_PROXY, "IAP-4-3", "does not answer when the next hop fails")                       \
    X(P_REFUSES_VIA, "refuses-chains", R_PROXY, "IAP-6.1-3 IAP-4.3.2-7", "refuses requests that came through a proxy")      \
    X(P_OWN_CODE, "own-code", R_PROXY, "IAP-3.1-11", "answers 502 whatever the next hop refused with")                      \
    X(P_RESPONSE_VIA_FIRST, "response-via-first", R_PROXY, "IAP-3.1-12", "puts its Via line in front in responses")         \
    X(P_LOSES_EARLY, "loses-early", R_PROXY, "IAP-3.1-16", "forgets octets that came before the answer")                    \
    X(P_ANY_PLACE, "accepts-unknown", R_PROXY, "IAP-7.5-1 IAP-4-5", "answers 200 for places that it does not connect to")   \
    X(P_ONE_SEGMENT, "proxy-one-segment", R_PROXY, "IAP-1.2-1", "takes each segment for a whole message")                   \
    X(P_URGENT, "proxy-urgent", R_PROXY, "IAP-6.2-1", "sends urgent data")

#define R_MANAGER  1u
#define R_ANALYZER 2u
#define R_PROXY    4u
#define R_BOTH     3u
#define R_ANY      7u

#define IAP_ENUM_MUT(n, name, roles, clauses, text) MUT_##n,
enum iap_mutant { MUT_NONE, IAP_MUTANTS(IAP_ENUM_MUT) MUT_COUNT };

extern const struct mutant iap_mutants[MUT_COUNT]; /* [0] is none, with name "" */

/* Applies the format mistake of a mutant to a composed message, if it has one for this kind of message.  data: in the data phase. */
err iap_mutate(enum iap_mutant mutant, const struct iap_msg *m, bool data, struct parts *p) MUST_CHECK;
/* True when the mutant changes messages of this kind. */
bool iap_mutates(enum iap_mutant mutant, const struct iap_msg *m, bool data);

#endif
