/* SPDX-License-Identifier: Apache-2.0 */
/* ofp-codec [SECONDS]: flow mods decoded and encoded a second on one core, and heap allocations a
 * message. The flow mod is of OpenFlow 1.3, with ten match fields and three actions.
 *
 * Allocations are counted by wrapping malloc (ld --wrap), so a message that needs none shows 0. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/program.h"
#include "lib/util.h"
#include "ofproto/openflow.h"

static unsigned long n_allocations;

void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *
__wrap_malloc(size_t size)
{
    n_allocations++;
    return __real_malloc(size);
}

void *
__wrap_realloc(void *old, size_t size)
{
    n_allocations++;
    return __real_realloc(old, size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    n_allocations++;
    return __real_calloc(n, size);
}

/* CPU time, so that other processes on the machine count little. */
static double
now_s(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9;
}

/* ADD table=0 priority=100 of a TCP connection that is rewritten, put in a queue and sent out. */
static int
make_flow_add(struct of_buf *out)
{
    static const uint8_t source[6] = {2, 0, 0, 0, 0, 1}, target[6] = {2, 0, 0, 0, 0, 2};
    struct of_oxm_in_port in_port = {{OF_OXM_IN_PORT, 4, 0}, 1};
    struct of_oxm_eth_dst eth_dst = {.object = {OF_OXM_ETH_DST, 4, 0}};
    struct of_oxm_eth_src eth_src = {.object = {OF_OXM_ETH_SRC, 4, 0}};
    struct of_oxm_eth_type eth_type = {{OF_OXM_ETH_TYPE, 4, 0}, 0x800};
    struct of_oxm_vlan_vid vlan_vid = {{OF_OXM_VLAN_VID, 4, 0}, 0x1064};
    struct of_oxm_ip_proto ip_proto = {{OF_OXM_IP_PROTO, 4, 0}, 6};
    struct of_oxm_ipv4_src_masked src = {{OF_OXM_IPV4_SRC_MASKED, 4, 0}, 0x0a000000, 0xff000000};
    struct of_oxm_ipv4_dst dst = {{OF_OXM_IPV4_DST, 4, 0}, 0xc0a80001};
    struct of_oxm_tcp_src tcp_src = {{OF_OXM_TCP_SRC, 4, 0}, 40000};
    struct of_oxm_tcp_dst tcp_dst = {{OF_OXM_TCP_DST, 4, 0}, 443};
    struct of_oxm *fields[] = {(struct of_oxm *)&in_port,  (struct of_oxm *)&eth_dst,
                               (struct of_oxm *)&eth_src,  (struct of_oxm *)&eth_type,
                               (struct of_oxm *)&vlan_vid, (struct of_oxm *)&ip_proto,
                               (struct of_oxm *)&src,      (struct of_oxm *)&dst,
                               (struct of_oxm *)&tcp_src,  (struct of_oxm *)&tcp_dst};
    struct of_action_set_field set = {{OF_ACTION_SET_FIELD, 4, 0},
                                      .field = (struct of_oxm *)&eth_dst};
    struct of_action_set_queue queue = {{OF_ACTION_SET_QUEUE, 4, 0}, 1};
    struct of_action_output output = {{OF_ACTION_OUTPUT, 4, 0}, .port = 2};
    struct of_action *actions[] = {(struct of_action *)&set, (struct of_action *)&queue,
                                   (struct of_action *)&output};
    struct of_instruction_apply_actions apply = {{OF_INSTRUCTION_APPLY_ACTIONS, 4, 0},
                                                 {ARRAY_SIZE(actions), actions}};
    struct of_instruction *instructions[] = {(struct of_instruction *)&apply};
    struct of_flow_add add = {
        .object = {OF_FLOW_ADD, 4, 0},
        .priority = 100,
        .match.oxm_list = {ARRAY_SIZE(fields), fields},
        .instructions = {1, instructions},
    };

    memcpy(eth_dst.value, target, sizeof target);
    memcpy(eth_src.value, source, sizeof source);
    return of_msg_encode((struct of_header *)&add, out);
}

static void
report(const char *what, size_t size, unsigned long n, double seconds, unsigned long n_allocs)
{
    printf("%s of %zu bytes: %.2f million/s, %.0f ns, %.3f allocations each\n", what, size,
           (double)n / seconds / 1e6, seconds / (double)n * 1e9, (double)n_allocs / (double)n);
}

static void
measure_decode(const struct of_buf *in, double seconds)
{
    uint8_t buf[OF_ARENA_BUF_SIZE];
    unsigned long n = 0, allocs_before = n_allocations;
    double start = now_s(), end;
    struct of_arena arena;
    struct of_header *msg;
    struct of_error error;

    of_arena_init(&arena, buf, sizeof buf);
    do {
        for (size_t i = 0; i < 10000; i++, n++) {
            of_arena_reset(&arena);
            if (of_msg_decode(&arena, in->data, in->size, &msg, &error))
                abort();
        }
        end = now_s();
    } while (end - start < seconds);
    report("decode flow mods", in->size, n, end - start, n_allocations - allocs_before);
    of_arena_destroy(&arena);
}

static void
measure_encode(const struct of_buf *in, double seconds)
{
    uint8_t buf[OF_ARENA_BUF_SIZE], out_bytes[1024];
    unsigned long n = 0, allocs_before = n_allocations;
    double start, end;
    struct of_arena arena;
    struct of_header *msg;
    struct of_error error;
    struct of_buf out;

    of_arena_init(&arena, buf, sizeof buf);
    of_buf_init_fixed(&out, out_bytes, sizeof out_bytes);
    if (of_msg_decode(&arena, in->data, in->size, &msg, &error))
        abort();
    start = now_s();
    do {
        for (size_t i = 0; i < 10000; i++, n++) {
            out.size = 0;
            if (of_msg_encode(msg, &out))
                abort();
        }
        end = now_s();
    } while (end - start < seconds);
    report("encode flow mods", in->size, n, end - start, n_allocations - allocs_before);
    of_arena_destroy(&arena);
}

int
main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 2;
    struct of_buf message = OF_BUF_INITIALIZER;

    if (seconds <= 0 || make_flow_add(&message)) {
        fprintf(stderr, "usage: ofp-codec [SECONDS above 0]\n");
        return 1;
    }
    measure_decode(&message, seconds);
    measure_encode(&message, seconds);
    of_buf_destroy(&message);
    return 0;
}
