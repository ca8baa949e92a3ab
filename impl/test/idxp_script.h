/* SPDX-License-Identifier: MIT */
/* idxp_script: what a bare BEEP peer says on an IDXP channel, and the codes that it gets. */
#ifndef TEST_IDXP_SCRIPT_H
#define TEST_IDXP_SCRIPT_H

#include "test/idxp_world.h"

#define XML  "Content-Type: text/xml\r\n\r\n"
#define TEXT "Content-Type: text/plain\r\n\r\n"
#define AS_CLIENT XML "<IDXP-Greeting uri='http://bare.example.org/' role='client' />\r\n"
#define AS_SERVER XML "<IDXP-Greeting uri='http://bare.example.org/' role='server' />\r\n"
enum { SOME = 2000, HOUR = 3600 * 1000 };

/* The reply to a MSG; NULL when there is none. */
static inline const struct iw_said *reply_to(const struct iw_bare *x, uint32_t msgno)
{
    for (size_t i = 0; i < x->said_n; i++)
        if (x->said[i].keyword != BEEP_MSG && x->said[i].msgno == msgno) return &x->said[i];
    return NULL;
}

/* The code in it; 200 for ok, 0 for none, 1 for something else. */
static inline unsigned code_of(const struct iw_said *s)
{
    if (!s) return 0;
    const char *at = strstr(s->text, "code='");
    if (strstr(s->text, "<ok />")) return s->keyword == BEEP_RPY ? 200 : 1;
    return at && strstr(s->text, "<error ") && s->keyword == BEEP_ERR ? (unsigned)atoi(at + 6) : 1;
}

static inline unsigned said(struct idxp_world *w, struct iw_bare *x, const char *text)
{
    uint32_t msgno;
    if (!x->b) return 0;
    iw_send(x, text, &msgno);
    iw_run(w, SOME);
    return code_of(reply_to(x, msgno));
}

static inline void begin(struct idxp_world *w)
{
    assert_int_equal(iw_open(w), OK);
    iw_run(w, SOME);
}

#endif
