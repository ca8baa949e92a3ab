/* SPDX-License-Identifier: MIT */
#include "codec/oe_master.h"

#include <string.h>

enum {
    KEY_HEAD = 4,   /* flags, protocol, algorithm */
    HEAD_WORDS = 4, /* owner, TTL, class, type */
    DIGITS_MAX = (OE_RDATA_MAX / 3 + 1) * 4
};

struct lex {
    slice in;
    size_t at;
    bool over; /* the line is, and was passed */
    bool open; /* within parentheses, where a line end is a blank */
    struct oe_text_fault *fault;
};

struct word {
    slice raw; /* without the quotation marks, escapes as they are */
    size_t at;
    bool quoted;
};

enum lexed { WORD, END, BAD };

static enum lexed bad(struct lex *l, size_t at, const char *why)
{
    *l->fault = (struct oe_text_fault){.code = OE_F_MASTER, .at = at, .why = why};
    return BAD;
}

static err refuse(struct lex *l, size_t at, const char *why)
{
    bad(l, at, why);
    return ERR_PEER;
}

static bool special(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '(' || c == ')' || c == ';' || c == '"';
}

/* Blanks, comments and parentheses in front of a word.  END: the line is over and was passed. */
static enum lexed skip(struct lex *l)
{
    for (; l->at < l->in.n; l->at++) {
        uint8_t c = l->in.p[l->at];
        if (c == ';') {
            while (l->at + 1 < l->in.n && l->in.p[l->at + 1] != '\n')
                l->at++;
        } else if (c == '\n' && !l->open) {
            l->at++;
            return END;
        } else if (c == '(') {
            if (l->open) return bad(l, l->at, "a parenthesis within parentheses");
            l->open = true;
        } else if (c == ')') {
            if (!l->open) return bad(l, l->at, "a closing parenthesis without an opening one");
            l->open = false;
        } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            return WORD;
        }
    }
    return l->open ? bad(l, l->in.n, "a parenthesis that is not closed") : END;
}

static enum lexed next(struct lex *l, struct word *w)
{
    enum lexed found = skip(l);
    l->over = found == END;
    if (found != WORD) return found;
    size_t from = l->at;
    w->quoted = l->in.p[from] == '"';
    if (w->quoted) from = ++l->at;
    for (; l->at < l->in.n; l->at++) {
        uint8_t c = l->in.p[l->at];
        if (c == '\\') {
            if (++l->at == l->in.n) return bad(l, l->at, "a backslash with nothing behind it");
        } else if (w->quoted) {
            if (c == '"') break;
            if (c == '\n') return bad(l, l->at, "a quoted string that its line does not end");
        } else if (special(c)) {
            if (c == '"') return bad(l, l->at, "a quotation mark within a word");
            break;
        }
    }
    w->raw = slice_sub(l->in, from, l->at);
    w->at = from;
    if (!w->quoted) return WORD;
    if (l->at == l->in.n) return bad(l, l->at, "a quoted string without its end");
    l->at++;
    return WORD;
}

/* --- words
 * ---------------------------------------------------------------------------------------------------- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* One octet at *i, which is passed.  False: an escape that stands for none. */
static bool octet(slice raw, size_t *i, uint8_t *c)
{
    *c = raw.p[(*i)++];
    if (*c != '\\') return true;
    *c = raw.p[(*i)++]; /* there is one: next saw to it */
    if (!is_digit(*c)) return true;
    if (raw.n - *i < 2 || !is_digit(raw.p[*i]) || !is_digit(raw.p[*i + 1])) return false;
    unsigned v =
        (unsigned)(*c - '0') * 100 + (unsigned)(raw.p[*i] - '0') * 10 + (unsigned)(raw.p[*i + 1] - '0');
    *i += 2;
    *c = (uint8_t)v;
    return v < 256;
}

static err add_string(struct lex *l, const struct word *w, struct buf *out)
{
    size_t head = out->n, i = 0;
    TRY(buf_add_byte(out, 0));
    while (i < w->raw.n) {
        uint8_t c;
        size_t at = i;
        if (!octet(w->raw, &i, &c))
            return refuse(l, w->at + at, "a backslash wants three digits up to 255 behind it");
        if (out->n - head > OE_STRING_MAX) {
            *l->fault = (struct oe_text_fault){
                .code = OE_F_MASTER_STRING, .at = w->at + at, .why = "a string of more than 255 octets"};
            return ERR_PEER;
        }
        TRY(buf_add_byte(out, c));
    }
    out->p[out->from + head] = (uint8_t)(out->n - head - 1);
    return OK;
}

static int hex(uint8_t c)
{
    if (is_digit(c)) return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct mnemonic {
    const char *name;
    uint16_t value;
};

static const struct mnemonic *mnemonic(const struct mnemonic *list, slice s)
{
    for (; list->name; list++) {
        if (slice_eq_nocase(slice_str(list->name), s)) return list;
    }
    return NULL;
}

/* RFC 2535 7.1 and 3.1.3, 3.2; RFC 3110 for 5. */
static const struct mnemonic flag_names[] = {
    {"NOAUTH", 0x8000}, {"NOCONF", 0x4000}, {"NOKEY", 0xC000},  {"FLAG2", 0x2000},
    {"EXTEND", 0x1000}, {"FLAG4", 0x0800},  {"FLAG5", 0x0400},  {"USER", 0},
    {"ZONE", 0x0100},   {"HOST", 0x0200},   {"NTYP3", 0x0300},  {"FLAG8", 0x0080},
    {"FLAG9", 0x0040},  {"FLAG10", 0x0020}, {"FLAG11", 0x0010}, {NULL, 0}};
static const struct mnemonic protocol_names[] = {{"NONE", 0},  {"TLS", 1},   {"EMAIL", 2}, {"DNSSEC", 3},
                                                 {"IPSEC", 4}, {"ALL", 255}, {NULL, 0}};
static const struct mnemonic algorithm_names[] = {
    {"RSAMD5", 1},  {"RSA", 1},        {"DH", 2},           {"DSA", 3},          {"ECC", 4},
    {"RSASHA1", 5}, {"INDIRECT", 252}, {"PRIVATEDNS", 253}, {"PRIVATEOID", 254}, {NULL, 0}};

static bool flag_word(slice s, uint16_t *out)
{
    uint64_t v;
    const struct mnemonic *m = mnemonic(flag_names, s);
    if (m) *out = m->value;
    if (m) return true;
    if (!slice_starts_nocase(s, SLICE_LIT("SIG")) || !slice_number(slice_sub(s, 3, s.n), 15, &v))
        return false;
    *out = (uint16_t)v;
    return true;
}

/* A number, 0x and hexadecimal digits, or mnemonics with vertical bars between. */
static bool flags_of(slice s, uint16_t *out, bool *as_hex)
{
    uint64_t v = 0;
    *as_hex = slice_starts_nocase(s, SLICE_LIT("0x"));
    if (*as_hex) {
        if (s.n < 3 || s.n > 6) return false;
        for (size_t i = 2; i < s.n; i++) {
            if (hex(s.p[i]) < 0) return false;
            v = v << 4 | (unsigned)hex(s.p[i]);
        }
        *out = (uint16_t)v;
        return true;
    }
    if (slice_number(s, 0xFFFF, &v)) {
        *out = (uint16_t)v;
        return true;
    }
    for (*out = 0;;) {
        uint16_t one;
        size_t bar = slice_find(s, SLICE_LIT("|"));
        if (!flag_word(slice_sub(s, 0, bar), &one)) return false;
        *out |= one;
        if (bar == s.n) return true;
        s = slice_sub(s, bar + 1, s.n);
    }
}

static bool octet_of(slice s, const struct mnemonic *names, uint8_t *out)
{
    uint64_t v;
    const struct mnemonic *m = mnemonic(names, s);
    if (m)
        *out = (uint8_t)m->value;
    else if (slice_number(s, 255, &v))
        *out = (uint8_t)v;
    else
        return false;
    return true;
}

/* --- RDATA
 * ----------------------------------------------------------------------------------------------------- */

static err txt_rdata(struct lex *l, struct word *w, struct oe_rr *rr)
{
    enum lexed got = WORD;
    for (; got == WORD; got = next(l, w))
        TRY(add_string(l, w, &rr->rdata));
    return got == BAD ? ERR_PEER : OK;
}

/* RFC 3597 5: the number of octets, then hexadecimal digits in words of whole octets. */
static err generic_rdata(struct lex *l, struct word *w, struct oe_rr *rr)
{
    uint64_t n;
    enum lexed got = next(l, w);
    if (got == BAD) return ERR_PEER;
    if (got == END || w->quoted || !slice_number(w->raw, OE_RDATA_MAX, &n))
        return refuse(l, got == END ? l->at : w->at, "\\# wants a number of octets up to 65535 behind it");
    while ((got = next(l, w)) == WORD) {
        if (w->quoted || w->raw.n % 2)
            return refuse(l, w->at, "hexadecimal digits that are not whole octets");
        for (size_t i = 0; i < w->raw.n; i += 2) {
            int a = hex(w->raw.p[i]), b = hex(w->raw.p[i + 1]);
            if (a < 0 || b < 0) return refuse(l, w->at + i, "no hexadecimal digit");
            if (rr->rdata.n == n)
                return refuse(l, w->at + i, "more octets than the number in front of them says");
            TRY(buf_add_byte(&rr->rdata, (uint8_t)(a << 4 | b)));
        }
    }
    if (got == BAD) return ERR_PEER;
    return rr->rdata.n == n ? OK : refuse(l, l->at, "fewer octets than the number in front of them says");
}

static err key_digits(struct lex *l, struct word *w, struct buf *digits, size_t *first)
{
    enum lexed got;
    *first = l->at;
    while ((got = next(l, w)) == WORD) {
        if (w->quoted) return refuse(l, w->at, "a quoted string where base64 is wanted");
        if (digits->n == 0) *first = w->at;
        err e = buf_add(digits, w->raw);
        if (e == ERR_LIMIT) return refuse(l, w->at, "RDATA of more than 65535 octets");
        TRY(e);
    }
    return got == BAD ? ERR_PEER : OK;
}

static err key_rdata(const struct env *env, struct lex *l, struct word *w, struct oe_rr *rr)
{
    uint16_t flags;
    uint8_t head[KEY_HEAD];
    struct buf digits;
    struct base64_passed p;
    size_t first = 0;
    if (w->quoted || !flags_of(w->raw, &flags, &rr->hex_flags))
        return refuse(l, w->at, "no flags of a KEY record");
    for (size_t i = 2; i < KEY_HEAD; i++) {
        enum lexed got = next(l, w);
        if (got == BAD) return ERR_PEER;
        if (got == END || w->quoted || !octet_of(w->raw, i == 2 ? protocol_names : algorithm_names, &head[i]))
            return refuse(l, got == END ? l->at : w->at,
                          i == 2 ? "no protocol of a KEY record" : "no algorithm of a KEY record");
    }
    head[0] = (uint8_t)(flags >> 8);
    head[1] = (uint8_t)flags;
    buf_init(&digits, env->mem, DIGITS_MAX);
    err e = key_digits(l, w, &digits, &first);
    if (e == OK) e = buf_add(&rr->rdata, slice_of(head, sizeof head));
    if (e == OK) {
        e = base64_decode_lax(buf_slice(&digits), BASE64_LAX_BITS | BASE64_LAX_PADDING, &rr->rdata, NULL, &p);
        if (e == ERR_PEER) refuse(l, first, "base64 that cannot be read");
        if (e == ERR_LIMIT) e = refuse(l, first, "RDATA of more than 65535 octets");
        if (e == OK) rr->lax = p.lax;
    }
    buf_done(&digits);
    return e;
}

/* --- a record
 * -------------------------------------------------------------------------------------------------- */

static uint16_t type_of(const struct word *w)
{
    if (w->quoted) return 0;
    if (slice_eq_nocase(w->raw, SLICE_LIT("TXT")) || slice_eq_nocase(w->raw, SLICE_LIT("TYPE16")))
        return OE_RR_TXT;
    if (slice_eq_nocase(w->raw, SLICE_LIT("KEY")) || slice_eq_nocase(w->raw, SLICE_LIT("TYPE25")))
        return OE_RR_KEY;
    return 0;
}

/* What stands in front of the RDATA.  The first word is the owner unless the line begins with a blank, or it
 * is class or type: a record that was typed has no owner. */
static err head(struct lex *l, struct word *w, struct oe_rr *rr)
{
    bool owner = w->at == 0 || l->in.p[w->at - 1] == '\n', class = false;
    for (unsigned i = 0; i < HEAD_WORDS; i++) {
        uint64_t ttl;
        uint16_t type = type_of(w);
        if (type) {
            rr->type = type;
            return OK;
        }
        if (w->quoted) return refuse(l, w->at, "a quoted string where a type is wanted");
        if (!class && slice_eq_nocase(w->raw, SLICE_LIT("IN"))) {
            class = true;
        } else if (i == 0 && owner) {
            rr->owner = w->raw;
        } else if (!rr->ttl_given && slice_number(w->raw, 0x7FFFFFFF, &ttl)) { /* RFC 2181 8 */
            rr->ttl_given = true;
            rr->ttl = (uint32_t)ttl;
        } else {
            break;
        }
        enum lexed got = next(l, w);
        if (got == BAD) return ERR_PEER;
        if (got == END) return refuse(l, l->at, "a record without a type");
    }
    refuse(l, w->at, "neither TTL, IN, TXT nor KEY");
    l->fault->other = true;
    return ERR_PEER;
}

/* Behind a fault: where the next record begins. */
static size_t next_record(const struct lex *l)
{
    struct oe_text_fault none;
    struct lex on = *l;
    struct word w;
    enum lexed got = l->over ? END : WORD;
    on.fault = &none;
    while (got == WORD)
        got = next(&on, &w);
    if (got == END) return on.at;
    slice rest = slice_sub(l->in, l->fault->at, l->in.n); /* its line alone */
    size_t line = slice_find(rest, SLICE_LIT("\n"));
    return l->fault->at + line + (line < rest.n);
}

static err read_rdata(const struct env *env, struct lex *l, struct word *w, struct oe_rr *rr)
{
    err e;
    if (!w->quoted && slice_eq(w->raw, SLICE_LIT("\\#")))
        e = generic_rdata(l, w, rr);
    else
        e = rr->type == OE_RR_KEY ? key_rdata(env, l, w, rr) : txt_rdata(l, w, rr);
    return e == ERR_LIMIT ? refuse(l, w->at, "RDATA of more than 65535 octets") : e;
}

static err read_record(const struct env *env, struct lex *l, struct oe_rr *rr)
{
    struct word w;
    enum lexed got;
    do { /* lines with nothing on them */
        got = next(l, &w);
    } while (got == END && l->at < l->in.n);
    if (got != WORD) return got == END ? ERR_MORE : ERR_PEER;
    if (!rr->type) {
        bool directive = !w.quoted && slice_starts(w.raw, SLICE_LIT("$"));
        err e = directive ? refuse(l, w.at, "a directive") : head(l, &w, rr);
        l->fault->other |= directive;
        TRY(e);
        got = next(l, &w);
        if (got == BAD) return ERR_PEER;
        if (got == END) return refuse(l, l->at, "a record without RDATA");
    }
    return read_rdata(env, l, &w, rr);
}

err oe_master_read(const struct env *env, slice text, uint16_t type, struct oe_rr *rr,
                   struct oe_text_fault *f)
{
    struct lex l = {.in = text, .fault = f};
    *rr = (struct oe_rr){.type = type};
    *f = (struct oe_text_fault){.why = ""};
    buf_init(&rr->rdata, env->mem, OE_RDATA_MAX);
    if (text.n > OE_MASTER_MAX) return ERR_LIMIT;
    err e = read_record(env, &l, rr);
    rr->used = e == ERR_PEER ? next_record(&l) : l.at;
    return e;
}

void oe_rr_done(struct oe_rr *rr)
{
    buf_done(&rr->rdata);
}

err oe_txt_strings(slice text, size_t cut, struct buf *out)
{
    size_t had = out->n, at = 0;
    err e = OK;
    if (!cut || cut > OE_STRING_MAX) return ERR_USE;
    if (text.n + text.n / cut + 1 > OE_RDATA_MAX) return ERR_LIMIT;
    do {
        slice s = slice_sub(text, at, at + cut);
        e = buf_add_byte(out, (uint8_t)s.n);
        if (e == OK) e = buf_add(out, s);
        at += s.n;
    } while (e == OK && at < text.n);
    if (e != OK) buf_unadd(out, out->n - had);
    return e;
}

/* --- writing
 * --------------------------------------------------------------------------------------------------- */

static err write_string(slice s, struct buf *out)
{
    TRY(buf_add_byte(out, '"'));
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (c < ' ' || c > '~')
            TRY(buf_addf(out, "\\%03u", c));
        else if (c == '"' || c == '\\')
            TRY(buf_addf(out, "\\%c", c));
        else
            TRY(buf_add_byte(out, c));
    }
    return buf_add_byte(out, '"');
}

static err write_txt(slice r, enum oe_layout layout, struct buf *out)
{
    const char *between = layout == OE_WRAPPED ? "\n\t" : " ";
    if (r.n == 0) return ERR_USE; /* one string at least (RFC 1035 3.3.14) */
    if (layout == OE_WRAPPED) TRY(buf_add_str(out, "(\n\t"));
    for (size_t at = 0; at < r.n; at += (size_t)r.p[at] + 1) {
        if (r.n - at - 1 < r.p[at]) return ERR_USE;
        if (at) TRY(buf_add_str(out, between));
        TRY(write_string(slice_sub(r, at + 1, at + 1 + r.p[at]), out));
    }
    return layout == OE_WRAPPED ? buf_add_str(out, " )") : OK;
}

static err write_key(slice r, enum oe_layout layout, struct buf *out)
{
    enum { PER_LINE = 48 }; /* octets: 64 digits */
    if (r.n < KEY_HEAD) return ERR_USE;
    TRY(buf_addf(out, "%u %u %u", (unsigned)r.p[0] << 8 | r.p[1], r.p[2], r.p[3]));
    slice data = slice_sub(r, KEY_HEAD, r.n);
    if (data.n == 0) return OK;
    if (layout == OE_ONE_LINE) {
        TRY(buf_add_byte(out, ' '));
        return base64_encode(data, out);
    }
    TRY(buf_add_str(out, " ("));
    for (size_t at = 0; at < data.n; at += PER_LINE) {
        TRY(buf_add_str(out, "\n\t"));
        TRY(base64_encode(slice_sub(data, at, at + PER_LINE), out));
    }
    return buf_add_str(out, " )");
}

err oe_rdata_write(uint16_t type, slice rdata, enum oe_layout layout, struct buf *out)
{
    if (type == OE_RR_TXT) return write_txt(rdata, layout, out);
    return type == OE_RR_KEY ? write_key(rdata, layout, out) : ERR_USE;
}

err oe_rr_write(slice owner, uint32_t ttl, uint16_t type, slice rdata, enum oe_layout layout, struct buf *out)
{
    TRY(buf_add(out, owner));
    TRY(buf_addf(out, " %u IN %s ", (unsigned)ttl, type == OE_RR_KEY ? "KEY" : "TXT"));
    TRY(oe_rdata_write(type, rdata, layout, out));
    return buf_add_byte(out, '\n');
}
