#!/bin/sh
# check_format.sh ROOT: every C++ file of ours is formatted as .clang-format says. clang-format 16 decides; others differ.
set -eu
cd "$1"
tool=
for candidate in clang-format-16 clang-format; do
  if command -v "$candidate" >/dev/null 2>&1 && "$candidate" --version | grep -q 'version 16\.'; then
    tool=$candidate
    break
  fi
done
if [ -z "$tool" ]; then
  echo "SKIPPED: clang-format 16 is not installed (scripts/bootstrap ci installs it)"
  exit 77
fi
folders=
for folder in include src codecs tests examples benchmarks; do
  [ ! -d "$folder" ] || folders="$folders $folder"
done
# shellcheck disable=SC2086
find $folders -name node_modules -prune -o \( -name '*.hpp' -o -name '*.cpp' \) -print | sort |
  xargs "$tool" --dry-run --Werror -ferror-limit=1
