#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A mail server that tells all it reads: a stand-in for those that people run.

    server.py [--slow SECONDS] [--think SECONDS] [--reply WHAT=CODE]... [ADDRESS...]

Prints a line for each event: "ready", then "CONNECTION command 'TEXT'",
"CONNECTION message SHA256 LENGTH", "CONNECTION end" or "CONNECTION reset".
"""
import argparse
import hashlib
import socket
import socketserver
import sys
import threading
import time

lock = threading.Lock()
numbers = iter(range(1, 1 << 30))


def tell(number, *words):
    with lock:
        print(number, *words, flush=True)


class Conversation(socketserver.StreamRequestHandler):
    # What is sent at once shall come at once.
    wbufsize = -1

    def say(self, text):
        self.wfile.write(text.encode() + b'\r\n')
        if not self.rfile.peek(1) if self.options.gather else True:
            self.wfile.flush()

    def code(self, what, usual):
        return self.options.replies.get(what, usual)

    def line(self):
        self.wfile.flush()
        line = self.rfile.readline(1 << 20)
        if not line.endswith(b'\n'):
            if line:
                tell(self.number, 'part', line)
            raise EOFError
        return line

    def data(self):
        digest, length = hashlib.sha256(), 0
        while (line := self.line()) != b'.\r\n':
            line = line[1:] if line.startswith(b'.') else line
            digest.update(line)
            length += len(line)
        tell(self.number, 'message', digest.hexdigest(), length)

    def chunk(self, words):
        length = int(words[1])
        bytes_ = self.rfile.read(length)
        if len(bytes_) < length:
            raise EOFError
        self.body += bytes_
        if words[2:] and words[2].upper() == 'LAST':
            digest = hashlib.sha256(self.body).hexdigest()
            tell(self.number, 'message', digest, len(self.body))
            self.body = b''

    def command(self, line):
        words = line.decode('latin-1').split()
        verb = words[0].upper() if words else ''
        tell(self.number, 'command', line)
        time.sleep(self.options.slow)
        if verb == 'EHLO':
            words = self.options.announce.split(',')
            for word in ['mx.example'] + words[:-1]:
                self.say('250-' + word)
            self.say('250 ' + words[-1])
        elif verb == 'DATA':
            code = self.code('data', '354')
            self.say(code + ' go on')
            if code == '354':
                self.data()
                time.sleep(self.options.think)
                self.say(self.code('text', '250') + ' message')
        elif verb == 'BDAT':
            self.chunk(words)
            self.say('250 chunk')
        elif verb == 'AUTH' and len(words) < 3:
            self.say('334 VXNlcm5hbWU6')
            tell(self.number, 'response', self.line())
            self.say('235 welcome')
        elif verb == 'STARTTLS':
            code = self.code('starttls', '220')
            self.say(code + ' TLS')
            self.wfile.flush()
            if code == '220':
                # As if it were TLS: nobody here looks into it.
                tell(self.number, 'tls', self.rfile.read(5))
                self.wfile.write(b'\x16\x03\x03hello')
                self.wfile.flush()
                tell(self.number, 'tls', self.rfile.read())
                raise EOFError
        elif verb == 'QUIT':
            self.say('221 bye')
            self.wfile.flush()
            raise EOFError
        else:
            self.say(self.code(verb.lower(), '250') + ' well')

    def handle(self):
        self.body, self.number = b'', next(numbers)
        try:
            time.sleep(self.options.late)
            self.say('220 mx.example')
            while True:
                self.command(self.line())
        except EOFError:
            tell(self.number, 'end')
        except ConnectionError:
            tell(self.number, 'reset')

    def finish(self):
        try:
            super().finish()
        except ConnectionError:
            pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    address_family = socket.AF_INET6
    request_queue_size = 512


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--port', type=int, default=25)
    p.add_argument('--announce', default='PIPELINING,SIZE,8BITMIME,CHUNKING,STARTTLS,AUTH LOGIN')
    p.add_argument('--slow', type=float, default=0, help='seconds before each answer')
    p.add_argument('--think', type=float, default=0, help='seconds before the answer to a text')
    p.add_argument('--late', type=float, default=0, help='seconds before the greeting')
    p.add_argument('--gather', action='store_true', help='answer what came together at once')
    p.add_argument('--reply', action='append', default=[], metavar='WHAT=CODE')
    options = p.parse_args()
    options.replies = dict(r.split('=') for r in options.reply)
    Conversation.options = options
    with Server(('::', options.port), Conversation) as server:
        print('ready', flush=True)
        server.serve_forever()


if __name__ == '__main__':
    sys.exit(main())
