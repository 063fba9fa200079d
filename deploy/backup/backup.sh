#!/usr/bin/env bash
# backup.sh FOLDER: a base backup of the PostgreSQL at DISPATCH_DATABASE_URL, checked file by file; prints its folder.
# To come back to any moment after it, PostgreSQL must archive its WAL as well (archive_mode = on and, for instance,
# archive_command = 'test ! -f /backup/wal/%f && cp %p /backup/wal/%f'). PGBIN: where its programs are, if not in PATH;
# VERIFY: another way to check a backup (the folder is its last word), such as verify.py beside this.
set -euo pipefail

to=${1:?usage: backup.sh FOLDER}
: "${DISPATCH_DATABASE_URL:?set DISPATCH_DATABASE_URL to the PostgreSQL to be saved; its user must be allowed replication}"
export PATH="${PGBIN:+$PGBIN:}$PATH"

made="$to/base-$(date -u +%Y%m%dT%H%M%SZ)"
mkdir -p "$to"
pg_basebackup --dbname="$DISPATCH_DATABASE_URL" --pgdata="$made.part" --wal-method=stream --checkpoint=fast \
    --manifest-checksums=SHA256
${VERIFY:-pg_verifybackup --quiet} "$made.part"
# a backup cut short keeps the name .part
mv "$made.part" "$made"
echo "$made"
