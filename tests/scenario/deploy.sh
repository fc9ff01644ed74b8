#!/bin/bash
# X7: what deploy/ gives an operator works: units and HAProxy's configuration are accepted, the database is made by setup.sql, backups are taken and old ones go.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=${TEBURA_BIN:-build/debug}
work=$(mktemp -d /tmp/tebura-deploy-XXXXXX)
server='' database=''
finish()
{
    for pid in $server $database; do
        kill -INT "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap finish EXIT
fail()
{
    echo "deploy: $*" >&2
    exit 1
}

echo "== systemd"
if command -v systemd-analyze >/dev/null; then
    for unit in deploy/systemd/*.service; do
        sed "s|/usr/bin/tebura|$(realpath "$bin")/tebura|; /^Documentation/d" "$unit" >"$work/$(basename "$unit")"
    done
    said=$(systemd-analyze verify "$work"/*.service 2>&1 | grep -v 'not-found\|Failed to .*bus' || true)
    [[ -z $said ]] || fail "$said"
else
    echo "not looked at: there is no systemd-analyze on this machine"
fi
# What the units pass on are options that the programs have.
for pair in "teburad deploy/systemd/teburad.service" "tebura-edge deploy/systemd/tebura-edge@.service"; do
    read -r program unit <<<"$pair"
    "$bin/$program" --help >"$work/help"
    while read -r option; do
        grep -q -- "$option" "$work/help" || fail "$unit: $program has no $option"
    done < <(grep '^ExecStart' "$unit" | grep -o -- '--[a-z-]*')
done

echo "== HAProxy"
if haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy); then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -out "$work/ca.pem" -subj /CN=test -days 1 2>/dev/null
    sed "s|/etc/tebura/ca.pem|$work/ca.pem|" deploy/haproxy/haproxy.cfg >"$work/haproxy.cfg"
    "$haproxy" -c -f "$work/haproxy.cfg" >"$work/haproxy.log" 2>&1 || fail "$(cat "$work/haproxy.log")"
else
    echo "not looked at: there is no haproxy on this machine"
fi

echo "== PostgreSQL"
postgres=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
if [[ -n $postgres ]]; then
    as=()
    if ((EUID == 0)); then
        as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
        chown postgres "$work"
    fi
    (cd / && "${as[@]}" "$postgres/initdb" -D "$work/db" -A trust -U root -E UTF8 --locale=C >/dev/null)
    (cd / && exec "${as[@]}" "$postgres/postgres" -D "$work/db" -k "$work" -c listen_addresses= -c fsync=off >"$work/db.log" 2>&1) &
    database=$!
    for ((i = 0; i < 100; i++)); do "$postgres/pg_isready" -q -h "$work" && break; sleep 0.1; done
    psql() { "$postgres/psql" -h "$work" -v ON_ERROR_STOP=1 -qAtX "$@"; }
    psql -U root -d postgres --set password="'secret'" --file deploy/postgresql/setup.sql
    [[ $(psql -U tebura -d tebura -c 'CREATE SCHEMA central; SELECT current_user') == tebura ]] || fail "the role may not make its schemas"
    if psql -U tebura -d tebura -c 'CREATE DATABASE other' 2>/dev/null; then fail "the role may make databases"; fi
else
    echo "not looked at: there is no PostgreSQL on this machine"
fi

echo "== backup"
"$bin/teburad" management --data "$work/data" --site test --profile profiles/airport.yaml >"$work/line" 2>"$work/log" &
server=$!
for ((i = 0; i < 300; i++)); do [[ -s $work/line ]] && break; sleep 0.1; done
url=$(jq -r .http "$work/line")
deploy/backup --url "$url" --token-file "$work/data/operator.token" >"$work/said"
grep -q bytes "$work/said" || fail "no backup: $(cat "$work/said")"
first=$(find "$work/data/backups" -mindepth 1 -maxdepth 1)
mkdir "$work/data/backups/mine" # what is no backup stays, however old it is
touch -d '10 days ago' "$first" "$work/data/backups/mine"
sleep 1.1 # their names have seconds
deploy/backup --url "$url" --token-file "$work/data/operator.token" --keep-days 7 >"$work/said"
[[ ! -e $first ]] || fail "the old backup is still there"
[[ -d $work/data/backups/mine ]] || fail "something else was removed"
(($(find "$work/data/backups" -name central.db | wc -l) == 1)) || fail "the new backup is not there alone"
echo "0000" >"$work/wrong"
if deploy/backup --url "$url" --token-file "$work/wrong" >"$work/said" 2>&1; then fail "a wrong token made a backup"; fi
if grep -q "$(cat "$work/data/operator.token")" "$work/said" "$work/log"; then fail "the token was printed"; fi
deploy/backup --help >/dev/null
if deploy/backup --nonsense 2>/dev/null; then fail "an unknown option was taken"; fi
echo "deploy: all is well"
