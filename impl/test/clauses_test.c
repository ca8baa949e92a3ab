/* SPDX-License-Identifier: MIT */
#include "model/clauses.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static void finds_ids(void **state)
{
    (void)state;
    assert_int_equal(clause_find(SLICE_LIT("IAP-3.1-6")), CL_IAP_3_1_6);
    assert_int_equal(clause_find(SLICE_LIT("IAP-4.3.5-10")), CL_IAP_4_3_5_10);
    assert_int_equal(clause_find(SLICE_LIT("IAP-2-1")), CL_IAP_2_1);
    assert_int_equal(defect_find(SLICE_LIT("IAP-D01")), DEF_IAP_D01);
    assert_int_equal(defect_find(SLICE_LIT("IAP-D31")), DEF_IAP_D31);
    assert_int_equal(clause_find(SLICE_LIT("BEEP-2.2.1.1-21")), CL_BEEP_2_2_1_1_21);
    assert_int_equal(clause_find(SLICE_LIT("BEEPTCP-3.1.4-7")), CL_BEEPTCP_3_1_4_7);
    assert_int_equal(defect_find(SLICE_LIT("BEEP-D16")), DEF_BEEP_D16);
    assert_int_equal(clause_find(SLICE_LIT("IDXP-3.4.1-9")), CL_IDXP_3_4_1_9);
    assert_int_equal(clause_find(SLICE_LIT("IDXPRFC-4-2")), CL_IDXPRFC_4_2);
    assert_int_equal(clause_find(SLICE_LIT("TUNNEL-A.1-1")), CL_TUNNEL_A_1_1);
    assert_int_equal(clause_find(SLICE_LIT("IDMEF-4.2.7.2.1-1")), CL_IDMEF_4_2_7_2_1_1);
    assert_int_equal(defect_find(SLICE_LIT("IDXP-D23")), DEF_IDXP_D23);
    assert_int_equal(defect_find(SLICE_LIT("TUNNEL-D08")), DEF_TUNNEL_D08);
    assert_int_equal(defect_find(SLICE_LIT("IDMEF-D01")), DEF_IDMEF_D01);
    for (size_t i = 1; i < CLAUSE_COUNT; i++)
        assert_int_equal(clause_find(slice_str(clauses[i].id)), i);
    for (size_t i = 1; i < DEFECT_COUNT; i++)
        assert_int_equal(defect_find(slice_str(defects[i].id)), i);
}

static void finds_no_other(void **state)
{
    static const char *const no[] = {"",           "IAP",        "IAP-3.1",    "IAP-3.1-",
                                     "iap-3.1-6",  "IAP-3.1-66", "IAP-3.1-6 ", " IAP-3.1-6",
                                     "IAP-3.1-99", "A",          "ZZZ-9-9",    "\xff"};
    (void)state;
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        assert_int_equal(clause_find(slice_str(no[i])), CL_NONE);
        assert_int_equal(defect_find(slice_str(no[i])), DEF_NONE);
    }
    assert_int_equal(clause_find(SLICE_LIT("IAP-D01")), CL_NONE);
    assert_int_equal(defect_find(SLICE_LIT("IAP-3.1-6")), DEF_NONE);
    assert_int_equal(defect_find(SLICE_LIT("iap-d01")), DEF_NONE);
    /* A NUL is an octet like any other: it must not end the comparison early. */
    assert_int_equal(clause_find(SLICE_LIT("IAP-3.1-6\0")), CL_NONE);
    assert_int_equal(clause_find(SLICE_LIT("IAP-3.1\0")), CL_NONE);
    assert_int_equal(clause_find(SLICE_NONE), CL_NONE);
    assert_int_equal(defect_find(SLICE_NONE), DEF_NONE);
}

static void knows_levels(void **state)
{
    static const struct {
        enum clause_id id;
        const char *word;
        enum clause_level level;
        enum clause_watch watch;
        const char *section;
        const char *proto;
    } row[] = {
        {CL_IAP_3_1_14, "MUST", LEVEL_MUST, WATCH_CASE, "3.1", "IAP"},
        {CL_IAP_6_2_1, "MUST NOT", LEVEL_MUST, WATCH_PASSIVE, "6.2", "IAP"},
        {CL_IAP_3_2_7, "SHOULD", LEVEL_SHOULD, WATCH_PASSIVE, "3.2", "IAP"},
        {CL_IAP_3_5_2, "should-lc", LEVEL_SHOULD, WATCH_CASE, "3.5", "IAP"},
        {CL_IAP_4_2, "must-lc", LEVEL_MUST, WATCH_PASSIVE, "4", "IAP"},
        {CL_IAP_4_3_1_2, "grammar", LEVEL_MUST, WATCH_PASSIVE, "4.3.1", "IAP"},
        {CL_IAP_3_1_6, "reply-code", LEVEL_MUST, WATCH_PASSIVE, "3.1", "IAP"},
        {CL_IAP_1_5_1, "grammar", LEVEL_MAY, WATCH_CASE, "1.5", "IAP"},
        {CL_IAP_2_2_6, "MAY", LEVEL_MAY, WATCH_CASE, "2.2", "IAP"},
        {CL_IAP_7_5_1, "may-lc", LEVEL_MAY, WATCH_CASE, "7.5", "IAP"},
        {CL_IAP_7_4_1, "SHOULD", LEVEL_SHOULD, WATCH_NONE, "7.4", "IAP"},
        {CL_IAP_4_4_9, "example", LEVEL_MUST, WATCH_PASSIVE, "4.4", "IAP"},
        {CL_BEEP_2_2_1_1_21, "statement", LEVEL_MUST, WATCH_CASE, "2.2.1.1", "BEEP"},
        {CL_BEEP_2_6_1_2, "must-lc", LEVEL_MUST, WATCH_PASSIVE, "2.6.1", "BEEP"},
        {CL_BEEP_2_6_1_1, "may-lc", LEVEL_MAY, WATCH_CASE, "2.6.1", "BEEP"},
        {CL_BEEP_2_3_2, "should-lc", LEVEL_SHOULD, WATCH_CASE, "2.3", "BEEP"},
        {CL_BEEPTCP_3_1_4_7, "SHOULD NOT", LEVEL_SHOULD, WATCH_PASSIVE, "3.1.4", "BEEPTCP"},
        {CL_IDXP_6_13, "should-lc", LEVEL_SHOULD, WATCH_CASE, "6", "IDXP"},
        {CL_IDXP_A_1, "statement", LEVEL_MUST, WATCH_PASSIVE, "A", "IDXP"},
        {CL_IDXPRFC_3_2_2, "MUST", LEVEL_MUST, WATCH_PASSIVE, "3.2", "IDXPRFC"},
        {CL_IDXPRFC_3_2_3, "MAY", LEVEL_MAY, WATCH_CASE, "3.2", "IDXPRFC"},
        {CL_TUNNEL_5_2, "MUST NOT", LEVEL_MUST, WATCH_PASSIVE, "5", "TUNNEL"},
        {CL_TUNNEL_A_1_1, "grammar", LEVEL_MUST, WATCH_CASE, "A.1", "TUNNEL"},
        {CL_IDMEF_3_2_6_2, "MUST", LEVEL_MUST, WATCH_CASE, "3.2.6", "IDMEF"},
        {CL_IDMEF_6_1_2, "SHOULD", LEVEL_SHOULD, WATCH_PASSIVE, "6.1", "IDMEF"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        const struct clause *c = &clauses[row[i].id];
        assert_string_equal(c->word, row[i].word);
        assert_int_equal(c->level, row[i].level);
        assert_int_equal(c->watch, row[i].watch);
        assert_string_equal(c->section, row[i].section);
        assert_string_equal(c->proto, row[i].proto);
    }
}

static void capitals_bind_as_they_say(void **state)
{
    (void)state;
    for (size_t i = 1; i < CLAUSE_COUNT; i++) {
        const char *word = clauses[i].word;
        if (strncmp(word, "MUST", 4) == 0) assert_int_equal(clauses[i].level, LEVEL_MUST);
        if (strncmp(word, "SHOULD", 6) == 0) assert_int_equal(clauses[i].level, LEVEL_SHOULD);
        if (strcmp(word, "MAY") == 0 || strcmp(word, "may-lc") == 0)
            assert_int_equal(clauses[i].level, LEVEL_MAY);
        if (strcmp(word, "should-lc") == 0) assert_int_not_equal(clauses[i].level, LEVEL_MUST);
    }
}

static void rows_are_whole(void **state)
{
    size_t iap = 0, beep = 0, tcp = 0, idxp = 0, rfc = 0, tunnel = 0, idmef = 0;
    (void)state;
    assert_string_equal(clauses[CL_NONE].id, "");
    assert_string_equal(defects[DEF_NONE].id, "");
    for (size_t i = 1; i < CLAUSE_COUNT; i++) {
        const struct clause *c = &clauses[i];
        char head[64];
        (void)snprintf(head, sizeof head, "%s-%s-", c->proto, c->section);
        assert_memory_equal(c->id, head, strlen(head));
        assert_true(c->roles[0] && c->text[0] && c->how[0] && c->word[0]);
        /* What is never broken needs no passive check. */
        assert_false(c->level == LEVEL_MAY && c->watch == WATCH_PASSIVE);
        iap += strcmp(c->proto, "IAP") == 0;
        beep += strcmp(c->proto, "BEEP") == 0;
        tcp += strcmp(c->proto, "BEEPTCP") == 0;
        idxp += strcmp(c->proto, "IDXP") == 0;
        rfc += strcmp(c->proto, "IDXPRFC") == 0;
        tunnel += strcmp(c->proto, "TUNNEL") == 0;
        idmef += strcmp(c->proto, "IDMEF") == 0;
    }
    assert_true(iap >= 159);
    assert_true(beep >= 200);
    assert_true(tcp >= 28);
    assert_true(idxp >= 127);
    assert_true(rfc >= 112);
    assert_true(tunnel >= 84);
    assert_true(idmef >= 127);
    for (size_t i = 1; i < DEFECT_COUNT; i++)
        assert_true(defects[i].title[0] && defects[i].sent[0] && defects[i].accepted[0]);
}

static bool binds(const char *roles, const char *role)
{
    for (const char *at = roles; *at;) {
        size_t n = strcspn(at, ",");
        if (slice_eq(slice_of(at, n), slice_str(role))) return true;
        at += n + (at[n] == ',');
    }
    return false;
}

/* Either end of a BEEP session is client and server, so each row that can be seen says which of the two roles
 * under test has to show it; a word of another protocol would leave it with neither. */
static void beep_rows_bind_a_beep_role(void **state)
{
    static const char *const ends[] = {"initiator", "listener", "client", "server"};
    size_t seen[4] = {0};
    (void)state;
    for (size_t i = 1; i < CLAUSE_COUNT; i++) {
        const struct clause *c = &clauses[i];
        if (strncmp(c->proto, "BEEP", 4) != 0) continue;
        size_t bound = 0;
        for (size_t k = 0; k < 4; k++) {
            if (!binds(c->roles, ends[k])) continue;
            bound++;
            seen[k] += c->watch != WATCH_NONE;
        }
        if (c->watch != WATCH_NONE && bound == 0)
            fail_msg("%s binds neither role of BEEP: %s", c->id, c->roles);
        if (binds(c->roles, "responder")) fail_msg("%s: the role is called listener", c->id);
        if (bound && (binds(c->roles, "author") || binds(c->roles, "operator")))
            fail_msg("%s binds a peer and somebody who is none", c->id);
    }
    for (size_t k = 0; k < 4; k++)
        if (seen[k] == 0) fail_msg("nothing to see of a %s", ends[k]);
}

/* The words that a role of this suite is bound by are those of vectors/clauses/README.md; and the dialect of
 * a row can be read from its roles alone. */
static void idxp_rows_bind_a_role_and_tell_their_dialect(void **state)
{
    static const char *const ends[] = {"analyzer",  "manager",  "client",           "server",       "proxy",
                                       "initiator", "listener", "tunnel-initiator", "tunnel-target"};
    enum { ENDS = sizeof ends / sizeof ends[0] };
    size_t seen[ENDS] = {0}, draft = 0;
    (void)state;
    for (size_t i = 1; i < CLAUSE_COUNT; i++) {
        const struct clause *c = &clauses[i];
        bool idxp = strcmp(c->proto, "IDXP") == 0, rfc = strcmp(c->proto, "IDXPRFC") == 0;
        bool idmef = strcmp(c->proto, "IDMEF") == 0, tunnel = strcmp(c->proto, "TUNNEL") == 0;
        if (strncmp(c->proto, "OE", 2) == 0) continue; /* has dialects of its own */
        if (binds(c->roles, "rfc") != rfc) fail_msg("%s: rfc stands on the rows of IDXPRFC alone", c->id);
        if (binds(c->roles, "draft") && !idxp) fail_msg("%s: draft stands on rows of IDXP alone", c->id);
        draft += binds(c->roles, "draft");
        if (!idxp && !rfc && !idmef && !tunnel) continue;
        size_t bound = 0;
        for (size_t k = 0; k < ENDS; k++) {
            if (!binds(c->roles, ends[k])) continue;
            bound++;
            seen[k] += c->watch != WATCH_NONE;
        }
        if (c->watch != WATCH_NONE && bound == 0)
            fail_msg("%s binds no role under test: %s", c->id, c->roles);
        if (binds(c->roles, "responder")) fail_msg("%s: the role is called listener", c->id);
        if (bound && (binds(c->roles, "author") || binds(c->roles, "operator")))
            fail_msg("%s binds a peer and somebody who is none", c->id);
    }
    for (size_t k = 0; k < ENDS; k++)
        if (seen[k] == 0) fail_msg("nothing to see of a %s", ends[k]);
    assert_true(draft >= 21);
}

/* Roles under test of opportunistic encryption: a reader of records, and a gateway whose DNS and decisions are
 * seen.  What either is to show says which of them it is, unless both are. */
static void oe_rows_bind_a_role_and_tell_their_dialect(void **state)
{
    static const char *const ends[] = {"parser", "initiator", "responder", "gateway", "resolver"};
    size_t seen[5] = {0}, draft = 0, rows[2] = {0};
    (void)state;
    for (size_t i = 1; i < CLAUSE_COUNT; i++) {
        const struct clause *c = &clauses[i];
        bool rfc = strcmp(c->proto, "OERFC") == 0;
        if (!rfc && strcmp(c->proto, "OE") != 0) continue;
        rows[rfc]++;
        if (binds(c->roles, "rfc") != rfc) fail_msg("%s: rfc stands on the rows of OERFC alone", c->id);
        draft += binds(c->roles, "draft");
        size_t bound = 0;
        for (size_t k = 0; k < 5; k++) {
            if (!binds(c->roles, ends[k])) continue;
            bound++;
            seen[k] += c->watch != WATCH_NONE;
        }
        if (c->watch != WATCH_NONE && bound == 0)
            fail_msg("%s binds no role under test: %s", c->id, c->roles);
        if (bound && (binds(c->roles, "author") || binds(c->roles, "operator")))
            fail_msg("%s binds a program and somebody who is none", c->id);
        if (c->watch != WATCH_CASE) continue;
        bool parser = binds(c->roles, "parser"), gateway = bound > (parser ? 1u : 0u);
        if (!c->at[0] && !(parser && gateway)) fail_msg("%s does not say which role shows it", c->id);
        if (c->at[0] && strcmp(c->at, "oe-parser") != 0 && strcmp(c->at, "oe-gateway") != 0)
            fail_msg("%s: there is no role %s", c->id, c->at);
        if (strcmp(c->at, "oe-parser") == 0 ? !parser : c->at[0] && !gateway)
            fail_msg("%s is shown by a role that it does not bind", c->id);
    }
    for (size_t k = 0; k < 5; k++)
        if (seen[k] == 0) fail_msg("nothing to see of a %s", ends[k]);
    assert_true(rows[0] >= 181 && rows[1] >= 84 && draft >= 3);
}

static bool defect_names(const struct defect *d, const char *id)
{
    for (const char *at = d->clauses; *at;) {
        size_t n = strcspn(at, " ");
        if (slice_eq(slice_of(at, n), slice_str(id))) return true;
        at += n + (at[n] == ' ');
    }
    return false;
}

static void defects_and_clauses_agree(void **state)
{
    size_t named = 0, cited = 0;
    (void)state;
    for (size_t i = 1; i < DEFECT_COUNT; i++) {
        for (const char *at = defects[i].clauses; *at; named++) {
            size_t n = strcspn(at, " ");
            assert_int_not_equal(clause_find(slice_of(at, n)), CL_NONE);
            at += n + (at[n] == ' ');
        }
    }
    /* A clause that leans on a defect is among those which the defect lists. */
    for (size_t i = 1; i < CLAUSE_COUNT; i++) {
        /* "BEEP-D09" and "IAP-D31": word characters up to -D, and two digits. */
        for (const char *at = clauses[i].how; (at = strstr(at, "-D")) != NULL; at += 2) {
            if (!isdigit((unsigned char)at[2])) continue;
            const char *from = at;
            while (from > clauses[i].how && isupper((unsigned char)from[-1]))
                from--;
            cited++;
            enum defect_id d = defect_find(slice_of(from, (size_t)(at - from) + strlen("-D00")));
            assert_int_not_equal(d, DEF_NONE);
            if (!defect_names(&defects[d], clauses[i].id))
                fail_msg("%s cites %s, which does not list it", clauses[i].id, defects[d].id);
        }
    }
    assert_true(named > 68);
    assert_true(cited > 68);
}

/* The generator as a program: bad rows are refused, with a line that says where and what to do. */

#define HEAD  "id\tword\tlevel\troles\tsection\ttext\twatch\thow\n"
#define GOOD  "T-1-1\tMUST\tmust\tinitiator\t1\ttext\tcase\thow\n"
#define DHEAD "id\ttitle\tsent\taccepted\tclauses\n"

static char work[] = "/tmp/clauses_test.XXXXXX";

static void put(const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", work, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static bool has(const char *name)
{
    char path[128];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/out/%s", work, name);
    return stat(path, &st) == 0;
}

/* Exit status of gen-clauses over t.tsv and t-defects.tsv; what it said on standard error. */
static int generate(char *said, size_t n)
{
    char command[1024];
    (void)snprintf(command, sizeof command,
                   "cd %s && rm -rf out && python3 '" SOURCE_DIR
                   "/scripts/gen-clauses' --out out t-defects.tsv t.tsv"
                   " 2>&1 >/dev/null",
                   work);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t got = fread(said, 1, n - 1, p);
    said[got] = 0;
    int status = pclose(p);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int make_work(void **state)
{
    (void)state;
    return mkdtemp(work) ? 0 : -1;
}

static int drop_work(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", work);
    return system(command);
}

static void generator_takes_good_rows(void **state)
{
    char said[4096], path[128], made[8192];
    (void)state;
    put("t.tsv", HEAD GOOD
        "T-1.2-1\tgrammar\tshould\tproxy,manager,rfc\t1.2\t\"a\" \\ ?\?/ \xc2\xa7\tnone\twhy not\n");
    put("t-defects.tsv",
        DHEAD "T-D01\ttitle\tsent\taccepted\tT-1-1 T-1.2-1\nT-D02\ttitle\tsent\taccepted\t\n");
    int status = generate(said, sizeof said);
    assert_string_equal(said, "");
    assert_int_equal(status, 0);
    assert_true(has("clauses_gen.h"));
    (void)snprintf(path, sizeof path, "%s/out/clauses_gen.c", work);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    made[fread(made, 1, sizeof made - 1, f)] = 0;
    (void)fclose(f);
    /* Quotes, backslashes, trigraphs and octets past ASCII come out as C reads them back. */
    assert_non_null(strstr(made,
                           "{\"T-1.2-1\", \"T\", \"grammar\", LEVEL_SHOULD, \"proxy,manager,rfc\", \"1.2\", "
                           "\"\\\"a\\\" \\\\ \\?\\?/ \\302\\247\", WATCH_NONE, \"why not\", \"\"},"));
    assert_non_null(strstr(made, "{\"T-D01\", \"title\", \"sent\", \"accepted\", \"T-1-1 T-1.2-1\"},"));
}

static void generator_refuses_bad_rows(void **state)
{
    static const struct {
        const char *rows, *defects, *where, *what;
    } bad[] = {
        {HEAD GOOD GOOD, DHEAD, "t.tsv:3: ", "stands already at t.tsv:2"},
        {HEAD "T-1-1\tWOULD\tmust\tproxy\t1\tt\tcase\th\n", DHEAD, "t.tsv:2: ", "unknown word 'WOULD'"},
        {HEAD "T-1-1\tMUST\tmost\tproxy\t1\tt\tcase\th\n", DHEAD, "t.tsv:2: ", "unknown level 'most'"},
        {HEAD "T-1-1\tMUST\tmay\tproxy\t1\tt\tcase\th\n", DHEAD,
         "t.tsv:2: ", "word MUST cannot have level may"},
        {HEAD "T-1-1\tMUST\tmust\tproxy\t1\tt\tcase@\th\n", DHEAD, "t.tsv:2: ", "only case can be followed by @"},
        {HEAD "T-1-1\tMUST\tmust\tproxy\t1\tt\tpassive@x\th\n", DHEAD, "t.tsv:2: ", "only case can be followed by @"},
        {HEAD "T-1-1\tMUST\tmust\tproxy\t1\tt\tnever\th\n", DHEAD, "t.tsv:2: ", "unknown watch 'never'"},
        {HEAD "T-1-1\tMUST\tmust\tproxy\t1\tt\tcase\t\n", DHEAD, "t.tsv:2: ", "watch case without how"},
        {HEAD "T-1-1\tMUST\tmust\tproxy\t1\tt\tpassive\t\n", DHEAD, "t.tsv:2: ", "watch passive without how"},
        {HEAD "T-1-1\tMUST\tmust\tproxy\t1\tt\tnone\t\n", DHEAD, "t.tsv:2: ", "watch none without a reason"},
        {HEAD "T-1-1\tMUST\tmust\tproxie\t1\tt\tcase\th\n", DHEAD, "t.tsv:2: ", "unknown role 'proxie'"},
        {HEAD "T-1-1\tMUST\tmust\tproxy,proxy\t1\tt\tcase\th\n", DHEAD, "t.tsv:2: ", "a role stands twice"},
        {HEAD "T-1-1\tMUST\tmust\tdraft\t1\tt\tcase\th\n", DHEAD, "t.tsv:2: ", "unknown role 'draft'"},
        {HEAD "T-1-1\tMUST\tmust\trfc,proxy\t1\tt\tcase\th\n", DHEAD, "t.tsv:2: ", "unknown role 'rfc'"},
        {HEAD "T-1-1\tMUST\tmust\tproxy,draft,rfc\t1\tt\tcase\th\n", DHEAD,
         "t.tsv:2: ", "unknown role 'draft'"},
        {HEAD "T-1-1\tMUST\tmust\tproxy\t2\tt\tcase\th\n", DHEAD, "t.tsv:2: ", "does not carry section 2"},
        {HEAD "T-1-1\tMUST\tmust\tproxy\t\tt\tcase\th\n", DHEAD, "t.tsv:2: ", "no section"},
        {HEAD "T-1-1\tMUST\tmust\tproxy\t1\t\tcase\th\n", DHEAD, "t.tsv:2: ", "no text"},
        {HEAD "T-1-1\tMUST\tmust\tproxy\t1\tt \tcase\th\n", DHEAD,
         "t.tsv:2: ", "blank at the edge of column text"},
        {HEAD "T-1-1\tMUST\tmust\tproxy\t1\tt\tcase\th\r\n", DHEAD,
         "t.tsv:2: ", "control character in column how"},
        {HEAD "t 1\tMUST\tmust\tproxy\t1\tt\tcase\th\n", DHEAD, "t.tsv:2: ", "id 't 1' is not of the form"},
        {HEAD "T-1.1-1\tMUST\tmust\tproxy\t1.1\tt\tcase\th\nT-1-1-1\tMUST\tmust\tproxy\t1\tt\tcase\th\n",
         DHEAD, "t.tsv:3: ", "gives the same C name as T-1.1-1"},
        {HEAD "T-1-1\tMUST\tmust\tproxy\t1\tt\tcase\n", DHEAD, "t.tsv:2: ", "7 columns where 8 belong"},
        {HEAD GOOD "\n", DHEAD, "t.tsv:3: ", "1 columns where 8 belong"},
        {GOOD, DHEAD, "t.tsv:1: ", "the first line has to name the columns"},
        {"", DHEAD, "t.tsv:1: ", "the first line has to name the columns"},
        {HEAD "T-1-1\tMUST\tmust\tproxy\t1\t\xff\tcase\th\n", DHEAD, "t.tsv:1: ", "cannot be read as UTF-8"},
        {HEAD GOOD, DHEAD "T-D01\tt\ts\ta\tT-9-9\n", "t-defects.tsv:2: ", "unknown clause 'T-9-9'"},
        {HEAD GOOD, DHEAD "T-D01\tt\ts\ta\tT-1-1  T-1-1\n", "t-defects.tsv:2: ", "unknown clause ''"},
        {HEAD GOOD, DHEAD "T-D01\tt\ts\ta\tT-1-1 T-1-1\n", "t-defects.tsv:2: ", "names a clause twice"},
        {HEAD GOOD, DHEAD "T-D01\tt\ts\ta\t\nT-D01\tt\ts\ta\t\n", "t-defects.tsv:3: ", "stands already"},
        {HEAD GOOD, DHEAD "T-D01\tt\t\ta\t\n", "t-defects.tsv:2: ", "empty column sent"},
        {HEAD GOOD, DHEAD "T-D01\tt\ts\ta\n", "t-defects.tsv:2: ", "4 columns where 5 belong"},
        {HEAD GOOD, HEAD, "t-defects.tsv:1: ", "the first line has to name the columns"},
        {HEAD GOOD, DHEAD "T-1-1\tt\ts\ta\t\n", "t-defects.tsv:2: ", "id 'T-1-1' is not of the form"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char said[4096];
        put("t.tsv", bad[i].rows);
        put("t-defects.tsv", bad[i].defects);
        int status = generate(said, sizeof said);
        if (status != 1) fail_msg("row %zu (%s): status %d, said: %s", i, bad[i].what, status, said);
        if (strncmp(said, bad[i].where, strlen(bad[i].where)) != 0 || !strstr(said, bad[i].what))
            fail_msg("row %zu: wanted %s%s, said: %s", i, bad[i].where, bad[i].what, said);
        assert_false(has("clauses_gen.h") || has("clauses_gen.c"));
    }
}

static void generator_refuses_long_columns(void **state)
{
    /* 1,000 octets are taken, one more is not. */
    char said[4096], text[1002], rows[2048];
    (void)state;
    put("t-defects.tsv", DHEAD);
    memset(text, 'x', sizeof text);
    for (int over = 0; over < 2; over++) {
        (void)snprintf(rows, sizeof rows, HEAD "T-1-1\tMUST\tmust\tproxy\t1\t%.*s\tcase\th\n", 1000 + over,
                       text);
        put("t.tsv", rows);
        assert_int_equal(generate(said, sizeof said), over);
    }
    assert_non_null(strstr(said, "t.tsv:2: column text is longer than 1000 octets"));
}

static void generator_names_every_fault(void **state)
{
    char said[4096];
    (void)state;
    put("t.tsv", HEAD "T-1-1\tWOULD\tmust\tproxy\t1\tt\tcase\t\nT-1-2\tMUST\tmust\tnobody\t1\tt\tcase\th\n");
    put("t-defects.tsv", DHEAD "T-D01\tt\ts\ta\tT-9-9\n");
    assert_int_equal(generate(said, sizeof said), 1);
    assert_non_null(strstr(said, "t.tsv:2: unknown word"));
    assert_non_null(strstr(said, "t.tsv:2: watch case without how"));
    assert_non_null(strstr(said, "t.tsv:3: unknown role"));
    assert_non_null(strstr(said, "t-defects.tsv:2: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_ids),
        cmocka_unit_test(finds_no_other),
        cmocka_unit_test(knows_levels),
        cmocka_unit_test(capitals_bind_as_they_say),
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(beep_rows_bind_a_beep_role),
        cmocka_unit_test(idxp_rows_bind_a_role_and_tell_their_dialect),
        cmocka_unit_test(oe_rows_bind_a_role_and_tell_their_dialect),
        cmocka_unit_test(defects_and_clauses_agree),
        cmocka_unit_test(generator_takes_good_rows),
        cmocka_unit_test(generator_refuses_bad_rows),
        cmocka_unit_test(generator_refuses_long_columns),
        cmocka_unit_test(generator_names_every_fault),
    };
    return cmocka_run_group_tests(tests, make_work, drop_work);
}
