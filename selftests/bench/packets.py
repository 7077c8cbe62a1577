# SPDX-License-Identifier: GPL-2.0
"""Packets for inject/inject.c, and conversations of them."""
import ipaddress
import struct
import typing

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MAGIC = 0x626a6f62
FREE = 1  # make the packets and free them


class Field(typing.NamedTuple):
    """A number in a packet that is another one in each round, see inject.c."""
    offset: int
    width: int
    step: int
    every: int = 1
    wrap: int = 0
    random: bool = False
    steps: int = 0  # made already

    def pack(self):
        return struct.pack('=HBBIIIQ', self.offset, self.width, self.random, self.every, self.wrap, self.steps,
                           self.step & (1 << 64) - 1)


class Frame(typing.NamedTuple):
    device: str
    packet: bytes
    fields: tuple = ()

    def pack(self):
        return struct.pack('=16sII', self.device.encode(), len(self.packet), len(self.fields)) + \
            self.packet + b''.join(f.pack() for f in self.fields)


def job(frames, rounds, flags=0, seed=1):
    return struct.pack('=IIIIQ', MAGIC, rounds, len(frames), flags, seed) + \
        b''.join(f.pack() for f in frames)


def weight(frames, rounds):
    """Packets, and bytes with their Ethernet headers."""
    return len(frames) * rounds, sum(len(f.packet) + 14 for f in frames) * rounds


def ip(source, target, proto, payload):
    s, t = (ipaddress.ip_address(a) for a in (source, target))
    if s.version == 4:
        return struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), 0, 0x4000, 64, proto, 0,
                           s.packed, t.packed) + payload
    return struct.pack('!IHBB16s16s', 6 << 28, len(payload), proto, 64, s.packed, t.packed) + payload


def tcp(source, sport, target, dport, flags, seq=0, ack=0, data=b''):
    return ip(source, target, 6, struct.pack('!HHIIBBHHH', sport, dport, seq, ack, 0x50, flags, 65535,
                                             0, 0) + data)


def udp(source, sport, target, dport, data):
    return ip(source, target, 17, struct.pack('!HHHH', sport, dport, 8 + len(data), 0) + data)


def v6(packet):
    return packet[0] >> 4 == 6


def layer4(packet):
    return 40 if v6(packet) else 20


def source_at(packet):
    """Of the number that tells sources apart: the address, of IPv6 its upper half."""
    return (8, 8) if v6(packet) else (12, 4)


def target_at(packet):
    return (24, 8) if v6(packet) else (16, 4)


class Vary(typing.NamedTuple):
    """How a conversation's client differs from round to round: its port, of which there are
    so many, and with each so many rounds its address."""
    ports: int = 1
    step: int = 0
    addresses: int = 0

    def fields(self, packet, by_server=False):
        fields = []
        if self.ports > 1:
            fields.append(Field(layer4(packet) + (2 if by_server else 0), 2, 1, 1, self.ports))
        if self.step:
            at = target_at(packet) if by_server else source_at(packet)
            fields.append(Field(*at, self.step, self.ports, self.addresses))
        return tuple(fields)


class Connection:
    """A TCP connection, told as the frames of both its ends."""

    def __init__(self, client, server, port, sport=1024, inside=False, vary=Vary()):
        self.client, self.server, self.port, self.sport = client, server, port, sport
        self.device = 'eth2' if inside else 'eth0'
        self.vary = vary
        self.seq = {False: 1000, True: 5000000}  # of the next byte, by the server?

    def frame(self, by_server, flags, data=b''):
        seq, ack = self.seq[by_server], self.seq[not by_server] if flags & ACK else 0
        if by_server:
            packet = tcp(self.server, self.port, self.client, self.sport, flags, seq, ack, data)
        else:
            packet = tcp(self.client, self.sport, self.server, self.port, flags, seq, ack, data)
        self.seq[by_server] += len(data) + bool(flags & (SYN | FIN))
        return Frame('eth1' if by_server else self.device, packet, self.vary.fields(packet, by_server))

    def open(self):
        return [self.frame(False, SYN), self.frame(True, SYN | ACK), self.frame(False, ACK)]

    def asks(self, data):
        return [self.frame(False, PSH | ACK, data)]

    def answers(self, data):
        return [self.frame(True, PSH | ACK, data)]

    def acknowledges(self, by_server=False):
        return [self.frame(by_server, ACK)]

    def close(self):
        return [self.frame(False, FIN | ACK), self.frame(True, FIN | ACK), self.frame(False, ACK)]

    def talk(self, *texts):
        """What server and client say in turn, the client first; an empty one is left out."""
        frames, by_server = [], False
        for data in texts:
            if data:
                frames.append(self.frame(by_server, PSH | ACK, data))
            by_server = not by_server
        return frames

    def again(self, *frames):
        """A round of an open connection, to be repeated: the numbers of both ends grow by what
        they say in it."""
        said = {False: 0, True: 0}
        for f in frames:
            by_server = f.device == 'eth1'
            said[by_server] += len(f.packet) - layer4(f.packet) - 20
        grown = []
        for f in frames:
            by_server, at = f.device == 'eth1', layer4(f.packet)
            more = tuple(Field(at + o, 4, n) for o, n in ((4, said[by_server]), (8, said[not by_server])) if n)
            grown.append(Frame(f.device, f.packet, f.fields + more))
        return grown


def grow(frame, offset, step=1):
    """The four bytes at @offset of the TCP data are a number that grows."""
    return frame._replace(fields=frame.fields + (Field(layer4(frame.packet) + 20 + offset, 4, step),))


def later(frames, rounds):
    """What the frames are after so many rounds; random ones stay as they are."""
    moved = []
    for f in frames:
        packet, fields = bytearray(f.packet), []
        for field in f.fields:
            steps = rounds // field.every
            if field.wrap:
                # It has to begin anew where it began.
                field = field._replace(steps=(field.steps + steps) % field.wrap)
            elif not field.random:
                at = slice(field.offset, field.offset + field.width)
                value = int.from_bytes(packet[at], 'big') + field.step * steps
                packet[at] = (value & (1 << 8 * field.width) - 1).to_bytes(field.width, 'big')
            fields.append(field)
        moved.append(f._replace(packet=bytes(packet), fields=tuple(fields)))
    return moved
