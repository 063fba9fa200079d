"""Old versions of what travels, brought to the current one before anybody reads them.

`STEPS[type]` takes the data of that published version to the next. There is no old version yet; when one comes, its
snapshot stays, its step is added here, and a record of it goes on being understood.
"""

from collections.abc import Callable
from typing import Any

Step = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]

STEPS: dict[str, Step] = {}


def current(type: str, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """(type, data) in the newest version, step by step."""
    while step := STEPS.get(type):
        type, data = step(data)
    return type, data
