#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""extract.py CAPTURE: the DCE/RPC conversations of a capture, for replay --print.

Needs tshark. In order, each byte once; a conversation ends where bytes are missing.
Ones of the same shape are kept once (--all: all). --any: also what is no DCE/RPC at
all. --limit=BYTES: of each conversation, the pieces up to so much.
"""
import collections
import subprocess
import sys

from replay import MODULUS, Side

FIELDS = ('tcp.stream', 'ip.src', 'ipv6.src', 'tcp.srcport', 'ip.dst', 'ipv6.dst',
          'tcp.dstport', 'tcp.seq_raw', 'tcp.flags', 'tcp.payload')


def segments(capture):
    command = ['tshark', '-n', '-r', capture, '-Y', 'tcp', '-T', 'fields',
               '-E', 'occurrence=f', '-o', 'tcp.desegment_tcp_streams:FALSE']
    for field in FIELDS:
        command += ['-e', field]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        f = line.split('\t')
        yield (int(f[0]), (f[1] or f[2], int(f[3])), (f[4] or f[5], int(f[6])),
               int(f[7]), int(f[8], 16), bytes.fromhex(f[9]))


def conversations(capture):
    streams = collections.OrderedDict()
    for stream, src, dst, seq, flags, data in segments(capture):
        s = streams.setdefault(stream, {'server': None, 'sides': {}, 'pieces': []})
        syn, ack = flags & 2, flags & 16
        if syn:
            s['server'] = src if ack else dst
            s['sides'].setdefault(src, Side()).next = (seq + 1) % MODULUS
        if not data:
            continue
        if s['server'] is None:
            s['server'] = dst if dst[1] == 135 or data[2:3] == b'\x0b' else None
        out = s['sides'].setdefault(src, Side()).take(seq, data)
        if out:
            s['pieces'].append((src, out))
    for s in streams.values():
        if s['server'] is None and s['pieces']:
            s['server'] = min((p[0] for p in s['pieces']), key=lambda a: a[1])
        yield s['server'], [(src == s['server'], data) for src, data in s['pieces']]


def interesting(server, pieces):
    if server[1] in (139, 445) or not pieces:
        return False
    first = next((data for is_server, data in pieces if not is_server), b'')
    return server[1] == 135 or first[:1] == b'\x05' and first[2:3] == b'\x0b'


def main():
    args = [a for a in sys.argv[1:] if not a.startswith('--')]
    limit = next((int(a[8:]) for a in sys.argv if a.startswith('--limit=')), None)
    seen = set()
    for server, pieces in conversations(args[0]):
        if not pieces or not ('--any' in sys.argv or interesting(server, pieces)):
            continue
        # Call numbers, handles and nonces differ, what matters does not.
        shape = (server, tuple((w, len(d)) for w, d in pieces))
        if shape in seen and '--all' not in sys.argv:
            continue
        seen.add(shape)
        kind = 'mapper' if server[1] == 135 else 'data'
        print(f'{kind} {server[0]}:{server[1]}')
        total = 0
        for is_server, data in pieces:
            total += len(data)
            if limit and total > limit:
                break
            print('<' if is_server else '>', data.hex())


main()
