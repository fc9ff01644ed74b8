#!/bin/bash
# tebura profile: every profile of the project is sound, everything wrong with a broken one is told (A20, A6).
set -uo pipefail
bin=${TEBURA_BIN:?}/tebura
# shellcheck source=tests/support/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/expect.sh"
cd "$root" || exit 1

# ---- all that are there ----
for file in profiles/*.yaml; do
    expect 0 "^$file: sound: $(basename "$file" .yaml), " "$bin" profile check "$file"
    expect 0 'deleted .*at the latest at' "$bin" profile check "$file"
done
expect 0 'airport' "$bin" profile check --json profiles/*.yaml
json 'v.profiles.length >= 1 && v.profiles.every(p => p.sound && p.findings.length === 0 && p.profile.roles.length > 2)'
json 'v.profiles.every(p => p.profile.roles.every(r => r.sees.every(f => p.profile.facts.find(x => x.name === f).for.some(w => r.for.includes(w)))))'
json 'v.profiles.every(p => p.profile.visitors.until && p.profile.journeys.length > 0)'
expect 0 'checkin > bag_drop > security > emigration' "$bin" profile show profiles/airport.yaml
expect 0 'item_list +text +shown for: deliver' "$bin" profile show profiles/airport.yaml

# ---- a broken one: each mistake on its line, with what to do ----
sed -e 's/^    sees: \[name, seat\]/    sees: [name, seat, items]/' -e 's/^    lead: 30m/    lead: 30m\n    colour: red/' \
    -e 's/until: departure - 30m/until: departure - 30h/' -e 's/else: other_gate/else: other_gait/' profiles/airport.yaml >"$box/broken.yaml"
line_of() { grep -n -m1 -- "$1" "$box/broken.yaml" | cut -d: -f1; }
expect 1 "^$box/broken.yaml:$(line_of 'colour: red'): unknown field 'colour'" "$bin" profile check "$box/broken.yaml"
expect 1 "^$box/broken.yaml:$(line_of 'name, seat, items'): the role 'boarding' must not see 'items'" "$bin" profile check "$box/broken.yaml"
expect 1 "^$box/broken.yaml:$(line_of 'departure - 30h'): the window ends before it begins" "$bin" profile check "$box/broken.yaml"
expect 1 "is 'other_gate' meant\?" "$bin" profile check "$box/broken.yaml"
expect 1 '4 things to mend' "$bin" profile check "$box/broken.yaml"
expect 1 'sound' "$bin" profile check --json profiles/airport.yaml "$box/broken.yaml"
json 'v.profiles[0].sound && !v.profiles[1].sound && v.profiles[1].findings.length === 4 && v.profiles[1].profile === null'
json 'v.profiles[1].findings.every((f, i, all) => f.line > 0 && f.cause && f.remedy && (i === 0 || all[i - 1].line <= f.line))'
expect 2 'NOT_FOUND' "$bin" profile check --json "$box/absent.yaml" profiles/airport.yaml
json 'v.profiles[0].error.status === "NOT_FOUND" && v.profiles[0].findings.length === 0 && v.profiles[1].sound'

# The services refuse the same file, with the first of them.
expect 78 "broken.yaml, line $(line_of 'departure - 30h'): the window ends before it begins" \
    "${TEBURA_BIN}/teburad" management --data "$box/data" --site test --profile "$box/broken.yaml"
[[ ! -e $box/data/central.db ]] || { echo "FAILED: a database was made for a broken profile"; failures=$((failures + 1)); }

# ---- what is no profile ----
: >"$box/empty.yaml"
head -c 4000 /dev/urandom >"$box/noise.yaml"
printf 'a: &a [x]\nb: [*a, *a]\n' >"$box/alias.yaml"
head -c 300000 /dev/zero | tr '\0' '#' >"$box/huge.yaml"
head -c 250000 /dev/zero | tr '\0' '[' >"$box/deep.yaml"
expect 1 'deep.yaml:1: this is nested too deeply' "$bin" profile check "$box/deep.yaml"
expect 1 'empty.yaml:1: the file is empty' "$bin" profile check "$box/empty.yaml"
expect 1 'noise.yaml:' "$bin" profile check "$box/noise.yaml"
expect 1 'alias.yaml:2: a profile uses no alias' "$bin" profile check "$box/alias.yaml"
expect 2 'huge.yaml.*TOO_LARGE' "$bin" profile check "$box/huge.yaml"
expect 2 'absent.yaml.*NOT_FOUND' "$bin" profile check "$box/absent.yaml" profiles/airport.yaml
expect 2 'say check or show' "$bin" profile
expect 2 'no option --wrong' "$bin" profile check --wrong
expect 2 'name a profile' "$bin" profile check
expect 2 'one file too many' "$bin" profile show profiles/airport.yaml profiles/airport.yaml
exit $((failures > 0))
