/* SPDX-License-Identifier: MIT */
/* What cases need, and whether this run has it. */
#include <string.h>

#include "run/suite_impl.h"

static bool able(const struct run_ctx *r, const char *what)
{
    for (size_t i = 0; i < r->o->ables; i++) {
        if (strcmp(r->o->able[i], what) == 0) return true;
    }
    return false;
}

bool run_met_able(const struct run_ctx *r, const char *name)
{
    return r->o->memory || able(r, name);
}

bool run_met_trust(const struct run_ctx *r)
{
    /* with a certificate of the user's own there are no wrong ones of the same authority */
    bool ours = !r->o->files.cert || r->o->pki_dir;
    const struct run_proto *p = run_proto_of_role(r->role->name, NULL);
    return ours && p && (p->observed(r) & p->seen_tls) != 0;
}

static const struct run_need *find(const struct run_need *list, const char *name)
{
    for (; list && list->name; list++) {
        if (strcmp(list->name, name) == 0) return list;
    }
    return NULL;
}

/* Was the peer set up unlike others? */
static bool special(const struct suite *s)
{
    for (const struct run_need *n = s->proto->need; n && n->name; n++) {
        if (n->set_up == RUN_SPECIAL && able(&s->ctx, n->name)) return true;
    }
    return false;
}

/* --- needs that every protocol has ---------------------------------------------------------------------------------------- */

static bool met_tls(const struct run_ctx *r)
{
    return r->o->tls != RUN_TLS_OFF;
}

static bool met_draft(const struct run_ctx *r)
{
    return r->o->tls == RUN_TLS_DRAFT;
}

static bool met_modern(const struct run_ctx *r)
{
    return r->o->tls == RUN_TLS_MODERN;
}

static bool met_listens(const struct run_ctx *r)
{
    return !r->o->peer_connects;
}

static bool met_connects(const struct run_ctx *r)
{
    return r->o->peer_connects;
}

static bool met_always(const struct run_ctx *r)
{
    (void)r;
    return true;
}

static const struct run_need common[] = {
    {"tls", "waived: --tls off leaves the handshake out", false, RUN_USUAL, met_tls},
    {"tls-draft", "waived: needs --tls draft (TLS 1.0)", false, RUN_USUAL, met_draft},
    {"tls-modern", "waived: needs --tls modern", false, RUN_USUAL, met_modern},
    {"peer-listens", "", false, RUN_USUAL, met_listens},
    {"peer-connects", "", false, RUN_USUAL, met_connects},
    {"patience", "", false, RUN_USUAL, met_always},
    {0}};

const struct run_need *suite_special(const struct suite *s, const struct scn_case *c)
{
    for (size_t i = 0; i < c->need_count; i++) {
        const struct run_need *n = find(s->proto->need, c->needs[i]);
        if (n && n->set_up != RUN_USUAL) return n;
    }
    return NULL;
}

static const char *unmet_dialect(const struct suite *s, const char *wanted)
{
    if (s->ctx.dialect && strcmp(s->ctx.dialect, wanted) == 0) return NULL;
    return strcmp(wanted, "draft") == 0 ? "about the dialect of the draft: --dialect draft" : strcmp(wanted, "rfc") == 0 ? "about the dialect of the RFC: --dialect rfc" : "about a dialect that is not known";
}

static const char *unmet(const struct suite *s, const char *name)
{
    if (strncmp(name, "dialect-", 8) == 0) return unmet_dialect(s, name + 8);
    if (strcmp(name, "configured") == 0) return s->o->memory || !special(s) ? NULL : s->proto->specially;
    const struct run_need *n = find(common, name);
    if (!n) n = find(s->proto->need, name);
    if (!n) return "needs something that this version does not know";
    return (n->met ? n->met(&s->ctx) : run_met_able(&s->ctx, name)) ? NULL : n->skip;
}

static bool for_special(const struct suite *s, const struct scn_case *c)
{
    for (size_t i = 0; i < c->need_count; i++) {
        const struct run_need *n = find(s->proto->need, c->needs[i]);
        if (n && n->set_up == RUN_SPECIAL) return true;
    }
    return false;
}

const char *suite_unmet(const struct suite *s, const struct scn_case *c)
{
    for (size_t i = 0; i < c->need_count; i++) {
        const char *why = unmet(s, c->needs[i]);
        if (why) return why;
    }
    bool judged = false;
    for (size_t i = 0; i < c->clauses && !judged; i++)
        judged = run_in_dialect(&clauses[c->clause[i]], s->ctx.dialect);
    if (!judged) return unmet_dialect(s, run_clause_dialect(&clauses[c->clause[0]]));
    /* a peer set up to refuse everything proves nothing about the rest */
    return !s->o->memory && special(s) && !for_special(s, c) ? s->proto->specially : NULL;
}
