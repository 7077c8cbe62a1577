# SPDX-License-Identifier: GPL-2.0
"""What a policy means, said as simply as possible.

Reads the text of a policy with a parser of its own and decides about one packet by
walking over the rules. Slow on purpose: nothing here is shared with the tool or the
module, nor made in their way. Knows only correct policies.
"""
import ipaddress
import os
import re

PROTOCOLS = {"icmp": 1, "igmp": 2, "ipip": 4, "tcp": 6, "udp": 17, "ipv6": 41, "gre": 47,
             "esp": 50, "ah": 51, "icmpv6": 58, "ospf": 89, "sctp": 132, "udplite": 136,
             "dccp": 33}
WITH_PORTS = ("tcp", "udp", "sctp", "udplite", "dccp")
ICMP_TYPES = {
    "icmp": {"echo-reply": 0, "unreachable": 3, "echo": 8, "echo-request": 8},
    "icmpv6": {"unreachable": 1, "echo": 128, "echo-request": 128, "echo-reply": 129},
}
BUILTIN = {
    "smtp": "tcp 25", "submission": "tcp 587", "smtps": "tcp 465", "pop3": "tcp 110",
    "pop3s": "tcp 995", "imap": "tcp 143", "imaps": "tcp 993", "ldap": "tcp 389",
    "ldaps": "tcp 636", "nntp": "tcp 119", "nntps": "tcp 563", "x400": "tcp 102",
    "dns": "{ udp 53, tcp 53 }", "https": "tcp 443", "http": "tcp 80", "ssh": "tcp 22",
    "ntp": "udp 123", "kerberos": "{ tcp 88, udp 88 }", "epmap": "tcp 135", "smb": "tcp 445",
    "ident": "tcp 113", "echo": "{ icmp 8, icmpv6 128 }", "ping": "{ icmp 8, icmpv6 128 }",
}
ALL_PORTS = (0, 65535)


def address_range(word):
    """(version, first, last), or None if the word is no address."""
    try:
        if "/" in word:
            net = ipaddress.ip_network(word)
            return net.version, int(net[0]), int(net[-1])
        if "-" in word and ("." in word or ":" in word):
            lo, hi = (ipaddress.ip_address(w) for w in word.split("-"))
            return lo.version, int(lo), int(hi)
        one = ipaddress.ip_address(word)
        return one.version, int(one), int(one)
    except ValueError:
        return None


class Zone:
    def __init__(self, name, ifaces):
        self.name, self.ifaces = name, ifaces


class Hosts:
    def __init__(self, name):
        self.name, self.zone, self.is_self = name, None, False
        self.ranges, self.members = [], []


class Rule:
    pass


class Tokens:
    """The words of one policy."""

    def __init__(self, text):
        # a line goes on behind '\': \v stands for that, for the lines to be counted
        text = text.replace("\\\n", "\v")
        self.words = []
        line, depth = 1, 0
        # an address with two colons or more is one word, however it begins
        address = r"[0-9a-fA-F]*:[0-9a-fA-F.]*:[0-9a-fA-F:.]*(?:[-/][0-9a-fA-F:.]+)?"
        pattern = address + r'|#[^\n]*|"[^"]*"|<->|->|[{},;=:\n\v]|[^\s{},;=#"]+'
        for m in re.finditer(pattern, text):
            word = m.group()
            if word.startswith("#"):
                continue
            if word == "{":
                depth += 1
            elif word == "}":
                depth -= 1
            if word == "\v":
                line += 1
                continue
            if word in ("\n", ";"):
                if depth == 0:
                    self.words.append(("\n", line))
                elif word == ";":
                    raise ValueError("';' inside { }")
                line += word == "\n"
                continue
            self.words.append((word, line))
        self.at = 0

    def peek(self):
        return self.words[self.at][0] if self.at < len(self.words) else "\n"

    def next(self):
        word = self.peek()
        self.at += 1
        return word

    def take(self, word):
        if self.peek() == word:
            self.at += 1
            return True
        return False

    def list(self, one):
        """one() or { one(), ... }"""
        if not self.take("{"):
            return [one()]
        items = []
        while not self.take("}"):
            items.append(one())
            self.take(",")
        return items


class Policy:
    def __init__(self, path):
        self.zones, self.hosts, self.services, self.rules = {}, {}, {}, []
        self.observe = False
        self.folder = os.path.dirname(os.path.realpath(path))
        self.parse(open(path).read())

    # ---- the text

    def parse(self, text):
        t = Tokens(text)
        while t.at < len(t.words):
            word = t.next()
            if word == "\n":
                continue
            getattr(self, "parse_" + word)(t)
            assert t.peek() == "\n", "%s before %r" % (word, t.peek())

    def parse_zone(self, t):
        zone = Zone(t.next(), t.list(t.next))
        if t.take("reject"):
            t.next()
        self.zones[zone.name] = zone

    def parse_hosts(self, t):
        h = Hosts(t.next())
        self.hosts[h.name] = h
        if t.take("self"):
            h.is_self = True
            return
        while t.peek() != "{":
            if t.take("in"):
                h.zone = t.next()
            else:
                assert t.take("nat")

        def item():
            word = t.next()
            if word == "file":
                h.ranges += self.read_file(t.next().strip('"'))
            elif address_range(word):
                h.ranges.append(address_range(word))
            else:
                h.members.append(word)
        t.list(item)

    parse_server = parse_hosts

    def read_file(self, name):
        for line in open(os.path.join(self.folder, name)):
            word = re.sub(r"[#;].*", "", line).strip()
            if word:
                yield address_range(word)

    def parse_service(self, t):
        name = t.next()
        assert t.take("=")
        self.services[name] = t.list(lambda: self.spec(t))

    def spec(self, t):
        """(protocol, (lo, hi)...) or the name of a service"""
        word = t.next()
        ends = ("\n", ",", "}", "limit", "inspect", "log", "observe", "mark", "name")
        if word in WITH_PORTS:
            if t.take("any"):
                return PROTOCOLS[word], [ALL_PORTS]
            ports = t.list(t.next)
            return PROTOCOLS[word], [tuple(int(p) for p in (w.split("-") * 2)[:2]) if "-" in w
                                     else (int(w), int(w)) for w in ports]
        if word in ICMP_TYPES:
            if t.peek() in ends or t.take("any"):
                return PROTOCOLS[word], [ALL_PORTS]
            kind = t.next()
            kind = ICMP_TYPES[word][kind] if kind in ICMP_TYPES[word] else int(kind)
            if t.peek() in ends:
                return PROTOCOLS[word], [(kind << 8, kind << 8 | 255)]
            code = int(t.next())
            return PROTOCOLS[word], [(kind << 8 | code, kind << 8 | code)]
        if word == "rpc":
            # what it opens depends on conversations that are not in the model
            t.list(lambda: self.rpc_element(t))
            while t.peek() not in ends:
                t.next()
                t.next()
            return None, []
        if word == "proto":
            word = t.next()
            return PROTOCOLS[word] if word in PROTOCOLS else int(word), [ALL_PORTS]
        return word

    def rpc_element(self, t):
        while t.peek() not in (",", "}"):
            t.next()

    def rule(self, t, action):
        r = Rule()
        r.action, r.line = action, t.words[t.at - 1][1]
        r.src = t.list(t.next)
        arrow = t.next()
        r.both = arrow == "<->"
        assert r.both or arrow == "->", arrow
        r.dst = t.list(t.next)
        r.services, r.observe = [], False
        if t.take(":"):
            if not t.take("any"):
                r.services = t.list(lambda: self.spec(t))
                while t.take(","):
                    r.services.append(self.spec(t))
        while t.peek() != "\n":
            word = t.next()
            if word == "observe":
                r.observe = True
            elif word in ("limit", "inspect", "mark", "name"):
                t.next()
            else:
                assert word == "log", word
        self.rules.append(r)

    def parse_block(self, t):
        self.rule(t, "block")

    def parse_allow(self, t):
        self.rule(t, "allow")

    def parse_limit(self, t):
        """It decides of no packet that opens nothing yet."""
        t.next()
        assert t.take("{")
        while not t.take("}"):
            t.next()

    parse_inspect = parse_limit

    def parse_sources(self, t):
        t.next()

    parse_fastpath = parse_sources

    def parse_set(self, t):
        if t.next() == "observe":
            self.observe = True
        else:
            t.next()

    # ---- the meaning

    def hosts_has(self, name, zone, version, addr, bound=None):
        h = self.hosts[name]
        bound = h.zone or bound
        if bound in (None, zone) and any(v == version and lo <= addr <= hi
                                         for v, lo, hi in h.ranges):
            return True
        return any(self.hosts_has(m, zone, version, addr, bound) for m in h.members)

    def end_fits(self, word, zone, version, addr):
        if word == "any":
            return True
        if word in self.zones:
            return zone == word
        if word in self.hosts:
            if self.hosts[word].is_self:
                return zone == "self"
            return self.hosts_has(word, zone, version, addr)
        v, lo, hi = address_range(word)
        return v == version and lo <= addr <= hi

    def specs_of(self, name):
        if name not in self.services:
            t = Tokens(BUILTIN[name])
            self.services[name] = t.list(lambda: self.spec(t))
        return self.services[name]

    def spec_fits(self, spec, proto, port):
        if isinstance(spec, str):
            return any(self.spec_fits(s, proto, port) for s in self.specs_of(spec))
        return spec[0] == proto and any(lo <= port <= hi for lo, hi in spec[1])

    def rule_fits(self, r, p):
        if r.services and not any(self.spec_fits(s, p.proto, p.port) for s in r.services):
            return False

        def ends(src, dst):
            return (any(self.end_fits(w, p.zone_in, p.version, p.src) for w in src) and
                    any(self.end_fits(w, p.zone_out, p.version, p.dst) for w in dst))
        return ends(r.src, r.dst) or (r.both and ends(r.dst, r.src))

    def names_router(self, as_source):
        """Whether some rule speaks of the router as a source, or as a destination."""
        def named(words):
            return any(w in self.hosts and self.hosts[w].is_self for w in words)
        for r in self.rules:
            if named(r.src if as_source else r.dst):
                return True
            if r.both and named(r.dst if as_source else r.src):
                return True
        return False

    def zones_of(self, version, addr):
        """The zones to which an address belongs, by hosts that say where they are."""
        return {z for z in self.zones for h in self.hosts
                if self.claims(h, z, version, addr)}

    def claims(self, name, zone, version, addr, bound=None):
        h = self.hosts[name]
        bound = h.zone or bound
        if bound == zone and any(v == version and lo <= addr <= hi for v, lo, hi in h.ranges):
            return True
        return any(self.claims(m, zone, version, addr, bound) for m in h.members)

    def bad_source(self, p):
        """Reason for which no packet may have this source, or None."""
        a = ipaddress.ip_address(p.src.to_bytes(4 if p.version == 4 else 16, "big"))
        if p.version == 4:
            if a == ipaddress.ip_address("255.255.255.255"):
                return "broadcast-source"
            if a.is_loopback or a.is_multicast or int(a) >> 28 == 15 or int(a) >> 24 == 0:
                return "martian"
        else:
            if a == ipaddress.ip_address("::"):
                return None if p.proto == 58 else "martian"
            if a.is_multicast or int(a) >> 32 == 0 or int(a) >> 32 == 0xffff:
                return "martian"
        if a.is_link_local:
            return None
        zones = self.zones_of(p.version, p.src)
        if zones and p.zone_in not in zones:
            return "spoofed"
        return None

    def decide(self, p):
        """(verdict, reason, rule or None): accept, drop or left-alone."""
        if p.zone_in == "self":
            if p.zone_out in (None, "self") or not self.names_router(True):
                return "left-alone", None, None
        elif p.zone_out == "self":
            if p.zone_in is None:
                return "left-alone", None, None
        elif p.zone_in is None and p.zone_out is None:
            return "left-alone", None, None
        if p.zone_in not in (None, "self"):
            reason = self.bad_source(p)
            if reason:
                return self.drop(reason, None)
        if p.zone_out == "self" and not self.names_router(False):
            return "left-alone", None, None
        if p.zone_in is None or p.zone_out is None:
            return self.drop("no-zone", None)
        for r in self.rules:
            if r.action == "block" and not r.observe and self.rule_fits(r, p):
                return self.drop("blocked", r)
        for r in self.rules:
            if r.action == "allow" and self.rule_fits(r, p):
                return "accept", "no-rule" if r.observe else None, r
        return self.drop("no-rule", None)

    def drop(self, reason, rule):
        return "accept" if self.observe else "drop", reason, rule


class Packet:
    """zone_in and zone_out: name, "self", or None for an interface in no zone."""

    def __init__(self, version, src, dst, proto, port, zone_in, zone_out):
        self.version, self.src, self.dst = version, src, dst
        self.proto, self.port = proto, port
        self.zone_in, self.zone_out = zone_in, zone_out

    def __repr__(self):
        size = 4 if self.version == 4 else 16
        src, dst = (ipaddress.ip_address(a.to_bytes(size, "big")) for a in (self.src, self.dst))
        return "%s (%s) -> %s (%s) proto %d port %d" % (
            src, self.zone_in, dst, self.zone_out, self.proto, self.port)
