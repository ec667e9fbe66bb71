/* SPDX-License-Identifier: Apache-2.0 */
/* The part of bench/program.h that needs libbpf. */
#include <errno.h>
#include <linux/if_link.h>

#include <bpf/libbpf.h>

#include "bench/program.h"

void
bench_attach_xdp(unsigned ifindex, const struct bpf_program *program)
{
    int error = bpf_xdp_attach((int)ifindex, bpf_program__fd(program), XDP_FLAGS_DRV_MODE, NULL);

    if (error)
        fail("attach XDP", -error);
}

void
bench_attach_clsact(unsigned ifindex, const struct bpf_program *program)
{
    DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
    DECLARE_LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(program), .handle = 1,
                        .priority = 1, .flags = BPF_TC_F_REPLACE);
    int error = bpf_tc_hook_create(&hook);

    if (error && error != -EEXIST)
        fail("make clsact", -error);
    error = bpf_tc_attach(&hook, &opts);
    if (error)
        fail("attach TC", -error);
}
