#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""mutants.py evasion|fastpath|limits [TEXT...]: build the module without each of the checks that a
list names (those whose line has a TEXT), and see in one guest that the groups of tests
named there fail.

mutants.py texts: say which of all lists are not where their list says."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
VM = os.path.join(HERE, "vm")
sys.path.append(os.path.join(HERE, "rpc"))
import mutation  # noqa: E402

# In the guest: each module with its groups, one after the other.
RUN = """
%s
while read -r i groups; do
    %s
    for group in $groups; do
        %s >"$POSTERN_OUT/$i.$group.out" 2>&1 </dev/null
        echo "$?" >"$POSTERN_OUT/$i.$group.rc"
    done
    %s
done <"$POSTERN_OUT/list"
"""

LISTS = {
    # on the same wires
    "evasion": ("model/evasion_mutants", RUN % (
        """. selftests/lib.sh
           . selftests/model/wires.sh
           wires_up
           export PYTHONPATH=selftests/rpc
           modprobe -aq nf_conntrack nf_reject_ipv4 nf_reject_ipv6 nf_flow_table""",
        'insmod "$POSTERN_OUT/$i.ko" || continue',
        'at router timeout 120 python3 -B selftests/model/evasion.py "$group"',
        "rmmod postern")),
    "fastpath": ("model/fastpath_mutants", RUN % (
        "", 'export POSTERN_KO=$POSTERN_OUT/$i.ko', 'timeout 200 selftests/fastpath.sh "$group"',
        "")),
    "limits": ("limits/mutants", RUN % (
        "", 'export POSTERN_KO=$POSTERN_OUT/$i.ko', 'timeout 200 selftests/limits.sh "$group"', "")),
}


def build(source, target):
    with tempfile.TemporaryDirectory() as out:
        ko = subprocess.run([VM + "/build", "--kernel", "uml", "--module", source,
                             "--output", out], check=True, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL).stdout.decode().strip()
        shutil.move(ko, target)


def unseen(out, i, group):
    """Why the group cannot be said to have failed, and in one of its tests; or None."""
    with open(f"{out}/{i}.{group}.rc") as f:
        rc = f.read().strip()
    with open(f"{out}/{i}.{group}.out") as f:
        text = f.read()
    # a condition that never comes true may take longer than there is time
    if rc == "124" or (rc == "1" and ("\nnot ok " in text or "\nBail out!" in text)):
        return None
    return f"{group} does not see it" + ("" if rc == "0" else f": exit status {rc}\n{text[-500:]}")


def run_all(todo, out, run):
    """@todo: numbers and mutants. Return: why, by number, they are not seen."""
    root = subprocess.run([TOP + "/selftests/roots/root", "servers"], check=True,
                          stdout=subprocess.PIPE).stdout.decode().strip()
    wrong = {}
    while todo:
        with open(out + "/list", "w") as f:
            for i, mutant in todo:
                f.write(f"{i} {' '.join(mutant.tests)}\n")
        # what the kernel says of a mutant is no matter
        guest = subprocess.run([VM + "/run", "--kernel", "uml", "--root", root, "--timeout", "3000",
                                "--no-module", "--keep", out, "--", "bash", "-c", run], check=False,
                               cwd=TOP, stdout=subprocess.DEVNULL)
        while todo and all(os.path.exists(f"{out}/{todo[0][0]}.{g}.rc") for g in todo[0][1].tests):
            i, mutant = todo.pop(0)
            wrong[i] = list(filter(None, (unseen(out, i, g) for g in mutant.tests)))
        if todo:
            # a guest that dies of it is one that sees it, if it came so far
            i, mutant = todo.pop(0)
            begun = any(os.path.exists(f"{out}/{i}.{g}.out") for g in mutant.tests)
            died = guest.returncode == 126
            wrong[i] = [] if begun and died else [f"the guest ended with {guest.returncode}"]
    return wrong


def texts():
    for path, _ in LISTS.values():
        for mutant in mutation.mutants(os.path.join(HERE, path)):
            why = mutant.apply(f"{TOP}/kmod/{mutant.file}", os.devnull)
            if why:
                print(f"{path}: {mutant.file}: {mutant.text!r} {why}")


def main():
    if sys.argv[1] == "texts":
        return texts()
    path, run = LISTS[sys.argv[1]]
    chosen = mutation.chosen(os.path.join(HERE, path), sys.argv[2:])
    cache = os.environ.get("POSTERN_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "postern")
    # always the same, so that only what differs is compiled
    copy = os.path.join(cache, "mutants/postern")
    os.makedirs(copy, exist_ok=True)
    wrong = {}
    with tempfile.TemporaryDirectory() as out:
        todo = []
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
            todo.append((i, mutant))
        wrong.update(run_all(todo, out, run))
    for i, mutant in enumerate(chosen, 1):
        mutant.tell(i, wrong[i])
    failed = sum(bool(w) for w in wrong.values())
    print(f"# passed {len(chosen) - failed}, failed {failed}")
    return 1 if failed else 0


sys.exit(main())
