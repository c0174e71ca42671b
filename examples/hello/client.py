#!/usr/bin/env python3
"""Calls HelloService.SayHello as JSON-RPC over a plain socket, with nothing but Python. Usage: client.py [host] [port]"""
import json
import socket
import sys

host = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
port = sys.argv[2] if len(sys.argv) > 2 else "1234"

try:
    with socket.create_connection((host, port)) as connection:
        request = {"jsonrpc": "2.0", "method": "HelloService.SayHello", "params": ["hello"], "id": 1}
        connection.sendall(json.dumps(request).encode())
        reply = json.loads(connection.makefile().readline())
except OSError as error:
    sys.exit(f"client.py: cannot call {host}:{port}: {error}")
if "error" in reply:
    sys.exit(f"client.py: {reply['error']['message']}")
print("Python:", reply["result"])
