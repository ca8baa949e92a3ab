/* SPDX-License-Identifier: MIT */
/* ISAKMP messages.  What is held against the reader, beyond not crashing:
 *   - payloads and transforms stay within their limits, and bodies inside the message, one behind the other;
 *   - a message of which octets are missing is noted for nothing that the whole may not have: length and chain are judged of whole messages only;
 *   - one without notes is as long as it says, and has the version that is read here;
 *   - what is read depends on the octets alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/isakmp.h"
#include "want.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct isakmp m, cut, again;
    slice in = slice_of(data, size);
    bool header = isakmp_read(in, false, &m);
    WANT(header == (size >= ISAKMP_HEADER));
    if (!header) return 0;
    WANT(m.payloads <= ISAKMP_PAYLOADS && m.transforms <= ISAKMP_TRANSFORMS && m.notes <= ISAKMP_NOTES);
    const uint8_t *at = data + ISAKMP_HEADER;
    for (size_t i = 0; i < m.payloads; i++) {
        WANT(m.payload[i].body.p == at + 4 && m.payload[i].body.p + m.payload[i].body.n <= data + size);
        at = m.payload[i].body.p + m.payload[i].body.n;
    }
    WANT(!m.other || (m.notes == 0 && m.payloads == 0));
    WANT(!m.encrypted || (m.payloads == 0 && !m.sa && !m.ke));
    if (m.notes == 0 && !m.other) WANT(m.length == size && m.version == 0x10 && (m.encrypted || at == data + size));
    for (size_t i = 0; i < m.notes; i++) {
        WANT(m.note[i] > OE_TF_NONE && m.note[i] <= OE_TF_IKE_LIMIT);
        for (size_t k = 0; k < i; k++)
            WANT(m.note[i] != m.note[k]);
    }
    WANT(isakmp_read(in, true, &cut));
    WANT(!isakmp_noted(&cut, OE_TF_IKE_LENGTH) && cut.notes <= m.notes);
    WANT(isakmp_read(in, false, &again) && memcmp(&m, &again, sizeof m) == 0);
    return 0;
}
