#!/bin/bash
# Goal: the example program tells the same person from another with real photographs, and says clearly when it cannot (X3, S11).
set -u
program=${TEBURA_BIN:-build/debug}/example_verify
# shellcheck source=tests/support/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/expect.sh"

expect 2 'usage: .*PICTURE PICTURE' "$program"
expect 2 'usage: ' "$program" one.jpg
expect 2 'absent\.jpg' "$program" "$box/absent.jpg" "$pictures/sample1.jpg"
expect 2 'one person at a time' "$program" "$pictures/sample5.jpg" "$pictures/sample5.jpg"
TEBURA_MODELS=$box/none.yaml expect 2 'none\.yaml' "$program" "$pictures/sample5.jpg" "$pictures/sample5.jpg"

if [[ -z $faces || ! -d $faces/photos ]]; then
    echo "skipped from here: ../shared/faces is not on this machine"
    exit $((failures ? 1 : 77))
fi
p=$faces/photos
expect 0 '^same person: similarity 0\.[0-9]+, threshold 0\.[0-9]+$' "$program" "$p/p1/1.jpg" "$p/p1/4.jpg"
expect 0 '^same person' "$program" "$p/p3/2.jpg" "$p/p3/3.jpg"
expect 1 '^different people' "$program" "$p/p1/1.jpg" "$p/p2/1.jpg"
echo "$failures failures"
exit $((failures ? 1 : 0))
