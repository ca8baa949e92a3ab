/* SPDX-License-Identifier: MIT */
/* Text of master files.  What is held against the reader, beyond not crashing:
 *   - what is wrong lies inside the text, and is said;
 *   - what was read and is a record is written in both layouts to one record that reads as the same octets,
 * and is then written the same;
 *   - what is written is printable ASCII;
 *   - of a record, all that follows its line is left: the text up to there reads the same;
 *   - the RDATA alone reads the same as behind owner, TTL and class. */
#include <stdio.h>
#include <stdlib.h>

#include "codec/oe_master.h"
#include "codec/oe_txt.h"
#include "want.h"

static bool strings_fit(slice r)
{
    size_t at = 0;
    while (at < r.n)
        at += (size_t)r.p[at] + 1;
    return r.n > 0 && at == r.n;
}

static void write_again(const struct env *env, const struct oe_rr *rr, enum oe_layout layout)
{
    struct buf one, two;
    struct oe_rr again;
    struct oe_text_fault f;
    slice owner = SLICE_LIT("66.0.2.192.in-addr.arpa."), rdata = buf_slice(&rr->rdata);
    buf_init(&one, &mem_libc, OE_MASTER_MAX);
    buf_init(&two, &mem_libc, OE_MASTER_MAX);
    err e = oe_rr_write(owner, 60, rr->type, rdata, layout, &one);
    bool fits = rr->type == OE_RR_TXT ? strings_fit(rdata) : rdata.n >= 4;
    WANT(e == (fits ? OK : ERR_USE));
    for (size_t i = 0; i < one.n; i++)
        WANT(one.p[i] == '\n' || one.p[i] == '\t' || (one.p[i] >= ' ' && one.p[i] <= '~'));
    if (fits) {
        WANT(oe_master_read(env, buf_slice(&one), 0, &again, &f) == OK);
        WANT(again.type == rr->type && again.ttl == 60 && slice_eq(again.owner, owner) && !again.lax);
        WANT(again.used == one.n && slice_eq(buf_slice(&again.rdata), rdata));
        WANT(oe_rr_write(owner, 60, rr->type, buf_slice(&again.rdata), layout, &two) == OK);
        WANT(slice_eq(buf_slice(&one), buf_slice(&two)));
        oe_rr_done(&again);
    }
    buf_done(&one);
    buf_done(&two);
}

static void check(const struct env *env, slice text, uint16_t type)
{
    struct oe_rr rr, again;
    struct oe_text_fault f;
    err e = oe_master_read(env, text, type, &rr, &f);
    WANT(e == OK || e == ERR_PEER || e == ERR_MORE || e == ERR_LIMIT);
    if (e == ERR_PEER)
        WANT(f.why[0] && f.at <= text.n && (f.code == OE_F_MASTER || f.code == OE_F_MASTER_STRING));
    if (e == ERR_PEER) WANT(rr.used <= text.n && (rr.used > 0 || text.n == 0));
    if (e == OK) {
        WANT(rr.used > 0 && rr.used <= text.n && (rr.type == OE_RR_TXT || rr.type == OE_RR_KEY));
        WANT(oe_master_read(env, slice_sub(text, 0, rr.used), type, &again, &f) == OK);
        WANT(slice_eq(buf_slice(&again.rdata), buf_slice(&rr.rdata)) && again.used == rr.used);
        oe_rr_done(&again);
        write_again(env, &rr, OE_ONE_LINE);
        write_again(env, &rr, OE_WRAPPED);
        if (rr.type == OE_RR_TXT) {
            struct oe_txt t;
            WANT(oe_txt_read(env, buf_slice(&rr.rdata), &t) == OK);
            oe_txt_done(&t);
        }
    }
    oe_rr_done(&rr);
}

/* Behind a head that we put in front. */
static void with_head(const struct env *env, slice text)
{
    struct oe_rr one, two;
    struct oe_text_fault f;
    struct buf b;
    buf_init(&b, &mem_libc, text.n + 20);
    WANT(buf_add_str(&b, "a. 5 IN TXT ") == OK && buf_add(&b, text) == OK);
    err e = oe_master_read(env, text, OE_RR_TXT, &one, &f);
    if (e == OK && slice_find(slice_sub(text, 0, one.used - 1), SLICE_LIT("\n")) >=
                       one.used - 1) { /* lines in front would end the record */
        WANT(oe_master_read(env, buf_slice(&b), 0, &two, &f) == OK);
        WANT(slice_eq(buf_slice(&one.rdata), buf_slice(&two.rdata)) && two.ttl == 5);
        oe_rr_done(&two);
    }
    oe_rr_done(&one);
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct env env;
    slice text = slice_of(data, size);
    env_init(&env);
    if (size > 65536) return 0;
    check(&env, text, 0);
    check(&env, text, OE_RR_TXT);
    check(&env, text, OE_RR_KEY);
    with_head(&env, text);
    return 0;
}
