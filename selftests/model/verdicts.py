# SPDX-License-Identifier: GPL-2.0
"""What becomes of segments that are sent through the router: a result for each claim."""
import os
import socket
import struct

from craft import FIN, PSH, RST, SYN, URG
from ends import CLIENT, SERVER, Ends
from router import Router
from tap import Tap
from wire import enter

tap = Tap()
router = Router()


class Change:
    """Counters from here to there."""

    def __init__(self):
        self.before = router.counters()

    def all(self):
        return router.changes(self.before)

    def dropped(self):
        return router.dropped(self.all())

    def of(self, *names):
        changes = self.all()
        return tuple(changes.get(n, 0) for n in names)


def sides(frames, sent=False):
    """By who gets them, since the wires are read one after the other."""
    return [[f.what() for f in frames if (1 - f.end if sent else f.end) == end]
            for end in (CLIENT, SERVER)]


def passes(name, conn, *frames, want=None):
    """All arrive as they were sent, or as @want says, and nothing is dropped."""
    change = Change()
    seen = conn.send(*frames)
    return tap.equal("passes: " + name,
                     (sides(frames, True) if want is None else want, {}, True),
                     (sides(seen), change.dropped(), all(s.good for s in seen)))


def lost(name, conn, frame, reason):
    """It is dropped, and the connection may go on."""
    change = Change()
    seen = conn.send(frame)
    return tap.equal("%s: %s" % (reason, name), ([], {reason: 1}, 0),
                     ([s.what() for s in seen], change.dropped(), *change.of("cuts")))


def cut(name, conn, frame):
    """Of a connection that was refused before: resets, or not yet again; nothing else."""
    change = Change()
    seen = conn.send(frame)
    return tap.equal("cut: " + name, (True, {"cut": 1}, 0),
                     (all(s.flags & RST and not s.data for s in seen), change.dropped(),
                      *change.of("cuts")))


def refused(name, conn, frame, reason, datagrams=None, waits=None):
    """Nothing of it arrives, and both ends are reset: each by what it waits for. waits: what
    the router must believe, if that is something else."""
    change = Change()
    waits = len(conn.got[1 - frame.end]) if waits is None else waits
    seen = conn.send(*(datagrams or [frame]))
    what = [(s.end, s.at, bool(s.flags & RST), s.flags & (SYN | FIN | PSH | URG), s.data)
            for s in seen]
    want = [(frame.end, frame.ack, True, 0, b""), (1 - frame.end, waits, True, 0, b"")]
    return tap.equal("%s: %s" % (reason, name), (sorted(want), {reason: 1}, 1, True),
                     (sorted(what), change.dropped(), *change.of("cuts"),
                      all(s.good for s in seen)))


def opened(v=4, port=135, turns=(), **more):
    """A connection on which that was said."""
    conn = Ends(router, v, port, **more)
    frames = conn.opening()
    frames += conn.turns(turns)
    seen = conn.send(*frames)
    if sides(seen) != sides(frames, True):
        tap.result(False, "a connection to start from", "seen: %s" % (sides(seen),))
    return conn


def both(make):
    for v in 4, 6:
        make(v, "IPv%d" % v)


def in_pieces(size):
    return lambda data: [data[i:i + size] for i in range(0, len(data), size)]


class Super:
    """Has super-segments enter the router as GRO makes them: not linear, their checksum
    left to hardware, larger than the link's MTU."""

    def __init__(self, iface):
        self.wire = router.wires[iface]
        enter("/run/netns/" + os.environ["WIRES_PEERS"])
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.bind(("p" + iface, 0))
        self.sock.setsockopt(263, 15, 1)  # SOL_PACKET, PACKET_VNET_HDR
        enter("/run/netns/" + os.environ["WIRES_ROUTER"])

    def send(self, version, data):
        ip = 20 if version == 4 else 40
        tcp = 14 + ip
        kind = 0x0800 if version == 4 else 0x86dd
        head = struct.pack("=BBHHHH", 1, 1 if version == 4 else 4, tcp + (data[ip + 12] >> 4) * 4,
                           1200, tcp, 16)
        self.sock.send(head + self.wire.router_mac + self.wire.mac + struct.pack("!H", kind) + data)

    def __enter__(self):
        self.wire.send = self.send

    def __exit__(self, *_):
        del self.wire.send
        self.sock.close()
