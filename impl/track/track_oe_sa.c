/* SPDX-License-Identifier: MIT */
/* What is offered and chosen in phase 1 (6.6.1; RFC 4322 4.6.1), and the public values. */
#include <string.h>

#include "track/track_oe_impl.h"

static bool usual(const struct isakmp_transform *x)
{
    return x->encryption == IKE_3DES && (x->hash == IKE_MD5 || x->hash == IKE_SHA) && (x->group == 2 || x->group == 5);
}

static bool has_usual(const struct oe_phase1 *x)
{
    for (size_t i = 0; i < x->offers; i++) {
        if (usual(&x->offer[i])) return true;
    }
    return false;
}

/* Everything is 3DES, MD5 or SHA, RSA signatures and that group: then it is for the group alone that it could be refused. */
static bool only_group(const struct oe_phase1 *x, uint32_t group)
{
    for (size_t i = 0; i < x->offers; i++) {
        const struct isakmp_transform *o = &x->offer[i];
        if (!usual(o) || o->method != IKE_RSA_SIGNATURES || o->group != group) return false;
    }
    return x->offers > 0;
}

static err judge_offer(struct track_oe *t, const struct oe_phase1 *x, const struct ip_address *by)
{
    bool md5 = false, des = false, method = false;
    for (size_t i = 0; i < x->offers; i++) {
        const struct isakmp_transform *o = &x->offer[i];
        md5 = md5 || (o->encryption == IKE_3DES && o->hash == IKE_MD5);
        des = des || o->encryption == IKE_DES;
        method = method || o->method != IKE_RSA_SIGNATURES;
    }
    if (!md5) TRY(oe_fault_of(t, OE_TF_NO_3DES_MD5, x, by));
    if (!has_usual(x)) TRY(oe_fault_of(t, OE_TF_NO_USUAL, x, by));
    if (x->offer[0].group != 5) TRY(oe_fault_of(t, OE_TF_GROUP5_LATER, x, by));
    if (des) TRY(oe_fault_of(t, OE_TF_CIPHER, x, by));
    return method ? oe_fault_of(t, OE_TF_METHOD, x, by) : OK;
}

err oe_sa_offer(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, const struct ip_address *by)
{
    if (!m->whole) return OK; /* what was offered is not known */
    x->offered = true;
    if (m->transforms == 0) return oe_fault(t, OE_TF_NO_OFFER, by);
    x->offer = mem_dup(t->env->mem, m->transform, m->transforms * sizeof *m->transform);
    if (!x->offer) return ERR_MEM;
    x->offers = m->transforms;
    x->offer_known = !isakmp_noted(m, OE_TF_IKE_LIMIT) && !isakmp_noted(m, OE_TF_IKE_SA);
    return judge_offer(t, x, by);
}

err oe_sa_choice(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, const struct ip_address *by)
{
    bool offered = false;
    if (!m->whole) return OK;
    oe_seen(t, by, OE_WIRE_CHOICE);
    if (m->proposals != 1 || m->transforms != 1) return oe_fault(t, OE_TF_NO_CHOICE, by);
    x->choice = m->transform[0];
    x->choice_known = true;
    if (!x->offer_known) return OK;
    for (size_t i = 0; i < x->offers; i++)
        offered = offered || isakmp_transform_eq(&x->offer[i], &x->choice);
    if (!offered) return oe_fault(t, OE_TF_NOT_OFFERED, by);
    if (only_group(x, 2)) oe_seen(t, by, OE_WIRE_GROUP2);
    if (only_group(x, 5)) oe_seen(t, by, OE_WIRE_GROUP5);
    if (has_usual(x)) oe_seen(t, by, OE_WIRE_USUAL);
    return OK;
}

err oe_sa_refused(struct track_oe *t, struct oe_phase1 *x, const struct ip_address *by)
{
    if (!x->offer_known) return OK;
    if (only_group(x, 2)) TRY(oe_fault(t, OE_TF_GROUP2_REFUSED, by));
    if (only_group(x, 5)) TRY(oe_fault(t, OE_TF_GROUP5_REFUSED, by));
    return has_usual(x) ? oe_fault(t, OE_TF_USUAL_REFUSED, by) : OK;
}

err oe_sa_exponent(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, bool back, const struct ip_address *by)
{
    size_t want = x->choice_known ? isakmp_group_size(x->choice.group) : 0;
    if (!m->whole) return OK;
    if (m->ke && !want) return OK; /* of a group that is not known here */
    if (want) oe_seen(t, by, back ? OE_WIRE_EXPONENT_BACK : OE_WIRE_EXPONENT);
    if (m->ke && m->ke_n == want) return OK;
    return oe_fault(t, back ? OE_TF_NO_EXPONENT_BACK : OE_TF_NO_EXPONENT, by);
}
