# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += docs/openflow-messages.md docs/slow-path.md docs/performance.md
