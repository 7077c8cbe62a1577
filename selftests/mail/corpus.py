#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Messages that are awkward to send, and what became of them.

    corpus.py write DIR LARGE       each into a file of its name, one of LARGE bytes
    corpus.py stored MAILDIR        a line for each recipient: how often, and what
    corpus.py kept DIR NAME... <STORED
                                    are those as they were sent, for recipient WAY-NAME?

What is stored is compared without what servers and clients put into the header.
"""
import hashlib
import pathlib
import re
import sys

HEAD = (b'From: a@client.example\r\nTo: b@acme.com\r\nSubject: %s\r\n'
        b'Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <%s@client.example>\r\n')
# Of servers, of clients that find none, and of the other servers before them.
ADDED = re.compile(rb'(?i)(return-path|received|delivered-to|x-original-to|envelope-to|'
                   rb'delivery-date|date|message-id|user-agent):')
RECIPIENT = re.compile(rb'(?im)^(?:envelope-to|x-original-to|delivered-to): *<?([^@\s]+)@acme\.com')


def lines(*each):
    return b''.join(line + b'\r\n' for line in each)


def messages(large):
    """Their text by name, before a dot is doubled."""
    every = bytes(set(range(256)) - {0, 10, 13})
    body = {
        'plain': lines(b'Hello.'),
        'dots': lines(b'.', b'..', b'.a', b'', b'.', b'', b'...', b'a.', b'. ', b'.\t', b' .',
                      b'.'),
        'long': lines(b'x' * 998, b'.' + b'y' * 997, b'.' * 998, b'a' * 512, b'b' * 510),
        'longer': lines(b'x' * 999, b'y' * 1000, b'.' * 1001, b'z' * 2049, b'.' + b'u' * 9000,
                        b'v' * 40000),
        'commands': lines(b'MAIL FROM:<evil@client.example>', b'RCPT TO:<b@elsewhere.com>', b'DATA',
                          b'VRFY b', b'BDAT 5 LAST', b'STARTTLS', b'QUIT', b'220 mx', b'RSET') * 3,
        'eightbit': lines('Grüße aus Köln, Ελλάδα'.encode(), 'Grüße'.encode('latin-1'),
                          bytes(range(128, 256))),
        'binary': lines(every, every[::-1], b'.' + every),
        'lines': lines(b'', b'a', b'.b') * 2000,
        'nul': lines(b'a\0b', b'\0', b'.c\0'),
        'lone-cr': lines(b'a\rb', b'\r', b'c\r'),
        'lone-lf': lines(b'a\nb\n\n..c\nd'),
        'large': b''.join(b'%08d ' % i + b'.' * (i % 70) + b'\r\n' + b'.' * (i % 3) + b'\r\n'
                          for i in range(large // 50)),
    }
    found = {n: HEAD % (n.encode(), n.encode()) + b'\r\n' + text for n, text in body.items()}
    found['empty'] = b''
    found['only-line-end'] = b'\r\n'
    found['only-dot'] = b'.\r\n'
    found['headless'] = lines(b'', b'No header at all.')
    found['bodiless'] = HEAD % (b'bodiless', b'bodiless')
    found['half-header'] = lines(b'Subject: x', b'no colon here', b'.y')
    return found


def plain(text):
    """TEXT without what was added."""
    text = text.replace(b'\r\n', b'\n')
    head, gap, body = (b'\n' + text).partition(b'\n\n')
    fields = re.split(rb'\n(?![ \t])', head)
    return b'\n'.join(f for f in fields if not ADDED.match(f)) + gap + body


def digest(text):
    return hashlib.sha256(plain(text)).hexdigest()[:16]


def stored(folder):
    found = {}
    for path in pathlib.Path(folder).rglob('*'):
        if path.is_file() and path.parent.name == 'new':
            text = path.read_bytes()
            match = RECIPIENT.search(text)
            found.setdefault(match[1].decode() if match else '?', []).append(digest(text))
    for name, digests in sorted(found.items()):
        print(name, len(digests), *sorted(digests))


def kept(folder, names):
    wanted = {n: digest((pathlib.Path(folder) / n).read_bytes()) for n in names}
    seen = set()
    for line in sys.stdin:
        to, *found = line.split()
        name = to.partition('-')[2]
        if name in wanted:
            seen.add(name)
            if found != ['1', wanted[name]]:
                sys.exit(f'{to}: {found}, not {wanted[name]}')
    if seen != set(names):
        sys.exit(f'only {seen}')


def main():
    what, folder, *words = sys.argv[1:]
    if what == 'write':
        pathlib.Path(folder).mkdir()
        for name, text in messages(int(words[0])).items():
            (pathlib.Path(folder) / name).write_bytes(text)
    elif what == 'stored':
        stored(folder)
    elif what == 'kept':
        kept(folder, words)
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main()
