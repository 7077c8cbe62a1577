#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""functions.py [--top N] MEASURED COUNTS KALLSYMS: instructions per packet by function, and
by module, of the last measurement."""
import argparse
import collections
import json

from symbols import Symbols, named


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--top', type=int, default=40)
    p.add_argument('measured')
    p.add_argument('counts')
    p.add_argument('kallsyms')
    args = p.parse_args()
    with open(args.measured, encoding='ascii') as f:
        last = [json.loads(line) for line in f][-1]
    symbols = Symbols(args.kallsyms)
    functions, modules = collections.Counter(), collections.Counter()
    with open(args.counts, encoding='ascii') as f:
        for line in f:
            address, size, times = line.split()
            name, module = symbols.at(int(address, 16))
            functions[name, module] += int(size) * int(times)
            modules[module] += int(size) * int(times)
    packets = last['rounds'] * last['packets']
    total = sum(functions.values())
    print(f"{last['case']}, IPv{last['family']}, {last['size']}, behind {last['filter']}: "
          f'{total / packets:,.0f} instructions a packet, {packets:,} packets\n')
    for module, n in modules.most_common():
        if n / packets >= 0.5:
            print(f"{n / packets:9.1f}  {module or 'the kernel'}")
    print()
    for (name, module), n in functions.most_common(args.top):
        print(f'{n / packets:9.1f}  {named(name, module)}')


if __name__ == '__main__':
    main()
