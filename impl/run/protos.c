/* SPDX-License-Identifier: MIT */
/* The protocols that there are, and who belongs to which. */
#include <stdio.h>
#include <string.h>

#include "run/proto.h"
#include "run/proto_beep.h"
#include "run/proto_iap.h"
#include "run/proto_idxp.h"
#include "run/proto_oe.h"

const struct run_proto *const run_protos[] = {&run_iap, &run_beep, &run_idxp, &run_oe, NULL};

const struct run_proto *run_proto_of_role(const char *name, const struct run_role **role)
{
    for (size_t i = 0; run_protos[i]; i++) {
        for (const struct run_role *r = run_protos[i]->role; r->name; r++) {
            if (strcmp(r->name, name) != 0) continue;
            if (role) *role = r;
            return run_protos[i];
        }
    }
    return NULL;
}

const struct run_proto *run_proto_find(const char *name)
{
    for (size_t i = 0; run_protos[i]; i++) {
        if (strcmp(run_protos[i]->name, name) == 0) return run_protos[i];
    }
    return NULL;
}

const struct run_proto *run_proto_of_case(const char *id)
{
    for (size_t i = 0; run_protos[i]; i++) {
        size_t n = strlen(run_protos[i]->name);
        if (strncmp(run_protos[i]->name, id, n) == 0 && id[n] == '/') return run_protos[i];
    }
    return NULL;
}

static void append(char *out, size_t n, const char *text)
{
    size_t at = strlen(out);
    snprintf(out + at, n - at, "%s", text);
}

void run_role_list(const char *last, char *out, size_t n)
{
    size_t all = 0, k = 0;
    for (size_t i = 0; run_protos[i]; i++) {
        for (const struct run_role *r = run_protos[i]->role; r->name; r++)
            all++;
    }
    out[0] = 0;
    for (size_t i = 0; run_protos[i]; i++) {
        for (const struct run_role *r = run_protos[i]->role; r->name; r++, k++) {
            if (k) append(out, n, k + 1 == all ? last : ", ");
            append(out, n, r->name);
        }
    }
}

const char *run_role_names(const struct run_proto *p, unsigned bits, char *out, size_t n)
{
    out[0] = 0;
    for (const struct run_role *r = p->role; r->name; r++) {
        if (!(r->bit & bits)) continue;
        if (*out) append(out, n, ",");
        append(out, n, r->name);
    }
    return out;
}

/* Has the list (joined by commas) this word of n octets? */
static bool lists(const char *list, const char *word, size_t n)
{
    while (*list) {
        size_t len = strcspn(list, ",");
        if (len == n && strncmp(list, word, n) == 0) return true;
        list += len + (list[len] == ',');
    }
    return false;
}

static bool share(const char *roles, const char *words)
{
    while (words && *words) {
        size_t len = strcspn(words, ",");
        if (len && lists(roles, words, len)) return true;
        words += len + (words[len] == ',');
    }
    return false;
}

bool run_tls_client(const struct run_role *role, bool peer_connects)
{
    return role->tls_opener ? peer_connects : role->tls_client;
}

bool run_binds(const struct clause *c, const struct run_role *role, bool peer_connects)
{
    return share(c->roles, role->binds) || share(c->roles, peer_connects ? role->binds_connecting : role->binds_listening);
}

/* Words of the column roles that are no roles (vectors/clauses/README.md). */
const char *run_clause_dialect(const struct clause *c)
{
    static const char *const names[] = {"draft", "rfc"};
    const char *comma = strrchr(c->roles, ',');
    for (size_t i = 0; comma && i < sizeof names / sizeof *names; i++) {
        if (strcmp(comma + 1, names[i]) == 0) return names[i];
    }
    return NULL;
}

bool run_in_dialect(const struct clause *c, const char *dialect)
{
    const char *only = dialect ? run_clause_dialect(c) : NULL;
    return !only || strcmp(only, dialect) == 0;
}

const char *run_case_dialect(const struct scn_case *c)
{
    static const char lead[] = "dialect-";
    for (size_t i = 0; i < c->need_count; i++) {
        if (strncmp(c->needs[i], lead, sizeof lead - 1) == 0) return c->needs[i] + sizeof lead - 1;
    }
    return NULL;
}

static const struct run_proto *family_of(const char *id, const struct run_family **family)
{
    for (size_t i = 0; run_protos[i]; i++) {
        for (const struct run_family *f = run_protos[i]->family; f->prefix; f++) {
            if (strncmp(id, f->prefix, strlen(f->prefix)) != 0) continue;
            *family = f;
            return run_protos[i];
        }
    }
    return NULL;
}

const struct run_proto *run_proto_of_clause(const char *id)
{
    const struct run_family *f;
    return family_of(id, &f);
}

void run_passive_id(const struct clause *c, char *out, size_t n)
{
    const struct run_family *f = NULL;
    const struct run_proto *p = family_of(c->id, &f);
    if (p) snprintf(out, n, "%s/passive/%s%s", p->name, f->path, c->id + strlen(f->prefix));
    else snprintf(out, n, "passive/%s", c->id); /* a clause of a protocol that has no roles here */
}

const struct run_passive *run_passive_find(enum clause_id id)
{
    for (size_t i = 0; run_protos[i]; i++) {
        for (size_t k = 0; k < run_protos[i]->passives; k++) {
            if (run_protos[i]->passive[k].clause == id) return &run_protos[i]->passive[k];
        }
    }
    return NULL;
}
