#!/usr/bin/env bash
# restore.sh BASE WAL MOMENT INTO: the backup BASE and the archive WAL, brought to MOMENT in the new folder INTO; then what
# only the topics still know is looked up, numbers are moved past it, and the log is compared with what is stored.
# A drill and the real thing are the same. The server runs on the socket INTO/run and is stopped at the end; KEEP=1 leaves
# it running. MOMENT: 2026-11-26 14:30:00+08. Wants DISPATCH_KAFKA (and its sign-in) as the service has it.
# PGBIN: PostgreSQL's programs; PG_ACCOUNT (postgres): who runs it when started as root; PGUSER, PGDATABASE (dispatch).
set -euo pipefail

usage='usage: restore.sh BASE WAL MOMENT INTO'
base=${1:?$usage} wal=${2:?$usage} moment=${3:?$usage} into=${4:?$usage}
dispatch=${DISPATCH:-$(dirname "$0")/../../.venv/bin/dispatch}
export PATH="${PGBIN:+$PGBIN:}$PATH" PGUSER=${PGUSER:-dispatch} PGDATABASE=${PGDATABASE:-dispatch}
: "${DISPATCH_KAFKA:?set DISPATCH_KAFKA: the topics know the receipts that the restored database does not}"

stop() { echo "$1" >&2; exit 1; }
[ -f "$base/PG_VERSION" ] || stop "$base is no base backup: name a folder that backup.sh made."
[ -d "$wal" ] || stop "$wal is no folder: name the one that archive_command fills."
[ ! -e "$into" ] || stop "$into is there already: name a new folder."

mkdir -p "$into/run"
into=$(cd "$into" && pwd) wal=$(cd "$wal" && pwd)
cp -a "$base" "$into/data"
cat >> "$into/data/postgresql.auto.conf" << CONF
restore_command = 'cp "$wal/%f" "%p"'
recovery_target_time = '$moment'
recovery_target_action = 'promote'
archive_mode = 'off'
listen_addresses = ''
unix_socket_directories = '$into/run'
CONF
touch "$into/data/recovery.signal"
chmod 700 "$into/data"

as_server() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    account=${PG_ACCOUNT:-postgres}
    chown -R "$(id -u "$account"):$(id -g "$account")" "$into"
    as_server() { setpriv --reuid "$(id -u "$account")" --regid "$(id -g "$account")" --clear-groups "$@"; }
fi
ask() { psql -h "$into/run" -XAtqc "$1"; }

cd "$into"
as_server pg_ctl -D "$into/data" -l "$into/log.txt" -w -t 3600 start > /dev/null \
    || stop "It did not come up: $(grep -h FATAL "$into/log.txt" | tail -1) (all of it: $into/log.txt)"
[ "${KEEP:-}" = 1 ] || trap 'as_server pg_ctl -D "$into/data" -m fast stop > /dev/null' EXIT
until [ "$(ask 'SELECT pg_is_in_recovery()')" = f ]; do
    as_server pg_ctl -D "$into/data" status > /dev/null \
        || stop "It ended in recovery: $(grep -h FATAL "$into/log.txt" | tail -1) (all of it: $into/log.txt)"
    sleep 0.2
done
ask 'SELECT pg_switch_wal()' > /dev/null

export DISPATCH_DATABASE_URL="postgresql://$PGUSER@/$PGDATABASE?host=$into/run"
echo "已恢复到 restored to $moment：$into"
"$dispatch" restored
"$dispatch" audit
echo "下一步 next: DISPATCH_DATABASE_URL=$DISPATCH_DATABASE_URL dispatch check"
