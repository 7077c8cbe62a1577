#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Swaps between two policies under traffic: see swap.sh.

Each datagram carries a number. Ports 53 (both policies allow it), 1000 (the first
alone), 2000 (the second alone) and 9 (neither), and the segments of a TCP connection that
both allow.
"""
import bisect
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from craft import ACK, PSH, SYN, tcp, udp
from nl import flush_conntrack
from tap import Tap
from wire import open_wires

FIRST = """
zone outside { z0 }
zone dmz { z1 }
server mail in dmz { 10.0.1.1, 2001:db8:0:1::1 }
allow outside -> mail : udp 53, smtp, udp 1000
"""
# The same in other words, so that nothing stays where it was.
SECOND = """
zone dmz { z1 }
zone lab { z3 }
zone outside { z0 }
hosts other in lab { 10.0.3.0/24 }
server mail in dmz { 10.0.1.1, 10.0.1.2, 2001:db8:0:1::1 }
block outside -> mail : udp 7-9
allow outside -> mail : udp 2000, udp 52-54
allow { other, outside } -> mail : tcp 20-30
"""
MAIL = {4: "10.0.1.1", 6: "2001:db8:0:1::1"}
CLIENT = {4: "10.0.0.9", 6: "2001:db8::9"}
PORTS = (53, 1000, 2000, 9)
SPORT = 30000


def now():
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


class Loader(threading.Thread):
    """Loads the two in turn; `loads` has (which, begun, returned) of each."""

    def __init__(self, count):
        super().__init__()
        self.count, self.loads, self.error = count, [], None
        self.rounds = threading.Semaphore(0)

    def run(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("0", FIRST), ("1", SECOND)):
                with open(os.path.join(folder, name), "w") as out:
                    out.write(text)
            for i in range(self.count):
                begun = now()
                done = subprocess.run(["postern", "load", os.path.join(folder, str(i % 2))],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      check=False)
                if done.returncode:
                    self.error = done.stdout.decode()
                    return
                self.loads.append((i % 2, begun, now()))
                # three rounds of packets under it alone
                for _ in range(3):
                    self.rounds.acquire()


class Traffic:
    def __init__(self):
        self.wires = open_wires()
        for name in ("z0", "z1"):
            sock = self.wires[name].sock
            sock.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
            sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
        self.number = 0
        self.sent = {}      # number: (version, port, when)
        self.arrived = {}   # number: when, by the kernel's stamp in the receiving namespace
        self.seq = {4: 1, 6: 1}
        self.acked = {4: 0, 6: 0}

    def open_tcp(self, version):
        src, dst = CLIENT[version], MAIL[version]
        self.wires["z0"].send(version, tcp(src, dst, SPORT, 25, SYN, seq=0))
        self.wires["z1"].send(version, tcp(dst, src, 25, SPORT, SYN | ACK, seq=0, ack=1))
        self.wires["z0"].send(version, tcp(src, dst, SPORT, 25, ACK, seq=1, ack=1))

    def send(self):
        for version in 4, 6:
            src, dst = CLIENT[version], MAIL[version]
            for port in PORTS + (25,):
                self.number += 1
                data = struct.pack("!I", self.number)
                if port == 25:
                    frame = tcp(src, dst, SPORT, 25, ACK | PSH, seq=self.seq[version], ack=1,
                                data=data)
                    self.seq[version] += 4
                else:
                    frame = udp(src, dst, SPORT, port, data=data)
                self.sent[self.number] = (version, port, now())
                self.wires["z0"].send(version, frame)
            # the server acknowledges, or its window would be full
            if self.seq[version] - self.acked[version] > 2000:
                self.acked[version] = self.seq[version]
                self.wires["z1"].send(version, tcp(dst, src, 25, SPORT, ACK, seq=1,
                                                   ack=self.seq[version]))

    def receive(self, timeout=0.0):
        """Return: whether anything came."""
        sock = self.wires["z1"].sock
        if not select.select([sock], [], [], timeout)[0]:
            return False
        data, ancillary, _, address = sock.recvmsg(2048, 128)
        if address[2] == socket.PACKET_OUTGOING or address[1] not in (0x0800, 0x86dd):
            return True
        seconds, nanoseconds = struct.unpack("@ll", ancillary[0][2][:16])
        number = struct.unpack("!I", data[-4:])[0]
        if number in self.sent:
            self.arrived[number] = seconds * 10**9 + nanoseconds
        return True


def within(times, begin, end):
    """How many of @times lie between; they ascend."""
    return bisect.bisect_left(times, end) - bisect.bisect_right(times, begin)


def main():
    tap = Tap()
    count = int(sys.argv[1])
    traffic = Traffic()
    first = Loader(1)
    for _ in range(3):
        first.rounds.release()
    first.run()
    flush_conntrack()
    traffic.open_tcp(4)
    traffic.open_tcp(6)
    loader = Loader(count + 1)
    loader.start()
    rested = rests = 0
    while loader.is_alive():
        traffic.send()
        if len(loader.loads) > rested:
            loader.rounds.release()
            rests += 1
            if rests == 3:
                rested, rests = len(loader.loads), 0
        traffic.receive(0.001)
        while traffic.receive():
            pass
    traffic.send()
    while traffic.receive(1):
        pass
    tap.equal("%d swaps" % count, (None, count + 1), (loader.error, len(loader.loads)))

    sent, arrived = traffic.sent, traffic.arrived
    lost = [s for n, s in sent.items() if s[1] in (53, 25) and n not in arrived]
    tap.result(not lost, "nothing that both allow is lost",
               "%d of %d lost, the first %s" % (len(lost), len(sent), lost[:1]))
    wrong = [s for n, s in sent.items() if s[1] == 9 and n in arrived]
    tap.result(not wrong, "nothing that neither allows passes", "%d passed" % len(wrong))

    # from where a load returned to where the next one began, one policy alone was in force
    for which, port in ((0, 2000), (1, 1000)):
        alone = [(loads[2], after[1]) for loads, after in zip(loader.loads, loader.loads[1:])
                 if loads[0] == which]
        stamps = sorted(arrived[n] for n, s in sent.items() if s[1] == port and n in arrived)
        tries = sorted(s[2] for s in sent.values() if s[1] == port)
        passed = len(stamps)
        late = sum(within(stamps, *span) for span in alone)
        meant = sum(within(tries, *span) for span in alone)
        tap.result(not late and passed and meant,
                   "a flow that one policy alone allows ends when the load of the other "
                   "returns (port %d)" % port,
                   "%d late; %d passed in all, %d tried in that time" % (late, passed, meant))
    print("# %d packets in %d loads, %d arrived" % (len(sent), len(loader.loads), len(arrived)))
    tap.done()


main()
