#!/usr/bin/env python3
"""Connect's peers: curl, buf curl and connect-es on Node.

    peers.py check --out DIR --client SUITE [--server SERVER]     starts the server, has the suite judge it

SERVER is a program, or "node" for connect-es's own. SUITE is curl, buf, node, node-binary, or a program that takes an
address. A server prints "listening http ADDRESS", then "ready", and stops when its standard input ends. DIR is where
npm puts its packages, outside the sources. Exit codes: 0 all passed, 1 something failed, 77 skipped, because a tool or
the registry is missing.
"""

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SERVICE = "interop.connect.Arith"
SKIPPED = 77


class Missing(Exception):
    """A tool, or what the registry should give."""


def install(out):
    """Into a folder outside the sources, where npm can write; with the descriptors of arith.proto. Other tests may be reading
    the files there, which are therefore whole at every moment."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise Missing("there is no node or no npm here")
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for source in HERE.iterdir():
            if source.suffix in (".js", ".json", ".proto"):
                shutil.copy2(source, out / "new")
                os.replace(out / "new", out / source.name)
        wanted = (HERE / "package-lock.json").read_text()
        stamp = out / "installed"
        if not stamp.exists() or stamp.read_text() != wanted:
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(command, cwd=out, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            if done.returncode != 0:
                raise Missing(f"npm ci failed:\n{done.stdout.strip()}")
            stamp.write_text(wanted)
        done = subprocess.run([str(buf(out)), "build", "arith.proto", "-o", "new.binpb"], cwd=out, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise Missing(f"buf build failed:\n{done.stdout.strip()}")
        os.replace(out / "new.binpb", out / "arith.binpb")


def buf(out):
    return out / "node_modules" / ".bin" / "buf"


class Checks:
    def __init__(self):
        self.failed = 0

    def __call__(self, name, good, why=""):
        print(f"ok {name}" if good else f"FAIL {name}: {why}", flush=True)
        self.failed += not good


def run(command, text=None):
    done = subprocess.run([str(word) for word in command], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def curl(address, _out):
    """What the README promises."""
    if not shutil.which("curl"):
        raise Missing("there is no curl here")
    check = Checks()
    url = f"http://{address}/{SERVICE}"
    json_type = ["-H", "Content-Type: application/json"]

    def ask(method, body, *more):
        code, out, err = run(["curl", "-sS", "-w", "\n%{http_code}", *json_type, *more, "-d", body, f"{url}/{method}"])
        text, _, status = out.rpartition("\n")
        return (int(status) if code == 0 else err), text

    check("call", ask("Multiply", '{"a":6,"b":7}') == (200, '{"value":42}'), ask("Multiply", '{"a":6,"b":7}'))
    status, text = ask("Fail", '{"code":"not_found","message":"no such user"}')
    check("error", status == 404 and json.loads(text) == {"code": "not_found", "message": "no such user"}, text)
    check("no JSON", ask("Multiply", "{bad}")[0] == 400)
    check("no method", ask("None", "{}")[0] == 404)
    check("metadata", ask("Metadata", '{"key":"x-key"}', "-H", "x-key: v") == (200, '{"value":"v"}'))
    check("timeout", ask("Sleep", '{"milliseconds":20000}', "-H", "Connect-Timeout-Ms: 50")[0] == 504)
    check("GET", run(["curl", "-sS", "-o", "-", "-w", "%{http_code}", f"{url}/Multiply"])[1].endswith("405"))
    large = json.dumps({"text": "x" * 200000})
    code, out, err = run(["curl", "-sS", "--compressed", *json_type, "-H", "Expect: 100-continue", "-d", "@-", f"{url}/Echo"],
                         large)
    check("large, 100-continue, compressed", code == 0 and json.loads(out)["text"] == "x" * 200000, err)
    return check.failed


def buf_curl(address, out):
    install(out)
    check = Checks()

    def ask(method, body, *more):
        return run([buf(out), "curl", "--protocol", "connect", "--schema", out / "arith.proto", "-d", body, *more,
                    f"http://{address}/{SERVICE}/{method}"])

    code, text, err = ask("Multiply", '{"a":"6","b":"7"}')
    if "415" in err:
        raise Missing("buf curl speaks protobuf only, which this server does not")
    check("call", code == 0 and json.loads(text) == {"value": "42"}, text + err)
    code, text, err = ask("Echo", '{"text":"\\u00e4","data":"AP8=","table":{"x":"1"},"some":{"a":"1"}}')
    check("everything", code == 0 and json.loads(text)["table"] == {"x": "1"}, text + err)
    code, text, err = ask("Fail", '{"code":"not_found","message":"no such user"}')
    check("error", code != 0 and json.loads(err) == {"code": "not_found", "message": "no such user"}, text + err)
    code, text, err = ask("Metadata", '{"key":"x-key"}', "-H", "x-key: v")
    check("metadata", code == 0 and json.loads(text) == {"value": "v"}, text + err)
    return check.failed


def node(address, out, *flags):
    install(out)
    return subprocess.run(["node", out / "client.js", out / "arith.binpb", address, *flags], timeout=300, check=False).returncode


SUITES = {"curl": curl, "buf": buf_curl, "node": node, "node-binary": lambda address, out: node(address, out, "--binary")}


def check(options):
    command = [options.server]
    if options.server == "node":
        install(options.out)
        command = ["node", str(options.out / "server.js"), str(options.out / "arith.binpb")]
    if options.client in ("buf", "node", "node-binary"):
        install(options.out)
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    address = None
    try:
        for line in server.stdout:
            if line.startswith("listening http "):
                address = line.split()[2]
            if line.strip() == "ready":
                break
        if address is None:
            print("FAIL the server does not listen")
            return 1
        suite = SUITES.get(options.client)
        if suite is None:
            failed = subprocess.run([options.client, f"http://{address}"], timeout=300, check=False).returncode
        else:
            failed = suite(address, options.out)
    finally:
        with contextlib.suppress(OSError):
            server.stdin.close()
        try:
            code = server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            code = "no end"
    if code != 0:
        print(f"FAIL the server ended with {code}")
        return 1
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("check",))
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--client", required=True)
    options = parser.parse_args()
    options.out = options.out.resolve()
    try:
        return check(options)
    except Missing as why:
        print(f"skipped: {why}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
