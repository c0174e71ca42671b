#!/bin/sh
# certificates.sh FOLDER    a certification authority of its own, a certificate for localhost, one for a client
set -eu
mkdir -p "$1"
cd "$1"
make() {  # <name> <subject> <extensions>
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2" 2>/dev/null
  printf '%s\n' "$3" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 3650 -subj "/CN=example authority" 2>/dev/null
make server "/CN=localhost" "subjectAltName=DNS:localhost,IP:127.0.0.1"
make client "/CN=cashier" "subjectAltName=DNS:cashier.example"
rm -f ./*.csr ./*.ext
echo "certificates in $1"
