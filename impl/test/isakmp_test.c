/* SPDX-License-Identifier: MIT */
/* isakmp: a message 1 of main mode as it should be, each octet of it changed, each cut; what single changes are noted as; groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "codec/isakmp.h"

/* Header; SA with one proposal of two transforms: 3DES, MD5 and SHA, RSA signatures, group 5; vendor id of RFC 3706. */
static const uint8_t message1[] = {
    1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x10, 2, 0, 0, 0, 0, 0, 0, 0, 0, 124,
    13, 0, 0, 76, 0, 0, 0, 1, 0, 0, 0, 1,
    0, 0, 0, 64, 1, 1, 0, 2,
    3, 0, 0, 28, 1, 1, 0, 0, 0x80, 1, 0, 5, 0x80, 2, 0, 1, 0x80, 3, 0, 3, 0x80, 4, 0, 5, 0x80, 11, 0, 1,
    0, 0, 0, 28, 2, 1, 0, 0, 0x80, 1, 0, 5, 0x80, 2, 0, 2, 0x80, 3, 0, 3, 0, 4, 0, 4, 0, 0, 0, 5,
    0, 0, 0, 20, 0xAF, 0xCA, 0xD7, 0x13, 0x68, 0xA1, 0xF1, 0xC9, 0x6B, 0x86, 0x96, 0xFC, 0x77, 0x57, 1, 0};

static void good(void **state)
{
    struct isakmp m;
    (void)state;
    assert_true(isakmp_read(slice_of(message1, sizeof message1), false, &m));
    assert_int_equal(m.notes, 0);
    assert_true(m.begins && m.sa && m.whole && m.probes && !m.encrypted && !m.ke && !m.other);
    assert_int_equal(m.payloads, 2);
    assert_int_equal(m.proposals, 1);
    assert_int_equal(m.transforms, 2);
    assert_int_equal(m.transform[0].hash, IKE_MD5);
    assert_int_equal(m.transform[1].hash, IKE_SHA);
    assert_int_equal(m.transform[1].group, 5); /* in the long form */
    assert_int_equal(m.transform[0].life_type, 1);
    assert_false(isakmp_transform_eq(&m.transform[0], &m.transform[1]));
    assert_true(isakmp_transform_eq(&m.transform[1], &m.transform[1]));
}

/* What is cut by the capture is never noted; what is cut by the sender always is. */
static void cuts(void **state)
{
    struct isakmp m;
    (void)state;
    for (size_t n = 0; n < sizeof message1; n++) {
        bool header = isakmp_read(slice_of(message1, n), true, &m);
        assert_int_equal(header, n >= ISAKMP_HEADER);
        if (header) assert_int_equal(m.notes, 0);
        header = isakmp_read(slice_of(message1, n), false, &m);
        if (header) assert_true(isakmp_noted(&m, OE_TF_IKE_LENGTH) && isakmp_noted(&m, OE_TF_IKE_CHAIN));
    }
}

static void change(size_t at, uint8_t value, enum oe_track_code want)
{
    uint8_t copy[sizeof message1];
    struct isakmp m;
    memcpy(copy, message1, sizeof copy);
    copy[at] = value;
    assert_true(isakmp_read(slice_of(copy, sizeof copy), false, &m));
    if (want == OE_TF_NONE) assert_int_equal(m.notes, 0);
    else if (!isakmp_noted(&m, want)) fail_msg("octet %zu as %u is not noted as %s", at, value, oe_track_faults[want].info.name);
}

static void changes(void **state)
{
    struct isakmp m;
    (void)state;
    change(17, 0x11, OE_TF_IKE_VERSION);
    change(27, 125, OE_TF_IKE_LENGTH);
    change(19, 8, OE_TF_IKE_FLAGS);
    change(19, ISAKMP_COMMIT, OE_TF_NONE);
    change(19, ISAKMP_ENCRYPTED, OE_TF_IKE_COOKIE); /* nothing is agreed on yet */
    change(23, 1, OE_TF_IKE_MESSAGE_ID);
    change(18, ISAKMP_QUICK, OE_TF_IKE_CLEAR);
    change(18, ISAKMP_QUICK, OE_TF_IKE_MESSAGE_ID);
    change(18, 7, OE_TF_IKE_EXCHANGE);
    change(18, 0, OE_TF_IKE_EXCHANGE);
    change(29, 1, OE_TF_IKE_RESERVED);
    change(31, 75, OE_TF_IKE_CHAIN);
    change(31, 3, OE_TF_IKE_CHAIN);
    change(35, 2, OE_TF_IKE_SA);  /* another DOI */
    change(45, 2, OE_TF_IKE_SA);  /* another protocol */
    change(47, 3, OE_TF_IKE_SA);  /* a transform less than told */
    change(48, 0, OE_TF_IKE_SA);  /* the second stands behind the last */
    change(55, 1, OE_TF_IKE_RESERVED);
    change(104, 1, OE_TF_IKE_CHAIN); /* something follows the last */
    change(109, 0, OE_TF_NONE);      /* another vendor */
    uint8_t copy[sizeof message1];
    memcpy(copy, message1, sizeof copy);
    memset(copy, 0, 8);
    assert_true(isakmp_read(slice_of(copy, sizeof copy), false, &m) && isakmp_noted(&m, OE_TF_IKE_COOKIE));
    copy[17] = 0x20; /* IKEv2 is none of ours, whatever is in it */
    assert_true(isakmp_read(slice_of(copy, sizeof copy), false, &m) && m.other && m.notes == 0);
}

/* No octet makes it read past its end (the sanitizer tells), or note more than there is room for. */
static void every_octet(void **state)
{
    uint8_t copy[sizeof message1];
    struct isakmp m;
    (void)state;
    for (size_t at = 0; at < sizeof message1; at++) {
        for (unsigned v = 0; v < 256; v++) {
            memcpy(copy, message1, sizeof copy);
            copy[at] = (uint8_t)v;
            assert_true(isakmp_read(slice_of(copy, sizeof copy), false, &m));
            assert_true(m.notes <= ISAKMP_NOTES && m.payloads <= ISAKMP_PAYLOADS && m.transforms <= ISAKMP_TRANSFORMS);
        }
    }
}

static void groups(void **state)
{
    (void)state;
    assert_int_equal(isakmp_group_size(2), 128);
    assert_int_equal(isakmp_group_size(5), 192);
    assert_int_equal(isakmp_group_size(0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(cuts), cmocka_unit_test(changes), cmocka_unit_test(every_octet), cmocka_unit_test(groups)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
