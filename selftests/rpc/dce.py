# SPDX-License-Identifier: GPL-2.0
"""DCE/RPC over TCP, and the endpoint mapper's calls, as they are on the wire.

Builds and reads; whoever reads is strict and raises Deviation. Nothing here is signed or
sealed: authentication trailers have dummy bytes, and sealing hides the stub by a table
that both ends know.
"""
import dataclasses
import random
import struct
import typing
import uuid

REQUEST, RESPONSE, FAULT = 0, 2, 3
BIND, BIND_ACK, BIND_NAK, ALTER, ALTER_RESP, AUTH3 = range(11, 17)
SHUTDOWN, CANCEL, ORPHANED = range(17, 20)
KINDS = {REQUEST: 'request', RESPONSE: 'response', FAULT: 'fault', BIND: 'bind',
         BIND_ACK: 'bind_ack', BIND_NAK: 'bind_nak', ALTER: 'alter_context',
         ALTER_RESP: 'alter_context_resp', AUTH3: 'auth3', SHUTDOWN: 'shutdown',
         CANCEL: 'co_cancel', ORPHANED: 'orphaned'}

# pfc_flags
FIRST, LAST, MULTIPLEX, OBJECT = 0x01, 0x02, 0x10, 0x80
WHOLE = FIRST | LAST

HEADER = 16
FRAG_MAX = 5840

CONNECT, INTEGRITY, PRIVACY = 2, 5, 6
LEVELS = {'none': 0, 'connect': CONNECT, 'integrity': INTEGRITY, 'privacy': PRIVACY}

# results of presentation contexts, and reasons of provider rejections
ACCEPTED, USER_REJECTED, REJECTED, NEGOTIATED = range(4)
NO_INTERFACE, NO_SYNTAX = 1, 2

NOT_REGISTERED = 0x16c9a0d6
BAD_STUB, OP_RANGE, UNKNOWN_INTERFACE, PROTOCOL = 0x6f7, 0x1c010002, 0x1c010003, 0x1c01000b
STATUS = {NOT_REGISTERED: 'not-registered', BAD_STUB: 'bad-stub', OP_RANGE: 'op-range',
          UNKNOWN_INTERFACE: 'unknown-interface', PROTOCOL: 'protocol-error',
          5: 'access-denied', 0x6d8: 'cannot-perform'}

NIL = uuid.UUID(int=0)


class Deviation(Exception):
    """The peer said what the protocol does not allow."""


def expect(condition, why):
    if not condition:
        raise Deviation(why)


# ---- names


class Interface(typing.NamedTuple):
    uuid: uuid.UUID
    major: int
    minor: int

    def __str__(self):
        return f'{NAMES.get(self[:2], self.uuid)}/{self.major}.{self.minor}'

    def serves(self, asked):
        """C706: the same major version, and at least the minor one."""
        return self[:2] == asked[:2] and self.minor >= asked.minor


def _interface(text, major, minor):
    return Interface(uuid.UUID(text), major, minor)


INTERFACES = {
    'epmapper': _interface('e1af8308-5d1f-11c9-91a4-08002b14a0fa', 3, 0),
    'mgmt': _interface('afa8bd80-7d8a-11c9-bef4-08002b102989', 1, 0),
    'ds': _interface('f5cc5a18-4264-101a-8c59-08002b2f8426', 56, 0),
    'xds': _interface('f5cc5a7c-4264-101a-8c59-08002b2f8426', 21, 0),
    'is': _interface('a4f1db00-ca47-1067-b31f-00dd010662da', 0, 81),
    'async-is': _interface('5261574a-4572-206e-b268-6b199213b4e4', 0, 1),
    'rfr': _interface('1544f5e0-613c-11d1-93df-00c04fd7bd09', 1, 0),
    'mta': _interface('9e8ee830-4459-11ce-979b-00aa005ffebe', 2, 0),
    'drsuapi': _interface('e3514235-4b06-11d1-ab04-00c04fc2dcd2', 4, 0),
    'netlogon': _interface('12345678-1234-abcd-ef00-01234567cffb', 1, 0),
    'lsarpc': _interface('12345778-1234-abcd-ef00-0123456789ab', 0, 0),
    'samr': _interface('12345778-1234-abcd-ef00-0123456789ac', 1, 0),
}
NAMES = {interface[:2]: name for name, interface in INTERFACES.items()}
EPM = INTERFACES['epmapper']


def interface(text):
    """A name, or UUID/MAJOR.MINOR; a version may follow the name too."""
    name, _, version = text.partition('/')
    known = INTERFACES.get(name)
    major, _, minor = version.partition('.')
    try:
        return Interface(known.uuid if known else uuid.UUID(name),
                         int(major) if major else known.major,
                         int(minor or 0) if major else known.minor)
    except (ValueError, AttributeError):
        raise ValueError(f'no interface: {text}') from None


class Syntax(typing.NamedTuple):
    uuid: uuid.UUID
    version: int

    def __str__(self):
        return {NDR32: 'ndr32', NDR64: 'ndr64'}.get(self, str(self.uuid))


NDR32 = Syntax(uuid.UUID('8a885d04-1ceb-11c9-9fe8-08002b104860'), 2)
NDR64 = Syntax(uuid.UUID('71710533-beba-4937-8319-b5dbef9ccc36'), 1)
NO_SUCH_SYNTAX = Syntax(NIL, 0)
FEATURES = uuid.UUID('6cb71c2c-9812-4540-0000-000000000000').bytes[:8]


def features(bits=3):
    """What is offered to negotiate features, as if it were a transfer syntax."""
    return Syntax(uuid.UUID(bytes=FEATURES + bits.to_bytes(8, 'little')), 1)


def feature_bits(syntax):
    """None if it is a transfer syntax."""
    raw = syntax.uuid.bytes
    return int.from_bytes(raw[8:], 'little') if raw[:8] == FEATURES else None


# ---- integers, aligned to where the bytes begin


class Out:
    def __init__(self, big=False, wide=False):
        self.bytes, self.order, self.wide = bytearray(), '>' if big else '<', wide

    def align(self, size, pad=b'\0'):
        self.bytes += pad * (-len(self.bytes) % size)

    def number(self, size, value):
        self.align(size)
        self.bytes += struct.pack(self.order + ' BH I   Q'[size], value)

    def u8(self, *values):
        self.bytes += bytes(values)

    def u16(self, *values):
        for value in values:
            self.number(2, value)

    def u32(self, *values):
        for value in values:
            self.number(4, value)

    def long(self, *values):
        """Pointers and counts of arrays: 64 bits in NDR64."""
        for value in values:
            self.number(8 if self.wide else 4, value)

    def uuid(self, value):
        self.align(4)
        self.bytes += value.bytes if self.order == '>' else value.bytes_le


class In:
    def __init__(self, data, big=False, wide=False):
        self.bytes, self.at, self.order, self.wide = data, 0, '>' if big else '<', wide

    def left(self):
        return len(self.bytes) - self.at

    def take(self, size):
        expect(size <= self.left(), f'ends {size - self.left()} bytes too early')
        self.at += size
        return bytes(self.bytes[self.at - size:self.at])

    def rest(self):
        return self.take(self.left())

    def align(self, size):
        self.take(-self.at % size)

    def number(self, size):
        self.align(size)
        return int.from_bytes(self.take(size), 'big' if self.order == '>' else 'little')

    def u8(self):
        return self.number(1)

    def u16(self):
        return self.number(2)

    def u32(self):
        return self.number(4)

    def long(self):
        return self.number(8 if self.wide else 4)

    def uuid(self):
        self.align(4)
        raw = self.take(16)
        return uuid.UUID(bytes=raw) if self.order == '>' else uuid.UUID(bytes_le=raw)

    def end(self):
        expect(not self.left(), f'{self.left()} bytes too many')


# ---- PDUs

SEAL = bytes(b ^ 0xa5 for b in range(256))


class Auth(typing.NamedTuple):
    level: int
    kind: int = 10  # NTLM
    context: int = 1
    credentials: bytes = b'\1\0\0\0' + b'dummy-signat'

    def same(self, other):
        """Of the same security context, whatever the credentials."""
        return other is not None and self[:3] == other[:3]


@dataclasses.dataclass
class Pdu:
    kind: int
    call: int
    body: bytes  # behind the header, without trailer
    flags: int = WHOLE
    big: bool = False
    auth: typing.Optional[Auth] = None
    minor: int = 0

    def head(self):
        """Bytes of the body that are never sealed."""
        if self.kind not in (REQUEST, RESPONSE):
            return len(self.body)
        return 8 + (16 if self.flags & OBJECT and self.kind == REQUEST else 0)

    def pack(self):
        body, trailer, size = self.body, b'', 0
        order = '>' if self.big else '<'
        if self.auth:
            # Not zero, since what pads need not be.
            pad = -len(body) % 4
            body += b'\xbb' * pad
            if self.auth.level == PRIVACY:
                head = self.head()
                body = body[:head] + body[head:].translate(SEAL)
            trailer = struct.pack(order + 'BBBBI', self.auth.kind, self.auth.level, pad, 0,
                                  self.auth.context) + self.auth.credentials
            size = len(self.auth.credentials)
        return struct.pack(order + 'BBBB4sHHI', 5, self.minor, self.kind, self.flags,
                           b'\0\0\0\0' if self.big else b'\x10\0\0\0',
                           HEADER + len(body) + len(trailer), size, self.call) + body + trailer

    def __str__(self):
        return f'{KINDS[self.kind]} of call {self.call}'


def frag_length(header):
    """Of the PDU that begins with these 16 bytes."""
    expect(header[0] == 5, f'version {header[0]} instead of 5: {header.hex(" ")}')
    expect(header[1] <= 1, f'minor version {header[1]}')
    expect(header[4:8] in (b'\x10\0\0\0', b'\0\0\0\0'), f'data representation {header[4:8].hex()}')
    size = int.from_bytes(header[8:10], 'little' if header[4] else 'big')
    expect(size >= HEADER, f'PDU of {size} bytes')
    return size


def unpack(data):
    expect(len(data) >= HEADER and frag_length(data) == len(data), 'length of the PDU')
    big = not data[4]
    size, call = struct.unpack_from('>HI' if big else '<HI', data, 10)
    pdu = Pdu(data[2], call, data[HEADER:], data[3], big, None, data[1])
    expect(pdu.kind in KINDS, f'PDU of type {pdu.kind}')
    if size:
        at = len(data) - size - 8
        expect(at >= HEADER, f'trailer of {size} bytes does not fit')
        kind, level, pad, _, context = struct.unpack_from('>BBBBI' if big else '<BBBBI', data, at)
        expect(at % 4 == 0, 'trailer is not aligned')
        pdu.auth = Auth(level, kind, context, data[at + 8:])
        pdu.body = data[HEADER:at]
        head = pdu.head()
        if level == PRIVACY:
            pdu.body = pdu.body[:head] + pdu.body[head:].translate(SEAL)
        expect(pad <= len(pdu.body) - (head if pdu.kind in (REQUEST, RESPONSE) else 0),
               f'padding of {pad} bytes does not fit')
        pdu.body = pdu.body[:len(pdu.body) - pad]
    return pdu


class Stream:
    """PDUs over a connected socket. cut: no more than so many bytes at a time."""

    def __init__(self, sock, cut=0):
        self.sock, self.cut, self.buffer = sock, cut, bytearray()

    def send(self, *pdus):
        self.send_bytes(b''.join(pdu.pack() for pdu in pdus))

    def send_bytes(self, data):
        step = self.cut or len(data)
        for at in range(0, len(data), step or 1):
            self.sock.sendall(data[at:at + step])

    def fill(self, size):
        while len(self.buffer) < size:
            data = self.sock.recv(65536)
            if not data:
                return False
            self.buffer += data
        return True

    def receive(self):
        """None if the peer is done."""
        if not self.fill(HEADER):
            expect(not self.buffer, f'ends within a header: {self.buffer.hex(" ")}')
            return None
        size = frag_length(bytes(self.buffer[:HEADER]))
        expect(self.fill(size), f'ends after {len(self.buffer)} bytes of a PDU of {size}')
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return unpack(data)


# ---- binding


class Context(typing.NamedTuple):
    id: int
    interface: Interface
    syntaxes: list


class Result(typing.NamedTuple):
    result: int
    reason: int
    syntax: Syntax

    def __str__(self):
        if self.result != REJECTED:
            return ('accepted', 'user-rejection', '', 'negotiated')[self.result]
        return {NO_INTERFACE: 'interface-unknown',
                NO_SYNTAX: 'syntax-unknown'}.get(self.reason, f'reason-{self.reason}')


class Bind(typing.NamedTuple):
    max_xmit: int
    max_recv: int
    group: int
    contexts: list


class BindAck(typing.NamedTuple):
    max_xmit: int
    max_recv: int
    group: int
    address: str
    results: list


def bind(call, contexts, kind=BIND, group=0, limit=FRAG_MAX, **more):
    o = Out(more.get('big', False))
    o.u16(limit, limit)
    o.u32(group)
    o.u8(len(contexts), 0, 0, 0)
    for context in contexts:
        o.u16(context.id)
        o.u8(len(context.syntaxes), 0)
        o.uuid(context.interface.uuid)
        # C706 12.6.3.1: one number, whose lower half is the major version
        o.u32(context.interface.minor << 16 | context.interface.major)
        for syntax in context.syntaxes:
            o.uuid(syntax.uuid)
            o.u32(syntax.version)
    return Pdu(kind, call, bytes(o.bytes), **more)


def read_bind(pdu):
    i = In(pdu.body, pdu.big)
    xmit, recv, group, count = i.u16(), i.u16(), i.u32(), i.u8()
    i.take(3)
    contexts = []
    for _ in range(count):
        number, syntaxes = i.u16(), i.u8()
        i.take(1)
        wanted, version = i.uuid(), i.u32()
        wanted = Interface(wanted, version & 0xffff, version >> 16)
        contexts.append(Context(number, wanted, [Syntax(i.uuid(), i.u32())
                                                 for _ in range(syntaxes)]))
    i.end()
    expect(contexts and all(c.syntaxes for c in contexts), 'nothing to bind')
    return Bind(xmit, recv, group, contexts)


def bind_ack(call, results, address='', kind=BIND_ACK, group=1, limit=FRAG_MAX, **more):
    o = Out(more.get('big', False))
    text = address.encode() + b'\0' if address else b''
    o.u16(limit, limit)
    o.u32(group)
    o.u16(len(text))
    o.bytes += text
    o.align(4)
    o.u8(len(results), 0, 0, 0)
    for result in results:
        o.u16(result.result, result.reason)
        o.uuid(result.syntax.uuid)
        o.u32(result.syntax.version)
    return Pdu(kind, call, bytes(o.bytes), **more)


def read_bind_ack(pdu):
    i = In(pdu.body, pdu.big)
    xmit, recv, group = i.u16(), i.u16(), i.u32()
    address = i.take(i.u16())
    expect(not address or address.endswith(b'\0'), 'secondary address has no end')
    i.align(4)
    count = i.u8()
    i.take(3)
    results = [Result(i.u16(), i.u16(), Syntax(i.uuid(), i.u32())) for _ in range(count)]
    i.end()
    expect(all(r.result <= NEGOTIATED for r in results), 'result out of range')
    return BindAck(xmit, recv, group, address[:-1].decode(), results)


def bind_nak(call, reason, **more):
    o = Out(more.get('big', False))
    o.u16(reason)
    o.u8(1, 5, 0)
    return Pdu(BIND_NAK, call, bytes(o.bytes), **more)


def read_bind_nak(pdu):
    return In(pdu.body, pdu.big).u16()


def auth3(call, auth, **more):
    return Pdu(AUTH3, call, b'\0\0\0\0', auth=auth, **more)


# ---- calls


@dataclasses.dataclass
class Call:
    """A request, response or fault, all its fragments."""
    kind: int
    call: int
    context: int
    opnum: int
    stub: bytes
    object: typing.Optional[uuid.UUID]
    big: bool
    auth: typing.Optional[Auth]
    status: int = 0


def message(kind, call, context, opnum, stub, room=0, limit=FRAG_MAX, object_=None, **more):
    """A request or response, as PDUs. room: bytes of the stub in each at most, if not as
    many as fit into limit."""
    auth = more.get('auth')
    flags = more.pop('flags', 0) | (OBJECT if object_ else 0)
    # neither first nor last, as very old ones do if all fits into one
    bare = more.pop('bare', False)
    if not room:
        room = limit - HEADER - 8 - (16 if object_ else 0)
        room -= 8 + len(auth.credentials) + 3 if auth else 0
        room -= room % 8
    last = max(0, len(stub) - 1) // room * room
    for at in range(0, last + 1, room):
        o = Out(more.get('big', False))
        o.u32(len(stub) - at)
        o.u16(context)
        if kind == REQUEST:
            o.u16(opnum)
        else:
            o.u8(0, 0)
        if object_:
            o.uuid(object_)
        edges = 0 if bare and not last else (FIRST if at == 0 else 0) | (LAST if at == last else 0)
        yield Pdu(kind, call, bytes(o.bytes) + bytes(stub[at:at + room]), flags | edges, **more)


def request(call, context, opnum, stub, **more):
    return message(REQUEST, call, context, opnum, stub, **more)


def response(call, context, stub, **more):
    return message(RESPONSE, call, context, 0, stub, **more)


def fault(call, context, status, **more):
    o = Out(more.get('big', False))
    o.u32(32)
    o.u16(context)
    o.u8(0, 0)
    o.u32(status, 0)
    return Pdu(FAULT, call, bytes(o.bytes), **more)


def read_call(pdu):
    i = In(pdu.body, pdu.big)
    i.u32()
    context, opnum, object_, status = i.u16(), 0, None, 0
    if pdu.kind == REQUEST:
        opnum = i.u16()
        object_ = i.uuid() if pdu.flags & OBJECT else None
    else:
        i.take(2)
        if pdu.kind == FAULT:
            status = i.u32()
            i.u32()
    return Call(pdu.kind, pdu.call, context, opnum, i.rest(), object_, pdu.big, pdu.auth, status)


class Calls:
    """Puts fragments together; those of several calls if both ends agreed on it."""

    def __init__(self, multiplex=False):
        self.multiplex, self.open = multiplex, {}

    def add(self, pdu):
        """The call that is whole now, or None."""
        part = read_call(pdu)
        edges = pdu.flags & WHOLE
        if pdu.call not in self.open:
            expect(edges & FIRST or not edges, f'{pdu} does not begin')
            expect(self.multiplex or not self.open, f'{pdu} within another call')
            if edges in (0, WHOLE):
                return part
            self.open[pdu.call] = (part, bytearray(part.stub))
            return None
        first, stub = self.open[pdu.call]
        expect(not edges & FIRST, f'{pdu} begins again')
        expect((part.kind, part.context, part.opnum, part.object, part.big) ==
               (first.kind, first.context, first.opnum, first.object, first.big),
               f'fragments of {pdu} differ')
        expect(part.auth is first.auth or part.auth and part.auth.same(first.auth),
               f'trailers of {pdu} differ')
        stub += part.stub
        if not edges & LAST:
            return None
        del self.open[pdu.call]
        first.stub = bytes(stub)
        return first


MAGIC = bytes.fromhex('8ae3137102f43671')


def verification(stub, bound, syntax):
    """The stub with a verification trailer behind it: what it is meant for."""
    o = Out()
    o.bytes += stub
    o.align(4)
    o.bytes += MAGIC
    o.u16(2 | 0x4000, 40)
    o.bytes += bound.uuid.bytes_le
    o.u16(bound.major, bound.minor)
    o.bytes += syntax.uuid.bytes_le
    o.u32(syntax.version)
    return bytes(o.bytes)


PATTERN = random.Random(1).randbytes(65521)


def pattern(size):
    """Bytes that are known, and repeat where no power of two does."""
    return (PATTERN * (size // len(PATTERN) + 1))[:size]


# ---- towers: always little-endian, but for port and address

TCP, UDP, PIPE, HTTP, IP = 0x07, 0x08, 0x0f, 0x1f, 0x09


class Tower(typing.NamedTuple):
    interface: Interface
    syntax: Syntax
    transport: int
    port: typing.Optional[int]  # of TCP and UDP
    address: typing.Optional[str]


def tower(to, port, address='0.0.0.0', transport=TCP):
    def uuid_floor(value, major, minor):
        return b'\x0d' + value.bytes_le + struct.pack('<H', major), struct.pack('<H', minor)

    if transport == PIPE:
        rest = [(bytes([PIPE]), b'\\pipe\\lsass\0'), (b'\x11', b'\\\\SERVER\0')]
    else:
        rest = [(bytes([transport]), struct.pack('>H', port)),
                (bytes([IP]), bytes(int(n) for n in address.split('.')))]
    floors = [uuid_floor(to.uuid, to.major, to.minor), uuid_floor(NDR32.uuid, NDR32.version, 0),
              (b'\x0a' if transport == UDP else b'\x0b', b'\0\0')] + rest
    return struct.pack('<H', len(floors)) + b''.join(
        struct.pack('<H', len(side)) + side for floor in floors for side in floor)


def read_tower(octets):
    def floor():
        at = []
        for _ in range(2):
            size = struct.unpack('<H', i.take(2))[0]
            at.append(i.take(size))
        expect(at[0], 'floor without protocol')
        return at

    def uuid_floor():
        left, right = floor()
        expect(len(left) == 19 and left[0] == 0x0d and len(right) == 2, 'floor of a UUID')
        return uuid.UUID(bytes_le=left[1:17]), struct.unpack('<HH', left[17:] + right)

    i = In(octets)
    count = struct.unpack('<H', i.take(2))[0]
    expect(count >= 3, f'tower of {count} floors')
    number, version = uuid_floor()
    to = Interface(number, *version)
    number, version = uuid_floor()
    protocol = floor()[0][0]
    rest = [floor() for _ in range(count - 3)]
    i.end()
    transport = rest[0][0][0] if rest else 0
    port = address = None
    if transport in (TCP, UDP, HTTP):
        expect(protocol == (0x0a if transport == UDP else 0x0b), f'protocol {protocol:#x}')
        expect(count == 5 and len(rest[0][1]) == 2, 'floor of the port')
        expect(rest[1][0] == bytes([IP]) and len(rest[1][1]) == 4, 'floor of the address')
        port = struct.unpack('>H', rest[0][1])[0]
        address = '.'.join(str(b) for b in rest[1][1])
    return Tower(to, Syntax(number, version[0]), transport, port, address)


# ---- the endpoint mapper

EPT_LOOKUP, EPT_MAP, EPT_FREE = 2, 3, 4


class MapQuestion(typing.NamedTuple):
    tower: Tower
    handle: uuid.UUID
    most: int


class LookupQuestion(typing.NamedTuple):
    interface: typing.Optional[Interface]  # None: all
    handle: uuid.UUID
    most: int


class Entry(typing.NamedTuple):
    tower: typing.Optional[bytes]
    annotation: str = ''


class Answer(typing.NamedTuple):
    entries: list
    handle: uuid.UUID
    status: int


def _put_handle(o, handle):
    o.u32(0)
    o.uuid(handle)


def _get_handle(i):
    expect(i.u32() == 0, 'attributes of the handle')
    return i.uuid()


def _put_tower(o, octets):
    o.long(len(octets))
    o.u32(len(octets))
    o.bytes += octets


def _get_tower(i):
    most, size = i.long(), i.u32()
    expect(most == size, f'tower of {size} bytes in an array of {most}')
    return i.take(size)


def _end_of_question(i):
    """Nothing, or a verification trailer."""
    if i.left():
        i.align(4)
        expect(i.take(8) == MAGIC, 'bytes behind the question')


def map_question(to, syntax=NDR32, big=False, most=4, handle=NIL, port=135, address='0.0.0.0'):
    o = Out(big, syntax == NDR64)
    o.long(1)
    o.uuid(NIL)
    o.long(2)
    _put_tower(o, tower(to, port, address))
    # Windows leaves here what there was.
    o.align(4, b'\xc3')
    _put_handle(o, handle)
    o.u32(most)
    return bytes(o.bytes)


def read_map_question(stub, syntax, big):
    i = In(stub, big, syntax == NDR64)
    if i.long():
        i.uuid()
    expect(i.long(), 'no tower in the question')
    asked = read_tower(_get_tower(i))
    question = MapQuestion(asked, _get_handle(i), i.u32())
    _end_of_question(i)
    return question


def map_answer(towers, most, syntax=NDR32, big=False, handle=NIL, status=0, number=None, offset=0,
               length=None):
    """number, offset, length (of each tower): to say wrong ones"""
    o = Out(big, syntax == NDR64)
    _put_handle(o, handle)
    o.u32(len(towers) if number is None else number)
    o.long(most, offset, len(towers))
    o.long(*[3 + n if octets is not None else 0 for n, octets in enumerate(towers)])
    for octets in towers:
        if octets is not None:
            o.long(len(octets))
            o.u32(len(octets) if length is None else length)
            o.bytes += octets
    o.u32(status)
    return bytes(o.bytes)


def _get_counts(i):
    number, most, offset, actual = i.u32(), i.long(), i.long(), i.long()
    expect(offset == 0 and number == actual <= most,
           f'{number} entries, {actual} from {offset} in an array of {most}')
    return actual


def read_map_answer(stub, syntax, big):
    i = In(stub, big, syntax == NDR64)
    handle = _get_handle(i)
    pointers = [i.long() for _ in range(_get_counts(i))]
    entries = [Entry(_get_tower(i) if pointer else None) for pointer in pointers]
    status = i.u32()
    i.end()
    return Answer(entries, handle, status)


def lookup_question(about=None, syntax=NDR32, big=False, most=500, handle=NIL):
    o = Out(big, syntax == NDR64)
    o.u32(1 if about else 0)
    o.long(0)
    o.long(1 if about else 0)
    if about:
        o.uuid(about.uuid)
        o.u16(about.major, about.minor)
    o.u32(1)  # all versions
    _put_handle(o, handle)
    o.u32(most)
    return bytes(o.bytes)


def read_lookup_question(stub, syntax, big):
    i = In(stub, big, syntax == NDR64)
    inquiry, about = i.u32(), None
    expect(inquiry in (0, 1), f'inquiry of type {inquiry}')
    if i.long():
        i.uuid()
    if i.long():
        about = Interface(i.uuid(), i.u16(), i.u16())
    expect(about or not inquiry, 'inquiry about no interface')
    i.u32()
    question = LookupQuestion(about if inquiry else None, _get_handle(i), i.u32())
    _end_of_question(i)
    return question


def lookup_answer(entries, most, syntax=NDR32, big=False, handle=NIL, status=0):
    o = Out(big, syntax == NDR64)
    _put_handle(o, handle)
    o.u32(len(entries))
    o.long(most, 0, len(entries))
    for number, entry in enumerate(entries):
        text = entry.annotation.encode() + b'\0'
        o.align(8 if o.wide else 4)
        o.uuid(NIL)
        o.long(3 + number, 0, len(text))
        o.bytes += text
    for entry in entries:
        _put_tower(o, entry.tower)
    o.u32(status)
    return bytes(o.bytes)


def read_lookup_answer(stub, syntax, big):
    i = In(stub, big, syntax == NDR64)
    handle = _get_handle(i)
    heads = []
    for _ in range(_get_counts(i)):
        i.align(8 if i.wide else 4)
        i.uuid()
        pointer, offset, size = i.long(), i.long(), i.long()
        text = i.take(size)
        expect(offset == 0 and text.endswith(b'\0'), 'annotation has no end')
        heads.append((pointer, text[:-1].decode()))
    entries = [Entry(_get_tower(i) if pointer else None, text) for pointer, text in heads]
    status = i.u32()
    i.end()
    return Answer(entries, handle, status)
