/* SPDX-License-Identifier: MIT */
/* What the protocols tell the suite has to fit together: names that are unique, clauses that exist, words that are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "run/proto.h"
#include "run/proto_iap.h"
#include "run/server.h"
#include "run/suite.h"

static bool has_family(const struct run_proto *p, const char *id)
{
    for (const struct run_family *f = p->family; f->prefix; f++) {
        if (strncmp(id, f->prefix, strlen(f->prefix)) == 0) return true;
    }
    return false;
}

static const struct run_need *need_of(const struct run_proto *p, const char *name)
{
    for (const struct run_need *n = p->need; n && n->name; n++) {
        if (strcmp(n->name, name) == 0) return n;
    }
    return NULL;
}

static void complete(void **state)
{
    (void)state;
    for (size_t i = 0; run_protos[i]; i++) {
        const struct run_proto *p = run_protos[i];
        assert_ptr_equal(run_proto_find(p->name), p);
        assert_non_null(p->family[0].prefix);
        assert_string_equal(p->family[0].path, "");
        assert_non_null(p->play);
        assert_true(p->run_size > 0);
        assert_true(p->begin && p->lookup && p->observed && p->fault_name);
        assert_true(p->seen_tls != 0);
        assert_true(p->reference_new && p->reference_free && p->reference_peer);
        p->reference_free(NULL);
        assert_true(p->tries > 0 && p->try[0].when == TRY_ALWAYS);
        assert_non_null(p->machine[0]);
    }
    assert_null(run_proto_find("no-such"));
}

static void roles(void **state)
{
    size_t all = 0;
    (void)state;
    for (size_t i = 0; run_protos[i]; i++) {
        unsigned bits = 0;
        for (const struct run_role *r = run_protos[i]->role; r->name; r++, all++) {
            const struct run_role *found = NULL;
            assert_ptr_equal(run_proto_of_role(r->name, &found), run_protos[i]); /* so no two have the name */
            assert_ptr_equal(found, r);
            assert_true(r->bit && !(r->bit & (r->bit - 1)) && !(bits & r->bit));
            bits |= r->bit;
            assert_true(r->ways == RUN_PROXY || (r->ways && !(r->ways & ~(unsigned)(RUN_LISTENS | RUN_CONNECTS))));
            assert_true(r->binds || r->binds_listening || r->binds_connecting);
        }
    }
    assert_true(all >= 3);
    assert_null(run_proto_of_role("iap", NULL));
    char list[400];
    run_role_list(" or ", list, sizeof list);
    assert_int_equal(strncmp(list, "iap-manager, iap-analyzer", 25), 0);
    assert_non_null(strstr(list, " or "));
    assert_string_equal(run_role_names(&run_iap, 5, list, sizeof list), "iap-manager,iap-proxy");
    assert_string_equal(run_role_names(&run_iap, 0, list, sizeof list), "");
}

static void lists_that_do_not_fit(void **state)
{
    char small[16];
    (void)state;
    run_role_list(" or ", small, sizeof small);
    assert_string_equal(small, "iap-manager, ia");
    assert_string_equal(run_role_names(&run_iap, 7, small, sizeof small), "iap-manager,iap");
}

/* A need of a protocol that has the name of a common one would never be asked. */
static void needs(void **state)
{
    static const char *const common[] = {"tls", "tls-draft", "tls-modern", "configured", "dialect-draft", "dialect-rfc", "peer-listens", "peer-connects", "patience"};
    (void)state;
    for (size_t i = 0; run_protos[i]; i++) {
        const struct run_proto *p = run_protos[i];
        size_t n = 0;
        for (const struct run_need *x = p->need; x && x->name; x++, n++) {
            assert_ptr_equal(need_of(p, x->name), x);
            assert_true(x->skip && *x->skip);
            assert_true(x->able || x->met); /* or nothing over sockets could meet it */
            if (x->set_up == RUN_SPECIAL) assert_true(x->able && p->specially);
            for (size_t k = 0; k < sizeof common / sizeof *common; k++)
                assert_string_not_equal(x->name, common[k]);
        }
        assert_true(n <= SUITE_NEEDS);
    }
}

static void passive_checks(void **state)
{
    (void)state;
    for (size_t i = 0; run_protos[i]; i++) {
        const struct run_proto *p = run_protos[i];
        for (size_t k = 0; k < p->passives; k++) {
            const struct run_passive *x = &p->passive[k];
            const char *id = clauses[x->clause].id;
            bool bound = false;
            if (!has_family(p, id)) fail_msg("%s is no clause of %s", id, p->name);
            if (run_passive_find(x->clause) != x) fail_msg("%s has two passive checks", id);
            if (!x->needs) fail_msg("%s would be kept by a peer that nobody saw", id);
            for (const struct run_role *r = p->role; r->name; r++)
                bound |= run_binds(&clauses[x->clause], r, false) || run_binds(&clauses[x->clause], r, true);
            if (!bound) fail_msg("%s binds no role", id);
        }
    }
    assert_null(run_passive_find((enum clause_id)0));
}

static void ids(void **state)
{
    char id[64];
    struct clause c = {.id = "IAP-3.1-1"};
    (void)state;
    run_passive_id(&c, id, sizeof id);
    assert_string_equal(id, "iap/passive/3.1-1");
    c.id = "NONE-3.1-1";
    run_passive_id(&c, id, sizeof id);
    assert_string_equal(id, "passive/NONE-3.1-1");
    assert_ptr_equal(run_proto_of_clause("IAP-D10"), &run_iap);
    assert_null(run_proto_of_clause("IAPX-3.1-1"));
    assert_ptr_equal(run_proto_of_case("iap/3.1/loop"), &run_iap);
    assert_null(run_proto_of_case("iapx/3.1/loop"));
    assert_null(run_proto_of_case("iap"));
}

static void binding(void **state)
{
    const struct run_role *manager = NULL, *proxy = NULL;
    struct clause c = {.roles = "initiator,managers"};
    (void)state;
    run_proto_of_role("iap-manager", &manager);
    run_proto_of_role("iap-proxy", &proxy);
    assert_true(run_binds(&c, manager, true));
    assert_false(run_binds(&c, manager, false)); /* "managers" is another word */
    assert_false(run_binds(&c, proxy, true));
    c.roles = "analyzer,responder,proxy";
    assert_true(run_binds(&c, manager, false));
    assert_false(run_binds(&c, manager, true));
    assert_true(run_binds(&c, proxy, false));
    c.roles = "manager";
    assert_true(run_binds(&c, manager, false) && run_binds(&c, manager, true));
    c.roles = "";
    assert_false(run_binds(&c, manager, true));
}

static void dialects(void **state)
{
    struct clause c = {.roles = "client,server,draft"};
    char *needs_two[] = {(char[]){"tls"}, (char[]){"dialect-rfc"}};
    struct scn_case k = {.needs = needs_two, .need_count = 2};
    (void)state;
    assert_string_equal(run_clause_dialect(&c), "draft");
    assert_true(run_in_dialect(&c, "draft") && !run_in_dialect(&c, "rfc") && run_in_dialect(&c, NULL));
    c.roles = "rfc,client"; /* the last word alone is no role */
    assert_null(run_clause_dialect(&c));
    assert_true(run_in_dialect(&c, "draft") && run_in_dialect(&c, "rfc"));
    c.roles = "client";
    assert_null(run_clause_dialect(&c));
    assert_string_equal(run_case_dialect(&k), "rfc");
    k.need_count = 1;
    assert_null(run_case_dialect(&k));
}

static void clauses_exist(const struct run_proto *p, const struct mutant *m)
{
    for (const char *at = m->clauses; *at;) {
        size_t n = strcspn(at, " ");
        if (!clause_find(slice_of(at, n))) fail_msg("%s: %s: there is no clause %.*s", p->name, m->name, (int)n, at);
        at += n + strspn(at + n, " ");
    }
}

static void mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; run_protos[i]; i++) {
        const struct run_proto *p = run_protos[i];
        unsigned all = 0;
        for (const struct run_role *r = p->role; r->name; r++)
            all |= r->bit;
        assert_string_equal(p->mutant[0].name, "");
        for (unsigned m = 1; m < p->mutants; m++) {
            const struct mutant *x = &p->mutant[m];
            if (mutant_find(p->mutant, p->mutants, slice_str(x->name)) != m) fail_msg("%s: two mistakes are called %s", p->name, x->name);
            if (!x->roles || (x->roles & ~all)) fail_msg("%s: %s: no such roles", p->name, x->name);
            if (!*x->clauses || !*x->text) fail_msg("%s: %s says too little", p->name, x->name);
            clauses_exist(p, x);
        }
        assert_int_equal(mutant_find(p->mutant, p->mutants, SLICE_LIT("")), 0);
        assert_int_equal(mutant_find(p->mutant, p->mutants, SLICE_LIT("no-such-mistake")), 0);
    }
}

static void settings(void **state)
{
    (void)state;
    for (size_t i = 0; run_protos[i]; i++) {
        const struct run_proto *p = run_protos[i];
        assert_true(!p->setting || p->server);
        for (const struct run_setting *s = p->setting; s && s->name; s++) {
            const struct run_role *role = NULL;
            if (run_proto_of_role(s->role, &role) != p) fail_msg("%s: %s is no role of %s", s->name, s->role, p->name);
            if (role->ways != RUN_PROXY && !(role->ways & (s->connects ? RUN_CONNECTS : RUN_LISTENS))) fail_msg("%s: it cannot", s->name);
            for (size_t k = 0; k < RUN_ABLES && s->able[k]; k++) {
                const struct run_need *n = need_of(p, s->able[k]);
                if (!n || !n->able) fail_msg("%s: --able %s is nothing", s->name, s->able[k]);
            }
        }
    }
}

static void machines(void **state)
{
    const char *name[32];
    size_t n = 0;
    (void)state;
    for (size_t i = 0; run_protos[i]; i++) {
        for (const struct fsm *const *m = run_protos[i]->machine; *m; m++) {
            assert_true(n < 32);
            for (size_t k = 0; k < n; k++)
                assert_string_not_equal(name[k], (*m)->name);
            name[n++] = (*m)->name;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete),       cmocka_unit_test(roles), cmocka_unit_test(lists_that_do_not_fit), cmocka_unit_test(needs), cmocka_unit_test(dialects),
        cmocka_unit_test(passive_checks), cmocka_unit_test(ids),   cmocka_unit_test(binding),               cmocka_unit_test(mistakes),
        cmocka_unit_test(settings),       cmocka_unit_test(machines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
