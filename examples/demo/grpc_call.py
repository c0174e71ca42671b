#!/usr/bin/env python3
"""grpc_call.py HOST:PORT    calls demo_server with gRPC's own library for Python, where that is installed"""
import sys

try:
    import grpc
except ImportError:
    print("skipped: gRPC's library for Python is not here (python3-grpcio)")
    sys.exit(0)

# Arith.Multiply takes two numbers as the fields 1 and 2, and answers with one as field 1.
channel = grpc.insecure_channel(sys.argv[1])
multiply = channel.unary_unary("/Arith/Multiply")
answer = multiply(bytes([1 << 3, 6, 2 << 3, 7]), timeout=10)
print(f"Python|gRPC, HTTP/2|Arith.Multiply 6 7|{answer[1]}")
divide = channel.unary_unary("/Arith/Divide")
try:
    divide(bytes([1 << 3, 1]), timeout=10)
    text = "no error"
except grpc.RpcError as error:
    text = f"error: {error.code().name} {error.details()}"
print(f"Python|gRPC, HTTP/2|Arith.Divide 1 0|{text}")
sys.exit(0 if answer[1] == 42 and text == "error: INVALID_ARGUMENT divide by zero" else 1)
