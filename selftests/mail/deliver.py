#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Sends the messages of a folder, in every way that SMTP has.

    deliver.py [OPTION...] SERVER FOLDER PREFIX [NAME...]

Each message goes to PREFIX-NAME@acme.com. Prints "PREFIX-NAME CODE" for each: of the
server's last word about it.
"""
import argparse
import base64
import os
import smtplib
import socket
import ssl
import sys


def stuffed(text):
    text = text.replace(b'\r\n.', b'\r\n..')
    text = b'.' + text if text.startswith(b'.') else text
    return text + (b'' if not text or text.endswith(b'\r\n') else b'\r\n') + b'.\r\n'


def unverified():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Session:
    def __init__(self, options):
        self.options = options
        self.socket = socket.create_connection((options.server, 25), options.patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.have = b''
        self.sent, self.boundary = 0, None
        self.want(self.reply(), 220)
        self.hello()
        if options.tls:
            self.want(self.ask(b'STARTTLS'), 220)
            self.socket = unverified().wrap_socket(self.socket)
            self.hello()
        if options.auth:
            self.log_in(options.auth)

    def want(self, code, wanted):
        if code != wanted:
            raise SystemExit(f'{code}, not {wanted}: {self.text}')

    def hello(self):
        self.want(self.ask(b'EHLO client.example'), 250)
        self.extensions = [line[4:].split()[0].upper() for line in self.text[1:]]

    def log_in(self, mechanism):
        user, password = b'alice', b'secret'
        if mechanism == 'plain':
            code = self.ask(b'AUTH PLAIN ' + base64.b64encode(b'\0' + user + b'\0' + password))
        elif mechanism == 'plain-late':
            self.want(self.ask(b'AUTH PLAIN'), 334)
            code = self.ask(base64.b64encode(b'\0' + user + b'\0' + password))
        else:
            self.want(self.ask(b'AUTH LOGIN'), 334)
            self.want(self.ask(base64.b64encode(user)), 334)
            code = self.ask(base64.b64encode(password))
        self.want(code, 235)

    def send(self, bytes_):
        """In the segments that are wanted: without delay, each call makes its own."""
        cut = self.options.cut or max(len(bytes_), 1)
        edges = set(range(0, len(bytes_), cut)) | {len(bytes_)}
        if self.boundary is not None and 0 < self.boundary - self.sent < len(bytes_):
            edges.add(self.boundary - self.sent)
        edges = sorted(edges)
        for begin, end in zip(edges, edges[1:]):
            self.socket.sendall(bytes_[begin:end])
        self.sent += len(bytes_)

    def line(self):
        while b'\n' not in self.have:
            bytes_ = self.socket.recv(65536)
            if not bytes_:
                raise ConnectionResetError(f'the end, behind {self.have}')
            self.have += bytes_
        line, self.have = self.have.split(b'\n', 1)
        return line.decode('latin-1').rstrip()

    def reply(self):
        self.text = [self.line()]
        while self.text[-1][3:4] == '-':
            self.text.append(self.line())
        return int(self.text[-1][:3])

    def ask(self, line):
        self.send(line + b'\r\n')
        return self.reply()

    def envelope(self, to, text):
        """Its commands."""
        mail = b'MAIL FROM:<a@client.example>'
        if 'SIZE' in self.extensions:
            mail += b' SIZE=%d' % len(text)
        if '8BITMIME' in self.extensions:
            mail += b' BODY=8BITMIME' if max(text, default=0) > 127 else b' BODY=7BIT'
        return [mail, b'RCPT TO:<%s@acme.com>' % to.encode()]

    def replies(self, count):
        codes = [self.reply() for _ in range(count)]
        return max(codes)

    # ---- a message, in each way: what remains to be sent, and how many answers to that

    def plain(self, to, text):
        code = max(self.ask(line) for line in self.envelope(to, text))
        if code < 300:
            code = self.ask(b'DATA')
        if code == 354:
            self.send(stuffed(text))
            code = self.reply()
        return code

    def pipelined(self, to, text):
        lines = self.envelope(to, text) + [b'DATA']
        self.send(b''.join(line + b'\r\n' for line in lines))
        code = self.replies(len(lines))
        if code == 354:
            self.send(stuffed(text))
            code = self.reply()
        return code

    def bdat(self, to, text):
        """As few pieces as can be."""
        code = max(self.ask(line) for line in self.envelope(to, text))
        if code < 300:
            self.send(b'BDAT %d LAST\r\n' % len(text) + text)
            code = self.reply()
        return code

    def chunks(self, to, text):
        """All at once, in pieces, the last of them empty."""
        size = max(len(text) // 3, 1)
        lines = b''.join(line + b'\r\n' for line in self.envelope(to, text))
        pieces = [text[i:i + size] for i in range(0, len(text), size)]
        pieces = [b'BDAT %d\r\n' % len(piece) + piece for piece in pieces]
        self.send(lines + b''.join(pieces) + b'BDAT 0 LAST\r\n')
        return self.replies(3 + len(pieces))

    def quit(self):
        self.want(self.ask(b'QUIT'), 221)
        self.socket.close()


def all_at_once(session, prefix, messages):
    """The end of a message, and all up to the text of the next, in one piece."""
    rest, last = b'', None
    for name, text in messages:
        lines = session.envelope(f'{prefix}-{name}', text) + [b'DATA']
        session.send(rest + b''.join(line + b'\r\n' for line in lines))
        if last:
            print(last, session.reply())
        code = session.replies(len(lines))
        if code != 354:
            raise SystemExit(f'{prefix}-{name} {code}: {session.text}')
        rest, last = stuffed(text), f'{prefix}-{name}'
    session.send(rest + b'QUIT\r\n')
    print(last, session.reply())
    session.want(session.reply(), 221)


def by_library(options, messages):
    """Python's own client."""
    for name, text in messages:
        with smtplib.SMTP(options.server, 25, 'client.example', options.patience) as client:
            if options.tls:
                client.starttls(context=unverified())
            if options.auth:
                client.login('alice', 'secret')
            client.ehlo()
            eightbit = ['BODY=8BITMIME'] if max(text, default=0) > 127 else []
            client.sendmail('a@client.example', f'{options.prefix}-{name}@acme.com', text, eightbit)
            print(f'{options.prefix}-{name}', 250)


def at_boundaries(options, send, messages):
    """Each message once for each place where its conversation can be cut in two."""
    for name, text in messages:
        session = Session(options)
        place, count = options.first, 0
        while True:
            # Fewer than the policy allows.
            if count == 40:
                session.quit()
                session, count = Session(options), 0
            session.sent, session.boundary = 0, place
            to = f'{options.prefix}-{name}-{place:04}'
            print(to, getattr(session, send)(to, text))
            place, count = place + options.step, count + 1
            if place >= session.sent:
                break
        session.boundary = None
        session.quit()


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--by', default='plain', help='plain, pipelined, bdat, chunks, once or library')
    p.add_argument('--tls', action='store_true')
    p.add_argument('--auth', help='plain, plain-late or login')
    p.add_argument('--cut', type=int, help='bytes of a segment')
    p.add_argument('--step', type=int, help='cut in two: every so many bytes')
    p.add_argument('--first', type=int, default=1, help='the first of them')
    p.add_argument('--patience', type=float, default=120)
    p.add_argument('server')
    p.add_argument('folder')
    p.add_argument('prefix')
    p.add_argument('names', nargs='*')
    options = p.parse_args()
    messages = []
    for name in options.names or sorted(os.listdir(options.folder)):
        with open(os.path.join(options.folder, name), 'rb') as file:
            messages.append((name, file.read()))
    if options.by == 'library':
        by_library(options, messages)
    elif options.step:
        at_boundaries(options, options.by, messages)
    else:
        session = Session(options)
        if options.by == 'once':
            all_at_once(session, options.prefix, messages)
            return
        for name, text in messages:
            to = f'{options.prefix}-{name}'
            print(to, getattr(session, options.by)(to, text))
        session.quit()


if __name__ == '__main__':
    try:
        main()
    except (OSError, smtplib.SMTPException) as e:
        sys.exit(repr(e))
