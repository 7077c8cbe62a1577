#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""mutants.py [TEXT...]: build the module without each of the checks that evasion_mutants
lists (those whose line has a TEXT), and see in one guest that the groups named there fail."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, "../.."))
VM = os.path.join(TOP, "selftests/vm")
sys.path.append(os.path.join(HERE, "../rpc"))
import mutation  # noqa: E402

# In the guest: each module with its groups, one after the other, on the same wires.
RUN = """
. selftests/lib.sh
. selftests/model/wires.sh
wires_up
export PYTHONPATH=selftests/rpc
modprobe -aq nf_conntrack nf_reject_ipv4 nf_reject_ipv6
while read -r i groups; do
    insmod "$POSTERN_OUT/$i.ko" || continue
    for group in $groups; do
        at router timeout 120 python3 -B selftests/model/evasion.py "$group" \\
            >"$POSTERN_OUT/$i.$group.out" 2>&1 </dev/null
        echo "$?" >"$POSTERN_OUT/$i.$group.rc"
    done
    rmmod postern
done <"$POSTERN_OUT/list"
"""


def build(source, target):
    with tempfile.TemporaryDirectory() as out:
        ko = subprocess.run([VM + "/build", "--kernel", "uml", "--module", source,
                             "--output", out], check=True, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL).stdout.decode().strip()
        shutil.move(ko, target)


def seen(out, i, group):
    """Whether the group failed, and in one of its tests."""
    try:
        with open(f"{out}/{i}.{group}.rc") as f:
            rc = f.read().strip()
        with open(f"{out}/{i}.{group}.out") as f:
            return rc == "1" and "\nnot ok " in f.read()
    except FileNotFoundError:
        return False


def main():
    chosen = mutation.chosen(os.path.join(HERE, "evasion_mutants"), sys.argv[1:])
    cache = os.environ.get("POSTERN_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "postern")
    # always the same, so that only what differs is compiled
    copy = os.path.join(cache, "mutants/postern")
    os.makedirs(copy, exist_ok=True)
    wrong = {}
    with tempfile.TemporaryDirectory() as out:
        with open(out + "/list", "w") as todo:
            for i, mutant in enumerate(chosen, 1):
                subprocess.run(["rsync", "-a", "--delete", *(
                    f"{TOP}/{n}" for n in ("Kbuild", "VERSION", "include", "kmod")), copy + "/"],
                    check=True)
                path = f"{copy}/kmod/{mutant.file}"
                why = mutant.apply(path, path)
                if why:
                    wrong[i] = [why]
                    continue
                try:
                    build(copy, f"{out}/{i}.ko")
                except subprocess.CalledProcessError:
                    wrong[i] = ["cannot be built"]
                    continue
                todo.write(f"{i} {' '.join(mutant.tests)}\n")
        root = subprocess.run([TOP + "/selftests/roots/root", "servers"], check=True,
                              stdout=subprocess.PIPE).stdout.decode().strip()
        # what the kernel says of a mutant is no matter
        subprocess.run([VM + "/run", "--kernel", "uml", "--root", root, "--timeout", "3000",
                        "--no-module", "--keep", out, "--", "bash", "-c", RUN], check=False,
                       cwd=TOP, stdout=subprocess.DEVNULL)
        for i, mutant in enumerate(chosen, 1):
            wrong.setdefault(i, [f"{g} does not see it" for g in mutant.tests
                                 if not seen(out, i, g)])
            mutant.tell(i, wrong[i])
    failed = sum(bool(w) for w in wrong.values())
    print(f"# passed {len(chosen) - failed}, failed {failed}")
    return 1 if failed else 0


sys.exit(main())
