/* SPDX-License-Identifier: Apache-2.0 */
/* Redirects between two devices, both ways, by programs that do nothing else, while a command runs.
 *
 *   bare --hook xdp|clsact|tcx|peer A B COMMAND...
 *
 * peer: by clsact, to the other device's peer, which has to be in another namespace. Exit status:
 * the command's. */
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/bare.skel.h"

#define ATTACH_TCX_INGRESS 46 /* Of Linux 6.6: headers may be older. */

static void
fail(const char *what, int err)
{
    fprintf(stderr, "bare: %s: %s\n", what, strerror(err < 0 ? -err : err));
    exit(1);
}

static void
attach_xdp(int in, uint32_t out, const struct bare_bpf *skel)
{
    uint32_t slot = 0;
    int err = bpf_map_update_elem(bpf_map__fd(skel->maps.out_port), &slot, &out, 0);

    if (!err)
        err = bpf_xdp_attach(in, bpf_program__fd(skel->progs.bare_xdp), XDP_FLAGS_DRV_MODE, NULL);
    if (err)
        fail("attach XDP", err);
}

static void
attach_clsact(int in, const struct bpf_program *program)
{
    DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = in, .attach_point = BPF_TC_INGRESS);
    DECLARE_LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(program), .handle = 1,
                        .priority = 1, .flags = BPF_TC_F_REPLACE);
    int err = bpf_tc_hook_create(&hook);

    if (err && err != -EEXIST)
        fail("make clsact", err);
    err = bpf_tc_attach(&hook, &opts);
    if (err)
        fail("attach TC", err);
}

static void
attach(const char *hook, unsigned int in, unsigned int out)
{
    struct bare_bpf *skel = bare_bpf__open();

    if (!skel)
        fail("open BPF programs", errno);
    skel->rodata->out_ifindex = out;
    if (bare_bpf__load(skel))
        fail("load BPF programs", errno);
    if (!strcmp(hook, "xdp"))
        attach_xdp((int)in, out, skel);
    else if (!strcmp(hook, "clsact"))
        attach_clsact((int)in, skel->progs.bare_tc);
    else if (!strcmp(hook, "peer"))
        attach_clsact((int)in, skel->progs.bare_peer);
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
run_command(char **command)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        fail(command[0], errno);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
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
        fprintf(stderr, "usage: bare --hook xdp|clsact|tcx|peer A B COMMAND...\n");
        return 1;
    }
    a = if_nametoindex(argv[3]);
    b = if_nametoindex(argv[4]);
    if (!a || !b)
        fail(argv[a ? 4 : 3], ENODEV);
    libbpf_set_print(quiet);
    attach(argv[2], a, b);
    attach(argv[2], b, a);
    status = run_command(&argv[5]);
    detach(a);
    detach(b);
    return status;
}
