/* SPDX-License-Identifier: MIT */
#include "io/fd.h"

#include <errno.h>
#include <unistd.h>

err fd_write_all(int fd, slice s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return ERR_SYS;
        s = slice_sub(s, (size_t)n, s.n);
    }
    return OK;
}
