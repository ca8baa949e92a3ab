/* SPDX-License-Identifier: MIT */
/* The IDXP adapter of the player: what stands inside a message of IDMEF that is well-formed, beyond what its
 * declarations can say (RFC 4765 3.2, 4, 6.4).  Parser and schema went over it before, so that tags are
 * simply read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/play_idxp_impl.h"

enum { DEEP = IDMEF_DEPTH_MAX };

struct open {
    slice name, attributes; /* without its prefix; the start tag behind the name */
    size_t from, content;   /* of the start tag, and behind it */
};
struct look {
    struct player *p;
    int end;
    size_t rung;
    slice s;
    size_t at;
    struct open open[DEEP];
    size_t depth;
    size_t foreign;   /* depth of the xmltext around, 0: none */
    slice analyzerid; /* of the Alert or Heartbeat at hand */
    bool has_analyzer, has_ident;
};

static void say(struct look *l, enum idmef_fault_code code, enum clause_id clause, enum defect_id defect,
                bool fail, const char *text)
{
    idxp_play_fault(l->p, l->end, PLAY_IDMEF_FAULT + (int)code, clause, defect, fail, text, l->rung);
}

static bool is(slice a, const char *b)
{
    return slice_eq(a, slice_str(b));
}

static bool one_of(slice a, const char *const *list)
{
    while (*list && !is(a, *list))
        list++;
    return *list != NULL;
}

/* --- tags ---------------------------------------------------------------------------------------- */

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static slice trim(slice s)
{
    while (s.n && blank(s.p[0]))
        s = slice_sub(s, 1, s.n);
    while (s.n && blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* The value of an attribute as it stands; *there tells whether it is. */
static slice attribute(slice a, const char *name, bool *there)
{
    size_t i = 0;
    *there = false;
    while (i < a.n) {
        while (i < a.n && blank(a.p[i]))
            i++;
        size_t from = i;
        while (i < a.n && a.p[i] != '=' && !blank(a.p[i]))
            i++;
        slice key = slice_sub(a, from, i);
        while (i < a.n && a.p[i] != '"' && a.p[i] != '\'')
            i++;
        if (i >= a.n) break;
        uint8_t quote = a.p[i++];
        from = i;
        while (i < a.n && a.p[i] != quote)
            i++;
        if (is(key, name)) {
            *there = true;
            return slice_sub(a, from, i);
        }
        i++;
    }
    return SLICE_NONE;
}

static size_t behind(const struct look *l, const char *what)
{
    slice rest = slice_sub(l->s, l->at, l->s.n);
    size_t k = slice_find(rest, slice_str(what));
    return k == rest.n ? l->s.n : l->at + k + strlen(what);
}

static size_t tag_end(slice s, size_t i)
{
    uint8_t quote = 0;
    for (; i < s.n; i++) {
        if (quote)
            quote = s.p[i] == quote ? 0 : quote;
        else if (s.p[i] == '"' || s.p[i] == '\'')
            quote = s.p[i];
        else if (s.p[i] == '>')
            return i;
    }
    return s.n;
}

/* --- times (3.2.6, 3.2.7, 6.4) ------------------------------------------------------------------- */

static bool digits(slice s, size_t at, size_t n, unsigned *out)
{
    *out = 0;
    for (size_t i = at; i < at + n; i++) {
        if (i >= s.n || s.p[i] < '0' || s.p[i] > '9') return false;
        *out = *out * 10 + (unsigned)(s.p[i] - '0');
    }
    return true;
}

/* Seconds from 1900 on, by the count of days of Howard Hinnant's civil calendar. */
static int64_t seconds(unsigned year, unsigned month, unsigned day, unsigned h, unsigned m, unsigned s)
{
    int64_t y = (int64_t)year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int64_t doy = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1,
            doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return (era * 146097 + doe - 719468) * 86400 + h * 3600 + m * 60 + s + 2208988800;
}

/* *out: seconds from 1900 on.  False where a part is not as it should be, which was told. */
static bool read_time(struct look *l, slice t, int64_t *out)
{
    unsigned year, month, day, h, m, s, zh, zm;
    bool date = digits(t, 0, 4, &year) && t.n > 9 && t.p[4] == '-' && digits(t, 5, 2, &month) &&
                t.p[7] == '-' && digits(t, 8, 2, &day) && month >= 1 && month <= 12 && day >= 1 && day <= 31;
    if (!date)
        say(l, IDMEF_F_DATE_TIME, CL_IDMEF_3_2_6_1, DEF_NONE, true,
            "date of a time is not four digits, two and two");
    if (!date) return false;
    bool time = t.n > 18 && t.p[10] == 'T' && digits(t, 11, 2, &h) && t.p[13] == ':' &&
                digits(t, 14, 2, &m) && t.p[16] == ':' && digits(t, 17, 2, &s) && h <= 24 && m <= 59 &&
                s <= 60;
    if (!time)
        say(l, IDMEF_F_DATE_TIME, CL_IDMEF_3_2_6_3, DEF_NONE, true,
            "time is not hour, minute and second of two digits");
    if (!time) return false;
    if (h == 24) say(l, IDMEF_F_DATE_TIME, CL_IDMEF_3_2_6_4, DEF_NONE, false, "hour 24");
    size_t i = 19;
    if (i < t.n && (t.p[i] == '.' || t.p[i] == ','))
        for (i++; i < t.n && t.p[i] >= '0' && t.p[i] <= '9';)
            i++;
    *out = seconds(year, month, day, h, m, s);
    if (i + 1 == t.n && t.p[i] == 'Z') return true;
    if (i >= t.n || (t.p[i] != '+' && t.p[i] != '-')) {
        say(l, IDMEF_F_DATE_TIME, CL_IDMEF_3_2_6_8, DEF_NONE, true, "time without a zone");
        return false;
    }
    if (i + 6 != t.n || !digits(t, i + 1, 2, &zh) || t.p[i + 3] != ':' || !digits(t, i + 4, 2, &zm)) {
        say(l, IDMEF_F_DATE_TIME, CL_IDMEF_3_2_6_9, DEF_NONE, true,
            "difference from UTC is not sign, two digits, colon, two digits");
        return false;
    }
    int64_t offset = (int64_t)zh * 3600 + (int64_t)zm * 60;
    *out += t.p[i] == '+' ? -offset : offset;
    return true;
}

static bool read_ntp(slice v, uint32_t *whole, uint32_t *part)
{
    char text[40], *rest;
    if (v.n >= sizeof text || v.n < 5) return false;
    memcpy(text, v.p, v.n);
    text[v.n] = 0;
    *whole = (uint32_t)strtoul(text, &rest, 16);
    if (rest[0] != '.') return false;
    *part = (uint32_t)strtoul(rest + 1, &rest, 16);
    return *rest == 0;
}

static void look_at_time(struct look *l, const struct open *o, slice text)
{
    uint32_t whole, part;
    int64_t told;
    bool there;
    if (!read_time(l, text, &told)) return;
    slice ntp = attribute(o->attributes, "ntpstamp", &there);
    if (!there || !read_ntp(ntp, &whole, &part)) return;
    bool unset = !(whole >> 31);
    int64_t stamp = (int64_t)whole + (unset ? (int64_t)1 << 32 : 0),
            apart = told > stamp ? told - stamp : stamp - told;
    if (unset && told < (int64_t)1 << 32) {
        say(l, IDMEF_F_NTPSTAMP, CL_IDMEF_6_4_2, DEF_NONE, true,
            "ntpstamp of the era behind 2036 on a time before it");
    } else if (apart >= 2) {
        say(l, IDMEF_F_NTPSTAMP, CL_IDMEF_4_2_5_3, DEF_NONE, false, "text and ntpstamp tell different times");
    }
}

/* --- what an element is for ---------------------------------------------------------------------- */

static void see(struct look *l, slice name)
{
    static const struct {
        const char *name;
        enum play_idxp_seen bit;
    } bits[] = {{"Alert", IDXP_SEEN_ALERT},
                {"Heartbeat", IDXP_SEEN_HEARTBEAT},
                {"ToolAlert", IDXP_SEEN_TOOL},
                {"CorrelationAlert", IDXP_SEEN_CORRELATION},
                {"OverflowAlert", IDXP_SEEN_OVERFLOW},
                {"Source", IDXP_SEEN_SOURCE},
                {"Target", IDXP_SEEN_TARGET},
                {"Assessment", IDXP_SEEN_ASSESSMENT},
                {"AdditionalData", IDXP_SEEN_ADDITIONAL},
                {"Impact", IDXP_SEEN_IMPACT},
                {"Action", IDXP_SEEN_ACTION},
                {"Confidence", IDXP_SEEN_CONFIDENCE},
                {"Reference", IDXP_SEEN_REFERENCE},
                {"Node", IDXP_SEEN_NODE},
                {"Address", IDXP_SEEN_ADDRESS},
                {"User", IDXP_SEEN_USER},
                {"UserId", IDXP_SEEN_USER_ID},
                {"Process", IDXP_SEEN_PROCESS},
                {"Service", IDXP_SEEN_SERVICE},
                {"WebService", IDXP_SEEN_WEB},
                {"SNMPService", IDXP_SEEN_SNMP},
                {"File", IDXP_SEEN_FILE},
                {"FileAccess", IDXP_SEEN_ACCESS},
                {"Linkage", IDXP_SEEN_LINKAGE},
                {"Inode", IDXP_SEEN_INODE},
                {"Checksum", IDXP_SEEN_CHECKSUM},
                {"real", IDXP_SEEN_REAL},
                {"byte-string", IDXP_SEEN_BASE64},
                {"byte", IDXP_SEEN_BASE64},
                {"buffer", IDXP_SEEN_BASE64},
                {"portlist", IDXP_SEEN_PORT_LIST},
                {"xmltext", IDXP_SEEN_XMLTEXT},
                {"integer", IDXP_SEEN_INTEGER},
                {"size", IDXP_SEEN_INTEGER},
                {"pid", IDXP_SEEN_INTEGER},
                {"port", IDXP_SEEN_INTEGER},
                {"number", IDXP_SEEN_INTEGER},
                {"data-size", IDXP_SEEN_INTEGER},
                {"disk-size", IDXP_SEEN_INTEGER}};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (is(name, bits[i].name)) idxp_play_see(l->p, l->end, bits[i].bit);
}

static uint64_t hash(uint64_t h, slice s)
{
    for (size_t i = 0; i < s.n; i++) /* FNV-1a: told apart by chance, not by design */
        h = (h ^ s.p[i]) * 1099511628211u;
    return (h ^ 0xffu) * 1099511628211u;
}
#define HASH_START 14695981039346656037u

/* False: that key stood for other content before. */
static bool remember(struct look *l, uint64_t key, slice content)
{
    struct idxp_play_end *x = idxp_play_end(l->p, l->end);
    uint64_t h = hash(HASH_START, content);
    size_t n = x->ids < IDXP_PLAY_IDS ? x->ids : IDXP_PLAY_IDS;
    for (size_t i = 0; i < n; i++)
        if (x->id[i].key == key) return x->id[i].content == h;
    x->id[x->ids++ % IDXP_PLAY_IDS] = (struct idxp_play_id){key, h};
    return true;
}

static bool usable(slice id)
{
    return id.n && !is(id, "0");
}

static void look_at_ident(struct look *l, const struct open *o, slice whole)
{
    bool there;
    slice ident = attribute(o->attributes, "ident", &there);
    if (!there || !usable(ident)) return;
    idxp_play_see(l->p, l->end, IDXP_SEEN_IDENT);
    l->has_ident = true;
    uint64_t key = hash(hash(hash(HASH_START, l->analyzerid), o->name), ident);
    if (!remember(l, key, whole))
        say(l, IDMEF_F_VALUE, CL_IDMEF_3_2_9_3, DEF_NONE, true,
            "two elements of one name and ident have different content");
}

/* An Alert or a Heartbeat ends. */
static void look_at_message(struct look *l, const struct open *o, slice whole)
{
    bool there;
    slice id = attribute(o->attributes, "messageid", &there);
    if (l->has_ident && !usable(l->analyzerid))
        say(l, IDMEF_F_ATTRIBUTE_MISSING, CL_IDMEF_4_2_4_1_2, DEF_NONE, true,
            "ident is used without an analyzerid");
    if (!there || !usable(id) || !usable(l->analyzerid)) return;
    uint64_t key = hash(hash(hash(HASH_START, SLICE_LIT("message")), l->analyzerid), id);
    if (!remember(l, key, whole))
        say(l, IDMEF_F_VALUE, CL_IDMEF_3_2_9_2, DEF_NONE, true,
            "two different messages have one analyzerid and messageid");
}

static bool is_mac(slice s)
{
    if (s.n != 17) return false;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (i % 3 == 2 ? c != ':' && c != '-' : !hex) return false;
    }
    return true;
}

static void look_at_address(struct look *l, const struct open *parent, slice text)
{
    bool there;
    slice category = attribute(parent->attributes, "category", &there),
          net = slice_sub(text, 0, slice_find(text, SLICE_LIT("/")));
    bool good = is(category, "ipv4-addr")                                   ? tunnel_is_ip4(text)
                : is(category, "ipv6-addr")                                 ? tunnel_is_ip6(text)
                : is(category, "ipv4-net") || is(category, "ipv4-net-mask") ? tunnel_is_ip4(net)
                : is(category, "ipv6-net") || is(category, "ipv6-net-mask") ? tunnel_is_ip6(net)
                : is(category, "mac")                                       ? is_mac(text)
                : is(category, "e-mail") ? slice_find(text, SLICE_LIT("@")) < text.n
                : is(category, "ipv4-addr-hex") || is(category, "ipv6-addr-hex")
                    ? slice_starts_nocase(text, SLICE_LIT("0x"))
                    : true;
    if (!good)
        say(l, IDMEF_F_VALUE, CL_IDMEF_4_2_7_2_1_2, DEF_NONE, false,
            "address is not of the form that its category names");
}

static void look_at_confidence(struct look *l, const struct open *o, slice text)
{
    bool there, good;
    char number[32], *rest = number;
    slice rating = attribute(o->attributes, "rating", &there);
    if (there && !is(rating, "numeric")) {
        good = text.n == 0;
    } else {
        snprintf(number, sizeof number, "%.*s", (int)(text.n < 31 ? text.n : 31),
                 text.n ? (const char *)text.p : "");
        double v = strtod(number, &rest);
        good = text.n && *rest == 0 && v >= 0 && v <= 1;
        idxp_play_see(l->p, l->end, IDXP_SEEN_REAL);
    }
    if (!good)
        say(l, IDMEF_F_REAL, CL_IDMEF_4_2_6_3_1, DEF_NONE, false,
            "Confidence has content that does not go with its rating");
}

/* An element ended: content is what stands between its tags. */
static void look_at(struct look *l, const struct open *o, const struct open *parent, slice content,
                    slice whole)
{
    static const char *const times[] = {"CreateTime",  "DetectTime",  "AnalyzerTime",
                                        "date-time",   "create-time", "modify-time",
                                        "access-time", "change-time", NULL};
    static const char *const privs[] = {"user-privs", "group-privs", "other-privs", NULL};
    bool there;
    slice text = trim(content);
    look_at_ident(l, o, whole);
    if (one_of(o->name, times)) look_at_time(l, o, text);
    if (is(o->name, "Alert") || is(o->name, "Heartbeat")) look_at_message(l, o, whole);
    if (is(o->name, "address") && parent) look_at_address(l, parent, text);
    if (is(o->name, "Confidence")) look_at_confidence(l, o, text);
    if (is(o->name, "UserId") && parent && is(parent->name, "FileAccess") &&
        !one_of(attribute(o->attributes, "type", &there), privs))
        say(l, IDMEF_F_VALUE, CL_IDMEF_4_2_7_6_1_1, DEF_NONE, true,
            "UserId of a FileAccess has another type than user-privs, group-privs and other-privs");
    if (is(o->name, "Reference")) {
        slice origin = attribute(o->attributes, "origin", &there);
        attribute(o->attributes, "meaning", &there);
        if (there && !is(origin, "vendor-specific") && !is(origin, "user-specific"))
            say(l, IDMEF_F_ATTRIBUTE, CL_IDMEF_4_2_7_1_2, DEF_NONE, false,
                "Reference has meaning, and is neither vendor-specific nor user-specific");
    }
    if (parent && is(parent->name, "AdditionalData")) {
        slice type = attribute(parent->attributes, "type", &there);
        if (!slice_eq(there ? type : SLICE_LIT("string"), o->name))
            say(l, IDMEF_F_VALUE, CL_IDMEF_4_2_4_6_1, DEF_IDMEF_D12, false,
                "type of AdditionalData is not that of its element");
    }
}

/* --- the way through ----------------------------------------------------------------------------- */

static void shut(struct look *l, size_t content_end, size_t end)
{
    if (!l->depth) return;
    struct open o = l->open[--l->depth];
    const struct open *parent = l->depth ? &l->open[l->depth - 1] : NULL;
    if (l->foreign && l->depth + 1 > l->foreign) return;
    l->foreign = 0;
    look_at(l, &o, parent, slice_sub(l->s, o.content, content_end), slice_sub(l->s, o.from, end));
}

static void opened(struct look *l, struct open *o, bool prefixed)
{
    bool there;
    if (l->foreign) { /* 5.2: no name of an extension is one of ours */
        slice space = attribute(o->attributes, "xmlns", &there);
        if (!prefixed && !there)
            say(l, IDMEF_F_EXTENSION, CL_IDMEF_5_2_3, DEF_IDMEF_D12, false,
                "element of an extension without a namespace of its own");
        else if (is(space, IDMEF_NAMESPACE))
            say(l, IDMEF_F_EXTENSION, CL_IDMEF_5_2_3, DEF_NONE, true,
                "element of an extension in the namespace of IDMEF");
        return;
    }
    see(l, o->name);
    if (is(o->name, "Alert") || is(o->name, "Heartbeat"))
        l->has_analyzer = l->has_ident = false, l->analyzerid = SLICE_NONE;
    if (is(o->name, "Analyzer") && !l->has_analyzer) {
        l->has_analyzer = true;
        l->analyzerid = attribute(o->attributes, "analyzerid", &there);
    }
    if (is(o->name, "xmltext")) l->foreign = l->depth + 1;
}

static bool tag(struct look *l)
{
    size_t end = tag_end(l->s, l->at), i = l->at + 1;
    if (end == l->s.n) return false;
    if (l->s.p[i] == '/') {
        shut(l, l->at, end + 1);
        l->at = end + 1;
        return true;
    }
    bool empty = l->s.p[end - 1] == '/', prefixed;
    struct open o = {.from = l->at, .content = end + 1};
    while (i < end && !blank(l->s.p[i]) && !(empty && i == end - 1))
        i++;
    o.name = slice_sub(l->s, l->at + 1, i);
    size_t colon = slice_find(o.name, SLICE_LIT(":"));
    prefixed = colon < o.name.n;
    if (prefixed) o.name = slice_sub(o.name, colon + 1, o.name.n);
    o.attributes = slice_sub(l->s, i, empty ? end - 1 : end);
    if (l->depth == DEEP) return false;
    opened(l, &o, prefixed);
    l->open[l->depth++] = o;
    l->at = end + 1;
    if (empty) shut(l, end + 1, end + 1);
    return true;
}

void idxp_play_look_inside(struct player *p, int end, slice body, size_t rung)
{
    struct look l = {.p = p, .end = end, .rung = rung, .s = body};
    if (slice_starts(body, SLICE_LIT("<?xml"))) idxp_play_see(p, end, IDXP_SEEN_DECLARATION);
    for (;;) {
        while (l.at < body.n && body.p[l.at] != '<')
            l.at++;
        slice rest = slice_sub(body, l.at, body.n);
        if (rest.n < 3) return;
        if (slice_starts(rest, SLICE_LIT("<!--")))
            l.at = behind(&l, "-->");
        else if (slice_starts(rest, SLICE_LIT("<![CDATA[")))
            l.at = behind(&l, "]]>");
        else if (slice_starts(rest, SLICE_LIT("<?")))
            l.at = behind(&l, "?>");
        else if (slice_starts(rest, SLICE_LIT("<!")))
            l.at = behind(&l, ">");
        else if (!tag(&l))
            return;
    }
}
