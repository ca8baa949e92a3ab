/* SPDX-License-Identifier: MIT */
/* oe_agent_impl: what the parts of oe_agent share.  A look is one name and type that was asked for; a job is one question that takes rules to answer: a destination, an
 * other end (phase 1), a host that somebody wants to act for (phase 2).  A job waits for one look at most.  A task is whoever asked: several may hang on one job. */
#ifndef PEER_OE_AGENT_IMPL_H
#define PEER_OE_AGENT_IMPL_H

#include "base/fsm.h"
#include "codec/oe_master.h"
#include "codec/oe_txt.h"
#include "model/oe_flow.h"
#include "peer/oe_agent.h"

enum {
    OE_TRAIL_MAX = 1024,  /* steps that are told: three for each gateway and some */
    OE_SEARCH_MAX = 1024, /* that are looked at for one that may go: what has to stay goes to the end, so the next search goes on behind it */
    OE_TRAIL_OWN = 4,     /* steps for which no memory is needed, so that the last can always be told */
};

/* --- oe_agent_hold.c: rings and tables --- */
struct ring { /* first member of what hangs in one; alone it leads to itself */
    struct ring *prev, *next;
};
void oe_ring_init(struct ring *r);
void oe_ring_add(struct ring *list, struct ring *r); /* at the end; leaves where it was */
void oe_ring_cut(struct ring *r);

struct hashed { /* what stands in a table */
    struct hashed *next;
    uint32_t hash;
};
struct table { /* grows with what is in it */
    struct hashed **slot;
    size_t size, n; /* size: a power of two, or 0 */
};
/* ERR_MEM: it does not stand there. */
err oe_table_add(const struct mem *mem, struct table *t, struct hashed *h, uint32_t hash) MUST_CHECK;
/* What does not stand there stays as it is; tells whether it stood there. */
bool oe_table_cut(struct table *t, struct hashed *h);
/* All that may have the hash, one behind the other by next. */
struct hashed *oe_table_first(const struct table *t, uint32_t hash);

struct look {
    struct ring age;                /* in agent.looks: the one that was used last at the end */
    struct ring queue;              /* in agent.to_ask */
    struct ring waiting;            /* of the jobs that wait for it, by job.wait */
    struct hashed by_name, by_id;
    uint32_t id;
    uint16_t type;
    bool pending, asked, tcp, held; /* held: somebody reads it */
    uint64_t until;                 /* known until then */
    enum oe_look look;
    enum oe_security security;
    slice *rdata;                   /* one block, the octets behind the slices */
    size_t n;
    char name[];
};

struct keys {
    struct oe_rsa *key; /* each with octets of its own */
    size_t n, cap;
};

struct gateway {
    struct oe_host host;
    uint16_t precedence;
    bool tried, told; /* told: a record has a key of it */
    struct keys keys;
};

enum job_kind { JOB_DESTINATION, JOB_PEER, JOB_SOURCE, JOB_ALONE };

struct job {
    struct ring age;      /* in agent.jobs, or in agent.spent */
    struct ring wait;     /* in look.waiting */
    struct ring due;      /* in agent.due, by deadline */
    struct ring tasks;
    struct hashed by_key;
    enum job_kind kind;
    struct oe_host host;  /* destination, or the host to act for */
    uint64_t tag;         /* of the phase 1 */
    struct look *look;
    bool silent, barred;  /* its time is over; the question could not be put */
    uint64_t deadline;
    /* what was decided */
    bool decided;
    enum oe_outcome out;
    uint64_t until, facts_until; /* the decision holds; the answers that it rests on hold */
    struct oe_step own[OE_TRAIL_OWN], *trail;
    size_t steps, cap;
    /* destination */
    struct gateway *gateways;
    size_t gateway_count, current; /* current: gateway_count when there is none */
    enum oe_last last;
    enum oe_security security;
    enum oe_found found;
    bool picked;
    char gateway_name[OE_NAME_TEXT]; /* a mistake only: the first that goes by name */
    bool tunnel;
    struct fsm_inst old;
    uint64_t began, used;
    /* other end, and for whom it asks */
    struct oe_host from, identity;
    enum oe_id id_type;
    char name[OE_NAME_TEXT];
    bool authentic;
    struct keys signer; /* none or one */
    struct keys candidates;
};

struct task {
    struct ring in; /* job.tasks, then agent.done */
    struct job *job;
    uint64_t tag;
    enum oe_ask ask;
    struct oe_host source;
    bool remembered;
};

struct oe_agent {
    const struct env *env;
    struct oe_policy policy;
    unsigned mutant;
    struct rng rng;
    uint64_t ahead, at; /* of the caller's clock; by our own, when we were told something last */
    struct table by_name, by_id, by_key; /* looks, looks that are under way, jobs */
    struct ring looks, to_ask, jobs, due, done, spent;
    size_t task_count;
    uint32_t next_id;
    uint64_t next_age; /* when the first tunnel is to be looked at */
    char first_name[OE_NAME_TEXT]; /* a mistake only */
    size_t in_flight;              /* a mistake only */
};

#define OE_NEVER UINT64_MAX

/* --- oe_agent_dns.c: what DNS is asked and says --- */
/* Has the job wait for the name and type, unless it is known.  Behind it job.look says what there is, or job.barred is set. */
void oe_agent_look(struct oe_agent *a, struct job *j, const char *name, uint16_t type, uint64_t t);
void oe_agent_look_tcp(struct oe_agent *a, struct job *j);
void oe_agent_unlook(struct job *j);
void oe_agent_free_look(struct oe_agent *a, struct look *l);
/* The name to ask for, with the mistakes of whoever asks. */
void oe_agent_reverse(const struct oe_agent *a, const struct oe_host *h, char out[OE_NAME_TEXT]);
/* As the tables have it: of TXT, and of KEY with its candidates, which are filled in once DNS has answered. */
enum oe_look oe_agent_look_facts(const struct oe_agent *a, const struct job *j, enum oe_security *security);
enum oe_key_state oe_agent_key_facts(struct oe_agent *a, struct job *j, struct keys *candidates);
/* Each record of ours in the order in which they came, as the reading in force takes it.  ERR_MEM, or what each gives. */
typedef err oe_record_fn(void *ctx, const struct oe_txt *t);
err oe_agent_records(struct oe_agent *a, const struct look *l, enum oe_found *found, bool *foreign, oe_record_fn *each, void *ctx) MUST_CHECK;
/* Adds a copy; one that is there already, or past OE_AGENT_KEYS, is passed over. */
err oe_keys_add(const struct mem *mem, struct keys *k, const struct oe_rsa *key) MUST_CHECK;
bool oe_keys_have(const struct keys *k, const struct oe_rsa *key);
void oe_keys_done(const struct mem *mem, struct keys *k);

/* --- oe_agent_init.c, oe_agent_resp.c: the rules --- */
void oe_agent_seek(struct oe_agent *a, struct job *j, uint64_t t);
void oe_agent_auth(struct oe_agent *a, struct job *j, uint64_t t);
void oe_agent_allow(struct oe_agent *a, struct job *j, uint64_t t);
void oe_agent_forget_gateways(struct oe_agent *a, struct job *j);
/* As which address the host appears; a failure when nobody could look it up. */
const struct oe_rule *oe_agent_translate(const struct oe_agent *a, const struct oe_host *source, struct oe_host *as, uint8_t facts[OE_N_AXES]);
void oe_agent_fail(struct oe_agent *a, struct job *j, enum oe_failure f, uint64_t t);
bool oe_agent_reported(struct oe_agent *a, struct job *j, const struct oe_host *gateway, enum oe_report what, uint64_t t); /* true: to be decided anew */
enum oe_policy_class oe_agent_class(const struct oe_agent *a, const struct oe_host *h, const char *name, bool responder);

/* --- oe_agent.c --- */
void oe_agent_run(struct oe_agent *a, struct job *j, uint64_t t); /* on with it, by its rules */
void oe_agent_free_spent(struct oe_agent *a);                     /* jobs of one decision, once it was taken */
const struct oe_rule *oe_agent_step(struct oe_agent *a, struct job *j, const struct oe_table *t, const uint8_t *facts, const char *about);
void oe_agent_say(struct oe_agent *a, struct job *j, enum oe_outcome out, uint64_t until);
/* --- oe_agent_time.c --- */
uint64_t oe_agent_later(uint64_t t, uint64_t ms); /* without passing the end of time */

#endif
