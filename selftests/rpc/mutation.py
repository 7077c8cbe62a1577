# SPDX-License-Identifier: GPL-2.0
"""Lists of checks that are left out one at a time, to see that tests fail without them. A
line is TESTS | FILE | TEXT | REPLACEMENT, or (nothing); in them \\|, \\n and \\t are what
they mean, and \\\\ is a backslash."""
import re


class Mutant:
    """A line of a list: the tests that must see it, and what it does to which file."""

    def __init__(self, line):
        tests, self.file, self.text, new = (
            re.sub(r'\\([|nt\\])', lambda m: {'n': '\n', 't': '\t'}.get(m[1], m[1]), p.strip())
            for p in re.split(r'(?<!\\)\|', line))
        self.tests = tests.split()
        self.new = '' if new == '(nothing)' else new

    def apply(self, path, target):
        """Write what the file becomes. Return: why that cannot be, or None."""
        with open(path) as f:
            source = f.read()
        if source.count(self.text) != 1:
            return f'is there {source.count(self.text)} times'
        with open(target, 'w') as f:
            f.write(source.replace(self.text, self.new))
        return None

    def tell(self, number, lost):
        """The result; @lost are the reasons for which it is a failure."""
        for why in lost:
            print('# ' + why)
        shown = ' '.join(self.text.split())[:70]
        print(f'{"not ok" if lost else "ok"} {number} without: {self.file}: {shown}', flush=True)


def mutants(path, texts=()):
    """Those of a list, all of them or those whose line has one of @texts."""
    with open(path) as f:
        return [Mutant(line) for line in f if line.strip() and not line.startswith('#')
                and (not texts or any(text in line for text in texts))]


def chosen(path, texts):
    """The same, announced."""
    those = mutants(path, texts)
    print(f'TAP version 13\n1..{len(those)}', flush=True)
    return those
