/* SPDX-License-Identifier: MIT */
/* mutate_idmef: the deliberate mistakes of an analyzer in its IDMEF, and of a manager that reads it.  Each of the first is a change to the text of a good message: where that does not hold what is to be
 * changed, nothing is wrong with it.  Those of the second refuse what holds some text. */
#ifndef PEER_MUTATE_IDMEF_H
#define PEER_MUTATE_IDMEF_H

#include "base/buf.h"

/* X(NAME, "name", roles it can be played in, "clauses that it breaks", "what it does"), as in mutate_idxp.h, which has them in its list behind all others. */
#define IDXP_MUTANTS_IDMEF(X) \
    /* the document: declaration, encoding, root, namespace */ \
    X(IDMEF_NO_CLASS, "idmef-no-class", IBY_ANALYZER, "IDMEF-8-1 IDMEF-4.2.2-1", "sends alerts without Classification") \
    X(IDMEF_NO_DECLARATION, "idmef-no-declaration", IBY_ANALYZER, "IDMEF-3.1.1.1-1", "sends no XML declaration") \
    X(IDMEF_NO_ENCODING, "idmef-no-encoding", IBY_ANALYZER, "IDMEF-3.1.1.1-2", "names no encoding") \
    X(IDMEF_LATIN, "idmef-latin", IBY_ANALYZER, "IDMEF-3.1.2-1", "sends ISO 8859-1, and says so") \
    X(IDMEF_LATIN_UNTOLD, "idmef-latin-untold", IBY_ANALYZER, "IDMEF-3.1.2-2", "sends ISO 8859-1, and does not say so") \
    X(IDMEF_UTF16_BARE, "idmef-utf16-bare", IBY_ANALYZER, "IDMEF-3.1.2-3", "sends UTF-16 without a mark of its byte order") \
    X(IDMEF_NO_LANGUAGE, "idmef-no-language", IBY_ANALYZER, "IDMEF-3.1.3-1", "does not tell the language") \
    X(IDMEF_ILL, "idmef-ill", IBY_ANALYZER, "IDMEF-6.1-1 IDXP-3.4.2-1", "leaves end tags of alerts and heartbeats out") \
    X(IDMEF_ENTITY, "idmef-entity", IBY_ANALYZER, "IDMEF-6.1-1", "writes a reference of HTML") \
    X(IDMEF_AMPERSAND, "idmef-ampersand", IBY_ANALYZER, "IDMEF-3.2.3.1-1", "writes an ampersand as it is") \
    X(IDMEF_LESS, "idmef-less", IBY_ANALYZER, "IDMEF-3.2.3.1-1", "writes a less-than sign as it is") \
    X(IDMEF_ROOT, "idmef-root", IBY_ANALYZER, "IDXP-4-3 IDXP-3.4-4 IDMEF-8-1", "calls the element of the document Message") \
    X(IDMEF_VERSION, "idmef-version", IBY_ANALYZER, "IDMEF-4.2.1-2", "says that its version is 1.1") \
    X(IDMEF_NAMESPACE, "idmef-namespace", IBY_ANALYZER, "IDMEF-8-1 IDMEF-5.2-4", "declares another namespace") \
    X(IDMEF_ROOT_CHILD, "idmef-root-child", IBY_ANALYZER, "IDMEF-4.2.1-1", "puts an Analyzer beside alerts") \
    X(IDMEF_NO_ALERT, "idmef-no-alert", IBY_ANALYZER, "IDMEF-4.2.1-1", "puts what belongs into an Alert into the IDMEF-Message") \
    X(IDMEF_TEXT, "idmef-text", IBY_ANALYZER, "IDMEF-8-1 IDMEF-6.1-2", "writes words between elements") \
    X(IDMEF_ELEMENT, "idmef-element", IBY_ANALYZER, "IDMEF-8-1 IDMEF-6.1-2", "has an element of its own in the namespace of IDMEF") \
    X(IDMEF_ATTRIBUTE, "idmef-attribute", IBY_ANALYZER, "IDMEF-8-1 IDMEF-6.1-2", "has an attribute of its own") \
    X(IDMEF_FOREIGN, "idmef-foreign", IBY_ANALYZER, "IDMEF-5.2-4", "has an element of another namespace in alerts") \
    /* types of data */ \
    X(IDMEF_INTEGER, "idmef-integer", IBY_ANALYZER, "IDMEF-3.2.1-1", "writes a unit behind an integer") \
    X(IDMEF_INTEGER_FRACTION, "idmef-integer-fraction", IBY_ANALYZER, "IDMEF-3.2.1-1", "writes a fraction for an integer") \
    X(IDMEF_PORT_NAME, "idmef-port-name", IBY_ANALYZER, "IDMEF-3.2.1-1", "gives a port by name") \
    X(IDMEF_REAL, "idmef-real", IBY_ANALYZER, "IDMEF-3.2.2-1", "writes reals as fractions") \
    X(IDMEF_BASE64, "idmef-base64", IBY_ANALYZER, "IDMEF-3.2.4-1", "leaves the padding of base64 out") \
    X(IDMEF_BASE64_HEX, "idmef-base64-hex", IBY_ANALYZER, "IDMEF-3.2.4-1", "writes octets in base 16") \
    X(IDMEF_SEVERITY, "idmef-severity", IBY_ANALYZER, "IDMEF-3.2.5-1 IDMEF-4.2.6.1-1", "has a severity of its own") \
    X(IDMEF_CATEGORY_CAPITAL, "idmef-category-capital", IBY_ANALYZER, "IDMEF-3.2.5-1", "writes a category in capital letters") \
    X(IDMEF_SPOOFED_EMPTY, "idmef-spoofed-empty", IBY_ANALYZER, "IDMEF-3.2.5-1", "leaves the value of spoofed empty") \
    X(IDMEF_YEAR, "idmef-year", IBY_ANALYZER, "IDMEF-3.2.6-1 IDMEF-3.2.6-10", "writes years of two digits") \
    X(IDMEF_DATE_ORDER, "idmef-date-order", IBY_ANALYZER, "IDMEF-3.2.6-1 IDMEF-3.2.6-10", "writes the day in front of the year") \
    X(IDMEF_HOUR, "idmef-hour", IBY_ANALYZER, "IDMEF-3.2.6-3 IDMEF-3.2.6-10", "writes hours of one digit") \
    X(IDMEF_NO_SECONDS, "idmef-no-seconds", IBY_ANALYZER, "IDMEF-3.2.6-3 IDMEF-3.2.6-10", "leaves seconds out") \
    X(IDMEF_MIDNIGHT, "idmef-midnight", IBY_ANALYZER, "IDMEF-3.2.6-4", "writes midnight as hour 24") \
    X(IDMEF_NO_ZONE, "idmef-no-zone", IBY_ANALYZER, "IDMEF-3.2.6-8 IDMEF-3.2.6-10", "does not tell the zone of times") \
    X(IDMEF_ZONE_SHORT, "idmef-zone-short", IBY_ANALYZER, "IDMEF-3.2.6-9 IDMEF-3.2.6-10", "tells the hours of a zone alone") \
    X(IDMEF_BLANK_TIME, "idmef-blank-time", IBY_ANALYZER, "IDMEF-3.2.6-10", "puts a blank between date and time") \
    X(IDMEF_ZONE_NAME, "idmef-zone-name", IBY_ANALYZER, "IDMEF-3.2.6-10 IDMEF-3.2.6-8", "tells the zone by name") \
    X(IDMEF_NTP_COMMA, "idmef-ntp-comma", IBY_ANALYZER, "IDMEF-3.2.7-1", "writes a comma in NTP timestamps") \
    X(IDMEF_NTP_DECIMAL, "idmef-ntp-decimal", IBY_ANALYZER, "IDMEF-3.2.7-1", "writes NTP timestamps in base 10") \
    X(IDMEF_PORTS, "idmef-ports", IBY_ANALYZER, "IDMEF-3.2.8-1", "separates ports by semicolons") \
    X(IDMEF_PORTS_BLANKS, "idmef-ports-blanks", IBY_ANALYZER, "IDMEF-3.2.8-1", "separates ports by blanks") \
    X(IDMEF_SAME_MESSAGEID, "idmef-same-messageid", IBY_ANALYZER, "IDMEF-3.2.9-2", "gives two alerts one messageid") \
    X(IDMEF_SAME_IDENT, "idmef-same-ident", IBY_ANALYZER, "IDMEF-3.2.9-3", "gives two users one ident") \
    /* classes */ \
    X(IDMEF_ALERT_ORDER, "idmef-alert-order", IBY_ANALYZER, "IDMEF-4.2.2-1", "puts the time of creation behind that of detection") \
    X(IDMEF_TWO_DETAILS, "idmef-two-details", IBY_ANALYZER, "IDMEF-4.2.2-1", "gives one alert two kinds of detail") \
    X(IDMEF_TOOL, "idmef-tool", IBY_ANALYZER, "IDMEF-4.2.2.1-1", "sends a ToolAlert that points to no alert") \
    X(IDMEF_CORRELATION, "idmef-correlation", IBY_ANALYZER, "IDMEF-4.2.2.2-1", "sends a CorrelationAlert without name") \
    X(IDMEF_OVERFLOW, "idmef-overflow", IBY_ANALYZER, "IDMEF-4.2.2.3-1", "sends an OverflowAlert without program") \
    X(IDMEF_HEARTBEAT_ORDER, "idmef-heartbeat-order", IBY_ANALYZER, "IDMEF-4.2.3-4", "gives the interval of heartbeats twice") \
    X(IDMEF_HEARTBEAT_CLASS, "idmef-heartbeat-class", IBY_ANALYZER, "IDMEF-4.2.3-4", "classifies heartbeats") \
    X(IDMEF_NO_ANALYZERID, "idmef-no-analyzerid", IBY_ANALYZER, "IDMEF-4.2.4.1-2", "has idents and no analyzerid") \
    X(IDMEF_ANALYZER_NODES, "idmef-analyzer-nodes", IBY_ANALYZER, "IDMEF-4.2.4.1-3", "gives an Analyzer two Nodes") \
    X(IDMEF_CLASS_TEXT, "idmef-class-text", IBY_ANALYZER, "IDMEF-4.2.4.2-1", "classifies without text") \
    X(IDMEF_SOURCE_NODES, "idmef-source-nodes", IBY_ANALYZER, "IDMEF-4.2.4.3-1", "gives a Source two Nodes") \
    X(IDMEF_TARGET_ORDER, "idmef-target-order", IBY_ANALYZER, "IDMEF-4.2.4.4-1", "puts the Node of a Target behind its Service") \
    X(IDMEF_ASSESSMENT, "idmef-assessment", IBY_ANALYZER, "IDMEF-4.2.4.5-1", "is confident twice") \
    X(IDMEF_ADDITIONAL_TYPE, "idmef-additional-type", IBY_ANALYZER, "IDMEF-4.2.4.6-1", "calls a real number an integer") \
    X(IDMEF_ADDITIONAL_TWO, "idmef-additional-two", IBY_ANALYZER, "IDMEF-4.2.4.6-1", "puts two values into an AdditionalData") \
    X(IDMEF_NO_NTPSTAMP, "idmef-no-ntpstamp", IBY_ANALYZER, "IDMEF-4.2.5-1", "gives times without ntpstamp") \
    X(IDMEF_NTP_APART, "idmef-ntp-apart", IBY_ANALYZER, "IDMEF-4.2.5-3", "has clocks that differ by minutes") \
    X(IDMEF_IMPACT, "idmef-impact", IBY_ANALYZER, "IDMEF-4.2.6.1-1", "has a type of impact of its own") \
    X(IDMEF_ACTION, "idmef-action", IBY_ANALYZER, "IDMEF-4.2.6.2-1", "has a category of action of its own") \
    X(IDMEF_CONFIDENCE, "idmef-confidence", IBY_ANALYZER, "IDMEF-4.2.6.3-1", "is more confident than sure") \
    X(IDMEF_CONFIDENCE_WORD, "idmef-confidence-word", IBY_ANALYZER, "IDMEF-4.2.6.3-1", "writes a number behind a rating in words") \
    X(IDMEF_REFERENCE_URL, "idmef-reference-url", IBY_ANALYZER, "IDMEF-4.2.7.1-1", "refers without url") \
    X(IDMEF_REFERENCE_MEANING, "idmef-reference-meaning", IBY_ANALYZER, "IDMEF-4.2.7.1-2", "gives a reference of a common list a meaning") \
    X(IDMEF_NODE_EMPTY, "idmef-node-empty", IBY_ANALYZER, "IDMEF-4.2.7.2-1 IDMEF-4.2.7.2-2", "has a Node without name and address") \
    X(IDMEF_ADDRESS_NONE, "idmef-address-none", IBY_ANALYZER, "IDMEF-4.2.7.2.1-1", "has an Address without address") \
    X(IDMEF_ADDRESS_FORM, "idmef-address-form", IBY_ANALYZER, "IDMEF-4.2.7.2.1-2", "calls an address of IPv4 one of IPv6") \
    X(IDMEF_USER_NONE, "idmef-user-none", IBY_ANALYZER, "IDMEF-4.2.7.3-1", "has a User that is nobody") \
    X(IDMEF_USER_ID, "idmef-user-id", IBY_ANALYZER, "IDMEF-4.2.7.3.1-1", "has a UserId without name and number") \
    X(IDMEF_PROCESS_NAME, "idmef-process-name", IBY_ANALYZER, "IDMEF-4.2.7.4-1", "has a Process without name") \
    X(IDMEF_SERVICE_BOTH, "idmef-service-both", IBY_ANALYZER, "IDMEF-4.2.7.5-3", "gives a Service a port and a list of ports") \
    X(IDMEF_WEB_URL, "idmef-web-url", IBY_ANALYZER, "IDMEF-4.2.7.5.1-1", "has a WebService without url") \
    X(IDMEF_SNMP_ORDER, "idmef-snmp-order", IBY_ANALYZER, "IDMEF-4.2.7.5.2-1", "has an SNMPService in another order") \
    X(IDMEF_SNMP_MORE, "idmef-snmp-more", IBY_ANALYZER, "IDMEF-4.2.7.5.2-2", "has in an SNMPService what goes into additional data") \
    X(IDMEF_FILE_PATH, "idmef-file-path", IBY_ANALYZER, "IDMEF-4.2.7.6-1", "has a File without path") \
    X(IDMEF_FILE_USER, "idmef-file-user", IBY_ANALYZER, "IDMEF-4.2.7.6.1-1", "calls the user of a FileAccess the current one") \
    X(IDMEF_FILE_ACCESS, "idmef-file-access", IBY_ANALYZER, "IDMEF-4.2.7.6.1-2", "has a FileAccess without permission") \
    X(IDMEF_LINKAGE, "idmef-linkage", IBY_ANALYZER, "IDMEF-4.2.7.6.2-1", "has a Linkage with a name and no path") \
    X(IDMEF_INODE, "idmef-inode", IBY_ANALYZER, "IDMEF-4.2.7.6.3-1", "has an Inode with one of two numbers of a device") \
    X(IDMEF_CHECKSUM, "idmef-checksum", IBY_ANALYZER, "IDMEF-4.2.7.6.4-1", "names the algorithm of a Checksum in small letters") \
    X(IDMEF_XMLTEXT_BARE, "idmef-xmltext-bare", IBY_ANALYZER, "IDMEF-5.2-3", "extends without a namespace") \
    X(IDMEF_XMLTEXT_OURS, "idmef-xmltext-ours", IBY_ANALYZER, "IDMEF-5.2-3", "extends in the namespace of IDMEF") \
    X(IDMEF_NTP_ERA, "idmef-ntp-era", IBY_ANALYZER, "IDMEF-6.4-2", "tells the era behind 2036 by the first bit") \
    /* managers */ \
    X(IDMEF_WANTS_DECLARATION, "idmef-wants-declaration", IBY_MANAGER, "IDMEF-3.1.1.1-3", "refuses messages without an XML declaration") \
    X(IDMEF_WANTS_DOCTYPE, "idmef-wants-doctype", IBY_MANAGER, "IDMEF-3.1.1.1-4", "refuses messages without a document type") \
    X(IDMEF_REFUSES_UTF8, "idmef-refuses-utf8", IBY_MANAGER, "IDMEF-3.1.2-4", "reads of UTF-8 what is ASCII") \
    X(IDMEF_REFUSES_UTF16, "idmef-refuses-utf16", IBY_MANAGER, "IDMEF-3.1.2-4", "reads no UTF-16") \
    X(IDMEF_REFUSES_SPACE, "idmef-refuses-space", IBY_MANAGER, "IDMEF-3.1.2.2-1", "refuses xml:space") \
    X(IDMEF_REFUSES_LANGUAGE, "idmef-refuses-language", IBY_MANAGER, "IDMEF-3.1.3-2", "refuses other languages than English") \
    X(IDMEF_REFUSES_HEX, "idmef-refuses-hex", IBY_MANAGER, "IDMEF-3.2.1-2", "reads integers in base 10 only") \
    X(IDMEF_REFUSES_SIGN, "idmef-refuses-sign", IBY_MANAGER, "IDMEF-3.2.1-2", "reads integers without sign only") \
    X(IDMEF_REFUSES_COMMA, "idmef-refuses-comma", IBY_MANAGER, "IDMEF-3.2.2-2", "reads reals with a full stop only") \
    X(IDMEF_REFUSES_ENTITY, "idmef-refuses-entity", IBY_MANAGER, "IDMEF-3.2.3.1-2", "does not know the apostrophe by name") \
    X(IDMEF_REFUSES_REFERENCE, "idmef-refuses-reference", IBY_MANAGER, "IDMEF-3.2.3.2-1", "does not know references in base 16") \
    X(IDMEF_REFUSES_24, "idmef-refuses-24", IBY_MANAGER, "IDMEF-3.2.6-2", "does not read hour 24") \
    X(IDMEF_REFUSES_LEAP, "idmef-refuses-leap", IBY_MANAGER, "IDMEF-3.2.6-5", "does not read leap seconds") \
    X(IDMEF_REFUSES_FRACTION, "idmef-refuses-fraction", IBY_MANAGER, "IDMEF-3.2.6-7 IDMEF-3.2.6-11", "does not read fractions behind a comma") \
    X(IDMEF_REFUSES_ZONE, "idmef-refuses-zone", IBY_MANAGER, "IDMEF-3.2.6-11", "reads times in UTC only") \
    X(IDMEF_REFUSES_RANGE, "idmef-refuses-range", IBY_MANAGER, "IDMEF-3.2.8-2", "reads no ranges of ports") \
    X(IDMEF_WANTS_ID, "idmef-wants-id", IBY_MANAGER, "IDMEF-3.2.9-4", "refuses alerts without messageid") \
    X(IDMEF_WANTS_ALERT, "idmef-wants-alert", IBY_MANAGER, "IDMEF-4.2.1-3", "refuses messages that are empty") \
    X(IDMEF_REFUSES_MANY, "idmef-refuses-many", IBY_MANAGER, "IDMEF-4.2.1-3", "refuses messages of several alerts") \
    X(IDMEF_REFUSES_WHOLE, "idmef-refuses-whole", IBY_MANAGER, "IDMEF-4.2.2-3", "refuses alerts with details") \
    X(IDMEF_REFUSES_CORRELATION, "idmef-refuses-correlation", IBY_MANAGER, "IDMEF-7-1", "does not know what a correlation is") \
    X(IDMEF_REFUSES_HEARTBEAT, "idmef-refuses-heartbeat", IBY_MANAGER, "IDMEF-4.2.3-1", "refuses heartbeats") \
    X(IDMEF_REFUSES_NESTED, "idmef-refuses-nested", IBY_MANAGER, "IDMEF-4.2.4.1-4", "refuses Analyzers inside Analyzers") \
    X(IDMEF_REFUSES_OCTETS, "idmef-refuses-octets", IBY_MANAGER, "IDMEF-4.2.4.6-2", "refuses byte-string") \
    X(IDMEF_REFUSES_XMLTEXT, "idmef-refuses-xmltext", IBY_MANAGER, "IDMEF-5.2-5", "refuses extensions") \
    X(IDMEF_REFUSES_2040, "idmef-refuses-2040", IBY_MANAGER, "IDMEF-6.4-3", "does not read the era behind 2036") \
    X(IDMEF_REFUSES_BARE, "idmef-refuses-bare", IBY_MANAGER, "IDMEF-7-1", "refuses elements without a prefix")

/* The message that an analyzer with that mistake sends in place of body: appended to out. */
err idmef_mutate(unsigned mutant, slice body, struct buf *out) MUST_CHECK;

/* The code by which a manager with that mistake refuses that message; 0: it has nothing against it. */
uint16_t idmef_mutant_dislikes(unsigned mutant, slice body);

#endif
