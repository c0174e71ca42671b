#!/usr/bin/env python3
"""Aims a client at a server and passes on what the client says of its checks.

run.py [--needs PROGRAM]... SERVER [ARG]... -- CLIENT [ARG]...

The server prints "listening KIND ADDRESS" lines, then "ready", and stops when its standard input ends. In the client's arguments
{tcp}, {unix} and the like stand for the address of that kind; {socket} in the server's is a path for a socket. A missing program means that the test is skipped (exit code 77).
"""
import os
import shutil
import subprocess
import sys
import tempfile


def main():
    arguments = sys.argv[1:]
    needs = []
    while arguments and arguments[0].startswith("--"):
        if arguments.pop(0) == "--needs":
            needs.append(arguments.pop(0))
    for program in needs:
        if not (os.path.exists(program) or shutil.which(program)):
            print(f"skipped: {program} is not here")
            return 77
    cut = arguments.index("--")
    server_command, client_command = arguments[:cut], arguments[cut + 1:]
    with tempfile.TemporaryDirectory() as folder:
        socket = os.path.join(folder, "s")
        server_command = [word.replace("{socket}", socket) for word in server_command]
        server = subprocess.Popen(server_command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        addresses = {}
        try:
            for line in server.stdout:
                words = line.split()
                if words and words[0] == "listening":
                    addresses[words[1]] = words[2]
                if words == ["ready"]:
                    break
            if not addresses:
                print("the server does not listen")
                return 1
            command = []
            for word in client_command:
                for kind, address in addresses.items():
                    word = word.replace("{%s}" % kind, address)
                command.append(word)
            print("$", " ".join(command), flush=True)
            result = subprocess.run(command, timeout=600)
            if result.returncode != 0:
                return result.returncode if result.returncode > 0 else 1
            if server.poll() is not None:
                print("the server has ended with", server.returncode)
                return 1
            server.stdin.close()
            code = server.wait(timeout=30)
            if code != 0:
                print("the server ended with", code)
                return 1
            return 0
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()


if __name__ == "__main__":
    sys.exit(main())
