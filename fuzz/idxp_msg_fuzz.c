/* SPDX-License-Identifier: MIT */
/* A message of an IDXP channel; bit 0 of the first octet is the dialect, bit 1 says that it is the content of
 * a profile element.  What is held against the reader, beyond not crashing:
 *   - what a message is said to be by its first octets does not change with more of them;
 *   - an error of the peer has a code of the thirteen and a reason, and nothing else has;
 *   - what is good is written to what reads the same, and written again to the same octets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/idxp_msg.h"
#include "want.h"

static void check_head(slice in)
{
    struct idxp_head whole, part;
    err last = idxp_head_read(in, true, &whole);
    size_t step = 1 + in.n / 64;
    WANT(last == OK || last == ERR_PEER || last == ERR_LIMIT);
    WANT(last != OK || (whole.body_at <= in.n && whole.kind > IDXP_NOTHING && whole.kind < IDXP_KINDS));
    for (size_t n = 0; n < in.n; n += step) {
        err e = idxp_head_read(slice_sub(in, 0, n), false, &part);
        WANT(e != OK || (last == OK && part.kind == whole.kind && part.body_at == whole.body_at &&
                         part.sniffed == whole.sniffed));
    }
}

static bool same(const struct idxp_option *a, const struct idxp_option *b)
{
    return a->kind == b->kind && slice_eq(a->internal, b->internal) && slice_eq(a->external, b->external) &&
           slice_eq(a->localize, b->localize) && a->must_understand == b->must_understand &&
           a->priority == b->priority && a->stream == b->stream;
}

static void check_writing(const struct env *env, enum idxp_dialect dialect, const struct idxp_msg *m)
{
    struct idxp_msg again;
    struct buf one, two;
    buf_init(&one, env->mem, 1u << 22);
    buf_init(&two, env->mem, 1u << 22);
    WANT(idxp_msg_write(m, &one) == OK);
    err e = idxp_msg_read(env, dialect, buf_slice(&one), &again);
    if (e == ERR_PEER && idxp_msg_noted(&again, IDXP_F_XML_LIMIT)) goto out; /* spelled out it is longer */
    WANT(e == OK && again.kind == m->kind && again.role == m->role && again.code == m->code &&
         again.options == m->options);
    WANT(slice_eq(again.uri, m->uri) && slice_eq(again.fqdn, m->fqdn) && slice_eq(again.ip, m->ip) &&
         slice_eq(again.text, m->text) && slice_eq(again.lang, m->lang));
    for (size_t i = 0; i < m->options; i++)
        WANT(same(&again.option[i], &m->option[i]));
    WANT(idxp_msg_write(&again, &two) == OK);
    WANT(slice_eq(buf_slice(&one), buf_slice(&two)));
out:
    idxp_msg_done(&again);
    buf_done(&one);
    buf_done(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct env env;
    struct idxp_msg m;
    if (size == 0) return 0;
    env_init(&env);
    enum idxp_dialect dialect = data[0] & 1 ? IDXP_RFC : IDXP_DRAFT;
    slice in = slice_of(data + 1, size - 1);
    check_head(in);
    err e = data[0] & 2 ? idxp_el_read(&env, dialect, in, &m) : idxp_msg_read(&env, dialect, in, &m);
    WANT(e == OK || e == ERR_PEER || e == ERR_MEM);
    WANT((e == ERR_PEER) == (idxp_msg_reply(&m) != 0));
    WANT(e != ERR_PEER || (m.why && m.why[0] && idxp_code_text(idxp_msg_reply(&m))));
    WANT(m.note_n <= IDXP_NOTES && m.options <= IDXP_OPTIONS_MAX);
    if (e == OK && (m.kind == IDXP_GREETING || m.kind == IDXP_OK || m.kind == IDXP_ERROR))
        check_writing(&env, dialect, &m);
    idxp_msg_done(&m);
    return 0;
}
