/* SPDX-License-Identifier: MIT */
/* TXT RDATA as a delegation record.  What is held against the reader, beyond not crashing:
 *   - a second reader, which knows the printed form and nothing else, takes exactly what the strict reading
 * takes, and reads the same;
 *   - what the strict reading takes, the other dialect takes too;
 *   - notes lie inside what they are about;
 *   - what was taken is written, read to the same record, and then written to the same octets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "codec/oe_txt.h"
#include "want.h"

/* Up to c, which is passed; false when it is not there. */
static bool upto(slice *s, char c, slice *out)
{
    const uint8_t *at = s->n ? memchr(s->p, c, s->n) : NULL;
    if (!at) return false;
    *out = slice_sub(*s, 0, (size_t)(at - s->p));
    *s = slice_sub(*s, out->n + 1, s->n);
    return true;
}

static bool plain_number(slice s, uint64_t max, uint64_t *v)
{
    return slice_number(s, max, v) && (s.n == 1 || s.p[0] != '0');
}

/* SP and TAB, which do not count around the name. */
static slice behind_blanks(slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = slice_sub(s, 1, s.n);
    return s;
}

/* The printed form, with white space around the name, and nothing else: precedence, an address of a host, and the octets of the key. */
static bool printed(slice s, uint64_t *p, uint8_t a[4], struct buf *key)
{
    slice word;
    s = behind_blanks(s);
    if (!upto(&s, '(', &word) || !slice_eq_nocase(word, SLICE_LIT("X-IPsec-Server"))) return false;
    if (!upto(&s, ')', &word) || !plain_number(word, 65535, p)) return false;
    s = behind_blanks(s);
    if (s.n == 0 || s.p[0] != '=') return false;
    s = slice_sub(s, 1, s.n);
    for (int i = 0; i < 4; i++) {
        uint64_t v;
        if (!upto(&s, i < 3 ? '.' : ' ', &word) || !plain_number(word, 255, &v)) return false;
        a[i] = (uint8_t)v;
    }
    if (a[0] == 127 || (a[0] >= 224 && a[0] < 240)) return false;
    if (memcmp(a, "\0\0\0\0", 4) == 0 || memcmp(a, "\xff\xff\xff\xff", 4) == 0) return false;
    return s.n > 0 && base64_decode(s, false, key, NULL) == OK;
}

/* By the words of RFC 2537: lengths, limits, no leading zeros. */
static bool rsa_fits(slice d)
{
    size_t n, at = 1;
    if (d.n < 3) return false;
    n = d.p[0];
    if (n == 0) {
        n = (size_t)d.p[1] * 256 + d.p[2];
        at = 3;
        if (n < 256) return false;
    }
    if (n > 512 || d.n <= at + n) return false;
    slice e = slice_sub(d, at, at + n), m = slice_sub(d, at + n, d.n);
    return e.p[0] && m.p[0] && m.n <= 512 && (m.n > 64 || (m.n == 64 && m.p[0] >= 128));
}

static void second_reader(const struct oe_txt *t)
{
    struct buf key;
    uint64_t p = 0;
    uint8_t a[4];
    buf_init(&key, &mem_libc, OE_TXT_MAX);
    bool plain = printed(t->text, &p, a, &key), fits = plain && rsa_fits(buf_slice(&key));
    bool strict = oe_txt_take(t, OE_DRAFT) == OE_TAKE && t->gateway == OE_IP4;
    WANT(strict == fits);
    if (strict) {
        struct oe_rsa k;
        struct oe_notes none = {.n = 0};
        oe_rsa_read(buf_slice(&key), &k, &none);
        WANT(t->precedence == p && memcmp(t->address, a, 4) == 0 && oe_rsa_eq(&k, &t->rsa));
    }
    buf_done(&key);
}

static void write_again(const struct env *env, const struct oe_txt *t)
{
    struct buf one, two;
    struct oe_txt u;
    if (oe_txt_take(t, OE_RFC) > OE_LOOSE || oe_notes_has(&t->notes, OE_F_RSA_NO_KEY)) return;
    buf_init(&one, &mem_libc, OE_TXT_MAX);
    buf_init(&two, &mem_libc, OE_TXT_MAX);
    WANT(oe_txt_write(env, t, &one) == OK);
    WANT(oe_txt_read(env, buf_slice(&one), &u) == OK);
    WANT(u.precedence == t->precedence && u.gateway == t->gateway && slice_eq(u.fqdn, t->fqdn));
    WANT(memcmp(u.address, t->address, 16) == 0 && oe_rsa_eq(&u.rsa, &t->rsa));
    WANT(!oe_notes_has(&u.notes, OE_F_STRINGS) && !oe_notes_has(&u.notes, OE_F_SPACE) && !oe_notes_has(&u.notes, OE_F_SEPARATOR));
    WANT(oe_txt_write(env, &u, &two) == OK && slice_eq(buf_slice(&one), buf_slice(&two)));
    oe_txt_done(&u);
    buf_done(&one);
    buf_done(&two);
}

static void check(const struct env *env, const struct oe_txt *t, size_t size)
{
    enum oe_take draft = oe_txt_take(t, OE_DRAFT), rfc = oe_txt_take(t, OE_RFC);
    for (uint32_t i = 0; i < t->notes.n; i++)
        WANT(t->notes.note[i].code && t->notes.note[i].at <= size);
    WANT(draft != OE_TAKE || rfc == OE_TAKE);
    WANT((draft == OE_SKIP) == (rfc == OE_SKIP) && rfc <= draft);
    WANT(draft > OE_LOOSE || (t->precedence_given && t->gateway && t->key_given == (t->rsa.modulus.n > 0)));
    second_reader(t);
    write_again(env, t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct env env;
    struct oe_txt t, u;
    env_init(&env);
    WANT(oe_txt_read(&env, slice_of(data, size), &t) == OK);
    check(&env, &t, size);
    if (t.text.n) { /* the same text without borders */
        WANT(oe_txt_read_text(&env, t.text, &u) == OK);
        WANT(oe_txt_take(&u, OE_DRAFT) == oe_txt_take(&t, OE_DRAFT) &&
             oe_txt_take(&u, OE_RFC) == oe_txt_take(&t, OE_RFC));
        check(&env, &u, size);
        oe_txt_done(&u);
    }
    oe_txt_done(&t);
    WANT(oe_txt_read_text(&env, slice_of(data, size), &t) == OK); /* easier to reach than by lengths */
    check(&env, &t, size);
    oe_txt_done(&t);
    return 0;
}
