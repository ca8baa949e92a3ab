/* SPDX-License-Identifier: MIT */
/* Who may come in: draft 3.4.1 and 5, RFC 4767 3.4.1 and 10; and what is answered to what came. */
#include <stdio.h>
#include <string.h>

#include "peer/idxp_impl.h"

static void refuse(struct beep_refusal *no, uint16_t code, const char *text)
{
    no->code = code;
    snprintf(no->text, sizeof no->text, "%s", text);
}

/* --- form and order -------------------------------------------------------------------------------------------------------- */

static bool overlooks(const struct idxp_channel *c, enum idxp_fault_code code)
{
    if (CMUT(c, REJECTED_COUNTS)) return code == IDXP_F_NO_GREETING && c->refused_peer;
    return idxp_mutant_overlooks(c->s->mutant, code);
}

/* Would it be refused for a fault that the mistake does not notice?  A fault is told once, the reply to it up to the end of the message. */
static bool overlooked(struct idxp_channel *c)
{
    for (uint32_t i = 0; c->s->mutant && i < c->t.fault_n; i++)
        if (c->t.fault[i].side != c->side && overlooks(c, c->t.fault[i].code)) c->overlooks = true;
    return c->overlooks;
}

void idxp_judge_form(struct idxp_channel *c, const struct idxp_got *g, struct beep_refusal *no)
{
    *no = (struct beep_refusal){0};
    if (g->reply && !overlooked(c)) refuse(no, (uint16_t)g->reply, g->why ? g->why : idxp_code_text(g->reply));
    if (CMUT(c, PICKY) && c->odd) refuse(no, 501, "this is not how it is written");
}

/* Times, numbers and lists in none of their forms (RFC 4765 3.2) are as little valid as what the declarations tell. */
void idxp_judge_values(const struct idxp_channel *c, const struct idxp_got *g, struct beep_refusal *no)
{
    const struct idmef_result *r = g->idmef;
    for (uint32_t i = 0; r && r->verdict == IDMEF_OK && i < r->note_n; i++) {
        enum idmef_fault_code code = r->note[i].code;
        if (idmef_faults[code].severity == SEV_FAIL && !CMUT(c, TAKES_INVALID)) refuse(no, 501, idmef_faults[code].text);
    }
}

/* --- security -------------------------------------------------------------------------------------------------------------- */

void idxp_session_who(const struct idxp_channel *c, struct idxp_who *w)
{
    struct beep_facts f = {.mechanism = "", .identity = ""};
    if (c->b) beep_peer_facts(c->b->peer, &f);
    *w = (struct idxp_who){.secured = f.secured,
                           .suite = f.tls.suite ? f.tls.suite : "",
                           .cert = f.tls.peer_cert,
                           .subject = f.tls.peer_subject ? f.tls.peer_subject : "",
                           .authenticated = f.authenticated,
                           .mechanism = f.mechanism,
                           .identity = f.identity};
}

static bool suite_listed(const char *list, const char *suite)
{
    slice rest = slice_str(list);
    while (rest.n) {
        size_t end = slice_find(rest, SLICE_LIT(" "));
        if (end && slice_glob_nocase(slice_sub(rest, 0, end), slice_str(suite))) return true;
        rest = slice_sub(rest, end + 1, rest.n);
    }
    return false;
}

/* 534: something was shown, and it does not do. */
void idxp_judge_security(const struct idxp_channel *c, const struct idxp_who *w, struct beep_refusal *no)
{
    const struct idxp_setup *s = c->s;
    bool named = w->authenticated && w->identity[0];
    bool bare = named && !w->secured && strcmp(w->mechanism, sasl_mech_names[SASL_PLAIN]) == 0;
    if (CMUT(c, TAKES_CLEAR)) return;
    if (s->need_tls && !w->secured) {
        if (w->authenticated) refuse(no, 534, "this authentication does not make the session private: TLS is needed");
        else refuse(no, 530, "TLS has to be negotiated first");
    } else if (s->need_auth && !w->cert && !named && !(w->authenticated && CMUT(c, TAKES_ANONYMOUS))) {
        if (w->authenticated) refuse(no, 534, "an anonymous peer is nobody");
        else refuse(no, 530, "an identity has to be proved first");
    } else if (s->need_auth && !w->cert && bare) {
        refuse(no, 534, "a password in clear proves nothing");
    } else if (s->suites && w->secured && !suite_listed(s->suites, w->suite)) {
        refuse(no, 534, "the cipher suite is too weak");
    }
}

/* --- greetings ------------------------------------------------------------------------------------------------------------- */

static const struct idxp_option *stream_of(const struct idxp_msg *m)
{
    const struct idxp_option *found = NULL;
    for (size_t i = 0; i < m->options; i++)
        if (m->option[i].kind == IDXP_OPTION_STREAM) found = &m->option[i]; /* the last one holds (IDXP-D27) */
    return found;
}

/* A peer may not take the role that is taken (IDXP-D09), and an analyzer is a source only (2.1). */
static void judge_roles(const struct idxp_channel *c, const struct idxp_msg *m, struct beep_refusal *no)
{
    if (CMUT(c, TAKES_SAME_ROLE) || CMUT(c, TAKES_OF_SERVER)) return;
    if (CMUT(c, FIRST_COUNTS) && track_idxp_role(&c->t, idxp_other(c)) == IDXP_CLIENT) return;
    if (c->s->analyzer && m->role == IDXP_CLIENT) refuse(no, 554, "an analyzer takes no data");
    else if (c->role != IDXP_NO_ROLE && c->role == m->role)
        refuse(no, 554, m->role == IDXP_CLIENT ? "both peers would be client" : "both peers would be server");
}

static void judge_policy(const struct idxp_channel *c, const struct idxp_who *w, struct beep_refusal *no, enum idxp_peer_kind *kind)
{
    struct idxp_decision d;
    if (CMUT(c, TAKES_ANYONE)) return;
    idxp_policy_judge(c->s->policy, w, &d);
    *kind = d.kind;
    if (d.code) refuse(no, d.code, d.text);
}

static void judge_stream(const struct idxp_channel *c, const struct idxp_option *o, struct beep_refusal *no)
{
    if (!o || !c->s->streams || (c->s->streams & (1u << o->stream)) || !o->must_understand) return;
    refuse(no, 550, "this stream is not taken here");
}

/* What a mistake does not take in options. */
static void judge_options(const struct idxp_channel *c, const struct idxp_msg *m, struct beep_refusal *no)
{
    for (size_t i = 0; i < m->options; i++) {
        bool unknown = m->option[i].kind == IDXP_OPTION_UNKNOWN;
        if (CMUT(c, REFUSES_OPTION) && unknown) refuse(no, 504, "an option is not known here");
        if (CMUT(c, REFUSES_REGISTERED) && !unknown) refuse(no, 501, "this is no option");
        if (CMUT(c, REFUSES_LANGUAGE) && m->option[i].localize_given) refuse(no, 501, "no languages");
    }
}

void idxp_judge_greeting(struct idxp_channel *c, const struct idxp_got *g, struct beep_refusal *no, enum idxp_peer_kind *kind, uint64_t now)
{
    struct idxp_who w;
    *kind = IDXP_KIND_UNKNOWN;
    idxp_judge_form(c, g, no);
    if (no->code == 554 && g->clash) no->code = 0; /* roles have their turn */
    if (no->code || !g->msg) return;
    const struct idxp_option *stream = stream_of(g->msg);
    idxp_session_who(c, &w);
    w.uri = g->msg->uri;
    w.fqdn = g->msg->fqdn;
    w.role = g->msg->role;
    w.stream = stream ? stream->stream : IDXP_NO_STREAM;
    if (c->s->mutant) judge_options(c, g->msg, no);
    if (CMUT(c, REFUSES_COVERED) && w.secured) refuse(no, 501, "nothing of that kind");
    if (CMUT(c, REFUSES_ADDRESS) && (g->msg->ip_given || g->msg->text.n)) refuse(no, 501, "who asked for that?");
    if (!no->code) idxp_judge_security(c, &w, no);
    if (!no->code) judge_roles(c, g->msg, no);
    if (!no->code) judge_policy(c, &w, no, kind);
    if (!no->code) judge_stream(c, stream, no);
    if (!no->code && c->s->hooks.admit) c->s->hooks.admit(c->s->hooks.ctx, c, g->msg, &w, no, now);
    if (no->code && !no->text[0]) refuse(no, no->code, idxp_code_text(no->code) ? idxp_code_text(no->code) : "");
}
