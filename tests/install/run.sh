#!/usr/bin/env bash
# run.sh STEP    one step of the consumer tests; tests/install/CMakeLists.txt has the list and sets
#   CMAKE CXX BUILD_TYPE   to build with
#   SOURCE                 polyrpc's sources
#   BUILD                  a finished build of them
#   WORK                   a folder of this test's own
set -euo pipefail

prefix=$WORK/moved
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)

configure() {  # <build folder> <source folder> <argument>...
  local build=$1 source=$2
  shift 2
  rm -rf "$build"
  "$CMAKE" -G Ninja -S "$source" -B "$build" -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_BUILD_TYPE="$BUILD_TYPE" \
    -DCMAKE_CXX_FLAGS_DEBUG=-g0 "$@"
}
build() { "$CMAKE" --build "$1" --parallel 2 "${@:2}"; }

# Installs, moves the installation away from where it was made, and looks for traces of the place.
install_and_move() {  # <build folder>
  rm -rf "$WORK/first" "$prefix"
  "$CMAKE" --install "$1" --prefix "$WORK/first" >"$WORK/install.log"
  mv "$WORK/first" "$prefix"
  if grep -rIlF -e "$SOURCE" -e "$BUILD" -e "$WORK/first" "$prefix"; then
    echo "These installed files name the folder that polyrpc was built in."
    return 1
  fi
  local library
  while IFS= read -r library; do
    # $ORIGIN, the library's own folder, moves along with it.
    if readelf -d "$library" | grep -E 'RPATH|RUNPATH' | grep -vF '[$ORIGIN]'; then
      echo "$library has a run path to a fixed place."
      return 1
    fi
  done < <(find "$prefix" -name '*.so*' -type f)
  if find "$prefix" -name 'Catch*' -o -name '*test*' -o -name '*dev*.cmake' | grep .; then
    echo "These files are not for users."
    return 1
  fi
}

library_path() { dirname "$(find "$prefix" -name 'libpolyrpc_core.*' | head -n 1)"; }

find_package() {  # <components> <argument>...
  local components=$1
  shift
  local folder=$WORK/find_package_${components//;/_}
  configure "$folder" "$SOURCE/tests/install/find_package" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCONSUMER_COMPONENTS="$components" "$@"
  if grep -F -e "-Wshadow" -e "-Werror" "$folder/build.ninja"; then
    echo "Our development flags reached a consumer."
    return 1
  fi
  build "$folder"
  "$folder/codecs"
  if [ -e "$folder/calls" ]; then
    "$folder/calls"
    if ldd "$folder/calls" | grep -E 'nghttp2|protobuf|libssl|libz\.|snappy'; then
      echo "A program without gRPC and TLS is linked with their libraries."
      return 1
    fi
  fi
  if [ -e "$folder/grpc_calls" ]; then "$folder/grpc_calls"; fi
  if [ -e "$folder/tls_calls" ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$folder/own.key" -out "$folder/own.pem" \
      -days 2 -subj /CN=consumer -addext subjectAltName=IP:127.0.0.1 2>/dev/null
    "$folder/tls_calls" "$folder/own.pem" "$folder/own.key"
  fi
}

case $1 in
  static) install_and_move "$BUILD" ;;
  shared)
    configure "$WORK/build" "$SOURCE" -DBUILD_SHARED_LIBS=ON -DPOLYRPC_TESTS=OFF -DPOLYRPC_EXAMPLES=OFF \
      -DPOLYRPC_BENCHMARKS=OFF -DPOLYRPC_FUZZERS=OFF -DPOLYRPC_UNITY_BUILD=ON
    build "$WORK/build"
    install_and_move "$WORK/build"
    test -n "$(find "$prefix" -name 'libpolyrpc_gob.so.*')"
    test -z "$(find "$prefix" -name '*.a')"
    ;;
  find_package)
    components="gob;json;protobuf;polyrpc"
    for leaf in grpc tls; do
      if [ -n "$(find "$prefix" -name "polyrpc-$leaf.cmake")" ]; then components="$components;$leaf"; fi
    done
    find_package "$components"
    ;;
  find_package_gob)
    # Who wants gob alone needs neither asio nor a JSON library.
    find_package gob -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON -DCMAKE_DISABLE_FIND_PACKAGE_Asio=ON \
      -DCMAKE_DISABLE_FIND_PACKAGE_Protobuf=ON
    if configure "$WORK/missing" "$SOURCE/tests/install/find_package" -DCMAKE_PREFIX_PATH="$prefix" \
      "-DCONSUMER_COMPONENTS=gob;no_such_part" >"$WORK/missing.log" 2>&1; then
      echo "A component that does not exist was found."
      exit 1
    fi
    grep -q no_such_part "$WORK/missing.log"
    ;;
  generate)
    # Of a copy, because its files change.
    rm -rf "$WORK/protos"
    cp -r "$SOURCE/tests/install/protos" "$WORK/protos"
    configure "$WORK/generate" "$WORK/protos" -DCMAKE_PREFIX_PATH="$prefix"
    build "$WORK/generate"
    "$WORK/generate/greeter"
    build "$WORK/generate" | grep -q "no work to do"
    # What is imported is a dependency too.
    sed -i 's/string text = 1;/string text = 1; string title = 2;/' "$WORK/protos/acme/types/name.proto"
    build "$WORK/generate" | tee "$WORK/generate.log"
    grep -qF "Making C++ of acme/greeter.proto" "$WORK/generate.log"
    grep -qF "Making C++ of acme/types/name.proto" "$WORK/generate.log"
    "$WORK/generate/greeter"

    # Mistakes are told from each other.
    mkdir -p "$WORK/mistake"
    : >"$WORK/mistake/main.cpp"
    printf 'syntax = "proto3";\n' >"$WORK/mistake/x.proto"
    refuses() {  # <call> <what it must say>
      printf '%s\n' "cmake_minimum_required(VERSION 3.22)" "project(mistake LANGUAGES CXX)" \
        "find_package(polyrpc CONFIG REQUIRED COMPONENTS protobuf runtime)" "add_executable(app main.cpp)" "$1" \
        >"$WORK/mistake/CMakeLists.txt"
      if configure "$WORK/mistake/build" "$WORK/mistake" -DCMAKE_PREFIX_PATH="$prefix" >"$WORK/mistake.log" 2>&1; then
        echo "accepted: $1"
        exit 1
      fi
      if ! tr -s ' \n' ' ' <"$WORK/mistake.log" | grep -qF -e "$2"; then
        cat "$WORK/mistake.log"
        exit 1
      fi
    }
    refuses 'polyrpc_generate(TARGET other PROTOS x.proto)' "polyrpc_generate: there is no target other"
    refuses 'polyrpc_generate(TARGET app)' "polyrpc_generate: needs TARGET <target> and PROTOS <file.proto>..."
    refuses 'polyrpc_generate(TARGET app PROTOS x.proto IMPORT_DIRS elsewhere)' "x.proto is below none of the IMPORT_DIRS"
    refuses 'polyrpc_generate(TARGET app PROTOS missing.proto)' "missing.proto does not exist"
    refuses 'polyrpc_generate(app x.proto)' "polyrpc_generate: unknown arguments app;x.proto"
    ;;
  pkg_config)
    library_path=$(library_path)
    export PKG_CONFIG_PATH=$library_path/pkgconfig LD_LIBRARY_PATH=$library_path
    # shellcheck disable=SC2046
    "$CXX" -std=c++20 "${warnings[@]}" -DCONSUMER_JSON "$SOURCE/tests/install/codecs.cpp" -o "$WORK/codecs" \
      $(pkg-config --cflags --libs polyrpc-gob polyrpc-json)
    "$WORK/codecs"
    # shellcheck disable=SC2046
    "$CXX" -std=c++20 "${warnings[@]}" "$SOURCE/tests/install/calls.cpp" -o "$WORK/calls" \
      $(pkg-config --cflags --libs polyrpc)
    "$WORK/calls"
    ;;
  subdirectory)
    # Optimised, as no other build of the suite is; with ccache tests/budgets then has these objects.
    configure "$WORK/subdirectory" "$SOURCE/tests/install/subdirectory" -DPOLYRPC_SOURCE="$SOURCE" \
      -DCMAKE_BUILD_TYPE=Release
    if grep -F -e "-Wshadow" -e "-Werror" "$WORK/subdirectory/build.ninja"; then
      echo "Our development flags reached a consumer."
      exit 1
    fi
    build "$WORK/subdirectory"
    "$WORK/subdirectory/codecs"
    "$WORK/subdirectory/calls"
    "$WORK/subdirectory/protos/greeter"
    ;;
  minimal)
    # A compiler alone: core and gob. With asio: servers and clients too.
    off=(-DPOLYRPC_UNITY_BUILD=ON -DPOLYRPC_TESTS=OFF -DPOLYRPC_EXAMPLES=OFF -DPOLYRPC_BENCHMARKS=OFF -DPOLYRPC_FUZZERS=OFF
      -DPOLYRPC_JSON=OFF -DPOLYRPC_PROTOBUF=OFF -DPOLYRPC_HTTP1=OFF -DCMAKE_DISABLE_FIND_PACKAGE_Protobuf=ON
      -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON
      -DCMAKE_DISABLE_FIND_PACKAGE_Llhttp=ON -DCMAKE_DISABLE_FIND_PACKAGE_Catch2=ON)
    configure "$WORK/compiler" "$SOURCE" "${off[@]}" -DPOLYRPC_RUNTIME=OFF -DCMAKE_DISABLE_FIND_PACKAGE_Asio=ON \
      -DCMAKE_DISABLE_FIND_PACKAGE_Threads=ON
    build "$WORK/compiler"
    configure "$WORK/asio" "$SOURCE" "${off[@]}"
    build "$WORK/asio"
    ;;
  *) echo "run.sh: no step $1"; exit 2 ;;
esac
