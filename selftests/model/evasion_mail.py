# SPDX-License-Identifier: GPL-2.0
"""The same of SMTP, segment by segment: what is refused never reaches the server whole, the
client is told in the server's place, and nothing that passes is changed. See evasion.py."""
import struct
import time

from craft import ACK, FIN, PSH, RST, SYN, URG
from ends import CLIENT, SERVER, Ends
from verdicts import (Change, Super, both, in_pieces, lost, opened, passes, refused, router,
                      sides, tap)

POLICY = """
zone outside { z0 }
zone dmz { z1 }
server mail in dmz { 10.0.1.1, 2001:db8:0:1::1 }
inspect strict {
    deny commands vrfy, etrn
    message size 100K
}
allow outside -> mail : smtp inspect strict
"""
GREETING = b"220 mx\r\n"
HELLO = (SERVER, GREETING), (CLIENT, b"EHLO me\r\n"), (SERVER, b"250-mx\r\n250 CHUNKING\r\n")
MAIL = (CLIENT, b"MAIL FROM:<a@b.c>\r\n"), (SERVER, b"250 well\r\n"), \
    (CLIENT, b"RCPT TO:<a@b.c>\r\n"), (SERVER, b"250 well\r\n")
DATA = (CLIENT, b"DATA\r\n"), (SERVER, b"354 go on\r\n")
TEXT = (CLIENT, b"Subject: x\r\n\r\n..\r\nbody\r\n.\r\n"), (SERVER, b"250 taken\r\n")
DENIED = b"502 5.5.1 Command not allowed\r\n"
TOO_BIG = b"552 5.3.4 Message too big\r\n"
SMUGGLED = b"554 5.5.2 Lone dot without CR LF\r\n"
EARLY = b"554 5.5.1 Sent before the answer\r\n"


def conversation(v=4, turns=HELLO, **more):
    return opened(v, 25, turns, **more)


def what(seen):
    return [[(s.at, s.ack, s.flags, s.data) for s in seen if s.end == end]
            for end in (CLIENT, SERVER)]


def reply_of(conn, text, at):
    """The frame that tells the client, who is acknowledged up to @at."""
    return len(conn.got[CLIENT]), at, FIN | PSH | ACK, text


def told(name, conn, frame, reason, text, at=None, before=(), reasons=None):
    """The client is told, the server is reset; what arrives there of it before, if any."""
    change = Change()
    at = frame.at if at is None else at
    want = [[reply_of(conn, text, at)], list(before) + [(at, 0, RST, b"")]]
    seen = conn.send(frame)
    return tap.equal("%s: %s" % (reason, name), (want, reasons or {reason: 1}, 1, True),
                     (what(seen), change.dropped(), *change.of("smtp-told"),
                      all(s.good for s in seen)))


def held_back(name, conn, frame, reason, at):
    """What is before @at arrives, nothing else, and nobody is told yet."""
    change = Change()
    seen = conn.send(frame)
    data = frame.data[:at - frame.at]
    flags = frame.flags & ~FIN
    return tap.equal("%s: %s" % (reason, name), ([[], [(frame.at, frame.ack, flags, data)]],
                                                 {reason: 1}, 0, True),
                     (what(seen), change.dropped(), *change.of("smtp-told"),
                      all(s.good for s in seen)))


def nothing(name, conn, *frames):
    seen = conn.send(*frames)
    return tap.equal("nothing arrives: " + name, [[], []], what(seen))


def reset_to(name, conn, frame, end, at):
    """Only a reset arrives, at @end."""
    seen = conn.send(frame)
    want = [[], []]
    want[end] = [(at, 0, RST, b"")]
    return tap.equal("reset: " + name, want, what(seen))


def mail_plain():
    def make(v, name):
        change = Change()
        turns = HELLO + MAIL + DATA + TEXT + MAIL + ((CLIENT, b"QUIT\r\n"), (SERVER, b"221 bye\r\n"))
        conn = Ends(router, v, 25)
        passes("a conversation, " + name, conn, *conn.opening(), *conn.turns(turns))
        passes("its end, " + name, conn, conn.frame(SERVER, flags=FIN | ACK),
               conn.frame(CLIENT, flags=FIN | ACK))
        conn = Ends(router, v, 25)
        passes("byte by byte, " + name, conn, *conn.opening(), *conn.turns(turns, in_pieces(1)))
        tap.equal("both are counted, and nobody is told, " + name, (2, 0, 0),
                  change.of("smtp-flows", "smtp-told", "cuts"))
    both(make)


def mail_told():
    """What becomes of a connection whose client was told."""
    def make(v, name):
        conn = conversation(v)
        at = conn.sent[CLIENT]
        frame = conn.frame(CLIENT, b"VRFY x\r\n")
        told("a command, " + name, conn, frame, "smtp-command", DENIED)
        server = len(conn.got[CLIENT]) - len(DENIED)
        end = server + len(DENIED) + 1
        # the reply was lost
        again, until = [], time.monotonic() + 5
        while not again and time.monotonic() < until:
            again = conn.send(conn.frame(CLIENT, b"VRFY x\r\n", at=at, ack=server))
        tap.equal("who asks again is told again, " + name,
                  [[(server, at, FIN | PSH | ACK, DENIED)], []], what(again))
        seen = conn.send(conn.frame(CLIENT, b"VRFY x\r\nQUIT\r\n", at=at, ack=end))
        tap.equal("who has it is acknowledged, " + name, [[(end, at + 14, ACK, b"")], []],
                  what(seen))
        nothing("an acknowledgement alone, " + name, conn,
                conn.frame(CLIENT, at=at + 14, ack=end, flags=ACK))
        seen = conn.send(conn.frame(CLIENT, b"more", at=at + 20, ack=end))
        tap.equal("not beyond a gap, " + name, [[(end, at + 14, ACK, b"")], []], what(seen))
        seen = conn.send(conn.frame(CLIENT, at=at + 14, ack=end, flags=FIN | ACK))
        tap.equal("its end is, " + name, [[(end, at + 15, ACK, b"")], []], what(seen))
        reset_to("the server is, where it is, " + name, conn,
                 conn.frame(SERVER, at=server, ack=at - 3, flags=ACK), SERVER, at - 3)
        nothing("resets, " + name, conn, conn.frame(SERVER, at=server, flags=RST),
                conn.frame(CLIENT, at=at + 15, flags=RST | ACK, ack=end))
        conn = conversation(v)
        stamp = b"\x01\x01\x08\x0a" + struct.pack("!II", 1111, 2222)
        seen = conn.send(conn.frame(CLIENT, b"VRFY x\r\n", options=stamp))
        tap.equal("timestamps, where there are some, " + name,
                  [b"\x01\x01\x08\x0a" + struct.pack("!II", 2222, 1111), b""],
                  [s.options for s in sorted(seen, key=lambda s: s.end)])
    both(make)


def mail_boundaries():
    """Cut at each byte: the server never has the end of what is refused."""
    def every(v, turns, data, begin, text, reason):
        wrong = []
        for at in range(1, len(data)):
            conn = conversation(v, turns)
            start = conn.sent[CLIENT]
            first = conn.frame(CLIENT, data[:at])
            change = Change()
            seen = conn.send(first)
            if not change.of("smtp-told")[0]:
                if sides(seen) != sides([first], True):
                    wrong.append((at, "first", what(seen)))
                    continue
                rest = conn.frame(CLIENT, data[at:])
                seen = conn.send(rest)
                cut_at = start + max(at, begin)
            else:
                cut_at = start + begin
            arrived = bytes(conn.got[SERVER][start:])
            want = [(reply_of(conn, text, cut_at))]
            want[0] = (len(conn.got[CLIENT]) - len(text), *want[0][1:])
            if what(seen)[0] != want or len(arrived) > max(at, begin) or \
                    change.dropped() != {reason: 1}:
                wrong.append((at, what(seen), arrived, change.dropped()))
        tap.equal("cut at each byte: %r, IPv%d" % (data, v), [], wrong[:2])

    for v in 4, 6:
        every(v, HELLO, b"VRFY x\r\n", 0, DENIED, "smtp-command")
        every(v, HELLO + MAIL + DATA, b"a\r\n.\nMAIL", 4, SMUGGLED, "smtp-smuggling")


def mail_overlap():
    def make(v, name):
        conn = conversation(v)
        at = conn.sent[CLIENT]
        conn.send(conn.frame(CLIENT, b"NOOP x\r\n"))
        refused("another command in its place, " + name, conn,
                conn.frame(CLIENT, b"VRFY x\r\n", at=at), "stream-changed")
        conn = conversation(v, HELLO + MAIL + DATA)
        at = conn.sent[CLIENT]
        conn.send(conn.frame(CLIENT, b"a" * 1000))
        refused("the end of a text in its place, " + name, conn,
                conn.frame(CLIENT, b"a" * 500 + b"\r\n.\r\nVRFY x\r\n", at=at), "stream-changed")
        conn = conversation(v)
        at = conn.sent[CLIENT]
        conn.send(conn.frame(CLIENT, b"NOOP\r\n", at=at + 6))
        refused("another early one, " + name, conn,
                conn.frame(CLIENT, b"VRFY\r\n", at=at + 6), "stream-changed")
        conn = conversation(v)
        at = conn.sent[CLIENT]
        held_back("behind what is owed, " + name, conn,
                  conn.frame(CLIENT, b"NOOP x\r\nVRFY x\r\n"), "smtp-command", at + 8)
        refused("what was held back is compared as well, " + name, conn,
                conn.frame(CLIENT, b"ETRN x\r\nVRFY x\r\n", at=at), "stream-changed")
    both(make)


def mail_reordering():
    def make(v, name):
        conn = conversation(v)
        at = conn.sent[CLIENT]
        passes("what comes early, " + name, conn, conn.frame(CLIENT, b"VRFY x\r\n", at=at + 6))
        told("before it is acted on, " + name, conn, conn.frame(CLIENT, b"NOOP\r\n", at=at),
             "smtp-command", DENIED)
        conn = conversation(v)
        at = conn.sent[CLIENT]
        conn.send(conn.frame(CLIENT, b"FY x\r\n", at=at + 8))
        told("half of a command, " + name, conn, conn.frame(CLIENT, b"NOOP\r\nVR", at=at),
             "smtp-command", DENIED)
        conn = conversation(v)
        at = conn.sent[CLIENT]
        parts = b"MAIL FROM:<a@b.c>\r\n", b"RCPT TO:<a@b.c>\r\n"
        passes("in whatever order, " + name, conn,
               conn.frame(CLIENT, parts[1], at=at + len(parts[0])),
               conn.frame(CLIENT, parts[0], at=at))
        # the same bytes again, live: but the server has them already
        conn = conversation(v)
        at = conn.sent[CLIENT]
        conn.send(conn.frame(CLIENT, b"VRFY x\r\n", at=at + 6))
        told("what is early as well, " + name, conn,
             conn.frame(CLIENT, b"NOOP\r\nVRFY x\r\n", at=at), "smtp-command", DENIED)
        conn = conversation(v)
        lost("an end that comes early, " + name, conn,
             conn.frame(CLIENT, b"", at=conn.sent[CLIENT] + 4, flags=FIN | ACK), "stream-full")
        conn.sent[CLIENT] = len(conn.got[SERVER])
        refused("a command that only the end would complete, " + name, conn,
                conn.frame(CLIENT, b"VRFY", flags=FIN | ACK), "smtp-unfollowed")
    both(make)


def mail_owed():
    """The client is told behind the answers to what came before."""
    both_ = b"MAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\n"

    def make(v, name):
        def begun():
            conn = conversation(v)
            at = conn.sent[CLIENT]
            held_back("behind commands, " + name, conn,
                      conn.frame(CLIENT, both_ + b"VRFY x\r\nQUIT\r\n"), "smtp-command",
                      at + len(both_))
            return conn, at + len(both_)

        def finish(conn, at, how):
            told(how + ", " + name, conn,
                 conn.frame(CLIENT, b"VRFY x\r\nQUIT\r\n", at=at), "cut", DENIED)

        conn, at = begun()
        passes("what came before, again, " + name, conn,
               conn.frame(CLIENT, both_, at=at - len(both_)))
        seen = conn.send(conn.frame(CLIENT, both_ + b"VRFY x\r\n", at=at - len(both_)))
        tap.equal("and no more, " + name, [[], [(at - len(both_), both_)]],
                  [[(s.at, s.data) for s in seen if s.end == e] for e in (CLIENT, SERVER)])
        passes("the first answer, " + name, conn, conn.frame(SERVER, b"250 one\r\n"))
        seen = conn.send(conn.frame(CLIENT, at=at, flags=ACK))
        tap.equal("is not enough, " + name, [[], [(at, b"")]],
                  [[(s.at, s.data) for s in seen if s.end == e] for e in (CLIENT, SERVER)])
        passes("the second, byte by byte, " + name, conn,
               *(conn.frame(SERVER, bytes([b])) for b in b"250-two\r\n250 two\r\n"))
        got = len(conn.got[CLIENT])
        seen = conn.send(conn.frame(CLIENT, b"VRFY x\r\n", at=at, ack=got - 1))
        tap.equal("not before the client has them, " + name, [[], [(at, b"")]],
                  [[(s.at, s.data) for s in seen if s.end == e] for e in (CLIENT, SERVER)])
        start = got - len(b"250 two\r\n")
        passes("who lost it gets it again, " + name, conn,
               conn.frame(SERVER, b"250 two\r\n", at=start))
        finish(conn, at, "then he is told")

        conn, at = begun()
        start = conn.sent[SERVER]
        seen = conn.send(conn.frame(SERVER, b"250 one\r\n250 two\r\n421 and more\r\n",
                                    flags=ACK | PSH | FIN))
        tap.equal("what the server says behind does not arrive, " + name,
                  [[(start, ACK | PSH, b"250 one\r\n250 two\r\n")], []], sides(seen))
        finish(conn, at, "behind two answers in one segment")

        conn, at = begun()
        start = conn.sent[SERVER]
        conn.send(conn.frame(SERVER, b"250 two\r\n", at=start + 9))
        conn.send(conn.frame(SERVER, b"250 one\r\n", at=start))
        finish(conn, at, "behind answers out of order")

        conn, at = begun()
        conn.send(conn.frame(SERVER, b"421 busy\r\n"))
        finish(conn, at, "behind a server that closes")

        conn, at = begun()
        start = conn.sent[SERVER]
        seen = conn.send(conn.frame(SERVER, b"250 one\r\n", flags=ACK | PSH | FIN))
        tap.equal("the server's end does not arrive, " + name,
                  [[(start, ACK | PSH, b"250 one\r\n")], []], sides(seen))
        finish(conn, at, "behind a server that has closed")

        conn, at = begun()
        refused("what came before, again, with an urgent byte, " + name, conn, conn.frame(
            CLIENT, both_, at=at - len(both_), flags=ACK | URG, urgent=3), "stream-urgent",
                waits=at)

        conn, at = begun()
        refused("what is no answer, " + name, conn, conn.frame(SERVER, b"hello\r\n"),
                "smtp-reply")

        conn, at = begun()
        passes("a server that resets, " + name, conn, conn.frame(SERVER, flags=RST))
    both(make)


def mail_text():
    def make(v, name):
        conn = conversation(v, HELLO + MAIL + DATA)
        at = conn.sent[CLIENT]
        conn.send(conn.frame(CLIENT, b"a" * 1000, flags=ACK))
        told("in the middle of a text, " + name, conn,
             conn.frame(CLIENT, b"a\r\n.\nMAIL FROM:<x@y>\r\n"), "smtp-smuggling", SMUGGLED,
             at + 1004)
        conn = conversation(v)
        start = conn.sent[CLIENT]
        data = MAIL[0][1] + MAIL[2][1]
        conn.send(*conn.turns(MAIL, start=conn.sent))
        held_back("text that nobody asked for, " + name, conn,
                  conn.frame(CLIENT, b"DATA\r\nSubject: x\r\n"), "smtp-pipeline",
                  start + len(data) + 6)
        conn.send(conn.frame(SERVER, b"354 go on\r\n"))
        told("once the answer is there, " + name, conn,
             conn.frame(CLIENT, at=start + len(data) + 6, flags=ACK), "cut", EARLY)
        conn = conversation(v, HELLO + MAIL + DATA)
        change = Change()
        at = conn.sent[CLIENT]
        frames = [conn.frame(CLIENT, bytes([65 + i % 26]) * 1000, flags=ACK) for i in range(102)]
        passes("as much as there may be, " + name, conn, *frames)
        tap.equal("none was dropped, " + name, (0,), change.of("stream-full"))
        # RFC 1870: without the . CR LF at its end
        told("too much, " + name, conn, conn.frame(CLIENT, b"z" * 1000, flags=ACK), "smtp-size",
             TOO_BIG, at + 102400 + 3)
    both(make)


def mail_large():
    def make(v, name):
        conn = conversation(v, HELLO + MAIL + DATA)
        text = b"x" * 998 + b"\r\n"
        with Super("z0"):
            passes("a super-segment of text, " + name, conn,
                   conn.frame(CLIENT, text * 40, flags=ACK, partial=True))
            end = conn.sent[CLIENT] + 20000 + 3
            held_back("commands at the end of one, " + name, conn, conn.frame(
                CLIENT, text * 20 + b".\r\n" + b"VRFY x\r\n" * 2000, flags=ACK,
                partial=True), "smtp-command", end)
            conn.send(conn.frame(SERVER, b"250 taken\r\n"))
            told("once the message is taken, " + name, conn, conn.frame(
                CLIENT, b"VRFY x\r\n" * 2000, at=end, flags=ACK, partial=True), "cut", DENIED)
            # which is read in pieces of 4,096 bytes
            for before in 2, 6:
                conn = conversation(v, HELLO)
                at = conn.sent[CLIENT] + 4096 - before
                lines = (b"NOOP " + b"x" * 1011 + b"\r\n") * 4
                lines += b"NOOP" + b"x" * (4096 - before - len(lines) - 6) + b"\r\n"
                held_back("a command that begins %d bytes before a piece, %s" % (before, name),
                          conn, conn.frame(CLIENT, lines + b"VRFY x\r\n", flags=ACK,
                                           partial=True), "smtp-command", at)
    both(make)


def mail_full():
    """Of a text that is not acknowledged, a bounded part is kept to compare with."""
    def make(v, name):
        router.load(POLICY.replace("message size 100K", ""))
        conn = conversation(v, HELLO + MAIL + DATA)
        text = b"y" * 1000
        change, at = Change(), conn.sent[CLIENT]
        while not change.of("stream-full")[0] and conn.sent[CLIENT] < at + 4000000:
            conn.send(*(conn.frame(CLIENT, text, flags=ACK) for _ in range(64)))
        many = conn.sent[CLIENT] - at
        tap.result(450000 < many < 600000, "about half a MiB goes on unacknowledged, " + name,
                   many)
        conn.sent[CLIENT] = len(conn.got[SERVER])
        lost("what is above, " + name, conn, conn.frame(CLIENT, text, flags=ACK), "stream-full")
        conn.sent[CLIENT] = len(conn.got[SERVER])
        conn.send(conn.frame(SERVER, flags=ACK))
        passes("once it is acknowledged, " + name, conn, conn.frame(CLIENT, text, flags=ACK))
        # early ones have only the room that what fills the gap will find
        conn = conversation(v, HELLO + MAIL + DATA)
        at, change = conn.sent[CLIENT], Change()
        conn.sent[CLIENT] += len(text)
        while not change.of("stream-full")[0] and conn.sent[CLIENT] < at + 4000000:
            conn.send(*(conn.frame(CLIENT, text, flags=ACK) for _ in range(64)))
        tap.result(conn.sent[CLIENT] - at > 300000, "early ones are bounded, " + name,
                   conn.sent[CLIENT] - at)
        passes("what fills the gap is not dropped for them, " + name, conn,
               conn.frame(CLIENT, text, at=at, flags=ACK))
    both(make)


def mail_forged():
    """Who does not know what the server said is not read: it may be forged."""
    def make(v, name):
        conn = Ends(router, v, 25)
        conn.send(*conn.opening()[:2])
        for ack in (-1, -70000, 1 << 31, 2, 100000):
            change = Change()
            frame = conn.frame(CLIENT, b"VRFY x\r\n", at=0, ack=ack)
            seen = conn.send(frame)
            tap.equal("nothing comes of an acknowledgement of %d, %s" % (ack, name),
                      ([[], []], {"ct-invalid": 1}, 0),
                      (what(seen), change.dropped(), *change.of("cuts")))
        held_back("one that knows is, " + name, conn,
                  conn.frame(CLIENT, b"VRFY x\r\n", at=0, ack=0), "smtp-command", 0)
    both(make)


def mail_odd():
    def make(v, name):
        conn = conversation(v)
        refused("urgent data, " + name, conn, conn.frame(CLIENT, b"NOOP\r\n", flags=ACK | URG,
                                                         urgent=2), "stream-urgent")
        conn = conversation(v, isn=(0xffffffff - 10, 0xffffffff - 20))
        told("numbers that wrap, " + name, conn, conn.frame(CLIENT, b"VRFY x\r\n"),
             "smtp-command", DENIED)
        conn = conversation(v)
        at = conn.sent[CLIENT]
        # 128 bytes are read at a time
        first = b"NOOP " + b"x" * 119 + b"\r\n"
        held_back("a command over the end of what is read at once, " + name, conn,
                  conn.frame(CLIENT, first + b"VRFY x\r\n"), "smtp-command", at + len(first))
        conn = conversation(v)
        told("a command and the end, " + name, conn,
             conn.frame(CLIENT, b"VRFY x\r\n", flags=ACK | PSH | FIN), "smtp-command", DENIED)
        conn = conversation(v)
        refused("a server that answers nothing that was asked, " + name, conn,
                conn.frame(SERVER, b"250 well\r\n"), "smtp-reply")
        conn = conversation(v)
        told("ports that are used again: first, " + name, conn,
             conn.frame(CLIENT, b"VRFY x\r\n"), "smtp-command", DENIED)
        again = Ends(router, v, 25, isn=(500000, 900000), mine=conn.ports[0])
        nothing("a SYN ends what conntrack has, " + name, again, again.opening()[0])
        passes("and begins anew the next time, " + name, again, *again.opening(),
               *again.turns(HELLO))
        conn = Ends(router, v, 25)
        lost("data in a SYN, " + name, conn, conn.frame(CLIENT, b"VRFY x\r\n", flags=SYN),
             "stream-syn-data")
    both(make)


GROUPS = (mail_plain, mail_told, mail_boundaries, mail_overlap, mail_reordering, mail_owed,
          mail_text, mail_large, mail_full, mail_forged, mail_odd)
