#!/usr/bin/env python3
"""What an idle HTTP/2 connection costs a server: each makes two gRPC calls and then rests, and the growth of the
server's resident memory is divided by their number. With --tls the connections are TLS's, over ALPN.

    idle_http2.py --connections 1000 COMMAND...        starts the server, which says where it listens
    idle_http2.py --tls --connections 1000 COMMAND...
"""

import argparse
import gc
import socket
import ssl

import measure

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
BODY = b"\0\0\0\0\x26\x08\x01\x10\x02\x1a\x20" + b"x" * 32


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def text(value):
    return bytes([len(value)]) + value


def header(authority):
    """A request as common clients send it: names that are in the static table by their number, and everything else is
    entered in the dynamic one."""
    fields = [(1, authority), (4, b"/bench.Echo/Echo"), (31, b"application/grpc"), (58, b"grpc-test/1.0"),
              (b"te", b"trailers"), (b"grpc-accept-encoding", b"identity,gzip")]
    block = b"\x83\x86"  # POST, http
    for name, value in fields:
        block += (bytes([0x40 | name]) if isinstance(name, int) else b"\x40" + text(name)) + text(value)
    return block


def again(count):
    """The same, all from the dynamic table."""
    return b"\x83\x86" + bytes(0x80 | (62 + i) for i in reversed(range(count)))


def calls(connection, authority):
    connection.sendall(PREFACE + frame(4, 0, 0) + frame(4, 1, 0))
    for number, block in ((1, header(authority)), (3, again(6))):
        connection.sendall(frame(1, 4, number, block) + frame(0, 1, number, BODY))
        read_reply(connection, number)


def read_reply(connection, stream):
    received = b""
    while True:
        piece = connection.recv(65536)
        if not piece:
            raise measure.Failure("the server closed the connection")
        received += piece
        while len(received) >= 9:
            length = int.from_bytes(received[:3], "big")
            if len(received) < 9 + length:
                break
            kind, flags = received[3], received[4]
            which = int.from_bytes(received[5:9], "big")
            received = received[9 + length:]
            if kind == 7 or kind == 3:
                raise measure.Failure(f"frame {kind} of stream {which}")
            if which == stream and kind in (0, 1) and flags & 1:
                return


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    measure.raise_descriptor_limit()
    context = None
    if options.tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
    with measure.Server({"name": "server", "command": [part.replace("{", "{{") for part in options.command]}, {}, None) as server:
        host, port = server.address.rsplit(":", 1)

        def connect():
            connection = socket.create_connection((host, int(port)))
            if context:
                connection = context.wrap_socket(connection)
            calls(connection, server.address.encode())
            return connection

        for _ in range(20):
            connect().close()
        kept = [connect() for _ in range(10)]
        before = measure.settled_rss(server.pid)
        gc.disable()
        kept += [connect() for _ in range(options.connections)]
        after = measure.settled_rss(server.pid)
    print(f"{(after - before) / options.connections:.0f} bytes a connection, {before / 1024:.0f} KiB before")


if __name__ == "__main__":
    main()
