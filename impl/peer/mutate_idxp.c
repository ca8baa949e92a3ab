/* SPDX-License-Identifier: MIT */
#include "peer/mutate_idxp.h"

#include "codec/idxp_msg.h"

#define MUTANT(n, name, roles, clauses, text) {name, roles, clauses, text},
const struct mutant idxp_mutants[IMUT_COUNT] = {{"", 0, "", ""}, IDXP_MUTANTS(MUTANT)};

/* --- elements -------------------------------------------------------------------------------------------------------------- */

#define HEAD "Content-Type: text/xml\r\n"

/* One row a change: what stands there first is replaced.  Kind NOTHING: any element. */
static const struct rewrite {
    enum idxp_mutant mutant;
    unsigned kind; /* enum idxp_kind and beyond */
    const char *find, *put;
} rewrites[] = {
    {IMUT_ROLE_CAPITAL, IDXP_GREETING, "role='c", "role='C"},
    {IMUT_ROLE_CAPITAL, IDXP_GREETING, "role='s", "role='S"},
    {IMUT_GREETING_ATTRIBUTE, IDXP_GREETING, "<IDXP-Greeting", "<IDXP-Greeting version='1'"},
    {IMUT_GREETING_CONTENT, IDXP_GREETING, " />", "><who /></IDXP-Greeting>"},
    {IMUT_GREETING_ILL, IDXP_GREETING, " />", ">"},
    {IMUT_OK_WITH_TEXT, IDXP_OK, "<ok />", "<ok>gladly</ok>"},
    {IMUT_NO_TYPE, IDXP_NOTHING, HEAD, ""},
    {IMUT_OTHER_TYPE, IDXP_NOTHING, HEAD, "Content-Type: application/beep+xml\r\n"},
    {IMUT_IDMEF_UTF16_BARE, IDXP_XML, HEAD, "Content-Type: text/xml; charset=utf-16\r\n"},
    {IMUT_ANSWER_OTHER, IDXP_OK, "<ok", "<okay"},
    {IMUT_ERROR_CODE_SHORT, IDXP_ERROR, "code='5", "code='"},
    {IMUT_URI_BLANK, IDXP_GREETING, "://", ":// "},
    {IMUT_ROLE_BOTH, IDXP_GREETING, "role='client'", "role='both'"},
    {IMUT_ROLE_BOTH, IDXP_GREETING, "role='server'", "role='both'"},
    {IMUT_GREETS_PAIR, IDXP_GREETING, " />", " /><ok />"},
    {IMUT_GREETING_DOCTYPE, IDXP_GREETING, "<IDXP-Greeting", "<!DOCTYPE IDXP-Greeting SYSTEM 'idxp.dtd'><IDXP-Greeting"},
    {IMUT_GREETING_ENTITY, IDXP_GREETING, " role=", " fqdn='&host;' role="},
    {IMUT_GREETING_NAME, IDXP_GREETING, "<IDXP-G", "<idxp-g"},
    {IMUT_IP_SHORT, IDXP_GREETING, " role=", " ip='192.0.2' role="},
    {IMUT_GREETING_TEXT, IDXP_GREETING, " />", ">hello</IDXP-Greeting>"},
    {IMUT_OPTION_BOTH, IDXP_GREETING, " />", "><Option internal='channelPriority' external='urn:example:p'><channelPriority priority='5'/></Option></IDXP-Greeting>"},
    {IMUT_OPTION_UNNAMED, IDXP_GREETING, " />", "><Option mustUnderstand='false'></Option></IDXP-Greeting>"},
    {IMUT_OPTION_RELATIVE, IDXP_GREETING, " />", "><Option external='options/own'></Option></IDXP-Greeting>"},
    {IMUT_OPTION_ATTRIBUTE, IDXP_GREETING, " />", "><Option internal='own' version='1'></Option></IDXP-Greeting>"},
    {IMUT_OPTION_MUST_YES, IDXP_GREETING, " />", "><Option internal='channelPriority' mustUnderstand='yes'><channelPriority priority='5'/></Option></IDXP-Greeting>"},
    {IMUT_PRIORITY_WORD, IDXP_GREETING, " />", "><Option internal='channelPriority'><channelPriority priority='high'/></Option></IDXP-Greeting>"},
    {IMUT_PRIORITY_OVER, IDXP_GREETING, " />", "><Option internal='channelPriority'><channelPriority priority='2147483648'/></Option></IDXP-Greeting>"},
    {IMUT_PRIORITY_CONTENT, IDXP_GREETING, " />", "><Option internal='channelPriority'><channelPriority priority='5'>five</channelPriority></Option></IDXP-Greeting>"},
    {IMUT_STREAM_OTHER, IDXP_GREETING, " />", "><Option internal='streamType'><streamType type='alerts'/></Option></IDXP-Greeting>"},
    {IMUT_STREAM_ELSEWHERE, IDXP_GREETING, " />", "><Option internal='channelPriority'><streamType type='alert'/></Option></IDXP-Greeting>"},
    {IMUT_STREAM_LIES, IDXP_GREETING, " />", "><Option internal='streamType'><streamType type='heartbeat'/></Option></IDXP-Greeting>"},
    {IMUT_TUNNEL_NEITHER, IDXP_SAYS_TUNNEL_OK, "<ok", "<proceed"},
    {IMUT_TUNNEL_NO_CODE, IDXP_SAYS_TUNNEL_ERROR, " code=", " xml:lang="},
    {IMUT_VIA_PORT_NAME, IDXP_SAYS_TUNNEL, "port='", "port='idxp"},
    {IMUT_VIA_PORT_OVER, IDXP_SAYS_TUNNEL, "port='", "port='65536"},
    {IMUT_VIA_IP4_NAME, IDXP_SAYS_TUNNEL, "ip4='", "ip4='host"},
    {IMUT_VIA_MIXED, IDXP_SAYS_TUNNEL, "ip4=", "fqdn='proxy.example.com' ip4="},
    {IMUT_VIA_NO_PORT, IDXP_SAYS_TUNNEL, " port=", " srv="},
    {IMUT_VIA_ATTRIBUTE, IDXP_SAYS_TUNNEL, " port=", " via='here' port="},
    {IMUT_VIA_TEXT, IDXP_SAYS_TUNNEL, "<tunnel/>", "through<tunnel/>"},
    {IMUT_VIA_CAPITAL, IDXP_SAYS_TUNNEL, "<tunnel", "<Tunnel"},
    {IMUT_VIA_CAPITAL, IDXP_SAYS_TUNNEL, "</tunnel", "</Tunnel"},
    {IMUT_VIA_PROFILE_INSIDE, IDXP_SAYS_TUNNEL, "<tunnel", "<tunnel profile='http://idxp.org/beep/profile'><tunnel"},
    {IMUT_VIA_PROFILE_INSIDE, IDXP_SAYS_TUNNEL, "</tunnel>", "</tunnel></tunnel>"},
    {IMUT_VIA_ENDPOINT_INSIDE, IDXP_SAYS_TUNNEL, "<tunnel", "<tunnel endpoint='manager'><tunnel"},
    {IMUT_VIA_ENDPOINT_INSIDE, IDXP_SAYS_TUNNEL, "</tunnel>", "</tunnel></tunnel>"},
};

err idxp_mutate_text(unsigned mutant, unsigned kind, bool bare, struct buf *text)
{
    (void)bare;
    for (size_t i = 0; mutant && i < sizeof rewrites / sizeof *rewrites; i++) {
        const struct rewrite *r = &rewrites[i];
        if (r->mutant != mutant || (r->kind ? r->kind != kind : kind >= IDXP_XML)) continue;
        TRY(mutant_rewrite(text, r->find, r->put));
    }
    return OK;
}

static const struct {
    enum idxp_mutant mutant;
    bool tunnel;
    uint16_t code;
} all_codes[] = {
    {IMUT_ALL_421, false, 421},
    {IMUT_ALL_450, false, 450},
    {IMUT_ALL_454, false, 454},
    {IMUT_ALL_500, false, 500},
    {IMUT_ALL_501, false, 501},
    {IMUT_ALL_504, false, 504},
    {IMUT_ALL_530, false, 530},
    {IMUT_ALL_534, false, 534},
    {IMUT_ALL_535, false, 535},
    {IMUT_ALL_537, false, 537},
    {IMUT_ALL_553, false, 553},
    {IMUT_ALL_554, false, 554},
    {IMUT_T_ALL_421, true, 421},
    {IMUT_T_ALL_450, true, 450},
    {IMUT_T_ALL_500, true, 500},
    {IMUT_T_ALL_501, true, 501},
    {IMUT_T_ALL_504, true, 504},
    {IMUT_T_ALL_534, true, 534},
    {IMUT_T_ALL_537, true, 537},
    {IMUT_T_ALL_538, true, 538},
    {IMUT_T_ALL_553, true, 553},
    {IMUT_T_ALL_554, true, 554},
};

uint16_t idxp_mutate_code(unsigned mutant, bool tunnel, uint16_t code)
{
    for (size_t i = 0; mutant && i < sizeof all_codes / sizeof *all_codes; i++)
        if (all_codes[i].mutant == mutant && all_codes[i].tunnel == tunnel) return all_codes[i].code;
    return code;
}

/* --- what is overlooked ---------------------------------------------------------------------------------------------------- */

static const struct {
    enum idxp_mutant mutant;
    enum idxp_fault_code fault;
} overlooked[] = {
    {IMUT_TAKES_NO_ROLE, IDXP_F_ROLE_MISSING}, {IMUT_TAKES_ANY_ROLE, IDXP_F_ROLE},
    {IMUT_TAKES_NO_URI, IDXP_F_URI_MISSING},   {IMUT_TAKES_ANY_URI, IDXP_F_URI},
    {IMUT_TAKES_ANY_URI, IDXP_F_FQDN},         {IMUT_TAKES_SAME_ROLE, IDXP_F_SAME_ROLES},
    {IMUT_TAKES_OPTION_MUST, IDXP_F_OPTION_UNKNOWN}, {IMUT_TAKES_PRIORITY, IDXP_F_PRIORITY},
    {IMUT_TAKES_STREAM, IDXP_F_STREAM_TYPE},   {IMUT_TAKES_EARLY, IDXP_F_NO_GREETING},
    {IMUT_TAKES_EARLY, IDXP_F_HALF_GREETED_RFC}, {IMUT_TAKES_OF_SERVER, IDXP_F_NOT_CLIENT},
    {IMUT_FIRST_COUNTS, IDXP_F_NOT_CLIENT},    {IMUT_TAKES_OF_SERVER, IDXP_F_SAME_ROLES},
    {IMUT_TAKES_ILL, IDXP_F_IDMEF_ILL},        {IMUT_TAKES_INVALID, IDXP_F_IDMEF_INVALID},
    {IMUT_TAKES_ILL, IDXP_F_XML_ILL},          {IMUT_TAKES_ILL, IDXP_F_XML_ENTITY},
    {IMUT_TAKES_PARTS, IDXP_F_ATTRIBUTE},      {IMUT_TAKES_PARTS, IDXP_F_CONTENT},
    {IMUT_TAKES_IP, IDXP_F_IP},                {IMUT_TAKES_ELEMENT, IDXP_F_ELEMENT},
    {IMUT_TAKES_ELEMENT, IDXP_F_ELEMENT_HERE}, {IMUT_TAKES_ELEMENT, IDXP_F_OPTION_ROOT},
    {IMUT_TAKES_UNNAMED, IDXP_F_OPTION_NAME},  {IMUT_TAKES_OPTION_FORM, IDXP_F_OPTION_MUST},
    {IMUT_TAKES_OPTION_FORM, IDXP_F_OPTION_ATTRIBUTE},
};

bool idxp_mutant_overlooks(unsigned mutant, enum idxp_fault_code code)
{
    for (size_t i = 0; mutant && i < sizeof overlooked / sizeof *overlooked; i++)
        if (overlooked[i].mutant == mutant && overlooked[i].fault == code) return true;
    return false;
}

bool idxp_mutant_odd(slice text)
{
    static const char *const odd[] = {"=\"", " = ", "=\r\n", "<?xml", "<!--", "'></", "ok></", "-></", "\t", "<ok/>", "'/>", ">\r\n</", "\r\n\r\n\r\n", "/>\r\n\r\n", "\xef\xbb\xbf", "</Option>", " <ok /> "};
    slice name = SLICE_LIT("IDMEF-Message");
    if (slice_find(text, name) != text.n) return false;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (slice_find(text, slice_str(odd[i])) != text.n) return true;
    return false;
}
