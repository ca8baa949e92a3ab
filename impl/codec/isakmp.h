/* SPDX-License-Identifier: MIT */
/* isakmp: the header and the clear payloads of one ISAKMP message (RFC 2408 3, RFC 2409 5, RFC 2407 4.6), as far as whoever watches two gateways can read them.
 * Nothing here needs memory: what is read borrows from the octets.  What is wrong with a message by itself is noted as faults of model/oe_track. */
#ifndef CODEC_ISAKMP_H
#define CODEC_ISAKMP_H

#include "base/slice.h"
#include "model/oe_track.h"

enum {
    ISAKMP_HEADER = 28,     /* octets; RFC 2408 3.1 */
    ISAKMP_PAYLOADS = 32,   /* of one message that are kept: implementations that list many vendor ids send 20 */
    ISAKMP_TRANSFORMS = 64, /* of one SA payload that are kept */
    ISAKMP_NOTES = 8        /* kinds of faults of one message that are kept; each once */
};
enum isakmp_exchange { ISAKMP_BASE = 1, ISAKMP_MAIN = 2, ISAKMP_AUTH_ONLY = 3, ISAKMP_AGGRESSIVE = 4, ISAKMP_INFO = 5, ISAKMP_QUICK = 32, ISAKMP_NEW_GROUP = 33 };
enum isakmp_flag { ISAKMP_ENCRYPTED = 1, ISAKMP_COMMIT = 2, ISAKMP_AUTH = 4 };
enum isakmp_payload_type { ISAKMP_P_NONE = 0, ISAKMP_P_SA = 1, ISAKMP_P_KE = 4, ISAKMP_P_ID = 5, ISAKMP_P_NONCE = 10, ISAKMP_P_NOTIFY = 11, ISAKMP_P_DELETE = 12, ISAKMP_P_VENDOR = 13 };
enum { ISAKMP_NO_PROPOSAL_CHOSEN = 14 }; /* RFC 2408 3.14.1 */
/* Values of attributes in phase 1: RFC 2409 appendix A. */
enum { IKE_DES = 1, IKE_3DES = 5, IKE_MD5 = 1, IKE_SHA = 2, IKE_RSA_SIGNATURES = 3 };

struct isakmp_transform { /* 0: the attribute is missing */
    uint8_t proposal, number, id;
    uint32_t encryption, hash, method, group, life_type, life, key_length;
};
struct isakmp_payload {
    uint8_t type;
    slice body; /* behind the generic header */
};
struct isakmp {
    uint8_t icookie[8], rcookie[8];
    uint8_t next, version, exchange, flags;
    uint32_t message_id, length;
    bool begins;    /* the cookie of the responder is zero */
    bool encrypted;
    bool other;     /* another major version (IKEv2 is none of ours): nothing behind the header was looked at */
    bool whole;     /* no octet is missing */
    size_t payloads;
    struct isakmp_payload payload[ISAKMP_PAYLOADS];
    bool sa;        /* an SA payload that could be read */
    uint32_t proposals;
    size_t transforms;
    struct isakmp_transform transform[ISAKMP_TRANSFORMS];
    bool ke;
    size_t ke_n;    /* octets of its value */
    uint16_t notify;/* type of the first notify; 0: none */
    bool deletes;
    bool probes;    /* the vendor id of RFC 3706: informational messages may be probes */
    size_t notes;
    enum oe_track_code note[ISAKMP_NOTES];
};

/* Reads one message.  cut: octets are missing at its end, as the capture or a fragment has it; what is not there is not noted.  False when there is no header. */
bool isakmp_read(slice octets, bool cut, struct isakmp *m);
bool isakmp_noted(const struct isakmp *m, enum oe_track_code code);
/* Octets of the public value of a group; 0 when it is not known here. */
size_t isakmp_group_size(uint32_t group);
/* Same cipher, hash, method, group and key length. */
bool isakmp_transform_eq(const struct isakmp_transform *a, const struct isakmp_transform *b);

#endif
