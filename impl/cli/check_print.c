/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/check.h"

static const char *const colours[V_COUNT] = {"\033[32m", "\033[33m", "\033[1;31m", "\033[35m", "\033[2m", "\033[1;35m"};

static void print_verdict(const struct check *c, enum verdict v)
{
    printf("%s%-6s%s", c->colour ? colours[v] : "", verdict_names[v], c->colour ? "\033[0m" : "");
}

void check_progress(void *ctx, size_t done, size_t all, const struct result *r)
{
    const struct check *c = ctx;
    (void)all;
    if (c->terminal) fprintf(stderr, "\r\033[K%zu done  %s", done, r->id);
}

static void print_ladder(const struct result *r)
{
    struct buf b;
    buf_init(&b, &mem_libc, 1u << 20);
    if (r->ladder.rungs && report_ladder(&r->ladder, 100, &b) == OK && buf_str(&b)) printf("%s", buf_str(&b));
    buf_done(&b);
}

/* A passing case is one line for all its splits; anything else is a line for each. */
static bool all_pass(const struct run_results *rs, const struct result *r)
{
    for (size_t i = 0; i < rs->n; i++) {
        if (strcmp(rs->r[i].id, r->id) == 0 && rs->r[i].verdict != V_PASS) return false;
    }
    return true;
}

static bool seen_before(const struct run_results *rs, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (strcmp(rs->r[i].id, rs->r[at].id) == 0) return true;
    }
    return false;
}

static void print_one(const struct check *c, const struct result *r, bool split)
{
    print_verdict(c, r->verdict);
    printf(" %-40s %s%s%s%s\n", r->id, r->title, split ? " [" : "", split ? r->split : "", split ? "]" : "");
    if (*r->reason) printf("       %s\n", r->reason);
    if (r->verdict == V_FAIL || r->verdict == V_WEAK) {
        printf("       ");
        for (size_t i = 0; i < r->clauses; i++)
            printf("%s ", clauses[r->clause[i]].id);
        for (size_t i = 0; i < r->defects; i++)
            printf("%s ", defects[r->defect[i]].id);
        if (r->file) printf("(%s:%d)", r->file, r->line);
        putchar('\n');
    }
    if (c->verbose && r->verdict != V_PASS && r->verdict != V_SKIP) print_ladder(r);
}

bool check_print_loops(const struct run_results *rs)
{
    size_t count[V_COUNT];
    const char *join = "";
    if (!run_results_about(&rs, 1, TOPIC_PROXY_LOOPS, count)) return false;
    printf("proxy loops: ");
    for (int v = 0; v < V_COUNT; v++) {
        if (count[v]) printf("%s%zu %s", join, count[v], verdict_names[v]);
        if (count[v]) join = ", ";
    }
    putchar('\n');
    return true;
}

/* The cases about loops of proxies are told together, whatever became of them. */
static void print_loops(const struct check *c, const struct run_results *rs)
{
    if (!check_print_loops(rs)) return;
    for (size_t i = 0; i < rs->n && !c->quiet; i++) {
        const struct result *r = &rs->r[i];
        bool split = c->o.splits > 1;
        if (!r->about || strcmp(r->about, TOPIC_PROXY_LOOPS) != 0) continue;
        printf("  ");
        print_verdict(c, r->verdict);
        printf(" %s%s%s%s\n", r->id, split ? " [" : "", split ? r->split : "", split ? "]" : "");
    }
}

void check_print(const struct check *c, const struct run_results *rs)
{
    if (c->terminal && c->o.progress) fputs("\r\033[K", stderr);
    fflush(stderr);
    if (!c->quiet) {
        /* there is no TLS to an adapter, and --tls is refused with one */
        bool tls = strncmp(rs->role, "oe-", 3) != 0;
        printf("%s, %s%s%s%s%s\n", rs->role, rs->peer, tls ? ", --tls " : "", tls ? rs->tls : "", rs->dialect ? ", --dialect " : "",
               rs->dialect ? rs->dialect : "");
        for (size_t i = 0; i < rs->n; i++) {
            const struct result *r = &rs->r[i];
            bool pass = all_pass(rs, r);
            if (pass && (seen_before(rs, i) || (r->passive && !c->verbose))) continue;
            if (r->verdict == V_PASS && !pass) continue;
            print_one(c, r, !pass && c->o.splits > 1);
        }
    }
    print_loops(c, rs);
    for (int v = 0; v < V_COUNT; v++)
        printf("%s%zu %s", v ? ", " : "", rs->count[v], verdict_names[v]);
    printf(" in %.1f s\n", rs->ms / 1000);
    fflush(stdout);
}

/* --- list ------------------------------------------------------------------------------------------------------------ */

int check_list(const struct check *c)
{
    size_t n = 0;
    const struct run_role *role = NULL;
    if (c->proto) run_proto_of_role(c->role, &role);
    bool one_way = role && (role->ways == RUN_LISTENS || role->ways == RUN_CONNECTS);
    bool any_arrangement = !one_way && !c->memory && !c->o.connect && !c->o.listen && !c->o.exec;
    for (size_t i = 0; i < c->catalog.n; i++) {
        const struct scn_case *x = c->catalog.item[i];
        bool listens = catalog_applies(x, c->role, true), connects = catalog_applies(x, c->role, false);
        bool applies = any_arrangement ? listens || connects : c->o.listen || c->o.exec || c->o.peer_connects ? connects : listens;
        if (strcmp(c->role, "reference") == 0) applies = !c->only || run_proto_of_case(x->id) == c->only;
        if (!applies || !catalog_selected(x->id, c->select, c->o.selects)) continue;
        n++;
        if (!c->dry_run) {
            printf("%-40s %s\n", x->id, x->title);
            continue;
        }
        struct buf b;
        buf_init(&b, &mem_libc, 1u << 20);
        if (scn_print(x, &b) == OK && buf_str(&b)) printf("%s%s# %zu instances\n", n > 1 ? "\n" : "", buf_str(&b), scn_instances(x));
        buf_done(&b);
    }
    if (n) return CLI_OK;
    cli_error("no case matches");
    return CLI_UNPROVEN;
}

/* --- waivers ----------------------------------------------------------------------------------------------------------- */

static bool is_date(const char *t)
{
    int y, m, d, n = 0;
    return sscanf(t, "%4d-%2d-%2d%n", &y, &m, &d, &n) == 3 && n == 10 && !t[10] && m >= 1 && m <= 12 && d >= 1 && d <= 31;
}

bool check_is_passive(const struct run_proto *p, const char *id)
{
    const struct run_proto *of = run_proto_of_case(id);
    return of && (!p || p == of) && strncmp(id + strlen(of->name), "/passive", 8) == 0;
}

static int take_waiver(struct check *c, const json_t *o, size_t index)
{
    const char *id = json_string_value(json_object_get(o, "id")), *reason = json_string_value(json_object_get(o, "reason"));
    const char *link = json_string_value(json_object_get(o, "link")), *expires = json_string_value(json_object_get(o, "expires"));
    if (!id || !*id || !reason || !link || !expires) return cli_error("%s: entry %zu: id, reason, link and expires are all needed", c->waive, index + 1);
    if (!is_date(expires)) return cli_error("%s: %s: expires %s is no date like 2027-01-31", c->waive, id, expires);
    bool known = check_is_passive(c->proto, id);
    const char *one[1] = {id};
    for (size_t i = 0; i < c->catalog.n && !known; i++)
        known = catalog_selected(c->catalog.item[i]->id, one, 1);
    if (!known) return cli_error("%s: there is no case %s", c->waive, id);
    struct suite_waiver *w = &c->waiver[c->o.waivers++];
    *w = (struct suite_waiver){strdup(id), strdup(reason), strdup(link), strdup(expires)};
    return w->id && w->reason && w->link && w->expires ? CLI_OK : cli_error("out of memory");
}

int check_waivers(struct check *c)
{
    json_error_t e;
    int status = CLI_OK;
    if (!c->waive) return CLI_OK;
    json_t *root = json_load_file(c->waive, 0, &e);
    if (!root && e.line < 0) return cli_error("%s", e.text);
    if (!root) return cli_error("%s:%d: %s", c->waive, e.line, e.text);
    if (!json_is_array(root)) status = cli_error("%s: a list of waivers is wanted: [{\"id\":...,\"reason\":...,\"link\":...,\"expires\":...}]", c->waive);
    c->waiver = calloc(json_array_size(root) + 1, sizeof *c->waiver);
    if (!c->waiver) status = cli_error("out of memory");
    for (size_t i = 0; i < json_array_size(root) && status == CLI_OK; i++)
        status = take_waiver(c, json_array_get(root, i), i);
    json_decref(root);
    c->o.waiver = c->waiver;
    return status;
}

void check_waivers_done(struct check *c)
{
    for (size_t i = 0; i < c->o.waivers; i++) {
        free(c->waiver[i].id);
        free(c->waiver[i].reason);
        free(c->waiver[i].link);
        free(c->waiver[i].expires);
    }
    free(c->waiver);
    c->waiver = NULL;
}

/* --- reports ------------------------------------------------------------------------------------------------------------ */

static int place_of(const char *path)
{
    struct stat st;
    char dir[PATH_MAX];
    if (!path || strcmp(path, "-") == 0) return CLI_OK;
    if (!*path) return cli_error("the name of a report is empty");
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return cli_error("%s: %s", path, strerror(EISDIR));
    const char *slash = strrchr(path, '/');
    if ((size_t)snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".") >= sizeof dir)
        return cli_error("%.60s...: %s", path, strerror(ENAMETOOLONG));
    return access(dir, W_OK | X_OK) == 0 ? CLI_OK : cli_error("%s: %s", path, strerror(errno));
}

int check_places(const struct check *c)
{
    const char *const file[] = {c->jsonl, c->junit, c->tap, c->html};
    struct stat st;
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        if (place_of(file[i]) != CLI_OK) return CLI_USE;
    }
    if (!c->save) return CLI_OK;
    if (mkdir(c->save, 0777) != 0 && errno != EEXIST) return cli_error("%s: %s", c->save, strerror(errno));
    if (stat(c->save, &st) == 0 && !S_ISDIR(st.st_mode)) return cli_error("%s: %s", c->save, strerror(ENOTDIR));
    return access(c->save, W_OK | X_OK) == 0 ? CLI_OK : cli_error("%s: %s", c->save, strerror(errno));
}

static int save(const struct check *c, struct run_results *rs)
{
    char why[400] = "";
    if (mkdir(c->save, 0777) != 0 && errno != EEXIST) return cli_error("%s: %s", c->save, strerror(errno));
    for (size_t i = 0; i < rs->n; i++) {
        struct result *r = &rs->r[i];
        bool fine = r->verdict == V_PASS || r->verdict == V_SKIP;
        if (!r->ladder.rungs || (fine && !c->save_all)) continue;
        if (report_save(rs, r, c->save, why, sizeof why) != OK) return cli_error("%s", why);
    }
    return CLI_OK;
}

int check_reports(const struct check *c, struct run_results *const *runs, size_t n)
{
    char why[400] = "";
    err e = OK;
    for (size_t i = 0; i < n && c->save; i++) {
        if (save(c, runs[i]) != CLI_OK) return CLI_USE;
    }
    /* the line formats hold one run; a run of many is put together by the caller */
    if (e == OK && c->jsonl) e = report_jsonl(runs[0], c->jsonl, why, sizeof why);
    if (e == OK && c->junit) e = report_junit(runs[0], c->junit, why, sizeof why);
    if (e == OK && c->tap) e = report_tap(runs[0], c->tap, why, sizeof why);
    if (e == OK && c->html) {
        const struct run_results **list = calloc(n, sizeof *list);
        for (size_t i = 0; i < n && list; i++)
            list[i] = runs[i];
        e = list ? report_html(list, n, c->kill, c->html, why, sizeof why) : ERR_MEM;
        free(list);
    }
    return e == OK ? CLI_OK : cli_error("%s", *why ? why : err_name(e));
}

int check_status(const struct check *c, const struct run_results *rs)
{
    int status = run_results_status(rs, c->strict);
    bool real = false, proven = false;
    if (status != CLI_OK) return status;
    /* that the peer is alive and writes well-formed messages does not prove the cases that were asked for */
    for (size_t i = 0; i < rs->n; i++) {
        const struct result *r = &rs->r[i];
        if (r->passive || strstr(r->id, "/sanity/")) continue;
        real = true;
        proven |= r->verdict == V_PASS || r->verdict == V_WEAK;
    }
    return real && !proven ? CLI_UNPROVEN : CLI_OK;
}
