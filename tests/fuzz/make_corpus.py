#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets that speak gob, from tests/golden and from what stands here.

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


TARGETS = {"gob_decoder": gob_decoder, "gob_server": gob_server, "gob_client": gob_client}


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
