/* SPDX-License-Identifier: Apache-2.0 */
/* The part of bench/program.h that times a program by itself. No clock helper of BPF is used: the
 * kernel times all runs together. */
#include <errno.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>

#include "bench/program.h"

#define N_RUNS 200000 /* That are timed together. */
#define N_TRIES 15    /* The quickest counts: other work only adds. */

static double
run_ns(int program_fd, const struct bench_frame *frame)
{
    struct xdp_md xdp = {.data_end = frame->size, .ingress_ifindex = frame->ifindex};
    struct __sk_buff skb = {.ifindex = frame->ifindex};
    DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->data,
                        .data_size_in = frame->size,
                        .ctx_in = frame->is_xdp ? (void *)&xdp : (void *)&skb,
                        .ctx_size_in = frame->is_xdp ? sizeof xdp : sizeof skb, .repeat = N_RUNS);
    int err = bpf_prog_test_run_opts(program_fd, &opts);

    if (err)
        fail("test run", -err);
    return opts.duration + 0.5; /* The kernel cuts off the fraction. */
}

static int
load_empty(bool is_xdp)
{
    const struct bpf_insn insns[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = is_xdp ? XDP_PASS : 0},
        {.code = BPF_JMP | BPF_EXIT},
    };
    int fd = bpf_prog_load(is_xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS, "empty", "GPL",
                           insns, sizeof insns / sizeof *insns, NULL);

    if (fd < 0)
        fail("load an empty program", -fd);
    return fd;
}

double
program_net_ns(int program_fd, const struct bench_frame *frame)
{
    int empty_fd = load_empty(frame->is_xdp);
    double least_ns = run_ns(program_fd, frame), least_empty_ns = run_ns(empty_fd, frame);

    for (int i = 1; i < N_TRIES; i++) {
        double ns = run_ns(program_fd, frame), empty_ns = run_ns(empty_fd, frame);

        least_ns = ns < least_ns ? ns : least_ns;
        least_empty_ns = empty_ns < least_empty_ns ? empty_ns : least_empty_ns;
    }
    return least_ns - least_empty_ns;
}
