#!/usr/bin/env python3
"""Runs a command with a Redis server of its own, whose address is in REDIS_URL. Exit code 77 where there is none."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time


def main():
    if not shutil.which("redis-server"):
        print("skipped: no redis-server here")
        return 77
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        redis = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
                                 stdout=subprocess.DEVNULL)
        try:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    time.sleep(0.05)
            return subprocess.run(sys.argv[1:], env={**os.environ, "REDIS_URL": f"redis://127.0.0.1:{port}"}).returncode
        finally:
            redis.terminate()
            redis.wait()


if __name__ == "__main__":
    sys.exit(main())
