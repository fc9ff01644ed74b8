# tebura selftest pad (X4): simulated presentations are judged and reported, limits decide the exit status, recordings are read.
set -euo pipefail
bin=${TEBURA_BIN:-build/debug}
box=$(mktemp -d "${TMPDIR:-/tmp}/tebura-pad-XXXXXX")
trap 'rm -rf "$box"' EXIT
pictures=.deps/pictures
[[ -r $pictures/sample1.jpg ]] || { echo "SKIPPED: $pictures is missing (tools/setup)"; exit 77; }

fails() # status words...: runs the words, wants that exit status; what they said is in $box/said
{
    local wanted=$1 got=0
    shift
    "$@" >"$box/out" 2>"$box/said" || got=$?
    [[ $got == "$wanted" ]] || { echo "exit status $got instead of $wanted: $*"; cat "$box/said"; exit 1; }
}
holds() # an expression in JavaScript over the report r
{
    node -e 'const r = JSON.parse(require("fs").readFileSync(process.argv[1])); if (!(eval(process.argv[2]))) { console.log(r); process.exit(1); }' \
        "$box/out" "$1" || { echo "does not hold: $1"; exit 1; }
}

echo "- simulated: what is fed in is never taken for a person"
fails 0 "$bin/tebura" selftest pad --subjects 1 --size 200 --pictures 16 --without-active --json \
    --kinds injected_still,injected_loop --max-apcer 0
holds 'r.simulation && r.note.includes("SIMULATED") && r.apcer_worst === 0 && r.bpcer === null && r.subjects === 1'
holds 'r.kinds.map((k) => k.kind).join() === "injected_still,injected_loop"'
# one presentation proves little, and the report says so
holds 'r.kinds.every((k) => k.attack && k.presentations === 1 && k.combined.wrong === 0 && k.combined.interval_95[1] > 0.7)'

echo "- a limit for what was not measured is not kept"
fails 1 "$bin/tebura" selftest pad --subjects 1 --size 200 --pictures 8 --without-active --kinds injected_still --max-bpcer 5
grep -q "nothing was measured" "$box/said"

echo "- recordings by folder, one of them broken"
mkdir -p "$box/clips/still" "$box/clips/bona_fide"
ffmpeg -v error -nostdin -y -loop 1 -r 25 -i "$pictures/sample6.jpg" -t 1 -vf crop=582:776:979:53,scale=240:320 \
    -pix_fmt yuvj420p -c:v mjpeg -q:v 3 "$box/clips/still/one.avi"
echo "this is no film" >"$box/clips/still/two.avi"
fails 0 "$bin/tebura" selftest pad --clips "$box/clips" --json
grep -q two.avi "$box/said"
holds '!r.simulation && r.unreadable === 1'
holds 'r.kinds.filter((k) => k.kind === "still").every((k) => k.presentations === 1 && k.combined.wrong === 0)'

echo "- wrong words are told"
fails 2 "$bin/tebura" selftest pad --subjects none
fails 2 "$bin/tebura" selftest pad --kinds nothing
fails 2 "$bin/tebura" selftest pad --faces "$box/absent"
fails 2 "$bin/tebura" selftest other
fails 0 "$bin/tebura" selftest pad --help
grep -q "ISO/IEC 30107-3" "$box/out"
echo ok
