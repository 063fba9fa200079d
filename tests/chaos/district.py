"""The demo district with everything due within seconds, so that a minute of chaos climbs every ladder."""

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.factories import DEMO

#: seconds: how long a stage may take, and the wait before rungs 2–5
STAGE, WAIT = 8, 4
#: seconds to report in after `longer`
LONGER = STAGE + 2
WAITS = {rung: float(WAIT) for rung in range(2, 6)}
_LIMIT = re.compile(r"\b((?:report-)?limit): [0-9]+[a-z]+")


def hurried(folder: Path) -> Path:
    """A copy of the demo's files in `folder`: every limit in seconds, marks and texts as they are."""
    made = folder / "district"
    shutil.copytree(DEMO, made)
    duties = made / "duties.yaml"
    lines = duties.read_text(encoding="utf-8").splitlines()
    duties.write_text("\n".join(line if "marks:" in line else _LIMIT.sub(_short, line) for line in lines), "utf-8")
    policies = made / "policies.yaml"
    content = yaml.safe_load(policies.read_text(encoding="utf-8"))
    for policy in content["policies"]:
        _hurry(policy)
    policies.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
    return made


def _short(found: re.Match[str]) -> str:
    return f"{found[1]}: {STAGE}s"


def _hurry(policy: dict[str, Any]) -> None:
    for name, stage in policy["stages"].items():
        for limit in ("limit", "emergency"):
            if limit in stage:
                stage[limit] = "600s" if name == "total" else f"{STAGE}s"
    for rung in policy["rungs"]:
        for wait in ("wait", "emergency-wait"):
            if wait in rung:
                rung[wait] = f"{WAIT}s"
    policy |= {"reminder": "10s", "notice": "30s"}


def longer(made: Path) -> Path:
    """The hurried files with `LONGER` to report in."""
    policies = made / "policies.yaml"
    content = yaml.safe_load(policies.read_text(encoding="utf-8"))
    for policy in content["policies"]:
        reported = policy["stages"]["reported"]
        reported |= {name: f"{LONGER}s" for name in ("limit", "emergency") if name in reported}
    policies.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
    return made
