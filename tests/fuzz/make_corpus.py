#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets that speak gob, JSON, protobuf or everything, from tests/golden and from what stands here.

    make_corpus.py [TARGET ...]     all targets if none is named

Replaces the seeds named golden_* and hand_* in corpus/TARGET. Those named found_* are inputs that once broke something;
they stay. The first byte of a seed says how the others are cut up (fuzz.hpp).
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"


def load(name):
    return json.loads((GOLDEN / name / "vectors.json").read_text())


# ---- gob (docs/wire/gob.md) ----


def uint(value):
    if value < 128:
        return bytes([value])
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([256 - len(raw)]) + raw


def integer(value):
    return uint(value << 1 if value >= 0 else ~value << 1 | 1)


def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return uint(len(raw)) + raw


def message(content):
    return uint(len(content)) + content


BOOL, INT, UINT, FLOAT, BYTES, STRING, COMPLEX, INTERFACE = range(1, 9)


def common(name, number):
    return (b"\1" + text(name) + b"\1" if name else b"\2") + integer(number) + b"\0"


def struct_type(number, name, *fields):
    body = b"\3\1" + common(name, number)
    if fields:
        body += b"\1" + uint(len(fields)) + b"".join(b"\1" + text(f) + b"\1" + integer(t) + b"\0" for f, t in fields)
    return integer(-number) + body + b"\0\0"


def array_type(number, element, length):
    return integer(-number) + b"\1\1" + common("", number) + b"\1" + integer(element) + b"\1" + integer(length) + b"\0\0"


def slice_type(number, element):
    return integer(-number) + b"\2\1" + common("", number) + b"\1" + integer(element) + b"\0\0"


def map_type(number, key, element):
    return integer(-number) + b"\4\1" + common("", number) + b"\1" + integer(key) + b"\1" + integer(element) + b"\0\0"


def own_type(number, kind):
    return integer(-number) + bytes([kind]) + b"\1" + common("", number) + b"\0\0"


def top(number, value):
    """A value that is not a struct."""
    return message(integer(number) + b"\0" + value)


def interface(name, number, value):
    return text(name) + integer(number) + message(value)


# The targets of gob_decoder.cpp, in its order.
GOB_READERS = ["Value", "AllScalars", "Slices", "Maps", "Arrays", "Pointers", "Holder", "Anys", "Drawing", "Recursive", "Family",
               "Times", "Owns", "Views", "Rest", "Any", "int64", "uint16", "float", "complex64", "string", "ints", "Points",
               "PointMap", "int3", "bytes", "Time", "BigInt", "anys", "any_map"]
SAME = 128  # all values are read into one object

GOB_OF_TYPE = {
    "main.AllScalars": "AllScalars", "main.Slices": "Slices", "main.Maps": "Maps", "main.Arrays": "Arrays", "main.Ptrs": "Pointers",
    "main.Holder": "Holder", "main.Two": "Anys", "main.Drawing": "Drawing", "main.List": "Recursive", "main.Tree": "Recursive",
    "main.ManyTree": "Recursive", "main.RPtrMap": "Family", "main.Times": "Times", "main.Gobs": "Owns", "main.BigVal": "BigInt",
    "int": "int64", "uint": "uint16", "float64": "float", "complex128": "complex64", "string": "string", "[]int": "ints",
    "[]main.Point": "Points", "main.Point": "Recursive", "map[string]main.Point": "PointMap", "[3]int": "int3", "[]uint8": "bytes",
    "time.Time": "Time", "big.Int": "BigInt", "[]interface {}": "anys", "map[string]interface {}": "any_map",
    "interface {}": "Any",
}


def gob_decoder():
    def seed(reader, stream, how=0, same=0):
        return bytes([how, GOB_READERS.index(reader) | same]) + stream

    seen = {}
    cases = load("gob")["cases"]
    # Spread over all groups.
    for number, case in sorted(enumerate(cases), key=lambda pair: pair[0] * 11 % len(cases)):
        stream = b"".join(bytes.fromhex(encode.get("hex", "")) for encode in case["encodes"])
        if not stream or len(stream) > 900 or case["name"].startswith("compat/v1"):
            continue
        go_type = case["encodes"][0]["go_type"].lstrip("*")
        reader = GOB_OF_TYPE.get(go_type, "Value")
        # Of what is alike one is enough, and many small seeds are searched faster than few large ones.
        if len(stream) > 400 and case["group"] not in ("slices", "maps"):
            continue
        seen[reader] = seen.get(reader, 0) + 1
        if seen[reader] > (16 if reader == "Value" else 4):
            continue
        yield "golden_" + case["name"].replace("/", "_"), seed(reader, stream, number * 7 % 256, SAME if number % 5 == 4 else 0)

    point = message(struct_type(65, "Point", ("X", INT), ("Y", INT)))
    holder = message(struct_type(65, "Holder", ("V", INTERFACE), ("N", INT)))

    yield "hand_number_forms", seed("int64", top(INT, bytes.fromhex("f80000000000000001")) + top(INT, b"\xff\x05")
                                    + top(INT, b"\xf8" + b"\xff" * 8))
    yield "hand_number_too_long", seed("int64", top(INT, b"\xf7" + b"\1" * 9))
    yield "hand_message_empty", seed("int64", b"\0" + top(INT, b"\2"))
    yield "hand_message_too_long", seed("string", b"\xf8" + b"\x7f" * 8)
    yield "hand_length_in_eight_bytes", seed("int64", b"\xf8" + b"\0" * 7 + b"\3" + integer(INT) + b"\0\2")
    yield "hand_extra_behind", seed("int64", message(integer(INT) + b"\0\2\2"))
    yield "hand_not_a_singleton", seed("int64", message(integer(INT) + b"\1\2"))
    yield "hand_unknown_type", seed("int64", message(integer(99) + b"\0\2"))
    yield "hand_defined_twice", seed("Points", point + point)
    yield "hand_text_longer_than_message", seed("string", top(STRING, b"\x7fab"))
    yield "hand_narrow", seed("uint16", top(UINT, uint(65535)) + top(UINT, uint(65536)) + top(UINT, b"\0"))
    yield "hand_field_twice", seed("Recursive", message(struct_type(65, "P", ("Value", INT), ("Value", INT)))
                                   + message(integer(65) + b"\1\2\1\4\0"))
    yield "hand_field_out_of_bounds", seed("Recursive", message(struct_type(65, "P", ("Value", INT))) + message(integer(65) + b"\2\2\0"))
    yield "hand_no_field_matches", seed("Rest", point + message(integer(65) + b"\1\2\0"))
    yield "hand_empty_struct", seed("Rest", message(struct_type(65, "")) + message(integer(65) + b"\0"))
    yield "hand_types_in_a_ring", seed("Value", message(slice_type(65, 66)) + message(slice_type(66, 65)) + top(65, b"\2\1\0\0"))
    yield "hand_struct_of_itself", seed("Recursive", message(struct_type(65, "R", ("Next", 65))) + message(integer(65) + b"\1" * 40 + b"\0" * 41))
    yield "hand_deep_list", seed("Value", message(slice_type(65, 65)) + top(65, b"\1" * 25 + b"\0"))
    yield "hand_too_deep", seed("Value", message(slice_type(65, 65)) + top(65, b"\1" * 35 + b"\0"))
    yield "hand_many_elements", seed("ints", message(slice_type(65, INT)) + top(65, uint(100) + b"\2" * 100) + top(65, uint(101) + b"\2" * 101))
    yield "hand_claims_many", seed("Slices", message(slice_type(66, INT)) + message(struct_type(65, "S", ("I", 66)))
                                   + message(integer(65) + b"\1" + uint(2**40) + b"\0"))
    yield "hand_many_types", seed("Value", b"".join(message(slice_type(65 + i, INT)) for i in range(17)))
    yield "hand_huge_array", seed("Value", message(array_type(65, INT, 2**40)) + top(65, uint(2**40)))
    yield "hand_array_length_differs", seed("int3", message(array_type(65, INT, 3)) + top(65, b"\3\2\4\6") + top(65, b"\2\2\4"))
    yield "hand_array_of_nothing", seed("Value", message(array_type(65, INT, 0)) + message(array_type(66, 65, 3)) + top(66, b"\3\0\0\0"))
    yield "hand_type_numbers_far", seed("Value", message(slice_type(2**31 - 1, INT)) + top(2**31 - 1, b"\1\2") + message(integer(-(2**31)) + b"\2"))
    yield "hand_type_number_reserved", seed("Value", message(slice_type(20, INT)) + top(20, b"\1\2"))
    yield "hand_long_name", seed("Value", message(struct_type(65, "N" * 40, ("F" * 40, INT))) + message(struct_type(66, "N" * 41)))
    yield "hand_many_fields", seed("Value", message(struct_type(65, "F", *((f"F{i}", INT) for i in range(21)))))
    yield "hand_same_map_key", seed("PointMap", message(struct_type(66, "Point", ("X", INT))) + message(map_type(65, STRING, 66))
                                    + top(65, b"\2" + text("k") + b"\1\2\0" + text("k") + b"\1\4\0"), same=SAME)
    yield "hand_merge", seed("Recursive", message(struct_type(65, "L", ("Value", INT), ("Next", 65)))
                             + message(integer(65) + b"\1\2\1\1\4\1\1\6\0\0\0") + message(integer(65) + b"\2\1\10\0\0"), 3, SAME)

    for order, extra in (("before", holder + point.replace(b"\xff\x81", b"\xff\x83", 1)), ("none", holder)):
        yield f"hand_interface_struct_{order}", seed("Holder", extra + message(
            integer(65) + b"\1" + interface("main.Point", 66, b"\1\2\1\4\0") + b"\1\2\0"))
    inner = struct_type(66, "Point", ("X", INT), ("Y", INT))
    # Go's own order: the definition ends the message in the middle of the value.
    yield "hand_interface_split", seed("Holder", holder + message(integer(65) + b"\1" + text("main.Point") + inner)
                                       + message(integer(66) + message(b"\1\2\1\4\0") + b"\1\2\0"), 1)
    yield "hand_interface_split_thrice", seed(
        "Value", holder + message(integer(65) + b"\1" + text("a") + slice_type(66, 67)) + message(slice_type(67, 68))
        + message(struct_type(68, "E", ("V", INTERFACE))) + message(integer(66) + message(b"\0\1\1" + text("b") + own_type(69, 5)))
        + message(integer(69) + message(b"\0" + text("own")) + b"\0\0"), 2)
    # Each value of the list in a message of its own, and so without end if nobody counts them together.
    yield "hand_value_in_many_messages", seed(
        "anys", message(slice_type(65, INTERFACE)) + message(integer(65) + b"\0" + uint(4) + text("string"))
        + b"".join(message(integer(STRING) + message(b"\0" + text("x" * 200)) + text("string")) for _ in range(4)))
    yield "hand_interface_nil", seed("anys", message(slice_type(65, INTERFACE)) + top(65, b"\3\0\0\0"))
    yield "hand_interface_unknown_name", seed("Holder", holder + message(integer(65) + b"\1" + interface("no.Such", INT, b"\0\2") + b"\0")
                                              + message(integer(65) + b"\2\4\0"))
    yield "hand_interface_of_interface", seed("Holder", holder + message(
        integer(65) + b"\1" + interface("main.Holder", 65, b"\1" + interface("main.Holder", 65, b"\2\6\0") + b"\0") + b"\0"))
    yield "hand_any_kinds", seed("anys", message(slice_type(65, INTERFACE)) + top(65, b"\7" + b"".join(
        interface(name, number, b"\0" + value) for name, number, value in
        (("bool", BOOL, b"\1"), ("int", INT, b"\2"), ("uint8", UINT, b"\7"), ("float64", FLOAT, bytes.fromhex("fe3140")),
         ("string", STRING, text("s")), ("[]uint8", BYTES, text("b")), ("complex128", COMPLEX, bytes.fromhex("fef03f40"))))))
    yield "hand_variant", seed("Drawing", message(struct_type(65, "Drawing", ("Main", INTERFACE), ("Others", 66)))
                               + message(slice_type(66, INTERFACE)) + message(struct_type(67, "Circle", ("R", FLOAT))) + message(
        integer(65) + b"\1" + interface("main.Circle", 67, b"\1" + bytes.fromhex("fef03f") + b"\0")
        + b"\1\2\0" + interface("int64", INT, b"\0\4") + b"\0"))
    time = bytes.fromhex("010000000edb0d2f40000000ff003c")
    yield "hand_times", seed("Time", message(own_type(65, 5)) + b"".join(top(65, text(value)) for value in (
        time, time[:-2] + b"\xff\xff", b"\2" + time[1:] + b"\x1e", b"\2" + time[1:-2] + b"\xff\xff\x80", b"\3" + time[1:], time[:-1], b"")))
    yield "hand_time_nanoseconds", seed("Time", message(own_type(65, 5)) + top(65, text(time[:9] + bytes.fromhex("3b9aca00") + time[13:])))
    yield "hand_big_ints", seed("BigInt", message(own_type(65, 5)) + b"".join(top(65, text(bytes.fromhex(value))) for value in (
        "02", "03", "0201", "03ff", "0200", "020001", "04", "", "02" + "ff" * 40)))
    yield "hand_owns", seed("Owns", message(struct_type(65, "Owns", ("V", 66), ("B", 67), ("Word", STRING), ("Big", 66)))
                            + message(own_type(66, 5)) + message(own_type(67, 6)) + message(
        integer(65) + b"\1" + text("1.2") + b"\1" + text("\7") + b"\1" + text("word") + b"\1" + text(b"\2\5") + b"\0"))
    yield "hand_text_own", seed("Value", message(own_type(65, 7)) + top(65, text("abc")))
    yield "hand_two_kinds", seed("Value", message(integer(-65) + b"\2\1" + common("", 65) + b"\1\4\0\1\1" + common("", 65) + b"\1\4\1\4\0\0"))
    yield "hand_no_kind", seed("Value", message(integer(-65) + b"\0"))
    yield "hand_views", seed("Views", message(struct_type(65, "V", ("S", STRING), ("Skip", 66), ("By", BYTES), ("I64", INT)))
                             + message(slice_type(66, STRING)) + message(
        integer(65) + b"\1" + text("borrowed") + b"\1\2" + text("a") + text("b") + b"\1" + text("bytes") + b"\1\6\0"))
    yield "hand_skip_all", seed("Rest", message(struct_type(65, "S", ("A", 66), ("B", 67), ("C", INTERFACE), ("N", INT)))
                                + message(map_type(66, STRING, 67)) + message(array_type(67, COMPLEX, 2)) + message(
        integer(65) + b"\1\1" + text("k") + b"\2\0\0\0\0" + b"\1\2" + b"\0" * 4 + b"\1" + interface("int", INT, b"\0\2") + b"\1\6\0"))


def gob_side(conversation, side):
    return b"".join(bytes.fromhex(step["hex"]) for step in conversation["steps"]
                    if step["from"] == side and step.get("hex") and "values" in step)


# Headers as net/rpc defines them, and the wider ones.
REQUEST = message(struct_type(65, "Request", ("ServiceMethod", STRING), ("Seq", UINT)))
WIDE_REQUEST = (message(struct_type(70, "Request", ("ServiceMethod", STRING), ("Seq", UINT), ("Timeout", INT), ("Metadata", 71)))
                + message(slice_type(71, 72)) + message(struct_type(72, "Entry", ("Key", STRING), ("Value", STRING))))
RESPONSE = message(struct_type(65, "Response", ("ServiceMethod", STRING), ("Seq", UINT), ("Error", STRING)))
WIDE_RESPONSE = (message(struct_type(70, "Response", ("ServiceMethod", STRING), ("Seq", UINT), ("Error", STRING), ("Code", INT),
                                     ("Details", 73), ("Headers", 71), ("Trailers", 71)))
                 + message(slice_type(71, 72)) + message(struct_type(72, "Entry", ("Key", STRING), ("Value", STRING)))
                 + message(slice_type(73, 74)) + message(struct_type(74, "Detail", ("TypeURL", STRING), ("Value", BYTES))))
ARGS = message(struct_type(66, "Args", ("A", INT), ("B", INT)))
NOTHING = message(struct_type(68, ""))


def request(method, number=0):
    return message(integer(65) + b"\1" + text(method) + (b"\1" + uint(number) if number else b"") + b"\0")


def wide_request(method, number, timeout=0, metadata=()):
    content = integer(70) + b"\1" + text(method) + (b"\1" + uint(number) if number else b"")
    step = 1 if number else 2
    if timeout:
        content += uint(step) + integer(timeout)
    if metadata:
        content += uint(1 if timeout else step + 1) + uint(len(metadata)) + b"".join(
            b"\1" + text(key) + b"\1" + text(value) + b"\0" for key, value in metadata)
    return message(content + b"\0")


def args(a, b):
    return message(integer(66) + b"\1" + integer(a) + b"\1" + integer(b) + b"\0")


def gob_server():
    golden = load("gob")
    for number, conversation in enumerate(golden["conversations"]):
        stream = gob_side(conversation, "client")
        if stream and len(stream) < 2000:
            yield "golden_" + conversation["name"].replace("/", "_"), bytes([number * 11 % 256]) + stream
    for number, one in enumerate(golden["raw_gob_server"]):
        yield "golden_raw_" + one["name"], bytes([number * 13 % 256]) + b"".join(bytes.fromhex(part) for part in one["send"])

    def seed(*parts, how=1):
        return bytes([how]) + b"".join(parts)

    yield "hand_multiply", seed(REQUEST, request("Arith.Multiply"), ARGS, args(7, 8))
    yield "hand_all_at_once", seed(REQUEST, ARGS, request("Arith.Multiply"), args(7, 8), request("Arith.Divide", 1), args(7, 0),
                                   request("Arith.Divide", 2), args(-7, 2), request("Arith.Nope", 3), args(1, 1), how=200)
    yield "hand_echo_any", seed(REQUEST, request("Echo.Any", 1), top(INTERFACE, interface("int", INT, b"\0\2")),
                                request("Echo.Any", 2), top(INTERFACE, b"\0"),
                                request("Echo.Any", 3), top(INTERFACE, interface("no.Such", INT, b"\0\2")))
    yield "hand_echo_split", seed(REQUEST, request("Echo.Any", 1), message(integer(INTERFACE) + b"\0" + text("[]string") + slice_type(69, STRING)),
                                  message(integer(69) + message(b"\0\1" + text("a"))), request("Echo.View", 2), top(STRING, text("view")), how=3)
    yield "hand_echo_map", seed(REQUEST, message(map_type(67, STRING, 69)), message(slice_type(69, FLOAT)), request("Echo.Map", 9),
                                top(67, b"\2" + text("b") + b"\1\0" + text("a") + b"\2" + bytes.fromhex("fef03f") + b"\0"))
    yield "hand_deadline_and_metadata", seed(WIDE_REQUEST, wide_request("Echo.Metadata", 5, 10**9, (("key", "value"), ("b-bin", b"\0\xff"))),
                                             top(STRING, text("hi")), wide_request("Echo.Fail", 6), top(STRING, text("no")), how=4)
    yield "hand_deadline_passed", seed(WIDE_REQUEST, wide_request("Echo.View", 1, -5), top(STRING, text("hi")))
    yield "hand_much_metadata", seed(WIDE_REQUEST, wide_request("Echo.Metadata", 1, 1, (("key", "v" * 190),)), top(STRING, text("hi")))
    yield "hand_both_headers", seed(REQUEST, request("Echo.Fail", 1), top(STRING, text("stock")), WIDE_REQUEST,
                                    wide_request("Echo.Fail", 2, 0, (("k", "v"),)), top(STRING, text("ours")), request("Echo.Fail", 3),
                                    top(STRING, text("known")), how=7)
    yield "hand_fails_and_throws", seed(REQUEST, request("Echo.Fail", 1), top(STRING, text("why")), request("Echo.Throw", 2),
                                        top(STRING, text("what")), request("Echo.Fail", 3), top(STRING, text("")), how=2)
    cancel = message(struct_type(67, "CancelArgs", ("Seq", UINT)))
    yield "hand_wait_and_cancel", seed(REQUEST, request("Echo.Wait", 5), top(STRING, text("w")), request("Echo.Wait", 6), top(STRING, text("w")),
                                       cancel, request("_goRPC_.Cancel", 2**63 | 5), message(integer(67) + b"\1\5\0"),
                                       request("Echo.View", 7), top(STRING, text("on")), how=2)
    yield "hand_too_many_waiting", seed(REQUEST, *(request("Echo.Wait", n) + top(STRING, text("w")) for n in range(1, 5)))
    yield "hand_cancel_nothing", seed(REQUEST, cancel, request("_goRPC_.Cancel", 1), message(integer(67) + b"\1\5\0"),
                                      request("_goRPC_.Cancel", 2), top(STRING, text("none")))
    yield "hand_wrong_types", seed(REQUEST, request("Arith.Multiply", 1), top(STRING, text("x")), request("Arith.Upper", 2), ARGS, args(1, 2),
                                   request("Arith.Sum", 3), top(INT, b"\2"))
    yield "hand_name_too_long", seed(REQUEST, request("A" * 41, 1), top(INT, b"\2"), request("Arith.Sleep", 2), top(INT, b"\2"))
    yield "hand_body_too_long", seed(REQUEST, request("Echo.View", 1), top(STRING, text("x" * 600)))
    yield "hand_header_without_fields", seed(REQUEST, message(integer(65) + b"\0"), top(INT, b"\2"))
    yield "hand_header_is_no_struct", seed(top(STRING, text("GET")), top(INT, b"\2"))
    yield "hand_body_is_no_gob", seed(REQUEST, request("Arith.Upper", 1), message(integer(STRING) + b"\0\x7fab"), request("Arith.Upper", 2))
    yield "hand_only_definitions", seed(REQUEST, ARGS, NOTHING, cancel)
    yield "hand_nothing", seed(REQUEST, NOTHING, request("Arith.Nothing", 1), message(integer(68) + b"\0"))
    yield "hand_number_of_64_bits", seed(REQUEST, request("Arith.Sleep", 2**64 - 1), top(INT, b"\2"))
    yield "hand_text", b"\0hello there, this is no gob\n"


def gob_client():
    golden = load("gob")
    for number, conversation in enumerate(golden["conversations"]):
        stream = gob_side(conversation, "server")
        if stream and len(stream) < 2000:
            yield "golden_" + conversation["name"].replace("/", "_"), bytes([number * 11 % 256]) + stream
    for number, one in enumerate(golden["canned_gob_client"]):
        yield "golden_canned_" + one["name"], bytes([number * 13 % 256]) + b"".join(bytes.fromhex(part) for part in one["replies"])

    def seed(*parts, how=1):
        return bytes([how]) + b"".join(parts)

    def response(number, error=""):
        return message(integer(65) + b"\1" + text("Some.Method") + (b"\1" + uint(number) if number else b"")
                       + (uint(1 if number else 2) + text(error) if error else b"") + b"\0")

    nothing = NOTHING + message(integer(68) + b"\0")
    empty = message(integer(68) + b"\0")
    quotient = message(struct_type(66, "Quotient", ("Quo", INT), ("Rem", INT)))
    # The calls: 0 int64, 1 string, 2 given up, 3 Quotient, 4 Any, 5 map[string]int, 6 []float64.
    yield "hand_all_calls", seed(RESPONSE, response(0), top(INT, b"\x70"), response(1), top(STRING, text("s")), response(2), top(STRING, text("late")),
                                 response(3), quotient, message(integer(66) + b"\1\6\1\2\0"), response(4), top(INTERFACE, interface("int", INT, b"\0\2")),
                                 message(map_type(67, STRING, INT)), response(5), top(67, b"\1" + text("sum") + b"\14"),
                                 message(slice_type(69, FLOAT)), response(6), top(69, b"\2" + bytes.fromhex("fef03f") + b"\0"), how=130)
    yield "hand_backwards", seed(RESPONSE, response(6, "no"), nothing, response(5, "gob: x"), empty, response(1), top(STRING, text("s")), response(0), top(INT, b"\1"))
    yield "hand_errors", seed(RESPONSE, response(0, "rpc: can't find service X"), nothing, response(1, "context canceled"), empty,
                              response(3, "context deadline exceeded"), top(STRING, text("any body")), response(4, "anything"), empty, how=5)
    yield "hand_wrong_types", seed(RESPONSE, response(0), top(STRING, text("x")), response(1), top(INT, b"\2"), response(3), top(INT, b"\2"),
                                   response(6), quotient, message(integer(66) + b"\1\6\1\2\0"))
    yield "hand_unknown_call", seed(RESPONSE, response(99), top(INT, b"\2"), response(0), top(INT, b"\4"), response(0), top(INT, b"\6"))
    yield "hand_answer_to_cancel", seed(RESPONSE, response(2**63 | 2, "rpc: can't find service _goRPC_.Cancel"), nothing, response(0), top(INT, b"\4"))
    wide = integer(70) + b"\1" + text("Some.Method")
    entries = uint(1) + b"\1" + text("key") + b"\1" + text("value") + b"\0"
    yield "hand_details", seed(WIDE_RESPONSE, message(wide + b"\2" + text("gone") + b"\1" + integer(5) + b"\1\1\1" + text("fuzz/detail") + b"\1" + text("d") + b"\0"
                                                      + b"\1" + entries + b"\1" + entries + b"\0"), nothing, how=2)
    yield "hand_metadata", seed(WIDE_RESPONSE, message(wide + b"\5" + entries + b"\1" + entries + b"\0"), top(INT, b"\2"), how=4)
    yield "hand_much_metadata", seed(WIDE_RESPONSE, message(wide + b"\5" + uint(1) + b"\1" + text("key") + b"\1" + text("v" * 190) + b"\0\0"), top(INT, b"\2"))
    yield "hand_code_without_text", seed(WIDE_RESPONSE, message(wide + b"\3" + integer(14) + b"\0"), nothing)
    yield "hand_code_unknown", seed(WIDE_RESPONSE, message(wide + b"\3" + integer(-(2**63)) + b"\0"), nothing)
    yield "hand_interface_split", seed(RESPONSE, response(4), message(integer(INTERFACE) + b"\0" + text("[]string") + slice_type(69, STRING)),
                                       message(integer(69) + message(b"\0\1" + text("a"))), how=3)
    yield "hand_body_too_long", seed(RESPONSE, response(1), top(STRING, text("x" * 600)))
    yield "hand_body_is_no_gob", seed(RESPONSE, response(1), message(integer(STRING) + b"\0\x7fab"), response(0), top(INT, b"\2"))
    yield "hand_text", b"\0HTTP/1.0 400 Bad Request\r\n\r\n"


# ---- JSON ----

# The targets of json_value.cpp, in its order.
JSON_READERS = ["dynamic", "Scalars", "Containers", "Tree", "Choices", "Owns", "Views", "Anys", "Odd", "Any", "bool", "int64", "uint8",
                "double", "float", "string", "bytes", "Time", "strings", "number_map", "optional", "Choice"]
ANY_CASE, NO_UNKNOWN = 32, 64


def json_value():
    def seed(reader, value, flags=0):
        return bytes([JSON_READERS.index(reader) | flags]) + (value if isinstance(value, bytes) else value.encode())

    scalars = {
        "b": True, "i8": -128, "i16": 32767, "i32": -2147483648, "i64": 9223372036854775807, "u8": 255, "u16": 65535, "u32": 4294967295,
        "u64": 18446744073709551615, "f32": 1.5, "f64": -1e-300, "s": "text", "by": "AQI=", "wait": 1500000000,
        "at": "2009-11-10T23:00:00.5+02:30", "fine": "1969-12-31T23:59:59.999999999Z", "level": 300, "mood": "Bad"}
    yield "hand_scalars", seed("Scalars", json.dumps(scalars))
    yield "hand_scalars_other_case", seed("Scalars", json.dumps({key.upper(): value for key, value in scalars.items()}), ANY_CASE)
    yield "hand_scalars_null", seed("Scalars", json.dumps({key: None for key in scalars}))
    yield "hand_scalars_wrong", seed("Scalars", '{"i8":128,"u8":-1,"f32":1e39,"b":0}')
    yield "hand_unknown_member", seed("Scalars", '{"b":true,"nobody":[{"x":[1,2,{}]},"\\u0041"],"i8":1}')
    yield "hand_unknown_refused", seed("Scalars", '{"b":true,"nobody":1}', NO_UNKNOWN)
    yield "hand_member_twice", seed("Scalars", '{"i8":1,"i8":2,"s":"a","s":"b"}')
    yield "hand_containers", seed("Containers", json.dumps({
        "X": 1, "Y": -2, "ints": [1, 2, 3], "texts": ["a", ""], "bytes": "AP8=", "set": [3, 1, 2, 1], "flags": [True, False], "three": [1, 2, 3],
        "address": [127, 0, 0, 1], "by_name": {"b": 1.5, "a": 0}, "by_number": {"-5": "x", "7": ""}, "tuple": [1, "a", 2.5], "pair": ["k", {"X": 1}],
        "points": [[{"X": 1}], []], "pointer": ["p"], "maybe": False}))
    yield "hand_arrays_short_and_long", seed("Containers", '{"three":[1],"address":[1,2,3,4,5,6],"tuple":[1,"a",2,"more"],"pair":["only"]}')
    yield "hand_map_keys", seed("number_map", '{"1":1,"-1":2,"01":3,"9223372036854775808":4,"x":5}')
    yield "hand_number_map", seed("number_map", '{"10":1e5,"-9223372036854775808":0.1,"10":-0}')
    yield "hand_tree", seed("Tree", '{"value":1,"next":{"value":2,"next":null},"kids":[{"kids":[{}]},{}],"named":{"b":{"value":3},"a":{}}}')
    yield "hand_tree_deep", seed("Tree", '{"kids":[' * 14 + "{}" + "]}" * 14)
    yield "hand_tree_too_deep", seed("Tree", '{"next":' * 31 + "{}" + "}" * 31)
    yield "hand_choices", seed("Choices", '{"all":[null,1,-1.5,true,"s",{"X":1},[1,2],{"all":[],"one":null},{"k":"v"},[true]],"one":"Good"}')
    yield "hand_choices_unknown_members", seed("Choices", '{"all":[{"X":1,"Z":2},{"all":[{"one":{"a":"b","Y":0}}]}]}')
    yield "hand_choice_nested", seed("Choice", '{"all":[{"all":[{"all":[{"all":[1e999]}]}]}]}')
    yield "hand_owns", seed("Owns", '{"version":"1.2","maybe":"-3.4","table":{"1.0":"AQ==","0.9":""},"blob":"//79"}')
    yield "hand_owns_wrong", seed("Owns", '{"version":"1","blob":"*"}')
    yield "hand_views", seed("Views", '{"s":"borrowed","by":"AQID","texts":["plain","esc\\n\\u00e9\\ud83d\\ude00","\u00e9"]}')
    yield "hand_anys", seed("Anys", '{"any":{"a":[1,"x",null,true,{"b":[]}]},"list":[1,[2,[3]],{}],"map":{"k":{"l":1e3}}}')
    yield "hand_odd_names", seed("Odd", '{"a\\"b\\\\":1,"\\u003c&\\u003E":2,"same":3,"SAME":4,"Same":5}', ANY_CASE)
    yield "hand_optional_tuple", seed("optional", '["a",null]')
    yield "hand_strings", seed("strings", '["","a\\\\b\\/\\"","\\u0000\\u007f","\u2028\u2029","\U0001f600","<&>","0123456789012345678901234567890123456789"]')
    yield "hand_string_surrogates", seed("string", '"\\ud83d\\u0041\\ude00\\ud83d\\ude00\\ud83d"')
    yield "hand_bytes", seed("bytes", '"AQIDBAUG\\nBw=="')
    for number, text_ in enumerate(('"2006-01-02T15:04:05Z"', '"2006-01-02T15:04:05.999999999-07:00"', '"0000-01-01T00:00:00+23:59"',
                                    '"9999-12-31T23:59:59.000000001Z"', '"2006-02-29T00:00:00Z"', '"2006-01-02t15:04:05z"', '"2006-01-02T24:00:00Z"')):
        yield f"hand_time_{number}", seed("Time", text_)
    for number, text_ in enumerate(("0", "-0", "-0.0", "0.1", "1e308", "1e309", "-1e-324", "5e-324", "2.2250738585072011e-308", "123456789012345678901234567890",
                                    "9007199254740993", "0.30000000000000004", "1E+2", "00", "1.", ".5", "1e", "+1", "-")):
        yield f"hand_number_{number:02}", seed(("double", "float", "int64", "dynamic")[number % 4], text_)
    for name, raw in (("mark", b"\xef\xbb\xbf{}"), ("zero_byte", b"{}\0"), ("spaces", b" \t\r\n[ 1 , 2 ]\n "), ("form_feed", b"\f[]"), ("comment", b"// c\n1"),
                      ("latin1", b'"\xe9"'), ("overlong", b'"\xc0\x80"'), ("surrogate", b'"\xed\xa0\x80"'), ("above", b'"\xf4\x90\x80\x80"'),
                      ("cut_off", b'"\xe2\x82"'), ("control", b'"a\x1fb"'), ("delete", b'"a\x7fb"'), ("bad_escape", b'"\\x41"'), ("short_escape", b'"\\u004"'),
                      ("comma", b"[1,]"), ("commas", b"[1,,2]"), ("colon", b'{"a" 1}'), ("key", b"{1:2}"), ("literal", b"[nul]"), ("two", b"1 2"), ("nothing", b" "),
                      ("open", b'{"a":[{'), ("crossed", b"[{]}")):
        yield "hand_text_" + name, seed("dynamic", raw)
    yield "hand_deep_lists", seed("Any", "[" * 30 + "]" * 30)
    yield "hand_too_deep_lists", seed("Any", "[" * 31 + "]" * 31)
    yield "hand_many_elements", seed("strings", "[" + ",".join(['""'] * 301) + "]")
    for number, row in enumerate(load("json")["raw_json_server"]):
        if number % 4 == 0 and len("".join(row["send"])) < 300:
            yield "golden_raw_" + row["name"], seed(JSON_READERS[number % len(JSON_READERS)], "".join(row["send"]))


V1_CLIENT, V2_UNDECIDED, STRICT = 1, 2, 4


def text_of_steps(conversation, side):
    return "".join(step.get("text", "") for step in conversation["steps"] if step["from"] == side)


def call(method, params, number="1", more=""):
    return '{"jsonrpc":"2.0","id":' + number + ',"method":"' + method + '","params":' + params + more + "}"


def json_server():
    def seed(value, how=1, flags=0):
        return bytes([how, flags]) + (value if isinstance(value, bytes) else value.encode())

    golden = load("json")
    for number, conversation in enumerate(golden["conversations"]):
        sent = text_of_steps(conversation, "client")
        if sent and len(sent) < 600:
            yield "golden_" + conversation["name"].replace("/", "_"), seed(sent, number * 23 % 256)
    for number, row in enumerate(golden["raw_json_server"]):
        sent = "".join(row["send"])
        if len(sent) < 400:
            yield "golden_raw_" + row["name"], seed(sent, number * 19 % 256)

    yield "hand_call", seed(call("Arith.Multiply", '{"A":7,"B":8}') + "\n" + call("Arith.Divide", "[7,0]", '"x"'))
    yield "hand_spec_example", seed('{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', 3)
    yield "hand_spec_batch", seed('[{"jsonrpc":"2.0","method":"Arith.Sum","params":[1,2,4],"id":"1"},{"jsonrpc":"2.0","method":"Arith.Upper","params":["x"]},'
                                  '{"foo":"boo"},1,{"jsonrpc":"2.0","method":"foo.get","params":{"name":"me"},"id":"5"}]', 200)
    yield "hand_batch_broken", seed('[{"jsonrpc":"2.0","method":"sum","params":[1,2,4],"id":"1"},{"jsonrpc":"2.0","method"]', 2)
    yield "hand_batch_empty", seed("[]  [ ]")
    yield "hand_batch_too_long", seed("[" + ",".join(["1"] * 6) + "]")
    yield "hand_batch_of_notifications", seed('[{"jsonrpc":"2.0","method":"Arith.Upper","params":["x"]},{"jsonrpc":"2.0","method":"no.such"}]')
    yield "hand_batch_waits", seed("[" + call("Echo.Wait", '["w"]', "5") + "," + call("Arith.Upper", '["x"]', "6") + "]"
                                   + call("Arith.Upper", '["y"]', "7") + '{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":5}}', 5)
    yield "hand_batch_same_ids", seed("[" + call("Arith.Upper", '["x"]') + "," + call("Arith.Upper", '["y"]') + "]")
    yield "hand_too_many_waiting", seed("".join(call("Echo.Wait", '["w"]', str(n)) for n in range(5)), 7)
    yield "hand_cancel_v1", seed('{"method":"Echo.Wait","params":["w"],"id":5}{"method":"$/cancelRequest","params":[{"id":5}],"id":null}', 2)
    yield "hand_cancel_nothing", seed('{"jsonrpc":"2.0","method":"$/cancelRequest","params":[{"id":[1]}]}{"jsonrpc":"2.0","method":"$/cancelRequest","params":7}')
    yield "hand_mixed_versions", seed('{"method":"Arith.Multiply","params":[{"a":2,"B":3}],"id":0}' + call("Arith.Multiply", "[2,3]")
                                      + '{"method":"Arith.Multiply","params":[{"A":2,"b":3}],"id":[1, {"k": null}]}')
    yield "hand_ids", seed("".join(call("Arith.Upper", '["x"]', number) for number in ("null", "-1.5e3", '"\\u0041"', "{}", "[1]", "true")))
    yield "hand_not_an_object", seed("null 5 ", 1)
    yield "hand_not_an_object_after_v2", seed(call("Arith.Upper", '["x"]') + '5 "x" null')
    yield "hand_text_says_v2", seed('{"jsonrpc" 5}')
    # What the last words are must not hang on what has come behind the fault.
    yield "hand_text_says_v2_too_late", seed('{x:1,"jsonrpc":"2.0"}', 0)
    yield "hand_text_says_v2_in_a_string", seed('"jsonrpc" ', 0)
    yield "hand_text_says_v2_behind", seed('5 {"jsonrpc":"2.0"}', 0)
    yield "hand_text_says_v2_in_an_id", seed('{"id":"\\"jsonrpc\\"",!}', 0)
    yield "hand_fault_at_the_limit", seed('{"method":"' + "x" * 487 + '",!', 60)
    yield "hand_fault_behind_the_limit", seed('{"method":"' + "x" * 500 + '",!', 60)
    yield "hand_literal_across_the_limit", seed('{"method":"' + "x" * 484 + '","jsonrpc":trux}', 0)
    yield "hand_number_across_the_limit", seed("1" * 499 + "e!", 0, V2_UNDECIDED)
    yield "hand_escape_across_the_limit", seed('"' + "x" * 496 + "\\u00zz", 0, V2_UNDECIDED)
    yield "hand_utf8_across_the_limit", seed(b'"' + b"x" * 497 + b"\xf0\x9f\x98(", 0, V2_UNDECIDED)
    yield "hand_batch_across_the_limit", seed("[" + "1," * 249 + "x", 0)
    yield "hand_undecided_as_v2", seed("hello", 1, V2_UNDECIDED)
    yield "hand_ends_too_early", seed('{"jsonrpc":"2.0","method":"Arith.Up')
    yield "hand_ends_in_batch", seed("[" + call("Arith.Upper", '["x"]') + ",")
    yield "hand_deadline_and_metadata", seed(call("Echo.Metadata", '["x"]', "1", ',"polyrpc":{"timeout_ns":1500000000,"metadata":{"key":["a","b"],"x-bin":["AQI="]}}')
                                             + call("Echo.Fail", '["x"]', "2"), 9)
    yield "hand_deadline_passed", seed(call("Arith.Upper", '["x"]', "1", ',"polyrpc":{"timeout_ns":-1}'))
    yield "hand_metadata_v1", seed('{"method":"Echo.Metadata","params":["x"],"id":1,"polyrpc":{"metadata":{"k":["v"]}}}{"method":"Echo.Fail","params":["x"],"id":2}', 33)
    yield "hand_extension_wrong", seed(call("Arith.Upper", '["x"]', "1", ',"polyrpc":{"timeout_ns":"x","metadata":[]}'))
    yield "hand_much_metadata", seed(call("Arith.Upper", '["x"]', "1", ',"polyrpc":{"metadata":{"k":["' + "v" * 190 + '"]}}'))
    yield "hand_params", seed(call("Arith.Sum", "[[1,2]]") + call("Echo.Any", '{"a":[1]}') + call("Echo.Any", "[1,2]") + call("Echo.View", '["plain"]')
                              + call("Echo.View", '["esc\\n"]') + call("Echo.Map", '{"b":[1.5],"a":[]}') + call("Arith.Nothing", "[]"), 210, STRICT)
    yield "hand_fails_and_throws", seed(call("Echo.Fail", '["<&>"]') + call("Echo.Throw", '["x"]') + call("Echo.Fail", '[""]'), 3, STRICT)
    yield "hand_escaped_names", seed('{"\\u006aso\\u006erpc":"2.0","m\\u0065thod":"Arith\\u002eUpper","params":["x"],"id":1}', 2)
    yield "hand_name_too_long", seed(call("A" * 41, "[]"))
    yield "hand_too_deep", seed(call("Echo.Any", "[" * 20 + "]" * 20))
    yield "hand_spaces", seed(" \r\n\t" * 200 + call("Arith.Upper", '["x"]') + " " * 600, 100)


def json_client():
    def seed(value, how=1, flags=0):
        return bytes([how, flags]) + (value if isinstance(value, bytes) else value.encode())

    golden = load("json")
    for number, conversation in enumerate(golden["conversations"]):
        sent = text_of_steps(conversation, "server")
        if sent and len(sent) < 600:
            yield "golden_" + conversation["name"].replace("/", "_"), seed(sent, number * 23 % 256, V1_CLIENT)
    for number, row in enumerate(golden["canned_json_client"]):
        yield "golden_canned_" + row["name"], seed("".join(row["replies"]), number * 19 % 256, V1_CLIENT)

    def result(number, value, more=""):
        return '{"jsonrpc":"2.0","id":' + number + ',"result":' + value + more + "}\n"

    def error(number, value, more=""):
        return '{"jsonrpc":"2.0","id":' + number + ',"error":' + value + more + "}\n"

    # The calls: 0 int64, 1 string, 2 given up, 3 Quotient, 4 Any, 5 map[string]int, 6 []float64.
    yield "hand_all_calls", seed(result("0", "56") + result("1", '"s"') + result("2", '"late"') + result("3", '{"Quo":3,"Rem":1}') + result("4", '{"a":[1,null]}')
                                 + result("5", '{"sum":6}') + result("6", "[1.5,0]"), 130)
    yield "hand_backwards", seed(result("6", "[]") + result("1", '"\\u00e9"') + result("0", "-0"), 2)
    yield "hand_errors", seed(error("0", '{"code":-32601,"message":"no"}') + error("1", '{"code":-32005,"message":"m","data":{"code":"not_found","details":[{"type":"t","value":"AQI="}]}}')
                              + error("3", '{"code":1.5}') + error("4", '"text"') + error("5", '{"code":-32000,"message":"m","data":[1,{"x":2}]}'), 4)
    yield "hand_error_for_nobody", seed(error("null", '{"code":-32700,"message":"Parse error"}'))
    yield "hand_wrong_types", seed(result("0", '"x"') + result("1", "5") + result("3", "[1,2,3]") + result("6", '["x"]'))
    yield "hand_null_and_missing", seed(result("0", "null") + '{"jsonrpc":"2.0","id":1}' + '{"id":3,"result":null,"error":null}', 3)
    yield "hand_null_v1", seed('{"id":0,"result":null,"error":null}{"id":1,"result":"s","error":"e"}{"id":3,"error":null}', 3, V1_CLIENT)
    yield "hand_ids", seed(result("99", "1") + result("0.0", "1"))
    yield "hand_id_text", seed(result('"0"', "1"))
    yield "hand_notification", seed('{"jsonrpc":"2.0","method":"note","params":[]}' + result("0", "1"))
    yield "hand_not_an_object", seed("[" + result("0", "1") + "]")
    yield "hand_metadata", seed(result("0", "1", ',"polyrpc":{"metadata":{"k":["v"]},"trailers":{"x-bin":["AQI"]}}')
                                + error("1", '{"code":0,"message":"m"}', ',"polyrpc":{"code":"aborted","details":[{"type":"t","value":""}]}'), 6)
    yield "hand_metadata_v1", seed('{"id":0,"result":null,"error":"e","polyrpc":{"code":"not_found","details":[{"type":"t","value":"AA=="}],"metadata":{"K":["v"]}}}', 2, V1_CLIENT)
    yield "hand_much_metadata", seed(result("0", "1", ',"polyrpc":{"metadata":{"k":["' + "v" * 190 + '"]}}'))
    yield "hand_extension_wrong", seed(result("0", "1", ',"polyrpc":{"metadata":5}'))
    yield "hand_too_long", seed(result("1", '"' + "x" * 500 + '"'), 127)
    yield "hand_literal_across_the_limit", seed('{"x":"' + "x" * 484 + '","id":trux}', 0)
    yield "hand_fault_behind_the_limit", seed('{"x":"' + "x" * 500 + '",!', 60)
    yield "hand_text", seed("HTTP/1.1 400 Bad Request")


def http(start, body="", *fields):
    lines = [start, "Host: a", *fields] + ([f"Content-Length: {len(body)}"] if body else [])
    return "\r\n".join(lines) + "\r\n\r\n" + body


def first_bytes():
    def seed(*parts, how=0):
        return bytes([how]) + b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)

    json_header = "Content-Type: application/json"
    multiply = (REQUEST, request("Arith.Multiply"), ARGS, args(7, 8))
    for number, conversation in enumerate(load("gob")["conversations"]):
        if conversation["transport"] == "http":
            yield "golden_" + conversation["name"].replace("/", "_"), seed(
                *(bytes.fromhex(step["hex"]) for step in conversation["steps"] if step["from"] == "client" and step.get("hex")), how=number * 29 % 256)
    for number, one in enumerate(load("gob")["raw_http"]):
        yield "golden_raw_http_" + one["name"], seed(*(bytes.fromhex(part) for part in one["send"]), how=number * 31 % 256)

    yield "hand_gob", seed(*multiply)
    yield "hand_gob_in_pieces", seed(*multiply, how=200)
    yield "hand_gob_wide", seed(WIDE_REQUEST, wide_request("Echo.View", 1, 0, (("k", "v"),)), top(STRING, text("x")), how=3)
    yield "hand_gob_deadline", seed(WIDE_REQUEST, wide_request("Echo.View", 1, 1), top(STRING, text("x")))
    for name, raw in (("length_of_two", b"\xfe\x00\x0cff"), ("length_of_three", b"\xfd\x00\x00\x20\x7f\x03"), ("length_of_four", b"\xfc\0\0\0\x20"), ("short", b"\x03\x04\0\2"),
                      ("id_7f", b"\x20\x7f\x03\1"), ("id_even", b"\x20\xff\x82\x03"), ("id_low", b"\x20\xff\x7f\x03"), ("id_of_four", b"\x20\xfc\x7f\xff\xff\xff\x03"),
                      ("kind_8", b"\x20\xff\x81\x08"), ("length_is_a_brace", b"\x7b\x7f\x03\1"), ("length_is_a_space", b"\x20\x20\xff\x81\x03"),
                      ("length_is_a_feed", b"\x0a\xff\x81\x03"), ("protobuf", b"\x0a\x0a\x08\x7b\x12\0"), ("tls", b"\x16\x03\x01\x02\0\1"), ("zeros", b"\0" * 70)):
        yield "hand_start_" + name, seed(raw)
    yield "hand_json_v1", seed('{"method":"Arith.Multiply","params":[{"A":7,"B":8}],"id":0}', how=4)
    yield "hand_json_v2", seed(call("Arith.Multiply", "[7,8]"), "\n", call("Echo.Fail", '["x"]', '"i"'), how=210)
    yield "hand_json_batch", seed("[" + call("Arith.Upper", '["x"]') + "," + call("no.such", "[]", "2") + "]")
    yield "hand_json_behind_spaces", seed(" \r\n" * 20 + call("Arith.Upper", '["x"]'))
    yield "hand_json_behind_too_many_spaces", seed(" " * 63 + call("Arith.Upper", '["x"]'), how=9)
    yield "hand_json_far_quote", seed("{" + " " * 62 + '"method":"Arith.Upper","params":["x"],"id":1}')
    yield "hand_json_too_far_quote", seed("{" + " " * 63 + '"method":"Arith.Upper","params":["x"],"id":1}')
    yield "hand_json_only_spaces", seed(" \n" * 40)
    yield "hand_json_broken", seed('{"jsonrpc":"2.0",!}', call("Arith.Upper", '["x"]'), how=1)
    yield "hand_json_unfinished", seed('{"jsonrpc":"2.0","method":"Arith')
    yield "hand_json_word", seed("[nonsense]")
    yield "hand_json_too_long", seed('{"jsonrpc":"2.0","x":"' + "x" * 600)
    yield "hand_connect", seed("CONNECT /_goRPC_ HTTP/1.0\r\n\r\n", *multiply, how=2)
    yield "hand_connect_then_json", seed("CONNECT /_goRPC_ HTTP/1.0\n\n", call("Arith.Upper", '["x"]'))
    yield "hand_connect_elsewhere", seed("CONNECT /other HTTP/1.1\r\nHost: a\r\n\r\n")
    yield "hand_post", seed(http("POST /jsonrpc HTTP/1.1", call("Arith.Upper", '["x"]'), json_header), how=230)
    yield "hand_post_twice", seed(http("POST / HTTP/1.1", call("Arith.Upper", '["x"]'), json_header), http("POST /jsonrpc HTTP/1.1", '{"jsonrpc":"2.0","method":"x"}', json_header))
    yield "hand_post_broken", seed(http("POST /jsonrpc HTTP/1.1", '{"id":', json_header), http("GET /healthz HTTP/1.1"))
    yield "hand_post_deadline", seed(http("POST /jsonrpc HTTP/1.1", call("Arith.Upper", '["x"]'), json_header, "polyrpc-timeout: 1n"))
    yield "hand_post_chunked", seed("POST /jsonrpc HTTP/1.1\r\nHost: a\r\n" + json_header + "\r\nTransfer-Encoding: chunked\r\n\r\n",
                                    "8\r\n" + '{"json' + '"x\r\n', "0\r\n\r\n", how=3)
    yield "hand_post_unfinished", seed("POST /jsonrpc HTTP/1.1\r\nHost: a\r\n" + json_header + "\r\nContent-Length: 50\r\n\r\n{")
    yield "hand_health", seed(http("GET /healthz HTTP/1.1"), http("HEAD /healthz HTTP/1.1"), http("DELETE /healthz HTTP/1.1"), how=20)
    yield "hand_debug", seed(http("GET /debug/rpc HTTP/1.1"), http("GET /debug/rpc?format=json HTTP/1.1"))
    yield "hand_not_there", seed(http("GET /nope HTTP/1.1"), http("PATCH / HTTP/1.1"), how=5)
    yield "hand_http10", seed("GET /healthz HTTP/1.0\r\n\r\n")
    yield "hand_http2", seed("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    yield "hand_method_of_others", seed("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n")
    yield "hand_method_unfinished", seed("OPTION")
    yield "hand_header_too_long", seed("GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + "x" * 600)
    yield "hand_empty_lines", seed("\r\n\r\n" + http("GET /healthz HTTP/1.1"))
    yield "hand_words", seed("hello\n")


# ---- the protorpc envelope (docs/wire/protobuf.md) ----


def varint(value):
    raw = bytearray()
    while value >= 0x80:
        raw.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(raw) + bytes([value])


def number_field(field, value):
    return varint(field << 3) + varint(value)


def bytes_field(field, value):
    raw = value if isinstance(value, bytes) else value.encode()
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def framed(raw):
    return varint(len(raw)) + raw


def envelope(number, name="", body=b"", more=b"", form=None):
    header = (number_field(1, number) if number else b"") + (bytes_field(2, name) if name else b"")
    form = (len(body), 0, 0) if form is None else form
    return framed(header + b"".join(number_field(3 + i, part) for i, part in enumerate(form) if part) + more) + framed(body)


def entry(field, key, value):
    return bytes_field(field, bytes_field(1, key) + bytes_field(2, value))


def note(content):
    return bytes_field(1, content)


def golden_protorpc(member):
    for index, conversation in enumerate(load("protorpc")["conversations"]):
        stream = b"".join(bytes.fromhex(step[member]) for step in conversation["steps"])
        yield "golden_" + conversation["name"].replace(" ", "_"), bytes([index * 41 + 3]) + stream


def protobuf_server():
    def seed(*parts, how=2):
        return bytes([how]) + b"".join(parts)

    def stream(kind, number=1):
        return envelope(number, more=number_field(1003, kind) + bytes_field(1006, "A.Chat"))

    def frame(kind, number=1, body=b"", more=b""):
        return envelope(number, body=body, more=number_field(1003, kind) + more)

    yield from golden_protorpc("request")
    yield "hand_metadata", seed(envelope(1, "Echo.View", note("x"), number_field(1001, 1) + entry(1002, "k", "v") + entry(1002, "b-bin", b"\0\xff")))
    yield "hand_one_way", seed(envelope(1, "Echo.View", note("x"), number_field(1004, 1)), how=200)
    yield "hand_cancel", seed(envelope(1, "Echo.Wait", note("x")), frame(6), envelope(2, "Echo.View", note("y")))
    yield "hand_client_streaming", seed(stream(1), frame(4, body=note("a")), frame(4, body=note("b")), frame(5), how=3)
    yield "hand_server_streaming", seed(envelope(3, body=note("all"), more=number_field(1003, 2) + bytes_field(1006, "A.List")), frame(7, 3, more=number_field(1005, 70000)), frame(6, 3))
    yield "hand_chat", seed(stream(3, 7), frame(4, 7, note("hi")), frame(7, 7, more=number_field(1005, 5)), frame(4, 7), frame(5, 7), frame(4, 7), how=140)
    yield "hand_two_streams", seed(stream(3, 1), stream(1, 2), frame(4, 2, note("a")), frame(4, 1, note("b")), frame(6, 1), frame(4, 1, note("c")), frame(5, 2))
    yield "hand_much_credit", seed(stream(3), *(frame(7, more=number_field(1005, 2**64 - 1)) for _ in range(3)), frame(5))
    yield "hand_too_much", seed(stream(1), *(frame(4, body=note("x" * 500)) for _ in range(6)), how=127)
    yield "hand_same_number", seed(stream(1), stream(1))
    yield "hand_unknown_frame", seed(frame(99))
    yield "hand_broken_message", seed(stream(3), frame(4, body=b"\x0a\x05"), frame(4, body=note("late")))
    yield "hand_checksum", seed(envelope(1, "Echo.View", note("x"), form=(3, 0, 1)), envelope(2, "Echo.View", note("x"), form=(3, 0, 0)))
    yield "hand_snappy", seed(envelope(1, "Echo.View", b"\x03\x08\x0a\x01x", form=(3, 5, 0)), envelope(2, "Echo.View", b"\xff\xff\xff\xff\x0f\0x", form=(2**32 - 1, 7, 0)))
    yield "hand_groups", seed(envelope(1, "Echo.View", note("x"), b"\xa3\x06\x08\x07\xab\x06\xac\x06\xa4\x06"))
    yield "hand_too_long", seed(envelope(1, "Echo.View", note("x" * 601)), envelope(2, "Echo.View"))
    yield "hand_name_too_long", seed(envelope(1, "A." + "x" * 40))
    yield "hand_empty", seed(b"\0\0" * 4)


def protobuf_client():
    def seed(*parts, how=2):
        return bytes([how]) + b"".join(parts)

    def frame(kind, number, body=b"", more=b"", name=""):
        return envelope(number, name, body, number_field(1005, kind) + more)

    # On the wire calls are counted from 1: 1 and 2 are unary, 3 streams requests, 4 replies, 5 both, 6 was given up.
    yield from golden_protorpc("answer")
    yield "hand_unary", seed(envelope(2, body=note("b")), envelope(1, "no", more=number_field(1001, 5) + entry(1004, "type", "value")), how=200)
    yield "hand_metadata", seed(envelope(1, body=note("x"), more=entry(1002, "h", "1") + entry(1003, "t", "2")))
    yield "hand_much_metadata", seed(envelope(1, more=entry(1002, "h", "v" * 200)))
    yield "hand_client_streaming", seed(frame(4, 3, more=number_field(1006, 200000)), frame(3, 3, note("sum"), entry(1003, "t", "2")))
    yield "hand_server_streaming", seed(frame(1, 4, more=entry(1002, "h", "1")), frame(2, 4, note("a")), frame(2, 4), frame(3, 4, name="lost", more=number_field(1001, 15)), how=3)
    yield "hand_chat", seed(frame(2, 5, note("a")), frame(4, 5, more=number_field(1006, 9)), frame(2, 5, note("b")), frame(3, 5), frame(2, 5, note("late")), how=150)
    yield "hand_given_up", seed(frame(2, 6, note("a")), frame(3, 6))
    yield "hand_no_streaming", seed(envelope(3, "rpc: service/method request ill-formed: "), envelope(4, body=note("x")))
    yield "hand_headers_twice", seed(frame(1, 4), frame(1, 4))
    yield "hand_message_for_one_reply", seed(frame(2, 3, note("a")))
    yield "hand_too_much", seed(*(frame(2, 5, note("x" * 500)) for _ in range(6)))
    yield "hand_broken_message", seed(frame(2, 5, b"\x0a\x05"), frame(3, 5))
    yield "hand_too_long", seed(frame(2, 5, note("x" * 601)))
    yield "hand_nobody", seed(envelope(0), envelope(99, "x"), frame(4, 99, more=number_field(1006, 1)))


# ---- protobuf ----

def protobuf_message():
    def varint(number):
        out = b""
        while number >= 128:
            out += bytes([number & 127 | 128])
            number >>= 7
        return out + bytes([number])

    def field(number, value):
        if isinstance(value, int):
            return varint(number << 3) + varint(value % 2**64)
        value = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | 2) + varint(len(value)) + value

    # The first byte chooses the type: the readers of protobuf_message.cpp, in its order.
    def seed(reader, *parts):
        return bytes([["Scalars", "Lists", "Maps", "Choice", "Presence", "Tree", "Nested"].index(reader)]) + b"".join(parts)

    point = field(1, 5) + field(2, -5)
    yield "hand_scalars", seed("Scalars", field(1, 1), field(2, -1), field(3, -2**63), field(4, 2**32 - 1), field(5, 2**64 - 1), b"\x35\0\0\xc0\x3f",
                               b"\x39" + bytes(6) + b"\xf0\x3f", field(8, "text"), field(9, b"\0\xff"), field(10, 2))
    yield "hand_scalars_twice", seed("Scalars", field(2, 1), field(2, 2), field(8, "a"), field(8, ""))
    yield "hand_text_wrong", seed("Scalars", field(8, b"\xff"))
    yield "hand_lists", seed("Lists", field(1, b"\0\1\xac\2"), field(1, 7), field(2, 1), field(2, 2), field(3, bytes(16)), field(4, b"\1\0"), field(5, "a"),
                             field(5, ""), field(6, b"\xff"), field(7, point), field(7, b""), field(8, b"\1\2"), field(9, b"\5\6"), field(10, bytes(8)))
    yield "hand_lists_packed_wrong", seed("Lists", field(3, bytes(15)))
    yield "hand_maps", seed("Maps", field(1, field(1, "a") + field(2, 1)), field(1, b""), field(1, field(2, 2) + field(1, "a") + field(3, "?")),
                            field(2, field(1, -1) + field(2, point)), field(3, field(1, 1) + field(2, "yes")))
    yield "hand_choice", seed("Choice", field(1, 1), field(2, 0), field(3, "a"), field(4, field(1, 1)), field(4, field(2, 2)), field(5, 2))
    yield "hand_presence", seed("Presence", field(1, 0), field(2, ""), field(3, 0), field(4, b""), field(4, point))
    deep = b""
    for _ in range(40):
        deep = field(3, deep)
    yield "hand_tree", seed("Tree", field(1, "a"), field(2, field(1, "b") + field(2, b"")), field(3, field(3, field(1, "c"))))
    yield "hand_tree_deep", seed("Tree", deep)
    yield "hand_nested", seed("Nested", field(1, field(1, b"\1\2")), field(1, b""), field(2, field(1, "a") + field(2, field(1, b"\3"))))
    yield "hand_unknown", seed("Tree", field(100, 1), b"\xa1\6" + bytes(8), b"\xa5\6" + bytes(4), field(100, "x"), b"\xa3\6\xab\6\x08\1\xac\6\xa4\6")
    yield "hand_group_open", seed("Tree", b"\xa3\6" * 20)
    yield "hand_length_claimed", seed("Lists", b"\x0a\xff\xff\xff\xff\7")


# ---- HTTP/2, as a gRPC server says it (RFC 9113) ----


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def hpack(*fields):
    return b"".join(b"\0" + bytes([len(n)]) + n.encode() + bytes([len(v)]) + v.encode() for n, v in fields)


GRPC_HEADERS = ((":status", "200"), ("content-type", "application/grpc"))


def grpc_message(content, flag=0):
    return bytes([flag]) + len(content).to_bytes(4, "big") + content


def grpc_headers(stream, *fields, end=False):
    return frame(1, 5 if end else 4, stream, hpack(*fields))


def grpc_answer(stream, *messages, code="0", more=()):
    return (grpc_headers(stream, *GRPC_HEADERS, *more) + b"".join(frame(0, 0, stream, m) for m in messages)
            + grpc_headers(stream, ("grpc-status", code), end=True))


def grpc_client():
    opening = frame(4, 0, 0, bytes.fromhex("000300000064 000400010000".replace(" ", ""))) + frame(4, 1, 0)

    def seed(*parts, how=6):
        return bytes([how]) + opening + b"".join(parts)

    a, b = grpc_message(b"a"), grpc_message(b"hello")
    yield "hand_all_kinds", seed(grpc_answer(1, a), grpc_answer(3, a + b, b), grpc_answer(5, b), grpc_answer(7), grpc_answer(9, a))
    yield "hand_interleaved", seed(grpc_headers(3, *GRPC_HEADERS), grpc_headers(7, *GRPC_HEADERS, ("k", "v")), frame(0, 0, 3, a[:3]),
                                   frame(0, 0, 7, b), frame(0, 0, 3, a[3:]), grpc_headers(7, ("grpc-status", "5"), end=True), how=200)
    yield "hand_trailers_only", seed(grpc_headers(1, *GRPC_HEADERS, ("grpc-status", "5"), ("grpc-message", "%e2%98%ba 100%"),
                                                  ("grpc-status-details-bin", "CAUSAm5vGgYKAXQSAXY"), end=True))
    yield "hand_compressed", seed(grpc_answer(1, grpc_message(b"a300", 1), more=(("grpc-encoding", "run"),)),
                                  grpc_answer(3, grpc_message(b"b3", 1) + a, more=(("grpc-encoding", "run"),)),
                                  grpc_answer(5, grpc_message(b"a9999", 1), more=(("grpc-encoding", "run"),)))
    yield "hand_unknown_encoding", seed(grpc_answer(1, a, more=(("grpc-encoding", "zip"),)), how=1)
    yield "hand_two_messages", seed(grpc_answer(1, a + a), grpc_answer(5, a, a))
    yield "hand_half_message", seed(grpc_answer(1, a[:-1]), grpc_headers(3, *GRPC_HEADERS), frame(0, 1, 3, a + b[:7]), how=0)
    yield "hand_flags", seed(grpc_answer(1, grpc_message(b"", 1)), grpc_answer(3, a + grpc_message(b"", 2)))
    yield "hand_too_long", seed(grpc_headers(1, *GRPC_HEADERS), frame(0, 0, 1, b"\0\0\0\3\351"), grpc_answer(3, b"\0\xff\xff\xff\xff"))
    yield "hand_http_errors", seed(grpc_headers(1, (":status", "503"), end=True), grpc_headers(3, (":status", "200"), ("content-type", "text/html")),
                                   grpc_headers(5, (":status", "404"), ("grpc-status", "7"), end=True))
    yield "hand_interim", seed(grpc_headers(1, (":status", "100")), grpc_headers(1, (":status", "103"), ("link", "x")), grpc_answer(1, a))
    yield "hand_metadata", seed(grpc_headers(1, *GRPC_HEADERS, ("k", "v"), ("k", "w"), ("x-bin", "YQ==,Yg")), frame(0, 8, 1, b"\3" + a + b"\0\0\0"),
                                grpc_headers(1, ("grpc-status", "0"), ("t-bin", "!"), end=True), how=130)
    yield "hand_resets", seed(*(frame(3, 0, 2 * i + 1, c.to_bytes(4, "big")) for i, c in enumerate((7, 8, 11, 0, 2))))
    yield "hand_goaway", seed(frame(7, 0, 0, bytes.fromhex("7fffffff00000000")), grpc_answer(1, a), frame(7, 0, 0, bytes.fromhex("0000000300000000")),
                              grpc_answer(3, a))
    yield "hand_calm", seed(frame(7, 0, 0, bytes.fromhex("000000000000000b") + b"too_many_pings"))
    yield "hand_pings", seed(frame(6, 0, 0, b"12345678"), frame(6, 1, 0, b"12345678"), frame(4, 0, 0, bytes.fromhex("000400000003")),
                             frame(8, 0, 0, b"\0\0\0\1"), frame(8, 0, 5, b"\0\0\0\0"))
    yield "hand_continuation", seed(frame(1, 0, 1, hpack(*GRPC_HEADERS[:1])), frame(9, 0, 1), frame(9, 4, 1, hpack(*GRPC_HEADERS[1:])), frame(0, 0, 1, a),
                                    grpc_headers(1, ("grpc-status", "0"), end=True), how=40)
    yield "hand_push", seed(frame(5, 4, 1, b"\0\0\0\2" + hpack((":method", "GET"))))
    yield "hand_unknown_frames", seed(frame(77, 255, 1, b"what"), frame(2, 0, 1, b"\0\0\0\0\1"), grpc_answer(1, a))
    yield "hand_http1", b"\6HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"


# ---- HTTP/2, as a gRPC client says it ----


def grpc_server():
    def head(stream, path, *more, end=False):
        fields = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "t"), ("te", "trailers"),
                  ("content-type", "application/grpc")]
        return grpc_headers(stream, *fields, *more, end=end)

    def call(stream, path, content, *more):
        return head(stream, path, *more) + frame(0, 1, stream, grpc_message(content))

    def seed(*parts, how=7):
        return bytes([how]) + b"".join(parts)

    page = grpc_headers(1, (":method", "GET"), (":scheme", "http"), (":path", "/page"), (":authority", "t"), end=True)
    connect = grpc_headers(3, (":method", "POST"), (":scheme", "http"), (":path", "/test.Service/Double"), (":authority", "t"),
                           ("content-type", "application/proto"))
    yield "hand_unary", seed(call(1, "/test.Service/Double", b"\x08\x15"), call(3, "/test.Service/Fail", b"\x0a\1x"))
    yield "hand_metadata", seed(call(1, "/test.Service/Metadata", b"", ("x-a", "1"), ("x-b-bin", "q6s"), ("grpc-timeout", "1S")))
    yield "hand_count", seed(call(1, "/test.Service/Count", b"\x08\x64"), frame(8, 0, 1, b"\0\0\1\0"), frame(3, 0, 1, b"\0\0\0\x08"))
    yield "hand_sum", seed(head(1, "/test.Service/Sum"), frame(0, 0, 1, grpc_message(b"\x08\1") * 3), frame(0, 1, 1))
    yield "hand_chat", seed(head(1, "/test.Service/Chat"), frame(0, 0, 1, grpc_message(b"\x0a\2hi")), frame(0, 0, 1, grpc_message(b"\x0a\3bye")))
    yield "hand_reset", seed(head(1, "/test.Service/Sum"), frame(3, 0, 1, b"\0\0\0\x08"), call(3, "/test.Service/Double", b""))
    yield "hand_broken", seed(head(1, "/test.Service/Sum"), frame(0, 1, 1, b"\0\0\0\0\x09\x08"), call(3, "/test.Service/Double", b"\xff"))
    yield "hand_flags", seed(head(1, "/test.Service/Double", ("grpc-encoding", "gzip")), frame(0, 1, 1, grpc_message(b"", 1)))
    yield "hand_large", seed(head(1, "/test.Service/Echo"), frame(0, 0, 1, b"\0\xff\xff\xff\xff"))
    yield "hand_window", seed(frame(4, 0, 0, b"\0\4\0\0\0\3"), call(1, "/test.Service/Double", b"\x08\x15"), frame(8, 0, 1, b"\0\0\0\7"))
    yield "hand_pages", seed(page, connect, frame(0, 1, 3, b"\x08\2"))
    yield "hand_health", seed(call(1, "/grpc.health.v1.Health/Watch", b""), call(3, "/grpc.health.v1.Health/List", b""))
    yield "hand_reflection", seed(call(1, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", b"\x22\x0ctest.Service"))
    yield "hand_pings", seed(frame(6, 0, 0, b"12345678") * 5, frame(7, 0, 0, bytes(8)))
    yield "hand_continued", seed(frame(1, 1, 1, hpack((":method", "POST"))), frame(9, 4, 1, hpack((":path", "/page"))))
    yield "hand_trailers", seed(head(1, "/test.Service/Sum"), grpc_headers(1, ("x-t", "1"), end=True))


def tls_server():
    def seed(mode, *parts, how=0):
        return bytes([how, mode]) + b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)

    # TLS 1.2 with one cipher suite; what the target puts in front is left out.
    hello = bytes.fromhex(
        "01009701000093030382155d2fc9cbf42ad38daee73ad44d44cefa10cc53b2537db5767fd4d5be3046000004c02b00ff0100006600000010000e00000b7365727665722e"
        "74657374000b000403000102000a000c000a001d0017001e00190018002300000016000000170000000d002a0028040305030603080708080809080a080b080408050806"
        "040105010601030303010302040205020602")
    yield "hand_hello", seed(0, hello, how=7)
    yield "hand_hello_and_alert", seed(0, hello, bytes.fromhex("15030300020228"), how=200)
    yield "hand_alert_first", seed(0, bytes.fromhex("0300020100"))
    yield "hand_long_record", seed(0, bytes.fromhex("03ffff010000"))
    yield "hand_text", seed(1, call("Arith.Upper", '["x"]'), how=9)
    yield "hand_gob", seed(1, REQUEST, request("Arith.Multiply"), ARGS, args(7, 8), how=220)
    yield "hand_http", seed(1, http("GET /healthz HTTP/1.1"), how=30)
    yield "hand_nonsense", seed(1, b"\0" * 70)
    yield "hand_tls_inside", seed(1, b"\x16\x03", hello)
    yield "hand_nothing_changed", seed(2)
    yield "hand_length_changed", seed(2, bytes([4, 1]))
    yield "hand_text_changed", seed(2, bytes([20, 0x80]))
    yield "hand_byte_gone", seed(2, bytes([30, 0]))
    yield "hand_kind_changed", seed(2, bytes([0, 2]))


TARGETS = {"tls_server": tls_server, "grpc_server": grpc_server, "grpc_client": grpc_client, "protobuf_message": protobuf_message, "gob_decoder": gob_decoder, "gob_server": gob_server, "gob_client": gob_client, "json_value": json_value,
           "json_server": json_server, "json_client": json_client, "first_bytes": first_bytes,
           "protobuf_server": protobuf_server, "protobuf_client": protobuf_client}


def write(target):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if re.match("(golden|hand)_", old.name):
            old.unlink()
    size = 0
    seeds = dict(TARGETS[target]())
    for name, content in seeds.items():
        (folder / name).write_bytes(content)
        size += len(content)
    print(f"{target}: {len(seeds)} seeds, {size} bytes")


if __name__ == "__main__":
    for wanted in sys.argv[1:] or TARGETS:
        write(wanted)
