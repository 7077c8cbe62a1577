# SPDX-License-Identifier: GPL-2.0
#
#	make			the tool, and postern.ko for the running kernel
#	make KDIR=DIR		postern.ko for the kernel whose headers are in DIR
#	make tools, make module	only one of them
#	make install		both, by DKMS and into PREFIX (/usr); DESTDIR= for packages
#	make uninstall		and away again
#	make deb		Debian packages, in build/
#	make demo		the main job on real servers and clients, in a guest
#	make check		every test in its short form, in guests
#	make check-all		everything that must hold, at full length; goes on where it stopped
#	make style		sparse, checkpatch, W=1, shellcheck, clang-format
#	make bench		postern beside nftables and iptables, measured; BENCH= its options
#	make bench-check	instructions of packets against those written down
#	make profile CASE	instructions of a case of make bench, by function of the kernel;
#				PROFILE=--writes: atomic operations, cache lines that are shared
#	make deps		install what make check needs on the host, and say what
#
# V=1 shows the commands.

VERSION := $(shell cat VERSION)
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
DESTDIR ?=
PREFIX ?= /usr

ifeq ($(V),1)
Q :=
say := @:
else
Q := @
say := @printf '  %-7s %s\n'
MAKEFLAGS += --no-print-directory
endif

libdir := $(DESTDIR)$(PREFIX)/lib
unitdir ?= $(PREFIX)/lib/systemd/system
libexecdir := $(DESTDIR)$(PREFIX)/libexec/postern
sharedir := $(DESTDIR)$(PREFIX)/share/postern
docdir := $(DESTDIR)$(PREFIX)/share/doc/postern
srcdir := $(DESTDIR)/usr/src/postern-$(VERSION)

# The tool first: it is there even if the kernel's headers are not.
all: tools module

# ---- build

tools: tools-deps
	$(Q)$(MAKE) -C tools prefix=$(PREFIX)

tools-deps:
	$(Q)selftests/deps --only-say tools

kbuild = $(MAKE) -C $(KDIR) M=$(CURDIR) \
	$(if $(wildcard $(KDIR)/vmlinux),,CONFIG_DEBUG_INFO_BTF_MODULES=)

module:
	$(Q)[ -e $(KDIR)/Makefile ] || { printf '%s\n' \
		'There are no kernel headers in $(KDIR): postern.ko cannot be built.' \
		'On Debian:                     apt install linux-headers-amd64' \
		'For another kernel than this:  make KDIR=/lib/modules/RELEASE/build' >&2; exit 1; }
	$(Q)$(kbuild) modules

clean:
	$(Q)$(MAKE) -C tools clean
	$(say) CLEAN kmod
	$(Q)rm -f postern.ko postern.o postern.mod postern.mod.[co] modules.order Module.symvers
	$(Q)rm -f .postern.* .Module.symvers.cmd .modules.order.cmd .module-common.o .module-common.o.cmd
	$(Q)find kmod -name '*.o' -o -name '.*.cmd' -o -name '.*.d' | xargs -r rm -f
	$(Q)rm -rf build .tmp_versions

# ---- install

install: tools install-module install-system install-tools
	$(if $(DESTDIR),,$(Q)dist/hints $(PREFIX))

install-tools:
	$(Q)$(MAKE) -C tools install DESTDIR=$(DESTDIR) prefix=$(PREFIX)

MODULE_FILES := Kbuild VERSION dkms.conf COPYING
MODULE_DIRS := kmod include LICENSES

# By DKMS, which builds it again for every kernel to come.
install-module:
	$(say) INSTALL $(srcdir)
	$(if $(DESTDIR),,$(Q)dist/dkms remove $(VERSION))
	$(Q)rm -rf $(srcdir)
	$(Q)install -d $(srcdir)
	$(Q)install -m 0644 $(MODULE_FILES) $(srcdir)
	$(Q)find $(MODULE_DIRS) -type f ! -name '.*' ! -name '*.o' \
		-exec install -D -m 0644 '{}' '$(srcdir)/{}' ';'
	$(if $(DESTDIR),,$(Q)dist/dkms install $(VERSION) $(KVER))

# The units and the guard say /usr; another PREFIX is put in its place.
install-system:
	$(say) INSTALL postern.service
	$(Q)install -d $(DESTDIR)$(unitdir) $(libdir)/modules-load.d $(libexecdir) $(docdir)/examples \
		$(DESTDIR)/etc/postern
	$(Q)sed 's,/usr/\(sbin/postern\|libexec\),$(PREFIX)/\1,' dist/postern.service \
		>$(DESTDIR)$(unitdir)/postern.service
	$(Q)sed 's,/usr/sbin/postern,$(PREFIX)/sbin/postern,' dist/postern-learn.service \
		>$(DESTDIR)$(unitdir)/postern-learn.service
	$(Q)chmod 0644 $(DESTDIR)$(unitdir)/postern.service $(DESTDIR)$(unitdir)/postern-learn.service
	$(Q)install -m 0755 dist/postern-guard $(libexecdir)
	$(Q)install -D -m 0644 dist/guard.nft $(sharedir)/guard.nft
	$(Q)install -m 0644 dist/modules-load.conf $(libdir)/modules-load.d/postern.conf
	$(Q)install -m 0644 README.md $(docdir)
	$(Q)install -m 0644 dist/modprobe.conf $(wildcard examples/*.conf examples/*.txt) $(docdir)/examples

uninstall:
	$(if $(DESTDIR),,$(Q)dist/dkms remove $(VERSION))
	$(say) REMOVE $(srcdir)
	$(Q)rm -rf $(srcdir) $(libexecdir) $(sharedir) $(docdir)
	$(Q)rm -f $(DESTDIR)$(unitdir)/postern.service $(DESTDIR)$(unitdir)/postern-learn.service \
		$(libdir)/modules-load.d/postern.conf
	$(Q)$(MAKE) -C tools uninstall DESTDIR=$(DESTDIR) prefix=$(PREFIX)

deb:
	$(Q)dist/deb build/deb

# ---- test: nothing is started on the host; see docs/development.md

check:
	$(Q)selftests/check

check-all:
	$(Q)selftests/check --all

demo:
	$(Q)selftests/deps guest tools
	$(Q)selftests/demo/run

style:
	$(Q)selftests/deps guest tools style
	$(Q)selftests/style.sh

bench:
	$(Q)selftests/deps guest tools style
	$(Q)selftests/bench/run $(BENCH)

bench-check:
	$(Q)selftests/deps guest tools
	$(Q)$(MAKE) -s -C tools
	$(Q)selftests/bench/boot --kernel icount --root "$$(selftests/roots/root servers)" --timeout 800 -- \
		selftests/bench.sh

# The words behind profile are its options, and no targets.
ifeq ($(firstword $(MAKECMDGOALS)),profile)
CASE ?= $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
$(eval $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS)) nothing: ; @:)
endif
profile:
	$(Q)selftests/deps guest tools style
	$(Q)selftests/bench/profile/run $(PROFILE) $(CASE)

deps:
	$(Q)selftests/deps guest tools style

.PHONY: all tools tools-deps module clean install install-module install-system install-tools uninstall deb \
	check check-all demo style bench bench-check profile deps
