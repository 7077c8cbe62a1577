#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every reason for which a packet is dropped, by a packet of its own, seen in its own
counter and nowhere else; and what must not be dropped. See guard.sh."""
import re
import signal
import socket
import struct
import subprocess
import sys
import time

from craft import (ACK, FIN, ICMP, ICMP6, PSH, RST, SYN, TCP, UDP, URG, echo, fragment6, icmp,
                   icmp_data, ip4, ip6, options6, raw, tcp, tcp_data, udp, udp_data)
from nl import flush_conntrack
from router import Router, postern
from tap import Tap

POLICY = """
zone outside { z0 }
zone dmz { z1 }
zone inside { z2 }
server mail in dmz { 10.0.1.1, 2001:db8:0:1::1 }
hosts clients in inside { 10.0.2.0/24, 2001:db8:0:2::/64 }
hosts listed in outside { 198.51.100.7, 2001:db8:77::7 }
block listed -> any log
allow outside -> mail : smtp, udp 53, echo
allow inside -> outside
"""
MAIL = {4: "10.0.1.1", 6: "2001:db8:0:1::1"}
CLIENT = {4: "10.0.0.9", 6: "2001:db8::9"}  # outside
BEHIND = {4: "198.51.100.8", 6: "2001:db8:77::8"}  # outside, further away
LISTED = {4: "198.51.100.7", 6: "2001:db8:77::7"}
INSIDER = {4: "10.0.2.5", 6: "2001:db8:0:2::5"}
NOWHERE = {4: "10.9.0.5", 6: "2001:db8:9::5"}  # behind n0, or n1

tap = Tap()
router = Router()
port = 20000


def sport():
    """A source port that no flow has yet."""
    global port
    port += 1
    return port


def expect(name, frame, reason, iface="z0", out="z1"):
    """One packet: dropped for @reason alone, or passed to @out if that is None."""
    before = router.counters()
    seen = [i for i, data in router.send((iface, frame)) if data[-4:] == frame[-4:]]
    dropped = router.dropped(router.changes(before))
    if reason:
        tap.equal("%s: %s" % (reason, name), ({reason: 1}, []), (dropped, seen))
    else:
        tap.equal("passes: " + name, ({}, [out] if out else []), (dropped, seen))


def both(make):
    for version in 4, 6:
        make(version, "IPv%d" % version)


# ---- senders that cannot be

def martians():
    for src in ("127.0.0.1", "0.0.0.9", "224.0.0.5", "240.0.0.1", "::ffff:10.0.0.9", "::10.0.0.9", "0.0.0.0", "::"):
        dst = MAIL[4 if "." in src and ":" not in src else 6]
        expect("from " + src, tcp(src, dst, sport(), 25), "martian")
    # IPv6 itself has these two discarded, before any hook
    for src in "::1", "ff02::1":
        expect("nowhere, from " + src, tcp(src, MAIL[6], sport(), 25), None, out=None)
    expect("from 255.255.255.255", tcp("255.255.255.255", MAIL[4], sport(), 25),
           "broadcast-source")
    expect("from the broadcast address of a network of the router's",
           tcp("10.255.0.3", MAIL[4], sport(), 25), "broadcast-source")
    expect("the same, to a port that is denied",
           tcp("10.255.0.3", MAIL[4], sport(), 26), "broadcast-source")


def spoofed():
    both(lambda v, name: expect("an inside address from outside, " + name,
                                tcp(INSIDER[v], MAIL[v], sport(), 25), "spoofed"))
    both(lambda v, name: expect("the server's own address from outside, UDP " + name,
                                udp(MAIL[v], INSIDER[v], sport(), 53), "spoofed"))
    both(lambda v, name: expect("an address of no zone, " + name,
                                tcp(BEHIND[v], MAIL[v], sport(), 25), None))
    # who asks how things stand on the link has no better address
    text = POLICY + ("hosts fakes in inside { fe80::/10, 169.254.0.0/16, 0.0.0.0, ::, "
                     "10.255.0.0/30, fd00::/64 }\nallow outside -> dmz : udp 53\n")
    router.load(text)
    solicit = icmp_data("fe80::99", "fd00::1", 135, rest=0, data=raw("fd00::1") + b"\1\1" +
                        router.wires["z0"].mac)
    before = router.counters()
    out = router.send(("z0", ip6("fe80::99", "fd00::1", ICMP6, solicit, hops=255)))
    tap.equal("neighbour solicitation from a link-local address is answered", True,
              any(d[6] == ICMP6 and d[40] == 136 for i, d in out if d[0] >> 4 == 6))
    dad = icmp_data("::", "ff02::1:ff00:77", 135, rest=0, data=raw("fd00::77"))
    mld = icmp_data("fe80::99", "ff02::16", 143, rest=1, data=b"\4\0\0\0" + raw("ff02::7"))
    dhcp = udp_data("0.0.0.0", "255.255.255.255", 68, 67, data=b"\1\1\6\0" + b"\0" * 240)
    dhcp6 = udp_data("fe80::99", "ff02::1:2", 546, 547, data=b"\1\0\0\1")
    for name, frame in (
            ("duplicate address detection", ip6("::", "ff02::1:ff00:77", ICMP6, dad, 255)),
            ("MLD", ip6("fe80::99", "ff02::16", 0, b"\x3a\0\5\2\0\0\1\0" + mld, 1)),
            ("DHCP", ip4("0.0.0.0", "255.255.255.255", UDP, dhcp)),
            ("DHCPv6", ip6("fe80::99", "ff02::1:2", UDP, dhcp6))):
        expect(name + " is no spoof", frame, None, out=None)
    tap.equal("none of them is counted as dropped", {},
              router.dropped(router.changes(before)))
    expect("a link-local sender goes by the rules", udp("169.254.3.3", "10.0.1.9", sport(), 53),
           None)
    router.load(POLICY)


# ---- headers

def headers4():
    syn = tcp_data(CLIENT[4], MAIL[4], sport(), 25)

    def with_options(options):
        return ip4(CLIENT[4], MAIL[4], TCP, syn, options=options)
    expect("loose", with_options(b"\x83\x07\x04" + raw("10.0.1.2") + b"\0"), "source-route")
    expect("strict, behind others", with_options(b"\1\1\1\1\1\x89\x07\x04" + raw("10.0.1.2")),
           "source-route")
    expect("an option longer than the header", with_options(b"\x07\x20\x04\0"), "malformed")
    expect("record route", with_options(b"\x07\x07\x04\0\0\0\0\0"), None)
    expect("a TCP header of 16 bytes", ip4(CLIENT[4], MAIL[4], TCP, tcp_data(
        CLIENT[4], MAIL[4], sport(), 25, doff=4)), "malformed")
    expect("a TCP header longer than the packet", ip4(CLIENT[4], MAIL[4], TCP, tcp_data(
        CLIENT[4], MAIL[4], sport(), 25, doff=9)), "malformed")
    expect("half a TCP header", ip4(CLIENT[4], MAIL[4], TCP, syn[:10]), "malformed")
    expect("a UDP length beyond the packet", udp(CLIENT[4], MAIL[4], sport(), 53, length=99),
           "malformed")
    expect("half an ICMP header", ip4(CLIENT[4], MAIL[4], ICMP, b"\x08\0"), "malformed")


def headers6():
    syn = tcp_data(CLIENT[6], MAIL[6], sport(), 25)

    def chain(first, data):
        return ip6(CLIENT[6], MAIL[6], first, data)
    route0 = struct.pack("!BBBBI", TCP, 2, 0, 1, 0) + raw("2001:db8:0:1::2")
    route4 = struct.pack("!BBBBI", TCP, 2, 4, 0, 0) + raw("2001:db8:0:1::2")
    expect("type 0", chain(43, route0 + syn), "routing-header")
    expect("type 4, used up", chain(43, route4 + syn), None)
    expect("nine", chain(60, options6(TCP, 9) + syn), "ext-headers")
    syn = tcp_data(CLIENT[6], MAIL[6], sport(), 25)
    expect("eight extension headers", chain(60, options6(TCP, 8) + syn), None)
    expect("one of the experiments'", chain(253, options6(TCP) + syn), "ext-headers")
    expect("hop-by-hop in second place", chain(60, options6(0) + options6(TCP) + syn),
           "ext-headers")
    expect("a header longer than the packet", chain(60, b"\x06\x20\1\4\0\0\0\0" + syn),
           "malformed")
    expect("no ports in the first fragment", chain(44, fragment6(60, 0, 1) + options6(TCP)),
           "frag-headers")
    expect("half a TCP header in the first fragment",
           chain(44, fragment6(TCP, 0, 1) + syn[:8]), "frag-headers")


def tcp_flags():
    for name, flags in (("none", 0), ("SYN FIN", SYN | FIN), ("SYN RST", SYN | RST),
                        ("FIN", FIN), ("FIN PSH URG (Xmas)", FIN | PSH | URG),
                        ("all", 0x3f), ("URG", URG), ("SYN FIN ACK", SYN | FIN | ACK)):
        both(lambda v, ip, n=name, f=flags: expect(
            "%s, %s" % (n, ip), tcp(CLIENT[v], MAIL[v], sport(), 25, f), "tcp-flags"))


# ---- flows

def loose(value):
    subprocess.run(["sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_loose=%d" % value],
                   check=True)


def no_flow():
    for value in 1, 0:
        loose(value)
        for name, flags in (("ACK", ACK), ("FIN ACK", FIN | ACK), ("RST", RST),
                            ("data", PSH | ACK)):
            both(lambda v, ip, n=name, f=flags: expect(
                "%s, %s, loose %d" % (n, ip, value),
                tcp(CLIENT[v], MAIL[v], sport(), 25, f, ack=1), "tcp-no-flow"))
    loose(1)


def one_way():
    def make(v, name):
        router.load(POLICY)
        tap.equal("status knows of no one-way TCP, " + name, False,
                  "direction" in postern("status"))
        expect("the answer to a SYN that went another way, " + name,
               tcp(MAIL[v], CLIENT[v], 25, sport(), SYN | ACK, ack=1), "one-way", iface="z1")
        tap.equal("status tells of one-way TCP, " + name, True, "direction" in postern("status"))
        mine = sport()
        expect("SYN of a one-way flow, " + name,
               tcp(CLIENT[v], MAIL[v], mine, 25, seq=100), None)
        expect("an ACK of an answer that went another way, " + name,
               tcp(CLIENT[v], MAIL[v], mine, 25, ACK, seq=101, ack=7001), "one-way")
        expect("a scan for who answers, " + name,
               tcp(MAIL[v], CLIENT[v], 4444, sport(), SYN | ACK, ack=1), "tcp-no-flow",
               iface="z1")
    both(make)


def handshake(v, mine, client=None):
    """Opens a flow from outside to the server. Return: whether it is open."""
    client = client or CLIENT[v]
    out = router.send(("z0", tcp(client, MAIL[v], mine, 25, seq=100)))
    out += router.send(("z1", tcp(MAIL[v], client, 25, mine, SYN | ACK, seq=7000, ack=101)))
    out += router.send(("z0", tcp(client, MAIL[v], mine, 25, ACK, seq=101, ack=7001)))
    return [i for i, _ in out] == ["z1", "z0", "z1"]


def conntrack():
    # on the fast path nobody looks at windows
    router.load(POLICY + "fastpath off\n")

    def make(v, name):
        mine = sport()
        tap.equal("a handshake passes, " + name, True, handshake(v, mine))
        expect("far outside the window, " + name, tcp(
            CLIENT[v], MAIL[v], mine, 25, ACK | PSH, seq=0x70000000, ack=7001), "ct-invalid")
        expect("data within it, " + name, tcp(
            CLIENT[v], MAIL[v], mine, 25, ACK | PSH, seq=101, ack=7001, data=b"EHLO"), None)
        expect("an echo reply that nobody asked for, " + name,
               icmp(CLIENT[v], MAIL[v], 0 if v == 4 else 129), "ct-invalid")
    both(make)
    router.load(POLICY)


def icmp_errors():
    def make(v, name):
        mine = sport()
        ask = udp(CLIENT[v], MAIL[v], mine, 53)
        expect("a question to the name server, " + name, ask, None)
        # as the server saw it: one hop less
        quote = ask[:8] + b"\x3f" + ask[9:] if v == 4 else ask[:7] + b"\x3f" + ask[8:]
        if v == 4:
            quote = ip4(CLIENT[4], MAIL[4], UDP, ask[20:], ttl=63)
        passing, refused = ((3, 3), (3, 4), (11, 0)), ((5, 0), (4, 0), (12, 0))
        if v == 6:
            passing, refused = ((1, 4), (2, 0), (3, 0)), ((4, 0),)
        before = router.counters()["related"]
        for kind, code in passing:
            expect("ICMP %d/%d about it, %s" % (kind, code, name), icmp(
                MAIL[v], CLIENT[v], kind, code, rest=1280, data=quote), None, "z1", "z0")
        router_within = {4: "10.0.1.99", 6: "2001:db8:0:1::99"}[v]
        expect("the same from a router on the way, " + name, icmp(
            router_within, CLIENT[v], *passing[0], rest=0, data=quote), None, "z1", "z0")
        tap.equal("they are counted as related, " + name, len(passing) + 1,
                  router.counters()["related"] - before)
        for kind, code in refused:
            expect("%d/%d, %s" % (kind, code, name), icmp(
                MAIL[v], CLIENT[v], kind, code, rest=0, data=quote), "icmp-error", "z1")
        other = udp(CLIENT[v], MAIL[v], sport(), 53)
        expect("about no known flow, " + name, icmp(
            MAIL[v], CLIENT[v], *passing[0], rest=0, data=other), "icmp-error", "z1")
    both(make)


def revoked():
    """Where only one of two ways into a zone is closed, conntrack keeps the flow."""
    two_ways = POLICY.replace("server mail in dmz", "hosts both { 10.0.1.7, 2001:db8:0:1::7 }\n"
                              "server mail in dmz")
    def make(v, name):
        dst = {4: "10.0.1.7", 6: "2001:db8:0:1::7"}[v]
        router.load(two_ways + "allow outside -> both : udp 5000\n")
        mine = sport()
        expect("a flow while it is allowed, " + name, udp(CLIENT[v], dst, mine, 5000), None)
        router.load(two_ways + "allow inside -> both : udp 5000\n", flush=False)
        expect("its next packet, " + name, udp(CLIENT[v], dst, mine, 5000), "revoked")
        expect("its answer, " + name, udp(dst, CLIENT[v], 5000, mine), "revoked", "z1")
    both(make)
    router.load(POLICY)


# ---- the policy's own words

def rules():
    both(lambda v, name: expect("into a network of no zone, " + name,
                                udp(INSIDER[v], NOWHERE[v], sport(), 53), "no-zone", "z2"))
    both(lambda v, name: expect("out of one, " + name,
                                udp(NOWHERE[v], MAIL[v], sport(), 53), "no-zone",
                                "n0" if v == 4 else "n1"))
    both(lambda v, name: expect("between networks of no zone, " + name,
                                udp(NOWHERE[v], {4: "10.9.0.9", 6: "2001:db8:9::9"}[v],
                                    sport(), 53), None, "n1", "n0" if v == 4 else "n1"))
    both(lambda v, name: expect("TCP, " + name, tcp(CLIENT[v], MAIL[v], sport(), 26), "no-rule"))
    both(lambda v, name: expect("UDP, " + name, udp(CLIENT[v], MAIL[v], sport(), 54), "no-rule"))
    both(lambda v, name: expect("the other way, " + name,
                                tcp(MAIL[v], CLIENT[v], sport(), 25), "no-rule", "z1"))
    both(lambda v, name: expect("within one zone, " + name,
                                tcp(CLIENT[v], BEHIND[v], sport(), 25), "no-rule"))
    both(lambda v, name: expect("echo, " + name, echo(CLIENT[v], MAIL[v], sport()), None))
    before = router.counters()
    both(lambda v, name: expect("TCP, " + name, tcp(LISTED[v], MAIL[v], sport(), 25), "blocked"))
    both(lambda v, name: expect("UDP, " + name, udp(LISTED[v], MAIL[v], sport(), 53), "blocked"))
    tap.equal("what the block rule took is logged", 4,
              router.changes(before).get("logged", 0))
    tap.equal("and counted by the rule", 4, router.rules()[0][0])


def told():
    """Of a thousand drops in a second each is told to who listens, and logged; the others
    are counted."""
    frame = udp(LISTED[4], MAIL[4], sport(), 53)
    with subprocess.Popen(["postern", "--json", "monitor"], stdout=subprocess.DEVNULL) as monitor:
        end = time.monotonic() + 30
        changes = {}
        while "events" not in changes and time.monotonic() < end:
            before = router.counters()
            router.send(("z0", frame))
            changes = router.changes(before)
        tap.equal("somebody listens", 1, changes.get("events", 0))
        monitor.send_signal(signal.SIGSTOP)
        before, n = router.counters(), 800
        for _ in range(0, n, 100):
            router.send(*[("z0", frame)] * 100)
        changes = router.changes(before)
        monitor.send_signal(signal.SIGCONT)
        lost = changes.get("events-lost", 0)
        tap.equal("each is counted, if who listens is too slow", n, changes.get("events", 0) + lost)
        tap.result(lost, "who has room for some of them")
        before, begin, n = router.counters(), time.monotonic(), 6000
        for _ in range(0, n, 100):
            router.send(*[("z0", frame)] * 100)
        most = 1001 + 1000 * (time.monotonic() - begin)
        changes = router.changes(before)
        monitor.terminate()
    for done, lost in ("events", "events-lost"), ("logged", "logs-limited"):
        tap.equal("each is counted: %s, %s" % (done, lost), n,
                  changes.get(done, 0) + changes.get(lost, 0))
        tap.result(changes.get(done, 0) <= most, "no more than may be: " + done,
                   "%d, of which %d at most" % (changes.get(done, 0), most))
    if most < n:
        tap.result(changes.get("events-lost", 0), "some events were too many")
        tap.result(changes.get("logs-limited", 0), "some logs were too many")


def early():
    """What is dropped before routing has the reason and the rule that it would have behind."""
    before = router.counters()
    both(lambda v, name: expect("from a server into no zone, " + name,
                                tcp(MAIL[v], NOWHERE[v], sport(), 25), "no-zone", "z1"))
    router.load(POLICY.replace("block listed", "block outside -> dmz : tcp 23 log\n"
                               "block outside -> inside : tcp 23\nblock listed"))
    both(lambda v, name: expect("by a rule between zones, " + name,
                                tcp(CLIENT[v], MAIL[v], sport(), 23), "blocked"))
    changes = router.changes(before)
    tap.equal("those are dropped early, and logged", (4, 2),
              (changes.get("early-drops", 0), changes.get("logged", 0)))
    tap.equal("and counted by the rule of the right zone", [2, 0],
              [hits for hits, _, _ in router.rules()[:2]])
    router.load(POLICY)
    for family in "-4", "-6":
        subprocess.run(["ip", family, "route", "add", "unreachable", "default", "table", "77"],
                       check=True)
        subprocess.run(["ip", family, "rule", "add", "iif", "z0", "table", "77"], check=True)
    before = router.counters()
    both(lambda v, name: expect("but what a rule of the routes keeps, " + name,
                                tcp(CLIENT[v], MAIL[v], sport(), 26), None, out="z0"))
    tap.equal("is not for postern to drop", 0, router.changes(before).get("early-drops", 0))
    for family in "-4", "-6":
        subprocess.run(["ip", family, "rule", "del", "iif", "z0", "table", "77"], check=True)
        subprocess.run(["ip", family, "route", "flush", "table", "77"], check=True)


def untracked():
    nft = """table ip t { chain c { type filter hook prerouting priority raw;
             udp dport 53 notrack
             }
             }
"""
    try:
        subprocess.run(["nft", "-f", "-"], input=nft.encode(), check=True)
    except OSError:
        tap.skip("untracked", "there is no nft here")
        return
    expect("a notrack rule", udp(CLIENT[4], MAIL[4], sport(), 53), "untracked")
    subprocess.run(["nft", "delete", "table", "ip", "t"], check=True)
    expect("without it", udp(CLIENT[4], MAIL[4], sport(), 53), None)


def observe():
    router.load(POLICY.replace("block listed -> any log", "block listed -> any log observe")
                .replace("allow inside -> outside", "allow inside -> outside observe"))

    def make(v, name):
        before = router.counters()
        out = router.send(("z0", tcp(LISTED[v], MAIL[v], sport(), 25)))
        changes = router.changes(before)
        tap.equal("a block rule under observe only counts, " + name,
                  (["z1"], {"~blocked": 1}), ([i for i, _ in out], router.dropped(changes)))
        tap.equal("and logs, " + name, 1,
                  changes.get("logged", 0) + changes.get("logs-limited", 0))
        before = router.counters()
        out = router.send(("z0", tcp(LISTED[v], MAIL[v], sport(), 26)))
        tap.equal("what comes behind it still decides, " + name,
                  ([], {"~blocked": 1, "no-rule": 1}),
                  ([i for i, _ in out], router.dropped(router.changes(before))))
        before = router.counters()
        out = router.send(("z2", udp(INSIDER[v], CLIENT[v], sport(), 9)))
        tap.equal("an allow rule under observe tells what it lets through, " + name,
                  (["z0"], {"~no-rule": 1}),
                  ([i for i, _ in out], router.dropped(router.changes(before))))
    both(make)

    router.load(POLICY + "set observe\n")
    cases = (("no-rule", "z0", tcp(CLIENT[4], MAIL[4], sport(), 26)),
             ("blocked", "z0", udp(LISTED[4], MAIL[4], sport(), 53)),
             ("spoofed", "z0", udp(INSIDER[4], MAIL[4], sport(), 53)),
             ("tcp-no-flow", "z0", tcp(CLIENT[4], MAIL[4], sport(), 25, ACK, ack=1)),
             ("tcp-flags", "z0", tcp(CLIENT[4], MAIL[4], sport(), 25, SYN | FIN)),
             ("no-zone", "n0", udp(NOWHERE[4], MAIL[4], sport(), 53)))
    for reason, iface, frame in cases:
        before = router.counters()
        out = router.send((iface, frame))
        changes = router.changes(before)
        dropped = router.dropped(changes)
        tap.equal("under `set observe` nothing is dropped: " + reason,
                  (["z1"], [], True, 0),
                  ([i for i, _ in out], [k for k in dropped if k[0] != "~"],
                   "~" + reason in dropped, changes.get("early-drops", 0)))
    router.load(POLICY)


def reject():
    router.load(POLICY.replace("{ z0 }", "{ z0 } reject yes"))

    def make(v, name):
        mine = sport()
        syn = tcp(CLIENT[v], MAIL[v], mine, 26)
        out = router.send(("z0", syn))
        ok = len(out) == 1 and out[0][0] == "z0"
        data = out[0][1] if ok else b"\0" * 60
        at = 20 if v == 4 else 40
        want = (True, raw(MAIL[v]), struct.pack("!HH", 26, mine), RST)
        got = (ok, data[at - 8:at - 4] if v == 4 else data[8:24], data[at:at + 4],
               data[at + 13] & (RST | SYN))
        tap.equal("a denied SYN is answered by a reset, " + name, want, got)
        out = router.send(("z0", udp(CLIENT[v], MAIL[v], sport(), 54)))
        want = (3, 13) if v == 4 else (1, 1)
        got = [(d[at], d[at + 1]) for i, d in out if i == "z0"]
        tap.equal("denied UDP is answered as prohibited, " + name, [want], got)
        out = router.send(("z0", tcp(CLIENT[v], MAIL[v], sport(), 26, RST)))
        tap.equal("a reset is not answered, " + name, [], out)
        out = router.send(("z0", icmp(CLIENT[v], MAIL[v], 3 if v == 4 else 1, 1,
                                      data=udp(MAIL[v], CLIENT[v], 1, 1))))
        tap.equal("an ICMP error is not answered, " + name, [], out)
        out = router.send(("z1", tcp(MAIL[v], CLIENT[v], sport(), 26)))
        tap.equal("a zone that does not reject stays silent, " + name, [], out)
    both(make)
    before = router.counters()
    out = router.send(*(("z0", tcp(CLIENT[4], MAIL[4], sport(), 26)) for _ in range(300)))
    changes = router.changes(before)
    tap.equal("300 at once: not all are answered", (True, True, 300, len(out)),
              (0 < len(out) < 200, changes.get("rejects-limited", 0) > 0,
               changes["no-rule"], changes.get("rejects", 0)))
    router.load(POLICY)


def marks():
    router.load(POLICY.replace("smtp, udp 53, echo", "smtp mark 0x10/0xf0\n"
                               "allow outside -> mail : udp 53") + "set mark 0x3000/0xf000\n")
    # a filter on the mark, in front of the outgoing interface
    watch = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    watch.settimeout(5)
    watch.bind(("z1", 0))

    def marked(mark, mask, frame):
        # ld mark; and mask; jeq mark, accept, drop
        code = [(0x20, 0, 0, (0xfffff000 + 20) & 0xffffffff), (0x54, 0, 0, mask),
                (0x15, 0, 1, mark), (6, 0, 0, 0xffff), (6, 0, 0, 0)]
        import ctypes
        text = b"".join(struct.pack("=HBBI", *c) for c in code)
        buf = ctypes.create_string_buffer(text)
        watch.setsockopt(socket.SOL_SOCKET, 26, struct.pack("@HP", len(code),
                                                            ctypes.addressof(buf)))
        watch.setblocking(False)
        while True:
            try:
                watch.recv(65536)
            except BlockingIOError:
                break
        out = router.send(("z0", frame))
        try:
            return [i for i, _ in out], watch.recv(65536)[14:][-4:] == frame[-4:]
        except BlockingIOError:
            return [i for i, _ in out], False
    tap.equal("a rule's mark and the policy's are on what it accepts", (["z1"], True),
              marked(0x3010, 0xffff, tcp(CLIENT[4], MAIL[4], sport(), 25)))
    tap.equal("the policy's mark alone", (["z1"], True),
              marked(0x3000, 0xffff, udp(CLIENT[4], MAIL[4], sport(), 53)))
    tap.equal("and not another one", (["z1"], False),
              marked(0x3010, 0xffff, udp(CLIENT[4], MAIL[4], sport(), 53)))
    nft = """table ip t { chain c { type filter hook forward priority 0;
             meta mark & 0xf0 == 0x10 drop
             }
             }
"""
    try:
        subprocess.run(["nft", "-f", "-"], input=nft.encode(), check=True)
    except OSError:
        tap.skip("a ruleset of nft sees the mark", "there is no nft here")
    else:
        out = router.send(("z0", tcp(CLIENT[4], MAIL[4], sport(), 25)),
                          ("z0", udp(CLIENT[4], MAIL[4], sport(), 53)))
        tap.equal("a ruleset of nft sees the mark, and its drop holds", [UDP],
                  [d[9] for _, d in out])
        subprocess.run(["nft", "delete", "table", "ip", "t"], check=True)
    router.load(POLICY)


# ---- the router itself

SELF = {4: "10.255.0.1", 6: "fd00::1"}
NEXT = {4: "10.255.0.2", 6: "fd00::2"}  # who is at the other end of z0


def itself():
    def reset(v, dport, src=None):
        """Whether the router's own stack answers that nobody listens."""
        out = router.send(("z0", tcp(src or NEXT[v], SELF[v], sport(), dport)))
        at = 20 if v == 4 else 40
        return [i for i, d in out if d[9 if v == 4 else 6] == TCP and d[at + 13] & RST]

    def ask(v, dport):
        with socket.socket(socket.AF_INET if v == 4 else socket.AF_INET6,
                           socket.SOCK_DGRAM) as sock:
            try:
                sock.sendto(b"asks", (NEXT[v], dport))
                sock.sendto(b"asks", (NEXT[v], dport))
            except PermissionError:
                return False
        return True

    def make_alone(v, name):
        before = router.counters()
        tap.equal("a policy that does not name the router leaves it alone, " + name,
                  (["z0"], True, {}),
                  (reset(v, 23), ask(v, 9), router.dropped(router.changes(before))))
    both(make_alone)

    router.load(POLICY + "hosts router self\nallow outside -> router : ssh\n")

    def make_input(v, name):
        before = router.counters()
        tap.equal("to the router, allowed, " + name, ["z0"], reset(v, 22))
        tap.equal("to the router, denied, " + name, ([], {"no-rule": 1}),
                  (reset(v, 23), router.dropped(router.changes(before))))
        tap.equal("from the router, not named as a source, " + name, True, ask(v, 9))
    both(make_input)
    solicit = icmp_data("fd00::2", "fd00::1", 135, rest=0, data=raw("fd00::1") + b"\1\1" +
                        router.wires["z0"].mac)
    out = router.send(("z0", ip6("fd00::2", "fd00::1", ICMP6, solicit, hops=255)))
    tap.equal("neighbour discovery works although no rule names it", True,
              any(d[6] == ICMP6 and d[40] == 136 for i, d in out if d[0] >> 4 == 6))

    router.load(POLICY + "hosts router self\nallow router -> outside : udp 53\n")

    def make_output(v, name):
        before = router.counters()
        tap.equal("from the router, allowed, " + name, True, ask(v, 53))
        tap.equal("from the router, denied, " + name, (False, True),
                  (ask(v, 54), router.changes(before).get("no-rule", 0) > 0))
        tap.equal("to the router, not named as a destination, " + name, ["z0"], reset(v, 23))
    both(make_output)
    router.load(POLICY)


def rerouted():
    """An answer of the router's that its own tables send another way than the routes."""
    nft = """table ip r { chain o { type route hook output priority mangle;
             tcp sport 22 meta mark set 7
             }
             }
"""
    try:
        subprocess.run(["nft", "-f", "-"], input=nft.encode(), check=True)
    except OSError:
        tap.skip("rerouted", "there is no nft here")
        return
    for words in ("rule add fwmark 7 lookup 77", "route add default via 10.255.2.2 dev z2 table 77"):
        subprocess.run(["ip"] + words.split(), check=True)
    router.load(POLICY + "hosts router self\nallow inside -> router : ssh\n")
    # by the routes it is in the dmz
    out = router.send(("z2", tcp("203.0.113.9", SELF[4], sport(), 22)))
    tap.equal("its zone is that by which it leaves", ["z2"],
              [i for i, d in out if d[9] == TCP and d[33] & RST])
    subprocess.run(["ip", "rule", "del", "fwmark", "7"], check=True)
    subprocess.run(["nft", "delete", "table", "ip", "r"], check=True)
    router.load(POLICY)


# ---- fragments that the kernel waits for in vain

def sysctl(name, value=None):
    """Sets it, if there is a @value. Return: what it was."""
    with open("/proc/sys/" + name, encoding="ascii") as f:
        old = f.read().strip()
    if value is not None:
        with open("/proc/sys/" + name, "w", encoding="ascii") as f:
            f.write(value)
    return old


def given_up():
    """By IP version, as /proc/net/postern/status says."""
    with open("/proc/net/postern/status", encoding="ascii") as f:
        found = re.search(r"^fragments .*given up (\d+); IPv6 given up (\d+)", f.read(), re.M)
    return {4: int(found[1]), 6: int(found[2])} if found else {4: 0, 6: 0}


def incomplete():
    timeout = {4: "net/ipv4/ipfrag_time", 6: "net/netfilter/nf_conntrack_frag6_timeout"}

    def make(v, name):
        data = udp_data(CLIENT[v], MAIL[v], sport(), 53, data=b"z" * 2400)[:1200]
        piece = ip4(CLIENT[4], MAIL[4], UDP, data, ident=sport(), frag=0x2000) if v == 4 else \
            ip6(CLIENT[6], MAIL[6], 44, fragment6(UDP, 0, 1, sport()) + data)
        old = sysctl(timeout[v], "1")
        before = given_up()
        router.send(("z0", piece))
        end = time.monotonic() + 30
        while given_up() == before and time.monotonic() < end:
            time.sleep(0.1)
        sysctl(timeout[v], old)
        tap.equal("status tells of a datagram that stays incomplete, " + name,
                  {**before, v: before[v] + 1}, given_up())
    both(make)


# ---- size

def sizes():
    subprocess.run(["ip", "link", "set", "z1", "mtu", "1300"], check=True)
    big = udp_data(CLIENT[4], MAIL[4], sport(), 53, data=b"x" * 1360)
    out = router.send(("z0", ip4(CLIENT[4], MAIL[4], UDP, big, frag=0x4000)))
    tap.equal("the router says that a packet is too big, IPv4", [("z0", 3, 4)],
              [(i, d[20], d[21]) for i, d in out])
    big = udp_data(CLIENT[6], MAIL[6], sport(), 53, data=b"x" * 1360)
    out = router.send(("z0", ip6(CLIENT[6], MAIL[6], UDP, big)))
    tap.equal("the router says that a packet is too big, IPv6", [("z0", 2)],
              [(i, d[40]) for i, d in out if d[6] == ICMP6])
    subprocess.run(["ip", "link", "set", "z1", "mtu", "1500"], check=True)

    def pieces(v, dport):
        data = udp_data(CLIENT[v], MAIL[v], sport(), dport, data=b"y" * 2400)
        ident = sport()
        if v == 4:
            return [ip4(CLIENT[4], MAIL[4], UDP, data[:1200], ident=ident, frag=0x2000),
                    ip4(CLIENT[4], MAIL[4], UDP, data[1200:], ident=ident, frag=150)]
        return [ip6(CLIENT[6], MAIL[6], 44, fragment6(UDP, 0, 1, ident) + data[:1200]),
                ip6(CLIENT[6], MAIL[6], 44, fragment6(UDP, 1200, 0, ident) + data[1200:])]

    def make(v, name):
        before = router.counters()
        out = router.send(*(("z0", p) for p in pieces(v, 53)))
        changes = router.changes(before)
        tap.equal("fragments of an allowed datagram pass and count as one, " + name,
                  ({"z1"}, 1, {}), ({i for i, _ in out}, changes.get("accepted"),
                                    router.dropped(changes)))
        before = router.counters()
        out = router.send(*(("z0", p) for p in reversed(pieces(v, 54))))
        tap.equal("of a denied one none does, the last first, " + name, ([], {"no-rule": 1}),
                  (out, router.dropped(router.changes(before))))
        out = router.send(("z0", pieces(v, 53)[1]))
        tap.equal("a later fragment alone goes nowhere, " + name, [], out)
    both(make)


# ---- translated hosts

def nat():
    ruleset = """table ip n {
        chain pre { type nat hook prerouting priority dstnat;
            ip daddr 203.0.113.5 tcp dport 25 dnat to 10.0.1.5
        }
        chain post { type nat hook postrouting priority srcnat;
            ip saddr 10.0.1.5 oifname "z0" snat to 203.0.113.5
        }
        }
"""
    try:
        subprocess.run(["nft", "-f", "-"], input=ruleset.encode(), check=True)
    except OSError:
        tap.skip("translated hosts", "there is no nft here")
        return
    text = """
zone outside { z0 }
zone dmz { z1 }
server hidden in dmz nat { 10.0.1.5, 203.0.113.5 }
allow outside -> 10.0.1.5 : smtp
allow hidden -> outside : smtp
"""
    router.load(text)
    before = router.counters()
    mine = sport()
    out = router.send(("z0", tcp(CLIENT[4], "203.0.113.5", mine, 25, seq=100)))
    tap.equal("rules match the address behind DNAT", ([("z1", raw("10.0.1.5"))], {}),
              ([(i, d[16:20]) for i, d in out], router.dropped(router.changes(before))))
    out = router.send(("z1", tcp("10.0.1.5", CLIENT[4], 25, mine, SYN | ACK, seq=1, ack=101)))
    tap.equal("the answer goes back translated", [("z0", raw("203.0.113.5"))],
              [(i, d[12:16]) for i, d in out])
    out = router.send(("z1", tcp("10.0.1.5", CLIENT[4], sport(), 25)))
    tap.equal("rules match the address before SNAT", [("z0", raw("203.0.113.5"))],
              [(i, d[12:16]) for i, d in out])
    before = router.counters()
    out = router.send(("z0", tcp(CLIENT[4], "203.0.113.5", sport(), 26)))
    tap.equal("what is not translated is denied", ([], {"no-rule": 1}),
              (out, router.dropped(router.changes(before))))
    subprocess.run(["nft", "delete", "table", "ip", "n"], check=True)
    router.load(POLICY)


def main():
    router.load(POLICY)
    for group in (martians, spoofed, headers4, headers6, tcp_flags, no_flow, one_way, conntrack,
                  icmp_errors, revoked, rules, told, early, untracked, observe, reject, marks, itself,
                  rerouted, sizes, nat, incomplete):
        if len(sys.argv) == 1 or group.__name__ in sys.argv[1:]:
            flush_conntrack()
            group()
    tap.done()


main()
