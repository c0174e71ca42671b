#!/usr/bin/env python3
"""wrk against an HTTP server, as the other peers' clients are used: prints "measuring" after the warm-up, and then a line of JSON.

Calls in flight on one connection are pipelined; wrk then counts the latency from the first of them.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--wire", default="nginx", choices=("nginx", "nginx-get", "http"))
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--in-flight", type=int, default=1)
    parser.add_argument("--payload", type=int, default=32)
    parser.add_argument("--warmup", type=float, default=0.5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    wrk = shutil.which("wrk")
    if not wrk:
        sys.exit("client.py: there is no wrk here (Debian: wrk)")
    path = "/jsonrpc" if options.wire == "http" else f"/jsonrpc/{options.payload}"
    output = os.dup(1)  # for the line of JSON: wrk itself writes more on standard output than that
    os.set_inheritable(output, True)
    with open(os.devnull, "w", encoding="ascii") as null:
        os.dup2(null.fileno(), 1)

    def command(seconds, descriptor):
        script_options = ("GET" if options.wire == "nginx-get" else "POST", options.in_flight, options.payload, descriptor)
        return [wrk, "-t1", f"-c{options.connections}", f"-d{max(1, round(seconds))}s", "-s", str(HERE / "wrk.lua"),
                f"http://{options.address}{path}", *map(str, script_options)]

    if options.warmup > 0:
        subprocess.run(command(options.warmup, 0), check=True)
    os.write(output, b"measuring\n")
    # In the place of this process, as the time that it uses is counted.
    os.execv(wrk, command(options.seconds, output))


if __name__ == "__main__":
    main()
