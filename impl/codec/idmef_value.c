/* SPDX-License-Identifier: MIT */
/* The data types of RFC 4765 3.2, which declarations of XML 1.0 cannot express. */
#include <string.h>

#include "codec/idmef_impl.h"

enum idmef_type idmef_element_type(slice element)
{
    static const struct {
        const char *name;
        enum idmef_type type;
    } known[] = {{"CreateTime", IDMEF_T_DATE_TIME},
                 {"DetectTime", IDMEF_T_DATE_TIME},
                 {"AnalyzerTime", IDMEF_T_DATE_TIME},
                 {"date-time", IDMEF_T_DATE_TIME},
                 {"create-time", IDMEF_T_DATE_TIME},
                 {"modify-time", IDMEF_T_DATE_TIME},
                 {"access-time", IDMEF_T_DATE_TIME},
                 {"change-time", IDMEF_T_DATE_TIME},
                 {"ntpstamp", IDMEF_T_NTPSTAMP},
                 {"integer", IDMEF_T_INTEGER},
                 {"real", IDMEF_T_REAL},
                 {"portlist", IDMEF_T_PORTS},
                 {"pid", IDMEF_T_INTEGER},
                 {"port", IDMEF_T_INTEGER},
                 {"size", IDMEF_T_INTEGER},
                 {"HeartbeatInterval", IDMEF_T_INTEGER},
                 {"data-size", IDMEF_T_INTEGER},
                 {"disk-size", IDMEF_T_INTEGER},
                 {"number", IDMEF_T_INTEGER},
                 {"major-device", IDMEF_T_INTEGER},
                 {"minor-device", IDMEF_T_INTEGER},
                 {"c-major-device", IDMEF_T_INTEGER},
                 {"c-minor-device", IDMEF_T_INTEGER},
                 {"messageProcessingModel", IDMEF_T_INTEGER},
                 {"securityModel", IDMEF_T_INTEGER},
                 {"byte", IDMEF_T_BYTE},
                 {"byte-string", IDMEF_T_BASE64},
                 {"buffer", IDMEF_T_BASE64}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (slice_eq(element, slice_str(known[i].name))) return known[i].type;
    }
    return IDMEF_T_NONE;
}

static bool is_white(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void idmef_value_begin(struct idmef_value *v, enum idmef_type type)
{
    *v = (struct idmef_value){.type = type};
}

/* Lines may be broken anywhere (RFC 2045 6.8), so groups of four are counted over white space. */
static void add_base64(struct idmef_value *v, uint8_t c)
{
    bool digit =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    if (is_white(c)) return;
    if (c == '=') {
        v->padding++;
        if (v->digits + v->padding > 4 || v->digits < 2) v->bad = true;
        return;
    }
    if (!digit || v->padding) v->bad = true;
    if (v->digits == 4) v->digits = 0;
    v->digits++;
}

/* 3.2.8: numbers and ranges, with commas between. */
static void add_ports(struct idmef_value *v, uint8_t c)
{
    if (is_white(c)) {
        v->apart = v->digits > 0;
        return;
    }
    if (c >= '0' && c <= '9') {
        if (v->apart || v->digits++ == 10) v->bad = true; /* no number of a port is that long */
        return;
    }
    v->apart = false;
    if (v->digits == 0 || (c != ',' && (c != '-' || v->range))) v->bad = true;
    v->range = c == '-';
    v->digits = 0;
}

void idmef_value_add(struct idmef_value *v, slice text)
{
    if (v->type == IDMEF_T_NONE) return;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (v->type == IDMEF_T_BASE64 || v->type == IDMEF_T_BYTE) add_base64(v, c);
        if (v->type == IDMEF_T_PORTS) add_ports(v, c);
        if (v->n == 0 && is_white(c)) {
            v->white = true;
        } else if (v->n < sizeof v->text) {
            v->text[v->n++] = (char)c;
        } else if (!is_white(c)) {
            v->long_ = true;
        }
    }
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* 3.2.1 */
static bool is_integer(slice s)
{
    bool (*one)(uint8_t) = is_digit;
    if (slice_starts(s, SLICE_LIT("0x"))) {
        one = is_hex;
        s = slice_sub(s, 2, s.n);
    } else if (s.n && (s.p[0] == '+' || s.p[0] == '-')) {
        s = slice_sub(s, 1, s.n);
    }
    for (size_t i = 0; i < s.n; i++) {
        if (!one(s.p[i])) return false;
    }
    return s.n > 0;
}

static slice digits(slice s, size_t *n)
{
    for (*n = 0; *n < s.n && is_digit(s.p[*n]); ++*n) {
    }
    return slice_sub(s, *n, s.n);
}

static slice sign(slice s)
{
    return slice_sub(s, s.n && (s.p[0] == '+' || s.p[0] == '-'), s.n);
}

/* 3.2.2: digits, with a full stop or comma or none, and an exponent or none. */
static bool is_real(slice s)
{
    size_t whole, fraction = 0, exponent;
    s = digits(sign(s), &whole);
    if (s.n && (s.p[0] == '.' || s.p[0] == ',')) s = digits(slice_sub(s, 1, s.n), &fraction);
    if (whole + fraction == 0) return false;
    if (s.n == 0) return true;
    if (s.p[0] != 'e' && s.p[0] != 'E') return false;
    return digits(sign(slice_sub(s, 1, s.n)), &exponent).n == 0 && exponent > 0;
}

/* 3.2.7: two numbers of 32 bits, hexadecimal, with a period between. */
static bool is_ntpstamp(slice s)
{
    for (int half = 0; half < 2; half++) {
        size_t n = 2;
        if (!slice_starts(s, SLICE_LIT("0x"))) return false;
        while (n < s.n && is_hex(s.p[n]))
            n++;
        if (n == 2 || n > 10) return false;
        s = slice_sub(s, n, s.n);
        if (half == 0) {
            if (s.n == 0 || s.p[0] != '.') return false;
            s = slice_sub(s, 1, s.n);
        }
    }
    return s.n == 0;
}

/* Exactly n digits of a number from least to most, then what stands behind them; both leave *s. */
static bool field(slice *s, size_t n, unsigned least, unsigned most, char behind)
{
    uint64_t value;
    if (s->n < n || !slice_number(slice_sub(*s, 0, n), most, &value) || value < least) return false;
    *s = slice_sub(*s, n, s->n);
    if (!behind) return true;
    if (s->n == 0 || s->p[0] != (uint8_t)behind) return false;
    *s = slice_sub(*s, 1, s->n);
    return true;
}

/* 3.2.6: date, time, a fraction of seconds or none, and where the clock stands. */
static bool is_date_time(slice s)
{
    if (!field(&s, 4, 0, 9999, '-') || !field(&s, 2, 1, 12, '-') || !field(&s, 2, 1, 31, 'T') ||
        !field(&s, 2, 0, 24, ':') || !field(&s, 2, 0, 59, ':') || !field(&s, 2, 0, 60, 0))
        return false;
    if (s.n && (s.p[0] == '.' || s.p[0] == ',')) {
        size_t n = 1;
        while (n < s.n && is_digit(s.p[n]))
            n++;
        if (n == 1) return false;
        s = slice_sub(s, n, s.n);
    }
    if (slice_eq(s, SLICE_LIT("Z"))) return true;
    if (s.n == 0 || (s.p[0] != '+' && s.p[0] != '-')) return false;
    s = slice_sub(s, 1, s.n);
    return field(&s, 2, 0, 24, ':') && field(&s, 2, 0, 59, 0) && s.n == 0;
}

enum idmef_fault_code idmef_value_end(struct idmef_value *v)
{
    bool base64 = !v->bad && (v->digits + v->padding) % 4 == 0;
    uint64_t octet;
    for (; v->n && is_white((uint8_t)v->text[v->n - 1]); v->n--)
        v->white = true;
    slice s = slice_of(v->text, v->n);
    switch (v->type) {
    case IDMEF_T_NONE:
        break;
    case IDMEF_T_INTEGER:
        return v->long_ || !is_integer(s) ? IDMEF_F_INTEGER : IDMEF_F_NONE;
    case IDMEF_T_REAL:
        return v->long_ || !is_real(s) ? IDMEF_F_REAL : IDMEF_F_NONE;
    case IDMEF_T_BYTE:
        if (!v->long_ && slice_number(s, 255, &octet)) return IDMEF_F_BYTE;
        return base64 ? IDMEF_F_NONE : IDMEF_F_BASE64;
    case IDMEF_T_BASE64:
        return base64 ? IDMEF_F_NONE : IDMEF_F_BASE64;
    case IDMEF_T_DATE_TIME:
        if (v->long_ || !is_date_time(s)) return IDMEF_F_DATE_TIME;
        return v->white ? IDMEF_F_BLANKS : IDMEF_F_NONE;
    case IDMEF_T_NTPSTAMP:
        return v->long_ || !is_ntpstamp(s) ? IDMEF_F_NTPSTAMP : IDMEF_F_NONE;
    case IDMEF_T_PORTS:
        return v->bad || v->digits == 0 ? IDMEF_F_PORT_LIST : IDMEF_F_NONE;
    }
    return IDMEF_F_NONE;
}
