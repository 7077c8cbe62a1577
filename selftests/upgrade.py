# SPDX-License-Identifier: GPL-2.0
"""What upgrade.sh runs in its namespaces; each part until it is ended.

    watch FILE   when and what, a line for every packet that arrives for the forbidden port
    try FILE     every 10 ms what no rule allows; the number so far
    hurry FILE   the same without a pause
    echo         a server on the allowed port
    flow FILE    one connection to it, kept busy; the number of answers so far
"""
import os
import socket
import struct
import sys
import time

SERVERS = ((socket.AF_INET, "192.0.2.10"), (socket.AF_INET6, "2001:db8:0:2::10"))
ALLOWED, FORBIDDEN = 25, 26


def port_of(packet):
    """The destination port of a TCP or UDP packet, from its Ethernet header on"""
    kind = packet[12:14]
    if kind == b"\x08\x00" and packet[23] in (6, 17):
        start = 14 + (packet[14] & 15) * 4
    elif kind == b"\x86\xdd" and packet[20] in (6, 17):
        start = 54
    else:
        return None
    return struct.unpack_from("!H", packet, start + 2)[0]


def watch(out):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    os.write(out, b"ready\n")
    while True:
        packet, where = sock.recvfrom(2048)
        if where[2] == socket.PACKET_HOST and port_of(packet) == FORBIDDEN:
            os.write(out, b"%.3f %s\n" % (time.time(), packet[:80].hex().encode()))


def attempt():
    for family, address in SERVERS:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"datagram", (address, FORBIDDEN))
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.setblocking(False)
            sock.connect_ex((address, FORBIDDEN))


def try_it(out, pause=0.01):
    number = 0
    due = time.monotonic()
    while True:
        try:
            attempt()
        except OSError:
            pass  # told by the router: a denied attempt as well
        number += 1
        os.pwrite(out, b"%012d\n" % number, 0)
        now = time.monotonic()
        due = max(due + pause, now)
        time.sleep(due - now)


def hurry(out):
    try_it(out, 0)


def echo():
    with socket.create_server((SERVERS[0][1], ALLOWED)) as server:
        while True:
            client, _ = server.accept()
            if os.fork() == 0:
                while data := client.recv(64):
                    client.sendall(data)
                os._exit(0)
            client.close()


def flow(out):
    number = 0
    with socket.create_connection((SERVERS[0][1], ALLOWED), 20) as sock:
        sock.settimeout(60)
        while True:
            sock.sendall(b"%012d" % number)
            if sock.recv(12, socket.MSG_WAITALL) != b"%012d" % number:
                sys.exit("the connection is gone")
            number += 1
            os.pwrite(out, b"%012d\n" % number, 0)
            time.sleep(0.02)


def main():
    part = {"watch": watch, "try": try_it, "hurry": hurry, "echo": echo, "flow": flow}[sys.argv[1]]
    if len(sys.argv) > 2:
        part(os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND * (part is watch)))
    else:
        part()


main()
