/* SPDX-License-Identifier: MIT */
/* Whether an address leads back to ourselves. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/loop.h"

static void self(void **state)
{
    static const struct { const char *at, *bound; bool is; } rows[] = {
        {"127.0.0.1:604", "127.0.0.1:604", true},  {"127.0.0.1:605", "127.0.0.1:604", false}, {"127.0.0.2:604", "127.0.0.1:604", false},
        {"127.0.0.2:604", "0.0.0.0:604", true},    {"192.0.2.1:604", "0.0.0.0:604", false},   {"0.0.0.0:604", "127.0.0.1:604", true},
        {"0.0.0.0:604", "0.0.0.0:604", true},      {"[::1]:604", "[::]:604", true},           {"[::1]:604", "[::1]:604", true},
        {"[::ffff:127.0.0.1]:604", "127.0.0.1:604", true}, {"[2001:db8::1]:604", "[::]:604", false}, {"127.0.0.1:604", "[::]:604", true},
        {"localhost:604", "127.0.0.1:604", false}, {"127.0.0.1", "127.0.0.1:604", false},     {"", "0.0.0.0:604", false},
        {"[::]:604", "192.0.2.9:604", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (loop_addr_is_self(rows[i].at, rows[i].bound) != rows[i].is) fail_msg("%s at %s", rows[i].at, rows[i].bound);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(self)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
