#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compare one part of the netlink interface's specification with its C header.

uapi.py --list
uapi.py PART postern.yaml postern.h reasons.inc [KMOD]

Prints the differences; the exit status is 1 if there is one.
"""
import re
import sys

import yaml


class Header:
    """What the C header defines, by name."""

    def __init__(self, path):
        self.text = open(path).read()
        self.defines = {}
        for name, value in re.findall(
                r'^#define[ \t]+(\w+)[ \t]+(\S.*?)[ \t]*(?:/\*.*)?$', self.text, re.M):
            self.defines[name] = value
        self.enums = {}     # enum -> {constant: value}
        self.comments = {}  # constant -> the comment beside it
        for enum, body in re.findall(r'^enum (\w+) \{(.*?)^\};', self.text, re.M | re.S):
            self.enums[enum] = {}
            for value, (name, comment) in enumerate(re.findall(
                    r'^\t(\w+),(?:[ \t]*/\*[ \t]*(.*?)[ \t]*\*/)?', body, re.M)):
                self.enums[enum][name] = value
                self.comments[name] = comment

    def number(self, name):
        """The value of a #define of a number, or None."""
        value = self.defines.get(name, '')
        shift = re.fullmatch(r'\((\d+) ?<< ?(\d+)\)', value)
        if shift:
            return int(shift.group(1)) << int(shift.group(2))
        return int(value) if value.isdigit() else None


def c_name(prefix, name):
    return (prefix + name).upper().replace('-', '_')


def entry_names(definition):
    return [e if isinstance(e, str) else e['name'] for e in definition['entries']]


def definitions(spec, kind):
    return [d for d in spec['definitions'] if d['type'] == kind]


def differences(what, spec, header):
    """Compare two dictionaries of names and values."""
    for name in spec.keys() | header.keys():
        if name not in header:
            yield f'{what} {name}: not in the header'
        elif name not in spec:
            yield f'{what} {name}: not in the specification'
        elif spec[name] != header[name]:
            yield f'{what} {name}: {spec[name]} in the specification, {header[name]} in the header'


def numbered(prefix, names, first):
    return {c_name(prefix, n): i for i, n in enumerate(names, first)}


def constants(header):
    """#defines of numbers that end in _MAX and are not made from an enum."""
    return {n: header.number(n) for n in header.defines
            if n.endswith('_MAX') and header.number(n) is not None}


def family(spec, header, _):
    want = {'POSTERN_GENL_NAME': f'"{spec["name"]}"'}
    for group in spec['mcast-groups']['list']:
        want[c_name('postern-mcgrp-', group['name'])] = f'"{group["name"]}"'
    have = {n: v for n, v in header.defines.items()
            if n == 'POSTERN_GENL_NAME' or n.startswith('POSTERN_MCGRP_')}
    yield from differences('string', want, have)


def check_constants(spec, header, _):
    want = {c_name('postern-', d['name']): d['value'] for d in definitions(spec, 'const')}
    yield from differences('constant', want, constants(header))


def commands(spec, header, _):
    ops = spec['operations']
    names = ['unspec'] + [op['name'] for op in ops['list']]
    want = numbered(ops['name-prefix'], names, 0)
    have = dict(header.enums[c_name('', ops['enum-name']).lower()])
    have.pop('__POSTERN_CMD_MAX')
    yield from differences('command', want, have)


TYPE_WORDS = {
    'u8': 'u8', 'u16': 'u16', 'u32': 'u32', 'u64': 'u64', 'nest': 'nest',
    'string': 'string', 'flag': 'flag', 'array': 'binary', 'struct': 'binary', '4': 'binary',
}


def attributes(spec, header, _):
    main = spec['attribute-sets'][0]
    names = ['unspec'] + [a['name'] for a in main['attributes']]
    want = numbered(main['name-prefix'], names, 0)
    have = dict(header.enums[c_name('', main['enum-name']).lower()])
    have.pop('__POSTERN_A_MAX')
    yield from differences('attribute', want, have)
    for attr in main['attributes']:
        name = c_name(main['name-prefix'], attr['name'])
        comment = header.comments.get(name, '')
        said = TYPE_WORDS.get(re.match(r'\w*', comment).group())
        if attr['type'] != 'pad' and said != attr['type']:
            yield f'attribute {name}: {attr["type"]}, but the header says "{comment}"'


def enums(spec, header, _):
    seen = {'postern_cmd', 'postern_attr'}
    for d in definitions(spec, 'enum'):
        enum = c_name('postern-', d['name']).lower()
        if d['name'] == 'reason':
            continue
        seen.add(enum)
        prefix = 'postern-' + d['name'].removesuffix('-kind') + '-'
        yield from differences(f'enum {enum}:', numbered(prefix, entry_names(d), 0),
                               header.enums.get(enum, {}))
    for enum in header.enums.keys() - seen:
        yield f'enum {enum}: not in the specification'


def flags(spec, header, _):
    want = {}
    for d in definitions(spec, 'flags'):
        for bit, name in enumerate(entry_names(d)):
            want[c_name(f'postern-{d["name"]}-', name)] = 1 << bit
    have = {n: header.number(n) for n, v in header.defines.items() if '<<' in v}
    yield from differences('flag', want, have)


def reasons(spec, _, inc):
    text = open(inc).read()
    have = ['ok'] + re.findall(r'^(?:RPC_|SMTP_)?REASON\(\w+,\s*"([a-z-]+)"', text, re.M)
    want = next(d for d in definitions(spec, 'enum') if d['name'] == 'reason')
    yield from differences('reason', numbered('', entry_names(want), 0),
                           numbered('', have, 0))


def references(spec, *_):
    """Does everything that the specification names exist in it?"""
    sets = {s['name']: s for s in spec['attribute-sets']}
    defined = {(d['type'], d['name']) for d in spec['definitions']}
    known = {a['name'] for a in sets['main']['attributes']}
    for s in spec['attribute-sets']:
        for a in s['attributes']:
            where = f'{s["name"]}: {a["name"]}'
            if a['name'] not in known:
                yield f'{where}: not an attribute'
            if a.get('nested-attributes', 'main') not in sets:
                yield f'{where}: no set {a["nested-attributes"]}'
            if a.get('type') == 'nest' and 'nested-attributes' not in a:
                yield f'{where}: a nest of what?'
            kind = 'flags' if a.get('enum-as-flags') else 'enum'
            if 'enum' in a and (kind, a['enum']) not in defined:
                yield f'{where}: no {kind} {a["enum"]}'
    for op in spec['operations']['list']:
        for how in ('do', 'dump', 'event'):
            for part in (op.get(how, {}), op.get(how, {}).get('request', {}),
                         op.get(how, {}).get('reply', {})):
                for name in part.get('attributes', []):
                    if name not in known:
                        yield f'{op["name"]}: {name}: not an attribute'
        if 'event' in op:
            groups = [g['name'] for g in spec['mcast-groups']['list']]
            if op.get('mcgrp') not in groups:
                yield f'{op["name"]}: no group {op.get("mcgrp")}'
        elif op.get('flags') != ['uns-admin-perm']:
            yield f'{op["name"]}: open to everybody'


# What the kernel tells of an object, but does not take.
DUMP_ONLY = {'index', 'matched', 'nr-matched', 'nr-ranges', 'hits', 'packets', 'bytes', 'pad',
             'prefix-length', 'nr-open', 'nr-refused', 'reason', 'burst-used', 'seen-ms'}


def policies(spec, header, _, kmod=None):
    """Do the module's attribute policies take what the specification says?"""
    if not kmod:
        return
    sources = ('netlink', 'object', 'object_limit', 'object_inspect', 'explain', 'doors',
               'sources', 'bans')
    text = ''.join(open(f'{kmod}/{name}.c').read() for name in sources)
    text = text.replace('\tPLACE,', '\t[POSTERN_A_FILE], [POSTERN_A_LINE],')
    arrays = {name: {a.lower().replace('_', '-') for a in re.findall(r'\[POSTERN_A_(\w+)\]', body)}
              for name, body in re.findall(r'nla_policy (\w+)\[[^]]*\] = \{(.*?)^\};', text, re.M | re.S)}
    arrays['no_attrs'] = set()
    takes = {cmd.lower().replace('_', '-'): array for cmd, array in
             re.findall(r'COMMAND\((\w+), (\w+), \w+\)', text)}
    takes.update((cmd.lower().replace('_', '-'), 'no_attrs')
                 for cmd in re.findall(r'DUMP\((\w+), pn_', text))
    for op in spec['operations']['list']:
        if 'event' in op:
            continue
        how = op.get('do') or op.get('dump')
        said = set(how.get('request', {}).get('attributes', []))
        if op['name'] not in takes:
            yield f'{op["name"]}: not a command of the module'
        elif arrays[takes[op['name']]] != said:
            yield f'{op["name"]}: differs in {sorted(arrays[takes[op["name"]]] ^ said)}'
    for s in spec['attribute-sets'][1:]:
        if s['name'] in ('counter', 'pinhole', 'endpoint', 'ban', 'attacked'):
            continue
        array = s['name'].removesuffix('s') if s['name'] in ('files', 'ifaces') else s['name']
        said = {a['name'] for a in s['attributes']} - DUMP_ONLY
        takes = arrays.get(f'{array}_attrs', arrays.get(f'pn_{array}_attrs'))
        if takes != said:
            yield f'{s["name"]}: differs in {sorted(takes ^ said)}'


PARTS = {
    'references': references,
    'family': family,
    'constants': check_constants,
    'commands': commands,
    'attributes': attributes,
    'enums': enums,
    'flags': flags,
    'reasons': reasons,
    'policies': policies,
}


def main(args):
    if args == ['--list']:
        print('\n'.join(PARTS))
        return 0
    part, spec, header, *rest = args
    if part != 'policies':
        rest = rest[:1]
    with open(spec) as f:
        found = sorted(PARTS[part](yaml.safe_load(f), Header(header), *rest))
    print('\n'.join(found))
    return 1 if found else 0


sys.exit(main(sys.argv[1:]))
