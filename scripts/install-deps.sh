#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that a task needs, those that are missing only.
#   install-deps.sh build|run|test|bench ...     (run: what the demo uses)
set -eu

declare -A packages=(
    [build]="build-essential autoconf automake pkg-config python3 clang llvm bpftool libbpf-dev
        libelf-dev zlib1g-dev libmnl-dev libevent-dev libssl-dev libjansson-dev libcap-ng-dev"
    [run]="iproute2 iputils-ping iperf3 ethtool qemu-system-x86 busybox-static cpio
        linux-image-amd64 kmod python3-os-ken openvswitch-common"
    [test]="libcmocka-dev clang-19 libclang-rt-14-dev clang-format cppcheck openvswitch-switch
        openvswitch-testcontroller python3-scapy python3-netaddr netsniff-ng tcpdump socat jq
        openssl procps python3-tinyrpc debootstrap e2fsprogs"
    [bench]="netsniff-ng gnuplot-nox openvswitch-switch iperf3 ethtool qemu-system-x86 busybox-static cpio
        linux-image-amd64 kmod valgrind"
)

[ $# -gt 0 ] || { echo "usage: $0 build|run|test|bench ..." >&2; exit 1; }
wanted=()
for task; do
    [ -n "${packages[$task]:-}" ] ||
        { echo "$0: unknown task '$task': use build, run, test or bench" >&2; exit 1; }
    # shellcheck disable=SC2206
    wanted+=(${packages[$task]})
done

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null)" = "ii " ]
}

missing=()
for p in "${wanted[@]}"; do
    is_installed "$p" || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0
[ "$(id -u)" = 0 ] ||
    { echo "$0: missing packages: ${missing[*]}; run as root to install them" >&2; exit 1; }

echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# A package must not start its daemons here: Open vSwitch is used by tests on their own sockets.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
    trap 'rm -f $policy' EXIT
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
