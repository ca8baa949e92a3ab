/* SPDX-License-Identifier: MIT */
#include "codec/oe_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codec/oe_line_impl.h"

#define WORD(n, s) s,
const char *const oe_line_op_names[OE_OP_COUNT + 1] = {OE_OPS(WORD) NULL};
const char *const oe_line_class_names[OE_LINE_CLASS_COUNT + 1] = {OE_LINE_CLASSES(WORD) NULL};
const char *const oe_line_nat_names[OE_LINE_NAT_COUNT + 1] = {OE_LINE_NATS(WORD) NULL};
const char *const oe_line_unsigned_names[OE_UNSIGNED_COUNT + 1] = {OE_LINE_UNSIGNEDS(WORD) NULL};
const char *const oe_line_report_names[OE_LINE_REPORT_COUNT + 1] = {OE_LINE_REPORTS(WORD) NULL};
const char *const oe_line_id_names[OE_ID_COUNT + 1] = {OE_IDS(WORD) NULL};
const char *const oe_line_says_names[OE_SAYS_COUNT + 1] = {OE_SAYS(WORD) NULL};
const char *const oe_line_decision_names[OE_LINE_DECISION_COUNT + 1] = {OE_LINE_DECISIONS(WORD) NULL};
const char *const oe_line_verdict_names[OE_LINE_VERDICT_COUNT + 1] = {OE_LINE_VERDICTS(WORD) NULL};
const char *const oe_line_gateway_names[OE_GATEWAYS + 1] = {"none", "ipv4", "ipv6", "fqdn", NULL};

/* --- a stream into lines ------------------------------------------------------------------------------------------------------ */

void oe_lines_init(struct oe_lines *c, const struct mem *mem)
{
    *c = (struct oe_lines){.given = false};
    buf_init(&c->held, mem, OE_LINE_MAX);
}

void oe_lines_done(struct oe_lines *c)
{
    buf_done(&c->held);
}

static bool blank(slice s)
{
    return slice_trim(s).n == 0;
}

static slice without_cr(slice s)
{
    return s.n && s.p[s.n - 1] == '\r' ? slice_sub(s, 0, s.n - 1) : s;
}

err oe_lines_next(struct oe_lines *c, slice *octets, slice *line)
{
    if (c->given) {
        /* a stream of usual lines keeps its memory; one that was huge once does not hold it for the rest of the run */
        if (c->held.cap > (1 << 16)) buf_shrink(&c->held);
        else buf_clear(&c->held);
        c->given = false;
    }
    while (octets->n) {
        size_t end = slice_find(*octets, SLICE_LIT("\n"));
        bool whole = end < octets->n;
        slice part = slice_sub(*octets, 0, end);
        *octets = slice_sub(*octets, whole ? end + 1 : end, octets->n);
        if (c->skipping) {
            c->skipping = !whole;
            continue;
        }
        /* whole at once: nothing has to be held */
        if (whole && c->held.n == 0 && part.n <= OE_LINE_MAX) {
            *line = without_cr(part);
            if (blank(*line)) continue;
            return OK;
        }
        err e = buf_add(&c->held, part);
        if (e != OK) {
            buf_shrink(&c->held);
            c->skipping = !whole;
            return e;
        }
        if (!whole) continue;
        *line = without_cr(buf_slice(&c->held));
        c->given = true;
        if (!blank(*line)) return OK;
        buf_clear(&c->held);
        c->given = false;
    }
    return ERR_MORE;
}

/* --- reading --------------------------------------------------------------------------------------------------------------------- */

err line_fault(struct line_reader *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->f->why, sizeof r->f->why, fmt, args);
    va_end(args);
    return ERR_PEER;
}

static err missing(struct line_reader *r, const char *key, bool must)
{
    return must ? line_fault(r, "%s%s is missing", r->path, key) : OK;
}

static bool control(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 127) return true;
    }
    return false;
}

static const char *kind(const json_t *v)
{
    static const char *const names[] = {"an object", "a list", "a text", "a number", "a number with a fraction", "true", "false", "null"};
    return names[json_typeof(v)];
}

err line_text(struct line_reader *r, json_t *o, const char *key, bool must, const char **out)
{
    json_t *v = json_object_get(o, key);
    *out = "";
    if (!v) return missing(r, key, must);
    if (!json_is_string(v)) return line_fault(r, "%s%s is %s, and not a text", r->path, key, kind(v));
    if (json_string_length(v) > OE_LINE_TEXT_MAX) return line_fault(r, "%s%s has more than %d octets", r->path, key, OE_LINE_TEXT_MAX);
    if (control(json_string_value(v))) return line_fault(r, "%s%s has a control character", r->path, key);
    if (must && json_string_length(v) == 0) return line_fault(r, "%s%s is empty", r->path, key);
    *out = arena_text(r->own, slice_str(json_string_value(v)));
    return *out ? OK : ERR_MEM;
}

err line_word(struct line_reader *r, json_t *o, const char *key, bool must, const char *const *words, unsigned *out)
{
    json_t *v = json_object_get(o, key);
    char list[120] = "";
    size_t n = 0;
    if (!v) return missing(r, key, must);
    for (unsigned i = 0; words[i]; i++) {
        if (json_is_string(v) && strcmp(json_string_value(v), words[i]) == 0) {
            *out = i;
            return OK;
        }
        if (n < sizeof list) n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", words[i]);
    }
    return line_fault(r, "%s%s is none of %s", r->path, key, list);
}

err line_number(struct line_reader *r, json_t *o, const char *key, bool must, uint64_t min, uint64_t max, uint64_t *out)
{
    json_t *v = json_object_get(o, key);
    if (!v) return missing(r, key, must);
    json_int_t i = json_integer_value(v); /* 0 unless it is one */
    /* 10.0 and 1e1 are 10 in JSON, and some languages write all numbers so. Up to 2^53 each whole number is itself as double */
    double d = json_real_value(v);
    if (json_is_real(v) && d >= -9007199254740992.0 && d <= 9007199254740992.0 && (double)(json_int_t)d == d) i = (json_int_t)d;
    else if (!json_is_integer(v)) return line_fault(r, "%s%s is %s, and not a whole number", r->path, key, kind(v));
    if (i < 0 || (uint64_t)i < min || (uint64_t)i > max)
        return line_fault(r, "%s%s is not between %llu and %llu", r->path, key, (unsigned long long)min, (unsigned long long)max);
    *out = (uint64_t)i;
    return OK;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

err line_hex(struct line_reader *r, json_t *o, const char *key, slice *out)
{
    json_t *v = json_object_get(o, key);
    if (!v) return missing(r, key, true);
    if (!json_is_string(v)) return line_fault(r, "%s%s is %s, and not a text", r->path, key, kind(v));
    const char *text = json_string_value(v);
    size_t n = json_string_length(v);
    if (n % 2) return line_fault(r, "%s%s has an odd number of digits", r->path, key);
    if (n / 2 > OE_TXT_MAX) return line_fault(r, "%s%s has more than %d octets", r->path, key, OE_TXT_MAX);
    uint8_t *octets = arena_new(r->own, n / 2 + 1);
    if (!octets) return ERR_MEM;
    for (size_t i = 0; i < n / 2; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return line_fault(r, "%s%s has something else than hexadecimal digits", r->path, key);
        octets[i] = (uint8_t)(high << 4 | low);
    }
    *out = slice_of(octets, n / 2);
    return OK;
}

static uint32_t bits_of(slice number)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < number.n; i++) {
        if (!bits && !number.p[i]) continue;
        if (bits) bits += 8;
        else
            for (unsigned v = number.p[i]; v; v >>= 1)
                bits++;
    }
    return bits;
}

err line_rsa(struct line_reader *r, json_t *key, const char *what, bool must, struct oe_rsa *out)
{
    char path[80];
    struct line_reader in = *r;
    *out = (struct oe_rsa){.bits = 0};
    if (!key) return missing(r, what, must);
    if (json_is_null(key) && !must) return OK;
    if (!json_is_object(key)) return line_fault(r, "%s%s is %s, and not a key", r->path, what, kind(key));
    snprintf(path, sizeof path, "%s%s.", r->path, what);
    in.path = path;
    TRY(line_hex(&in, key, "exponent_hex", &out->exponent));
    TRY(line_hex(&in, key, "modulus_hex", &out->modulus));
    if (out->modulus.n == 0) return line_fault(&in, "%smodulus_hex is empty", path);
    out->bits = bits_of(out->modulus);
    return OK;
}

err line_list(struct line_reader *r, json_t *o, const char *key, json_t **out)
{
    *out = json_object_get(o, key);
    if (!*out) return OK;
    if (!json_is_array(*out)) return line_fault(r, "%s%s is %s, and not a list", r->path, key, kind(*out));
    if (json_array_size(*out) > OE_LINE_LIST_MAX) return line_fault(r, "%s%s has more than %d entries", r->path, key, OE_LINE_LIST_MAX);
    return OK;
}

err line_keys(struct line_reader *r, json_t *o, bool must, struct oe_rsa **out, size_t *n)
{
    json_t *list;
    char what[32];
    *out = NULL;
    *n = 0;
    TRY(line_list(r, o, "keys", &list));
    if (!list) return missing(r, "keys", must);
    struct oe_rsa *keys = arena_new(r->own, json_array_size(list) * sizeof *keys);
    if (!keys) return ERR_MEM;
    for (size_t i = 0; i < json_array_size(list); i++) {
        snprintf(what, sizeof what, "keys[%zu]", i);
        TRY(line_rsa(r, json_array_get(list, i), what, true, &keys[i]));
    }
    *out = keys;
    *n = json_array_size(list);
    return OK;
}

err line_open(struct line_reader *r, slice line, json_t **root, const char **id)
{
    json_error_t bad;
    *id = "";
    *r->f = (struct oe_line_fault){.id = ""};
    /* a member that stands twice would mean one thing to us and another to somebody else */
    *root = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, &bad);
    if (!*root) {
        if (json_error_code(&bad) == json_error_out_of_memory) return ERR_MEM;
        /* these two are JSON */
        if (json_error_code(&bad) == json_error_null_character) return line_fault(r, "a text has a NUL in it (octet %d)", bad.position);
        if (json_error_code(&bad) == json_error_numeric_overflow) return line_fault(r, "a number is too large for any member (octet %d)", bad.position);
        for (char *p = bad.text; *p; p++) { /* it quotes the line, whatever octets that has */
            if (*p < ' ' || *p > '~') *p = '?';
        }
        return line_fault(r, "no JSON: %.100s (octet %d)", bad.text, bad.position);
    }
    if (!json_is_object(*root)) return line_fault(r, "the line is %s, and not an object", kind(*root));
    json_t *v = json_object_get(*root, "id");
    if (json_is_string(v) && json_string_length(v) > OE_LINE_ID_MAX) return line_fault(r, "id has more than %d octets", OE_LINE_ID_MAX);
    TRY(line_text(r, *root, "id", true, id));
    snprintf(r->f->id, sizeof r->f->id, "%s", *id);
    return OK;
}

/* --- writing --------------------------------------------------------------------------------------------------------------------- */

void line_begin(struct line_writer *w)
{
    w->o = json_object();
    w->e = w->o ? OK : ERR_MEM;
}

void line_put(struct line_writer *w, json_t *o, const char *key, json_t *v)
{
    if (w->e == OK && !v) w->e = ERR_MEM;
    if (w->e != OK) {
        json_decref(v);
        return;
    }
    if ((json_is_array(o) ? json_array_append_new(o, v) : json_object_set_new(o, key, v)) != 0) w->e = ERR_MEM;
}

void line_put_text(struct line_writer *w, json_t *o, const char *key, const char *text)
{
    json_t *v = w->e == OK && text ? json_string(text) : NULL;
    if (w->e != OK) return;
    if (!text) {
        w->e = ERR_USE;
        return;
    }
    for (const char *p = text; !v && *p; p++) {
        if ((unsigned char)*p > 127) w->e = ERR_USE; /* no UTF-8 */
    }
    if (v || w->e == OK) line_put(w, o, key, v);
}

void line_put_some(struct line_writer *w, json_t *o, const char *key, const char *text)
{
    if (text && *text) line_put_text(w, o, key, text);
}

void line_put_number(struct line_writer *w, json_t *o, const char *key, uint64_t v)
{
    if (v > INT64_MAX && w->e == OK) w->e = ERR_USE;
    if (w->e == OK) line_put(w, o, key, json_integer((json_int_t)v));
}

void line_put_hex(struct line_writer *w, json_t *o, const char *key, slice octets)
{
    static const char digits[] = "0123456789abcdef";
    struct buf text;
    if (w->e != OK) return;
    if (octets.n > OE_TXT_MAX) {
        w->e = ERR_USE;
        return;
    }
    buf_init(&text, &mem_libc, 2 * (size_t)OE_TXT_MAX + 1);
    for (size_t i = 0; i < octets.n && w->e == OK; i++) {
        char two[2] = {digits[octets.p[i] >> 4], digits[octets.p[i] & 15]};
        w->e = buf_add(&text, slice_of(two, 2));
    }
    slice all = buf_slice(&text);
    if (w->e == OK) line_put(w, o, key, all.n ? json_stringn((const char *)all.p, all.n) : json_string(""));
    buf_done(&text);
}

void line_put_rsa(struct line_writer *w, json_t *o, const char *key, const struct oe_rsa *k)
{
    if (w->e != OK) return;
    json_t *v = k->modulus.n ? json_object() : json_null();
    line_put(w, o, key, v);
    if (w->e != OK || k->modulus.n == 0) return;
    line_put_hex(w, v, "exponent_hex", k->exponent);
    line_put_hex(w, v, "modulus_hex", k->modulus);
}

void line_put_keys(struct line_writer *w, json_t *o, const struct oe_rsa *k, size_t n)
{
    json_t *list = w->e == OK ? json_array() : NULL;
    if (w->e == OK) line_put(w, o, "keys", list);
    for (size_t i = 0; i < n && w->e == OK; i++) {
        if (k[i].modulus.n == 0) w->e = ERR_USE;
        else line_put_rsa(w, list, NULL, &k[i]);
    }
}

void line_put_word(struct line_writer *w, json_t *o, const char *key, const char *const *words, size_t count, size_t index)
{
    if (w->e == OK && index >= count) w->e = ERR_USE;
    if (w->e == OK) line_put_text(w, o, key, words[index]);
}

struct sink {
    struct buf *out;
    err e;
};

static int sink(const char *octets, size_t n, void *ctx)
{
    struct sink *s = ctx;
    s->e = buf_add(s->out, slice_of(octets, n));
    return s->e == OK ? 0 : -1;
}

err line_close(struct line_writer *w, struct buf *out)
{
    struct sink s = {.out = out};
    size_t had = out->n;
    if (w->e == OK && json_dump_callback(w->o, sink, &s, JSON_COMPACT) != 0) w->e = s.e != OK ? s.e : ERR_MEM;
    if (w->e == OK) w->e = buf_add_byte(out, '\n');
    if (w->e != OK && out->n > had) buf_unadd(out, out->n - had);
    json_decref(w->o);
    w->o = NULL;
    return w->e;
}
