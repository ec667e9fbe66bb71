/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/config.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/buf.h"
#include "lib/durable.h"
#include "lib/util.h"

#define FILE_VERSION 1

/* ---- Checksum ---- */
#define CRC_MEMBER "\"crc32\": \""
#define NO_CRC "00000000"
#define CRC_SIZE (sizeof NO_CRC - 1)

/* Writes what `text` should have as its crc32, and returns where it stands, or NULL. */
static char *
find_crc(char *text, size_t size, char crc[CRC_SIZE + 1])
{
    char *member = strstr(text, CRC_MEMBER), *at = member ? member + strlen(CRC_MEMBER) : NULL;
    uLong sum;

    if (!at || strlen(at) < CRC_SIZE)
        return NULL;
    sum = crc32_z(0, (const Bytef *)text, (size_t)(at - text));
    sum = crc32_z(sum, (const Bytef *)NO_CRC, CRC_SIZE);
    sum = crc32_z(sum, (const Bytef *)at + CRC_SIZE, size - CRC_SIZE - (size_t)(at - text));
    snprintf(crc, CRC_SIZE + 1, "%08lx", sum);
    return at;
}

/* ---- Writing ---- */

/* Text by hand: a tree of thousands of ports, for each of which the file is written, takes its
 * time. */

/* A name as JSON has it. False if it is no UTF-8. */
static bool
put_string(struct buf *text, const char *string)
{
    json_t *json = json_string(string);
    char *quoted = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
    bool is_text = quoted;

    if (is_text)
        buf_puts(text, quoted);
    free(quoted);
    json_decref(json);
    return is_text;
}

static bool
put_port(struct buf *text, const struct config_port *port)
{
    buf_puts(text, "\n        {\"device\": ");
    if (!put_string(text, port->device))
        return false;
    buf_printf(text,
               ", \"ofport\": %u, \"dp_port\": %u, \"hook\": \"%s\", \"peer\": \"%s\", "
               "\"promiscuous\": %s}",
               port->ofport, port->dp_port, config_hook_name(port->hook),
               config_peer_name(port->peer_off), port->promiscuous ? "true" : "false");
    return true;
}

static void
put_protocols(struct buf *text, uint32_t protocols)
{
    for (unsigned v = CONFIG_PROTOCOL_MIN; v <= CONFIG_PROTOCOL_MAX; v++) {
        if (protocols >> v & 1)
            buf_printf(text, "\"%s\", ", config_protocol_name(v));
    }
    buf_chomp(text, ' ');
    buf_chomp(text, ',');
}

/* A target without limits is a string. */
static bool
put_target(struct buf *text, const struct config_target *target)
{
    bool has_limits = target->rate_limit || target->burst_limit;

    buf_puts(text, has_limits ? "\n        {\"target\": " : "\n        ");
    if (!put_string(text, target->name))
        return false;
    if (has_limits)
        buf_printf(text, ", \"rate_limit\": %u, \"burst_limit\": %u}", target->rate_limit,
                   target->burst_limit);
    return true;
}

static bool
put_bridge(struct buf *text, const struct config_bridge *bridge)
{
    const uint8_t *mac = bridge->mac;
    bool ok;

    buf_puts(text, "\n    {\n      \"name\": ");
    ok = put_string(text, bridge->name);
    buf_printf(text, ",\n      \"datapath_id\": \"%016llx\"",
               (unsigned long long)bridge->datapath_id);
    buf_printf(text, ",\n      \"mac\": \"%02x:%02x:%02x:%02x:%02x:%02x\"", mac[0], mac[1], mac[2],
               mac[3], mac[4], mac[5]);
    buf_printf(text, ",\n      \"dp_port\": %u,\n      \"fail_mode\": \"%s\"", bridge->dp_port,
               bridge->standalone ? "standalone" : "secure");
    buf_puts(text, ",\n      \"protocols\": [");
    put_protocols(text, bridge->protocols);
    buf_printf(text, "],\n      \"n_tables\": %u,\n      \"controllers\": [", bridge->n_tables);
    for (size_t i = 0; ok && i < bridge->n_controllers; i++) {
        ok = put_target(text, &bridge->controllers[i]);
        buf_putc(text, ',');
    }
    buf_chomp(text, ',');
    buf_puts(text, "],\n      \"ports\": [");
    for (size_t i = 0; ok && i < bridge->n_ports; i++) {
        ok = put_port(text, &bridge->ports[i]);
        buf_putc(text, ',');
    }
    buf_chomp(text, ',');
    buf_puts(text, "]\n    },");
    return ok;
}

static int
encode(const struct config *config, struct buf *text)
{
    char *at, crc[CRC_SIZE + 1];
    bool ok = true;

    buf_printf(text, "{\n  \"version\": %d,\n  " CRC_MEMBER NO_CRC "\",\n  \"bridges\": [",
               FILE_VERSION);
    for (size_t i = 0; ok && i < config->n_bridges; i++)
        ok = put_bridge(text, &config->bridges[i]);
    buf_chomp(text, ',');
    buf_puts(text, "]\n}\n");
    buf_text(text);
    at = find_crc(text->data, text->size, crc);
    memcpy(at, crc, CRC_SIZE);
    return ok ? 0 : EILSEQ;
}

int
config_save(const char *path, const struct config *config, struct error *error)
{
    struct buf text = BUF_INITIALIZER;
    int err = encode(config, &text);

    if (!err)
        err = durable_replace(path, text.data, text.size);
    buf_destroy(&text);
    if (err)
        return error_set(error, err, "%s: the configuration could not be saved: %s", path,
                         strerror(err));
    return 0;
}

/* ---- Reading ---- */

/* Where the reader is, for its error lines. */
struct reader {
    const char *path;
    char where[64];
    struct error *error;
};

static int __attribute__((format(printf, 2, 3)))
damaged(const struct reader *reader, const char *format, ...)
{
    char text[300];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return error_set(reader->error, EBADMSG, "%s: %s: %s", reader->path, reader->where, text);
}

/* Passes a line that a check of one value has written on, with its place. */
static int
damaged_value(const struct reader *reader)
{
    struct error inner = *reader->error;

    return damaged(reader, "%s", inner.text);
}

static int
decode_port(struct reader *reader, json_t *json, struct config_port *port)
{
    const char *device, *hook, *peer = "auto";
    json_int_t ofport, dp_port;
    json_error_t json_error;
    int promiscuous = 0;

    if (json_unpack_ex(json, &json_error, 0, "{s:s, s:I, s:I, s:s, s?s, s?b !}", "device", &device,
                       "ofport", &ofport, "dp_port", &dp_port, "hook", &hook, "peer", &peer,
                       "promiscuous", &promiscuous))
        return damaged(reader, "%s", json_error.text);
    if (config_check_name("device", device, reader->error) ||
        config_parse_hook(hook, &port->hook, reader->error) ||
        config_parse_peer(peer, &port->peer_off, reader->error))
        return damaged_value(reader);
    if (ofport < 1 || ofport > CONFIG_OFPORT_MAX)
        return damaged(reader, "ofport %lld: want 1 to %d", ofport, CONFIG_OFPORT_MAX);
    if (dp_port < 1 || dp_port >= DP_MAX_PORTS)
        return damaged(reader, "dp_port %lld: want 1 to %d", dp_port, DP_MAX_PORTS - 1);
    snprintf(port->device, sizeof port->device, "%s", device);
    port->ofport = ofport;
    port->dp_port = dp_port;
    port->promiscuous = promiscuous;
    return 0;
}

static int
decode_ports(struct reader *reader, json_t *json, struct config_bridge *bridge)
{
    size_t where_size = strlen(reader->where);

    bridge->ports = xcalloc(json_array_size(json), sizeof *bridge->ports);
    for (size_t i = 0; i < json_array_size(json); i++) {
        int err;

        snprintf(reader->where + where_size, sizeof reader->where - where_size, ".ports[%zu]", i);
        err = decode_port(reader, json_array_get(json, i), &bridge->ports[i]);
        if (err)
            return err;
        bridge->n_ports++;
    }
    reader->where[where_size] = '\0';
    return 0;
}

static int
decode_limit(struct reader *reader, const json_t *json, const char *name, uint32_t *limit)
{
    const json_t *value = json_object_get(json, name);

    if (value && (!json_is_integer(value) || json_integer_value(value) < 0 ||
                  json_integer_value(value) > CONFIG_LIMIT_MAX))
        return damaged(reader, "controllers: %s: want 0 to %d", name, CONFIG_LIMIT_MAX);
    *limit = (uint32_t)json_integer_value(value);
    return 0;
}

static int
decode_target(struct reader *reader, const json_t *json, struct config_target *target)
{
    const char *name =
        json_string_value(json_is_object(json) ? json_object_get(json, "target") : json);
    int err;

    if (!name)
        return damaged(reader, "controllers: want strings, or objects with a target");
    if (config_check_target(name, reader->error))
        return damaged_value(reader);
    snprintf(target->name, CONFIG_TARGET_SIZE, "%s", name);
    err = decode_limit(reader, json, "rate_limit", &target->rate_limit);
    return err ? err : decode_limit(reader, json, "burst_limit", &target->burst_limit);
}

static int
decode_controllers(struct reader *reader, json_t *json, struct config_bridge *bridge)
{
    bridge->controllers = xcalloc(json_array_size(json), sizeof *bridge->controllers);
    for (size_t i = 0; i < json_array_size(json); i++) {
        int err = decode_target(reader, json_array_get(json, i), &bridge->controllers[i]);

        if (err)
            return err;
        bridge->n_controllers++;
    }
    return 0;
}

static int
decode_protocols(struct reader *reader, json_t *json, struct config_bridge *bridge)
{
    for (size_t i = 0; i < json_array_size(json); i++) {
        const char *name = json_string_value(json_array_get(json, i));

        if (!name)
            return damaged(reader, "protocols[%zu]: want a string", i);
        if (config_parse_protocol(name, &bridge->protocols, reader->error))
            return damaged_value(reader);
    }
    return bridge->protocols ? 0 : damaged(reader, "protocols: want at least one");
}

static int
decode_mac(struct reader *reader, const char *text, uint8_t mac[6])
{
    char end;

    if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &mac[0], &mac[1], &mac[2], &mac[3],
               &mac[4], &mac[5], &end) != 6 ||
        mac[0] & 1)
        return damaged(reader, "mac '%s': want a unicast address", text);
    return 0;
}

static int
decode_bridge(struct reader *reader, json_t *json, struct config_bridge *bridge)
{
    const char *name, *id, *mac, *fail_mode;
    json_t *protocols, *controllers, *ports;
    json_int_t dp_port, n_tables;
    json_error_t json_error;
    int err;

    if (json_unpack_ex(json, &json_error, 0, "{s:s, s:s, s:s, s:I, s:s, s:o, s:I, s:o, s:o !}",
                       "name", &name, "datapath_id", &id, "mac", &mac, "dp_port", &dp_port,
                       "fail_mode", &fail_mode, "protocols", &protocols, "n_tables", &n_tables,
                       "controllers", &controllers, "ports", &ports))
        return damaged(reader, "%s", json_error.text);
    if (!json_is_array(protocols) || !json_is_array(controllers) || !json_is_array(ports))
        return damaged(reader, "protocols, controllers and ports: want arrays");
    if (config_check_name("bridge", name, reader->error) ||
        config_parse_datapath_id(id, &bridge->datapath_id, reader->error))
        return damaged_value(reader);
    if (dp_port < 1 || dp_port >= DP_MAX_PORTS)
        return damaged(reader, "dp_port %lld: want 1 to %d", dp_port, DP_MAX_PORTS - 1);
    if (n_tables < 1 || n_tables > CONFIG_TABLES_MAX)
        return damaged(reader, "n_tables %lld: want 1 to %d", n_tables, CONFIG_TABLES_MAX);
    if (strcmp(fail_mode, "secure") && strcmp(fail_mode, "standalone"))
        return damaged(reader, "fail_mode '%s': want secure or standalone", fail_mode);
    snprintf(bridge->name, sizeof bridge->name, "%s", name);
    bridge->dp_port = dp_port;
    bridge->n_tables = n_tables;
    bridge->standalone = !strcmp(fail_mode, "standalone");
    err = decode_mac(reader, mac, bridge->mac);
    if (!err)
        err = decode_protocols(reader, protocols, bridge);
    if (!err)
        err = decode_controllers(reader, controllers, bridge);
    return err ? err : decode_ports(reader, ports, bridge);
}

/* What has to be unique over the whole file. */
struct uniqueness {
    bool dp_ports[DP_MAX_PORTS];
    json_t *names;   /* A set: an object's keys. */
    json_t *ofports; /* Of the bridge at hand. */
};

static int
claim_name(const struct reader *reader, json_t *set, const char *name)
{
    if (json_object_get(set, name))
        return damaged(reader, "'%s' is there twice", name);
    return json_object_set_new(set, name, json_true()) ? ENOMEM : 0;
}

static int
claim_dp_port(const struct reader *reader, struct uniqueness *unique, uint32_t dp_port)
{
    if (unique->dp_ports[dp_port])
        return damaged(reader, "dp_port %u is there twice", dp_port);
    unique->dp_ports[dp_port] = true;
    return 0;
}

static int
claim_bridge(const struct reader *reader, struct uniqueness *unique,
             const struct config_bridge *bridge)
{
    int err = claim_name(reader, unique->names, bridge->name);

    if (!err)
        err = claim_dp_port(reader, unique, bridge->dp_port);
    json_object_clear(unique->ofports);
    for (size_t i = 0; !err && i < bridge->n_ports; i++) {
        const struct config_port *port = &bridge->ports[i];
        char ofport[24];

        snprintf(ofport, sizeof ofport, "ofport %u", port->ofport);
        err = claim_name(reader, unique->names, port->device);
        if (!err)
            err = claim_dp_port(reader, unique, port->dp_port);
        if (!err)
            err = claim_name(reader, unique->ofports, ofport);
    }
    return err;
}

static int
decode_bridges(struct reader *reader, json_t *bridges, struct config *config)
{
    struct uniqueness unique = {.names = json_object(), .ofports = json_object()};
    int err = 0;

    config->bridges = xcalloc(json_array_size(bridges), sizeof *config->bridges);
    for (size_t i = 0; !err && i < json_array_size(bridges); i++) {
        struct config_bridge *bridge = &config->bridges[config->n_bridges++];

        snprintf(reader->where, sizeof reader->where, "bridges[%zu]", i);
        err = decode_bridge(reader, json_array_get(bridges, i), bridge);
        if (!err)
            err = claim_bridge(reader, &unique, bridge);
    }
    json_decref(unique.names);
    json_decref(unique.ofports);
    return err;
}

static int
read_text(const char *path, struct buf *buf)
{
    FILE *file = fopen(path, "re");
    int err = errno;
    char part[4096];
    size_t n;

    assert(file || err);
    if (!file)
        return err;
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        buf_put(buf, part, n);
    err = ferror(file) ? EIO : 0;
    buf_put(buf, "", 1);
    fclose(file);
    return err;
}

/* A file that was edited by hand has no crc32. */
static int
check_crc(const struct reader *reader, struct buf *text, const char *said)
{
    char crc[CRC_SIZE + 1];

    if (!said || (find_crc((char *)text->data, text->size - 1, crc) && !strcmp(said, crc)))
        return 0;
    return damaged(reader,
                   "crc32 '%.8s' is not that of the content: who changed it by hand "
                   "removes this line",
                   said);
}

static int
decode(struct reader *reader, struct buf *text, json_t *root, struct config *config)
{
    const char *crc = NULL;
    json_error_t json_error;
    json_t *bridges;
    int version, err;

    if (json_unpack_ex(root, &json_error, 0, "{s:i, s?s, s:o !}", "version", &version, "crc32",
                       &crc, "bridges", &bridges))
        return damaged(reader, "%s", json_error.text);
    if (version != FILE_VERSION)
        return damaged(reader, "version %d: want %d", version, FILE_VERSION);
    if (!json_is_array(bridges))
        return damaged(reader, "bridges: want an array");
    err = check_crc(reader, text, crc);
    return err ? err : decode_bridges(reader, bridges, config);
}

int
config_load(const char *path, struct config *config, struct error *error)
{
    struct reader reader = {.path = path, .where = "the file", .error = error};
    struct buf text = BUF_INITIALIZER;
    json_error_t json_error;
    json_t *root = NULL;
    int err = read_text(path, &text);

    memset(config, 0, sizeof *config);
    if (err) {
        err = err == ENOENT ? ENOENT : error_set(error, err, "%s: %s", path, strerror(err));
    } else {
        root =
            json_loadb((const char *)text.data, text.size - 1, JSON_REJECT_DUPLICATES, &json_error);
        err = root ? decode(&reader, &text, root, config)
                   : error_set(error, EBADMSG, "%s: line %d: %s", path, json_error.line,
                               json_error.text);
    }
    json_decref(root);
    buf_destroy(&text);
    if (err)
        config_free(config);
    return err;
}

void
config_free_bridge(struct config_bridge *bridge)
{
    if (bridge) {
        free(bridge->controllers);
        free(bridge->ports);
    }
}

void
config_free(struct config *config)
{
    for (size_t i = 0; i < config->n_bridges; i++)
        config_free_bridge(&config->bridges[i]);
    free(config->bridges);
    memset(config, 0, sizeof *config);
}
