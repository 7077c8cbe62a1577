#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""writes.py [--top N] MEASURED WRITES KALLSYMS: what two processors write to memory for a
packet, by function, in the last measurement: how often at all, how often by an atomic
operation, how often to a cache line that the other one wrote to as well, and the share of the
packets that met in one such line."""
import argparse
import collections
import json

from symbols import Symbols, named


class Sum:
    def __init__(self):
        self.writes = self.locked = self.shared = self.most = 0

    def add(self, writes, locked, shared, most):
        self.writes += writes
        self.locked += locked
        self.shared += shared
        self.most = max(self.most, most)

    def is_little(self, packets):
        return self.locked + self.shared < packets / 200

    def told(self, packets):
        each = [f'{n / packets:8.2f}' for n in (self.writes, self.locked, self.shared)]
        return ' '.join(each) + f' {self.most / packets:8.1%}'


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--top', type=int, default=40)
    p.add_argument('measured')
    p.add_argument('writes')
    p.add_argument('kallsyms')
    args = p.parse_args()
    with open(args.measured, encoding='ascii') as f:
        last = [json.loads(line) for line in f][-1]
    symbols = Symbols(args.kallsyms)
    functions, modules, everything = collections.defaultdict(Sum), collections.defaultdict(Sum), Sum()
    with open(args.writes, encoding='ascii') as f:
        packets = int(f.readline())
        for line in f:
            address, *numbers = line.split()
            numbers = [int(n) for n in numbers]
            name, module = symbols.at(int(address, 16))
            functions[name, module].add(*numbers)
            modules[module].add(*numbers)
            everything.add(*numbers)
    print(f"{last['case']}, IPv{last['family']}, {last['size']}, behind {last['filter']}: a packet of "
          f'{packets:,}, by two processors\n')
    print('  writes   atomic   shared one line')
    print(everything.told(packets))
    for module, n in sorted(modules.items(), key=lambda m: -m[1].writes):
        if n.writes >= packets / 2:
            print(f"{n.told(packets)}  {module or 'the kernel'}")
    print()
    for (name, module), n in sorted(functions.items(), key=lambda m: (-m[1].shared, -m[1].locked))[:args.top]:
        if not n.is_little(packets):
            print(f'{n.told(packets)}  {named(name, module)}')


if __name__ == '__main__':
    main()
