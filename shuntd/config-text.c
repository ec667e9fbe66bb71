/* SPDX-License-Identifier: Apache-2.0 */
/* Names and small texts of the configuration. */
#include "shuntd/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "ofproto/endpoint.h"

static const char *const hook_names[] = {
    [DP_HOOK_AUTO] = "auto",
    [DP_HOOK_XDP] = "xdp",
    [DP_HOOK_TC] = "tc",
};

static const char *const protocol_names[] = {
    [1] = "OpenFlow10",
    [4] = "OpenFlow13",
    [5] = "OpenFlow14",
    [6] = "OpenFlow15",
};

int
config_check_name(const char *what, const char *name, struct error *error)
{
    size_t length = strlen(name);

    if (!length || length >= IFNAMSIZ)
        return error_set(error, EINVAL, "%s '%s': a name has 1 to %d characters, this one has %zu",
                         what, name, IFNAMSIZ - 1, length);
    if (!strcmp(name, ".") || !strcmp(name, ".."))
        return error_set(error, EINVAL, "%s '%s': not a name that a device can have", what, name);
    for (const char *p = name; *p; p++) {
        if (strchr("/:%", *p) || !isgraph((unsigned char)*p)) /* The kernel fills in a %d. */
            return error_set(error, EINVAL,
                             "%s '%s': character %td: a name has no '/', ':', spaces, '%%' or "
                             "characters outside of ASCII",
                             what, name, p - name + 1);
    }
    return 0;
}

int
config_check_target(const char *target, struct error *error)
{
    char why[256];
    struct endpoint endpoint;

    if (strlen(target) >= CONFIG_TARGET_SIZE)
        return error_set(error, EINVAL, "controller '%.40s...': longer than %d characters", target,
                         CONFIG_TARGET_SIZE - 1);
    if (endpoint_parse(target, &endpoint, why, sizeof why))
        return error_set(error, EINVAL, "%s", why);
    return 0;
}

const char *
config_hook_name(enum dp_hook hook)
{
    return hook_names[hook];
}

int
config_parse_hook(const char *text, enum dp_hook *hook, struct error *error)
{
    for (size_t i = 0; i < ARRAY_SIZE(hook_names); i++) {
        if (!strcmp(text, hook_names[i])) {
            *hook = i;
            return 0;
        }
    }
    return error_set(error, EINVAL, "hook '%s': want auto, xdp or tc", text);
}

const char *
config_peer_name(bool peer_off)
{
    return peer_off ? "off" : "auto";
}

int
config_parse_peer(const char *text, bool *peer_off, struct error *error)
{
    *peer_off = !strcmp(text, "off");
    if (*peer_off || !strcmp(text, "auto"))
        return 0;
    return error_set(error, EINVAL, "peer '%s': want auto or off", text);
}

const char *
config_protocol_name(unsigned version)
{
    return version < ARRAY_SIZE(protocol_names) ? protocol_names[version] : NULL;
}

int
config_parse_protocol(const char *text, uint32_t *protocols, struct error *error)
{
    for (unsigned v = CONFIG_PROTOCOL_MIN; v <= CONFIG_PROTOCOL_MAX; v++) {
        if (protocol_names[v] && !strcasecmp(text, protocol_names[v])) {
            *protocols |= 1u << v;
            return 0;
        }
    }
    return error_set(error, EINVAL,
                     "protocol '%s': want OpenFlow10, OpenFlow13, OpenFlow14 or OpenFlow15", text);
}

int
config_parse_datapath_id(const char *text, uint64_t *id, struct error *error)
{
    size_t n = strspn(text, "0123456789abcdefABCDEF");

    *id = strtoull(text, NULL, 16);
    if (n != 16 || text[n] || !*id)
        return error_set(error, EINVAL,
                         "datapath id '%s': want 16 hexadecimal digits that are not all zero",
                         text);
    return 0;
}
