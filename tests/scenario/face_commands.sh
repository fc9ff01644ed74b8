#!/bin/bash
# Goal: enrol, verify and identify on the command line with real photographs; every bad input is a clear sentence (X3, X10, S11; issue: face pipeline).
set -u
bin=${TEBURA_BIN:-build/debug}/tebura
# shellcheck source=tests/support/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/expect.sh"
export XDG_DATA_HOME=$box/data HOME=$box/home
mkdir -p "$HOME"

# ---- help and what is typed wrongly ----
expect 0 'verify .*same person' "$bin" --help
expect 0 'Exit status: 0 the same person' "$bin" verify --help
expect 0 'usage: tebura enrol' "$bin" help enrol
expect 2 "no command 'nonsense'" "$bin" nonsense
expect 2 "something is missing: verify wants two pictures" "$bin" verify only-one.jpg
expect 2 'no option --wrong' "$bin" identify --wrong x.jpg
expect 2 "standard output could not be written" bash -c "\"$bin\" --help >/dev/full"
expect 2 "one word too many: verify wants two pictures" "$bin" verify a b c
expect 2 'fpir wants a rate' "$bin" identify --fpir 3 x.jpg

# ---- bad pictures ----
: >"$box/empty.jpg"
echo "no picture at all" >"$box/text.jpg"
head -c 20000 "$pictures/sample1.jpg" >"$box/cut.jpg"
printf 'P6 90000 90000 255\nxyz' >"$box/huge.ppm"
{ printf 'P6 320 240 255\n'; head -c 230400 /dev/zero; } >"$box/black.ppm"
expect 2 'absent.jpg.*NOT_FOUND' "$bin" faces "$box/absent.jpg"
expect 2 'it has no bytes.*TRUNCATED' "$bin" faces "$box/empty.jpg"
expect 2 'not a JPEG, PNG or PNM.*UNSUPPORTED' "$bin" faces "$box/text.jpg"
expect 2 'cut short.*TRUNCATED' "$bin" faces "$box/cut.jpg"
expect 2 'megapixels.*TOO_LARGE' "$bin" faces "$box/huge.ppm"
expect 1 'no face' "$bin" faces "$box/black.ppm"
expect 2 'look into the camera.*RETRY_NO_FACE' "$bin" enrol Nobody "$box/black.ppm"
expect 2 'one person at a time.*RETRY_SEVERAL_FACES' "$bin" enrol Group "$pictures/sample1.jpg"
expect 2 'RETRY_SEVERAL_FACES' "$bin" enrol --json Group "$pictures/sample1.jpg"
json 'v.error.status === "RETRY_SEVERAL_FACES" && v.error.message.includes("one person at a time")'

# ---- the networks ----
expect 2 'TEBURA_MODELS.*MODEL_MISSING' env TEBURA_MODELS="$box/none.yaml" "$bin" faces "$pictures/sample1.jpg"
mkdir "$box/models"
cp "$root/models/manifest.yaml" "$box/models/"
echo "not a network" >"$box/models/fr_detect.onnx"
expect 2 'other SHA-256.*MODEL_MISSING' env TEBURA_MODELS="$box/models/manifest.yaml" "$bin" faces "$pictures/sample1.jpg"

# ---- faces ----
expect 0 'score' "$bin" faces --json "$pictures/sample5.jpg"
json 'v.faces.length === 5 && v.faces.every(f => f.score > 0.65 && f.live >= 0 && f.live <= 1 && f.quality <= 100)'
json 'v.faces.every(f => f.components.length === 20 && f.components.every(c => c.value === null || (c.score >= 0 && c.score <= 100)))'
expect 0 'eyes_open .*enrolment: the eyes are closed' "$bin" faces --components "$pictures/sample2.jpg"
"$bin" scene "$pictures/sample2.jpg" 1380,100,330,360 "$box/down.jpg" # she looks down, with closed eyes
expect 2 '(turned away|eyes are closed).*RETRY_' "$bin" enrol --strict Down "$box/down.jpg"
expect 0 'warning: .*(turned away|eyes are closed)' "$bin" enrol Down "$box/down.jpg"
rm -rf "$XDG_DATA_HOME/tebura"
expect 2 'no option --strict' "$bin" faces --strict x.jpg
expect 2 'no option --components' "$bin" verify --components a b

if [[ -z $faces || ! -d $faces/photos ]]; then
    echo "skipped from here: ../shared/faces is not on this machine"
    exit $((failures ? 1 : 77))
fi
p=$faces/photos

# ---- 1:1 ----
expect 0 'same person: similarity' "$bin" verify "$p/p1/1.jpg" "$p/p1/4.jpg"
grep -q 'provisional' "$box/err" || { echo "FAILED: no word on the provisional calibration"; failures=$((failures + 1)); }
expect 1 'different people' "$bin" verify "$p/p1/1.jpg" "$p/p2/1.jpg"
expect 0 'score' "$bin" verify --json "$p/p3/2.jpg" "$p/p3/3.jpg"
json 'v.same === true && v.score > v.threshold && v.provisional === true'

# ---- 1:N ----
expect 1 'the gallery is empty' "$bin" identify "$p/p1/1.jpg"
expect 2 "elsewhere is not there: tebura enrol makes it" "$bin" identify --gallery "$box/elsewhere" "$p/p1/1.jpg"
[[ -e $XDG_DATA_HOME/tebura ]] && { echo "FAILED: identify made files"; failures=$((failures + 1)); }
expect 0 'enrolled Anna .* 2 templates' "$bin" enrol "Anna 手" "$p/p1/1.jpg" "$p/p1/2.jpg"
expect 0 '2 people' "$bin" enrol "Ben" "$p/p2/1.jpg"
expect 2 'does not show the person.*FACE_MISMATCH' "$bin" enrol "Cleo" "$p/p3/1.jpg" "$p/p2/2.jpg"
expect 0 '^Anna 手: similarity' "$bin" identify "$p/p1/5.jpg"
expect 0 'this_person' "$bin" identify --json "$p/p2/3.jpg"
json 'v.people === 2 && v.faces.length === 1 && v.faces[0].name === "Ben" && v.faces[0].score > v.threshold'
expect 1 'nobody: the best similarity' "$bin" identify "$p/p4/1.jpg"
expect 1 'nobody' "$bin" identify --all-faces --json "$pictures/sample6.jpg"
json 'v.faces.length === 4 && v.faces.every(f => f.verdict === "nobody" && f.name === null)'
expect 0 'looks like Anna' "$bin" enrol "Anna again" "$p/p1/1.jpg"
expect 1 'not sure' "$bin" identify "$p/p1/1.jpg"

# ---- the file: for the owner alone, sealed, no name in the open ----
gallery=$XDG_DATA_HOME/tebura/gallery.tebura
[[ $(stat -c %a "$gallery") == 600 ]] || { echo "FAILED: the gallery may be read by others"; failures=$((failures + 1)); }
grep -q 'Ben' "$gallery" && { echo "FAILED: a name stands in the open"; failures=$((failures + 1)); }
cp "$gallery" "$box/changed"
printf '\x01' | dd of="$box/changed" bs=1 seek=100 conv=notrunc status=none
expect 2 'does not open.*CRYPTO' "$bin" identify --gallery "$box/changed" "$p/p1/1.jpg"
expect 2 'key file .* is not there.*NOT_FOUND' "$bin" identify --key "$box/lost.key" "$p/p1/1.jpg"
[[ -e $box/lost.key ]] && { echo "FAILED: a key was made for a gallery that has one"; failures=$((failures + 1)); }
find "$box/home" -mindepth 1 | grep -q . && { echo "FAILED: something was written to the home folder"; failures=$((failures + 1)); }

echo "$failures failures"
exit $((failures ? 1 : 0))
