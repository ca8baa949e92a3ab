/* SPDX-License-Identifier: MIT */
/* mutate_oe: the deliberate mistakes of readers of records and of gateways.  A mutant is a reference endpoint with exactly one thing wrong; the suite has to catch each by a case that cites one of
 * the mutant's clauses.  What a reader gets wrong is made here, of the text and of the faults that are found in it; the mistakes of gateways are asked for by name where agent and stub decide. */
#ifndef PEER_MUTATE_OE_H
#define PEER_MUTATE_OE_H

#include "base/buf.h"
#include "codec/oe_txt.h"
#include "peer/mutant.h"

/* Who can make it: the bits of the roles in run/proto_oe.h. */
#define OBY_PARSER  1u
#define OBY_GATEWAY 2u

/* X(NAME, "name", roles it can be played in, "clauses that it breaks", "what it does") */
#define OE_MUTANTS_TXT(X) \
    /* the record as a whole */ \
    X(JOINS_BLANK, "joins-blank", OBY_PARSER, "OE-7.2-20 OERFC-5.2.1-1", "puts a blank between character-strings") \
    X(FIRST_STRING, "first-string", OBY_PARSER, "OE-7.2-20 OERFC-5.2.1-1", "reads the first character-string only") \
    X(TAKES_CUT_STRING, "takes-cut-string", OBY_PARSER, "OE-7.2-19", "takes a character-string that passes the end of RDATA") \
    X(ONE_LENGTH, "one-length", OBY_PARSER, "OE-7.2-19 OE-7.2-20 OERFC-5.2.1-1", "takes all behind the first length for one character-string") \
    X(CASE_BOUND, "case-bound", OBY_PARSER, "OE-7.2-7", "knows the name of the attribute in the printed letter case only") \
    X(FOREIGN_BAD, "foreign-bad", OBY_PARSER, "OE-7.2-8 OERFC-5.2-3", "calls records of others malformed") \
    X(ANY_PREFIX, "any-prefix", OBY_PARSER, "OE-7.2-6 OE-7.2-7 OE-7.2-8", "looks at the beginning of the name alone, and at the parenthesis wherever it comes") \
    X(NAME_BLANKS, "name-blanks", OBY_PARSER, "OE-7.2-22", "takes no white space around the name") \
    X(NO_PARENTHESIS, "no-parenthesis", OBY_PARSER, "OE-7.2-6", "does without the closing parenthesis") \
    X(NO_EQUALS, "no-equals", OBY_PARSER, "OE-7.2-6", "does without the equals sign") \
    X(TAKES_TAIL, "takes-tail", OBY_PARSER, "OE-7.2-6 OERFC-5.4-3", "passes over what stands behind the key") \
    X(ANY_OCTET, "any-octet", OBY_PARSER, "OE-7.2-21", "passes over octets that are no printable ASCII") \
    X(BLANKS, "blanks", OBY_PARSER, "OE-7.2-6", "takes white space anywhere between the fields") \
    /* precedence */ \
    X(PRECEDENCE_WRAPS, "precedence-wraps", OBY_PARSER, "OE-7.2-9", "reads the precedence modulo 65536") \
    X(PRECEDENCE_OCTET, "precedence-octet", OBY_PARSER, "OE-7.2-9", "keeps eight bits of the precedence") \
    X(PRECEDENCE_SIGN, "precedence-sign", OBY_PARSER, "OE-7.2-9", "passes over a sign before the precedence") \
    X(PRECEDENCE_EMPTY, "precedence-empty", OBY_PARSER, "OE-7.2-9", "takes no precedence for 0") \
    X(PRECEDENCE_LETTERS, "precedence-letters", OBY_PARSER, "OE-7.2-9", "ends the precedence at the first octet that is no digit") \
    X(NOT_ZERO, "not-zero", OBY_PARSER, "OE-7.2-9", "does not take the precedence 0") \
    X(PRECEDENCE_FORMS, "precedence-forms", OBY_PARSER, "OE-7.2-9", "takes leading zeros and hexadecimal digits in the precedence") \
    /* gateway */ \
    X(OCTET_WRAPS, "octet-wraps", OBY_PARSER, "OE-7.2-10", "reads the numbers of an address modulo 256") \
    X(SHORT_ADDRESS, "short-address", OBY_PARSER, "OE-7.2-10", "takes 1.2.3 for 1.2.0.3") \
    X(LONG_ADDRESS, "long-address", OBY_PARSER, "OE-7.2-10", "passes over a fifth number of an address") \
    X(ADDRESS_ZEROS, "address-zeros", OBY_PARSER, "OE-7.2-10", "takes leading zeros in an address") \
    X(ANY_ADDRESS, "any-address", OBY_PARSER, "OE-7.2-10", "takes IPv6 addresses, and those of no host") \
    X(ADDRESS_TURNED, "address-turned", OBY_PARSER, "OE-7.2-10 OE-4.3-2 OE-10-4 OE-10-5", "gives the numbers of an address in the other order") \
    X(ANY_GATEWAY, "any-gateway", OBY_PARSER, "OE-7.2-6 OE-7.2-10 OE-7.2-13", "takes what it cannot read for a gateway of 0.0.0.0") \
    X(BARE_NAME, "bare-name", OBY_PARSER, "OE-7.2-10", "takes a name without @") \
    X(ANY_NAME, "any-name", OBY_PARSER, "OE-7.2-13", "takes what follows @ for a name whatever it is") \
    X(NO_NAMES, "no-names", OBY_PARSER, "OE-7.2-13 OE-7.3-2", "calls records with names malformed") \
    X(NAME_AS_ADDRESS, "name-as-address", OBY_PARSER, "OE-7.3-2", "makes an address of a name") \
    X(KEEPS_AT, "keeps-at", OBY_PARSER, "OE-7.2-13 OE-7.3-2", "leaves the @ in front of names") \
    /* blanks and key */ \
    X(ONE_BLANK, "one-blank", OBY_PARSER, "OERFC-5.2-1", "wants one SP between gateway and key where white space may stand") \
    X(KEY_NEEDED, "key-needed", OBY_PARSER, "OERFC-5.2-2", "wants a key where none need stand") \
    X(KEY_IN_ONE, "key-in-one", OBY_PARSER, "OERFC-5.2.1-2", "takes no white space in the key where it may stand") \
    X(ANY_DIGIT, "any-digit", OBY_PARSER, "OE-7.2-11", "passes over octets of the key that base64 does not have") \
    X(KEY_MISSING, "key-missing", OBY_PARSER, "OE-7.2-6", "takes records without key where one is wanted") \
    X(KEY_BLANKS, "key-blanks", OBY_PARSER, "OE-7.2-11", "takes white space in the key where none may stand") \
    X(KEY_NO_PADDING, "key-no-padding", OBY_PARSER, "OE-7.2-11", "takes a key that lacks padding") \
    X(KEY_PAD_BITS, "key-pad-bits", OBY_PARSER, "OE-7.2-11", "takes a key whose pad bits are not zero") \
    X(BAD_KEY_NONE, "bad-key-none", OBY_PARSER, "OE-7.2-11 OE-7.2-6 OE-4.3-2 OE-10-4 OE-10-5", "takes a key that is no base64 for none")
#define OE_MUTANTS_RSA(X) \
    X(CUT_NUMBERS, "cut-numbers", OBY_PARSER, "OE-7.1-6 OE-7.2-11", "takes a key that ends inside the exponent, or has none") \
    X(SWAPPED_NUMBERS, "swapped-numbers", OBY_PARSER, "OE-7.1-6 OE-7.2-6 OE-7.2-11", "takes exponent for modulus and modulus for exponent") \
    X(TAKES_LONG_FORM, "takes-long-form", OBY_PARSER, "OE-7.1-10", "takes the long form for short exponents") \
    X(NO_LONG_FORM, "no-long-form", OBY_PARSER, "OE-7.1-10 OE-7.1-6", "does not know the long form") \
    X(ANY_SIZE, "any-size", OBY_PARSER, "OE-7.1-11", "takes numbers of more than 4096 bits") \
    X(LESS_SIZE, "less-size", OBY_PARSER, "OE-7.1-11", "takes no modulus of more than 2048 bits") \
    X(TAKES_ZEROS, "takes-zeros", OBY_PARSER, "OE-7.1-12", "takes numbers with leading zero octets") \
    X(SHORT_MODULUS, "short-modulus", OBY_PARSER, "OE-7.1-13", "takes a modulus of less than 512 bits") \
    X(LONG_MODULUS, "long-modulus", OBY_PARSER, "OE-7.1-13", "takes no modulus of less than 768 bits") \
    /* KEY records */ \
    X(CUT_KEY, "cut-key", OBY_PARSER, "OE-7.1-2", "takes a KEY that ends before its key") \
    X(NO_AUTH_USED, "no-auth-used", OBY_PARSER, "OE-7.1-8", "takes a KEY that prohibits authentication") \
    X(RESERVED_FLAGS, "reserved-flags", OBY_PARSER, "OE-7.1-14", "does not look at reserved flags") \
    X(FURTHER_FLAGS, "further-flags", OBY_PARSER, "OE-7.1-15", "does not look at the flag for further flags") \
    X(OTHER_FLAGS, "other-flags", OBY_PARSER, "OE-7.1-3", "takes other name types, a signatory, and use for confidentiality") \
    X(FLAGS_TURNED, "flags-turned", OBY_PARSER, "OE-7.1-3 OE-7.1-14", "reads the flags with their octets exchanged") \
    X(ANY_PROTOCOL, "any-protocol", OBY_PARSER, "OE-7.1-4", "takes keys for other protocols") \
    X(ANY_ALGORITHM, "any-algorithm", OBY_PARSER, "OE-7.1-5", "takes keys of other algorithms for RSA") \
    X(NO_KEY_KEY, "no-key-key", OBY_PARSER, "OE-7.1-9", "looks for a key where the flags say that there is none") \
    X(MASTER_NUMBERS, "master-numbers", OBY_PARSER, "OE-7.1-16", "knows no mnemonics in master files") \
    X(MASTER_ONE_PART, "master-one-part", OBY_PARSER, "OE-7.1-16", "knows keys in one part only in master files") \
    X(MASTER_HEXADECIMAL, "master-hexadecimal", OBY_PARSER, "OE-7.1-7 OE-7.1-16", "takes flags in hexadecimal in master files") \
    X(MASTER_PASSED, "master-passed", OBY_PARSER, "OE-7.1-7 OE-7.1-16 OE-7.2-19", "passes over text of master files that it cannot read")

#define OE_MUTANTS_POLICY(X) \
    /* policy */ \
    X(DENY_ASKS, "deny-asks", OBY_GATEWAY, "OE-1.1-1 OERFC-3.2-1", "takes deny for opportunistic") \
    X(CLEAR_ASKS, "clear-asks", OBY_GATEWAY, "OE-1.1-1 OERFC-3.2-1 OERFC-3.2.4-7", "takes clear for opportunistic") \
    X(CONFIGURED_ASKS, "configured-asks", OBY_GATEWAY, "OE-1.1-4", "asks DNS about destinations of configured tunnels") \
    X(CONFIGURED_CLEAR, "configured-clear", OBY_GATEWAY, "OE-1.1-3 OE-4.1-5", "sends in the clear when a configured tunnel fails") \
    X(DEFAULT_ONLY, "default-only", OBY_GATEWAY, "OERFC-3.2.1-1 OE-1.1-1", "has one class for all destinations") \
    X(FAILS_OPEN, "fails-open", OBY_GATEWAY, "OE-1.2-4 OE-11.1-1 OE-11.2-4 OERFC-3.2-4 OERFC-3.2.4-1 OERFC-9.1-1", "sends in the clear whenever encrypting fails") \
    X(FAILS_CLOSED, "fails-closed", OBY_GATEWAY, "OE-1.1-2 OE-1.2-4 OE-11.1-1 OERFC-3.2-4 OERFC-3.2.4-1", "drops whenever encrypting fails") \
    X(SILENCE_OPEN, "silence-open", OBY_GATEWAY, "OE-11.1-1 OERFC-9.1-1 OERFC-3.2.4-1", "sends in the clear when DNS is silent, whatever the policy") \
    X(MALFORMED_CLEAR, "malformed-clear", OBY_GATEWAY, "OERFC-3.2.4-2", "lets a malformed record lead to clear text") \
    X(BOGUS_CLEAR, "bogus-clear", OBY_GATEWAY, "OERFC-3.2.4-3", "lets a bogus answer lead to clear text") \
    X(TAKES_UNSIGNED, "takes-unsigned", OBY_GATEWAY, "OE-7.2-4 OERFC-3.2.4.1-1 OERFC-4.5-1", "takes unsigned records whatever the policy") \
    X(OWN_NEVER, "own-never", OBY_GATEWAY, "OERFC-3.2.4.1-1", "takes no unsigned record where those for the host itself count") \
    X(NO_TRANSLATION, "no-translation", OBY_GATEWAY, "OE-8.1-2 OE-8.1-4", "has hosts appear by their private addresses") \
    /* look-ups */ \
    X(ASKS_FORWARD, "asks-forward", OBY_GATEWAY, "OE-4.2-2 OE-7.2-5 OE-4.9-3", "does not turn addresses round for the reverse map") \
    X(ASKS_PADDED, "asks-padded", OBY_GATEWAY, "OE-7.2-5", "writes three digits for each octet in reverse names") \
    X(NIBBLES_FORWARD, "nibbles-forward", OBY_GATEWAY, "OERFC-5.2-5", "does not turn IPv6 addresses round") \
    X(ASKS_SOURCE, "asks-source", OBY_GATEWAY, "OERFC-3.2.4-5 OE-4.2-2 OE-4.2-1", "asks for the source in place of the destination") \
    X(ASKS_KEY, "asks-key", OBY_GATEWAY, "OE-4.2-3 OE-7.2.1-1", "asks for KEY in place of TXT") \
    X(ASKS_A, "asks-a", OBY_GATEWAY, "OE-4.2-3", "asks for A in place of TXT") \
    X(ASKS_IPSECKEY, "asks-ipseckey", OBY_GATEWAY, "OE-4.9-1 OERFC-2.3.2-1", "asks for IPSECKEY in place of KEY") \
    X(ASKS_ALWAYS, "asks-always", OBY_GATEWAY, "OE-3.2-5 OERFC-3.1.5-1", "asks again while the answer lives") \
    X(NEVER_STALE, "never-stale", OBY_GATEWAY, "OE-6.2-1 OERFC-3.2.5-5 OERFC-3.2.7-1", "believes an answer for ever") \
    X(ONE_FOR_ALL, "one-for-all", OBY_GATEWAY, "OE-4.1-3 OE-4.12.4-1", "takes the record of one destination for all") \
    X(HASTY, "hasty", OBY_GATEWAY, "OE-6.4-4", "decides before DNS has answered") \
    X(ONE_BY_ONE, "one-by-one", OBY_GATEWAY, "OE-6.2-2", "has one look-up under way at a time") \
    X(PATIENT, "patient", OBY_GATEWAY, "OE-11.1-1 OERFC-3.2.4-1 OERFC-9.1-1", "waits for DNS for ever") \
    X(FOREIGN_SPOILS, "foreign-spoils", OBY_GATEWAY, "OE-7.2-8 OERFC-5.2-3", "takes records of others for malformed ones") \
    X(NO_TCP, "no-tcp", OBY_GATEWAY, "OE-7.2.1-3", "does not go on by TCP") \
    X(TAKES_TRUNCATED, "takes-truncated", OBY_GATEWAY, "OE-7.2.1-3", "takes what stands in a truncated answer for all there is") \
    X(ANY_ID, "any-id", OBY_GATEWAY, "OE-4.2-1 OE-6.4-4 OE-1.1-2", "takes answers with another id") \
    X(ANY_OWNER, "any-owner", OBY_GATEWAY, "OE-4.2-1 OE-4.2-2 OE-4.1-3", "takes records of other names") \
    X(ANY_QUESTION, "any-question", OBY_GATEWAY, "OE-4.2-1 OE-4.2-2 OE-6.4-4", "takes answers to other questions") \
    X(ANY_PLACE, "any-place", OBY_GATEWAY, "OE-4.2-1 OE-6.4-4 OE-1.1-2", "takes answers that come from elsewhere") \
    X(ANY_TYPE, "any-type", OBY_GATEWAY, "OE-4.2-3 OE-7.2.1-1 OE-4.10-1", "takes records of other types for those that it asked for") \
    X(GARBAGE_COUNTS, "garbage-counts", OBY_GATEWAY, "OE-4.2-1 OE-6.4-4", "takes octets that are no message for the answer") \
    X(ENDLESS_ALIASES, "endless-aliases", OBY_GATEWAY, "OE-4.2-2 OE-11.1-1 OERFC-3.2.4-1", "follows aliases in a circle until it has forgotten why") \
    X(BOGUS_UNSEEN, "bogus-unseen", OBY_GATEWAY, "OERFC-3.2.4-3 OERFC-4.5-1", "takes a bogus answer for one that could not be had") \
    X(AD_UNSEEN, "ad-unseen", OBY_GATEWAY, "OERFC-4.5-1 OERFC-3.2.4.1-1 OE-7.2-4", "takes signed answers for unsigned ones") \
    X(AD_ALWAYS, "ad-always", OBY_GATEWAY, "OERFC-4.5-1 OERFC-3.2.4.1-1 OE-7.2-4", "takes all answers for signed ones")
#define OE_MUTANTS_INITIATOR(X) \
    X(HIGHEST, "highest", OBY_GATEWAY, "OE-7.2-16 OE-10-6", "takes the highest precedence for the strongest") \
    X(AS_TEXT, "as-text", OBY_GATEWAY, "OE-7.2-16", "compares precedences as texts") \
    X(FIRST_RECORD, "first-record", OBY_GATEWAY, "OE-7.2-16 OE-10-6", "takes gateways in the order in which records come") \
    X(ASKS_NAMES, "asks-names", OBY_GATEWAY, "OE-7.2-24 OERFC-4.3-1", "asks for the address of gateways that go by name") \
    X(ONE_KEY, "one-key", OBY_GATEWAY, "OE-7.2-17 OERFC-5.4-1", "has the key of one record as candidate only") \
    X(ONE_KEY_RECORD, "one-key-record", OBY_GATEWAY, "OE-7.2-17 OERFC-5.1-2 OERFC-5.4-1", "has one KEY as candidate only") \
    X(NO_KEY_LOOKUP, "no-key-lookup", OBY_GATEWAY, "OERFC-2.3.2-1", "gives up on records without key") \
    X(KEY_OF_HOST, "key-of-host", OBY_GATEWAY, "OERFC-2.3.2-1", "asks for the KEY of the destination in place of the gateway") \
    X(KEYLESS, "keyless", OBY_GATEWAY, "OERFC-3.2.4-6 OE-7.1-8", "goes to gateways without any key") \
    X(PROHIBITED_KEY, "prohibited-key", OBY_GATEWAY, "OE-7.1-8", "uses a KEY that prohibits authentication") \
    X(ONE_GATEWAY, "one-gateway", OBY_GATEWAY, "OERFC-3.2.5-1", "gives up behind the first gateway") \
    X(SAME_GATEWAY, "same-gateway", OBY_GATEWAY, "OERFC-3.2.5-1 OERFC-3.2.5-2 OERFC-3.2.5-4 OE-10-6", "goes to a gateway that failed again and again") \
    X(TO_THE_HOST, "to-the-host", OBY_GATEWAY, "OE-10-8 OE-4.2-1", "goes to the host in place of its gateway") \
    X(NO_HOSTS, "no-hosts", OBY_GATEWAY, "OERFC-7-1 OERFC-3.2.4.1-1", "passes over hosts that are their own gateways") \
    X(FORGETS_TUNNEL, "forgets-tunnel", OBY_GATEWAY, "OERFC-3.1.5-1", "asks DNS for destinations to which a tunnel stands") \
    X(NEVER_AGES, "never-ages", OBY_GATEWAY, "OE-5.1-6", "keeps tunnels that nobody uses") \
    X(MALFORMED_TAKEN, "malformed-taken", OBY_GATEWAY, "OE-4.2-4 OERFC-3.2.4-2 OERFC-3.3.3-1", "takes malformed records as far as they can be read")
#define OE_MUTANTS_RESPONDER(X) \
    X(ANY_SIGNATURE, "any-signature", OBY_GATEWAY, "OE-4.9-2 OE-7.3-4", "takes any signature when there is a key") \
    X(NO_KEY_NEEDED, "no-key-needed", OBY_GATEWAY, "OE-4.9-2 OE-7.3-4", "believes whoever has no key in DNS") \
    X(TXT_FOR_KEY, "txt-for-key", OBY_GATEWAY, "OE-4.9-1 OE-4.10-1", "looks for the key of the other end in TXT") \
    X(NAME_BY_ADDRESS, "name-by-address", OBY_GATEWAY, "OE-6.4-2 OE-7.3-4 OE-6.3-2 OERFC-3.3.1-1", "asks for the KEY of names at the address from which they come") \
    X(STRANGERS_REFUSED, "strangers-refused", OBY_GATEWAY, "OE-6.1-1 OERFC-4.6.1-11", "talks to gateways that it has found by itself only") \
    X(CONFIGURED_BY_DNS, "configured-by-dns", OBY_GATEWAY, "OE-13.1-2 OE-6.4-1 OERFC-12.1-2", "lets DNS vouch for the identity of a configured tunnel") \
    X(ALL_CLASSES, "all-classes", OBY_GATEWAY, "OERFC-3.3.2-3", "answers whoever asks, of any class") \
    X(ACTS_FOR_ANY, "acts-for-any", OBY_GATEWAY, "OE-4.12.2-1 OE-7.3-6 OE-6.6.2-3 OE-13.1-3", "lets an authentic gateway act for any host") \
    X(ANY_RECORD, "any-record", OBY_GATEWAY, "OE-4.12.3-1 OE-13.1-3 OERFC-3.3.3-1", "lets an authentic gateway act for any host that has a record") \
    X(GATEWAY_ONLY, "gateway-only", OBY_GATEWAY, "OE-4.12.3-1 OERFC-3.3.3-1", "compares the gateway of the record, and not its key") \
    X(KEY_ONLY, "key-only", OBY_GATEWAY, "OE-4.12.3-1 OERFC-3.3.3-1 OE-13.1-3", "compares the key of the record, and not its gateway") \
    X(SELF_ASKED, "self-asked", OBY_GATEWAY, "OE-7.3-7 OE-9-3 OERFC-3.3.2-2 OERFC-5.3-1", "wants a record of hosts that act for themselves") \
    X(NO_NAMED, "no-named", OBY_GATEWAY, "OE-7.3-1 OE-7.2-14 OE-8.2-2", "lets nobody act for a host by name") \
    X(NAME_LETTERS, "name-letters", OBY_GATEWAY, "OE-7.2-14", "compares names letter by letter") \
    X(ANY_NAMED, "any-named", OBY_GATEWAY, "OE-7.2-14", "takes any name in a record for that of the other end") \
    X(STRONGEST_ONLY, "strongest-only", OBY_GATEWAY, "OERFC-8-1", "lets only the gateway of the strongest record act for a host") \
    X(FIRST_ONLY, "first-only", OBY_GATEWAY, "OE-10-3 OERFC-8-1", "looks at the first record of a host only") \
    X(ASKS_PEER, "asks-peer", OBY_GATEWAY, "OE-4.12.2-1 OE-8.1-2 OERFC-3.3.2-2", "asks for the record of the other end in place of that of the host")

#define OE_MUTANTS(X) OE_MUTANTS_TXT(X) OE_MUTANTS_RSA(X) OE_MUTANTS_POLICY(X) OE_MUTANTS_INITIATOR(X) OE_MUTANTS_RESPONDER(X)

#define OE_ENUM_MUT(n, name, roles, clauses, text) OEMUT_##n,
enum oe_mutant { OEMUT_NONE, OE_MUTANTS(OE_ENUM_MUT) OEMUT_COUNT };

/* Indexed by enum oe_mutant; entry 0 is none. */
extern const struct mutant oe_mutants[OEMUT_COUNT];

/* Deliberate mistakes are asked for by this alone: mutant is the number in the setup. */
#define OEMUT(mutant, name) ((mutant) == OEMUT_##name)

/* Of readers of TXT: the text that the mutant reads in place of RDATA, joined and amended, so that oe_txt_read_text makes of it what the mutant does; then what it makes of what was
 * read (t->notes, numbers, gateway are changed), before anybody looks.  ERR_MEM, ERR_LIMIT. */
err oe_mutate_rdata(const struct env *env, unsigned mutant, slice rdata, struct buf *text, bool *instead /* read text, not rdata */) MUST_CHECK;
void oe_mutate_txt(unsigned mutant, enum oe_dialect d, struct oe_txt *t);
/* Of readers of KEY: behind oe_key_read. */
void oe_mutate_key(unsigned mutant, struct oe_key *k);
/* Of readers of master files: is the text taken for malformed? */
bool oe_mutant_refuses_master(unsigned mutant, uint16_t type, slice text);

#endif
