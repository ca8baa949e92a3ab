/* SPDX-License-Identifier: MIT */
/* stdio: the standard input and output of this process as one connection of a loop.  They may be anything: a terminal, files, pipes, a socket; so two threads move octets between them and
 * a socket, and the descriptors are left as they are (others who share them would not like them non-blocking). */
#ifndef IO_STDIO_H
#define IO_STDIO_H

#include "io/loop.h"

struct loop_stdio;

/* *talk is the loop's end, the caller's (for loop_tcp_adopt): its FIN is the end of the input; a FIN of ours ends the output.  done: that was written as a whole, or nobody reads it any
 * more; called once, in the loop's thread.  Once in a process. */
err loop_stdio_new(struct loop *l, void (*done)(void *ctx), void *ctx, struct loop_stdio **out, int *talk) MUST_CHECK;
/* Waits for what is still to be written, at most wait_ms; after this the process should end soon, as a read of the input may still be under way. */
void loop_stdio_free(struct loop_stdio *s, uint32_t wait_ms);

#endif
