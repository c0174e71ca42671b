#!/usr/bin/env python3
"""nginx as the ceiling of HTTP: it answers a fixed body, as long as the reply to the recorded JSON-RPC call.

    server.py [--port N]

There is one path for each payload, /jsonrpc/32 and /jsonrpc/1024: what `return` can hold is limited to 4 KiB.
"""

import argparse
import base64
import os
import shutil
import socket
import sys
import tempfile
import time

PAYLOADS = (32, 1024)

CONFIGURATION = """
daemon off;
master_process off;  # this process is the one worker
error_log stderr crit;
pid {folder}/pid;
worker_rlimit_nofile 65536;
events {{
  use epoll;
  worker_connections 30000;
  multi_accept on;
}}
http {{
  access_log off;
  default_type application/json;
  keepalive_requests 2000000000;
  keepalive_timeout 1h;
  tcp_nodelay on;
  client_header_buffer_size 64k;  # pipelined calls are read together
  large_client_header_buffers 4 64k;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
{locations}
  }}
}}
"""


def payload_of(size):
    """As load/recording.cpp makes it."""
    state, payload = 12345, bytearray()
    for _ in range(size):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        payload.append(ord("A") + (state >> 24) % 26)
    return bytes(payload)


def reply(size):
    text = base64.b64encode(payload_of(size)).decode()
    return '{"jsonrpc":"2.0","result":{"A":1,"B":2,"S":"%s"},"id":7}' % text


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def say_when_it_listens(port):
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                print(f"listening tcp 127.0.0.1:{port}", flush=True)
                return
        time.sleep(0.01)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not nginx:
        sys.exit("server.py: there is no nginx here")
    port = options.port or free_port()
    locations = "\n".join(f"    location = /jsonrpc/{size} {{ return 200 '{reply(size)}'; }}" for size in PAYLOADS)
    folder = tempfile.mkdtemp(prefix="bench_nginx.")
    with open(f"{folder}/nginx.conf", "w", encoding="ascii") as file:
        file.write(CONFIGURATION.format(folder=folder, port=port, locations=locations))
    if os.fork() == 0:
        say_when_it_listens(port)
        os._exit(0)
    os.execv(nginx, [nginx, "-p", folder, "-c", f"{folder}/nginx.conf", "-e", "stderr"])


if __name__ == "__main__":
    main()
