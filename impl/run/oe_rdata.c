/* SPDX-License-Identifier: MIT */
#include "run/oe_rdata.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codec/oe_key.h"

enum { CUTS = 64 }; /* as many arguments as a statement may have */

/* --- arguments -------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static err wrong(char *why, size_t why_n, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, why_n, fmt, ap);
    va_end(ap);
    return ERR_USE;
}

static bool is(const struct scn_arg *a, const char *key)
{
    return a->key && strcmp(a->key, key) == 0;
}

static slice octets(const struct scn_arg *a)
{
    return a && a->values ? slice_of(a->value[0].p, a->value[0].n) : SLICE_NONE;
}

slice oe_arg_octets(const struct scn_stmt *s, const char *key)
{
    return octets(scn_named(s, key));
}

const char *oe_arg(const struct scn_stmt *s, const char *key)
{
    const struct scn_arg *a = scn_named(s, key);
    return a && a->values ? (const char *)a->value[0].p : NULL;
}

static bool given(const struct scn_stmt *s, const char *key)
{
    return scn_named(s, key) != NULL;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool number(slice text, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (!slice_starts(text, SLICE_LIT("0x"))) return slice_number(text, max, out);
    text = slice_sub(text, 2, text.n);
    for (size_t i = 0; i < text.n; i++) {
        int d = hex_digit(text.p[i]);
        if (d < 0 || i > 14) return false;
        v = v << 4 | (uint64_t)d;
    }
    *out = v;
    return text.n && v <= max;
}

static err number_of(const struct scn_arg *a, uint64_t max, uint64_t *out, char *why, size_t why_n)
{
    slice text = octets(a);
    if (number(text, max, out)) return OK;
    return wrong(why, why_n, "%s=%.*s: a number up to %llu is wanted, decimal or with 0x in front", a->key,
                 (int)(text.n < 40 ? text.n : 40), (const char *)text.p, (unsigned long long)max);
}

err oe_arg_number(const struct scn_stmt *s, const char *key, uint64_t max, uint64_t *out, char *why,
                  size_t why_n)
{
    const struct scn_arg *a = scn_named(s, key);
    return a ? number_of(a, max, out, why, why_n) : OK;
}

err oe_arg_known(const struct scn_stmt *s, const char *const *keys, char *why, size_t why_n)
{
    for (size_t i = 0; i < s->args; i++) {
        const char *const *k = keys;
        size_t at = 0;
        if (!s->arg[i].key) continue;
        while (*k && strcmp(*k, s->arg[i].key) != 0)
            k++;
        if (*k) continue;
        at = (size_t)snprintf(why, why_n, "%s= says nothing here; there are", s->arg[i].key);
        for (k = keys; *k && at < why_n; k++)
            at += (size_t)snprintf(why + at, why_n - at, " %s=", *k);
        return ERR_USE;
    }
    return OK;
}

err oe_arg_hex(slice digits, struct buf *out, char *why, size_t why_n)
{
    if (digits.n % 2) return wrong(why, why_n, "hexadecimal with an odd number of digits");
    for (size_t i = 0; i < digits.n; i += 2) {
        int high = hex_digit(digits.p[i]), low = hex_digit(digits.p[i + 1]);
        if (high < 0 || low < 0)
            return wrong(why, why_n, "digit %zu is not hexadecimal", i + (high < 0 ? 1 : 2));
        TRY(buf_add_byte(out, (uint8_t)(high << 4 | low)));
    }
    return OK;
}

/* --- TXT -------------------------------------------------------------------------------------- */

static err add_string(slice s, size_t length, struct buf *out)
{
    TRY(buf_add_byte(out, (uint8_t)length));
    return buf_add(out, s);
}

/* strings=... each of its own, with the length that length= claims behind it. */
static err by_strings(const struct scn_stmt *s, struct buf *out, char *why, size_t why_n)
{
    const struct scn_arg *held = NULL;
    for (size_t i = 0; i <= s->args; i++) {
        const struct scn_arg *a = i < s->args ? &s->arg[i] : NULL;
        uint64_t length = octets(held).n;
        bool claims = a && is(a, "length"), next = !a || is(a, "strings");
        if (claims && !held) return wrong(why, why_n, "length= belongs behind the strings= that it is about");
        if (claims) TRY(number_of(a, OE_STRING_MAX, &length, why, why_n));
        if (held && (claims || next)) {
            if (length > OE_STRING_MAX)
                return wrong(why, why_n,
                             "a character-string has at most %d octets: this one has %llu (text= cuts by "
                             "itself, length= claims another length)",
                             OE_STRING_MAX, (unsigned long long)length);
            TRY(add_string(octets(held), (size_t)length, out));
            held = NULL;
        }
        if (a && next) held = a;
    }
    return OK;
}

/* text= cut where at= says, and at 255 octets. */
static err by_text(const struct scn_stmt *s, slice text, struct buf *out, char *why, size_t why_n)
{
    size_t cut[CUTS], cuts = 0, pos = 0, k = 0;
    for (size_t i = 0; i < s->args && cuts < CUTS; i++) {
        uint64_t at = 0;
        if (!is(&s->arg[i], "at")) continue;
        TRY(number_of(&s->arg[i], UINT32_MAX, &at, why, why_n));
        if (at > text.n || (cuts && at < cut[cuts - 1]))
            return wrong(why, why_n, "at=%llu: the text has %zu octets, and cuts stand in ascending order",
                         (unsigned long long)at, text.n);
        cut[cuts++] = (size_t)at;
    }
    for (;;) {
        size_t end = pos + OE_STRING_MAX < text.n ? pos + OE_STRING_MAX : text.n;
        bool told = k < cuts && cut[k] <= end;
        if (told) end = cut[k++];
        TRY(add_string(slice_sub(text, pos, end), end - pos, out));
        pos = end;
        if (pos == text.n && k == cuts && !told) return OK;
        if (pos == text.n && k == cuts && told)
            return add_string(SLICE_NONE, 0, out); /* a cut at the very end leaves an empty one */
    }
}

/* The record as it should be, from its three fields. */
static err by_fields(const struct env *env, const struct scn_stmt *s, struct buf *out, char *why,
                     size_t why_n)
{
    uint64_t precedence = 10;
    struct buf text;
    buf_init(&text, env->mem, OE_RDATA_MAX);
    err e = oe_arg_number(s, "precedence", UINT32_MAX, &precedence, why, why_n);
    if (e == OK) e = buf_addf(&text, OE_ATTRIBUTE "(%llu)=", (unsigned long long)precedence);
    if (e == OK) e = buf_add(&text, oe_arg_octets(s, "gateway"));
    if (e == OK && oe_arg_octets(s, "key").n) e = buf_add_byte(&text, ' ');
    if (e == OK) e = buf_add(&text, oe_arg_octets(s, "key"));
    if (e == OK) e = by_text(s, buf_slice(&text), out, why, why_n);
    buf_done(&text);
    return e;
}

err oe_rdata_txt(const struct env *env, const struct scn_stmt *s, struct buf *out, char *why, size_t why_n)
{
    bool text = given(s, "text"), strings = given(s, "strings"), hex = given(s, "hex"),
         fields = given(s, "gateway");
    if (text + strings + hex + fields != 1)
        return wrong(why, why_n,
                     "a TXT record is said by one of text=\"...\", strings=\"...\" (several), hex=..., or "
                     "gateway= with precedence= and key=");
    if (given(s, "length") && !strings) return wrong(why, why_n, "length= belongs behind strings=");
    if (given(s, "at") && !text && !fields) return wrong(why, why_n, "at= cuts text=");
    if (!fields && (given(s, "precedence") || given(s, "key")))
        return wrong(why, why_n, "precedence= and key= go with gateway=");
    if (hex) return oe_arg_hex(oe_arg_octets(s, "hex"), out, why, why_n);
    if (strings) return by_strings(s, out, why, why_n);
    return text ? by_text(s, oe_arg_octets(s, "text"), out, why, why_n) : by_fields(env, s, out, why, why_n);
}

/* --- KEY -------------------------------------------------------------------------------------- */

/* Exponent and modulus in the form that the case wants, right or wrong. */
static err by_numbers(const struct env *env, const struct scn_stmt *s, struct buf *out, char *why,
                      size_t why_n)
{
    struct buf e, m;
    const char *form = oe_arg(s, "form");
    buf_init(&e, env->mem, OE_RDATA_MAX);
    buf_init(&m, env->mem, OE_RDATA_MAX);
    err r = oe_arg_hex(oe_arg_octets(s, "exponent"), &e, why, why_n);
    if (r == OK) r = oe_arg_hex(oe_arg_octets(s, "modulus"), &m, why, why_n);
    bool is_long = form ? strcmp(form, "long") == 0 : e.n > 255;
    if (r == OK && form && !is_long && strcmp(form, "short") != 0)
        r = wrong(why, why_n, "form=%s: there are short and long", form);
    if (r == OK && !is_long && e.n > 255)
        r = wrong(why, why_n, "the short form has exponents up to 255 octets: this one has %zu", e.n);
    if (r == OK && is_long) r = buf_add_byte(out, 0);
    if (r == OK && is_long) r = buf_add_byte(out, (uint8_t)(e.n >> 8));
    if (r == OK) r = buf_add_byte(out, (uint8_t)e.n);
    if (r == OK) r = buf_add(out, buf_slice(&e));
    if (r == OK) r = buf_add(out, buf_slice(&m));
    buf_done(&e);
    buf_done(&m);
    return r;
}

static err key_octets(const struct env *env, const struct scn_stmt *s, struct buf *out, char *why,
                      size_t why_n)
{
    uint64_t flags = OE_KEY_FLAGS, protocol = OE_KEY_IPSEC, algorithm = OE_KEY_RSAMD5;
    struct base64_fault f;
    bool key = given(s, "key"), numbers = given(s, "exponent") || given(s, "modulus");
    if (given(s, "hex")) {
        if (key || numbers || given(s, "flags") || given(s, "protocol") || given(s, "algorithm"))
            return wrong(why, why_n, "hex= is the whole of RDATA: nothing but cut= goes with it");
        return oe_arg_hex(oe_arg_octets(s, "hex"), out, why, why_n);
    }
    if (key == numbers)
        return wrong(
            why, why_n,
            "a KEY record is said by key=BASE64 (\"\" for none), by exponent= and modulus=, or by hex=...");
    TRY(oe_arg_number(s, "flags", 0xffff, &flags, why, why_n));
    TRY(oe_arg_number(s, "protocol", 0xff, &protocol, why, why_n));
    TRY(oe_arg_number(s, "algorithm", 0xff, &algorithm, why, why_n));
    TRY(buf_add_byte(out, (uint8_t)(flags >> 8)));
    TRY(buf_add_byte(out, (uint8_t)flags));
    TRY(buf_add_byte(out, (uint8_t)protocol));
    TRY(buf_add_byte(out, (uint8_t)algorithm));
    if (numbers) return by_numbers(env, s, out, why, why_n);
    err e = base64_decode(oe_arg_octets(s, "key"), true, out, &f);
    return e == ERR_PEER
               ? wrong(why, why_n, "key= is no base64 (%s at %zu): octets that are none are said by hex=",
                       base64_flaw_text(f.flaw), f.at)
               : e;
}

err oe_rdata_key(const struct env *env, const struct scn_stmt *s, struct buf *out, char *why, size_t why_n)
{
    size_t was = out->n;
    TRY(key_octets(env, s, out, why, why_n));
    uint64_t keep = out->n - was;
    TRY(oe_arg_number(s, "cut", keep, &keep, why, why_n));
    buf_unadd(out, out->n - was - (size_t)keep);
    return OK;
}

/* --- statements ------------------------------------------------------------------------------- */

static const char *kind_of(const struct scn_stmt *s)
{
    const struct scn_arg *first = scn_first(s);
    return s->word == SCN_SEND && first && first->values ? (const char *)first->value[0].p : "";
}

bool oe_rdata_is(const struct scn_stmt *s)
{
    const char *k = kind_of(s);
    return strcmp(k, "record") == 0 || strcmp(k, "key") == 0 || strcmp(k, "master") == 0;
}

static err master(const struct scn_stmt *s, struct oe_rdata *out, char *why, size_t why_n)
{
    const char *type = oe_arg(s, "type");
    bool txt = type && strcmp(type, "TXT") == 0;
    if (!txt && (!type || strcmp(type, "KEY") != 0))
        return wrong(why, why_n, "send master wants type=TXT or type=KEY");
    if (!given(s, "text"))
        return wrong(why, why_n, "send master wants text=\"...\": RDATA as a master file has it");
    out->form = OE_RDATA_MASTER;
    out->type = txt ? OE_RR_TXT : OE_RR_KEY;
    return buf_add(&out->octets, oe_arg_octets(s, "text"));
}

err oe_rdata_of(const struct env *env, const struct scn_stmt *s, struct oe_rdata *out, char *why,
                size_t why_n)
{
    static const char *const of_record[] = {"text",       "strings", "length", "hex", "at",
                                            "precedence", "gateway", "key",    NULL};
    static const char *const of_key[] = {"flags",   "protocol", "algorithm", "key", "exponent",
                                         "modulus", "form",     "hex",       "cut", NULL};
    static const char *const of_master[] = {"type", "text", NULL};
    const char *kind = kind_of(s);
    bool txt = strcmp(kind, "record") == 0, key = strcmp(kind, "key") == 0,
         text = strcmp(kind, "master") == 0;
    *out = (struct oe_rdata){.type = txt ? OE_RR_TXT : OE_RR_KEY};
    buf_init(&out->octets, env->mem, text ? OE_MASTER_MAX : OE_RDATA_MAX);
    if (!txt && !key && !text)
        return wrong(why, why_n, "unknown message %s; there are record, key and master", kind);
    if (s->changes) return wrong(why, why_n, "a record has no pieces for `but': say it as it should be sent");
    TRY(oe_arg_known(s, txt ? of_record : key ? of_key : of_master, why, why_n));
    err e = txt   ? oe_rdata_txt(env, s, &out->octets, why, why_n)
            : key ? oe_rdata_key(env, s, &out->octets, why, why_n)
                  : master(s, out, why, why_n);
    if (e == ERR_LIMIT) snprintf(why, why_n, "longer than RDATA can be: %d octets", OE_RDATA_MAX);
    return e;
}

void oe_rdata_done(struct oe_rdata *r)
{
    buf_done(&r->octets);
}
