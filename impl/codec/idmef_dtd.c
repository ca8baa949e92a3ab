/* SPDX-License-Identifier: MIT */
/* The declarations of RFC 4765 section 8: the same elements, contents and attributes, grouped and worded our own way.  By the letter Classification and Reference lack the
 * attributes that all others have, and Permission stands beside a `permission` that nothing contains. */
#include <libxml/hash.h>
#include <libxml/parser.h>
#include <libxml/valid.h>

#include "codec/idmef_impl.h"

#define ALL   "%all;"
#define IDENT " ident CDATA '0' "
/* An element of text only, with the attributes of all. */
#define TEXT(name) "<!ELEMENT " name " (#PCDATA)><!ATTLIST " name " " ALL ">\n"
#define ELEMENT(name, content, attrs) "<!ELEMENT " name " " content "><!ATTLIST " name " " attrs " " ALL ">\n"
/* Without the attributes of all. */
#define BARE(name, content, attrs) "<!ELEMENT " name " " content "><!ATTLIST " name " " attrs ">\n"

static const char declarations[] =
    "<!-- IDMEF 1.0, after RFC 4765 section 8 -->\n"
    "<!ENTITY % all \"xmlns CDATA #FIXED 'http://iana.org/idmef' xmlns:idmef CDATA #FIXED 'http://iana.org/idmef'"
    " xml:space (default|preserve) 'default' xml:lang NMTOKEN #IMPLIED\">\n"
    "<!ENTITY % maybe \"(unknown|yes|no) 'unknown'\">\n"
    /* messages */
    ELEMENT("IDMEF-Message", "(Alert|Heartbeat)*", "version CDATA #FIXED '1.0'")
    ELEMENT("Alert",
            "(Analyzer,CreateTime,DetectTime?,AnalyzerTime?,Source*,Target*,Classification,Assessment?,"
            "(ToolAlert|OverflowAlert|CorrelationAlert)?,AdditionalData*)",
            "messageid CDATA '0'")
    ELEMENT("Heartbeat", "(Analyzer,CreateTime,HeartbeatInterval?,AnalyzerTime?,AdditionalData*)", "messageid CDATA '0'")
    ELEMENT("ToolAlert", "(name,command?,alertident+)", "")
    ELEMENT("OverflowAlert", "(program,size?,buffer?)", "")
    ELEMENT("CorrelationAlert", "(name,alertident+)", "")
    ELEMENT("alertident", "(#PCDATA)", "analyzerid CDATA #IMPLIED")
    ELEMENT("AdditionalData",
            "(boolean|byte|character|date-time|integer|ntpstamp|portlist|real|string|byte-string|xmltext)",
            "meaning CDATA #IMPLIED type (boolean|byte|character|date-time|integer|ntpstamp|portlist|real|string|byte-string|xmltext) 'string'")
    TEXT("boolean") TEXT("byte") TEXT("character") TEXT("date-time") TEXT("integer") TEXT("ntpstamp") TEXT("portlist") TEXT("real")
    TEXT("string") TEXT("byte-string")
    ELEMENT("xmltext", "ANY", "")
    /* times */
    ELEMENT("CreateTime", "(#PCDATA)", "ntpstamp CDATA #REQUIRED")
    ELEMENT("DetectTime", "(#PCDATA)", "ntpstamp CDATA #REQUIRED")
    ELEMENT("AnalyzerTime", "(#PCDATA)", "ntpstamp CDATA #REQUIRED")
    TEXT("HeartbeatInterval")
    /* who, and against whom */
    ELEMENT("Analyzer", "(Node?,Process?,Analyzer?)",
            "analyzerid CDATA '0' name CDATA #IMPLIED manufacturer CDATA #IMPLIED model CDATA #IMPLIED version CDATA #IMPLIED"
            " class CDATA #IMPLIED ostype CDATA #IMPLIED osversion CDATA #IMPLIED")
    ELEMENT("Source", "(Node?,User?,Process?,Service?)", IDENT "spoofed %maybe; interface CDATA #IMPLIED")
    ELEMENT("Target", "(Node?,User?,Process?,Service?,File*)", IDENT "decoy %maybe; interface CDATA #IMPLIED")
    /* what */
    BARE("Classification", "(Reference*)", IDENT "text CDATA #REQUIRED")
    BARE("Reference", "(name,url)",
         "meaning CDATA #IMPLIED origin (unknown|vendor-specific|user-specific|bugtraqid|cve|osvdb) 'unknown'")
    ELEMENT("Assessment", "(Impact?,Action*,Confidence?)", "")
    ELEMENT("Impact", "(#PCDATA)",
            "severity (info|low|medium|high) #IMPLIED completion (failed|succeeded) #IMPLIED"
            " type (admin|dos|file|recon|user|other) 'other'")
    ELEMENT("Action", "(#PCDATA)", "category (block-installed|notification-sent|taken-offline|other) 'other'")
    ELEMENT("Confidence", "(#PCDATA)", "rating (low|medium|high|numeric) 'numeric'")
    /* nodes */
    ELEMENT("Node", "(location?,(name|Address),Address*)",
            IDENT "category (unknown|ads|afs|coda|dfs|dns|hosts|kerberos|nds|nis|nisplus|nt|wfw) 'unknown'")
    ELEMENT("Address", "(address,netmask?)",
            IDENT "category (unknown|atm|e-mail|lotus-notes|mac|sna|vm|ipv4-addr|ipv4-addr-hex|ipv4-net|ipv4-net-mask|"
                  "ipv6-addr|ipv6-addr-hex|ipv6-net|ipv6-net-mask) 'unknown' vlan-name CDATA #IMPLIED vlan-num CDATA #IMPLIED")
    TEXT("location") TEXT("address") TEXT("netmask")
    /* users and processes */
    ELEMENT("User", "(UserId+)", IDENT "category (unknown|application|os-device) 'unknown'")
    ELEMENT("UserId", "((name,number?)|(number,name?))",
            IDENT "type (current-user|original-user|target-user|user-privs|current-group|group-privs|other-privs) 'original-user'"
                  " tty CDATA #IMPLIED")
    ELEMENT("Process", "(name,pid?,path?,arg*,env*)", IDENT)
    TEXT("name") TEXT("number") TEXT("pid") TEXT("path") TEXT("arg") TEXT("env")
    /* services */
    ELEMENT("Service", "(((name,port?)|(port,name?)|portlist),protocol?,SNMPService?,WebService?)",
            IDENT "ip_version CDATA #IMPLIED iana_protocol_number CDATA #IMPLIED iana_protocol_name CDATA #IMPLIED")
    ELEMENT("WebService", "(url,cgi?,http-method?,arg*)", "")
    ELEMENT("SNMPService",
            "(oid?,messageProcessingModel?,securityModel?,securityName?,securityLevel?,contextName?,contextEngineID?,command?)", "")
    TEXT("port") TEXT("protocol") TEXT("url") TEXT("cgi") TEXT("http-method") TEXT("oid") TEXT("messageProcessingModel")
    TEXT("securityModel") TEXT("securityName") TEXT("securityLevel") TEXT("contextName") TEXT("contextEngineID") TEXT("command")
    /* files */
    ELEMENT("File",
            "(name,path,create-time?,modify-time?,access-time?,data-size?,disk-size?,FileAccess*,Linkage*,Inode?,Checksum*)",
            IDENT "category (current|original) #REQUIRED fstype CDATA #IMPLIED file-type CDATA #IMPLIED")
    ELEMENT("FileAccess", "(UserId,Permission+)", "")
    ELEMENT("Permission", "EMPTY",
            "perms (noAccess|read|write|execute|search|delete|executeAs|changePermissions|takeOwnership) #REQUIRED")
    ELEMENT("Linkage", "((name,path)|File)",
            "category (hard-link|mount-point|reparse-point|shortcut|stream|symbolic-link) #REQUIRED")
    ELEMENT("Inode", "(change-time?,(number,major-device,minor-device)?,(c-major-device,c-minor-device)?)", "")
    ELEMENT("Checksum", "(value,key?)",
            "algorithm (MD4|MD5|SHA1|SHA2-256|SHA2-384|SHA2-512|CRC-32|Haval|Tiger|Gost) #REQUIRED")
    TEXT("create-time") TEXT("modify-time") TEXT("access-time") TEXT("change-time") TEXT("data-size") TEXT("disk-size")
    TEXT("major-device") TEXT("minor-device") TEXT("c-major-device") TEXT("c-minor-device") TEXT("value") TEXT("key")
    TEXT("permission")
    /* overflows */
    TEXT("program") TEXT("size") TEXT("buffer");

const char *idmef_dtd(void)
{
    return declarations;
}

struct building {
    xmlValidCtxtPtr valid;
    bool failed;
};

static void build(void *payload, void *data, const xmlChar *name)
{
    struct building *b = data;
    xmlElementPtr decl = payload;
    (void)name;
    if (decl->etype == XML_ELEMENT_TYPE_ELEMENT && (!xmlValidBuildContentModel(b->valid, decl) || !decl->contModel))
        b->failed = true;
}

/* Our own text: when it cannot be read, memory is short. */
err idmef_schema_new(const struct env *env, struct idmef_schema **out)
{
    struct building b = {.failed = false};
    struct idmef_schema *s = mem_new(env->mem, sizeof *s);
    *out = NULL;
    if (!s) return ERR_MEM;
    s->env = env;
    xmlParserInputBufferPtr in =
        xmlParserInputBufferCreateMem(declarations, (int)(sizeof declarations - 1), XML_CHAR_ENCODING_UTF8);
    if (in) s->dtd = xmlIOParseDTD(NULL, in, XML_CHAR_ENCODING_UTF8); /* takes in */
    b.valid = s->dtd ? xmlNewValidCtxt() : NULL;
    /* all now, so that nobody builds one while another thread looks */
    if (b.valid) xmlHashScan(s->dtd->elements, build, &b);
    if (!b.valid || b.failed) {
        xmlFreeValidCtxt(b.valid);
        idmef_schema_free(s);
        return ERR_MEM;
    }
    xmlFreeValidCtxt(b.valid);
    *out = s;
    return OK;
}

void idmef_schema_free(struct idmef_schema *s)
{
    if (!s) return;
    if (s->dtd) xmlFreeDtd(s->dtd);
    mem_free(s->env->mem, s);
}
