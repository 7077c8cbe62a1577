#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A mail client that says what it is told to, and no less.

    talk.py [--cut N] [--from ADDRESS] SERVER STEP...

Steps: "> TEXT" sends a line; ">> TEXT" sends TEXT with its escapes and no line end;
">>> SIZE" the text of a message of about SIZE bytes; "< TEXT" wants a reply that begins
with it, "<? TEXT" one more that may come; "fin" ends its own direction, "eof" wants the
server's end and "rst" a reset, "none SECONDS" wants nothing; "hello" and "mail" are what
a message begins with. Prints the replies; ends with 1 at the first that is not wanted.
"""
import argparse
import random
import socket
import sys
import time

SHORT = {
    'hello': ['< 220', '> EHLO client.example', '< 250'],
    'mail': ['> MAIL FROM:<a@client.example>', '< 250', '> RCPT TO:<b@acme.com>', '< 250'],
    'text': ['> DATA', '< 354', '>> Subject: x\\r\\n\\r\\nbody\\r\\n.\\r\\n', '< 250'],
    'quit': ['> QUIT', '< 221', 'eof'],
}


class Unwanted(Exception):
    pass


class Client:
    def __init__(self, options):
        self.options = options
        where = (options.source, 0) if options.source else None
        self.socket = socket.create_connection((options.server, options.port), options.patience,
                                               where)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.have = b''

    def send(self, bytes_):
        cut = self.options.cut or len(bytes_)
        for i in range(0, len(bytes_), cut):
            self.socket.sendall(bytes_[i:i + cut])
            if self.options.cut:
                time.sleep(self.options.pause)

    def more(self):
        bytes_ = self.socket.recv(65536)
        self.have += bytes_
        return bytes_

    def line(self):
        while b'\n' not in self.have:
            if not self.more():
                raise Unwanted(f'the end, behind {self.have}')
        line, self.have = self.have.split(b'\n', 1)
        return line + b'\n'

    def reply(self):
        while True:
            line = self.line()
            print(line.decode('latin-1').rstrip(), flush=True)
            if line[3:4] != b'-':
                return line

    def want_reply(self, text):
        line = self.reply()
        if not line.startswith(text.encode()):
            raise Unwanted(f'{line}, not {text}')

    def want_end(self):
        rest = self.have + self.more()
        if rest:
            raise Unwanted(f'{rest}, not the end')

    def want_reset(self):
        try:
            while self.more():
                pass
        except ConnectionResetError:
            return
        raise Unwanted('the end, not a reset')

    def want_none(self, seconds):
        self.socket.settimeout(float(seconds))
        try:
            bytes_ = self.more()
        except TimeoutError:
            self.socket.settimeout(self.options.patience)
            return
        raise Unwanted(f'{bytes_}, not nothing')

    def message(self, size):
        rng, sent = random.Random(1), 0
        while sent < size:
            line = bytes(rng.choices(b'abcdefghij .', k=rng.randrange(1, 76)))
            self.send((b'.' if line.startswith(b'.') else b'') + line + b'\r\n')
            sent += len(line) + 2

    def step(self, step):
        kind, _, text = step.partition(' ')
        if kind in SHORT:
            for part in SHORT[kind]:
                self.step(part)
        elif kind == '>':
            self.send(text.encode() + b'\r\n')
        elif kind == '>>':
            self.send(text.encode().decode('unicode_escape').encode('latin-1'))
        elif kind == '>>>':
            self.message(int(text))
        elif kind == '<':
            self.want_reply(text)
        elif kind == 'fin':
            self.socket.shutdown(socket.SHUT_WR)
        elif kind == 'eof':
            self.want_end()
        elif kind == 'rst':
            self.want_reset()
        elif kind == 'none':
            self.want_none(text)
        elif kind == 'wait':
            input()
        else:
            raise SystemExit(f'what is {step}?')


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--port', type=int, default=25)
    p.add_argument('--cut', type=int, help='bytes of a segment')
    p.add_argument('--pause', type=float, default=0.002, help='seconds between them')
    p.add_argument('--from', dest='source')
    p.add_argument('--patience', type=float, default=20)
    p.add_argument('server')
    p.add_argument('steps', nargs='+')
    options = p.parse_args()
    client = Client(options)
    for step in options.steps:
        try:
            client.step(step)
        except (Unwanted, OSError) as e:
            print(f'{step}: {e!r}')
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
