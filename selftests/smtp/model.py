# SPDX-License-Identifier: GPL-2.0
"""A slow reading of SMTP conversations, to compare the module's with: whole lines and whole
messages, by regular expressions, and sums over all that was ever said."""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
INCLUDE = os.path.join(HERE, '../../include/postern')
BLANK = rb'[ \t\v\f]'
LINE_MAX, LINE_AUTH, REPLY_MAX, QUEUE = 2048, 12288, 4096, 256
LOSING = {'smtp-control', 'smtp-pipeline', 'smtp-starttls-injection', 'smtp-tls',
          'smtp-smuggling', 'smtp-chunk', 'smtp-reply', 'smtp-unfollowed'}
U32 = 2 ** 32 - 1


def read_verbs():
    with open(os.path.join(INCLUDE, 'smtp_verbs.inc')) as f:
        return re.findall(r'^SMTP_VERB\(\w+,\s*"([^"]+)",\s*(\w+)\)', f.read(), re.M)


def read_reasons():
    with open(os.path.join(INCLUDE, 'reasons.inc')) as f:
        return set(re.findall(r'^SMTP_REASON\(\w+,\s*"([^"]+)"', f.read(), re.M))


VERBS = read_verbs()
REASONS = read_reasons()
KINDS = dict(VERBS)
NUMBERS = {name: i for i, (name, _) in enumerate(VERBS)}
PATH = re.compile(rb'(?i:to:) *<(?P<local>"(?:[^"\\]|\\.)*"'
                  rb"|[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\x80-\xff-]+|)"
                  rb'(?:(?<!<)@(?P<domain>[A-Za-z0-9._\x80-\xff-]+|\[[^\]]*\]))?>(?: .*)?',
                  re.S)


class Rules:
    """What pn_smtp_rules has, and how much a source may have."""

    def __init__(self):
        self.denied = set()
        self.size = self.recipients = self.messages = self.line = 0
        self.left = {'rcpt': U32, 'message': U32}
        self.relay = []

    def text(self, step):
        denied = sum(1 << NUMBERS[v] for v in self.denied)
        numbers = [self.size, self.recipients, self.messages, self.line, self.left['rcpt'],
                   self.left['message'], step]
        return ' '.join(['rules', f'{denied:x}'] + [str(n) for n in numbers]
                        + sorted(self.relay)) + '\n'

    def ours(self, args):
        m = PATH.fullmatch(args)
        if not m:
            return False
        local = m['local']
        if local.startswith(b'"'):
            local = re.sub(rb'\\(.)', rb'\1', local[1:-1], flags=re.S)
        if re.search(rb'[@%!]', local) or local.lower().startswith(b'imceasmtp-'):
            return False
        if m['domain'] is None:
            return True
        domain = m['domain'].lower().decode('latin-1')
        if len(domain) > 255:
            return False
        domain = domain[:-1] if domain.endswith('.') else domain
        return any(domain == name or name[0] == '.' and ('.' + domain).endswith(name)
                   for name in self.relay)


class Conversation:
    """Both directions, and what is refused."""

    def __init__(self, rules):
        self.rules = rules
        self.refusals = []
        self.mode = 'command'
        self.line = self.text = self.reply = b''
        self.reported = 0           # of the line under way
        self.lines = []             # of the reply under way
        self.fed = {'client': 0, 'server': 0}
        self.verb = 'unknown'
        self.queue = ['any']        # entries of the history, or 'any'
        self.barrier = None
        self.history = []           # [what, octets, kind]
        self.left = self.messages = self.unknown = self.bare = 0
        self.tls = {'client': b'', 'server': b''}
        self.greeted = self.pregreet = self.chunking = self.mail = self.answered = False

    # ---- sums: since the last entry that has surely ended a transaction

    def transaction(self):
        entries = []
        for entry in reversed(self.history):
            if entry['ends']:
                break
            entries.append(entry)
            if entry['began']:
                break
        return entries

    def recipients(self):
        return sum(e['what'] == 'rcpt' for e in self.transaction())

    def octets(self):
        return sum(e['octets'] for e in self.transaction())

    def say(self, what, octets=0, ends=False, resets=False):
        entry = {'what': what, 'octets': octets, 'ends': ends, 'resets': resets, 'began': False}
        self.history.append(entry)
        return entry

    def end(self):
        self.say('end', ends=True)
        self.mail = False

    def refuse(self, reason, way, outstanding=None):
        queue = len(self.queue) if outstanding is None else outstanding
        self.refusals.append(f'{reason} {way} {self.fed[way]} {self.verb} {queue}')
        if reason in LOSING:
            self.mode = 'lost'

    # ---- the client

    def client(self, data):
        while data and self.mode != 'lost':
            if not self.greeted:
                self.pregreet = True
            if self.barrier:
                self.refuse(self.barrier, 'client')
            elif self.mode == 'chunk':
                n = min(self.left, len(data))
                self.left -= n
                self.fed['client'] += n
                data = data[n:]
                if not self.left:
                    self.mode = 'command'
            elif self.mode == 'tls':
                data = self.see_tls('client', data)
            elif self.mode == 'text':
                data = self.see_text(data)
            else:
                data = self.see_line(data)
        self.fed['client'] += len(data)

    def see_tls(self, way, data):
        first = b'\x16' if way == 'client' else b'\x16\x15'
        for i in range(2 - len(self.tls[way])):
            if i >= len(data):
                break
            good = data[i] in first if not self.tls[way] else data[i] == 3
            if not good:
                self.fed[way] += i
                self.refuse('smtp-tls', way)
                return data[i:]
            self.tls[way] += data[i:i + 1]
        self.fed[way] += len(data)
        return b''

    def see_line(self, data):
        if not self.line and self.mode == 'command':
            self.verb = 'unknown'
        end = data.find(b'\n') + 1
        begun = self.fed['client'] - len(self.line)
        line = self.line + (data[:end] if end else data)
        rest = data[end:] if end else b''
        exchange = self.mode == 'exchange'
        events, verb = self.line_events(line, exchange)
        queue = len(self.queue)
        for at, reason in events:
            if at <= self.reported:
                continue
            last = at == len(line) and bool(end) and reason != 'smtp-control'
            if last:
                break
            self.reported = at
            self.verb = verb(at)
            self.fed['client'] = begun + at
            self.refuse(reason, 'client', queue)
            if self.mode == 'lost':
                return (line + rest)[at:]
        self.fed['client'] = begun + len(line)
        self.verb = verb(len(line))
        if not end:
            self.line = line
            return b''
        here = [reason for at, reason in events if at == len(line) and at > self.reported]
        taken = self.take(line, exchange)
        if taken and (not here or taken in ('smtp-chunk', 'smtp-pipeline')):
            here = [taken]
        self.line, self.reported = b'', 0
        if here:
            self.refuse(here[0], 'client', queue)
        return rest

    def line_events(self, line, exchange):
        """What is refused before its end, in order; and what the verb is after n bytes."""
        m = re.match(BLANK + rb'*([^ \t\v\f\r\n]*)(?=[ \t\v\f\r\n])', line)
        while m and not m[1] and line[m.end():m.end() + 1] not in b'\r\n':
            m = None
        told = m.end() + 1 if m else None
        name = m[1].lower().decode('latin-1') if m else ''
        name = name if name in KINDS else 'unknown'
        if exchange:
            told, name = 0, self.verb
        events = []
        bad = re.search(rb'\0|\r(?=[^\n])', line)
        stop = len(line) + 1
        if bad:
            stop = bad.end() if bad[0] == b'\0' else bad.end() + 1
            events.append((stop, 'smtp-control'))
        if told and name in self.rules.denied and told < stop:
            events.append((told, 'smtp-command'))
        longest = self.rules.line or LINE_AUTH
        short = min(longest, LINE_MAX) + 1
        longs = {short}
        if told is not None and KINDS[name] == 'AUTH':
            longs = {n for n, is_long in ((short, False), (longest + 1, True))
                     if (n >= told) == is_long}
        for n in longs:
            if n <= len(line) and n < stop and (n, 'smtp-command') not in events:
                events.append((n, 'smtp-line'))

        def verb(n):
            return name if told is not None and n >= told else 'unknown'
        return sorted(events), verb

    def take(self, line, exchange):
        content = re.sub(rb'\r?\n\Z', b'', line)
        m = re.match(BLANK + rb'*[^ \t\v\f]*' + BLANK + rb'*', content)
        args = content if exchange else content[m.end():]
        kind = KINDS[self.verb]
        reason, awaited = None, 'any'
        if not line.endswith(b'\r\n'):
            self.barrier = 'smtp-pipeline'
        if self.verb == 'unknown':
            self.unknown += 1
        if kind == 'MAIL':
            awaited = self.say('mail', resets=True)
            self.mail = True
            sizes = [re.match(rb'(?i:size=)(\d*)', w) for w in re.split(BLANK, args)]
            sizes = [int(s[1] or 0) for s in sizes if s]
            if sizes and self.rules.size and sizes[-1] > self.rules.size:
                reason = 'smtp-size'
        elif kind == 'RCPT':
            self.say('rcpt')
            if self.rules.relay and not self.rules.ours(args):
                reason = 'smtp-relay'
            elif self.rules.recipients and self.recipients() > self.rules.recipients:
                reason = 'smtp-recipients'
            else:
                reason = self.charge('rcpt')
        elif kind in ('RESET', 'HELLO'):
            awaited = self.say(kind, resets=True)
            if self.verb == 'rset':
                if not args:
                    self.end()
                    self.history[-1]['resets'] = True
            else:
                self.chunking = False
        elif kind == 'DATA':
            awaited = 'DATA'
            self.barrier = 'smtp-pipeline'
            reason = self.message()
        elif kind == 'BDAT':
            reason = self.chunk(content)
        elif kind == 'BURL':
            reason = self.message()
        elif kind == 'AUTH':
            awaited = 'AUTH'
            if exchange or not re.match(rb'[^ \t\v\f]+' + BLANK + rb'+[^ \t\v\f]', args):
                self.barrier = 'smtp-pipeline'
            self.mode = 'command'
        elif kind == 'STARTTLS':
            awaited = 'STARTTLS'
            self.barrier = 'smtp-starttls-injection'
        elif kind == 'TURN':
            awaited = 'TURN'
            self.barrier = 'smtp-pipeline'
        if len(self.queue) == QUEUE:
            return 'smtp-pipeline'
        self.queue.append(awaited)
        return reason

    def charge(self, what):
        if not self.rules.left[what]:
            return 'smtp-rate'
        self.rules.left[what] -= 1
        return None

    def message(self):
        if any(e['what'] == 'message' for e in self.transaction()):
            self.say('message')
            return None
        self.say('message')
        self.messages += 1
        if self.rules.messages and self.messages > self.rules.messages:
            return 'smtp-messages'
        return self.charge('message')

    def chunk(self, content):
        m = re.fullmatch(rb'(?i:bdat) (\d{1,20})((?i: last))?', content)
        if not m or int(m[1]) >= 2 ** 31 or not self.chunking or not self.mail:
            return 'smtp-chunk'
        before = self.octets()
        self.say('octets', int(m[1]))
        self.left = int(m[1])
        if self.left:
            self.mode = 'chunk'
        reason = self.message()
        if self.rules.size and before <= self.rules.size < self.octets():
            reason = 'smtp-size'
        if m[2]:
            self.end()
        return reason

    def see_text(self, data):
        """All of the message so far, again."""
        before, most = len(self.text), self.rules.size + 3
        all_ = b'\r\n' + self.text + data
        m = re.search(rb'[\r\n]\0*\.\0*[\r\n]', all_)
        end = verdict = None
        if m:
            dot = m[0].index(b'.') + m.start()
            exact = all_[:dot].endswith(b'\r\n') and all_[dot + 1:dot + 2] == b'\r'
            if not exact:
                end, verdict = m.end(), 'false'
            elif len(all_) > m.end():
                end = m.end() + 1
                verdict = 'end' if all_[m.end():end] == b'\n' else 'false'
        used = len(all_) - 2 if end is None else end - 2
        base = self.octets() - before
        self.bare += len(re.findall(rb'(?<!\r)\n', all_[:used + 2])) - \
            len(re.findall(rb'(?<!\r)\n', all_[:before + 2]))
        self.history[-1]['octets'] += used - before
        cross = most + 1 - base
        if self.rules.size and before < cross <= used and base <= most and \
                not (verdict == 'false' and cross == used):
            self.fed['client'] += cross - before
            self.refuse('smtp-size', 'client')
            self.fed['client'] -= cross - before
        self.fed['client'] += used - before
        rest = data[used - before:]
        self.text = all_[2:used + 2]
        if verdict == 'false':
            self.refuse('smtp-smuggling', 'client')
        elif verdict == 'end':
            self.end()
            self.mode = 'command'
            if not self.answered:
                self.queue.append('any')
        return rest

    # ---- the server

    def server(self, data):
        while data and self.mode != 'lost':
            if self.mode == 'tls':
                data = self.see_tls('server', data)
                continue
            end = data.find(b'\n') + 1 or len(data)
            begun = self.fed['server'] - len(self.reply)
            line, data = self.reply + data[:end], data[end:]
            n = next((n for n in range(1, 5) if n <= len(line) and not re.fullmatch(
                rb'[2-5]' if n == 1 else rb'.\d' if n == 2 else rb'..\d' if n == 3 else
                rb'...[- \r\n]', line[:n], re.S)), None)
            if not n and len(line) > REPLY_MAX:
                n = REPLY_MAX + 1
            if n:
                self.fed['server'] = begun + n
                data = line[n:] + data
                self.refuse('smtp-reply', 'server')
                break
            self.fed['server'] = begun + len(line)
            self.reply = line
            if line.endswith(b'\n'):
                self.reply = b''
                self.lines.append(line)
                if line[3:4] != b'-':
                    queue = len(self.queue)
                    reason = self.answer(int(line[:3]), self.lines)
                    self.lines = []
                    if reason:
                        self.refuse(reason, 'server', queue)
        self.fed['server'] += len(data)

    def answer(self, code, lines):
        if not self.queue:
            if self.mode == 'text' and not self.answered and code >= 400:
                self.answered = True
                return None
            closes = code == 421 or (code >= 400 and self.mode != 'text')
            return None if closes else 'smtp-reply'
        self.greeted = True
        asked = self.queue.pop(0)
        if code == 421:
            self.queue = []
        if not self.queue:
            self.barrier = None
        if code == 421:
            return None
        accepted = 200 <= code < 300
        lost = 300 <= code < 400
        if isinstance(asked, dict):
            if asked['what'] == 'HELLO':
                self.chunking = accepted and any(
                    re.match(rb'chunking[ \r\n]', line[4:], re.I) for line in lines[1:])
            later = [e for e in self.queue if isinstance(e, dict)]
            if accepted and not later:
                self.begin_at(asked)
        elif asked == 'DATA':
            if code == 354:
                self.mode, self.text, self.answered = 'text', b'', False
                self.say('text')
                return None
            lost = code < 400
        elif asked == 'AUTH' and code == 334:
            if self.queue or self.line:
                return 'smtp-unfollowed'
            self.mode = 'exchange'
            return None
        elif asked == 'STARTTLS':
            if code == 220:
                self.mode = 'tls'
                return None
            lost = code < 400
        elif asked == 'TURN':
            lost = code < 400
        return 'smtp-unfollowed' if lost else None

    def begin_at(self, entry):
        """The transaction begins behind this entry, if it has not ended since."""
        entry['began'] = True

    def state(self):
        opaque = self.mode in ('tls', 'lost')
        skip = 0
        if self.mode == 'lost' or self.mode == 'tls' and len(self.tls['client']) == 2:
            skip = U32
        elif self.mode == 'chunk' and not self.barrier:
            skip = self.left
        return (f'state {int(opaque)} {len(self.queue)} {self.recipients()} {self.octets()} '
                f'{self.messages} {self.unknown} {self.bare} {int(self.pregreet)} '
                f'{int(self.chunking)} {int(self.mode == "command" and bool(self.line))} {skip}')
