"""The settings of PostgreSQL that durability hangs on, as a session of ours sees them."""

from dispatch.store.connection import Connection

NAMES = (
    *("fsync", "full_page_writes", "synchronous_commit", "synchronous_standby_names", "data_checksums"),
    *("zero_damaged_pages", "ignore_checksum_failure", "autovacuum", "archive_mode"),
    *("max_connections", "server_encoding", "server_version_num"),
)


async def settings(connection: Connection) -> dict[str, str]:
    """Name → value; one that this user may not see is left out."""
    rows = await connection.fetch("SELECT name, setting FROM pg_settings WHERE name = ANY($1)", NAMES)
    return {row["name"]: row["setting"] for row in rows}


async def transport(connection: Connection) -> tuple[str | None, bool]:
    """The server's address (None: a socket of this machine), and whether this connection is encrypted."""
    row = await connection.fetchrow(
        "SELECT host(inet_server_addr()) AS at, s.ssl FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()"
    )
    return (row["at"], row["ssl"]) if row else (None, False)


async def replica(connection: Connection) -> bool:
    """Whether it is a standby, which takes no writes."""
    found: bool = await connection.fetchval("SELECT pg_is_in_recovery()")
    return found
