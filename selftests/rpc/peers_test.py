#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The peers of this folder against each other, over the loopback of a network namespace
of its own (unshare -rn): without the module, all must be as they say."""
import atexit
import fcntl
import gzip
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import dce
import replay
from conv import captured
from server import MODES

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'model'))
import craft  # noqa: E402
from tap import Tap  # noqa: E402

DEADLINE = 60
SIOCSIFFLAGS, IFF_UP = 0x8914, 1    # netdevice(7)


tap = Tap()


class Program:
    """One of the peers, running; not longer than we do."""

    def __init__(self, name, *words):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, name), *map(str, words)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        atexit.register(self.process.kill)
        self.lines, self.news = [], threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line.rstrip('\n'))
                self.news.notify()

    def wait_for(self, pattern, times=1):
        """Return: the line that is the last of so many."""
        def found():
            return [line for line in self.lines if re.search(pattern, line)]

        with self.news:
            if not self.news.wait_for(lambda: len(found()) >= times or
                                      not self.reader.is_alive(), DEADLINE) or \
                    len(found()) < times:
                raise AssertionError(f'no {pattern} in:\n' + '\n'.join(self.lines))
            return found()[times - 1]

    def end(self, number=None):
        """Return: exit status, what it printed"""
        if number:
            self.process.send_signal(number)
        self.process.stdin.close()
        try:
            status = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.reader.join()
        return status, '\n'.join(self.lines)


class Server(Program):
    def __init__(self, *words):
        super().__init__('server.py', *words)
        self.wait_for('^ready$')

    def end(self, number=signal.SIGTERM):
        return super().end(number)


def client(*words):
    return Program('client.py', *words).end()


def check_client(name, words, status, *patterns):
    """Each line of its output matches one of patterns, in their order."""
    got, text = client(*words.split())
    lines = text.splitlines()
    ok = got == status and len(lines) == len(patterns) and \
        all(re.fullmatch(p, line) for p, line in zip(patterns, lines))
    tap.result(ok, name, f'client.py {words}: {got}, not {status}\n{text}\nnot:\n' +
               '\n'.join(patterns))


T = r'\d+\.\d{3} s'
SILENCE = 0.3
# not less; more on a busy machine
WAITED = r'(0\.[3-9]\d\d|[1-9]\d*\.\d{3}) s'


def closed(name):
    return rf'{name} close ok {T}'


def used(name, port, syntax='ndr64'):
    return [rf'{name} connect ok {T} {port}', rf'{name} bind ok {T} {syntax}',
            rf'{name} call ok {T} 64 bytes', closed(name)]


def mapped(name, port, syntax='ndr64', address='127.0.0.1'):
    return f'{name} map {port} {T} {address} {syntax}'


def mail(syntax='ndr64', address='127.0.0.1', ports=(49152, 49153, 49152)):
    out = []
    for name, port in zip(('ds', 'is', 'rfr'), ports):
        out += [mapped(name, port, syntax, address)] + used(name, port, syntax)
    return out


# ---- the library, by bytes that others sent


class Heard:
    """A socket that has been read."""

    def __init__(self, data):
        self.data = data

    def recv(self, size):
        out, self.data = self.data[:size], self.data[size:]
        return out


def pdus(pieces, server):
    stream = dce.Stream(Heard(b''.join(d for s, d in pieces if s == server)))
    while pdu := stream.receive():
        yield pdu


def ports_of(pieces):
    """What dce reads of a mapper's conversation, as the events of the module's parser have
    it; and how many PDUs are the same when they are built again."""
    offered, syntax, questions, found, same = {}, {}, {}, [], 0
    calls = dce.Calls(True), dce.Calls(True)
    for pdu in pdus(pieces, False):
        same += rebuilt(pdu)
        if pdu.kind in (dce.BIND, dce.ALTER):
            offered[pdu.call] = dce.read_bind(pdu).contexts
        elif pdu.kind == dce.REQUEST:
            call = calls[0].add(pdu)
            if call:
                questions[call.call] = call
    for pdu in pdus(pieces, True):
        same += rebuilt(pdu)
        if pdu.kind in (dce.BIND_ACK, dce.ALTER_RESP):
            for context, result in zip(offered[pdu.call], dce.read_bind_ack(pdu).results):
                if result.result == dce.ACCEPTED and context.interface == dce.EPM:
                    syntax[context.id] = result.syntax
            continue
        call = calls[1].add(pdu) if pdu.kind == dce.RESPONSE else None
        if not call or call.context not in syntax or \
                questions[call.call].opnum != dce.EPT_MAP:
            continue
        question = questions[call.call]
        asked = dce.read_map_question(question.stub, syntax[call.context], question.big)
        for entry in dce.read_map_answer(call.stub, syntax[call.context], call.big).entries:
            tower = dce.read_tower(entry.tower)
            dce.expect(tower.interface[:2] == asked.tower.interface[:2], 'interface')
            if tower.transport == dce.TCP:
                found.append((tower.port, tower.address))
    return found, same


def rebuilt(pdu):
    """Of those without trailer, the same bytes by what was read."""
    more = {'big': pdu.big, 'flags': pdu.flags, 'minor': pdu.minor}
    if pdu.auth or pdu.kind not in (dce.BIND, dce.BIND_ACK, dce.REQUEST, dce.RESPONSE):
        return False
    if pdu.kind == dce.BIND:
        b = dce.read_bind(pdu)
        again = dce.bind(pdu.call, b.contexts, group=b.group, limit=b.max_xmit, **more)
    elif pdu.kind == dce.BIND_ACK:
        a = dce.read_bind_ack(pdu)
        again = dce.bind_ack(pdu.call, a.results, a.address, group=a.group, limit=a.max_xmit,
                             **more)
    else:
        c = dce.read_call(pdu)
        more['flags'] &= ~dce.WHOLE
        again, = dce.message(c.kind, c.call, c.context, c.opnum, c.stub, object_=c.object, **more)
    return again.pack() == pdu.pack()


def test_captured():
    """The mapper's conversations that end in a port; those that are well formed."""
    conversations = ports = same = 0
    for name, mapper, pieces, events in captured():
        want = [(int(m[1]), m[2]) for line in events if line.startswith('answer')
                for m in re.finditer(r'port (\d+)(?: ([\d.]+))?', line)]
        if not mapper or not want:
            continue
        got, again = ports_of(pieces)
        conversations += 1
        ports += len(want)
        same += again
        if got != want:
            tap.equal(f'captured: {name}', want, got)
    tap.result(conversations >= 8 and ports >= conversations, 'captured: ports as the module reads',
               f'{conversations} conversations, {ports} ports')
    tap.result(same >= 4 * conversations, 'captured: PDUs built again are the same',
               f'{same} PDUs of {conversations} conversations')


# ---- server and client


def with_server(options, tests, status=0, says=()):
    server = Server(*options.split())
    for words, *expected in tests:
        check_client(f'{options or "server"}: {words}', words, *expected)
    got, text = server.end()
    missing = [p for p in says if not re.search(p, text, re.M)]
    tap.result(got == status and not missing, f'{options or "server"}: ends well',
               f'status {got}, no {missing} in:\n{text}')


def test_plain():
    unknown = rf'samr map error {T} not-registered 0x16c9a0d6'
    with_server('', [
        ('map 127.0.0.1 ds is mta rfr async-is', 0, mapped('ds', 49152), mapped('is', 49153),
         mapped('mta', 49154), mapped('rfr', 49152), mapped('async-is', 49153)),
        ('map 127.0.0.1 samr ds', 1, unknown, mapped('ds', 49152)),
        ('map 127.0.0.1 is/0.82 ds/57 ds/56', 1, rf'is map error {T} not-reg.*',
         rf'{dce.INTERFACES["ds"].uuid} map error {T} not-reg.*', mapped('ds', 49152)),
        ('map 127.0.0.1 ds --ndr 32', 0, mapped('ds', 49152, 'ndr32')),
        ('map 127.0.0.1 ds --ndr 64', 0, mapped('ds', 49152)),
        ('map ::1 ds', 0, mapped('ds', 49152, address='0.0.0.0')),
        ('map 127.0.0.1 ds --from 127.0.0.5', 0, mapped('ds', 49152)),
        ('mail 127.0.0.1', 0, *mail()),
        ('mail ::1', 0, *mail(address='0.0.0.0')),
        ('mail 127.0.0.1 --big-endian --fragment 7 --cut 5 --multiplex', 0, *mail()),
        ('mail 127.0.0.1 --bare --verification', 0, *mail()),
        ('mail 127.0.0.1 --auth privacy --auth-mapper integrity --verification', 0, *mail()),
        ('mail 127.0.0.1 --auth connect --auth-mapper privacy --fragment 9', 0, *mail()),
        ('mail 127.0.0.1 --interfaces ds --pinned ds=49152', 0, *used('ds', 49152)),
        ('mail 127.0.0.1 --interfaces samr,ds', 1, unknown, mapped('ds', 49152),
         *used('ds', 49152)),
        ('call 127.0.0.1 49152 ds --alter rfr --bytes 1000000', 0,
         *used('ds', 49152)[:2], rf'rfr alter ok {T} ndr64',
         rf'ds call ok {T} 1000000 bytes \d+ bytes/s', rf'rfr call ok {T} 1000000 bytes \d+ .*',
         closed('ds')),
        ('call 127.0.0.1 49152 ds --send 100000 --auth integrity', 0,
         *used('ds', 49152)[:2], rf'ds call ok {T} 100000 bytes',
         closed('ds')),
        ('call 127.0.0.1 49152 ds --alter is', 1, *used('ds', 49152)[:2],
         rf'is alter rejected {T} interface-unknown interface-unknown negotiated'),
        ('call 127.0.0.1 49152 is', 1, used('is', 49152)[0],
         rf'is bind rejected {T} interface-unknown interface-unknown negotiated'),
        ('call 127.0.0.1 49999 is', 3, rf'is connect refused {T}'),
        ('call 192.0.2.1 135 epmapper', 3, rf'epmapper connect unreachable {T} .*'),
        ('map 127.0.0.1 ds --from 192.0.2.9', 2, 'client: .*'),
        ('lookup 127.0.0.1', 0, rf'epmapper lookup ok {T}', 'ds/56.0 49152 127.0.0.1 .*',
         'rfr/1.0 49152 .*', 'is/0.0 49153 .*', 'async-is/0.1 .*', 'mta/2.0 49154 .*'),
    ], 0, [r'^connect 135 127\.0\.0\.5:', r'^bind 49152 \[::1\]:\d+ ds/56\.0 ndr64$',
           r'^call 49152 .* ds/56\.0 0 100000$', '^map 135 .* samr/1.0 not-registered$'])


def test_options():
    with_server('--ndr 32 --no-features --on ds --on ds --on is=1226', [
        ('map 127.0.0.1 ds is', 0, mapped('ds', '49152,49153', 'ndr32'),
         mapped('is', 1226, 'ndr32')),
        # the handle of the first answer gets the second
        ('map 127.0.0.1 ds --towers 1', 0, mapped('ds', '49152,49153', 'ndr32')),
        ('map 127.0.0.1 ds --ndr 64', 1, rf'ds map rejected {T} syntax-unknown'),
        ('call ::1 1226 is', 0, *used('is', 1226, 'ndr32')),
    ])
    with_server('--ndr 64', [
        ('map 127.0.0.1 ds --ndr 32', 1, rf'ds map rejected {T} syntax-unknown'),
    ])
    with_server('--big-endian --fragment 3 --cut 2 --tower-address 192.0.2.10', [
        ('mail 127.0.0.1 --auth integrity', 0, *mail(address='192.0.2.10')),
        ('mail ::1 --ndr 32', 0, *mail('ndr32', '192.0.2.10')),
        ('lookup 127.0.0.1 --auth-mapper privacy', 0, rf'epmapper lookup ok {T}',
         *['.* 192.0.2.10 .*'] * 5),
    ])
    with_server('--address 127.0.0.2 --first 1025', [
        ('map 127.0.0.2 ds', 0, mapped('ds', 1025, address='127.0.0.2')),
        ('map 127.0.0.1 ds', 3, rf'ds map refused {T}'),
    ])


def test_modes():
    """What a lying server does is seen by the client, and named."""
    def deviates(what, first='ds'):
        return rf'{first} map deviation {T} {what}'

    tests = {
        'other-interface': ('map 127.0.0.1 ds', 5, deviates('samr/1.0 instead of ds/56.0')),
        'wrong-call': ('map 127.0.0.1 ds', 5, deviates('response of call 3 instead of 2')),
        'wrong-context': ('map 127.0.0.1 ds', 5, deviates('context 2 instead of 1')),
        'low-port': ('map 127.0.0.1 ds', 0, mapped('ds', 80)),
        'zero-port': ('map 127.0.0.1 ds', 5, deviates('port 0')),
        'unasked': ('map 127.0.0.1 is', 5, deviates('ds/56.0 instead of is/0.81', 'is')),
        'twice': ('map 127.0.0.1 ds is', 5, mapped('ds', 49152),
                  deviates('response of call 2 instead of 3', 'is')),
        'udp': ('map 127.0.0.1 ds', 5, deviates('tower of protocol 0x8')),
        'pipe': ('map 127.0.0.1 ds', 5, deviates('tower of protocol 0xf')),
        'null-tower': ('map 127.0.0.1 ds', 5, deviates('a tower that is a null pointer')),
        'count': ('map 127.0.0.1 ds', 5, deviates('2 entries, 1 from 0 in .*')),
        'offset': ('map 127.0.0.1 ds', 5, deviates('1 entries, 1 from 1 in .*')),
        'tower-length': ('map 127.0.0.1 ds', 5, deviates('tower of 76 bytes in an array of 75')),
        'fault': ('map 127.0.0.1 ds', 1, rf'ds map fault {T} access-denied 0x5'),
        'silent': (f'map 127.0.0.1 ds --timeout {SILENCE}', 4, rf'ds map timeout {WAITED}'),
        'reset': ('map 127.0.0.1 ds', 3, rf'ds map reset {T}'),
        'cut': ('map 127.0.0.1 ds', 5, deviates(r'ends after 30 bytes of a PDU of \d+')),
        'few-results': ('map 127.0.0.1 ds', 5, deviates('2 results for 3 contexts')),
        'many-results': ('map 127.0.0.1 ds', 5, deviates('4 results for 3 contexts')),
        'nak': ('call 127.0.0.1 49152 samr', 1, rf'samr connect ok {T} 49152',
                rf'samr bind nak {T} reason 2'),
        'any-bind': ('call 127.0.0.1 49152 samr', 0, *used('samr', 49152)),
        'wrong-bytes': ('call 127.0.0.1 49152 ds', 5, *used('ds', 49152)[:2],
                        rf'ds call deviation {T} other bytes come back'),
        'server-first': ('call 127.0.0.1 49152 ds', 5, rf'ds connect ok {T} 49152',
                         rf'ds bind deviation {T} .*'),
        'not-rpc': ('call 127.0.0.1 49152 ds', 5, rf'ds connect ok {T} 49152',
                    rf'ds bind deviation {T} version 72 .*'),
    }
    for mode, expected in tests.items():
        with_server(f'--mode {mode}', [expected])
    with_server('--mode twice', [
        ('map 127.0.0.1 ds', 5, mapped('ds', 49152),
         rf'epmapper close deviation {T} response of call 2 after the end'),
    ])
    with_server('--mode wrong-bytes', [
        ('call 127.0.0.1 49152 ds --bytes 20000', 5, *used('ds', 49152)[:2],
         rf'ds call deviation {T} wrong bytes come'),
    ])
    tap.equal('every mode is tested', set(MODES), set(tests))


def test_change():
    """SIGHUP: other ports; connections that exist stay."""
    server = Server()
    held = Program('client.py', 'call', '127.0.0.1', '49152', 'ds', '--hold')
    held.wait_for('ds call ok')
    server.process.send_signal(signal.SIGHUP)
    server.wait_for('^ready$', 2)
    held.process.stdin.write('\n')
    held.process.stdin.flush()
    held.wait_for('ds call ok', 2)
    check_client('change: other ports', 'map 127.0.0.1 ds is', 0, mapped('ds', 49155),
                 mapped('is', 49156))
    check_client('change: not the old one', 'call 127.0.0.1 49152 ds', 3,
                 rf'ds connect refused {T}')
    status, text = held.end()
    tap.result(status == 0 and 'ds close ok' in text, 'change: a connection goes on', text)
    held = Program('client.py', 'call', '127.0.0.1', '49155', 'ds', '--hold')
    held.wait_for('ds call ok')
    tap.equal('change: the server ends', 0, server.end()[0])
    held.wait_for('ds call (closed|reset)')
    tap.equal('change: the held client sees it', 3, held.end()[0])


def test_silence():
    """A connection that is not answered at all: the queue of a listener is full."""
    with socket.socket() as full:
        full.bind(('127.0.0.1', 0))
        full.listen(0)
        address = full.getsockname()
        waiting = []
        for _ in range(2):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(address)
            waiting.append(sock)
        check_client('connect: timeout', f'call 127.0.0.1 {address[1]} ds --timeout {SILENCE}', 4,
                     rf'ds connect timeout {WAITED}')
        for sock in waiting:
            sock.close()


def misbehave(name, what, *sent, answer=None):
    """A client that breaks the rules is reported, once."""
    server = Server()
    with socket.create_connection(('127.0.0.1', 135), DEADLINE) as sock:
        stream = dce.Stream(sock)
        got = None
        try:
            for data in sent:
                stream.send_bytes(data if isinstance(data, bytes) else
                                  b''.join(p.pack() for p in data))
            sock.shutdown(socket.SHUT_WR)
            while pdu := stream.receive():
                got = pdu
        except OSError:
            pass  # the server has had enough
        server.wait_for('^(deviation|close|reset) ')
    status, text = server.end()
    ok = status == 1 and re.search(f'^deviation .*{what}', text, re.M) and \
        (answer is None or got is not None and got.kind == answer)
    tap.result(ok and len(re.findall('^deviation', text, re.M)) == 1, f'server: {name}',
               f'{status}, {got}\n{text}')


def test_strict_server():
    bound = [dce.bind(1, [dce.Context(0, dce.EPM, [dce.NDR32])])]
    question = list(dce.request(2, 0, dce.EPT_MAP, dce.map_question(dce.INTERFACES['ds'])))
    first, second = [list(dce.request(n, 0, dce.EPT_MAP,
                                      dce.map_question(dce.INTERFACES['ds']), room=100))
                     for n in (2, 3)]
    misbehave('a request before the bind', 'before any bind', question)
    misbehave('a second bind', 'binds twice', bound, bound)
    misbehave('calls that mix', 'within another call', bound, [first[0], second[0]])
    misbehave('a fragment of nothing', 'does not begin', bound, first[1:])
    misbehave('a call without end', 'ends within a call', bound, first[:1])
    misbehave('half a PDU', 'ends after 40 bytes of a PDU', bound, question[0].pack()[:40])
    misbehave('another protocol', 'version 71', b'GET / HTTP/1.0\r\n\r\n')
    misbehave('a trailer of no context', 'has a trailer', bound,
              [dce.Pdu(dce.REQUEST, 2, question[0].body, auth=dce.Auth(dce.INTEGRITY))])
    misbehave('no trailer', 'has no trailer',
              [dce.Pdu(dce.BIND, 1, bound[0].body, auth=dce.Auth(dce.INTEGRITY))], question)
    misbehave('a response', 'from a client', bound, list(dce.response(2, 0, b'')))
    misbehave('a bad stub', 'too early', bound, list(dce.request(2, 0, dce.EPT_MAP, b'\1\0\0\0')),
              answer=dce.FAULT)

    server = Server()
    with socket.create_connection(('127.0.0.1', 135), DEADLINE) as sock:
        stream = dce.Stream(sock)
        bound[0].flags |= dce.MULTIPLEX
        stream.send(*bound)
        ack = stream.receive()
        stream.send(first[0], second[0], second[1], first[1])
        order = [dce.read_call(stream.receive()).call for _ in range(2)]
        stream.send(*dce.request(4, 9, 0, b''), *dce.request(5, 0, 99, b''))
        faults = [dce.read_call(stream.receive()).status for _ in range(2)]
    tap.equal('server: calls that mix by agreement', (dce.MULTIPLEX, [3, 2]),
              (ack.flags & dce.MULTIPLEX, order))
    tap.equal('server: faults', [dce.UNKNOWN_INTERFACE, dce.OP_RANGE], faults)
    tap.equal('server: nothing to complain of', 0, server.end()[0])


# ---- replay

CLIENT, SERVER = ('127.0.0.2', 40000), ('127.0.0.3', 135)
CLIENT6, SERVER6 = ('::1', 40000), ('::1', 4444)


class Script:
    """Packets of a connection, with sequence numbers that wrap."""

    def __init__(self, client_end, server_end, isn=0xfffffff0):
        self.ends, self.isn, self.packets = (client_end, server_end), (isn, 77), []

    def packet(self, server, at, data=b'', flags=craft.ACK):
        """at: number of the first byte"""
        src, dst = self.ends[server], self.ends[not server]
        seq = (self.isn[server] + at) % (1 << 32)
        self.packets.append(craft.tcp(src[0], dst[0], src[1], dst[1], flags, seq=seq, data=data))
        return self

    def opened(self):
        self.packet(False, 0, flags=craft.SYN).packet(True, 0, flags=craft.SYN | craft.ACK)
        return self.packet(False, 1)


def scripts():
    """Three connections: retransmitted, reordered, overlapping; the same ports again; IPv6
    in the middle, with a gap."""
    one = Script(CLIENT, SERVER).opened()
    one.packet(False, 1, b'question')
    one.packet(False, 1, b'question')
    one.packet(True, 5, b'er')          # early
    one.packet(True, 1, b'answxx')      # the end of it came before
    one.packet(False, 13, b'three')
    one.packet(False, 13, b'th')        # less of what waits already
    one.packet(False, 9, b' two')
    one.packet(False, 7, b'onXXX three')
    one.packet(True, 7, b'x', craft.RST)
    again = Script(CLIENT, SERVER, 5).opened().packet(False, 1, b'again')
    six = Script(CLIENT6, SERVER6)
    six.packet(False, 3, bytes.fromhex('05000b03')).packet(True, 9, b'yes')
    six.packet(False, 9, b'lost before').packet(True, 12, b'no answer to what we have')
    return one.packets + again.packets + six.packets


LISTED = ['1 127.0.0.2 40000 127.0.0.3 135 17 6', '2 127.0.0.2 40000 127.0.0.3 135 5 0',
          '3 ::1 40000 ::1 4444 4 3 midstream gap']
PIECES = [[(False, b'question'), (True, b'answxx'), (False, b' twothree')],
          [(False, b'again')], [(False, bytes.fromhex('05000b03')), (True, b'yes')]]


def kind_of(packet):
    return b'\x08\x00' if packet[0] >> 4 == 4 else b'\x86\xdd'


LINKS = {1: lambda p: bytes(12) + kind_of(p) + p,
         101: lambda p: p,
         113: lambda p: bytes(14) + kind_of(p) + p,
         276: lambda p: kind_of(p) + bytes(18) + p}


def pcap(all_packets, order, magic, link):
    out = struct.pack(order + 'IHHiIII', magic, 2, 4, 0, 0, 65535, link)
    for packet in all_packets:
        frame = LINKS[link](packet)
        out += struct.pack(order + 'IIII', 0, 0, len(frame), len(frame)) + frame
    return out


def pcapng(all_packets, order, link):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack(order + 'I', len(body) + 12)
        return struct.pack(order + 'I', kind) + size + body + size

    out = block(0x0a0d0d0a, struct.pack(order + 'IHHq', 0x1a2b3c4d, 1, 0, -1))
    out += block(1, struct.pack(order + 'HHI', link, 0, 0)) + block(4, b'unknown')
    for n, packet in enumerate(all_packets):
        frame = LINKS[link](packet)
        size = struct.pack(order + 'I', len(frame))
        out += block(3, size + frame) if n % 2 else \
            block(6, struct.pack(order + 'III', 0, 0, 0) + size * 2 + frame)
    return out


def program(name, *words):
    return Program(name, *words).end()


def against(path, number, behave, *words):
    """Exit status of the replaying client against a server of ours."""
    with socket.create_server((SERVER[0], SERVER[1])) as listener:
        listener.settimeout(DEADLINE)
        running = Program('replay.py', 'client', path, number, *words)
        sock = listener.accept()[0]
        with sock:
            sock.settimeout(DEADLINE)
            behave(sock)
            return running.end()


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    sock.close()


def answer(*texts, last=None):
    def behave(sock):
        for text in texts:
            sock.recv(100)
            sock.sendall(text)
        if last:
            last(sock)
    return behave


def test_replay(folder):
    all_packets = scripts()
    path = os.path.join(folder, 'capture')
    files = {
        'pcap, Ethernet': pcap(all_packets, '<', 0xa1b2c3d4, 1),
        'pcap, nanoseconds, big-endian, raw IP': pcap(all_packets, '>', 0xa1b23c4d, 101),
        'pcap, gzip, Linux cooked': gzip.compress(pcap(all_packets, '<', 0xa1b2c3d4, 113)),
        'pcapng, Linux cooked 2': pcapng(all_packets, '<', 276),
        'pcapng, big-endian': pcapng(all_packets, '>', 1),
    }
    for name, data in files.items():
        with open(path, 'wb') as f:
            f.write(data)
        tap.equal(f'replay: {name}', (0, '\n'.join(LISTED)), program('replay.py', 'list', path))
    tap.equal('replay: the bytes in order', PIECES,
              [t.pieces for t in replay.conversations(path)])
    with open(path + '.cut', 'wb') as f:
        f.write(data[:-20])
    tap.equal('replay: a file that is cut', 2, program('replay.py', 'list', path + '.cut')[0])
    tap.equal('replay: no such conversation', 2, program('replay.py', 'client', path, 4)[0])

    server = Program('replay.py', 'server', path, 'all')
    server.wait_for('^ready$')
    end = program('replay.py', 'client', path, '1-2', 3)
    tap.result(end[0] == 0 and end[1].count(': ok') == 3, 'replay: client', end)
    end = server.end()
    tap.result(end[0] == 0 and end[1].count(': ok') == 3, 'replay: server', end)

    path_of_tree = os.path.join(HERE, 'captures', 'scapy-dcerpc_privacy_krb.conv')
    server = Program('replay.py', 'server', path_of_tree, 'all', '--address', '127.0.0.3')
    server.wait_for('^ready$')
    end = program('replay.py', 'client', path_of_tree, 'all', '--address', '127.0.0.2', '--to',
                  '127.0.0.3')
    tap.equal('replay: a capture of the tree', (0, 2, 0),
              (end[0], end[1].count(': ok'), server.end()[0]))
    tap.equal('replay: whose client is unknown', 2,
              program('replay.py', 'client', path_of_tree, 1)[0])

    tap.equal('replay: no such address', 2, program('replay.py', 'server', path, 1, '--address',
                                                    '192.0.2.1')[0])
    tap.equal('replay: refused', 3, program('replay.py', 'client', path, 1)[0])
    tap.equal('replay: unreachable', 5, program('replay.py', 'client', path, 1, '--address',
                                                '127.0.0.2', '--to', '192.0.2.1')[0])
    for name, status, text, behave in (
            ('changed', 1, 'byte 3 of 6 is 0x57', answer(b'ansWxx')),
            ('reset', 3, 'reset', lambda s: (s.recv(100), reset(s))),
            ('ends too early', 1, 'ends after 3 of 6',
             answer(b'ans', last=lambda s: s.shutdown(socket.SHUT_WR))),
            ('silent', 4, 'timeout', answer(b'ans')),
            ('too much', 1, 'more bytes', answer(b'answxxx'))):
        got, said = against(path, 1, behave, '--timeout', 0.5 if status == 4 else DEADLINE)
        tap.result(got == status and text in said, f'replay: {name}', f'{got}: {said}')


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack('16sh22x', b'lo', IFF_UP))


def main():
    loopback_up()
    start = time.monotonic()
    test_captured()
    test_plain()
    test_options()
    test_modes()
    test_change()
    test_silence()
    test_strict_server()
    with tempfile.TemporaryDirectory() as folder:
        test_replay(folder)
    print(f'# {time.monotonic() - start:.0f} s')
    tap.done()


if __name__ == '__main__':
    main()
