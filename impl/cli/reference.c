/* SPDX-License-Identifier: MIT */
/* draftproof check reference: the whole suite against our own peers, each started as a program of its own on loopback, in every role, TCP direction and TLS
 * profile; and the deliberate mistakes in memory.  One set of reports for all of it. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/check.h"

extern char **environ;

/* Most of a run is waiting for deadlines, so several settings run at a time, each with a peer and a loop of its own. */
enum { WORDS = 40, JOBS_MAX = 128, WORKERS = 5, DRAFT_JOBS = 4 };

struct ref;
struct job { /* one setting at one TLS profile */
    struct ref *r;
    const struct run_setting *s;
    bool proxy, adapter;
    enum run_tls tls;
    struct run_results rs;
    pid_t pid;        /* of the server, 0 */
    char file[2][64]; /* what the setting has as the texts of them; "" none */
    char route[RUN_WORDS][128]; /* options with {hop} in them */
    char address[64];
    char next_hop[64]; /* of a proxy: where we are */
    int status;
    bool done;
};
struct ref {
    struct check *c;
    char self[512], pki[300];
    struct identities *identities;
    struct job job[JOBS_MAX];
    size_t jobs, next; /* next: of twice as many, the long ones first */
    pthread_mutex_t lock; /* next and done */
    pthread_cond_t turned;
    struct kill_matrix kill;
    err killed;
    char kill_why[300];
};

struct words {
    const char *w[WORDS];
    size_t n;
};

static void word(struct words *w, const char *text)
{
    if (w->n + 1 < WORDS) w->w[w->n++] = text;
    w->w[w->n] = NULL;
}

static const char *serve_word(struct job *j, size_t i)
{
    const char *text = j->s->serve[i], *at = strstr(text, "{hop}");
    if (strcmp(text, "{file}") == 0) return j->file[0];
    if (strcmp(text, "{file2}") == 0) return j->file[1];
    if (!at) return text;
    snprintf(j->route[i], sizeof j->route[i], "%.*s%s%s", (int)(at - text), text, j->next_hop, at + strlen("{hop}"));
    return j->route[i];
}

/* The options of serve for a setting: strict about certificates, quick to give up. */
static void serve_words(struct job *j, struct words *w)
{
    const struct run_setting *s = j->s;
    word(w, "serve");
    word(w, s->role);
    if (j->adapter) {
        for (size_t i = 0; i < RUN_WORDS && s->serve[i]; i++)
            word(w, s->serve[i]);
        return;
    }
    if (s->dialect) {
        word(w, "--dialect");
        word(w, s->dialect);
    }
    word(w, "--deadline");
    word(w, "2");
    if (!j->proxy || !s->bare) { /* some proxies have no part in TLS at all */
        word(w, "--tls");
        word(w, run_tls_names[j->tls]);
    }
    if (j->tls != RUN_TLS_OFF && !s->bare) {
        word(w, "--pki");
        word(w, j->r->pki);
        for (size_t i = 0; i < RUN_WORDS && s->serve_tls[i]; i++)
            word(w, s->serve_tls[i]);
    }
    for (size_t i = 0; i < RUN_WORDS && s->serve[i]; i++)
        word(w, serve_word(j, i));
}

/* mkstemp makes it for its owner alone. */
static int write_file(char file[64], const char *text)
{
    const char *tmp = getenv("TMPDIR");
    if (!text) return CLI_OK;
    if ((size_t)snprintf(file, 64, "%s/draftproof-XXXXXX", tmp && *tmp ? tmp : "/tmp") >= 64) {
        file[0] = 0;
        return cli_error("TMPDIR: its name is too long");
    }
    int fd = mkstemp(file);
    if (fd < 0) {
        file[0] = 0;
        return cli_error("%s: %s", tmp ? tmp : "/tmp", strerror(errno));
    }
    bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    return close(fd) == 0 && ok ? CLI_OK : cli_error("%s: %s", file, strerror(errno));
}

/* --- a server as a child -------------------------------------------------------------------------------------------------- */

static int read_address(int fd, char *out, size_t n)
{
    static const char lead[] = "listening on ";
    char line[64 + sizeof lead];
    size_t at = 0;
    while (at + 1 < sizeof line) {
        ssize_t got = read(fd, line + at, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0 || line[at] == '\n') break;
        at++;
    }
    line[at] = 0;
    if (strncmp(line, lead, sizeof lead - 1) != 0) return cli_error("a reference server did not start");
    snprintf(out, n, "%.63s", line + sizeof lead - 1);
    return CLI_OK;
}

static int start_server(struct job *j, const struct words *w)
{
    posix_spawn_file_actions_t fa;
    const char *self = j->r->self;
    const char *argv[WORDS + 2] = {self};
    int p[2];
    for (size_t i = 0; i <= w->n; i++)
        argv[i + 1] = w->w[i];
    if (pipe(p) != 0) return cli_error("pipe: %s", strerror(errno));
    fcntl(p[0], F_SETFD, FD_CLOEXEC); /* servers that start at the same moment have no business with it */
    fcntl(p[1], F_SETFD, FD_CLOEXEC);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, p[1], STDOUT_FILENO);
    int bad = posix_spawn(&j->pid, self, &fa, NULL, (char **)(uintptr_t)argv, environ); /* argv strings are only read */
    posix_spawn_file_actions_destroy(&fa);
    close(p[1]);
    if (bad) j->pid = 0;
    int status = bad ? cli_error("%s: %s", self, strerror(bad)) : read_address(p[0], j->address, sizeof j->address);
    close(p[0]);
    return status;
}

static int stop_server(struct job *j)
{
    int status = 0;
    if (j->pid <= 0) return CLI_OK;
    kill(j->pid, SIGTERM);
    while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR) {
    }
    j->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return CLI_OK;
    return cli_error("the reference %s ended with %s %d", j->s->name, WIFSIGNALED(status) ? "signal" : "status",
                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* An address that is free now: a proxy has to be told its next hop before we listen there. */
static int free_address(char *out, size_t n)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && getsockname(fd, (struct sockaddr *)&a, &len) == 0;
    if (fd >= 0) close(fd);
    if (!ok) return cli_error("no free port: %s", strerror(errno));
    snprintf(out, n, "127.0.0.1:%u", (unsigned)ntohs(a.sin_port));
    return CLI_OK;
}

/* --- one setting ------------------------------------------------------------------------------------------------------------ */

static char *dup_text(const struct ref *r, const char *t)
{
    return mem_dup(r->c->env.mem, t, strlen(t));
}

static int play(struct job *j, const struct suite_options *o)
{
    struct ref *r = j->r;
    struct run_results *rs = &j->rs;
    char why[300] = "", name[120];
    struct timespec a, b;
    snprintf(name, sizeof name, "%s, --tls %s", j->s->name, j->proxy && j->s->bare ? "end to end" : run_tls_names[j->tls]);
    clock_gettime(CLOCK_MONOTONIC, &a);
    err e = suite_run(o, rs, why, sizeof why);
    clock_gettime(CLOCK_MONOTONIC, &b);
    rs->ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
    if (e != OK) return cli_error("%s: %s", name, *why ? why : err_name(e));
    for (size_t i = 0; i < rs->n; i++) { /* in the joined reports the role has to tell the setting */
        char *role = dup_text(r, name);
        if (!role) return cli_error("out of memory");
        mem_free(rs->mem, rs->r[i].role);
        rs->r[i].role = role;
    }
    if (!rs->unfinished) return CLI_OK;
    cli_error("%s: %s", name, rs->unfinished);
    return CLI_UNPROVEN;
}

static void command_of(const struct words *w, const char *self, char *out, size_t n)
{
    int at = snprintf(out, n, "exec '%s'", self);
    for (size_t i = 0; i < w->n && at > 0 && (size_t)at < n; i++) {
        int k = snprintf(out + at, n - (size_t)at, " '%s'", w->w[i]);
        if (k < 0) return;
        at += k;
    }
}

static int run_listener(struct job *j, struct suite_options *o, struct words *w)
{
    word(w, "--listen");
    word(w, "127.0.0.1:0");
    if (j->proxy) o->next_hop = j->next_hop;
    int status = start_server(j, w);
    o->connect = j->address;
    if (status == CLI_OK) status = play(j, o);
    int ended = stop_server(j);
    return status != CLI_OK ? status : ended;
}

static int play_setting(struct job *j)
{
    const struct run_setting *s = j->s;
    struct suite_options o = j->r->c->o;
    struct words w = {.n = 0};
    char exec[2048];
    o.role = s->role;
    o.tls = j->tls;
    o.pki_dir = j->r->pki;
    o.peer_connects = s->connects;
    o.own = s->own;
    o.dialect = s->dialect;
    o.only_able = s->only_able;
    if (!o.selects) {
        o.select = s->select;
        while (o.selects < RUN_SELECTS && s->select[o.selects])
            o.selects++;
    }
    /* the handshakes of TLS 1.0 cost so much that the deadlines of many at a time would pass */
    if (j->tls == RUN_TLS_DRAFT && o.jobs > DRAFT_JOBS) o.jobs = DRAFT_JOBS;
    o.progress = NULL; /* several run at a time: the table grows instead */
    o.ables = 0;
    for (size_t i = 0; i < RUN_ABLES && s->able[i]; i++)
        o.able[o.ables++] = s->able[i];
    if (j->proxy && free_address(j->next_hop, sizeof j->next_hop) != CLI_OK) return CLI_USE;
    serve_words(j, &w);
    if (j->adapter) {
        command_of(&w, j->r->self, exec, sizeof exec);
        o.exec = exec;
        return play(j, &o);
    }
    if (!s->connects) return run_listener(j, &o, &w);
    word(&w, "--once");
    if (s->through) word(&w, "--via");
    if (s->through) word(&w, "{host}:{port}");
    word(&w, "--connect");
    word(&w, s->through ? "behind.draftproof.invalid:604" : "{host}:{port}");
    command_of(&w, j->r->self, exec, sizeof exec);
    o.exec = exec;
    return play(j, &o);
}

static int run_setting(struct job *j)
{
    int status = write_file(j->file[0], j->s->file);
    if (status == CLI_OK) status = write_file(j->file[1], j->s->file2);
    if (status == CLI_OK) status = play_setting(j);
    for (size_t i = 0; i < 2; i++)
        if (j->file[i][0]) unlink(j->file[i]);
    return status;
}

/* A program for each connection takes its time, and so does one case at a time: what is long goes first, so that nothing is waited for alone in the end. */
static bool is_long(const struct job *j)
{
    return (j->s->connects || j->proxy) && !j->s->select[0];
}

static struct job *next_job(struct ref *r)
{
    while (r->next < 2 * r->jobs) {
        size_t i = r->next++;
        struct job *j = &r->job[i % r->jobs];
        if (is_long(j) == (i < r->jobs)) return j;
    }
    return NULL;
}

static void *worker(void *ctx)
{
    struct ref *r = ctx;
    for (;;) {
        pthread_mutex_lock(&r->lock);
        struct job *j = next_job(r);
        pthread_mutex_unlock(&r->lock);
        if (!j) return NULL;
        int status = run_setting(j);
        pthread_mutex_lock(&r->lock);
        j->status = status;
        j->done = true;
        pthread_cond_signal(&r->turned);
        pthread_mutex_unlock(&r->lock);
    }
}

static void print_job(const struct job *j)
{
    const struct run_results *rs = &j->rs;
    printf("%-34s %-7s", j->s->name, run_tls_names[j->tls]);
    for (int v = 0; v < V_COUNT; v++)
        printf(" %5zu", rs->count[v]);
    printf("  %6.1f s\n", rs->ms / 1000);
    for (size_t i = 0; i < rs->n; i++) {
        const struct result *x = &rs->r[i];
        if (x->verdict != V_PASS && x->verdict != V_SKIP) printf("  %-6s %s [%s]: %s\n", verdict_names[x->verdict], x->id, x->split, x->reason);
    }
    fflush(stdout);
}

static void add_job(struct ref *r, const struct run_setting *s, enum run_tls tls)
{
    const struct run_role *role = NULL;
    if (r->jobs == JOBS_MAX || !run_proto_of_role(s->role, &role)) return;
    struct job *j = &r->job[r->jobs++];
    *j = (struct job){.r = r, .s = s, .proxy = role->ways == RUN_PROXY, .adapter = role->adapter, .tls = tls};
    run_results_init(&j->rs, r->c->env.mem);
    j->rs.role = dup_text(r, s->name);
    j->rs.peer = dup_text(r, "reference on loopback");
    j->rs.tls = dup_text(r, run_tls_names[tls]);
    j->rs.version = dup_text(r, DRAFTPROOF_VERSION);
}

/* Is a setting played with that profile of TLS? */
static bool is_due(const struct ref *r, const struct run_setting *s, enum run_tls tls)
{
    const struct run_role *role = NULL;
    if (run_proto_of_role(s->role, &role) && role->adapter) return tls == RUN_TLS_OFF; /* there is no TLS to it */
    bool left_out = r->c->o.splits < 2 && (s->seldom >> tls) & 1;
    return !left_out && (!s->once || tls == RUN_TLS_MODERN);
}

static void list_jobs(struct ref *r)
{
    static const enum run_tls profiles[] = {RUN_TLS_OFF, RUN_TLS_MODERN, RUN_TLS_DRAFT};
    for (size_t p = 0; run_protos[p]; p++) {
        if (r->c->only && r->c->only != run_protos[p]) continue;
        for (size_t t = 0; t < 3; t++) {
            for (const struct run_setting *s = run_protos[p]->setting; s && s->name; s++) {
                if (is_due(r, s, profiles[t])) add_job(r, s, profiles[t]);
            }
        }
    }
}

static int run_settings(struct ref *r)
{
    pthread_t thread[WORKERS];
    size_t threads = 0;
    int status = CLI_OK;
    list_jobs(r);
    printf("%-34s %-7s", "reference", "TLS");
    for (int v = 0; v < V_COUNT; v++)
        printf(" %5s", verdict_names[v]);
    printf("    time\n");
    fflush(stdout);
    while (threads < WORKERS && pthread_create(&thread[threads], NULL, worker, r) == 0)
        threads++;
    if (!threads) worker(r);
    for (size_t i = 0; i < r->jobs; i++) { /* in the order of the table, whoever is ready first */
        struct job *j = &r->job[i];
        pthread_mutex_lock(&r->lock);
        while (!j->done)
            pthread_cond_wait(&r->turned, &r->lock);
        pthread_mutex_unlock(&r->lock);
        if (j->status == CLI_OK) print_job(j);
        else status = j->status;
    }
    for (size_t i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    return status;
}

/* --- all together ------------------------------------------------------------------------------------------------------------- */

/* One list for the line formats; the results stay the runs'. */
static int join(struct ref *r, struct run_results *all)
{
    run_results_init(all, r->c->env.mem);
    size_t n = 0;
    for (size_t i = 0; i < r->jobs; i++)
        n += r->job[i].rs.n;
    all->r = mem_new(r->c->env.mem, n * sizeof *all->r);
    if (!all->r) return cli_error("out of memory");
    all->cap = n;
    for (size_t i = 0; i < r->jobs; i++) {
        memcpy(&all->r[all->n], r->job[i].rs.r, r->job[i].rs.n * sizeof *all->r);
        all->n += r->job[i].rs.n;
    }
    run_results_count(all);
    all->role = dup_text(r, "reference");
    all->peer = dup_text(r, "reference on loopback");
    all->tls = dup_text(r, "all");
    all->version = dup_text(r, DRAFTPROOF_VERSION);
    return CLI_OK;
}

static int write_reports(struct ref *r, const struct run_results *all)
{
    struct check lines = *r->c, page = *r->c;
    struct run_results joined = *all;
    struct run_results *one[] = {&joined}, *many[JOBS_MAX];
    lines.html = lines.save = NULL;
    page.jsonl = page.junit = page.tap = NULL;
    for (size_t i = 0; i < r->jobs; i++)
        many[i] = &r->job[i].rs;
    int status = check_reports(&page, many, r->jobs);
    return status == CLI_OK ? check_reports(&lines, one, 1) : status;
}

/* Beside the settings, and behind them in turn: those have deadlines, and leave much of the time to others. */
static void *play_mistakes(void *ctx)
{
    struct ref *r = ctx;
    (void)setpriority(PRIO_PROCESS, 0, 10); /* of this thread, and of those that it starts; no harm if it is of more */
    r->killed = kill_run(&r->c->env, &r->c->catalog, r->c->only, r->c->o.interrupted, NULL, NULL, &r->kill, r->kill_why, sizeof r->kill_why);
    return NULL;
}

static int tell_mistakes(struct ref *r)
{
    const struct kill_matrix *k = &r->kill;
    if (r->c->no_kill) return CLI_OK;
    if (r->killed != OK) {
        cli_error("%s", *r->kill_why ? r->kill_why : err_name(r->killed));
        return *r->c->o.interrupted ? CLI_UNPROVEN : CLI_USE;
    }
    printf("deliberate mistakes: %zu played, %zu caught, %zu survived; %zu cases catch none and give no reason\n", k->mutants, k->mutants - k->survivors, k->survivors, k->idle);
    for (size_t i = 0; i < k->mutants; i++) {
        if (!k->m[i].bys) printf("  survived: %s\n", k->m[i].proto->mutant[k->m[i].mutant].name);
    }
    r->c->kill = k;
    return CLI_OK;
}

/* The settings and the mistakes. */
static int play_all(struct ref *r)
{
    pthread_t thread;
    bool beside = !r->c->no_kill && pthread_create(&thread, NULL, play_mistakes, r) == 0;
    int status = run_settings(r);
    if (beside) pthread_join(thread, NULL);
    else if (!r->c->no_kill) play_mistakes(r);
    return status == CLI_OK ? tell_mistakes(r) : status;
}

int check_reference(struct check *c)
{
    struct ref *r = calloc(1, sizeof *r);
    struct run_results all = {0};
    struct timespec began, ended;
    char why[300] = "";
    clock_gettime(CLOCK_MONOTONIC, &began);
    if (!r) return cli_error("out of memory");
    r->c = c;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->turned, NULL);
    ssize_t n = readlink("/proc/self/exe", r->self, sizeof r->self - 1);
    int status = n > 0 ? CLI_OK : cli_error("/proc/self/exe: %s", strerror(errno));
    err e = identities_new(&c->env, RUN_TLS_MODERN, c->talk.pki, NULL, &r->identities);
    const char *folder = e == OK ? identities_folder(r->identities, false, why, sizeof why) : NULL;
    const char *end = folder ? strstr(folder, "/rsa/") : NULL;
    if (!end) status = cli_error("%s", *why ? why : "no certificates");
    else snprintf(r->pki, sizeof r->pki, "%.*s", (int)(end - folder), folder);
    if (status == CLI_OK) status = play_all(r);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    if (status == CLI_OK) status = join(r, &all);
    all.ms = (double)(ended.tv_sec - began.tv_sec) * 1e3 + (double)(ended.tv_nsec - began.tv_nsec) / 1e6;
    if (status == CLI_OK) status = write_reports(r, &all);
    if (status == CLI_OK) {
        check_print_loops(&all);
        for (int v = 0; v < V_COUNT; v++)
            printf("%s%zu %s", v ? ", " : "", all.count[v], verdict_names[v]);
        printf(" in %.1f s\n", all.ms / 1000);
        status = run_results_status(&all, c->strict);
        if (status == CLI_OK && (r->kill.survivors || all.count[V_INCONC])) status = CLI_FAILED;
    }
    for (size_t i = 0; i < r->jobs; i++)
        stop_server(&r->job[i]);
    mem_free(c->env.mem, all.r);
    all.r = NULL;
    all.n = 0;
    run_results_done(&all);
    for (size_t i = 0; i < r->jobs; i++)
        run_results_done(&r->job[i].rs);
    if (r->kill.mem) kill_done(&r->kill);
    identities_free(r->identities);
    free(r);
    return status;
}
