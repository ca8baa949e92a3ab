/* SPDX-License-Identifier: MIT */
/* Children of the loop. */
#include "test/loop_net.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

struct kid {
    struct world *w;
    struct loop_child *c;
    char text[4096]; /* what it said first */
    size_t n, n_at_exit;
    unsigned exits;
    int status, signal;
    char free_in; /* o: output, x: exited */
    unsigned slow_us;
};

static void kid_free_in(struct kid *k, char in)
{
    k->w->event = true;
    if (k->free_in != in) return;
    loop_child_free(k->c, 0);
    k->c = NULL;
}

static void kid_output(void *ctx, slice s)
{
    struct kid *k = ctx;
    assert_non_null(k->c);
    for (size_t i = 0; i < s.n && k->n + i + 1 < sizeof k->text; i++)
        k->text[k->n + i] = (char)s.p[i];
    k->n += s.n;
    if (k->slow_us) usleep(k->slow_us);
    kid_free_in(k, 'o');
}

static void kid_exited(void *ctx, int status, int signal)
{
    struct kid *k = ctx;
    assert_non_null(k->c);
    k->exits++;
    k->status = status;
    k->signal = signal;
    k->n_at_exit = k->n;
    kid_free_in(k, 'x');
}

static const struct loop_child_events kid_events = {kid_output, kid_exited};

static void kid_start(struct kid *k, struct world *w, const char *command, bool with_stdin)
{
    char why[160];
    memset(k, 0, sizeof *k);
    k->w = w;
    assert_int_equal(loop_child_new(w->l, command, with_stdin, true, &kid_events, k, &k->c, why, sizeof why),
                     OK);
}

/* Not there, or only waiting for its parent to look. */
static bool dead(pid_t pid)
{
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f) return true;
    bool got = fgets(line, sizeof line, f) != NULL;
    fclose(f);
    const char *state = strrchr(line, ')');
    return !got || (state && state[1] && state[2] == 'Z');
}

static void no_zombies(struct world *w)
{
    loop_free(w->l);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(loop_new(&w->env, &w->l), OK);
}

static void output_then_exit(void **state)
{
    struct world *w = *state;
    struct kid k;
    kid_start(&k, w, "echo hello; exit 3", false);
    WAIT(w, k.exits);
    assert_string_equal(k.text, "hello\n");
    assert_int_equal(k.n_at_exit, 6);
    assert_int_equal(k.status, 3);
    assert_int_equal(k.signal, 0);
    loop_child_free(k.c, 1000);
    no_zombies(w);
}

static void all_output_comes_before_the_exit(void **state)
{
    struct world *w = *state;
    struct kid k;
    for (int i = 0; i < 20; i++) {
        kid_start(&k, w, "head -c 300000 /dev/zero; printf end", false);
        WAIT(w, k.exits);
        assert_int_equal(k.n_at_exit, 300003);
        assert_int_equal(k.status, 0);
        loop_child_free(k.c, 0);
    }
}

/* Two exits are found in one turn, and the output of the second came after that turn began. */
static void output_that_the_turn_did_not_see(struct world *w, char free_in)
{
    struct kid slow, k;
    kid_start(&slow, w, "echo 1", false);
    kid_start(&k, w, "sleep 0.3; echo 2", false);
    slow.slow_us = 600000;
    k.free_in = free_in;
    usleep(150000); /* the first has ended when the turn begins, the second has not said a thing */
    WAIT(w, slow.exits);
    WAIT(w, free_in == 'o' ? k.c == NULL : k.exits == 1);
    assert_string_equal(k.text, "2\n");
    assert_int_equal(k.n_at_exit, free_in == 'o' ? 0 : 2);
    world_idle(w, 20);
    assert_int_equal(k.exits, free_in == 'o' ? 0 : 1);
    no_zombies(w);
}

static void late_output_comes_before_the_exit(void **state)
{
    output_that_the_turn_did_not_see(*state, 0);
    output_that_the_turn_did_not_see(*state, 'o');
    output_that_the_turn_did_not_see(*state, 'x');
}

/* The lowest descriptor that is free. */
static int next_fd(void)
{
    int fd = dup(0);
    close(fd);
    return fd;
}

static int open_fds(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void no_descriptor_stays(void **state)
{
    struct world *w = *state;
    struct kid k;
    int first = -1;
    for (int i = 0; i < 4; i++) {
        kid_start(&k, w, "echo 1", i % 2 == 0);
        WAIT(w, k.exits);
        loop_child_free(k.c, 0);
        world_idle(w, 20);
        if (i == 0) first = open_fds();
        assert_int_equal(open_fds(), first);
    }
}

/* Who left the group may keep the pipe open for ever. */
static void one_got_away(void **state)
{
    struct world *w = *state;
    struct kid k;
    kid_start(&k, w, "setsid sh -c 'echo $$; exec sleep 30' & wait", false);
    WAIT(w, strchr(k.text, '\n'));
    pid_t pid = atoi(k.text);
    uint64_t from = loop_now(w->l);
    loop_child_free(k.c, 0);
    no_zombies(w);
    assert_in_range(loop_now(w->l) - from, 0, 5000);
    assert_false(dead(pid));
    kill(pid, SIGKILL);
}

static void died_of_a_signal(void **state)
{
    struct world *w = *state;
    struct kid k;
    kid_start(&k, w, "kill -9 $$", false);
    WAIT(w, k.exits);
    assert_int_equal(k.signal, SIGKILL);
}

static void command_not_found(void **state)
{
    struct world *w = *state;
    struct kid k;
    kid_start(&k, w, "no-such-command-anywhere", false);
    WAIT(w, k.exits);
    assert_int_equal(k.status, 127);
    assert_int_equal(k.n, 0);
}

static void group_of_its_own(void **state)
{
    struct world *w = *state;
    struct kid k;
    kid_start(&k, w, "echo $$; grep SigIgn /proc/self/status; sleep 1000", false);
    WAIT(w,
         strchr(k.text, '\n') && strstr(k.text, "\nSigIgn") && strchr(strstr(k.text, "\nSigIgn") + 1, '\n'));
    pid_t pid = atoi(k.text);
    assert_true(pid > 1);
    assert_int_equal(getpgid(pid), pid);
    assert_int_equal(getsid(pid), pid);
    assert_non_null(strstr(k.text, "SigIgn:\t0000000000000000")); /* ours ignores SIGPIPE, it does not */
    loop_child_free(k.c, 0);
    no_zombies(w);
    assert_true(dead(pid));
}

/* The shell's own children go with it: at once, and when they are busy with other things. */
static void group_goes_as_one(void **state)
{
    struct world *w = *state;
    struct kid k;
    kid_start(&k, w, "sleep 1000 & echo $!; wait", false);
    WAIT(w, strchr(k.text, '\n'));
    pid_t pid = atoi(k.text);
    assert_false(dead(pid));
    uint64_t from = loop_now(w->l);
    loop_child_free(k.c, 10000);
    WAIT(w, dead(pid));
    assert_in_range(loop_now(w->l) - from, 0, 5000);
    assert_int_equal(k.exits, 0); /* no event after free */

    kid_start(&k, w, "trap '' TERM; while :; do sleep 0.05; done & trap - TERM; echo $!; wait", false);
    WAIT(w, strchr(k.text, '\n'));
    pid = atoi(k.text);
    from = loop_now(w->l);
    loop_child_free(k.c, 300); /* the shell dies now, its child does not care */
    WAIT(w, dead(pid));
    assert_in_range(loop_now(w->l) - from, 300, 5000);
    no_zombies(w);
}

static void left_behind_by_the_shell(void **state)
{
    struct world *w = *state;
    struct kid k;
    kid_start(&k, w, "(sleep 0.3; echo late; sleep 1000) & echo $!", false);
    WAIT(w, k.exits);
    pid_t pid = atoi(k.text);
    assert_false(dead(pid));
    WAIT(w, strstr(k.text, "late")); /* the exit did not wait for it */
    assert_int_not_equal(k.n_at_exit, k.n);
    loop_child_free(k.c, 5000);
    WAIT(w, dead(pid));
    no_zombies(w);
}

static void term_is_heard(void **state)
{
    struct world *w = *state;
    struct kid k;
    char name[] = "/tmp/loop_child_test.XXXXXX", command[256], got[16] = "";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    /* it also says much while it ends: that must neither block nor kill it */
    snprintf(
        command, sizeof command,
        "trap 'head -c 200000 /dev/zero; echo clean >%s; exit 0' TERM; echo up; while :; do sleep 0.05; done",
        name);
    kid_start(&k, w, command, false);
    WAIT(w, k.n == 3);
    uint64_t from = loop_now(w->l);
    loop_child_free(k.c, 15000);
    loop_free(w->l); /* waits for it, and not for all of the grace */
    assert_int_equal(loop_new(&w->env, &w->l), OK);
    assert_in_range(loop_now(w->l) - from, 0, 10000);
    assert_int_equal(read(fd, got, sizeof got - 1), 6);
    assert_string_equal(got, "clean\n");
    assert_int_equal(k.n, 3);
    close(fd);
    unlink(name);
}

static void term_is_ignored(void **state)
{
    struct world *w = *state;
    struct kid k;
    kid_start(&k, w, "trap '' TERM; echo $$; while :; do sleep 0.05; done", false);
    WAIT(w, strchr(k.text, '\n'));
    uint64_t from = loop_now(w->l);
    loop_child_free(k.c, 200);
    WAIT(w, dead(atoi(k.text)));
    assert_in_range(loop_now(w->l) - from, 200, 5000);
}

/* ---- standard input ---- */

static void what_is_written_is_read(void **state)
{
    struct world *w = *state;
    struct kid k;
    static const uint8_t block[4096];
    kid_start(&k, w, "cat", true);
    assert_int_equal(loop_child_write(k.c, SLICE_LIT("one\n")), OK);
    assert_int_equal(loop_child_write(k.c, SLICE_LIT("two\n")), OK);
    WAIT(w, k.n == 8);
    assert_string_equal(k.text, "one\ntwo\n");
    assert_rests(w);
    for (int i = 0; i < 200; i++)
        assert_int_equal(loop_child_write(k.c, slice_of(block, sizeof block)), OK);
    WAIT(w, k.n == 8 + 200 * sizeof block);
    loop_child_free(k.c, 1000);
}

static void input_is_bounded(void **state)
{
    struct world *w = *state;
    struct kid k;
    static const uint8_t block[4096];
    loop_free(w->l);
    w->env.limits.out_queue = 10000;
    assert_int_equal(loop_new(&w->env, &w->l), OK);
    kid_start(&k, w, "sleep 1000", true);
    assert_int_equal(loop_child_write(k.c, slice_of(block, sizeof block)), OK);
    assert_int_equal(loop_child_write(k.c, slice_of(block, sizeof block)), OK);
    assert_int_equal(loop_child_write(k.c, slice_of(block, sizeof block)), ERR_LIMIT);
    struct kid without;
    kid_start(&without, w, "cat", false);
    assert_int_equal(loop_child_write(without.c, slice_of(block, 1)), ERR_USE);
    WAIT(w, without.exits); /* /dev/null ends at once */
}

static void input_that_nobody_reads(void **state)
{
    struct world *w = *state;
    struct kid k;
    kid_start(&k, w, "exec 0<&-; echo closed; sleep 1000", true);
    WAIT(w, k.n == 7);
    assert_int_equal(loop_child_write(k.c, SLICE_LIT("x")), OK);
    world_idle(w, 20); /* no SIGPIPE here */
    assert_int_equal(loop_child_write(k.c, SLICE_LIT("x")), ERR_SYS);
    assert_rests(w);
}

/* ---- where it speaks ---- */

/* What comes out on this process's standard error while the child runs. */
static size_t on_stderr(struct world *w, bool quiet, bool with_output, char *text, size_t text_n)
{
    int p[2], was = dup(STDERR_FILENO);
    char why[160];
    struct kid k = {.w = w};
    struct loop_child_events ev = {with_output ? kid_output : NULL, kid_exited};
    assert_int_equal(pipe(p), 0);
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    dup2(p[1], STDERR_FILENO);
    err e = loop_child_new(w->l, "echo out; echo err >&2", false, quiet, &ev, &k, &k.c, why, sizeof why);
    dup2(was, STDERR_FILENO);
    close(was);
    close(p[1]);
    assert_int_equal(e, OK);
    WAIT(w, k.exits);
    ssize_t n = read(p[0], text, text_n - 1);
    close(p[0]);
    text[n > 0 ? n : 0] = 0;
    loop_child_free(k.c, 0);
    return k.n;
}

static void where_it_speaks(void **state)
{
    char text[64];
    assert_int_equal(on_stderr(*state, false, true, text, sizeof text), 4);
    assert_string_equal(text, "err\n");
    assert_int_equal(on_stderr(*state, true, true, text, sizeof text), 4);
    assert_string_equal(text, "");
    assert_int_equal(on_stderr(*state, false, false, text, sizeof text), 0);
    assert_string_equal(text, "out\nerr\n");
    assert_int_equal(on_stderr(*state, true, false, text, sizeof text), 0);
    assert_string_equal(text, "");
}

/* ---- lives ---- */

static void freed_in_output(void **state)
{
    struct world *w = *state;
    struct kid k;
    for (int i = 0; i < 10; i++) {
        kid_start(&k, w, i % 2 ? "echo 1" : "echo 1; sleep 1000", false);
        k.free_in = 'o';
        WAIT(w, k.c == NULL);
        world_idle(w, 5);
        assert_int_equal(k.exits, 0);
    }
    no_zombies(w);
}

static void freed_in_exited(void **state)
{
    struct world *w = *state;
    struct kid k;
    kid_start(&k, w, "sleep 1000 & echo 1", false);
    k.free_in = 'x';
    WAIT(w, k.c == NULL);
    no_zombies(w);
}

/* Output that is found only when the exit is told, and a free from inside it. */
static void freed_in_the_last_output(void **state)
{
    struct world *w = *state;
    struct kid k;
    for (int i = 0; i < 10; i++) {
        kid_start(&k, w, "echo 1", false);
        k.free_in = 'o';
        usleep(10000); /* it has ended: output and exit come in one turn */
        WAIT(w, k.c == NULL);
        assert_int_equal(k.exits, 0);
    }
    no_zombies(w);
}

static void many(void **state)
{
    struct world *w = *state;
    enum { N = 100 };
    static struct kid k[N];
    char command[64];
    for (int i = 0; i < N; i++) {
        snprintf(command, sizeof command, "echo %d; exit %d", i, i);
        kid_start(&k[i], w, command, i % 2);
    }
    for (int i = 0; i < N; i++) {
        WAIT(w, k[i].exits == 1);
        assert_int_equal(k[i].status, i);
        assert_int_equal(atoi(k[i].text), i);
        if (i % 3) loop_child_free(k[i].c, 100); /* the others are left to loop_free */
    }
    no_zombies(w);
}

static void left_running(void **state)
{
    struct world *w = *state;
    struct kid k, busy;
    kid_start(&k, w, "sleep 1000 & echo $!; wait", true);
    kid_start(&busy, w, "trap '' TERM; while :; do echo x; done", false);
    WAIT(w, strchr(k.text, '\n') && busy.n);
    pid_t pid = atoi(k.text);
    no_zombies(w);
    WAIT(w, dead(pid)); /* killed for sure; the kernel takes its moment */
}

static void memory_runs_out(void **state)
{
    struct world *w = *state;
    struct loop_child *c;
    char why[160];
    err e = ERR_MEM;
    for (size_t i = 0; e != OK; i++) {
        assert_true(i < 10);
        w->scarce.fail = i;
        e = loop_child_new(w->l, "true", true, true, &kid_events, NULL, &c, why, sizeof why);
        w->scarce.fail = SIZE_MAX;
        if (e == OK) break;
        assert_int_equal(e, ERR_MEM);
        assert_null(c);
        assert_int_not_equal(why[0], 0);
    }
    loop_child_free(c, 0);
}

static void descriptors_run_out(void **state)
{
    struct world *w = *state;
    struct rlimit was, none;
    struct loop_child *c;
    char why[160];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    for (rlim_t spare = 0; spare < 5; spare++) {
        none = was;
        none.rlim_cur = (rlim_t)next_fd() + spare;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        err e = loop_child_new(w->l, "true", true, true, &kid_events, NULL, &c, why, sizeof why);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
        assert_int_equal(e, ERR_SYS);
        assert_string_equal(why, "cannot start \"true\": too many open files");
        world_idle(w, 5);
    }
    no_zombies(w);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_make, world_end)
    const struct CMUnitTest tests[] = {
        T(output_then_exit),
        T(all_output_comes_before_the_exit),
        T(late_output_comes_before_the_exit),
        T(no_descriptor_stays),
        T(one_got_away),
        T(died_of_a_signal),
        T(command_not_found),
        T(group_of_its_own),
        T(group_goes_as_one),
        T(left_behind_by_the_shell),
        T(term_is_heard),
        T(term_is_ignored),
        T(what_is_written_is_read),
        T(input_is_bounded),
        T(input_that_nobody_reads),
        T(where_it_speaks),
        T(freed_in_output),
        T(freed_in_exited),
        T(freed_in_the_last_output),
        T(many),
        T(left_running),
        T(memory_runs_out),
        T(descriptors_run_out),
    };
    return cmocka_run_group_tests_name("loop: children", tests, NULL, NULL);
}
