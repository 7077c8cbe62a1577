# SPDX-License-Identifier: GPL-2.0
"""The conversations that were captured; conversation.h says how they are written."""
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def captured():
    """(file, mapper?, (by the server?, bytes)..., events) of the conversations in the tree"""
    folder = os.path.join(HERE, 'captures')
    for name in sorted(os.listdir(folder)):
        if not name.endswith('.conv'):
            continue
        talk = None
        with open(os.path.join(folder, name), encoding='ascii') as f:
            for line in f:
                if line.startswith(('mapper', 'data')):
                    if talk:
                        yield talk
                    talk = (name, line.startswith('mapper'), [], [])
                elif line[:1] in '<>':
                    talk[2].append((line[0] == '<', bytes.fromhex(line[2:])))
                elif line[:1] == '=':
                    talk[3].append(line[2:].strip())
        if talk:
            yield talk
