/* SPDX-License-Identifier: MIT */
/* draftproof serve: what is opportunistic encryption's own. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/serve.h"
#include "run/proto_oe.h"

static error_t parse(struct serve *s, int key, char *arg, struct argp_state *state)
{
    static const char *const words[] = {"draft", "rfc", NULL};
    int w;
    (void)state;
    switch (key) {
    case OPT_DIALECT:
        w = cli_word("--dialect", arg, words);
        if (w < 0) exit(CLI_USE);
        s->oe.dialect = w == 0 ? OE_DRAFT : OE_RFC;
        return 0;
    case OPT_DNS: s->oe.dns = arg; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static bool was_given(const struct serve *s, int key)
{
    for (size_t i = 0; i < s->owns; i++) {
        if (s->own[i].key == key) return true;
    }
    return false;
}

static int check(struct serve *s)
{
    bool gateway = s->o.role->id == TEST_OE_GATEWAY;
    if (s->alerts.n) return cli_error("only an analyzer sends files");
    if (!gateway && s->oe.dns) return cli_error("--dns is for oe-gateway: a parser asks no name server");
    if (gateway && was_given(s, OPT_DIALECT)) return cli_error("--dialect is for oe-parser: a gateway is told by `begin'");
    return cli_address("--dns", s->oe.dns);
}

/* Their numbers would be given to the next sockets, and those be taken for them. */
static int check_stdio(void)
{
    if (fcntl(STDIN_FILENO, F_GETFD) < 0) return cli_error("standard input is closed: nobody could ask anything");
    if (fcntl(STDOUT_FILENO, F_GETFD) < 0) return cli_error("standard output is closed: nobody would read an answer");
    return CLI_OK;
}

static int ready(struct serve *s, struct tls_context **tls)
{
    (void)tls;
    if (check_stdio() != CLI_OK) return CLI_USE;
    s->o.own = &s->oe;
    return CLI_OK;
}

const struct serve_proto serve_oe = {&run_oe, parse, check, ready};
