/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/iap_msg.h"
#include "io/loop.h"

/* Octets of the character that stands there in UTF-8; 0: none does, or one that a terminal may obey (C1), or that turns or hides what stands around it. */
static size_t plain(const unsigned char *c)
{
    size_t n = c[0] < 0x80 ? 1 : c[0] >= 0xC2 && c[0] < 0xE0 ? 2 : (c[0] & 0xF0) == 0xE0 ? 3 : c[0] >= 0xF0 && c[0] < 0xF5 ? 4 : 0;
    uint32_t v = n == 1 ? c[0] : n ? c[0] & (0x7Fu >> n) : 0;
    for (size_t i = 1; i < n; i++) { /* a NUL is none that follows, so nothing behind the end is looked at */
        if ((c[i] & 0xC0) != 0x80) return 0;
        v = v << 6 | (c[i] & 0x3Fu);
    }
    bool turns = (v >= 0x200B && v <= 0x200F) || (v >= 0x2028 && v <= 0x202E) || (v >= 0x2066 && v <= 0x2069) || v == 0xFEFF;
    bool least = (n < 3 || v >= 0x800) && (n < 4 || v >= 0x10000);
    return v < ' ' || (v >= 127 && v < 0xA0) || turns || !least ? 0 : n;
}

/* What was typed, or stands in a file, is quoted in messages: one line, and nothing for the terminal to obey. */
static void tame(char *text)
{
    for (char *c = text; *c;) {
        size_t n = plain((const unsigned char *)c);
        if (n == 0) *c = '?';
        c += n ? n : 1;
    }
}

int cli_error(const char *fmt, ...)
{
    va_list ap;
    char text[2000];
    fflush(stdout);
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    tame(text);
    fprintf(stderr, "draftproof: %s\n", text);
    return CLI_USE;
}

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

const volatile sig_atomic_t *cli_interruptible(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction sa;
        if (sigaction(numbers[i], NULL, &sa) != 0 || sa.sa_handler != SIG_DFL) continue;
        memset(&sa, 0, sizeof sa);
        sa.sa_handler = on_signal;
        sa.sa_flags = SA_RESTART;
        (void)sigaction(numbers[i], &sa, NULL);
    }
    return &interrupted;
}

/* Edits between two words, bounded rows: the words are short. */
static unsigned distance(const char *a, const char *b)
{
    enum { MAX = 40 };
    unsigned row[MAX + 1];
    size_t n = strlen(a), m = strlen(b);
    if (n > MAX || m > MAX) return MAX;
    for (unsigned j = 0; j <= m; j++)
        row[j] = j;
    for (unsigned i = 1; i <= n; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= m; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[m];
}

const char *cli_nearest(const char *typed, const char *const *words)
{
    const char *best = NULL;
    unsigned least = 3;
    for (; *words; words++) {
        unsigned d = distance(typed, *words);
        if (d >= least || d >= strlen(*words)) continue;
        least = d;
        best = *words;
    }
    return best;
}

int cli_word(const char *option, const char *value, const char *const *words)
{
    char list[300] = "";
    size_t at = 0;
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], value) == 0) return i;
        int n = snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", words[i]);
        if (n > 0 && (size_t)n < sizeof list - at) at += (size_t)n;
    }
    cli_error("%s: %s is none of %s", option, value, list);
    return -1;
}

int64_t cli_seconds(const char *option, const char *value)
{
    char *end;
    double v = strtod(value, &end);
    double unit = strcmp(end, "ms") == 0 ? 1 : strcmp(end, "m") == 0 ? 60000 : !*end || strcmp(end, "s") == 0 ? 1000 : 0;
    if (end == value || unit == 0 || !(v * unit >= 1) || v * unit > 86400000.0) {
        cli_error("%s: %s is no time; write 3, 0.5, 250ms or 2m (at most a day)", option, value);
        return -1;
    }
    return (int64_t)(v * unit);
}

int64_t cli_number(const char *option, const char *value, int64_t low, int64_t high)
{
    uint64_t v;
    if (!slice_number(slice_str(value), (uint64_t)high, &v) || (int64_t)v < low) {
        cli_error("%s: %s is no number between %lld and %lld", option, value, (long long)low, (long long)high);
        return -1;
    }
    return (int64_t)v;
}

int cli_address(const char *option, const char *value)
{
    char why[300] = "";
    if (!value || loop_addr_check(value, why, sizeof why) == OK) return CLI_OK;
    return cli_error("%s: %s", option, why);
}

int cli_host(const char *option, const char *value)
{
    if (!value || iap_host_kind(slice_str(value)) != IAP_HOST_BAD) return CLI_OK;
    return cli_error("%s: \"%s\" is no host: give a name, such as m.dom.org, or an IPv4 address (4.2)", option, value);
}

int64_t cli_want(int64_t v)
{
    if (v < 0) exit(CLI_USE);
    return v;
}

const struct iap_style *cli_style(const char *name)
{
    static const char *const words[] = {"sent", "example", "grammar", NULL};
    static const struct iap_style *const styles[] = {&iap_style_sent, &iap_style_example, &iap_style_grammar};
    return styles[cli_want(cli_word("--style", name, words))];
}

void cli_listening(void *ctx, const char *address)
{
    (void)ctx;
    printf("listening on %s\n", address);
    fflush(stdout);
}

enum { ROLES_MAX = 32, PROTOS_MAX = 16 };

const struct run_role *cli_role(const char *word, const struct run_proto **proto)
{
    const struct run_role *role = NULL;
    const char *names[ROLES_MAX + 1] = {NULL};
    char list[400];
    size_t n = 0;
    *proto = run_proto_of_role(word, &role);
    if (*proto) return role;
    for (size_t i = 0; run_protos[i]; i++) {
        for (const struct run_role *r = run_protos[i]->role; r->name && n < ROLES_MAX; r++)
            names[n++] = r->name;
    }
    const char *near = cli_nearest(word, names);
    run_role_list(" and ", list, sizeof list);
    cli_error("there is no role %s: the roles are %s%s%s%s", word, list, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return NULL;
}

const struct run_proto *cli_protocol(const char *name)
{
    const char *words[PROTOS_MAX + 1] = {NULL};
    for (size_t i = 0; run_protos[i] && i < PROTOS_MAX; i++)
        words[i] = run_protos[i]->name;
    return run_protos[cli_want(cli_word("--protocol", name, words))];
}

unsigned cli_mutant(const struct run_proto *proto, const char *name)
{
    unsigned m = mutant_find(proto->mutant, proto->mutants, slice_str(name));
    if (!m) cli_error("--mutate: there is no mistake %s: see draftproof mutants", name);
    return m;
}
