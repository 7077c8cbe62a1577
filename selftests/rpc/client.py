#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""An RPC client that says exactly what happened.

    client.py map SERVER INTERFACE...       ask the mapper, all on one connection
    client.py lookup SERVER                 list what the mapper knows
    client.py call SERVER PORT INTERFACE    connect, bind and call
    client.py mail SERVER                   map, connect, bind and call, as Outlook does

An interface is a name or UUID/MAJOR.MINOR. A line each step, and it ends at the first of
a connection that fails:

    INTERFACE STEP OUTCOME SECONDS s [DETAIL...]

OUTCOME is ok, for the step map the port (or several, with commas), or:

    error       the mapper's status         rejected  the bind, by the server
    fault       the call, by the server     nak       the bind, by a bind_nak
    reset       by either end or a router   refused   a reset instead of a connection
    closed      by the server, too early    unreachable  by an ICMP error or a route
    timeout     nothing happened any more   deviation the server breaks the protocol

Exit status: 0 all well; 1 an answer that says no (error, rejected, fault, nak); 3 reset,
refused, closed or unreachable; 4 timeout; 5 deviation. Of several the greatest; mail: 0
or 1. 2 is usage, or an address or port that cannot be had here.
"""
import argparse
import errno
import os
import select
import socket
import sys
import time

import dce

EXIT = {'error': 1, 'rejected': 1, 'fault': 1, 'nak': 1, 'reset': 3, 'refused': 3, 'closed': 3,
        'unreachable': 3, 'timeout': 4, 'deviation': 5}
UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM, errno.EPROTO,
               errno.ENOPROTOOPT)


class Failure(Exception):
    def __init__(self, outcome, detail=''):
        super().__init__(outcome, detail)
        self.outcome, self.detail = outcome, detail


def outcome(why):
    """A Failure for whatever went wrong."""
    if isinstance(why, Failure):
        return why
    if isinstance(why, dce.Deviation):
        return Failure('deviation', str(why))
    if isinstance(why, TimeoutError):
        return Failure('timeout')
    if isinstance(why, ConnectionRefusedError):
        return Failure('refused')
    # ENOTCONN: shutdown() of a connection that was reset meanwhile
    if isinstance(why, ConnectionError) or why.errno == errno.ENOTCONN:
        return Failure('reset')
    if why.errno in UNREACHABLE:
        return Failure('unreachable', why.strerror)
    raise why


class Client:
    """A connection. Its methods raise what outcome() knows."""

    def __init__(self, options, server, port, auth):
        self.options, self.server, self.port = options, server, port
        self.calls, self.multiplex = 0, False
        self.auth = dce.Auth(dce.LEVELS[auth]) if dce.LEVELS[auth] else None
        self.stream = None
        self.contexts = {}  # of an interface: context id, syntax
        self.ids = 0

    def connect(self):
        family, _, _, _, address = socket.getaddrinfo(
            self.server, self.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)[0]
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(self.options.timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.options.source or self.options.from_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self.options.source or '', self.options.from_port))
        sock.connect(address)
        self.stream = dce.Stream(sock, self.options.cut)

    def close(self):
        """Clean: the server has nothing more to say."""
        sock = self.stream.sock
        sock.shutdown(socket.SHUT_WR)
        pdu = self.stream.receive()
        dce.expect(pdu is None, f'{pdu} after the end')
        sock.close()

    def receive(self):
        pdu = self.stream.receive()
        if not pdu:
            raise Failure('closed')
        return pdu

    def more(self):
        return {'big': self.options.big_endian, 'auth': self.auth}

    # ---- binding

    def offer(self, interface):
        syntaxes = {'32': [dce.NDR32], '64': [dce.NDR64],
                    'both': [dce.NDR32, dce.NDR64, dce.features()]}[self.options.ndr]
        contexts = []
        for syntax in syntaxes:
            contexts.append(dce.Context(self.ids, interface, [syntax]))
            self.ids += 1
        return contexts

    def bind(self, interface):
        """By a bind, or if there was one by an alter_context. Return: the syntax."""
        alter = bool(self.contexts)
        self.calls += 1
        contexts = self.offer(interface)
        flags = 0 if self.options.bare else dce.WHOLE
        flags |= 0 if alter else dce.MULTIPLEX if self.options.multiplex else 0
        self.stream.send(dce.bind(self.calls, contexts, dce.ALTER if alter else dce.BIND,
                                  flags=flags, **self.more()))
        pdu = self.receive()
        dce.expect(pdu.call == self.calls, f'{pdu} instead of {self.calls}')
        if pdu.kind == dce.BIND_NAK and not alter:
            raise Failure('nak', f'reason {dce.read_bind_nak(pdu)}')
        if pdu.kind == dce.FAULT:
            raise self.failed(dce.read_call(pdu))
        dce.expect(pdu.kind == (dce.ALTER_RESP if alter else dce.BIND_ACK), f'{pdu} to a bind')
        dce.expect((self.auth is None) == (pdu.auth is None), f'trailer of the {pdu}')
        ack = dce.read_bind_ack(pdu)
        dce.expect(len(ack.results) == len(contexts),
                   f'{len(ack.results)} results for {len(contexts)} contexts')
        if not alter:
            dce.expect(not pdu.flags & dce.MULTIPLEX or self.options.multiplex, 'multiplexing')
            self.multiplex = bool(pdu.flags & dce.MULTIPLEX)
        self.take_results(interface, contexts, ack.results)
        if self.auth and not alter:
            self.stream.send(dce.auth3(self.calls, self.auth, big=self.options.big_endian))
        return self.contexts[interface][1]

    def take_results(self, interface, contexts, results):
        taken = {}
        for context, result in zip(contexts, results):
            offered = context.syntaxes[0]
            negotiation = dce.feature_bits(offered)
            if result.result == dce.NEGOTIATED:
                dce.expect(negotiation is not None and not result.reason & ~negotiation,
                           'features that were not offered')
            elif result.result == dce.ACCEPTED:
                dce.expect(negotiation is None and result.syntax == offered,
                           'a syntax that was not offered')
                taken[offered] = context.id
        if not taken:
            raise Failure('rejected', ' '.join(str(r) for r in results if r.result))
        syntax = dce.NDR64 if dce.NDR64 in taken else dce.NDR32
        self.contexts[interface] = (taken[syntax], syntax)

    # ---- calls

    def failed(self, call):
        return Failure('fault', f'{dce.STATUS.get(call.status, "")} {call.status:#x}'.strip())

    def call(self, interface, opnum, stub):
        """Return: the answer, a dce.Call."""
        context, _ = self.contexts[interface]
        self.calls += 1
        for pdu in dce.request(self.calls, context, opnum, stub, room=self.options.fragment,
                               bare=self.options.bare, **self.more()):
            self.stream.send(pdu)
        calls = dce.Calls(self.multiplex)
        answer = None
        while not answer:
            pdu = self.receive()
            dce.expect(pdu.kind in (dce.RESPONSE, dce.FAULT), f'{pdu} to a request')
            dce.expect(pdu.call == self.calls, f'{pdu} instead of {self.calls}')
            dce.expect((self.auth is None) == (pdu.auth is None) and
                       (self.auth is None or self.auth.same(pdu.auth)), f'trailer of {pdu}')
            answer = calls.add(pdu)
        dce.expect(answer.context == context, f'context {answer.context} instead of {context}')
        if answer.kind == dce.FAULT:
            raise self.failed(answer)
        return answer

    def echo(self, interface, size=64):
        stub = dce.pattern(size)
        dce.expect(self.call(interface, 0, stub).stub == stub, 'other bytes come back')

    def bulk(self, interface, size):
        o = dce.Out(self.options.big_endian)
        o.u32(size)
        got = self.call(interface, 1, bytes(o.bytes)).stub
        dce.expect(got == dce.pattern(size), 'wrong bytes come')

    def map(self, interface):
        """Return: the towers."""
        _, syntax = self.contexts[dce.EPM]
        towers, handle = [], dce.NIL
        while True:
            question = dce.map_question(interface, syntax, self.options.big_endian,
                                        self.options.towers, handle)
            if self.options.verification:
                question = dce.verification(question, dce.EPM, syntax)
            call = self.call(dce.EPM, dce.EPT_MAP, question)
            answer = dce.read_map_answer(call.stub, syntax, call.big)
            self.check_status(answer, towers)
            for entry in answer.entries:
                dce.expect(entry.tower, 'a tower that is a null pointer')
                towers.append(self.read_tower(interface, entry.tower))
            handle = answer.handle
            if handle == dce.NIL:
                return towers

    @staticmethod
    def check_status(answer, before):
        dce.expect(len(answer.entries) > 0 if not answer.status else not answer.entries,
                   f'{len(answer.entries)} entries with status {answer.status:#x}')
        if answer.status and not before:
            raise Failure('error', f'{dce.STATUS.get(answer.status, "")} {answer.status:#x}')

    @staticmethod
    def read_tower(interface, octets):
        tower = dce.read_tower(octets)
        dce.expect(tower.interface[:2] == interface[:2],
                   f'{tower.interface} instead of {interface}')
        dce.expect(tower.transport == dce.TCP, f'tower of protocol {tower.transport:#x}')
        dce.expect(tower.port, 'port 0')
        return tower

    def lookup(self):
        _, syntax = self.contexts[dce.EPM]
        entries, handle = [], dce.NIL
        while True:
            question = dce.lookup_question(None, syntax, self.options.big_endian, handle=handle)
            call = self.call(dce.EPM, dce.EPT_LOOKUP, question)
            answer = dce.read_lookup_answer(call.stub, syntax, call.big)
            self.check_status(answer, entries)
            entries += answer.entries
            handle = answer.handle
            if handle == dce.NIL:
                return entries


# ---- steps, a line each


class Steps:
    def __init__(self):
        self.worst = 0

    def run(self, name, step, action, quiet=False):
        """action gives (value, outcome, detail). Return: the value; None if it fails.
        quiet: say nothing if not."""
        start = time.monotonic()
        try:
            value, result, detail = action()
        except (Failure, dce.Deviation, OSError) as why:
            failure = outcome(why)
            value, result, detail = None, failure.outcome, failure.detail
            self.worst = max(self.worst, EXIT[result])
        if value is not None and quiet:
            return value
        seconds = time.monotonic() - start
        print(f'{name} {step} {result} {seconds:.3f} s {detail}'.rstrip(), flush=True)
        return value


def described(interface):
    return dce.NAMES.get(interface[:2], str(interface.uuid))


def map_all(options, interfaces, steps):
    """Return: the first port of each, None if there is none."""
    client = Client(options, options.server, 135, options.auth_mapper)
    ports = []

    def ask(interface):
        if client.stream is None:
            client.connect()
        if not client.contexts:
            client.bind(dce.EPM)
        towers = client.map(interface)
        detail = ' '.join(dict.fromkeys(t.address for t in towers))
        return towers[0].port, ','.join(str(t.port) for t in towers), \
            f'{detail} {client.contexts[dce.EPM][1]}'

    for interface in interfaces:
        before = steps.worst
        ports.append(steps.run(described(interface), 'map', lambda i=interface: ask(i)))
        if steps.worst > max(before, 1) or not client.contexts:
            return ports  # nothing more comes of this connection
    steps.run('epmapper', 'close', lambda: (True, 'ok', client.close() or ''), quiet=True)
    return ports


def use(options, port, interfaces, steps):
    """Connects to a port, binds and calls each of interfaces."""
    client = Client(options, options.server, port, options.auth)
    name = described(interfaces[0])

    def connect():
        client.connect()
        return True, 'ok', str(port)

    def bind(interface):
        return True, 'ok', str(client.bind(interface))

    def call(interface):
        start = time.monotonic()
        if options.bytes:
            client.bulk(interface, options.bytes)
            rate = options.bytes / max(time.monotonic() - start, 1e-6)
            return True, 'ok', f'{options.bytes} bytes {rate:.0f} bytes/s'
        client.echo(interface, options.send)
        return True, 'ok', f'{options.send} bytes'

    if not steps.run(name, 'connect', connect):
        return
    for interface in interfaces:
        step = 'alter' if client.contexts else 'bind'
        if not steps.run(described(interface), step, lambda i=interface: bind(i)):
            return
    while True:
        for interface in interfaces:
            if not steps.run(described(interface), 'call', lambda i=interface: call(i)):
                return
        if not options.hold or not held(client):
            break
    steps.run(name, 'close', lambda: (True, 'ok', client.close() or ''))


def held(client):
    """Waits for a line, or the end, of standard input; or for the server to end it."""
    if client.stream.sock in select.select([0, client.stream.sock], [], [])[0]:
        return True
    # Unbuffered, since what select() says is about the file.
    while (byte := os.read(0, 1)) not in (b'', b'\n'):
        pass
    return bool(byte)


def do_map(options, steps):
    map_all(options, options.interfaces, steps)


def do_lookup(options, steps):
    client = Client(options, options.server, 135, options.auth_mapper)

    def ask():
        client.connect()
        client.bind(dce.EPM)
        return client.lookup(), 'ok', ''

    for entry in steps.run('epmapper', 'lookup', ask) or []:
        tower = dce.read_tower(entry.tower)
        print(f'{tower.interface} {tower.port} {tower.address} {entry.annotation}')


def do_call(options, steps):
    use(options, options.port, [options.interface] + options.alter, steps)


def do_mail(options, steps):
    pinned = {described(i): port for i, port in options.pinned}
    for interface in options.interfaces:
        port = pinned.get(described(interface))
        if not port:
            port = map_all(options, [interface], steps)[0]
        if port:
            use(options, port, [interface], steps)
    steps.worst = min(steps.worst, 1)


def pin(text):
    name, _, port = text.partition('=')
    return dce.interface(name), int(port)


def common(parser):
    add = parser.add_argument
    add('--from', dest='source', metavar='ADDRESS', help='source address')
    add('--from-port', type=int, default=0, metavar='PORT', help='source port')
    add('--timeout', type=float, default=10, metavar='SECONDS',
        help='how long nothing may happen (default 10)')
    add('--ndr', choices=('32', '64', 'both'), default='both',
        help='what is offered; both: three contexts, as Windows does')
    add('--big-endian', action='store_true')
    add('--fragment', type=int, default=0, metavar='N', help='bytes of a stub in each PDU')
    add('--cut', type=int, default=0, metavar='N', help='bytes that are sent at a time')
    add('--bare', action='store_true', help='PDUs that are neither first nor last, as of NT 4')
    add('--multiplex', action='store_true')
    add('--auth', choices=dce.LEVELS, default='none', help='on data ports')
    add('--auth-mapper', choices=dce.LEVELS, default='none')
    add('--verification', action='store_true', help='a trailer behind each question')
    add('--towers', type=int, default=4, metavar='N', help='that the mapper may answer at once')
    add('--bytes', type=int, default=0, metavar='N', help='calls: ask for so many')
    add('--send', type=int, default=64, metavar='N', help='calls: have so many echoed')
    add('--hold', action='store_true',
        help='call again for each line of standard input, close at its end')


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    def command(name, action):
        sub = commands.add_parser(name)
        sub.set_defaults(action=action)
        sub.add_argument('server')
        common(sub)
        return sub.add_argument

    add = command('map', do_map)
    add('interfaces', type=dce.interface, nargs='+', metavar='INTERFACE')
    command('lookup', do_lookup)
    add = command('call', do_call)
    add('port', type=int)
    add('interface', type=dce.interface)
    add('--alter', type=dce.interface, action='append', default=[], metavar='INTERFACE',
        help='bind this one too, by alter_context')
    add = command('mail', do_mail)
    add('--interfaces', type=lambda t: [dce.interface(n) for n in t.split(',')],
        default='ds,is,rfr', metavar='INTERFACE,...')
    add('--pinned', type=pin, action='append', default=[], metavar='INTERFACE=PORT',
        help='connect there without asking the mapper')
    options = parser.parse_args()
    steps = Steps()
    try:
        options.action(options, steps)
    except OSError as why:
        # Of this machine, for example no such address: says nothing about the way.
        print(f'client: {why}', file=sys.stderr)
        sys.exit(2)
    sys.exit(steps.worst)


if __name__ == '__main__':
    main()
