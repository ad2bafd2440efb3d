#!/bin/sh
# Makes libjpeg.wasm from the sources of libjpeg-turbo 3.1.0, unpacked in a folder:
#   ./build.sh FOLDER
# Wants clang 19 with lld, wasi-libc and compiler-rt for wasm32; with those of Debian 12 its SHA-256 is
# 37fff5234669b4d1a6f4af785a60371f0a8106c837a825c22ab9dfd71c3a122e
set -eu
here=$(cd "$(dirname "$0")" && pwd)
src=$1/src
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
sed -e 's/@JPEG_LIB_VERSION@/62/; s/@VERSION@/3.1.0/; s/@LIBJPEG_TURBO_VERSION_NUMBER@/3001000/' \
    -e 's/#cmakedefine D_ARITH_CODING_SUPPORTED 1/#define D_ARITH_CODING_SUPPORTED 1/; s/#cmakedefine.*//' "$src/jconfig.h.in" > "$out/jconfig.h"
sed -e 's/@BUILD@/0/; s/@HIDDEN@//; s/@INLINE@/inline/; s/@THREAD_LOCAL@//; s/@CMAKE_PROJECT_NAME@/libjpeg-turbo/; s/@VERSION@/3.1.0/; s/@SIZE_T@/4/' \
    -e 's/#cmakedefine D_ARITH_CODING_SUPPORTED 1/#define D_ARITH_CODING_SUPPORTED 1/; s/#cmakedefine HAVE_BUILTIN_CTZL/#define HAVE_BUILTIN_CTZL/; s/#cmakedefine.*//' "$src/jconfigint.h.in" > "$out/jconfigint.h"
sed -e 's/@COPYRIGHT_YEAR@/1991-2024/' "$src/jversion.h.in" > "$out/jversion.h"
cc="clang-19 --target=wasm32-wasi -O2 -DNO_GETENV -ffunction-sections -fdata-sections -I$out -I$src -w -c"
for f in jaricom jcomapi jdapimin jdapistd jdarith jdcoefct jdcolor jddctmgr jddiffct jdhuff jdinput jdlhuff jdlossls \
         jdmainct jdmarker jdmaster jdphuff jdpostct jdsample jidctint jidctred jmemmgr jmemnobs jpeg_nbits jutils; do
    $cc "$src/$f.c" -o "$out/$f.o"
done
$cc "$here/decode.c" -o "$out/decode.o"
# Samples of 12 and 16 bits, palettes and the quick transforms are never asked for: their names are left to trap.
clang-19 --target=wasm32-wasi -nostartfiles -Wl,--no-entry,--gc-sections,--strip-all,--stack-first,--unresolved-symbols=ignore-all,-z,stack-size=65536 \
    "$out"/*.o -o "$here/../libjpeg.wasm"
chmod 644 "$here/../libjpeg.wasm"
sha256sum "$here/../libjpeg.wasm"
