/* SPDX-License-Identifier: MIT */
/* What it costs to validate an IDMEF message, beside libxml2's own validator with the same declarations,
 * which are read once.  Rounds alternate in one run, and medians of processor time are compared, so that a
 * busy machine slows all alike.  Prints a JSON object a line, for each FILE:
 *
 *   {"bench":"idmef","octets":N,"ns":..,"pieces_ns":..,"tree_ns":..,"sax_ns":..}
 *
 *   ns         idmef_validate
 *   pieces_ns  the same, fed by 912 octets, as frames bring them
 *   tree_ns    xmlReadMemory and xmlValidateDtd
 *   sax_ns     libxml2's push parser with empty handlers: well-formedness alone
 *
 * idmef_parse ROUNDS FILE...          exit status 2 when something is not found valid */
#include <libxml/parser.h>
#include <libxml/valid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"
#include "base/buf.h"
#include "codec/idmef.h"

enum {
    ROUNDS_MAX = 1001,
    FILE_MAX = 16 << 20,
    PIECE = 912,       /* the usual payload of a frame */
    A_ROUND = 64 << 10 /* octets: a clock tells no difference of less */
};

struct bench {
    struct env env;
    struct idmef_schema *schema;
    xmlDtdPtr dtd;
};

/* Processor time: what else runs meanwhile is not ours. */
static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void ours(const struct bench *b, slice m)
{
    struct idmef_result r;
    if (idmef_validate(&b->env, b->schema, m, SLICE_NONE, &r) != OK || r.verdict != IDMEF_OK)
        die("a message is not valid to us");
}

static void ours_in_pieces(const struct bench *b, slice m)
{
    struct idmef_check *c;
    if (idmef_check_new(&b->env, b->schema, NULL, SLICE_NONE, &c) != OK) die("no memory");
    for (size_t at = 0; at < m.n; at += PIECE) {
        size_t n = m.n - at < PIECE ? m.n - at : PIECE;
        if (idmef_check_feed(c, slice_of(m.p + at, n), at + n == m.n) != OK)
            die("a message is not valid to us");
    }
    if (idmef_check_result(c)->verdict != IDMEF_OK) die("a message is not valid to us");
    idmef_check_free(c);
}

static void complain(void *ctx, const char *format, ...)
{
    (void)ctx, (void)format;
}

static void tree(const struct bench *b, slice m)
{
    xmlDocPtr doc = xmlReadMemory((const char *)m.p, (int)m.n, NULL, NULL, XML_PARSE_NONET | XML_PARSE_HUGE);
    xmlValidCtxtPtr v = xmlNewValidCtxt();
    if (!doc || !v) die("libxml2 does not read a message");
    v->error = complain;
    v->warning = complain;
    if (xmlValidateDtd(v, doc, b->dtd) != 1) die("a message is not valid to libxml2");
    xmlFreeValidCtxt(v);
    xmlFreeDoc(doc);
}

static void sax(const struct bench *b, slice m)
{
    xmlSAXHandler nothing;
    (void)b;
    memset(&nothing, 0, sizeof nothing);
    nothing.initialized = XML_SAX2_MAGIC;
    xmlParserCtxtPtr x = xmlCreatePushParserCtxt(&nothing, NULL, NULL, 0, NULL);
    if (!x) die("no memory");
    for (size_t at = 0; at < m.n; at += PIECE) {
        size_t n = m.n - at < PIECE ? m.n - at : PIECE;
        if (xmlParseChunk(x, (const char *)m.p + at, (int)n, at + n == m.n) != 0)
            die("libxml2 does not read a message");
    }
    if (x->myDoc) xmlFreeDoc(x->myDoc);
    xmlFreeParserCtxt(x);
}

static void measure(const struct bench *b, slice m, size_t rounds)
{
    static void (*const ways[])(const struct bench *, slice) = {ours, ours_in_pieces, tree, sax};
    static double took[4][ROUNDS_MAX];
    size_t times = m.n < A_ROUND ? A_ROUND / m.n + 1 : 1;
    for (size_t round = 0; round < rounds; round++) {
        for (size_t way = 0; way < 4; way++) {
            double began = cpu_ns();
            for (size_t i = 0; i < times; i++)
                ways[way](b, m);
            took[way][round] = (cpu_ns() - began) / (double)times;
        }
    }
    for (size_t way = 0; way < 4; way++)
        qsort(took[way], rounds, sizeof took[way][0], by_size);
    printf("{\"bench\":\"idmef\",\"octets\":%zu,\"ns\":%.0f,\"pieces_ns\":%.0f,\"tree_ns\":%.0f,\"sax_ns\":%."
           "0f}\n",
           m.n, took[0][rounds / 2], took[1][rounds / 2], took[2][rounds / 2], took[3][rounds / 2]);
}

static xmlDtdPtr read_dtd(void)
{
    const char *text = idmef_dtd();
    xmlParserInputBufferPtr in =
        xmlParserInputBufferCreateMem(text, (int)strlen(text), XML_CHAR_ENCODING_NONE);
    xmlDtdPtr dtd = in ? xmlIOParseDTD(NULL, in, XML_CHAR_ENCODING_NONE) : NULL; /* takes in with it */
    if (!dtd) die("libxml2 does not read the declarations");
    return dtd;
}

int main(int argc, char **argv)
{
    static uint8_t octets[FILE_MAX];
    struct bench b;
    size_t rounds = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (!rounds || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: idmef_parse ROUNDS FILE...\n");
        return 2;
    }
    env_init(&b.env);
    xmlInitParser();
    if (idmef_schema_new(&b.env, &b.schema) != OK) die("no memory");
    b.dtd = read_dtd();
    for (int i = 2; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        size_t n = f ? fread(octets, 1, sizeof octets, f) : 0;
        if (!n || n == sizeof octets) die(argv[i]);
        fclose(f);
        measure(&b, slice_of(octets, n), rounds);
    }
    xmlFreeDtd(b.dtd);
    idmef_schema_free(b.schema);
    xmlCleanupParser();
    return 0;
}
