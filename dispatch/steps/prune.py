"""What is kept for how long. A whistle's log is kept for ever; what people wrote, and who they are, is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from dispatch.store import retention
from dispatch.store.database import Database
from dispatch.store.errors import Rejected

log = structlog.get_logger(__name__)

#: rows in one transaction, and transactions for one kind of row in one tick: the rest goes with the next
BATCH, ROUNDS = 1000, 50


@dataclass(frozen=True, slots=True)
class Keep:
    """Rows of a kind (`store.retention.STATEMENTS`) stay for so long."""

    what: str
    for_: timedelta
    since: str


#: the retention table
RETENTION: tuple[Keep, ...] = (
    Keep("sessions", timedelta(), "it ran out"),
    Keep("tickets", timedelta(), "it ran out; second halves of signing in, one-time links"),
    Keep("tokens", timedelta(days=365), "it ran out or was revoked"),
    Keep("saved-filters", timedelta(days=30), "the last term of whose they are ended"),
    Keep("action-keys", timedelta(days=30), "the act"),
    Keep("merge-proposals", timedelta(days=30), "one of the two ended"),
    # a person's name and telephone are needed until the whistle is answered and its evaluation can no longer change
    Keep("reporters", timedelta(days=365), "it was closed or cancelled"),
    # a draft names what was uploaded while it was written, and may lie there over the longest holiday
    Keep("unattached-photos", timedelta(days=10), "it was uploaded, and nothing shows it"),
    Keep("texts-and-photos", timedelta(days=1825), "it was closed or cancelled; title, address, words of acts, photos"),
    Keep("notices", timedelta(days=180), "it was written; with its ledger"),
    Keep("failed-notices", timedelta(days=365), "it was written; with its ledger"),
    # the only place where text of other systems stands outside a whistle
    Keep("inbound-bytes", timedelta(days=7), "it came"),
    Keep("dead-letters", timedelta(days=180), "it came; settled ones only"),
)


async def prune(database: Database, table: Sequence[Keep] = RETENTION) -> dict[str, int]:
    """Clear away what is older than the table says; returns how many rows of each kind went.

    A kind that the database refuses is logged and the others still go. Raises `Unavailable`.
    """
    gone: dict[str, int] = {}
    for keep in table:
        try:
            gone[keep.what] = await _clear(database, keep)
        except Rejected:
            log.exception("prune.refused", kind=keep.what)
    found = {what: count for what, count in gone.items() if count}
    for what, count in found.items():
        log.info("prune.done", kind=what, deleted=count)
    return found


async def _clear(database: Database, keep: Keep) -> int:
    total = 0
    for _ in range(ROUNDS):
        async with database.transaction() as uow:
            count = await retention.clear(uow.connection, keep.what, await uow.now() - keep.for_, BATCH)
        total += count
        if count < BATCH:
            break
    return total
