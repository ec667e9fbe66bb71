/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void
fail(const char *what, int error)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(error));
    exit(1);
}

double
clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int
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

void
read_mac(const char *text, uint8_t mac[6])
{
    if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
               &mac[5]) != 6)
        fail(text, EINVAL);
}

int
open_netns(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        fail(path, errno);
    return fd;
}

int
open_named_netns(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "/run/netns/%s", name);
    return open_netns(path);
}

void
enter_netns(int fd)
{
    if (setns(fd, CLONE_NEWNET))
        fail("enter a network namespace", errno);
    close(fd);
}

unsigned
ifindex_of(const char *device)
{
    unsigned ifindex = if_nametoindex(device);

    if (!ifindex)
        fail(device, errno);
    return ifindex;
}
