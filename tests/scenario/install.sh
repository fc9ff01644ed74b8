#!/bin/bash
# Goal: what make install puts below a prefix stands by itself: programs run, and examples build against its headers and library.
set -uo pipefail
source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
build=${TEBURA_BIN:-$source_root/build/debug}
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
prefix=$box/usr

fail()
{
    echo "NOT OK: $1"
    cat "$box/output" 2>/dev/null
    exit 1
}

cmake --install "$build" --prefix "$prefix" >"$box/output" 2>&1 || fail "cmake --install"
for file in include/tebura/tebura.h lib/libtebura.a lib/pkgconfig/tebura.pc share/man/man1/tebura.1 share/doc/tebura/README.md; do
    [[ -s $prefix/$file ]] || fail "$file is not installed"
done
find "$prefix" -perm /022 ! -type l >"$box/output"
[[ ! -s $box/output ]] || fail "others may write these"

# Moved as a whole, as a package would be: nothing may point back to the build.
mv "$prefix" "$box/elsewhere"
prefix=$box/elsewhere
ran=0
for program in tebura teburad tebura-edge; do
    [[ -x $prefix/bin/$program ]] || continue
    "$prefix/bin/$program" --help >"$box/output" 2>&1 || fail "$program --help"
    grep -qi usage "$box/output" || fail "$program --help names no usage"
    env -u LD_LIBRARY_PATH ldd "$prefix/bin/$program" >"$box/output"
    ! grep -q "not found" "$box/output" || fail "$program does not find its libraries"
    ! grep "$source_root" "$box/output" || fail "$program uses libraries of the source folder"
    ran=$((ran + 1))
done
((ran > 0)) || fail "no program was installed"

sanitize=$(sed -n 's/^TEBURA_SANITIZE:[A-Z]*=//p' "$build/CMakeCache.txt")
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
flags=(-std=c17 -D_GNU_SOURCE -Wall -Wextra)
[[ -z $sanitize ]] || flags+=("-fsanitize=$sanitize")
cat >"$box/small.c" <<'EOF'
#include <stdio.h>
#include <tebura/tebura.h>
int main(void)
{
    return puts(tb_status_sentence(TB_OK)) < 0;
}
EOF
built=0
for source in "$box/small.c" "$source_root"/examples/*.c; do
    [[ -f $source ]] || continue
    program=$box/$(basename "$source" .c)
    read -ra wanted < <(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs tebura)
    "$compiler" "${flags[@]}" "$source" "${wanted[@]}" -o "$program" >"$box/output" 2>&1 || fail "$source does not build against the installed library"
    built=$((built + 1))
done
"$box/small" >"$box/output" 2>&1 || fail "a small program against the installed library"
grep -q "done" "$box/output" || fail "a small program says something else"
echo "$ran programs run, $built sources build against what is installed"
