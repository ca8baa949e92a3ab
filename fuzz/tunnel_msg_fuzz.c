/* SPDX-License-Identifier: MIT */
/* A tunnel element as content of a profile element, or with bit 0 of the first octet a message of the
 * channel.  What is held against the reader, beyond not crashing:
 *   - an error of the peer has a code of the twelve and a reason, and nothing else has;
 *   - what is good keeps the rules of RFC 3620 section 3;
 *   - each hop that strips one element passes on all the others, value for value, down to the innermost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/tunnel_msg.h"
#include "want.h"

static void check_rules(const struct tunnel_msg *m)
{
    WANT(m->hops > 0 && m->hops <= TUNNEL_HOPS_MAX);
    for (size_t i = 0; i < m->hops; i++) {
        enum tunnel_way w = m->hop[i].way;
        bool inner = i + 1 == m->hops;
        WANT(w != TUNNEL_NO_WAY);
        WANT(inner || (w != TUNNEL_HERE && w != TUNNEL_BY_PROFILE && w != TUNNEL_BY_ENDPOINT));
        WANT((w == TUNNEL_BY_FQDN || w == TUNNEL_BY_IP4 || w == TUNNEL_BY_IP6) <= (m->hop[i].port > 0));
    }
}

static void check_stripping(const struct env *env, const struct tunnel_msg *m)
{
    for (size_t from = 0; from < (m->hops ? m->hops : 1); from++) {
        struct tunnel_msg rest;
        struct buf out;
        buf_init(&out, env->mem, 1u << 22);
        WANT(tunnel_msg_write(m, from, &out) == OK);
        err e = tunnel_msg_read(env, buf_slice(&out), &rest);
        if (e == ERR_PEER && tunnel_msg_reply(&rest) == 554) { /* spelled out it is longer than the limit */
            tunnel_msg_done(&rest);
            buf_done(&out);
            continue;
        }
        WANT(e == OK && rest.kind == m->kind && rest.hops + from == m->hops && rest.code == m->code);
        WANT(slice_eq(rest.text, m->text) && slice_eq(rest.lang, m->lang));
        for (size_t i = 0; i < rest.hops; i++) {
            WANT(rest.hop[i].given == m->hop[from + i].given);
            for (int a = 0; a < TUNNEL_ATTRS; a++)
                WANT(slice_eq(rest.hop[i].value[a], m->hop[from + i].value[a]));
        }
        tunnel_msg_done(&rest);
        buf_done(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct env env;
    struct tunnel_msg m;
    if (size == 0) return 0;
    env_init(&env);
    slice in = slice_of(data + 1, size - 1);
    err e = data[0] & 1 ? tunnel_msg_read(&env, in, &m) : tunnel_el_read(&env, in, &m);
    WANT(e == OK || e == ERR_PEER || e == ERR_MEM);
    WANT((e == ERR_PEER) == (tunnel_msg_reply(&m) != 0));
    WANT(e != ERR_PEER || (m.why && m.why[0] && tunnel_code_text(tunnel_msg_reply(&m))));
    if (e == OK && m.kind == TUNNEL_TUNNEL) check_rules(&m);
    if (e == OK && m.kind != TUNNEL_NOTHING) check_stripping(&env, &m);
    tunnel_msg_done(&m);
    return 0;
}
