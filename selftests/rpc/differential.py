#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""differential.py REPLAY N [SEED]: N mutated mapper conversations, our parser against
tshark. Which ports does each see in answers to ept_map?

Disagreements are of a kind. Those that are not in the table below have no explanation:
they are printed, and fail.
"""
import collections
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

from conv import captured

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'model'))
from wire import checksum  # noqa: E402

# Why we and tshark may disagree, and nothing else.
EXPLAINED = {
    # We see a port that tshark does not see: found by changing that one thing, with which it
    # does.
    "we open more: a pointer's number, or neither FIRST nor LAST":
        "A pointer in an answer whose number is not above those of the question, or that comes "
        "twice: tshark takes it for the one it knows, and expects nothing behind it; we expect a "
        "tower behind each, and refuse the answer if there is none. A PDU with neither FIRST nor "
        "LAST: tshark waits for more; we take it for a whole call, as servers do.",
    "we open more: several transfer syntaxes in a context":
        "tshark goes by the last that was offered, we by the one that was accepted.",

    # tshark dissects each PDU for what it can get out of it, and holds it against no other.
    "we refuse: rpc-order": "PDUs were lost, doubled or swapped: no bind before it, or two.",
    "we refuse: rpc-call": "An answer to no question or a second one, or a question twice.",
    "we refuse: rpc-server-first": "The client's bind was lost or swapped.",
    "we refuse: rpc-result": "The bind_ack has not a result for each context of the bind.",
    "we refuse: rpc-context": "A context that was not accepted, or changes its meaning.",
    "we refuse: rpc-fragments": "Fragments lost, doubled or changed: they make no whole call.",
    "we refuse: rpc-length": "tshark shows what is there of a PDU whose lengths do not fit.",
    "we refuse: rpc-not-rpc": "tshark looks for the next header; we read nothing behind this.",
    "we refuse: rpc-type": "A PDU that this end never sends; tshark does not ask who sends it.",
    "we refuse: rpc-sealed": "The bind says that calls are encrypted. tshark reads them as text.",
    "we refuse: epm-call": "The question has another opnum; tshark goes by that of the answer.",
    "we refuse: epm-other": "The tower is of another interface than the one asked for.",
    "we refuse: epm-ndr": "Counts that do not fit: tshark shows what it saw up to there.",
    "we refuse: epm-tower": "Floors that do not fit: tshark shows those that do.",

    # We let it pass, and open nothing.
    "we open nothing: towers with an error status":
        "An answer with a status has no towers for who asked; tshark shows what is there.",
    "we open nothing: not connection-oriented RPC over TCP":
        "A tower with another RPC protocol above its TCP port.",
    "we open nothing: no question to epmapper 3":
        "The bind names another interface or version; tshark knows the answer by its context.",
    "we open nothing: the answer is not complete, or there is none":
        "Its last fragment was lost; tshark shows the towers of the first.",
    "we open less: TCP on the floor of the address":
        "tshark knows floors by what they are, we by where they stand.",
}

BATCH = 4000
PRINTED = 20  # of those without explanation
SERVER, CLIENT = bytes([10, 0, 0, 4]), bytes([10, 0, 0, 9])


def bases():
    """Captured conversations with the mapper in which something is answered: lists of
    (is_server, bytes)."""
    return [pieces for _, mapper, pieces, _ in captured()
            if mapper and any(b'\x05\x00\x13\x00\x0d' in data and server
                              for server, data in pieces)]


INTERESTING = (0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 19, 25, 75, 127, 128, 255)


def mutate_bytes(rng, data):
    data = bytearray(data)
    if not data:
        return bytes(data)
    at = rng.randrange(len(data))
    kind = rng.randrange(6)
    if kind == 0:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        data[at] = rng.choice(INTERESTING)
    elif kind == 2:
        data[at] = rng.randrange(256)
    elif kind == 3:
        size = rng.choice((2, 4))
        data[at:at + size] = rng.choice(INTERESTING).to_bytes(size, rng.choice(('little', 'big')))
    elif kind == 4:
        del data[at:at + rng.choice((1, 2, 4, 8))]
    else:
        data[at:at] = bytes(rng.choice((1, 2, 4, 8)))
    return bytes(data)


def fix_length(data):
    """The fragment length as it now is: else all that follows is lost."""
    if len(data) < 16:
        return data
    order = 'little' if data[4] & 0x10 else 'big'
    return data[:8] + min(len(data), 65535).to_bytes(2, order) + data[10:]


def mutate(rng, base):
    pieces = list(base)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        i = rng.randrange(len(pieces))
        kind = rng.randrange(12)
        way, data = pieces[i]
        if kind == 0:
            del pieces[i]
        elif kind == 1:
            pieces.insert(i, pieces[i])
        elif kind == 2:
            j = rng.randrange(len(pieces))
            pieces[i], pieces[j] = pieces[j], pieces[i]
        else:
            data = mutate_bytes(rng, data)
            pieces[i] = (way, fix_length(data) if rng.random() < 0.6 else data)
        if not pieces:
            return list(base)
    # and cut as TCP may
    out = []
    for way, data in pieces:
        while data and rng.random() < 0.2:
            n = rng.randint(1, len(data))
            out.append((way, data[:n]))
            data = data[n:]
        if data:
            out.append((way, data))
    return out


def packets(number, pieces):
    """A connection of its own, client port and address by @number."""
    client = bytes([10, 1 + number // 50000, 0, 9])
    port = 10000 + number % 50000
    seq = [1000, 2000]

    def packet(way, flags, data=b''):
        src, dst = (SERVER, client) if way else (client, SERVER)
        sport, dport = (135, port) if way else (port, 135)
        tcp = struct.pack('>HHIIBBHHH', sport, dport, seq[way], seq[1 - way], 0x50, flags,
                          65000, 0, 0)
        ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0, src, dst)
        ip = ip[:10] + struct.pack('>H', checksum(ip)) + ip[12:]
        seq[way] += len(data) + (flags & 2) // 2
        return ip + tcp + data

    yield packet(0, 2)
    yield packet(1, 18)
    yield packet(0, 16)
    for way, data in pieces:
        for at in range(0, len(data), 1400):
            yield packet(int(way), 24, data[at:at + 1400])


def write_capture(path, talks):
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        time = 0
        for number, pieces in enumerate(talks):
            for p in packets(number, pieces):
                time += 100
                f.write(struct.pack('<IIII', time // 1000000, time % 1000000, len(p), len(p)))
                f.write(p)


def tshark(path, n):
    """Per conversation: ports in answers, as a list."""
    seen = [[] for _ in range(n)]
    fields = ['tcp.stream', 'epm.proto.tcp_port', 'dcerpc.pkt_type']
    command = ['tshark', '-n', '-2', '-r', path, '-Y', 'epm.proto.tcp_port', '-T', 'fields',
               '-o', 'tcp.analyze_sequence_numbers:TRUE', '-d', 'tcp.port==135,dcerpc']
    for f in fields:
        command += ['-e', f]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        stream, ports, types = line.split('\t')
        if '2' in types.split(','):
            seen[int(stream)] += [int(p) for p in ports.split(',') if p]
    return seen


def ours(replay, path, talks):
    """Per conversation: ports in answers, and the last line of events."""
    with open(path, 'w') as f:
        for number, pieces in enumerate(talks):
            f.write(f'mapper {number}:135\n')
            for way, data in pieces:
                f.write(f'{"<" if way else ">"} {data.hex()}\n')
    out = subprocess.run([replay, '--print', path], check=True, capture_output=True, text=True)
    result = []
    for line in out.stdout.splitlines():
        if line.startswith('mapper'):
            result.append(([], []))
        elif line.startswith('='):
            result[-1][1].append(line[2:])
            if line.startswith('= answer'):
                result[-1][0].extend(int(p) for p in re.findall(r' port (\d+)', line))
    return result


def put(data, at, size, number):
    if any(data[at:at + size]):
        data[at:at + size] = number.to_bytes(size, 'little')
        return True
    return False


def plain(pieces, wide):
    """The same, with pointers numbered in order and calls marked as whole."""
    merged = []
    for way, data in pieces:
        if merged and merged[-1][0] == way:
            merged[-1] = (way, merged[-1][1] + data)
        else:
            merged.append((way, data))
    out = []
    word = 8 if wide else 4
    for way, data in merged:
        at = 0
        data = bytearray(data)
        while len(data) - at >= 24 + 48 + word:
            size = int.from_bytes(data[at + 8:at + 10], 'little')
            stub = at + 24
            if data[at + 2] in (0, 2) and not data[at + 3] & 3:
                data[at + 3] |= 3
            if data[at + 2] == 0:
                if data[at + 3] & 128:
                    stub += 16
                object_ = put(data, stub, word, 1)
                put(data, stub + word + 16 * object_, word, 2)
            elif data[at + 2] == 2:
                for i in range(min(8, int.from_bytes(data[stub + 20:stub + 24], 'little'))):
                    put(data, stub + 24 + (3 + i) * word, word, 3 + i)
            at += max(size, 16)
        out.append((way, bytes(data)))
    return out


def kind_of_more(folder, talk, ports, events):
    """Of a conversation in which we see ports that tshark does not see."""
    changed = f'{folder}/changed'
    write_capture(changed, [plain(talk, wide) for wide in (False, True)])
    if any(set(ports) <= set(seen) for seen in tshark(changed, 2)):
        return "we open more: a pointer's number, or neither FIRST nor LAST"
    if any(e.startswith(('bind', 'alter')) and ',' in e for e in events):
        return 'we open more: several transfer syntaxes in a context'
    return 'we open more: no explanation'


def kind_of_less(talk, events):
    """Of one in which tshark sees more than we do."""
    refused = next((e for e in events if e.startswith('refused')), '').strip()
    questions = sum(e.startswith('question') for e in events)
    if refused:
        return 'we refuse: ' + refused.split()[1]
    if any(' status 0x' in e and ' towers ' in e for e in events):
        return 'we open nothing: towers with an error status'
    if any(' others ' in e for e in events):
        return 'we open nothing: not connection-oriented RPC over TCP'
    if not questions:
        return 'we open nothing: no question to epmapper 3'
    if questions > sum(e.startswith('answer') for e in events):
        return 'we open nothing: the answer is not complete, or there is none'
    if any(way and b'\x01\x00\x07\x04\x00' in data for way, data in talk):
        return 'we open less: TCP on the floor of the address'
    return 'we open less: no explanation'


def compare(folder, talk, theirs, ports, events):
    """Return: the kind, and whether it has an explanation or needs none."""
    if set(ports) - set(theirs):
        kind = kind_of_more(folder, talk, ports, events)
    elif {p for p in theirs if p >= 1024} <= set(ports):
        return 'agree, with ports' if ports else 'agree, no ports', True
    else:
        kind = kind_of_less(talk, events)
    return kind, kind in EXPLAINED


def main():
    replay, total = sys.argv[1], int(sys.argv[2])
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    base = bases()
    kinds = collections.Counter()
    wrong = 0
    with tempfile.TemporaryDirectory() as tmp:
        for begin in range(0, total, BATCH):
            talks = [mutate(rng, rng.choice(base)) for _ in range(min(BATCH, total - begin))]
            write_capture(f'{tmp}/capture', talks)
            theirs = tshark(f'{tmp}/capture', len(talks))
            for number, (ports, events) in enumerate(ours(replay, f'{tmp}/talks', talks)):
                kind, explained = compare(tmp, talks[number], theirs[number], ports, events)
                kinds[kind] += 1
                wrong += not explained
                if explained or wrong > PRINTED:
                    continue
                print(f'# {begin + number}: {kind}: we {ports}, tshark {sorted(theirs[number])}')
                for way, data in talks[number]:
                    print('#  ', '<' if way else '>', data.hex())
                for e in events:
                    print('#   =', e)
            print(f'# {begin + len(talks)} conversations', file=sys.stderr, flush=True)
    for kind, n in kinds.most_common():
        print(f'# {n:8} {kind}')
        if kind in EXPLAINED:
            print(f'#          {EXPLAINED[kind]}')
    print(f'1..1\n{"not ok" if wrong else "ok"} 1 {total} mutated conversations against tshark')
    return 1 if wrong else 0


sys.exit(main())
