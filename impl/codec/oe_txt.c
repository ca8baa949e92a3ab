/* SPDX-License-Identifier: MIT */
#include "codec/oe_txt.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include "base/base64.h"
#include "codec/oe_master.h"

const char *const oe_gateway_names[OE_GATEWAYS] = {"none", "ip4", "ip6", "fqdn"};

/* Octets that base64 of so many can make, in whole groups. */
#define KEY_ROOM(n) (((n) + 3) / 4 * 3)
enum { MEMORY_MAX = OE_TXT_MAX + KEY_ROOM(OE_TXT_MAX) };

struct reader {
    struct oe_txt *t;
    slice s;
    size_t at;
    slice rdata; /* whose borders part the text; empty when there are none */
};

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n'; /* RFC 4322 5.2 */
}

static bool printable(uint8_t c)
{
    return c > ' ' && c < 127;
}

static bool digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static void note(struct reader *r, enum oe_fault_code code, size_t at)
{
    oe_notes_add(&r->t->notes, code, at);
}

/* What ends the reading.  An octet that no text has is what is wrong, whatever was wanted there. */
static bool stop(struct reader *r, enum oe_fault_code code, size_t at)
{
    bool odd = at < r->s.n && !printable(r->s.p[at]) && !blank(r->s.p[at]);
    note(r, odd ? OE_F_OCTET : code, at);
    return false;
}

static void spaces(struct reader *r, enum oe_fault_code code)
{
    size_t from = r->at;
    while (r->at < r->s.n && blank(r->s.p[r->at]))
        r->at++;
    if (r->at > from) note(r, code, from);
}

/* White space around the name does not count (RFC 1464 2), and is SP and TAB there. */
static void around_name(struct reader *r)
{
    size_t from = r->at;
    while (r->at < r->s.n && (r->s.p[r->at] == ' ' || r->s.p[r->at] == '\t'))
        r->at++;
    if (r->at < r->s.n && blank(r->s.p[r->at])) {
        r->at = from;
        spaces(r, OE_F_SPACE);
    } else if (r->at > from) {
        note(r, OE_F_NAME_SPACE, from);
    }
}

static int here(const struct reader *r)
{
    return r->at < r->s.n ? r->s.p[r->at] : -1;
}

/* --- name and precedence
 * --------------------------------------------------------------------------------------- */

/* False when the record is of another kind: a near miss, or foreign (OE-D29). */
static bool name(struct reader *r)
{
    slice want = slice_str(OE_ATTRIBUTE), rest;
    around_name(r);
    rest = slice_sub(r->s, r->at, r->s.n);
    bool exact = slice_starts(rest, want);
    if (!exact && !slice_starts_nocase(rest, want)) {
        slice behind = slice_sub(rest, 1, rest.n);
        bool near = rest.n && (rest.p[0] == 0 || rest.p[0] == '"' || rest.p[0] == '`') &&
                    slice_starts_nocase(behind, want);
        note(r, near ? OE_F_NEAR_MISS : OE_F_FOREIGN, r->at);
        return false;
    }
    if (!exact) note(r, OE_F_NAME_CASE, r->at);
    r->at += want.n;
    int c = here(r);
    if (c >= 0 && ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')) { /* X-IPsec-Servers */
        note(r, OE_F_FOREIGN, r->at);
        return false;
    }
    if (c == '-' || c == '_') { /* X-IPsec-Server-Port */
        note(r, OE_F_FOREIGN, r->at);
        return false;
    }
    size_t behind = r->at;
    while (behind < r->s.n && blank(r->s.p[behind]))
        behind++;
    if (behind == r->s.n || r->s.p[behind] != '(') {
        note(r, OE_F_NEAR_MISS, r->at);
        return false;
    }
    spaces(r, OE_F_SPACE);
    r->at++;
    return true;
}

static int hex(int c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool precedence(struct reader *r)
{
    uint32_t v = 0;
    spaces(r, OE_F_SPACE);
    size_t from = r->at;
    slice rest = slice_sub(r->s, from, r->s.n);
    bool as_hex = slice_starts_nocase(rest, SLICE_LIT("0x")) && rest.n > 2 && hex(rest.p[2]) >= 0;
    if (as_hex) r->at += 2;
    for (; as_hex ? hex(here(r)) >= 0 : here(r) >= 0 && digit((uint8_t)here(r)); r->at++)
        v = v > OE_PRECEDENCE_MAX ? v : v * (as_hex ? 16 : 10) + (uint32_t)hex(here(r));
    if (r->at == from) return stop(r, OE_F_PRECEDENCE, from);
    if (as_hex)
        note(r, OE_F_PRECEDENCE_HEX, from);
    else if (r->s.p[from] == '0' && r->at - from > 1)
        note(r, OE_F_PRECEDENCE_ZEROS, from);
    if (v > OE_PRECEDENCE_MAX) return stop(r, OE_F_PRECEDENCE_RANGE, from);
    int c = here(r);
    if (c >= 0 && c != ')' && !blank((uint8_t)c)) return stop(r, OE_F_PRECEDENCE, r->at); /* 10a, 1.5 */
    spaces(r, OE_F_SPACE);
    if (here(r) != ')') return stop(r, OE_F_PAREN, r->at);
    r->at++;
    around_name(r);
    if (here(r) != '=') return stop(r, OE_F_EQUALS, r->at);
    r->at++;
    r->t->precedence = (uint16_t)v;
    r->t->precedence_given = true;
    return true;
}

/* --- gateway
 * --------------------------------------------------------------------------------------------------- */

bool oe_ip4(slice s, uint8_t out[4], bool *zeros)
{
    const uint8_t *p = s.p, *end = s.p + s.n;
    *zeros = false;
    for (int i = 0; i < 4; i++) {
        const uint8_t *from = p;
        uint32_t v = 0;
        if (i && (p == end || *p++ != '.')) return false;
        if (i) from = p;
        for (; p < end && digit(*p) && v <= 255; p++)
            v = v * 10 + (uint32_t)(*p - '0');
        if (p == from || p - from > 16 || v > 255) return false;
        *zeros |= p - from > 1 && *from == '0';
        out[i] = (uint8_t)v;
    }
    return p == end;
}

static bool label(slice s)
{
    if (s.n == 0 || s.n > 63 || s.p[0] == '-' || s.p[s.n - 1] == '-') return false;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i], l = c | 0x20;
        if (!digit(c) && !(l >= 'a' && l <= 'z') && c != '-' && c != '_') return false;
    }
    return true;
}

bool oe_is_fqdn(slice s)
{
    if (s.n > 1 && s.p[s.n - 1] == '.') s.n--;
    if (s.n == 0 || s.n > OE_FQDN_MAX) return false;
    for (;;) {
        size_t dot = slice_find(s, SLICE_LIT("."));
        if (!label(slice_sub(s, 0, dot))) return false;
        if (dot == s.n) return true;
        s = slice_sub(s, dot + 1, s.n);
    }
}

static bool ip6(slice s, uint8_t out[16])
{
    char text[INET6_ADDRSTRLEN];
    if (s.n >= sizeof text || memchr(s.p, 0, s.n)) return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    return inet_pton(AF_INET6, text, out) == 1;
}

/* 0.0.0.0, broadcast, loopback, multicast (OE-D33); the same of IPv6. */
static bool no_host(const struct oe_txt *t)
{
    static const uint8_t none[16], loopback[16] = {[15] = 1};
    const uint8_t *a = t->address;
    if (t->gateway == OE_IP6) return a[0] == 0xFF || memcmp(a, none, 16) == 0 || memcmp(a, loopback, 16) == 0;
    return a[0] == 127 || (a[0] & 0xF0) == 0xE0 || memcmp(a, none, 4) == 0 ||
           (a[0] & a[1] & a[2] & a[3]) == 0xFF;
}

static bool fqdn(struct reader *r, slice word, size_t at)
{
    slice s = slice_sub(word, 1, word.n);
    if (!oe_is_fqdn(s)) return false;
    if (s.p[s.n - 1] == '.') {
        note(r, OE_F_FQDN_DOT, at + s.n);
        s.n--;
    }
    if (slice_find(s, SLICE_LIT(".")) == s.n) note(r, OE_F_FQDN_SHORT, at + 1);
    r->t->fqdn = s;
    r->t->gateway = OE_FQDN;
    return true;
}

static bool address(struct reader *r, slice word, size_t at)
{
    struct oe_txt *t = r->t;
    bool zeros = false;
    if (oe_ip4(word, t->address, &zeros))
        t->gateway = OE_IP4;
    else if (ip6(word, t->address))
        t->gateway = OE_IP6;
    else
        return false;
    if (zeros) note(r, OE_F_GATEWAY_ZEROS, at);
    if (t->gateway == OE_IP6) note(r, OE_F_GATEWAY_IP6, at);
    if (no_host(t)) note(r, OE_F_GATEWAY_NO_HOST, at);
    return true;
}

/* Would the word be a gateway if it ended at a border of strings?  Readers that put a blank there take it so
 * (OE-D12).  Gives the border, 0 for none. */
static size_t border(const struct reader *r, slice word)
{
    size_t at = 0, from = r->at - word.n;
    for (size_t i = 0; i < r->rdata.n; i += (size_t)r->rdata.p[i] + 1) {
        uint8_t octets[16];
        bool zeros;
        at += r->rdata.p[i];
        if (at <= from || at >= r->at) continue;
        slice front = slice_sub(word, 0, at - from);
        if (front.p[0] == '@' ? oe_is_fqdn(slice_sub(front, 1, front.n)) : oe_ip4(front, octets, &zeros))
            return at;
    }
    return 0;
}

static bool gateway(struct reader *r)
{
    spaces(r, OE_F_SPACE);
    size_t from = r->at;
    while (here(r) >= 0 && !blank((uint8_t)here(r)))
        r->at++;
    slice word = slice_sub(r->s, from, r->at);
    if (word.n == 0) return stop(r, OE_F_NO_GATEWAY, from);
    for (size_t i = 0; i < word.n; i++) {
        if (!printable(word.p[i])) return stop(r, OE_F_OCTET, from + i);
    }
    bool named = word.p[0] == '@';
    if (named ? fqdn(r, word, from) : address(r, word, from)) return true;
    size_t at = border(r, word);
    if (at) return stop(r, OE_F_JOINED, at);
    return stop(r, named ? OE_F_FQDN : OE_F_GATEWAY, from);
}

/* --- key
 * ------------------------------------------------------------------------------------------------------- */

/* The digit of base64 in which an octet of the key begins. */
static size_t digit_of(slice text, size_t octet)
{
    size_t want = octet * 8 / 6, i = 0;
    for (; i < text.n; i++) {
        if (!blank(text.p[i]) && want-- == 0) break;
    }
    return i;
}

static err key(struct reader *r, slice text, size_t at)
{
    struct oe_txt *t = r->t;
    struct base64_fault f;
    struct base64_passed p;
    struct oe_notes own;
    own.n = 0;
    size_t before = t->memory.n;
    err e = base64_decode_lax(text, BASE64_LAX_BLANKS | BASE64_LAX_BITS | BASE64_LAX_PADDING, &t->memory, &f, &p);
    if (e == ERR_PEER) {
        slice front = slice_sub(text, 0, f.at);
        bool more = f.at < text.n && text.p[f.at] != '=' && slice_find(front, SLICE_LIT("=")) < front.n;
        stop(r, more ? OE_F_KEY_MORE : OE_F_BASE64, at + f.at);
        return OK;
    }
    TRY(e);
    if (p.lax & BASE64_LAX_BLANKS) note(r, OE_F_KEY_SPACE, at + p.blank);
    if (p.lax & BASE64_LAX_PADDING) note(r, OE_F_BASE64_PADDING, at + p.end);
    if (p.lax & BASE64_LAX_BITS) note(r, OE_F_BASE64_BITS, at + p.bits);
    slice all = buf_slice(&t->memory);
    oe_rsa_read(slice_sub(all, before, all.n), &t->rsa, &own);
    for (uint32_t i = 0; i < own.n; i++)
        note(r, own.note[i].code, at + digit_of(text, own.note[i].at));
    return OK;
}

static err read_text(struct reader *r)
{
    if (!name(r) || !precedence(r) || !gateway(r)) return OK;
    size_t from = r->at, to = r->s.n;
    while (to > from && blank(r->s.p[to - 1]))
        to--;
    while (r->at < to && blank(r->s.p[r->at]))
        r->at++;
    if (r->at == to) {
        if (to < r->s.n) note(r, OE_F_SPACE_END, to);
        note(r, OE_F_KEY_ABSENT, r->s.n);
        return OK;
    }
    if (r->at != from + 1 || r->s.p[from] != ' ') note(r, OE_F_SEPARATOR, from);
    if (to < r->s.n) note(r, OE_F_SPACE_END, to);
    r->t->key_given = true;
    return key(r, slice_sub(r->s, r->at, to), r->at);
}

/* --- RDATA
 * ----------------------------------------------------------------------------------------------------- */

static void begin(const struct env *env, struct oe_txt *t)
{
    memset(t, 0, offsetof(struct oe_txt, notes.note));
    buf_init(&t->memory, env->mem, MEMORY_MAX);
}

/* For the text, and the key behind it: one piece, which does not move. */
static err make_room(struct oe_txt *t, size_t text, uint8_t **at)
{
    return buf_reserve(&t->memory, text + KEY_ROOM(text), at);
}

/* Joins the strings.  False when there is nothing to read; *e says when memory is short. */
static bool join(struct oe_txt *t, slice rdata, err *e)
{
    size_t at = 0, text = 0, shorter = 0;
    bool short_one = false;
    uint8_t *to;
    *e = OK;
    if (rdata.n > OE_TXT_MAX) {
        oe_notes_add(&t->notes, OE_F_TXT_LIMIT, OE_TXT_MAX);
        return false;
    }
    for (; at < rdata.n; at += (size_t)rdata.p[at] + 1) {
        size_t n = rdata.p[at];
        if (rdata.n - at - 1 < n) {
            oe_notes_add(&t->notes, OE_F_TXT_CUT, at);
            return false;
        }
        text += n;
        t->strings++;
        if (!short_one && n < OE_TXT_CUT && at + n + 1 < rdata.n) {
            short_one = true;
            shorter = text;
        }
    }
    if (text == 0) {
        oe_notes_add(&t->notes, OE_F_TXT_EMPTY, 0);
        return false;
    }
    if (short_one) oe_notes_add(&t->notes, OE_F_STRINGS, shorter);
    *e = make_room(t, text, &to);
    if (*e != OK) return false;
    for (at = 0; at < rdata.n; at += (size_t)rdata.p[at] + 1) {
        memcpy(to, rdata.p + at + 1, rdata.p[at]);
        to += rdata.p[at];
    }
    buf_added(&t->memory, text);
    return true;
}

err oe_txt_read(const struct env *env, slice rdata, struct oe_txt *t)
{
    err e;
    begin(env, t);
    if (!join(t, rdata, &e)) return e;
    t->text = buf_slice(&t->memory);
    return read_text(&(struct reader){.t = t, .s = t->text, .rdata = rdata});
}

err oe_txt_read_text(const struct env *env, slice text, struct oe_txt *t)
{
    begin(env, t);
    if (text.n == 0 || text.n > OE_TXT_MAX) {
        oe_notes_add(&t->notes, text.n ? OE_F_TXT_LIMIT : OE_F_TXT_EMPTY, text.n ? OE_TXT_MAX : 0);
        return OK;
    }
    uint8_t *to;
    TRY(make_room(t, text.n, &to));
    memcpy(to, text.p, text.n);
    buf_added(&t->memory, text.n);
    t->text = buf_slice(&t->memory);
    return read_text(&(struct reader){.t = t, .s = t->text});
}

void oe_txt_done(struct oe_txt *t)
{
    buf_done(&t->memory);
}

enum oe_take oe_txt_take(const struct oe_txt *t, enum oe_dialect d)
{
    return oe_notes_take(&t->notes, d);
}

/* --- writing
 * --------------------------------------------------------------------------------------------------- */

static err write_gateway(const struct oe_txt *t, struct buf *out)
{
    char text[INET6_ADDRSTRLEN];
    if (t->gateway == OE_FQDN) {
        if (!oe_is_fqdn(t->fqdn)) return ERR_USE;
        TRY(buf_add_byte(out, '@'));
        return buf_add(out, t->fqdn);
    }
    if (t->gateway == OE_NO_GATEWAY) return ERR_USE;
    if (!inet_ntop(t->gateway == OE_IP4 ? AF_INET : AF_INET6, t->address, text, sizeof text)) return ERR_SYS;
    return buf_add_str(out, text);
}

err oe_txt_write_text(const struct oe_txt *t, struct buf *out)
{
    struct buf data;
    TRY(buf_addf(out, OE_ATTRIBUTE "(%u)=", t->precedence));
    TRY(write_gateway(t, out));
    if (t->rsa.modulus.n == 0) return OK;
    TRY(buf_add_byte(out, ' '));
    buf_init(&data, out->mem, OE_RSA_DATA_MAX);
    err e = oe_rsa_write(t->rsa.exponent, t->rsa.modulus, &data);
    if (e == OK) e = base64_encode(buf_slice(&data), out);
    buf_done(&data);
    return e;
}

err oe_txt_write(const struct env *env, const struct oe_txt *t, struct buf *out)
{
    struct buf text;
    buf_init(&text, env->mem, OE_TXT_MAX);
    err e = oe_txt_write_text(t, &text);
    if (e == OK) e = oe_txt_strings(buf_slice(&text), OE_TXT_CUT, out);
    buf_done(&text);
    return e;
}
