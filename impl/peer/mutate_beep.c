/* SPDX-License-Identifier: MIT */
/* Mistakes in elements, and faults that a mutant takes no notice of. */
#include "peer/mutate_beep.h"

#define MUTANT(n, name, roles, clauses, text) {name, roles, clauses, text},
const struct mutant beep_mutants[BMUT_COUNT] = {{"", 0, "", ""}, BEEP_MUTANTS(MUTANT)};

/* --- elements -------------------------------------------------------------------------------------------------------------- */

void beep_mutate_element(unsigned mutant, struct beep_el *el)
{
    if (el->kind == BEEP_EL_ERROR && mutant == BMUT_ERROR_NO_CODE) el->code = 0;
    if (el->kind == BEEP_EL_ERROR && mutant == BMUT_ERROR_200) el->code = 200;
    if (el->kind == BEEP_EL_CLOSE && mutant == BMUT_CLOSE_NO_CODE && el->number) el->code = 0;
    if (el->kind == BEEP_EL_START && mutant == BMUT_STARTS_BARE) el->profiles = 0;
    if (el->kind == BEEP_EL_START && mutant == BMUT_STARTS_ZERO) el->number = 0;
}

#define HEAD "Content-Type: " BEEP_MEDIA_TYPE "\r\n"

/* One row a change: what stands there first is replaced.  Kind NONE: any element. */
static const struct rewrite {
    enum beep_mutant mutant;
    enum beep_element kind;
    const char *find, *put;
} rewrites[] = {
    {BMUT_GREETING_CONTENT, BEEP_EL_GREETING, "' />\r\n", "'>x</profile>\r\n"},
    {BMUT_GREETING_ATTRIBUTE, BEEP_EL_GREETING, "<greeting", "<greeting version='1'"},
    {BMUT_FEATURE_NAME, BEEP_EL_GREETING, "<greeting", "<greeting features='turbo'"},
    {BMUT_TEXT_XML, BEEP_EL_NONE, BEEP_MEDIA_TYPE, "text/xml"},
    {BMUT_NO_TYPE, BEEP_EL_NONE, HEAD, ""},
    {BMUT_NO_EMPTY_LINE, BEEP_EL_NONE, HEAD "\r\n", HEAD},
    {BMUT_XML_DECLARATION, BEEP_EL_NONE, HEAD "\r\n", HEAD "\r\n<?xml version='1.0'?>\r\n"},
    {BMUT_XML_DOCTYPE, BEEP_EL_NONE, HEAD "\r\n", HEAD "\r\n<!DOCTYPE beep>\r\n"},
    {BMUT_LATIN_1, BEEP_EL_ERROR, "</error>", " \xe0 la carte</error>"},
    {BMUT_ILL_FORMED, BEEP_EL_ERROR, "</error>", ""},
    {BMUT_ERROR_CODE_LONG, BEEP_EL_ERROR, "code='5", "code='55"},
    {BMUT_OK_CONTENT, BEEP_EL_OK, "<ok />", "<ok>gladly</ok>"},
    {BMUT_OK_CODE, BEEP_EL_OK, "<ok />", "<ok code='200' />"},
    {BMUT_TLS_WORD, BEEP_EL_NONE, "<proceed", "<proceed version='1'"},
    {BMUT_SASL_NO_STATUS, BEEP_EL_NONE, " status='complete'", ""},
    {BMUT_SASL_BAD_STATUS, BEEP_EL_NONE, "'complete'", "'success'"},
    {BMUT_SASL_HEX, BEEP_EL_NONE, "<blob>", "<blob>0x!"},
    {BMUT_SASL_SMALL_NAME, BEEP_EL_GREETING, "/SASL/ANONYMOUS", "/SASL/anonymous"},
    {BMUT_SASL_SMALL_NAME, BEEP_EL_GREETING, "/SASL/PLAIN", "/SASL/plain"},
    {BMUT_SASL_SMALL_NAME, BEEP_EL_GREETING, "/SASL/CRAM-MD5", "/SASL/cram-md5"},
};

err beep_mutate_text(unsigned mutant, enum beep_element kind, struct buf *text)
{
    for (size_t i = 0; mutant && i < sizeof rewrites / sizeof *rewrites; i++) {
        const struct rewrite *r = &rewrites[i];
        if (r->mutant != mutant || (r->kind && r->kind != kind)) continue;
        TRY(mutant_rewrite(text, r->find, r->put));
    }
    return OK;
}

const char *beep_mutant_service(unsigned mutant)
{
    return mutant == BMUT_SASL_SERVICE ? "imap" : NULL;
}

/* --- what is overlooked ---------------------------------------------------------------------------------------------------- */

static const struct {
    enum beep_mutant mutant;
    enum beep_fault_code fault;
} overlooked[] = {
    {BMUT_TAKES_KEYWORD, BEEP_F_KEYWORD},
    {BMUT_TAKES_PARAMETER, BEEP_F_FIELDS},
    {BMUT_TAKES_PARAMETER, BEEP_F_BLANKS},
    {BMUT_TAKES_PARAMETER, BEEP_F_CHANNEL},
    {BMUT_TAKES_PARAMETER, BEEP_F_MSGNO},
    {BMUT_TAKES_PARAMETER, BEEP_F_MORE},
    {BMUT_TAKES_PARAMETER, BEEP_F_SEQNO_FORM},
    {BMUT_TAKES_PARAMETER, BEEP_F_SIZE},
    {BMUT_TAKES_PARAMETER, BEEP_F_HEAD_EOL},
    {BMUT_TAKES_PARAMETER, BEEP_F_HEAD_LONG},
    {BMUT_TAKES_CHANNEL, BEEP_F_NO_CHANNEL},
    {BMUT_TAKES_MSG_REUSED, BEEP_F_MSG_REUSED},
    {BMUT_TAKES_REPLY_AGAIN, BEEP_F_REPLY_AGAIN},
    {BMUT_TAKES_REPLY_AGAIN, BEEP_F_GREETING_AGAIN},
    {BMUT_TAKES_REPLY_UNKNOWN, BEEP_F_REPLY_UNKNOWN},
    {BMUT_TAKES_KEYWORD_CHANGED, BEEP_F_KEYWORD_CHANGED},
    {BMUT_TAKES_NUL_AFTER, BEEP_F_NUL_AFTER},
    {BMUT_TAKES_MIXED, BEEP_F_INTERLEAVED},
    {BMUT_TAKES_SEQNO, BEEP_F_SEQNO},
    {BMUT_TAKES_SEQNO, BEEP_F_SEQNO_FIRST},
    {BMUT_TAKES_NUL_FORM, BEEP_F_NUL_FORM},
    {BMUT_TAKES_TRAILER, BEEP_F_TRAILER},
    {BMUT_TAKES_SEQ_FORM, BEEP_F_SEQ_FORM},
    {BMUT_TAKES_SEQ_FORM, BEEP_F_SEQ_RANGE},
    {BMUT_TAKES_SEQ_CHANNEL, BEEP_F_SEQ_CHANNEL},
    {BMUT_TAKES_NO_GREETING, BEEP_F_NO_GREETING},
    {BMUT_TAKES_NO_GREETING, BEEP_F_GREETING_FRAME},
    {BMUT_TAKES_PARITY, BEEP_F_PARITY_INITIATOR},
    {BMUT_TAKES_PARITY, BEEP_F_PARITY_LISTENER},
    {BMUT_TAKES_IN_USE, BEEP_F_IN_USE},
    {BMUT_TAKES_NUMBER, BEEP_F_NUMBER},
    {BMUT_TAKES_4097, BEEP_F_INIT_LONG},
    {BMUT_TAKES_ENCODING, BEEP_F_ENCODING},
    {BMUT_OK_UNKNOWN, BEEP_F_CLOSE_UNKNOWN},
    {BMUT_TAKES_CLOSE_CODE, BEEP_F_CLOSE_CODE},
    {BMUT_TAKES_DOCTYPE, BEEP_F_XML_DOCTYPE},
    {BMUT_TAKES_DECLARATION, BEEP_F_XML_DECL},
    {BMUT_TAKES_ATTRIBUTE, BEEP_F_ATTRIBUTE},
    {BMUT_SASL_ANY_BASE64, BEEP_F_BLOB_BASE64},
    {BMUT_SASL_THEN_TLS, BEEP_F_TLS_AFTER_SASL},
    {BMUT_SASL_TWICE, BEEP_F_AUTH_AGAIN},
    {BMUT_TLS_TWO_TUNINGS, BEEP_F_TWO_TUNINGS},
    {BMUT_SASL_CLIENT_COMPLETE, BEEP_F_BLOB_CLIENT},
};

bool beep_mutant_overlooks(unsigned mutant, enum beep_fault_code code)
{
    for (size_t i = 0; mutant && i < sizeof overlooked / sizeof *overlooked; i++)
        if (overlooked[i].mutant == mutant && overlooked[i].fault == code) return true;
    return false;
}
