# SPDX-License-Identifier: GPL-2.0
#
# What of the kernel's tools/testing/selftests/lib.mk this folder uses, for where
# there is no kernel tree: run_tests, install, emit_tests, clean.

timeout := $(shell sed -n 's/^timeout=//p' settings)

all:

# KTAP, one result a program; the program's own results are indented.
run_tests: all
	@bash run_tests.sh $(or $(timeout),45) $(TEST_PROGS)

install: all
	$(if $(INSTALL_PATH),,$(error INSTALL_PATH is not set))
	install -d $(INSTALL_PATH)
	cp -a Makefile lib.mk run_tests.sh $(TEST_PROGS) $(TEST_FILES) $(INSTALL_PATH)

emit_tests:
	@for t in $(TEST_PROGS); do echo "postern:$$t"; done

clean:

.PHONY: all run_tests install emit_tests clean
