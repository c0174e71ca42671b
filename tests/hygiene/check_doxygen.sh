#!/bin/sh
# check_doxygen.sh ROOT OUTPUT: doxygen finds nothing to complain about in the public headers. The pages are in OUTPUT/html.
set -eu
cd "$1"
if ! command -v doxygen >/dev/null 2>&1; then
  echo "SKIPPED: doxygen is not installed (scripts/bootstrap ci installs it)"
  exit 77
fi
mkdir -p "$2"
{ cat docs/Doxyfile; echo "OUTPUT_DIRECTORY = $2"; } | doxygen -
