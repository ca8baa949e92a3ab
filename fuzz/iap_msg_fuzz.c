/* SPDX-License-Identifier: MIT */
/* A stream of IAP messages in one direction.  What is held against the reader, beyond not crashing:
 *   - every slice and every note lies inside the message, and a message inside the octets;
 *   - however the stream is cut, octet by octet or by chance, the same messages come of it;
 *   - a reading that waited for the stream to rest changes nothing about what was whole without;
 *   - what is no worse than weak and is written again in the style that fits reads to the same fields, and
 * writing that once more gives the same octets. Chance is drawn from the input itself, so that each input
 * always runs the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/iap_msg.h"
#include "want.h"

enum { MESSAGES_MAX = 4096 };

static uint64_t mix(uint64_t sum, slice s)
{
    sum = (sum ^ s.n) * 0x100000001b3u;
    for (size_t i = 0; i < s.n; i++)
        sum = (sum ^ s.p[i]) * 0x100000001b3u;
    return sum;
}

enum { FIELDS = 6 };

/* The fields that a message says something with; the text of a length is not among them. */
static void fields(const struct iap_msg *m, slice out[FIELDS])
{
    const slice all[FIELDS] = {m->host, m->upgrade, m->version, m->role_text, m->type, m->body};
    memcpy(out, all, sizeof all);
}

static uint64_t sum_fields(const struct iap_msg *m)
{
    slice f[FIELDS];
    uint64_t sum = 0xcbf29ce484222325u;
    const uint64_t numbers[] = {m->kind, m->code, m->role, m->length, m->via_n};
    fields(m, f);
    sum = mix(sum, slice_of(numbers, sizeof numbers));
    for (size_t i = 0; i < FIELDS; i++)
        sum = mix(sum, f[i]);
    for (size_t i = 0; i < m->via_n; i++)
        sum = mix(sum, m->via[i]);
    return sum;
}

static uint64_t sum_all(const struct iap_msg *m, uint64_t at, err e)
{
    uint64_t sum = e == OK ? mix(sum_fields(m), m->length_text) : 0;
    const uint64_t numbers[] = {at, (uint64_t)e, m->note_n};
    sum = mix(sum, slice_of(numbers, sizeof numbers));
    for (size_t i = 0; i < m->note_n; i++) {
        const uint64_t note[] = {(uint64_t)m->note[i].code, m->note[i].at};
        sum = mix(sum, slice_of(note, sizeof note));
    }
    return sum;
}

static bool inside(slice all, slice s)
{
    if (!s.p) return s.n == 0;
    return s.p >= all.p && s.p <= all.p + all.n && s.n <= (size_t)(all.p + all.n - s.p);
}

static void check_places(const struct iap_msg *m, slice in, err e, size_t used)
{
    slice f[FIELDS], whole = slice_sub(in, 0, e == OK ? used : in.n);
    fields(m, f);
    WANT(e != OK || (used > 0 && used <= in.n));
    WANT(e == OK || used == 0);
    for (size_t i = 0; i < FIELDS; i++)
        WANT(inside(whole, f[i]));
    WANT(inside(whole, m->length_text) && inside(whole, m->raw) && m->via_n <= IAP_VIAS_MAX);
    for (size_t i = 0; i < m->via_n; i++)
        WANT(inside(whole, m->via[i]));
    WANT(m->note_n <= IAP_NOTES_MAX);
    for (size_t i = 0; i < m->note_n; i++)
        WANT(m->note[i].code > IAP_F_NONE && m->note[i].code < IAP_F_COUNT && m->note[i].at <= whole.n);
    WANT(e != OK || (m->kind >= IAP_CONNECT && m->kind <= IAP_CONTENT));
    WANT(e != OK || m->kind != IAP_CONTENT || m->body.n == m->length);
    WANT((e != ERR_PEER && e != ERR_LIMIT) || m->note_n > 0);
}

/* Written in the style that fits, it reads to the same fields. */
static void check_writing(const struct env *env, const struct iap_msg *m)
{
    struct iap_style style = {.length_blanks = 1,
                              .role_prefix = iap_msg_has(m, IAP_F_ROLE_PREFIX),
                              .no_blank = iap_msg_has(m, IAP_F_NO_BLANK)};
    struct iap_msg again;
    struct buf one, two;
    size_t used;
    if (iap_msg_severity(m) == SEV_FAIL) return;
    if (style.no_blank && m->length == 0) return; /* its tail would be read as the blank line */
    buf_init(&one, env->mem, 1u << 20);
    buf_init(&two, env->mem, 1u << 20);
    WANT(iap_write(m, &style, &one) == OK);
    err e = iap_read(env, buf_slice(&one), false, &again, &used, NULL);
    /* without the blank that was spared, or with a prefix that was not, a line may pass a limit that it kept
     * before */
    if (e != ERR_LIMIT) {
        WANT(e == OK && used == one.n);
        WANT(sum_fields(&again) == sum_fields(m));
        WANT(iap_msg_severity(&again) <= iap_msg_severity(m));
        WANT(iap_write(&again, &style, &two) == OK);
        WANT(slice_eq(buf_slice(&one), buf_slice(&two)));
    }
    buf_done(&one);
    buf_done(&two);
}

struct readings {
    size_t n;
    err end;
    uint64_t sum[MESSAGES_MAX];
    bool settled[MESSAGES_MAX]; /* only whole once the stream came to rest */
};

/* The whole stream by iap_read alone, with every check. */
static void read_all(const struct env *env, slice in, struct readings *r)
{
    struct iap_msg m, n;
    size_t at = 0, used, need, used2;
    for (r->n = 0; r->n < MESSAGES_MAX;) {
        slice left = slice_sub(in, at, in.n);
        r->end = iap_read(env, left, false, &m, &used, &need);
        check_places(&m, left, r->end, used);
        if (r->end != ERR_MORE) {
            WANT(iap_read(env, left, true, &n, &used2, NULL) == r->end && used2 == used);
            WANT(sum_all(&m, at, r->end) == sum_all(&n, at, r->end));
            r->settled[r->n] = false;
            r->sum[r->n++] = sum_all(&m, at, r->end);
        } else {
            WANT(need > left.n);
            r->end = iap_read(env, left, true, &m, &used, NULL);
            check_places(&m, left, r->end, used);
            r->settled[r->n] = true;
            if (r->end != ERR_MORE) r->sum[r->n++] = sum_all(&m, at, r->end);
        }
        if (r->end != OK) return;
        check_writing(env, &m);
        at += used;
    }
}

/* The same by the reader, cut into pieces of at most most octets. */
static void read_cut(const struct env *env, slice in, struct rng *rng, size_t most,
                     const struct readings *want)
{
    struct iap_reader r;
    struct iap_msg m;
    uint64_t at;
    size_t fed = 0, n = 0;
    err e = ERR_MORE;
    slice piece = SLICE_NONE;
    iap_reader_init(&r, env);
    while (n < want->n) {
        bool settled = false;
        e = iap_reader_next(&r, &piece, &m, &at);
        if (e == ERR_MORE) {
            WANT(piece.n == 0);
            if (fed == in.n) {
                e = iap_reader_settle(&r, &m, &at);
                settled = true;
                if (e == ERR_MORE) break;
            } else {
                piece = slice_sub(in, fed, fed + 1 + rng_below(rng, most));
                fed += piece.n;
                continue;
            }
        }
        WANT(sum_all(&m, at, e) == want->sum[n]);
        WANT(settled == want->settled[n]); /* neither late nor early: need does not ask for too much */
        n++;
        if (e != OK) break;
        WANT(inside(m.raw, m.body) && inside(m.raw, m.host));
    }
    WANT(n == want->n);
    WANT(e == want->end || want->end == ERR_MORE || n == MESSAGES_MAX);
    iap_reader_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct readings r;
    struct env env;
    struct rng rng;
    slice in = slice_of(data, size);
    if (size > 16384) return 0;
    env_init(&env);
    if (size & 1) { /* limits that an input of this size can reach */
        env.limits.line = 100;
        env.limits.head = 300;
        env.limits.vias = 3;
        env.limits.content = 200;
    }
    rng_init(&rng, mix(1, in));
    read_all(&env, in, &r);
    if (size < 2048) read_cut(&env, in, &rng, 1, &r);
    read_cut(&env, in, &rng, 7, &r);
    read_cut(&env, in, &rng, 80, &r);
    read_cut(&env, in, &rng, size + 1, &r);
    return 0;
}
