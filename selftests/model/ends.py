# SPDX-License-Identifier: GPL-2.0
"""Both ends of a TCP connection through the router, segment by segment: who uses it says
which bytes are sent where and how often, and is told what came out at the other side."""
import struct
import typing

from craft import ACK, PSH, RST, SYN, TCP, fragment6, ip4, ip6, raw
from wire import checksum

CLIENT, SERVER = 0, 1
WIRES = "z0", "z1"
HOSTS = {4: ("10.0.0.9", "10.0.1.1"), 6: ("2001:db8::9", "2001:db8:0:1::1")}
MASK = 0xffffffff
WINDOW_SCALE = b"\3\3\x0e\1"

ports = iter(range(20000, 65536))


def pseudo(src, dst, size):
    return raw(src) + raw(dst) + struct.pack("!II", size, TCP)


class Frame(typing.NamedTuple):
    """A segment as it was sent, or as it came out: then end is who gets it. at and ack are
    counted from the first byte of data of each direction."""
    end: int
    at: int
    ack: int
    flags: int
    data: bytes
    options: bytes
    datagram: bytes
    good: bool = True

    def what(self):
        return self.at, self.flags, self.data

    def wire(self):
        return WIRES[self.end], self.datagram


class Ends:
    """Offsets are those of Frame. sent: where each end goes on; got: what each has in order.
    An end acknowledges what it has, if nothing else is said."""

    def __init__(self, router, v=4, port=135, isn=(1000, 7000), mine=None):
        self.router, self.v, self.isn = router, v, isn
        self.ports = mine or next(ports), port
        self.sent, self.got, self.early = [0, 0], [bytearray(), bytearray()], [{}, {}]

    def frame(self, end, data=b"", at=None, flags=ACK | PSH, ack=None, options=b"", urgent=0,
              ttl=64, spoil=0, window=65535, partial=False):
        """spoil: added to the checksum. partial: that is of the pseudo-header only."""
        if at is None:
            at = self.sent[end]
            self.sent[end] += len(data)
        ack = len(self.got[end]) if ack is None else ack
        src, dst = HOSTS[self.v][end], HOSTS[self.v][1 - end]
        begin = self.isn[end] + (0 if flags & SYN else 1)
        options += b"\1" * (-len(options) % 4)
        head = struct.pack("!HHIIBBHHH", self.ports[end], self.ports[1 - end],
                           begin + at & MASK,
                           self.isn[1 - end] + 1 + ack & MASK if flags & ACK else 0,
                           20 + len(options) << 2, flags, window, 0, urgent) + options
        size = len(head) + len(data)
        check = ~checksum(pseudo(src, dst, size)) & 0xffff if partial else \
            checksum(pseudo(src, dst, size) + head + data)
        tcp = head[:16] + struct.pack("!H", check + spoil & 0xffff) + head[18:] + data
        whole = ip4(src, dst, TCP, tcp, ttl=ttl) if self.v == 4 else ip6(src, dst, TCP, tcp, ttl)
        return Frame(end, at, ack, flags, data, options, whole)

    def opening(self, options=(WINDOW_SCALE, WINDOW_SCALE)):
        return [self.frame(CLIENT, flags=SYN, options=options[CLIENT]),
                self.frame(SERVER, flags=SYN | ACK, ack=0, options=options[SERVER]),
                self.frame(CLIENT, flags=ACK, ack=0)]

    def turns(self, turns, cut=lambda data: [data], start=(0, 0)):
        """Frames for (end, data)... in turn: each acknowledges all before it. cut: a turn's
        data into that of its segments."""
        frames, done = [], list(start)
        for end, data in turns:
            for piece in cut(data):
                frames.append(self.frame(end, piece, at=done[end], ack=done[1 - end]))
                done[end] += len(piece)
        self.sent = done
        return frames

    def read(self, iface, data):
        """What came out, or None if it is not of this connection."""
        size = (data[0] & 15) * 4 if data[0] >> 4 == 4 else 40
        if data[9 if size < 40 else 6] != TCP:
            return None
        tcp = data[size:]
        end = WIRES.index(iface)
        sport, dport, seq, ack, off, flags = struct.unpack("!HHIIBB", tcp[:14])
        if (sport, dport) != (self.ports[1 - end], self.ports[end]):
            return None
        begin = self.isn[1 - end] + (0 if flags & SYN else 1)
        address = raw(HOSTS[self.v][0])
        middle = size - 2 * len(address)
        # Left to hardware it is that of the pseudo-header, and must be in a super-segment.
        head = data[middle:size] + struct.pack("!II", len(tcp), TCP)
        good = len(data) < 2000 and not checksum(head + tcp) or \
            tcp[16:18] == struct.pack("!H", ~checksum(head) & 0xffff)
        signed = (seq - begin + 0x80000000 & MASK) - 0x80000000
        return Frame(end, signed, ack - self.isn[end] - 1 & MASK if flags & ACK else 0, flags,
                     tcp[off >> 4 << 2:], tcp[20:off >> 4 << 2], data, good)

    def send(self, *frames):
        """Return: what came out."""
        out = self.router.send(*(f.wire() if isinstance(f, Frame) else f for f in frames))
        seen = [s for s in (self.read(*o) for o in join(out)) if s]
        for s in seen:
            if s.data and not s.flags & (SYN | RST):
                self.receive(s)
        return seen

    def receive(self, s):
        """As a receiver that keeps what it has."""
        got, early = self.got[s.end], self.early[s.end]
        for i, byte in enumerate(s.data, s.at):
            early.setdefault(i, byte)
        while len(got) in early:
            got.append(early[len(got)])

    def pieces(self, frame, order, size=48):
        """The datagram of @frame as fragments, in that order."""
        head = 20 if self.v == 4 else 40
        data = frame.datagram[head:]
        src, dst = HOSTS[self.v][frame.end], HOSTS[self.v][1 - frame.end]
        ident = next(ports)
        out = []
        for i in order:
            more = (i + 1) * size < len(data)
            part = data[i * size:(i + 1) * size] if more else data[i * size:]
            if self.v == 4:
                out.append(ip4(src, dst, TCP, part, ident=ident,
                               frag=i * size // 8 | more << 13))
            else:
                out.append(ip6(src, dst, 44, fragment6(TCP, i * size, more, ident) + part))
        return [(WIRES[frame.end], p) for p in out]


def join(out):
    """Puts together what the router sends in fragments again, since it came so."""
    whole, open_ = [], {}
    for iface, data in out:
        if data[0] >> 4 == 4:
            where = struct.unpack("!H", data[6:8])[0]
            at, more, ident = (where & 0x1fff) * 8, where >> 13 & 1, data[4:6]
            head, part = data[:20], data[20:]
        elif data[6] == 44:
            where, ident = struct.unpack("!HI", data[42:48])
            at, more = where & 0xfff8, where & 1
            head, part = data[:6] + data[40:41] + data[7:40], data[48:]
        else:
            whole.append((iface, data))
            continue
        parts = open_.setdefault((iface, ident), {})
        parts[at] = part, more
        size = 0
        while size in parts and parts[size][1]:
            size += len(parts[size][0])
        if size in parts:
            whole.append((iface, head + b"".join(parts[i][0] for i in sorted(parts))))
    return whole

