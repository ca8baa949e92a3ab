/* SPDX-License-Identifier: MIT */
#include "codec/oe_policy.h"

#include <string.h>

#include "codec/oe_txt.h"

#define WORD(n, s, class, open)  s,
#define CLASS(n, s, class, open) OE_CLASS_##class,
#define OPEN(n, s, class, open)  OE_OPEN_##open,
const char *const oe_policy_class_words[] = {OE_POLICY_CLASSES(WORD) NULL};
const char *const oe_policy_unsigned_words[] = {"use", "own", "ignore", NULL};
const char *const oe_policy_untold_words[] = {"insecure", "bogus", NULL};
const char *const oe_policy_nat_words[] = {"none", "one", "many", "between", NULL};
const uint8_t oe_policy_table_class[OE_POLICY_COUNT] = {OE_POLICY_CLASSES(CLASS)};
const uint8_t oe_policy_open[OE_POLICY_COUNT] = {OE_POLICY_CLASSES(OPEN)};

void oe_policy_init(struct oe_policy *p)
{
    *p = (struct oe_policy){.dialect = OE_RFC, .class = OE_POLICY_PERMISSIVE, .timeout_ms = OE_POLICY_TIMEOUT_MS};
}

err oe_policy_except(struct oe_policy *p, slice who, enum oe_policy_class class)
{
    struct oe_exception x = {.class = class};
    if (!oe_host_read(who, &x.host) && (!oe_is_fqdn(who) || !oe_name_fold(who, x.name))) return ERR_USE;
    for (size_t i = 0; i < p->exceptions; i++) { /* what is said last holds */
        struct oe_exception *had = &p->exception[i];
        if (oe_host_eq(&had->host, &x.host) && strcmp(had->name, x.name) == 0) {
            had->class = class;
            return OK;
        }
    }
    if (p->exceptions == OE_POLICY_EXCEPTIONS) return ERR_LIMIT;
    p->exception[p->exceptions++] = x;
    return OK;
}

err oe_policy_self(struct oe_policy *p, slice address)
{
    struct oe_host h;
    if (!oe_host_read(address, &h)) return ERR_USE;
    if (oe_policy_is_self(p, &h)) return OK;
    if (p->selves == OE_POLICY_SELVES) return ERR_LIMIT;
    p->self[p->selves++] = h;
    return OK;
}

err oe_policy_name(struct oe_policy *p, slice name)
{
    p->name[0] = 0;
    return name.n == 0 || (oe_is_fqdn(name) && oe_name_fold(name, p->name)) ? OK : ERR_USE;
}

err oe_policy_map(struct oe_policy *p, slice inner, slice outer)
{
    struct oe_mapping m;
    if (!oe_host_read(inner, &m.inner) || !oe_host_read(outer, &m.outer)) return ERR_USE;
    for (size_t i = 0; i < p->mappings; i++) {
        if (oe_host_eq(&p->mapping[i].inner, &m.inner)) {
            p->mapping[i] = m;
            return OK;
        }
    }
    if (p->mappings == OE_POLICY_MAPPED) return ERR_LIMIT;
    p->mapping[p->mappings++] = m;
    return OK;
}

enum oe_policy_class oe_policy_of_host(const struct oe_policy *p, const struct oe_host *h)
{
    for (size_t i = 0; i < p->exceptions; i++)
        if (p->exception[i].host.family && oe_host_eq(&p->exception[i].host, h)) return p->exception[i].class;
    return p->class;
}

enum oe_policy_class oe_policy_of_name(const struct oe_policy *p, slice name)
{
    for (size_t i = 0; i < p->exceptions; i++)
        if (!p->exception[i].host.family && oe_name_eq(slice_str(p->exception[i].name), name)) return p->exception[i].class;
    return p->class;
}

bool oe_policy_is_self(const struct oe_policy *p, const struct oe_host *h)
{
    for (size_t i = 0; i < p->selves; i++)
        if (oe_host_eq(&p->self[i], h)) return true;
    return false;
}
