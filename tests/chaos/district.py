"""The demo district with everything due within seconds, so that a minute of chaos climbs every ladder.

But for one category in one street, which keep their days: with a hundred thousand whistles that climb every four
seconds, the ladder would be all that is tried.
"""

import copy
import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.factories import DEMO

#: seconds: how long a stage may take, the wait before rungs 2–5, and the time from receipt to closing
STAGE, WAIT, TOTAL = 8, 4, 600
#: seconds that stages have after `longer`. The total is open wherever anything is: somewhere it finds what to change
LONGER = {"reported": STAGE + 2.0, "total": TOTAL + 60.0}
WAITS = {rung: float(WAIT) for rung in range(2, 6)}
#: where nothing is hurried, who whistles there, and of what (as the duty list has it)
CALM_STREET = "130403001"
CALM_PLACE, CALM_CLERK, CALM_TEXT = f"{CALM_STREET}-D01-X1-B3", f"node:{CALM_STREET}:clerk", "路灯不亮"
_CALM_DUTY, _CALM_POLICY = 'code: "110"', "calm"
_LIMIT = re.compile(r"\b((?:report-)?limit): [0-9]+[a-z]+")


def hurried(folder: Path) -> Path:
    """A copy of the demo's files in `folder`: every limit in seconds, marks and texts as they are."""
    made = folder / "district"
    shutil.copytree(DEMO, made)
    duties = made / "duties.yaml"
    lines = duties.read_text(encoding="utf-8").splitlines()
    duties.write_text("\n".join(_LIMIT.sub(_short, line) if _hurries(line) else line for line in lines), "utf-8")
    policies = made / "policies.yaml"
    content = yaml.safe_load(policies.read_text(encoding="utf-8"))
    calm = copy.deepcopy(content["policies"][0]) | {"code": _CALM_POLICY, "areas": [CALM_STREET]}
    for policy in content["policies"]:
        _hurry(policy)
    content["policies"].append(calm)
    policies.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
    return made


def _hurries(line: str) -> bool:
    return "marks:" not in line and _CALM_DUTY not in line


def _short(found: re.Match[str]) -> str:
    return f"{found[1]}: {STAGE}s"


def _hurry(policy: dict[str, Any]) -> None:
    for name, stage in policy["stages"].items():
        for limit in ("limit", "emergency"):
            if limit in stage:
                stage[limit] = f"{TOTAL}s" if name == "total" else f"{STAGE}s"
    for rung in policy["rungs"]:
        for wait in ("wait", "emergency-wait"):
            if wait in rung:
                rung[wait] = f"{WAIT}s"
    policy |= {"reminder": "10s", "notice": "30s"}


def longer(made: Path) -> Path:
    """The hurried files with the limits of `LONGER`."""
    policies = made / "policies.yaml"
    content = yaml.safe_load(policies.read_text(encoding="utf-8"))
    for policy in content["policies"]:
        if policy["code"] == _CALM_POLICY:
            continue
        for name, seconds in LONGER.items():
            stage = policy["stages"][name]
            stage |= {limit: f"{seconds:.0f}s" for limit in ("limit", "emergency") if limit in stage}
    policies.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
    return made
