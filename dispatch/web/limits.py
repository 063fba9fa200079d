"""How fast one account or one token may go on: far faster than a person or an import does, and never by address.

An office behind one address is many accounts, so each has its own measure. It is kept in this process: with several
web processes each counts by itself. What programs send to `POST /api/v1/whistles` is not counted: it waits for its
commit, and an import may go as fast as it can.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from starlette.requests import Request
from starlette.responses import Response

from dispatch.steps.sign_in import Visit
from dispatch.web import problems
from dispatch.web.i18n import N_, _
from dispatch.web.security import pattern

#: measures kept before those that have run out are forgotten
MOST = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and after that so many a second."""

    burst: int
    per_second: float


#: kind of request → how fast one account's sessions together may send it
PEOPLE: Mapping[str, Rate] = {
    "photo": Rate(300, 0.2),
    "raise": Rate(200, 1),
    "export": Rate(30, 0.1),
    "search": Rate(300, 10),
    "write": Rate(500, 10),
}
#: and how fast one token may
PROGRAMS: Mapping[str, Rate] = {
    "photo": Rate(5000, 20),
    "raise": Rate(20_000, 2000),
    "export": Rate(120, 1),
    "search": Rate(5000, 500),
    "write": Rate(20_000, 2000),
}
WORDS: Mapping[str, str] = {
    "photo": N_("照片传得太快了；请等 {seconds} 秒再传"),
    "raise": N_("哨吹得太快了；请等 {seconds} 秒再吹"),
    "export": N_("导出得太快了；请等 {seconds} 秒再导出"),
    "search": N_("查得太快了；请等 {seconds} 秒再查"),
    "write": N_("提交得太快了；请等 {seconds} 秒再提交"),
}
PHOTOS = ("/api/v1/photos", "/whistle/photo")
RAISING = ("/whistle", "/chain/raise")
#: what works much out and changes nothing
TRYING = ("/api/v1/routing/explain", "/whistle/preview", "/rules/{kind}", "/rules/{kind}/check")
#: lists, which are searches where words are looked for
LISTS = ("/api/v1/whistles", "/api/v1/queues/{unit}", "/queue", "/street", "/all")


class TooFast(Exception):
    """One more of this kind is too many now; it may come in so many seconds."""

    def __init__(self, kind: str, seconds: int) -> None:
        super().__init__(kind)
        self.kind, self.seconds = kind, seconds

    def words(self) -> str:
        """What the caller is told, in their language."""
        return _(WORDS[self.kind]).format(seconds=self.seconds)

    def response(self) -> Response:
        """The answer, with when to come again."""
        later = {"Retry-After": str(self.seconds)}
        return problems.plain(429, "too-fast", self.words(), later, field="rate", value=self.kind)


@lru_cache(maxsize=1024)
def kind_of(method: str, route: str, searching: bool) -> str | None:
    """What a request counts as; None: not counted. `route` is the path's pattern."""
    if method in ("GET", "HEAD", "OPTIONS"):
        if route.endswith("/export"):
            return "export"
        return "search" if searching and route in LISTS else None
    for kind, routes in (("photo", PHOTOS), ("raise", RAISING), ("search", TRYING)):
        if route in routes:
            return kind
    return "write"


class Limits:
    """The measures of one process: for each the moment up to which what was sent has used it (GCRA)."""

    def __init__(self, generous: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        """`generous`: so many times what the tables say; 0: no limits. `clock` in seconds."""
        self._generous, self._clock = generous, clock
        self._used: dict[tuple[str, str], float] = {}

    def admit(self, request: Request, visit: Visit) -> None:
        """Count this request. Raises `TooFast`."""
        kind = kind_of(request.method, pattern(request.scope), b"q=" in request.scope["query_string"])
        if kind is not None:
            self.count(kind, visit)

    def count(self, kind: str, visit: Visit) -> None:
        """Count a request of this kind. Raises `TooFast`."""
        if not self._generous:
            return
        token = visit.token
        who, rate = (f"token:{token}", PROGRAMS[kind]) if token else (str(visit.actor.principal), PEOPLE[kind])
        if wait := self._take(who, kind, rate):
            raise TooFast(kind, ceil(wait))

    def _take(self, who: str, kind: str, rate: Rate) -> float:
        """Seconds until one more may come; 0: it is taken."""
        now, each = self._clock(), 1 / (rate.per_second * self._generous)
        used = max(self._used.get((who, kind), now), now)
        ahead = used + each - now - rate.burst * self._generous * each
        if ahead > 1e-6:
            return ahead
        self._used[who, kind] = used + each
        if len(self._used) > MOST:
            self._used = {key: until for key, until in self._used.items() if until > now}
        return 0.0
