/* SPDX-License-Identifier: MIT */
/* oe: what draft-richardson-ipsec-opportunistic-03 and RFC 4322 say, as const data.  Here: the two dialects and the faults of records. */
#ifndef MODEL_OE_H
#define MODEL_OE_H

#include "base/fsm.h"
#include "model/fault.h"

enum oe_dialect { OE_DRAFT, OE_RFC, OE_DIALECTS };
extern const char *const oe_dialect_names[OE_DIALECTS]; /* "draft", "rfc" */

/* --- faults of records ----------------------------------------------------------------------------------------------------- */

/* What a fault makes of a record.  TAKE: both readings take it.  LOOSE: the tolerant reading takes it, the strict one does not (the defect of the
 * fault tells which sentence is read so).  BAD: malformed under both readings.  SKIP: no record of ours, to be passed over.
 * A record is as the gravest of its faults; they stand in that order. */
enum oe_take { OE_TAKE, OE_LOOSE, OE_BAD, OE_SKIP };

/* X(NAME, clause, defect, severity, take in the draft, take in RFC 4322, text)
 * The severity is that of the sender's fault in the draft; where take is TAKE in a dialect, it is none there. */
#define OE_FAULTS(X)                                                                                                                        \
    /* RDATA of TXT */                                                                                                                      \
    X(TXT_EMPTY, OE_7_2_19, OE_D29, NOTE, SKIP, SKIP, "RDATA has no character-string, or only empty ones")                                  \
    X(TXT_CUT, OE_7_2_19, NONE, FAIL, BAD, BAD, "a character-string passes the end of RDATA")                                               \
    X(TXT_LIMIT, OE_7_2_8, OE_D36, NOTE, BAD, BAD, "the record is longer than a limit")                                                     \
    X(STRINGS, OE_7_2_20, OE_D12, NOTE, TAKE, TAKE, "a character-string before the last is shorter than 255 octets")                        \
    X(JOINED, OE_7_2_20, OE_D12, WEAK, BAD, BAD, "nothing but the border of two character-strings parts the fields")                        \
    /* the name of the attribute */                                                                                                         \
    X(FOREIGN, OE_7_2_8, NONE, NOTE, SKIP, SKIP, "another attribute, or none")                                                              \
    X(NEAR_MISS, OE_7_2_6, OE_D29, NOTE, SKIP, SKIP, "looks like X-IPsec-Server, and is not followed by a parenthesis")                     \
    X(NAME_CASE, OE_7_2_7, OE_D11, NOTE, TAKE, TAKE, "X-IPsec-Server in other letter case")                                                 \
    X(NAME_SPACE, OE_7_2_22, OE_D10, NOTE, TAKE, TAKE, "white space around the name")                                                       \
    X(SPACE, OE_7_2_6, OE_D10, WEAK, LOOSE, LOOSE, "white space inside the name, or in front of the gateway")                               \
    X(OCTET, OE_7_2_21, NONE, FAIL, BAD, BAD, "octet that is neither printable ASCII nor white space")                                      \
    X(PAREN, OE_7_2_6, NONE, FAIL, BAD, BAD, "no closing parenthesis behind the precedence")                                                \
    X(EQUALS, OE_7_2_6, NONE, FAIL, BAD, BAD, "no equals sign behind the parenthesis")                                                      \
    /* precedence */                                                                                                                        \
    X(PRECEDENCE, OE_7_2_9, NONE, FAIL, BAD, BAD, "the precedence is no number")                                                            \
    X(PRECEDENCE_RANGE, OE_7_2_9, NONE, FAIL, BAD, BAD, "the precedence is above 65535")                                                    \
    X(PRECEDENCE_ZEROS, OE_7_2_9, OE_D08, WEAK, LOOSE, LOOSE, "the precedence has leading zeros, which some read as octal")                 \
    X(PRECEDENCE_HEX, OE_7_2_9, OE_D08, WEAK, LOOSE, LOOSE, "the precedence is in hexadecimal")                                             \
    /* gateway */                                                                                                                           \
    X(NO_GATEWAY, OE_7_2_6, NONE, FAIL, BAD, BAD, "no gateway behind the equals sign")                                                      \
    X(GATEWAY, OE_7_2_10, NONE, FAIL, BAD, BAD, "the gateway is not four decimal numbers up to 255")                                        \
    X(GATEWAY_ZEROS, OE_7_2_10, OE_D31, WEAK, LOOSE, LOOSE, "the address has leading zeros, which some read as octal")                      \
    X(GATEWAY_IP6, OE_7_2_10, OE_D32, WEAK, BAD, LOOSE, "the gateway is an IPv6 address")                                                   \
    X(GATEWAY_NO_HOST, OE_7_2_10, OE_D33, WEAK, LOOSE, LOOSE, "the address is that of no host")                                             \
    X(FQDN, OE_7_2_13, NONE, FAIL, BAD, BAD, "what follows @ is no domain name")                                                            \
    X(FQDN_DOT, OE_7_2_13, OE_D37, NOTE, TAKE, TAKE, "the domain name ends in a dot")                                                       \
    X(FQDN_SHORT, OE_7_2_13, OE_D37, NOTE, TAKE, TAKE, "the domain name has one label")                                                     \
    /* from gateway to key */                                                                                                               \
    X(SEPARATOR, OE_7_2_6, OE_D10, WEAK, LOOSE, TAKE, "gateway and key are parted by other white space than one SP")                        \
    X(SPACE_END, OE_7_2_6, OE_D10, WEAK, LOOSE, TAKE, "white space at the end of the record")                                               \
    X(KEY_ABSENT, OE_7_2_6, OE_D13, WEAK, LOOSE, TAKE, "no key behind the gateway")                                                         \
    X(KEY_SPACE, OE_7_2_6, OE_D12, WEAK, LOOSE, TAKE, "white space inside the key")                                                         \
    X(BASE64, OE_7_2_11, NONE, FAIL, BAD, BAD, "the key is no base64")                                                                      \
    X(BASE64_PADDING, OE_7_2_11, OE_D34, WEAK, LOOSE, LOOSE, "the base64 of the key has no padding")                                        \
    X(BASE64_BITS, OE_7_2_11, OE_D02, WEAK, LOOSE, LOOSE, "the pad bits of the base64 are not zero")                                        \
    X(KEY_MORE, OERFC_5_4_3, NONE, FAIL, BAD, BAD, "something stands behind the key")                                                       \
    /* the key itself, in TXT and KEY */                                                                                                    \
    X(RSA_CUT, OE_7_1_6, NONE, FAIL, BAD, BAD, "the key ends inside the exponent, or has no modulus")                                       \
    X(RSA_NO_EXPONENT, OE_7_1_6, NONE, FAIL, BAD, BAD, "the exponent is empty or zero")                                                     \
    X(RSA_LONG_FORM, OE_7_1_10, NONE, FAIL, BAD, BAD, "long form for an exponent of less than 256 octets")                                  \
    X(RSA_EXPONENT_SIZE, OE_7_1_11, NONE, FAIL, BAD, BAD, "the exponent has more than 4096 bits")                                           \
    X(RSA_EXPONENT_ZEROS, OE_7_1_12, NONE, FAIL, BAD, BAD, "the exponent has leading zero octets")                                          \
    X(RSA_MODULUS_SIZE, OE_7_1_11, NONE, FAIL, BAD, BAD, "the modulus has more than 4096 bits")                                             \
    X(RSA_MODULUS_SHORT, OE_7_1_13, NONE, FAIL, BAD, BAD, "the modulus has less than 512 bits")                                             \
    X(RSA_MODULUS_ZEROS, OE_7_1_12, NONE, FAIL, BAD, BAD, "the modulus has leading zero octets")                                            \
    X(RSA_NO_KEY, OE_7_1_6, NONE, NOTE, TAKE, TAKE, "no RSA key can be so: exponent 1 or even, or modulus even")                            \
    /* RDATA of KEY */                                                                                                                      \
    X(KEY_CUT, OE_7_1_2, NONE, FAIL, BAD, BAD, "RDATA ends before the key")                                                                 \
    X(KEY_LIMIT, OE_7_2_8, OE_D36, NOTE, BAD, BAD, "the record is longer than a limit")                                                     \
    X(KEY_NONE, OE_7_1_9, NONE, NOTE, SKIP, SKIP, "the flags say that there is no key")                                                     \
    X(KEY_NONE_MORE, OE_7_1_9, NONE, FAIL, BAD, BAD, "octets behind the algorithm of a record that says it has no key")                     \
    X(KEY_NO_AUTH, OE_7_1_8, NONE, FAIL, BAD, BAD, "the flags prohibit authentication")                                                     \
    X(KEY_CONF, OE_7_1_3, OE_D19, WEAK, LOOSE, LOOSE, "the flags permit confidentiality")                                                   \
    X(KEY_RESERVED, OE_7_1_14, NONE, FAIL, BAD, BAD, "reserved bits are set in the flags")                                                  \
    X(KEY_EXTENDED, OE_7_1_15, NONE, FAIL, BAD, BAD, "the flags announce further flags")                                                    \
    X(KEY_NAME_TYPE, OE_7_1_3, OE_D19, WEAK, LOOSE, LOOSE, "the flags have another name type than entity")                                  \
    X(KEY_SIGNATORY, OE_7_1_3, OE_D19, WEAK, LOOSE, LOOSE, "the flags have a signatory field")                                              \
    X(KEY_PROTOCOL, OE_7_1_4, NONE, NOTE, SKIP, SKIP, "key for another protocol")                                                           \
    X(KEY_PROTOCOL_ALL, OE_7_1_4, OE_D35, WEAK, LOOSE, LOOSE, "key for every protocol (255)")                                               \
    X(KEY_ALGORITHM, OE_7_1_5, NONE, NOTE, SKIP, SKIP, "key of another algorithm")                                                          \
    X(KEY_ALGORITHM_5, OE_7_1_5, OE_D18, WEAK, LOOSE, LOOSE, "algorithm 5 in place of 1")                                                   \
    /* text of master files */                                                                                                              \
    X(MASTER, OE_7_1_16, NONE, FAIL, BAD, BAD, "no text that a master file could hold")                                                     \
    X(MASTER_HEX, OE_7_1_16, OE_D16, WEAK, LOOSE, LOOSE, "flags in hexadecimal")                                                            \
    X(MASTER_STRING, OE_7_2_19, NONE, FAIL, BAD, BAD, "a character-string of more than 255 octets")

#define OE_ENUM_F(n, c, d, s, t3, t4, t) OE_F_##n,
enum oe_fault_code { OE_F_NONE, OE_FAULTS(OE_ENUM_F) OE_F_COUNT };

/* Indexed by enum oe_fault_code; entry 0 is "none". */
extern const struct fault_info oe_faults[OE_F_COUNT];
extern const uint8_t oe_takes[OE_F_COUNT][OE_DIALECTS]; /* enum oe_take */

/* --- names and numbers ---------------------------------------------------------------------------------------------------- */
#define OE_ATTRIBUTE      "X-IPsec-Server" /* 7.2 */
#define OE_PRECEDENCE_MAX 65535u           /* OE-D08 */
#define OE_KEY_FLAGS      0x4200u          /* 7.1 */
#define OE_KEY_IPSEC      4u               /* protocol; RFC 2535 3.1.3 */
#define OE_KEY_ALL        255u
#define OE_KEY_RSAMD5     1u               /* algorithm; RFC 2537 2 */
#define OE_KEY_RSASHA1    5u               /* RFC 3110 2 */
#define OE_RSA_BITS_MIN   512u             /* RFC 2537 3 */
#define OE_RSA_BITS_MAX   4096u            /* of modulus and exponent; RFC 2537 2 */

#endif
