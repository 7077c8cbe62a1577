#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""mutants.py [TEXT]: build the parsers without each of the checks that mutants lists
(those whose line has TEXT), and see that the tests named there fail."""
import os
import re
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
kmod = os.path.join(here, '../../kmod')
obj = os.environ.get('OBJ', os.path.join(here, 'obj'))
files = ['interfaces', 'dcerpc', 'tower', 'ept', 'epm']
compiler = os.environ.get('CC', 'gcc').split()
flags = ['-O0', '-w', '-fsanitize=bounds', '-fsanitize-undefined-trap-on-error', '-D_GNU_SOURCE', f'-I{obj}/include', f'-I{here}', f'-I{here}/../unit',
         f'-I{here}/../unit/shim', f'-I{kmod}', f'-I{here}/../../include']


def compile_(source, target):
    subprocess.run(compiler + flags + ['-c', '-o', target, source], check=True)


def mutants():
    with open(os.path.join(here, 'mutants')) as f:
        for line in f:
            if not line.strip() or line.startswith('#'):
                continue
            tests, name, text, new = (
                p.strip().replace('\\|', '|').replace('\\n', '\n').replace('\\t', '\t')
                for p in re.split(r'(?<!\\)\|', line))
            if new == '(nothing)':
                new = ''
            yield line, tests.split(), name, text, new


def main():
    chosen = [m for m in mutants() if len(sys.argv) < 2 or sys.argv[1] in m[0]]
    print(f'TAP version 13\n1..{len(chosen)}', flush=True)
    failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        for name in files:
            compile_(f'{kmod}/{name}.c', f'{tmp}/{name}.o')
        compile_(f'{here}/rpc_test.c', f'{tmp}/rpc_test.o')
        for i, (_, tests, name, text, new) in enumerate(chosen, 1):
            with open(f'{kmod}/{name}') as f:
                source = f.read()
            lost = []
            if source.count(text) != 1:
                lost = [f'is there {source.count(text)} times']
            else:
                # in the folder of the others: it includes them
                with open(f'{tmp}/mutant.c', 'w') as f:
                    f.write(source.replace(text, new))
                compile_(f'{tmp}/mutant.c', f'{tmp}/mutant.o')
                objects = [f'{tmp}/mutant.o' if name == f'{n}.c' else f'{tmp}/{n}.o'
                           for n in files]
                subprocess.run(compiler + ['-o', f'{tmp}/test', f'{tmp}/rpc_test.o'] + objects,
                               check=True)
                for test in tests:
                    try:
                        rc = subprocess.run([f'{tmp}/test', test], capture_output=True,
                                            timeout=60).returncode
                    except subprocess.TimeoutExpired:
                        rc = 'time'
                    if rc in (0, 2):
                        lost.append(f'{test} does not see it')
            failed += bool(lost)
            for line in lost:
                print(f'# {line}')
            shown = ' '.join(text.split())[:70]
            print(f'{"not ok" if lost else "ok"} {i} without: {name}: {shown}', flush=True)
    return 1 if failed else 0


sys.exit(main())
