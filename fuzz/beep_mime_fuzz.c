/* SPDX-License-Identifier: MIT */
/* A MIME entity.  What is held against the reader, beyond not crashing:
 *   - everything lies inside the message, and the body is what stands behind the first empty line;
 *   - what is wrong is inside the message or at its end;
 *   - a body behind headers of our own reads as that body, of that type;
 *   - decoding stays within the size of the body, and base64 comes back. */
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "codec/beep_mime.h"
#include "want.h"

static bool inside(slice all, slice s)
{
    return s.n == 0 || (s.p >= all.p && s.n <= all.n && (size_t)(s.p - all.p) <= all.n - s.n);
}

static void check_decoding(const struct beep_mime *m)
{
    struct buf out;
    buf_init(&out, &mem_libc, m->body.n);
    err e = beep_mime_decode(m, &out);
    WANT(e == OK || e == ERR_PEER);
    WANT(e == OK || out.n == 0);
    WANT(m->transfer != BEEP_BINARY || slice_eq(buf_slice(&out), m->body));
    if (e == OK && m->transfer == BEEP_BASE64) {
        struct buf text, again;
        buf_init(&text, &mem_libc, base64_size(out.n));
        buf_init(&again, &mem_libc, out.n);
        struct beep_mime n = *m;
        WANT(base64_encode(buf_slice(&out), &text) == OK);
        n.body = buf_slice(&text);
        WANT(beep_mime_decode(&n, &again) == OK && slice_eq(buf_slice(&again), buf_slice(&out)));
        buf_done(&text);
        buf_done(&again);
    }
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct beep_mime m;
    struct buf out;
    slice in = slice_of(data, size);
    if (size > 65536) return 0;
    err e = beep_mime_read(in, &m);
    WANT(e == OK || e == ERR_PEER || e == ERR_LIMIT);
    if (e == OK) {
        size_t head = in.n - m.body.n;
        WANT(inside(in, m.body) && inside(slice_sub(in, 0, head), m.charset));
        WANT(m.body.n == 0 || m.body.p + m.body.n == in.p + in.n);
        WANT(m.typed ? inside(slice_sub(in, 0, head), m.type)
                     : slice_eq(m.type, SLICE_LIT("application/octet-stream")));
        WANT(head == 0 || head == 2 || slice_find(in, SLICE_LIT("\r\n\r\n")) + 4 == head);
        WANT(head <= BEEP_MIME_HEAD_MAX + 2);
        check_decoding(&m);
    } else {
        WANT(m.fault_at <= in.n);
    }
    buf_init(&out, &mem_libc, in.n + 200);
    WANT(beep_mime_head(BEEP_MEDIA_TYPE, &out) == OK && buf_add(&out, in) == OK);
    WANT(beep_mime_read(buf_slice(&out), &m) == OK && beep_mime_is(&m, BEEP_MEDIA_TYPE) &&
         slice_eq(m.body, in));
    buf_done(&out);
    return 0;
}
