/* SPDX-License-Identifier: MIT */
#include "sec/tls_policy.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define CHAIN_DEPTH 8   /* authorities between a leaf and a trusted one: real trees have two */
#define NAMES_SHOWN 3   /* of a certificate in a message */
#define PART_MAX    256 /* one "OU=..." pattern */

static slice without_dot(slice s)
{
    return s.n > 1 && s.p[s.n - 1] == '.' ? slice_sub(s, 0, s.n - 1) : s;
}

bool tls_policy_name_fits(slice pattern, slice name)
{
    pattern = without_dot(pattern);
    name = without_dot(name);
    if (pattern.n == 0 || name.n == 0) return false;
    if (!slice_starts(pattern, SLICE_LIT("*."))) return slice_eq_nocase(pattern, name);
    size_t dot = slice_find(name, SLICE_LIT("."));
    return dot > 0 && dot < name.n &&
           slice_eq_nocase(slice_sub(pattern, 1, pattern.n), slice_sub(name, dot, name.n));
}

STACK_OF(X509) * tls_policy_pem(slice pem)
{
    STACK_OF(X509) *list = NULL;
    BIO *b = pem.n && pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    list = b ? sk_X509_new_null() : NULL;
    X509 *x;
    ERR_clear_error();
    while (list && (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL) {
        if (sk_X509_push(list, x)) continue;
        X509_free(x);
        sk_X509_pop_free(list, X509_free);
        list = NULL;
    }
    /* "no start line" is how the reader says that the text is used up; anything else is a broken certificate
     */
    bool broken = ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(b);
    if (list && (broken || sk_X509_num(list) == 0)) {
        sk_X509_pop_free(list, X509_free);
        list = NULL;
    }
    return list;
}

/* One pattern of a comma-separated list, with its backslashes left in; *at moves behind it. */
static slice next_part(const char *list, size_t *at)
{
    size_t from = *at, to = from;
    while (list[to] && list[to] != ',')
        to += list[to] == '\\' && list[to + 1] ? 2 : 1;
    *at = list[to] ? to + 1 : to;
    return slice_trim(slice_of(list + from, to - from));
}

/* NID of the attribute of "OU=Sensors" and the pattern behind the sign; NID_undef when unreadable. */
static int part_read(slice part, slice *pattern)
{
    char key[64];
    size_t eq = slice_find(part, SLICE_LIT("="));
    if (eq == 0 || eq >= part.n || eq >= sizeof key) return NID_undef;
    memcpy(key, part.p, eq);
    key[eq] = 0;
    *pattern = slice_sub(part, eq + 1, part.n);
    int nid = OBJ_txt2nid(key);
    if (nid != NID_undef) return nid;
    for (size_t i = 0; i < eq; i++)
        key[i] = (char)toupper((unsigned char)key[i]);
    return OBJ_txt2nid(key);
}

static err subject_check(const char *list, char *why, size_t why_n)
{
    for (size_t at = 0; list[at];) {
        slice pattern, part = next_part(list, &at);
        if (part.n > PART_MAX || part_read(part, &pattern) == NID_undef) {
            snprintf(why, why_n, "subject pattern \"%.*s\" is not of the form OU=Sensors",
                     (int)(part.n < 80 ? part.n : 80), part.n ? (const char *)part.p : "");
            return ERR_USE;
        }
    }
    return OK;
}

static err store_fill(struct tls_policy *p, slice ca, const char *file, char *why, size_t why_n)
{
    p->store = X509_STORE_new();
    if (!p->store) return ERR_MEM;
    if (ca.n == 0) return OK;
    STACK_OF(X509) *list = tls_policy_pem(ca);
    if (!list) {
        snprintf(why, why_n, "%s: no certificate in PEM form", file);
        return ERR_SYS;
    }
    err e = OK;
    for (int i = 0; i < sk_X509_num(list) && e == OK; i++)
        if (!X509_STORE_add_cert(p->store, sk_X509_value(list, i))) e = ERR_MEM;
    sk_X509_pop_free(list, X509_free);
    return e;
}

static char *name_dup(const struct mem *mem, const char *name)
{
    slice s = without_dot(slice_str(name));
    if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']') s = slice_sub(s, 1, s.n - 1); /* [::1] */
    return mem_dup(mem, s.p, s.n);
}

err tls_policy_init(struct tls_policy *p, const struct env *env, const struct tls_options *o, slice ca,
                    char *why, size_t why_n)
{
    *p = (struct tls_policy){.mem = env->mem, .trust_any = o->trust_any};
    TRY(store_fill(p, ca, o->ca_file ? o->ca_file : "", why, why_n));
    if (o->peer_eku_oid) {
        p->eku = OBJ_txt2obj(o->peer_eku_oid, 1);
        ERR_clear_error();
        if (!p->eku) {
            snprintf(why, why_n, "\"%.80s\" is not a dotted object identifier", o->peer_eku_oid);
            return ERR_USE;
        }
        p->eku_text = mem_dup(p->mem, o->peer_eku_oid, strlen(o->peer_eku_oid));
        if (!p->eku_text) return ERR_MEM;
    }
    if (o->peer_subject) {
        TRY(subject_check(o->peer_subject, why, why_n));
        p->subject = mem_dup(p->mem, o->peer_subject, strlen(o->peer_subject));
        if (!p->subject) return ERR_MEM;
    }
    if (o->peer_name) {
        p->name = name_dup(p->mem, o->peer_name);
        if (!p->name) return ERR_MEM;
    }
    return OK;
}

void tls_policy_done(struct tls_policy *p)
{
    X509_STORE_free(p->store);
    ASN1_OBJECT_free(p->eku);
    if (p->mem) {
        mem_free(p->mem, p->eku_text);
        mem_free(p->mem, p->name);
        mem_free(p->mem, p->subject);
    }
    *p = (struct tls_policy){0};
}

static int alert_of(int verify_error)
{
    switch (verify_error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return TLS_ALERT_EXPIRED; /* RFC 2246: "expired or not currently valid" */
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return TLS_ALERT_UNKNOWN_CA;
    default:
        return TLS_ALERT_BAD_CERT;
    }
}

static int judge_chain(const struct tls_policy *p, X509 *leaf, STACK_OF(X509) * others, char *why,
                       size_t why_n)
{
    int alert = TLS_ALERT_BAD_CERT;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;
    if (!ctx || !X509_STORE_CTX_init(ctx, p->store, leaf, others) ||
        !(param = X509_STORE_CTX_get0_param(ctx))) {
        snprintf(why, why_n, "no memory to judge it");
        goto done;
    }
    X509_VERIFY_PARAM_set_depth(param, CHAIN_DEPTH);
    /* DSA of 1,024 bits with SHA-1 is what the draft's suite takes; age of algorithms is no ground here. */
    X509_VERIFY_PARAM_set_auth_level(param, 0);
    /* A certificate with the usages of IAP 6.5 alone is right by the draft: no general TLS usage is asked
     * for. */
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY);
    if (X509_verify_cert(ctx) == 1) {
        alert = TLS_ALERT_NONE;
    } else {
        int error = X509_STORE_CTX_get_error(ctx), depth = X509_STORE_CTX_get_error_depth(ctx);
        snprintf(why, why_n, "%s%s", X509_verify_cert_error_string(error),
                 depth > 0 ? " (its authority)" : "");
        alert = alert_of(error);
    }
done:
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
    return alert;
}

static bool has_eku(const struct tls_policy *p, X509 *leaf)
{
    bool found = false;
    EXTENDED_KEY_USAGE *list = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
    for (int i = 0; list && i < sk_ASN1_OBJECT_num(list); i++)
        if (OBJ_cmp(sk_ASN1_OBJECT_value(list, i), p->eku) == 0) found = true;
    EXTENDED_KEY_USAGE_free(list);
    ERR_clear_error();
    return found;
}

static const char *words_of(int nid)
{
    switch (nid) {
    case NID_commonName:
        return "common name";
    case NID_organizationalUnitName:
        return "organizational unit";
    case NID_organizationName:
        return "organization";
    case NID_countryName:
        return "country";
    default:
        return OBJ_nid2ln(nid);
    }
}

/* True when some attribute of that kind fits.  shown gets the last one that does not. */
static bool subject_fits(X509_NAME *subject, int nid, slice pattern, char *shown, size_t shown_n)
{
    snprintf(shown, shown_n, "absent");
    for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, nid, i)) >= 0;) {
        unsigned char *text = NULL;
        int n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
        if (n < 0) continue;
        bool fits = slice_glob_nocase(pattern, slice_of(text, (size_t)n));
        snprintf(shown, shown_n, "%.*s", n < 80 ? n : 80, (const char *)text);
        OPENSSL_free(text);
        if (fits) return true;
    }
    return false;
}

static bool judge_subject(const struct tls_policy *p, X509 *leaf, char *why, size_t why_n)
{
    char shown[96];
    for (size_t at = 0; p->subject[at];) {
        slice pattern, part = next_part(p->subject, &at);
        int nid = part_read(part, &pattern);
        if (subject_fits(X509_get_subject_name(leaf), nid, pattern, shown, sizeof shown)) continue;
        snprintf(why, why_n, "%s is %s, wanted %.*s", words_of(nid), shown, (int)part.n,
                 (const char *)part.p);
        ERR_clear_error();
        return false;
    }
    return true;
}

/* What the names of a certificate come to against one name asked for. */
struct names {
    slice want;
    uint8_t addr[16]; /* when the name asked for is an address */
    size_t addr_n;
    bool fits, dns_seen;
    int shown;
    char text[128];
};

static void name_show(struct names *n, slice s)
{
    size_t at = strlen(n->text);
    if (n->shown++ >= NAMES_SHOWN) return;
    snprintf(n->text + at, sizeof n->text - at, "%s%.*s", at ? ", " : "", (int)(s.n < 60 ? s.n : 60),
             s.n ? (const char *)s.p : "");
}

static void name_try(struct names *n, const GENERAL_NAME *g)
{
    if (g->type == GEN_DNS) {
        slice s = slice_of(ASN1_STRING_get0_data(g->d.dNSName), (size_t)ASN1_STRING_length(g->d.dNSName));
        n->dns_seen = true;
        name_show(n, s);
        if (!n->addr_n && tls_policy_name_fits(s, n->want)) n->fits = true;
    } else if (g->type == GEN_IPADD && n->addr_n) {
        slice s = slice_of(ASN1_STRING_get0_data(g->d.iPAddress), (size_t)ASN1_STRING_length(g->d.iPAddress));
        if (slice_eq(s, slice_of(n->addr, n->addr_n))) n->fits = true;
    }
}

static void name_try_cn(struct names *n, X509_NAME *subject)
{
    int at = -1, last = -1;
    while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
        last = at; /* the last is the most specific */
    if (last < 0) return;
    unsigned char *text = NULL;
    int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
    if (len < 0) return;
    slice s = slice_of(text, (size_t)len);
    name_show(n, s);
    if (tls_policy_name_fits(s, n->want)) n->fits = true;
    OPENSSL_free(text);
}

static bool judge_name(const struct tls_policy *p, X509 *leaf, char *why, size_t why_n)
{
    struct names n = {.want = slice_str(p->name)};
    if (inet_pton(AF_INET, p->name, n.addr) == 1)
        n.addr_n = 4;
    else if (inet_pton(AF_INET6, p->name, n.addr) == 1)
        n.addr_n = 16;
    GENERAL_NAMES *list = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; list && i < sk_GENERAL_NAME_num(list); i++)
        name_try(&n, sk_GENERAL_NAME_value(list, i));
    GENERAL_NAMES_free(list);
    if (!n.dns_seen && !n.addr_n) name_try_cn(&n, X509_get_subject_name(leaf));
    ERR_clear_error();
    if (!n.fits)
        snprintf(why, why_n, "it is for %s%s, not for %.80s", n.text[0] ? n.text : "nobody",
                 n.shown > NAMES_SHOWN ? " and others" : "", p->name);
    return n.fits;
}

int tls_policy_judge(const struct tls_policy *p, X509 *leaf, STACK_OF(X509) * others, char *why, size_t why_n)
{
    if (p->trust_any) return TLS_ALERT_NONE;
    int alert = judge_chain(p, leaf, others, why, why_n);
    if (alert) return alert;
    if (p->eku && !has_eku(p, leaf)) {
        snprintf(why, why_n, "it lacks the extended key usage %.80s", p->eku_text);
        return TLS_ALERT_BAD_CERT;
    }
    if (p->subject && !judge_subject(p, leaf, why, why_n)) return TLS_ALERT_BAD_CERT;
    if (p->name && !judge_name(p, leaf, why, why_n)) return TLS_ALERT_BAD_CERT;
    return TLS_ALERT_NONE;
}

char *tls_policy_subject(const struct mem *mem, X509 *x)
{
    char *text = NULL, *copy = NULL;
    BIO *b = BIO_new(BIO_s_mem());
    if (b &&
        X509_NAME_print_ex(b, X509_get_subject_name(x), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        long n = BIO_get_mem_data(b, &text);
        copy = mem_dup(mem, text, n > 0 ? (size_t)n : 0);
    }
    BIO_free(b);
    ERR_clear_error();
    return copy;
}

char *tls_policy_usages(const struct mem *mem, X509 *x)
{
    char text[1000] = "";
    size_t at = 0;
    EXTENDED_KEY_USAGE *list = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
    for (int i = 0; list && i < sk_ASN1_OBJECT_num(list); i++) {
        char one[80];
        int n = OBJ_obj2txt(one, sizeof one, sk_ASN1_OBJECT_value(list, i), 1);
        if (n <= 0 || (size_t)n >= sizeof one || at + (size_t)n + 2 > sizeof text) continue;
        if (at) text[at++] = ',';
        memcpy(text + at, one, (size_t)n);
        at += (size_t)n;
    }
    EXTENDED_KEY_USAGE_free(list);
    ERR_clear_error();
    return mem_dup(mem, text, at);
}
