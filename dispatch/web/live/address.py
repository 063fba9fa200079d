"""The address of a page's live stream."""

from datetime import datetime
from typing import Literal, get_args
from urllib.parse import urlencode

PATH = "/events"
#: what a stream is about: a unit's queue, a street's list, the chain, the desk, everything one may see
About = Literal["queue", "street", "chain", "desk", "all"]
ABOUT = get_args(About)


def events_of(about: About | None, since: datetime, *, whistle: int | str | None = None) -> str:
    """For `Frame.events`: word of what happened after `since`, the moment the page was made.

    `whistle`: of that one only (then `about` may be None).
    """
    asked = {"on": about, "whistle": whistle, "since": f"{since.timestamp():.6f}"}
    return f"{PATH}?{urlencode({name: value for name, value in asked.items() if value is not None})}"
