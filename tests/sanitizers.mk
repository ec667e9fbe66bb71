# SPDX-License-Identifier: Apache-2.0
# The tests on builds with sanitizers, of which each has a directory of its own: "make check-address"
# (ASan with leaks at exit, and UBSan), "make check-thread" (TSan); both by "make check-sanitizers",
# a part of soak. System tests need root. Some: make check-thread SANITIZED_TESTS=tests/system/traffic.py
sanitizers = address thread
SANITIZED_TESTS = $(filter-out tests/guest/% tests/check-% tests/analyze \
	tests/datapath/actions-6.1,$(TESTS))
# How many times longer than else a test waits for what has to come.
SLOWNESS = 5

$(sanitizers:%=sanitizers/%/Makefile):
	@$(MKDIR_P) $(@D)
	cd $(@D) && '$(abs_top_srcdir)/configure' -q --enable-sanitizers=$(notdir $(@D)) \
		CFLAGS='-g -O1' BPF_CLANG='$(BPF_CLANG)'
$(sanitizers:%=check-%): check-%: sanitizers/%/Makefile
	@$(MAKE) -s -C sanitizers/$* all
	@SHUNT_SLOWNESS=$(SLOWNESS) $(MAKE) -s -k -C sanitizers/$* check TESTS='$(SANITIZED_TESTS)'
check-sanitizers:
	@status=0; for sanitizer in $(sanitizers); do \
		$(MAKE) -s check-$$sanitizer || status=1; \
	done; exit $$status
soak_parts += check-sanitizers
.PHONY: check-sanitizers $(sanitizers:%=check-%)
clean-local: clean-sanitizers
clean-sanitizers:
	rm -rf sanitizers
.PHONY: clean-sanitizers
