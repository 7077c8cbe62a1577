#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""RPC traffic that goes on, to see what becomes of it while its router changes.

    traffic.py ask FILE SERVER INTERFACE...     map, connect, bind and call, without end
    traffic.py hold FILE SERVER PORT INTERFACE  one connection, call after call

FILE has one line: of ask how many rounds ended well, and how many did not, which is what
happens where a router says no; of hold how many calls were answered, or "ended" and why.
Bytes that nobody sent end either of them: "deviation" and which.
"""
import argparse
import os
import sys
import time

import client
import dce

PAUSE = 0.01
SIZES = (0, 64, 1400, 9000)


def write(path, text):
    with open(path + ".new", "w") as out:
        out.write(text)
    os.rename(path + ".new", path)


def options(server, timeout):
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    client.common(parser)
    return parser.parse_args([server, "--timeout", str(timeout)])


def one_round(opts, interface):
    mapper = client.Client(opts, opts.server, 135, "none")
    mapper.connect()
    mapper.bind(dce.EPM)
    port = mapper.map(interface)[0].port
    data = client.Client(opts, opts.server, port, "none")
    data.connect()
    data.bind(interface)
    for size in SIZES:
        data.echo(interface, size)
    data.close()
    mapper.close()


def ask(path, server, *names):
    # whoever is not answered in so long never will be
    opts = options(server, 3)
    well = not_well = 0
    while True:
        for name in names:
            try:
                one_round(opts, dce.interface(name))
                well += 1
            except (client.Failure, OSError) as why:
                if client.outcome(why).outcome == "deviation":
                    raise
                not_well += 1
            write(path, f"{well} {not_well}\n")
            time.sleep(PAUSE)


def hold(path, server, port, name):
    interface = dce.interface(name)
    held = client.Client(options(server, 300), server, int(port), "none")
    held.connect()
    held.bind(interface)
    calls = 0
    while True:
        try:
            held.echo(interface, SIZES[calls % len(SIZES)])
        except (client.Failure, OSError) as why:
            write(path, f"ended {client.outcome(why).outcome}\n")
            return 1
        calls += 1
        write(path, f"{calls}\n")
        time.sleep(PAUSE)


def main(what, path, *rest):
    try:
        return {"ask": ask, "hold": hold}[what](path, *rest)
    except dce.Deviation as why:
        write(path, f"deviation {why}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
