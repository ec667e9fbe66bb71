/* SPDX-License-Identifier: Apache-2.0 */
/* Redirects between two devices, both ways, by programs that do nothing else, while a command runs.
 *
 *   bare --hook xdp|clsact|tcx|peer|flow:FLOWS|table:FLOWS A B COMMAND...
 *
 * peer: by clsact, to the other device's peer, which has to be in another namespace. flow, table:
 * by XDP, behind a read of the flow, or of a bucket that says where the flow is and then of that,
 * in memory for FLOWS flows, a power of two. Exit status: the command's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/bare.skel.h"
#include "bench/program.h"
#include "lib/util.h"

#define ATTACH_TCX_INGRESS 46 /* Of Linux 6.6: headers may be older. */

static void
redirect_xdp(unsigned int in, uint32_t out, const struct bare_bpf *skel,
             const struct bpf_program *program)
{
    uint32_t slot = 0;

    if (bpf_map_update_elem(bpf_map__fd(skel->maps.out_port), &slot, &out, 0))
        fail("name the other device", errno);
    bench_attach_xdp(in, program);
}

/* What stands behind the prefix, or NULL. */
static const char *
behind(const char *prefix, const char *hook)
{
    return strncmp(hook, prefix, strlen(prefix)) ? NULL : hook + strlen(prefix);
}

static void
size_table(const char *number, const struct bare_bpf *skel)
{
    unsigned long n_flows;

    if (!parse_decimal(number, 1 << 24, &n_flows) || !n_flows || n_flows & (n_flows - 1))
        fail(number, EINVAL);
    skel->rodata->n_flows = n_flows;
    bpf_map__set_max_entries(skel->maps.buckets, (n_flows + 1) / 2);
    bpf_map__set_max_entries(skel->maps.flows, n_flows);
}

static void
attach(const char *hook, unsigned int in, unsigned int out)
{
    struct bare_bpf *skel = bare_bpf__open();
    const char *one_read = behind("flow:", hook), *two_reads = behind("table:", hook);

    if (!skel)
        fail("open BPF programs", errno);
    skel->rodata->out_ifindex = out;
    if (one_read || two_reads)
        size_table(one_read ? one_read : two_reads, skel);
    if (bare_bpf__load(skel))
        fail("load BPF programs", errno);
    if (!strcmp(hook, "xdp"))
        redirect_xdp(in, out, skel, skel->progs.bare_xdp);
    else if (one_read)
        redirect_xdp(in, out, skel, skel->progs.bare_flow);
    else if (two_reads)
        redirect_xdp(in, out, skel, skel->progs.bare_table);
    else if (!strcmp(hook, "clsact"))
        bench_attach_clsact(in, skel->progs.bare_tc);
    else if (!strcmp(hook, "peer"))
        bench_attach_clsact(in, skel->progs.bare_peer);
    else if (strcmp(hook, "tcx"))
        fail(hook, EINVAL);
    else if (bpf_link_create(bpf_program__fd(skel->progs.bare_tc), (int)in,
                             (enum bpf_attach_type)ATTACH_TCX_INGRESS, NULL) < 0)
        fail("attach tcx", errno);
}

static void
detach(unsigned int ifindex)
{
    DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
                        .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

    bpf_xdp_detach((int)ifindex, 0, NULL);
    bpf_tc_hook_destroy(&hook);
}

static int
quiet(enum libbpf_print_level level, const char *format, va_list args)
{
    /* It is not an error that there is nothing to take off. */
    return level == LIBBPF_WARN && strstr(format, "Kernel error message") ? 0
           : level == LIBBPF_DEBUG                                        ? 0
                                   : vfprintf(stderr, format, args);
}

int
main(int argc, char **argv)
{
    unsigned int a, b;
    int status;

    if (argc < 6 || strcmp(argv[1], "--hook")) {
        fprintf(stderr,
                "usage: bare --hook xdp|clsact|tcx|peer|flow:FLOWS|table:FLOWS A B COMMAND...\n");
        return 1;
    }
    a = ifindex_of(argv[3]);
    b = ifindex_of(argv[4]);
    libbpf_set_print(quiet);
    attach(argv[2], a, b);
    attach(argv[2], b, a);
    status = run_command(&argv[5]);
    detach(a);
    detach(b);
    return status;
}
