/* SPDX-License-Identifier: MIT */
/* The IDXP adapter of the player: what greetings and data of the peer show, for the passive checks.  What
 * stands inside a message of IDMEF is looked at in _look_idmef. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/xml.h"
#include "run/play_idxp_impl.h"

/* --- greetings of BEEP --------------------------------------------------------------------------- */

static void judge_clear(struct player *p, int end, const struct beep_el *el, size_t rung)
{
    const struct idxp_play_end *x = idxp_play_end(p, end);
    bool tls = false, sasl = false, proxy = idxp_play_proxy(p);
    for (size_t i = 0; i < el->profiles; i++) {
        tls |= slice_eq(el->profile[i].uri, SLICE_LIT(BEEP_URI_TLS));
        sasl |= slice_starts(el->profile[i].uri, SLICE_LIT(BEEP_URI_SASL));
    }
    idxp_play_see(p, end, IDXP_SEEN_CLEAR_GREETING);
    if (!x->offers_tunnel)
        idxp_play_fault(p, end, PLAY_IDXP_FAULT, CL_IDXPRFC_2_1_3, proxy ? DEF_NONE : DEF_IDXP_D26, proxy,
                        "greeting in clear without TUNNEL", rung);
    if (proxy && x->offers_tunnel && !beep_play_end(p, end)->authenticated) {
        idxp_play_see(p, end, IDXP_SEEN_TUNNEL_OFFER);
        if (!sasl)
            idxp_play_fault(p, end, PLAY_IDXP_FAULT, CL_IDXPRFC_2_1_4, DEF_NONE, true,
                            "TUNNEL is offered without any SASL profile", rung);
    }
    if (proxy || beep_play_run(p)->no_tls) return;
    idxp_play_see(p, end, IDXP_SEEN_CLEAR_LISTENER);
    if (!tls)
        idxp_play_fault(p, end, PLAY_IDXP_FAULT, CL_IDXPRFC_5_3_1, DEF_NONE, true,
                        "greeting in clear without TLS", rung);
    if (!x->offers_idxp) return;
    idxp_play_see(p, end, IDXP_SEEN_CLEAR_OFFER);
    if (!tls)
        idxp_play_fault(p, end, PLAY_IDXP_FAULT, CL_IDXPRFC_5_7_1, DEF_NONE, true,
                        "IDXP is offered in clear without TLS", rung);
}

void idxp_play_look_greeting(struct player *p, int end, const struct beep_el *el, size_t rung)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    const struct beep_play_end *b = beep_play_end(p, end);
    bool covered = beep_play_secured(b) || b->conn.layer;
    x->offers_idxp = x->offers_tunnel = false;
    idxp_play_see(p, end, covered ? IDXP_SEEN_INNER_GREETING : IDXP_SEEN_BEEP_GREETING);
    if (!x->has_tunnel) track_tunnel_init(&x->tunnel, p->e.env);
    x->has_tunnel = true;
    track_tunnel_cover(&x->tunnel, beep_play_secured(b) ? TUNNEL_IN_TLS
                                   : b->conn.layer      ? TUNNEL_IN_SASL
                                                        : TUNNEL_CLEAR);
    for (size_t i = 0; i < el->profiles; i++) {
        slice uri = el->profile[i].uri;
        if (slice_eq(uri, slice_str(idxp_uris[idxp_play_run(p)->dialect]))) x->offers_idxp = true;
        if (track_tunnel_offered(&x->tunnel, !b->conn.side, uri)) x->offers_tunnel = true;
        idxp_play_tunnel_faults(p, end, rung);
    }
    if (b->dials && !covered && !x->through) judge_clear(p, end, el, rung);
}

/* --- greetings of IDXP --------------------------------------------------------------------------- */

/* The address that we dialled, when it is one of four numbers; the peer's own address is then the same. */
static slice address(const struct player *p, int end)
{
    const char *dial = p->run->dial, *colon = dial ? strrchr(dial, ':') : NULL;
    slice ip = colon ? slice_of(dial, (size_t)(colon - dial)) : SLICE_NONE;
    bool known = ip.n && tunnel_is_ip4(ip) && !idxp_play_end(p, end)->through && !idxp_play_run(p)->in_memory;
    return known ? ip : SLICE_NONE;
}

void idxp_play_look_idxp(struct player *p, int end, const struct idxp_msg *m, size_t rung)
{
    const struct beep_play_end *b = beep_play_end(p, end);
    slice ip = address(p, end);
    if (beep_play_secured(b) || b->authenticated) idxp_play_see(p, end, IDXP_SEEN_GREETING_BEHIND);
    if (m->ip_given && ip.n) {
        idxp_play_see(p, end, IDXP_SEEN_IP);
        if (!slice_eq(m->ip, ip))
            idxp_play_fault(p, end, PLAY_IDXP_FAULT + IDXP_F_IP, CL_IDXP_3_4_1_5, DEF_NONE, false,
                            "ip is not the address of the connection", rung);
    }
    for (size_t i = 0; i < m->options; i++) {
        idxp_play_see(p, end, IDXP_SEEN_OPTION);
        if (m->option[i].kind == IDXP_OPTION_PRIORITY) idxp_play_see(p, end, IDXP_SEEN_PRIORITY);
        if (m->option[i].kind == IDXP_OPTION_STREAM) idxp_play_see(p, end, IDXP_SEEN_STREAM);
    }
}

/* --- IDMEF as the schema judged it --------------------------------------------------------------- */

static void say(struct player *p, int end, enum idmef_fault_code code, enum clause_id clause,
                enum defect_id defect, bool fail, const char *text, size_t rung)
{
    idxp_play_fault(p, end, PLAY_IDMEF_FAULT + (int)code, clause, defect, fail,
                    text ? text : idmef_faults[code].text, rung);
}

static const struct class_row {
    const char *name;
    enum clause_id clause;
} classes[] = {
    {"IDMEF-Message", CL_IDMEF_4_2_1_1},   {"Alert", CL_IDMEF_4_2_2_1},
    {"ToolAlert", CL_IDMEF_4_2_2_1_1},     {"CorrelationAlert", CL_IDMEF_4_2_2_2_1},
    {"OverflowAlert", CL_IDMEF_4_2_2_3_1}, {"Heartbeat", CL_IDMEF_4_2_3_4},
    {"Analyzer", CL_IDMEF_4_2_4_1_3},      {"Classification", CL_IDMEF_4_2_4_2_1},
    {"Source", CL_IDMEF_4_2_4_3_1},        {"Target", CL_IDMEF_4_2_4_4_1},
    {"Assessment", CL_IDMEF_4_2_4_5_1},    {"AdditionalData", CL_IDMEF_4_2_4_6_1},
    {"CreateTime", CL_IDMEF_4_2_5_1},      {"DetectTime", CL_IDMEF_4_2_5_1},
    {"AnalyzerTime", CL_IDMEF_4_2_5_1},    {"Impact", CL_IDMEF_4_2_6_1_1},
    {"Action", CL_IDMEF_4_2_6_2_1},        {"Reference", CL_IDMEF_4_2_7_1_1},
    {"Node", CL_IDMEF_4_2_7_2_1},          {"Address", CL_IDMEF_4_2_7_2_1_1},
    {"User", CL_IDMEF_4_2_7_3_1},          {"UserId", CL_IDMEF_4_2_7_3_1_1},
    {"Process", CL_IDMEF_4_2_7_4_1},       {"Service", CL_IDMEF_4_2_7_5_3},
    {"WebService", CL_IDMEF_4_2_7_5_1_1},  {"SNMPService", CL_IDMEF_4_2_7_5_2_1},
    {"File", CL_IDMEF_4_2_7_6_1},          {"FileAccess", CL_IDMEF_4_2_7_6_1_2},
    {"Linkage", CL_IDMEF_4_2_7_6_2_1},     {"Inode", CL_IDMEF_4_2_7_6_3_1},
    {"Checksum", CL_IDMEF_4_2_7_6_4_1},
};

/* The class that a fault is about stands in its words in angle brackets: the first of them, or behind "in"
 * and "of" the last. */
static enum clause_id class_of(const struct idmef_result *r)
{
    bool last = r->fault == IDMEF_F_PLACE || r->fault == IDMEF_F_VALUE || r->fault == IDMEF_F_ELEMENT ||
                r->fault == IDMEF_F_TEXT;
    const char *open = last ? strrchr(r->why, '<') : strchr(r->why, '<'),
               *shut = open ? strchr(open, '>') : NULL;
    for (size_t i = 0; shut && i < sizeof classes / sizeof *classes; i++)
        if (slice_eq(slice_of(open + 1, (size_t)(shut - open - 1)), slice_str(classes[i].name)))
            return classes[i].clause;
    return CL_IDMEF_8_1;
}

/* Do the words of its clause name the values of its attributes as well? */
static bool has_lists(enum clause_id class)
{
    return class == CL_IDMEF_4_2_4_6_1 || class == CL_IDMEF_4_2_6_1_1 || class == CL_IDMEF_4_2_6_2_1 ||
           class == CL_IDMEF_4_2_7_6_1 || class == CL_IDMEF_4_2_7_6_2_1 || class == CL_IDMEF_4_2_7_6_4_1;
}

static void judge_invalid(struct player *p, int end, const struct idmef_result *r, size_t rung)
{
    const struct fault_info *info = &idmef_faults[r->fault];
    enum clause_id class = class_of(r);
    bool composed = r->fault == IDMEF_F_PLACE || r->fault == IDMEF_F_MISSING ||
                    (r->fault == IDMEF_F_ATTRIBUTE_MISSING && class != CL_IDMEF_8_1);
    bool version = r->fault == IDMEF_F_VALUE && strstr(r->why, "of version of <IDMEF-Message>"),
         space = r->fault == IDMEF_F_VALUE && strstr(r->why, "xmlns");
    if (strstr(r->why, "<permission>") && class == CL_IDMEF_4_2_7_6_1_2) {
        say(p, end, r->fault, class, DEF_IDMEF_D15, false, "FileAccess holds elements permission", rung);
        return;
    }
    if (version) {
        say(p, end, r->fault, CL_IDMEF_4_2_1_2, DEF_NONE, true, "version is not 1.0", rung);
    } else if (r->fault == IDMEF_F_FOREIGN) {
        say(p, end, r->fault, CL_IDMEF_5_2_4, DEF_NONE, true, NULL, rung);
    } else if (r->fault == IDMEF_F_VALUE && !space) {
        say(p, end, r->fault, CL_IDMEF_3_2_5_1, DEF_NONE, true, NULL, rung);
        if (has_lists(class)) say(p, end, r->fault, class, DEF_NONE, true, NULL, rung);
    } else if (composed && class != CL_IDMEF_8_1) {
        say(p, end, r->fault, class, DEF_NONE, true, NULL, rung);
        if (class == CL_IDMEF_4_2_7_5_2_1)
            say(p, end, r->fault, CL_IDMEF_4_2_7_5_2_2, DEF_NONE, true,
                "SNMPService holds what it does not have", rung);
    }
    say(p, end, r->fault, CL_IDMEF_8_1, info->clause == CL_IDMEF_8_1 ? info->defect : DEF_NONE, false, NULL,
        rung);
}

/* Codes of taken notes whose severity a run knows better than a reader of one message. */
static void judge_notes(struct player *p, int end, const struct idmef_result *r, size_t rung)
{
    for (uint32_t i = 0; i < r->note_n; i++) {
        enum idmef_fault_code code = r->note[i].code;
        const struct fault_info *info = &idmef_faults[code];
        if (code == IDMEF_F_NO_ENCODING)
            say(p, end, code, CL_IDMEF_3_1_1_1_2, DEF_NONE, false, NULL, rung);
        else if (info->severity != SEV_NOTE)
            say(p, end, code, info->clause, info->defect, info->severity == SEV_FAIL, NULL, rung);
    }
}

static bool is_wide(slice body)
{
    return body.n > 1 &&
           ((body.p[0] == 0xfe && body.p[1] == 0xff) || (body.p[0] == 0xff && body.p[1] == 0xfe));
}

/* UTF-16 as far as it is ASCII; all that is looked at is. */
static err narrow(slice body, struct buf *out)
{
    bool big = body.p[0] == 0xfe;
    for (size_t i = 2; i + 1 < body.n; i += 2) {
        uint8_t high = body.p[big ? i : i + 1], low = body.p[big ? i + 1 : i];
        TRY(buf_add_byte(out, high || low > 0x7e ? '?' : low));
    }
    return OK;
}

static void look_ill(struct player *p, int end, slice body, slice charset, const struct idmef_result *r,
                     size_t rung)
{
    bool told = charset.n ||
                slice_find(slice_sub(body, 0, 200), SLICE_LIT("encoding")) < (body.n < 200 ? body.n : 200);
    if (r->verdict != IDMEF_ILL) return;
    say(p, end, r->fault, CL_IDMEF_6_1_1, DEF_NONE, true, NULL, rung);
    if (!told && !is_wide(body) && !xml_takes(body))
        say(p, end, IDMEF_F_CHARSET, CL_IDMEF_3_1_2_2, DEF_NONE, true,
            "message without an encoding is not UTF-8", rung);
}

void idxp_play_look(struct player *p, int end, slice body, slice charset, const struct idmef_result *r,
                    size_t rung)
{
    struct buf text;
    bool wide = is_wide(body), utf16 = wide || slice_starts_nocase(charset, SLICE_LIT("utf-16"));
    if (utf16) idxp_play_see(p, end, IDXP_SEEN_UTF16);
    if (utf16 && !wide)
        say(p, end, IDMEF_F_CHARSET, CL_IDMEF_3_1_2_3, DEF_NONE, true, "UTF-16 without a byte order mark",
            rung);
    judge_notes(p, end, r, rung);
    look_ill(p, end, body, charset, r, rung);
    if (r->verdict == IDMEF_INVALID) judge_invalid(p, end, r, rung);
    if (r->verdict != IDMEF_OK && r->verdict != IDMEF_INVALID) return;
    buf_init(&text, p->e.env->mem, body.n);
    if (slice_starts(body, SLICE_LIT("\xef\xbb\xbf"))) body = slice_sub(body, 3, body.n);
    if (!wide)
        idxp_play_look_inside(p, end, body, rung);
    else if (narrow(body, &text) == OK)
        idxp_play_look_inside(p, end, buf_slice(&text), rung);
    buf_done(&text);
}
