# The demo asked for what it cannot do says so in a sentence; interrupted at the start or on the way it ends every program and removes its data.
set -euo pipefail
bin=${TEBURA_BIN:?where the programs are}
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
export TMPDIR=$box/tmp
mkdir "$TMPDIR"
[[ -f .deps/pictures/sample1.jpg ]] || { echo "the demo pictures are missing: run tools/setup"; exit 77; }

refused() { # expected words, then arguments
    local words=$1 status=0
    shift
    "$@" >"$box/out" 2>"$box/err" || status=$?
    [[ $status == 2 ]] || { echo "'$*' ended with $status"; cat "$box/err"; exit 1; }
    grep -q "$words" "$box/err" || { echo "'$*' did not say '$words':"; cat "$box/err"; exit 1; }
}
refused 'unknown argument' "$bin/tebura" demo --fast
refused 'sample1.jpg' "$bin/tebura" demo --once --pictures "$box"
refused 'no folders of people' "$bin/tebura" demo --once --faces "$box"
rm -rf "${TMPDIR:?}"/*

for seconds in 3 25; do
    "$bin/tebura" demo >"$box/screen" 2>&1 &
    demo=$!
    sleep "$seconds"
    kill -INT "$demo" 2>/dev/null || true
    status=0
    wait "$demo" || status=$?
    [[ $status == 2 || $status == 0 ]] || { echo "interrupted after $seconds s it ended with $status"; cat "$box/screen"; exit 1; }
    [[ -z $(ls -A "$TMPDIR") ]] || { echo "left behind after $seconds s: $(ls -A "$TMPDIR")"; cat "$box/screen"; exit 1; }
    if pgrep -af "$TMPDIR"; then
        echo "still running after $seconds s"
        exit 1
    fi
done
