#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Very many clients of an endpoint mapper, as fast as Python can.

    many.py server              a mapper on TCP 135: who asks for 4 ports is given 50001 and
                                up, who asks for more is given other ones each time;
                                accepts connections on 50001 too
    many.py clients SERVER NETWORK COUNT
                                COUNT clients, whose addresses NETWORK has, ask for 4 ports
                                each; prints how many were answered, and in what time
    many.py prompt SERVER NETWORK COUNT
                                COUNT clients that connect to 50001 as soon as they were told;
                                prints how many got through, and how many at the first try
    many.py greedy SERVER COUNT one client asks until it was given COUNT ports
    many.py connects SERVER PORT COUNT SOURCE
                                seconds for so many connections, one after the other
"""
import ipaddress
import socket
import struct
import sys
import threading
import time

import dce

IP_FREEBIND = 15
STORE = dce.INTERFACES['is']
BIND = dce.bind(1, [dce.Context(0, dce.EPM, [dce.NDR32])]).pack()
ACK = dce.bind_ack(1, [dce.Result(0, 0, dce.NDR32)], '135').pack()


def question(most):
    return b''.join(p.pack() for p in dce.request(2, 0, 3, dce.map_question(STORE, most=most)))


def answer(first, most):
    towers = [dce.tower(STORE, 1024 + (first + i) % 64000) for i in range(most)]
    return b''.join(p.pack() for p in dce.response(2, 0, dce.map_answer(towers, most)))


def read_pdu(sock, rest=b''):
    """One PDU, and what came behind it."""
    while len(rest) < 10 or len(rest) < struct.unpack_from('<H', rest, 8)[0]:
        more = sock.recv(65536)
        if not more:
            raise ConnectionError('closed')
        rest += more
    size = struct.unpack_from('<H', rest, 8)[0]
    return rest[:size], rest[size:]


def serve(sock, same):
    most, given = 4, 0
    with sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            pdu, rest = read_pdu(sock)
            sock.sendall(ACK)
            while True:
                pdu, rest = read_pdu(sock, rest)
                most = struct.unpack_from('<I', pdu, len(pdu) - 4)[0]
                if most == 4:
                    sock.sendall(same)
                else:
                    sock.sendall(answer(given, most))
                    given += most
        except OSError:
            pass


def server():
    same = answer(50001 - 1024, 4)
    mapper, data = (socket.create_server(('', port), backlog=4096) for port in (135, 50001))

    def accept_data():
        while True:
            data.accept()[0].close()

    threading.Thread(target=accept_data, daemon=True).start()
    print('ready', flush=True)
    while True:
        sock = mapper.accept()[0]
        # the thread of a short conversation costs more than it
        threading.Thread(target=serve, args=(sock, same), daemon=True).start()


def ask(address, source):
    with socket.socket() as sock:
        if source:
            sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
            sock.bind((source, 0))
        # no TIME_WAIT for a hundred thousand
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        sock.settimeout(10)
        sock.connect((address, 135))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(BIND)
        read_pdu(sock)
        sock.sendall(FOUR)
        pdu, _ = read_pdu(sock)
        return pdu[2] == dce.RESPONSE


FOUR = question(4)


def clients(address, network, count):
    hosts = ipaddress.ip_network(network)
    begun, answered = time.monotonic(), 0
    for i in range(int(count)):
        try:
            answered += ask(address, str(hosts[i + 1]))
        except OSError as error:
            print(f'{hosts[i + 1]}: {error}', flush=True)
    print(f'answered {answered} in {time.monotonic() - begun:.1f} s')


def prompt(address, network, count):
    hosts = ipaddress.ip_network(network)
    through, first = 0, 0
    for i in range(int(count)):
        with socket.socket() as sock:
            sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
            sock.bind((str(hosts[i + 1]), 0))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            sock.settimeout(10)
            try:
                if not ask(address, str(hosts[i + 1])):
                    continue
                sock.connect((address, 50001))
                through += 1
                # tcpi_total_retrans: the SYN's
                first += not struct.unpack_from('<I', sock.getsockopt(
                    socket.IPPROTO_TCP, socket.TCP_INFO, 104), 100)[0]
            except OSError as error:
                print(f'{hosts[i + 1]}: {error}', flush=True)
    print(f'through {through} first {first}')


def greedy(address, count):
    given, eight = 0, question(8)
    with socket.create_connection((address, 135)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(BIND)
        pdu, rest = read_pdu(sock)
        while given < int(count):
            sock.sendall(eight)
            pdu, rest = read_pdu(sock, rest)
            given += 8
    print(f'given {given}')


def connects(address, port, count, source):
    begun = time.monotonic()
    for _ in range(int(count)):
        with socket.socket() as sock:
            sock.settimeout(5)
            sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
            sock.bind((source, 0))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            sock.connect((address, int(port)))
    print(f'{time.monotonic() - begun:.3f}')


if __name__ == '__main__':
    {'server': server, 'clients': clients, 'greedy': greedy,
     'prompt': prompt, 'connects': connects}[sys.argv[1]](*sys.argv[2:])
