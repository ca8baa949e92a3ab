/* SPDX-License-Identifier: MIT */
/* What the reference does about each message. */
#include <string.h>

#include "peer/iap_peer_impl.h"

/* --- alerts ------------------------------------------------------------------------------------------------------- */

static void send_alert(struct iap_peer *p, const struct iap_alert *a, uint64_t now)
{
    struct iap_msg m;
    iap_peer_message(&m, IAP_CONTENT);
    m.type = a->type;
    m.body = a->body;
    p->sent = true;
    p->sent_id = a->id;
    if (state_of(p) != IAP_S_READY) iap_peer_send_anyway(p, &m);
    else iap_peer_send(p, &m, now);
    if (MUT(p, C_GIVES_UP)) {
        iap_peer_message(&m, IAP_RESPONSE)->code = 200;
        iap_peer_send_anyway(p, &m);
    }
}

static void next_alert(struct iap_peer *p, uint64_t now)
{
    struct iap_alert a = {.type = SLICE_LIT(IAP_MEDIA_TYPE)};
    bool end = false;
    if (p->sent || p->closing || !p->s->analyzer || !p->s->hooks.next) return;
    if (!track_iap_legal(&p->c.track, p->c.side, IAP_E_CONTENT)) return; /* the other side got the part of the requester */
    if (p->s->hooks.next(p->s->hooks.ctx, p, &a, &end)) send_alert(p, &a, now);
    else if (end) iap_peer_close(p, now);
}

void iap_peer_poke(struct iap_peer *p, uint64_t now)
{
    if (state_of(p) == IAP_S_READY) next_alert(p, now);
}

/* A response does not say which content it answers, so a rejection must not overtake an alert that the store still has:
 * each content has its place in a queue, and what is decided leaves at the front. */

static uint16_t code_at(const struct iap_peer *p, size_t i)
{
    uint16_t code;
    memcpy(&code, buf_slice(&p->codes).p + i * sizeof code, sizeof code);
    return code;
}

static void decide(struct iap_peer *p, size_t i, uint16_t code)
{
    memcpy(p->codes.p + p->codes.from + i * sizeof code, &code, sizeof code);
}

static size_t owed(const struct iap_peer *p)
{
    return p->codes.n / sizeof(uint16_t);
}

/* False when there is no place any more: the connection was ended. */
static bool owe(struct iap_peer *p, uint64_t now)
{
    const uint16_t waits = 0;
    if (buf_add(&p->codes, slice_of(&waits, sizeof waits)) == OK) return true;
    iap_peer_farewell(p, 503, "too many alerts wait for an answer", now);
    return false;
}

static void answer_decided(struct iap_peer *p, uint64_t now)
{
    while (owed(p) && code_at(p, 0)) {
        uint16_t code = code_at(p, 0);
        buf_take(&p->codes, sizeof code);
        if (p->over || (p->closing && link_of(p)->fin)) continue;
        if (MUT(p, STORE_204) && code == 204) { /* the tables would not let it out */
            struct iap_msg m;
            iap_peer_message(&m, IAP_RESPONSE)->code = code;
            iap_peer_send_anyway(p, &m);
            track_iap_message(&p->c.track, p->c.side, &m);
            pretend(p, p->c.track.facts.outstanding ? IAP_S_SENT : IAP_S_READY);
            continue;
        }
        iap_peer_respond(p, code, now);
        if (MUT(p, ALERT_TWICE)) {
            struct iap_msg m;
            iap_peer_message(&m, IAP_RESPONSE)->code = code;
            iap_peer_send_anyway(p, &m);
        }
    }
}

void iap_peer_answer(struct iap_peer *p, uint16_t code, uint64_t now)
{
    for (size_t i = 0; i < owed(p); i++) {
        if (code_at(p, i)) continue;
        decide(p, i, code);
        answer_decided(p, now);
        return;
    }
}

static void take_alert(struct iap_peer *p, const struct iap_msg *m, uint64_t now)
{
    struct iap_alert a = {.type = m->type, .body = m->body, .id = p->c.track.contents};
    uint16_t code = 200;
    if (MUT(p, MUTE_ON_ALERT) || !owe(p, now)) return;
    /* the hook may answer at once, or older alerts, so its own place is the last one only if it returns a code */
    if (p->s->hooks.alert) code = p->s->hooks.alert(p->s->hooks.ctx, p, &a);
    if (code == 200 && MUT(p, STORE_204)) code = 204;
    if (code) decide(p, owed(p) - 1, code);
    answer_decided(p, now);
}

/* The code that a content is refused with, 0 when it is taken. */
static uint16_t judge_content(struct iap_peer *p, const struct iap_msg *m)
{
    bool idef = slice_eq_nocase(m->type, SLICE_LIT(IAP_MEDIA_TYPE));
    if (iap_msg_has(m, IAP_F_CHUNKED) && !MUT(p, TAKES_CHUNKED)) return 501;
    if (iap_msg_severity(m) == SEV_FAIL && !MUT(p, TAKES_CHUNKED)) return 400;
    if (MUT(p, REFUSES_IDEF) && idef) return 415;
    if (!idef && !MUT(p, TAKES_ANY_TYPE)) return 415; /* 3.4: rejected, the connection stays */
    if (MUT(p, REFUSES_TWO_BLANKS) && m->length_text.n && m->length_text.p[-2] == ' ') return 400;
    return 0;
}

void iap_peer_on_content(struct iap_peer *p, const struct iap_msg *m, uint64_t now)
{
    bool crlf = slice_find(m->body, SLICE_LIT("\r\n\r\n")) < m->body.n;
    if ((MUT(p, COUNTS_CRLF) && p->c.track.contents > 1) || (MUT(p, STOPS_AT_CRLF) && crlf)) {
        iap_peer_farewell(p, 400, "octets that are no message", now);
        return;
    }
    if (MUT(p, DIES_ON_LARGE) && m->body.n > 65536) {
        iap_peer_end_now(p);
        return;
    }
    if (p->s->analyzer) { /* commands are not for this analyzer (2.2: it may choose) */
        iap_peer_farewell(p, 405, "content sent to an analyzer", now);
        return;
    }
    uint16_t code = judge_content(p, m);
    if (!code) {
        take_alert(p, m, now);
        return;
    }
    iap_peer_tell(p, "content rejected with %u", (unsigned)code);
    if (!owe(p, now)) return;
    decide(p, owed(p) - 1, code);
    answer_decided(p, now);
    if (MUT(p, LOSES_BAD_TYPE)) p->quiet = true;
}

/* --- requests of the set-up phase ------------------------------------------------------------------------------- */

void iap_peer_on_connect(struct iap_peer *p, const struct iap_msg *m, uint64_t now)
{
    if (MUT(p, MUTE)) return;
    if (MUT(p, REFUSES_IPV4) && iap_host_kind(m->host) == IAP_HOST_IPV4) {
        iap_peer_farewell(p, 400, "host that is an address", now);
        return;
    }
    if (p->s->refuse || (MUT(p, REFUSES_VIA) && m->via_n)) {
        iap_peer_tell(p, "connection refused by configuration");
        iap_peer_respond(p, 403, now);
        iap_peer_end_soon(p, now);
        return;
    }
    if (MUT(p, ACCEPT_201)) {
        struct iap_msg r;
        iap_peer_message(&r, IAP_RESPONSE)->code = 201;
        iap_peer_send_anyway(p, &r);
        pretend(p, IAP_S_ACCEPTED);
        return;
    }
    iap_peer_respond(p, 200, now);
    if (MUT(p, ANSWERS_TWICE)) {
        struct iap_msg r;
        iap_peer_message(&r, IAP_RESPONSE)->code = 200;
        iap_peer_send_anyway(p, &r);
    }
    if (MUT(p, SENDS_URGENT)) link_of(p)->urgent = true;
}

/* The record header and beginning of a ClientHello, for the mistake of playing the wrong side. */
const uint8_t iap_peer_stray_hello[11] = {0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 1};

void iap_peer_on_upgrade(struct iap_peer *p, uint64_t now)
{
    if (!p->s->no_tls && !p->s->tls) {
        iap_peer_tell(p, "asked for TLS, but no certificate is configured; answered 500");
        iap_peer_respond(p, 500, now);
        iap_peer_end_soon(p, now);
        return;
    }
    if (MUT(p, UPGRADE_200)) {
        struct iap_msg r;
        iap_peer_message(&r, IAP_RESPONSE)->code = 200;
        iap_peer_send_anyway(p, &r);
        pretend(p, p->s->no_tls ? IAP_S_SECURED : IAP_S_UPGRADED);
        return;
    }
    if (MUT(p, NO_TLS_13)) p->c.no_tls = p->c.track.no_tls = true;
    if (MUT(p, WRONG_HELLO) && !p->s->no_tls) p->c.manual_tls = true;
    iap_peer_respond(p, 101, now);
    if (MUT(p, WRONG_HELLO) && !p->s->no_tls && !p->s->analyzer) {
        if (buf_add(&link_of(p)->out, slice_of(iap_peer_stray_hello, sizeof iap_peer_stray_hello)) != OK) iap_peer_end_now(p);
    }
    if (MUT(p, NO_TLS_13) && !p->opener) {
        struct iap_msg r;
        iap_peer_message(&r, IAP_RESPONSE)->code = 200;
        iap_peer_send_anyway(p, &r); /* shows at once that no TLS is spoken here */
    }
}

static void ready(struct iap_peer *p, uint64_t now)
{
    p->touched = now;
    if (MUT(p, COMMANDS) && !p->s->analyzer) {
        struct iap_msg m;
        iap_peer_message(&m, IAP_CONTENT)->body = SLICE_LIT("command");
        iap_peer_send_anyway(p, &m);
    }
}

void iap_peer_on_channel(struct iap_peer *p, const struct iap_msg *m, uint64_t now)
{
    enum iap_role want = p->s->analyzer ? IAP_RECEIVER : IAP_SENDER;
    bool any_version = MUT(p, TAKES_ANY_VERSION);
    if (!slice_eq(m->version, SLICE_LIT(IAP_VERSION)) && !any_version) { /* 3.3, 6.6 */
        iap_peer_tell(p, "channel set-up with another version refused");
        iap_peer_respond(p, 505, now);
        iap_peer_leave(p, now);
        return;
    }
    if (m->role != want && !MUT(p, TAKES_WRONG_ROLE) && !MUT(p, TAKES_ANY_ROLE)) {
        iap_peer_tell(p, "channel set-up with a role that is not served here; answered 405");
        iap_peer_respond(p, 405, now);
        iap_peer_leave(p, now);
        return;
    }
    if (MUT(p, CHANNEL_202)) {
        struct iap_msg r;
        iap_peer_message(&r, IAP_RESPONSE)->code = 202;
        iap_peer_send_anyway(p, &r);
        pretend(p, IAP_S_READY);
        return;
    }
    iap_peer_respond(p, 200, now);
    if (state_of(p) == IAP_S_READY) ready(p, now);
}

/* --- responses ---------------------------------------------------------------------------------------------------- */

static void on_refusal(struct iap_peer *p, uint16_t code, bool upgrade, uint64_t now)
{
    iap_peer_tell(p, "peer refused the %s with %u", upgrade ? "upgrade" : "connection", (unsigned)code);
    if (MUT(p, Q_AFTER_403) && !upgrade) {
        iap_peer_ask(p, IAP_UPGRADE, now);
        return;
    }
    if (MUT(p, Q_AFTER_500) && upgrade && !p->s->no_tls && p->s->analyzer) {
        if (buf_add(&link_of(p)->out, slice_of(iap_peer_stray_hello, sizeof iap_peer_stray_hello)) != OK) iap_peer_end_now(p);
        return;
    }
    iap_peer_end_soon(p, now);
}

void iap_peer_set_up_channel(struct iap_peer *p, uint64_t now)
{
    struct iap_alert a = {.type = SLICE_LIT(IAP_MEDIA_TYPE), .body = SLICE_LIT("early")};
    if (MUT(p, Q_NO_CHANNEL)) {
        send_alert(p, &a, now);
        return;
    }
    iap_peer_ask(p, IAP_CHANNEL, now);
    if (MUT(p, Q_EARLY_CONTENT)) send_alert(p, &a, now);
}

static void on_answer_to_alert(struct iap_peer *p, uint16_t code, uint64_t now)
{
    uint64_t id = p->sent_id;
    if (!p->sent) return;
    p->sent = false;
    if (code != 200) iap_peer_tell(p, "alert rejected with %u", (unsigned)code);
    if (p->s->hooks.answered) p->s->hooks.answered(p->s->hooks.ctx, p, id, code);
    if (MUT(p, LEAVES)) iap_peer_end_soon(p, now);
}

static bool short_code(struct iap_peer *p, const struct iap_msg *m)
{
    if (!MUT(p, Q_SHORT_CODE) || m->code || p->begun) return false;
    p->begun = true;
    pretend(p, IAP_S_ACCEPTED);
    return true;
}

void iap_peer_on_response(struct iap_peer *p, const struct iap_msg *m, enum iap_state was, uint64_t now)
{
    enum iap_state is = state_of(p);
    if (MUT(p, Q_REFUSES_VIA) && m->via_n) {
        iap_peer_end_soon(p, now);
        return;
    }
    if (short_code(p, m)) is = IAP_S_ACCEPTED;
    if (is == IAP_S_LOST) {
        iap_peer_tell(p, "response %u out of place", (unsigned)m->code);
        iap_peer_end_soon(p, now);
        return;
    }
    if (was == IAP_S_SENT) {
        on_answer_to_alert(p, m->code, now);
        return;
    }
    if (is == IAP_S_ACCEPTED && was == IAP_S_ASKED) {
        if (MUT(p, Q_NO_UPGRADE)) {
            iap_peer_ask(p, IAP_CHANNEL, now);
            return;
        }
        iap_peer_ask(p, IAP_UPGRADE, now);
        if (MUT(p, Q_EARLY_HELLO) && !p->s->no_tls) {
            if (buf_add(&link_of(p)->out, slice_of(iap_peer_stray_hello, sizeof iap_peer_stray_hello)) != OK) iap_peer_end_now(p);
        }
    } else if (is == IAP_S_ACCEPTED && MUT(p, Q_SHORT_CODE)) {
        iap_peer_ask(p, IAP_UPGRADE, now);
    } else if (is == IAP_S_REFUSED) {
        on_refusal(p, m->code, was == IAP_S_UPGRADING, now);
    } else if (is == IAP_S_UPGRADED && MUT(p, NO_TLS_13)) {
        p->c.no_tls = p->c.track.no_tls = true;
        pretend(p, IAP_S_SECURED);
        iap_peer_set_up_channel(p, now);
    } else if (is == IAP_S_SECURED && p->s->no_tls) {
        iap_peer_set_up_channel(p, now);
    } else if (is == IAP_S_CHANNEL_REFUSED) {
        struct iap_alert a = {.type = SLICE_LIT(IAP_MEDIA_TYPE), .body = SLICE_LIT("refused")};
        iap_peer_tell(p, "peer refused the channel with %u", (unsigned)m->code);
        if (MUT(p, Q_AFTER_REFUSAL)) send_alert(p, &a, now);
        else iap_peer_close(p, now);
    } else if (is == IAP_S_READY && was == IAP_S_CHANNEL) {
        ready(p, now);
    }
}
