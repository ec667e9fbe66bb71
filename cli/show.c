/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show.h"

#include <stdbool.h>
#include <stdio.h>

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static long long
number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static bool
flag_of(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static void
print_troubles(const json_t *result)
{
    const json_t *trouble;
    size_t i;

    json_array_foreach(json_object_get(result, "troubles"), i, trouble)
    {
        printf("trouble for %.1f s", (double)number_of(trouble, "lasts_ms") / 1000);
        if (json_object_get(trouble, "unit"))
            printf(", %lld %s", number_of(trouble, "n"), text_of(trouble, "unit"));
        printf(": %s\n", text_of(trouble, "what"));
    }
}

static void
print_port_number(const json_t *port)
{
    const json_t *ofport = json_object_get(port, "ofport");

    if (json_is_integer(ofport))
        printf("%lld", (long long)json_integer_value(ofport));
    else
        fputs(text_of(port, "ofport"), stdout);
}

static void
print_port(const json_t *port)
{
    fputs("    port ", stdout);
    print_port_number(port);
    printf(" %s:", text_of(port, "device"));
    if (json_object_get(port, "hook"))
        printf(" %s (%s),", text_of(port, "hook"), text_of(port, "why"));
    if (json_object_get(port, "kind")) {
        printf(" %s %s, mac %s, mtu %lld", text_of(port, "kind"),
               !flag_of(port, "admin_up") ? "down"
               : flag_of(port, "carrier") ? "up"
                                          : "up without carrier",
               text_of(port, "mac"), number_of(port, "mtu"));
        if (number_of(port, "speed_mbps"))
            printf(", %lld Mb/s", number_of(port, "speed_mbps"));
    }
    if (json_object_get(port, "peer_why"))
        printf(", %s (%s)", flag_of(port, "to_peer") ? "straight to its peer" : "not to its peer",
               text_of(port, "peer_why"));
    if (json_object_get(port, "error"))
        printf(" %s", text_of(port, "error"));
    putchar('\n');
}

static void
print_joined(const json_t *names)
{
    const json_t *name;
    size_t i;

    json_array_foreach(names, i, name)
    {
        printf("%s%s", i ? ", " : "", json_string_value(name));
    }
}

/* What there is to say of connections that do not do as they should. */
static void
print_counters(const json_t *target)
{
    static const struct {
        const char *name, *text;
    } counters[] = {
        {"refused", "connections refused"},          {"packet_ins_dropped", "packet-ins dropped"},
        {"async_dropped", "other messages dropped"}, {"errors_sent", "errors sent"},
        {"unread_bytes", "bytes not read yet"},
    };
    const char *error = text_of(target, "last_error");

    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        if (number_of(target, counters[i].name))
            printf(", %lld %s", number_of(target, counters[i].name), counters[i].text);
    }
    if (*error)
        printf(" (%s)", error);
    putchar('\n');
}

static void
print_controller(const json_t *controller)
{
    printf("    controller %s", text_of(controller, "target"));
    if (json_object_get(controller, "connections"))
        printf(": %lld connections", number_of(controller, "connections"));
    else
        printf(": %s", flag_of(controller, "connected") ? "connected" : "not connected");
    if (json_object_get(controller, "protocol"))
        printf(", %s", text_of(controller, "protocol"));
    if (json_object_get(controller, "controller_rate_limit"))
        printf(", %lld packet-ins a second and %lld at once",
               number_of(controller, "controller_rate_limit"),
               number_of(controller, "controller_burst_limit"));
    print_counters(controller);
}

static void
print_management(const json_t *management)
{
    printf("    management: %lld connections", number_of(management, "connections"));
    print_counters(management);
}

void
show_print_bridges(const json_t *result)
{
    const json_t *bridge, *item, *management = json_object_get(result, "management");
    size_t i, j;

    print_troubles(result);
    if (*text_of(result, "former_died"))
        printf("the daemon before this one ended without a stop, which was found at %s\n",
               text_of(result, "former_died"));
    if (number_of(management, "refused"))
        printf("%lld connections of shuntctl refused\n", number_of(management, "refused"));
    json_array_foreach(json_object_get(result, "bridges"), i, bridge)
    {
        printf("bridge %s: datapath id %s, fail mode %s, %lld tables\n", text_of(bridge, "name"),
               text_of(bridge, "datapath_id"), text_of(bridge, "fail_mode"),
               number_of(bridge, "n_tables"));
        fputs("    protocols ", stdout);
        print_joined(json_object_get(bridge, "protocols"));
        putchar('\n');
        json_array_foreach(json_object_get(bridge, "controllers"), j, item)
        {
            print_controller(item);
        }
        print_management(json_object_get(bridge, "management"));
        json_array_foreach(json_object_get(bridge, "ports"), j, item)
        {
            print_port(item);
        }
    }
}

static void
print_datapath_port(const json_t *port)
{
    const json_t *stats = json_object_get(port, "stats");

    printf("port %lld: %s (%s)\n", number_of(port, "dp_port"), text_of(port, "device"),
           json_object_get(port, "hook") ? text_of(port, "hook") : text_of(port, "error"));
    if (!json_is_object(stats))
        return;
    printf("    rx: packets %lld, bytes %lld, dropped %lld\n", number_of(stats, "rx_packets"),
           number_of(stats, "rx_bytes"), number_of(stats, "rx_dropped"));
    printf("    tx: packets %lld, bytes %lld, dropped %lld\n", number_of(stats, "tx_packets"),
           number_of(stats, "tx_bytes"), number_of(stats, "tx_dropped"));
    printf("    upcalls: %lld, lost %lld (ring full %lld, rate %lld)\n",
           number_of(stats, "upcalls"), number_of(stats, "upcalls_lost"),
           number_of(stats, "lost_ring_full"), number_of(stats, "lost_rate"));
    printf("    flows: %lld, link changes: %lld\n", number_of(port, "flows"),
           number_of(port, "link_changes"));
}

/* "upcalls: misses 5, slow 0, ..." for each member. */
static void
print_slow_path(json_t *slow_path)
{
    const char *what, *name;
    json_t *numbers, *number;

    json_object_foreach(slow_path, what, numbers)
    {
        const char *separator = " ";

        printf("slow path %s:", what);
        json_object_foreach(numbers, name, number)
        {
            printf("%s%s %lld", separator, name, (long long)json_integer_value(number));
            separator = ", ";
        }
        putchar('\n');
    }
}

/* Of flows, in bytes. */
static void
print_memory(const json_t *memory)
{
    const json_t *flow = json_object_get(memory, "flow");

    printf("memory: maps %lld MiB, daemon %lld KiB, with all flows in use %lld MiB",
           number_of(memory, "maps") >> 20, number_of(memory, "daemon") >> 10,
           number_of(memory, "daemon_max") >> 20);
    printf(" (a flow: maps %lld bytes, buckets up to %lld, each processor %lld, daemon %lld)\n",
           number_of(flow, "maps"), number_of(flow, "buckets_max"),
           number_of(flow, "each_processor"), number_of(flow, "daemon"));
}

void
show_print_datapath(const json_t *result)
{
    const json_t *packets = json_object_get(result, "packets");
    const json_t *lookups = json_object_get(result, "lookups");
    const json_t *held = json_object_get(result, "held");
    json_t *dropped = json_object_get(result, "dropped"), *value;
    const char *reason;
    size_t i;

    print_troubles(result);
    printf("packets: received %lld, forwarded %lld, consumed %lld, outputs %lld\n",
           number_of(packets, "received"), number_of(packets, "forwarded"),
           number_of(packets, "consumed"), number_of(packets, "outputs"));
    printf("lookups: cache hits %lld, megaflow hits %lld, misses %lld, masks tried %lld\n",
           number_of(lookups, "cache_hits"), number_of(lookups, "megaflow_hits"),
           number_of(lookups, "misses"), number_of(lookups, "masks_tried"));
    printf("held: packets %lld, expired %lld, refused %lld, large %lld\n",
           number_of(held, "packets"), number_of(held, "expired"), number_of(held, "refused"),
           number_of(held, "large"));
    print_slow_path(json_object_get(result, "slow_path"));
    printf("flows: %lld of %lld, limit %lld, masks %lld, last revalidation %.3f ms\n",
           number_of(result, "flows"), number_of(result, "max_flows"),
           number_of(result, "flow_limit"), number_of(result, "masks"),
           (double)number_of(result, "revalidation_us") / 1000);
    print_memory(json_object_get(result, "memory"));
    json_object_foreach(dropped, reason, value)
    {
        if (json_integer_value(value))
            printf("dropped: %s %lld\n", reason, (long long)json_integer_value(value));
    }
    json_array_foreach(json_object_get(result, "ports"), i, value)
    {
        print_datapath_port(value);
    }
}
