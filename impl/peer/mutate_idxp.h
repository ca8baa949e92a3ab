/* SPDX-License-Identifier: MIT */
/* mutate_idxp: the deliberate mistakes of IDXP and TUNNEL.  A mutant is a reference endpoint with exactly one thing wrong; the suite has to catch each by a case, or a passive check, that cites one
 * of the mutant's clauses.  Mistakes in what is written are rows of a table in mutate_idxp.c; the others are asked for by name where the endpoint decides. */
#ifndef PEER_MUTATE_IDXP_H
#define PEER_MUTATE_IDXP_H

#include "base/buf.h"
#include "model/idxp.h"
#include "peer/mutant.h"
#include "peer/mutate_idmef.h"

/* Who can make it: the bits of the roles in run/proto_idxp.h. */
#define IBY_MANAGER  1u
#define IBY_ANALYZER 2u
#define IBY_PROXY    4u
#define IBY_BOTH     3u /* manager and analyzer */

/* X(NAME, "name", roles it can be played in, "clauses that it breaks", "what it does") */
#define IDXP_MUTANTS_GREETING(X) \
    /* greetings: what is sent */ \
    X(NO_GREETING, "no-greeting", IBY_BOTH, "IDXP-3.1-1 IDXPRFC-3.2-2", "never greets") \
    X(NO_URI, "no-uri", IBY_BOTH, "IDXP-3.4.1-1 IDXPRFC-3.4.1-1", "greets without uri") \
    X(NO_ROLE, "no-role", IBY_BOTH, "IDXP-4-2 IDXPRFC-3.4.1-1", "greets without role") \
    X(ROLE_CAPITAL, "role-capital", IBY_BOTH, "IDXP-4-2", "writes its role with a capital letter") \
    X(URI_RELATIVE, "uri-relative", IBY_BOTH, "IDXP-4-9 IDXPRFC-9.1-1", "gives a relative reference for its uri") \
    X(FQDN_BAD, "fqdn-bad", IBY_BOTH, "IDXP-4-9 IDXPRFC-9.1-1", "gives an fqdn with two dots in a row") \
    X(GREETING_CONTENT, "greeting-content", IBY_BOTH, "IDXP-3.3-2 IDXPRFC-9.1-1", "puts an element of its own into greetings") \
    X(GREETING_ATTRIBUTE, "greeting-attribute", IBY_BOTH, "IDXP-4-9 IDXPRFC-9.1-1", "puts an attribute of its own into greetings") \
    X(GREETING_ILL, "greeting-ill", IBY_BOTH, "IDXP-3.3-2", "leaves the slash out at the end of greetings") \
    X(GREETS_ON_ZERO, "greets-on-zero", IBY_BOTH, "IDXP-3.4-1 IDXP-1-1 IDXP-A-1 IDXPRFC-8.1-1", "greets on channel 0") \
    /* greetings: what is answered */ \
    X(GREETING_MUTE, "greeting-mute", IBY_BOTH, "IDXP-3.4.1-19 IDXPRFC-3.4.1-3 IDXP-3.4.1-14 IDXPRFC-3.4.1-4", "does not answer greetings") \
    X(WAITS_FOR_OK, "waits-for-ok", IBY_BOTH, "IDXP-3.4.1-19", "answers greetings once its own was answered") \
    X(TAKES_NO_ROLE, "takes-no-role", IBY_BOTH, "IDXP-3.4.1-2 IDXPRFC-3.4.1-8", "takes greetings without role") \
    X(TAKES_ANY_ROLE, "takes-any-role", IBY_BOTH, "IDXP-3.4.1-2 IDXPRFC-3.4.1-8", "takes greetings with any role") \
    X(TAKES_NO_URI, "takes-no-uri", IBY_BOTH, "IDXP-3.4.1-3 IDXPRFC-3.4.1-8", "takes greetings without uri") \
    X(TAKES_ANY_URI, "takes-any-uri", IBY_BOTH, "IDXP-4-5", "takes uri and fqdn that are none") \
    X(TAKES_SAME_ROLE, "takes-same-role", IBY_BOTH, "IDXP-2.2-4", "takes greetings with its own role") \
    X(TAKES_CLEAR, "takes-clear", IBY_BOTH, "IDXP-1.1-2 IDXPRFC-3.1-1 IDXP-6-14", "does without the security that it should ask for") \
    X(TAKES_ANONYMOUS, "takes-anonymous", IBY_BOTH, "IDXP-2.3-2 IDXPRFC-2.4-1", "takes ANONYMOUS for an identity") \
    X(TAKES_ANYONE, "takes-anyone", IBY_BOTH, "IDXP-2.1-4 IDXP-5-9 IDXP-5-10", "forgets its policy") \
    X(EMBEDDED_IGNORED, "embedded-ignored", IBY_BOTH, "IDXP-3.2-3 IDXPRFC-3.2-5 IDXP-3.4.1-12 IDXPRFC-3.4.1-4", "does not look at what stands in the start") \
    X(EMBEDDED_DECLINES, "embedded-declines", IBY_BOTH, "IDXP-3.2-3 IDXP-3.2-6 IDXPRFC-3.2-4", "declines the channel, with a code of its own, for a greeting in the start that it rejects") \
    X(STRICT_CONTENT, "strict-content", IBY_BOTH, "IDXP-3.2-10", "overlooks a greeting in a start that has an empty line in front of it") \
    X(OTHER_URI, "other-uri", IBY_BOTH, "IDXP-3.2-1 IDXPRFC-3.2-1", "takes other URIs that begin like that of IDXP, in letters of either case, for it") \
    X(STARTS_CLEAR, "starts-clear", IBY_BOTH, "IDXP-2.1-6 IDXP-7-1 IDXPRFC-2.1-2 IDXPRFC-3.1-1 IDXPRFC-5.3-2 IDXPRFC-5.6-2 IDXPRFC-11-1 IDXPRFC-11-2", \
      "starts IDXP in clear though TLS is offered") \
    X(REFUSES_ADDRESS, "refuses-address", IBY_BOTH, "IDXP-3.4.1-4 IDXP-3.4.1-6", "rejects greetings with ip or text for their form") \
    X(GREETS_ONCE, "greets-once", IBY_BOTH, "IDXP-3.4.1-7 IDXPRFC-3.4.1-5", "does not answer a second greeting") \
    X(REJECTED_COUNTS, "rejected-counts", IBY_MANAGER, "IDXP-3.4.1-8", "takes data of a peer whose greeting it rejected") \
    X(FIRST_COUNTS, "first-counts", IBY_MANAGER, "IDXP-3.4.1-9", "keeps the first role that a peer took") \
    X(LAST_REFUSES, "last-refuses", IBY_MANAGER, "IDXP-3.4.1-9", "forgets a peer whose later greeting it rejected") \
    X(TAKES_OPTION_MUST, "takes-option-must", IBY_BOTH, "IDXPRFC-4-2 IDXPRFC-4-4 IDXPRFC-4-5", "takes options that it does not know and must understand") \
    X(REFUSES_OPTION, "refuses-option", IBY_BOTH, "IDXPRFC-4-3 IDXPRFC-3.4.2-2", "refuses options that it does not know and need not understand") \
    X(TAKES_PRIORITY, "takes-priority", IBY_BOTH, "IDXPRFC-4.1-1 IDXPRFC-9.2-1", "takes any priority") \
    X(TAKES_STREAM, "takes-stream", IBY_BOTH, "IDXPRFC-4.2-1 IDXPRFC-9.3-1", "takes any stream type") \
    X(TAKES_PARTS, "takes-parts", IBY_BOTH, "IDXP-4-1 IDXPRFC-9.1-2", "takes attributes and elements that a greeting does not have") \
    X(TAKES_IP, "takes-ip", IBY_BOTH, "IDXP-4-4", "takes an ip that is none") \
    X(TAKES_ELEMENT, "takes-element", IBY_BOTH, "IDXP-4-3 IDXP-5-5 IDXPRFC-3.4.2-1", "says ok to elements that IDXP does not have, or not as a message") \
    X(TAKES_UNNAMED, "takes-unnamed", IBY_BOTH, "IDXPRFC-4-1", "takes options with neither or both of internal and external") \
    X(TAKES_OPTION_FORM, "takes-option-form", IBY_BOTH, "IDXPRFC-4-8", "takes options with any attributes") \
    X(REFUSES_REGISTERED, "refuses-registered", IBY_BOTH, "IDXPRFC-3.4-2 IDXPRFC-4.1-1 IDXPRFC-4.1-2 IDXPRFC-4.1-3 IDXPRFC-4.1-6 IDXPRFC-4.2-1 IDXPRFC-4.2-2 IDXPRFC-4.2-5", \
      "refuses channelPriority and streamType for their form") \
    X(REFUSES_LANGUAGE, "refuses-language", IBY_BOTH, "IDXPRFC-4-5", "refuses options that name a language") \
    X(PICKY, "picky", IBY_BOTH, "IDXP-4-10 IDXPRFC-9.1-3", "reads elements in the one form that it writes itself, and nothing on the channel behind another") \
    X(ALL_550, "all-550", IBY_BOTH, "IDXP-5-4 IDXP-5-5 IDXP-5-6 IDXP-5-7 IDXP-5-8 IDXP-5-9 IDXP-5-10 IDXP-5-12 IDXP-5-13 IDXPRFC-4-2", "rejects with 550 whatever the reason") \
    X(SULKS, "sulks", IBY_BOTH, "IDXP-5-1 IDXP-5-6 IDXP-5-11 IDXP-5-13", "answers nothing on a channel on which its greeting was rejected") \
    X(USES_DECLINED, "uses-declined", IBY_BOTH, "IDXP-5-1 IDXP-5-11 IDXP-5-13", "sends on a channel that was declined")
#define IDXP_MUTANTS_DATA(X) \
    /* data: manager */ \
    X(TAKES_EARLY, "takes-early", IBY_MANAGER, "IDXP-3.2-7 IDXPRFC-3.2-6", "takes data before the greetings") \
    X(TAKES_OF_SERVER, "takes-of-server", IBY_MANAGER, "IDXP-2.2-8 IDXP-2.2-4 IDXP-3.4.1-9", "takes data of a peer that is server") \
    X(DATA_MUTE, "data-mute", IBY_MANAGER, "IDXP-3.4-5 IDXP-2.1-8 IDXP-2.1-1 IDXP-6-1 IDXPRFC-5.1-1", "does not answer data") \
    X(DATA_ERROR_IN_RPY, "data-error-in-rpy", IBY_BOTH, "IDXP-4-6 IDXPRFC-3.4-3", "sends error in RPY") \
    X(DATA_OK_IN_ERR, "data-ok-in-err", IBY_BOTH, "IDXP-4-6 IDXPRFC-3.4-3", "sends ok in ERR") \
    X(DATA_NUL, "data-nul", IBY_MANAGER, "IDXP-3.4-6", "answers data by NUL") \
    X(DATA_OTHER_CODE, "data-other-code", IBY_BOTH, "IDXP-5-14 IDXPRFC-10-1", "answers by 451 where it should answer by something else") \
    X(OK_WITH_TEXT, "ok-with-text", IBY_BOTH, "IDXP-4-8", "puts text into ok") \
    X(ERROR_NO_CODE, "error-no-code", IBY_BOTH, "IDXP-4-8", "sends error without code") \
    X(NO_TYPE, "no-type", IBY_BOTH, "IDXP-3.3-3 IDXPRFC-3.3-1", "leaves Content-Type out") \
    X(OTHER_TYPE, "other-type", IBY_BOTH, "IDXP-3.3-3 IDXPRFC-3.3-1", "calls its elements application/beep+xml") \
    X(REFUSES_TEXT, "refuses-text", IBY_MANAGER, "IDXP-3.4-9", "calls text/plain ill-formed") \
    X(REFUSES_BINARY, "refuses-binary", IBY_MANAGER, "IDXP-3.4-9", "calls application/octet-stream ill-formed") \
    X(TAKES_ILL, "takes-ill", IBY_BOTH, "IDXP-5-4 IDMEF-6.1-3 IDMEF-3.1.2-5 IDMEF-3.2.3.2-1", "takes XML that is not well-formed") \
    X(TAKES_INVALID, "takes-invalid", IBY_MANAGER, "IDXP-5-5 IDMEF-8-2 IDMEF-4.2.1-4 IDMEF-4.2.2-2 IDMEF-4.2.3-5 IDMEF-4.2.7.2-3 IDMEF-4.2.7.5-5", "takes IDMEF that is not valid") \
    X(ONE_CHANNEL, "one-channel", IBY_MANAGER, "IDXP-2.1-1", "answers data on the first IDXP channel of a session alone") \
    X(SHARED_REFUSAL, "shared-refusal", IBY_MANAGER, "IDXP-3.4.1-20", "refuses data on each channel once it rejected a greeting on one") \
    X(CLOSE_ENDS, "close-ends", IBY_BOTH, "IDXP-2.2-1 IDXPRFC-2.3-1", "ends the session with an IDXP channel that is closed") \
    X(ENDS_ON_REFUSAL, "ends-on-refusal", IBY_MANAGER, "IDXP-2.2-8 IDXP-3.2-7", "ends the session when it refuses data") \
    /* data: analyzer */ \
    X(HASTY, "hasty", IBY_ANALYZER, "IDXP-3.1-1 IDXPRFC-3.2-6", "sends data before its greeting is accepted") \
    X(HALF_GREETED, "half-greeted", IBY_ANALYZER, "IDXPRFC-3.2-6", "does not wait for the greeting of the other side") \
    X(SENDS_REJECTED, "sends-rejected", IBY_ANALYZER, "IDXP-3.4.1-21 IDXP-3.2-8", "sends data although its greeting was rejected") \
    X(SENDS_AS_SERVER, "sends-as-server", IBY_ANALYZER, "IDXP-2.2-6", "calls itself server and sends data") \
    X(TAKES_ODD_REPLY, "takes-odd-reply", IBY_ANALYZER, "IDXP-3.4-7", "takes any reply for ok")

/* Of TUNNEL: endpoints that ask for one, and proxies. */
#define IDXP_MUTANTS_TUNNEL(X) \
    /* endpoints that a tunnel leads to */ \
    X(TUNNEL_UNDER_TLS, "tunnel-under-tls", IBY_MANAGER | IBY_PROXY, "TUNNEL-5-2 TUNNEL-5-5", "offers TUNNEL under TLS, and does it there") \
    X(TARGET_OLD_SESSION, "target-old-session", IBY_MANAGER, "TUNNEL-4-3 TUNNEL-5-1", "says ok and goes on with the session as it was") \
    X(TARGET_REMEMBERS, "target-remembers", IBY_MANAGER, "TUNNEL-4-17", "keeps the identity of whoever came to the tunnel") \
    X(TARGET_TAKES_NEST, "target-takes-nest", IBY_MANAGER | IBY_PROXY, "TUNNEL-3-1 TUNNEL-3-8", "takes elements with another one inside for empty ones, and what is beside the first for nothing") \
    X(TARGET_TAKES_ANY_SET, "target-takes-any-set", IBY_MANAGER, "TUNNEL-3-6", "takes any attributes for none") \
    X(TARGET_START_ONLY, "target-start-only", IBY_MANAGER | IBY_PROXY, "TUNNEL-4-1 TUNNEL-4-22", "refuses elements that come on the channel") \
    X(TARGET_CHANNEL_ONLY, "target-channel-only", IBY_MANAGER | IBY_PROXY, "TUNNEL-4-1 TUNNEL-4-2", "does not look at an element in the start") \
    X(TUNNEL_MSG_MUTE, "tunnel-msg-mute", IBY_MANAGER | IBY_PROXY, "TUNNEL-A.1-4", "does not answer a MSG that is no tunnel element") \
    X(TUNNEL_OTHER_CODE, "tunnel-other-code", IBY_MANAGER | IBY_PROXY, "TUNNEL-6-1", "answers errors with code 451") \
    X(TUNNEL_OTHER_NAME, "tunnel-other-name", IBY_MANAGER | IBY_PROXY, "TUNNEL-3-10", "takes TUNNEL and Tunnel for tunnel") \
    X(TUNNEL_OTHER_URI, "tunnel-other-uri", IBY_MANAGER | IBY_PROXY, "TUNNEL-A.1-1", "takes other spellings of the profile's URI") \
    X(TARGET_NO_TLS, "target-no-tls", IBY_MANAGER, "TUNNEL-1-4 IDXP-2.1-12", "declines TLS behind a tunnel") \
    X(TRUSTS_ANY, "trusts-any", IBY_BOTH, "IDXP-2.3-1 IDXPRFC-2.4-2 IDXP-6-3 IDXPRFC-5.3-3", "takes certificates that nobody vouches for") \
    X(TUNNEL_OTHER_ATTRIBUTE, "tunnel-other-attribute", IBY_MANAGER | IBY_PROXY, "TUNNEL-3-11", "passes over attributes that it does not know") \
    /* endpoints that ask for a tunnel */ \
    X(VIA_TAKES_ERROR, "via-takes-error", IBY_ANALYZER, "TUNNEL-2.3-2 TUNNEL-6-7", "begins anew behind an error") \
    X(VIA_NO_GREETING, "via-no-greeting", IBY_ANALYZER, "TUNNEL-4-21", "goes on behind the ok without a new greeting") \
    X(VIA_IGNORED, "via-ignored", IBY_ANALYZER, "IDXP-2.1-10 IDXPRFC-2.1-6 IDXPRFC-5.2-3", "talks to its proxy as if that were the end") \
    X(VIA_UNOFFERED, "via-unoffered", IBY_ANALYZER, "TUNNEL-A.1-1", "asks for tunnels that are not offered") \
    X(VIA_NO_TLS, "via-no-tls", IBY_ANALYZER, "IDXP-2.1-12 IDXPRFC-2.1-7", "asks for no TLS behind the tunnel") \
    X(VIA_EVEN, "via-even", IBY_ANALYZER, "TUNNEL-4-21", "has even numbers of channels behind the tunnel") \
    X(VIA_TWO_INSIDE, "via-two-inside", IBY_ANALYZER, "TUNNEL-3-9", "puts two empty elements into the innermost hop") \
    X(VIA_BARE_OUTSIDE, "via-bare-outside", IBY_ANALYZER, "TUNNEL-3-9 TUNNEL-3-12", "wraps what it asks for into an element without attributes") \
    /* proxies: the set-up */ \
    X(P_OK_EARLY, "p-ok-early", IBY_PROXY, "TUNNEL-4-2 TUNNEL-4-15", "says ok as soon as the element was passed on") \
    X(P_OK_ON_CONNECT, "p-ok-on-connect", IBY_PROXY, "TUNNEL-4-12 TUNNEL-4-13", "says ok as soon as the far connection stands") \
    X(P_UNSTRIPPED, "p-unstripped", IBY_PROXY, "TUNNEL-1-1 TUNNEL-2.2-1 TUNNEL-4-13", "passes the outer element on as well") \
    X(P_STRIPS_TWO, "p-strips-two", IBY_PROXY, "TUNNEL-1-1 TUNNEL-2.2-1", "strips two elements where there are more than two") \
    X(P_LOSES_ATTRIBUTE, "p-loses-attribute", IBY_PROXY, "TUNNEL-1-1", "loses the port of inner elements") \
    X(P_EMPTY_IS_ERROR, "p-needs-inner", IBY_PROXY, "TUNNEL-4-9 TUNNEL-2.4-1", "refuses to be the last hop") \
    X(P_WAITS_FOR_DATA, "p-waits-for-data", IBY_PROXY, "TUNNEL-4-9", "waits for the last hop to speak first") \
    X(P_GREETS_LAST, "p-greets-last", IBY_PROXY, "TUNNEL-4-9", "says a greeting to the last hop") \
    X(P_NO_TUNNEL_NEEDED, "p-no-tunnel-needed", IBY_PROXY, "TUNNEL-4-12", "takes a far peer without TUNNEL in its greeting for one that agrees") \
    X(P_ALL_550, "p-all-550", IBY_PROXY, "TUNNEL-6-2 TUNNEL-6-6 TUNNEL-6-8", "answers 550 for everything") \
    X(P_OWN_ERROR, "p-own-error", IBY_PROXY, "TUNNEL-4-14", "puts an error of its own in place of that of the next hop") \
    X(P_ERROR_TEXT, "p-error-text", IBY_PROXY, "TUNNEL-4-14", "passes the code of the next hop without its text") \
    X(P_ERROR_ENDS, "p-error-ends", IBY_PROXY, "TUNNEL-2.3-3 TUNNEL-4-18", "ends the near session behind an error") \
    X(P_KEEPS_FAR, "p-keeps-far", IBY_PROXY, "TUNNEL-2.3-1 TUNNEL-4-11 TUNNEL-4-14 TUNNEL-4-19", "keeps the far connection behind an error") \
    X(P_HANGS, "p-hangs", IBY_PROXY, "TUNNEL-4-11 TUNNEL-4-18", "says nothing when the far side ends or cannot be reached") \
    X(P_ANYBODY, "p-anybody", IBY_PROXY, "TUNNEL-7-3 TUNNEL-6-8", "asks nobody who he is") \
    X(P_ANYWHERE, "p-anywhere", IBY_PROXY, "TUNNEL-7-1", "forgets where it may connect to") \
    X(P_LOOPS, "p-loops", IBY_PROXY, "TUNNEL-7-2", "goes round in circles") \
    X(P_TAKES_PORT, "p-takes-port", IBY_PROXY, "TUNNEL-3-2", "takes any port, modulo 65536") \
    X(P_NO_SRV, "p-no-srv", IBY_PROXY, "TUNNEL-4-6", "connects to port where srv is given too") \
    X(P_NO_FALLBACK, "p-no-fallback", IBY_PROXY, "TUNNEL-4-16", "gives up when SRV is not there") \
    /* proxies: what passes */ \
    X(P_LOSES_FAR, "p-loses-far", IBY_PROXY, "TUNNEL-2.1-2 TUNNEL-2.4-2 TUNNEL-4-10", "drops what came with the far ok, or before its own") \
    X(P_LOSES_NEAR, "p-loses-near", IBY_PROXY, "TUNNEL-4-10", "drops the first octets from near") \
    X(P_ALTERS, "p-alters", IBY_PROXY, "TUNNEL-1-2", "changes octet 255 to 254") \
    X(P_NEWLINES, "p-newlines", IBY_PROXY, "TUNNEL-1-2", "puts a CR in front of every LF that has none") \
    X(P_STOPS, "p-stops", IBY_PROXY, "TUNNEL-1-2", "passes no more than 65536 octets from near") \
    X(P_SEQ, "p-seq", IBY_PROXY, "TUNNEL-4-10", "sends a SEQ for the frame with the far ok") \
    X(P_KEEPS_OPEN, "p-keeps-open", IBY_PROXY, "TUNNEL-2.1-3", "does not pass ends on")

/* What is said wrongly in any session. */
#define IDXP_MUTANTS_SAID(X) \
    /* greetings and their answers */ \
    X(ANSWER_OTHER, "answer-other", IBY_BOTH, "IDXP-3.2-4 IDXP-3.4-2 IDXP-4-6 IDXP-4-3 IDXP-A-1 IDXPRFC-3.4.1-3", "answers by an element that is neither ok nor error") \
    X(ERROR_CODE_SHORT, "error-code-short", IBY_BOTH, "IDXP-4-8 IDXP-5-14", "gives codes of two digits") \
    X(URI_BLANK, "uri-blank", IBY_BOTH, "IDXP-4-9 IDXPRFC-9.1-1", "has a blank in its uri") \
    X(ROLE_BOTH, "role-both", IBY_BOTH, "IDXP-4-2", "says that it is client and server") \
    X(GREETS_PAIR, "greets-pair", IBY_BOTH, "IDXP-3.3-2", "has two elements in one message") \
    X(GREETING_DOCTYPE, "greeting-doctype", IBY_BOTH, "IDXP-3.3-2", "has a document type in front of greetings") \
    X(GREETING_ENTITY, "greeting-entity", IBY_BOTH, "IDXP-3.3-2", "has an entity of its own in greetings") \
    X(GREETING_NAME, "greeting-name", IBY_BOTH, "IDXP-4-3 IDXPRFC-9.1-1 IDXP-3.3-2", "writes the name of the element in small letters") \
    X(IP_SHORT, "ip-short", IBY_BOTH, "IDXP-4-9 IDXPRFC-9.1-1", "gives an ip of three numbers") \
    X(GREETING_TEXT, "greeting-text", IBY_BOTH, "IDXPRFC-9.1-1", "has text in greetings, which RFC 4767 dropped") \
    /* options */ \
    X(OPTION_BOTH, "option-both", IBY_BOTH, "IDXPRFC-4-7", "names an option twice, inside and outside") \
    X(OPTION_UNNAMED, "option-unnamed", IBY_BOTH, "IDXPRFC-4-7", "sends an option without a name") \
    X(OPTION_RELATIVE, "option-relative", IBY_BOTH, "IDXPRFC-4-7 IDXPRFC-4-4", "names an option by a relative reference") \
    X(OPTION_ATTRIBUTE, "option-attribute", IBY_BOTH, "IDXPRFC-9.1-4", "has an attribute of its own in options") \
    X(OPTION_MUST_YES, "option-must-yes", IBY_BOTH, "IDXPRFC-9.1-4", "writes yes for true") \
    X(OPTION_ALONE, "option-alone", IBY_BOTH, "IDXPRFC-3.4.2-3", "sends an option as a message") \
    X(PRIORITY_WORD, "priority-word", IBY_BOTH, "IDXPRFC-4.1-5", "gives its priority in words") \
    X(PRIORITY_OVER, "priority-over", IBY_BOTH, "IDXPRFC-4.1-5", "gives a priority over 2147483647") \
    X(PRIORITY_CONTENT, "priority-content", IBY_BOTH, "IDXPRFC-4.1-5", "puts text into channelPriority") \
    X(STREAM_OTHER, "stream-other", IBY_BOTH, "IDXPRFC-4.2-4", "has a type of stream of its own") \
    X(STREAM_ELSEWHERE, "stream-elsewhere", IBY_BOTH, "IDXPRFC-4.2-4 IDXPRFC-4.1-5", "puts streamType into an Option channelPriority") \
    X(STREAM_LIES, "stream-lies", IBY_ANALYZER, "IDXPRFC-4.2-3", "says that the stream is of heartbeats, and sends alerts on it") \
    /* what it makes of what it hears */ \
    X(REFUSES_COVERED, "refuses-covered", IBY_BOTH, "IDXP-6-3 IDXPRFC-5.3-3", "rejects greetings in TLS for their form") \
    X(ERROR_FORMS, "error-forms", IBY_ANALYZER, "IDXP-4-10 IDXP-3.4.1-21", "takes an error without text, or with a language, for ok") \
    X(LARGE_MUTE, "large-mute", IBY_MANAGER, "IDXP-6-1 IDXPRFC-5.1-1", "does not answer data of more than 65536 octets") \
    /* codes: one for everything */ \
    X(ALL_421, "all-421", IBY_BOTH, "IDXP-5-4 IDXP-5-5 IDXP-5-7 IDXP-5-8 IDXP-5-9 IDXP-5-10 IDXP-5-11 IDXP-5-12 IDXP-5-13", "rejects with 421 whatever the reason") \
    X(ALL_450, "all-450", IBY_BOTH, "IDXP-5-4 IDXP-5-5 IDXP-5-7 IDXP-5-8 IDXP-5-9 IDXP-5-10 IDXP-5-11 IDXP-5-12 IDXP-5-13", "rejects with 450 whatever the reason") \
    X(ALL_454, "all-454", IBY_BOTH, "IDXP-5-4 IDXP-5-5 IDXP-5-7 IDXP-5-8 IDXP-5-9 IDXP-5-10 IDXP-5-11 IDXP-5-12 IDXP-5-13", "rejects with 454 whatever the reason") \
    X(ALL_500, "all-500", IBY_BOTH, "IDMEF-6.2-1 IDXP-5-5 IDXP-5-7 IDXP-5-8 IDXP-5-9 IDXP-5-10 IDXP-5-11 IDXP-5-12 IDXP-5-13", "rejects with 500 whatever the reason") \
    X(ALL_501, "all-501", IBY_BOTH, "IDXP-5-4 IDXP-5-7 IDXP-5-8 IDXP-5-9 IDXP-5-10 IDXP-5-11 IDXP-5-12 IDXP-5-13", "rejects with 501 whatever the reason") \
    X(ALL_504, "all-504", IBY_BOTH, "IDXP-5-4 IDXP-5-5 IDXP-5-7 IDXP-5-8 IDXP-5-9 IDXP-5-10 IDXP-5-11 IDXP-5-12 IDXP-5-13", "rejects with 504 whatever the reason") \
    X(ALL_530, "all-530", IBY_BOTH, "IDXP-5-4 IDXP-5-5 IDXP-5-8 IDXP-5-9 IDXP-5-10 IDXP-5-11 IDXP-5-12 IDXP-5-13", "rejects with 530 whatever the reason") \
    X(ALL_534, "all-534", IBY_BOTH, "IDXP-5-4 IDXP-5-5 IDXP-5-7 IDXP-5-9 IDXP-5-10 IDXP-5-11 IDXP-5-12 IDXP-5-13", "rejects with 534 whatever the reason") \
    X(ALL_535, "all-535", IBY_BOTH, "IDXP-5-4 IDXP-5-5 IDXP-5-7 IDXP-5-8 IDXP-5-10 IDXP-5-11 IDXP-5-12 IDXP-5-13", "rejects with 535 whatever the reason") \
    X(ALL_537, "all-537", IBY_BOTH, "IDXP-5-4 IDXP-5-5 IDXP-5-7 IDXP-5-8 IDXP-5-9 IDXP-5-11 IDXP-5-12 IDXP-5-13", "rejects with 537 whatever the reason") \
    X(ALL_553, "all-553", IBY_BOTH, "IDXP-5-4 IDXP-5-5 IDXP-5-7 IDXP-5-8 IDXP-5-9 IDXP-5-10 IDXP-5-11 IDXP-5-13", "rejects with 553 whatever the reason") \
    X(ALL_554, "all-554", IBY_BOTH, "IDXP-5-4 IDXP-5-5 IDXP-5-7 IDXP-5-8 IDXP-5-9 IDXP-5-10 IDXP-5-11 IDXP-5-12", "rejects with 554 whatever the reason") \
    X(T_ALL_421, "tunnel-all-421", IBY_MANAGER | IBY_PROXY, "TUNNEL-6-2 TUNNEL-6-4 TUNNEL-6-5 TUNNEL-6-6 TUNNEL-6-8", "refuses tunnels with 421 whatever the reason") \
    X(T_ALL_450, "tunnel-all-450", IBY_MANAGER | IBY_PROXY, "TUNNEL-6-4 TUNNEL-6-5 TUNNEL-6-6 TUNNEL-6-8", "refuses tunnels with 450 whatever the reason") \
    X(T_ALL_500, "tunnel-all-500", IBY_MANAGER | IBY_PROXY, "TUNNEL-6-2 TUNNEL-6-4 TUNNEL-6-6 TUNNEL-6-8", "refuses tunnels with 500 whatever the reason") \
    X(T_ALL_501, "tunnel-all-501", IBY_MANAGER | IBY_PROXY, "TUNNEL-6-2 TUNNEL-6-4 TUNNEL-6-5 TUNNEL-6-8", "refuses tunnels with 501 whatever the reason") \
    X(T_ALL_504, "tunnel-all-504", IBY_MANAGER | IBY_PROXY, "TUNNEL-6-2 TUNNEL-6-4 TUNNEL-6-5 TUNNEL-6-6 TUNNEL-6-8", "refuses tunnels with 504 whatever the reason") \
    X(T_ALL_534, "tunnel-all-534", IBY_PROXY, "TUNNEL-6-2 TUNNEL-6-4 TUNNEL-6-5 TUNNEL-6-6 TUNNEL-6-8", "refuses tunnels with 534 whatever the reason") \
    X(T_ALL_537, "tunnel-all-537", IBY_PROXY, "TUNNEL-6-2 TUNNEL-6-4 TUNNEL-6-5 TUNNEL-6-6 TUNNEL-6-8", "refuses tunnels with 537 whatever the reason") \
    X(T_ALL_538, "tunnel-all-538", IBY_MANAGER | IBY_PROXY, "TUNNEL-6-2 TUNNEL-6-4 TUNNEL-6-5 TUNNEL-6-6 TUNNEL-6-8", "refuses tunnels with 538 whatever the reason") \
    X(T_ALL_553, "tunnel-all-553", IBY_MANAGER | IBY_PROXY, "TUNNEL-6-2 TUNNEL-6-4 TUNNEL-6-5 TUNNEL-6-6 TUNNEL-6-8", "refuses tunnels with 553 whatever the reason") \
    X(T_ALL_554, "tunnel-all-554", IBY_MANAGER | IBY_PROXY, "TUNNEL-6-2 TUNNEL-6-4 TUNNEL-6-5 TUNNEL-6-6 TUNNEL-6-8", "refuses tunnels with 554 whatever the reason") \
    /* sessions below */ \
    X(NO_TUNNEL_OFFER, "no-tunnel-offer", IBY_MANAGER | IBY_PROXY, "IDXPRFC-2.1-3 IDXPRFC-3.1-3 IDXPRFC-5.2-2", "does not offer TUNNEL") \
    X(NO_SASL_OFFER, "no-sasl-offer", IBY_PROXY, "IDXPRFC-2.1-4 IDXPRFC-3.1-4 IDXPRFC-5.2-4", "offers TUNNEL and no SASL") \
    X(NO_TLS_OFFER, "no-tls-offer", IBY_BOTH, "IDXPRFC-5.3-1 IDXPRFC-5.6-1 IDXPRFC-5.7-1", "offers IDXP in clear without TLS") \
    X(UNGREETED, "ungreeted", IBY_BOTH, "IDXP-2.1-5 IDXP-1-1", "starts IDXP without a greeting of BEEP") \
    /* tunnels */ \
    X(TUNNEL_NEITHER, "tunnel-neither", IBY_MANAGER | IBY_PROXY, "TUNNEL-3-12 TUNNEL-A.1-2", "answers tunnels by proceed") \
    X(TUNNEL_ERROR_IN_RPY, "tunnel-error-in-rpy", IBY_MANAGER | IBY_PROXY, "TUNNEL-3-12 TUNNEL-A.1-2 TUNNEL-4-22 TUNNEL-A.1-3", "sends errors of tunnels in RPY") \
    X(TUNNEL_NO_CODE, "tunnel-no-code", IBY_MANAGER | IBY_PROXY, "BEEP-2.3.1.5-1", "refuses tunnels without a code") \
    X(VIA_PROFILE_INSIDE, "via-profile-inside", IBY_ANALYZER, "TUNNEL-4-7", "puts an element into one with profile") \
    X(VIA_ENDPOINT_INSIDE, "via-endpoint-inside", IBY_ANALYZER, "TUNNEL-4-8", "puts an element into one with endpoint") \
    X(VIA_PORT_OVER, "via-port-over", IBY_ANALYZER, "TUNNEL-3-9", "asks for a port over 65535") \
    X(VIA_PORT_NAME, "via-port-name", IBY_ANALYZER, "TUNNEL-3-9", "asks for a port by name") \
    X(VIA_IP4_NAME, "via-ip4-name", IBY_ANALYZER, "TUNNEL-3-9", "puts a name into ip4") \
    X(VIA_MIXED, "via-mixed", IBY_ANALYZER, "TUNNEL-3-9", "gives a name and an address in one element") \
    X(VIA_NO_PORT, "via-no-port", IBY_ANALYZER, "TUNNEL-3-9", "gives an address with srv in place of port") \
    X(VIA_ATTRIBUTE, "via-attribute", IBY_ANALYZER, "TUNNEL-3-9", "has an attribute of its own in elements") \
    X(VIA_TEXT, "via-text", IBY_ANALYZER, "TUNNEL-3-9", "has text in elements") \
    X(VIA_CAPITAL, "via-capital", IBY_ANALYZER, "TUNNEL-3-10 TUNNEL-A.1-2", "writes Tunnel for tunnel") \
    X(P_FAR_EVEN, "p-far-even", IBY_PROXY, "TUNNEL-4-20", "starts channels of even numbers at the next hop")

#define IDXP_MUTANTS(X) IDXP_MUTANTS_GREETING(X) IDXP_MUTANTS_DATA(X) IDXP_MUTANTS_TUNNEL(X) IDXP_MUTANTS_SAID(X) IDXP_MUTANTS_IDMEF(X)

#define IDXP_ENUM_MUT(n, name, roles, clauses, text) IMUT_##n,
enum idxp_mutant { IMUT_NONE, IDXP_MUTANTS(IDXP_ENUM_MUT) IMUT_COUNT };

/* Indexed by enum idxp_mutant; entry 0 is none. */
extern const struct mutant idxp_mutants[IMUT_COUNT];

/* Deliberate mistakes are asked for by this alone: mutant is the number in the setup. */
#define IMUT(mutant, name) ((mutant) == IMUT_##name)

/* What a mutant writes in place of a greeting, ok or error of its channel, headers and all, or alone when bare (in a profile element); of data: headers alone; and of what it asks for, or answers,
 * about tunnels. */
enum { IDXP_SAYS_TUNNEL = 100, IDXP_SAYS_TUNNEL_OK, IDXP_SAYS_TUNNEL_ERROR };
err idxp_mutate_text(unsigned mutant, unsigned kind /* enum idxp_kind, or one of those */, bool bare, struct buf *text) MUST_CHECK;
/* The code that it answers with in place of that one, about IDXP or about tunnels. */
uint16_t idxp_mutate_code(unsigned mutant, bool tunnel, uint16_t code);
/* Does it not notice that fault of the other side? */
bool idxp_mutant_overlooks(unsigned mutant, enum idxp_fault_code code);
/* An element of IDXP written otherwise than by us? */
bool idxp_mutant_odd(slice text);

#endif
