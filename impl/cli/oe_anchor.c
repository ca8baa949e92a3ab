/* SPDX-License-Identifier: MIT */
#include "cli/oe_anchor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/oe.h"

/* One record joined to a line: comments and parentheses are gone, blanks are single. */
struct joined {
    char text[CLI_OE_ANCHOR_TEXT];
    size_t n;
    unsigned depth; /* of parentheses */
    bool full;
};

static void put(struct joined *j, uint8_t c)
{
    bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (blank && (j->n == 0 || j->text[j->n - 1] == ' ')) return;
    if (j->n + 1 >= sizeof j->text)
        j->full = true;
    else
        j->text[j->n++] = (char)(blank ? ' ' : c);
}

/* The next record from *at on; its line number in *line.  False at the end. */
static bool next(slice text, size_t *at, size_t *line, size_t *began, struct joined *j)
{
    bool comment = false;
    *j = (struct joined){.n = 0};
    for (; *at < text.n; (*at)++) {
        uint8_t c = text.p[*at];
        if (j->n == 0) *began = *line;
        if (c == '\n') (*line)++;
        if (c == '\n') comment = false;
        if (c == ';') comment = true;
        if (comment) continue;
        if (c == '\n' && j->n && !j->depth) break;
        if (c == '(')
            j->depth++;
        else if (c == ')' && j->depth)
            j->depth--;
        else
            put(j, c);
    }
    while (j->n && j->text[j->n - 1] == ' ')
        j->n--;
    j->text[j->n] = 0;
    return j->n != 0;
}

static slice word(slice *rest)
{
    slice s = *rest, w = slice_sub(s, 0, slice_find(s, SLICE_LIT(" ")));
    *rest = slice_sub(s, w.n + 1, s.n);
    return w;
}

/* Owner [TTL] [IN] DS|DNSKEY, and something behind it: the rest is libunbound's to judge. */
static const char *judge(slice text, char owner[OE_NAME_TEXT])
{
    slice rest = text, name = word(&rest), w = word(&rest);
    uint64_t ttl;
    for (int i = 0; i < 2 && (slice_eq_nocase(w, SLICE_LIT("IN")) || slice_number(w, UINT32_MAX, &ttl)); i++)
        w = word(&rest);
    if (!slice_eq_nocase(w, SLICE_LIT("DS")) && !slice_eq_nocase(w, SLICE_LIT("DNSKEY")))
        return "no DS or DNSKEY record";
    if (!rest.n) return "nothing behind the type";
    owner[0] = 0;
    if (!slice_eq(name, SLICE_LIT(".")) && !oe_name_fold(name, owner)) return "the owner is no name";
    return NULL;
}

int cli_oe_anchor_file(const char *path, struct cli_oe_anchors *a)
{
    size_t n, at = 0, line = 1, began = 1, had = a->n;
    uint8_t *text = cli_oe_file(path, &n);
    struct joined j;
    int status = CLI_OK;
    if (!text) return CLI_USE;
    while (status == CLI_OK && next(slice_of(text, n), &at, &line, &began, &j)) {
        char *copy = NULL;
        const char *why = j.full    ? "longer than any record"
                          : j.depth ? "a parenthesis without its end"
                                    : NULL;
        if (!why && a->n == CLI_OE_ANCHORS) why = "more anchors than anybody has";
        if (!why) why = judge(slice_of(j.text, j.n), a->owner[a->n]);
        if (!why && !(copy = strdup(j.text))) why = "out of memory";
        if (why)
            status = cli_error("%s:%zu: %s", path, began, why);
        else
            a->line[a->n++] = copy;
    }
    if (status == CLI_OK && a->n == had)
        status = cli_error("%s: there is no DS or DNSKEY record in it", path);
    free(text);
    return status;
}

void cli_oe_anchors_done(struct cli_oe_anchors *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->line[i]);
    a->n = 0;
}

bool cli_oe_anchored(const struct cli_oe_anchors *a, const char *name)
{
    char folded[OE_NAME_TEXT];
    if (!oe_name_fold(slice_str(name), folded)) folded[0] = 0;
    size_t n = strlen(folded);
    for (size_t i = 0; i < a->n; i++) {
        size_t len = strlen(a->owner[i]);
        if (len == 0) return true;
        if (len > n || strcmp(folded + n - len, a->owner[i]) != 0) continue;
        if (len == n || folded[n - len - 1] == '.') return true;
    }
    return false;
}
