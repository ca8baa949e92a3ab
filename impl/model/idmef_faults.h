/* SPDX-License-Identifier: MIT */
/* idmef_faults: the faults of an IDMEF message (RFC 4765).  Those of the document type end its reading; those of data types, which a document type cannot express, are noted. */
#ifndef MODEL_IDMEF_FAULTS_H
#define MODEL_IDMEF_FAULTS_H

#include "model/fault.h"

/* X(NAME, clause, defect, severity, text) */
#define IDMEF_FAULTS(X)                                                                                                            \
    X(ILL, IDMEF_6_1_1, NONE, FAIL, "not well-formed XML")                                                                         \
    X(LIMIT, IDMEF_6_1_1, NONE, NOTE, "a limit of size, depth or number is passed")                                                \
    X(ENTITY, IDMEF_6_1_1, NONE, FAIL, "entity other than the five predefined")                                                    \
    X(SUBSET, IDMEF_6_1_1, NONE, NOTE, "document type with declarations of its own")                                               \
    X(CHARSET, IDMEF_3_1_2_1, NONE, NOTE, "character set that is not known here")                                                  \
    X(ROOT, IDMEF_8_1, NONE, WEAK, "the element of the document is not IDMEF-Message")                                             \
    X(ELEMENT, IDMEF_8_1, NONE, WEAK, "element that IDMEF does not have")                                                          \
    X(FOREIGN, IDMEF_5_2_4, NONE, FAIL, "element of another namespace outside of xmltext")                                         \
    X(PLACE, IDMEF_8_1, NONE, WEAK, "element that may not stand here")                                                             \
    X(MISSING, IDMEF_8_1, NONE, WEAK, "element that must stand here is missing")                                                   \
    X(TEXT, IDMEF_8_1, NONE, WEAK, "text where none may be")                                                                       \
    X(ATTRIBUTE, IDMEF_8_1, NONE, WEAK, "attribute that the element does not have")                                                \
    X(ATTRIBUTE_MISSING, IDMEF_8_1, NONE, WEAK, "attribute that the element must have is missing")                                 \
    X(VALUE, IDMEF_3_2_5_1, NONE, FAIL, "value that the attribute cannot have")                                                    \
    /* taken, and noted */                                                                                                         \
    X(DOCTYPE, IDMEF_3_1_1_1_4, IDMEF_D03, NOTE, "document type declaration: it is not read")                                      \
    X(NO_DECLARATION, IDMEF_3_1_1_1_1, IDMEF_D02, WEAK, "no XML declaration in front")                                             \
    X(NO_ENCODING, IDMEF_3_1_1_1_2, NONE, NOTE, "the XML declaration names no encoding")                                           \
    X(ENCODING, IDMEF_3_1_2_1, NONE, WEAK, "encoding other than UTF-8 and UTF-16")                                                 \
    X(PREFIX, IDMEF_8_1, IDMEF_D01, NOTE, "another prefix than idmef stands for its namespace")                                    \
    X(NO_NAMESPACE, IDMEF_8_1, IDMEF_D01, NOTE, "namespace is not declared: the document type's default is taken")                 \
    X(GLOBAL, IDMEF_8_1, IDMEF_D04, NOTE, "attribute of all elements on one of the two that lack it")                              \
    X(EXTENSION, IDMEF_5_2_5, IDMEF_D12, NOTE, "elements or attributes of another namespace: they are not judged")                 \
    X(NO_LANGUAGE, IDMEF_3_1_3_1, IDMEF_D05, WEAK, "no xml:lang on the element of the document")                                   \
    X(INTEGER, IDMEF_3_2_1_1, NONE, FAIL, "integer is neither of base 10 nor of base 16")                                          \
    X(REAL, IDMEF_3_2_2_1, NONE, FAIL, "real number is not in base 10")                                                            \
    X(BASE64, IDMEF_3_2_4_1, NONE, FAIL, "octets are not in base64")                                                               \
    X(BYTE, IDMEF_3_2_4_1, IDMEF_D06, NOTE, "a number stands for an octet")                                                        \
    X(DATE_TIME, IDMEF_3_2_6_10, NONE, FAIL, "date and time are in none of the nine forms")                                        \
    X(BLANKS, IDMEF_3_2_6_10, IDMEF_D07, NOTE, "white space around date and time")                                                 \
    X(NTPSTAMP, IDMEF_3_2_7_1, NONE, FAIL, "timestamp is not two hexadecimal numbers of 32 bits")                                  \
    X(PORT_LIST, IDMEF_3_2_8_1, NONE, FAIL, "list of ports is not numbers and ranges with commas between")

#define IDMEF_ENUM_F(n, c, d, s, t) IDMEF_F_##n,
enum idmef_fault_code { IDMEF_F_NONE, IDMEF_FAULTS(IDMEF_ENUM_F) IDMEF_F_COUNT };

/* Indexed by enum idmef_fault_code; entry 0 is "none". */
extern const struct fault_info idmef_faults[IDMEF_F_COUNT];

#define IDMEF_NAMESPACE "http://iana.org/idmef" /* RFC 4765 8, also registered by 10.2 */

#endif
