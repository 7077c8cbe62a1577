# SPDX-License-Identifier: GPL-2.0
"""KTAP."""
import sys


class Tap:
    def __init__(self):
        self.count = self.failed = 0
        print("TAP version 13")

    def result(self, ok, name, why=""):
        self.count += 1
        self.failed += not ok
        if not ok and why:
            print("# " + str(why).replace("\n", "\n# "))
        print("%sok %d %s" % ("" if ok else "not ", self.count, name), flush=True)
        return ok

    def equal(self, name, want, got):
        return self.result(want == got, name, "expected: %s\nseen:     %s" % (want, got))

    def skip(self, name, why):
        self.count += 1
        print("ok %d %s # SKIP %s" % (self.count, name, why), flush=True)

    def done(self):
        print("1..%d" % self.count)
        print("# passed %d, failed %d" % (self.count - self.failed, self.failed))
        sys.exit(self.failed > 0)
