/* SPDX-License-Identifier: MIT */
/* What kind of message begins here: headers, media type, and of XML the name of the first element. */
#include <string.h>

#include "codec/idxp_value.h"
#include "codec/xml_out.h"

const char *const idxp_kind_names[IDXP_KINDS] = {"", "greeting", "ok", "error", "idmef", "text", "binary"};

/* The first octets as characters of ASCII: of UTF-16 the octets of zero go, and so does the mark of byte
 * order. */
struct front {
    char s[IDXP_SNIFF_MAX + 1];
    size_t n;
    bool all; /* nothing follows */
};

static void take_front(slice body, bool last, struct front *f)
{
    size_t at = 0;
    f->n = 0;
    if (slice_starts(body, SLICE_LIT("\xef\xbb\xbf"))) at = 3;
    if (slice_starts(body, SLICE_LIT("\xfe\xff")) || slice_starts(body, SLICE_LIT("\xff\xfe"))) at = 2;
    for (; at < body.n && f->n < IDXP_SNIFF_MAX; at++) {
        if (body.p[at]) f->s[f->n++] = (char)body.p[at];
    }
    f->s[f->n] = 0;
    f->all = last && at == body.n;
}

/* Passes what may stand in front of an element.  False when it does not end here. */
static bool pass(const struct front *f, size_t *at)
{
    static const struct {
        const char *begin, *end;
    } kinds[] = {{"<!--", "-->"}, {"<?", "?>"}, {"<!DOCTYPE", ">"}};
    for (;;) {
        const char *end = NULL;
        while (*at < f->n && xml_is_white((uint8_t)f->s[*at]))
            ++*at;
        size_t k = 0;
        while (k < 3 && strncmp(f->s + *at, kinds[k].begin, strlen(kinds[k].begin)) != 0)
            k++;
        if (k == 3) return true;
        end = strstr(f->s + *at + strlen(kinds[k].begin), kinds[k].end);
        if (!end) return false;
        *at = (size_t)(end - f->s) + strlen(kinds[k].end);
    }
}

/* The local name of the first element.  ERR_MORE; OK with an empty name when there is none. */
static err first_element(const struct front *f, slice *name)
{
    size_t at = 0, from, n;
    bool whole = f->all || f->n == IDXP_SNIFF_MAX;
    *name = SLICE_NONE;
    /* "<!-" may become a comment */
    if (!pass(f, &at) || (f->n - at < 9 && f->s[at] == '<' && f->s[at + (f->n - at > 1)] == '!'))
        return whole ? OK : ERR_MORE;
    if (at == f->n) return whole ? OK : ERR_MORE;
    if (f->s[at] != '<') return OK;
    from = at + 1;
    n = strcspn(f->s + from, " \t\r\n/>");
    if (from + n == f->n) return whole ? OK : ERR_MORE;
    *name = slice_of(f->s + from, n);
    size_t colon = slice_find(*name, SLICE_LIT(":"));
    if (colon < name->n) *name = slice_sub(*name, colon + 1, name->n);
    return OK;
}

static bool headers_end(slice s)
{
    return slice_starts(s, SLICE_LIT("\r\n")) || slice_find(s, SLICE_LIT("\r\n\r\n")) < s.n;
}

/* The first octets of a mark of byte order, and not all of it. */
static bool half_mark(slice body)
{
    return slice_eq(body, SLICE_LIT("\xef")) || slice_eq(body, SLICE_LIT("\xef\xbb")) ||
           slice_eq(body, SLICE_LIT("\xfe")) || slice_eq(body, SLICE_LIT("\xff"));
}

static err sniff(bool last, struct idxp_head *h)
{
    struct front f;
    slice name;
    if (!last && half_mark(h->mime.body)) return ERR_MORE;
    take_front(h->mime.body, last, &f);
    err e = first_element(&f, &name);
    bool ours = slice_eq(name, SLICE_LIT("IDXP-Greeting")) || slice_eq(name, SLICE_LIT("ok")) ||
                slice_eq(name, SLICE_LIT("error"));
    if (!h->mime.typed) { /* octets, but where they begin like one of our elements (IDXP-D15) */
        bool may = f.n == 0 || xml_is_white((uint8_t)f.s[0]) || f.s[0] == '<';
        if (e == ERR_MORE && may) return e;
        h->sniffed = e == OK && ours;
        h->kind = h->sniffed ? IDXP_GREETING : IDXP_BINARY;
        return OK;
    }
    if (e != OK) return e;
    bool too_long = name.n == 0 && f.n == IDXP_SNIFF_MAX && !f.all; /* whoever reads it all will find out */
    h->kind = slice_eq(name, SLICE_LIT("IDMEF-Message")) || too_long ? IDXP_XML : IDXP_GREETING;
    return OK;
}

err idxp_head_read(slice begin, bool last, struct idxp_head *h)
{
    *h = (struct idxp_head){.kind = IDXP_NOTHING};
    if (!last && !headers_end(begin)) return begin.n > BEEP_MIME_HEAD_MAX ? ERR_LIMIT : ERR_MORE;
    TRY(beep_mime_read(begin, &h->mime));
    h->body_at = begin.n - h->mime.body.n;
    h->encoded = h->mime.transfer == BEEP_BASE64 || h->mime.transfer == BEEP_QUOTED;
    bool xml =
        h->mime.typed && (beep_mime_is(&h->mime, "text/xml") || beep_mime_is(&h->mime, "application/xml") ||
                          beep_mime_is(&h->mime, BEEP_MEDIA_TYPE));
    h->known_type = true;
    if (h->mime.typed && !xml) {
        bool text = beep_mime_is(&h->mime, "text/plain");
        h->kind = text ? IDXP_TEXT : IDXP_BINARY;
        h->known_type = text || beep_mime_is(&h->mime, "application/octet-stream");
        return OK;
    }
    if (h->encoded) { /* what is inside is seen when it is decoded */
        h->kind = xml ? IDXP_GREETING : IDXP_BINARY;
        return OK;
    }
    return sniff(last, h);
}

bool idxp_head_of_xml(slice xml, struct idxp_head *h)
{
    *h = (struct idxp_head){.known_type = true, .mime = {.typed = true, .body = xml}};
    return sniff(true, h) == OK;
}
