/* SPDX-License-Identifier: MIT */
#include "run/samples_oe.h"

#include <string.h>

#include "base/base64.h"
#include "codec/oe_key.h"

const char *const samples_oe[OE_SAMPLE_KEYS] = {
    /* 512 bits, exponent 3 */
    "AQOkPI80TLYesBkz4/xno3Pu7LTDlFC6QaPlfR/VJDFHhUv4ggmpID7Ag0mZ2mFWhVTUwVJ+gaMY4X3oqQdk8YaN",
    /* 1024 bits, exponent 3 */
    "AQPGRGGnHlt2jwuwEKmpDmSXcVYjyKW4mBqpBKBw/YTGxiuHnQ3Rn2gM5Sr0LtvHFJbUSXXQifY2Jr2W227/xegzXiZKxh+H"
    "NkbGIlVlA8z63ZuMmaPDkpSDEGnXfDb6Ipgw5pe8aBiPR29pJbfWKJCq25p1atpNRDXxlS/OGg5hpw==",
    /* 1024 bits, exponent 3 */
    "AQPV8EoMpSCKXaygRNXoKs06G/eD5lq/leWSsyVJ82oQnAx5iA2jsY+vkg4rzQVHBDALTtQP72VgzFqP++hc+ut5LfOFQNGk"
    "K6NtFWbd+TXnNG46zOSSI7kBoj6sjvNqBiAlcnPu9/yi3IqhSv+KjZLaGmSVbiV8MxHwUBE1rF0EIw==",
    /* 2048 bits, exponent 3 */
    "AQOwcUR/MT74c7zJ8D00z0gEJ/vy+/wjkYIqMYeOwqdyXREY75FOS6WkhpQ5cxd8hpMBJO6FkB9Ed7HV1EJaR2IVn9smYhVv"
    "4nGEUCqpIrJyMvJkhiwsZcn99sheBg4jc/BF2hgRYatP/JnVIofrMPV/YB2jGWNonuQJ2EtML2+J8JoxuzJVXzraN1oLp5I5"
    "9b6lYe+rFf6G9+/arNxQdyvMu702up2+j0YavJ6RqjGPcP1cg0y93VupoWAcRztlwGQ49+JBBihr6ozxpY1OdY2I+UdZer/7"
    "0ui1MCUkV3T+RYu/1ajhuQ8aujNYd6pHowzbU0XBXOBYYRchvv4rUHjX",
    /* 4096 bits, exponent 3 */
    "AQO52IAuGFTHuH6faakZD7gPvp0+uLVuM9h6vXZMzNoRQFn5Dw/xNtDJJdtxy251/B+U7jiVgy3w8uf/DZ6mEpfd6cehqOvK"
    "IUQUedZ/A+0UZShyJdE0C/wZ8LRzLtuySi7A/MIJ4Zk0AYbB7TiWvrKZvy+HNonbhSaD3OlODe+PcPEaE/jQrLKfxZmcvV6o"
    "MeLBOfySmU/SgVy+GvCI2Zi3z447zt1FB7jzmey40FsSRovgh11+6H3HhlCFvZYMELtJaoOiTtI01iiFN8CcTY4wD8eEAeT6"
    "K71rNsrIP2eWwKQjwJOFdhXQH88e9RNkqrO7OwGRN9q8DqS4s0wz4OgAniowGMbsRRrZt0IcAS1k0zv7kxO13inPdfskNvI6"
    "bEu8bLgH5B5Ep/8Bl/7okE1wEJojT4ehiyUJ8YRM9cxnWC/ToVHc9SAemrQkDQx5/MShxON7sUan1hMCW8SJGusPRF9FqcoJ"
    "610C7XwK3c2DUEBh54VM9nvoMaHPs3nYbz3XNH5ZOy34H6nin1xSjLDAxNuHrkaeCWsPnKa1Tr+Wn/H96HfSaX2bSR7TguzP"
    "vcYrDcajE4kbYunpEP506y7CpjCasuHrkRSqKmwVDDy06+FsZD+X5tnOgHL621NN7AJQRvSuogSLQ9Z98JNzPdWsC3gqzSlP"
    "D2AYt5r2i+bDTQ==",
    /* 1024 bits, exponent 65537 */
    "AwEAAdKtwxesZeb4j/fHlUGOIw9bBFSFvgnRjJGHWbN0VxNri38Km3k12TPaws63c/CDMK2mRo8CcJytAIq+uXlGIMabEVpw"
    "XicSmMjOgjrE0PV6F53j2EGfQ/hIle+NfCpj7kDNTVFxjhpXOrrRxcofA0KGiKIi5BlJ6tQt/eRpiHzt",
};

/* Base64 without a buffer that has to be allocated: the samples are right, and a digit is six bits.  The
 * number of octets. */
static size_t octets_of(const char *text, uint8_t *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    size_t n = 0, have = 0;
    for (; *text && *text != '='; text++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, *text) - digits);
        have += 6;
        if (have < 8) continue;
        have -= 8;
        out[n++] = (uint8_t)(bits >> have);
    }
    return n;
}

static slice without_zeros(slice s)
{
    while (s.n && !s.p[0])
        s = slice_sub(s, 1, s.n);
    return s;
}

int sample_oe_of(slice exponent, slice modulus)
{
    exponent = without_zeros(exponent);
    modulus = without_zeros(modulus);
    for (int i = 0; i < OE_SAMPLE_KEYS; i++) {
        uint8_t octets[OE_SAMPLE_OCTETS];
        size_t n = octets_of(samples_oe[i], octets), e = octets[0];
        if (slice_eq(exponent, slice_of(octets + 1, e)) &&
            slice_eq(modulus, slice_of(octets + 1 + e, n - 1 - e)))
            return i + 1;
    }
    return OE_SAMPLE_OTHER;
}

int sample_oe_of_text(slice base64)
{
    for (int i = 0; i < OE_SAMPLE_KEYS; i++)
        if (slice_eq(base64, slice_str(samples_oe[i]))) return i + 1;
    return OE_SAMPLE_OTHER;
}
