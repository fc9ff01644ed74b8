#!/bin/bash
# Goal: tebura eval and tebura calibrate over folders with broken and hostile files; the report opens without a network (X3, X8).
set -u
bin=${TEBURA_BIN:-build/debug}/tebura
# shellcheck source=tests/support/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/expect.sh"

# ---- what is typed wrongly, and folders that are none ----
expect 2 'a folder is wanted' "$bin" eval
expect 2 'no option --wrong' "$bin" eval --wrong "$box"
expect 2 'no option --out' "$bin" eval --out x "$box"
expect 2 'lists wants' "$bin" eval --lists 5,x "$box"
expect 2 'No such file.*NOT_FOUND' "$bin" eval "$box/absent"
mkdir "$box/empty"
expect 2 'a folder for each person' "$bin" eval "$box/empty"
expect 2 'NOT_FOUND' "$bin" eval --json "$box/empty"
json 'v.error.status === "NOT_FOUND"'

# ---- the people of the demo pictures, re-photographed twice by the virtual camera (a simulation) ----
faces=$box/faces
mkdir "$faces"
number=0
for picture in 2 4 5 6; do
    "$bin" faces --json "$pictures/sample$picture.jpg" >"$box/seen" || say "no faces in sample$picture"
    while read -r x y size; do
        number=$((number + 1))
        mkdir -p "$faces/person$number"
        for widen in 40 55 70; do # per cent on each side
            "$bin" scene "$pictures/sample$picture.jpg" "$((x - size * widen / 100)),$((y - size * widen / 100)),$((size * (100 + 2 * widen) / 100)),$((size * (100 + 2 * widen) / 100))" \
                "$faces/person$number/$widen.jpg" || say "scene"
        done
    done < <(node -e 'for (const f of JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).faces) console.log(...[f.box[0], f.box[1], Math.max(f.box[2], f.box[3])].map(Math.round))' "$box/seen")
done
((number >= 8)) || say "only $number people"

mkdir -p "$box/few/a" "$box/few/b"
cp "$faces/person1/40.jpg" "$box/few/a/"
cp "$faces/person2/40.jpg" "$box/few/b/"

# ---- hostile and broken things among them ----
evil='<img src=x onerror=alert(1)>"&'"'"$'\e[31m\xff'
mkdir "$faces/$evil"
cp "$faces/person1/40.jpg" "$faces/$evil/<script>alert(2)<\$.jpg" 2>/dev/null
cp "$faces/person1/40.jpg" "$faces/$evil/a&b.jpg"
echo "no picture" >"$faces/person1/broken.jpg"
head -c 3000 "$faces/person2/40.jpg" >"$faces/person2/cut.jpg"
echo "notes" >"$faces/person1/notes.txt"
echo "hidden" >"$faces/person1/.hidden.jpg"
ln -s ../person1/40.jpg "$faces/person2/link.jpg"
ln -s .. "$faces/person2/loop"
mkfifo "$faces/person3/pipe.jpg"
{ printf 'P6 90000 90000 255\n'; head -c 100 /dev/zero; } >"$faces/person3/huge.ppm"
{ printf 'P6 320 240 255\n'; head -c 230400 /dev/zero; } >"$faces/person4/black.ppm"
printf 'identity,site,"a ""word"""\nperson1,east,x\nperson2,east,y\nperson3,west,\nfaces/person4,west,y\nnobody,west,x\n' >"$box/table.csv"

expect 0 'sets' "$bin" eval --json --lists 3,5,50 --draws 20 --replicates 100 --held-out --splits 4 --table "$box/table.csv" --html "$box/report.html" "$faces"
json 'v.sets.length === 1 && v.sets[0].unreadable === 3 && v.sets[0].without_a_face === 1'
json 'v.lost_pictures.length === 4 && v.lost_pictures.some(p => p.picture === "person2/cut.jpg" && p.status === "TRUNCATED")'
json 'v.sets[0].failure_to_detect.value > 0 && v.sets[0].failure_to_detect.low <= v.sets[0].failure_to_detect.value'
json 'v.left_aside >= 4 && v.table_rows_of_nobody >= 1'
json 'v.sets[0].verification.genuine >= 20 && v.sets[0].verification.impostor >= 200'
json 'v.sets[0].verification.fnmr_at_fmr[2].fnmr.value === null && v.sets[0].verification.fnmr_at_fmr[2].enough_comparisons === false'
json 'v.sets[0].identification[0].possible && v.sets[0].identification[0].rank_one.value > 0.9 && !v.sets[0].identification[2].possible'
json 'v.sets[0].identification[0].held_out.every(h => h.kept)'
json 'v.groups.length === 2 && v.groups[1].attribute === "a \"word\"" && v.groups[0].groups.map(g => g.group).join() === "east,west"'
json 'v.times_us.picture_to_template_median > 0 && !JSON.stringify(v).includes("\u001b")'
json 'v.sets[0].highest_impostor_pairs[0].score > 0.99' # one person in two folders is found by name

expect 2 'first line has to be identity' "$bin" eval --table <(echo 'who,what') "$box/few"
expect 2 'quotation mark is not closed' "$bin" eval --table <(printf 'identity,g\na,"x\n') --lists 3 --draws 2 --replicates 10 "$box/few"

# ---- the page: no script, nothing fetched, no element out of a file's name ----
grep -q '<script\|<img\|http-equiv="refresh\|url(\|src=\|href=' <(sed 's/&lt;[^&]*&gt;//g; s/src=x onerror//g' "$box/report.html") && say "the page holds an element that it should not"
grep -q '&lt;img src=x onerror=alert(1)&gt;&quot;&amp;&#39;' "$box/report.html" || say "the hostile name is not shown as text"
grep -q $'\e' "$box/report.html" && say "an escape character in the page"
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [[ -n $chromium ]]; then
    timeout 60 "$chromium" --headless --no-sandbox --disable-gpu --user-data-dir="$box/profile" --log-net-log="$box/net.json" \
        --disable-background-networking --disable-component-update --enable-logging=stderr --dump-dom "file://$box/report.html" >"$box/dom.html" 2>"$box/browser.txt"
    grep -q 'Times</h2>' "$box/dom.html" || say "the page did not open whole"
    [[ $(grep -c '<svg' "$box/dom.html") -ge 1 ]] || say "no curves"
    grep -q 'CONSOLE' "$box/browser.txt" && { say "the page complained"; grep CONSOLE "$box/browser.txt" | head -3; }
    node -e 'const t = require("fs").readFileSync(process.argv[1], "utf8"); const hosts = [...t.matchAll(/"url":"(https?:[^"]+)"/g)].map(m => m[1]).filter(u => !/google|gvt1|chrome/.test(u)); if (hosts.length) { console.log(hosts); process.exit(1); }' "$box/net.json" || say "the page asked the network"
fi

# ---- calibration ----
rm -r "${faces:?}/$evil" # one person in two folders is no stranger
expect 0 'provisional' "$bin" calibrate --check --lists 3,5 --splits 4 --replicates 100 --source 'the demo "people"' --out "$box/section.yaml" "$faces"
grep -q 'NOT KEPT' "$box/out" && say "a stated rate was not kept"
{ sed '/^# Written by tebura calibrate/,$d' "$root/models/manifest.yaml"; cat "$box/section.yaml"; } >"$box/manifest.yaml"
expect 0 'score' env TEBURA_MODELS="$box/manifest.yaml" TEBURA_DEPS="${TEBURA_DEPS:-$root/.deps}" "$bin" faces "$pictures/sample5.jpg"
expect 2 'at least 6 people' "$bin" calibrate "$box/few"
expect 0 'nothing to compare' "$bin" eval "$box/few"

echo "$failures failures"
exit $((failures ? 1 : 0))
