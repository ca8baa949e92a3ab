/* SPDX-License-Identifier: MIT */
/* loop: sockets, timers and child processes on one libuv loop.  Readiness comes from the loop (uv_poll), reads and writes are ours, so that cuts
 * are exact to the octet and urgent data is seen.  Everything runs in the thread that calls loop_run; loop_run, loop_run_until and loop_free
 * are not for use inside callbacks.  loop_new ignores SIGPIPE in this process and raises its limit of open files to what it may have. */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"

struct loop;
struct loop_tcp;
struct loop_listener;
struct loop_timer;
struct loop_child;

err loop_new(const struct env *env, struct loop **out) MUST_CHECK;
/* Closes everything that is still open, kills children that still run, waits for loop_work under way (and calls its done), frees.  Children that
 * loop_child_free let go get what is left of their grace. */
void loop_free(struct loop *l);
/* Milliseconds on a clock that never goes back. */
uint64_t loop_now(const struct loop *l);
/* Runs until loop_stop, or until nothing is left to wait for. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* Runs loop turns until *flag is true (flag may be NULL), loop_stop is called or at (loop_now clock) is reached. */
void loop_run_until(struct loop *l, const bool *flag, uint64_t at);
/* SIGTERM and SIGINT call fn (in the loop's thread) instead of ending the process. */
err loop_on_signals(struct loop *l, void (*fn)(void *ctx), void *ctx) MUST_CHECK;
/* fn in a worker thread, then done in the loop's thread (for fsync). */
err loop_work(struct loop *l, void (*fn)(void *ctx), void (*done)(void *ctx), void *ctx) MUST_CHECK;

/* --- timers: one shot; set again at will ------------------------------------------------------------------------ */
err loop_timer_new(struct loop *l, void (*fn)(void *ctx), void *ctx, struct loop_timer **out) MUST_CHECK;
void loop_timer_at(struct loop_timer *t, uint64_t at); /* loop_now clock; UINT64_MAX stops it; what is past fires in a millisecond */
void loop_timer_free(struct loop_timer *t);

/* --- addresses -------------------------------------------------------------------------------------------------- */
/* "127.0.0.1:80", "[::1]:80", "localhost:80", ":80" (0.0.0.0).  ERR_USE with one line in why that says what a good one looks like. */
struct loop_addr { uint8_t storage[128]; uint32_t n; };
err loop_addr_parse(const char *text, struct loop_addr *out, char *why, size_t why_n) MUST_CHECK;
/* Judges only how it is written: no name is looked up, so a host that is not known yet is fine. */
err loop_addr_check(const char *text, char *why, size_t why_n) MUST_CHECK;
/* "127.0.0.1:80" into text (at least 64 octets). */
void loop_addr_print(const struct loop_addr *a, char *text, size_t n);

/* Literal addresses: the port, and whether both are the same address and port. */
uint16_t loop_addr_port(const struct loop_addr *a);
void loop_addr_set_port(struct loop_addr *a, uint16_t port);
bool loop_addr_same(const struct loop_addr *a, const struct loop_addr *b);
/* Would a connection to that literal address ("127.0.0.1:80", "[::1]:80") come to who listens at bound (likewise; 0.0.0.0 and [::] are all addresses of this machine)?  False for names. */
bool loop_addr_is_self(const char *at, const char *bound);

/* --- TCP -------------------------------------------------------------------------------------------------------- */
enum loop_end { LOOP_FIN, LOOP_RESET, LOOP_REFUSED };
struct loop_tcp_events { /* all get the ctx given at creation; a tcp may be freed from inside any of them */
    void (*up)(void *ctx, struct loop_tcp *t);                  /* a dialled connection stands */
    void (*read)(void *ctx, struct loop_tcp *t, slice octets);  /* up to 64 KiB, borrowed from the loop's one buffer */
    void (*urgent)(void *ctx, struct loop_tcp *t);              /* urgent data arrived (its octet is taken out of the stream) */
    void (*writable)(void *ctx, struct loop_tcp *t);            /* after loop_tcp_write took less than all */
    void (*ended)(void *ctx, struct loop_tcp *t, enum loop_end how, int sys); /* FIN: reading is over, writing may go on; else all is over. sys: errno */
};
/* Begins to connect; ended(LOOP_REFUSED) when it cannot, or when it takes longer than timeout_ms (0: as long as the system tries). *ev is copied. Non-blocking, close-on-exec, TCP_NODELAY. */
err loop_tcp_dial(struct loop *l, const struct loop_addr *to, uint32_t timeout_ms, const struct loop_tcp_events *ev, void *ctx, struct loop_tcp **out) MUST_CHECK;
/* Writes as much as the socket takes now, each call one write of at most n octets: *took says how much.  OK with *took < n: wait for writable. When the
 * peer has broken the connection, nothing is taken and ended(LOOP_RESET) comes instead of writable, after what was received before.  ERR_SYS: it is over, ended
 * was called before.  ERR_USE: after loop_tcp_fin.  May be called before up (takes nothing). */
err loop_tcp_write(struct loop_tcp *t, slice octets, size_t *took) MUST_CHECK;
/* One octet of TCP urgent data.  ERR_MORE: no room now.  Else as loop_tcp_write. */
err loop_tcp_urgent(struct loop_tcp *t, uint8_t octet) MUST_CHECK;
void loop_tcp_fin(struct loop_tcp *t);            /* shutdown of our direction */
void loop_tcp_pause(struct loop_tcp *t, bool on); /* stop reading (and noticing FIN) / go on */
void loop_tcp_free(struct loop_tcp *t, bool reset); /* closes; reset: with RST.  No event comes after it. */
void loop_tcp_peer(const struct loop_tcp *t, char *text, size_t n);
void loop_tcp_local(const struct loop_tcp *t, char *text, size_t n); /* our end of it; "unknown address" when it is gone */
/* A stream socket that is connected already (of socketpair, or TCP), as a connection that stands: up is not called.  ev NULL: reading starts with loop_tcp_set_ctx.  Takes fd over, also when it fails.  Between two processes of one machine
 * who closes has closed both directions: that is told as LOOP_FIN alone, and as LOOP_RESET once something is written. */
err loop_tcp_adopt(struct loop *l, int fd, const struct loop_tcp_events *ev, void *ctx, struct loop_tcp **out) MUST_CHECK;
void *loop_tcp_ctx(const struct loop_tcp *t);
void loop_tcp_set_ctx(struct loop_tcp *t, const struct loop_tcp_events *ev, void *ctx);

/* Listens (backlog 4096, SO_REUSEADDR).  accepted hands over each connection; it must call loop_tcp_set_ctx (reading starts with that) or loop_tcp_free.  Running out of
 * descriptors pauses accepting for a moment instead of spinning: see loop_listener_trouble.
 * why: one line ("127.0.0.1:80: address already in use; choose another port, or :0 for any free one"). */
err loop_listen(struct loop *l, const struct loop_addr *at, void (*accepted)(void *ctx, struct loop_tcp *t), void *ctx, struct loop_listener **out, char *why, size_t why_n) MUST_CHECK;
/* The address really bound. */
void loop_listener_addr(const struct loop_listener *ls, struct loop_addr *out);
int loop_listener_trouble(const struct loop_listener *ls); /* last errno of accept, 0 */
void loop_listener_free(struct loop_listener *ls);

/* --- children --------------------------------------------------------------------------------------------------- */
struct loop_child_events {
    void (*output)(void *ctx, slice octets);            /* standard output; NULL: passed on to our standard error */
    void (*exited)(void *ctx, int status, int signal);  /* once, after its output (what its descendants still write comes later); NULL: not wanted */
};
/* Runs "/bin/sh -c command" in a process group of its own, standard error passed on to ours (or to /dev/null with quiet, and so is output without a callback). with_stdin: loop_child_write may be used. */
err loop_child_new(struct loop *l, const char *command, bool with_stdin, bool quiet, const struct loop_child_events *ev, void *ctx, struct loop_child **out, char *why, size_t why_n) MUST_CHECK;
/* The same, with a socket as its standard input and output: *talk is the other end of it, non-blocking, close-on-exec and the caller's (for loop_tcp_adopt).  ev->output is not looked at. */
err loop_child_talk(struct loop *l, const char *command, bool quiet, const struct loop_child_events *ev, void *ctx, struct loop_child **out, int *talk, char *why, size_t why_n) MUST_CHECK;
err loop_child_write(struct loop_child *c, slice octets) MUST_CHECK; /* queued; ERR_LIMIT past env out_queue, ERR_SYS once it reads no more */
/* Ends the whole group: SIGTERM, and SIGKILL after grace_ms.  Frees; no event comes after it. */
void loop_child_free(struct loop_child *c, uint32_t grace_ms);

#endif
