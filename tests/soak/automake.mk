# SPDX-License-Identifier: Apache-2.0
# "sudo make soak" runs one part after the other, whatever became of the one before, and at the end says
# which failed; then it fails, too. Some alone: sudo make soak soak_parts="soak-unit analyze"
soak:
	@failed=; for part in $(soak_parts); do \
		$(MAKE) --no-print-directory $$part || failed="$$failed $$part"; \
	done; \
	set -- $$failed; test $$# -eq 0 && echo "soak: all $(words $(soak_parts)) parts passed" || \
		{ echo "soak: $$# of $(words $(soak_parts)) parts failed: $$*"; exit 1; }
.PHONY: soak
TESTS += tests/soak/parts
EXTRA_DIST += tests/soak/parts

# Restarts and upgrades under load: sudo make soak-restart. A second build, of another map layout, is
# made for the upgrades; SOAK_ROUNDS restarts of each kind come one after the other.
SOAK_ROUNDS = 10
soak_env = $(AM_TESTS_ENVIRONMENT) \
	SHUNT_RESTARTS='$(SOAK_ROUNDS)'; OTHER_BUILD='$(abs_top_builddir)/other-layout'; \
	export SHUNT_RESTARTS OTHER_BUILD;
EXTRA_DIST += tests/soak/upgrade.py tests/soak/million.py

other-layout/shuntd/shuntd: shuntd/shuntd
	@$(MKDIR_P) other-layout
	@cd other-layout && { test -f config.status || \
		'$(abs_top_srcdir)/configure' -q --enable-other-layout BPF_CLANG='$(BPF_CLANG)'; }
	@$(MAKE) -s -C other-layout $(BUILT_SOURCES)
	@$(MAKE) -s -C other-layout shuntd/shuntd

soak-restart: all bench/pktgen other-layout/shuntd/shuntd
	@$(soak_env) top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
		export top_srcdir top_builddir; \
		$(top_srcdir)/tests/each soak-restart.log $(top_srcdir)/tests/system/restart.py \
			$(top_srcdir)/tests/soak/upgrade.py $(top_srcdir)/tests/guest/switch

# 4,096 ports on a bridge, each allocation of some requests that fails, and a kill before each bpf(2)
# call of others: sudo make soak-faults.
soak-faults: all tests/system/preload.so
	@$(soak_env) SHUNT_PORTS=4096; SHUNT_FAULT_ROUNDS=2000; SHUNT_KILLS=0; \
		export SHUNT_PORTS SHUNT_FAULT_ROUNDS SHUNT_KILLS; \
		$(top_srcdir)/tests/each soak-faults.log $(top_srcdir)/tests/system/many_ports.py \
			'$(top_srcdir)/tests/system/shortages.py allocation' $(top_srcdir)/tests/system/kills.py
soak_parts += soak-restart soak-faults
.PHONY: soak-faults soak-restart

# A million flow entries: what of it the management socket notices.
soak-million: all
	@$(AM_TESTS_ENVIRONMENT) $(top_srcdir)/tests/each soak-million.log \
		$(top_srcdir)/tests/soak/million.py
soak_parts += soak-million
.PHONY: soak-million

# Floods, and controllers that misbehave, for longer than make check has time for.
soak-hostile: all bench/pktgen
	@$(soak_env) SOAK_ROUNDS='$(SOAK_ROUNDS)'; export SOAK_ROUNDS; \
		$(top_srcdir)/tests/each soak-hostile.log $(top_srcdir)/tests/system/fairness.py \
			$(top_srcdir)/tests/system/hostile_controllers.py
soak_parts += soak-hostile
.PHONY: soak-hostile
