/* SPDX-License-Identifier: MIT */
/* Who is at the other end of a session. */
#include <string.h>

#include "peer/beep_peer_impl.h"

void beep_peer_facts(const struct beep_peer *p, struct beep_facts *out)
{
    *out = (struct beep_facts){.secured = beep_peer_secured(p), .mechanism = "", .identity = ""};
    if (out->secured && !tls_info_of(p->c.tls, &out->tls)) memset(&out->tls, 0, sizeof out->tls);
    if (!p->authenticated || p->proved_ours || !p->sasl) return;
    enum sasl_mech mech = sasl_mech_of(p->sasl);
    out->authenticated = true;
    out->mechanism = sasl_mech_names[mech];
    if (mech != SASL_ANONYMOUS) out->identity = beep_peer_identity(p);
}

void beep_peer_set_user(struct beep_peer *p, void *user)
{
    p->user = user;
}

void *beep_peer_user(const struct beep_peer *p)
{
    return p->user;
}
