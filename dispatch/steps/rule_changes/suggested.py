"""Words for a rule that is drafted from a ruling on what no rule knew: out of the whistle's own title."""

import asyncio
from datetime import timedelta

from dispatch.domain.phrases import telling
from dispatch.domain.reference import Reference
from dispatch.steps.rule_changes.preview import DAYS
from dispatch.store import recent_whistles
from dispatch.store.connection import Connection
from dispatch.store.rule_proposals import Draft

#: whistles that the words are held against, at most
LOOKED = 2000


async def suggest(connection: Connection, district: str, draft: Draft, reference: Reference) -> tuple[str, ...]:
    """Up to three words; none for a ruling that has words or a category, nor for a sealed or erased whistle."""
    title = draft.title or draft.body[: reference.duties.rule.short]
    if draft.words or reference.duties.get(draft.category or "") or not title:
        return ()
    rows = await recent_whistles.newest(connection, district, draft.at - timedelta(days=DAYS), None, LOOKED)
    others = [f"{row.title}\n{row.body}" for row in rows if row.number != draft.number]
    taken = [*reference.duties.danger, *(word for duty in reference.duties.duties for word in duty.words)]
    names = [node.name for node in reference.tree.by_code.values()]
    return await asyncio.to_thread(telling, title, others, taken, names)
