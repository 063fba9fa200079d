"""What other systems sent, known for ever by (source, id)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork


async def known(connection: Connection, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    """Which of these messages became a whistle before, and which one."""
    if not names:
        return {}
    rows = await connection.fetch(
        """SELECT f.source, f.ce_id, f.whistle FROM foreign_message f
           JOIN unnest($1::text[], $2::text[]) AS x (source, ce_id) USING (source, ce_id)""",
        [source for source, _ in names],
        [ce_id for _, ce_id in names],
    )
    return {(row["source"], row["ce_id"]): row["whistle"] for row in rows}


async def remember(uow: UnitOfWork, rows: Sequence[tuple[str, str, UUID]], now: datetime) -> None:
    """Keep the names of messages that became whistles."""
    await uow.connection.execute(
        """INSERT INTO foreign_message (source, ce_id, whistle, at)
           SELECT s, c, w, $4 FROM unnest($1::text[], $2::text[], $3::uuid[]) AS x (s, c, w)
           ON CONFLICT (source, ce_id) DO NOTHING""",
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        now,
    )
