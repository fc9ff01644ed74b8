#!/bin/bash
# Goal: the example program tells the same person from another with real photographs, and says clearly when it cannot (X3, S11).
set -u
program=${TEBURA_BIN:-build/debug}/example_verify
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
pictures=${TEBURA_DEPS:-$root/.deps}/pictures
faces=${TEBURA_FACES:-}
for place in "$root/../shared/faces" "$root/../../shared/faces"; do
    [[ -z $faces && -d $place ]] && faces=$place
done
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
failures=0

# expect CODE 'PATTERN' ARGUMENT...: exit code and a line (standard output or error) that matches.
expect()
{
    local code=$1 pattern=$2 got
    shift 2
    "$program" "$@" >"$box/out" 2>&1
    got=$?
    if [[ $got != "$code" ]] || ! grep -qE -- "$pattern" "$box/out"; then
        echo "FAILED: example_verify $*"
        echo "  wanted exit $code and /$pattern/; got exit $got: $(head -c 500 "$box/out")"
        failures=$((failures + 1))
    fi
}

expect 2 'usage: .*PICTURE PICTURE'
expect 2 'usage: ' one.jpg
expect 2 'absent\.jpg' "$box/absent.jpg" "$pictures/sample1.jpg"
expect 2 'one person at a time' "$pictures/sample5.jpg" "$pictures/sample5.jpg"
TEBURA_MODELS=$box/none.yaml expect 2 'none\.yaml' "$pictures/sample5.jpg" "$pictures/sample5.jpg"

if [[ -z $faces || ! -d $faces/photos ]]; then
    echo "skipped from here: ../shared/faces is not on this machine"
    exit $((failures ? 1 : 77))
fi
p=$faces/photos
expect 0 '^same person: similarity 0\.[0-9]+, threshold 0\.[0-9]+$' "$p/p1/1.jpg" "$p/p1/4.jpg"
expect 0 '^same person' "$p/p3/2.jpg" "$p/p3/3.jpg"
expect 1 '^different people' "$p/p1/1.jpg" "$p/p2/1.jpg"
echo "$failures failures"
exit $((failures ? 1 : 0))
