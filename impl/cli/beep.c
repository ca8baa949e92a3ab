/* SPDX-License-Identifier: MIT */
/* What the commands share about BEEP: names of profiles and mechanisms, and users from a file. */
#include <string.h>

#include "cli/cli.h"
#include "codec/beep_mgmt.h"
#include "run/play_beep.h"

int cli_beep_profile(const char *option, const char *uri)
{
    if (!uri) return CLI_OK;
    size_t n = strlen(uri);
    for (size_t i = 0; i < n; i++) {
        if (uri[i] <= ' ' || uri[i] >= 127) return cli_error("%s: a URI has no blanks, and nothing but ASCII", option);
    }
    if (!n || n >= PLAY_BEEP_URI) return cli_error("%s: a URI of 1 to %d octets is wanted", option, PLAY_BEEP_URI - 1);
    if (strcmp(uri, BEEP_URI_TLS) == 0 || strncmp(uri, BEEP_URI_SASL, sizeof BEEP_URI_SASL - 1) == 0)
        return cli_error("%s: %s is for tuning; one for data is wanted", option, uri);
    return CLI_OK;
}

int cli_sasl_mechanism(const char *name)
{
    const char *words[SASL_MECHS + 1] = {NULL};
    for (int i = 0; i < SASL_MECHS; i++)
        words[i] = sasl_mech_names[i];
    return !name || cli_word("--sasl-mechanism", name, words) >= 0 ? CLI_OK : CLI_USE;
}

bool cli_sasl_password(const char *mechanism)
{
    enum sasl_mech m = sasl_mech_find(slice_str(mechanism));
    return m != SASL_ANONYMOUS && m != SASL_EXTERNAL;
}

int cli_sasl_users(const struct env *env, const char *option, const char *path, struct sasl_users **out)
{
    char why[400] = "";
    bool loose = false;
    *out = NULL;
    if (!path) return CLI_OK;
    if (sasl_users_read(env, path, out, &loose, why, sizeof why) != OK) return cli_error("%s: %s", option, *why ? why : "out of memory");
    if (loose) cli_error("%s: %s: others can read or change it", option, path);
    if (sasl_users_count(*out)) return CLI_OK;
    sasl_users_free(*out);
    *out = NULL;
    return cli_error("%s: %s: nobody is in it", option, path);
}
