#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""guest.py [OPTION...] [CASE...]: in a guest, measure cases (all if none is named), and
write a line of JSON for each measurement.

    --size NAME      the policy, see rulesets.py (default: each case with those it names)
    --filter NAME    only this one; may stand several times
    --family 4|6     only this one
    --reps N         of each case (default 3), interleaved: a round of all filters, and again
    --scale F        F times as many rounds
    --warm N         at most so many rounds before a measurement
    --few-sets       no 1,000,000 prefixes in nftables and iptables, unless --size asks for them
    --quick          the cases of bench.sh
    --loads          measure how long policies load, and their memory
    --proc           measure what reading /proc takes
    --cpus2          one processor against two, that each inject their part at the same time
    --writes FILE    what two processors write, of which profile/writes.c tells in FILE
    --kallsyms FILE  at the end, write the addresses of the kernel's functions
    --out FILE       where to (default: standard output)

A filter has a router of its own, a network namespace whose interfaces are dummies: what is
injected into one of them is forwarded to another, which throws it away.
"""
import argparse
import contextlib
import ctypes
import json
import mmap
import os
import signal
import socket
import struct
import subprocess
import sys
import time

import cases
import packets
import rulesets

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'profile'))
from symbols import Symbols  # noqa: E402

CLONE_NEWNET = 0x40000000
NETLINK_NETFILTER = 12
# A flood of so many packets each tenth of a second, until the guard has moved.
SETTLE = 500
libc = ctypes.CDLL(None, use_errno=True)


def sh(*words):
    subprocess.run(words, check=True)


def put(path, value):
    with open(path, 'w', encoding='ascii') as f:
        f.write(f'{value}\n')


class Router:
    """A network namespace with a filter. The process goes into it when it is used."""

    def __init__(self, filter_, size, folder):
        self.filter, self.size, self.folder = filter_, size, folder
        self.done = set()
        self.name = f'bench-{filter_}'
        sh('ip', 'netns', 'add', self.name)
        self.ns = os.open(f'/run/netns/{self.name}', os.O_RDONLY)
        self.enter()
        self.wire()
        self.inject_fd = os.open('/proc/bench_inject', os.O_RDWR)
        self.took = 0
        rulesets.write(filter_, size, folder)
        before = unreclaimable()
        self.load()
        self.held = unreclaimable() - before

    def enter(self):
        if libc.setns(self.ns, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), 'setns')

    def wire(self):
        lines = ['link set lo up']
        for i, (four, six) in enumerate((('203.0.113.1/24', '2001:db8:0:1::1/64'),
                                         ('192.0.2.1/24', '2001:db8:0:2::1/64'),
                                         ('10.255.0.1/24', '2001:db8:0:3::1/64'))):
            lines += [f'link add eth{i} type dummy', f'addr add {four} dev eth{i}',
                      f'addr add {six} dev eth{i} nodad', f'link set eth{i} up']
        neighbours = [(0, '203.0.113.2'), (0, '2001:db8:0:1::2'), (2, '10.255.0.2'),
                      (2, '2001:db8:0:3::2')]
        neighbours += [(1, f'192.0.2.{n}') for n in (10, 11)] + [(1, f'2001:db8:0:2::{n}') for n in (10, 11)]
        lines += [f'neigh add {a} lladdr 02:00:00:00:00:01 dev eth{i} nud permanent' for i, a in neighbours]
        lines += ['route add default via 203.0.113.2', 'route add 172.16.0.0/12 via 192.0.2.10',
                  'route add 10.0.0.0/16 via 10.255.0.2']
        subprocess.run(['ip', '-batch', '-'], input='\n'.join(lines) + '\n', text=True, check=True)
        for to, via in (('default', '2001:db8:0:1::2'), ('2001:db8:3::/48', '2001:db8:0:3::2')):
            sh('ip', '-6', 'route', 'add', to, 'via', via)
        put('/proc/sys/net/ipv4/ip_forward', 1)
        put('/proc/sys/net/ipv6/conf/all/forwarding', 1)
        for d in ('all', 'default', 'eth0', 'eth1', 'eth2'):
            put(f'/proc/sys/net/ipv4/conf/{d}/rp_filter', 0)
            put(f'/proc/sys/net/ipv4/conf/{d}/send_redirects', 0)

    def load(self, hooks=False):
        self.enter()
        self.hooks = hooks
        begun = time.monotonic_ns()
        rulesets.load(self.filter, self.folder, hooks)
        self.took = time.monotonic_ns() - begun
        # For everybody alike: who takes up flows that he did not see begin is no filter.
        with contextlib.suppress(FileNotFoundError):
            put('/proc/sys/net/netfilter/nf_conntrack_tcp_loose', 0)

    def ban(self, addresses):
        self.enter()
        rulesets.ban(self.filter, addresses)

    def inject(self, frames, rounds, flags=0, seed=1):
        """Of the rounds: ns, and what was forwarded, as packets and bytes."""
        if not rounds:
            return 0, (0, 0)
        self.enter()
        job = packets.job(frames, rounds, flags, seed)
        if os.write(self.inject_fd, job) != len(job):
            raise OSError('short write')
        done, ns, *forwarded = map(int, os.pread(self.inject_fd, 80, 0).split())
        assert done == rounds
        return ns, tuple(forwarded)

    def settle(self, frames, forwarded):
        """postern's guard is where it stands while these come for long: at the interfaces if it
        drops them, and else not. Return: how many rounds that took."""
        rounds = 0
        for _ in range(300):
            if forwarded == (b'a flood lasts' not in proc_status()):
                return rounds
            if not forwarded:
                self.inject(packets.later(frames, rounds), SETTLE, seed=rounds + 9)
                rounds += SETTLE
            time.sleep(0.1)
        raise TimeoutError('the guard does not move')

    def flush(self):
        """All of conntrack's flows of this router go."""
        self.enter()
        if self.filter in ('plain', 'ingress'):
            return
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as s:
            s.bind((0, 0))
            s.send(struct.pack('=IHHIIBBH', 20, 1 << 8 | 2, 5, 1, 0, socket.AF_UNSPEC, 0, 0))
            error = struct.unpack_from('=i', s.recv(4096), 16)[0]
            if error not in (0, -2):
                raise OSError(-error, 'conntrack')

    def forget(self):
        """postern has seen that the connections are gone: until then their number is not free."""
        if self.filter != 'postern':
            return
        self.enter()
        for _ in range(300):
            with open('/proc/net/postern/sources', 'rb') as f:
                if b': half open 0' in f.read():
                    return
            time.sleep(0.1)
        raise TimeoutError('connections remain half open')

    def forget_pinholes(self):
        self.enter()
        subprocess.run(['postern', 'pinholes', 'flush'], stdout=subprocess.DEVNULL, check=True)

    def gone(self):
        self.enter()
        os.close(self.inject_fd)
        if self.filter == 'postern':
            sh('postern', 'unload', '--open')
        here = os.open('/proc/1/ns/net', os.O_RDONLY)
        libc.setns(here, CLONE_NEWNET)
        os.close(here)
        os.close(self.ns)
        sh('ip', 'netns', 'del', self.name)
        if self.filter == 'iptables':
            time.sleep(0.2)


@contextlib.contextmanager
def around(what, router):
    """While something watches postern."""
    if what == 'tracepoint':
        path = '/sys/kernel/tracing/events/postern/enable'
        put(path, 1)
        yield
        put(path, 0)
    elif what == 'monitor':
        router.enter()
        with subprocess.Popen(['postern', 'monitor'], stdout=subprocess.DEVNULL) as p:
            time.sleep(1)
            yield
            p.terminate()
    elif what == 'proc':
        router.enter()
        reader = os.fork()
        if not reader:
            read_often()
        # Its beginning is no part of it.
        time.sleep(0.1)
        yield
        os.kill(reader, signal.SIGKILL)
        os.waitpid(reader, 0)
    else:
        yield


def read_often():
    """A measurement takes a tenth of a second, in which who reads each second never does: so
    a hundred times as often, and a hundredth of what that costs is asked for."""
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(open('/proc/net/postern/' + name, 'rb', buffering=0))
                 for name in ('status', 'counters')]
        while True:
            for f in files:
                f.seek(0)
                while f.read(65536):
                    pass
            time.sleep(0.01)


def proc_status():
    with open('/proc/net/postern/status', 'rb') as f:
        return f.read()


def unreclaimable():
    """Bytes of memory that the kernel holds and cannot give back."""
    with open('/proc/meminfo', encoding='ascii') as f:
        return 1024 * sum(int(s.split()[1]) for s in f
                          if s.startswith(('SUnreclaim:', 'VmallocUsed:', 'Percpu:')))


class Bench:
    def __init__(self, args, out):
        self.args, self.out = args, out
        self.routers = {}
        self.size = None
        self.symbols = None
        self.failed = False

    def say(self, **what):
        print(json.dumps(what), file=self.out, flush=True)

    def complain(self, text):
        print('bench: ' + text, file=sys.stderr, flush=True)
        self.failed = True

    def router(self, filter_, size):
        if self.size != size:
            for r in self.routers.values():
                r.gone()
            self.routers, self.size = {}, size
        if filter_ not in self.routers:
            begun = time.monotonic()
            r = Router(filter_, size, f'/tmp/bench-{size}-{filter_}')
            self.routers[filter_] = r
            print(f'# {filter_}, {size}: ready in {time.monotonic() - begun:.1f} s', file=sys.stderr,
                  flush=True)
            if self.args.loads:
                self.loads(r)
        return self.routers[filter_]

    def loads(self, r):
        """Of the first load the memory, of some the time."""
        if r.filter in ('plain', 'conntrack'):
            return
        times = [r.took]
        if r.took < 2e9:
            for _ in range(2):
                if r.filter == 'iptables':
                    sh('iptables-legacy-restore', '/dev/null')
                r.load()
                times.append(r.took)
        self.say(kind='load', filter=r.filter, size=r.size, ns=sorted(times)[len(times) // 2], bytes=r.held)

    def proc(self, r):
        r.enter()
        for name in ('status', 'rules', 'counters', 'sources', 'pinholes'):
            with open('/proc/net/postern/' + name, 'rb', buffering=0) as f:
                times = []
                for _ in range(5):
                    f.seek(0)
                    begun = time.monotonic_ns()
                    while f.read(65536):
                        pass
                    times.append(time.monotonic_ns() - begun)
            self.say(kind='proc', name=name, size=r.size, ns=sorted(times)[2])

    def rounds(self, run):
        """As many as are wanted, and as many before."""
        warm = run.warm if self.args.warm is None else min(run.warm, self.args.warm)
        return max(1, int(run.rounds * self.args.scale)), warm

    def together(self, case, family, r, rep):
        """What one processor takes for its rounds, and what two do who each have as many, of other
        flows."""
        if r.filter == 'postern' and r.hooks != case.hooks:
            r.load(case.hooks)
        for cpus in (2,) if self.args.writes else (1, 2):
            r.flush()
            if case.setup and (case.name, family) not in r.done:
                case.setup(case, family, r)
                r.done.add((case.name, family))
            jobs = []
            for cpu in range(cpus):
                run = case.build(case, family, self.size, 3 * rep + cpus - 1 + cpu)
                rounds, warm = self.rounds(run)
                for prepared, times in run.prepare:
                    r.inject(prepared, times)
                if jobs and run.frames == jobs[0][0]:
                    jobs.append((packets.later(jobs[0][1], rounds),) * 2)
                    continue
                r.inject(run.frames, warm, seed=rep * 3 + 5)
                if case.flood and r.filter == 'postern':
                    warm += r.settle(packets.later(run.frames, warm), run.expect == 'all')
                jobs.append((run.frames, packets.later(run.frames, warm)))
            with around(case.around, r):
                took = self.at_once(r, jobs, rounds, rep)
            if self.args.writes:
                self.writes(case, family, r)
            else:
                self.say(kind='cpus', case=case.name, family=family, size=self.size, filter=r.filter,
                         cpus=cpus, rep=rep, rate=sum(rounds / ns * 1e9 for ns in took))
            r.flush()

    def at_once(self, r, jobs, rounds, rep):
        """Each processor's nanoseconds."""
        cpus = len(jobs)
        ready, results = mmap.mmap(-1, 4096), os.pipe()
        children = []
        for cpu, (_, frames) in enumerate(jobs):
            child = os.fork()
            if child:
                children.append(child)
                continue
            os.sched_setaffinity(0, {cpu})
            r.inject_fd = os.open('/proc/bench_inject', os.O_RDWR)
            r.inject(frames[:1], 1, packets.FREE)
            # Whoever sleeps is woken late by a busy host.
            ready[cpu] = 1
            while not all(ready[:cpus]):
                pass
            ns, _ = r.inject(frames, rounds, seed=rep * 3 + cpus + cpu + 5)
            os.write(results[1], struct.pack('=Q', ns))
            os._exit(0)
        took = [struct.unpack('=Q', os.read(results[0], 8))[0] for _ in range(cpus)]
        for child in children:
            os.waitpid(child, 0)
        for fd in results:
            os.close(fd)
        ready.close()
        return took

    def writes(self, case, family, r):
        """Sums for postern's module, conntrack's, and all else, the making of packets too."""
        self.symbols = self.symbols or Symbols('/proc/kallsyms')
        parts = {p: {'atomic': 0, 'shared': 0, 'one line': 0} for p in ('postern', 'conntrack', 'rest')}
        with open(self.args.writes, encoding='ascii') as f:
            packets_ = int(f.readline())
            for line in f:
                address, *numbers = line.split()
                _, locked, shared, most = map(int, numbers)
                module = self.symbols.at(int(address, 16))[1]
                part = parts[{'postern': 'postern', 'nf_conntrack': 'conntrack'}.get(module, 'rest')]
                part['atomic'] += locked
                part['shared'] += shared
                part['one line'] = max(part['one line'], most)
        # Else the next case would be told this one's, if its processors never met.
        os.unlink(self.args.writes)
        self.say(kind='writes', case=case.name, family=family, size=self.size, filter=r.filter,
                 packets=packets_, parts=parts)

    def measure(self, case, family, r, rep, base):
        run = case.build(case, family, self.size, rep)
        rounds, warm = self.rounds(run)
        if base:
            frames, flags, warm = run.frames, packets.FREE, min(warm, 100)
        else:
            frames, flags = run.frames, 0
            r.flush()
            if case.flood:
                r.forget()
            if r.filter == 'postern' and r.hooks != case.hooks:
                r.load(case.hooks)
            if case.setup and (case.name, family) not in r.done:
                case.setup(case, family, r)
                r.done.add((case.name, family))
            for prepared, times in run.prepare:
                _, forwarded = r.inject(prepared, times)
                if forwarded != packets.weight(prepared, times):
                    self.complain(f'{case.name} {r.filter}: {forwarded[0]} of {len(prepared) * times} '
                                  'packets forwarded while it was prepared')
        r.inject(frames, warm, flags, seed=rep * 2 + 7)
        if r.filter == 'postern' and not base:
            warm += r.settle(packets.later(frames, warm), run.expect == 'all')
        with around(case.around, r):
            ns, forwarded = r.inject(packets.later(frames, warm), rounds, flags, seed=rep * 2 + 8)
        if not base:
            self.judge(case, run, r, forwarded, packets.weight(frames, rounds))
            r.flush()
        self.say(kind='case', case=case.name, family=family, size=self.size,
                 filter='base' if base else r.filter, rep=rep, ns=ns, rounds=rounds, packets=len(frames),
                 forwarded=forwarded[0])

    def judge(self, case, run, r, forwarded, total):
        """Packets and bytes must be those that the case expects, so that no other packet (an
        ICMP error, say) is taken for one that passed."""
        good = {'all': forwarded == total, 'none': not forwarded[0], 'few': forwarded[0] < total[0] / 4}
        expect = run.expect
        if r.filter in ('plain', 'conntrack') or r.filter == 'ingress' and not case.flood:
            expect = 'all'
        elif expect == 'few' and r.filter != 'postern':
            # As many as their limit on all together lets pass, and more if their sets are full.
            return
        elif expect == 'none' and r.filter != 'postern':
            # An element of a set that is being enlarged may be missed once.
            good['none'] = forwarded[0] < total[0] / 1000
        if not good[expect]:
            self.complain(f'{case.name} {r.filter}: {forwarded} of {total} packets and bytes forwarded, '
                          f'{expect} expected')

    def chosen(self, filters, size):
        few = self.args.few_sets and not self.args.size and size == 'prefixes'
        return [f for f in filters if f in (self.args.filter or set(filters) - set(rulesets.IF_NAMED)) and
                not (few and f in rulesets.BY_SETS)]

    def run_case(self, case, family, size):
        filters = self.chosen(case.filters, size)
        if not filters:
            return
        begun = time.monotonic()
        for rep in range(self.args.reps):
            for filter_ in filters:
                r = self.router(filter_, size)
                if self.args.quick and rep and filter_ == 'postern':
                    # Another load hashes in another way.
                    r.load()
                if self.args.cpus2 or self.args.writes:
                    self.together(case, family, r, rep)
                    continue
                if filter_ == filters[0]:
                    self.measure(case, family, r, rep, True)
                self.measure(case, family, r, rep, False)
        print(f'# {case.name} v{family} {size}: {time.monotonic() - begun:.1f} s', file=sys.stderr,
              flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('cases', nargs='*', metavar='CASE')
    p.add_argument('--size', action='append', choices=rulesets.SIZES)
    p.add_argument('--filter', action='append', choices=rulesets.FILTERS)
    p.add_argument('--family', type=int, choices=(4, 6))
    p.add_argument('--reps', type=int, default=3)
    p.add_argument('--scale', type=float, default=1)
    p.add_argument('--warm', type=int)
    p.add_argument('--few-sets', action='store_true')
    p.add_argument('--quick', action='store_true')
    p.add_argument('--loads', action='store_true')
    p.add_argument('--proc', action='store_true')
    p.add_argument('--cpus2', action='store_true')
    p.add_argument('--writes')
    p.add_argument('--kallsyms')
    p.add_argument('--out')
    args = p.parse_args()
    if args.quick:
        args.cases = list(cases.QUICK)
    for name in args.cases:
        if name not in cases.CASES:
            p.error(f'no case {name}; there are: {" ".join(cases.CASES)}')
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(open(args.out, 'w', encoding='ascii')) if args.out else sys.stdout
        bench = Bench(args, out)
        for size in args.size or rulesets.SIZES:
            for case in cases.CASES.values():
                if args.cases and case.name not in args.cases or size not in case.sizes and not args.size:
                    continue
                if args.cpus2 and not case.cpus and not args.cases:
                    continue
                # Who watches writes as well.
                if args.writes and case.around and not args.cases:
                    continue
                for family in case.families:
                    if not args.family or family == args.family:
                        bench.run_case(case, family, size)
            if args.loads:
                for f in bench.chosen(rulesets.FILTERS, size):
                    bench.router(f, size)
            if args.proc and (not args.filter or 'postern' in args.filter):
                bench.proc(bench.router('postern', size))
        if args.kallsyms:
            with open('/proc/kallsyms', encoding='ascii') as f, open(args.kallsyms, 'w', encoding='ascii') as to:
                to.write(f.read())
    return bench.failed


if __name__ == '__main__':
    sys.exit(main())
