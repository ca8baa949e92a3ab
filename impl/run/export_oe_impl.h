/* SPDX-License-Identifier: MIT */
/* Between the files of export_oe: export_oe.c (cases, and what stands in front of them) and
 * export_oe_answer.c (what may be answered to one record). */
#ifndef RUN_EXPORT_OE_IMPL_H
#define RUN_EXPORT_OE_IMPL_H

#include <jansson.h>

#include "run/export_oe.h"
#include "run/samples_oe.h"

struct export
{
    const struct env *env;
    const char *dialect;
    struct buf *out;
    size_t tests;
    bool used_clause[CLAUSE_COUNT], used_defect[DEFECT_COUNT];
    void (*each)(void *ctx, const struct export_oe_test *t);
    void *ctx;
    char *why;
    size_t why_n;
    char scratch[OE_SAMPLE_OCTETS * 2]; /* a key in base64 */
};

struct export_answer {
    const struct scn_stmt *s;
    enum scn_verdict verdict; /* PASS, WEAK or FAIL */
};
struct export_answers {
    struct export_answer a[EXPORT_OE_ANSWERS];
    size_t n;
};

/* Says why and gives ERR_USE. */
__attribute__((format(printf, 2, 3))) err export_refuse(struct export *x, const char *fmt, ...);

/* False for a value of NULL, as when memory was short.  The value is taken over in any case. */
bool export_put(json_t *o, const char *key, json_t *value);
/* Octets in hexadecimal; NULL when memory is short. */
json_t *export_hex(slice s);
/* Octets that are no UTF-8 are replaced, as JSON has no others: they are in names of instances and in reasons
 * alone. */
json_t *export_text(const struct export *x, slice s);

/* The alternatives for `result' among the expect and or lines that begin at statement from.  What follows the
 * last one that is no failure is left out: what fits no answer fails. */
err export_answers_of(struct export *x, const struct scn_plan *p, size_t from,
                      struct export_answers *out) MUST_CHECK;
/* Whether the record is to be taken, by these. */
enum export_oe_result export_result(const struct export_answers *a);
/* Appends one answer to the array list. */
err export_answer(struct export *x, const struct scn_plan *p, const struct export_answer *a,
                  json_t *list) MUST_CHECK;
/* What the strict reading says: the first answer that passes, with the first of each of its values; NULL when
 * memory is short. */
json_t *export_expected(const json_t *answers);

#endif
