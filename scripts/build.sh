#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Configures and builds out of tree: build.sh [BUILD-DIR [CONFIGURE-OPTION...]]
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$top/_build}
shift || true

[ -x "$top/configure" ] || (cd "$top" && autoreconf -fi >/dev/null 2>&1) ||
    { echo "$0: autoreconf failed; run it in $top to see why" >&2; exit 1; }
mkdir -p "$build"
cd "$build"
[ -f config.status ] || "$top/configure" -q "$@"
make -s -j"$(nproc)" >/dev/null
