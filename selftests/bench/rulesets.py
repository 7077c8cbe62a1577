# SPDX-License-Identifier: GPL-2.0
"""postern's policy and the rulesets of nftables and iptables for the same perimeter, of
three sizes, and how a router loads them.

    ten        ten rules
    servers    2,000 servers with ten services each
    prefixes   the ten rules, and 1,000,000 prefixes that are blocked
"""
import ipaddress
import os
import re
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SERVICES = ((25, 'smtp_in'), (443, 'pub_in'), (993, 'pub_in'), (995, 'pub_in'), (110, 'int_in'),
            (143, 'int_in'), (119, 'int_in'), (389, 'int_in'), (636, 'int_in'), (102, 'int_in'))
SIZES = ('ten', 'servers', 'prefixes')
SERVERS = int(os.environ.get('POSTERN_BENCH_SERVERS', 2000))
PREFIXES = int(os.environ.get('POSTERN_BENCH_PREFIXES', 1000000))
FIRST_SERVER = int(ipaddress.ip_address('172.16.0.1'))


def servers():
    """Those beside exchange, which is one of them."""
    return [str(ipaddress.ip_address(FIRST_SERVER + i)) for i in range(SERVERS - 1)]


def listed():
    """Prefixes in no order, of addresses that no case sends from: half of them are /24s, and
    no two can be made one; an eighth are IPv6."""
    v6 = PREFIXES // 8
    for i in range(PREFIXES - v6):
        a = (64 << 24) + i * 2654435761 % 4194301 * 512
        yield str(ipaddress.ip_address(a)) + ('/24' if i % 2 else '')
    for i in range(v6):
        yield f'2c{i * 40503 % 128:02x}:{i // 32768:x}:{i % 32768 * 2:x}::/48'


def text(name, size, marks=()):
    with open(os.path.join(HERE, name), encoding='ascii') as f:
        s = f.read()
    marks = {'servers': ['servers'], 'prefixes': ['listed']}.get(size, []) + list(marks)
    for mark in marks:
        s = s.replace(f'#{mark}#', '')
    s = re.sub(r'(?m)^#(servers|listed|flowtable|hooks)#.*\n', '', s)
    if size == 'prefixes' and name.endswith('.nft'):
        four, six = [], []
        for p in listed():
            (six if ':' in p else four).append(p)
        s = s.replace('$LISTED4', ',\n'.join(four)).replace('$LISTED6', ',\n'.join(six))
    return s


def nft(size, name='perimeter.nft', marks=()):
    s = text(name, size, marks)
    return s.replace('$SERVERS', ',\n'.join(f'{a} . tcp . {port} : jump {chain}'
                                           for a in servers() for port, chain in SERVICES))


def policy(size, marks=()):
    names = [(f's{i}', a) for i, a in enumerate(servers())]
    return text('postern.conf', size, marks).replace(
        '$SERVERS', '\n'.join(f'server {n} in perimeter {{ {a} }}' for n, a in names)).replace(
        '$RULES', '\n'.join(
            f'allow internet -> {n} : smtp limit smtp-in\n'
            f'allow internet -> {n} : public\n'
            f'allow office -> {n} : pop3, imap, nntp, ldap, ldaps, x400' for n, _ in names))


def ipset(size):
    s = text('perimeter.ipset', size)
    if size == 'servers':
        for a in servers():
            s += f'add smtp4 {a}\nadd rpc4 {a}\n'
            for port, chain in SERVICES[1:]:
                s += f'add {"pub4" if chain == "pub_in" else "int4"} {a},tcp:{port}\n'
    if size == 'prefixes':
        s += f'create listed4 hash:net family inet maxelem {PREFIXES}\n'
        s += f'create listed6 hash:net family inet6 maxelem {PREFIXES}\n'
        s += ''.join(f'add listed{6 if ":" in p else 4} {p}\n' for p in listed())
    return s


def iptables(size, v6):
    s = text('perimeter.ip6tables' if v6 else 'perimeter.iptables', size)
    if size == 'prefixes':
        rule = f'-A PREROUTING -i eth0 -m set --match-set listed{6 if v6 else 4} src -j DROP\n'
        s = s.replace('-A PREROUTING -i eth0 -p tcp', rule + '-A PREROUTING -i eth0 -p tcp', 1)
    return s


# Conntrack is there, and nobody asks it anything.
CONNTRACK = 'table inet conntrack { chain asks { ct state new accept; }; }'
FILTERS = ('plain', 'conntrack', 'nft', 'flowtable', 'ingress', 'iptables', 'postern', 'synproxy')
# Another answer to one case, measured if it is named.
IF_NAMED = ('synproxy',)
# Prefixes are elements that are added one by one.
BY_SETS = ('nft', 'flowtable', 'ingress', 'iptables')


def files(filter_, size):
    """What load() reads, as [(name, text)]."""
    if filter_ == 'conntrack':
        return [('conntrack.nft', CONNTRACK)]
    if filter_ == 'synproxy':
        return [('synproxy.nft', text('synproxy.nft', size))]
    if filter_ == 'nft':
        return [('perimeter.nft', nft(size))]
    if filter_ == 'flowtable':
        return [('perimeter-flowtable.nft', nft(size, marks=['flowtable']))]
    if filter_ == 'ingress':
        return [('ingress.nft', nft(size, 'ingress.nft'))]
    if filter_ == 'iptables':
        return [('ipset', ipset(size)), ('iptables', iptables(size, False)),
                ('ip6tables', iptables(size, True))]
    if filter_ == 'postern':
        lists = [('listed', '\n'.join(listed()))] if size == 'prefixes' else []
        return lists + [('postern.conf', policy(size)), ('postern-hooks.conf', policy(size, ['hooks']))]
    return []


def write(filter_, size, folder):
    os.makedirs(folder, exist_ok=True)
    for name, s in files(filter_, size):
        with open(os.path.join(folder, name), 'w', encoding='ascii') as f:
            f.write(s + '\n')


def load(filter_, folder, hooks=False):
    """Loads what write() wrote, on the router that the caller is in."""
    def run(command, name):
        with open(os.path.join(folder, name), encoding='ascii') as f:
            subprocess.run(command, stdin=f, stdout=subprocess.DEVNULL, check=True)

    if filter_ == 'iptables':
        run(['ipset', '-exist', 'restore'], 'ipset')
        run(['iptables-legacy-restore'], 'iptables')
        run(['ip6tables-legacy-restore'], 'ip6tables')
    elif filter_ == 'postern':
        name = 'postern-hooks.conf' if hooks else 'postern.conf'
        subprocess.run(['postern', 'load', os.path.join(folder, name)],
                       stdout=subprocess.DEVNULL, check=True)
    elif filter_ != 'plain':
        name = {'nft': 'perimeter', 'flowtable': 'perimeter-flowtable'}.get(filter_, filter_)
        subprocess.run(['nft', '-f', os.path.join(folder, name + '.nft')], check=True)


def ban(filter_, addresses):
    """Bans of these, for an hour; of IPv6 addresses their /64s, where that can be said."""
    def network(a):
        return ipaddress.ip_network(a + '/64', strict=False).network_address

    four = [a for a in addresses if ':' not in a]
    six = [str(network(a)) for a in addresses if ':' in a]
    if filter_ in ('nft', 'flowtable', 'ingress'):
        family = 'netdev' if filter_ == 'ingress' else 'inet'
        subprocess.run(['nft', '-f', '-'], check=True, text=True, input='\n'.join(
            f'add element {family} perimeter ban{n} {{ {", ".join(x + " timeout 1h" for x in a)} }}'
            for n, a in ((4, four), (6, six)) if a))
    elif filter_ == 'iptables':
        subprocess.run(['ipset', 'restore'], check=True, text=True, input=''.join(
            f'add ban{6 if ":" in a else 4} {a} timeout 3600\n' for a in addresses))
    elif filter_ == 'postern':
        with tempfile.NamedTemporaryFile('w') as f:
            f.write('\n'.join(four + [a + '/64' for a in six]) + '\n')
            f.flush()
            subprocess.run(['postern', 'ban', 'add', '--for', '1h', '--file', f.name], check=True,
                           stdout=subprocess.DEVNULL)
