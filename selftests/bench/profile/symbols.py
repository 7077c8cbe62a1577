# SPDX-License-Identifier: GPL-2.0
"""Functions of the kernel and its modules, by address."""
import bisect


class Symbols:
    def __init__(self, kallsyms):
        with open(kallsyms, encoding='ascii') as f:
            self.all = sorted((int(w[0], 16), w[2], w[3].strip('[]') if len(w) > 3 else '')
                              for w in (line.split() for line in f) if w[1] in 'tTwW')
        self.starts = [s[0] for s in self.all]

    def at(self, address):
        """Name and module."""
        return self.all[bisect.bisect_right(self.starts, address) - 1][1:]


def named(name, module):
    return f'{name} [{module}]' if module else name
