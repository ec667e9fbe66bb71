# SPDX-License-Identifier: Apache-2.0
# Restarts and upgrades under load: sudo make soak-restart, a part of make soak. A second build, of another map layout, is made for the
# upgrades; SOAK_ROUNDS restarts of each kind come one after the other.
SOAK_ROUNDS = 10
soak_env = $(AM_TESTS_ENVIRONMENT) \
	SHUNT_RESTARTS='$(SOAK_ROUNDS)'; OTHER_BUILD='$(abs_top_builddir)/other-layout'; \
	export SHUNT_RESTARTS OTHER_BUILD;
EXTRA_DIST += tests/soak/upgrade.py

other-layout/shuntd/shuntd: shuntd/shuntd
	@$(MKDIR_P) other-layout
	@cd other-layout && { test -f config.status || \
		'$(abs_top_srcdir)/configure' -q --enable-other-layout BPF_CLANG='$(BPF_CLANG)'; }
	@$(MAKE) -s -C other-layout $(BUILT_SOURCES)
	@$(MAKE) -s -C other-layout shuntd/shuntd

soak-restart: all bench/pktgen other-layout/shuntd/shuntd
	@$(soak_env) { $(top_srcdir)/tests/system/restart.py; $(top_srcdir)/tests/soak/upgrade.py; } | \
		tee soak-restart.log
	@$(top_srcdir)/tests/summary soak-restart.log
soak: soak-restart
.PHONY: soak soak-restart
