#!/usr/bin/env python3
"""Runs a page's server and clients, and the curl and nc lines of the page, and checks what a reader would see.

run.py PAGE SERVER [--client PROGRAM]... [--expect TEXT]...

A comment below a line of the page says what it prints; the expected texts may come from anything that runs. The programs get the
server's address as $ADDRESS. A line whose program is not on this machine is skipped.
"""
import argparse
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import blocks


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, server):
    """Until somebody listens there."""
    end = time.monotonic() + 30
    while time.monotonic() < end and server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
        except OSError:
            time.sleep(0.02)
    return False


def shell_lines(page):
    """Pairs of a command for curl or nc and what the page says it prints."""
    pairs = []
    for language, text in blocks.blocks(page):
        if language != "sh":
            continue
        for line in text.splitlines():
            if line.startswith(("curl ", "echo ")):
                pairs.append([line, None])
            elif line.startswith("# ") and pairs:
                pairs[-1][1] = line[2:]
    return pairs


def run(command, environment, shell=False):
    done = subprocess.run(command, shell=shell, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60, check=False)
    print(f"$ {command}\n{done.stdout}", end="")
    return done.returncode, done.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("server")
    parser.add_argument("--client", action="append", default=[])
    parser.add_argument("--expect", action="append", default=[])
    options = parser.parse_args()
    port = free_port()
    environment = {**os.environ, "ADDRESS": f"tcp://127.0.0.1:{port}"}
    failed, output = [], ""
    server = subprocess.Popen([options.server], env=environment)
    try:
        if not wait_for(port, server):
            print("the server does not listen")
            return 1
        for client in options.client:
            code, text = run(client, environment)
            output += text
            if code != 0:
                failed.append(f"{client} ended with {code}")
        for line, expected in shell_lines(options.page):
            program = "nc" if "| nc " in line else line.split()[0]
            if not shutil.which(program):
                print(f"skipped, no {program} here: {line}")
                continue
            command = line.replace("127.0.0.1:1234", f"127.0.0.1:{port}").replace("127.0.0.1 1234", f"127.0.0.1 {port}")
            code, text = run(command.replace("curl ", "curl -s "), environment, shell=True)
            output += text
            if code != 0 or (expected and expected not in text):
                failed.append(f"{line} ended with {code}; the page says: {expected}")
        server.send_signal(signal.SIGTERM)
        code = server.wait(30)
        if code != 0:
            failed.append(f"the server ended with {code}")
    finally:
        if server.poll() is None:
            server.kill()
    failed += [f"nowhere: {text}" for text in options.expect if text not in output]
    for text in failed:
        print("FAILED:", text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
