# A1 A5 A6 A8 A10 A11 A13 A14 with genuinely different photographs of the same people: one in the passport, others before the cameras.
set -euo pipefail
bin=${TEBURA_BIN:?where the programs are}
faces=${TEBURA_FACES:-../shared/faces}
[[ -d $faces/photos ]] || { echo "no photographs at $faces: skipped"; exit 77; }
faces=$(realpath "$faces")
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
export TMPDIR=$box/tmp
mkdir "$TMPDIR"

status=0
"$bin/tebura" demo --once --json --faces "$faces" >"$box/summary.json" 2>"$box/screen.txt" || status=$?
show() { tail -60 "$box/screen.txt"; }
((status == 0)) || { echo "tebura demo ended with $status"; show; exit 1; }
node - "$box/summary.json" <<'SCRIPT' || { show; exit 1; }
const summary = JSON.parse(require('fs').readFileSync(process.argv[2], 'utf8'));
const faults = [];
const need = (what, good) => good || faults.push(what);
need('passed', summary.passed === true && summary.unexpected.length === 0);
need('at least four people', summary.travellers >= 4);
need('every one of them in several photographs', summary.different_photographs === summary.travellers);
for (const place of ['check-in', 'security', 'emigration', 'gate 12'])
  need(`people passed at ${place}`, summary.times[place].count > 0);
if (faults.length) { console.log('missing:', faults.join('; '), '\n', JSON.stringify(summary, null, 1)); process.exit(1); }
console.log(`${summary.travellers} people with different photographs, ${summary.steps} steps`);
SCRIPT
[[ -z $(ls -A "$TMPDIR") ]] || { echo "left behind: $(ls -A "$TMPDIR")"; exit 1; }
