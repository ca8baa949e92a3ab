/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/oe.h"
#include "codec/oe_key.h"
#include "codec/oe_master.h"
#include "codec/oe_txt.h"

enum { OPT_DIALECT = 0x2200, OPT_TYPE, OPT_FORM, OPT_STRICT, OPT_JSON };
enum form { FORM_AUTO, FORM_WIRE, FORM_MASTER, FORM_TEXT };

struct use {
    enum oe_dialect dialect;
    enum form form;
    uint16_t type; /* 0: as the record says, TXT when it does not */
    bool strict, json;
    const char **arg;
    size_t args;
    size_t ours, foreign, failed; /* records */
    struct env env;
};

static const struct argp_option options[] = {
    {"dialect", OPT_DIALECT, "NAME", 0, "rfc (as usual) or draft: whose rules decide", 0},
    {"type", OPT_TYPE, "NAME", 0, "txt or key: what is given is the RDATA of such a record, without owner and type", 0},
    {"form", OPT_FORM, "NAME", 0, "wire (hexadecimal), master or text; told by the looks of it otherwise", 0},
    {"strict", OPT_STRICT, 0, 0, "what only the tolerant reading takes fails as well", 0},
    {"json", OPT_JSON, 0, 0, "one JSON object a line for each record", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const char *const forms[] = {"auto", "wire", "master", "text", NULL}, *const types[] = {"txt", "key", NULL};
    struct use *u = state->input;
    switch (key) {
    case OPT_DIALECT: u->dialect = cli_oe_dialect(arg); return 0;
    case OPT_TYPE: u->type = cli_want(cli_word("--type", arg, types)) ? OE_RR_KEY : OE_RR_TXT; return 0;
    case OPT_FORM: u->form = (enum form)cli_want(cli_word("--form", arg, forms)); return 0;
    case OPT_STRICT: u->strict = true; return 0;
    case OPT_JSON: u->json = true; return 0;
    case ARGP_KEY_ARG: u->arg[u->args++] = arg; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* --- what was read ----------------------------------------------------------------------------------------------- */

struct found {
    const char *where; /* "argument 1", "standard input, line 3" */
    uint16_t type;
    slice owner, seen; /* seen: what the notes count in */
    slice rdata;
    bool no_rdata;     /* the record came as text alone */
    bool hex_flags;
    unsigned lax;
    enum oe_take take;
    const struct oe_notes *notes;
    const struct oe_txt *txt;
    const struct oe_key *key;
};

/* Octets as printable ASCII: for the terminal, and for JSON, which has no other octets. */
static const char *shown(slice s, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n + 5 < size; i++) {
        uint8_t c = s.p[i];
        if (c < ' ' || c > '~' || c == '\\')
            n += (size_t)snprintf(out + n, size - n, "\\%03u", c);
        else
            out[n++] = (char)c;
    }
    out[n] = 0;
    return out;
}

/* A window of the text with a mark below the octet. */
static void caret(FILE *to, slice text, size_t at)
{
    enum { BEFORE = 40, WIDTH = 72 };
    size_t from = at > BEFORE ? at - BEFORE : 0;
    slice window = slice_sub(text, from, from + WIDTH);
    fprintf(to, "    ");
    for (size_t i = 0; i < window.n; i++)
        fputc(window.p[i] < ' ' || window.p[i] > '~' ? '.' : window.p[i], to);
    fprintf(to, "\n    %*s^\n", (int)(at - from), "");
}

static void gateway_text(const struct oe_txt *t, char *out, size_t n)
{
    char address[INET6_ADDRSTRLEN];
    if (t->gateway == OE_FQDN)
        snprintf(out, n, "@%.*s", (int)t->fqdn.n, (const char *)t->fqdn.p);
    else
        snprintf(out, n, "%s", inet_ntop(t->gateway == OE_IP4 ? AF_INET : AF_INET6, t->address, address, sizeof address));
}

static uint64_t small(slice number)
{
    uint64_t v = 0;
    for (size_t i = 0; i < number.n; i++)
        v = v << 8 | number.p[i];
    return v;
}

static void print_rsa(const struct oe_rsa *k)
{
    if (k->modulus.n == 0)
        return;
    if (k->exponent.n <= 8)
        printf(", key of %u bits with exponent %llu", (unsigned)k->bits, (unsigned long long)small(k->exponent));
    else
        printf(", key of %u bits with an exponent of %zu octets", (unsigned)k->bits, k->exponent.n);
}

static void print(const struct use *u, const struct found *f)
{
    char text[600];
    printf("%s: %s", f->where, f->type == OE_RR_TXT ? "TXT" : "KEY");
    if (f->owner.n) printf(" of %s", shown(f->owner, text, sizeof text));
    printf(": %s in %s", oe_take_names[f->take], oe_dialect_names[u->dialect]);
    if (f->txt) {
        if (f->txt->precedence_given) printf(", precedence %u", f->txt->precedence);
        if (f->txt->gateway) {
            gateway_text(f->txt, text, sizeof text);
            printf(", gateway %s", text);
        }
        print_rsa(&f->txt->rsa);
    } else {
        printf(", flags 0x%04X, protocol %u, algorithm %u", f->key->flags, f->key->protocol, f->key->algorithm);
        print_rsa(&f->key->rsa);
    }
    putchar('\n');
    for (uint32_t i = 0; i < f->notes->n; i++) {
        const struct oe_note *n = &f->notes->note[i];
        const struct fault_info *info = &oe_faults[n->code];
        printf("  %s at %u: %s (%s%s%s)\n", oe_take_names[oe_takes[n->code][u->dialect]], (unsigned)n->at, info->text, clauses[info->clause].id,
               info->defect ? ", " : "", defects[info->defect].id);
        if (f->txt && f->seen.n && n->at <= f->seen.n) caret(stdout, f->seen, n->at);
    }
    if (f->lax) printf("  loose: the base64 of the master file lacks %s\n", f->lax & BASE64_LAX_PADDING ? "padding" : "pad bits of zero");
    if (f->hex_flags) {
        const struct fault_info *info = &oe_faults[OE_F_MASTER_HEX];
        printf("  loose: %s (%s, %s)\n", info->text, clauses[info->clause].id, defects[info->defect].id);
    }
}

static json_t *hex_of(slice s)
{
    char *text = malloc(s.n * 2 + 1);
    json_t *out;
    if (!text) return NULL;
    for (size_t i = 0; i < s.n; i++)
        snprintf(text + i * 2, 3, "%02x", s.p[i]);
    text[s.n * 2] = 0;
    out = json_string(text);
    free(text);
    return out;
}

static void json_rsa(json_t *o, const struct oe_rsa *k)
{
    if (k->modulus.n == 0) return;
    json_object_set_new(o, "bits", json_integer(k->bits));
    json_object_set_new(o, "exponent", hex_of(k->exponent));
    json_object_set_new(o, "modulus", hex_of(k->modulus));
}

/* The record itself, so that others can be asked about the same. */
static void json_octets(json_t *o, const struct found *f)
{
    struct buf master;
    if (f->txt) json_object_set_new(o, "text_hex", hex_of(f->seen));
    if (f->no_rdata) return;
    json_object_set_new(o, "rdata_hex", hex_of(f->rdata));
    buf_init(&master, &mem_libc, OE_MASTER_MAX);
    if (oe_rdata_write(f->type, f->rdata, OE_ONE_LINE, &master) == OK)
        json_object_set_new(o, "master", json_stringn((const char *)buf_slice(&master).p, buf_slice(&master).n));
    buf_done(&master);
}

static void print_json(const struct found *f)
{
    char text[600];
    json_t *o = json_object(), *notes = json_array();
    json_object_set_new(o, "where", json_string(f->where));
    json_object_set_new(o, "type", json_string(f->type == OE_RR_TXT ? "TXT" : "KEY"));
    if (f->owner.n) json_object_set_new(o, "owner", json_string(shown(f->owner, text, sizeof text)));
    for (int d = 0; d < OE_DIALECTS; d++)
        json_object_set_new(o, oe_dialect_names[d], json_string(oe_take_names[oe_notes_take(f->notes, (enum oe_dialect)d)]));
    if (f->txt) {
        if (f->txt->precedence_given) json_object_set_new(o, "precedence", json_integer(f->txt->precedence));
        if (f->txt->gateway) {
            gateway_text(f->txt, text, sizeof text);
            json_object_set_new(o, "gateway", json_string(text));
        }
        json_rsa(o, &f->txt->rsa);
    } else {
        json_object_set_new(o, "flags", json_integer(f->key->flags));
        json_object_set_new(o, "protocol", json_integer(f->key->protocol));
        json_object_set_new(o, "algorithm", json_integer(f->key->algorithm));
        json_rsa(o, &f->key->rsa);
    }
    json_octets(o, f);
    if (f->hex_flags) json_object_set_new(o, "hex_flags", json_true());
    if (f->lax) json_object_set_new(o, "lax_base64", json_true());
    for (uint32_t i = 0; i < f->notes->n; i++) {
        const struct fault_info *info = &oe_faults[f->notes->note[i].code];
        json_t *n = json_object();
        json_object_set_new(n, "fault", json_string(info->name));
        json_object_set_new(n, "at", json_integer(f->notes->note[i].at));
        json_object_set_new(n, "clause", json_string(clauses[info->clause].id));
        if (info->defect) json_object_set_new(n, "defect", json_string(defects[info->defect].id));
        json_array_append_new(notes, n);
    }
    json_object_set_new(o, "notes", notes);
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static void tell(struct use *u, struct found *f)
{
    f->take = oe_notes_take(f->notes, u->dialect);
    if ((f->lax || f->hex_flags) && f->take == OE_TAKE) f->take = OE_LOOSE;
    u->foreign += f->take == OE_SKIP;
    u->ours += f->take != OE_SKIP;
    u->failed += f->take == OE_BAD || (u->strict && f->take == OE_LOOSE);
    if (u->json)
        print_json(f);
    else
        print(u, f);
}

/* text: the record is text that was joined already. */
static int judge(struct use *u, struct found *f, slice octets, bool text)
{
    struct oe_txt t;
    struct oe_key k;
    f->no_rdata = text;
    if (!text) f->rdata = octets;
    if (f->type == OE_RR_KEY) {
        oe_key_read(octets, &k);
        f->key = &k;
        f->notes = &k.notes;
        f->seen = octets;
        tell(u, f);
        return CLI_OK;
    }
    err e = text ? oe_txt_read_text(&u->env, octets, &t) : oe_txt_read(&u->env, octets, &t);
    f->txt = &t;
    f->notes = &t.notes;
    f->seen = t.text;
    if (e == OK) tell(u, f);
    oe_txt_done(&t);
    return e == OK ? CLI_OK : cli_error("out of memory");
}

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ':';
}

static int wire(struct use *u, struct found *f, slice line)
{
    uint8_t *octets = malloc(line.n / 2 + 1);
    size_t n = 0;
    int half = -1, status = CLI_OK;
    if (!octets) return cli_error("out of memory");
    for (size_t i = 0; i < line.n && status == CLI_OK; i++) {
        int v = hex(line.p[i]);
        if (v < 0 && !blank(line.p[i])) {
            status = cli_error("%s: no hexadecimal digit at octet %zu", f->where, i);
        } else if (v >= 0 && half < 0) {
            half = v;
        } else if (v >= 0) {
            octets[n++] = (uint8_t)(half << 4 | v);
            half = -1;
        }
    }
    if (status == CLI_OK && half >= 0) status = cli_error("%s: an odd number of hexadecimal digits", f->where);
    f->type = u->type ? u->type : OE_RR_TXT;
    if (status == CLI_OK) status = judge(u, f, slice_of(octets, n), false);
    free(octets);
    return status;
}

/* How a record looks that nobody said the form of. */
static enum form looks(slice line)
{
    size_t digits = 0, i = 0;
    while (line.n && blank(line.p[0]))
        line = slice_sub(line, 1, line.n);
    if (slice_starts_nocase(line, slice_str(OE_ATTRIBUTE))) return FORM_TEXT;
    for (; i < line.n && (hex(line.p[i]) >= 0 || blank(line.p[i])); i++)
        digits += hex(line.p[i]) >= 0;
    return i == line.n && digits ? FORM_WIRE : FORM_MASTER;
}

static slice trimmed(slice s)
{
    while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
        s.n--;
    return s;
}

/* One record from the front of text; *used octets of it.  zone: records of other types may stand there. */
static int master(struct use *u, struct found *f, slice text, size_t *used, bool zone)
{
    struct oe_rr rr;
    struct oe_text_fault fault;
    size_t i = 0;
    uint16_t type = u->type;
    while (i < text.n && blank(text.p[i]))
        i++;
    if (!type && i < text.n && (text.p[i] == '"' || text.p[i] == '\\')) type = OE_RR_TXT;
    err e = oe_master_read(&u->env, slice_sub(text, 0, OE_MASTER_MAX), type, &rr, &fault);
    int status = CLI_OK;
    *used = rr.used;
    if (e == OK) {
        f->type = rr.type;
        f->owner = rr.owner;
        f->hex_flags = rr.hex_flags;
        f->lax = rr.lax;
        status = judge(u, f, buf_slice(&rr.rdata), false);
    } else if (e == ERR_PEER && fault.other && zone) { /* what else stands in a zone */
    } else if (e == ERR_PEER) {
        status = cli_error("%s: %s, at octet %zu (%s)", f->where, fault.why, fault.at, clauses[oe_faults[fault.code].clause].id);
        caret(stderr, text, fault.at);
    } else if (e != ERR_MORE) {
        status = cli_error("%s: %s", f->where, e == ERR_LIMIT ? "too long" : "out of memory");
    }
    oe_rr_done(&rr);
    return status;
}

/* All of one argument, or of standard input: its lines, or records that may go over several.  What cannot be read is no reason to say
 * nothing of the others. */
static int all(struct use *u, const char *name, slice text, bool lines)
{
    size_t at = 0, line = 1;
    int status = CLI_OK;
    while (at < text.n) {
        char where[80];
        slice rest = slice_sub(text, at, text.n);
        slice one = slice_sub(rest, 0, lines ? slice_find(rest, SLICE_LIT("\n")) + 1 : rest.n);
        size_t used = one.n;
        int got = CLI_OK;
        snprintf(where, sizeof where, lines ? "%s:%zu" : "%s", name, line);
        struct found f = {.where = where};
        enum form form = u->form ? u->form : looks(one);
        if (form == FORM_WIRE) {
            got = wire(u, &f, one);
        } else if (form == FORM_TEXT) {
            f.type = OE_RR_TXT;
            got = judge(u, &f, trimmed(one), true);
        } else if (trimmed(one).n > 0) {
            got = master(u, &f, rest, &used, lines);
        }
        if (got != CLI_OK) status = got;
        for (size_t end = used ? at + used : text.n; at < end; at++)
            line += text.p[at] == '\n';
    }
    return status;
}

static int run(struct use *u)
{
    int status = CLI_OK;
    size_t n = 0;
    if (u->args == 0) {
        uint8_t *text = cli_oe_file("-", &n);
        if (!text) return CLI_USE;
        status = all(u, "standard input", slice_of(text, n), true);
        free(text);
    }
    for (size_t i = 0; i < u->args; i++) {
        char name[40];
        snprintf(name, sizeof name, "record %zu", i + 1);
        int got = all(u, name, slice_str(u->arg[i]), false);
        fflush(stdout);
        if (got == CLI_OK) continue;
        status = CLI_USE;
        if (access(u->arg[i], F_OK) == 0) cli_error("%s is a file, and records are wanted: draftproof oe parse <%s", u->arg[i], u->arg[i]);
    }
    if (status == CLI_USE) return status;
    if (!u->ours && !u->foreign) cli_error("there is no record");
    return u->failed ? CLI_FAILED : u->ours ? CLI_OK : CLI_UNPROVEN;
}

static const struct argp argp = {
    options,
    parse,
    "[RECORD...]",
    "Read TXT and KEY records of opportunistic encryption.\v"
    "Each RECORD is a line of a master file (owner, TTL and class may be missing), the RDATA in hexadecimal, or the text of the record; without any, standard "
    "input is read, records of master files one behind the other.  Exit status: 0 every record of ours is taken, 1 one is not, 2 one cannot be read at all, 3 there was "
    "none.",
    NULL,
    NULL,
    NULL};

void cli_oe_parse_help(FILE *to)
{
    argp_help(&argp, to, ARGP_HELP_LONG, NULL);
}

int cli_oe_parse(int argc, char **argv)
{
    struct use u = {.dialect = OE_RFC, .arg = calloc((size_t)argc + 1, sizeof *u.arg)};
    if (!u.arg) return cli_error("out of memory");
    env_init(&u.env);
    argp_parse(&argp, argc, argv, 0, NULL, &u);
    int status = run(&u);
    free(u.arg);
    return status;
}
