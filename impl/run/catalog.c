/* SPDX-License-Identifier: MIT */
#include "run/catalog.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static err add_text(struct catalog *c, const char *path, slice text, char *why, size_t why_n)
{
    struct scn_fault fault;
    struct scn_file *f;
    err e = scn_parse(c->env, path, text, &f, &fault);
    if (e != OK) {
        if (why) snprintf(why, why_n, "%s:%d:%d: %s", path, fault.line, fault.column, fault.text);
        return e;
    }
    struct scn_file **files = mem_resize(c->env->mem, c->file, (c->files + 1) * sizeof *files);
    if (files) c->file = files;
    const struct scn_case **items =
        files ? mem_resize(c->env->mem, c->item, (c->n + f->n) * sizeof *items) : NULL;
    if (!items) {
        scn_file_free(f);
        return ERR_MEM;
    }
    c->item = items;
    c->file[c->files++] = f;
    for (size_t i = 0; i < f->n; i++) {
        for (size_t k = 0; k < c->n; k++) {
            if (strcmp(c->item[k]->id, f->cases[i]->id) != 0) continue;
            if (why) snprintf(why, why_n, "%s:%d: case %s stands in %s too", path, f->cases[i]->line, c->item[k]->id, c->item[k]->file);
            return ERR_PEER;
        }
        c->item[c->n++] = f->cases[i];
    }
    return OK;
}

err catalog_load(const struct env *env, const struct scn_source *sources, struct catalog *c, char *why, size_t why_n)
{
    *c = (struct catalog){.env = env};
    for (; sources->path; sources++) {
        err e = add_text(c, sources->path, slice_of(sources->text, sources->size), why, why_n);
        if (e == OK) continue;
        catalog_done(c);
        return e;
    }
    return OK;
}

err catalog_add_file(struct catalog *c, const char *path, char *why, size_t why_n)
{
    struct buf text;
    uint8_t *at;
    FILE *f = fopen(path, "rb");
    if (!f) {
        snprintf(why, why_n, "%s: %s", path, strerror(errno));
        return ERR_SYS;
    }
    buf_init(&text, c->env->mem, 1u << 20);
    err e = OK;
    while (e == OK && !feof(f) && !ferror(f)) {
        e = buf_reserve(&text, text.n + 4096 <= text.max ? 4096 : 1, &at);
        if (e == OK) buf_added(&text, fread(at, 1, text.n + 4096 <= text.max ? 4096 : 1, f));
    }
    if (ferror(f)) snprintf(why, why_n, "%s: %s", path, strerror(errno));
    else if (e == ERR_LIMIT) snprintf(why, why_n, "%s: larger than 1 MiB", path);
    if (e == OK && !ferror(f)) e = add_text(c, path, buf_slice(&text), why, why_n);
    else if (e == OK) e = ERR_SYS;
    fclose(f);
    buf_done(&text);
    return e;
}

void catalog_done(struct catalog *c)
{
    for (size_t i = 0; i < c->files; i++)
        scn_file_free(c->file[i]);
    mem_free(c->env->mem, c->file);
    mem_free(c->env->mem, c->item);
    c->file = NULL;
    c->item = NULL;
    c->files = c->n = 0;
}

static bool has_need(const struct scn_case *c, const char *need)
{
    for (size_t i = 0; i < c->need_count; i++) {
        if (strcmp(c->needs[i], need) == 0) return true;
    }
    return false;
}

bool catalog_applies(const struct scn_case *c, const char *role, bool peer_listens)
{
    bool hit = false;
    for (size_t i = 0; i < c->againsts; i++)
        hit |= strcmp(c->against[i], role) == 0;
    if (!hit) return false;
    return !has_need(c, peer_listens ? "peer-connects" : "peer-listens");
}

bool catalog_selected(const char *id, const char *const *prefix, size_t n)
{
    if (!n) return true;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(prefix[i]);
        if (strncmp(id, prefix[i], len) != 0) continue;
        if (!len || id[len] == 0 || id[len] == '/' || id[len] == '.' || prefix[i][len - 1] == '/') return true;
    }
    return false;
}
