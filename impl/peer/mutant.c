/* SPDX-License-Identifier: MIT */
#include "peer/mutant.h"

unsigned mutant_find(const struct mutant *list, size_t n, slice name)
{
    for (size_t i = 1; i < n; i++) {
        if (slice_eq(name, slice_str(list[i].name))) return (unsigned)i;
    }
    return 0;
}

err mutant_rewrite(struct buf *text, const char *find, const char *put)
{
    struct buf old;
    slice was = buf_slice(text), key = slice_str(find);
    size_t at = slice_find(was, key);
    if (at == was.n) return OK;
    buf_init(&old, text->mem, text->max);
    err e = buf_add(&old, was);
    if (e == OK) {
        was = buf_slice(&old);
        buf_clear(text);
        e = buf_add(text, slice_sub(was, 0, at));
        if (e == OK) e = buf_add_str(text, put);
        if (e == OK) e = buf_add(text, slice_sub(was, at + key.n, was.n));
    }
    buf_done(&old);
    return e;
}
