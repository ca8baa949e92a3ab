/* SPDX-License-Identifier: MIT */
/* Lines between tester and adapter; the first octet says how the stream is cut and in which direction it runs.  What is held against the reader, beyond not crashing:
 *   - however the stream is cut, the same lines come, and none has an LF;
 *   - what is no line of ours has a reason, and nothing in it or in the id could not be shown;
 *   - what is read is written to a line that reads and writes the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/oe_line.h"
#include "want.h"

static struct env env;

static bool shows(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 127) return false;
    }
    return true;
}

/* One reading, and what was written of it. */
static err once(bool ask, slice line, struct buf *out)
{
    struct oe_line_ask a;
    struct oe_line_reply r;
    struct oe_line_fault f = {.id = "?"};
    err e = ask ? oe_line_ask_read(&env, line, &a, &f) : oe_line_reply_read(&env, line, &r, &f);
    WANT(shows(f.id) && shows(f.why));
    if (e == OK) {
        WANT((ask ? oe_line_ask_write(&a, out) : oe_line_reply_write(&r, out)) == OK);
        WANT(strcmp(ask ? a.id : r.id, f.id) == 0);
    } else {
        WANT(e == ERR_PEER && *f.why);
    }
    if (ask) oe_line_ask_done(&a);
    else oe_line_reply_done(&r);
    return e;
}

static void judge(bool ask, slice line)
{
    struct buf first, second;
    buf_init(&first, &mem_libc, 1 << 26);
    buf_init(&second, &mem_libc, 1 << 26);
    WANT(memchr(line.p, '\n', line.n) == NULL);
    if (once(ask, line, &first) == OK) {
        WANT(first.n && first.p[first.from + first.n - 1] == '\n');
        WANT(once(ask, slice_sub(buf_slice(&first), 0, first.n - 1), &second) == OK);
        WANT(slice_eq(buf_slice(&first), buf_slice(&second)));
    }
    buf_done(&first);
    buf_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct oe_lines whole, cut;
    struct buf lines; /* those of the whole stream, with an LF behind each */
    slice line, octets;
    if (size < 1) return 0;
    env_init(&env);
    bool ask = data[0] & 1;
    size_t step = 1 + (data[0] >> 1);
    buf_init(&lines, &mem_libc, 1 << 26);
    oe_lines_init(&whole, &mem_libc);
    octets = slice_of(data + 1, size - 1);
    while (oe_lines_next(&whole, &octets, &line) == OK) {
        judge(ask, line);
        WANT(buf_add(&lines, line) == OK && buf_add_byte(&lines, '\n') == OK);
    }
    WANT(octets.n == 0);
    oe_lines_done(&whole);
    oe_lines_init(&cut, &mem_libc);
    for (size_t at = 1; at < size; at += step) {
        octets = slice_sub(slice_of(data, size), at, at + step);
        while (oe_lines_next(&cut, &octets, &line) == OK) {
            WANT(lines.n > line.n && memcmp(lines.p + lines.from, line.p, line.n) == 0 && lines.p[lines.from + line.n] == '\n');
            buf_take(&lines, line.n + 1);
        }
    }
    WANT(lines.n == 0);
    oe_lines_done(&cut);
    buf_done(&lines);
    return 0;
}
