#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""replays.py [CAPTURE...]: conversations of captures between real sockets, through the router.

What shall become of them says captures/expected, whose head explains it. Without CAPTURE:
all in captures, and those below the folder that POSTERN_PCAPS names. See replays.sh."""
import contextlib
import dataclasses
import glob
import itertools
import json
import os
import re
import select
import socket
import struct
import subprocess
import sys
import threading
import time

import replay
from nl import flush_conntrack
from router import postern
from tap import Tap
from wire import enter

HERE = os.path.dirname(os.path.abspath(__file__))
CAPTURES = os.path.join(HERE, "captures")
# by side: the device of the router, and by IP version: the end's address, whom else there is
CLIENTS, SERVERS = 0, 1
SIDES = (("eth0", {4: ("198.18.1.2", "198.18.1.9"), 6: ("fd00:18:1::2", "fd00:18:1::9")}),
         ("eth1", {4: ("198.18.2.2", "198.18.2.9"), 6: ("fd00:18:2::2", "fd00:18:2::9")}))
ROUTER = os.environ["REPLAYS_ROUTER"]
ENDS = os.environ["REPLAYS_CLIENTS"], os.environ["REPLAYS_SERVERS"]
TIMEOUT = 60  # seconds of silence, in the slowest guest
PATIENCE = 3  # seconds from a refusal to the resets

tap = Tap()


def version(address):
    return 6 if ":" in address else 4


# ---- what is expected

@dataclasses.dataclass
class Talk:
    client: str
    server: tuple
    times: int
    outcome: str
    seen: int = 0


@dataclasses.dataclass
class Case:
    """A capture behind one policy."""
    name: str
    first: bool
    resumed: bool
    rpc: str = ""
    plain: list = dataclasses.field(default_factory=list)
    talks: list = dataclasses.field(default_factory=list)
    pinholes: set = dataclasses.field(default_factory=set)  # (client, (server, port), interface)

    def find(self, talk):
        """The line of a conversation: a Talk, or None."""
        known = talk.client[0] != "-"
        for line in self.talks:
            if line.server == talk.server and line.seen < line.times and \
                    (not known or line.client == talk.client[0]):
                return line
        return None


def endpoint(text):
    address, _, port = text.rpartition(":")
    return address, int(port)


def read_expected():
    """By name: the cases of that capture."""
    out, case = {}, None
    with open(os.path.join(CAPTURES, "expected"), encoding="ascii") as lines:
        for line in lines:
            word, _, rest = line.strip().partition(" ")
            words = rest.split()
            if word == "file":
                case = Case(rest, True, False)
                out[rest] = [case]
            elif word == "again":
                name = list(out)[-1]
                case = Case("%s, %s" % (name, rest), False, rest.startswith("resumed"))
                out[name].append(case)
            elif word == "rpc":
                case.rpc = rest
            elif word == "plain":
                case.plain = [int(w.strip(",")) for w in words]
            elif word == "talk":
                case.talks.append(Talk(words[0], endpoint(words[1]), int(words[2]),
                                       " ".join(words[3:])))
            elif word == "pinhole":
                case.pinholes.add((words[0], endpoint(words[1]), words[2]))
            elif word and not word.startswith("#"):
                sys.exit("replays: captures/expected: %s" % line.strip())
    return out


@dataclasses.dataclass
class Part:
    """One conversation of a case: who is the client, and the Talk, or None if it is plain."""
    number: int
    talk: replay.Conversation
    client: str
    line: Talk

    def __str__(self):
        what = [w for w, on in (("midstream", self.talk.midstream), ("gap", self.talk.gap()))
                if on]
        return "%d %s -> %s:%d%s" % (self.number, self.client, *self.talk.server,
                                     " (%s)" % ", ".join(what) if what else "")


def parts_of(case, talks, extract):
    """Those conversations of a file that the case has lines for."""
    out = []
    for line in case.talks:
        line.seen = 0
    for number, talk in enumerate(talks, 1):
        line = case.find(talk)
        if line:
            line.seen += 1
            out.append(Part(number, talk, line.client, line))
        elif talk.server[1] in case.plain:
            out.append(Part(number, talk, talk.client[0], None))
        elif case.first:
            tap.result(False, "%s: conversation %d %s is expected" % (case.name, number, talk))
    if not extract:
        tap.equal("%s: as many conversations as expected" % case.name,
                  [(t.server, t.times) for t in case.talks],
                  [(t.server, t.seen) for t in case.talks])
    return out


def rounds(parts):
    """Lists of parts in which no address is on both sides."""
    out = []
    for part in parts:
        for clients, servers, members in out:
            if part.client not in servers and part.talk.server[0] not in clients:
                break
        else:
            clients, servers, members = set(), set(), []
            out.append((clients, servers, members))
        clients.add(part.client)
        servers.add(part.talk.server[0])
        members.append(part)
    return out


# ---- the router

@contextlib.contextmanager
def within(namespace):
    """Sockets that are made here are of a namespace."""
    enter("/run/netns/" + namespace)
    try:
        yield
    finally:
        enter("/run/netns/" + ROUTER)


def ip(namespace, commands):
    subprocess.run(["ip", "-n", namespace, "-batch", "-"], input="\n".join(commands) + "\n",
                   text=True, check=True)


class Addresses:
    """Who has which address."""

    def __init__(self):
        self.have = [[], []]

    def set(self, sides):
        """The addresses of clients and of servers, and none of before."""
        for side, new in enumerate(sides):
            ip(ENDS[side], ["addr del %s dev eth0" % self.masked(a) for a in self.have[side]])
            self.have[side] = sorted(new)
        for side, (device, ends) in enumerate(SIDES):
            have = self.have[side]
            ip(ENDS[side], ["addr add %s dev eth0%s" % (self.masked(a), " nodad" * (":" in a))
                            for a in have])
            ip(ROUTER, ["route replace %s via %s dev %s" %
                        (self.masked(a), ends[version(a)][0], device) for a in have])

    @staticmethod
    def masked(address):
        return address + ("/128" if ":" in address else "/32")


def others(side):
    """Those of a side whom no capture has."""
    return [end[1] for end in SIDES[side][1].values()]


def load(clients, servers, rules):
    """A policy with these rules for each client to each server."""
    text = ["zone outside { eth0 }", "zone inside { eth1 }",
            "hosts clients in outside { %s }" % ", ".join(sorted(clients) + others(CLIENTS))]
    # each is a server of its own: what is open on one is not on another
    names = ["s%d" % i for i in range(len(servers))]
    text += ["server %s in inside { %s }" % server for server in zip(names, sorted(servers))]
    text += ["server other in inside { %s }" % ", ".join(others(SERVERS))]
    text += ["allow clients -> %s : %s" % (name, rule) for name in names + ["other"]
             for rule in rules]
    postern("load", "-", text="\n".join(text) + "\n")


def rules_of(case):
    # longer than all of it takes
    return ["rpc { %s } remember no idle 1h" % case.rpc] * bool(case.rpc) + \
        ["tcp %d" % p for p in case.plain]


def counters():
    with open("/proc/net/postern/counters", encoding="ascii") as lines:
        return {name: int(value) for name, value in (line.split() for line in lines)}


class Change:
    def __init__(self):
        self.before = counters()

    def of(self, name):
        return counters()[name] - self.before[name]

    def reasons(self):
        """Why something was dropped since; not what followed from that."""
        return sorted(name[5:] for name, value in counters().items()
                      if name.startswith("drop-") and name != "drop-cut" and
                      value != self.before[name])


def pinholes():
    found = json.loads(postern("--json", "pinholes"))["pinholes"]
    return {(p["client"], (p["server"], p["port"]), p["interface"]) for p in found}


# ---- conversations

def listen(server):
    with within(ENDS[SERVERS]):
        sock = socket.socket(replay.family(server[0]), socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(server)
    sock.listen(8)
    sock.settimeout(TIMEOUT)
    return sock


def abort(*socks):
    """So that nothing more is sent for these, which would be counted later."""
    for sock in socks:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


class Shut(Exception):
    """The router lets no connection pass; for which reasons."""


def connect(client, server, change):
    with within(ENDS[CLIENTS]):
        sock = socket.socket(replay.family(client), socket.SOCK_STREAM)
    try:
        sock.bind((client, 0))
        sock.setblocking(False)
        why = sock.connect_ex(server)
        end = time.monotonic() + TIMEOUT
        # What is dropped in silence would be sent again and again.
        while not select.select([], [sock], [], 0.01)[1]:
            if change.reasons():
                raise Shut(", ".join(change.reasons()))
            if time.monotonic() > end:
                raise Shut("for no reason")
        why = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if why:
            raise Shut(", ".join(change.reasons() + [os.strerror(why)]))
    except Shut:
        sock.close()
        raise
    sock.settimeout(TIMEOUT)
    return sock


def opened(client, server, change=None):
    """Both ends of a connection."""
    with listen(server) as listener:
        sock = connect(client, server, change or Change())
        peer, _ = listener.accept()
    peer.settimeout(TIMEOUT)
    return sock, peer


class End(threading.Thread):
    """What one of the ends does; why: how it failed."""

    def __init__(self, sock, talk, server):
        super().__init__()
        self.sock, self.talk, self.server = sock, talk, server
        self.why, self.stopped = None, False

    def run(self):
        try:
            replay.replay(self.sock, self.talk, self.server)
        except replay.Changed as why:
            self.why = str(why)
        except ConnectionError:
            self.why = "reset"
        except OSError as why:
            self.why = str(why)
        if self.stopped:
            self.why = "stopped"
        if self.why:
            abort(self.sock)

    def stop(self):
        if self.is_alive() and not self.stopped:
            self.stopped = True
            self.sock.shutdown(socket.SHUT_RDWR)


def finish(both, change):
    """Until both have ended. What was dropped and is not reset is waited for no longer."""
    for end in both:
        end.start()
    dropped = None
    while any(end.is_alive() for end in both):
        both[0].join(0.02)
        both[1].join(0.02)
        if dropped is None and change.reasons():
            dropped = time.monotonic()
        elif dropped and time.monotonic() > dropped + PATIENCE:
            for end in both:
                end.stop()


def replayed(part, ends=None):
    """What became of it, as in captures/expected."""
    change = Change()
    try:
        pair = ends or opened(part.client, part.talk.server, change)
    except Shut as why:
        return "shut %s" % why
    both = [End(sock, part.talk, server) for server, sock in enumerate(pair)]
    finish(both, change)
    reasons = ", ".join(change.reasons())
    resumed = " resumed" * bool(change.of("rpc-resumed"))
    if both[0].why is None and both[1].why is None:
        return "passes" + resumed + (reasons and ", though dropped: " + reasons)
    if both[0].why == both[1].why == "reset" and reasons:
        return "refused " + reasons
    if "stopped" in (both[0].why, both[1].why):
        return "dropped " + reasons
    return ", ".join(["fails", reasons or "nothing is dropped"] +
                     ["%s: %s" % (n, e.why) for n, e in zip(("client", "server"), both)])


def resumable(parts):
    """Connections that the module does not know: of a policy that reads nothing."""
    ports = sorted({p.talk.server[1] for p in parts})
    load({p.client for p in parts}, {p.talk.server[0] for p in parts},
         ["tcp %d" % port for port in ports])
    ends = [opened(p.client, p.talk.server) for p in parts]
    module = os.environ.get("POSTERN_KO")
    if module:
        subprocess.run(["rmmod", "postern"], check=True)
        subprocess.run(["insmod", module], check=True)
    return ends


# ---- what must not pass

def shut(client, server):
    """'' if the router lets no connection pass, for want of a pinhole."""
    why = passes(client, server)
    return "" if why == "no-pinhole" else why or "connected"


def passes(client, server):
    """'' if it lets one pass, or why not."""
    try:
        abort(*opened(client, server))
    except Shut as why:
        return str(why)
    return ""


def check_doors(name, doors):
    """What the pinholes open, and what they do not."""
    for client, server in sorted({(c, s) for c, s, _ in doors}):
        taken = {s for c, s, _ in doors if c == client}
        following = next((server[0], port) for port in itertools.count(server[1] + 1)
                         if (server[0], port) not in taken)
        v = version(client)
        where = "%s: %s -> %s:%d: " % (name, client, *server)
        why = passes(client, server)
        tap.result(not why, where + "is open", why)
        for what, who, to in (("the next port is not", client, following),
                              ("not to another client", SIDES[CLIENTS][1][v][1], server),
                              ("nor on another server", client,
                               (SIDES[SERVERS][1][v][1], server[1]))):
            why = shut(who, to)
            tap.result(not why, where + what, why)


# ---- captures

def play(case, clients, servers, parts):
    addresses.set((clients | set(others(CLIENTS)), servers | set(others(SERVERS))))
    flush_conntrack()
    ends = resumable(parts) if case.resumed else [None] * len(parts)
    load(clients, servers, rules_of(case))
    postern("pinholes", "flush")
    doors = {d for d in case.pinholes if d[0] in clients and d[1][0] in servers}
    for client, server in sorted({(c, s) for c, s, _ in doors}):
        why = shut(client, server)
        tap.result(not why, "%s: %s -> %s:%d: is shut before" % (case.name, client, *server), why)
    for part, pair in zip(parts, ends):
        want = part.line.outcome if part.line else "passes"
        tap.equal("%s: %s: %s" % (case.name, part, want), want, replayed(part, pair))
    if not case.resumed:
        tap.equal("%s: the pinholes are those of the index" % case.name, doors, pinholes())
        check_doors(case.name, doors)


def capture(path, cases):
    name = os.path.basename(path).partition(".")[0]
    if name not in cases:
        tap.result(False, "%s: what shall become of it is known" % name)
        return
    extract = path.endswith(".conv")
    talks = replay.conversations(path)
    if not cases[name][0].talks and not cases[name][0].plain:
        tap.equal("%s: no TCP" % name, [], [str(t) for t in talks])
        return
    if extract:
        with open(path, encoding="ascii") as lines:
            heads = sum(bool(re.match("(mapper|data) ", line)) for line in lines)
        tap.result(talks and len(talks) == heads, "%s: all its conversations" % name)
    for case in cases[name]:
        for round_ in rounds(parts_of(case, talks, extract)):
            play(case, *round_)


def main():
    cases = read_expected()
    paths = sys.argv[1:]
    if not paths:
        paths = sorted(glob.glob(os.path.join(CAPTURES, "*.conv")))
        folder = os.environ.get("POSTERN_PCAPS")
        if folder:
            more = sorted(p for p in glob.glob(os.path.join(folder, "**"), recursive=True)
                          if re.search(r"\.(pcap|pcapng|cap)(\.gz)?$", p))
            tap.result(more, "there are captures in %s" % folder)
            paths += more
    for path in paths:
        capture(path, cases)
    tap.done()


if __name__ == "__main__":
    addresses = Addresses()
    main()
