#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Senders and servers for the tests of limits.

  serve ADDRESS PORT         greets whoever connects, until it is ended
  connect ADDRESS PORT [--times N] [--source A] [--keep] [--wait SECONDS] [--says WORD]
                             connects N times, one after the other; prints of each what
                             came of it: ok (greeted), reset, refused or silence, and
                             with --times-taken how long it took. With --keep it holds
                             them open until its input ends; with --says it says that
                             once it was greeted
  forge DEVICE ROUTER ADDRESS PORT --from A[/N] --count N [--rate R] [--again SECONDS]
                             opening SYNs in the name of others; --again: each twice
  script DEVICE ROUTER ADDRESS PORT SOURCE SPORT STEP...
                             segments of one connection, of an IPv4 address that no kernel
                             answers for; prints what the steps saw, one a line. A step is
                               FLAGS[:SEQ[:ACK[:LENGTH]]]  to send a segment, as S or PA;
                                        SEQ and ACK count from what each end began with
                               .STEP    the router sees it, and nobody behind
                               N*STEP   as often
                               ?FLAGS   wait for a segment with these flags, or for
                                        silence (-)
                               =SPORT   go on from another port
                               wSECONDS
                               @FILE    wait until there is such a file
  queue NUMBER SECONDS       accepts what comes into an NFQUEUE, that much later
"""
import argparse
import errno
import ipaddress
import os
import random
import selectors
import signal
import socket
import struct
import time

FLAGS = 'FSRPAU'
SYN = 2


def serve(args):
    family = socket.AF_INET6 if ':' in args.address else socket.AF_INET
    listener = socket.create_server((args.address, args.port), family=family, backlog=4096)
    ready = selectors.DefaultSelector()
    ready.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select():
            try:
                if key.fileobj is listener:
                    client, _ = listener.accept()
                    ready.register(client, selectors.EVENT_READ)
                    client.send(b'220 ready\r\n')
                    continue
                data = key.fileobj.recv(4096)
                if data.startswith(b'reset'):
                    key.fileobj.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                           struct.pack('ii', 1, 0))
                elif data:
                    continue
            except OSError:
                pass
            if key.fileobj is not listener:
                ready.unregister(key.fileobj)
                key.fileobj.close()


def connect_once(args, source):
    family = socket.AF_INET6 if ':' in args.address else socket.AF_INET
    s = socket.socket(family)
    s.settimeout(args.wait)
    if source:
        s.bind((source, 0))
    try:
        s.connect((args.address, args.port))
        return s, 'ok' if s.recv(64) else 'closed'
    except ConnectionRefusedError:
        return s, 'refused'
    except ConnectionResetError:
        return s, 'reset'
    except socket.timeout:
        return s, 'silence'
    except OSError as e:
        return s, e.__class__.__name__


def connect(args):
    held = []
    for _ in range(args.times):
        began = time.monotonic()
        s, what = connect_once(args, args.source)
        held.append(s)
        if args.says and what == 'ok':
            s.sendall(args.says.encode())
        print(f'{what} {time.monotonic() - began:.2f}' if args.taken else what, flush=True)
        if not args.keep:
            s.close()
    if args.keep:
        signal.pause()


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def segment(source, to, sport, port, seq, flags, ack=0, data=b'', ttl=64):
    """The whole packet."""
    syn = flags & SYN
    tcp = struct.pack('!HHIIBBHHH', sport, port, seq & 0xffffffff, ack & 0xffffffff,
                      (6 if syn else 5) << 4, flags, 64240, 0, 0)
    tcp += (struct.pack('!BBH', 2, 4, 1460) if syn else b'') + data
    if source.version == 4:
        pseudo = source.packed + to.packed + struct.pack('!BBH', 0, 6, len(tcp))
    else:
        pseudo = source.packed + to.packed + struct.pack('!IHBB', len(tcp), 0, 0, 6)
    tcp = tcp[:16] + struct.pack('!H', checksum(pseudo + tcp)) + tcp[18:]
    if source.version == 6:
        return struct.pack('!IHBB', 6 << 28, len(tcp), 6, ttl) + source.packed + to.packed + tcp
    head = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(tcp), 0, 0, ttl, 6, 0) + \
        source.packed + to.packed
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + tcp


def wire(args, to):
    """A socket on the device, and the Ethernet header of what goes to the router."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    s.bind((args.device, 0x0800))
    return s, bytes.fromhex(args.router.replace(':', '')) + s.getsockname()[4] + \
        struct.pack('!H', 0x0800 if to.version == 4 else 0x86dd)


def push(s, packet):
    """Sends it, when the receiver has room for it: it is of one machine with us."""
    while True:
        try:
            s.send(packet)
            return
        except OSError as e:
            if e.errno != errno.ENOBUFS:
                raise
            time.sleep(0.001)


def forge(args):
    sources = ipaddress.ip_network(args.source)
    to = ipaddress.ip_address(args.address)
    s, ether = wire(args, to)
    rng = random.Random(args.seed)
    sent = []
    for i in range(args.count):
        source = sources[rng.randrange(sources.num_addresses)]
        packet = ether + segment(source, to, rng.randrange(1024, 65536), args.port,
                                 rng.randrange(1 << 32), SYN)
        push(s, packet)
        if args.again:
            sent.append(packet)
        if args.rate and i % 32 == 31:
            time.sleep(32 / args.rate)
    if args.again:
        time.sleep(args.again)
        for packet in sent:
            push(s, packet)


class Client:
    """One end of a connection, which no kernel knows of."""

    def __init__(self, args):
        self.to = ipaddress.ip_address(args.address)
        self.source = ipaddress.ip_address(args.source)
        self.socket, self.ether = wire(args, self.to)
        self.port, self.wait = args.port, args.wait
        self.begin(args.sport)

    def begin(self, sport):
        self.sport, self.theirs, self.last = sport, 0, b''
        self.ours = random.randrange(1 << 32)

    def send(self, step, ttl=64):
        flags, seq, ack, length = (step.split(':') + ['0', '0', '0'])[:4]
        bits = sum(1 << FLAGS.index(f) for f in flags)
        data = (b'reset' * int(length))[:int(length)]
        self.socket.send(self.ether + segment(
            self.source, self.to, self.sport, self.port, self.ours + int(seq), bits,
            self.theirs + int(ack), data, ttl))

    def hear(self, wanted):
        """The flags of what comes, or - if the wanted ones do not; theirs is noted."""
        end = time.monotonic() + self.wait
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                packet = self.socket.recv(2048)[14:]
            except socket.timeout:
                break
            if packet[9] != 6 or packet[12:20] != self.to.packed + self.source.packed:
                continue
            tcp = packet[(packet[0] & 15) * 4:]
            sport, port, seq = struct.unpack('!HHI', tcp[:8])
            if (sport, port) != (self.port, self.sport):
                continue
            flags = ''.join(f for i, f in enumerate(FLAGS) if tcp[13] >> i & 1)
            if tcp[13] & SYN:
                self.theirs = seq
            if flags == wanted:
                return flags
        return '-'

    def step(self, step):
        if '*' in step:
            times, step = step.split('*')
            for _ in range(int(times)):
                self.step(step)
        elif step[0] == '?':
            print(self.hear(step[1:]), flush=True)
        elif step[0] == '=':
            self.begin(int(step[1:]))
        elif step[0] == 'w':
            time.sleep(float(step[1:]))
        elif step[0] == '@':
            while not os.path.exists(step[1:]):
                time.sleep(0.05)
        elif step[0] == '.':
            # conntrack stands before the router looks at it
            self.send(step[1:], ttl=1)
        else:
            self.send(step)


def script(args):
    client = Client(args)
    for step in args.steps:
        client.step(step)


NLA, CONFIG, VERDICT = 3 << 8, 3 << 8 | 2, 3 << 8 | 1


def queue(args):
    """libnetfilter_queue's part, in as few words as will do (nfnetlink_queue.h)."""
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
    s.bind((0, 0))

    def say(kind, *attributes):
        body = struct.pack('!BBH', 0, 0, args.number)
        for number, value in attributes:
            body += struct.pack('=HH', 4 + len(value), number) + value + b'\0' * (-len(value) % 4)
        s.send(struct.pack('=IHHII', 16 + len(body), kind, 1, 0, 0) + body)

    say(CONFIG, (1, struct.pack('!BxH', 1, socket.AF_INET)))
    say(CONFIG, (2, struct.pack('!IB', 0, 1)))
    waiting = []
    while True:
        s.settimeout(max(0.001, waiting[0][0] - time.monotonic()) if waiting else None)
        try:
            message = s.recv(65536)
            if struct.unpack('=H', message[4:6])[0] == NLA:
                # the first attribute is the packet's header, which begins with its number
                waiting.append((time.monotonic() + args.seconds, message[24:28]))
        except socket.timeout:
            pass
        while waiting and waiting[0][0] <= time.monotonic():
            say(VERDICT, (2, struct.pack('!I', 1) + waiting.pop(0)[1]))


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(required=True)
    for f in serve, connect, forge, script, queue:
        q = sub.add_parser(f.__name__)
        q.set_defaults(f=f)
        if f is queue:
            q.add_argument('number', type=int)
            q.add_argument('seconds', type=float)
            continue
        if f in (forge, script):
            q.add_argument('device')
            q.add_argument('router', help='its MAC address')
        q.add_argument('address')
        q.add_argument('port', type=int)
        if f is connect:
            q.add_argument('--times', type=int, default=1)
            q.add_argument('--source')
            q.add_argument('--keep', action='store_true')
            q.add_argument('--says')
            q.add_argument('--taken', action='store_true')
            q.add_argument('--wait', type=float, default=20)
        elif f is script:
            q.add_argument('source')
            q.add_argument('sport', type=int)
            q.add_argument('steps', nargs='+')
            q.add_argument('--wait', type=float, default=1)
        elif f is forge:
            q.add_argument('--from', dest='source', required=True)
            q.add_argument('--count', type=int, required=True)
            q.add_argument('--rate', type=float)
            q.add_argument('--again', type=float)
            q.add_argument('--seed', type=int, default=1)
    args = p.parse_args()
    args.f(args)


if __name__ == '__main__':
    main()
