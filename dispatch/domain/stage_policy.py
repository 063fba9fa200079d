"""How a stage's clock is timed and climbs: what is kept with each run of it."""

import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

from dispatch.domain.case import Clock
from dispatch.domain.deadlines import Limit


@dataclass(frozen=True, slots=True, eq=False)
class StagePolicy:
    """How one run of a clock is timed and climbs; kept with the run, so that a later policy changes nothing by itself.

    Compared by identity, which is what makes it a quick key of what is remembered below.

    `limit` is None where the moment is given (a review date). `start` 0 means: never climbs.
    `waits[r - 1]` is the wait before rung r, counted from the rung before; the start rung comes at once.
    """

    limit: str | None
    start: int
    waits: tuple[str, ...] = ("0m", "4wh", "1wd", "2wd", "3wd")
    warn: int = 80
    remind: str = "1wd"
    notice: str = "5wd"
    version: int = 1

    def snapshot(self) -> str:
        """As stored with the clock."""
        return _snapshot(self)

    @staticmethod
    def of(clock: Clock) -> "StagePolicy":
        """The policy that this run of the clock began with."""
        return _read(clock.policy)


@lru_cache(maxsize=4096)
def _snapshot(policy: StagePolicy) -> str:
    return json.dumps(asdict(policy), separators=(",", ":"))


@lru_cache(maxsize=4096)
def _read(text: str) -> StagePolicy:
    values = json.loads(text)
    values["waits"] = tuple(values["waits"])
    return StagePolicy(**values)


@lru_cache(maxsize=1024)
def parse(text: str) -> Limit:
    """`Limit.parse`, remembered."""
    return Limit.parse(text)


def with_limit(policy: StagePolicy, limit: str | None) -> StagePolicy:
    """The policy with another limit (the duty's own)."""
    return policy if limit is None else _with_limit(policy, limit)


@lru_cache(maxsize=4096)
def _with_limit(policy: StagePolicy, limit: str) -> StagePolicy:
    return replace(policy, limit=limit)


__all__ = ["StagePolicy", "parse", "with_limit"]
