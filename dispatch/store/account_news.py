"""What was done to somebody's account, from the log of administration: what lets somebody in, and its changes."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork

#: entries of the log that the holder of the account must hear of
ACTIONS = (
    *("link-made", "link-used", "password-changed", "provider-linked", "provider-unlinked"),
    *("second-factor-on", "second-factor-off", "second-factor-reset", "recovery-codes-renewed", "recovery-code-used"),
)
#: the newest of them that the holder of session `w`, with account `a`, has not seen; another's before their own
UNSEEN = f"""(SELECT l.action FROM administration_log l
              WHERE l.subject = w.person AND l.at > coalesce(a.news_seen_at, '-infinity'::timestamptz)
              AND l.action IN ({", ".join(f"'{action}'" for action in ACTIONS)})
              ORDER BY l.person IS NOT DISTINCT FROM w.person, l.at DESC LIMIT 1)"""  # nosec B608 # our own codes


@dataclass(frozen=True, slots=True)
class News:
    """One thing done to an account. `by` None: the command line; `own`: with the account itself."""

    at: datetime
    action: str
    by: str | None
    own: bool
    seen: bool


async def latest(connection: Connection, person: str, since: datetime, limit: int = 20) -> list[News]:
    """What was done to a person's account since then, the newest first."""
    rows = await connection.fetch(
        """SELECT l.at, l.action, p.name AS by, l.person IS NOT DISTINCT FROM $1 AS own,
                  l.at <= coalesce(a.news_seen_at, '-infinity'::timestamptz) AS seen
           FROM administration_log l LEFT JOIN person p ON p.code = l.person LEFT JOIN account a ON a.person = l.subject
           WHERE l.subject = $1 AND l.at > $2 AND l.action = ANY($3::text[]) ORDER BY l.at DESC LIMIT $4""",
        person,
        since,
        list(ACTIONS),
        limit,
    )
    return [News(**dict(row)) for row in rows]


async def see(uow: UnitOfWork, person: str, until: datetime) -> None:
    """The person has seen what happened up to then."""
    await uow.connection.execute("UPDATE account SET news_seen_at = $2 WHERE person = $1", person, until)


__all__ = ["ACTIONS", "UNSEEN", "News", "latest", "see"]
