#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Random policies, and packets that lie near their edges.

    generate.py SEED FOLDER [rpc]   writes FOLDER/policy.conf and the files that it reads;
                                    also RPC services, of which the model knows nothing

The universe is small, so that rules meet: zone i has 10.0.i.0/28 and
2001:db8:0:i::/124; 198.51.100.0/28, 203.0.113.0/28 and 2001:db8:77::/124 lie behind the
first two zones, and 10.9.0.0/28, 2001:db8:9::/124 behind interfaces in no zone.
"""
import ipaddress
import os
import random
import sys

ZONE_NAMES = ["outside", "dmz", "inside", "lab"]
PORTS = [1, 22, 25, 53, 79, 80, 81, 255, 256, 257, 443, 1023, 1024, 65534, 65535]
BUILTINS = ["smtp", "submission", "dns", "https", "http", "ssh", "ntp", "kerberos", "echo",
            "ping", "imap", "x400", "ident"]
RPC_BUILTINS = ["exchange-client", "exchange-client-st", "exchange-intrasite", "site-connector"]
INTERFACES = ["exchange-ds", "exchange-is", "exchange-rfr", "exchange-mta", "drsuapi", "netlogon",
              "lsarpc", "ntds-backup", "ntds-backup version 1", "exchange-is version 0.5", "frs",
              "print-notify", "12345678-1234-abcd-ef00-0123456789ab",
              "12345678-1234-ABCD-EF00-0123456789ab version 1.7",
              "F5CC59B4-4264-101A-8C59-08002B2F8426", "5261574a-4572-206e-b268-6b199213b4e4",
              "01020304-0506-0708-090a-0b0c0d0e0f10 version 65535.65535"]
RPC_OPTIONS = ["idle 20s", "idle 86400s", "idle 20001ms", "idle 1m", "pinholes 1", "pinholes 1024",
               "lookup allow", "lookup deny", "sealed deny", "sealed allow-pinned", "bind strict",
               "tower strict", "resume refuse"]
RATES = ["1/second", "10/second", "1000000/second", "7/minute", "59/minute", "3600000000/hour",
         "1/day", "86400/day", "4294967295/day"]
TIMES = ["1s", "1000ms", "1001ms", "90s", "1h", "24h"]
RPC_MEMORY = ["remember no", "remember 60s", "remember 7d", "remember 8h", "remember 61001ms",
              "bind observe", "bind observe remember no", "remember no bind observe"]
# services of single ports of TCP
SINGLE = ["smtp", "submission", "ssh", "http", "tcp 25", "tcp { 25, 587 }", "tcp 65535"]
VERBS = ["unknown", "helo", "VRFY", "expn", "turn", "bdat", "x-link2state", "Xexch50", "xoorg"]
SIZES = ["1024", "1K", "50M", "1024G", "1099511627776", "1025", "10240K"]
DOMAINS = ["a", "acme.example", ".acme.example", "ACME.test", ".xn--bcher-kva.example",
           "_x.9-9.example", "b" * 63 + ".example"]
NETS4 = ["198.51.100.0", "203.0.113.0"]
NETS6 = ["2001:db8:77::"]


def base4(net):
    return int(ipaddress.IPv4Address(net))


def base6(net):
    return int(ipaddress.IPv6Address(net))


class Universe:
    """Which addresses there are, and behind which zone each lies (None: no zone)."""

    def __init__(self, zones):
        self.nets = []  # (version, first address, zone)
        for i, zone in enumerate(zones):
            self.nets.append((4, base4("10.0.%d.0" % i), zone))
            self.nets.append((6, base6("2001:db8:0:%x::" % i), zone))
        self.nets.append((4, base4(NETS4[0]), zones[0]))
        self.nets.append((4, base4(NETS4[1]), zones[1]))
        self.nets.append((6, base6(NETS6[0]), zones[0]))
        self.nets.append((4, base4("10.9.0.0"), None))
        self.nets.append((6, base6("2001:db8:9::"), None))

    def zone_of(self, version, addr):
        for v, first, zone in self.nets:
            if v == version and first <= addr < first + 16:
                return zone
        raise KeyError(addr)


class Generator:
    def __init__(self, seed, folder, rpc=False):
        self.r = random.Random(seed)
        self.rpc = rpc
        self.reach_rpc = set(RPC_BUILTINS)
        self.folder = folder
        self.lines, self.files = [], 0
        self.zones = ZONE_NAMES[:self.r.choice([2, 3, 3, 3, 4])]
        self.universe = Universe(self.zones)
        self.hosts, self.services, self.limits, self.inspects = {}, [], [], []
        self.router = None

    def chance(self, p):
        return self.r.random() < p

    # ---- words

    def net(self, zone):
        nets = [n for n in self.universe.nets if n[2] == zone]
        return self.r.choice(nets if nets and self.chance(0.9) else self.universe.nets)

    def address(self, zone):
        version, first, _ = self.net(zone)
        kind = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
        lo = self.r.randrange(16)
        what = self.r.random()
        if what < 0.45:
            return str(kind(first + lo))
        if what < 0.75:
            bits = self.r.choice([0, 1, 2, 3, 4])
            size = 32 if version == 4 else 128
            return "%s/%d" % (kind(first + (lo >> bits << bits)), size - bits)
        hi = self.r.randrange(lo, 16)
        return "%s-%s" % (kind(first + lo), kind(first + hi))

    def file_of(self, zone):
        name = "set%d.txt" % self.files
        self.files += 1
        with open(os.path.join(self.folder, name), "w") as out:
            out.write("# a list\n")
            for _ in range(self.r.randrange(6)):
                out.write(self.address(zone))
                out.write(self.r.choice(["\n", " ; comment\n", "\t# comment\n", "\n\n"]))
        return name

    def port(self):
        return self.r.choice(PORTS)

    def ports(self):
        if self.chance(0.7):
            return str(self.port())
        lo, hi = sorted([self.port(), self.port()])
        # a plain service may not open the ports between, where RPC is pinned
        if self.rpc and lo <= 1024 < hi:
            hi = lo
        return "%d-%d" % (lo, hi)

    def rpc_element(self):
        if self.chance(0.1):
            return "any ports %d-%d" % tuple(sorted(self.r.sample(range(1024, 65536), 2)))
        text = self.r.choice(INTERFACES)
        what = self.r.random()
        if what < 0.2:
            text += " port %d" % self.r.randrange(1025, 65534)
        elif what < 0.25:
            text += " port 135"
        elif what < 0.4:
            text += " ports %d-%d" % tuple(sorted(self.r.choices(range(1024, 65536), k=2)))
        return text

    def rpc_spec(self):
        elements = [self.rpc_element() for _ in range(self.r.choice([1, 1, 2, 3, 5]))]
        options = {o.split()[0]: o for o in self.r.choices(RPC_OPTIONS, k=self.r.randrange(4))}
        if "bind" not in options and self.chance(0.4):
            options["remember"] = self.r.choice(RPC_MEMORY)
        words = list(options.values())
        self.r.shuffle(words)
        return " ".join(["rpc { %s }" % self.r.choice([", ", ",\n\t"]).join(elements)] + words)

    def spec(self, names=True, rpc=False):
        if rpc and self.rpc and self.chance(0.3):
            return self.r.choice(RPC_BUILTINS) if self.chance(0.3) else self.rpc_spec()
        what = self.r.random()
        services = [s for s in self.services if rpc or s not in self.reach_rpc]
        if names and services and what < 0.25:
            return self.r.choice(services)
        if names and what < 0.45:
            return self.r.choice(BUILTINS)
        if what < 0.75:
            proto = self.r.choice(["tcp", "tcp", "udp", "udp", "sctp", "udplite", "dccp"])
            if self.chance(0.1):
                return proto + " any"
            if self.chance(0.3):
                return "%s { %s }" % (proto, ", ".join(self.ports() for _ in range(3)))
            return "%s %s" % (proto, self.ports())
        if what < 0.9:
            proto = self.r.choice(["icmp", "icmpv6"])
            types = {"icmp": ["8", "echo", "13", "unreachable", "0 0"],
                     "icmpv6": ["128", "echo", "129 0", "1 4"]}[proto]
            return proto + self.r.choice(["", " " + self.r.choice(types),
                                          " " + self.r.choice(types)])
        return "proto " + self.r.choice(["gre", "esp", "47", "50", "89", "255", "tcp", "17"])

    # ---- statements

    def say(self, text):
        if self.chance(0.1):
            text += "\t# " + self.r.choice(["why", "{ not a brace", "-> : ,"])
        self.lines.append(text)

    def make_hosts(self, i):
        name = "h%d" % i
        zone = self.r.choice(self.zones) if self.chance(0.6) else None
        nat = self.chance(0.1)
        items = [self.address(zone) for _ in range(self.r.randrange(0, 5))]
        if self.chance(0.2):
            items.append('file "%s"' % self.file_of(zone))
        for other, bound in self.hosts.items():
            # sets of another zone, at any depth, are refused
            if len(items) < 6 and self.chance(0.25) and bound <= {zone} - {None}:
                items.append(other)
        members = [w for w in items if w in self.hosts]
        self.r.shuffle(items)
        if not items:
            items = [self.address(zone)]
        separator = ",\n\t" if self.chance(0.2) else ", "
        kind = "server" if self.chance(0.3) and not members else "hosts"
        self.say("%s %s%s%s { %s }" % (kind, name, " in " + zone if zone else "",
                                       " nat" if nat else "", separator.join(items)))
        self.hosts[name] = {zone} - {None}
        for m in members:
            self.hosts[name] |= self.hosts[m]

    def end(self):
        what = self.r.random()
        if what < 0.12:
            return "any"
        if what < 0.35:
            return self.r.choice(self.zones)
        if what < 0.42 and self.router:
            return self.router
        if what < 0.52 or not self.hosts:
            return self.address(self.r.choice(self.zones))
        return self.r.choice(list(self.hosts))

    def ends(self):
        if self.chance(0.75):
            return self.end()
        ends = {self.end() for _ in range(self.r.randrange(1, 4))} - {"any"} or {"any"}
        return "{ %s }" % ", ".join(sorted(ends))

    def rate(self):
        text = self.r.choice(RATES)
        return text + (" burst %d" % self.r.choice([1, 2, 59, 365]) if self.chance(0.5) else "")

    def ban(self):
        text = "ban %s after %d refusals in %s" % (self.r.choice(TIMES),
                                                   self.r.choice([1, 5, 65535]),
                                                   self.r.choice(TIMES))
        if self.chance(0.5):
            text += self.r.choice([",", ""]) + " doubling to " + self.r.choice(["1d", "30d"])
        return text

    def opens(self):
        opens = ["%d per %s" % (self.r.choice([1, 20, 10000000]), who)
                 for who in ("source", "network")]
        self.r.shuffle(opens)
        return "open " + ", ".join(opens[:self.r.choice([1, 2])])

    def prefixes(self):
        source4, source6 = self.r.randrange(1, 33), self.r.randrange(1, 129)
        return ["prefix %d %d" % (source4, source6),
                "prefix network %d %d" % (self.r.randrange(1, source4 + 1),
                                          self.r.randrange(1, source6 + 1))]

    def exempt(self):
        names = list(self.hosts) + [self.address(None) for _ in range(2)]
        return "exempt " + self.r.choice([", ", ",\n\t"]).join(
            self.r.choices(names, k=self.r.randrange(1, 5)))

    def make_limit(self, name):
        parts = ["rate %s per source" % self.rate(), "rate %s per network" % self.rate(),
                 self.opens(), "half-open %d" % self.r.choice([1, 2000, 10000000]),
                 "total " + self.rate(), self.ban(), self.exempt(),
                 "mode " + self.r.choice(["leaky", "strict"]), "observe"]
        parts = self.r.sample(parts, self.r.randrange(0, len(parts) + 1))
        if self.chance(0.4):
            parts += self.prefixes()
        self.r.shuffle(parts)
        self.lines.append("limit %s {\n\t%s\n}" % (name, self.r.choice(["\n\t", " "]).join(parts)))

    def limit(self, specs):
        """A limit for a rule of these services, or none; it may be made later."""
        names = {"tcp", "http", "https", "smtp", "ssh", "imap", "dns"} | set(RPC_BUILTINS)
        if specs and not any(s.startswith(("tcp", "rpc")) or s in names for s in specs):
            return ""
        if not self.rpc or self.chance(0.5):
            return ""
        self.limits.append(self.r.choice(self.limits) if self.limits and self.chance(0.3) else
                           "limit%d" % len(self.limits))
        return " limit " + self.limits[-1]

    def counts(self, name, scope):
        text = ["%d per %s" % (self.r.choice([1, 100, 1000000]), scope),
                self.rate() + " per source"]
        self.r.shuffle(text)
        return name + " " + ", ".join(text[:self.r.choice([1, 2])])

    def make_inspect(self, name):
        parts = ["deny commands " + ", ".join(self.r.sample(VERBS, self.r.randrange(1, 9))),
                 self.counts("recipients", "message"), self.counts("messages", "connection"),
                 "message size " + self.r.choice(SIZES),
                 "relay " + self.r.choice([", ", ",\n\t"]).join(
                     self.r.sample(DOMAINS, self.r.randrange(1, 5))),
                 "line %d" % self.r.choice([512, 12288, 65536]),
                 "unfollowed " + self.r.choice(["refuse", "pass"]), "refusals count", "observe"]
        parts = self.r.sample(parts, self.r.randrange(0, len(parts) + 1))
        self.lines.append("inspect %s {\n\t%s\n}" % (name,
                                                     self.r.choice(["\n\t", " "]).join(parts)))

    def inspect(self):
        """An inspect for a rule, which may be made later."""
        self.inspects.append(self.r.choice(self.inspects) if self.inspects and self.chance(0.3)
                             else "inspect%d" % len(self.inspects))
        return " inspect " + self.inspects[-1]

    def make_rule(self):
        action = "block" if self.chance(0.3) else "allow"
        text = "%s %s %s %s" % (action, self.ends(), "<->" if self.chance(0.2) else "->",
                                self.ends())
        specs = []
        if self.chance(0.8):
            specs = [self.spec(rpc=action == "allow")
                     for _ in range(self.r.choice([1, 1, 1, 2, 3]))]
            text += " : " + ", ".join(specs)
        inspected = action == "allow" and self.rpc and not specs and self.chance(0.7)
        if inspected:
            specs = self.r.sample(SINGLE, self.r.randrange(1, 4))
            text += " : " + ", ".join(specs)
        if action == "allow":
            text += self.limit(specs)
        if inspected:
            text += self.inspect()
        if self.chance(0.15):
            text += " observe"
        if self.chance(0.15):
            text += " log"
        if action == "allow" and self.chance(0.15):
            text += " mark " + self.r.choice(["0x10/0xf0", "1", "0x100"])
        if self.chance(0.1):
            text += self.r.choice([' name "rule-%d"', " name r%d"]) % len(self.lines)
        if self.chance(0.05):
            text = text.replace(" -> ", " \\\n\t-> ", 1)
        self.say(text)

    def policy(self):
        ifaces = {"outside": ["z0", "ppp*"], "dmz": ["z1"], "inside": ["z2", "z2.*"],
                  "lab": ["z?", "tun*"]}
        for zone in self.zones:
            # "lab" has a pattern: names written out are stronger
            self.say("zone %s { %s }%s" % (zone, ", ".join(ifaces[zone]),
                                           self.r.choice(["", "", " reject none",
                                                          " reject yes"])))
        if self.chance(0.3):
            self.router = "router"
            self.say("hosts router self")
        for i in range(self.r.randrange(0, 9)):
            self.make_hosts(i)
        for i in range(self.r.randrange(0, 5)):
            specs = [self.spec(rpc=True) for _ in range(self.r.randrange(1, 4))]
            rpcs = [s for s in specs if s.startswith("rpc ")]
            specs = [s for s in specs if s not in rpcs[1:]]
            if rpcs or self.reach_rpc.intersection(specs):
                self.reach_rpc.add("s%d" % i)
            self.say("service s%d = %s" % (i, specs[0] if len(specs) == 1 else
                                           "{ %s }" % ", ".join(specs)))
            self.services.append("s%d" % i)
        if self.chance(0.1):
            self.say("service http = tcp { 80, 81 }")
        if self.chance(0.08):
            self.say("set observe")
        if self.chance(0.2):
            self.say("set mark 0x1000/0xf000")
        if self.chance(0.3):
            self.say("fastpath %s" % self.r.choice(["auto", "on", "off"]))
        for _ in range(self.r.randrange(0, 16)):
            self.make_rule()
        if (self.limits or self.inspects) and self.chance(0.5):
            self.say("sources %d" % self.r.choice([1024, 1025, 65536, 4194304]))
        for name in sorted(set(self.limits)):
            self.make_limit(name)
        for name in sorted(set(self.inspects)):
            self.make_inspect(name)
        return "\n".join(self.lines) + "\n"


def write_policy(seed, folder, rpc=False):
    """A policy as folder/policy.conf. Return: its universe."""
    os.makedirs(folder, exist_ok=True)
    g = Generator(seed, folder, rpc)
    with open(os.path.join(folder, "policy.conf"), "w") as out:
        out.write(g.policy())
    return g.universe


def edges(policy, universe):
    """By version: addresses around the ends of all ranges, within the universe."""
    found = {4: [], 6: []}
    for h in policy.hosts.values():
        for version, lo, hi in h.ranges:
            for a in (lo - 1, lo, hi, hi + 1):
                try:
                    universe.zone_of(version, a)
                    found[version].append(a)
                except KeyError:
                    pass
    for version, first, _ in universe.nets:
        found[version] += [first, first + 7, first + 15]
    return found


if __name__ == "__main__":
    write_policy(int(sys.argv[1]), sys.argv[2], sys.argv[3:] == ["rpc"])
