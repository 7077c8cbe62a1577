#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""mutants.py [TEXT...]: build the parser without each of the checks that mutants lists
(those whose line has a TEXT), and see that the tests named there fail."""
import os
import shutil
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(here, '../rpc'))
import mutation  # noqa: E402

kmod = os.path.join(here, '../../kmod')
obj = os.environ.get('OBJ', os.path.join(here, 'obj'))
files = ['smtp', 'smtp_command', 'smtp_path', 'smtp_data', 'smtp_reply', 'smtp_refusal']
compiler = os.environ.get('CC', 'gcc').split()
flags = ['-O0', '-w', '-fsanitize=bounds', '-fsanitize-undefined-trap-on-error', '-D_GNU_SOURCE',
         f'-I{obj}/include', f'-I{here}', f'-I{here}/../unit',
         f'-I{here}/../unit/shim', f'-I{kmod}', f'-I{here}/../../include']


def compile_(source, target, *more):
    subprocess.run(compiler + [*more] + flags + ['-c', '-o', target, source], check=True)


def build(mutant, tmp):
    """The test with one file of the parser replaced. Return: why not, or None."""
    why = mutant.apply(f'{kmod}/{mutant.file}', f'{tmp}/changed/{mutant.file}')
    if why:
        return why
    changed = [mutant.file[:-2]]
    test = f'{tmp}/smtp_test.o'
    if mutant.file.endswith('.h'):
        changed = files
        # beside those that include it: they look there first
        for name in os.listdir(kmod):
            if name.startswith('smtp') and name != mutant.file:
                shutil.copy(f'{kmod}/{name}', f'{tmp}/changed')
        test = f'{tmp}/changed/smtp_test.o'
        compile_(f'{here}/smtp_test.c', test, f'-I{tmp}/changed')
    for name in changed:
        compile_(f'{tmp}/changed/{name}.c', f'{tmp}/changed/{name}.o')
    objects = [f'{tmp}/changed/{n}.o' if n in changed else f'{tmp}/{n}.o' for n in files]
    subprocess.run(compiler + ['-o', f'{tmp}/test', test] + objects, check=True)
    return None


def survives(tmp, test):
    try:
        return subprocess.run([f'{tmp}/test', test], capture_output=True,
                              timeout=60).returncode in (0, 2)
    except subprocess.TimeoutExpired:
        return False


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        for name in files:
            compile_(f'{kmod}/{name}.c', f'{tmp}/{name}.o')
        compile_(f'{here}/smtp_test.c', f'{tmp}/smtp_test.o')
        for i, mutant in enumerate(mutation.chosen(here + '/mutants', sys.argv[1:]), 1):
            os.makedirs(f'{tmp}/changed', exist_ok=True)
            why = build(mutant, tmp)
            lost = [why] if why else [f'{test} does not see it' for test in mutant.tests
                                      if survives(tmp, test)]
            failed += bool(lost)
            mutant.tell(i, lost)
            for name in os.listdir(f'{tmp}/changed'):
                os.remove(f'{tmp}/changed/{name}')
    return 1 if failed else 0


sys.exit(main())
