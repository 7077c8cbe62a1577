# SPDX-License-Identifier: GPL-2.0
"""What is measured. A case makes, for each repetition, packets that prepare it, and a round
of packets that is repeated and measured."""
import dataclasses
import os
import sys
import time
import typing

import packets
from packets import Connection, Field, Frame, Vary, SYN

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../rpc'))
import dce  # noqa: E402

EXCHANGE = {4: '192.0.2.10', 6: '2001:db8:0:2::10'}
RELAY = {4: '192.0.2.11', 6: '2001:db8:0:2::11'}
# Somebody on the Internet, whose upper half is other people's in other rounds.
CLIENT = {4: '198.18.0.1', 6: '2001:db8:1000::1'}
# Of the office, with two numbers of a byte each; of IPv6 each has a /64.
OFFICE = {4: '10.0.{}.{}', 6: '2001:db8:3:{:02x}{:02x}::1'}
MEGABYTE = 1 << 20

ALL = ('plain', 'conntrack', 'nft', 'flowtable', 'ingress', 'iptables', 'postern')
SPEAKS_RPC = ('plain', 'conntrack', 'nft', 'flowtable', 'iptables', 'postern')


@dataclasses.dataclass
class Run:
    """Of one repetition. expect: 'all' packets are forwarded by filters, 'none', or 'few'."""
    frames: list
    rounds: int
    warm: int = 1000
    prepare: list = dataclasses.field(default_factory=list)  # of (frames, rounds)
    expect: str = 'all'


@dataclasses.dataclass
class Case:
    name: str
    title: str
    unit: str  # what a round is
    build: typing.Callable  # of (case, family, size, repetition) a Run
    filters: tuple = ALL
    families: tuple = (4, 6)
    sizes: tuple = ('ten',)
    bytes: int = 0  # of the text that a round carries
    setup: typing.Optional[typing.Callable] = None  # of (case, family, router), once for each router
    cpus: bool = False  # worth two processors
    flood: bool = False  # dropped as early as can be
    around: str = ''  # what goes on meanwhile: tracepoint, monitor or proc
    hooks: bool = False  # postern's policy says fastpath off
    more: typing.Any = None


CASES = {}


def case(name, title, unit='packet', **more):
    def add(build):
        CASES[name] = Case(name, title, unit, build, **more)
        return build
    return add


def syn(source, target, port, fields, sport=1024, device='eth0'):
    packet = packets.tcp(source, sport, target, port, SYN, 1000)
    return Frame(device, packet, tuple(fields))


def new_flows(family, port, source=None, target=None, device='eth0'):
    """SYNs, each of another flow."""
    f = syn(source or CLIENT[family], target or EXCHANGE[family], port, (), device=device)
    return f._replace(fields=Vary(ports=60000, step=256 if family == 4 else 1 << 16).fields(f.packet))


ANY_SIZE = ('ten', 'servers', 'prefixes')


@case('established', 'established flow, no inspector', sizes=ANY_SIZE)
def established(_, family, size, rep):
    c = Connection(CLIENT[family], EXCHANGE[family], 443, 2000 + rep)
    opened = c.open()
    data, ack = c.asks(b'x' * 64), c.acknowledges(by_server=True)
    return Run(c.again(*data, *ack), 10000, prepare=[(opened, 1)])


case('established-hooks', 'established flow, fast path off', hooks=True,
     filters=('plain', 'conntrack', 'nft', 'postern'))(established)


@case('new', 'new flow accepted', sizes=ANY_SIZE, cpus=True)
def new(_, family, size, rep):
    f = new_flows(family, 443)
    if size == 'servers' and family == 4:
        # Another server each time.
        f = new_flows(family, 443, target='172.16.0.1')
        f = f._replace(fields=f.fields + (Field(16, 4, 1, 1, 1000),))
    return Run([f], 20000)


@case('denied', 'new flow denied', sizes=ANY_SIZE)
def denied(_, family, size, rep):
    return Run([new_flows(family, 9999)], 20000, expect='none')


# ---- being watched; before there are bans, which cost each new flow a look-up

def longer(build):
    """So that who reads /proc does so several times meanwhile."""
    def built(*words):
        run = build(*words)
        return dataclasses.replace(run, rounds=run.rounds * 5)
    return built


for build_, of_ in ((established, 'established flow'), (denied, 'new flow denied'), (new, 'new flow accepted')):
    for around_, told in (('tracepoint', 'tracepoint on'), ('monitor', 'monitor running'),
                          ('proc', '/proc read 100 times a second')):
        case(f'{build_.__name__}-{around_}', f'{of_}, {told}', families=(4,), filters=('postern',),
             around=around_)(longer(build_) if around_ == 'proc' else build_)

# ---- bans

BANNED = {4: '198.19.7.0', 6: '2a01:db8:0:700::1'}


def ban(_, family, router):
    router.ban([f'198.19.7.{i}' if family == 4 else f'2a01:db8:0:7{i:02x}::1' for i in range(256)])
    # What grows for them has grown.
    time.sleep(0.5)


def some(family, source, bits, port=25):
    """SYNs from sources of which so many bits of the address, or the /64, are random."""
    f = syn(source, EXCHANGE[family], port, ())
    at, width = packets.source_at(f.packet)
    return f._replace(fields=(Field(at, width, (1 << bits) - 1, random=True), Field(packets.layer4(f.packet), 2, 1)))


# Not beside 1,000,000 prefixes: nft reads them all for each element that it adds.
@case('banned', '256 banned sources', setup=ban, flood=True, sizes=('ten', 'servers'))
def banned(_, family, size, rep):
    return Run([some(family, BANNED[family], 8)], 20000, expect='none')


@case('dns', 'DNS over UDP', 'query and answer', filters=SPEAKS_RPC, sizes=ANY_SIZE)
def dns(_, family, size, rep):
    question = bytes.fromhex('123401000001000000000000') + b'\4mail\7example\3com\0\0\1\0\1'
    answer = question + bytes.fromhex('c00c000100010000003c0004c000020a')
    vary = Vary(ports=60000, step=1)
    client = OFFICE[family].format(0, 1)
    q = packets.udp(client, 1024, EXCHANGE[family], 53, question)
    a = packets.udp(EXCHANGE[family], 53, client, 1024, answer)
    return Run([Frame('eth2', q, vary.fields(q)), Frame('eth1', a, vary.fields(a, True))], 10000)


# ---- RPC

STORE = dce.INTERFACES['is']


def packed(*pdus):
    return b''.join(p.pack() for p in pdus)


def bind(interface):
    return packed(dce.bind(1, [dce.Context(0, interface, [dce.NDR32])], big=True))


def bind_ack(port):
    return packed(dce.bind_ack(1, [dce.Result(0, 0, dce.NDR32)], str(port), big=True))


def asks_mapper(family, client, ports, vary=Vary(), sport=1024):
    """A whole conversation, by which the client learns of the ports."""
    c = Connection(client, EXCHANGE[family], 135, sport, inside=True, vary=vary)
    towers = [dce.tower(STORE, p) for p in ports]
    return c.open() + c.talk(
        bind(dce.EPM), bind_ack(135),
        packed(*dce.request(2, 0, 3, dce.map_question(STORE, big=True, most=len(ports)), big=True)),
        packed(*dce.response(2, 0, dce.map_answer(towers, len(ports), big=True), big=True))) + c.close()


@case('mapper', 'endpoint mapper conversation', 'conversation', filters=SPEAKS_RPC, sizes=ANY_SIZE)
def mapper(_, family, size, rep):
    frames = asks_mapper(family, OFFICE[family].format(rep * 32, 1), [50001], Vary(step=1, addresses=8000))
    return Run(frames, 2000, warm=200)


PDU = 1432


def rpc_data(port, family, rep, opening, prepare=()):
    """A request and its answer, each with another number."""
    client = OFFICE[family].format(250, rep + 1)
    c = Connection(client, EXCHANGE[family], port, 3000 + rep, inside=True)
    opened = c.open() + c.talk(*opening)
    request, = dce.request(2, 0, 11, b'x' * (PDU - 24), big=True)
    answer, = dce.response(2, 0, b'y' * 8, big=True)
    talk = c.again(*c.talk(request.pack(), answer.pack()))
    return Run([packets.grow(f, 12) for f in talk], 5000, warm=500, prepare=[*prepare, (opened, 1)])


@case('rpc', 'RPC data, held to its interface', 'request and answer', filters=SPEAKS_RPC, sizes=ANY_SIZE,
      bytes=PDU)
def rpc(_, family, size, rep):
    return rpc_data(50001, family, rep, (bind(STORE), bind_ack(50001)),
                    [(asks_mapper(family, OFFICE[family].format(250, rep + 1), [50001]), 1)])


# Beside what an inspector costs: the same packets to a port that nothing inspects, by the way
# that those have to go which are inspected.
BESIDE = ('plain', 'conntrack', 'nft', 'postern')
case('rpc-hooks', 'RPC data, not inspected, fast path off', 'request and answer', filters=BESIDE,
     bytes=PDU, hooks=True)(lambda _, family, size, rep: rpc_data(389, family, rep, ()))


# ---- SMTP

def smtp(target, family, rep, vary=Vary(), client=None):
    """A connection up to where a message may begin."""
    c = Connection(client or CLIENT[family], target[family], 25, 4000 + rep, vary=vary)
    frames = c.open() + c.answers(b'220 mx.example.com\r\n') + c.talk(
        b'EHLO client.example.net\r\n', b'250 mx.example.com\r\n')
    return c, frames


def message(c):
    return c.talk(b'MAIL FROM:<a@example.net>\r\n', b'250 ok\r\n',
                  b'RCPT TO:<alice@example.com>\r\n', b'250 ok\r\n', b'DATA\r\n', b'354 go on\r\n')


SEGMENT = 1400
TEXT = (b'x' * 70 + b'\r\n') * 19 + b'x' * 30 + b'\r\n'


def smtp_text(target, family, rep):
    c, frames = smtp(target, family, rep)
    frames += message(c)
    text = c.asks(TEXT) + c.asks(TEXT) + c.acknowledges(by_server=True)
    return Run(c.again(*text), 4000, warm=400, prepare=[(frames, 1)])


def smtp_command(target, family, rep):
    c, frames = smtp(target, family, rep + 100)
    return Run(c.again(*c.talk(b'NOOP\r\n', b'250 ok\r\n')), 8000, prepare=[(frames, 1)])


def smtp_whole(target, family, rep):
    # Each from another network, which limits know nothing of.
    client = f'{20 + rep}.0.0.1' if family == 4 else f'2a03:{rep:x}::1'
    vary = Vary(step=256 if family == 4 else 1 << 16)
    c, frames = smtp(target, family, rep, vary, client)
    frames += message(c) + c.talk(TEXT + b'.\r\n', b'250 ok\r\n', b'QUIT\r\n', b'221 bye\r\n') + c.close()
    return Run(frames, 1000, warm=200)


for suffix, told, target_ in (('', 'not inspected', EXCHANGE), ('-inspected', 'inspected', RELAY)):
    case('smtp-text' + suffix, f'text of a message, {told}', '2 segments, acknowledged', filters=SPEAKS_RPC,
         sizes=ANY_SIZE, bytes=2 * SEGMENT)(lambda _, family, size, rep, t=target_: smtp_text(t, family, rep))
    case('smtp-command' + suffix, f'SMTP command, {told}', 'command and reply', filters=SPEAKS_RPC, sizes=ANY_SIZE)(
        lambda _, family, size, rep, t=target_: smtp_command(t, family, rep))
    case('smtp-mail' + suffix, f'limited connection with a mail, {told}', 'connection', filters=SPEAKS_RPC,
         sizes=ANY_SIZE)(lambda _, family, size, rep, t=target_: smtp_whole(t, family, rep))

case('smtp-text-hooks', 'text of a message, not inspected, fast path off', '2 segments, acknowledged', hooks=True,
     filters=BESIDE, bytes=2 * SEGMENT)(lambda _, family, size, rep: smtp_text(EXCHANGE, family, rep))


# ---- pinholes

def open_pinholes(case_, family, router):
    if router.filter != 'postern':
        return
    clients, ports = case_.more
    conversation = asks_mapper(family, OFFICE[family].format(1, 0), range(50001, 50001 + ports), Vary(step=1))
    # Those of the other family would be too many beside them.
    router.forget_pinholes()
    for at in range(0, clients, 10000):
        router.inject(packets.later(conversation, at), min(10000, clients - at))
        router.flush()


def pinhole(case_, family, size, rep):
    f = syn(OFFICE[family].format(1, 0), EXCHANGE[family], 50001, (), device='eth2')
    at, width = packets.source_at(f.packet)
    f = f._replace(fields=(Field(at, width, 1, 1, case_.more[0]), Field(packets.layer4(f.packet), 2, 1)))
    return Run([f], 4000, warm=200)


# Beside other policies one number of them is enough.
for number, clients_, ports_ in (('10', 2, 5), ('10000', 1250, 8), ('400000', 50000, 8)):
    case('pinhole-' + number, f'new flow, by one of {int(number):,} pinholes', filters=SPEAKS_RPC,
         sizes=ANY_SIZE if number == '10000' else ('ten',), setup=open_pinholes,
         more=(clients_, ports_), cpus=number == '400000')(pinhole)


# ---- floods, last: for a while after them a filter may not let anybody new in

@case('flood256', 'flood of 256 sources', flood=True)
def flood256(_, family, size, rep):
    return Run([some(family, '198.18.1.0' if family == 4 else '2a02:db8:0:100::1', 8)], 20000,
               warm=60000, expect='few')


# Long enough before, for whatever a filter remembers sources in to be full.
@case('spoofed', 'flood of 2^24 (IPv6: 2^40) sources', sizes=ANY_SIZE, flood=True, cpus=True,
      filters=ALL + ('synproxy',))
def spoofed(_, family, size, rep):
    frames = [some(family, '11.0.0.0' if family == 4 else '2a00::1', 24 if family == 4 else 40)]
    return Run(frames, 20000, warm=300000 if rep == 0 else 60000, expect='few')


# What make check compares: cheap, and of each step of a packet's way.
QUICK = ('established', 'established-hooks', 'new', 'denied', 'banned', 'dns', 'mapper', 'rpc',
         'smtp-text-inspected', 'smtp-command-inspected', 'smtp-mail-inspected', 'pinhole-10', 'flood256',
         'spoofed')
