/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs of bench have in common: ending with one line, time, network namespaces, other
 * commands, programs on devices. None of it returns after an error: it says "PROGRAM: WHAT: WHY" on
 * standard error and exits with 1. An `error` is a positive errno. */
#ifndef SHUNT_BENCH_PROGRAM_H
#define SHUNT_BENCH_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct bpf_program;

__attribute__((noreturn)) void fail(const char *what, int error);

/* Nanoseconds on the clock, to be subtracted from a later call's. */
double clock_ns(clockid_t clock);

/* Waits until the command has ended; its exit status. */
int run_command(char **command);

void read_mac(const char *text, uint8_t mac[6]);

/* A file descriptor of a network namespace, for enter_netns(), which closes it. */
int open_netns(const char *path);
int open_named_netns(const char *name); /* Of ip-netns(8). */
void enter_netns(int fd);

unsigned ifindex_of(const char *device);

/* In the driver. */
void bench_attach_xdp(unsigned ifindex, const struct bpf_program *program);

/* At the ingress of the clsact qdisc, which is made if there is none. */
void bench_attach_clsact(unsigned ifindex, const struct bpf_program *program);

/* That comes in by a device. */
struct bench_frame {
    const void *data;
    uint32_t size; /* Bytes. */
    unsigned ifindex;
    bool is_xdp;
};

/* Nanoseconds that a run of the program takes beyond an empty program's, in test runs. The frame
 * has to leave the program as it came: the next run gets it so. */
double program_net_ns(int program_fd, const struct bench_frame *frame);

#endif
