# SPDX-License-Identifier: GPL-2.0
"""A small generic netlink client, for asking the kernel many questions a second.

Numbers of commands and attributes are read from the UAPI header, so that they
cannot differ from it.
"""
import os
import re
import socket
import struct

NETLINK_NETFILTER = 12
NETLINK_GENERIC = 16
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
GENL_ID_CTRL = 16


def read_header():
    """Enumerations of the UAPI header, by name without POSTERN_."""
    here = os.path.dirname(os.path.realpath(__file__))
    for path in (here + "/../../include/uapi/linux/postern.h",
                 "/usr/include/linux/postern.h"):
        if os.path.exists(path):
            break
    text = re.sub(r"/\*.*?\*/", "", open(path).read(), flags=re.S)
    names = {}
    for body in re.findall(r"enum\s+\w+\s*\{(.*?)\}", text, flags=re.S):
        value = 0
        for word in body.split(","):
            name = word.strip()
            if name.startswith("POSTERN_"):
                names[name[len("POSTERN_"):]] = value
            value += 1
    for name, value in re.findall(r"#define\s+POSTERN_(\w+)\s+\(1 << (\d+)\)", text):
        names[name] = 1 << int(value)
    return names


N = read_header()


def read_reasons():
    """Names of drop reasons by number."""
    here = os.path.dirname(os.path.realpath(__file__))
    path = here + "/../../include/postern/reasons.inc"
    return [""] + re.findall(r'^(?:RPC_|SMTP_)?REASON\(\w+,\s*"([^"]+)"', open(path).read(), flags=re.M)


def attr(kind, value):
    if isinstance(value, str):
        value = value.encode() + b"\0"
    pad = b"\0" * (-len(value) % 4)
    return struct.pack("=HH", len(value) + 4, kind) + value + pad


def u8(kind, value):
    return attr(kind, struct.pack("=B", value))


def u16(kind, value):
    return attr(kind, struct.pack("=H", value))


def u32(kind, value):
    return attr(kind, struct.pack("=I", value))


def attrs(data):
    """All attributes of a message, by kind; the last of a kind wins."""
    found = {}
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        if size < 4:
            raise ValueError("attribute of %d bytes" % size)
        found[kind & 0x3fff] = data[at + 4:at + size]
        at += (size + 3) & ~3
    return found


class Refused(OSError):
    """A refusal of the kernel, with its sentence."""


class Socket:
    def __init__(self, protocol=NETLINK_GENERIC):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        self.sock.bind((0, 0))
        # SOL_NETLINK, NETLINK_EXT_ACK
        self.sock.setsockopt(270, 11, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
        self.seq = 0

    def message(self, kind, flags, body):
        self.seq += 1
        return struct.pack("=IHHII", len(body) + 16, kind, flags, self.seq, 0) + body

    def answers(self):
        """(seq, kind, body) of what comes with one receive."""
        data = self.sock.recv(1 << 20)
        at = 0
        while at < len(data):
            size, kind, flags, seq, _ = struct.unpack_from("=IHHII", data, at)
            body = data[at + 16:at + size]
            if kind == NLMSG_ERROR:
                err = -struct.unpack_from("=i", body)[0]
                if err:
                    sentence = ""
                    if flags & 0x200:  # NLM_F_ACK_TLVS
                        skip = 4 + (16 if flags & 0x100 else
                                    struct.unpack_from("=I", body, 4)[0])
                        text = attrs(body[(skip + 3) & ~3:]).get(1, b"")
                        sentence = text.rstrip(b"\0").decode()
                    raise Refused(err, sentence or os.strerror(err))
            yield seq, kind, body
            at += (size + 3) & ~3

    def one(self, kind, body, flags=0):
        self.sock.send(self.message(kind, NLM_F_REQUEST | NLM_F_ACK | flags, body))
        result = None
        while True:
            for _, answer, data in self.answers():
                if answer == NLMSG_ERROR:
                    return result
                result = data


class Family(Socket):
    """The family postern."""

    def __init__(self, name="postern"):
        super().__init__()
        self.id = GENL_ID_CTRL
        reply = self.call(3, attr(2, name))  # CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME
        self.id = struct.unpack("=H", reply[1])[0]  # CTRL_ATTR_FAMILY_ID

    def body(self, command, data=b""):
        return struct.pack("=BBH", command, 1, 0) + data

    def call(self, command, data=b""):
        reply = self.one(self.id, self.body(command, data))
        return attrs(reply[4:]) if reply else {}

    def batch(self, command, bodies, at_once=64):
        """An answer for each body, in order: many messages with one send."""
        answers = []
        for start in range(0, len(bodies), at_once):
            part = bodies[start:start + at_once]
            first = self.seq + 1
            data = b""
            for body in part:
                m = self.message(self.id, NLM_F_REQUEST, self.body(command, body))
                data += m + b"\0" * (-len(m) % 4)
            self.sock.send(data)
            got = {}
            while len(got) < len(part):
                for seq, _, reply in self.answers():
                    got[seq] = attrs(reply[4:])
            answers += [got[first + i] for i in range(len(part))]
        return answers

    def dump(self, command, data=b""):
        self.sock.send(self.message(self.id, NLM_F_REQUEST | NLM_F_DUMP,
                                    self.body(command, data)))
        while True:
            for _, kind, reply in self.answers():
                if kind == NLMSG_DONE:
                    return
                yield attrs(reply[4:])


def flush_conntrack():
    """Delete all entries of this namespace (ctnetlink)."""
    sock = Socket(NETLINK_NETFILTER)
    # NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, struct nfgenmsg
    sock.one(1 << 8 | 2, struct.pack("=BBH", socket.AF_UNSPEC, 0, 0))
    sock.sock.close()
