"""A grpcio server with the interop cases' TestService. It prints "listening tcp HOST:PORT", then "ready", and stops when its
standard input closes.

    server.py --generated DIR [--address HOST:PORT]
"""

import argparse
import concurrent.futures
import sys
import time

import grpc

parser = argparse.ArgumentParser()
parser.add_argument("--generated", required=True)
parser.add_argument("--address", default="127.0.0.1:0")
options = parser.parse_args()
sys.path.insert(0, options.generated)

import empty_pb2  # noqa: E402
import messages_pb2  # noqa: E402
import test_pb2_grpc  # noqa: E402


def echo(context):
    for key, value in context.invocation_metadata():
        if key == "x-grpc-test-echo-initial":
            context.send_initial_metadata(((key, value),))
        if key == "x-grpc-test-echo-trailing-bin":
            context.set_trailing_metadata(((key, value),))


def refuse(context, status):
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    context.abort(code, status.message)


def payload(size):
    return messages_pb2.Payload(body=bytes(size))


def replies(request):
    for parameter in request.response_parameters:
        time.sleep(parameter.interval_us / 1e6)
        yield messages_pb2.StreamingOutputCallResponse(payload=payload(parameter.size))


class TestService(test_pb2_grpc.TestServiceServicer):
    def EmptyCall(self, request, context):
        echo(context)
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        echo(context)
        if request.response_status.code:
            refuse(context, request.response_status)
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        return messages_pb2.SimpleResponse(payload=payload(request.response_size))

    def StreamingOutputCall(self, request, context):
        echo(context)
        yield from replies(request)

    def StreamingInputCall(self, request_iterator, context):
        echo(context)
        return messages_pb2.StreamingInputCallResponse(aggregated_payload_size=sum(len(one.payload.body) for one in request_iterator))

    def FullDuplexCall(self, request_iterator, context):
        echo(context)
        for request in request_iterator:
            if request.response_status.code:
                refuse(context, request.response_status)
            yield from replies(request)


server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
test_pb2_grpc.add_TestServiceServicer_to_server(TestService(), server)
port = server.add_insecure_port(options.address)
server.start()
print(f"listening tcp {options.address.rpartition(':')[0]}:{port}\nready", flush=True)
sys.stdin.read()
server.stop(0).wait()
