/* SPDX-License-Identifier: MIT */
/* scn_help: what the tests of scenario files share. */
#ifndef TEST_SCN_HELP_H
#define TEST_SCN_HELP_H

#include "scn/scn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD "case a/b/c\ntitle T\nclause IAP-3.1-13\nagainst iap-proxy\n"
#define TAIL "expect x -> pass\n"

static const char example[] =
    "case     iap/3.1/loop-own-via\n"
    "title    A connect request that names the proxy in a Via line is answered 502\n"
    "clause   IAP-3.1-13 IAP-3.1-14\n"
    "against  iap-proxy\n"
    "vary     via=$PROXY|\"p.dom.org\"\n"
    "near send    connect host=$HOST via=$via but via.prefix=\"IAP/0.3\", drop connect.eol\n"
    "far  never   connected -> fail \"the proxy went on\"\n"
    "near expect  response code=502 within 3s -> pass\n"
    "or   response code=4xx|5xx -> weak \"refused with another code\"\n"
    "or   silence -> fail \"no answer\"\n";

static inline struct env env_libc(void)
{
    struct env e;
    env_init(&e);
    return e;
}

static inline struct scn_file *parsed(const char *text, size_t n)
{
    struct env env = env_libc();
    struct scn_file *f;
    struct scn_fault fault;
    err e = scn_parse(&env, "t.scn", slice_of(text, n), &f, &fault);
    if (e != OK) print_error("%d:%d: %s\n%.*s\n", fault.line, fault.column, fault.text, (int)n, text);
    assert_int_equal(e, OK);
    assert_non_null(f);
    return f;
}

static inline struct scn_file *parsed_str(const char *text)
{
    return parsed(text, strlen(text));
}

static inline bool lookup(void *ctx, const char *name, struct scn_octets *out)
{
    static uint8_t host[] = "h.dom.org", odd[] = {'$', 0, 0xff, '"', '\\', 0};
    (void)ctx;
    if (strcmp(name, "HOST") == 0)
        *out = (struct scn_octets){host, sizeof host - 1};
    else if (strcmp(name, "ODD") == 0)
        *out = (struct scn_octets){odd, 5};
    else if (strcmp(name, "PROXY") == 0)
        *out = (struct scn_octets){host, 1};
    else
        return false;
    return true;
}

static inline struct scn_plan *planned(const struct scn_case *c, size_t i)
{
    struct env env = env_libc();
    struct scn_plan *p;
    struct scn_fault fault;
    err e = scn_plan(&env, c, i, lookup, NULL, &p, &fault);
    if (e != OK) print_error("%d:%d: %s\n", fault.line, fault.column, fault.text);
    assert_int_equal(e, OK);
    return p;
}

static inline void is_octets(const struct scn_octets *v, const char *p, size_t n)
{
    assert_int_equal(v->n, n);
    assert_memory_equal(v->p, p, n);
    assert_int_equal(v->p[n], 0);
}
#define IS(v, lit) is_octets(&(v), lit, sizeof(lit) - 1)

static inline void add(struct buf *b, const char *s)
{
    assert_int_equal(buf_add_str(b, s), OK);
}

static inline void add_times(struct buf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add(b, s);
}

#endif
