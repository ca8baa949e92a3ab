/* SPDX-License-Identifier: MIT */
/* want: what every fuzz target has: its entry, and the oracle that ends the program when something is not as it has to be. */
#ifndef FUZZ_WANT_H
#define FUZZ_WANT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WANT(ok)                                                                                             \
    do {                                                                                                     \
        if (ok) break;                                                                                       \
        fprintf(stderr, "oracle: %s:%d: %s\n", __FILE__, __LINE__, #ok);                                     \
        abort();                                                                                             \
    } while (0)

#endif
