/* SPDX-License-Identifier: MIT */
/* err: the result of every call that can fail.  The high byte is the class, so "need more octets" is never
 * mistaken for "the peer broke a clause", and neither for "we called it wrong". */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))

typedef enum err {
    OK = 0,
    ERR_MORE = 0x0100,  /* not a fault: more octets (or more output room) are needed */
    ERR_PEER = 0x0200,  /* the other side broke a clause; details are in a fault */
    ERR_LIMIT = 0x0300, /* a limit of env was reached */
    ERR_MEM = 0x0400,   /* the allocator refused */
    ERR_SYS = 0x0500,   /* the operating system or a library refused */
    ERR_USE = 0x0600    /* we called it wrong */
} err;

/* Leave the calling function with the error of expr, if any. */
#define TRY(expr)                                                                                            \
    do {                                                                                                     \
        err try_err_ = (expr);                                                                               \
        if (try_err_ != OK) return try_err_;                                                                 \
    } while (0)

/* The name of an error for people: "ok", "more", "peer", "limit", "memory", "system", "use".  Static. */
const char *err_name(err e);

#endif
