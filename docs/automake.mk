# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += docs/openflow-messages.md docs/performance.md
