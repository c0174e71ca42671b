#!/usr/bin/env python3
"""Makes vectors.json from the JSON parts of the gob vectors: extract.py ../gob/vectors.json vectors.json"""

import json
import sys

LISTS = ["conversations", "raw_json_server", "canned_json_client"]


def main():
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        vectors = json.load(file)
    vectors["conversations"] = [c for c in vectors["conversations"] if c["transport"] == "json"]
    lines = ['"format": %s' % json.dumps(vectors["format"]), '"go": %s' % json.dumps(vectors["go"])]
    for name in LISTS:
        # Each element on a line of its own.
        elements = ",\n".join(json.dumps(element) for element in vectors[name])
        lines.append('"%s": [\n%s\n]' % (name, elements))
    with open(target, "w", encoding="ascii") as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


main()
