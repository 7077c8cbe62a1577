#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A stand-in for an Exchange server: an endpoint mapper, and ports with RPC interfaces.

The mapper listens on TCP 135, and says on which ports the interfaces are. A port has
those of one --on; opnum 0 returns what it is given, opnum 1 as many bytes as it is asked
for. Ports that are not pinned count up from --first, and are other ones after SIGHUP;
connections that exist go on.

On standard output, a line each:

    port NUMBER INTERFACE...            listens there
    ready                               now, and again after SIGHUP
    connect|close|reset PORT PEER
    bind|alter PORT PEER INTERFACE RESULT
    map|lookup PORT PEER INTERFACE STATUS
    call PORT PEER INTERFACE OPNUM BYTES
    deviation PORT PEER WHAT            the client breaks the protocol

Ends with SIGTERM: status 0, or 1 if there was a deviation.
"""
import argparse
import os
import selectors
import signal
import socket
import struct
import sys
import threading
import traceback
import uuid

import dce

MODES = {
    'other-interface': 'mapper: the tower is of another interface',
    'wrong-call': 'mapper: the answer has another call id',
    'wrong-context': 'mapper: the answer is in another context',
    'low-port': 'mapper: the answer is port 80',
    'zero-port': 'mapper: the answer is port 0',
    'unasked': 'mapper: an answer for the first interface before any question',
    'twice': 'mapper: every answer comes twice',
    'udp': 'mapper: the tower is of UDP',
    'pipe': 'mapper: the tower is of a named pipe',
    'null-tower': 'mapper: a second tower that is a null pointer',
    'count': 'mapper: the number of towers is one more than in the array',
    'offset': 'mapper: the array begins at 1',
    'tower-length': 'mapper: a tower is longer than its array',
    'fault': 'mapper: faults instead of answers',
    'silent': 'mapper: no answers',
    'reset': 'mapper: resets instead of answers',
    'cut': 'mapper: half an answer, then the end',
    'few-results': 'bind_ack: one result less than contexts',
    'many-results': 'bind_ack: one result more than contexts',
    'nak': 'bind_nak if no context is accepted',
    'any-bind': 'data ports accept every interface',
    'wrong-bytes': 'data ports: the last byte that a call returns is another one',
    'server-first': 'data ports speak before the client',
    'not-rpc': 'data ports answer a bind in another protocol',
}

LOCAL_LIMIT = 2  # a reason of bind_nak


class Reset(Exception):
    """This end resets the connection."""


def say(*words):
    # One write a line: threads do not cut each other's.
    sys.stdout.write(' '.join(str(w) for w in words) + '\n')
    sys.stdout.flush()


class Connection:
    """One client's. interfaces: what may be bound here."""

    def __init__(self, server, sock, peer, port, interfaces):
        self.server, self.options, self.port = server, server.options, port
        self.interfaces = interfaces
        self.sock = sock
        self.peer = f'[{peer[0]}]:{peer[1]}' if ':' in peer[0] else f'{peer[0]}:{peer[1]}'
        self.stream = dce.Stream(sock, self.options.cut)
        self.contexts = {}
        self.calls = None  # until bound
        self.limit = dce.FRAG_MAX
        self.auth = None

    def mode(self, name):
        return name in self.options.mode

    def say(self, what, *words):
        say(what, self.port, self.peer, *words)

    def run(self):
        try:
            self.say('connect')
            self.talk()
            self.say('close')
            self.sock.close()
        except dce.Deviation as why:
            self.server.deviations += 1
            self.say('deviation', why)
            self.abort()
        except (Reset, ConnectionError):
            self.say('reset')
            self.abort()
        except OSError as why:
            self.say('reset', why.strerror)
            self.abort()

    def abort(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.sock.close()

    def talk(self):
        if self.mode('server-first') and self.port != 135:
            self.stream.send(*dce.response(1, 0, b'too early'))
        while True:
            pdu = self.stream.receive()
            if not pdu:
                dce.expect(not self.calls or not self.calls.open, 'ends within a call')
                return
            if pdu.kind == dce.BIND:
                dce.expect(self.calls is None, 'binds twice')
                self.calls = dce.Calls(bool(pdu.flags & dce.MULTIPLEX))
                self.bind(pdu)
                continue
            dce.expect(self.calls is not None, f'{pdu} before any bind')
            self.check_auth(pdu)
            if pdu.kind == dce.ALTER:
                self.bind(pdu)
            elif pdu.kind == dce.REQUEST:
                call = self.calls.add(pdu)
                if call:
                    self.request(call)
            elif pdu.kind in (dce.CANCEL, dce.ORPHANED):
                self.calls.open.pop(pdu.call, None)
            else:
                dce.expect(pdu.kind == dce.AUTH3, f'{pdu} from a client')

    def check_auth(self, pdu):
        """Nothing changes the security context that was bound, or leaves it."""
        if pdu.kind in (dce.CANCEL, dce.ORPHANED):
            return
        if self.auth is None:
            dce.expect(pdu.auth is None or pdu.kind == dce.ALTER, f'{pdu} has a trailer')
        else:
            dce.expect(self.auth.same(pdu.auth), f'{pdu} has no trailer like that of the bind')

    def more(self):
        """What all answers have."""
        return {'big': self.options.big_endian, 'auth': self.auth}

    # ---- binding

    def choose(self, context):
        """The result for a context."""
        reject = dce.Result(dce.REJECTED, dce.NO_SYNTAX, dce.NO_SUCH_SYNTAX)
        known = self.contexts.get(context.id)
        if known and known[0] != context.interface:
            return reject._replace(reason=dce.NO_INTERFACE)
        for syntax in context.syntaxes:
            bits = dce.feature_bits(syntax)
            if bits is not None:
                return reject if self.options.no_features else \
                    dce.Result(dce.NEGOTIATED, bits & 3, dce.NO_SUCH_SYNTAX)
        if not (self.mode('any-bind') and self.port != 135) and \
                not any(i.serves(context.interface) for i in self.interfaces):
            return reject._replace(reason=dce.NO_INTERFACE)
        for syntax in self.syntaxes():
            if syntax in context.syntaxes:
                self.contexts[context.id] = (context.interface, syntax)
                return dce.Result(dce.ACCEPTED, 0, syntax)
        return reject

    def syntaxes(self):
        """In order of preference."""
        return {'32': [dce.NDR32], '64': [dce.NDR64],
                'prefer64': [dce.NDR64, dce.NDR32]}[self.options.ndr]

    def results(self, contexts):
        # Whoever prefers NDR64 takes one of two contexts that differ by the syntax alone.
        chosen = [self.choose(c) for c in contexts]
        for n, context in enumerate(contexts):
            if chosen[n].syntax == dce.NDR32 and dce.NDR64 in [
                    r.syntax for r, c in zip(chosen, contexts)
                    if c.interface == context.interface]:
                chosen[n] = dce.Result(dce.REJECTED, dce.NO_SYNTAX, dce.NO_SUCH_SYNTAX)
                del self.contexts[context.id]
        return chosen

    def bind(self, pdu):
        alter = pdu.kind == dce.ALTER
        asked = dce.read_bind(pdu)
        dce.expect(len({c.id for c in asked.contexts}) == len(asked.contexts),
                   'a context id twice')
        if self.mode('not-rpc') and self.port != 135:
            self.stream.send_bytes(b'HTTP/1.1 400 Bad Request\r\n\r\n')
            raise Reset
        if pdu.auth:
            self.auth = pdu.auth
        self.limit = min(self.limit, asked.max_recv)
        results = self.results(asked.contexts)
        for context, result in zip(asked.contexts, results):
            if result.result != dce.NEGOTIATED:
                self.say('alter' if alter else 'bind', context.interface,
                         result.syntax if result.result == dce.ACCEPTED else result)
        more = self.more()
        if self.mode('nak') and not alter and not self.contexts:
            self.calls = None
            self.stream.send(dce.bind_nak(pdu.call, LOCAL_LIMIT, big=more['big']))
            return
        if self.mode('few-results'):
            results = results[:-1]
        if self.mode('many-results'):
            results = results + results[:1]
        self.stream.send(dce.bind_ack(
            pdu.call, results, '' if alter else str(self.port),
            dce.ALTER_RESP if alter else dce.BIND_ACK, asked.group or 0x10000 + self.port,
            flags=dce.WHOLE | pdu.flags & dce.MULTIPLEX, **more))
        if self.mode('unasked') and self.port == 135 and not alter:
            interface, port = self.server.registered[0]
            syntax = next(iter(self.contexts.values()))[1]
            self.answer(pdu.call + 1, next(iter(self.contexts)),
                        dce.map_answer([self.tower(interface, port)], 1, syntax, more['big']))

    # ---- calls

    def request(self, call):
        if call.context not in self.contexts:
            self.fault(call, dce.UNKNOWN_INTERFACE)
            return
        interface, syntax = self.contexts[call.context]
        operation = self.operations(interface).get(call.opnum)
        if not operation:
            self.say('call', interface, call.opnum, len(call.stub))
            self.fault(call, dce.OP_RANGE)
            return
        try:
            stub = operation(call, syntax)
        except dce.Deviation as why:
            self.server.deviations += 1
            self.say('deviation', why)
            self.fault(call, dce.BAD_STUB)
            return
        if interface != dce.EPM:
            self.say('call', interface, call.opnum, len(call.stub))
        if self.mode('wrong-bytes') and interface != dce.EPM and stub:
            stub = stub[:-1] + bytes([stub[-1] ^ 1])
        self.answer(call.call, call.context, stub, interface == dce.EPM)

    def operations(self, interface):
        if interface == dce.EPM:
            return {dce.EPT_MAP: self.map, dce.EPT_LOOKUP: self.lookup, dce.EPT_FREE: self.free}
        return {0: self.echo, 1: self.bulk}

    def fault(self, call, status):
        self.stream.send(dce.fault(call.call, call.context, status, **self.more()))

    def answer(self, call, context, stub, mapper=False):
        if mapper and self.mode('reset'):
            raise Reset
        if mapper and self.mode('silent'):
            return
        if mapper and self.mode('fault'):
            self.stream.send(dce.fault(call, context, 5, **self.more()))
            return
        call += mapper and self.mode('wrong-call')
        context += mapper and self.mode('wrong-context')
        pdus = list(dce.response(call, context, stub, room=self.options.fragment,
                                 limit=self.limit, **self.more()))
        if mapper and self.mode('cut'):
            self.stream.send_bytes(pdus[0].pack()[:30])
            self.sock.shutdown(socket.SHUT_WR)
            return
        pdus *= 2 if mapper and self.mode('twice') else 1
        # Many at once, for the network to be what limits a transfer.
        step = 1 if self.options.fragment else 8
        for at in range(0, len(pdus), step):
            self.stream.send(*pdus[at:at + step])

    @staticmethod
    def echo(call, _):
        return call.stub

    @staticmethod
    def bulk(call, _):
        dce.expect(len(call.stub) == 4, f'asks for bytes with {len(call.stub)} bytes')
        return dce.pattern(dce.In(call.stub, call.big).u32())

    # ---- the mapper

    def tower(self, interface, port, transport=dce.TCP):
        address = self.options.tower_address
        if not address:
            # None of IPv6 fits into a tower; seen are zeroes.
            mine = self.sock.getsockname()[0]
            address = '0.0.0.0' if ':' in mine else mine
        # The store is asked for with 81 and says 0.
        if interface == dce.INTERFACES['is']:
            interface = interface._replace(minor=0)
        return dce.tower(interface, port, address, transport)

    def part(self, entries, question):
        """As many as fit, and the handle for more."""
        first = question.handle.int
        dce.expect(first <= len(entries), f'handle {question.handle}')
        last = min(len(entries), first + question.most)
        return entries[first:last], uuid.UUID(int=last if last < len(entries) else 0)

    def map(self, call, syntax):
        question = dce.read_map_question(call.stub, syntax, call.big)
        asked, most = question.tower.interface, question.most
        dce.expect(most, 'asks for no tower')
        found = [(i, port) for i, port in self.server.registered if i.serves(asked)]
        if question.tower.transport != dce.TCP:
            found = []
        self.say('map', asked, 'ok' if found else 'not-registered')
        found, handle = self.part(found, question)
        big = self.options.big_endian
        if not found:
            return dce.map_answer([], most, syntax, big, status=dce.NOT_REGISTERED)
        lies = {}
        towers = [self.lying_tower(*f) for f in found]
        if self.mode('null-tower'):
            towers.append(None)
        if self.mode('count'):
            lies['number'] = len(towers) + 1
        if self.mode('offset'):
            lies['offset'] = 1
        if self.mode('tower-length'):
            lies['length'] = len(towers[0]) + 1
        return dce.map_answer(towers, most, syntax, big, handle, **lies)

    def lying_tower(self, interface, port):
        if self.mode('other-interface'):
            interface = dce.INTERFACES['samr']
        if self.mode('low-port'):
            port = 80
        if self.mode('zero-port'):
            port = 0
        return self.tower(interface, port, dce.UDP if self.mode('udp') else
                          dce.PIPE if self.mode('pipe') else dce.TCP)

    def lookup(self, call, syntax):
        question = dce.read_lookup_question(call.stub, syntax, call.big)
        dce.expect(question.most, 'asks for no entry')
        found = [dce.Entry(self.tower(i, port), f'stand-in for {i}')
                 for i, port in self.server.registered
                 if question.interface is None or i.serves(question.interface)]
        self.say('lookup', question.interface or 'all', 'ok' if found else 'not-registered')
        found, handle = self.part(found, question)
        return dce.lookup_answer(found, question.most, syntax, self.options.big_endian, handle,
                                 0 if found else dce.NOT_REGISTERED)

    def free(self, call, _):
        dce.expect(len(call.stub) == 20, 'no handle to be freed')
        return bytes(24)


class Server:
    def __init__(self, options):
        self.options = options
        self.selector = selectors.DefaultSelector()
        self.next = options.first
        self.registered = []  # (interface, port), as the mapper knows them
        self.data = []  # listening sockets that SIGHUP replaces
        self.deviations = 0
        self.listen(135, [dce.EPM])
        self.open()

    def listen(self, port, interfaces):
        """On all addresses, or on none. Return: the sockets."""
        socks = []
        try:
            for address in self.options.address:
                family = socket.AF_INET6 if ':' in address else socket.AF_INET
                sock = socket.socket(family, socket.SOCK_STREAM)
                socks.append(sock)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.bind((address, port))
                sock.listen(256)
        except OSError:
            for sock in socks:
                sock.close()
            raise
        for sock in socks:
            self.selector.register(sock, selectors.EVENT_READ, (port, interfaces))
        return socks

    def open(self):
        registered = []
        for interfaces, pinned in self.options.on:
            if pinned:
                port, socks = pinned, self.listen(pinned, interfaces)
            else:
                port, socks = self.listen_next(interfaces)
            self.data += socks
            registered += [(i, port) for i in interfaces]
            say('port', port, *interfaces)
        self.registered = registered
        say('ready')

    def listen_next(self, interfaces):
        while True:
            port, self.next = self.next, self.next + 1
            try:
                return port, self.listen(port, interfaces)
            except OSError:
                if self.next > 65535:
                    raise

    def change(self):
        for sock in self.data:
            self.selector.unregister(sock)
            sock.close()
        self.data = []
        self.open()

    def accept(self, listener, port, interfaces):
        try:
            sock, peer = listener.accept()
        except ConnectionError:
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self, sock, peer, port, interfaces)
        threading.Thread(target=connection.run, daemon=True).start()

    def run(self):
        wake, woken = socket.socketpair()
        woken.setblocking(False)
        signal.set_wakeup_fd(woken.fileno())
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        self.selector.register(wake, selectors.EVENT_READ)
        while True:
            for key, _ in self.selector.select():
                if key.data:
                    # A change before it, in the same round, may have closed it.
                    if key.fileobj.fileno() >= 0:
                        self.accept(key.fileobj, *key.data)
                    continue
                for number in wake.recv(64):
                    if number != signal.SIGHUP:
                        return
                    self.change()


def die(args):
    """A fault of ours in a thread is not to be taken for a client's."""
    traceback.print_exception(args.exc_value)
    os._exit(70)


def on(text):
    """NAME,NAME...[=PORT]"""
    names, _, port = text.partition('=')
    return [dce.interface(n) for n in names.split(',')], int(port or 0)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='modes:\n' + '\n'.join(f'  {n:16} {text}' for n, text in MODES.items()))
    add = parser.add_argument
    add('--on', type=on, action='append', metavar='INTERFACE,...[=PORT]',
        help='these share a port; default: ds,rfr is,async-is mta')
    add('--address', action='append', help='listen there; default: 0.0.0.0 and ::')
    add('--first', type=int, default=49152, metavar='PORT', help='first of the dynamic ports')
    add('--ndr', choices=('32', '64', 'prefer64'), default='prefer64', help='what is accepted')
    add('--no-features', action='store_true', help='reject the negotiation of features')
    add('--big-endian', action='store_true')
    add('--fragment', type=int, default=0, metavar='N', help='bytes of a stub in each PDU')
    add('--cut', type=int, default=0, metavar='N', help='bytes that are sent at a time')
    add('--tower-address', metavar='IPV4', help='the mapper says this one')
    add('--mode', action='append', choices=MODES, default=[], metavar='MODE', help='see below')
    options = parser.parse_args()
    options.on = options.on or [on(t) for t in ('ds,rfr', 'is,async-is', 'mta')]
    options.address = options.address or ['0.0.0.0', '::']
    threading.excepthook = die
    server = Server(options)
    server.run()
    sys.exit(server.deviations > 0)


if __name__ == '__main__':
    main()
