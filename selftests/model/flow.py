#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A connection that lasts, to see whether it survives.

    flow.py server PORT             echoes, over TCP and UDP, IPv4 and IPv6
    flow.py client tcp ADDRESS PORT FILE
    flow.py client udp ADDRESS PORT FILE [SOURCE_PORT]
                                    writes to FILE how many questions were answered
    flow.py noise ADDRESS FIRST_PORT LAST_PORT [PAUSE]
                                    opens and asks, every PAUSE (0.002) seconds, and waits
                                    for nothing

A TCP client that is reset or refused ends, with status 1; it never opens a second
connection. Many questions may get lost, so the UDP client never ends.
"""
import os
import select
import socket
import sys
import time


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def server(port):
    listeners, udp, clients = [], [], []
    for address in "0.0.0.0", "::":
        for kind, where in ((socket.SOCK_STREAM, listeners), (socket.SOCK_DGRAM, udp)):
            sock = socket.socket(family(address), kind)
            if ":" in address:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, port))
            if kind == socket.SOCK_STREAM:
                sock.listen()
            where.append(sock)
    while True:
        for sock in select.select(listeners + udp + clients, [], [])[0]:
            try:
                if sock in listeners:
                    clients.append(sock.accept()[0])
                elif sock in udp:
                    data, who = sock.recvfrom(2048)
                    sock.sendto(data, who)
                else:
                    data = sock.recv(2048)
                    if not data:
                        raise ConnectionError
                    sock.sendall(data)
            except OSError:
                if sock in clients:
                    clients.remove(sock)
                    sock.close()


def write(path, text):
    try:
        with open(path + ".new", "w") as out:
            out.write(text)
        os.rename(path + ".new", path)
    except FileNotFoundError:
        sys.exit(0)  # the test is over


def client(kind, address, port, path, sport=0):
    sock = socket.socket(family(address),
                         socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    answers = 0
    if sport:
        sock.bind(("", int(sport)))
    sock.settimeout(30 if kind == "tcp" else 0.2)
    sock.connect((address, int(port)))
    sock.settimeout(None if kind == "tcp" else 0.2)
    while True:
        try:
            sock.send(b"still there?\n")
            if not sock.recv(2048):
                break
            answers += 1
        except OSError:
            if kind == "tcp":
                break
            continue
        write(path, str(answers))
        time.sleep(0.02)
    write(path, "ended after %d" % answers)
    sys.exit(1)


def noise(address, first, last, pause=0.002):
    ports = range(int(first), int(last) + 1)
    while True:
        for port in ports:
            for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
                with socket.socket(family(address), kind) as sock:
                    sock.setblocking(False)
                    try:
                        sock.connect((address, port))
                        sock.send(b"noise")
                    except OSError:
                        pass
            time.sleep(float(pause))


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    if what == "server":
        server(int(words[0]))
    elif what == "client":
        client(*words)
    else:
        noise(*words)
