#!/usr/bin/env python3
"""Runs an example as its README says, and checks what a person would see.

run_example.py [--server CMD] [--run CMD [--expect TEXT]...]...

The server, if there is one, is started with the address tcp://127.0.0.1:0 appended and says "listening on tcp://HOST:PORT"; in the other commands
{address}, {host} and {port} stand for that. A command whose program is not on this machine is skipped, and that is said; if none
could be run the exit code is 77. A command is run by the shell if it begins with "sh: ".
"""
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys


def parse(arguments):
    server, runs = None, []
    while arguments:
        option, value, *arguments = arguments
        if option == "--server":
            server = value
        elif option == "--run":
            runs.append((value, []))
        elif option == "--expect":
            runs[-1][1].append(value)
        else:
            sys.exit(f"unknown option {option}")
    return server, runs


def run_all(runs, names):
    """Runs the commands; returns how many were run, and how many things were not as expected."""
    done = failed = 0
    for command, expected in runs:
        for name, text in names.items():
            command = command.replace("{%s}" % name, text)
        shell = command.startswith("sh: ")
        program = shlex.split(command[4:] if shell else command)[0]
        if shell:
            needed = re.findall(r"\b(nc|curl|go)\b", command)
        else:
            needed = [program]
        missing = [tool for tool in needed if not shutil.which(tool)]
        if missing:
            print(f"skipped, no {missing[0]} here: {command}")
            continue
        result = subprocess.run(command[4:] if shell else shlex.split(command), shell=shell, capture_output=True, text=True,
                                timeout=100)
        output = result.stdout + result.stderr
        print(f"$ {command}\n{output}", end="")
        done += 1
        for text in expected:
            if text not in output:
                print(f"  MISSING: {text}")
                failed += 1
        if result.returncode != 0:
            print(f"  exit code {result.returncode}")
            failed += 1
    return done, failed


def verdict(done, failed):
    if failed:
        return 1
    return 0 if done else 77


def main():
    server_command, runs = parse(sys.argv[1:])
    if server_command is None:
        return verdict(*run_all(runs, {}))
    server = subprocess.Popen(shlex.split(server_command) + ["tcp://127.0.0.1:0"], stdout=subprocess.PIPE, text=True,
                              start_new_session=True)
    try:
        line = server.stdout.readline()
        found = re.search(r"tcp://(\S+):(\d+)", line)
        if not found:
            print("the server did not say where it listens:", repr(line))
            return 1
        names = {"address": found.group(0), "host": found.group(1), "port": found.group(2)}
        done, failed = run_all(runs, names)
        os.killpg(server.pid, signal.SIGTERM)
        code = server.wait(timeout=15)
        if code not in (0, -signal.SIGTERM):  # a Go server does not catch the signal
            print(f"the server ended with {code}")
            failed += 1
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
    return verdict(done, failed)


if __name__ == "__main__":
    sys.exit(main())
