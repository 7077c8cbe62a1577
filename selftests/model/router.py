# SPDX-License-Identifier: GPL-2.0
"""A router that is asked and sent packets."""
import os
import subprocess
import sys
import tempfile

from nl import N, Family, attrs, flush_conntrack, read_reasons
from wire import exchange, open_wires


def postern(*words, text=None, check=True):
    """Output of the tool."""
    done = subprocess.run(["postern", *words], input=text and text.encode(), check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out = done.stdout.decode(errors="replace")
    if check and done.returncode:
        sys.exit("# postern %s: status %d\n# %s" % (" ".join(words), done.returncode,
                                                   out.replace("\n", "\n# ")))
    return out if check else (done.returncode, out)


class Router:
    def __init__(self):
        os.sched_setaffinity(0, {0})  # so that the barrier of exchange() is one
        self.wires = open_wires()
        self.family = Family()
        self.reasons = read_reasons()[1:]

    def load(self, text, *options, flush=True):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as out:
            out.write(text)
            out.flush()
            postern("load", *options, out.name)
        if flush:
            flush_conntrack()

    def counters(self):
        """By name: value; of what was only observed, with a '~' before the name."""
        out = {}
        for message in self.family.dump(N["CMD_COUNTER_GET"]):
            nest = attrs(message[N["A_COUNTER"]])
            name = nest[N["A_NAME"]].rstrip(b"\0").decode()
            out[name] = int.from_bytes(nest[N["A_VALUE"]], sys.byteorder)
            if N["A_OBSERVED"] in nest:
                out["~" + name] = int.from_bytes(nest[N["A_OBSERVED"]], sys.byteorder)
        return out

    def rules(self):
        """(hits, packets, bytes) of each rule"""
        out = []
        for message in self.family.dump(N["CMD_RULE_GET"]):
            nest = attrs(message[N["A_RULE"]])
            out.append(tuple(int.from_bytes(nest[N["A_" + n]], sys.byteorder)
                             for n in ("HITS", "PACKETS", "BYTES")))
        return out

    def changes(self, before):
        after = self.counters()
        return {k: v - before[k] for k, v in after.items() if v != before[k]}

    def dropped(self, changes):
        """Of changes(), those of drop reasons."""
        return {k: v for k, v in changes.items() if k.lstrip("~") in self.reasons}

    def send(self, *frames):
        """(interface, datagram)... Return: what came out, (interface, datagram) each."""
        out = exchange(self.wires, [(iface, data[0] >> 4, data) for iface, data in frames])
        return [(iface, data) for iface, _, data in out]
