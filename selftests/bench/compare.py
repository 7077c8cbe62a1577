#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""compare.py EXPECTED MEASURED: compare instructions with those of EXPECTED, as KTAP.
compare.py --write EXPECTED MEASURED: write that file.

What counts is the cost beyond base. On another kernel than that of EXPECTED it may be as
much more as that of conntrack alone is."""
import json
import platform
import sys

MOST = 1.03


def read_measured(path):
    rounds = {}
    with open(path, encoding='ascii') as f:
        for line in f:
            m = json.loads(line)
            if m['kind'] == 'case':
                key = m['case'], m['family'], m['filter']
                # What else the kernel does meanwhile only adds to it.
                rounds[key] = min(rounds.get(key, float('inf')), m['ns'] / m['rounds'])
    return {key: round(n - rounds[key[:2] + ('base',)]) for key, n in rounds.items() if key[2] != 'base'}


def read_expected(path):
    release, costs = '', {}
    with open(path, encoding='ascii') as f:
        for line in f:
            words = line.split('#')[0].split()
            if words[:1] == ['kernel']:
                release = words[1]
            elif words:
                costs[words[0], int(words[1]), words[2]] = int(words[3])
    return release, costs


def write(path, measured):
    with open(path, 'w', encoding='ascii') as f:
        f.write('# SPDX-License-Identifier: GPL-2.0\n'
                '# Instructions of a round of a case, beyond those of base, for bench.sh; written by\n'
                '#\tPOSTERN_BENCH_WRITE=1 selftests/bench/boot --kernel icount --keep DIR -- selftests/bench.sh\n')
        f.write(f'kernel {platform.release()}\n')
        for (case, family, filter_), n in measured.items():
            f.write(f'{case} {family} {filter_} {n}\n')


def main():
    if sys.argv[1] == '--write':
        write(sys.argv[2], read_measured(sys.argv[3]))
        return 0
    release, expected = read_expected(sys.argv[1])
    measured = read_measured(sys.argv[2])
    same = release == platform.release()
    ours = [key for key in expected if key[2] == 'postern']
    failed = 0
    print('TAP version 13')
    print(f'1..{len(ours)}')
    if not same:
        print(f'# measured on {platform.release()}, expected was on {release}')
    for n, key in enumerate(ours, 1):
        case, family, _ = key
        beside = (case, family, 'conntrack')
        factor = 1
        if not same and beside in measured:
            factor = measured[beside] / expected[beside]
        name = f'{case}, IPv{family}'
        if key not in measured:
            failed += 1
            print(f'not ok {n} {name}: not measured')
            continue
        ratio = measured[key] / (expected[key] * factor)
        good = ratio <= MOST
        failed += not good
        print(f'{"ok" if good else "not ok"} {n} {name}: {measured[key]} instructions, '
              f'{expected[key] * factor:.0f} expected ({(ratio - 1) * 100:+.1f}%)')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
