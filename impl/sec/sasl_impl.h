/* SPDX-License-Identifier: MIT */
/* sasl_impl: what the files of sasl share.  Nobody outside sec/ includes it. */
#ifndef SEC_SASL_IMPL_H
#define SEC_SASL_IMPL_H

#include "sec/sasl.h"

#include <gsasl.h>

#define SASL_SERVICE "beep" /* RFC 3080 4.1 */

struct sasl_context {
    const struct env *env;
    struct sasl_options o; /* strings are ours, see owned */
    char *owned[7];
    Gsasl *lib;
};

struct sasl {
    struct sasl_context *c;
    Gsasl_session *lib; /* NULL for ANONYMOUS and EXTERNAL */
    enum sasl_mech mech;
    enum sasl_status status;
    struct sasl_failure failure;
    unsigned seen;  /* blobs of the peer that were read */
    bool begun;     /* a step was made */
    bool has_out;   /* the last step gave a blob */
    bool satisfied; /* client: the mechanism wants nothing more */
    bool stranger;  /* server: the name belongs to no user */
    enum sasl_qop qop;
    char *external;               /* NULL: none */
    const struct sasl_user *user; /* server: who the credentials belong to */
    const char *identity;         /* of the context, a user, or external */
    char *trace;
    /* the layer */
    bool layer, broken;
    size_t peer_max;    /* longest packet that the peer takes */
    struct buf partial; /* of a packet that is not whole yet, its length in front */
};

/* --- sasl_lib: around the library --- */
/* The callback of a context. */
int sasl_lib_ask(Gsasl *g, Gsasl_session *x, Gsasl_property p);
/* One step of the library; its code.  *out belongs to the library's memory (gsasl_free), NULL for nothing. */
int sasl_lib_step(struct sasl *s, slice in, char **out, size_t *out_n);
/* The reply that fits what the library says. */
enum sasl_code sasl_lib_code(int rc);
/* Server: who the peer is, once the library is satisfied; false when it may not be that. */
bool sasl_lib_identify(struct sasl *s);
/* What must be looked at before the library is: NULL, or words for what is wrong. */
const char *sasl_lib_screen(const struct sasl *s, slice in);

/* --- sasl_layer --- */
/* The value of a directive of a DIGEST-MD5 blob, without its quotes; false when it is not there. */
bool sasl_directive(slice blob, slice name, slice *value);
/* Notes the peer's limit from its blob. */
void sasl_layer_peer(struct sasl *s, slice blob);

/* --- sasl --- */
__attribute__((format(printf, 3, 4))) void sasl_fail(struct sasl *s, enum sasl_code code, const char *fmt,
                                                     ...);

#endif
