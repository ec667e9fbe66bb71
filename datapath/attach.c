/* SPDX-License-Identifier: Apache-2.0 */
/* Programs on devices: XDP by a bpf_link, TC by a tcx link where the kernel has it (6.6), by a
 * clsact filter else. A pinned link holds the program there without this process, and is given
 * the new program in place when a daemon takes over. */
#include "datapath/dp-internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/util.h"

/* enum bpf_attach_type of Linux 6.6; the headers that this builds with may be older. */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47

/* Where our clsact filter stands: the numbers tell it from others'. */
#define CLSACT_PRIORITY 0x5348
#define CLSACT_HANDLE 1

static void
link_pin_path(const struct dp *dp, const char *pin, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.4000s/attached/%s", dp->pin_dir, pin);
}

/* Takes over a pinned link. 0: it runs our program now. */
static int
link_adopt(const struct dp *dp, const char *pin, int program_fd, int *link_fd)
{
    char path[PATH_MAX];
    int fd;

    if (!pin || !dp->pin_dir[0])
        return ENOENT;
    link_pin_path(dp, pin, path);
    fd = bpf_obj_get(path);
    if (fd < 0)
        return errno;
    if (bpf_link_update(fd, program_fd, NULL)) {
        close(fd);
        unlink(path);
        return ENODEV;
    }
    *link_fd = fd;
    return 0;
}

static int
link_pin(const struct dp *dp, const char *pin, int link_fd)
{
    char path[PATH_MAX];

    if (!pin || !dp->pin_dir[0])
        return 0;
    link_pin_path(dp, pin, path);
    unlink(path);
    if (bpf_obj_pin(link_fd, path))
        return dp_fail(errno, "%s: cannot be pinned: %s", path, strerror(errno));
    return 0;
}

static int
link_finish(const struct dp *dp, const char *pin, int fd, int *link_fd)
{
    int error = link_pin(dp, pin, fd);

    if (error)
        close(fd);
    else
        *link_fd = fd;
    return error;
}

static int
xdp_link_create(int program_fd, unsigned int ifindex, unsigned int mode)
{
    LIBBPF_OPTS(bpf_link_create_opts, options, .flags = mode);

    return bpf_link_create(program_fd, ifindex, BPF_XDP, &options);
}

int
attach_xdp(struct dp *dp, unsigned int ifindex, const char *pin, int *link_fd, bool *generic)
{
    int program_fd = dp_program_fd(dp, DP_HOOK_XDP, "shunt_port"), fd;

    *generic = false;
    if (!link_adopt(dp, pin, program_fd, link_fd))
        return 0;
    fd = xdp_link_create(program_fd, ifindex, XDP_FLAGS_DRV_MODE);
    if (fd < 0 && errno != EBUSY && errno != EEXIST) {
        *generic = true;
        fd = xdp_link_create(program_fd, ifindex, XDP_FLAGS_SKB_MODE);
    }
    if (fd < 0)
        return dp_fail(errno == EEXIST ? EBUSY : errno, "XDP: %s",
                       errno == EBUSY || errno == EEXIST
                           ? "another program is attached there: detach it (ip link set dev ... "
                             "xdp off), or use hook=tc"
                           : strerror(errno));
    return link_finish(dp, pin, fd, link_fd);
}

int
attach_xdp_inject(struct dp *dp, unsigned int ifindex, int *link_fd)
{
    int fd = xdp_link_create(dp_program_fd(dp, DP_HOOK_XDP, "shunt_inject"), ifindex,
                             XDP_FLAGS_DRV_MODE);

    if (fd < 0)
        return errno;
    *link_fd = fd;
    return 0;
}

static int
clsact_attach(int program_fd, unsigned int ifindex, bool egress, enum attach_tc_how *how)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
                .attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
    LIBBPF_OPTS(bpf_tc_opts, options, .handle = CLSACT_HANDLE, .priority = CLSACT_PRIORITY,
                .prog_fd = program_fd, .flags = BPF_TC_F_REPLACE);
    int error = -bpf_tc_hook_create(&hook);

    *how = error ? ATTACHED_CLSACT : ATTACHED_OWN_CLSACT;
    if (!error || error == EEXIST)
        error = -bpf_tc_attach(&hook, &options);
    return error ? dp_fail(error, "a clsact filter: %s", strerror(error)) : 0;
}

void
detach_clsact(unsigned int ifindex, bool own_qdisc)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
    LIBBPF_OPTS(bpf_tc_opts, options, .handle = CLSACT_HANDLE, .priority = CLSACT_PRIORITY);

    bpf_tc_detach(&hook, &options);
    hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
    if (own_qdisc)
        bpf_tc_hook_destroy(&hook);
}

int
attach_tc(struct dp *dp, unsigned int ifindex, bool egress, const char *pin, int *link_fd,
          enum attach_tc_how *how)
{
    int program_fd = dp_program_fd(dp, DP_HOOK_TC, egress ? "shunt_inject" : "shunt_port"), fd;

    *how = ATTACHED_TCX;
    if (!link_adopt(dp, pin, program_fd, link_fd))
        return 0;
    fd = bpf_link_create(program_fd, ifindex,
                         (enum bpf_attach_type)(egress ? ATTACH_TCX_EGRESS : ATTACH_TCX_INGRESS),
                         NULL);
    if (fd >= 0)
        return link_finish(dp, pin, fd, link_fd);
    if (errno != EINVAL)
        return dp_fail(errno, "tcx: %s", strerror(errno));
    return clsact_attach(program_fd, ifindex, egress, how);
}

void
detach(struct dp *dp, const char *pin, int *link_fd)
{
    char path[PATH_MAX];

    if (pin && dp->pin_dir[0]) {
        link_pin_path(dp, pin, path);
        unlink(path);
    }
    if (*link_fd >= 0)
        close(*link_fd);
    *link_fd = -1;
}
