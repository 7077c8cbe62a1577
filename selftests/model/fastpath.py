#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Which packets take the fast path, that they are judged and counted like the others, and
when a flow leaves it. See fastpath.sh."""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from craft import (ACK, FIN, PSH, RST, SYN, TCP, URG, icmp, ip4, ip6, raw, tcp, tcp_data, udp,
                   udp_data)
from nl import flush_conntrack
from router import Router, postern
from tap import Tap
from wire import checksum

POLICY = """
zone outside { z0 }
zone dmz { z1 }
zone inside { z2 }
server mail in dmz { 10.0.1.1, 2001:db8:0:1::1 }
hosts clients in inside { 10.0.2.0/24, 2001:db8:0:2::/64 }
hosts listed in outside { 198.51.100.0/25, 2001:db8:77::/64 }
allow outside -> mail : smtp, udp 53
allow mail -> outside
"""
# Of itself the fast path is taken from 5.15 on.
AUTO = tuple(map(int, os.uname().release.split(".")[:2])) >= (5, 15)
if not AUTO:
    POLICY += "fastpath on\n"
OFF = POLICY.replace("fastpath on\n", "") + "fastpath off\n"
SHUT = POLICY.replace("smtp, udp 53", "https")
MAIL = {4: "10.0.1.1", 6: "2001:db8:0:1::1"}
CLIENT = {4: "10.0.0.9", 6: "2001:db8::9"}
SECONDS = 10

tap = Tap()
router = Router()
port = 20000


def run(*words, text=None):
    return subprocess.run(words, input=text and text.encode(), check=True,
                          stdout=subprocess.PIPE).stdout.decode()


def setting(path, value):
    """Return: what it was."""
    with open(path) as was:
        old = was.read()
    with open(path, "w") as new:
        new.write(value)
    return old


def status():
    return json.loads(postern("--json", "status"))


def both(make):
    for version in 4, 6:
        make(version, "IPv%d" % version)


class Flow:
    """A connection from a client outside to the server, both of them in our hands."""

    def __init__(self, v, dport=25, client=None, server=None, shown=None):
        global port
        port += 1
        self.v, self.sport, self.dport = v, port, dport
        self.client, self.server = client or CLIENT[v], server or MAIL[v]
        self.shown = shown or self.server  # as the client knows it
        self.at = {"z0": 100, "z1": 7000}  # what each end says next

    def segment(self, iface, flags=ACK | PSH, data=b"data", **more):
        here, there = self.at[iface], self.at["z1" if iface == "z0" else "z0"]
        ends = (self.client, self.shown, self.sport, self.dport) if iface == "z0" else \
            (self.server, self.client, self.dport, self.sport)
        frame = tcp(*ends, flags, seq=here, ack=there if flags & ACK else 0, data=data, **more)
        self.at[iface] += len(data) + bool(flags & (SYN | FIN))
        return iface, frame

    def open(self):
        """Return: whether the handshake passed."""
        out = router.send(self.segment("z0", SYN, b""))
        out += router.send(self.segment("z1", SYN | ACK, b""))
        out += router.send(self.segment("z0", ACK, b""))
        return [i for i, _ in out] == ["z1", "z0", "z1"] and self

    def say(self, iface="z0", **more):
        """One segment. Return: (where it came out, whether it took the fast path)"""
        return ways(self.segment(iface, **more))


def ways(frame):
    before = router.counters()
    out = router.send(frame)
    return [i for i, _ in out], router.changes(before).get("fast-packets", 0)


def open_flow(v, **more):
    flow = Flow(v, **more)
    if not flow.open():
        sys.exit("# no handshake passes")
    return flow


FAST = {"z0": (["z1"], 1), "z1": (["z0"], 1)}
SLOW = {"z0": (["z1"], 0), "z1": (["z0"], 0)}


def is_fast(name, flow, iface="z0"):
    tap.equal("takes the fast path: " + name, FAST[iface], flow.say(iface))


def is_slow(name, flow, iface="z0"):
    tap.equal("goes by the hooks: " + name, SLOW[iface], flow.say(iface))


def tracked(flow):
    """What conntrack says the state of a flow is."""
    with open("/proc/net/nf_conntrack") as entries:
        for entry in entries:
            if " sport=%d dport=%d " % (flow.sport, flow.dport) in entry:
                return entry.split()[5]


def wait_for(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


# ---- who takes it

def taken():
    def make(v, name):
        before = router.counters()
        flow = open_flow(v)
        changes = router.changes(before)
        tap.equal("offered once, with the handshake, " + name, (1, None),
                  (changes.get("fast-flows"), changes.get("fast-packets")))
        is_fast("what a client says, " + name, flow)
        is_fast("what the server says, " + name, flow, "z1")
        frame = flow.segment("z0", data=b"to be seen")
        out = router.send(frame)
        want = frame[1]
        if v == 4:
            head = want[:8] + bytes([want[8] - 1]) + want[9:10] + b"\0\0" + want[12:20]
            want = head[:10] + struct.pack("!H", checksum(head)) + head[12:] + want[20:]
        else:
            want = want[:7] + bytes([want[7] - 1]) + want[8:]
        tap.equal("comes out as it went in, one hop further, " + name, [("z1", want)], out)
    both(make)
    shown = status()
    tap.equal("status", ("auto" if AUTO else "on", "on", "", 2),
              tuple(shown["fastpath" + k] for k in ("-set", "", "-why", "-flows")))
    with open("/proc/net/postern/status") as proc:
        tap.equal("/proc", ["fast path    on, flows 2\n"],
                  [line for line in proc if line.startswith("fast")])


def datagrams():
    def make(v, name):
        flow = Flow(v)
        ask = "z0", udp(CLIENT[v], MAIL[v], flow.sport, 53)
        answer = "z1", udp(MAIL[v], CLIENT[v], 53, flow.sport)
        before = router.counters()
        router.send(ask)
        router.send(answer)
        router.send(ask)
        tap.equal("a question, an answer, a question: by the hooks, UDP " + name, None,
                  router.changes(before).get("fast-flows"))

        def long_enough():
            return ways(ask)[1] and ways(answer)[1]
        tap.result(wait_for(long_enough), "a stream both ways takes the fast path, UDP " + name)
        tap.equal("a fast datagram comes out, UDP " + name, FAST["z0"], ways(ask))
        tap.equal("and so does its answer, UDP " + name, FAST["z1"], ways(answer))
    both(make)


# ---- counted like the others

def totals():
    counters = router.counters()
    return [counters[k] for k in ("packets", "accepted", "bytes")] + list(router.rules()[0][1:])


def counted():
    def make(v, name):
        flow = open_flow(v)
        is_fast("before it is counted, " + name, flow)
        before = totals()
        count = size = 0
        for i in range(50):
            frame = flow.segment("z0" if i % 3 else "z1", data=b"x" * (i * 7))
            router.send(frame)
            count += 1
            size += len(frame[1])
        after = totals()
        want = [count, count, size, count, size]
        tap.equal("each packet and byte, for its rule as well, at any time, " + name, want,
                  [b - a for a, b in zip(before, after)])
        router.load(POLICY, flush=False)
        tap.equal("a load takes them along, " + name, after[3:], list(router.rules()[0][1:]))
        flow.say()
        tap.equal("and goes on with them, " + name, after[3] + 1, router.rules()[0][1])
        postern("reset")
        flow = open_flow(v)
        postern("reset")
        frame = flow.segment("z0")
        router.send(frame)
        tap.equal("and a reset makes them 0, " + name, [1, 1, len(frame[1]), 1, len(frame[1])],
                  totals())
        before = totals()
        end = flow.segment("z0", FIN | ACK, b"")
        router.send(end)
        tap.equal("the end is counted as well, " + name, [1, len(end[1])],
                  [totals()[i] - before[i] for i in (1, 2)])
    both(make)


def padded():
    def make(v, name):
        flow = open_flow(v)
        is_fast("before its padding, " + name, flow)
        frame = flow.segment("z0", ACK, b"")
        before = router.counters()
        router.wires["z0"].send(v, frame[1] + b"\xee" * 6)
        out = router.send()
        changes = router.changes(before)
        tap.equal("padding is cut off, and not counted, " + name,
                  (1, len(frame[1]), len(frame[1])),
                  (changes.get("fast-packets"), changes.get("bytes"),
                   len(out[0][1]) if out else None))
    both(make)


# ---- what is left to the hooks

def dropped_for(frame, reason, name):
    before = router.counters()
    out = router.send(frame)
    changes = router.changes(before)
    tap.equal("%s: %s" % (reason, name), ([], {reason: 1}, None),
              ([i for i, _ in out if i == "z1"], router.dropped(changes),
               changes.get("fast-packets")))


def left():
    def make(v, name):
        flow = open_flow(v)
        is_fast("before odd packets, " + name, flow)
        for flags in 0, URG, PSH, FIN, SYN | FIN, SYN | RST, SYN | RST | ACK:
            frame = tcp(flow.client, flow.server, flow.sport, 25, flags, seq=flow.at["z0"],
                        ack=flow.at["z1"])
            dropped_for(("z0", frame), "tcp-flags", "flags %#x on the fast path, %s" %
                        (flags, name))
        frame = tcp(flow.client, flow.server, flow.sport, 25, ACK, doff=4, seq=flow.at["z0"],
                    ack=flow.at["z1"])
        out = router.send(("z0", frame))
        tap.equal("a TCP header of 16 bytes does not pass, " + name, [], out)
        data = tcp_data(flow.client, flow.server, flow.sport, 25, ACK | PSH, seq=flow.at["z0"],
                        ack=flow.at["z1"], data=b"last hop")
        frame = ip4(flow.client, flow.server, TCP, data, ttl=1) if v == 4 else \
            ip6(flow.client, flow.server, TCP, data, hops=1)
        out = router.send(("z0", frame))
        tap.equal("the last hop is told, " + name, [("z0", 11 if v == 4 else 3)],
                  [(i, d[20 if v == 4 else 40]) for i, d in out])
        is_fast("after odd packets, " + name, flow)
        # its addresses, from where it does not come from
        frame = flow.segment("z0")[1]
        flow.at["z0"] -= 4
        before = router.counters()
        out = router.send(("z2", frame))
        tap.equal("another interface: nothing of it passes, " + name, ([], None),
                  (out, router.changes(before).get("fast-packets")))
        before = router.counters()
        kind = struct.pack("!HHH", 0x8100, 7, 0x0800 if v == 4 else 0x86dd)
        wire = router.wires["z0"]
        wire.sock.send(wire.router_mac + wire.mac + kind + frame)
        out = router.send()
        tap.equal("another VLAN: nothing of it passes, " + name, ([], None),
                  (out, router.changes(before).get("fast-packets")))
        wire.sock.send(b"\2\2\2\2\2\2" + wire.mac + kind[4:] + frame)
        tap.equal("another station's frame: nothing of it passes, " + name, [], router.send())
        is_fast("after those, " + name, flow)
    both(make)
    flow = open_flow(4)
    is_fast("before IP options", flow)
    data = tcp_data(flow.client, flow.server, flow.sport, 25, ACK | PSH, seq=flow.at["z0"],
                    ack=flow.at["z1"], data=b"data")
    tap.equal("options go by the hooks", SLOW["z0"],
              ways(("z0", ip4(flow.client, flow.server, TCP, data, options=b"\x94\4\0\0"))))
    dropped_for(("z0", ip4(flow.client, flow.server, TCP, data,
                           options=b"\x83\7\4\x0a\0\1\1\0")), "source-route",
                "on the fast path")
    frame = ip4(flow.client, flow.server, TCP, data)
    tap.equal("a wrong checksum of the IP header goes nowhere", ([], 0),
              ways(("z0", frame[:10] + b"\1\2" + frame[12:])))
    before = router.counters()
    out = router.send(("z0", ip4(flow.client, flow.server, TCP, data[:16], ident=9, frag=0x2000)),
                      ("z0", ip4(flow.client, flow.server, TCP, data[16:], ident=9, frag=2)))
    tap.equal("fragments go by the hooks", ({"z1"}, None),
              ({i for i, _ in out}, router.changes(before).get("fast-packets")))


def errors():
    def make(v, name):
        flow = open_flow(v)
        is_fast("before an ICMP error, " + name, flow)
        inner = tcp(MAIL[v], CLIENT[v], 25, flow.sport, ACK, seq=flow.at["z1"])[:48 + 20 * (v == 6)]
        before = router.counters()
        out = router.send(("z0", icmp(CLIENT[v], MAIL[v], 3 if v == 4 else 1,
                                      3 if v == 4 else 4, rest=0, data=inner)))
        tap.equal("an error about it passes as related, " + name, (["z1"], 1),
                  ([i for i, _ in out], router.changes(before).get("related")))
        is_fast("after an ICMP error, " + name, flow)
    both(make)


# ---- when a flow leaves it

def ends():
    def make(v, name):
        flow = open_flow(v)
        is_fast("before its FIN, " + name, flow)
        tap.equal("a FIN goes by the hooks, " + name, SLOW["z0"],
                  flow.say(flags=FIN | ACK, data=b""))
        is_slow("after a FIN, " + name, flow, "z1")
        tap.equal("the other FIN, " + name, SLOW["z1"],
                  flow.say("z1", flags=FIN | ACK, data=b""))
        tap.equal("the last ACK, " + name, SLOW["z0"], flow.say(flags=ACK, data=b""))
        flow = open_flow(v)
        is_fast("before its RST, " + name, flow)
        tap.equal("a RST goes by the hooks, " + name, SLOW["z1"],
                  flow.say("z1", flags=RST | ACK, data=b""))
        is_slow("after a RST, " + name, flow)
        flow = open_flow(v)
        is_fast("before a RST that may be anybody's, " + name, flow)
        flow.at["z0"] += 1 << 31
        tap.equal("a client's RST passes after 2 GiB as well, " + name, SLOW["z0"],
                  flow.say(flags=RST | ACK, data=b""))
        tap.equal("but conntrack does not believe it, " + name, "ESTABLISHED", tracked(flow))
        flow = open_flow(v)
        is_fast("before a SYN, " + name, flow)
        flow.say(flags=SYN, data=b"")
        tap.equal("after a SYN it is looked at again, " + name, 0, flow.say("z1")[1])
        flow = open_flow(v)
        is_fast("before conntrack forgets it, " + name, flow)
        flush_conntrack()
        dropped_for(flow.segment("z0"), "tcp-no-flow", "once conntrack has forgotten it, " + name)
    both(make)
    timeout = "/proc/sys/net/netfilter/nf_flowtable_tcp_timeout"
    if not os.path.exists(timeout):
        tap.skip("who is idle leaves", "30 s on this kernel")
        return
    old = setting(timeout, "1")
    router.load(POLICY)
    tap.result(wait_for(lambda: status()["fastpath-flows"] == 0), "a load ends all")
    flow = open_flow(4)
    is_fast("before it is idle", flow)
    tap.result(wait_for(lambda: status()["fastpath-flows"] == 0), "who is idle leaves")
    is_slow("who comes back", flow)
    is_fast("who came back", flow)
    setting(timeout, old)


def policies():
    def make(v, name):
        flow = open_flow(v)
        is_fast("before a load, " + name, flow)
        router.load(POLICY, flush=False)
        is_slow("the first packet after a load, " + name, flow)
        tap.result(wait_for(lambda: flow.say() == FAST["z0"]), "it is offered again, " + name)
        router.load(SHUT, flush=False)
        before = router.counters()
        out = router.send(flow.segment("z0"), flow.segment("z1"))
        tap.equal("after a load that denies it nothing passes, " + name, ([], None),
                  (out, router.changes(before).get("fast-packets")))
        router.load(POLICY)
        flow = open_flow(v)
        is_fast("before load --keep-flows, " + name, flow)
        router.load(SHUT, "--keep-flows", flush=False)
        is_slow("what load --keep-flows keeps, " + name, flow)
        is_slow("and keeps, " + name, flow, "z1")
        router.load(POLICY)
        flow = open_flow(v)
        is_fast("before its source becomes spoofed, " + name, flow)
        router.load(POLICY.replace("10.0.2.0/24, 2001:db8:0:2::/64",
                                   "10.0.0.0/24, 2001:db8::/64"), flush=False)
        tap.result(wait_for(lambda: flow.say("z1") == FAST["z1"]), "its server has it offered, " + name)
        out = router.send(flow.segment("z0"))
        tap.equal("a spoofed source does not pass, " + name, [], out)
        router.load(POLICY)
        flow = open_flow(v)
        is_fast("before unload, " + name, flow)
        postern("unload", "--open")
        out = router.send(flow.segment("z0"))
        tap.equal("without a policy it goes on, " + name, ["z1"], [i for i, _ in out])
        router.load(POLICY, flush=False)
        tap.result(wait_for(lambda: flow.say() == FAST["z0"]),
                   "under the next one it is fast again, " + name)
        router.load(POLICY)
    both(make)
    router.load(OFF)
    flow = open_flow(4)
    is_slow("fastpath off", flow)
    tap.equal("status says why", ("off", "off", "the policy says so"),
              tuple(status()["fastpath" + k] for k in ("-set", "", "-why")))
    router.load(POLICY, flush=False)
    flow.say()
    is_fast("once it is on", flow)
    router.load(OFF, flush=False)
    is_slow("once it is off", flow)
    tap.equal("and nobody is left", 0, router.changes(router.counters()).get("fast-packets", 0))
    router.load(POLICY)


def bans():
    def make(v, name):
        flow = open_flow(v)
        is_fast("before its source is banned, " + name, flow)
        postern("ban", "add", CLIENT[v])
        before = router.counters()
        out = router.send(flow.segment("z0"), flow.segment("z1"))
        tap.equal("nothing of who is banned passes, " + name, ([], None),
                  (out, router.changes(before).get("fast-packets")))
        # who did not begin it may go on with it, but is looked at
        back = Flow(v, dport=4000)
        back.at = {"z0": 7000, "z1": 100}
        out = router.send(back.segment("z1", SYN, b"")) + \
            router.send(back.segment("z0", SYN | ACK, b"")) + \
            router.send(back.segment("z1", ACK, b""))
        tap.equal("what the server begins with him opens, " + name, 3, len(out))
        tap.equal("what he answers goes by the hooks, " + name, SLOW["z0"], back.say("z0"))
        postern("ban", "del", CLIENT[v])
    both(make)


# ---- others

CHAIN = """table inet mine {
	chain seen {
		type filter hook forward priority 10;
		counter
	}
}
"""


def seen():
    table = json.loads(run("nft", "-j", "list", "table", "inet", "mine"))["nftables"]
    return [e["counter"]["packets"] for o in table if "rule" in o for e in o["rule"]["expr"]
            if "counter" in e][0]


def forgets():
    """By itself on no kernel where those who idle suffer from it."""
    if AUTO:
        tap.skip("auto leaves it", "this kernel forgets nobody")
        return
    router.load(POLICY.replace("fastpath on\n", ""))
    is_slow("auto on a kernel that forgets who idles", open_flow(4))
    tap.equal("status says why",
              ("auto", "off", "this kernel would forget connections that idle for two minutes"),
              tuple(status()["fastpath" + k] for k in ("-set", "", "-why")))
    router.load(POLICY)


def foreign():
    if not AUTO:
        tap.skip("hooks of others", "auto is off on this kernel")
        return
    flow = open_flow(4)
    is_fast("before a hook of others", flow)
    run("nft", "-f", "-", text=CHAIN)
    is_slow("with a hook of others", flow)
    is_slow("and so its answer", flow, "z1")
    tap.equal("who sees all of it", 2, seen())
    other = open_flow(6)
    before = router.counters()
    is_slow("a new flow", other)
    tap.equal("is not offered", None, router.changes(before).get("fast-flows"))
    shown = status()
    tap.equal("status says why", ("auto", "off", "it would pass by a hook of others", True),
              (shown["fastpath-set"], shown["fastpath"], shown["fastpath-why"],
               "priority 10" in shown["fastpath-foreign"]))
    router.load(POLICY + "fastpath on\n")
    flow = open_flow(4)
    count = seen()
    is_fast("fastpath on does not ask", flow)
    tap.equal("and passes others by", count, seen())
    tap.equal("status, on", ("on", "on"),
              (status()["fastpath-set"], status()["fastpath"]))
    router.load(POLICY, flush=False)
    is_slow("auto again", flow)
    run("nft", "delete", "table", "inet", "mine")
    tap.result(wait_for(lambda: flow.say() == FAST["z0"]), "once it is gone")


def nat():
    run("nft", "-f", "-", text="""table ip n {
        chain pre { type nat hook prerouting priority dstnat;
            ip daddr 203.0.113.5 tcp dport 25 dnat to 10.0.1.5
        }
        chain post { type nat hook postrouting priority srcnat;
            ip saddr 10.0.1.5 oifname "z0" snat to 203.0.113.7
        }
        }
        table ip6 n {
        chain pre { type nat hook prerouting priority dstnat;
            ip6 daddr 2001:db8:aa::5 tcp dport 25 dnat to 2001:db8:0:1::5
        }
        }
""")
    router.load("""
zone outside { z0 }
zone dmz { z1 }
server hidden in dmz nat { 10.0.1.5, 203.0.113.5, 2001:db8:0:1::5, 2001:db8:aa::5 }
allow outside -> hidden : smtp
allow hidden -> outside : http
""" + ("" if AUTO else "fastpath on\n"))

    def make(v, name):
        real, shown = {4: ("10.0.1.5", "203.0.113.5"), 6: ("2001:db8:0:1::5", "2001:db8:aa::5")}[v]
        at = {4: (12, 16, 4), 6: (8, 24, 16)}[v]
        flow = open_flow(v, server=real, shown=shown)
        before = router.counters()
        frame = flow.segment("z0", data=b"translate me")
        out = router.send(frame)
        tap.equal("DNAT on the fast path, " + name, [("z1", raw(real))],
                  [(i, d[at[1]:at[1] + at[2]]) for i, d in out])
        want = tcp(flow.client, real, flow.sport, 25, ACK | PSH, seq=flow.at["z0"] - 12,
                   ack=flow.at["z1"], data=b"translate me")
        tap.equal("with the right checksums, " + name, want[20 if v == 4 else 40:],
                  out[0][1][20 if v == 4 else 40:] if out else None)
        out = router.send(flow.segment("z1"))
        tap.equal("and its answer, " + name, [("z0", raw(shown))],
                  [(i, d[at[0]:at[0] + at[2]]) for i, d in out])
        tap.equal("both fast, " + name, 2, router.changes(before).get("fast-packets"))
    both(make)
    mine = Flow(4)
    router.send(("z1", tcp("10.0.1.5", CLIENT[4], mine.sport, 80, seq=100)))
    router.send(("z0", tcp(CLIENT[4], "203.0.113.7", 80, mine.sport, SYN | ACK, seq=7000, ack=101)))
    router.send(("z1", tcp("10.0.1.5", CLIENT[4], mine.sport, 80, ACK, seq=101, ack=7001)))
    before = router.counters()
    out = router.send(("z1", tcp("10.0.1.5", CLIENT[4], mine.sport, 80, ACK | PSH, seq=101,
                                 ack=7001, data=b"data")))
    out += router.send(("z0", tcp(CLIENT[4], "203.0.113.7", 80, mine.sport, ACK | PSH, seq=7001,
                                  ack=105, data=b"data")))
    tap.equal("SNAT on the fast path", ([("z0", raw("203.0.113.7"), raw(CLIENT[4])),
                                         ("z1", raw(CLIENT[4]), raw("10.0.1.5"))], 2),
              ([(i, d[12:16], d[16:20]) for i, d in out],
               router.changes(before).get("fast-packets")))
    run("nft", "delete", "table", "ip", "n")
    run("nft", "delete", "table", "ip6", "n")
    router.load(POLICY)


def sizes():
    def make(v, name):
        flow = open_flow(v)
        is_fast("before the MTU changes, " + name, flow)
        tap.equal("a large one passes, " + name, FAST["z0"], flow.say(data=b"x" * 1400))
        run("ip", "link", "set", "z1", "mtu", "1300")
        frame = flow.segment("z0", data=b"x" * 1400)
        if v == 4:
            data = frame[1][20:]
            frame = "z0", ip4(flow.client, flow.server, TCP, data, frag=0x4000)
        out = router.send(frame)
        tap.equal("too large now: the sender is told, " + name,
                  [("z0", 3 if v == 4 else 2)],
                  [(i, d[20 if v == 4 else 40]) for i, d in out])
        flow.at["z0"] -= 1400
        tap.result(wait_for(lambda: flow.say(data=b"x" * 1200) == FAST["z0"]),
                   "what fits is fast again, " + name)
        if v == 4:
            out = router.send(("z0", ip4(flow.client, flow.server, TCP, data, frag=0x4000)))
        else:
            out = router.send(frame)
        tap.equal("and what does not is told again, " + name,
                  [("z0", 3 if v == 4 else 2)],
                  [(i, d[20 if v == 4 else 40]) for i, d in out])
        run("ip", "link", "set", "z1", "mtu", "1500")
        tap.result(wait_for(lambda: flow.say(data=b"x" * 1400) == FAST["z0"]),
                   "the old MTU is back, " + name)
    both(make)


def links():
    def reroute(v, name):
        net, there, back = (("10.0.1.0/24", "10.255.2.2", "10.255.1.2") if v == 4 else
                            ("2001:db8:0:1::/64", "fd00:0:0:2::2", "fd00:0:0:1::2"))
        for what, words in (("is replaced", ("replace", net)),
                            ("has a better one", ("add", net[:-2] + ("25" if v == 4 else "65")))):
            flow = open_flow(v)
            is_fast("before a route %s, %s" % (what, name), flow)
            run("ip", "-%d" % v, "route", *words, "via", there, "dev", "z2")
            out = router.send(flow.segment("z0"))
            tap.equal("its new way is into another zone: it does not pass, " + name, [], out)
            if words[0] == "add":
                run("ip", "-%d" % v, "route", "del", *words[1:])
            run("ip", "-%d" % v, "route", "replace", net, "via", back, "dev", "z1")
            tap.result(wait_for(lambda: flow.say() == FAST["z0"]),
                       "the old way is fast again, " + name)
    both(reroute)
    run("ip", "route", "replace", "10.0.0.0/24", "via", "10.255.3.2", "dev", "z3")
    # the answers would leave by z3
    flow = Flow(4)
    router.send(flow.segment("z0", SYN, b""))
    run("ip", "route", "replace", "10.0.0.0/24", "via", "10.255.0.2", "dev", "z0")
    router.send(flow.segment("z1", SYN | ACK, b""))
    run("ip", "route", "replace", "10.0.0.0/24", "via", "10.255.3.2", "dev", "z3")
    before = router.counters()
    router.send(flow.segment("z0", ACK, b""))
    is_slow("asymmetric routes", flow)
    tap.equal("are not offered", None, router.changes(before).get("fast-flows"))
    run("ip", "route", "replace", "10.0.0.0/24", "via", "10.255.0.2", "dev", "z0")

    def make(v, name):
        flow = open_flow(v)
        tap.result(wait_for(lambda: flow.say() == FAST["z0"]),
                   "before its interface has another name, " + name)
        run("ip", "link", "set", "z1", "down")
        run("ip", "link", "set", "z1", "name", "zz")
        run("ip", "link", "set", "zz", "up")
        run("ip", "-4", "route", "replace", "10.0.1.0/24", "via", "10.255.1.2", "dev", "zz")
        run("ip", "-6", "addr", "replace", "fd00:0:0:1::1/64", "dev", "zz", "nodad")
        run("ip", "-6", "route", "replace", "2001:db8:0:1::/64", "via", "fd00:0:0:1::2", "dev", "zz")
        mac = ":".join("%02x" % b for b in router.wires["z1"].mac)
        for addr in "10.255.1.2", "fd00:0:0:1::2":
            run("ip", "neigh", "replace", addr, "lladdr", mac, "nud", "permanent", "dev", "zz")
        before = router.counters()
        out = router.send(flow.segment("z0"))
        tap.equal("in no zone it does not pass, " + name, ([], {"no-zone": 1}),
                  (out, router.dropped(router.changes(before))))
        run("ip", "link", "set", "zz", "down")
        run("ip", "link", "set", "zz", "name", "z1")
        run("ip", "link", "set", "z1", "up")
        run("ip", "-4", "route", "replace", "10.0.1.0/24", "via", "10.255.1.2", "dev", "z1")
        run("ip", "-6", "addr", "replace", "fd00:0:0:1::1/64", "dev", "z1", "nodad")
        run("ip", "-6", "route", "replace", "2001:db8:0:1::/64", "via", "fd00:0:0:1::2", "dev", "z1")
        for addr in "10.255.1.2", "fd00:0:0:1::2":
            run("ip", "neigh", "replace", addr, "lladdr", mac, "nud", "permanent", "dev", "z1")
        tap.result(wait_for(lambda: flow.say() == FAST["z0"]), "back in its zone, " + name)
    both(make)


def full():
    where = "/sys/module/postern/parameters/max_offloaded"
    old = setting(where, "0")
    before = router.counters()
    flow = open_flow(4)
    is_slow("where there is no room", flow)
    tap.equal("is counted", (1, None),
              tuple(router.changes(before).get(k) for k in ("fast-full", "fast-flows")))
    setting(where, old)


# ---- who waits for something

def inspected():
    router.load(POLICY.replace("smtp, udp 53", "smtp inspect reader, rpc-mapper")
                .replace("\nallow", "\ninspect reader { message size 1M }\n"
                         "service rpc-mapper = rpc { drsuapi }\nallow", 1)
                .replace("allow outside -> mail : smtp inspect reader, rpc-mapper",
                         "allow outside -> mail : smtp inspect reader\n"
                         "allow outside -> mail : rpc-mapper"))

    def make(v, name):
        flow = open_flow(v)
        for iface, data in (("z1", b"220 mail ESMTP\r\n"), ("z0", b"EHLO me\r\n"),
                            ("z1", b"250-mail\r\n250 STARTTLS\r\n"), ("z0", b"NOOP\r\n"),
                            ("z1", b"250 OK\r\n")):
            tap.equal("SMTP is read, %s: %r" % (name, data), SLOW[iface],
                      flow.say(iface, data=data))
        before = router.counters()
        for iface, data in (("z0", b"STARTTLS\r\n"), ("z1", b"220 go ahead\r\n"),
                            ("z0", b"\x16\x03\x01hello")):
            tap.equal("before it is TLS at both ends, %s: %r" % (name, data[:8]), SLOW[iface],
                      flow.say(iface, data=data))
        tap.equal("nobody has offered it yet, " + name, None,
                  router.changes(before).get("fast-flows"))
        flow.say("z1", data=b"\x16\x03\x03hello")
        flow.say("z0", flags=ACK, data=b"")
        # interfaces that went before may have ended all routes once more, late
        tap.result(wait_for(lambda: flow.say() == FAST["z0"]), "SMTP that is TLS is fast, " + name)
        tap.result(wait_for(lambda: flow.say("z1") == FAST["z1"]), "and its server, " + name)
        before = router.counters()
        flow = open_flow(v)
        for iface, data in (("z1", b"220 mail ESMTP\r\n"), ("z0", b"EHLO me\r\n"), ("z1", b"250 mail\r\n")):
            flow.say(iface, data=data)
        tap.equal("and one that is not is not offered, " + name, None,
                  router.changes(before).get("fast-flows"))
        flow = open_flow(v, dport=135)
        before = router.counters()
        flow.say(flags=ACK, data=b"")
        flow.say("z1", flags=ACK, data=b"")
        changes = router.changes(before)
        tap.equal("RPC never goes, " + name, (None, None),
                  (changes.get("fast-flows"), changes.get("fast-packets")))
    both(make)
    router.load(POLICY)


def limited():
    router.load(POLICY.replace("smtp, udp 53", "smtp limit two")
                .replace("\nallow", "\nlimit two { open 2 per source }\nallow", 1))

    def make(v, name):
        flows = [open_flow(v), open_flow(v)]
        for flow in flows:
            is_fast("under a limit, " + name, flow)
        before = router.counters()
        third = Flow(v)
        # it must prove first that it exists
        tap.equal("a third does not open while two are fast, " + name, (False, 1),
                  (third.open(), router.changes(before).get("limit-unproven")))
        flows[0].say("z1", flags=FIN | ACK, data=b"")
        flows[0].say("z0", flags=FIN | ACK, data=b"")
        flows[0].say("z1", flags=ACK, data=b"")
        flow = open_flow(v)
        is_fast("once one has ended another is let in, " + name, flow)
        flow.say("z1", flags=RST | ACK, data=b"")
        flows[1].say("z1", flags=RST | ACK, data=b"")
    both(make)
    router.load(POLICY)


MARKS = """table netdev marks {
	chain out {
		type filter hook egress device z1 priority 0;
		meta mark and 0xf0 == 0x10 counter
	}
}
"""
BEFORE = """table inet before {
	chain seen {
		type filter hook prerouting priority 0;
		meta mark set 7
	}
}
"""
HELPED = ("iptables", "-t", "raw", "-A", "PREROUTING", "-p", "tcp", "--dport", "25", "-j", "CT",
          "--helper", "ftp")


def marks():
    router.load(POLICY.replace("smtp, udp 53", "smtp mark 0x10/0xf0"))
    try:
        run("nft", "-f", "-", text=MARKS)
    except subprocess.CalledProcessError:
        tap.skip("the mark", "this kernel has no egress hook")
    else:
        flow = open_flow(4)
        text = run("nft", "-j", "list", "table", "netdev", "marks")
        count = int(text.split('"packets":')[1].split(",")[0])
        is_fast("of a rule with a mark", flow)
        text = run("nft", "-j", "list", "table", "netdev", "marks")
        tap.equal("it bears the mark", count + 1, int(text.split('"packets":')[1].split(",")[0]))
        run("nft", "delete", "table", "netdev", "marks")
    router.load(POLICY)

    def not_offered(what):
        before = router.counters()
        flow = open_flow(4)
        is_slow(what, flow)
        tap.equal("is not offered: " + what, None, router.changes(before).get("fast-flows"))
    run("nft", "-f", "-", text=BEFORE)
    not_offered("with a mark of others")
    run("nft", "delete", "table", "inet", "before")
    subprocess.run(["modprobe", "-q", "nf_conntrack_ftp"], check=False)
    try:
        run(*HELPED)
    except (OSError, subprocess.CalledProcessError):
        tap.skip("with a helper of conntrack", "iptables cannot do that here")
        return
    not_offered("with a helper of conntrack")
    run("iptables", "-t", "raw", "-F")


# ---- swaps under traffic

class Loader(threading.Thread):
    def __init__(self, text):
        super().__init__()
        self.text, self.done = text, None

    def run(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as out:
            out.write(self.text)
            out.flush()
            subprocess.run(["postern", "load", out.name], check=True, stdout=subprocess.DEVNULL)
        self.done = time.clock_gettime_ns(time.CLOCK_REALTIME)


def swaps():
    """While segments of fast flows go in without a pause, a policy that denies them is
    loaded: none that went in after the load returned comes out, and before it was begun
    all did."""
    count = int(os.environ.get("FASTPATH_SWAPS", "20"))
    late = passed = tried = fast = 0
    sock = router.wires["z1"].sock
    sock.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
    for i in range(count):
        router.load(POLICY)
        flows = [open_flow(4), open_flow(6)]
        before = router.counters()
        loader = Loader(SHUT)
        loader.start()
        after = 0
        stamps = []
        while after < 5:
            after += loader.done is not None
            for flow in flows:
                iface, frame = flow.segment("z0", data=b"swap")
                flow.at["z0"] -= 4
                tried += loader.done is not None
                router.wires[iface].send(flow.v, frame)
            while True:
                try:
                    data, ancillary, _, address = sock.recvmsg(2048, 128, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    break
                if data.endswith(b"swap") and address[2] != socket.PACKET_OUTGOING:
                    stamps.append(struct.unpack("@ll", ancillary[0][2][:16]))
        loader.join()
        router.send()
        stamps = [s * 10**9 + n for s, n in stamps]
        passed += len(stamps)
        late += sum(s > loader.done for s in stamps)
        fast += router.changes(before).get("fast-packets", 0)
    tap.result(not late and passed and fast and tried,
               "%d loads: nothing that is denied passes after they returned" % count,
               "%d late; %d passed, %d of them fast; %d tried after" % (late, passed, fast, tried))
    print("# %d passed before the loads, %d of them fast; %d tried after" % (passed, fast, tried))
    router.load(POLICY)


def routed():
    """The last one: the kernel does not forget that there was a rule."""
    flow = open_flow(4)
    is_fast("before routing rules", flow)
    run("ip", "rule", "add", "from", "10.77.0.0/16", "table", "77")
    before = router.counters()
    other = open_flow(4)
    is_slow("with routing rules", other)
    tap.equal("is not offered, and status says why",
              (None, "off", "there are routing rules (ip rule)"),
              (router.changes(before).get("fast-flows"), status()["fastpath"],
               status()["fastpath-why"]))


def main():
    groups = [taken, datagrams, counted, padded, left, errors, ends, policies, bans, forgets, foreign, nat,
              sizes, links, full, inspected, limited, marks, swaps, routed]
    router.load(POLICY)
    for group in groups:
        if len(sys.argv) < 2 or group.__name__ in sys.argv[1:]:
            print("# " + group.__name__)
            group()
    tap.done()


main()
