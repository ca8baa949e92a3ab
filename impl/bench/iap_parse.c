/* SPDX-License-Identifier: MIT */
/* How long reading an IAP message takes beside reading an HTTP message of the same size with http_parser, all
 * callbacks set. Both read a stream of messages held in memory; rounds alternate in one run, and the medians
 * are compared, so that a busy machine slows both.  Prints a JSON object a line:
 * {"bench","message","octets","http_octets","ns","http_ns","ratio"}.
 *
 * cc -std=c11 -O2 -D_POSIX_C_SOURCE=200809L -Iimpl -IBUILD/gen impl/bench/iap_parse.c BUILD/libcodec.a
 * BUILD/libmodel.a BUILD/libbase.a \ -lhttp_parser -o iap_parse iap_parse [ROUNDS]          exit status 1
 * when ours is the slower one anywhere */
#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"
#include "codec/iap_msg.h"

enum { COPIES = 256, PASSES = 40, ROUNDS_MAX = 1001, STREAM = COPIES * 256 };

/* What a server would look at, so that no reading is left out by the compiler. */
struct seen {
    size_t messages, octets;
};

static int on_data(http_parser *p, const char *at, size_t n)
{
    struct seen *s = p->data;
    s->octets += n + (size_t)(at[0] == 'X');
    return 0;
}

static int on_event(http_parser *p)
{
    struct seen *s = p->data;
    s->octets++;
    return 0;
}

static int on_complete(http_parser *p)
{
    struct seen *s = p->data;
    s->messages++;
    s->octets += p->status_code;
    return 0;
}

static const http_parser_settings settings = {.on_message_begin = on_event,
                                              .on_url = on_data,
                                              .on_status = on_data,
                                              .on_header_field = on_data,
                                              .on_header_value = on_data,
                                              .on_headers_complete = on_event,
                                              .on_body = on_data,
                                              .on_message_complete = on_complete};

static void read_http(slice stream, struct seen *seen)
{
    http_parser p;
    http_parser_init(&p, HTTP_BOTH);
    p.data = seen;
    size_t n = http_parser_execute(&p, &settings, (const char *)stream.p, stream.n);
    if (n != stream.n) {
        fprintf(stderr, "http_parser: %s\n", http_errno_name(HTTP_PARSER_ERRNO(&p)));
        exit(2);
    }
}

static void read_iap(const struct env *env, slice stream, struct seen *seen)
{
    struct iap_reader r;
    struct iap_msg m;
    uint64_t at;
    iap_reader_init(&r, env);
    while (iap_reader_next(&r, &stream, &m, &at) == OK) {
        seen->messages++;
        seen->octets += m.host.n + m.code + m.body.n + m.type.n + m.note_n;
        for (uint32_t i = 0; i < m.via_n; i++)
            seen->octets += m.via[i].n;
    }
    iap_reader_done(&r);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static slice repeat(uint8_t *out, slice one)
{
    for (size_t i = 0; i < COPIES; i++)
        memcpy(out + i * one.n, one.p, one.n);
    return slice_of(out, COPIES * one.n);
}

static void check(const char *what, const struct seen *s)
{
    if (s->messages == (size_t)COPIES * PASSES) return;
    fprintf(stderr, "%s: %zu messages of %zu\n", what, s->messages, (size_t)COPIES * PASSES);
    exit(2);
}

static double compare(const struct env *env, const char *name, slice iap, slice http, size_t rounds)
{
    static uint8_t ours_stream[STREAM], theirs_stream[STREAM];
    static double ours[ROUNDS_MAX], theirs[ROUNDS_MAX];
    const slice a = repeat(ours_stream, iap), b = repeat(theirs_stream, http);
    const double per = (double)COPIES * PASSES;
    for (size_t r = 0; r < rounds + 1; r++) { /* round 0 warms up */
        struct seen x = {0, 0}, y = {0, 0};
        uint64_t t0 = now_ns();
        for (int k = 0; k < PASSES; k++)
            read_iap(env, a, &x);
        uint64_t t1 = now_ns();
        for (int k = 0; k < PASSES; k++)
            read_http(b, &y);
        uint64_t t2 = now_ns();
        check("iap", &x);
        check("http", &y);
        if (r) ours[r - 1] = (double)(t1 - t0) / per, theirs[r - 1] = (double)(t2 - t1) / per;
    }
    qsort(ours, rounds, sizeof *ours, by_size);
    qsort(theirs, rounds, sizeof *theirs, by_size);
    double ns = ours[rounds / 2], http_ns = theirs[rounds / 2];
    printf("{\"bench\":\"iap_parse\",\"message\":\"%s\",\"octets\":%zu,\"http_octets\":%zu,\"ns\":%.1f,"
           "\"http_ns\":%.1f,"
           "\"ratio\":%.3f}\n",
           name, iap.n, http.n, ns, http_ns, ns / http_ns);
    return ns / http_ns;
}

#define BODY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

int main(int argc, char **argv)
{
    long want = argc > 1 ? strtol(argv[1], NULL, 10) : 101;
    size_t rounds = want < 1 ? 1 : want > ROUNDS_MAX ? ROUNDS_MAX : (size_t)want;
    struct env env;
    env_init(&env);
    double worst = compare(
        &env, "content",
        SLICE_LIT("Content-Type: application/x-idef-alert\r\nContent-Length: 64\r\n\r\n" BODY "\r\n\r\n"),
        SLICE_LIT("POST /a HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 64\r\n\r\n" BODY), rounds);
    double r = compare(
        &env, "connect",
        SLICE_LIT("IAP/0.3 CONNECT M.DOM.ORG\r\nIAP/0.3 Via: P.DOM.ORG\r\nIAP/0.3 Via: Q.DOM.ORG\r\n\r\n"),
        SLICE_LIT("GET /alerts/M/0123 HTTP/1.1\r\nVia: 1.1 P.DOM.ORG\r\nVia: 1.1 Q.DOM.ORG:12345\r\n\r\n"),
        rounds);
    if (r > worst) worst = r;
    /* without a body and without a length, a 204 is the only response that ends by itself */
    r = compare(&env, "response", SLICE_LIT("IAP/0.3 200\r\n\r\n"), SLICE_LIT("HTTP/1.1 204\r\n\r\n"),
                rounds);
    if (r > worst) worst = r;
    return worst > 1;
}
