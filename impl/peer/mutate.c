/* SPDX-License-Identifier: MIT */
#include "peer/mutate.h"

#define MUTANT(n, name, roles, clauses, text) {name, roles, clauses, text},
const struct mutant iap_mutants[MUT_COUNT] = {{"", 0, "", ""}, IAP_MUTANTS(MUTANT)};

enum when { ALWAYS, SETUP, DATA };

/* Mistakes in the form of a message: one row a change. */
static const struct change {
    enum iap_mutant mutant;
    enum iap_kind kind;
    enum when when;
    uint16_t code; /* responses: only with this code; 0 for any */
    enum parts_op op;
    const char *field, *field2, *value;
} changes[] = {
    {MUT_REASON_PHRASE, IAP_RESPONSE, ALWAYS, 200, PARTS_SET, "status.value", NULL, "200 OK"},
    {MUT_ONE_CRLF, IAP_RESPONSE, ALWAYS, 0, PARTS_DROP, "end", NULL, ""},
    {MUT_LF_ONLY, IAP_RESPONSE, ALWAYS, 0, PARTS_SET, "status.eol", NULL, "\n"},
    {MUT_LF_ONLY, IAP_RESPONSE, ALWAYS, 0, PARTS_SET, "end", NULL, "\n"},
    {MUT_NO_PREFIX, IAP_RESPONSE, SETUP, 0, PARTS_DROP, "status.prefix", NULL, ""},
    {MUT_NO_PREFIX, IAP_RESPONSE, SETUP, 0, PARTS_DROP, "status.gap", NULL, ""},
    {MUT_NO_DATA_PREFIX, IAP_RESPONSE, DATA, 0, PARTS_DROP, "status.prefix", NULL, ""},
    {MUT_NO_DATA_PREFIX, IAP_RESPONSE, DATA, 0, PARTS_DROP, "status.gap", NULL, ""},
    {MUT_OLD_PREFIX, IAP_RESPONSE, ALWAYS, 0, PARTS_SET, "status.prefix", NULL, "IAP/0.2"},
    {MUT_SHORT_CODE, IAP_RESPONSE, ALWAYS, 200, PARTS_SET, "status.value", NULL, "20"},
    {MUT_LONG_CODE, IAP_RESPONSE, ALWAYS, 200, PARTS_SET, "status.value", NULL, "2000"},
    {MUT_EXTRA_LINE, IAP_RESPONSE, ALWAYS, 0, PARTS_INSERT, "end", NULL, "Server: draftproof\r\n"},
    {MUT_CODE_999, IAP_RESPONSE, ALWAYS, 400, PARTS_SET, "status.value", NULL, "999"},
    {MUT_CODE_999, IAP_RESPONSE, ALWAYS, 505, PARTS_SET, "status.value", NULL, "999"},
    {MUT_CODE_999, IAP_RESPONSE, ALWAYS, 415, PARTS_SET, "status.value", NULL, "999"},
    {MUT_CODE_999, IAP_RESPONSE, ALWAYS, 405, PARTS_SET, "status.value", NULL, "999"},
    {MUT_Q_NO_PREFIX, IAP_CONNECT, ALWAYS, 0, PARTS_DROP, "connect.prefix", NULL, ""},
    {MUT_Q_NO_PREFIX, IAP_CONNECT, ALWAYS, 0, PARTS_DROP, "connect.gap", NULL, ""},
    {MUT_Q_OLD_PREFIX, IAP_CONNECT, ALWAYS, 0, PARTS_SET, "connect.prefix", NULL, "IAP/0.2"},
    {MUT_Q_NO_HOST, IAP_CONNECT, ALWAYS, 0, PARTS_SET, "connect.value", NULL, ""},
    {MUT_Q_HTTP, IAP_CONNECT, ALWAYS, 0, PARTS_INSERT, "connect.eol", NULL, " HTTP/1.1"},
    {MUT_Q_EXTRA_LINE, IAP_CONNECT, ALWAYS, 0, PARTS_INSERT, "end", NULL, "Host: m.dom.org\r\n"},
    {MUT_Q_ONE_CRLF, IAP_CONNECT, ALWAYS, 0, PARTS_DROP, "end", NULL, ""},
    {MUT_Q_ONE_CRLF, IAP_UPGRADE, ALWAYS, 0, PARTS_DROP, "end", NULL, ""},
    {MUT_Q_LF_ONLY, IAP_CONNECT, ALWAYS, 0, PARTS_SET, "connect.eol", NULL, "\n"},
    {MUT_Q_LF_ONLY, IAP_CONNECT, ALWAYS, 0, PARTS_SET, "end", NULL, "\n"},
    {MUT_Q_UPGRADE_12, IAP_UPGRADE, ALWAYS, 0, PARTS_SET, "upgrade.value", NULL, "TLS/1.2"},
    {MUT_Q_SWAPPED, IAP_CHANNEL, ALWAYS, 0, PARTS_SWAP, "version.name", "role.name", ""},
    {MUT_Q_SWAPPED, IAP_CHANNEL, ALWAYS, 0, PARTS_SWAP, "version.value", "role.value", ""},
    {MUT_Q_NO_ROLE, IAP_CHANNEL, ALWAYS, 0, PARTS_DROP, "role", NULL, ""},
    {MUT_Q_ROLE_BOTH, IAP_CHANNEL, ALWAYS, 0, PARTS_SET, "role.value", NULL, "Both"},
    {MUT_Q_VERSION, IAP_CHANNEL, ALWAYS, 0, PARTS_SET, "version.value", NULL, "0.2"},
    {MUT_C_NO_LENGTH, IAP_CONTENT, ALWAYS, 0, PARTS_DROP, "length", NULL, ""},
    {MUT_C_SWAPPED, IAP_CONTENT, ALWAYS, 0, PARTS_SWAP, "type", "length", ""},
    {MUT_C_PARAMS, IAP_CONTENT, ALWAYS, 0, PARTS_INSERT, "type.eol", NULL, ";charset=utf-8"},
    {MUT_C_TYPE, IAP_CONTENT, ALWAYS, 0, PARTS_SET, "type.value", NULL, "text/plain"},
    {MUT_C_PREFIX, IAP_CONTENT, ALWAYS, 0, PARTS_INSERT, "type.name", NULL, "IAP/0.3 "},
    {MUT_C_NO_BLANK, IAP_CONTENT, ALWAYS, 0, PARTS_DROP, "blank", NULL, ""},
    {MUT_C_NO_TAIL, IAP_CONTENT, ALWAYS, 0, PARTS_DROP, "end", NULL, ""},
    {MUT_C_CHUNKED, IAP_CONTENT, ALWAYS, 0, PARTS_INSERT, "length", NULL, "Transfer-Encoding: chunked\r\n"},
    {MUT_C_SHORT, IAP_CONTENT, ALWAYS, 0, PARTS_ADD, "length.value", NULL, "4"},
    {MUT_C_HEX_LENGTH, IAP_CONTENT, ALWAYS, 0, PARTS_SET, "length.value", NULL, "0x40"},
    {MUT_P_VIA_HTTP, IAP_CONNECT, ALWAYS, 0, PARTS_INSERT, "via.value", NULL, "0.3 "},
    {MUT_P_VIA_BARE, IAP_CONNECT, ALWAYS, 0, PARTS_DROP, "via.prefix", NULL, ""},
    {MUT_P_VIA_BARE, IAP_CONNECT, ALWAYS, 0, PARTS_DROP, "via.gap", NULL, ""},
};

static bool applies(const struct change *c, enum iap_mutant mutant, const struct iap_msg *m, bool data)
{
    if (c->mutant != mutant || c->kind != m->kind) return false;
    if (c->when != ALWAYS && (c->when == DATA) != data) return false;
    return !c->code || c->code == m->code;
}

bool iap_mutates(enum iap_mutant mutant, const struct iap_msg *m, bool data)
{
    if (mutant == MUT_NONE) return false;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        if (applies(&changes[i], mutant, m, data)) return true;
    }
    return false;
}

err iap_mutate(enum iap_mutant mutant, const struct iap_msg *m, bool data, struct parts *p)
{
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const struct change *c = &changes[i];
        if (!applies(c, mutant, m, data)) continue;
        TRY(parts_change(p, c->op, c->field, c->field2, slice_str(c->value), NULL, 0));
    }
    return OK;
}
