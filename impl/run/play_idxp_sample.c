/* SPDX-License-Identifier: MIT */
/* The IDXP adapter of the player: samples of IDMEF, valid by section 8 of RFC 4765, in pieces. */
#include <stdio.h>
#include <string.h>

#include "run/play_idxp_impl.h"

struct piece {
    const char *line, *piece, *text;
};

#define DECL                                                                                                 \
    {                                                                                                        \
        "decl", "value", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"                                    \
    }
#define ROOT                                                                                                 \
    {"root", "open", "<idmef:IDMEF-Message"},                                                                \
        {"root", "attributes", " version=\"1.0\" xmlns:idmef=\"http://iana.org/idmef\" xml:lang=\"en\""},    \
    {                                                                                                        \
        "root", "gt", ">\r\n"                                                                                \
    }
/* 6.4: the ntpstamp counts from 1900 on. */
#define TIME                                                                                                 \
    "<idmef:CreateTime ntpstamp=\"0xc25bb714.0x00000000\">2003-05-01T15:09:08Z</idmef:CreateTime>\r\n"
#define ANALYZER "  <idmef:Analyzer analyzerid=\"sensor-1\"/>\r\n"

static const struct piece alert[] = {
    DECL,
    ROOT,
    {"alert", "open", " <idmef:Alert"},
    {"alert", "attributes", " messageid=\"abc-1\""},
    {"alert", "gt", ">\r\n"},
    {"analyzer", "value",
     "  <idmef:Analyzer analyzerid=\"sensor-1\" name=\"draftproof\"><idmef:Node "
     "category=\"dns\"><idmef:name>sensor.example.org</idmef:name></idmef:Node></idmef:Analyzer>\r\n"},
    {"time", "value", "  " TIME},
    {"source", "value",
     "  <idmef:Source ident=\"s-1\"><idmef:Node ident=\"n-1\"><idmef:Address "
     "category=\"ipv4-addr\"><idmef:address>192.0.2.50</idmef:address></idmef:Address></idmef:Node></"
     "idmef:Source>\r\n"},
    {"target", "value",
     "  <idmef:Target ident=\"t-1\"><idmef:Node ident=\"n-2\"><idmef:Address "
     "category=\"ipv4-addr\"><idmef:address>192.0.2.200</idmef:address></idmef:Address></idmef:Node></"
     "idmef:Target>\r\n"},
    {"classification", "value",
     "  <idmef:Classification text=\"Ping of death\"><idmef:Reference "
     "origin=\"cve\"><idmef:name>CVE-1999-128</idmef:name><idmef:url>http://cve.example.org/CVE-1999-128</"
     "idmef:url></idmef:Reference></idmef:Classification>\r\n"},
    {"additional", "value", ""},
    {"end", "alert", " </idmef:Alert>\r\n"},
    {"end", "root", "</idmef:IDMEF-Message>"},
    {0}};

static const struct piece smallest[] = {
    DECL,
    ROOT,
    {"alert", "open", " <idmef:Alert"},
    {"alert", "attributes", ""},
    {"alert", "gt", ">\r\n"},
    {"analyzer", "value", ANALYZER},
    {"time", "value", "  " TIME},
    {"source", "value", ""},
    {"target", "value", ""},
    {"classification", "value", "  <idmef:Classification text=\"x\"/>\r\n"},
    {"additional", "value", ""},
    {"end", "alert", " </idmef:Alert>\r\n"},
    {"end", "root", "</idmef:IDMEF-Message>"},
    {0}};

static const struct piece heartbeat[] = {DECL,
                                         ROOT,
                                         {"heartbeat", "open", " <idmef:Heartbeat"},
                                         {"heartbeat", "attributes", " messageid=\"abc-2\""},
                                         {"heartbeat", "gt", ">\r\n"},
                                         {"analyzer", "value", ANALYZER},
                                         {"time", "value", "  " TIME},
                                         {"additional", "value", ""},
                                         {"end", "heartbeat", " </idmef:Heartbeat>\r\n"},
                                         {"end", "root", "</idmef:IDMEF-Message>"},
                                         {0}};

/* Every element of section 8 that is not left out by another, and every attribute.  No extension: by the
 * letter of the declarations it would not be valid (IDMEF-D12). */
#define NODE                                                                                                 \
    "<Node ident=\"n\" category=\"dns\"><location>hall</location><name>host.example.org</name><Address "     \
    "ident=\"a\" category=\"ipv4-addr\" vlan-name=\"lan\" "                                                  \
    "vlan-num=\"7\"><address>192.0.2.1</address><netmask>255.255.255.0</netmask></Address></Node>"
#define USER_ID(type)                                                                                        \
    "<UserId ident=\"i-" type "\" type=\"" type                                                              \
    "\" tty=\"tty1\"><name>joe</name><number>13243</number></UserId>"
#define USER "<User ident=\"u\" category=\"os-device\">" USER_ID("current-user") "</User>"
#define PROCESS                                                                                              \
    "<Process "                                                                                              \
    "ident=\"p\"><name>finger</name><pid>42</pid><path>/usr/bin/finger</path><arg>-l</arg><env>HOME=/</"     \
    "env></Process>"
#define INODE                                                                                                \
    "<Inode><change-time>2003-05-01T15:09:08Z</change-time><number>5</number><major-device>8</"              \
    "major-device><minor-device>1</minor-device><c-major-device>0</c-major-device><c-minor-device>0</"       \
    "c-minor-device></Inode>"
#define FILE_LIKE(inside)                                                                                    \
    "<File ident=\"f\" category=\"current\" fstype=\"ufs\" "                                                 \
    "file-type=\"text/plain\"><name>passwd</name><path>/etc/passwd</path>" inside "</File>"
#define SERVICE                                                                                              \
    "<Service ident=\"v\" ip_version=\"4\" iana_protocol_number=\"6\" "                                      \
    "iana_protocol_name=\"tcp\"><name>http</name><port>80</port><protocol>tcp</protocol>"                    \
    "<SNMPService><oid>1.3.6.1</oid><messageProcessingModel>3</messageProcessingModel><securityModel>3</"    \
    "securityModel><securityName>joe</securityName><securityLevel>3</securityLevel><contextName>c</"         \
    "contextName><contextEngineID>e</contextEngineID><command>get</command></SNMPService>"                   \
    "<WebService><url>http://www.example.org/</url><cgi>/cgi-bin/test</cgi><http-method>GET</"               \
    "http-method><arg>a=b</arg></WebService></Service>"
#define DATA(type, value)                                                                                    \
    "<AdditionalData type=\"" type "\" meaning=\"m\"><" type ">" value "</" type "></AdditionalData>\r\n"

#define WHOLE(last)                                                                                          \
    " <Alert messageid=\"abc-3" last                                                                         \
    "\"><Analyzer analyzerid=\"sensor-1\" name=\"n\" manufacturer=\"m\" model=\"o\" version=\"1\" "          \
    "class=\"c\" ostype=\"Linux\" osversion=\"6\">" NODE PROCESS                                             \
    "<Analyzer analyzerid=\"sensor-2\"/></Analyzer>\r\n"
#define TIMES                                                                                                \
    "<CreateTime ntpstamp=\"0xc25bb714.0x00000000\">2003-05-01T15:09:08Z</CreateTime><DetectTime "           \
    "ntpstamp=\"0xc25bb714.0x80000000\">2003-05-01T15:09:08.5Z</DetectTime><AnalyzerTime "                   \
    "ntpstamp=\"0xc25bb714.0x00000000\">2003-05-01T17:09:08+02:00</AnalyzerTime>\r\n"
#define CLASS                                                                                                \
    "<Classification ident=\"c\" text=\"everything\"><Reference origin=\"vendor-specific\" "                 \
    "meaning=\"m\"><name>n</name><url>http://www.example.org/n</url></Reference></Classification>\r\n"

static const char whole[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<IDMEF-Message version=\"1.0\" "
    "xmlns=\"http://iana.org/idmef\" xml:lang=\"en\" xml:space=\"preserve\">\r\n" WHOLE("") TIMES
    "<Source ident=\"s\" spoofed=\"no\" interface=\"eth0\">" NODE USER PROCESS SERVICE "</Source>\r\n"
    "<Target ident=\"t\" decoy=\"unknown\" interface=\"eth1\">" NODE USER PROCESS
    "<Service><portlist>5-25,37,42</portlist></Service>" FILE_LIKE(
        "<create-time>2003-05-01T15:09:08Z</create-time><modify-time>2003-05-01T15:09:08Z</"
        "modify-time><access-time>2003-05-01T15:09:08Z</access-time><data-size>450</"
        "data-size><disk-size>512</disk-size>"
        "<FileAccess>" USER_ID(
            "user-privs") "<Permission perms=\"read\"/></FileAccess><Linkage "
                          "category=\"hard-link\"><name>p</name><path>/p</path></Linkage>" INODE "<Checksum "
                          "algorithm=\"MD5\"><value>0cc175b9c0f1b6a831c399e269772661</value><key>k</key></"
                          "Checksum>") "</Target>\r\n" CLASS
                                       "<Assessment><Impact severity=\"high\" completion=\"failed\" "
                                       "type=\"file\">i</Impact><Action "
                                       "category=\"notification-sent\">a</Action><Confidence "
                                       "rating=\"numeric\">0.5</Confidence></Assessment>\r\n"
                                       "<ToolAlert><name>tool</name><command>run</command><alertident "
                                       "analyzerid=\"sensor-1\">abc-1</alertident></ToolAlert>\r\n" DATA(
                                           "boolean", "true") DATA("byte", "QQ==") DATA("character", "c")
                                           DATA("date-time", "2003-05-01T15:09:08Z") DATA("integer", "7")
                                               DATA("ntpstamp", "0xc25bb714.0x00000000")
                                                   DATA("portlist", "1,2-3") DATA("real", "1.5")
                                                       DATA("string", "s") DATA("byte-string", "AAEC")
                                                           DATA("xmltext", "x") " </Alert>\r\n" WHOLE("b")
                                                               TIMES CLASS
    "<CorrelationAlert><name>c</name><alertident>abc-1</alertident></CorrelationAlert></Alert>\r\n" WHOLE("c")
        TIMES CLASS
    "<OverflowAlert><program>fingerd</program><size>512</size><buffer>AAEC</buffer></OverflowAlert></"
    "Alert>\r\n"
    " <Heartbeat messageid=\"abc-4\"><Analyzer analyzerid=\"sensor-1\"/><CreateTime "
    "ntpstamp=\"0xc25bb714.0x00000000\">2003-05-01T15:09:08Z</CreateTime><HeartbeatInterval>60</"
    "HeartbeatInterval>"
    "<AnalyzerTime "
    "ntpstamp=\"0xc25bb714.0x00000000\">2003-05-01T15:09:08Z</AnalyzerTime></Heartbeat>\r\n</IDMEF-Message>";

/* What fills a message up stands where data of an analyzer's own has its place.  n: octets that are missing,
 * as far as its tags let it be so few. */
static err fill(struct player *p, size_t n, struct parts *o)
{
    static const char head[] = "  <idmef:AdditionalData type=\"string\" meaning=\"fill\"><idmef:string>",
                      tail[] = "</idmef:string></idmef:AdditionalData>\r\n";
    struct buf b;
    n = n > sizeof head + sizeof tail - 2 ? n - (sizeof head + sizeof tail - 2) : 1;
    uint8_t *at;
    buf_init(&b, p->e.env->mem, n + sizeof head + sizeof tail);
    err e = buf_add(&b, SLICE_LIT(head));
    if (e == OK) e = buf_reserve(&b, n, &at);
    if (e == OK) {
        memset(at, 'a', n);
        buf_added(&b, n);
        e = buf_add(&b, SLICE_LIT(tail));
    }
    if (e == OK) e = parts_add(o, "additional", "value", buf_slice(&b));
    buf_done(&b);
    return e;
}

err idxp_play_sample(struct player *p, const struct scn_stmt *s, struct parts *o)
{
    const char *name = beep_play_text(s, "sample");
    const struct piece *from = !name || strcmp(name, "alert") == 0 ? alert
                               : strcmp(name, "smallest") == 0     ? smallest
                               : strcmp(name, "heartbeat") == 0    ? heartbeat
                                                                   : NULL;
    const char *encoding = beep_play_text(s, "encoding");
    bool wide = encoding && strncmp(encoding, "UTF-16", 6) == 0;
    uint32_t size = 0;
    size_t have = 2; /* the line end behind the document */
    beep_play_number(s, "size", &size);
    if (name && strcmp(name, "whole") == 0) return parts_add(o, "text", "value", SLICE_LIT(whole));
    if (!from) return play_error(p, "sample=%s: there are alert, smallest, heartbeat and whole", name);
    if (size > p->e.env->limits.content)
        return play_error(p, "more than %zu octets", p->e.env->limits.content);
    for (const struct piece *k = from; k->line; k++)
        have += strlen(k->text);
    for (const struct piece *k = from; k->line; k++) {
        if (wide && strcmp(k->line, "decl") == 0)
            TRY(parts_add(o, k->line, k->piece,
                          SLICE_LIT("<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n")));
        else if (size > have && strcmp(k->line, "additional") == 0)
            TRY(fill(p, size - have, o));
        else
            TRY(parts_add(o, k->line, k->piece, slice_str(k->text)));
    }
    return OK;
}
