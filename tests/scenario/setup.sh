#!/bin/bash
# Goal: set-up installs all or nothing, says what is wrong in a sentence, and does nothing over again (issue: "two commands").
# Works on copies in a temporary folder, with a stand-in for npm that packs the real files: no network, the real .deps untouched.
set -uo pipefail
source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
real_deps=$source_root/.deps
if [[ ! -f $real_deps/models/fr_feature.onnx || $(uname -m) != x86_64 ]]; then
    echo "skipped: needs a filled .deps on x86_64 as the source of real files"
    exit 77
fi
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
chmod 0755 "$box" # a case below runs as somebody else
output=$box/output
failed=0

check() # what, condition ...
{
    local what=$1
    shift
    if "$@"; then
        echo "ok: $what"
    else
        echo "NOT OK: $what"
        sed 's/^/    | /' "$output"
        failed=1
    fi
}
said() { grep -qE -- "$1" "$output"; }
said_not() { ! said "$1"; }
is_absent() { [[ ! -e $1 ]]; }
nothing_left() { [[ ! -e $1/.deps && -z $(find "$1" -maxdepth 1 -name '.deps.*') ]]; }
same() { diff -r "$1" "$2" >>"$output" 2>&1; }
is() { [[ $1 == "$2" ]]; }

# A copy of what set-up reads. Debian packages have cases of their own.
new_clone()
{
    clone=$box/$1
    mkdir -p "$clone/tools"
    cp -r "$source_root/tools/setup" "$source_root/tools/npm" "$source_root/tools/files.sha256" "$clone/tools/"
    echo "demo bash # certainly there" >"$clone/tools/packages.txt"
    cp "$box/lock.json" "$clone/tools/npm/package-lock.json"
}
run() # environment and arguments; leaves code and output
{
    env XDG_CACHE_HOME="$box/cache" PATH="$box/bin:$PATH" "$@" >"$output" 2>&1
    code=$?
}

# ---- the stand-in for npm: packs folders that look like the published packages; counts its calls ----
mkdir -p "$box/bin" "$box/packages"
touch "$box/calls"
while read -r digest place package member _; do
    [[ -n $digest && $digest != \#* && -f $real_deps/$place && $package != onnxruntime-node ]] || continue
    mkdir -p "$(dirname "$box/packages/$package/package/$member")"
    ln -f "$real_deps/$place" "$box/packages/$package/package/$member" 2>/dev/null ||
        cp "$real_deps/$place" "$box/packages/$package/package/$member"
done <"$source_root/tools/files.sha256"
cp "$source_root/tools/npm/package-lock.json" "$box/lock.json"
pack() # package folder, archive
{
    mkdir -p "$(dirname "$2")"
    tar -C "$1" --sort=name --mtime=@0 --owner=0 --group=0 -c package | gzip -1 -n >"$2"
}
lock_archive() # package, archive: the lock takes this archive for the published one
{
    local digest
    digest=$(sha512sum "$2" | cut -d' ' -f1 | sed 's/../\\x&/g')
    # shellcheck disable=SC2059 # the format is the digest's bytes
    digest=$(printf "$digest" | base64 -w0)
    awk -v key="\"node_modules/$1\": {" -v value="sha512-$digest" '
        index($0, key) { inside = 1 }
        inside && $1 == "\"integrity\":" { sub(/sha512-[^"]*/, value); inside = 0 }
        { print }' "$box/lock.json" >"$box/lock.new" && mv "$box/lock.new" "$box/lock.json"
}
for package in com.github.asus4.onnxruntime faceplugin-face-recognition-js @vladmandic/face-api; do
    pack "$box/packages/$package" "$box/archives/$package.tgz"
    lock_archive "$package" "$box/archives/$package.tgz"
done
cat >"$box/bin/npm" <<EOF
#!/bin/bash
echo "\$*" >>"$box/calls"
if [[ -f $box/npm_fails ]]; then
    echo "npm error network: this machine is not connected" >&2
    exit 1
fi
if [[ \$1 == pack ]]; then
    while [[ \$# -gt 0 ]]; do
        case \$1 in
        --pack-destination) destination=\$2 ;;
        *@*.*) package=\${1%@*} ;;
        esac
        shift
    done
    cp "$box/archives/\$package.tgz" "\$destination/package.tgz"
else
    mkdir -p "\$2/node_modules/thing"
fi
EOF
chmod +x "$box/bin/npm"

# ---- usage ----
new_clone usage
run "$clone/tools/setup" --help
check "--help explains and succeeds" is "$code" 0
check "--help names its options" said "--for test"
run "$clone/tools/setup" --for nonsense
check "an unknown purpose is wrong usage" is "$code" 2
check "and nothing is made" nothing_left "$clone"

# ---- the first run, on nothing ----
new_clone first
run "$clone/tools/setup" --check
check "--check on nothing exits 1" is "$code" 1
check "--check names what is missing" said "models/fr_feature.onnx is missing"
check "--check makes nothing" nothing_left "$clone"
run "$clone/tools/setup"
check "the first run succeeds" is "$code" 0
check "with the same files as the real one" same "$real_deps" "$clone/.deps"
check "and shows numbered steps with the time passed" said '^\[2/3\] .*\([0-9.]+ s\)$'
check "and leaves no temporary folder" is "$(find "$clone" -maxdepth 1 -name '.deps.*' | wc -l)" 0
first=$clone

# ---- nothing over again, no network ----
touch "$box/npm_fails"
: >"$box/calls"
run "$first/tools/setup"
check "the second run succeeds without a network" is "$code" 0
check "and says that nothing had to be done" said "nothing had to be done"
new_clone second
run "$clone/tools/setup"
check "another clone is filled from the cache without a network" is "$code" 0
check "completely" same "$real_deps" "$clone/.deps"
check "npm was not called for either" is "$(wc -l <"$box/calls")" 0

# ---- the network is absent, or the cache is spoilt ----
new_clone offline
spoilt=$(awk '$2 == "pictures/sample3.jpg" { print $1 }' "$clone/tools/files.sha256")
printf 'x' >>"$box/cache/tebura/files/$spoilt"
run "$clone/tools/setup"
check "a spoilt file in the cache is not used" is "$code" 1
check "the sentence says that the package could not be fetched, and why" said "could not be fetched.*not connected"
check "nothing is left" nothing_left "$clone"
rm "$box/npm_fails"
run "$clone/tools/setup"
check "with a network it is fetched again" is "$code" 0
check "and the cache is good again" is "$(sha256sum <"$box/cache/tebura/files/$spoilt" | cut -d' ' -f1)" "$spoilt"

# ---- a file or a package that is not the one we know ----
new_clone wrong_file
wrong=$(printf '0%.0s' {1..64})
sed -i "s/^$spoilt/$wrong/" "$clone/tools/files.sha256"
run "$clone/tools/setup"
check "a file with another hash stops it" is "$code" 1
check "naming the file" said "sample3.jpg of @vladmandic/face-api is not the one we know"
check "what was expected" said "expected SHA-256 $wrong"
check "and what was found" said "found +SHA-256 $spoilt"
check "nothing is left" nothing_left "$clone"

cp "$clone/tools/files.sha256" "$first/tools/files.sha256"
run "$first/tools/setup"
check "with a good .deps before" is "$code" 1
check "that one is as it was" same "$real_deps" "$first/.deps"
cp "$source_root/tools/files.sha256" "$first/tools/files.sha256"

new_clone wrong_package
rm -rf "$box/cache/tebura"
echo changed >"$box/packages/@vladmandic/face-api/package/added"
pack "$box/packages/@vladmandic/face-api" "$box/archives/@vladmandic/face-api.tgz"
run "$clone/tools/setup"
check "a package that the lock does not know stops it" is "$code" 1
check "naming it with both digests" said "face-api 1.7.15 is not the one we know"
check "nothing is left" nothing_left "$clone"
rm "$box/packages/@vladmandic/face-api/package/added"
pack "$box/packages/@vladmandic/face-api" "$box/archives/@vladmandic/face-api.tgz"

# ---- files of others in .deps stay; a broken file is replaced ----
echo "a licensed network" >"$first/.deps/models/other.onnx"
printf 'x' >>"$first/.deps/models/fr_eye.onnx"
run "$first/tools/setup"
check "a broken file is mended" is "$code" 0
check "and what others put into .deps stays" test -f "$first/.deps/models/other.onnx"
rm "$first/.deps/models/other.onnx"
check "and the rest is whole" same "$real_deps" "$first/.deps"

# ---- Debian packages: root, sudo, neither ----
mkdir -p "$box/tools" "$box/fake"
for tool in bash env id awk sed grep cut date dirname uname mkdir mktemp rm mv cp install chmod ln find head tail tr od base64 sort \
    sha256sum sha512sum tar gzip flock sleep readlink cat pkg-config dpkg-query tee touch; do
    ln -s "$(command -v "$tool")" "$box/tools/$tool"
done
as_nobody=()
if (($(id -u) == 0)); then
    as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
new_clone nobody
echo "demo tebura-no-such-package # certainly not there" >>"$clone/tools/packages.txt"
env -i PATH="$box/tools" HOME=/nonexistent "$(command -v "${as_nobody[0]:-env}")" "${as_nobody[@]:1}" \
    bash "$clone/tools/setup" >"$output" 2>&1
code=$?
check "without root and sudo it stops" is "$code" 1
check "naming what is missing and what to do" said "missing: tebura-no-such-package"
check "with the command to run" said "apt-get install .*tebura-no-such-package"
check "nothing is left" nothing_left "$clone"

printf '#!/bin/bash\necho 0\n' >"$box/fake/id"
printf '#!/bin/bash\necho "$*" >>%q\n[[ ! -f %q ]] || { echo "E: the disk is full"; exit 100; }\n' "$box/calls" "$box/apt_fails" >"$box/fake/apt-get"
chmod +x "$box/fake/"*
: >"$box/calls"
touch "$box/apt_fails"
run PATH="$box/fake:$box/bin:$PATH" "$clone/tools/setup"
check "when apt-get fails, so does set-up" is "$code" 1
check "with what apt-get said" said "E: the disk is full"
check "and before anything is fetched" nothing_left "$clone"
rm "$box/apt_fails"
run PATH="$box/fake:$box/bin:$PATH" "$clone/tools/setup"
check "as root the missing package is installed" grep -q "install -y .*tebura-no-such-package" "$box/calls"
check "and what is there already is not" is "$(grep -c "install .*bash" "$box/calls")" 0

# ---- npm ----
new_clone no_npm
rm -rf "$box/cache/tebura"
cp "$source_root/tools/packages.txt" "$clone/tools/packages.txt"
printf '#!/bin/bash\nexit 1\n' >"$box/fake/dpkg-query"
chmod +x "$box/fake/dpkg-query"
env -i PATH="$box/fake:$box/tools" HOME="$box" bash "$clone/tools/setup" --check >"$output" 2>&1
check "without npm in PATH Debian's is wanted" said "packages missing:.* npm( |$)"
check "what only tests and benches need is not" said_not "packages missing:.* (libcmocka-dev|libfaiss-dev)"
env -i PATH="$box/fake:$box/tools" HOME="$box" bash "$clone/tools/setup" --check --for bench >"$output" 2>&1
check "for bench it is wanted, with all of demo's" said "packages missing:.* cmake .* libfaiss-dev( |$)"
check "and nothing of test's" said_not "packages missing:.* libcmocka-dev( |$)"
printf '#!/bin/bash\n' >"$box/fake/npm"
chmod +x "$box/fake/npm"
env -i PATH="$box/fake:$box/tools" HOME="$box" bash "$clone/tools/setup" --check >"$output" 2>&1
check "with an npm from elsewhere it is not" said_not "packages missing:.* npm( |$)"
rm "$box/fake/npm"
env -i PATH="$box/tools" HOME="$box" XDG_CACHE_HOME="$box/cache" bash "$clone/tools/setup" --no-packages >"$output" 2>&1
check "with --no-packages and no npm it stops" is "$?" 1
check "with a sentence" said "npm is not in PATH"
check "nothing is left" nothing_left "$clone"

# ---- the pages' packages follow their lock ----
: >"$box/calls"
mkdir -p "$first/web" "$first/tests"
echo '{"lockfileVersion":3}' | tee "$first/web/package-lock.json" >"$first/tests/package-lock.json"
run "$first/tools/setup" --no-packages
check "the pages' packages are installed" test -d "$first/web/node_modules/thing"
check "without running their scripts" grep -q "web ci --ignore-scripts" "$box/calls"
check "those of the tests only for test" is_absent "$first/tests/node_modules"
run "$first/tools/setup" --no-packages --for test
check "and for test they are" test -d "$first/tests/node_modules/thing"
touch "$box/npm_fails"
run "$first/tools/setup" --no-packages --for test
check "the next run has nothing to do and needs no network" said "nothing had to be done"
echo '{"lockfileVersion":3, "packages":{}}' >"$first/web/package-lock.json"
run "$first/tools/setup" --no-packages
check "a changed lock without a network stops it" is "$code" 1
check "with a sentence" said "npm packages of web/ could not be installed"
check "and no half-installed folder" is_absent "$first/web/node_modules"

if ((failed)); then
    echo "set-up does not keep what it promises"
    exit 1
fi
echo "all cases as promised"
