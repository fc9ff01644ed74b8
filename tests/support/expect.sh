# expect.sh: sourced by scenarios of commands: a folder of their own in $box, what a command says, how many failures there were.
# Where the sources, the demo's pictures and photographs of people (or none) are: $root, $pictures, $faces.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
pictures=${TEBURA_DEPS:-$root/.deps}/pictures
faces=${TEBURA_FACES:-}
for place in "$root/../shared/faces" "$root/../../shared/faces"; do
    [[ -z $faces && -d $place ]] && faces=$place
done
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
failures=0

say()
{
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# expect CODE 'PATTERN' COMMAND...: exit code and a line (standard output or error) that matches.
expect()
{
    local code=$1 pattern=$2 got
    shift 2
    "$@" >"$box/out" 2>"$box/err"
    got=$?
    if [[ $got != "$code" ]] || ! grep -qE -- "$pattern" "$box/out" "$box/err"; then
        say "$*"
        echo "  wanted exit $code and /$pattern/; got exit $got:"
        head -c 2000 "$box/out" "$box/err" | sed 's/^/  /'
    fi
}

# json 'EXPRESSION': a fact about the JSON of the last command (v).
json()
{
    if ! node -e 'const v = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")); process.exit(eval(process.argv[2]) ? 0 : 1)' "$box/out" "$1"; then
        say "not true: $1"
        head -c 500 "$box/out"
    fi
}
