/* SPDX-License-Identifier: MIT */
#include "run/samples_idxp.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<idmef:IDMEF-Message xmlns:idmef=\"http://iana.org/idmef\" version=\"1.0\" xml:lang=\"en\">\n"
#define TAIL "</idmef:IDMEF-Message>\n"
#define ANALYZER                                                                                                       \
    "  <idmef:Analyzer analyzerid=\"draftproof\" name=\"reference\" manufacturer=\"Draftproof\" model=\"idxp-analyzer\" "   \
    "version=\"0.1\" class=\"Test\" ostype=\"Linux\" osversion=\"6\">\n"                                                    \
    "   <idmef:Node category=\"dns\"><idmef:location>rack 1</idmef:location><idmef:name>sensor.draftproof.invalid</idmef:name></idmef:Node>\n" \
    "  </idmef:Analyzer>\n"
#define TIME(name, text, stamp) "  <idmef:" name " ntpstamp=\"" stamp "\">" text "</idmef:" name ">\n"
#define CREATED TIME("CreateTime", "2000-03-09T10:01:25.93464Z", "0xbc71f4f5.0xef449129")

/* Everything that an alert can hold, once. */
#define WHOLE                                                                                                          \
    HEAD " <idmef:Alert messageid=\"draftproof-2\">\n" ANALYZER CREATED                                                 \
    TIME("DetectTime", "2000-03-09T10:01:24+00:00", "0xbc71f4f4.0x00000000")                                            \
    TIME("AnalyzerTime", "2000-03-09T10:01:26Z", "0xbc71f4f6.0x00000000")                                               \
    "  <idmef:Source ident=\"s1\" spoofed=\"unknown\" interface=\"eth0\">\n"                                            \
    "   <idmef:Node ident=\"n1\" category=\"dns\"><idmef:name>source.example.com</idmef:name>"                          \
    "<idmef:Address ident=\"a1\" category=\"ipv4-net-mask\" vlan-name=\"dmz\" vlan-num=\"7\"><idmef:address>192.0.2.200</idmef:address>" \
    "<idmef:netmask>255.255.255.0</idmef:netmask></idmef:Address></idmef:Node>\n"                                       \
    "   <idmef:User ident=\"u1\" category=\"os-device\"><idmef:UserId ident=\"i1\" type=\"current-user\" tty=\"tty1\">"    \
    "<idmef:name>joe</idmef:name><idmef:number>13243</idmef:number></idmef:UserId></idmef:User>\n"                      \
    "   <idmef:Process ident=\"p1\"><idmef:name>telnet</idmef:name><idmef:pid>2047</idmef:pid><idmef:path>/usr/bin/telnet</idmef:path>" \
    "<idmef:arg>-a</idmef:arg><idmef:env>HOME=/home/joe</idmef:env></idmef:Process>\n"                                  \
    "   <idmef:Service ident=\"v1\" ip_version=\"4\" iana_protocol_number=\"6\" iana_protocol_name=\"tcp\"><idmef:portlist>5-25,37,42</idmef:portlist></idmef:Service>\n" \
    "  </idmef:Source>\n"                                                                                              \
    "  <idmef:Target ident=\"t1\" decoy=\"no\" interface=\"eth1\">\n"                                                   \
    "   <idmef:Node><idmef:Address category=\"ipv6-addr\"><idmef:address>2001:db8::7</idmef:address></idmef:Address></idmef:Node>\n" \
    "   <idmef:Service><idmef:name>http</idmef:name><idmef:port>80</idmef:port><idmef:WebService><idmef:url>http://target.example.com/cgi-bin/phf</idmef:url>" \
    "<idmef:cgi>/cgi-bin/phf</idmef:cgi><idmef:http-method>GET</idmef:http-method><idmef:arg>-v</idmef:arg></idmef:WebService></idmef:Service>\n" \
    "   <idmef:File ident=\"f1\" category=\"current\" fstype=\"ext2\"><idmef:name>passwd</idmef:name><idmef:path>/etc/passwd</idmef:path>" \
    "<idmef:create-time>2000-01-01T00:00:00Z</idmef:create-time><idmef:modify-time>2000-01-01T00:00:00Z</idmef:modify-time>"    \
    "<idmef:access-time>2000-01-01T00:00:00Z</idmef:access-time><idmef:data-size>100</idmef:data-size><idmef:disk-size>4096</idmef:disk-size>" \
    "<idmef:FileAccess><idmef:UserId type=\"user-privs\"><idmef:number>501</idmef:number></idmef:UserId><idmef:Permission perms=\"read\" /></idmef:FileAccess>" \
    "<idmef:Linkage category=\"symbolic-link\"><idmef:name>shadow</idmef:name><idmef:path>/etc/shadow</idmef:path></idmef:Linkage>"  \
    "<idmef:Inode><idmef:change-time>2000-01-01T00:00:00Z</idmef:change-time><idmef:number>17</idmef:number><idmef:major-device>3</idmef:major-device>" \
    "<idmef:minor-device>1</idmef:minor-device></idmef:Inode>"                                                          \
    "<idmef:Checksum algorithm=\"MD5\"><idmef:value>9e107d9d372bb6826bd81d3542a419d6</idmef:value></idmef:Checksum></idmef:File>\n" \
    "  </idmef:Target>\n"                                                                                              \
    "  <idmef:Classification ident=\"c1\" text=\"phf attack\"><idmef:Reference origin=\"bugtraqid\"><idmef:name>629</idmef:name>" \
    "<idmef:url>http://www.securityfocus.com/bid/629</idmef:url></idmef:Reference></idmef:Classification>\n"            \
    "  <idmef:Assessment><idmef:Impact severity=\"high\" completion=\"succeeded\" type=\"recon\">a test</idmef:Impact>"    \
    "<idmef:Action category=\"notification-sent\">page</idmef:Action><idmef:Confidence rating=\"numeric\">0.5</idmef:Confidence></idmef:Assessment>\n" \
    "  <idmef:AdditionalData type=\"integer\" meaning=\"count\"><idmef:integer>17</idmef:integer></idmef:AdditionalData>\n" \
    "  <idmef:AdditionalData type=\"real\" meaning=\"ratio\"><idmef:real>12.5</idmef:real></idmef:AdditionalData>\n"       \
    "  <idmef:AdditionalData type=\"byte-string\" meaning=\"packet\"><idmef:byte-string>AAECAwT/</idmef:byte-string></idmef:AdditionalData>\n" \
    "  <idmef:AdditionalData type=\"portlist\" meaning=\"ports\"><idmef:portlist>1-9,80</idmef:portlist></idmef:AdditionalData>\n" \
    " </idmef:Alert>\n" TAIL

#define CORRELATED                                                                                                     \
    HEAD " <idmef:Alert messageid=\"draftproof-3\">\n" ANALYZER CREATED                                                 \
    "  <idmef:Classification text=\"several attacks\" />\n"                                                            \
    "  <idmef:CorrelationAlert><idmef:name>multiple attempts</idmef:name><idmef:alertident analyzerid=\"draftproof\">draftproof-1</idmef:alertident>" \
    "<idmef:alertident>draftproof-2</idmef:alertident></idmef:CorrelationAlert>\n"                                      \
    " </idmef:Alert>\n" TAIL

#define SMALLEST                                                                                                       \
    HEAD " <idmef:Alert messageid=\"draftproof-1\">\n" ANALYZER CREATED "  <idmef:Classification text=\"test\" />\n </idmef:Alert>\n" TAIL

#define HEARTBEAT                                                                                                      \
    HEAD " <idmef:Heartbeat messageid=\"draftproof-4\">\n" ANALYZER CREATED                                             \
    "  <idmef:HeartbeatInterval>60</idmef:HeartbeatInterval>\n"                                                        \
    "  <idmef:AdditionalData type=\"real\" meaning=\"%memused\"><idmef:real>62.5</idmef:real></idmef:AdditionalData>\n"    \
    " </idmef:Heartbeat>\n" TAIL

#define BODY(text) {(const uint8_t *)(text), sizeof(text) - 1}
const struct sample_idxp samples_idxp[SAMPLES_IDXP] = {
    {"smallest alert", IDXP_ALERT, BODY(SMALLEST)},
    {"whole alert", IDXP_ALERT, BODY(WHOLE)},
    {"correlation alert", IDXP_ALERT, BODY(CORRELATED)},
    {"heartbeat", IDXP_HEARTBEAT, BODY(HEARTBEAT)},
};
