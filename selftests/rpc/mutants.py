#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""mutants.py [TEXT...]: build the parsers without each of the checks that mutants lists
(those whose line has a TEXT), and see that the tests named there fail."""
import os
import subprocess
import sys
import tempfile

import mutation

here = os.path.dirname(os.path.abspath(__file__))
kmod = os.path.join(here, '../../kmod')
obj = os.environ.get('OBJ', os.path.join(here, 'obj'))
files = ['interfaces', 'dcerpc', 'tower', 'ept', 'epm']
compiler = os.environ.get('CC', 'gcc').split()
flags = ['-O0', '-w', '-fsanitize=bounds', '-fsanitize-undefined-trap-on-error', '-D_GNU_SOURCE',
         f'-I{obj}/include', f'-I{here}', f'-I{here}/../unit',
         f'-I{here}/../unit/shim', f'-I{kmod}', f'-I{here}/../../include']


def compile_(source, target):
    subprocess.run(compiler + flags + ['-c', '-o', target, source], check=True)


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        for name in files:
            compile_(f'{kmod}/{name}.c', f'{tmp}/{name}.o')
        compile_(f'{here}/rpc_test.c', f'{tmp}/rpc_test.o')
        for i, mutant in enumerate(mutation.chosen(here + '/mutants', sys.argv[1:]), 1):
            # in the folder of the others: it includes them
            why = mutant.apply(f'{kmod}/{mutant.file}', f'{tmp}/mutant.c')
            lost = [why] if why else []
            if not why:
                compile_(f'{tmp}/mutant.c', f'{tmp}/mutant.o')
                objects = [f'{tmp}/mutant.o' if mutant.file == f'{n}.c' else f'{tmp}/{n}.o'
                           for n in files]
                subprocess.run(compiler + ['-o', f'{tmp}/test', f'{tmp}/rpc_test.o'] + objects,
                               check=True)
                for test in mutant.tests:
                    try:
                        rc = subprocess.run([f'{tmp}/test', test], capture_output=True,
                                            timeout=60).returncode
                    except subprocess.TimeoutExpired:
                        rc = 'time'
                    if rc in (0, 2):
                        lost.append(f'{test} does not see it')
            failed += bool(lost)
            mutant.tell(i, lost)
    return 1 if failed else 0


sys.exit(main())
