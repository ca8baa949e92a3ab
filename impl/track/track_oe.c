/* SPDX-License-Identifier: MIT */
/* What all parts of the tracker share, and which packet goes to which. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "track/track_oe_impl.h"

const char *const oe_inside_texts[4] = {"", "IKE of an exchange whose beginning is missing", "ESP of a tunnel that nobody set up", "an answer whose query is missing"};

err track_oe_init(struct track_oe *t, const struct env *env, const struct oe_track_options *o)
{
    *t = (struct track_oe){.env = env, .o = *o};
    t->own = mem_new(env->mem, sizeof *t->own);
    return t->own ? OK : ERR_MEM;
}

void track_oe_done(struct track_oe *t)
{
    const struct mem *mem = t->env->mem;
    struct track_oe_own *w = t->own;
    for (size_t i = 0; w && i < w->phase1s; i++) {
        mem_free(mem, w->phase1[i].offer);
        mem_free(mem, w->phase1[i].quick);
        mem_free(mem, w->phase1[i].info);
    }
    if (w) {
        mem_free(mem, w->asked);
        mem_free(mem, w->phase1);
        mem_free(mem, w->tunnel);
    }
    mem_free(mem, w);
    mem_free(mem, t->fault);
    t->own = NULL;
    t->fault = NULL;
    t->faults = 0;
}

bool oe_ours(const struct track_oe *t, const struct ip_address *a)
{
    for (size_t i = 0; i < t->o.gateways; i++) {
        if (ip_address_eq(&t->o.gateway[i], a)) return true;
    }
    return false;
}

void *oe_room(struct track_oe *t, void *list, size_t n, size_t *room, size_t size, size_t max, err *e)
{
    *e = OK;
    if (n == max) {
        t->heads.full = true;
        return NULL;
    }
    if (n == *room) {
        size_t want = *room ? *room * 2 : 8;
        void *more = mem_resize(t->env->mem, list, want * size);
        if (!more) {
            *e = ERR_MEM;
            return NULL;
        }
        list = more;
        *room = want;
    }
    memset((uint8_t *)list + n * size, 0, size);
    return list;
}

uint64_t oe_hash(slice s)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a: nobody gains anything by two messages that look alike */
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ s.p[i]) * 0x100000001b3u;
    return h;
}

err oe_fault_at(struct track_oe *t, enum oe_track_code code, const struct ip_address *by, uint32_t packet, uint64_t ms, bool doubt)
{
    const struct oe_track_info *i = &oe_track_faults[code];
    err e;
    int severity = i->severity[t->o.dialect];
    if (severity < 0) return OK;
    struct oe_track_fault *list = oe_room(t, t->fault, t->faults, &t->fault_room, sizeof *list, OE_TRACK_FAULTS_MAX, &e);
    if (!list) return e;
    t->fault = list;
    bool rfc = t->o.dialect == OE_RFC;
    t->fault[t->faults++] = (struct oe_track_fault){.code = code, .severity = (enum severity)severity, .clause = i->info.clause, .rfc = rfc ? i->rfc : CL_NONE,
                                                    .defect = i->info.defect, .by = *by, .gateway = oe_ours(t, by), .doubt = doubt, .packet = packet,
                                                    .us = ms == t->own->ms ? t->own->us : ms * 1000, .exchange = NOBODY, .text = i->info.text};
    return OK;
}

err oe_fault_of(struct track_oe *t, enum oe_track_code code, const struct oe_phase1 *x, const struct ip_address *by)
{
    size_t n = t->faults;
    TRY(oe_fault(t, code, by));
    if (t->faults > n) t->fault[n].exchange = (size_t)(x - t->own->phase1);
    return OK;
}

err oe_fault(struct track_oe *t, enum oe_track_code code, const struct ip_address *by)
{
    return oe_fault_at(t, code, by, t->own->packet, t->own->ms, false);
}

void oe_seen(struct track_oe *t, const struct ip_address *who, enum oe_wire what)
{
    t->observed[oe_ours(t, who) ? GATEWAY : OTHER] |= 1ull << what;
}

void oe_begins_inside(struct track_oe *t, enum oe_inside why)
{
    if (t->heads.inside == OE_INSIDE_NO) t->heads.inside = why;
}

void oe_tell(struct track_oe *t, const char *fmt, ...)
{
    char text[400];
    va_list args;
    if (!t->o.tell) return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    t->o.tell(t->o.ctx, t->own->packet, t->own->us, text);
}

/* Whoever sends with an address of the gateway is its network card. */
static void learn_link(struct track_oe *t, const struct ip_packet *p)
{
    struct track_oe_own *w = t->own;
    if (!p->sender_known || !oe_ours(t, &p->from) || w->links == OE_TRACK_GATEWAYS) return;
    for (size_t i = 0; i < w->links; i++) {
        if (memcmp(w->link[i], p->sender, sizeof p->sender) == 0) return;
    }
    memcpy(w->link[w->links++], p->sender, sizeof p->sender);
}

static bool port(const struct ip_packet *p, unsigned number)
{
    return p->from_port == number || p->to_port == number;
}

/* Port 4500 has IKE behind four octets of zero, and ESP otherwise (RFC 3948 2); a single octet keeps the way open. */
static err udp4500(struct track_oe *t, const struct ip_packet *p)
{
    slice s = p->payload;
    if (s.n < 4 && !p->cut) return OK;
    if (s.n < 4) {
        t->heads.unread++;
        return OK;
    }
    uint32_t spi = (uint32_t)s.p[0] << 24 | (uint32_t)s.p[1] << 16 | (uint32_t)s.p[2] << 8 | s.p[3];
    if (spi) return oe_esp_packet(t, p, spi);
    return oe_ike_packet(t, p, slice_sub(s, 4, s.n));
}

static err udp(struct track_oe *t, const struct ip_packet *p)
{
    if (port(p, OE_PORT_DNS)) return oe_dns_packet(t, p);
    if (port(p, OE_PORT_IKE)) return oe_ike_packet(t, p, p->payload);
    if (port(p, OE_PORT_IKE_NAT)) return udp4500(t, p);
    return oe_clear_packet(t, p);
}

static err dispatch(struct track_oe *t, const struct ip_packet *p)
{
    switch (p->what) {
    case IP_NONE: t->heads.unread++; return OK;
    case IP_UDP: return p->no_header ? OK : udp(t, p);
    case IP_TCP: return !p->no_header && port(p, OE_PORT_DNS) ? oe_dns_packet(t, p) : oe_clear_packet(t, p);
    case IP_ESP: return p->no_header ? OK : oe_esp_packet(t, p, p->spi);
    case IP_UNREACHABLE: return oe_icmp_packet(t, p);
    case IP_ICMP:
    case IP_OTHER: break;
    }
    return oe_clear_packet(t, p);
}

err track_oe_packet(struct track_oe *t, uint32_t number, uint64_t us, const struct ip_packet *p)
{
    struct track_oe_own *w = t->own;
    w->us = us;
    if (us / 1000 > w->ms) w->ms = us / 1000; /* the clock of whoever captured may have been set back */
    w->packet = number;
    t->heads.packets++;
    if (p->cut) t->heads.cut++;
    if (p->fragment) t->heads.fragments++;
    learn_link(t, p);
    if (p->fragment && !p->first) return OK;
    return dispatch(t, p);
}

static void drop_doubts(struct track_oe *t)
{
    bool inside = (t->heads.inside || t->heads.full) && !t->o.fresh;
    size_t n = 0;
    for (size_t i = 0; i < t->faults; i++) {
        const struct oe_track_fault *f = &t->fault[i];
        bool of_others = f->exchange != NOBODY && !oe_opportunistic(t, &t->own->phase1[f->exchange]);
        if (!(f->doubt && inside) && !of_others) t->fault[n++] = *f;
    }
    t->faults = n;
}

err track_oe_end(struct track_oe *t)
{
    TRY(oe_order_end(t));
    TRY(oe_info_end(t));
    TRY(oe_esp_end(t));
    for (size_t i = 0; i < t->own->phase1s; i++) {
        const struct oe_phase1 *x = &t->own->phase1[i];
        if (x->offered && oe_opportunistic(t, x)) oe_seen(t, x->ours ? &x->us : &x->peer, OE_WIRE_OFFER);
    }
    drop_doubts(t);
    for (size_t i = 0; i < t->own->askeds; i++) {
        const struct oe_asked *a = &t->own->asked[i];
        if (a->asked && a->pending && !a->answered) t->heads.unanswered++;
    }
    return OK;
}
