/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/serve.h"

static const struct argp_option options[] = {
    {"listen", OPT_LISTEN, "H:P", 0, "take connections here; 127.0.0.1:0 for any free port (printed)", 1},
    {"connect", OPT_CONNECT, "H:P", 0, "open the connection to H:P, again and again", 1},
    {"once", OPT_ONCE, NULL, 0, "with --connect: end when the first connection ended", 1},
    {"deadline", OPT_DEADLINE, "S", 0, "end a connection whose set-up takes longer (default 60)", 1},
    {"idle", OPT_IDLE, "S", 0, "end a connection on which nothing comes for so long (default: never)", 1},
    {"max-content", OPT_CONTENT, "OCTETS", 0, "largest alert, or message, that is taken (default 4194304)", 1},
    {NULL, 0, NULL, 0, "IAP:", 2},
    {"host", OPT_HOST, "NAME", 0, "name to put into the connect request; default: the address of --connect", 2},
    {"next-hop", OPT_NEXT_HOP, "[NAME=]H:P", 0, "proxy: connect onwards to H:P, with NAME= only for requests for that host; may be repeated.  "
     "Requests for any other host are answered 403 (7.5)", 2},
    {"identity", OPT_IDENTITY, "NAME", 0, "proxy: the host in its Via lines; default: made of port and host name", 2},
    {"store", OPT_STORE, "DIR", 0, "manager, of IDXP as well: keep alerts in DIR before they are acknowledged", 2},
    {"refuse", OPT_REFUSE, NULL, 0, "answer every connect request with 403", 2},
    {"type", OPT_TYPE, "TYPE", 0, "analyzer: media type of the alerts; of IDXP text/xml, text/plain or application/octet-stream (default: what each file looks like)", 2},
    {"pad", OPT_PAD, "N|uniform:N", 0, "analyzer: pad alerts with blanks to a multiple of N octets, or to a length drawn evenly up to N (7.4)", 2},
    {"style", OPT_STYLE, "sent|example|grammar", 0, "form to write where the draft contradicts itself", 2},
    {NULL, 0, NULL, 0, "BEEP:", 3},
    {"profile", OPT_PROFILE, "URI", 0, "offer that profile too, as one that echoes; initiator: start it rather than the others", 3},
    {"need-tls", OPT_NEED_TLS, NULL, 0, "listener: no profile for data before TLS", 3},
    {"need-auth", OPT_NEED_AUTH, NULL, 0, "listener: no profile for data before authentication", 3},
    {"unavailable", OPT_UNAVAILABLE, NULL, 0, "listener: answer each connection with error 421", 3},
    {"sasl-users", OPT_SASL_USERS, "FILE", 0, "listener: who may come in, as lines of `user password'; without it only ANONYMOUS and EXTERNAL are offered", 3},
    {"sasl-user", OPT_SASL_USER, "FILE", 0, "initiator: who it is, as a line of `user password'", 3},
    {"sasl-mechanism", OPT_SASL_MECHANISM, "NAME", 0, "initiator: authenticate yourself by that mechanism first", 3},
    {"wait-tls", OPT_WAIT_TLS, NULL, 0, "initiator: offer TLS in place of asking for it", 3},
    {"bare", OPT_BARE, NULL, 0, "initiator: start channels of TLS and SASL without content", 3},
    {"server-name", OPT_SERVER_NAME, "NAME", 0, "listener: the only serverName that is served; initiator: the one to ask for", 3},
    {"window", OPT_WINDOW, "OCTETS", 0, "window on each channel (default 16384, at least 4096)", 3},
    {"frame", OPT_FRAME, "OCTETS", 0, "largest payload of a frame (default 912)", 3},
    {"every", OPT_EVERY, "S", 0, "initiator: time between messages (default 1)", 3},
    {NULL, 0, NULL, 0, "IDXP (--sasl-users, --sasl-user, --sasl-mechanism, --need-auth, --store, --type and --every as well):", 4},
    {"dialect", OPT_DIALECT, "draft|rfc", 0, "that of draft-ietf-idwg-beep-idxp-01, or that of RFC 4767 (default); oe-parser: of draft-richardson-ipsec-opportunistic-03, or of RFC 4322 (default)", 4},
    {"uri", OPT_URI, "URI", 0, "its name in greetings (default: made of the host's)", 4},
    {"fqdn", OPT_FQDN, "NAME", 0, "its host name in greetings (default: none)", 4},
    {"policy", OPT_POLICY, "FILE", 0, "who may be what, as lines of `allow uri=... subject=... role=... kind=...' (default: everybody)", 4},
    {"allow-clear", OPT_ALLOW_CLEAR, NULL, 0, "serve peers without TLS too, though there is a certificate (default: 530)", 4},
    {"via", OPT_VIA, "HOP", 0, "with --connect: by a tunnel through that proxy, H:P; may be repeated, outermost first", 4},
    {"via-user", OPT_VIA_USER, "FILE", 0, "with --via: who it is to the first proxy, as a line of `user password'", 4},
    {"via-mechanism", OPT_VIA_MECHANISM, "NAME", 0, "with --via-user: by which mechanism (default SCRAM-SHA-256)", 4},
    {"stream", OPT_STREAM, "alert|heartbeat|config", 0, "with --connect: a channel for messages of that kind; may be repeated (default: one for all)", 4},
    {"priority", OPT_PRIORITY, "N", 0, "channelPriority in greetings (0 is the highest)", 4},
    {"pipeline", OPT_PIPELINE, "N", 0, "analyzer: messages that may be without an answer (default 16)", 4},
    {"embed", OPT_EMBED, NULL, 0, "with --connect: greet in the start of the channel", 4},
    {"no-target", OPT_NO_TARGET, NULL, 0, "with --listen: no tunnel ends here", 4},
    {"max-sessions", OPT_MAX_SESSIONS, "N", 0, "with --listen: answer further ones with 421 (default 1000)", 4},
    {NULL, 0, NULL, 0, "tunnel-proxy (with --sasl-users):", 5},
    {"access", OPT_ACCESS, "FILE", 0, "who may go where, as lines of `allow identity=NAME to=HOST:PORT' (default: whoever authenticated, anywhere)", 5},
    {"open", OPT_OPEN, NULL, 0, "ask nobody who he is", 5},
    {"hops", OPT_HOPS, "N", 0, "longest chain that is taken (default 32)", 5},
    {"hop-user", OPT_HOP_USER, "FILE", 0, "who it is to the next proxy, as a line of `user password' (default: nobody)", 5},
    {"hop-mechanism", OPT_HOP_MECHANISM, "NAME", 0, "by which mechanism (default SCRAM-SHA-256)", 5},
    {"profile-map", OPT_PROFILE_MAP, "URI=H:P", 0, "where tunnels to that profile lead; may be repeated", 5},
    {"endpoint-map", OPT_ENDPOINT_MAP, "NAME=H:P", 0, "where tunnels to that endpoint lead; may be repeated", 5},
    {"routed-only", OPT_ROUTED_ONLY, NULL, 0, "no tunnels but to such profiles and endpoints", 5},
    {"self", OPT_SELF, "HOST[:P]", 0, "a name of this proxy, beside where it listens: a tunnel to it is a loop; may be repeated", 5},
    {"resolver", OPT_RESOLVER, "H:P", 0, "name server (default: the system's)", 5},
    {NULL, 0, NULL, 0, "oe-gateway:", 7},
    {"dns", OPT_DNS, "H:P", 0, "the name server to ask where `begin' names none (default: none)", 7},
    {"mutate", OPT_MUTATE, "NAME", 0, "make one deliberate mistake: see draftproof mutants", 8},
    {"verbose", 'v', NULL, 0, "tell what happens on standard error", 8},
    {0}};

static const struct serve_proto *const protos[] = {&serve_iap, &serve_beep, &serve_idxp, &serve_oe, NULL};

static const struct serve_proto *proto_of(const struct run_proto *p)
{
    for (size_t i = 0; protos[i]; i++) {
        if (protos[i]->proto == p) return protos[i];
    }
    return NULL;
}

static error_t parse_own(int key, char *arg, struct argp_state *state)
{
    struct serve *s = state->input;
    unsigned known = 0;
    /* the role may stand behind it: whoever knows it takes it */
    for (size_t i = 0; protos[i]; i++)
        if (protos[i]->parse(s, key, arg, state) == 0) known |= 1u << i;
    if (!known) return ARGP_ERR_UNKNOWN;
    if (s->owns < SERVE_OWN) s->own[s->owns++] = (struct serve_own){known, key};
    return 0;
}

/* The options of one protocol say nothing to the roles of another. */
static int check_own(const struct serve *s)
{
    char roles[400], all[800];
    for (size_t i = 0; i < s->owns; i++) {
        const struct argp_option *a = options;
        bool mine = false;
        all[0] = 0;
        for (size_t k = 0; protos[k]; k++) {
            if (!(s->own[i].protos & 1u << k)) continue;
            mine |= protos[k]->proto == s->o.proto;
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", *all ? "," : "", run_role_names(protos[k]->proto, ~0u, roles, sizeof roles));
        }
        if (mine) continue;
        while (a->key != s->own[i].key)
            a++;
        return cli_error("--%s says nothing to %s: it is for %s", a->name, s->o.role->name, all);
    }
    return CLI_OK;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct serve *s = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &s->talk; return 0;
    case OPT_LISTEN: s->o.listen = arg; return 0;
    case OPT_CONNECT: s->o.connect = arg; return 0;
    case OPT_ONCE: s->o.reconnect = false; return 0;
    case OPT_DEADLINE: s->env.limits.setup_ms = (uint32_t)cli_want(cli_seconds("--deadline", arg)); return 0;
    case OPT_IDLE: s->env.limits.idle_ms = (uint32_t)cli_want(cli_seconds("--idle", arg)); return 0;
    case OPT_CONTENT:
        s->env.limits.content = (size_t)cli_want(cli_number("--max-content", arg, 1, 1 << 30));
        s->env.limits.out_queue = 2 * s->env.limits.content + 65536;
        return 0;
    case OPT_MUTATE: s->mutant = arg; return 0;
    case 'v': s->o.verbose = true; return 0;
    case ARGP_KEY_ARG:
        if (!s->o.role) {
            s->o.role = cli_role(arg, &s->o.proto);
            if (!s->o.role) exit(CLI_USE);
            return 0;
        }
        if (cli_alerts_add(&s->alerts, arg) != CLI_OK) exit(CLI_USE);
        return 0;
    default: return parse_own(key, arg, state);
    }
}

static void say(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "%s\n", text);
}

static int check_use(struct serve *s)
{
    struct server_options *o = &s->o;
    const struct run_role *role = o->role;
    char list[400];
    run_role_list(" or ", list, sizeof list);
    if (!role) return cli_error("serve what?  %s", list);
    if (!o->proto->server || !proto_of(o->proto)) return cli_error("there is no %s to be run", role->name);
    if (s->mutant) o->mutant = cli_mutant(o->proto, s->mutant);
    if (s->mutant && !o->mutant) return CLI_USE;
    if (role->adapter) {
        if (o->listen || o->connect) return cli_error("%s talks over standard input and output: --listen and --connect say nothing to it", role->name);
        if (cli_talk_none(&s->talk, role) != CLI_OK || check_own(s) != CLI_OK) return CLI_USE;
        return proto_of(o->proto)->check(s);
    }
    if (role->ways == RUN_PROXY && !o->listen && !o->connect) return cli_error("a proxy listens: give --listen");
    if (!o->listen == !o->connect) return cli_error("give either --listen or --connect");
    if (role->ways == RUN_PROXY && o->connect) return cli_error("a proxy listens: give --listen");
    if (o->connect && role->ways == RUN_LISTENS) return cli_error("%s listens: give --listen", role->name);
    if (o->listen && role->ways == RUN_CONNECTS) return cli_error("%s connects: give --connect", role->name);
    int status = check_own(s);
    if (status == CLI_OK) status = proto_of(o->proto)->check(s);
    return status == CLI_OK ? cli_address("--connect", o->connect) : status;
}

int cli_serve(int argc, char **argv)
{
    static const struct argp_child children[] = {{&cli_talk_argp, 0, NULL, 0}, {0}};
    char doc[1100], roles[400];
    const struct argp argp = {options, parse, "ROLE [FILE...]", doc, children, NULL, NULL};
    struct serve s = {.iap = {.style = iap_style_sent}, .idxp = {.o = {.dialect = IDXP_RFC}}, .oe = {.dialect = OE_RFC}};
    struct tls_context *tls = NULL;
    char why[300] = "";
    env_init(&s.env);
    s.o = (struct server_options){.env = &s.env, .reconnect = true, .listening = cli_listening, .say = say};
    cli_alerts_init(&s.alerts);
    run_role_list(" or ", roles, sizeof roles);
    snprintf(doc, sizeof doc,
             "Runs a reference peer: ROLE is %s.  Prints `listening on H:P' once it takes connections, ends with status 0 on SIGTERM.  An analyzer sends each FILE "
             "(three samples without any) on every connection, then stays.  A BEEP listener offers a profile that echoes and one that answers many times over; an "
             "initiator starts a channel with the first of them that is offered, and sends a message now and then.  A tunnel-proxy connects onwards to where it is asked to.  oe-parser and oe-gateway answer JSON lines on standard input, one for each, and end with it.", roles);
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER * 0, NULL, &s);
    int status = check_use(&s);
    if (status == CLI_OK) status = proto_of(s.o.proto)->ready(&s, &tls);
    if (status == CLI_OK) {
        if (s.o.role->adapter) s.talk.tls = RUN_TLS_OFF;
        s.o.no_tls = s.talk.tls == RUN_TLS_OFF;
        s.o.tls = tls;
        if (server_run(&s.o, why, sizeof why) != OK) status = cli_error("%s", *why ? why : "out of memory");
    }
    tls_context_free(tls);
    tls_context_free(s.second);
    sasl_users_free(s.users);
    serve_idxp_done(&s);
    cli_alerts_done(&s.alerts);
    return status;
}
