/* SPDX-License-Identifier: MIT */
/* A message of channel management.  The first octet says how: bit 0, with MIME headers; bit 1, in what
 * charset.  What is held against the reader, beyond not crashing:
 *   - XML tells the same however it is cut, and never more than its limits;
 *   - an answer has a fault with a remedy and a sentence to say it with, made of printable ASCII;
 *   - memory stays a small multiple of the message;
 *   - what is good is written, in each style, to what reads the same and is good;
 *   - what stands in a profile can be read as an element. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/beep_mgmt.h"
#include "codec/xml.h"
#include "want.h"

static uint64_t mix(uint64_t sum, slice s)
{
    sum = (sum ^ s.n) * 0x100000001b3u;
    for (size_t i = 0; i < s.n; i++)
        sum = (sum ^ s.p[i]) * 0x100000001b3u;
    return sum;
}

/* --- XML at any cut --- */

struct told {
    uint64_t sum;
    size_t depth, elements;
};

static err on_open(void *ctx, slice name, const struct xml_attr *attr, size_t n)
{
    struct told *t = ctx;
    WANT(++t->depth <= xml_limits_beep.depth && ++t->elements <= xml_limits_beep.elements &&
         n <= xml_limits_beep.attributes);
    WANT(name.n > 0);
    t->sum = mix(t->sum * 3 + 1, name);
    for (size_t i = 0; i < n; i++)
        t->sum = mix(mix(t->sum, attr[i].name), attr[i].value);
    return OK;
}

static err on_text(void *ctx, slice text, bool cdata)
{
    struct told *t = ctx;
    (void)cdata;
    WANT(t->depth > 0 && xml_takes(text));
    for (size_t i = 0; i < text.n; i++) /* it may come in any pieces */
        t->sum = (t->sum ^ text.p[i]) * 0x100000001b3u;
    return OK;
}

static err on_close(void *ctx, slice name)
{
    struct told *t = ctx;
    WANT(t->depth-- > 0);
    t->sum = mix(t->sum * 3 + 2, name);
    return OK;
}

static uint64_t parse(const struct env *env, slice in, slice charset, struct rng *rng, size_t most)
{
    static const struct xml_handler handler = {on_open, on_text, on_close};
    struct told t = {.sum = 1};
    struct xml *x;
    size_t at = 0;
    WANT(xml_new(env, &handler, &t, &xml_limits_beep, charset, &x) == OK);
    err e = OK;
    do {
        slice piece = slice_sub(in, at, at + 1 + rng_below(rng, most));
        at += piece.n;
        e = xml_feed(x, piece, at == in.n);
    } while (e == OK && at < in.n);
    WANT(e == OK || (e == ERR_PEER && xml_fault(x) != BEEP_F_NONE && *xml_why(x)));
    WANT(e != OK || t.depth == 0);
    t.sum = mix(t.sum * 5 + xml_fault(x), slice_str(xml_why(x)));
    xml_free(x);
    return t.sum;
}

/* --- elements --- */

static slice trim(slice s)
{
    while (s.n && s.p[0] && strchr(" \t\r\n", s.p[0]))
        s = slice_sub(s, 1, s.n);
    while (s.n && s.p[s.n - 1] && strchr(" \t\r\n", s.p[s.n - 1]))
        s = slice_sub(s, 0, s.n - 1);
    return s;
}

/* Content as CDATA has blanks around it afterwards, and may lose a CR in front of a LF. */
static uint64_t mix_content(uint64_t sum, slice s, bool loose)
{
    if (!loose) return mix(sum, s);
    s = trim(s);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\r' || i + 1 == s.n || s.p[i + 1] != '\n') sum = (sum ^ s.p[i]) * 0x100000001b3u;
    }
    return sum;
}

static uint64_t sum_of(const struct beep_el *el, bool loose)
{
    const uint64_t numbers[] = {el->kind,       el->profiles,     el->features_given,    el->localize_given,
                                el->number,     el->number_given, el->server_name_given, el->code,
                                el->lang_given, el->status};
    const slice text[] = {el->features, el->localize, el->server_name, el->lang,
                          el->text,     el->version,  el->blob};
    uint64_t sum = mix(1, slice_of(numbers, sizeof numbers));
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        sum = mix(sum, text[i]);
    for (size_t i = 0; i < el->profiles; i++)
        sum = mix_content(mix(sum, el->profile[i].uri), el->profile[i].content,
                          loose && !el->profile[i].base64);
    return sum;
}

static void check_judgment(const struct beep_el *el, err e)
{
    bool answer = el->note_n && beep_remedies[el->note[0].code] != BEEP_DO_NOTHING;
    WANT(e == OK || e == ERR_PEER);
    WANT((e == ERR_PEER) == answer && (el->why != NULL) == answer && el->note_n <= BEEP_EL_NOTES);
    WANT(el->profiles <= BEEP_PROFILES_MAX);
    for (const char *c = el->why; c && *c; c++)
        WANT(*c >= ' ' && *c < 127);
}

static void check_writing(const struct env *env, const struct beep_el *el)
{
    for (int style = BEEP_CDATA; style <= BEEP_IN_BASE64; style++) {
        struct beep_el again;
        struct buf out;
        bool loose = style == BEEP_CDATA;
        buf_init(&out, env->mem, 4u << 20);
        err e = beep_el_write(el, (enum beep_style)style, &out);
        WANT(e == OK || (e == ERR_USE && out.n == 0));
        if (e == OK) {
            e = beep_el_read(env, buf_slice(&out), SLICE_NONE, &again);
            check_judgment(&again, e);
            /* longer in base64, or with the references that some characters need: only that may be held
             * against it */
            if (e == ERR_PEER)
                WANT(again.note[0].code == BEEP_F_INIT_LONG || again.note[0].code == BEEP_F_XML_LIMIT);
            else
                WANT(sum_of(&again, loose) == sum_of(el, loose));
            beep_el_done(&again);
        }
        buf_done(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const charsets[] = {"", "iso-8859-1", "utf-16", "us-ascii"};
    struct env env;
    struct rng rng;
    struct beep_el el;
    if (size < 1 || size > 65536) return 0;
    slice charset = slice_str(charsets[data[0] >> 1 & 3]), in = slice_of(data + 1, size - 1);
    env_init(&env);
    rng_init(&rng, mix(1, in));
    if (!(data[0] & 1)) {
        uint64_t want = parse(&env, in, charset, &rng, size);
        WANT(parse(&env, in, charset, &rng, 7) == want);
        if (size < 1024) WANT(parse(&env, in, charset, &rng, 1) == want);
    }
    err e = data[0] & 1 ? beep_mgmt_read(&env, in, &el) : beep_el_read(&env, in, charset, &el);
    check_judgment(&el, e);
    WANT(el.memory.cap <= 8 * in.n + 4096);
    if (e == OK && el.kind != BEEP_EL_NONE) check_writing(&env, &el);
    for (size_t i = 0; i < el.profiles; i++) {
        struct beep_el inner;
        check_judgment(&inner, beep_el_read(&env, el.profile[i].content, SLICE_NONE, &inner));
        beep_el_done(&inner);
    }
    beep_el_done(&el);
    return 0;
}
