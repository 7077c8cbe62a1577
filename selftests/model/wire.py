# SPDX-License-Identifier: GPL-2.0
"""Raw frames at the far ends of the router's interfaces (see wires.sh)."""
import ctypes
import os
import select
import socket
import struct
import sys
import time

IFACES = ["z0", "z1", "z2", "z3", "n0", "n1"]


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Wire:
    """The far end of one of the router's interfaces; nobody answers there but us."""

    def __init__(self, iface, router_mac):
        self.iface = iface
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.sock.bind(("p" + iface, 0))
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)
        self.mac = self.sock.getsockname()[4]
        self.router_mac = router_mac

    def send(self, version, data):
        kind = 0x0800 if version == 4 else 0x86dd
        self.sock.send(self.router_mac + self.mac + struct.pack("!H", kind) + data)

    def ask_barrier(self, net):
        """An ARP question to the router, whose answer comes behind all before it."""
        ask = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + self.mac + bytes([10, 255, net, 2]) + \
            b"\0" * 6 + bytes([10, 255, net, 1])
        self.sock.send(b"\xff" * 6 + self.mac + struct.pack("!H", 0x0806) + ask)

    def receive(self):
        """(ethertype, datagram), or None if it left by this end, or is the router's own
        talk with its neighbours, which comes when it likes"""
        data, (_, kind, direction, _, _) = self.sock.recvfrom(65536)
        if direction == socket.PACKET_OUTGOING or neighbourly(data[14:], kind):
            return None
        return kind, data[14:]


def neighbourly(data, kind):
    """Neighbour discovery and MLD from a link-local address, or before there is one."""
    return kind == 0x86dd and (data[8:10] == b"\xfe\x80" or not any(data[8:24])) and \
        (data[6] == 58 and 133 <= data[40] <= 137 or data[6] == 0 and data[40] == 58)


def enter(namespace):
    """Sockets made from now on are of this namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(namespace) as f:
        if libc.setns(f.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")


def open_wires(ifaces=IFACES):
    macs = {}
    for iface in ifaces:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
            sock.bind((iface, 0))
            macs[iface] = sock.getsockname()[4]
    enter("/run/netns/" + os.environ["WIRES_PEERS"])
    wires = {i: Wire(i, macs[i]) for i in ifaces}
    enter("/run/netns/" + os.environ["WIRES_ROUTER"])
    return wires


def drain(wire, out):
    """Reads what lies in the socket. Return: whether an answer to ARP was there."""
    answered = False
    while select.select([wire.sock], [], [], 0)[0]:
        got = wire.receive()
        if not got:
            continue
        kind, data = got
        if kind == 0x0806:
            answered = answered or data[7] == 2
        elif kind in (0x0800, 0x86dd):
            out.append((wire.iface, kind, trim(kind, data)))
    return answered


def exchange(wires, frames, deadline=30):
    """Sends frames, (interface, version, datagram) each. Return: what comes out of the
    router before it answers an ARP question that follows them: (interface, ethertype,
    datagram) each. Without sleep, as long as all runs on one CPU."""
    for iface, version, data in frames:
        wires[iface].send(version, data)
    wires["z0"].ask_barrier(0)
    out = []
    end = time.monotonic() + deadline
    done = False
    while not done:
        if time.monotonic() > end:
            sys.exit("# the router does not answer ARP")
        ready = select.select([w.sock for w in wires.values()], [], [], 1)[0]
        for wire in wires.values():
            if wire.sock in ready and drain(wire, out) and wire.iface == "z0":
                done = True
    # what came before the answer may lie in a socket that was looked at before it came
    for wire in wires.values():
        drain(wire, out)
    return out


def trim(kind, data):
    """Without the padding of short frames."""
    size = struct.unpack("!H", data[2:4])[0] if kind == 0x0800 else \
        40 + struct.unpack("!H", data[4:6])[0]
    return data[:size]
