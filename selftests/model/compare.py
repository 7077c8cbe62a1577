#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The kernel's verdicts against the model's.

    compare.py explain FIRST_SEED POLICIES PACKETS
    compare.py packets FIRST_SEED POLICIES PACKETS
    compare.py roundtrip FIRST_SEED POLICIES

explain asks POSTERN_CMD_EXPLAIN; packets sends real ones through the hooks and looks
where they come out. Both want the namespaces that model.sh builds, and run in that of
the router. roundtrip loads what `postern show --config` prints and compares what is then
in the kernel. Prints what differs, then one line of totals; status 1 if anything did.
"""
import ipaddress
import os
import random
import struct
import subprocess
import sys
import tempfile

from generate import PORTS, edges, write_policy
from model import Packet, Policy, address_range
from nl import N, Family, Refused, attr, attrs, flush_conntrack, read_reasons, u8, u16
from wire import checksum, exchange, open_wires

REASONS = read_reasons()
VERDICTS = {N["VERDICT_ACCEPT"]: "accept", N["VERDICT_DROP"]: "drop",
            N["VERDICT_LEFT_ALONE"]: "left-alone"}
# The router's own addresses in each network, see model.sh.
ROUTER = {4: int(ipaddress.ip_address("10.255.0.1")), 6: int(ipaddress.ip_address("fd00::1"))}
ODD_SOURCES = ["0.0.0.0", "0.0.0.9", "127.0.0.1", "169.254.1.1", "224.0.0.5", "240.0.0.1",
               "255.255.255.255", "223.255.255.255", "::", "::1", "ff02::1", "fe80::1",
               "::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::1"]
PROTOS = [6, 6, 6, 17, 17, 1, 58, 132, 136, 33, 47, 50, 89, 255]


def packed(version, addr):
    return addr.to_bytes(4 if version == 4 else 16, "big")


def load(path, *options):
    done = subprocess.run(["postern", "load", *options, path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        sys.exit("# load of %s: status %d\n%s" % (path, done.returncode,
                                                 done.stdout.decode(errors="replace")))


class Case:
    """One random policy, in force and as a model."""

    def __init__(self, seed, rpc=False):
        self.seed = seed
        self.folder = tempfile.TemporaryDirectory()
        self.universe = write_policy(seed, self.folder.name, rpc)
        self.path = os.path.join(self.folder.name, "policy.conf")
        self.model = Policy(self.path)
        self.edges = edges(self.model, self.universe)
        self.r = random.Random(seed)
        load(self.path)

    def ports(self, proto):
        if proto == 1:
            return self.r.choice([8 << 8, 8 << 8, 13 << 8, 3 << 8 | 1, 0, 1, 8 << 8 | 1])
        if proto == 58:
            return self.r.choice([128 << 8, 128 << 8, 129 << 8, 1 << 8 | 4, 1 << 8 | 3, 0])
        if proto in (6, 17, 132, 136, 33):
            return min(65535, max(0, self.r.choice(PORTS) + self.r.choice([-1, 0, 0, 0, 1])))
        return 0

    def aim(self):
        """(version, src, dst, zone_in, zone_out, proto, port) near what a rule names."""
        rule = self.r.choice(self.model.rules)
        src, dst = self.r.choice(rule.src), self.r.choice(rule.dst)
        if rule.both and self.r.random() < 0.5:
            src, dst = dst, src
        for _ in range(20):
            version, src_addr, zone_in = self.pick(src)
            version2, dst_addr, zone_out = self.pick(dst)
            if version == version2:
                break
        else:
            return None
        proto, port = self.pick_service(rule.services)
        return version, src_addr, dst_addr, zone_in, zone_out, proto, port

    def pick(self, word):
        """(version, address, zone) at an end that a rule names, or just beside it"""
        r, model = self.r, self.model
        ranges, zone = [], None
        if word in model.zones:
            zone = word
        elif word in model.hosts:
            names = [word]
            while names and not ranges:
                h = model.hosts[names.pop(r.randrange(len(names)))]
                names += h.members
                zone = h.zone or zone
                if h.is_self:
                    zone = "self"
                ranges = h.ranges
        elif word != "any":
            ranges = [address_range(word)]
        if zone == "self":
            version = r.choice([4, 6])
            return version, ROUTER[version], zone
        if ranges:
            version, lo, hi = r.choice(ranges)
            addr = r.choice([lo, hi, r.randint(lo, hi), lo - 1, hi + 1])
            try:
                at = self.universe.zone_of(version, addr)
            except KeyError:
                addr = r.randint(lo, hi)
                at = self.universe.zone_of(version, addr)
            return version, addr, zone or at
        nets = [n for n in self.universe.nets if zone in (None, n[2])]
        version, base, at = r.choice(nets)
        return version, base + r.randrange(16), zone or at

    def pick_service(self, specs):
        r = self.r
        if not specs:
            proto = r.choice(PROTOS)
            return proto, self.ports(proto)
        spec = r.choice(specs)
        while isinstance(spec, str):
            spec = r.choice(self.model.specs_of(spec))
        lo, hi = r.choice(spec[1])
        port = r.choice([lo, hi, lo, hi, r.randint(lo, hi), max(lo - 1, 0), min(hi + 1, 65535)])
        return spec[0], port if spec[0] in (1, 6, 17, 33, 58, 132, 136) else 0

    def differs(self, packet, want, got):
        print("# seed %d: %r\n#   model: %s\n#   kernel: %s" % (self.seed, packet, want, got))
        for number, line in enumerate(open(self.path), 1):
            print("#   %3d %s" % (number, line.rstrip()))
        sys.stdout.flush()


# ---- by asking

def random_question(case):
    """A packet, and the attributes that ask for it."""
    r, universe = case.r, case.universe
    version = r.choice([4, 6])
    src, dst = r.choice(case.edges[version]), r.choice(case.edges[version])
    zones = list(case.model.zones)
    attributes = b""
    zone_in, zone_out = universe.zone_of(version, src), universe.zone_of(version, dst)
    proto = r.choice(PROTOS)
    port = case.ports(proto)
    aimed = case.model.rules and r.random() < 0.7 and case.aim()
    if aimed:
        version, src, dst, zone_in, zone_out, proto, port = aimed
        # one thing wrong of what the rule wants
        wrong = r.randrange(12)
        if wrong == 0:
            zone_in = r.choice(zones + ["self"])
        elif wrong in (1, 2):
            zone_out = r.choice(zones + ["self"])
        elif wrong == 3:
            dst = r.choice(case.edges[version])
            zone_out = universe.zone_of(version, dst)
        for name, zone in (("A_ZONE_NAME", zone_in), ("A_ZONE_OUT_NAME", zone_out)):
            if zone:
                attributes += attr(N[name], zone)
    elif r.random() < 0.05:
        odd = ipaddress.ip_address(r.choice(ODD_SOURCES))
        version, src = odd.version, int(odd)
        dst = r.choice(case.edges[version])
        zone_out = universe.zone_of(version, dst)
        zone_in = r.choice(zones)
        attributes += attr(N["A_ZONE_NAME"], zone_in)
    elif r.random() < 0.5:
        zone_in = r.choice(zones + ["self"])
        attributes += attr(N["A_ZONE_NAME"], zone_in)
    if aimed:
        pass
    elif r.random() < 0.05:
        dst, zone_out = ROUTER[version], "self"
    elif r.random() < 0.5:
        zone_out = r.choice(zones + ["self"])
        attributes += attr(N["A_ZONE_OUT_NAME"], zone_out)
    packet = Packet(version, src, dst, proto, port, zone_in, zone_out)
    attributes += (attr(N["A_SADDR"], packed(version, src)) +
                   attr(N["A_DADDR"], packed(version, dst)) +
                   u8(N["A_PROTO"], proto) + u16(N["A_PORT"], packet.port))
    return packet, attributes


def number(reply, name):
    value = reply.get(N[name])
    return None if value is None else int.from_bytes(value, sys.byteorder)


def read_answer(reply):
    """(verdict, reason, (index, line) of the rule)"""
    index = number(reply, "A_RULE_INDEX")
    return (VERDICTS[number(reply, "A_VERDICT")],
            REASONS[number(reply, "A_REASON") or 0] or None,
            None if index is None else (index, number(reply, "A_LINE")))


def explain(first, policies, packets):
    family = Family()
    total = differ = 0
    seen = {}
    for seed in range(first, first + policies):
        case = Case(seed)
        questions = [random_question(case) for _ in range(packets)]
        replies = family.batch(N["CMD_EXPLAIN"], [q[1] for q in questions])
        for (packet, _), reply in zip(questions, replies):
            verdict, reason, rule = case.model.decide(packet)
            want = (verdict, reason,
                    rule and (case.model.rules.index(rule), rule.line))
            got = read_answer(reply)
            total += 1
            seen[want[:2]] = seen.get(want[:2], 0) + 1
            if want != got:
                differ += 1
                if differ <= 3:
                    case.differs(packet, want, got)
    print("# " + ", ".join("%s%s %d" % (v, " " + r if r else "", n)
                           for (v, r), n in sorted(seen.items(), key=str)))
    print("explain: %d pairs, %d differ" % (total, differ))
    return differ or not total


# ---- with real packets

def transport(p, serial):
    """Header and payload; the payload is the serial number."""
    magic = struct.pack("!I", serial)
    sport = 20000 + serial % 40000
    pseudo = packed(p.version, p.src) + packed(p.version, p.dst)
    if p.proto == 6:
        data = struct.pack("!HHIIBBHHH", sport, p.port, serial, 0, 5 << 4, 2, 1024, 0, 0) + magic
        at = 16
    elif p.proto == 17:
        data = struct.pack("!HHHH", sport, p.port, 12, 0) + magic
        at = 6
    elif p.proto in (1, 58):
        data = struct.pack("!BBHHH", p.port >> 8, p.port & 255, 0, sport, 1)
        if p.port >> 8 == 13:
            data += struct.pack("!II", 0, 0)
        data += magic
        at = 2
        if p.proto == 1:
            pseudo = b""
    elif p.proto == 47:
        return struct.pack("!HH", 0, 0x88b5) + magic
    else:
        return struct.pack("!II", serial, 0) + magic
    if pseudo:
        pseudo += struct.pack("!II", len(data), p.proto)
    data = bytearray(data)
    struct.pack_into("!H", data, at, checksum(pseudo + bytes(data)) or 0xffff)
    return bytes(data)


def datagram(p, serial):
    data = transport(p, serial)
    if p.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(data), p.proto, 64) + packed(6, p.src) + \
            packed(6, p.dst) + data
    head = bytearray(struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(data), serial & 0xffff, 0, 64,
                                 p.proto, 0) + packed(4, p.src) + packed(4, p.dst))
    struct.pack_into("!H", head, 10, checksum(bytes(head)))
    return bytes(head) + data


def parse(kind, data):
    """(version, src, dst, proto, serial) of what came out of the router"""
    serial = struct.unpack("!I", data[-4:])[0]
    if kind == 0x0800:
        return 4, data[12:16], data[16:20], data[9], serial
    return 6, data[8:24], data[24:40], data[6], serial


def random_packet(case, ifaces, pairs):
    r = case.r
    while True:
        version = r.choice([4, 6])
        src, dst = r.choice(case.edges[version]), r.choice(case.edges[version])
        proto = r.choice([6, 6, 6, 17, 17, 1 if version == 4 else 58, 47, 50, 89])
        port = case.ports(proto)
        zone_in = None
        aimed = case.model.rules and r.random() < 0.7 and case.aim()
        if aimed:
            version, src, dst, zone_in, _, proto, port = aimed
            if "self" in (zone_in, aimed[4]) or proto not in (1, 6, 17, 47, 50, 58, 89):
                continue
        if proto in (1, 58) and (proto == 1) != (version == 4):
            continue
        if proto == 1:
            port = r.choice([8 << 8, 8 << 8, 13 << 8])
        elif proto == 58:
            port = 128 << 8
        elif proto not in (6, 17):
            # the only flow of this protocol between the two: there are no ports
            pair = (version, frozenset((src, dst)), proto)
            if pair in pairs:
                continue
            pairs.add(pair)
        zone_out = case.universe.zone_of(version, dst)
        zone_in = zone_in or case.universe.zone_of(version, src)
        if r.random() < (0.1 if aimed else 0.3):
            zone_in = r.choice(list(case.model.zones) + [None])
        packet = Packet(version, src, dst, proto, port, zone_in, zone_out)
        iface_in = ifaces[zone_in] if zone_in else r.choice(["n0", "n1"])
        iface_out = ifaces[zone_out] if zone_out else {4: "n0", 6: "n1"}[version]
        return packet, iface_in, iface_out


def send_batch(wires, batch, serial):
    """Sends a batch. Return: by serial number, the interfaces where it came out."""
    sent = dict(enumerate((packet for packet, _, _ in batch), serial + 1))
    frames = [(iface, packet.version, datagram(packet, number))
              for number, (packet, iface, _) in enumerate(batch, serial + 1)]
    out = {}
    for iface, kind, data in exchange(wires, frames):
        version, src, dst, proto, number_seen = parse(kind, data)
        p = sent.get(number_seen)
        if p and (version, src, dst, proto) == (p.version, packed(version, p.src),
                                                packed(version, p.dst), p.proto):
            out.setdefault(number_seen, []).append(iface)
    return out


def packets(first, policies, count):
    os.sched_setaffinity(0, {0})  # so that the barrier is one
    wires = open_wires()
    serial = total = differ = passed = 0
    for seed in range(first, first + policies):
        case = Case(seed)
        flush_conntrack()
        by_zone = {z: "z%d" % i for i, z in enumerate(case.model.zones)}
        pairs = set()
        batch = [random_packet(case, by_zone, pairs) for _ in range(count)]
        for start in range(0, count, 50):
            part = batch[start:start + 50]
            out = send_batch(wires, part, serial)
            for i, (packet, _, iface_out) in enumerate(part, serial + 1):
                verdict, reason, rule = case.model.decide(packet)
                want = [] if verdict == "drop" else [iface_out]
                total += 1
                passed += verdict != "drop"
                if out.get(i, []) != want:
                    differ += 1
                    if differ <= 3:
                        case.differs(packet, (verdict, reason, rule and rule.line, want),
                                     out.get(i, []))
            serial += len(part)
    print("packets: %d pairs, %d of them passed, %d differ" % (total, passed, differ))
    return differ or not passed


# ---- back from the kernel

# Not of the snapshot: its number, places in files, counts, interfaces of the moment, and
# what aligns the numbers behind it where the message happens to want that.
VOLATILE = {N["A_" + name] for name in (
    "GENERATION", "FILES", "FILE", "LINE", "HITS", "PACKETS", "BYTES", "MATCHED", "NR_MATCHED",
    "MEMORY", "PAD")}
OBJECTS = ("ZONE", "HOSTS", "RANGES", "SERVICE", "LIMIT", "INSPECT", "RULE")


def dump(family):
    """All that the kernel says of the policy in force."""
    status = family.call(N["CMD_STATUS_GET"])
    out = [[status.get(N["A_" + name]) for name in ("POLICY_FLAGS", "MARK", "MARK_MASK", "SOURCES")]]
    for name in OBJECTS:
        for message in family.dump(N["CMD_%s_GET" % name]):
            nest = attrs(message[N["A_" + name]])
            out.append((name, {k: v for k, v in nest.items() if k not in VOLATILE}))
    return out


def print_config(*words):
    return subprocess.run(["postern", *(words or ("show",)), "--config"], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def roundtrip(first, policies):
    family = Family()
    differ = objects = 0
    for seed in range(first, first + policies):
        case = Case(seed, rpc=True)
        before = dump(family)
        objects += len(before)
        config = print_config()
        if config != print_config("check", case.path):
            differ += 1
            if differ <= 3:
                case.differs("checked as:\n" + print_config("check", case.path).decode(),
                             "what was read", config.decode())
        again = os.path.join(case.folder.name, "again.conf")
        with open(again, "wb") as out:
            out.write(config)
        load(again)
        after = dump(family)
        if before != after or config != print_config():
            differ += 1
            if differ <= 3:
                case.differs("printed as:\n" + config.decode(),
                             [b for b in before if b not in after],
                             [a for a in after if a not in before])
    print("roundtrip: %d policies of %d objects, %d differ" % (policies, objects, differ))
    return differ or not objects


def main():
    run = {"explain": explain, "packets": packets, "roundtrip": roundtrip}[sys.argv[1]]
    try:
        sys.exit(1 if run(*(int(a) for a in sys.argv[2:])) else 0)
    except Refused as refusal:
        sys.exit("# refused: %s" % refusal)


if __name__ == "__main__":
    main()
