#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Ways to have a screening router read another stream than the receiver does, each as a
test of its own. See evasion.sh; which checks they are about: evasion_mutants."""
import itertools
import json
import struct
import subprocess
import sys
import time

import dce
from craft import ACK, FIN, PSH, RST, SYN, URG
from ends import CLIENT, SERVER, WINDOW_SCALE, WIRES, Ends
from nl import flush_conntrack
from router import postern
from verdicts import (Change, Super, both, cut, in_pieces, lost, opened, passes, refused, router,
                      sides, tap)

POLICY = """
zone outside { z0 }
zone dmz { z1 }
server dc in dmz { 10.0.1.1, 2001:db8:0:1::1 }
service held = rpc { drsuapi, netlogon ports 5000-6000, lsarpc port 1225 } remember no
allow outside -> dc : held
allow dc -> outside : tcp 20000-65535
allow { 10.0.0.77, 2001:db8::77 } -> dc : tcp 49900-49907
allow { 10.0.0.77, 2001:db8::77 } -> dc : tcp 49152-65535
"""
PINNED = 1225
NOBODY = bytes.fromhex("74736f70" "7265" "214e" "8000" "6e6f626f6479")
DRSUAPI, NETLOGON, LSARPC, SAMR = (dce.INTERFACES[n] for n in
                                   ("drsuapi", "netlogon", "lsarpc", "samr"))


# ---- what is said

def bind(to, call=1, kind=dce.BIND, number=0, **more):
    return dce.bind(call, [dce.Context(number, to, [dce.NDR32])], kind=kind, **more).pack()


def accept(call=1, kind=dce.BIND_ACK):
    return dce.bind_ack(call, [dce.Result(dce.ACCEPTED, 0, dce.NDR32)], "135", kind=kind).pack()


def ask(to, call=2):
    stub = dce.map_question(to)
    return b"".join(p.pack() for p in dce.request(call, 0, dce.EPT_MAP, stub))


def answer(to, port, call=2, **more):
    stub = dce.map_answer([dce.tower(to, port, "10.0.1.1")] if port else [], 4,
                          status=0 if port else dce.NOT_REGISTERED, **more)
    return b"".join(p.pack() for p in dce.response(call, 0, stub))


def call(size, number=2, kind=dce.request):
    args = (number, 0, 7) if kind is dce.request else (number, 0)
    return b"".join(p.pack() for p in kind(*args, dce.pattern(size)))


MAPPER = (CLIENT, bind(dce.EPM)), (SERVER, accept())
QUESTION = MAPPER + ((CLIENT, ask(DRSUAPI)), (SERVER, answer(DRSUAPI, 49700)))
HELD = (CLIENT, bind(LSARPC)), (SERVER, accept()), (CLIENT, call(300)), \
    (SERVER, call(200, kind=dce.response))
BAD = bind(SAMR)
ASK_BAD = ask(SAMR)
UUID_AT = ASK_BAD.index(SAMR.uuid.bytes_le)
REPLACED = ASK_BAD.replace(SAMR.uuid.bytes_le, NOBODY)


def held(v=4, **more):
    return opened(v, PINNED, HELD[:2], **more)


def mapper(v=4, **more):
    return opened(v, 135, MAPPER, **more)


# ---- segments and PDUs

def plain():
    def make(v, name):
        change = Change()
        conn = Ends(router, v)
        passes("a mapper's conversation, " + name, conn, *conn.opening(), *conn.turns(QUESTION))
        tap.equal("it opens one pinhole, " + name, (1, 1, 1),
                  change.of("epm-questions", "pinholes-opened", "rpc-flows"))
        conn = Ends(router, v, 49700)
        passes("a connection through it, " + name, conn, *conn.opening(),
               *conn.turns([(CLIENT, bind(DRSUAPI)), (SERVER, accept())]))
        refused("that binds something else later, " + name, conn,
                conn.frame(CLIENT, bind(NETLOGON, 3, dce.ALTER, 1)), "rpc-interface")
        conn = Ends(router, v, PINNED)
        passes("a pinned port, " + name, conn, *conn.opening(), *conn.turns(HELD))
        for who, there in (CLIENT, conn.frame(CLIENT, bind(SAMR, 5, dce.ALTER, 1))), \
                (SERVER, conn.frame(SERVER, b"HTTP/1.1")):
            conn = opened(v, PINNED, HELD)
            there = conn.frame(who, there.data)
            refused("what neither may say, from end %d, %s" % (who, name), conn, there,
                    "rpc-not-rpc" if who else "rpc-interface")
            cut("the other end goes on, " + name, conn, conn.frame(1 - who, b"x"))
            passes("resets for it do, " + name, conn, conn.frame(1 - who, flags=RST))
    both(make)


def single_bytes():
    def make(v, name):
        change = Change()
        conn = Ends(router, v)
        passes("a mapper's conversation byte by byte, " + name, conn, *conn.opening(),
               *conn.turns(QUESTION, in_pieces(1)))
        tap.equal("it opens one pinhole, byte by byte, " + name, (1, 1),
                  change.of("epm-questions", "pinholes-opened"))
        conn = Ends(router, v, PINNED)
        passes("a held connection byte by byte, " + name, conn, *conn.opening(),
               *conn.turns(HELD, in_pieces(1)))
        conn = opened(v, PINNED)
        conn.send(*conn.turns([(CLIENT, BAD[:-1])], in_pieces(1)))
        refused("the last byte of a bind, " + name, conn, conn.frame(CLIENT, BAD[-1:]),
                "rpc-interface")
        conn = mapper(v)
        told = UUID_AT + 16 + 6  # with its version, which stands behind
        conn.send(*conn.turns([(CLIENT, ASK_BAD[:told - 1])], in_pieces(1), conn.sent))
        refused("a question byte by byte, whose bytes are out, " + name, conn,
                conn.frame(CLIENT, ASK_BAD[told - 1:told]), "epm-interface")
    both(make)


def boundaries():
    """One test for each conversation, since each has hundreds of boundaries."""
    def every(v, name, port, turns, counters, want):
        wrong = []
        for turn, (_, data) in enumerate(turns):
            for at in range(1, len(data)):
                change = Change()
                conn = Ends(router, v, port)
                frames = conn.opening()
                for i, (end, text) in enumerate(turns):
                    parts = (text[:at], text[at:]) if i == turn else (text,)
                    frames += conn.turns([(end, p) for p in parts], start=conn.sent)
                seen = conn.send(*frames)
                if sides(seen) != sides(frames, True) or change.of(*counters) != want:
                    wrong.append((turn, at))
        tap.equal("passes: cut at each byte of each PDU, %s, IPv%d" % (name, v), [], wrong)

    def refusal(v, name, port, turns, data, seem):
        """seem(at): the reason to refuse the second part, or what arrives of it"""
        wrong = []
        for at in range(1, len(data)):
            conn = opened(v, port, turns)
            start = conn.sent[CLIENT]
            first = conn.send(conn.frame(CLIENT, data[:at]))
            change = Change()
            rest = conn.frame(CLIENT, data[at:])
            seen = conn.send(rest)
            want = seem(at)
            if isinstance(want, str):
                good = [s.what() for s in first] == [(start, ACK | PSH, data[:at])] and \
                    sorted((s.end, s.at, s.flags & (RST | PSH), s.data) for s in seen) == \
                    [(CLIENT, rest.ack, RST, b""), (SERVER, start + at, RST, b"")] and \
                    change.dropped() == {want: 1}
            else:
                good = conn.got[SERVER][start:] == want and not change.dropped()
            if not good:
                wrong.append(at)
        tap.equal("cut at each byte, %s, IPv%d" % (name, v), [], wrong)

    def of_question(at):
        return "epm-interface" if UUID_AT < at < UUID_AT + 22 else REPLACED
    refusal(4, "a bind that is refused", PINNED, (), BAD, lambda at: "rpc-interface")
    refusal(4, "a question that is replaced as a whole, or refused", 135, MAPPER, ASK_BAD,
            of_question)
    every(4, "a mapper's conversation", 135, QUESTION, ("pinholes-opened", "cuts"), (1, 0))
    every(4, "a held connection", PINNED, HELD[:3], ("rpc-flows", "cuts"), (1, 0))
    every(6, "a mapper's conversation", 135, QUESTION[:3], ("epm-questions", "cuts"), (1, 0))
    refusal(6, "a bind that is refused", PINNED, (), BAD, lambda at: "rpc-interface")


def together():
    def make(v, name):
        conn = opened(v, PINNED)
        text = bind(LSARPC) + call(50) + call(900, 3) + call(0, 4)
        passes("bind and calls in one segment, " + name, conn, conn.frame(CLIENT, text))
        conn = held(v)
        refused("an alter_context behind calls in one segment, " + name, conn, conn.frame(
            CLIENT, call(100) + call(200, 3) + bind(SAMR, 4, dce.ALTER, 1)), "rpc-interface")
        conn = mapper(v)
        change = Change()
        passes("two questions in one segment, " + name, conn,
               conn.frame(CLIENT, ask(DRSUAPI, 2) + ask(NETLOGON, 3)))
        passes("two answers in one segment, " + name, conn,
               conn.frame(SERVER, answer(NETLOGON, 5500, 3) + answer(DRSUAPI, 49701, 2)))
        tap.equal("two questions, two pinholes, " + name, (2, 2),
                  change.of("epm-questions", "pinholes-opened"))
        conn = mapper(v)
        passes("of two questions in one segment the second is replaced, " + name, conn,
               conn.frame(CLIENT, ask(DRSUAPI, 2) + ask(SAMR, 3)),
               want=[[], [(72, ACK | PSH, ask(DRSUAPI, 2) +
                           ask(SAMR, 3).replace(SAMR.uuid.bytes_le, NOBODY))]])
    both(make)


def large():
    def make(v, name):
        conn = held(v)
        with Super("z0"):
            passes("a super-segment, " + name, conn,
                   conn.frame(CLIENT, call(45000), partial=True))
            refused("an alter_context at its end, " + name, conn, conn.frame(
                CLIENT, call(45000) + bind(SAMR, 4, dce.ALTER, 1), partial=True), "rpc-interface")
            conn = held(v)
            passes("an early super-segment, " + name, conn,
                   conn.frame(CLIENT, call(40000)[100:], at=172, partial=True))
            refused("one that fills the gap and goes on otherwise, " + name, conn, conn.frame(
                CLIENT, call(40000)[:30000] + b"x" * 3000, partial=True), "stream-changed")
            conn = mapper(v)
            text = b"".join(ask(DRSUAPI, i) for i in range(2, 16))
            passes("a question is replaced at the end of a super-segment, " + name, conn,
                   conn.frame(CLIENT, text + ask(SAMR, 17), partial=True),
                   want=[[], [(72, ACK | PSH, text + ask(SAMR, 17).replace(
                       SAMR.uuid.bytes_le, NOBODY))]])
        conn = held(v)
        with Super("z1"):
            passes("one of the server's, " + name, conn,
                   conn.frame(SERVER, call(45000, kind=dce.response), partial=True))
    both(make)


# ---- order, loss, retransmission, overlap

def reordering():
    def make(v, name):
        conn = held(v)
        text = call(600)
        change = Change()
        passes("early segments go on at once, " + name, conn,
               conn.frame(CLIENT, text[400:], at=472), conn.frame(CLIENT, text[200:400], at=272))
        passes("and what was in front of them, " + name, conn,
               conn.frame(CLIENT, text[:200], at=72))
        tap.equal("two of them came early, " + name, (2, 0), change.of("stream-early", "cuts"))
        conn.sent[CLIENT] = 72 + len(text)
        refused("they were read: the next PDU is found, " + name, conn,
                conn.frame(CLIENT, bind(SAMR, 5, dce.ALTER, 1)), "rpc-interface")
        conn = opened(v, PINNED)
        passes("the end of a refused bind, early, " + name, conn,
               conn.frame(CLIENT, BAD[30:], at=30))
        refused("what makes it whole, " + name, conn, conn.frame(CLIENT, BAD[:30], at=0),
                "rpc-interface")
        conn = opened(v, PINNED)
        passes("a whole refused bind, early, behind an allowed one, " + name, conn,
               conn.frame(CLIENT, bind(SAMR, 2, dce.ALTER, 1), at=72))
        refused("the allowed one, which makes it whole, " + name, conn,
                conn.frame(CLIENT, bind(LSARPC), at=0), "rpc-interface")
        conn = mapper(v)
        at = UUID_AT + 72
        passes("the end of a question, early, " + name, conn,
               conn.frame(CLIENT, ASK_BAD[UUID_AT - 3:], at=at - 3))
        refused("what makes it whole, and it cannot be replaced, " + name, conn,
                conn.frame(CLIENT, ASK_BAD[:UUID_AT - 3], at=72), "epm-interface")
        conn = mapper(v)
        conn.send(conn.frame(CLIENT, ASK_BAD[UUID_AT + 4:UUID_AT + 8], at=at + 4))
        refused("a question of which 4 bytes are out already, " + name, conn,
                conn.frame(CLIENT, ASK_BAD, at=72), "epm-interface")
        conn = opened(v, 135, MAPPER + ((CLIENT, ask(NETLOGON)),))
        text = answer(NETLOGON, 5600)
        change = Change()
        passes("the end of an answer, early, " + name, conn,
               conn.frame(SERVER, text[50:], at=conn.sent[SERVER] + 50))
        tap.equal("opens nothing yet, " + name, (0,), change.of("pinholes-opened"))
        passes("its beginning, " + name, conn, conn.frame(SERVER, text[:50]))
        tap.equal("opens the pinhole, " + name, (1,), change.of("pinholes-opened"))
    both(make)
    conn = opened(4, PINNED)
    text = BAD[:-2]
    for order in itertools.permutations(range(1, 4)):
        conn = opened(4, PINNED)
        parts = {i: conn.frame(CLIENT, text[i * 20:(i + 1) * 20], at=i * 20) for i in order}
        parts[3] = conn.frame(CLIENT, BAD[60:], at=60)
        passes("three parts of a refused bind, in order %d%d%d" % order, conn,
               *(parts[i] for i in order))
        refused("their beginning", conn, conn.frame(CLIENT, text[:20], at=0), "rpc-interface")


def again():
    def make(v, name):
        conn = opened(v, PINNED)
        text = bind(LSARPC)
        change = Change()
        same = conn.frame(CLIENT, text)
        passes("a retransmission, " + name, conn, same, same)
        passes("in other pieces, " + name, conn,
               *(conn.frame(CLIENT, text[a:b], at=a) for a, b in ((3, 40), (0, 9), (20, 72))))
        passes("with more behind it, " + name, conn, conn.frame(CLIENT, text + call(20), at=0))
        tap.equal("they are counted, " + name, (5, 0), change.of("stream-again", "cuts"))
        early = conn.frame(CLIENT, call(20), at=300)
        passes("early, twice, " + name, conn, early, early)
        passes("longer, " + name, conn, conn.frame(CLIENT, call(20) + b"more", at=300))
        conn = mapper(v)
        change = Change()
        whole = conn.frame(CLIENT, ask(DRSUAPI))
        passes("a question again, " + name, conn, whole, whole)
        whole = conn.frame(SERVER, answer(DRSUAPI, 49702))
        passes("an answer again, " + name, conn, whole, whole)
        tap.equal("is one question and one answer, " + name, (1, 1),
                  change.of("epm-questions", "pinholes-opened"))
        conn = opened(v, PINNED)
        conn.send(conn.frame(CLIENT, BAD[:40]))
        passes("what was lost behind the router, " + name, conn, conn.frame(CLIENT, BAD[:40], at=0))
        refused("the whole of it at once, " + name, conn, conn.frame(CLIENT, BAD, at=0),
                "rpc-interface")
    both(make)


def overlap():
    good, bad = bind(LSARPC), BAD

    def make(v, name):
        conn = opened(v, PINNED)
        conn.send(conn.frame(CLIENT, good))
        refused("other bytes, not yet acknowledged, " + name, conn, conn.frame(CLIENT, bad, at=0),
                "stream-changed")
        conn = opened(v, PINNED)
        conn.send(conn.frame(CLIENT, good[:50]))
        refused("over the end of what was read, with more, " + name, conn,
                conn.frame(CLIENT, bad[20:], at=20), "stream-changed")
        conn = opened(v, PINNED)
        conn.send(conn.frame(CLIENT, good[:50]), conn.frame(CLIENT, good[50:]))
        refused("one byte of many, " + name, conn,
                conn.frame(CLIENT, good[:49] + b"\xee" + good[50:], at=0), "stream-changed")
        for what, a, b in (("early, then another early", good, bad),
                           ("the same, the bad one first", bad, good)):
            conn = opened(v, PINNED)
            conn.send(conn.frame(CLIENT, a[20:], at=20))
            refused("%s, %s" % (what, name), conn, conn.frame(CLIENT, b[25:60], at=25),
                    "stream-changed")
            conn = opened(v, PINNED)
            conn.send(conn.frame(CLIENT, a[20:], at=20))
            refused("%s, in order over it, %s" % (what, name), conn,
                    conn.frame(CLIENT, b, at=0), "stream-changed")
            conn = opened(v, PINNED)
            conn.send(conn.frame(CLIENT, a[40:50], at=40))
            refused("%s, with a begin before and an end behind, %s" % (what, name), conn,
                    conn.frame(CLIENT, b[30:60], at=30), "stream-changed")
        conn = opened(v, PINNED)
        for at, end in (40, 50), (30, 60), (45, 55), (20, 45), (20, len(bad)):
            conn.send(conn.frame(CLIENT, bad[at:end], at=at))
        refused("pieces of pieces, read when the first byte comes, " + name, conn,
                conn.frame(CLIENT, bad[:20], at=0), "rpc-interface")
        conn = opened(v, 135, MAPPER + ((CLIENT, ask(DRSUAPI)),))
        conn.send(conn.frame(SERVER, answer(DRSUAPI, 49703)))
        refused("an answer with another port, " + name, conn, conn.frame(
            SERVER, answer(DRSUAPI, 49704), at=len(MAPPER[1][1])), "stream-changed")
        conn = opened(v, 135, MAPPER + ((CLIENT, ask(DRSUAPI)),))
        start = len(MAPPER[1][1])
        change = Change()
        conn.send(conn.frame(SERVER, answer(DRSUAPI, 49705)[80:], at=start + 80))
        refused("an answer over the early end of another, " + name, conn, conn.frame(
            SERVER, answer(DRSUAPI, 49706), at=start), "stream-changed")
        tap.equal("it opens nothing, " + name, (0,), change.of("pinholes-opened"))
    both(make)


def acknowledged():
    def make(v, name):
        conn = opened(v, PINNED, HELD[:1])
        conn.send(conn.frame(SERVER, flags=ACK))
        passes("other bytes where all is acknowledged, " + name, conn,
               conn.frame(CLIENT, BAD, at=0))
        conn = opened(v, PINNED, HELD[:1])
        conn.send(conn.frame(SERVER, flags=ACK, ack=40))
        passes("where the first of them are, " + name, conn,
               conn.frame(CLIENT, b"x" * 40 + bind(LSARPC)[40:], at=0))
        conn = opened(v, PINNED, HELD[:1])
        conn.send(conn.frame(SERVER, flags=ACK, ack=71))
        refused("where the last byte is not, " + name, conn,
                conn.frame(CLIENT, BAD[:-1] + b"\xee", at=0), "stream-changed")
        conn = opened(v, 135, MAPPER)
        conn.send(conn.frame(CLIENT, flags=ACK))
        passes("of the server, " + name, conn,
               conn.frame(SERVER, b"x" * len(MAPPER[1][1]), at=0))
    both(make)


def skipped():
    conn = held()
    text = call(400)
    conn.send(conn.frame(CLIENT, text))
    passes("other bytes in a stub that nobody reads", conn,
           conn.frame(CLIENT, text[:40] + b"\xee" * 100 + text[140:], at=72))
    refused("other bytes in its header", conn,
            conn.frame(CLIENT, text[:8] + struct.pack("<H", 100) + text[10:], at=72),
            "stream-changed")
    conn = held()
    conn.send(conn.frame(CLIENT, call(400) + call(10, 3)))
    refused("in the next header, behind others in the stub", conn, conn.frame(
        CLIENT, (call(400)[:-50] + b"\xee" * 50 + b"\5\0\x0e"), at=72), "stream-changed")


# ---- ends that end, or do not

def resets():
    def make(v, name):
        conn = held(v)
        passes("a reset that the server does not believe, " + name, conn,
               conn.frame(CLIENT, flags=RST | ACK, at=500))
        refused("what is said behind it is read, " + name, conn,
                conn.frame(CLIENT, bind(SAMR, 3, dce.ALTER, 1)), "rpc-interface")
        conn = held(v)
        passes("a reset for the server, " + name, conn, conn.frame(CLIENT, flags=RST))
        refused("what is said behind it, " + name, conn,
                conn.frame(CLIENT, bind(SAMR, 3, dce.ALTER, 1)), "rpc-interface")
        conn = held(v)
        text = call(100)
        conn.send(conn.frame(CLIENT, text[:16], flags=RST | ACK, at=72))
        refused("other bytes than those with a reset, " + name, conn, conn.frame(
            CLIENT, bind(SAMR, 3, dce.ALTER, 1), at=72), "stream-changed", waits=88)
    both(make)


def fins():
    def make(v, name):
        conn = held(v)
        passes("a call with a FIN, and its answer after it, " + name, conn,
               conn.frame(CLIENT, call(20), flags=FIN | ACK | PSH),
               conn.frame(SERVER, call(30, kind=dce.response)),
               conn.frame(SERVER, flags=FIN | ACK),
               conn.frame(CLIENT, flags=ACK, at=conn.sent[CLIENT] + 1))
        conn = held(v)
        refused("a refused alter_context with a FIN, " + name, conn, conn.frame(
            CLIENT, bind(SAMR, 3, dce.ALTER, 1), flags=FIN | ACK | PSH), "rpc-interface")
        conn = held(v)
        passes("a FIN too early, " + name, conn, conn.frame(CLIENT, flags=FIN | ACK, at=90))
        refused("an alter_context before it, " + name, conn, conn.frame(
            CLIENT, bind(SAMR, 3, dce.ALTER, 1), at=72), "rpc-interface")
        conn = held(v)
        passes("a FIN, " + name, conn, conn.frame(CLIENT, flags=FIN | ACK))
        refused("an alter_context where it stood, " + name, conn, conn.frame(
            CLIENT, bind(SAMR, 3, dce.ALTER, 1), at=72), "rpc-interface")
        conn = opened(v, 135, MAPPER + ((CLIENT, ask(DRSUAPI)),))
        change = Change()
        passes("half-close before the mapper answers, " + name, conn,
               conn.frame(CLIENT, flags=FIN | ACK),
               conn.frame(SERVER, answer(DRSUAPI, 49707)))
        tap.equal("the answer is read, " + name, (1,), change.of("pinholes-opened"))
        conn = mapper(v)
        conn.send(conn.frame(SERVER, flags=FIN | ACK))
        refused("the other half goes on and is read, " + name, conn,
                conn.frame(CLIENT, b"GET / HTTP/1.0"), "rpc-not-rpc")
    both(make)


def inserts():
    def make(v, name):
        conn = opened(v, PINNED)
        seen = conn.send(conn.frame(CLIENT, bind(LSARPC), ttl=2))
        tap.equal("a segment that dies behind the router passes, " + name, [bind(LSARPC)],
                  [s.data for s in seen])
        refused("what is meant to take its place, " + name, conn, conn.frame(CLIENT, BAD, at=0),
                "stream-changed")
        conn = opened(v, PINNED)
        seen = conn.send(conn.frame(CLIENT, BAD, ttl=1))
        tap.equal("one that dies at the router does not, " + name, [], seen)
        passes("another in its place, " + name, conn, conn.frame(CLIENT, bind(LSARPC), at=0))
        conn = opened(v, PINNED)
        conn.send(conn.frame(CLIENT, bind(LSARPC), ttl=1))
        refused("and is read, " + name, conn, conn.frame(CLIENT, BAD, at=0), "rpc-interface")
    both(make)
    # the server does not take it: no ACK flag, an ACK of what was never sent
    conn = opened(4, PINNED)
    conn.send(conn.frame(CLIENT, bind(LSARPC), flags=PSH))
    tap.equal("data without an ACK does not pass", bytearray(), conn.got[SERVER])


def set_checksum(value):
    subprocess.run(["sysctl", "-qw", "net.netfilter.nf_conntrack_checksum=%d" % value],
                   check=True)


def checksums():
    def make(v, name):
        conn = opened(v, PINNED)
        lost("a wrong checksum, " + name, conn,
             conn.frame(CLIENT, bind(LSARPC), spoil=1, at=0), "ct-invalid")
        refused("other bytes in its place are read, " + name, conn,
                conn.frame(CLIENT, BAD, at=0), "rpc-interface")
        set_checksum(0)
        conn = opened(v, PINNED)
        seen = conn.send(conn.frame(CLIENT, bind(LSARPC), spoil=1, at=0))
        tap.equal("nf_conntrack_checksum=0: a wrong one passes, " + name, [(bind(LSARPC), False)],
                  [(s.data, s.good) for s in seen])
        refused("other bytes in its place, " + name, conn, conn.frame(CLIENT, BAD, at=0),
                "stream-changed")
        conn = opened(v, PINNED)
        conn.send(conn.frame(CLIENT, bind(LSARPC), spoil=1, at=0))
        passes("the same bytes with a right one, " + name, conn,
               conn.frame(CLIENT, bind(LSARPC), at=0))
        set_checksum(1)
    both(make)


def urgent():
    def make(v, name):
        for end in CLIENT, SERVER:
            conn = held(v)
            kind = dce.request if end == CLIENT else dce.response
            refused("from end %d, %s" % (end, name), conn, conn.frame(
                end, call(40, kind=kind), flags=ACK | PSH | URG, urgent=3), "stream-urgent")
        conn = held(v)
        refused("without data, " + name, conn, conn.frame(
            CLIENT, flags=ACK | URG, urgent=1), "stream-urgent")
        conn = held(v)
        passes("a pointer without the flag, " + name, conn,
               conn.frame(CLIENT, call(40), urgent=7))
    both(make)


def wrap():
    for back in 1, 2, 40, 73, 100, 500:
        isn = (1 << 32) - back & 0xffffffff, (1 << 32) - back - 20 & 0xffffffff
        change = Change()
        conn = Ends(router, 4, isn=isn)
        passes("a mapper's conversation across 2^32, %d before" % back, conn, *conn.opening(),
               *conn.turns(QUESTION, in_pieces(33)))
        tap.equal("it opens the pinhole, %d before" % back, (1,), change.of("pinholes-opened"))
    isn = (1 << 32) - 100, (1 << 32) - 90
    conn = held(isn=isn)
    text = call(300)
    passes("early, across 2^32", conn, conn.frame(CLIENT, text[100:], at=172),
           conn.frame(CLIENT, text[:100], at=72))
    conn = held(isn=isn)
    conn.send(conn.frame(CLIENT, bind(LSARPC, 3, dce.ALTER, 1)))
    refused("other bytes across 2^32", conn,
            conn.frame(CLIENT, bind(SAMR, 3, dce.ALTER, 1), at=72), "stream-changed")
    conn = held(isn=((1 << 32) - 85, 7000))
    conn.send(conn.frame(CLIENT, bind(SAMR, 3, dce.ALTER, 1)[20:], at=92))
    refused("a gap across 2^32", conn,
            conn.frame(CLIENT, bind(SAMR, 3, dce.ALTER, 1)[:20], at=72), "rpc-interface")
    at = UUID_AT + 72 + 8
    conn = mapper(isn=((1 << 32) - at - 1, 7000))
    passes("a question whose UUID lies across 2^32", conn, conn.frame(CLIENT, ASK_BAD),
           want=[[], [(72, ACK | PSH, REPLACED)]])
    passes("again", conn, conn.frame(CLIENT, ASK_BAD[UUID_AT + 4:], at=72 + UUID_AT + 4),
           want=[[], [(72 + UUID_AT + 4, ACK | PSH, REPLACED[UUID_AT + 4:])]])


def probes():
    def make(v, name):
        conn = held(v)
        passes("the server's window is shut, a probe without data, one of a byte, " + name, conn,
               conn.frame(SERVER, flags=ACK, window=0),
               conn.frame(CLIENT, flags=ACK, at=conn.sent[CLIENT] - 1),
               conn.frame(CLIENT, b"\5", at=72), conn.frame(SERVER, flags=ACK, window=0),
               conn.frame(CLIENT, b"\5", at=72),
               conn.frame(SERVER, flags=ACK, window=65535))
        conn.sent[CLIENT] = 72
        passes("and then the call, " + name, conn, conn.frame(CLIENT, call(50)))
        conn = held(v)
        passes("keepalives with a byte of rubbish and without, " + name, conn,
               conn.frame(SERVER, flags=ACK),
               conn.frame(CLIENT, b"\0", at=71, flags=ACK), conn.frame(SERVER, flags=ACK),
               conn.frame(CLIENT, at=71, flags=ACK))
        conn.send(conn.frame(CLIENT, flags=ACK))
        passes("of the server, " + name, conn,
               conn.frame(SERVER, b"\0", at=conn.sent[SERVER] - 1, flags=ACK))
        conn = held(v)
        conn.send(conn.frame(SERVER, flags=ACK, window=0), conn.frame(CLIENT, b"\5", at=72))
        refused("after a probe of one byte another, " + name, conn,
                conn.frame(CLIENT, b"\4" + call(50)[1:], at=72), "stream-changed")
    both(make)


# ---- the beginning

def syn_data():
    def make(v, name):
        for port in 135, PINNED:
            conn = Ends(router, v, port)
            syn = conn.frame(CLIENT, bind(LSARPC), at=0, flags=SYN, options=WINDOW_SCALE)
            lost("data in the SYN, port %d, %s" % (port, name), conn, syn, "stream-syn-data")
            passes("without it goes on, port %d, %s" % (port, name), conn, *conn.opening(),
                   *conn.turns(MAPPER if port == 135 else HELD))
        conn = Ends(router, v, PINNED)
        conn.send(conn.opening()[0])
        lost("data in the SYN that comes again, " + name, conn,
             conn.frame(CLIENT, BAD, at=0, flags=SYN, options=WINDOW_SCALE), "stream-syn-data")
        conn = Ends(router, v, PINNED)
        passes("a cookie for it, " + name, conn, *conn.opening(
            (WINDOW_SCALE + b"\x22\x0a" + b"cookie!!", WINDOW_SCALE)))
        conn = Ends(router, v, PINNED)
        conn.send(conn.opening()[0])
        change = Change()
        conn.send(conn.frame(SERVER, b"hello", at=0, ack=0, flags=SYN | ACK, options=WINDOW_SCALE))
        tap.equal("data in the SYN+ACK does not pass, " + name,
                  (bytearray(), {"stream-syn-data": 1}, 0),
                  (conn.got[CLIENT], change.dropped(), *change.of("cuts")))
    both(make)


def mptcp():
    capable = b"\x1e\x0c\0\x81" + b"key_key_"

    def make(v, name):
        for option, where in ((capable, "first"), (b"\1\1" + capable, "behind others")):
            conn = Ends(router, v, PINNED)
            opening = conn.opening((option + WINDOW_SCALE, WINDOW_SCALE + option))
            change = Change()
            seen = conn.send(*opening)
            want = [[f.options.replace(capable, b"\1" * 12) for f in opening
                     if f.end == 1 - end] for end in (CLIENT, SERVER)]
            tap.equal("the option is blanked in SYN and SYN+ACK, %s, %s" % (where, name),
                      (want, True, {}), ([[s.options for s in seen if s.end == end]
                                          for end in (CLIENT, SERVER)],
                                         all(s.good for s in seen), change.dropped()))
        syn = conn.frame(CLIENT, flags=SYN, at=0, options=WINDOW_SCALE + b"\x1e\x0c")
        conn = Ends(router, v, PINNED)
        lost("an option longer than the header, " + name, conn, syn._replace(
            datagram=conn.frame(CLIENT, flags=SYN, at=0,
                                options=WINDOW_SCALE + b"\x1e\x0c\0\x81").datagram), "malformed")
    both(make)


def simultaneous():
    def make(v, name):
        conn = Ends(router, v, PINNED)
        conn.send(conn.opening()[0])
        lost("the server opens at once, " + name, conn,
             conn.frame(SERVER, at=0, flags=SYN, options=WINDOW_SCALE), "stream-open")
        passes("it answers after all, " + name, conn, *conn.opening()[1:], *conn.turns(HELD))
    both(make)


def forged():
    """By the client, in the server's name: such packets come from where the client is."""
    other = POLICY.replace("server dc in dmz", "hosts dc")
    zones = POLICY.replace("outside -> dc", "outside -> dmz").replace(
        "dc -> outside", "dmz -> outside").replace("server dc in dmz", "hosts dc")

    def make(v, name):
        router.load(zones)
        conn = opened(v, PINNED, HELD[:1])
        change = Change()
        conn.send(("z2", conn.frame(SERVER, flags=ACK).datagram))
        tap.equal("an ACK from a network of no zone does not pass, " + name, {"no-zone": 1},
                  change.dropped())
        router.load(zones + "zone more { z2 }\n")
        conn = opened(v, PINNED, HELD[:1])
        change = Change()
        conn.send(("z2", conn.frame(SERVER, flags=ACK).datagram))
        tap.equal("nor from another zone than the server's, " + name, {"revoked": 1},
                  change.dropped())
        refused("what it would acknowledge, changed, " + name, conn,
                conn.frame(CLIENT, BAD, at=0), "stream-changed")
        router.load(other)
        conn = opened(v, PINNED, HELD[:1])
        fake = conn.frame(SERVER, flags=ACK)
        change = Change()
        conn.send((WIRES[CLIENT], fake.datagram))
        refused("acknowledged by the client itself, then changed, " + name, conn,
                conn.frame(CLIENT, BAD, at=0), "stream-changed")
        tap.equal("the forged ACK did not pass, " + name, (1,), change.of("revoked"))
        other_zones = "zone more { z2 }\n" + other
        for what, text in ("numbers", other_zones), \
                ("names", other_zones.replace("outside", "outer").replace("dmz", "inner")):
            router.load(other)
            conn = held(v)
            router.load(text, flush=False)
            passes("another policy with other %s of zones, %s" % (what, name), conn,
                   conn.frame(CLIENT, call(20)), conn.frame(SERVER, call(10, kind=dce.response)))
            refused("which is still held, " + name, conn,
                    conn.frame(CLIENT, bind(SAMR, 3, dce.ALTER, 1)), "rpc-interface")
        router.load(other)
        conn = held(v)
        router.load(other.replace("allow outside -> dc : held", ""), flush=False)
        refused("a policy that does not allow it, " + name, conn, conn.frame(CLIENT, call(20)),
                "revoked")
        router.load(other)
    both(make)


def reuse():
    def finish(conn):
        conn.send(conn.frame(CLIENT, flags=FIN | ACK),
                  conn.frame(SERVER, flags=FIN | ACK, ack=conn.sent[CLIENT] + 1),
                  conn.frame(CLIENT, flags=ACK, at=conn.sent[CLIENT] + 1,
                             ack=conn.sent[SERVER] + 1))

    def reset(conn):
        conn.send(conn.frame(SERVER, flags=RST))

    def by_client(conn):
        conn.send(conn.frame(CLIENT, flags=RST))

    def make(v, name):
        for how, end in ("FINs", finish), ("the server's reset", reset), \
                ("the client's reset", by_client):
            conn = held(v)
            end(conn)
            new = Ends(router, v, PINNED, isn=(90000, 5000), mine=conn.ports[0])
            passes("the same ports after %s, %s" % (how, name), new, *new.opening(),
                   *new.turns(HELD))
            refused("are read anew after %s, %s" % (how, name), new,
                    new.frame(CLIENT, bind(SAMR, 3, dce.ALTER, 1)), "rpc-interface")
        conn = opened(v, PINNED)
        refused("a bind, " + name, conn, conn.frame(CLIENT, BAD), "rpc-interface")
        new = Ends(router, v, PINNED, isn=(90000, 5000), mine=conn.ports[0])
        lost("the first SYN after a refusal, " + name, new, new.opening()[0], "cut")
        passes("the second, and what follows, " + name, new, *new.opening(), *new.turns(HELD))
    both(make)


def reopening():
    """A reset that the server believes, and conntrack does not: so both ends may begin anew
    while conntrack still has the old connection."""
    def quiet(conn):
        conn.send(conn.frame(CLIENT, call(30)),
                  conn.frame(CLIENT, b"\0", at=71, flags=ACK))
        conn.send(conn.frame(CLIENT, flags=RST))

    def make(v, name):
        for what, isn in (("other numbers", (500000, 800000)), ("earlier ones", (10, 20)),
                          ("the same of the client", (1000, 800000)),
                          ("the same of the server", (500000, 7000))):
            conn = held(v)
            quiet(conn)
            new = Ends(router, v, PINNED, isn=isn, mine=conn.ports[0])
            new.send(*new.opening())
            refused("after a reset that conntrack does not believe, %s, %s" % (what, name), new,
                    new.frame(CLIENT, BAD), "rpc-interface")
        conn = Ends(router, v, PINNED)
        new = Ends(router, v, PINNED, isn=(1000, 99000), mine=conn.ports[0])
        conn.send(*conn.opening()[:2])
        passes("a server that answers with other numbers the second time, " + name, new,
               *new.opening(), *new.turns(HELD))
        refused("what follows is read, " + name, new,
                new.frame(CLIENT, bind(SAMR, 3, dce.ALTER, 1)), "rpc-interface")
        conn = Ends(router, v)
        conn.send(*conn.opening(), *conn.turns(QUESTION))
        conn = Ends(router, v, 49700)
        conn.send(*conn.opening(), *conn.turns([(CLIENT, bind(DRSUAPI)), (SERVER, accept())]))
        quiet(conn)
        postern("pinholes", "flush")
        new = Ends(router, v, 49700, isn=(500000, 800000), mine=conn.ports[0])
        new.send(new.opening()[0])
        lost("where no pinhole is any more, " + name, new, new.opening()[1], "no-pinhole")
        conn = held(v)
        passes("SYN and SYN+ACK once more, " + name, conn, *conn.opening()[:2])
    both(make)


# ---- IP

def fragments():
    def make(v, name):
        for order in itertools.permutations(range(3)):
            told = "%d%d%d, %s" % (*order, name)
            conn = opened(v, PINNED)
            change = Change()
            good = conn.frame(CLIENT, bind(LSARPC) + call(10))
            conn.send(*conn.pieces(good, order))
            tap.equal("passes: fragments in order " + told, (bytearray(good.data), {}),
                      (conn.got[SERVER], change.dropped()))
            conn = opened(v, PINNED)
            bad = conn.frame(CLIENT, bind(LSARPC) + bind(SAMR, 3, dce.ALTER, 1)[:60 + 12])
            refused("fragments in order " + told, conn, bad, "rpc-interface",
                    conn.pieces(bad, order, 56))
        conn = mapper(v)
        conn.send(*conn.pieces(conn.frame(CLIENT, ASK_BAD), (2, 0, 1), 64))
        tap.equal("a question in fragments is replaced, " + name, REPLACED,
                  bytes(conn.got[SERVER][72:]))
    both(make)


# ---- replaced questions

def replaced():
    def cut_again(conn, *cuts):
        """The question once more, cut otherwise."""
        edges = (0, *cuts, len(ASK_BAD))
        return [conn.frame(CLIENT, ASK_BAD[a:b], at=72 + a) for a, b in zip(edges, edges[1:])]

    def make(v, name):
        conn = mapper(v)
        change = Change()
        want = [[], [(72, ACK | PSH, REPLACED)]]
        passes("a question is replaced, " + name, conn, conn.frame(CLIENT, ASK_BAD), want=want)
        passes("again, " + name, conn, conn.frame(CLIENT, ASK_BAD, at=72), want=want)
        for cuts in ((UUID_AT,), (UUID_AT + 5,), (UUID_AT + 15, UUID_AT + 16), (10, UUID_AT + 8),
                     range(1, len(ASK_BAD))):
            frames = cut_again(conn, *cuts)
            passes("again in %d pieces, %s" % (len(frames), name), conn, *frames,
                   want=[[], [(f.at, ACK | PSH, REPLACED[f.at - 72:f.at - 72 + len(f.data)])
                              for f in frames]])
        tap.equal("it is one, " + name, (1, 1), change.of("epm-questions", "epm-replaced"))
        refused("what it was replaced by, from the client, " + name, conn,
                conn.frame(CLIENT, REPLACED, at=72), "stream-changed")
        conn = opened(v, 135, MAPPER)
        conn.send(conn.frame(CLIENT, ASK_BAD))
        change = Change()
        passes("the server's answer, " + name, conn, conn.frame(SERVER, answer(SAMR, 0)))
        passes("the connection goes on, " + name, conn, conn.frame(CLIENT, ask(DRSUAPI, 3)),
               conn.frame(SERVER, answer(DRSUAPI, 49708, 3)))
        tap.equal("only the second opens something, " + name, (1,), change.of("pinholes-opened"))
        conn = mapper(v)
        conn.send(conn.frame(CLIENT, ASK_BAD))
        change = Change()
        conn.send(conn.frame(SERVER, answer(SAMR, 49709)))
        tap.equal("a port for a replaced question opens nothing, " + name, (0,),
                  change.of("pinholes-opened"))
    both(make)
    conn = mapper()
    for i in range(4):
        conn.send(conn.frame(CLIENT, ask(SAMR, i + 2)))
    tap.equal("four replaced questions", REPLACED[24:] * 4, b"".join(
        bytes(conn.got[SERVER][72 + i * len(REPLACED):][24:len(REPLACED)]) for i in range(4)))
    refused("the fifth that is not acknowledged", conn, conn.frame(CLIENT, ask(SAMR, 6)),
            "epm-interface")
    conn = mapper()
    for i in range(4):
        conn.send(conn.frame(CLIENT, ask(SAMR, i + 2)))
    conn.send(conn.frame(SERVER, flags=ACK))
    passes("the fifth, when the others are", conn, conn.frame(CLIENT, ask(SAMR, 6)),
           want=[[], [(72 + 4 * len(REPLACED), ACK | PSH,
                       ask(SAMR, 6).replace(SAMR.uuid.bytes_le, NOBODY))]])
    passes("those that are acknowledged are left alone", conn,
           conn.frame(CLIENT, ask(SAMR, 3), at=72 + len(REPLACED)))
    conn = mapper()
    signed = b"".join(p.pack() for p in dce.request(2, 0, dce.EPT_MAP, dce.map_question(SAMR),
                                                    auth=dce.Auth(dce.CONNECT)))
    refused("a signed question cannot be", conn, conn.frame(CLIENT, signed), "epm-interface")


# ---- bounds

def full():
    conn = held()
    text = call(60000)
    for i in range(1024):
        conn.send(conn.frame(CLIENT, text[2 + i * 2:3 + i * 2], at=74 + i * 2))
    extra = conn.frame(CLIENT, text[4000:4100], at=72 + 4000)
    lost("the 1025th early segment", conn, extra, "stream-full")
    change = Change()
    passes("what fills the gaps", conn,
           *(conn.frame(CLIENT, text[i:i + 1000], at=72 + i) for i in (0, 1000, 2000)))
    passes("then it is let through", conn, extra)
    passes("and all between", conn, conn.frame(CLIENT, text[3000:4000], at=3072))
    conn.sent[CLIENT] = 72 + 4100
    for i in range(4100, len(text), 1400):
        conn.send(conn.frame(CLIENT, text[i:i + 1400]))
    tap.equal("and the rest", (text, {}), (bytes(conn.got[SERVER][72:]), change.dropped()))
    refused("behind which the next PDU is found", conn,
            conn.frame(CLIENT, bind(SAMR, 5, dce.ALTER, 1)), "rpc-interface")

    conn = held()
    passes("one early segment and parts of it, more often than there may be segments", conn,
           conn.frame(CLIENT, text[100:1500], at=172),
           *(conn.frame(CLIENT, text[100 + i:1500 - i % 7], at=172 + i) for i in range(1100)))
    conn = held()
    size = 40000
    with Super("z0"):
        for i in range((1 << 20) // size):
            conn.send(conn.frame(CLIENT, bytes(size), at=100 + i * size, partial=True))
        beyond = conn.frame(CLIENT, bytes(size), at=100 + (1 << 20) // size * size, partial=True)
        lost("more than 1 MiB of early bytes", conn, beyond, "stream-full")
        passes("early and small enough", conn,
               conn.frame(CLIENT, bytes(1000), at=beyond.at, partial=True))

    conn = mapper()
    cancel = dce.Pdu(dce.CANCEL, 9, b"").pack()
    text = cancel * 80
    frames = [conn.frame(CLIENT, text) for _ in range(65536 // len(text) - 1)]
    change = Change()
    conn.send(*frames)
    over = [conn.frame(CLIENT, text) for _ in range(3)]
    conn.send(*over)
    tap.equal("more than 64 KiB that are read and not acknowledged", True,
              set(change.dropped()) == {"stream-full"} and len(conn.got[SERVER]) < 65536 + 72)
    conn.send(conn.frame(SERVER, flags=ACK))
    change = Change()
    at = len(conn.got[SERVER])
    all_ = b"".join(f.data for f in frames + over)
    conn.send(conn.frame(CLIENT, all_[at - 72:at - 72 + 1280], at=at),
              conn.frame(CLIENT, all_[at - 72 + 1280:], at=at + 1280))
    tap.equal("go on when they are", (all_, {}), (bytes(conn.got[SERVER][72:]), change.dropped()))


def full_of_all():
    """32 MiB of early bytes of all connections together."""
    size = 60000
    most = (1 << 20) // size
    with Super("z0"):
        conns = []
        for _ in range((64 << 20) // (most * size) + 1):
            conn = Ends(router, 4, PINNED)
            frames = conn.opening() + conn.turns(HELD[:2])
            frames += [conn.frame(CLIENT, bytes(size), at=100 + i * size, partial=True)
                       for i in range(most)]
            router.send(*(f.wire() for f in frames[:-1]))
            conns.append((conn, frames[-1]))
        change = Change()
        for conn, last in conns:
            router.send(last.wire())
        tap.equal("32 MiB of early bytes of all connections", True,
                  change.of("stream-full")[0] > 0 and change.of("cuts") == (0,))
        # what is left is too small for those
        small = held()
        change = Change()
        small.send(*(small.frame(CLIENT, bytes(1), at=100 + i * 2) for i in range(900)))
        tap.equal("with small ones as well", True, change.of("stream-full")[0] > 0)
        conn = mapper()
        cancels = dce.Pdu(dce.CANCEL, 9, b"").pack() * 80
        passes("what comes in order does not wait for them", conn,
               *(conn.frame(CLIENT, cancels) for _ in range(8)))
    flush_conntrack()
    # house work lets go of them
    end = time.monotonic() + 60
    while inspected() and time.monotonic() < end:
        time.sleep(0.1)
    tap.equal("which are given back", 0, inspected())


def one_in_many():
    """A segment of which only every other byte is new takes memory once."""
    size = 60000
    with Super("z0"):
        conns = [held() for _ in range(2)]
        for conn in conns:
            conn.send(*(conn.frame(CLIENT, bytes(1), at=100 + i * 150)
                        for i in range(size // 150)))
            passes("over %d early bytes" % (size // 150), conn,
                   conn.frame(CLIENT, bytes(size), at=100, partial=True))
        passes("others have early bytes as well", conns[0],
               conns[0].frame(CLIENT, bytes(1000), at=200 + size))
    flush_conntrack()


def reloaded():
    """A policy that says the same of a connection, whatever it says of others."""
    plain_there = POLICY + "zone other { z9 }\nallow other -> dc : tcp any\n"
    for v in 4, 6:
        router.load(POLICY)
        conn, asking = held(v), mapper(v)
        change = Change()
        router.load(plain_there, flush=False)
        passes("a held connection goes on, IPv%d" % v, conn, conn.frame(CLIENT, call(100)))
        passes("a mapper's as well, IPv%d" % v, asking, asking.frame(CLIENT, ask(DRSUAPI)))
        tap.equal("neither was resumed, IPv%d" % v, (0, 0), change.of("rpc-resumed", "cuts"))
        refused("it is held to its interface, IPv%d" % v, conn,
                conn.frame(CLIENT, bind(SAMR, 5, dce.ALTER, 1)), "rpc-interface")
        flush_conntrack()


def forget(text=POLICY):
    """As after a reload of the module: conntrack knows the connections, nobody else does."""
    postern("unload")
    router.load(text, flush=False)


def unknown(name, conn, frame):
    """Both ends are reset, and it is not one of ours that was cut."""
    change = Change()
    seen = conn.send(frame)
    tap.equal("stream-unknown: " + name, ([(CLIENT, RST, b""), (SERVER, RST, b"")],
                                          {"stream-unknown": 1}, (0, 0)),
              (sorted((s.end, s.flags & (RST | PSH), s.data) for s in seen), change.dropped(),
               change.of("rpc-resumed", "cuts")))


def resumed():
    """Connections that are older than what is known of them."""
    alter = bind(SAMR, 9, dce.ALTER, 1)
    junk = b"\xee" * 1024
    most = 65536 // len(junk)

    def make(v, name):
        router.load(POLICY)
        conn = held(v)
        forget()
        change = Change()
        passes("a held connection goes on, " + name, conn, conn.frame(CLIENT, call(100)))
        tap.equal("as resumed, " + name, (1, 0), change.of("rpc-resumed", "rpc-flows"))
        refused("and is held again, " + name, conn, conn.frame(CLIENT, alter), "rpc-interface")
        conn = held(v)
        forget()
        passes("the server's side is found, " + name, conn,
               conn.frame(SERVER, call(200, kind=dce.response)))
        refused("and read, " + name, conn, conn.frame(SERVER, b"HTTP/1.1 400 Bad"), "rpc-not-rpc")
        conn = held(v)
        text = call(3000)
        conn.send(conn.frame(CLIENT, text[:1000]))
        forget()
        passes("in the middle of a PDU, " + name, conn, conn.frame(CLIENT, text[1000:2000]),
               conn.frame(CLIENT, text[2000:]), conn.frame(CLIENT, call(10, 3)))
        refused("it is found where one begins, " + name, conn, conn.frame(CLIENT, alter),
                "rpc-interface")
        for end in CLIENT, SERVER:
            conn = held(v)
            forget()
            passes("64 KiB without a header from end %d, %s" % (end, name), conn,
                   *(conn.frame(end, junk) for _ in range(most)))
            passes("do not count for the other end, %d, %s" % (end, name), conn,
                   conn.frame(1 - end, junk))
            refused("one byte more from end %d, %s" % (end, name), conn, conn.frame(end, b"\xee"),
                    "stream-unknown")
        conn = held(v)
        forget()
        conn.send(*(conn.frame(CLIENT, junk) for _ in range(most)))
        passes("a header behind 64 KiB without one, " + name, conn, conn.frame(CLIENT, call(10)))
        refused("from there on it is held, " + name, conn, conn.frame(CLIENT, alter),
                "rpc-interface")
        conn = mapper(v)
        forget()
        unknown("a mapper's connection, " + name, conn, conn.frame(CLIENT, ask(DRSUAPI)))
        conn = held(v)
        forget(POLICY.replace("remember no", "remember no resume refuse"))
        unknown("where the policy has none resumed, " + name, conn,
                conn.frame(CLIENT, call(100)))
        flush_conntrack()
    both(make)


class Limit:
    """So many connections may be inspected."""
    path = "/sys/module/postern/parameters/max_inspected"

    def __init__(self, most):
        self.most = most

    def __enter__(self):
        with open(self.path) as f:
            self.before = f.read()
        self.write(str(self.most))

    def __exit__(self, *_):
        self.write(self.before)

    def write(self, text):
        with open(self.path, "w") as f:
            f.write(text)


def full_of_flows():
    """Those that nobody answers do not keep others away; those that live do."""
    with Limit(64):
        change = Change()
        never = []
        for _ in range(200):
            never.append(Ends(router, 4))
            router.send(*(f.wire() for f in never[-1].opening()[:2]))
        conn = Ends(router, 4)
        passes("a connection behind 200 that were never answered", conn, *conn.opening(),
               *conn.turns(QUESTION))
        tap.equal("of those a quarter of all is kept", (185, 16, {}),
                  (*change.of("rpc-evicted"), inspected(), change.dropped()))
        lost("one that answers when it is forgotten is not taken for an old one", never[0],
             never[0].frame(CLIENT, flags=ACK), "tcp-no-flow")
        lives = [opened(4, PINNED, HELD) for _ in range(64 - inspected())]
        change = Change()
        conn = Ends(router, 4, PINNED)
        seen = conn.send(*conn.opening()[:2])
        tap.equal("flows-full: one more than may be", ([(0, SYN, b"")], {"flows-full": 1}),
                  ([s.what() for s in seen], change.dropped()))
        passes("the others go on", lives[0], lives[0].frame(CLIENT, call(100)))
    flush_conntrack()


def inspected():
    """How many connections are."""
    return json.loads(postern("status", "--json"))["inspected"]


# ---- what only the whole of it shows

def hazards():
    """Of parsers, but shown by what opens and who is reset."""
    def make(v, name):
        def no_door(what, port):
            conn = Ends(router, v, port)
            change = Change()
            seen = conn.send(conn.opening()[0])
            tap.equal("%s: port %d stays closed, %s" % (what, port, name),
                      ([], True), (seen, bool(change.of("no-pinhole", "no-rule") != (0, 0))))

        def asked(question=ask(DRSUAPI)):
            return opened(v, 135, MAPPER + ((CLIENT, question),))
        conn = asked()
        refused("the answer to another call, " + name, conn,
                conn.frame(SERVER, answer(DRSUAPI, 49800, 3)), "rpc-call")
        no_door("the answer to another call", 49800)
        conn = asked()
        conn.send(conn.frame(SERVER, answer(DRSUAPI, 49710)))
        refused("a second answer, " + name, conn, conn.frame(SERVER, answer(DRSUAPI, 49801)),
                "rpc-call")
        no_door("a second answer", 49801)
        conn = mapper(v)
        refused("an answer before the question, " + name, conn,
                conn.frame(SERVER, answer(DRSUAPI, 49802)), "rpc-call")
        no_door("an answer before the question", 49802)
        conn = asked()
        refused("an answer for another interface, " + name, conn,
                conn.frame(SERVER, answer(NETLOGON, 5900)), "epm-other")
        no_door("an answer for another interface", 5900)
        for port in 1, 135, 445, 1023:
            conn = asked()
            change = Change()
            passes("an answer with port %d, %s" % (port, name), conn,
                   conn.frame(SERVER, answer(DRSUAPI, port)))
            tap.equal("port %d opens nothing, %s" % (port, name), (0,),
                      change.of("pinholes-opened"))
        no_door("an answer with a low port", 445)
        change = Change()
        conn = asked(ask(NETLOGON))
        passes("a port that the policy does not have for it, " + name, conn,
               conn.frame(SERVER, answer(NETLOGON, 6001)))
        no_door("a port out of range", 6001)
        for port in 49900, 49907:
            conn = asked()
            changed = Change()
            passes("port %d, at which others have a plain service, %s" % (port, name), conn,
                   conn.frame(SERVER, answer(DRSUAPI, port)))
            tap.equal("port %d opens nothing, %s" % (port, name), (0, 1),
                      changed.of("pinholes-opened", "pinholes-owned"))
            no_door("a port of another service", port)
        for port in 49803, PINNED:
            conn = asked(ask(LSARPC))
            passes("port %d for a pinned interface, %s" % (port, name), conn,
                   conn.frame(SERVER, answer(LSARPC, port)))
        no_door("a pinned interface elsewhere", 49803)
        tap.equal("neither opens anything, " + name, (0,), change.of("pinholes-opened"))
        for port in 135, PINNED:
            conn = opened(v, port)
            refused("the server of port %d speaks first, %s" % (port, name), conn,
                    conn.frame(SERVER, accept()), "rpc-server-first")
        conn = asked()
        conn.send(conn.frame(SERVER, answer(DRSUAPI, 49711)))
        conn = Ends(router, v, 49711, isn=(5, 6))
        passes("what was handed out opens, " + name, conn, *conn.opening())
        refused("to its interface only, " + name, conn, conn.frame(CLIENT, bind(NETLOGON)),
                "rpc-interface")
    both(make)


GROUPS = (plain, single_bytes, boundaries, together, large, reordering, again, overlap,
          acknowledged, skipped, resets, fins, inserts, checksums, urgent, wrap, probes, syn_data,
          mptcp, simultaneous, forged, reuse, reopening, fragments, replaced, full,
          full_of_all, full_of_flows, one_in_many, reloaded, resumed, hazards)


def main():
    import evasion_mail
    groups = [(g, POLICY) for g in GROUPS] + [(g, evasion_mail.POLICY) for g in evasion_mail.GROUPS]
    for group, policy in groups:
        if len(sys.argv) == 1 or group.__name__ in sys.argv[1:]:
            router.load(policy)
            flush_conntrack()
            group()
    tap.done()


main()
