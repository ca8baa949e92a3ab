/* SPDX-License-Identifier: MIT */
#include "sec/sasl_impl.h"

#include <string.h>

enum {
    LENGTH = 4, /* in front of a packet (RFC 2831 2.3) */
    CODE = 16,  /* behind the text: 10 octets of HMAC, 2 of version, 4 of count */
    OVERHEAD = LENGTH + CODE
};

static slice skip_blanks(slice s)
{
    size_t i = 0;
    while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == ','))
        i++;
    return slice_sub(s, i, s.n);
}

/* Length of the value at the front, quotes and all. */
static size_t value_length(slice s)
{
    if (s.n == 0 || s.p[0] != '"') return slice_find(s, SLICE_LIT(","));
    size_t i = 1;
    while (i < s.n && s.p[i] != '"')
        i += s.p[i] == '\\' ? 2 : 1;
    return i < s.n ? i + 1 : s.n;
}

bool sasl_directive(slice blob, slice name, slice *value)
{
    for (slice rest = skip_blanks(blob); rest.n;) {
        size_t eq = slice_find(rest, SLICE_LIT("="));
        if (eq == rest.n) return false;
        slice key = slice_trim(slice_sub(rest, 0, eq));
        rest = slice_sub(rest, eq + 1, rest.n);
        while (rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t'))
            rest = slice_sub(rest, 1, rest.n);
        size_t n = value_length(rest);
        if (slice_eq_nocase(key, name)) {
            *value = slice_trim(slice_sub(rest, 0, n));
            if (value->n >= 2 && value->p[0] == '"') *value = slice_sub(*value, 1, value->n - 1);
            return true;
        }
        rest = slice_sub(rest, n, rest.n);
        rest = skip_blanks(slice_sub(rest, slice_find(rest, SLICE_LIT(",")), rest.n));
    }
    return false;
}

void sasl_layer_peer(struct sasl *s, slice blob)
{
    slice value;
    uint64_t n;
    s->peer_max = SASL_PACKET_MAX;
    if (!sasl_directive(blob, SLICE_LIT("maxbuf"), &value) || !slice_number(value, SASL_PACKET_MAX, &n))
        return;
    /* one octet a packet is as little as makes sense; a peer that says less gets that all the same */
    s->peer_max = n > CODE ? (size_t)n : CODE + 1;
}

bool sasl_has_layer(const struct sasl *s)
{
    return s->status == SASL_COMPLETE && s->layer;
}

static err broken(struct sasl *s, err e, const char *why)
{
    s->broken = true;
    s->failure.code = e == ERR_PEER ? SASL_MALFORMED : SASL_TEMPORARY;
    snprintf(s->failure.why, sizeof s->failure.why, "%s", why);
    return e;
}

err sasl_encode(struct sasl *s, slice clear, struct buf *wire)
{
    if (!sasl_has_layer(s) || s->broken) return ERR_USE;
    size_t piece = s->peer_max - CODE;
    size_t packets = clear.n / piece + (clear.n % piece != 0);
    if (clear.n > buf_room(wire) || packets > (buf_room(wire) - clear.n) / OVERHEAD) return ERR_LIMIT;
    for (size_t at = 0; at < clear.n; at += piece) {
        slice part = slice_sub(clear, at, at + piece < clear.n ? at + piece : clear.n);
        char *out = NULL;
        size_t out_n = 0;
        if (gsasl_encode(s->lib, (const char *)part.p, part.n, &out, &out_n) != GSASL_OK)
            return broken(s, ERR_SYS, "the library could not protect a packet");
        err e = out_n == part.n + OVERHEAD ? buf_add(wire, slice_of(out, out_n)) : ERR_SYS;
        gsasl_free(out);
        if (e != OK) return broken(s, e, "a protected packet could not be queued");
    }
    return OK;
}

static size_t packet_length(const uint8_t *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* The packet of s->partial, which is whole. */
static err open_packet(struct sasl *s, struct buf *clear)
{
    slice all = buf_slice(&s->partial);
    char *out = NULL;
    size_t out_n = 0;
    int rc = gsasl_decode(s->lib, (const char *)all.p, all.n, &out, &out_n);
    if (rc != GSASL_OK) return broken(s, ERR_PEER, "the code of a protected packet is wrong");
    err e = buf_add(clear, slice_of(out, out_n));
    gsasl_free(out);
    buf_clear(&s->partial);
    return e == OK ? OK : broken(s, e, "an opened packet could not be queued");
}

err sasl_decode(struct sasl *s, slice wire, struct buf *clear)
{
    if (!sasl_has_layer(s) || s->broken) return ERR_USE;
    if (wire.n > SIZE_MAX - s->partial.n || wire.n + s->partial.n > buf_room(clear)) return ERR_LIMIT;
    while (wire.n) {
        size_t have = s->partial.n, want = LENGTH;
        if (have >= LENGTH) want += packet_length(buf_slice(&s->partial).p);
        size_t n = want - have < wire.n ? want - have : wire.n;
        err e = buf_add(&s->partial, slice_sub(wire, 0, n));
        if (e != OK) return broken(s, e, "out of memory for a protected packet");
        wire = slice_sub(wire, n, wire.n);
        if (have + n < want) break;
        if (want ==
            LENGTH) { /* the length is known now; a text of no octets is none that would ever be sent */
            size_t length = packet_length(buf_slice(&s->partial).p);
            if (length <= CODE || length > SASL_PACKET_MAX)
                return broken(s, ERR_PEER, "the length of a protected packet is out of bounds");
        } else {
            TRY(open_packet(s, clear));
        }
    }
    return OK;
}
