/* SPDX-License-Identifier: MIT */
/* check: between the files of the check command. */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "cli/cli.h"
#include "run/kill.h"
#include "run/proto_beep.h"
#include "run/proto_idxp.h"
#include "run/proto_oe.h"
#include "run/suite.h"

enum { CHECK_SELECTS = 256, CHECK_FILES = 64, CHECK_OWN = 16 };

/* Options of one protocol only. */
enum { OPT_HOST = 0x3000, OPT_IDENTITY, OPT_PROFILE, OPT_ECHO, OPT_SASL_USER, OPT_SASL_MECHANISM, OPT_DIALECT, OPT_DNS_LISTEN };
struct check;
struct check_own {
    int key;
    const char *name;                              /* "--host" */
    const struct run_proto *proto, *also; /* also: another one that it says something about, NULL */
    void (*take)(struct check *c, const char *arg);
};

struct check {
    struct cli_talk talk;
    struct env env;
    struct catalog catalog;
    struct suite_options o;
    const char *select[CHECK_SELECTS];
    const char *file[CHECK_FILES]; /* further scenario files */
    size_t files;
    const struct run_proto *proto; /* NULL: check reference, all of them */
    const struct run_proto *only;  /* check reference: NULL for all */
    const struct check_own *own[CHECK_OWN]; /* that were given */
    size_t owns;
    struct beep_options beep;
    struct idxp_options idxp;
    struct sasl_users *users;
    const char *users_file;
    char unknown_able[32];                         /* a word of --able that no protocol knows, "" */
    const char *role, *mutant, *jsonl, *junit, *tap, *html, *waive, *save;
    bool list, dry_run, strict, memory, verbose, quiet, save_all;
    struct suite_waiver *waiver;
    char today[16];
    bool terminal, colour;
    const struct kill_matrix *kill; /* for the page, NULL */
    bool no_kill;                   /* check reference: leave the deliberate mistakes out */
};

/* An option of one protocol: 0, or ARGP_ERR_UNKNOWN. */
error_t check_own_parse(struct check *c, int key, const char *arg);
/* Whether what was given belongs to the role and makes sense for it: fills o.own.  CLI_OK, or CLI_USE after a message. */
int check_own_use(struct check *c, const struct run_role *role);

/* Table of a run on standard output. */
void check_print(const struct check *c, const struct run_results *rs);
/* One line: how many of the cases about loops of proxies came out how; nothing, and false, where none was played. */
bool check_print_loops(const struct run_results *rs);
void check_progress(void *ctx, size_t done, size_t all, const struct result *r);
/* --list and --dry-run. */
int check_list(const struct check *c);
/* Is that id, or prefix of ids, one of passive checks of the protocol (NULL: of any)? */
bool check_is_passive(const struct run_proto *p, const char *id);
/* Reads the waivers of --waive into c->waiver. */
int check_waivers(struct check *c);
void check_waivers_done(struct check *c);
/* Whether the reports can be written where they are wanted: told before a long run, not after it. */
int check_places(const struct check *c);
/* Writes what --jsonl, --junit, --tap, --html and --save ask for. */
int check_reports(const struct check *c, struct run_results *const *runs, size_t n);
/* The exit status: what was selected has to have proven something. */
int check_status(const struct check *c, const struct run_results *rs);
/* draftproof check reference: every role, arrangement and TLS profile against our own peers. */
int check_reference(struct check *c);

#endif
