# SPDX-License-Identifier: Apache-2.0
# The switch beside a plain interpreter of OpenFlow; needs root. "make check" runs a few rule sets,
# "make soak-differential" a thousand from SOAK_SEED on, with a million packets on both hooks.
TESTS += tests/differential/differential.py
EXTRA_DIST += tests/differential/differential.py tests/differential/frames.py \
	tests/differential/reference.py tests/differential/rules.py

SOAK_SEED = 1
soak-differential: all
	@top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' ROUNDS=1000 VARIANTS=10 \
		PACKETS=1000000 SEED='$(SOAK_SEED)' $(top_srcdir)/tests/each soak-differential.log \
		$(top_srcdir)/tests/differential/differential.py
soak_parts += soak-differential
.PHONY: soak-differential
