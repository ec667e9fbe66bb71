# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += docs/architecture.md docs/conformance.md docs/errors.md docs/fast-path.md \
	docs/openflow-coverage.md docs/openflow-messages.md docs/performance.md docs/reliability.md \
	docs/slow-path.md
