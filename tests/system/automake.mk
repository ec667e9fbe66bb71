# SPDX-License-Identifier: Apache-2.0
# Whole switches in namespaces; they need root, and skip without.
TESTS += tests/system/daemon.py
EXTRA_DIST += tests/system/daemon.py tests/system/harness.py
