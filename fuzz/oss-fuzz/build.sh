#!/bin/bash -eu
# SPDX-License-Identifier: MIT
# Builds each target with the engine and sanitizer that the environment asks for ($CC, $CFLAGS, $LIB_FUZZING_ENGINE), and puts it
# with its corpus, its dictionary and the libraries that it needs into $OUT.
SRC_DIR=$(cd "$(dirname "$0")" && pwd)
[ -f "$SRC_DIR/CMakeLists.txt" ] || SRC_DIR=${SRC:?}/draftproof
BUILD=${WORK:?}/build

cmake -S "$SRC_DIR" -B "$BUILD" -G Ninja -DDRAFTPROOF_FUZZER=ON -DDRAFTPROOF_FUZZ_ENGINE="${LIB_FUZZING_ENGINE:?}" \
  -DCMAKE_C_FLAGS="${CFLAGS:-}" -DCMAKE_EXE_LINKER_FLAGS="-Wl,-rpath,'\$ORIGIN/lib'"
mkdir -p "$OUT/lib"
for source in "$SRC_DIR"/fuzz/*_fuzz.c; do
  target=$(basename "$source" .c)
  ninja -C "$BUILD" "$target"
  cp "$BUILD/$target" "$OUT/"
  # the image that runs the targets has none of the libraries
  ldd "$OUT/$target" | awk '$3 ~ /lib(ssl|crypto|gnutls|gsasl|gssglue|idn|ntlm|uv|unbound|event|ldns|pcap|dbus-1|systemd|cap|gcrypt|gpg-error|zstd|lz4|jansson|xml2|icuuc|icudata|stdc[+][+]|lzma|z|nettle|hogweed|gmp|p11-kit|idn2|unistring|tasn1|ffi)[.-]/ {print $3}' |
    xargs -r -I{} cp -n {} "$OUT/lib/"
  corpus=$(mktemp -d)
  cp -n "$SRC_DIR"/fuzz/corpus/"$target"/* "$corpus"/ 2>/dev/null || true
  cp -n "$SRC_DIR"/fuzz/regress/"$target"/* "$corpus"/ 2>/dev/null || true
  (cd "$corpus" && python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" . )
  rm -r "$corpus"
  for words in "${target%_fuzz}" "${target%%_*}"; do
    [ -f "$SRC_DIR/fuzz/dict/$words.dict" ] || continue
    cp "$SRC_DIR/fuzz/dict/$words.dict" "$OUT/$target.dict"
    break
  done
done
