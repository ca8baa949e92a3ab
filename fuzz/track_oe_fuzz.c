/* SPDX-License-Identifier: MIT */
/* A capture of one gateway (192.1.1.4): one octet of options, then for each packet two octets of milliseconds since the last, one of which way it goes, two of length, and its octets from the
 * IP header on.  What is held against the observer, beyond not crashing:
 *   - faults are those of the list, of the severity that the dialect has, and none that another history explains when the capture begins in the middle;
 *   - two observers of the same packets find the same;
 *   - with a packet less at the end no more queries and messages are counted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "track/track_oe.h"
#include "want.h"

enum { PACKETS = 2000, BEGIN_US = 1000000000 };

static void feed(struct track_oe *t, const struct env *env, slice in, uint32_t packets)
{
    struct cursor c;
    struct oe_track_options o = {.gateways = 1};
    uint64_t us = BEGIN_US;
    cursor_init(&c, in);
    uint8_t options = cursor_u8(&c);
    o.dialect = options & 1 ? OE_RFC : OE_DRAFT;
    o.fresh = (options & 2) != 0;
    (void)ip_address_read("192.1.1.4", &o.gateway[0]);
    if (track_oe_init(t, env, &o) != OK) abort();
    for (uint32_t n = 1; n <= packets && cursor_left(&c); n++) {
        struct ip_packet p;
        uint64_t later = cursor_u16(&c);
        uint8_t way = cursor_u8(&c);
        slice octets = cursor_take(&c, cursor_u16(&c));
        if (c.failed != OK) break;
        us += later * 1000;
        ip_packet_read(octets, octets.n + (way & 4 ? 1 : 0), &p);
        p.way = (enum ip_way)(way % 4 % 3);
        if (track_oe_packet(t, n, us, &p) != OK) abort();
    }
    if (track_oe_end(t) != OK) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct env env;
    struct track_oe a, b;
    slice in = slice_of(data, size);
    env_init(&env);
    feed(&a, &env, in, PACKETS);
    for (size_t i = 0; i < a.faults; i++) {
        const struct oe_track_fault *f = &a.fault[i];
        WANT(f->code > OE_TF_NONE && f->code < OE_TF_COUNT && f->clause && (int)f->severity == oe_track_faults[f->code].severity[a.o.dialect]);
        WANT(f->packet >= 1 && f->packet <= a.heads.packets && f->by.family);
        WANT(!(f->doubt && a.heads.inside && !a.o.fresh));
        WANT(a.o.dialect == OE_RFC || !f->rfc);
    }
    feed(&b, &env, in, PACKETS);
    WANT(a.faults == b.faults && a.observed[0] == b.observed[0] && a.observed[1] == b.observed[1]);
    track_oe_done(&b);
    if (a.heads.packets > 1) {
        feed(&b, &env, in, a.heads.packets - 1);
        WANT(b.heads.packets == a.heads.packets - 1 && b.heads.queries <= a.heads.queries && b.heads.ike <= a.heads.ike);
        track_oe_done(&b);
    }
    track_oe_done(&a);
    return 0;
}
