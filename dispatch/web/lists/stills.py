"""What rows of lists say that does not move with the time, remembered until something happens to the whistle.

Pages are read again after every event that concerns them, and mostly one row of fifty has changed. What is remembered
is exact, not old: a list's question itself brings the whistle's last place in its log and how its children stand, and
what somebody else would read, on another day or under other rules, is another thing.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

from dispatch.domain.case import Actor
from dispatch.domain.reference import Reference
from dispatch.domain.turn import Turn
from dispatch.steps.lists import Item
from dispatch.steps.service import Service
from dispatch.web import i18n
from dispatch.web.lists.rows import Shown, cases_of
from dispatch.web.models.queue import Still

#: rows kept at once, about 2 kB each
MOST = 8000

Make = Callable[[Item, Shown], Still]


class Stills:
    """The rows that were looked at last; all are made anew when the rules are."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Still] = OrderedDict()
        self._rules: Reference | None = None

    async def of(
        self, service: Service, actor: Actor, turn: Turn, items: Sequence[Item], make: Make, *where: str
    ) -> list[Still]:
        """What stays of each row; `where` tells lists apart that say different things of the same whistle.

        Raises `Unavailable`.
        """
        if self._rules is not turn.reference:
            self._rules = turn.reference
            self._kept.clear()
        reader = (actor, where, i18n.language(), turn.today)
        keys = [(reader, item.id, item.seq, item.children, item.title) for item in items]
        found = {key: still for key in keys if (still := self._kept.get(key)) is not None}
        missing = {key: item for key, item in zip(keys, items, strict=True) if key not in found}
        if missing:
            shown = await cases_of(service, actor, turn, list(missing.values()))
            for key, item in missing.items():
                found[key] = make(item, shown)
                case = shown.cases.get(item.id)
                if case is not None and case.seq == item.seq and self._rules is turn.reference:
                    self._kept[key] = found[key]
        self._used(keys)
        return [found[key] for key in keys]

    def _used(self, keys: Sequence[Hashable]) -> None:
        """These were looked at last; what was looked at longest ago goes."""
        for key in keys:
            if key in self._kept:
                self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
