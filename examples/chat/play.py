#!/usr/bin/env python3
"""play.py CHAT_CLIENT ADDRESS    two people in the room, as they would type"""
import subprocess
import sys


class Person:
    def __init__(self, name):
        self.name = name
        self.process = subprocess.Popen([sys.argv[1], sys.argv[2], name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def types(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def sees(self, expected):
        line = self.process.stdout.readline().rstrip("\n")
        print(f"{self.name} sees: {line}")
        assert line == expected, f"{self.name} should see: {expected}"

    def leaves(self, code=0):
        self.process.stdin.close()
        rest = self.process.stdout.read()
        got = self.process.wait(timeout=20)
        assert got == code, f"{self.name}: exit code {got}: {rest}"
        return rest


def main():
    ada = Person("Ada")
    ada.sees("* Ada has joined")
    bob = Person("Bob")
    bob.sees("* Bob has joined")
    ada.sees("* Bob has joined")
    ada.types("hello everybody")
    ada.sees("Ada: hello everybody")
    bob.sees("Ada: hello everybody")
    bob.types("@Ada hello you")
    ada.sees("Bob (to you alone): hello you")
    bob.types("@Eve are you there?")
    bob.sees("* nobody here is called Eve")
    twin = Person("Ada")
    print("twin sees:", twin.leaves(code=1).strip())
    bob.types("/quit")
    bob.leaves()
    ada.sees("* Bob has left")
    # Who is cut off has left as well.
    eve = Person("Eve")
    eve.sees("* Eve has joined")
    ada.sees("* Eve has joined")
    eve.process.kill()
    eve.process.wait()
    ada.sees("* Eve has left")
    ada.types("/quit")
    ada.leaves()
    print("everybody has left")


if __name__ == "__main__":
    main()
