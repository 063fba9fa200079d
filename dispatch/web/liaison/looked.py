"""When somebody last looked, kept in their browser: so that a queue can say what changed since."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import Request
from starlette.responses import Response

from dispatch.domain.refusals import Invalid
from dispatch.web.deps import deps_of

COOKIE = "looked"
#: looks nearer to each other than this are one look: going to and fro between pages must not lose what is new
ONE_LOOK = timedelta(minutes=10)
#: what is older is no news any more
KEPT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Looked:
    """`before`: the last look that had ended before this one began; None: there was none. `value`: what is kept."""

    before: datetime | None
    value: str


def looked(request: Request, person: str | None, now: datetime) -> Looked:
    """What this browser knows of this person's looks, this one included."""
    me = hashlib.sha256((person or "").encode()).hexdigest()[:8]
    who, before, last = [*request.cookies.get(COOKIE, "").split("."), "", "", ""][:3]
    earlier, latest = (_moment(before), _moment(last)) if who == me else (None, None)
    if latest is not None and now - latest >= ONE_LOOK:
        earlier = latest
    if earlier is not None and now - earlier > KEPT:
        earlier = None
    return Looked(earlier, f"{me}.{int(earlier.timestamp()) if earlier else ''}.{int(now.timestamp())}")


def keep(request: Request, response: Response, found: Looked) -> Response:
    """Remember this look."""
    response.set_cookie(
        COOKIE,
        found.value,
        max_age=int(KEPT.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=deps_of(request).https,
    )
    return response


def since(text: str) -> datetime | None:
    """The moment in an address; None where there is none. Raises `Invalid`."""
    found = _moment(text)
    if text and found is None:
        raise Invalid("「{value}」不是时刻，请从待办里的链接进来", field="changed", value=text)
    return found


def _moment(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text), UTC) if text.isascii() and text.isdecimal() and len(text) < 11 else None


__all__ = ["Looked", "keep", "looked", "since"]
