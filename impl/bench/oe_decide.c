/* SPDX-License-Identifier: MIT */
/* Decisions of a gateway's mind: a destination that it never saw, TXT asked for and answered from memory, and what is decided; beside them reading the record
 * alone, so that the price of deciding shows.  Prints a JSON object a line: {"bench","name","ns","record_ns","ratio","per_second"}.
 *
 *   bench_oe_decide ROUNDS        odd */
#include "bench/oe_record.h"
#include "codec/oe_master.h"
#include "peer/oe_agent.h"

enum { ROUNDS_MAX = 1001, A_ROUND = 2000, RECORDS_MAX = 8 };

struct bench {
    struct env env;
    struct oe_agent *agent;
    uint32_t next; /* destination */
    slice rdata[RECORDS_MAX];
    size_t records;
};

static struct oe_host host(uint32_t n)
{
    uint8_t octets[] = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    return oe_host_of(4, octets);
}

static void decide(struct bench *b, bool again, enum oe_outcome want)
{
    struct oe_host d = host(again ? b->next : ++b->next);
    struct oe_question q;
    struct oe_decision r;
    if (oe_agent_initiate(b->agent, 1, NULL, &d, b->next) != OK) die("a question is not taken");
    if (oe_agent_ask(b->agent, &q) == again) die("DNS is asked when it should not be, or is not");
    struct oe_answer a = {.look = b->records ? OE_LOOK_RECORDS : OE_LOOK_NXDOMAIN,
                          .security = OE_SEC_SECURE,
                          .ttl = 300,
                          .type = OE_RR_TXT,
                          .rdata = b->rdata,
                          .n = b->records};
    if (!again && oe_agent_answer(b->agent, q.id, &a, b->next) != OK) die("out of memory");
    if (!oe_agent_decision(b->agent, &r) || r.out != want) die("the decision is another");
}

static void read_records(struct bench *b)
{
    for (size_t i = 0; i < b->records; i++) {
        struct oe_txt t;
        if (oe_txt_read(&b->env, b->rdata[i], &t) != OK) die("out of memory");
        oe_txt_done(&t);
    }
}

static void measure(struct bench *b, const char *name, bool again, enum oe_outcome want, size_t rounds)
{
    static double took[2][ROUNDS_MAX];
    if (again) decide(b, false, want);
    for (size_t i = 0; i < rounds; i++) {
        double began = seconds();
        for (size_t k = 0; k < A_ROUND; k++)
            decide(b, again, want);
        double between = seconds();
        for (size_t k = 0; k < A_ROUND; k++)
            read_records(b);
        took[0][i] = (between - began) * 1e9 / A_ROUND;
        took[1][i] = (seconds() - between) * 1e9 / A_ROUND;
    }
    double us = median(took[0], rounds), alone = median(took[1], rounds);
    printf("{\"bench\":\"oe_decide\",\"name\":\"%s\",\"ns\":%.0f,\"record_ns\":%.0f,\"ratio\":%.2f,\"per_second\":%.0f}\n", name, us, alone,
           b->records && !again ? us / alone : 0, 1e9 / us);
}

int main(int argc, char **argv)
{
    struct bench b = {.next = 0};
    struct buf record[RECORDS_MAX];
    struct oe_agent_setup setup = {.seed = 1};
    size_t rounds = argc == 2 ? number(argv[1], 1, ROUNDS_MAX) : 0;
    if (!rounds) die("usage: oe_decide ROUNDS");
    env_init(&b.env);
    oe_policy_init(&setup.policy);
    if (oe_agent_new(&b.env, &setup, &b.agent) != OK) die("out of memory");
    for (uint16_t i = 0; i < RECORDS_MAX; i++) {
        buf_init(&record[i], b.env.mem, OE_RDATA_MAX);
        oe_record(&b.env, (uint8_t)(RECORDS_MAX - i), 1024, &record[i]);
        b.rdata[i] = buf_slice(&record[i]);
    }
    measure(&b, "no record", false, OE_OUT_CLEAR, rounds);
    b.records = 1;
    measure(&b, "a record", false, OE_OUT_ENCRYPT, rounds);
    measure(&b, "the same destination again", true, OE_OUT_ENCRYPT, rounds);
    b.records = RECORDS_MAX;
    measure(&b, "eight records", false, OE_OUT_ENCRYPT, rounds);
    oe_agent_free(b.agent);
    for (size_t i = 0; i < RECORDS_MAX; i++)
        buf_done(&record[i]);
    return 0;
}
