#!/usr/bin/env python3
"""Builds the peers of the interop tests and runs their checks against a server.

    peers.py build --out DIR                builds what can be built here: the Go programs, jayson
    peers.py check --out DIR [options] -- SERVER ARGUMENT...
                                            builds what the suites need, starts the server, runs them against it
    peers.py golden --out DIR -- ENCODER    has every Go there is read what ENCODER made of the golden values

The server prints "listening KIND ADDRESS" for each KIND of tcp, http, json, unix, unix-json that it has, then "ready",
and stops when its standard input closes. Exit codes: 0 all passed, 1 something failed, 77 skipped, because a tool or a
registry is missing.
"""

import argparse
import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


class Missing(Exception):
    """A tool, or what a registry should give."""


def all_go():
    """$GO, the go in the path, Debian's."""
    candidates = [os.environ.get("GO"), shutil.which("go"), "/usr/lib/go-1.19/bin/go", "/usr/local/go/bin/go"]
    found = [candidate for candidate in candidates if candidate and os.access(candidate, os.X_OK)]
    if not found:
        raise Missing("there is no go here")
    return found


def find_go():
    return all_go()[0]


def run(command, folder, what):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode == 0, f"{what} failed:\n{done.stdout.strip()}"


def build_go(out):
    ok, why = run([find_go(), "build", "-o", f"{out}{os.sep}", "./peer_server", "./peer_client"], HERE / "go", "go build")
    if not ok:
        sys.exit(why)


def build_cancel(out):
    """Needs one module from the registry."""
    go = find_go()
    ok, why = run([go, "mod", "download"], HERE / "go" / "cancel", "go mod download")
    if not ok:
        raise Missing(why)
    ok, why = run([go, "build", "-o", f"{out}{os.sep}", "./..."], HERE / "go" / "cancel", "go build")
    if not ok:
        sys.exit(why)


def build_in_module(out, module, *programs):
    """Needs Go 1.21 and modules from the registry."""
    go = find_go()
    version = subprocess.run([go, "env", "GOVERSION"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    number = re.match(r"go1\.(\d+)", version)
    if not number or int(number.group(1)) < 21:
        raise Missing(f"{version} is too old")
    ok, why = run([go, "mod", "download"], HERE / "go" / module, "go mod download")
    if not ok:
        raise Missing(why)
    ok, why = run([go, "build", "-o", f"{out}{os.sep}", *(f"./{program}" for program in programs)], HERE / "go" / module, "go build")
    if not ok:
        sys.exit(why)


def build_protorpc(out):
    build_in_module(out, "protorpc", "protorpc_server", "protorpc_client")


def build_chai2010(out):
    build_in_module(out, "chai2010", "chai2010_server", "chai2010_client")


def build_jayson(out):
    """In a folder outside the sources, where npm can write."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise Missing("there is no node or no npm here")
    folder = out / "node"
    folder.mkdir(parents=True, exist_ok=True)
    for source in (HERE / "node").iterdir():
        if source.suffix in (".js", ".json"):
            shutil.copy2(source, folder)
    lock = (folder / "package-lock.json").read_text()
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == lock:
        return
    ok, why = run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder, "npm ci")
    if not ok:
        raise Missing(why)
    stamp.write_text(lock)


BUILD = {"go": build_go, "cancel": build_cancel, "protorpc": build_protorpc, "chai2010": build_chai2010,
         "jayson": build_jayson}


def client_of(suite, addresses, options):
    out = options.out
    if suite == "go":
        flags = [f"-{kind}={address}" for kind, address in addresses.items()]
        return [str(out / "peer_client"), *flags] + (["-stock"] if options.stock else [])
    if suite in ("protorpc", "chai2010"):
        return [str(out / f"{suite}_client"), "-tcp", addresses["tcp"]] + (["-stock"] if options.stock else [])
    if suite == "cancel":
        return [str(out / f"{suite}_client"), "-tcp", addresses["tcp"]]
    kinds = {"tcp": addresses.get("json") or addresses.get("tcp"), "http": addresses.get("http")}
    flags = [part for kind, address in kinds.items() if address for part in (f"--{kind}", address)]
    return ["node", str(out / "node" / "client.js"), *flags] + (["--stock"] if options.stock else [])


def read_addresses(server):
    addresses = {}
    for line in server.stdout:
        if line.strip() == "ready":
            break
        found = re.fullmatch(r"listening (\S+) (\S+)\s*", line)
        if found:
            addresses[found.group(1)] = found.group(2)
        else:
            print(line, end="")
    return addresses


def echo_lines(stream):
    for line in stream:
        print(line, end="", flush=True)


@contextlib.contextmanager
def alone(out):
    """Tests run side by side, but may not build into one folder at the same time."""
    with open(out / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def check(options):
    with alone(options.out):
        for suite in options.suites:
            BUILD[suite](options.out)
    server = subprocess.Popen(options.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    failed = []
    try:
        addresses = read_addresses(server)
        if options.one_port:
            addresses.setdefault("http", addresses.get("tcp"))
            addresses.setdefault("json", addresses.get("tcp"))
            if "unix" in addresses:
                addresses.setdefault("unix-json", addresses["unix"])
        if not addresses or None in addresses.values():
            print("the server does not say where it listens")
            return 1
        rest = threading.Thread(target=echo_lines, args=(server.stdout,), daemon=True)
        rest.start()
        for suite in options.suites:
            done = subprocess.run(client_of(suite, addresses, options), check=False)
            if done.returncode != 0:
                failed.append(suite)
    finally:
        with contextlib.suppress(OSError):
            server.stdin.close()
        try:
            code = server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            code = "no end: it did not stop when its standard input closed"
    if code != 0:
        failed.append(f"the server, which ended with {code}")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def golden(options):
    """Go's decoder on our bytes, by each version of Go."""
    versions = {}
    for go in all_go():
        version = subprocess.run([go, "env", "GOVERSION"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        versions.setdefault(version, go)
    failed = []
    for version, go in versions.items():
        folder = options.out / "golden" / version
        folder.mkdir(parents=True, exist_ok=True)
        sources = [HERE.parent / "golden" / "gob" / "generate.go", HERE.parent / "gob" / "golden_check.go"]
        for source in sources:
            shutil.copy2(source, folder)
        with alone(options.out):
            ok, why = run([go, "build", "-o", "golden_check", *(source.name for source in sources)], folder, f"{version} build")
        if not ok:
            sys.exit(why)
        encoded = folder / "encoded.json"
        for command in ([*options.command, encoded], [folder / "golden_check", encoded]):
            if subprocess.run(command, check=False).returncode != 0:
                failed.append(version)
                break
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def build_all(out):
    missing = []
    for name, build in BUILD.items():
        try:
            with alone(out):
                build(out)
            print(f"built: {name}")
        except Missing as why:
            missing.append(name)
            print(f"not built: {name}: {why}")
    return SKIPPED if len(missing) == len(BUILD) else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("build", "check", "golden"))
    parser.add_argument("--out", type=pathlib.Path, required=True, help="where the programs go, outside the sources")
    parser.add_argument("--suites", default="go", help="of go, cancel, protorpc, chai2010, jayson, with commas between")
    parser.add_argument("--one-port", action="store_true", help="http and json are where tcp is, unix-json where unix is")
    parser.add_argument("--stock", action="store_true", help="the server is the peer's own: skip what it cannot do")
    arguments = sys.argv[1:]
    split = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:split])
    options.command = arguments[split + 1:]
    if (options.what == "build") == bool(options.command):
        parser.error("check and golden have a command behind --, build has none")
    options.suites = options.suites.split(",")
    options.out = options.out.resolve()
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        if options.what == "build":
            return build_all(options.out)
        return check(options) if options.what == "check" else golden(options)
    except Missing as why:
        print(f"skipped: {why}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
