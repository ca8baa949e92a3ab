/* SPDX-License-Identifier: MIT */
/* oe_key: the limits of RSA keys, each cut of KEY RDATA, every value of flags; and rsa_key, PEM to numbers
 * and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/oe_key.h"
#include "sec/rsa_key.h"
#include "test/mem_fail.h"

static uint8_t octets[1200];

static slice number(size_t n, uint8_t first)
{
    memset(octets, 0x81, sizeof octets);
    octets[0] = first;
    return slice_of(octets, n);
}

static bool writes(slice e, slice m)
{
    struct buf out;
    struct oe_rsa k;
    struct oe_notes notes = {.n = 0};
    buf_init(&out, &mem_libc, OE_RSA_DATA_MAX);
    err got = oe_rsa_write(e, m, &out);
    if (got == OK) { /* what is written is good */
        oe_rsa_read(buf_slice(&out), &k, &notes);
        assert_int_equal(notes.n, 0);
        assert_true(oe_rsa_eq(&k, &(struct oe_rsa){e, m, 0}));
    } else {
        assert_int_equal(got, ERR_USE);
        assert_int_equal(out.n, 0);
    }
    buf_done(&out);
    return got == OK;
}

static void moduli(void **state)
{
    (void)state;
    slice three = SLICE_LIT("\x03");
    assert_false(writes(three, number(64, 0x7f))); /* 511 bits */
    assert_true(writes(three, number(64, 0x80)));
    assert_true(writes(three, number(512, 0xff)));
    assert_false(writes(three, number(513, 0x01))); /* 4097 */
    assert_true(writes(three, number(513, 0x00)));  /* a leading zero is left out */
    assert_false(writes(three, SLICE_NONE));
    number(64, 0x80);
    octets[63] = 2;
    assert_false(writes(three, slice_of(octets, 64))); /* even */
}

static void exponents(void **state)
{
    uint8_t e[520];
    (void)state;
    memset(e, 0x81, sizeof e);
    for (size_t n = 1; n <= 512; n++)
        assert_true(writes(slice_of(e, n), number(64, 0xff)));
    assert_false(writes(slice_of(e, 513), number(64, 0xff)));
    assert_false(writes(SLICE_NONE, number(64, 0xff)));
    assert_false(writes(SLICE_LIT("\x00"), number(64, 0xff)));
    assert_false(writes(SLICE_LIT("\x01"), number(64, 0xff)));
    assert_false(writes(SLICE_LIT("\x04"), number(64, 0xff)));
    assert_true(writes(SLICE_LIT("\x00\x03"), number(64, 0xff)));
}

static void every_cut(void **state)
{
    struct buf out;
    uint8_t e[256];
    (void)state;
    memset(e, 0x81, sizeof e);
    for (size_t exponent = 255; exponent <= 256; exponent++) {
        buf_init(&out, &mem_libc, 2000);
        assert_int_equal(oe_key_write(OE_KEY_FLAGS, 4, 1, slice_of(e, exponent), number(64, 0xff), &out), OK);
        for (size_t n = 0; n <= out.n; n++) {
            struct oe_key k;
            uint8_t *exact = malloc(n ? n : 1);
            memcpy(exact, out.p, n);
            oe_key_read(slice_of(exact, n), &k);
            assert_int_equal(oe_notes_take(&k.notes, OE_DRAFT), n == out.n ? OE_TAKE : OE_BAD);
            enum oe_fault_code code = k.notes.note[0].code;
            if (n <= 4) assert_int_equal(code, OE_F_KEY_CUT);
            if (n > 4 && n <= out.n - 64) assert_int_equal(code, OE_F_RSA_CUT);
            if (n > out.n - 64 && n < out.n) assert_int_equal(code, OE_F_RSA_MODULUS_SHORT);
            free(exact);
        }
        buf_done(&out);
    }
}

/* By the bits of RFC 2535 3.1.2, said in another way than the code says them. */
static void every_flag(void **state)
{
    (void)state;
    uint8_t rdata[4 + 66] = {0, 0, 4, 1, 1, 3};
    memset(rdata + 6, 0xff, 64);
    for (unsigned flags = 0; flags < 0x10000; flags++) {
        struct oe_key k;
        rdata[0] = (uint8_t)(flags >> 8);
        rdata[1] = (uint8_t)flags;
        oe_key_read(slice_of(rdata, sizeof rdata), &k);
        enum oe_take want = flags == 0x4200                        ? OE_TAKE
                            : (flags & 0x8000) || (flags & 0x3CF0) ? OE_BAD
                                                                   : OE_LOOSE;
        assert_int_equal(oe_notes_take(&k.notes, OE_DRAFT), want);
        assert_int_equal(oe_notes_take(&k.notes, OE_RFC), want);
        oe_key_read(slice_of(rdata, 4), &k);
        assert_int_equal(oe_notes_take(&k.notes, OE_DRAFT), flags >= 0xC000 ? OE_SKIP : OE_BAD);
    }
}

static void limits(void **state)
{
    static uint8_t large[OE_KEY_MAX + 1] = {0x42, 0, 4, 1};
    struct oe_key k;
    struct oe_notes notes = {.n = 0};
    struct buf out;
    (void)state;
    oe_key_read(slice_of(large, sizeof large), &k);
    assert_int_equal(k.notes.note[0].code, OE_F_KEY_LIMIT);
    assert_int_equal(oe_notes_take(&k.notes, OE_RFC), OE_BAD);
    oe_key_read(slice_of(large, OE_KEY_MAX), &k);
    assert_int_equal(k.notes.note[0].code, OE_F_RSA_NO_EXPONENT);
    for (size_t i = 0; i < OE_NOTES + 3; i++)
        oe_notes_add(&notes, OE_F_KEY_CONF, i);
    assert_int_equal(notes.n, OE_NOTES);
    assert_int_equal(oe_notes_take(&notes, OE_DRAFT), OE_LOOSE);
    oe_notes_add(&notes, OE_F_KEY_CUT, 7); /* graver than all of them */
    assert_int_equal(notes.n, OE_NOTES);
    assert_int_equal(oe_notes_take(&notes, OE_DRAFT), OE_BAD);
    buf_init(&out, &mem_libc, 69);
    assert_int_equal(oe_key_write(0, 0, 0, SLICE_LIT("\x03"), number(64, 0xff), &out), ERR_LIMIT);
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

/* --- PEM
 * ---------------------------------------------------------------------------------------------------------
 */

static void pem(void **state)
{
    struct env env;
    struct buf text;
    struct rsa_key k;
    const char *why;
    (void)state;
    env_init(&env);
    for (size_t n = 64; n <= 512; n += 64) {
        buf_init(&text, &mem_libc, RSA_KEY_PEM_MAX);
        assert_int_equal(rsa_key_write(SLICE_LIT("\x01\x00\x01"), number(n, 0xc1), &text), OK);
        assert_true(slice_starts(buf_slice(&text), SLICE_LIT("-----BEGIN PUBLIC KEY-----")));
        assert_int_equal(rsa_key_read(&env, buf_slice(&text), &k, &why), OK);
        assert_true(slice_eq(buf_slice(&k.exponent), SLICE_LIT("\x01\x00\x01")));
        assert_true(slice_eq(buf_slice(&k.modulus), number(n, 0xc1)));
        assert_int_equal(k.bits, n * 8);
        assert_false(k.private_key);
        rsa_key_done(&k);
        for (size_t at = 1; at <= 2; at++) {
            struct mem_fail f;
            struct mem m = mem_fail_init(&f, at);
            env.mem = &m;
            assert_int_equal(rsa_key_read(&env, buf_slice(&text), &k, &why), ERR_MEM);
            rsa_key_done(&k);
            assert_int_equal(f.blocks, 0);
        }
        env.mem = &mem_libc;
        buf_done(&text);
    }
}

static void no_pem(void **state)
{
    static const char ec[] = "-----BEGIN PUBLIC KEY-----\n"
                             "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
                             "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n"
                             "-----END PUBLIC KEY-----\n";
    static char large[RSA_KEY_PEM_MAX + 1];
    struct env env;
    struct rsa_key k;
    const char *why;
    (void)state;
    env_init(&env);
    assert_int_equal(rsa_key_read(&env, SLICE_NONE, &k, &why), ERR_PEER);
    rsa_key_done(&k);
    assert_int_equal(rsa_key_read(&env,
                                  SLICE_LIT("-----BEGIN PUBLIC KEY-----\nAQ==\n-----END PUBLIC KEY-----\n"),
                                  &k, &why),
                     ERR_PEER);
    assert_true(why[0]);
    rsa_key_done(&k);
    assert_int_equal(rsa_key_read(&env, slice_str(ec), &k, &why), ERR_PEER);
    assert_string_equal(why, "a key, but none of RSA");
    rsa_key_done(&k);
    assert_int_equal(rsa_key_read(&env, slice_of(large, sizeof large), &k, &why), ERR_LIMIT);
    rsa_key_done(&k);
    struct buf out;
    buf_init(&out, &mem_libc, 100);
    assert_int_equal(rsa_key_write(SLICE_NONE, number(64, 0xff), &out), ERR_USE);
    assert_int_equal(rsa_key_write(SLICE_LIT("\x03"), number(512, 0xff), &out), ERR_LIMIT);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moduli),     cmocka_unit_test(exponents), cmocka_unit_test(every_cut),
        cmocka_unit_test(every_flag), cmocka_unit_test(limits),    cmocka_unit_test(pem),
        cmocka_unit_test(no_pem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
