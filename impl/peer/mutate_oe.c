/* SPDX-License-Identifier: MIT */
#include "peer/mutate_oe.h"

#include <stdio.h>
#include <string.h>

#include "codec/oe_master.h"

#define ROW(n, name, roles, clauses, text) {name, roles, clauses, text},
const struct mutant oe_mutants[OEMUT_COUNT] = {{"", 0, "", ""}, OE_MUTANTS(ROW)};

/* --- the text that is read in place of RDATA ---------------------------------------------------------------------------------- */

/* Joins the strings.  False: one of them passes the end, and what there is of it stands behind the others. */
static err join(unsigned mutant, slice rdata, struct buf *text, bool *whole)
{
    *whole = true;
    if (OEMUT(mutant, ONE_LENGTH)) return buf_add(text, slice_sub(rdata, 1, rdata.n));
    for (size_t at = 0; at < rdata.n; at += (size_t)rdata.p[at] + 1) {
        size_t end = at + 1 + rdata.p[at];
        if (at && OEMUT(mutant, FIRST_STRING)) return OK;
        if (at && OEMUT(mutant, JOINS_BLANK)) TRY(buf_add_byte(text, ' '));
        *whole = end <= rdata.n;
        TRY(buf_add(text, slice_sub(rdata, at + 1, end)));
    }
    return OK;
}

/* Puts other octets in the place of [from, to). */
static err splice(struct buf *text, size_t from, size_t to, slice put)
{
    struct buf old;
    buf_init(&old, text->mem, text->max);
    err e = buf_add(&old, buf_slice(text));
    slice was = buf_slice(&old);
    buf_clear(text);
    if (e == OK) e = buf_add(text, slice_sub(was, 0, from));
    if (e == OK) e = buf_add(text, put);
    if (e == OK) e = buf_add(text, slice_sub(was, to, was.n));
    buf_done(&old);
    return e;
}

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Where things stand in a record that looks like one of ours: the parentheses, the equals sign, the word behind it, and the key. */
struct spots {
    slice all;
    size_t open, close, equals, gateway, behind, key;
};

static size_t find_from(slice s, size_t from, uint8_t c)
{
    while (from < s.n && s.p[from] != c)
        from++;
    return from;
}

static bool spots_of(slice s, struct spots *p)
{
    slice name = slice_str(OE_ATTRIBUTE);
    if (!slice_starts_nocase(s, name)) return false;
    *p = (struct spots){.all = s};
    p->open = find_from(s, name.n, '(');
    if (p->open == s.n) return false;
    p->close = find_from(s, p->open, ')');
    p->equals = find_from(s, p->open, '=');
    if (p->close < s.n && p->equals < p->close) p->equals = find_from(s, p->close, '=');
    p->gateway = p->equals < s.n ? p->equals + 1 : s.n;
    while (p->gateway < s.n && blank(s.p[p->gateway]))
        p->gateway++;
    p->behind = p->gateway;
    while (p->behind < s.n && !blank(s.p[p->behind]))
        p->behind++;
    p->key = p->behind;
    while (p->key < s.n && blank(s.p[p->key]))
        p->key++;
    return true;
}

/* Leaves out what stands between the name and its parenthesis. */
static err mend_prefix(unsigned m, struct buf *text, const struct spots *p)
{
    size_t behind = slice_str(OE_ATTRIBUTE).n;
    return OEMUT(m, ANY_PREFIX) && p->open > behind ? splice(text, behind, p->open, SLICE_NONE) : OK;
}

static err mend_signs(unsigned m, struct buf *text, const struct spots *p)
{
    slice s = p->all;
    size_t first = find_from(s, p->open, '=');
    if (OEMUT(m, NO_PARENTHESIS) && first < s.n && p->close > first) return splice(text, first, first, SLICE_LIT(")"));
    if (OEMUT(m, NO_EQUALS) && p->close + 1 < s.n && s.p[p->close + 1] != '=') return splice(text, p->close + 1, p->close + 1, SLICE_LIT("="));
    if (OEMUT(m, TAKES_TAIL)) {
        size_t end = find_from(s, p->key, '=');
        while (end < s.n && s.p[end] == '=')
            end++;
        if (end < s.n) return splice(text, end, s.n, SLICE_NONE);
    }
    return OK;
}

static err mend_precedence(unsigned m, struct buf *text, const struct spots *p)
{
    size_t from = p->open + 1, to = p->close;
    slice number = slice_sub(p->all, from, to);
    char other[16];
    uint64_t v;
    if (to == p->all.n) return OK;
    if (OEMUT(m, PRECEDENCE_SIGN) && number.n && (number.p[0] == '-' || number.p[0] == '+')) return splice(text, from, from + 1, SLICE_NONE);
    if (OEMUT(m, PRECEDENCE_EMPTY) && number.n == 0) return splice(text, from, to, SLICE_LIT("0"));
    if (OEMUT(m, PRECEDENCE_LETTERS) && number.n && digit(number.p[0])) {
        while (from < to && digit(p->all.p[from]))
            from++;
        return splice(text, from, to, SLICE_NONE);
    }
    if (OEMUT(m, PRECEDENCE_WRAPS) && slice_number(number, UINT64_MAX, &v) && v > OE_PRECEDENCE_MAX) {
        snprintf(other, sizeof other, "%u", (unsigned)(v & OE_PRECEDENCE_MAX));
        return splice(text, from, to, slice_str(other));
    }
    return OK;
}

static err mend_address(unsigned m, struct buf *text, const struct spots *p)
{
    slice word = slice_sub(p->all, p->gateway, p->behind), rest = word;
    uint64_t number[5] = {0};
    size_t n = 0;
    char other[64];
    for (; n < 5; n++) {
        size_t dot = slice_find(rest, SLICE_LIT("."));
        if (!slice_number(slice_sub(rest, 0, dot), UINT32_MAX, &number[n])) break;
        rest = slice_sub(rest, dot + 1, rest.n);
        if (rest.n == 0) {
            n++;
            break;
        }
    }
    if (rest.n) return OK; /* something else than up to five numbers */
    unsigned wrap = OEMUT(m, OCTET_WRAPS) ? 255u : UINT32_MAX;
    for (size_t i = 0; i < n; i++)
        number[i] &= wrap;
    if ((OEMUT(m, OCTET_WRAPS) && n == 4) || (OEMUT(m, LONG_ADDRESS) && n == 5))
        snprintf(other, sizeof other, "%llu.%llu.%llu.%llu", (unsigned long long)number[0], (unsigned long long)number[1], (unsigned long long)number[2], (unsigned long long)number[3]);
    else if (OEMUT(m, SHORT_ADDRESS) && n == 3)
        snprintf(other, sizeof other, "%llu.%llu.0.%llu", (unsigned long long)number[0], (unsigned long long)number[1], (unsigned long long)number[2]);
    else
        return OK;
    return splice(text, p->gateway, p->behind, slice_str(other));
}

static err mend_name(unsigned m, struct buf *text, const struct spots *p)
{
    slice word = slice_sub(p->all, p->gateway, p->behind);
    bool at = word.n && word.p[0] == '@', letters = false;
    for (size_t i = 0; i < word.n; i++)
        letters = letters || ((word.p[i] | 0x20) >= 'a' && (word.p[i] | 0x20) <= 'z');
    if (OEMUT(m, BARE_NAME) && !at && letters && oe_is_fqdn(word)) return splice(text, p->gateway, p->gateway, SLICE_LIT("@"));
    if (OEMUT(m, ANY_NAME) && at && !oe_is_fqdn(slice_sub(word, 1, word.n))) return splice(text, p->gateway, p->behind, SLICE_LIT("@any.example"));
    return OK;
}

/* Leaves octets out: any that no text has, or those in the key that base64 has not. */
static err mend_octets(unsigned m, struct buf *text, size_t from)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    struct buf kept;
    err e = OK;
    slice s = buf_slice(text);
    buf_init(&kept, text->mem, text->max);
    for (size_t i = 0; i < s.n && e == OK; i++) {
        uint8_t c = s.p[i];
        bool good = OEMUT(m, ANY_OCTET) ? blank(c) || (c > ' ' && c < 127) : i < from || blank(c) || (c && strchr(digits, c));
        if (good) e = buf_add_byte(&kept, c);
    }
    if (e == OK) {
        buf_clear(text);
        e = buf_add(text, buf_slice(&kept));
    }
    buf_done(&kept);
    return e;
}

err oe_mutate_rdata(const struct env *env, unsigned mutant, slice rdata, struct buf *text, bool *instead)
{
    struct spots p;
    bool whole, strings = OEMUT(mutant, JOINS_BLANK) || OEMUT(mutant, FIRST_STRING) || OEMUT(mutant, TAKES_CUT_STRING) || OEMUT(mutant, ONE_LENGTH);
    (void)env;
    *instead = false;
    if (!mutant || rdata.n == 0) return OK;
    TRY(join(mutant, rdata, text, &whole));
    if (!whole && !OEMUT(mutant, TAKES_CUT_STRING)) return OK;
    size_t before = buf_slice(text).n;
    if (OEMUT(mutant, ANY_OCTET)) {
        TRY(mend_octets(mutant, text, 0));
    } else if (spots_of(buf_slice(text), &p)) {
        if (OEMUT(mutant, ANY_DIGIT)) TRY(mend_octets(mutant, text, p.key));
        TRY(mend_prefix(mutant, text, &p));
        if (spots_of(buf_slice(text), &p)) TRY(mend_signs(mutant, text, &p));
        if (spots_of(buf_slice(text), &p)) TRY(mend_precedence(mutant, text, &p));
        if (spots_of(buf_slice(text), &p)) TRY(mend_address(mutant, text, &p));
        if (spots_of(buf_slice(text), &p)) TRY(mend_name(mutant, text, &p));
    }
    *instead = strings || buf_slice(text).n != before || OEMUT(mutant, OCTET_WRAPS) || OEMUT(mutant, PRECEDENCE_WRAPS);
    return OK;
}

/* --- what is overlooked, and what is found where nothing is ---------------------------------------------------------------------- */

static const struct {
    enum oe_mutant mutant;
    enum oe_fault_code fault;
    enum oe_fault_code made; /* NONE: it is not noticed */
} amended[] = {
    {OEMUT_CASE_BOUND, OE_F_NAME_CASE, OE_F_FOREIGN},
    {OEMUT_FOREIGN_BAD, OE_F_FOREIGN, OE_F_KEY_MORE},
    {OEMUT_NAME_BLANKS, OE_F_NAME_SPACE, OE_F_SPACE},
    {OEMUT_BLANKS, OE_F_SPACE, OE_F_NONE},
    {OEMUT_BLANKS, OE_F_SEPARATOR, OE_F_NONE},
    {OEMUT_BLANKS, OE_F_SPACE_END, OE_F_NONE},
    {OEMUT_PRECEDENCE_FORMS, OE_F_PRECEDENCE_ZEROS, OE_F_NONE},
    {OEMUT_PRECEDENCE_FORMS, OE_F_PRECEDENCE_HEX, OE_F_NONE},
    {OEMUT_ADDRESS_ZEROS, OE_F_GATEWAY_ZEROS, OE_F_NONE},
    {OEMUT_ANY_ADDRESS, OE_F_GATEWAY_IP6, OE_F_NONE},
    {OEMUT_ANY_ADDRESS, OE_F_GATEWAY_NO_HOST, OE_F_NONE},
    {OEMUT_ANY_GATEWAY, OE_F_NO_GATEWAY, OE_F_NONE},
    {OEMUT_ANY_GATEWAY, OE_F_GATEWAY, OE_F_NONE},
    {OEMUT_ANY_GATEWAY, OE_F_FQDN, OE_F_NONE},
    {OEMUT_ANY_GATEWAY, OE_F_JOINED, OE_F_NONE},
    {OEMUT_ONE_BLANK, OE_F_SEPARATOR, OE_F_NO_GATEWAY},
    {OEMUT_KEY_NEEDED, OE_F_KEY_ABSENT, OE_F_BASE64},
    {OEMUT_KEY_IN_ONE, OE_F_KEY_SPACE, OE_F_BASE64},
    {OEMUT_KEY_IN_ONE, OE_F_SPACE_END, OE_F_BASE64},
    {OEMUT_KEY_MISSING, OE_F_KEY_ABSENT, OE_F_NONE},
    {OEMUT_KEY_BLANKS, OE_F_KEY_SPACE, OE_F_NONE},
    {OEMUT_KEY_NO_PADDING, OE_F_BASE64_PADDING, OE_F_NONE},
    {OEMUT_KEY_PAD_BITS, OE_F_BASE64_BITS, OE_F_NONE},
    {OEMUT_BAD_KEY_NONE, OE_F_BASE64, OE_F_NONE},
    {OEMUT_BAD_KEY_NONE, OE_F_KEY_MORE, OE_F_NONE},
    {OEMUT_CUT_NUMBERS, OE_F_RSA_CUT, OE_F_NONE},
    {OEMUT_CUT_NUMBERS, OE_F_RSA_NO_EXPONENT, OE_F_NONE},
    {OEMUT_TAKES_LONG_FORM, OE_F_RSA_LONG_FORM, OE_F_NONE},
    {OEMUT_ANY_SIZE, OE_F_RSA_EXPONENT_SIZE, OE_F_NONE},
    {OEMUT_ANY_SIZE, OE_F_RSA_MODULUS_SIZE, OE_F_NONE},
    {OEMUT_TAKES_ZEROS, OE_F_RSA_EXPONENT_ZEROS, OE_F_NONE},
    {OEMUT_TAKES_ZEROS, OE_F_RSA_MODULUS_ZEROS, OE_F_NONE},
    {OEMUT_SHORT_MODULUS, OE_F_RSA_MODULUS_SHORT, OE_F_NONE},
    {OEMUT_CUT_KEY, OE_F_KEY_CUT, OE_F_NONE},
    {OEMUT_CUT_KEY, OE_F_RSA_CUT, OE_F_NONE},
    {OEMUT_NO_AUTH_USED, OE_F_KEY_NO_AUTH, OE_F_NONE},
    {OEMUT_RESERVED_FLAGS, OE_F_KEY_RESERVED, OE_F_NONE},
    {OEMUT_FURTHER_FLAGS, OE_F_KEY_EXTENDED, OE_F_NONE},
    {OEMUT_OTHER_FLAGS, OE_F_KEY_CONF, OE_F_NONE},
    {OEMUT_OTHER_FLAGS, OE_F_KEY_NAME_TYPE, OE_F_NONE},
    {OEMUT_OTHER_FLAGS, OE_F_KEY_SIGNATORY, OE_F_NONE},
    {OEMUT_ANY_PROTOCOL, OE_F_KEY_PROTOCOL, OE_F_NONE},
    {OEMUT_ANY_PROTOCOL, OE_F_KEY_PROTOCOL_ALL, OE_F_NONE},
    {OEMUT_ANY_ALGORITHM, OE_F_KEY_ALGORITHM, OE_F_NONE},
    {OEMUT_ANY_ALGORITHM, OE_F_KEY_ALGORITHM_5, OE_F_NONE},
    {OEMUT_NO_KEY_KEY, OE_F_KEY_NONE, OE_F_KEY_CUT},
    {OEMUT_NO_KEY_KEY, OE_F_KEY_NONE_MORE, OE_F_NONE},
};

static void amend(unsigned mutant, struct oe_notes *notes)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < notes->n; i++) {
        struct oe_note one = notes->note[i];
        for (size_t k = 0; k < sizeof amended / sizeof *amended; k++)
            if (amended[k].mutant == mutant && amended[k].fault == one.code) {
                one.code = amended[k].made;
                break;
            }
        if (one.code != OE_F_NONE) notes->note[n++] = one;
    }
    notes->n = n;
}

/* Numbers that the mutant takes for wrong ones. */
static void object(unsigned mutant, struct oe_rsa *k, struct oe_notes *notes)
{
    struct oe_rsa was = *k;
    bool small = OEMUT(mutant, LONG_MODULUS) && k->modulus.n && k->bits < 768, large = OEMUT(mutant, LESS_SIZE) && k->bits > 2048;
    if (small) oe_notes_add(notes, OE_F_RSA_MODULUS_SHORT, 0);
    if (large) oe_notes_add(notes, OE_F_RSA_MODULUS_SIZE, 0);
    if (OEMUT(mutant, NO_LONG_FORM) && k->exponent.n > 255) oe_notes_add(notes, OE_F_RSA_NO_EXPONENT, 0);
    if (!OEMUT(mutant, SWAPPED_NUMBERS)) return;
    k->exponent = was.modulus;
    k->modulus = was.exponent;
}

void oe_mutate_txt(unsigned mutant, enum oe_dialect d, struct oe_txt *t)
{
    (void)d;
    if (!mutant) return;
    amend(mutant, &t->notes);
    object(mutant, &t->rsa, &t->notes);
    if (OEMUT(mutant, NOT_ZERO) && t->precedence_given && t->precedence == 0) oe_notes_add(&t->notes, OE_F_PRECEDENCE_RANGE, 0);
    if (OEMUT(mutant, PRECEDENCE_OCTET)) t->precedence &= 0xFF;
    if (OEMUT(mutant, ANY_GATEWAY) && t->precedence_given && t->gateway == OE_NO_GATEWAY) t->gateway = OE_IP4; /* its octets are zero */
    if (OEMUT(mutant, ADDRESS_TURNED) && t->gateway == OE_IP4) {
        const uint8_t was[4] = {t->address[0], t->address[1], t->address[2], t->address[3]};
        for (size_t i = 0; i < 4; i++)
            t->address[i] = was[3 - i];
    }
    if (t->gateway != OE_FQDN) return;
    if (OEMUT(mutant, NO_NAMES)) oe_notes_add(&t->notes, OE_F_GATEWAY, 0);
    if (OEMUT(mutant, NAME_AS_ADDRESS)) {
        t->gateway = OE_IP4;
        memset(t->address, 0, sizeof t->address);
    }
    if (OEMUT(mutant, KEEPS_AT)) t->fqdn = slice_of(t->fqdn.p - 1, t->fqdn.n + 1); /* it stands in front in the text */
}

void oe_mutate_key(unsigned mutant, struct oe_key *k)
{
    struct oe_notes unread = {.n = 0};
    if (!mutant) return;
    uint32_t before = k->notes.n;
    amend(mutant, &k->notes);
    bool overlooked = k->notes.n < before;
    if (overlooked && k->rsa.modulus.n == 0 && k->data.n) oe_rsa_read(k->data, &k->rsa, &unread);
    object(mutant, &k->rsa, &k->notes);
    if (!OEMUT(mutant, FLAGS_TURNED)) return;
    if (k->flags == (OE_KEY_FLAGS >> 8 | (OE_KEY_FLAGS & 0xFF) << 8)) k->notes.n = 0;
    else if (k->flags == OE_KEY_FLAGS) oe_notes_add(&k->notes, OE_F_KEY_RESERVED, 0);
}

/* --- text of master files --------------------------------------------------------------------------------------------------------- */

bool oe_mutant_refuses_master(unsigned mutant, uint16_t type, slice text)
{
    size_t words = 0;
    bool letters = false, inside = false;
    if (type != OE_RR_KEY) return false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool word = !blank(c) && c != '(' && c != ')';
        words += word && !inside;
        letters = letters || (word && words <= 3 && !digit(c) && c != 'x' && c != 'X');
        inside = word;
    }
    return (OEMUT(mutant, MASTER_NUMBERS) && letters) || (OEMUT(mutant, MASTER_ONE_PART) && words > 4);
}
