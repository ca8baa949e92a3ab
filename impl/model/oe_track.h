/* SPDX-License-Identifier: MIT */
/* oe_track: what a capture of one gateway can show (DNS, IKE, ESP and ICMP on the wire): faults, and what has to be seen before a clause can be called kept.
 *
 * What may have been lost, or have happened before the capture began, is held against nobody: a fault is one only when every reading of the capture has it. */
#ifndef MODEL_OE_TRACK_H
#define MODEL_OE_TRACK_H

#include "model/oe.h"

/* X(NAME, clause, clause of RFC 4322, defect, severity in the draft, severity in RFC 4322, text)
 * In a run of the draft the first clause is broken, in one of RFC 4322 both.  OFF: no fault in that dialect. */
#define OE_TRACK_FAULTS(X)                                                                                                                                      \
    /* one message of IKE by itself (codec/isakmp) */                                                                                                           \
    X(IKE_VERSION, OE_6_1_2, NONE, NONE, FAIL, FAIL, "ISAKMP has another version than 1.0")                                                                     \
    X(IKE_LENGTH, OE_6_1_2, NONE, NONE, FAIL, FAIL, "the length of the ISAKMP header is not that of the datagram")                                              \
    X(IKE_FLAGS, OE_6_1_2, NONE, NONE, WEAK, WEAK, "flags that ISAKMP does not have are set")                                                                   \
    X(IKE_COOKIE, OE_6_1_2, NONE, NONE, FAIL, FAIL, "a cookie is zero where it has to be set, or the other way round")                                          \
    X(IKE_CHAIN, OE_6_1_2, NONE, NONE, FAIL, FAIL, "the payloads do not fill the message")                                                                      \
    X(IKE_RESERVED, OE_6_1_2, NONE, NONE, WEAK, WEAK, "a reserved octet of a payload is not zero")                                                              \
    X(IKE_SA, OE_6_1_2, NONE, NONE, FAIL, FAIL, "the SA payload is none of the IPsec DOI, or its proposals do not fill it")                                     \
    X(IKE_EXCHANGE, OE_6_1_2, NONE, NONE, WEAK, WEAK, "an exchange type that IKE does not have")                                                                \
    X(IKE_MESSAGE_ID, OE_6_1_2, NONE, NONE, FAIL, FAIL, "a message id in phase 1, or none in phase 2")                                                          \
    X(IKE_CLEAR, OE_6_1_2, NONE, NONE, FAIL, FAIL, "a message of phase 2 is not encrypted")                                                                     \
    X(IKE_LIMIT, OE_6_1_2, NONE, NONE, NOTE, NOTE, "more payloads or transforms than are looked at")                                                            \
    /* phase 1 */                                                                                                                                               \
    X(AGGRESSIVE, OE_6_6_1_1, OERFC_4_6_1_1, OE_D07, WEAK, FAIL, "phase 1 is aggressive mode")                                                                  \
    X(NO_OFFER, OE_4_4_1, NONE, NONE, FAIL, FAIL, "message 1 offers nothing")                                                                                   \
    X(NO_CHOICE, OE_4_5_1, NONE, NONE, FAIL, FAIL, "message 2 does not hold one proposal with one transform")                                                   \
    X(NOT_OFFERED, OE_4_5_1, NONE, NONE, FAIL, FAIL, "message 2 chooses what was not offered")                                                                  \
    X(NO_EXPONENT, OE_4_6_1, NONE, NONE, FAIL, FAIL, "message 3 has no KE payload of the length of the group")                                                  \
    X(NO_EXPONENT_BACK, OE_4_7_1, NONE, NONE, FAIL, FAIL, "message 4 has no KE payload of the length of the group")                                             \
    X(CLEAR_ID, OE_4_8_1, NONE, NONE, FAIL, FAIL, "message 5 is not encrypted")                                                                                 \
    X(CLEAR_AUTH, OE_4_11_1, NONE, NONE, FAIL, FAIL, "message 6 is not encrypted")                                                                              \
    X(NO_3DES_MD5, OE_6_6_1_4, NONE, OE_D07, WEAK, OFF, "3DES with MD5 is not offered")                                                                         \
    X(NO_USUAL, OERFC_4_6_1_2, NONE, OE_D07, OFF, FAIL, "no transform of 3DES, MD5 or SHA, and group 2 or 5 is offered")                                        \
    X(GROUP5_LATER, OERFC_4_6_1_3, NONE, NONE, OFF, WEAK, "the first transform has another group than 5")                                                       \
    X(CIPHER, OERFC_4_6_1_4, NONE, NONE, OFF, FAIL, "DES is offered")                                                                                           \
    X(METHOD, OE_6_6_1_6, OERFC_4_6_1_8, OE_D07, WEAK, FAIL, "authentication other than by RSA signatures is offered")                                          \
    X(FRAGMENT, OERFC_4_6_1_5, NONE, NONE, OFF, WEAK, "message 1 is so long that it was sent in fragments")                                                     \
    X(GROUP2_REFUSED, OE_6_6_1_2, NONE, NONE, FAIL, FAIL, "an offer of 3DES, RSA signatures and group 2 alone is refused")                                      \
    X(GROUP5_REFUSED, OE_6_6_1_3, NONE, NONE, WEAK, WEAK, "an offer of 3DES, RSA signatures and group 5 alone is refused")                                      \
    X(USUAL_REFUSED, OERFC_4_6_1_6, NONE, NONE, OFF, FAIL, "an offer with 3DES, MD5 or SHA, and group 2 or 5 is refused")                                       \
    /* order of DNS and IKE (section 4) */                                                                                                                      \
    X(ORDER, OE_3_2_1, NONE, NONE, FAIL, FAIL, "a message of main mode comes before the one that it follows")                                                   \
    X(IKE_EARLY, OE_3_2_3, NONE, NONE, FAIL, FAIL, "IKE begins before the answer for TXT that names the other end")                                             \
    X(IKE_UNASKED, OE_3_2_3, NONE, NONE, FAIL, FAIL, "IKE begins, and no TXT was asked for")                                                                    \
    X(OTHER_GATEWAY, OE_4_3_1, NONE, NONE, FAIL, FAIL, "IKE goes to an address that is in no record")                                                           \
    X(PEER_UNASKED, OE_3_2_4, NONE, NONE, FAIL, FAIL, "message 6 is sent, and nothing was asked about the initiator")                                           \
    X(AUTH_EARLY, OE_4_11_1, OERFC_11_2_2, OE_D04, FAIL, FAIL, "message 6 is sent before the answer about the key of the initiator")                            \
    X(ACCEPT_EARLY, OE_4_12_2_2, OERFC_11_2_2, OE_D03, FAIL, FAIL, "quick mode is accepted before the answer about the host of the initiator")                  \
    X(AUTH_UNKNOWN, OE_4_9_2, NONE, NONE, WEAK, WEAK, "message 6 is sent, though no answer about the initiator has a key")                                      \
    X(WAY_BACK, OE_4_14_1, NONE, NONE, FAIL, FAIL, "the responder asks for the host again before it uses the tunnel")                                           \
    X(CLEAR_MEANWHILE, OERFC_3_1_1_2, NONE, NONE, OFF, FAIL, "packets of the flow go out in the clear before there is a decision")                              \
    X(GAVE_UP, OE_11_2_1, OERFC_9_2_1, OE_D46, FAIL, FAIL, "the attempt is given up at once behind an ICMP unreachable")                                        \
    /* what stands in DNS */                                                                                                                                    \
    X(NO_KEY, OE_7_1_1, OERFC_5_1_1, OE_D06, WEAK, WEAK, "there is no usable KEY for the address of the gateway")                                               \
    X(NO_KEY_INITIATOR, OE_6_6_1_7, OERFC_4_6_1_9, OE_D06, WEAK, WEAK, "there is no usable KEY for the address of the initiator")                               \
    X(TXT_PLACE, OE_7_2_1, NONE, NONE, FAIL, FAIL, "TXT is looked up for the gateway in place of the host")                                                     \
    X(PRIVATE, OE_8_1_3, NONE, NONE, FAIL, FAIL, "TXT is asked for at a private address")                                                                       \
    /* renewal and teardown (section 5) */                                                                                                                      \
    X(CLEAR_DELETE, OE_5_1_3, OERFC_3_4_1_2, NONE, FAIL, FAIL, "a delete is sent in the clear")                                                                 \
    X(END_UNTOLD, OE_5_2_1, NONE, NONE, WEAK, WEAK, "tunnels end, and the other end is told of none")                                                           \
    X(UNANSWERED, OE_5_2_2, NONE, OE_D27, WEAK, WEAK, "an informational message that is repeated gets no answer")                                               \
    X(ANSWERED_TWICE, OE_5_2_2, NONE, OE_D27, NOTE, NOTE, "an informational message is answered more than once")                                                \
    X(REPEAT_FAST, OE_5_2_5, NONE, NONE, WEAK, WEAK, "an informational message is repeated within five seconds")                                                \
    X(REPEAT_FOUR, OE_5_2_5, NONE, OE_D42, NOTE, NOTE, "an informational message is sent four times in all")                                                    \
    X(REPEAT_MANY, OE_5_2_5, NONE, OE_D42, WEAK, WEAK, "an informational message is sent more than four times")                                                 \
    X(OLD_USED, OE_5_2_6, NONE, NONE, WEAK, WEAK, "the old association is used on behind rekeying")                                                             \
    X(OLD_STAYS, OE_5_2_7, NONE, OE_D41, WEAK, WEAK, "nothing is deleted behind rekeying")

/* What was seen of a gateway, for the clauses that are kept when nothing is wrong with it. */
#define OE_WIRES(X)                                                                                                                                             \
    X(IKE, "a message of IKE")                                                                                                                                  \
    X(OFFER, "message 1")                                                                                                                                       \
    X(CHOICE, "message 2 behind message 1")                                                                                                                     \
    X(EXPONENT, "message 3, of a group that is known")                                                                                                          \
    X(EXPONENT_BACK, "message 4, of a group that is known")                                                                                                     \
    X(ID, "message 5")                                                                                                                                          \
    X(AUTH, "message 6 behind the answer about the initiator")                                                                                                  \
    X(LOOKED, "message 1 behind the record that names the other end")                                                                                           \
    X(ASKED, "a query about the initiator before message 6")                                                                                                    \
    X(ALLOWED, "quick mode accepted behind the answer about the host")                                                                                          \
    X(FLOW, "all of an exchange, from the look-up to the tunnel")                                                                                               \
    X(WAY_BACK, "ESP of the responder behind quick mode")                                                                                                       \
    X(HELD, "packets of a flow, held until there was a decision")                                                                                               \
    X(AGAIN, "message 1 again behind an ICMP unreachable")                                                                                                      \
    X(GROUP2, "an offer of group 2 alone, accepted")                                                                                                            \
    X(GROUP5, "an offer of group 5 alone, accepted")                                                                                                            \
    X(USUAL, "an offer of what everybody has, accepted")                                                                                                        \
    X(OWN_KEY, "its KEY in the reverse DNS")                                                                                                                    \
    X(HOST_TXT, "TXT of a host that names it")                                                                                                                  \
    X(PUBLIC, "TXT of one of its hosts asked for at a public address")                                                                                          \
    X(INFO, "an informational message, encrypted")                                                                                                              \
    X(END_TOLD, "an informational message at the end of a tunnel")                                                                                              \
    X(ANSWER, "an informational message answered")                                                                                                              \
    X(REPEAT, "an informational message repeated")                                                                                                              \
    X(NEW_USED, "a new association, and the end of the old one")                                                                                                \
    X(OLD_GONE, "an informational message behind rekeying")                                                                                                     \
    X(INITIATES, "it was an initiator")

#define OE_ENUM_TF(n, c, r, d, sd, sr, t) OE_TF_##n,
#define OE_ENUM_WIRE(n, t)                OE_WIRE_##n,
enum oe_track_code { OE_TF_NONE, OE_TRACK_FAULTS(OE_ENUM_TF) OE_TF_COUNT };
/* Bits of their own: those below are of whoever asks a gateway through its adapter (enum play_oe_seen). */
enum oe_wire { OE_WIRE_FIRST = 7, OE_WIRES(OE_ENUM_WIRE) OE_WIRE_END };

struct oe_track_info {
    struct fault_info info; /* severity: that in the draft, as far as it is one there */
    enum clause_id rfc;     /* broken as well in a run of RFC 4322; CL_NONE */
    int8_t severity[OE_DIALECTS]; /* enum severity; -1: no fault in that dialect */
};
/* Indexed by enum oe_track_code; entry 0 is "none". */
extern const struct oe_track_info oe_track_faults[OE_TF_COUNT];
extern const char *const oe_wire_names[OE_WIRE_END]; /* NULL up to OE_WIRE_FIRST */

#define OE_PORT_DNS 53u
#define OE_PORT_IKE 500u       /* RFC 2408 2.5.1 */
#define OE_PORT_IKE_NAT 4500u  /* RFC 3947 4: four octets of zero in front of IKE */

/* Waiting times of the tracker, in milliseconds, each with its reason. */
#define OE_TRACK_TWIN_MS     100u   /* the same octets again within it: the capture holds a packet twice */
#define OE_TRACK_FLOW_MS     5000u  /* a packet and the look-up that it makes: resolvers ask again after five seconds at most */
#define OE_TRACK_SUSPECT_MS  10000u /* IKE to a gateway of an answer begins within it, or not on account of that answer */
#define OE_TRACK_FAST_MS     5000u  /* repeats of a delete that come sooner are not "ten seconds apart" (5.2) */
#define OE_TRACK_TRIP_MS     1000u  /* a round trip that no path exceeds */
#define OE_TRACK_PROMPT_MS   60000u /* "promptly" (5.2): behind it the old association was left standing */
#define OE_TRACK_REPLY_MS    5000u  /* an answer to an informational message that comes later was not made by it */

#endif
