/* SPDX-License-Identifier: MIT */
/* fd: what every writer of files needs. */
#ifndef IO_FD_H
#define IO_FD_H

#include "base/err.h"
#include "base/slice.h"

/* Writes all octets of s to a blocking descriptor, over interruptions and short writes.  ERR_SYS with errno set; then part of them may be written. */
err fd_write_all(int fd, slice s) MUST_CHECK;

#endif
