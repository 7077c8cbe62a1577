#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""TCP conversations of a capture, once more between real sockets.

    replay.py list FILE             NUMBER CLIENT PORT SERVER PORT BYTES BYTES [REMARK...]
    replay.py server FILE N...      listens where the captured server did; says "ready"
    replay.py client FILE N...      connects from the captured client's address, any port

Both ends send what was captured in the captured order: their own bytes up to where the
peer spoke, then they wait for the peer's, and compare. N is a number, a range A-B, or
all; several follow each other, each on a connection of its own, up to one that fails.
--address and --to say other addresses than those captured; --from-port the client's port.

FILE is pcap or pcapng, gzip or not; Ethernet, Linux cooked, raw IP, loopback. Or it is one
of captures/*.conv, which do not tell the client: it is - in the list, and wants --address.
Of bytes that were captured twice those count that were in order first. Remarks of list:

    midstream   the capture begins after the SYN
    gap         bytes are missing: only what comes before them is replayed

Exit status: 0 all arrived unchanged, 1 changed, too few or too many bytes, 2 usage,
3 reset or refused, 4 timed out, 5 unreachable (by ICMP, or no route). 2 is also an address
or port that cannot be had here.
"""
import argparse
import dataclasses
import errno
import gzip
import ipaddress
import selectors
import socket
import struct
import sys

FIN, SYN, RST, ACK = 1, 2, 4, 16
ETHERNET, NULL, COOKED, COOKED2 = 1, 0, 113, 276
RAW = (12, 14, 101, 228, 229)
MODULUS = 1 << 32
UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM, errno.EPROTO,
               errno.ENOPROTOOPT)


class Unreadable(Exception):
    pass


# ---- files


def packets(data):
    """(link type, bytes) of each packet"""
    if data[:2] == b'\x1f\x8b':
        data = gzip.decompress(data)
    if data[:4] == b'\x0a\x0d\x0d\x0a':
        return pcapng(data)
    return pcap(data)


def pcap(data):
    for order in '<>':
        if len(data) >= 24 and \
                struct.unpack_from(order + 'I', data)[0] in (0xa1b2c3d4, 0xa1b23c4d):
            break
    else:
        raise Unreadable('neither pcap nor pcapng')
    link, at = struct.unpack_from(order + 'I', data, 20)[0] & 0xfffffff, 24
    while at + 16 <= len(data):
        kept = struct.unpack_from(order + 'I', data, at + 8)[0]
        if at + 16 + kept > len(data):
            raise Unreadable('ends within a packet')
        yield link, data[at + 16:at + 16 + kept]
        at += 16 + kept


def pcapng(data):
    at, order, links = 0, '<', []
    while at + 12 <= len(data):
        kind, size = struct.unpack_from(order + 'II', data, at)
        if kind == 0x0a0d0d0a:
            order = '<' if data[at + 8:at + 12] == b'\x4d\x3c\x2b\x1a' else '>'
            size, links = struct.unpack_from(order + 'I', data, at + 4)[0], []
        if size < 12 or size % 4 or at + size > len(data):
            raise Unreadable('ends within a block')
        body = data[at + 8:at + size - 4]
        at += size
        if kind == 1:
            links.append((struct.unpack_from(order + 'H', body)[0],
                          struct.unpack_from(order + 'I', body, 4)[0]))
        elif kind == 6:
            interface, _, _, kept = struct.unpack_from(order + 'IIII', body)
            yield links[interface][0], body[20:20 + kept]
        elif kind == 3:
            link, snap = links[0]
            full = struct.unpack_from(order + 'I', body)[0]
            kept = min(full, snap) if snap else full
            yield link, body[4:4 + kept]


def written(text):
    """Conversations as in captures/*.conv."""
    found = []
    for line in text.splitlines():
        kind, _, rest = line.partition(' ')
        if kind in ('mapper', 'data'):
            address, _, port = rest.rpartition(':')
            found.append(Conversation(('-', '-'), (address, int(port)), False))
        elif kind in ('>', '<'):
            found[-1].pieces.append((kind == '<', bytes.fromhex(rest)))
    return found


def datagram(link, frame):
    """The IP datagram of a frame, or None."""
    if link in RAW:
        return frame
    if link == NULL:
        return frame[4:]
    at = {ETHERNET: 12, COOKED: 14, COOKED2: 0}.get(link)
    if at is None:
        raise Unreadable(f'link type {link}')
    kind = frame[at:at + 2]
    at = 20 if link == COOKED2 else at + 2
    while kind in (b'\x81\x00', b'\x88\xa8'):
        kind, at = frame[at + 2:at + 4], at + 4
    return frame[at:] if kind in (b'\x08\x00', b'\x86\xdd') else None


def segment(packet):
    """((source, port), (destination, port), sequence, flags, bytes), or None if it is no
    TCP. Of an IPv4 packet that was captured before its length was set, all that is there."""
    if len(packet) < 20:
        return None
    if packet[0] >> 4 == 4:
        size, ident_flags = struct.unpack('>H2xH', packet[2:8])
        head = (packet[0] & 15) * 4
        if packet[9] != 6:
            return None
        if ident_flags & 0x3fff:
            raise Unreadable('an IP fragment of TCP')
        src, dst, data = packet[12:16], packet[16:20], packet[head:size or None]
        size = (size or len(packet)) - head
    elif packet[0] >> 4 == 6 and len(packet) >= 40:
        size, following = struct.unpack('>HB', packet[4:7])
        if following != 6:
            return None
        src, dst, data = packet[8:24], packet[24:40], packet[40:40 + size]
    else:
        return None
    if len(data) < 20:
        return None
    sport, dport, seq, _, offset, flags = struct.unpack('>HHIIBB', data[:14])
    offset = (offset >> 4) * 4
    # What was not captured counts as missing, so the length is that of the header.
    return ((str(ipaddress.ip_address(src)), sport), (str(ipaddress.ip_address(dst)), dport),
            seq, flags, data[offset:], size - offset)


# ---- conversations


class Side:
    """One direction: bytes in order, each once."""

    def __init__(self):
        self.next = None
        self.early = {}
        self.end = None  # where the FIN is, or what is known to have been sent

    def sent(self, at, size):
        last = (at + size) % MODULUS
        if self.end is None or (last - self.end) % MODULUS < MODULUS // 2:
            self.end = last

    def take(self, at, data):
        """The bytes that are in order now."""
        if self.next is None:
            self.next = at
        if len(data) > len(self.early.get(at, b'')):
            self.early[at] = data
        out, again = b'', True
        while again:
            again = False
            for at in sorted(self.early, key=lambda a: (a - self.next) % MODULUS):
                done = (self.next - at) % MODULUS
                if done >= MODULUS // 2:
                    continue
                data = self.early.pop(at)[done:]
                out += data
                self.next = (self.next + len(data)) % MODULUS
                again = True
                break
        return out


@dataclasses.dataclass
class Conversation:
    client: tuple
    server: tuple
    midstream: bool
    isn: int = 0
    pieces: list = dataclasses.field(default_factory=list)  # (by the server?, bytes)
    sides: tuple = dataclasses.field(default_factory=lambda: (Side(), Side()))
    # (number of pieces, side, where it waited): said while bytes of the peer were missing
    doubts: list = dataclasses.field(default_factory=list)

    def size(self, server):
        return sum(len(d) for s, d in self.pieces if s == server)

    def gap(self):
        return any(s.end is not None and s.next is not None and s.end != s.next
                   for s in self.sides)

    def end(self):
        """What was said after bytes that never came is no answer to what did."""
        for count, side, at in self.doubts:
            if side.next == at:
                del self.pieces[count:]
                break

    def __str__(self):
        return ' '.join([self.client[0], str(self.client[1]), self.server[0],
                         str(self.server[1]), str(self.size(False)), str(self.size(True))] +
                        ['midstream'] * self.midstream + ['gap'] * self.gap())


def server_of(src, dst, flags, data):
    """Who is the server in the middle of a connection?"""
    if flags & SYN:
        return src
    for end in (dst, src):
        if end[1] == 135:
            return end
    if data[:1] == b'\x05' and len(data) > 2:
        return dst if data[2] in (0, 11, 14, 16) else src
    return min((src, dst), key=lambda a: a[1])


def conversations(name):
    """Those of a file that have bytes, in the order in which they begin."""
    with open(name, 'rb') as f:
        data = f.read()
    found = written(data.decode()) if name.endswith('.conv') else captured(data)
    return [t for t in found if t.pieces]


def captured(data):
    found, current = [], {}
    for link, frame in packets(data):
        packet = datagram(link, frame)
        seen = segment(packet) if packet else None
        if not seen:
            continue
        src, dst, seq, flags, data, size = seen
        key = frozenset((src, dst))
        talk = current.get(key)
        opens = flags & (SYN | ACK) == SYN
        if not talk or opens and (talk.client != src or talk.isn != seq):
            if not talk and flags & RST:
                continue
            server = dst if opens else server_of(src, dst, flags, data)
            talk = Conversation(src if server == dst else dst, server, not opens, seq)
            current[key] = talk
            found.append(talk)
        side = talk.sides[src == talk.server]
        if flags & SYN:
            side.next = seq = (seq + 1) % MODULUS
        if flags & RST or not size and not flags & FIN:
            continue
        side.sent(seq, size)
        got = side.take(seq, data[:size]) if data else b''
        if not got:
            continue
        other = talk.sides[src != talk.server]
        if other.early:
            talk.doubts.append((len(talk.pieces), other, other.next))
        talk.pieces.append((src == talk.server, got))
    for talk in found:
        talk.end()
    return found


def chosen(name, words):
    """(number, conversation) of those that are meant"""
    found = conversations(name)
    numbers = []
    for word in words:
        first, _, last = word.partition('-')
        if word == 'all':
            numbers += range(1, len(found) + 1)
        else:
            numbers += range(int(first), int(last or first) + 1)
    for number in numbers:
        if not 1 <= number <= len(found):
            raise Unreadable(f'no conversation {number}, {len(found)} in all')
    return [(n, found[n - 1]) for n in numbers]


# ---- replay


class Changed(Exception):
    pass


def receive(sock, expected):
    """These bytes and no others."""
    got = b''
    while len(got) < len(expected):
        data = sock.recv(len(expected) - len(got))
        if not data:
            raise Changed(f'ends after {len(got)} of {len(expected)} bytes')
        if data != expected[len(got):len(got) + len(data)]:
            at = next(i for i, b in enumerate(data) if b != expected[len(got) + i])
            raise Changed(f'byte {len(got) + at} of {len(expected)} is {data[at]:#x} instead of '
                          f'{expected[len(got) + at]:#x}')
        got += data


def replay(sock, talk, server):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for n, (by_server, data) in enumerate(talk.pieces):
        try:
            if by_server == server:
                sock.sendall(data)
            else:
                receive(sock, data)
        except Changed as why:
            raise Changed(f'piece {n + 1} of {len(talk.pieces)}: {why}') from None
    # The client ends it, and the server after it: so both know that nothing more comes.
    if not server:
        try:
            sock.shutdown(socket.SHUT_WR)
        except OSError as why:
            if why.errno != errno.ENOTCONN:
                raise
            raise ConnectionResetError from None  # which nothing had told yet
    if sock.recv(1):
        raise Changed('more bytes than were captured')
    sock.close()


def family(address):
    return socket.AF_INET6 if ':' in address else socket.AF_INET


def resolve(address, port):
    # for the scope of a link-local address
    return socket.getaddrinfo(address, port, flags=socket.AI_NUMERICHOST)[0][4]


def listen(address, port, options):
    sock = socket.socket(family(address), socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(resolve(address, port))
    sock.listen(64)
    sock.settimeout(options.timeout)
    return sock


def serve(talks, options):
    ends = [(options.address or talk.server[0], talk.server[1]) for _, talk in talks]
    listeners = {end: listen(*end, options) for end in dict.fromkeys(ends)}
    print('ready', flush=True)
    for end, (number, talk) in zip(ends, talks):
        yield number, talk, lambda e=end: listeners[e].accept()[0]


def connect(talk, options):
    source = options.address or talk.client[0]
    if source == '-':
        raise Unreadable('wants --address')
    sock = socket.socket(family(source), socket.SOCK_STREAM)
    sock.settimeout(options.timeout)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(resolve(source, options.from_port))
    sock.connect(resolve(options.to or talk.server[0], talk.server[1]))
    return sock


def dial(talks, options):
    for number, talk in talks:
        yield number, talk, lambda t=talk: connect(t, options)


def one(number, talk, begin, options):
    """Return: exit status"""
    server = options.command == 'server'
    sock = None
    try:
        sock = begin()
        sock.settimeout(options.timeout)
        replay(sock, talk, server)
        status, text = 0, 'ok'
    except Changed as why:
        status, text = 1, str(why)
    except TimeoutError:
        status, text = 4, f'timeout after {options.timeout:g} s' + ('' if sock else
                                                                   ', not connected')
    except ConnectionError:
        status, text = 3, 'reset' if sock else 'refused'
    except OSError as why:
        if why.errno not in UNREACHABLE:
            raise
        status, text = 5, f'unreachable: {why.strerror}'
    if status and sock:
        # Abortive, for the peer not to wait.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        sock.close()
    print(f'{options.command} {number} {talk}: {text}', flush=True)
    return status


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    for name in ('list', 'server', 'client'):
        sub = commands.add_parser(name)
        sub.add_argument('file')
        if name == 'list':
            continue
        sub.add_argument('number', nargs='+')
        sub.add_argument('--timeout', type=float, default=10, help='seconds of silence')
        sub.add_argument('--address', help="this end's, instead of the captured one")
        if name == 'client':
            sub.add_argument('--to', help='server instead of the captured one')
            sub.add_argument('--from-port', type=int, default=0)
    options = parser.parse_args()
    try:
        if options.command == 'list':
            for number, talk in enumerate(conversations(options.file), 1):
                print(number, talk)
            return 0
        talks = chosen(options.file, options.number)
        for number, talk, begin in (serve if options.command == 'server' else dial)(talks, options):
            status = one(number, talk, begin, options)
            if status:
                return status
    except (Unreadable, OSError, ValueError, struct.error) as why:
        print(f'replay: {options.file}: {why}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
