#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""differential.py DIALOGUE [N [SEED]]: N random conversations (20000), cut at random, as the
parser reads them and as model.py does: the same refusals, and the same state at the end."""
import collections
import copy
import random
import subprocess
import sys

import model

BATCH = 500
DOMAINS = ['acme.com', '.acme.fr', '[192.0.2.1]', 'b.example', '.x-1.example']
LOCALS = [b'user', b'"a b"', b'"a\\"@b"', b'user%evil.com', b'evil!user', b'', b'"x"y', b'a"b',
          b'IMCEASMTP-u+40e', b'"imceasmtp\\-u"', b'@evil.com:user', b'\xc3\xbc.x', b'us er',
          b'"\\', b'a\\@b', b'imceasmt', b'a,b', b'(c)']
PLACES = [b'@acme.com', b'@ACME.fr', b'@a.b.acme.fr', b'@evil.com', b'@xacme.fr', b'',
          b'@[192.0.2.1]', b'@[192.0.2.1', b'@acme.com.', b'@acme.com..', b'@', b'@b.example',
          b'@y.x-1.example', b'@acme.com@evil.com', b'@acme com', b'@' + b'a' * 255,
          b'@' + b'a' * 256]
ENDS = [b'\r\n'] * 200 + [b'\n', b'\n', b'\r\r\n', b'\r', b'\0\r\n', b' \r\n', b'\t\r\n']
PARTS = [b'\r\n', b'\n', b'\r', b'.', b'\0', b'\r\n.', b'\r\n.\r\n', b'x', b'text', b'\r\n..',
         b'\r\nmore', b'lines\r\nof\r\n', b'\xff\x80', b'\t']
BYTES = b'\0\t\n\v\r .<>@"%!:=-[]\\0159ADaz\x80\xff'
CODES = {'any': [250, 250, 250, 550, 451, 221], 'DATA': [354, 354, 354, 354, 503],
         'AUTH': [334, 334, 235, 535], 'STARTTLS': [220, 220, 454], 'TURN': [502, 502, 250]}


def any_of(rng, *choices):
    return rng.choice(choices)


def verb(rng):
    name = rng.choice(model.VERBS)[0] if rng.random() < .3 else any_of(
        rng, 'mail', 'rcpt', 'data', 'ehlo', 'rset', 'bdat', 'auth', 'starttls', 'noop', 'vrfy')
    name = name if rng.random() < .9 else name + any_of(rng, 'x', '-', 'long' * 5)
    return any_of(rng, name, name.upper(), name.capitalize()).encode()


def path(rng):
    return b'<' + rng.choice(LOCALS) + rng.choice(PLACES) + b'>'


def text(rng):
    lines = b''.join(rng.choice(PARTS[-5:] if rng.random() < .5 else PARTS)
                     for _ in range(rng.randrange(12)))
    return lines + (b'\r\n.\r\n' if rng.random() < .7 else b'')


def line(rng):
    name = verb(rng)
    kind = model.KINDS.get(name.lower().decode(), 'PLAIN')
    args = b''
    if kind == 'MAIL':
        args = b' FROM:' + path(rng) + any_of(rng, b'', b' SIZE=%d' % rng.randrange(200),
                                              b' BODY=8BITMIME  size=%d' % rng.randrange(200),
                                              b' SIZE=' + b'9' * 30, b' SIZE=x SIZEE=999')
    elif kind == 'RCPT':
        args = any_of(rng, b' TO:', b' TO:', b' to: ', b'  TO:', b'\tTO:', b' TO :') + path(rng) + \
            any_of(rng, b'', b'', b' NOTIFY=NEVER', b'x')
    elif kind == 'BDAT':
        size = rng.randrange(12)
        args = any_of(rng, *[b' %d', b' %d', b' %d LAST', b' %d LAST'] * 6, b' %021d', b' %d  LAST',
                      b' %d LAS', b'  %d', b' +%d', b' 99999999%d') % size
        end = rng.choice(ENDS)
        return name + args + end + bytes(rng.choice(BYTES) for _ in range(size))
    elif kind == 'AUTH':
        args = any_of(rng, b' PLAIN', b' PLAIN AHg=', b' LOGIN ', b'', b' X  =')
    elif kind in ('HELLO', 'RESET'):
        args = any_of(rng, b'', b'', b' x')
    else:
        args = any_of(rng, b'', b'', b'', b' x', b'', b'',
                      b' ' + b'y' * rng.choice([1, 1, 1, 1, 2030, 2040, 2050, 12290]))
    return any_of(rng, b'', b'', b'', b'', b' ') + name + args + rng.choice(ENDS)


def from_client(rng, talk):
    if talk.mode == 'text':
        return text(rng)
    if talk.mode == 'chunk':
        return bytes(rng.choice(BYTES) for _ in range(min(talk.left, 50)))
    if talk.mode == 'exchange':
        return any_of(rng, b'AHg=', b'*', b'', b'DATA') + rng.choice(ENDS)
    if talk.mode == 'tls':
        return any_of(rng, b'\x16\x03\x01\0x', b'\x16', b'RSET\r\n', b'\x16\x16', b'\x03')
    if talk.barrier and rng.random() < .95:
        return b''
    data = b''.join(line(rng) for _ in range(rng.choice([1, 1, 1, 2, 5])))
    if rng.random() < .02:
        data = line(rng)[:-rng.randrange(1, 8)]
    return data


def reply(rng, code):
    last = b'%d%s\r\n' % (code, any_of(rng, b' ok', b' ok', b'', b' CHUNKING'))
    words = b'x', b'CHUNKING', b'chunking 1', b'CHUNKINGS'
    more = b''.join(b'%d-%s\r\n' % (code, any_of(rng, *words))
                    for _ in range(rng.choice([0, 0, 0, 2, 4])))
    return more + (last if rng.random() < .99 else last.replace(b'\r', b''))


def from_server(rng, talk):
    if talk.mode == 'tls':
        return any_of(rng, b'\x16\x03\x03x', b'\x15\x03', b'250 x\r\n', b'\x16', b'\x03')
    data = b''
    known = list(talk.queue)
    for asked in known[:rng.choice([1, 3, 300, 300])]:
        if isinstance(asked, dict):
            code = any_of(rng, 250, 250, 250, 503)
        else:
            code = rng.choice(CODES[asked])
        if rng.random() < .01:
            code = any_of(rng, 421, 354, 334, 220, 500)
        data += reply(rng, code)
    if rng.random() < .01:
        data += any_of(rng, b'250 more\r\n', b'421 bye\r\n', b'552 no\r\n', b'what\r\n', b'25',
                       b'250-', b'250 ' + b'x' * 4096)
    return data


def mutated(rng, data):
    if data and rng.random() < .02:
        at = rng.randrange(len(data))
        data = data[:at] + bytes([rng.choice(BYTES)]) + data[at + rng.randrange(2):]
    return data


def rules_of(rng):
    rules = model.Rules()
    if rng.random() < .3:
        rules.denied = {rng.choice(model.VERBS)[0] for _ in range(rng.randrange(6))}
    rules.size = any_of(rng, 0, 0, 20, 100)
    rules.recipients = any_of(rng, 0, 0, 1, 3)
    rules.messages = any_of(rng, 0, 0, 1, 2)
    rules.line = any_of(rng, 0, 0, 0, 30, 5000, 13000)
    rules.relay = rng.sample(DOMAINS, rng.randrange(6)) if rng.random() < .6 else []
    if rng.random() < .2:
        rules.left = {'rcpt': rng.randrange(3), 'message': rng.randrange(3)}
    return rules


def conversation(rng):
    rules = rules_of(rng)
    written = rules.text(rng.choice([0, 0, 1, 2, 5]))
    talk = model.Conversation(copy.deepcopy(rules))
    if rng.random() < .8:
        opening = [('<', b'220 mx\r\n'), ('>', b'EHLO x\r\n'),
                   ('<', b'250-mx\r\n250 CHUNKING\r\n')]
    else:
        opening = []
    if opening and rng.random() < .5:
        opening += [('>', b'MAIL FROM:<>\r\nRCPT TO:<x@acme.com>\r\n'),
                    ('<', b'250 ok\r\n250 ok\r\n')]
        if rng.random() < .5:
            opening += [('>', b'DATA\r\n'), ('<', b'354 go on\r\n')]
    for turn in range(rng.randrange(25) + len(opening)):
        if turn < len(opening):
            way, data = opening[turn]
        else:
            way = '<' if talk.queue and rng.random() < .6 else '>'
            data = from_server(rng, talk) if way == '<' else from_client(rng, talk)
            data = mutated(rng, data)
        if talk.mode == 'lost' and rng.random() < .5:
            break
        (talk.server if way == '<' else talk.client)(data)
        written += f'{way} {data.hex()}\n'
    return written + '.\n', '\n'.join(talk.refusals + [talk.state()]) + '\n'


def heard(program, batch):
    """What the parser makes of each; without the replies."""
    out = subprocess.run([program], input=''.join(batch), capture_output=True, text=True)
    if out.returncode:
        sys.exit(f'{program}: {out.returncode}\n{out.stderr[-3000:]}')
    answers = []
    for talk in out.stdout.split('\n.\n')[:-1]:
        answers.append(''.join(' '.join(line.split()[:5] if line.startswith('smtp-')
                                        else line.split()) + '\n'
                               for line in talk.splitlines()))
    return answers


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    seen = collections.Counter()
    wrong = 0
    for at in range(0, count, BATCH):
        talks = [conversation(rng) for _ in range(min(BATCH, count - at))]
        answers = heard(program, [t for t, _ in talks])
        assert len(answers) == len(talks)
        for (talk, want), got in zip(talks, answers):
            seen.update(w.split()[0] for w in want.splitlines())
            if want != got:
                wrong += 1
                if wrong < 3:
                    print(f'# model:\n{want}# parser:\n{got}# of:\n{talk[:4000]}')
    print('TAP version 13\n1..2')
    print('# ' + ', '.join(f'{k} {v}' for k, v in sorted(seen.items())))
    print(f'{"not ok" if wrong else "ok"} 1 {count} conversations as the model reads them, '
          f'{wrong} are not')
    # every reason that there is, or the conversations are no good
    missing = (model.REASONS - set(seen)) if count >= 5000 else set()
    print(f'{"not ok" if missing else "ok"} 2 for every reason one is refused {" ".join(missing)}')
    return 1 if wrong or missing else 0


if __name__ == '__main__':
    sys.exit(main())
