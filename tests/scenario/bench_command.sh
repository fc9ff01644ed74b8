#!/bin/bash
# Goal: tebura bench finds its benches, says what each measures, runs them and answers one JSON document (issue: the face engine, speed).
set -u
# shellcheck source=tests/support/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/expect.sh"
bin=${TEBURA_BIN:-$root/build/debug}
if [[ ! -x $bin/bench_wire ]]; then
    echo "skipped: the benches are not built in $bin"
    exit 77
fi

# json 'FILTER' [FILE]: true of the JSON document, by jq.
json()
{
    if ! jq -e "$1" "${2:-$box/out}" >/dev/null 2>"$box/jq"; then
        say "not true: $1"
        head -c 800 "${2:-$box/out}" "$box/jq"
    fi
}

# ---- what it tells ----
expect 0 'usage: tebura bench' "$bin/tebura" bench --help
expect 0 'wire +.*messages' "$bin/tebura" bench --list
for source in "$root"/bench/bench_*.c; do
    name=$(basename "$source" .c)
    name=${name#bench_}
    [[ ! -x $bin/bench_$name ]] || expect 0 "^$name +[a-z0-9]" "$bin/tebura" bench --list
done

# ---- wrong usage: nothing is run ----
expect 2 "no bench 'nonsense'; there are: .*wire" "$bin/tebura" bench nonsense
expect 2 "no bench 'nonsense'" "$bin/tebura" bench wire nonsense
expect 2 'no option --nonsense' "$bin/tebura" bench --nonsense
expect 2 'wire has no option --quick' "$bin/tebura" bench wire --quick
expect 2 'wants the name of a file' "$bin/tebura" bench wire --save

# ---- one run: a document on standard output, the same in the file, tables only without --json ----
expect 0 . "$bin/tebura" bench wire --json --save "$box/saved.json"
[[ ! -s $box/err ]] || { echo "FAILED: tables in spite of --json"; failures=$((failures + 1)); }
json '.machine | .cores >= 1 and .memory_mib > 0 and (.processor | length) > 0 and (.time | test("^20.*Z$"))'
json '.benches | keys == ["wire"]'
json '.benches.wire.microseconds | .entry_write > 0 and .mrz_read > 0'
json '.benches | keys == ["wire"]' "$box/saved.json"
cmp -s <(jq -S . "$box/out") <(jq -S . "$box/saved.json") || { echo "FAILED: --save wrote something else"; failures=$((failures + 1)); }

# ---- options of a bench: 1:N search on a small list, beside FAISS where it is installed ----
expect 0 'usage: tebura bench search' "$bin/tebura" bench search --help
expect 2 'no such option' "$bin/tebura" bench search --nonsense
expect 2 'numbers of rows' "$bin/tebura" bench search --sizes 12,x
expect 2 'multiples of 32' "$bin/tebura" bench search --dimensions 100
expect 0 . "$bin/tebura" bench search --quick --sizes 40,3000 --dimensions 64 --svg "$box/curves.svg" --json
search='.benches.search.searches'
json "$search | length == 4 * ([.[] | .cores] | max) and all(.[]; .tebura.ms > 0 and .floor.ms > 0)"
json "$search | all(.[] | .tebura.recall // empty; .first == 1 and .best5 == 1 and .probes >= 16)"
json "$search | [.[] | [.rows, .batch]] | unique == [[40, 1], [40, 64], [3000, 1], [3000, 64]]"
json ".benches.search.faiss == null or ($search | all(.[]; .faiss_flat.ms > 0 and .faiss_sq8.ms > 0))"
json ".benches.search.faiss == null or ($search | all(.[] | .faiss_flat.recall // empty; .first == 1))"
grep -q '<polyline.*points="[0-9]' "$box/curves.svg" || { echo "FAILED: no curve is drawn"; failures=$((failures + 1)); }
expect 2 'cannot be written' "$bin/tebura" bench search --quick --sizes 20 --dimensions 32 --svg "$box/none/curves.svg"

# ---- the feed of a small site: real server, broker, terminals; every list in the end what a full recomputation says ----
expect 0 'usage: tebura bench feed' "$bin/tebura" bench feed --help
expect 2 'no such option' "$bin/tebura" bench feed --nonsense
expect 2 'out of its range' "$bin/tebura" bench feed --visits 12
expect 0 . "$bin/tebura" bench feed --quick --svg "$box/feed.svg" --figures "$box/feed.json" --json
feed='.benches.feed'
json "$feed.passages | all(.[]; .ms.count == 100 and .ms.p50 > 0 and .ms.p99 >= .ms.p50 and .processor_ms.server > 0)"
json "$feed.removal.ms | .count == 100 and .p50 > 0"
json "$feed.catch_up | .fresh_ms.p50 > 0 and .bytes_on_wire > 500"
json "$feed.herd | all(.cut, .broker_killed; .ms.count == 24 and .missing == 0 and .bytes > 1000 and .broker_s > 0)"
json "$feed | .few.passages[0].connected == 12 and .idle.connected == 24 and (.beside_floor | all(.[]; .p50 > 0))"
json '.herd.cut.ms.count == 24' "$box/feed.json"
json "$feed.durable | .refusals.per_second > 0 and .passages.per_second > 0"
json "$feed.cost | length == 4 and all(.[]; .apply_us.p50 > 0)"
json "$feed | .commits.both_files_per_second > 0 and (.floor | all(.[]; .ms.p50 > 0)) and .memory.broker_mib > 1"
grep -q '<polyline.*points="[0-9]' "$box/feed.svg" || { echo "FAILED: no curve is drawn"; failures=$((failures + 1)); }

# ---- a bench that fails, or prints no JSON: a sentence, exit 2, the others' figures ----
mkdir "$box/bin"
cp "$bin/tebura" "$box/bin/tebura"
expect 2 'no bench is beside this program' "$box/bin/tebura" bench --list
printf '#!/bin/sh\necho "{\\"figure\\":1}"\n' >"$box/bin/bench_good"
printf '#!/bin/sh\necho why it could not >&2\nexit 3\n' >"$box/bin/bench_bad"
printf '#!/bin/sh\necho no json\n' >"$box/bin/bench_odd"
printf '#!/bin/sh\nkill -9 $$\n' >"$box/bin/bench_killed"
chmod +x "$box"/bin/bench_*
expect 2 'bad ended with 3' "$box/bin/tebura" bench --json
json '.benches == {"bad":null,"good":{"figure":1},"killed":null,"odd":null}'
grep -q 'why it could not' "$box/err" || { echo "FAILED: what the bench said is lost"; failures=$((failures + 1)); }
grep -q 'odd printed something else' "$box/err" || { echo "FAILED: no sentence for what is no JSON"; failures=$((failures + 1)); }
grep -q 'killed ended by signal 9' "$box/err" || { echo "FAILED: no sentence for a signal"; failures=$((failures + 1)); }
expect 0 '^== good' "$box/bin/tebura" bench good
expect 2 'cannot|No such|not' "$box/bin/tebura" bench good --json --save "$box/none/file.json"

# ---- installed: below lib/ ----
mkdir -p "$box/usr/bin" "$box/usr/lib/tebura/bench"
cp "$bin/tebura" "$box/usr/bin/"
cp "$box/bin/bench_good" "$box/usr/lib/tebura/bench/"
expect 0 '^good ' "$box/usr/bin/tebura" bench --list
expect 0 figure "$box/usr/bin/tebura" bench good --json

if ((failures)); then
    echo "$failures failures"
    exit 1
fi
echo "all as wanted"
