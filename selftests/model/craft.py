# SPDX-License-Identifier: GPL-2.0
"""Packets byte by byte, the wrong ones too."""
import ipaddress
import struct

from wire import checksum

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58


def raw(addr):
    return ipaddress.ip_address(addr).packed


def is4(addr):
    return "." in addr and ":" not in addr


def ip4(src, dst, proto, data, options=b"", ident=1, frag=0, ttl=64, total=None):
    """frag: the field of flags and offset"""
    size = 20 + len(options)
    head = struct.pack("!BBHHHBBH", 0x40 | size // 4, 0, total or size + len(data), ident, frag,
                       ttl, proto, 0) + raw(src) + raw(dst) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + data


def ip6(src, dst, nexthdr, data, hops=64):
    return struct.pack("!IHBB", 6 << 28, len(data), nexthdr, hops) + raw(src) + raw(dst) + data


def fill_checksum(src, dst, proto, data, at):
    pseudo = b"" if proto == ICMP else raw(src) + raw(dst) + struct.pack("!II", len(data), proto)
    value = checksum(pseudo + data) or 0xffff
    return data[:at] + struct.pack("!H", value) + data[at + 2:]


def tcp_data(src, dst, sport, dport, flags=SYN, seq=1000, ack=0, doff=5, data=b""):
    head = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, doff << 4, flags, 8192, 0, 0)
    return fill_checksum(src, dst, TCP, head + data, 16)


def udp_data(src, dst, sport, dport, data=b"data", length=None):
    head = struct.pack("!HHHH", sport, dport, length or 8 + len(data), 0)
    return fill_checksum(src, dst, UDP, head + data, 6)


def icmp_data(src, dst, kind, code=0, rest=1 << 16 | 1, data=b"data"):
    proto = ICMP if is4(src) else ICMP6
    head = struct.pack("!BBHI", kind, code, 0, rest & 0xffffffff)
    return fill_checksum(src, dst, proto, head + data, 2)


def ip(src, dst, proto, data):
    return ip4(src, dst, proto, data) if is4(src) else ip6(src, dst, proto, data)


def tcp(src, dst, sport, dport, flags=SYN, **more):
    return ip(src, dst, TCP, tcp_data(src, dst, sport, dport, flags, **more))


def udp(src, dst, sport, dport, **more):
    return ip(src, dst, UDP, udp_data(src, dst, sport, dport, **more))


def icmp(src, dst, kind, code=0, **more):
    return ip(src, dst, ICMP if is4(src) else ICMP6, icmp_data(src, dst, kind, code, **more))


def echo(src, dst, ident=1):
    return icmp(src, dst, 8 if is4(src) else 128, rest=ident << 16 | 1)


def options6(nexthdr, count=1):
    """A chain of destination options headers; the last names @nexthdr."""
    return b"".join(struct.pack("!BBBBI", 60 if i + 1 < count else nexthdr, 0, 1, 4, 0)
                    for i in range(count))


def fragment6(nexthdr, offset, more, ident=7):
    return struct.pack("!BBHI", nexthdr, 0, offset | more, ident)
