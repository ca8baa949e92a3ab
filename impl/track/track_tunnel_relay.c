/* SPDX-License-Identifier: MIT */
/* A proxy, seen from both of its sides: the order of its steps, and whether octets come out as they went in.
 */
#include "track/track_tunnel.h"

#include <string.h>

enum { PROXY_SIDE, NEIGHBOUR_SIDE };

void track_relay_init(struct track_relay *r, const struct env *env, size_t window)
{
    *r = (struct track_relay){.fault_n = 0};
    fsm_init(&r->fsm, &tunnel_relay_machine);
    fsm_bind(&r->fsm, TUNNEL_RP_PROXY, PROXY_SIDE);
    for (int k = 0; k < 2; k++)
        buf_init(&r->through[k], env->mem, window);
}

void track_relay_done(struct track_relay *r)
{
    for (int k = 0; k < 2; k++)
        buf_done(&r->through[k]);
}

static void relay_fault(struct track_relay *r, int side, enum clause_id clause, enum severity severity,
                        enum defect_id defect, const char *text)
{
    r->fault_n = 1;
    r->fault = (struct tunnel_fault){TUNNEL_F_ORDER, severity, clause, defect, side, 0, text};
}

const struct fsm_row *track_relay_step(struct track_relay *r, bool by_proxy, enum tunnel_relay_event ev)
{
    int side = by_proxy ? PROXY_SIDE : NEIGHBOUR_SIDE;
    r->fault_n = 0;
    /* whatever crossed the end on the way is nobody's fault */
    if (r->fsm.state == TUNNEL_RS_LOST || r->fsm.state == TUNNEL_RS_DONE) return NULL;
    const struct fsm_row *row = fsm_step(&r->fsm, side, (uint8_t)ev, NULL);
    if (!row)
        relay_fault(r, side, (enum clause_id)tunnel_relay_machine.otherwise, SEV_FAIL, DEF_NONE,
                    "out of the order of a tunnel");
    else if (row->kind == FSM_FATAL)
        relay_fault(r, side, (enum clause_id)row->clause, SEV_FAIL, (enum defect_id)row->defect,
                    "too early for a proxy");
    return row;
}

err track_relay_in(struct track_relay *r, enum tunnel_link link, slice octets)
{
    r->in[link] += octets.n;
    if (r->lossy[link]) return OK;
    size_t room = buf_room(&r->through[link]), n = octets.n < room ? octets.n : room;
    err e = buf_add(&r->through[link], slice_sub(octets, 0, n));
    if (e != OK || n < octets.n) r->lossy[link] = true;
    return e;
}

static size_t same(slice a, slice b)
{
    size_t n = a.n < b.n ? a.n : b.n, i = 0;
    if (n && memcmp(a.p, b.p, n) == 0) return n;
    while (i < n && a.p[i] == b.p[i])
        i++;
    return i;
}

bool track_relay_out(struct track_relay *r, enum tunnel_link link, slice octets, size_t *at)
{
    enum tunnel_link from = link == TUNNEL_NEAR ? TUNNEL_FAR : TUNNEL_NEAR;
    slice held = buf_slice(&r->through[from]);
    uint64_t owed = track_relay_owed(r, link);
    size_t n = octets.n < held.n ? octets.n : held.n;
    r->fault_n = 0;
    *at = same(octets, held);
    r->out[link] += octets.n;
    bool good = *at == n && octets.n <= owed && (octets.n <= held.n || r->lossy[from]);
    if (good) {
        buf_take(&r->through[from], n);
        return true;
    }
    if (*at == n && n < octets.n && r->lossy[from]) *at = (size_t)owed;
    relay_fault(r, PROXY_SIDE, CL_TUNNEL_1_2, SEV_FAIL, DEF_NONE, "octets do not come out as they went in");
    buf_clear(&r->through[from]); /* once is enough: from here on nothing can be told */
    r->lossy[from] = true;
    return false;
}

uint64_t track_relay_owed(const struct track_relay *r, enum tunnel_link link)
{
    enum tunnel_link from = link == TUNNEL_NEAR ? TUNNEL_FAR : TUNNEL_NEAR;
    return r->in[from] > r->out[link] ? r->in[from] - r->out[link] : 0;
}
