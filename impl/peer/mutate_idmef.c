/* SPDX-License-Identifier: MIT */
#include "peer/mutate_idmef.h"

#include "peer/mutate_idxp.h"

#define STAMP "0xbc71f4f5.0xef449129"
#define TIME  "2000-03-09T10:01:25.93464Z"
#define COUNT "<idmef:AdditionalData type=\"integer\" meaning=\"count\"><idmef:integer>17</idmef:integer>"
#define CLASS "<idmef:Classification text=\"test\" />"
#define DETAIL /* of the sample that is one of correlation */ \
    "<idmef:CorrelationAlert><idmef:name>multiple attempts</idmef:name><idmef:alertident analyzerid=\"draftproof\">draftproof-1</idmef:alertident>" \
    "<idmef:alertident>draftproof-2</idmef:alertident></idmef:CorrelationAlert>"
#define WEB \
    "<idmef:WebService><idmef:url>http://target.example.com/cgi-bin/phf</idmef:url><idmef:cgi>/cgi-bin/phf</idmef:cgi>" \
    "<idmef:http-method>GET</idmef:http-method><idmef:arg>-v</idmef:arg></idmef:WebService>"

/* What stands first is replaced; of several rows of a mistake each is done. */
static const struct {
    enum idxp_mutant mutant;
    const char *find, *put;
} changes[] = {
    {IMUT_IDMEF_NO_CLASS, CLASS, ""},
    {IMUT_IDMEF_NO_DECLARATION, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", ""},
    {IMUT_IDMEF_NO_ENCODING, " encoding=\"UTF-8\"", ""},
    {IMUT_IDMEF_LATIN, "encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\""},
    {IMUT_IDMEF_LATIN, "rack 1", "r\344ck 1"},
    {IMUT_IDMEF_LATIN_UNTOLD, " encoding=\"UTF-8\"", ""},
    {IMUT_IDMEF_LATIN_UNTOLD, "rack 1", "r\344ck 1"},
    {IMUT_IDMEF_NO_LANGUAGE, " xml:lang=\"en\"", ""},
    {IMUT_IDMEF_ILL, "</idmef:Alert>", ""},
    {IMUT_IDMEF_ILL, "</idmef:Heartbeat>", ""},
    {IMUT_IDMEF_ENTITY, "rack 1", "rack&nbsp;1"},
    {IMUT_IDMEF_AMPERSAND, "rack 1", "rack 1 & 2"},
    {IMUT_IDMEF_LESS, "draftproof-2\"", "draftproof <2\""},
    {IMUT_IDMEF_ROOT, "idmef:IDMEF-Message", "idmef:Message"},
    {IMUT_IDMEF_ROOT, "</idmef:IDMEF-Message", "</idmef:Message"},
    {IMUT_IDMEF_VERSION, "\" version=\"1.0\" xml:", "\" version=\"1.1\" xml:"},
    {IMUT_IDMEF_NAMESPACE, "http://iana.org/idmef", "http://iana.org/IDMEF"},
    {IMUT_IDMEF_ROOT_CHILD, " <idmef:Alert ", " <idmef:Analyzer /> <idmef:Alert "},
    {IMUT_IDMEF_NO_ALERT, " <idmef:Alert messageid=\"draftproof-1\">\n", ""},
    {IMUT_IDMEF_NO_ALERT, "/>\n </idmef:Alert>\n", "/>\n"},
    {IMUT_IDMEF_TEXT, CLASS, CLASS " beware"},
    {IMUT_IDMEF_ELEMENT, CLASS, CLASS "<idmef:Severity />"},
    {IMUT_IDMEF_ATTRIBUTE, " class=\"Test\"", " kind=\"Test\""},
    {IMUT_IDMEF_FOREIGN, CLASS, CLASS "<own:extra xmlns:own=\"urn:example:own\" />"},
    {IMUT_IDMEF_INTEGER, "<idmef:pid>2047", "<idmef:pid>2047th"},
    {IMUT_IDMEF_INTEGER_FRACTION, "<idmef:integer>17", "<idmef:integer>17.0"},
    {IMUT_IDMEF_PORT_NAME, "<idmef:port>80", "<idmef:port>http"},
    {IMUT_IDMEF_REAL, ">12.5<", ">25/2<"},
    {IMUT_IDMEF_BASE64, "AAECAwT/", "AAECAwQ"},
    {IMUT_IDMEF_BASE64_HEX, "AAECAwT/", "00-01-02-03-04-ff"},
    {IMUT_IDMEF_SEVERITY, "severity=\"high\"", "severity=\"severe\""},
    {IMUT_IDMEF_CATEGORY_CAPITAL, "<idmef:Node category=\"dns\"><idmef:location>", "<idmef:Node category=\"DNS\"><idmef:location>"},
    {IMUT_IDMEF_SPOOFED_EMPTY, "spoofed=\"unknown\"", "spoofed=\"\""},
    {IMUT_IDMEF_YEAR, TIME, "00-03-09T10:01:25Z"},
    {IMUT_IDMEF_DATE_ORDER, TIME, "09-03-2000T10:01:25Z"},
    {IMUT_IDMEF_HOUR, TIME, "2000-03-09T9:01:25Z"},
    {IMUT_IDMEF_NO_SECONDS, TIME, "2000-03-09T10:01Z"},
    {IMUT_IDMEF_MIDNIGHT, "<idmef:create-time>2000-01-01T00:00:00Z", "<idmef:create-time>1999-12-31T24:00:00Z"},
    {IMUT_IDMEF_NO_ZONE, TIME, "2000-03-09T10:01:25.93464"},
    {IMUT_IDMEF_ZONE_SHORT, "10:01:24+00:00", "10:01:24+00"},
    {IMUT_IDMEF_BLANK_TIME, TIME, "2000-03-09 10:01:25.93464Z"},
    {IMUT_IDMEF_ZONE_NAME, "10:01:26Z", "10:01:26 GMT"},
    {IMUT_IDMEF_NTP_COMMA, STAMP, "0xbc71f4f5,0xef449129"},
    {IMUT_IDMEF_NTP_DECIMAL, STAMP, "3161584885.4014248233"},
    {IMUT_IDMEF_PORTS, ">5-25,37,42<", ">5-25;37;42<"},
    {IMUT_IDMEF_PORTS_BLANKS, ">1-9,80<", ">1-9 80<"},
    {IMUT_IDMEF_SAME_MESSAGEID, "messageid=\"draftproof-2\"", "messageid=\"draftproof-1\""},
    {IMUT_IDMEF_SAME_IDENT, "<idmef:UserId type=\"user-privs\">", "<idmef:UserId ident=\"i1\" type=\"user-privs\">"},
    {IMUT_IDMEF_ALERT_ORDER, "<idmef:Source ident=\"s1\"", "<idmef:CreateTime ntpstamp=\"" STAMP "\">" TIME "</idmef:CreateTime><idmef:Source ident=\"s1\""},
    {IMUT_IDMEF_TWO_DETAILS, "</idmef:CorrelationAlert>", "</idmef:CorrelationAlert><idmef:OverflowAlert><idmef:program>x</idmef:program></idmef:OverflowAlert>"},
    {IMUT_IDMEF_TOOL, DETAIL, "<idmef:ToolAlert><idmef:name>x</idmef:name></idmef:ToolAlert>"},
    {IMUT_IDMEF_CORRELATION, "<idmef:name>multiple attempts</idmef:name>", ""},
    {IMUT_IDMEF_OVERFLOW, DETAIL, "<idmef:OverflowAlert><idmef:size>1000</idmef:size></idmef:OverflowAlert>"},
    {IMUT_IDMEF_HEARTBEAT_ORDER, "<idmef:HeartbeatInterval>60</idmef:HeartbeatInterval>", "<idmef:HeartbeatInterval>60</idmef:HeartbeatInterval><idmef:HeartbeatInterval>60</idmef:HeartbeatInterval>"},
    {IMUT_IDMEF_HEARTBEAT_CLASS, "<idmef:HeartbeatInterval>60</idmef:HeartbeatInterval>", "<idmef:Classification text=\"alive\" />"},
    {IMUT_IDMEF_NO_ANALYZERID, " analyzerid=\"draftproof\" name", " name"},
    {IMUT_IDMEF_ANALYZER_NODES, "</idmef:Node>\n  </idmef:Analyzer>", "</idmef:Node><idmef:Node><idmef:name>other</idmef:name></idmef:Node>\n  </idmef:Analyzer>"},
    {IMUT_IDMEF_CLASS_TEXT, " text=\"phf attack\"", ""},
    {IMUT_IDMEF_SOURCE_NODES, "<idmef:Process ident=\"p1\">", "<idmef:Node><idmef:name>x</idmef:name></idmef:Node><idmef:Process ident=\"p1\">"},
    {IMUT_IDMEF_TARGET_ORDER, "<idmef:File ident=\"f1\"", "<idmef:Node><idmef:name>x</idmef:name></idmef:Node><idmef:File ident=\"f1\""},
    {IMUT_IDMEF_ASSESSMENT, "0.5</idmef:Confidence>", "0.5</idmef:Confidence><idmef:Confidence rating=\"numeric\">0.6</idmef:Confidence>"},
    {IMUT_IDMEF_ADDITIONAL_TYPE, "type=\"real\" meaning=\"ratio\"", "type=\"integer\" meaning=\"ratio\""},
    {IMUT_IDMEF_ADDITIONAL_TWO, COUNT, COUNT "<idmef:integer>18</idmef:integer>"},
    {IMUT_IDMEF_NO_NTPSTAMP, " ntpstamp=\"" STAMP "\"", ""},
    {IMUT_IDMEF_NTP_APART, STAMP, "0xbc71f5f5.0xef449129"},
    {IMUT_IDMEF_IMPACT, "type=\"recon\"", "type=\"attack\""},
    {IMUT_IDMEF_ACTION, "category=\"notification-sent\"", "category=\"none\""},
    {IMUT_IDMEF_CONFIDENCE, ">0.5<", ">5<"},
    {IMUT_IDMEF_CONFIDENCE_WORD, "rating=\"numeric\"", "rating=\"high\""},
    {IMUT_IDMEF_REFERENCE_URL, "<idmef:url>http://www.securityfocus.com/bid/629</idmef:url>", ""},
    {IMUT_IDMEF_REFERENCE_MEANING, "origin=\"bugtraqid\"", "origin=\"bugtraqid\" meaning=\"our bug\""},
    {IMUT_IDMEF_NODE_EMPTY, "<idmef:Address category=\"ipv6-addr\"><idmef:address>2001:db8::7</idmef:address></idmef:Address>", ""},
    {IMUT_IDMEF_ADDRESS_NONE, "<idmef:address>192.0.2.200</idmef:address>", ""},
    {IMUT_IDMEF_ADDRESS_FORM, "2001:db8::7", "192.0.2.7"},
    {IMUT_IDMEF_USER_NONE, "<idmef:UserId ident=\"i1\" type=\"current-user\" tty=\"tty1\"><idmef:name>joe</idmef:name><idmef:number>13243</idmef:number></idmef:UserId>", ""},
    {IMUT_IDMEF_USER_ID, "<idmef:name>joe</idmef:name><idmef:number>13243</idmef:number>", ""},
    {IMUT_IDMEF_PROCESS_NAME, "<idmef:name>telnet</idmef:name>", ""},
    {IMUT_IDMEF_SERVICE_BOTH, "<idmef:portlist>5-25,37,42", "<idmef:port>80</idmef:port><idmef:portlist>5-25,37,42"},
    {IMUT_IDMEF_WEB_URL, "<idmef:url>http://target.example.com/cgi-bin/phf</idmef:url>", ""},
    {IMUT_IDMEF_SNMP_ORDER, WEB, "<idmef:SNMPService><idmef:command>get</idmef:command><idmef:oid>1.3.6.1</idmef:oid></idmef:SNMPService>"},
    {IMUT_IDMEF_SNMP_MORE, WEB, "<idmef:SNMPService><idmef:oid>1.3.6.1</idmef:oid><idmef:integer>5</idmef:integer></idmef:SNMPService>"},
    {IMUT_IDMEF_FILE_PATH, "<idmef:path>/etc/passwd</idmef:path>", ""},
    {IMUT_IDMEF_FILE_USER, "<idmef:UserId type=\"user-privs\">", "<idmef:UserId type=\"current-user\">"},
    {IMUT_IDMEF_FILE_ACCESS, "<idmef:Permission perms=\"read\" />", ""},
    {IMUT_IDMEF_LINKAGE, "<idmef:path>/etc/shadow</idmef:path>", ""},
    {IMUT_IDMEF_INODE, "<idmef:major-device>3</idmef:major-device>", ""},
    {IMUT_IDMEF_CHECKSUM, "algorithm=\"MD5\"", "algorithm=\"md5\""},
    {IMUT_IDMEF_XMLTEXT_BARE, COUNT, "<idmef:AdditionalData type=\"xmltext\" meaning=\"own\"><idmef:xmltext><own /></idmef:xmltext>"},
    {IMUT_IDMEF_XMLTEXT_OURS, COUNT, "<idmef:AdditionalData type=\"xmltext\" meaning=\"own\"><idmef:xmltext><own xmlns=\"http://iana.org/idmef\" /></idmef:xmltext>"},
    {IMUT_IDMEF_NTP_ERA, STAMP, "0x3c71f4f5.0xef449129"},
};

/* Octets that stand for one character each; the mark is what is missing. */
static err widen(slice body, struct buf *out)
{
    for (size_t i = 0; i < body.n; i++) {
        TRY(buf_add_byte(out, 0));
        TRY(buf_add_byte(out, body.p[i]));
    }
    return OK;
}

/* out ends behind what was changed of text. */
static err change(slice text, const char *find, const char *put, struct buf *out)
{
    slice key = slice_str(find);
    size_t at = slice_find(text, key);
    bool there = at < text.n;
    TRY(buf_add(out, slice_sub(text, 0, at)));
    if (!there) return OK;
    TRY(buf_add_str(out, put));
    return buf_add(out, slice_sub(text, at + key.n, text.n));
}

err idmef_mutate(unsigned mutant, slice body, struct buf *out)
{
    struct buf text;
    if (IMUT(mutant, IDMEF_UTF16_BARE)) return widen(body, out);
    buf_init(&text, out->mem, out->max);
    err e = buf_add(out, body);
    for (size_t i = 0; e == OK && i < sizeof changes / sizeof *changes; i++) {
        if (changes[i].mutant != mutant) continue;
        buf_clear(&text);
        e = buf_add(&text, buf_slice(out));
        buf_clear(out);
        if (e == OK) e = change(buf_slice(&text), changes[i].find, changes[i].put, out);
    }
    buf_done(&text);
    return e;
}

/* --- managers --------------------------------------------------------------------------------------------------------------- */

enum { WORDS = 3 };

/* Refused is what has one of the words as often as that; 0: what has none of them. */
static const struct {
    enum idxp_mutant mutant;
    uint16_t code;
    unsigned least;
    const char *word[WORDS];
} dislikes[] = {
    {IMUT_IDMEF_WANTS_DECLARATION, 501, 0, {"<?xml"}},
    {IMUT_IDMEF_WANTS_DOCTYPE, 501, 0, {"<!DOCTYPE"}},
    {IMUT_IDMEF_REFUSES_UTF8, 500, 1, {"\303\251"}},
    {IMUT_IDMEF_REFUSES_UTF16, 500, 1, {"\377\376", "\376\377"}},
    {IMUT_IDMEF_REFUSES_SPACE, 501, 1, {"xml:space"}},
    {IMUT_IDMEF_REFUSES_LANGUAGE, 501, 1, {"xml:lang='fr'"}},
    {IMUT_IDMEF_REFUSES_HEX, 501, 1, {">0x"}},
    {IMUT_IDMEF_REFUSES_SIGN, 501, 1, {">+80", ">-80"}},
    {IMUT_IDMEF_REFUSES_COMMA, 501, 1, {"2,5<"}},
    {IMUT_IDMEF_REFUSES_ENTITY, 500, 1, {"&apos;"}},
    {IMUT_IDMEF_REFUSES_REFERENCE, 500, 1, {"&#x"}},
    {IMUT_IDMEF_REFUSES_24, 501, 1, {"T24:"}},
    {IMUT_IDMEF_REFUSES_LEAP, 501, 1, {":60Z"}},
    {IMUT_IDMEF_REFUSES_FRACTION, 501, 1, {":08,0"}},
    {IMUT_IDMEF_REFUSES_ZONE, 501, 1, {":08+", ":08-"}},
    {IMUT_IDMEF_REFUSES_RANGE, 501, 1, {"7-9"}},
    {IMUT_IDMEF_WANTS_ID, 501, 0, {"messageid="}},
    {IMUT_IDMEF_WANTS_ALERT, 501, 0, {"Alert", "Heartbeat"}},
    {IMUT_IDMEF_REFUSES_MANY, 501, 2, {"<Alert", "<idmef:Alert"}},
    {IMUT_IDMEF_REFUSES_WHOLE, 501, 1, {"OverflowAlert", "CorrelationAlert", "ToolAlert"}},
    {IMUT_IDMEF_REFUSES_CORRELATION, 504, 1, {"CorrelationAlert"}},
    {IMUT_IDMEF_REFUSES_HEARTBEAT, 504, 1, {"Heartbeat"}},
    {IMUT_IDMEF_REFUSES_NESTED, 501, 2, {"<idmef:Analyzer analyzerid"}},
    {IMUT_IDMEF_REFUSES_OCTETS, 501, 1, {"<idmef:byte-string"}},
    {IMUT_IDMEF_REFUSES_XMLTEXT, 504, 1, {"<idmef:xmltext"}},
    {IMUT_IDMEF_REFUSES_2040, 501, 1, {"2040-"}},
    {IMUT_IDMEF_REFUSES_BARE, 501, 1, {"<IDMEF-Message"}},
};

static unsigned times(slice text, const char *word)
{
    slice key = slice_str(word);
    unsigned n = 0;
    for (size_t at; (at = slice_find(text, key)) < text.n; n++)
        text = slice_sub(text, at + key.n, text.n);
    return n;
}

uint16_t idmef_mutant_dislikes(unsigned mutant, slice body)
{
    for (size_t i = 0; mutant && i < sizeof dislikes / sizeof *dislikes; i++) {
        unsigned most = 0;
        if (dislikes[i].mutant != mutant) continue;
        for (size_t k = 0; k < WORDS && dislikes[i].word[k]; k++) {
            unsigned n = times(body, dislikes[i].word[k]);
            if (n > most) most = n;
        }
        return (dislikes[i].least ? most >= dislikes[i].least : !most) ? dislikes[i].code : 0;
    }
    return 0;
}
