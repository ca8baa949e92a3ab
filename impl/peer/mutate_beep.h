/* SPDX-License-Identifier: MIT */
/* mutate_beep: the deliberate mistakes of BEEP.  A mutant is the reference peer with exactly one thing wrong; the suite has to catch each by a case, or a passive
 * check, that cites one of the mutant's clauses.  Mistakes in what is written are rows of tables: frames in mutate_beep_wire.c, elements and what is overlooked in
 * mutate_beep.c; the others are asked for by name where the peer decides. */
#ifndef PEER_MUTATE_BEEP_H
#define PEER_MUTATE_BEEP_H

#include "codec/beep_frame.h"
#include "codec/beep_mgmt.h"
#include "peer/mutant.h"
#include "track/track_beep.h"

/* Who can make it: the bits of the roles in run/proto_beep.h. */
#define BY_LISTENER  1u
#define BY_INITIATOR 2u
#define BY_BOTH      3u

/* X(NAME, "name", roles it can be played in, "clauses that it breaks", "what it does") */
#define BEEP_MUTANTS_FRAMES(X) \
    /* frames: form */ \
    X(LOWER_KEYWORD, "lower-keyword", BY_BOTH, "BEEP-2.2.1-2", "writes the keywords of replies in small letters") \
    X(TWO_BLANKS, "two-blanks", BY_BOTH, "BEEP-2.2.1-3 BEEP-2.2.1.1-1", "puts two blanks behind the keyword") \
    X(TAB, "tab", BY_BOTH, "BEEP-2.2.1-3 BEEP-2.2.1.1-1", "separates channel and number by a tab") \
    X(NO_MORE_FIELD, "no-more-field", BY_BOTH, "BEEP-2.2.1-3 BEEP-2.2.1.1-25", "leaves the continuation indicator out") \
    X(SEVENTH_FIELD, "seventh-field", BY_BOTH, "BEEP-2.2.1-3 BEEP-2.2.1-10", "gives RPY an answer number") \
    X(PLUS_SIGN, "plus-sign", BY_BOTH, "BEEP-2.2.1.1-2", "writes channel numbers with a sign") \
    X(MORE_COMMA, "more-comma", BY_BOTH, "BEEP-2.2.1.1-25", "writes a comma for the full stop") \
    X(HEAD_LF, "head-lf", BY_BOTH, "BEEP-2.2.1-1 BEEP-2.2-5", "ends frame headers with LF") \
    X(TRAILER_LF, "trailer-lf", BY_BOTH, "BEEP-2.2.1.3-1 BEEP-2.2-5", "ends trailers with LF") \
    X(TRAILER_SMALL, "trailer-small", BY_BOTH, "BEEP-2.2.1.3-1", "writes trailers in small letters") \
    X(NO_TRAILER, "no-trailer", BY_BOTH, "BEEP-2.2.1.3-1", "leaves trailers out") \
    X(SIZE_OVER, "size-over", BY_BOTH, "BEEP-2.2.1.1-5 BEEP-2.2.1.3-1", "counts one octet too many") \
    X(SIZE_UNDER, "size-under", BY_BOTH, "BEEP-2.2.1.1-5 BEEP-2.2.1.3-1", "counts one octet too few") \
    X(SIZE_HEX, "size-hex", BY_BOTH, "BEEP-2.2.1.1-5", "writes sizes with 0x in front") \
    X(SEQNO_BIG, "seqno-big", BY_BOTH, "BEEP-2.2.1.1-4", "writes sequence numbers beyond 32 bits") \
    X(NUL_PAYLOAD, "nul-payload", BY_LISTENER, "BEEP-2.1.1-1", "sends NUL with payload") \
    X(NUL_STAR, "nul-star", BY_LISTENER, "BEEP-2.1.1-1", "sends NUL with more to come") \
    X(ANS_NO_NUMBER, "ans-no-number", BY_LISTENER, "BEEP-2.2.1-3 BEEP-2.2.1-10", "leaves the answer number out of ANS") \
    X(SEQ_TRAILER, "seq-trailer", BY_BOTH, "BEEPTCP-3.1.3-2 BEEP-2.2.1-2", "puts a trailer behind SEQ") \
    X(SEQ_NO_WINDOW, "seq-no-window", BY_BOTH, "BEEPTCP-3.1.3-2", "leaves the window out of SEQ") \
    /* frames: what they say of each other */ \
    X(SEQNO_ONE_ON, "seqno-one-on", BY_BOTH, "BEEP-2.2.1.1-4", "counts one too far once a channel is used") \
    X(SEQNO_FROM_ONE, "seqno-from-one", BY_BOTH, "BEEP-2.2.1.2-1", "counts from 1 on data channels") \
    X(SEQNO_STUCK, "seqno-stuck", BY_BOTH, "BEEP-2.2.1.1-4 BEEP-2.2.1.1-11", "always says 0") \
    X(SEQNO_PER_MESSAGE, "seqno-per-message", BY_BOTH, "BEEP-2.2.1.1-4 BEEP-2.2.1.1-11", "counts each message from 0") \
    X(SEQNO_SHARED, "seqno-shared", BY_BOTH, "BEEP-2.2.1.2-1 BEEP-2.2.1.1-4", "counts the payload of all channels together") \
    X(SEQNO_FRAMES, "seqno-frames", BY_BOTH, "BEEP-2.2.1.1-4", "counts frames instead of octets") \
    X(MSG_TWICE, "msg-twice", BY_INITIATOR, "BEEP-2.2.1.1-3", "uses the number of a MSG that is not answered again") \
    X(ALWAYS_MORE, "always-more", BY_BOTH, "BEEP-2.2.1.1-25 BEEP-2.1.1-1", "says of the last frame of replies on data channels that more follow") \
    X(NEVER_MORE, "never-more", BY_BOTH, "BEEP-2.2.1.1-25 BEEP-2.1.1-1", "says of each frame of a long reply that it is the last") \
    X(KEYWORD_CHANGES, "keyword-changes", BY_BOTH, "BEEP-2.2.1.1-18", "ends long replies as ERR") \
    X(MIXES_MESSAGES, "mixes-messages", BY_BOTH, "BEEP-2.2.1.1-8", "puts another MSG between the frames of a long message") \
    X(ANS_SAME_NUMBER, "ans-same-number", BY_LISTENER, "BEEP-2.2.1.1-7", "numbers all answers 0") \
    X(ANS_NO_NUL, "ans-no-nul", BY_LISTENER, "BEEP-2.1.1-1 BEEP-2.6.1-3", "sends no NUL behind the answers") \
    X(ANS_THEN_RPY, "ans-then-rpy", BY_LISTENER, "BEEP-2.2.1.1-18", "ends the answers with a RPY") \
    X(REPLY_TWICE, "reply-twice", BY_BOTH, "BEEP-2.1.1-1", "sends replies on data channels twice") \
    X(REPLY_TO_NOTHING, "reply-to-nothing", BY_BOTH, "BEEP-2.1.1-1", "replies to the number behind the one that was asked with") \
    X(REPLIES_REVERSED, "replies-reversed", BY_BOTH, "BEEP-2.6.1-2", "answers what came last first") \
    X(NO_REPLY, "no-reply", BY_BOTH, "BEEP-2.1.1-1 BEEP-2.3.1.2-8", "does not answer start") \
    X(CLOSED_CHANNEL, "closed-channel", BY_INITIATOR, "BEEP-2.2.1.1-14", "uses a channel whose start was declined") \
    X(HASTY_MSG, "hasty-msg", BY_INITIATOR, "BEEP-2.2.1.1-14", "uses a channel before its start is answered")
#define BEEP_MUTANTS_RULES(X) \
    /* what must end the session, and does not */ \
    X(TAKES_KEYWORD, "takes-keyword", BY_BOTH, "BEEP-2.2.1.1-12 BEEP-2.2.1-2", "passes over what begins with no keyword") \
    X(TAKES_PARAMETER, "takes-parameter", BY_BOTH, "BEEP-2.2.1.1-13 BEEP-2.2.1-3 BEEP-2.2.1.1-1", "passes over headers that cannot be read") \
    X(TAKES_CHANNEL, "takes-channel", BY_BOTH, "BEEP-2.2.1.1-14 BEEP-2.3-1", "passes over frames for channels that do not exist") \
    X(TAKES_MSG_REUSED, "takes-msg-reused", BY_BOTH, "BEEP-2.2.1.1-15", "passes over a MSG whose number is not free") \
    X(TAKES_REPLY_AGAIN, "takes-reply-again", BY_BOTH, "BEEP-2.2.1.1-16", "passes over second replies") \
    X(TAKES_REPLY_UNKNOWN, "takes-reply-unknown", BY_BOTH, "BEEP-2.2.1.1-17", "passes over replies to what was never asked") \
    X(TAKES_KEYWORD_CHANGED, "takes-keyword-changed", BY_INITIATOR, "BEEP-2.2.1.1-18", "lets the keyword change within a message") \
    X(TAKES_NUL_AFTER, "takes-nul-after", BY_INITIATOR, "BEEP-2.2.1.1-19", "passes over a NUL behind something else than ANS") \
    X(TAKES_MIXED, "takes-mixed", BY_BOTH, "BEEP-2.2.1.1-20", "passes over frames of another message before one is complete") \
    X(TAKES_SEQNO, "takes-seqno", BY_BOTH, "BEEP-2.2.1.1-21 BEEP-2.2.1.2-3", "passes over frames with a wrong sequence number") \
    X(TAKES_NUL_FORM, "takes-nul-form", BY_BOTH, "BEEP-2.2.1.1-22", "passes over a NUL with payload or with more to come") \
    X(TAKES_TRAILER, "takes-trailer", BY_BOTH, "BEEP-2.2.1.3-2 BEEP-2.2.1-11", "passes over what stands in the place of a trailer") \
    X(TAKES_SEQ_FORM, "takes-seq-form", BY_BOTH, "BEEPTCP-3.1.3-5", "passes over SEQ that cannot be read") \
    X(TAKES_SEQ_CHANNEL, "takes-seq-channel", BY_BOTH, "BEEPTCP-3.1.3-5", "passes over SEQ for channels that do not exist") \
    X(TAKES_NO_GREETING, "takes-no-greeting", BY_BOTH, "BEEP-2.3.1.1-1 BEEP-2.2.1.1-17 BEEP-2.2.1.1-18 BEEP-2.2.1.1-19", "passes over what stands in the place of a greeting") \
    X(ANSWERS_BAD, "answers-bad", BY_BOTH, "BEEP-2.2.1.1-23", "answers a poorly-formed frame by ERR before the session ends") \
    /* what is fine, and ends the session */ \
    X(ENDS_ON_PART, "ends-on-part", BY_BOTH, "BEEP-2.2-4 BEEP-2.2.1.1-25", "ends the session on a message in several frames") \
    X(ENDS_ON_EMPTY, "ends-on-empty", BY_BOTH, "BEEP-2.2.1.1-6", "ends the session on a frame without payload") \
    X(ENDS_ON_OTHER_CHANNEL, "ends-on-other-channel", BY_BOTH, "BEEP-2.2.1.1-9", "ends the session on a frame of another channel inside a message") \
    X(ENDS_ON_SEQ_INSIDE, "ends-on-seq-inside", BY_BOTH, "BEEPTCP-3.1.3-7", "ends the session on a SEQ inside a message") \
    X(ENDS_ON_4096, "ends-on-4096", BY_BOTH, "BEEPTCP-3.1.1-4", "ends the session on a frame of 4096 octets") \
    X(ENDS_ON_HIGH_NUMBER, "ends-on-high-number", BY_BOTH, "BEEP-2.2.1-5", "ends the session on message number 2147483647") \
    X(ENDS_ON_NUMBER_AGAIN, "ends-on-number-again", BY_BOTH, "BEEP-2.2.1.1-26", "ends the session on a message number that was used before") \
    X(ENDS_ON_FEATURES, "ends-on-features", BY_BOTH, "BEEP-2.3.1.1-6", "ends the session on a feature that it does not know") \
    X(ENDS_ON_PROFILES, "ends-on-profiles", BY_BOTH, "BEEP-2.3.1.1-9", "ends the session on a greeting with profiles that it does not know") \
    X(ENDS_ON_SAME_NUMBER, "ends-on-same-number", BY_INITIATOR, "BEEP-2.7-2", "takes the message numbers of both directions for one space") \
    X(ENDS_ON_HALF_SEGMENT, "ends-on-half-segment", BY_BOTH, "BEEPTCP-3-1", "takes each segment for whole frames") \
    X(ONLY_CLIENT, "only-client", BY_INITIATOR, "BEEP-2.7-1", "ends the session when it is asked for something") \
    /* windows */ \
    X(NO_WINDOW, "no-window", BY_BOTH, "BEEPTCP-3.1.2-1", "sends as if there were no window") \
    X(ZERO_IS_NONE, "zero-is-none", BY_BOTH, "BEEPTCP-3.1.2-1 BEEPTCP-3.1.3-6", "takes a window of 0 for no limit") \
    X(ONE_WINDOW, "one-window", BY_BOTH, "BEEPTCP-3.1.2-1 BEEPTCP-3.1-1", "holds the window of channel 0 against all channels") \
    X(NO_SEQ, "no-seq", BY_BOTH, "BEEPTCP-3.1.3-1", "never sends SEQ") \
    X(SEQ_AHEAD, "seq-ahead", BY_BOTH, "BEEPTCP-3.1.3-4", "acknowledges one octet too many") \
    X(SEQ_STUCK, "seq-stuck", BY_BOTH, "BEEPTCP-3.1.3-4", "acknowledges nothing by its SEQ, but tells the right edges") \
    X(WINDOW_FROM_HERE, "window-from-here", BY_BOTH, "BEEPTCP-3.1.3-4 BEEPTCP-3.1.2-1", "counts windows from what it has sent, not from what was acknowledged") \
    X(SEQ_SHRINKS, "seq-shrinks", BY_BOTH, "BEEPTCP-3.1.4-7", "shrinks windows that it granted") \
    X(SEQ_ELSEWHERE, "seq-elsewhere", BY_BOTH, "BEEPTCP-3.1.3-5 BEEPTCP-3.1.3-1", "sends SEQ for channels that do not exist") \
    X(STOPS_AT_4096, "stops-at-4096", BY_BOTH, "BEEPTCP-3.1.3-4 BEEPTCP-3.1.3-6 BEEPTCP-3.1.4-4 BEEPTCP-3.1-1", "does nothing with SEQ: stops behind 4096 octets") \
    X(FIRST_SEQ_ONLY, "first-seq-only", BY_BOTH, "BEEPTCP-3.1.3-4 BEEPTCP-3.1.3-6 BEEPTCP-3.1.4-4 BEEPTCP-3.1-1", "heeds the first SEQ of a channel only") \
    X(HUGE_FRAMES, "huge-frames", BY_BOTH, "BEEPTCP-3.1.4-1", "makes frames as large as the window") \
    X(HOGS, "hogs", BY_BOTH, "BEEPTCP-3.1.4-2 BEEPTCP-3.1.4-6", "sends a channel to its end before another has its turn")
#define BEEP_MUTANTS_MGMT(X) \
    /* greetings */ \
    X(WAITS, "waits", BY_BOTH, "BEEP-2.3.1.1-2 BEEP-2.3.1.1-1", "waits for the greeting of the other side") \
    X(NO_GREETING, "no-greeting", BY_BOTH, "BEEP-2.3.1.1-1 BEEP-2-1", "sends no greeting") \
    X(GREETS_TWICE, "greets-twice", BY_BOTH, "BEEP-2.3.1.1-1", "sends its greeting twice") \
    X(GREETING_ONE, "greeting-one", BY_BOTH, "BEEP-2.3.1.1-3", "numbers its greeting 1") \
    X(GREETING_MSG, "greeting-msg", BY_BOTH, "BEEP-2.3.1.1-1 BEEP-2.3.1.1-3", "greets in a MSG") \
    X(GREETING_CONTENT, "greeting-content", BY_LISTENER, "BEEP-2.3.1.1-5", "puts content into the profiles of its greeting") \
    X(GREETING_ATTRIBUTE, "greeting-attribute", BY_BOTH, "BEEP-2.3.1.1-4 BEEP-7.1-2", "gives its greeting an attribute that there is not") \
    X(FEATURE_NAME, "feature-name", BY_BOTH, "BEEP-5.2-1", "tells of a feature that is not registered and has no x-") \
    X(TEXT_XML, "text-xml", BY_BOTH, "BEEP-7.1-1", "sends channel management as text/xml") \
    X(NO_TYPE, "no-type", BY_BOTH, "BEEP-7.1-1", "leaves the content type out") \
    X(NO_EMPTY_LINE, "no-empty-line", BY_BOTH, "BEEP-2.2-7", "puts no empty line behind the MIME headers") \
    X(XML_DECLARATION, "xml-declaration", BY_BOTH, "BEEP-6.4-1", "begins elements with an XML declaration") \
    X(XML_DOCTYPE, "xml-doctype", BY_BOTH, "BEEP-6.4-1", "begins elements with a document type") \
    X(LATIN_1, "latin-1", BY_BOTH, "BEEP-6.4-5 BEEP-7.1-2", "writes diagnostics in Latin-1") \
    X(ILL_FORMED, "ill-formed", BY_BOTH, "BEEP-7.1-2", "leaves out the end of error elements") \
    /* channels */ \
    X(WRONG_PARITY, "wrong-parity", BY_INITIATOR, "BEEP-2.3.1.2-4 BEEPTCP-2-1", "starts channels with even numbers") \
    X(STARTS_AGAIN, "starts-again", BY_INITIATOR, "BEEP-2.3.1.2-10", "starts a channel that exists") \
    X(STARTS_ZERO, "starts-zero", BY_INITIATOR, "BEEP-2.3.1.2-14", "starts channel 0") \
    X(STARTS_BARE, "starts-bare", BY_INITIATOR, "BEEP-2.3.1.2-14", "starts a channel with no profile") \
    X(STARTS_LONG, "starts-long", BY_INITIATOR, "BEEP-2.3.1.2-3", "starts a channel with 4097 octets of content") \
    X(TAKES_PARITY, "takes-parity", BY_BOTH, "BEEP-2.3.1.2-11", "takes channel numbers of the wrong parity") \
    X(TAKES_IN_USE, "takes-in-use", BY_BOTH, "BEEP-2.3.1.2-10", "agrees to start a channel that exists") \
    X(TAKES_NUMBER, "takes-number", BY_BOTH, "BEEP-2.3.1.2-1", "takes starts without a number that is one") \
    X(TAKES_4097, "takes-4097", BY_BOTH, "BEEP-2.3.1.2-13", "takes 4097 octets of content") \
    X(TAKES_UNKNOWN_PROFILE, "takes-unknown-profile", BY_BOTH, "BEEP-2.3.1.2-8 BEEP-8-9 BEEP-2-2", "agrees to profiles that it does not have") \
    X(SERVER_NAME_IGNORED, "server-name-ignored", BY_LISTENER, "BEEP-2.3.1.2-7", "serves whatever name it is asked for by, though it is set up for one") \
    X(TAKES_ENCODING, "takes-encoding", BY_BOTH, "BEEP-2.3.1.2-2", "takes an encoding that there is not") \
    X(OTHER_PROFILE, "other-profile", BY_BOTH, "BEEP-2.3.1.2-9 BEEP-2-2", "answers with a profile that was not proposed") \
    X(FIRST_PROFILE, "first-profile", BY_BOTH, "BEEP-2-2", "looks at the first of the profiles that are proposed only") \
    X(ONE_CHANNEL, "one-channel", BY_BOTH, "BEEP-2-4 BEEP-2.3-2", "declines a second data channel") \
    X(FEW_CHANNELS, "few-channels", BY_BOTH, "BEEP-2.3-2", "declines the seventeenth channel") \
    X(NO_SECOND_LIFE, "no-second-life", BY_BOTH, "BEEP-2.3.1.3-12", "declines numbers of channels that were closed") \
    X(DECLINED_EXISTS, "declined-exists", BY_BOTH, "BEEP-2.1.1-2", "keeps a channel that it declined") \
    X(CLOSE_IGNORED, "close-ignored", BY_BOTH, "BEEP-2.3.1.4-2 BEEP-2.3.1.3-7 BEEP-2.1.1-1", "does not answer close") \
    X(OK_EARLY, "ok-early", BY_BOTH, "BEEP-2.3.1.3-6", "agrees to a close while it owes replies") \
    X(OK_UNKNOWN, "ok-unknown", BY_BOTH, "BEEP-2.3.1.3-13", "agrees to close a channel that does not exist") \
    X(TAKES_CLOSE_CODE, "takes-close-code", BY_BOTH, "BEEP-2.3.1.3-1", "takes a close without code") \
    X(CLOSE_NO_CODE, "close-no-code", BY_INITIATOR, "BEEP-2.3.1.3-11", "asks for a close without code") \
    X(CLOSE_UNKNOWN, "close-unknown", BY_INITIATOR, "BEEP-2.3.1.3-13", "asks to close a channel that does not exist") \
    X(CLOSE_EARLY, "close-early", BY_INITIATOR, "BEEP-2.3.1.3-9", "asks to close while its own MSG is not acknowledged") \
    X(TALKS_AFTER_CLOSE, "talks-after-close", BY_INITIATOR, "BEEP-2.3.1.3-3 BEEP-2.2.1.1-14", "sends MSG on a channel that it asked to close") \
    X(RELEASE_IGNORED, "release-ignored", BY_BOTH, "BEEP-2.4-2", "does not answer a release") \
    X(RELEASE_HANGS_UP, "release-hangs-up", BY_BOTH, "BEEP-2.4-2", "ends the connection in answer to a release") \
    X(RELEASE_NEEDS_NUMBER, "release-needs-number", BY_BOTH, "BEEP-2.4-2 BEEP-2.3.1.3-1", "does not understand a close without number") \
    X(STAYS_RELEASED, "stays-released", BY_BOTH, "BEEPTCP-2-2", "agrees to the release and keeps the connection") \
    X(TALKS_RELEASED, "talks-released", BY_BOTH, "BEEP-2.4-2", "sends a MSG behind its ok to the release") \
    X(STAYS_UNAVAILABLE, "stays-unavailable", BY_INITIATOR, "BEEP-2.3.1.5-4", "does not end the session when the listener is not available") \
    X(TALKS_UNAVAILABLE, "talks-unavailable", BY_INITIATOR, "BEEP-2.3.1.5-4 BEEP-2.4-1", "asks for a channel when the listener is not available") \
    X(GREETS_UNAVAILABLE, "greets-unavailable", BY_LISTENER, "BEEP-2.3.1.5-4", "greets behind the error that says it is not available") \
    X(CRASHES_ON_START, "crashes-on-start", BY_BOTH, "BEEP-2.3.1.2-8 BEEP-2.1.1-1", "drops the connection when a channel is asked for") \
    /* answers */ \
    X(ERROR_IN_RPY, "error-in-rpy", BY_BOTH, "BEEP-7.1-2 BEEP-2.3.1.2-8", "sends error in RPY") \
    X(OK_IN_ERR, "ok-in-err", BY_BOTH, "BEEP-7.1-2 BEEP-2.3.1.4-2", "sends ok in ERR") \
    X(BLOB_IN_ERR, "blob-in-err", BY_LISTENER, "BEEP-6.3-1", "answers blobs by blobs in ERR") \
    X(ERROR_NO_CODE, "error-no-code", BY_BOTH, "BEEP-2.3.1.5-1", "sends error without code") \
    X(ERROR_CODE_LONG, "error-code-long", BY_BOTH, "BEEP-2.3.1.5-1", "sends error with a code of four digits") \
    X(ERROR_200, "error-200", BY_BOTH, "BEEP-8-1", "declines with 200") \
    X(OK_CONTENT, "ok-content", BY_BOTH, "BEEP-2.3.1.4-1", "puts text into ok") \
    X(OK_CODE, "ok-code", BY_BOTH, "BEEP-2.3.1.4-1", "gives ok a code") \
    X(TAKES_ILL_FORMED, "takes-ill-formed", BY_BOTH, "BEEP-2.2.2.1-1 BEEP-2.3.1.5-2", "answers XML that is not well-formed by ok") \
    X(ILL_FORMED_MUTE, "ill-formed-mute", BY_BOTH, "BEEP-2.2.2.1-1 BEEP-2.3.1.5-2", "does not answer XML that is not well-formed") \
    X(ILL_FORMED_501, "ill-formed-501", BY_BOTH, "BEEP-8-5", "answers XML that is not well-formed by 501") \
    X(INVALID_MUTE, "invalid-mute", BY_BOTH, "BEEP-2.3.1.5-2", "does not answer elements that it does not know") \
    X(INVALID_500, "invalid-500", BY_BOTH, "BEEP-8-6", "answers XML that is not valid by 500") \
    X(UNWANTED_500, "unwanted-500", BY_BOTH, "BEEP-8-9", "declines profiles with 500") \
    X(NO_DOUBLE_QUOTES, "no-double-quotes", BY_BOTH, "BEEP-7.1-4", "does not take attributes in double quotes") \
    X(NO_COMMENTS, "no-comments", BY_BOTH, "BEEP-6.4-2", "does not take comments") \
    X(NO_OTHER_HEADERS, "no-other-headers", BY_BOTH, "BEEP-2.2-1", "does not take header lines beside the content type") \
    X(TAKES_DOCTYPE, "takes-doctype", BY_BOTH, "BEEP-6.4-3", "takes elements behind a document type") \
    X(TAKES_DECLARATION, "takes-declaration", BY_BOTH, "BEEP-6.4-3", "takes elements behind an XML declaration") \
    X(TAKES_ATTRIBUTE, "takes-attribute", BY_BOTH, "BEEP-7.1-5", "takes attributes that there are not") \
    X(KEEPS_BAD_REPLY, "keeps-bad-reply", BY_BOTH, "BEEP-2.2.2.1-2", "goes on behind a reply on channel 0 that cannot be read")

#define BEEP_MUTANTS(X) BEEP_MUTANTS_FRAMES(X) BEEP_MUTANTS_RULES(X) BEEP_MUTANTS_MGMT(X) BEEP_MUTANTS_TUNING(X)

#define BEEP_MUTANTS_TUNING(X) \
    /* TLS */ \
    X(TLS_ANY_VERSION, "tls-any-version", BY_LISTENER, "BEEP-3.1.1-3 BEEP-3.1.3.1-3", "proceeds whatever version is asked for") \
    X(TLS_ERROR_OUTSIDE, "tls-error-outside", BY_LISTENER, "BEEP-3.1.1-3", "declines the channel when the ready inside the start fails") \
    X(TLS_READY_IGNORED, "tls-ready-ignored", BY_LISTENER, "BEEP-3.1.1-4 BEEP-2.3.1.2-15", "does not look at what stands in the start") \
    X(TLS_TALKS_READY, "tls-talks-ready", BY_INITIATOR, "BEEP-3.1.3.1-1", "goes on talking behind ready") \
    X(TLS_TALKS_PROCEED, "tls-talks-proceed", BY_LISTENER, "BEEP-3.1.3.2-2", "goes on talking behind proceed") \
    X(TLS_TALKS_CLEAR, "tls-talks-clear", BY_INITIATOR, "BEEP-3.1.3.2-3", "goes on in clear behind proceed") \
    X(TLS_HELD_REPLIES, "tls-held-replies", BY_LISTENER, "BEEP-3.1.3.1-2", "proceeds before the replies that it owes") \
    X(TLS_OTHER_SIDE, "tls-other-side", BY_LISTENER, "BEEP-3.1.3.2-4 BEEP-3.1.3.2-2", "begins the handshake that it should wait for") \
    X(TLS_NO_GREETING, "tls-no-greeting", BY_BOTH, "BEEP-3-1", "sends no new greeting behind TLS") \
    X(TLS_SEQNO_GOES_ON, "tls-seqno-goes-on", BY_BOTH, "BEEP-2.2.1.2-1 BEEP-2.3.1.1-3 BEEP-3-5", "does not count anew behind TLS") \
    X(TLS_WAITS_OUT, "tls-waits-out", BY_LISTENER, "BEEP-3.1.3.2-5", "does not answer ready") \
    X(TLS_WORD, "tls-word", BY_LISTENER, "BEEP-7.2-1", "gives proceed a version") \
    X(TLS_OTHER_MSG, "tls-other-msg", BY_LISTENER, "BEEP-6.2-2", "answers anything on a TLS channel by proceed") \
    X(TLS_TWO_TUNINGS, "tls-two-tunings", BY_LISTENER, "BEEP-2-3", "begins a second tuning while one is under way") \
    X(TLS_UNASKED, "tls-unasked", BY_INITIATOR, "BEEP-3.1.3.2-5 BEEP-3.1.1-5", "begins the handshake whatever its ready is answered by") \
    X(TLS_KEEPS_CHANNELS, "tls-keeps-channels", BY_BOTH, "BEEP-3-4", "passes over frames behind TLS for channels that are gone") \
    X(TLS_DEAF, "tls-deaf", BY_LISTENER, "BEEP-3-1", "greets behind TLS, and answers nothing") \
    X(TLS_KEEPS_BAD_ANSWER, "tls-keeps-bad-answer", BY_INITIATOR, "BEEP-2.2.2.1-3", "keeps a tuning channel whose reply cannot be read") \
    X(TLS_GOES_ON_BARE, "tls-goes-on-bare", BY_INITIATOR, "BEEP-9-1", "goes on without TLS that was to be had") \
    /* SASL */ \
    X(SASL_ANY_PASSWORD, "sasl-any-password", BY_LISTENER, "BEEP-4.1-5", "takes any password") \
    X(SASL_ANY_BASE64, "sasl-any-base64", BY_LISTENER, "BEEP-4.1.2-1", "takes blobs that are no base64") \
    X(SASL_CLIENT_COMPLETE, "sasl-client-complete", BY_LISTENER, "BEEP-4.1.3-1", "lets the client say that it is authenticated") \
    X(SASL_ABORT_DEAF, "sasl-abort-deaf", BY_LISTENER, "BEEP-4.1.3-4", "goes on behind an abort") \
    X(SASL_TWICE, "sasl-twice", BY_LISTENER, "BEEP-4-1", "authenticates a second time") \
    X(SASL_THEN_TLS, "sasl-then-tls", BY_LISTENER, "BEEP-4.1-1", "begins TLS behind authentication") \
    X(SASL_EXTERNAL_BARE, "sasl-external-bare", BY_LISTENER, "BEEP-4.1.3-2", "takes EXTERNAL without anything outside") \
    X(SASL_NO_STATUS, "sasl-no-status", BY_LISTENER, "BEEP-4.1-5 BEEP-4.1.3-1", "does not say that the exchange is complete") \
    X(SASL_BAD_STATUS, "sasl-bad-status", BY_LISTENER, "BEEP-4.1.3-3 BEEP-7.3-1", "has a word of its own for complete") \
    X(SASL_ERROR_OUTSIDE, "sasl-error-outside", BY_LISTENER, "BEEP-4.1.1-2", "declines the channel when the blob inside the start fails") \
    X(SASL_ABORTS, "sasl-aborts", BY_LISTENER, "BEEP-4.1.3-3 BEEP-4.1.3-1", "says abort where it should say error") \
    X(SASL_HEX, "sasl-hex", BY_LISTENER, "BEEP-4.1.2-1 BEEP-4.1.2-2", "writes blobs that are no base64") \
    X(SASL_NO_GREETING, "sasl-no-greeting", BY_LISTENER, "BEEP-4.1-3", "greets no more behind a security layer") \
    X(SASL_NO_LAYER, "sasl-no-layer", BY_LISTENER, "BEEP-4.1-3", "agrees to a security layer and goes on in clear") \
    X(SASL_SMALL_NAME, "sasl-small-name", BY_LISTENER, "BEEP-4.1-2", "writes mechanisms in small letters") \
    X(SASL_TALKS_BLIND, "sasl-talks-blind", BY_INITIATOR, "BEEP-4.1-7 BEEP-4.1.3-1", "takes an error for success") \
    X(SASL_NO_PROOF, "sasl-no-proof", BY_INITIATOR, "BEEP-4.1-7", "takes complete of a server that proves nothing") \
    X(SASL_C_COMPLETE, "sasl-c-complete", BY_INITIATOR, "BEEP-4.1.3-3 BEEP-4.1.3-1", "says complete as the client") \
    X(SASL_SERVICE, "sasl-service", BY_INITIATOR, "BEEP-4.1-4", "authenticates itself to a service of another name") \
    X(SASL_FIRST_BLOB, "sasl-first-blob", BY_INITIATOR, "BEEP-4.1-8", "puts a blob into the start of a mechanism in which the server speaks first")

#define BEEP_ENUM_MUT(n, name, roles, clauses, text) BMUT_##n,
enum beep_mutant { BMUT_NONE, BEEP_MUTANTS(BEEP_ENUM_MUT) BMUT_COUNT };

extern const struct mutant beep_mutants[BMUT_COUNT]; /* [0] is none, with name "" */

/* The element that is to be written, as this mutant has it. */
void beep_mutate_element(unsigned mutant, struct beep_el *el);
/* The same for the text of a message, or of an element inside a profile. */
err beep_mutate_text(unsigned mutant, enum beep_element kind, struct buf *text) MUST_CHECK;
/* The service that it authenticates itself to as client, for who makes its SASL context; NULL: the right one. */
const char *beep_mutant_service(unsigned mutant);
/* Does the mutant take no notice of that fault? */
bool beep_mutant_overlooks(unsigned mutant, enum beep_fault_code code);

/* --- frames ---------------------------------------------------------------------------------------------------------------- */

enum { BEEP_SLIP_CHANNELS = 8 }; /* channels whose numbers a mutant gets wrong: no case uses more of them at once where that matters */

/* What a mutant remembers of the frames that it wrote. */
struct beep_slip {
    unsigned mutant;
    const struct mem *mem;
    uint32_t total;             /* payload octets on all channels */
    struct beep_slip_channel {
        uint32_t channel;
        uint32_t next;          /* seqno of the next octet, as it should be */
        uint32_t shift;         /* what stands on the wire more than the frames that were meant */
        uint32_t first, frames; /* where the present message began; frames so far */
        uint32_t seqs;
        uint64_t edge;          /* of the window as the first SEQ granted it */
        uint64_t granted, from_here; /* the right edge that it was told last, and the one that it believes in */
        bool used, inside;
    } at[BEEP_SLIP_CHANNELS];
};

void beep_slip_init(struct beep_slip *s, unsigned mutant, const struct mem *mem);
/* The session begins anew (RFC 3080 3). */
void beep_slip_anew(struct beep_slip *s);
/* Appends the octets that the mutant writes for a frame. */
err beep_slip_write(struct beep_slip *s, const struct beep_frame *f, struct buf *out) MUST_CHECK;
/* The window that the mutant believes in, where d is what it sent and `window` is left.  zero: that of channel 0. */
uint32_t beep_slip_window(struct beep_slip *s, uint32_t channel, const struct beep_dir *d, uint32_t window, uint32_t zero);
/* Does the mutant send what lies beyond its window? */
bool beep_slip_boundless(const struct beep_slip *s);
/* Appends a frame that the peer should not send, numbered as the next on its channel. */
err beep_slip_extra(struct beep_slip *s, enum beep_keyword keyword, uint32_t channel, uint32_t msgno, slice payload, struct buf *out) MUST_CHECK;

#endif
