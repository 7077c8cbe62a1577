#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""table.py [--json FILE] [--tree TEXT] MEASURED...: one table of what run's guests measured.

A file whose name begins with "ns" has nanoseconds, one with "instructions" these."""
import argparse
import datetime
import json
import os
import platform
import re
import statistics
import sys

import cases

FILTERS = ('plain', 'conntrack', 'nft', 'flowtable', 'ingress', 'iptables', 'postern', 'synproxy')
POLICIES = {'ten': '', 'servers': ', 2,000 servers', 'prefixes': ', 1,000,000 prefixes'}
SHORT = {'conntrack': 'conntr.', 'flowtable': 'flowtab.'}


def way_of(path):
    return 'ns' if os.path.basename(path).startswith('ns') else 'instructions'


def gather(paths):
    """{way: {(kind, ...): {boot: [value, ...]}}}, values of a round; and shares forwarded"""
    values, shares = {}, {}
    for path in paths:
        with open(path, encoding='ascii') as f:
            for line in f:
                m = json.loads(line)
                way = way_of(path)
                if m['kind'] == 'writes':
                    continue
                if m['kind'] == 'case':
                    key = ('case', m['case'], m['family'], m['size'], m['filter'])
                    value = m['ns'] / m['rounds']
                    if cases.CASES[m['case']].unit == 'packet':
                        value /= m['packets']
                    shares.setdefault((way,) + key[1:], []).append(m['forwarded'] / m['rounds'] / m['packets'])
                elif m['kind'] == 'load':
                    key, value = ('load', m['filter'], m['size']), m['ns']
                    values.setdefault(way, {}).setdefault(('memory',) + key[1:], {}).setdefault(
                        path, []).append(m['bytes'])
                elif m['kind'] == 'cpus':
                    key, value = ('cpus', m['case'], m['family'], m['filter'], m['cpus']), m['rate']
                    way = 'rate'
                else:
                    key, value = ('proc', m['name'], m['size']), m['ns']
                values.setdefault(way, {}).setdefault(key, {}).setdefault(path, []).append(value)
    return values, shares


def middle(boots, way):
    """Median of all, and half of the way between the boots' medians in percent of it. Of
    instructions the least: what else the kernel does meanwhile only adds to them."""
    if way == 'instructions':
        every = sorted(v for b in boots.values() for v in b)
        return every[0], (statistics.median(every) - every[0]) / every[0] * 100 if every[0] else 0
    every = statistics.median(v for b in boots.values() for v in b)
    medians = [statistics.median(b) for b in boots.values()]
    if len(medians) == 1:
        medians = next(iter(boots.values()))
    return every, (max(medians) - min(medians)) / 2 / every * 100 if every else 0


def number(n):
    return f'{n:,.0f}' if n >= 10 or n <= -10 else f'{n:.1f}'


def rows(values, shares):
    """One for each case, family, size and way."""
    for name, case in cases.CASES.items():
        for size in ('ten', 'servers', 'prefixes'):
            for family in (4, 6):
                for way in ('ns', 'instructions'):
                    measured = {}
                    for f in ('base',) + FILTERS:
                        boots = values.get(way, {}).get(('case', name, family, size, f))
                        if boots:
                            # In a flood it is not always the same that becomes of a packet.
                            measured[f] = middle(boots, '' if case.flood else way)
                    if 'base' not in measured or len(measured) == 1:
                        continue
                    base = measured['base'][0]
                    row = {'case': name, 'title': case.title, 'family': family, 'policy': size,
                           'way': way, 'unit': case.unit, 'base': round(base, 1), 'over base': {},
                           'spread percent': {}, 'forwarded': {}}
                    for f, (value, spread) in measured.items():
                        if f != 'base':
                            row['over base'][f] = round(value - base, 1)
                            row['forwarded'][f] = round(statistics.median(
                                shares[(way, name, family, size, f)]), 3)
                        row['spread percent'][f] = round(spread, 1)
                    if case.bytes:
                        row['for 1 MB'] = {f: round(v * cases.MEGABYTE / case.bytes)
                                           for f, v in row['over base'].items()}
                    ours = row['over base'].get('postern')
                    if ours is not None:
                        row['postern to'] = {f: round(ours / v, 3) for f, v in row['over base'].items()
                                             if f != 'postern' and v > 0}
                    yield row


def table(lines, align):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for n, line in enumerate(lines):
        print('| ' + ' | '.join(c.ljust(w) if a == '<' else c.rjust(w)
                                for c, w, a in zip(line, widths, align)) + ' |')
        if not n:
            print('|' + '|'.join('-' * (w + 1) + (':' if a == '>' else '-')
                                 for w, a in zip(widths, align)) + '|')
    print()


def print_cases(all_rows):
    filters = [f for f in FILTERS if any(f in r['over base'] for r in all_rows)]
    head = ['case', 'a', 'base'] + [SHORT.get(f, f) for f in filters] + \
        ['to conntr.', 'nft', 'flowtab.', 'ingress', 'iptables', 'spread']
    lines, notes = [head], []
    for r in all_rows:
        cost, ratio = r['over base'], r.get('postern to', {})
        title = f"{r['title']}, IPv{r['family']}" + POLICIES[r['policy']]
        shown = []
        for f in filters:
            text = number(cost[f]) if f in cost else ''
            share = r['forwarded'].get(f, 0)
            # Of a flood, what a filter let pass cost it more. What leaves synproxy are its answers.
            if text and cases.CASES[r['case']].flood and share and f not in ('plain', 'conntrack', 'synproxy'):
                text += f' ({share:.0%})'
                notes.append(1)
            shown.append(text)
        lines.append([title, {'ns': 'ns', 'instructions': 'instr.'}[r['way']] + '/' + r['unit'],
                      number(r['base'])] + shown +
                     [f'{ratio[f]:.2f}' if f in ratio else '' for f in
                      ('conntrack', 'nft', 'flowtable', 'ingress', 'iptables')] +
                     [f"{max(r['spread percent'].values()):.1f}%"])
    if len(lines) == 1:
        return
    print('What a filter costs beyond base, the making and freeing of the packets. The last columns:\n'
          "postern's cost, as a ratio to that of each other one; and how far boots (or, of one boot,\n"
          'repetitions) are apart, plus and minus, in the worst column.\n')
    table(lines, '<<' + '>' * (len(head) - 2))
    if notes:
        print('(In parentheses: the share of packets that the filter let pass; limits on all sources together\nlet so many a second pass, and are slower than the generator.)\n')


def print_megabytes(all_rows):
    filters = [f for f in FILTERS if any(f in r.get('for 1 MB', ()) for r in all_rows)]
    lines = [['text of 1 MB', 'in'] + filters]
    for r in all_rows:
        if 'for 1 MB' in r:
            per = r['for 1 MB']
            unit, by = ('us', 1000) if r['way'] == 'ns' else ('1,000 instr.', 1000)
            lines.append([f"{r['title']}, IPv{r['family']}", unit] +
                         [number(per[f] / by) if f in per else '' for f in filters])
    if len(lines) > 1:
        table(lines, '<<' + '>' * len(filters))


def extra(values):
    """Loads, memory, reads of /proc: as (title, way, unit, {policy: {filter or file: value}})"""
    found = []
    for kind, way, title, unit, by in (('load', 'ns', 'load', 'ms', 1e6),
                                       ('memory', 'ns', 'memory', 'KiB', 1024),
                                       ('proc', 'ns', 'one read of /proc/net/postern', 'us', 1e3),
                                       ('proc', 'instructions', 'one read of /proc/net/postern',
                                        '1,000 instr.', 1e3)):
        of = {}
        for key, boots in values.get(way, {}).items():
            if key[0] == kind:
                of.setdefault(key[2], {})[key[1]] = round(middle(boots, way)[0] / by, 1)
        if of:
            found.append({'what': title, 'unit': unit, 'policies': of})
    return found


def print_extra(found):
    for e in found:
        columns = list(dict.fromkeys(c for per in e['policies'].values() for c in per))
        lines = [[e['what'], 'in'] + columns]
        for policy, per in e['policies'].items():
            lines.append([policy, e['unit']] + [number(per[c]) if c in per else '' for c in columns])
        table(lines, '<<' + '>' * len(columns))


def cpus(values):
    """Of each case and filter: packets a second with one and with two processors."""
    found = []
    rates = values.get('rate', {})
    for key in rates:
        if key[-1] == 1:
            one, two = (middle(rates[key[:-1] + (n,)], 'rate')[0] for n in (1, 2))
            found.append({'case': key[1], 'family': key[2], 'filter': key[3], 'one': round(one),
                          'two': round(two), 'ratio': round(two / one, 2)})
    return found


def print_cpus(found):
    lines = [['two processors', 'filter', 'packets/s, one', 'two', 'ratio']]
    for f in found:
        lines.append([f"{cases.CASES[f['case']].title}, IPv{f['family']}", f['filter'], number(f['one']),
                      number(f['two']), f"{f['ratio']:.2f}"])
    if found:
        table(lines, '<<>>>')


def writes(paths):
    """Of each case: what a packet writes, by parts of the kernel."""
    found = []
    for path in paths:
        with open(path, encoding='ascii') as f:
            for line in f:
                m = json.loads(line)
                if m['kind'] == 'writes':
                    parts = {part: {what: round(n / m['packets'], 4) for what, n in of.items()}
                             for part, of in m['parts'].items()}
                    found.append({'case': m['case'], 'family': m['family'], 'policy': m['size'],
                                  'filter': m['filter'], 'packets': m['packets'], 'parts': parts})
    return found


def print_writes(found):
    parts = ('postern', 'conntrack', 'rest')
    lines = [['written for a packet', 'filter'] + [f'{what}: {parts[0]}' if p == parts[0] else p
                                                   for what in ('atomic', 'shared', 'one line') for p in parts]]
    for f in found:
        lines.append([f"{cases.CASES[f['case']].title}, IPv{f['family']}" + POLICIES[f['policy']], f['filter']] +
                     [f"{f['parts'][p][what]:{'.1%' if what == 'one line' else '.2f'}}"
                      for what in ('atomic', 'shared', 'one line') for p in parts])
    if found:
        print('By two processors at once, each with flows of its own: atomic operations, writes to cache lines\n'
              'that the other one writes to as well, and how many of these to one and the same line, the one with\n'
              'the most: 100% is one for each packet.\n')
        table(lines, '<<' + '>' * 9)


def machine():
    with open('/proc/cpuinfo', encoding='utf-8') as f:
        m = re.search(r'^model name\s*: (.*)$', f.read(), re.M)
    return {'processor': m.group(1) if m else platform.machine(), 'processors': os.cpu_count()}


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--json')
    p.add_argument('--tree', default='')
    p.add_argument('files', nargs='+')
    args = p.parse_args()
    values, shares = gather(args.files)
    all_rows = list(rows(values, shares))
    found = extra(values)
    here = machine()
    print(f"postern {args.tree}, on {here['processors']} of {here['processor']}\n")
    print_cases(all_rows)
    print_megabytes(all_rows)
    print_extra(found)
    two = cpus(values)
    print_cpus(two)
    written = writes(args.files)
    print_writes(written)
    if args.json:
        with open(args.json, 'w', encoding='ascii') as f:
            json.dump({'tree': args.tree, 'date': str(datetime.date.today()), 'machine': here, 'boots': len(
                [f for f in args.files if way_of(f) == 'ns']), 'rows': all_rows, 'more': found, 'cpus': two,
                'writes': written}, f, indent=1)
            f.write('\n')


if __name__ == '__main__':
    sys.exit(main())
