#!/usr/bin/env python3
"""Takes the code out of a page: blocks.py PAGE FOLDER writes each fenced block to FOLDER/<page>_<language>_<number>.

Where C++ says "tcp://127.0.0.1:1234" it says ADDRESS afterwards, so that it can be run beside other programs.
"""
import pathlib
import re
import sys


def blocks(page):
    """Language and text of every fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def main():
    page, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    count = {}
    for language, text in blocks(page):
        count[language] = count.get(language, 0) + 1
        out = folder / f"{page.stem.lower()}_{language}_{count[language]}"
        if language == "cpp":
            text = text.replace('"tcp://127.0.0.1:1234"', "ADDRESS")
        if not out.exists() or out.read_text() != text:
            out.write_text(text)


if __name__ == "__main__":
    main()
