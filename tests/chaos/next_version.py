"""The service as its next release might be: `python -m tests.chaos.next_version ROLE`.

It writes `whistle.raised.v2`, which says the language of the words, and brings what the release before wrote to it.
"""

import functools
import runpy
import sys
from dataclasses import replace
from typing import Any

from schemas import registry, topics, upcast, whistle
from schemas.event import Event
from schemas.fields import Code

RAISED = "whistle.raised.v2"


class WhistleRaisedV2(whistle.WhistleRaisedV1):
    """As v1, and the language of the words."""

    language: Code


def forward(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """v1 to v2."""
    return RAISED, {**data, "language": "zh"}


def install() -> None:
    """Make this process the next release."""
    upcast.STEPS[whistle.RAISED] = forward
    on = frozenset({topics.RAISED, topics.RAISED_URGENT})
    registry.NEWEST["whistle.raised"] = registry.Shape("whistle.raised", 2, WhistleRaisedV2, on, "", RAISED)
    before = whistle.raised

    @functools.wraps(before)
    def raised(**given: Any) -> Event:
        made = before(**given)
        return replace(made, type=RAISED, data={**made.data, "language": "zh"})

    whistle.raised = raised


if __name__ == "__main__":
    install()
    sys.argv[0] = "dispatch"
    runpy.run_module("dispatch", run_name="__main__")
