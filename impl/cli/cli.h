/* SPDX-License-Identifier: MIT */
/* cli: the subcommands of draftproof and what they share.  Exit status: 0 fine, 1 something failed, 2 wrong use or a file or address that cannot be used,
 * 3 nothing was proven. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <argp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "codec/iap_msg.h"
#include "run/identity.h"
#include "run/proto.h"
#include "sec/sasl_creds.h"

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USE = 2, CLI_UNPROVEN = 3 };

struct cli_command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is "draftproof NAME" */
    const char *line;                  /* for the overview */
};
int cli_check(int argc, char **argv);
int cli_clauses(int argc, char **argv);
int cli_idmef(int argc, char **argv);
int cli_model(int argc, char **argv);
int cli_mutants(int argc, char **argv);
int cli_oe(int argc, char **argv);
int cli_pki(int argc, char **argv);
int cli_replay(int argc, char **argv);
int cli_send(int argc, char **argv);
int cli_serve(int argc, char **argv);
int cli_store(int argc, char **argv);

/* One line on standard error, with the program's name in front; returns CLI_USE. */
__attribute__((format(printf, 1, 2))) int cli_error(const char *fmt, ...);
/* From now on the signals that ask a program to end (those that are not ignored) only set this, so that the run ends its peers and removes its keys. */
const volatile sig_atomic_t *cli_interruptible(void);
/* The words of a format option: index in words (ended by NULL), or -1 with a message. */
int cli_word(const char *option, const char *value, const char *const *words);
/* A number with a unit of seconds ("3", "0.5", "250ms", "2m") as milliseconds; -1 with a message. */
int64_t cli_seconds(const char *option, const char *value);
/* A plain number between low and high; -1 with a message. */
int64_t cli_number(const char *option, const char *value, int64_t low, int64_t high);
/* H:P as the value of an option (NULL: not given): CLI_OK, or CLI_USE with a message.  Whether anybody is there is for later. */
int cli_address(const char *option, const char *value);
/* A host as the draft writes it (4.2), as the value of an option (NULL: not given): CLI_OK, or CLI_USE with a message. */
int cli_host(const char *option, const char *value);
/* What the two above gave, unless that was -1: then the message stands and the program ends with CLI_USE.  For option parsers. */
int64_t cli_want(int64_t v);
/* The form to write where the draft contradicts itself; ends the program with a message when there is none of that name. */
const struct iap_style *cli_style(const char *name);
/* Prints "listening on ADDRESS", flushed: the contract of everything that takes connections. */
void cli_listening(void *ctx, const char *address);
/* The role and its protocol, or NULL with a message that lists the roles. */
const struct run_role *cli_role(const char *word, const struct run_proto **proto);
/* The protocol as the value of --protocol; ends the program with a message when there is none of that name. */
const struct run_proto *cli_protocol(const char *name);
/* The mistake of that name as an index of the protocol's list, or 0 with a message. */
unsigned cli_mutant(const struct run_proto *proto, const char *name);
/* Near words: the entry of words closest to what was typed, NULL when none is close. */
const char *cli_nearest(const char *typed, const char *const *words);

/* --- BEEP -------------------------------------------------------------------------------------------------------------------- */
/* A URI of a profile for data, as the value of an option (NULL: not given): CLI_OK, or CLI_USE with a message. */
int cli_beep_profile(const char *option, const char *uri);
/* A mechanism as the value of --sasl-mechanism (NULL: not given): CLI_OK, or CLI_USE with a message. */
int cli_sasl_mechanism(const char *name);
/* Does a client need a password for it? */
bool cli_sasl_password(const char *mechanism);
/* Users from a file (path NULL: *out is NULL); a file that others can read is told of on standard error, and taken.  CLI_OK, or CLI_USE with a message. */
int cli_sasl_users(const struct env *env, const char *option, const char *path, struct sasl_users **out);

/* --- options of everything that talks ------------------------------------------------------------------------------------- */
struct cli_talk {
    enum run_tls tls;
    bool tls_given;
    const char *cert, *key, *ca, *pki;
    const char *peer_name, *peer_oid, *peer_subject;
    char name_text[256]; /* peer_name, where it was derived */
};
extern const struct argp cli_talk_argp; /* a child parser; its input is a struct cli_talk */
/* An analyzer that opens the connection looks for the name that it connects to (6.6, RFC 2595 2.4), unless --peer-name says which: host, else that of
 * connect.  An IPv4 address is no name; then --peer-name or --peer-subject has to tell the manager (5.1).  Either may be NULL. */
void cli_talk_name(struct cli_talk *t, const char *host, const char *connect);
/* Nothing was said that asks for TLS: CLI_OK, or CLI_USE with a message that says why role has none. */
int cli_talk_none(const struct cli_talk *t, const struct run_role *role);
/* The context of a reference peer that is the client of TLS, or the server.  mutual: both have to show a certificate, as in IAP (6.4); otherwise a client may
 * do without, and one that it shows has to come from the authority of --ca.  *out NULL and OK when TLS is off or a server has no certificate.  A message was
 * printed on failure (CLI_USE). */
int cli_talk_context(const struct env *env, const struct cli_talk *t, bool client, bool mutual, struct tls_context **out);
/* Folder of a pki for a side of TLS and profile: "DIR/rsa/manager" (a server's certificate), "DIR/rsa/analyzer" (a client's). */
void cli_pki_folder(const struct cli_talk *t, bool client, char *out, size_t n);

#endif
