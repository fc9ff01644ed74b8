# The airport journey by face with every refusal: A1 A2 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A21; what `make demo` shows is as expected, and nothing is left behind.
set -euo pipefail
bin=${TEBURA_BIN:?where the programs are}
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
export TMPDIR=$box/tmp
mkdir "$TMPDIR"
[[ -f .deps/pictures/sample1.jpg ]] || { echo "the demo pictures are missing: run tools/setup"; exit 77; }

status=0
"$bin/tebura" demo --once --json "$@" >"$box/summary.json" 2>"$box/screen.txt" || status=$?
show() { tail -60 "$box/screen.txt"; }
((status == 0)) || { echo "tebura demo ended with $status"; show; exit 1; }

node - "$box/summary.json" <<'SCRIPT' || { show; exit 1; }
const summary = JSON.parse(require('fs').readFileSync(process.argv[2], 'utf8'));
const faults = [];
const need = (what, good) => good || faults.push(what);
need('passed', summary.passed === true);
need('at least 18 travellers', summary.travellers >= 18);
need('at least eight terminals', summary.terminals >= 8);
need('every step as expected', summary.steps === summary.as_expected && summary.unexpected.length === 0);
need('the steps of everybody', summary.steps >= 65);
for (const place of ['check-in', 'bags', 'security', 'emigration', 'shop', 'pick-up', 'gate 12', 'gate 15'])
  need(`people passed at ${place}, and it was timed`, summary.times[place].count > 0 && summary.times[place].median_us > 0);
need('seven findings, all good', summary.findings.length === 7 && summary.findings.every((finding) => finding.good));
const left = summary.findings.map((finding) => /^(\d+) entries before, (\d+) after/.exec(finding.seen)).find(Boolean);
need('somebody missed the flight and left the lists with it', left && Number(left[1]) > Number(left[2]));
need('said to be a simulation', /simul|re-photograph/.test(summary.simulation));
if (faults.length) { console.log('missing:', faults.join('; '), '\n', JSON.stringify(summary, null, 1)); process.exit(1); }
console.log(`${summary.travellers} travellers, ${summary.steps} steps, journey ${summary.journey_seconds.toFixed(1)} s`);
SCRIPT
grep -q SIMULATION "$box/screen.txt" || { echo "the screen does not say that it is a simulation"; exit 1; }
[[ -z $(ls -A "$TMPDIR") ]] || { echo "left behind: $(ls -A "$TMPDIR")"; exit 1; }
if pgrep -f "$TMPDIR" >/dev/null; then
    echo "programs are still running:"
    pgrep -af "$TMPDIR"
    exit 1
fi
