"""The shipped rules name metrics that exist; promtool, where there is one, finds nothing wrong."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dispatch.observe.gauges import GAUGES
from dispatch.observe.metrics import Metrics

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"


def known() -> set[str]:
    """Every name that a process can show."""
    metrics = Metrics("worker")
    metrics.relay_counts(lambda: 0, lambda: 0)
    names = {"up", "dispatch_snapshot_age_seconds", *GAUGES}
    for family in metrics.registry.collect():
        names |= {family.name, f"{family.name}_total", f"{family.name}_count", f"{family.name}_bucket"}
    return names


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_rules_name_metrics_that_exist() -> None:
    for rule in rules():
        named = set(re.findall(r"\bdispatch_[a-z_]+", str(rule["expr"])))
        assert named <= known(), rule["alert"]


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    """In one line, and in an entry of the runbook."""
    book = (FOLDER.parent / "docs" / "runbook.md").read_text(encoding="utf-8")
    entries = re.findall(r"^## (\w+)\n\*\*(Page|Ticket)\.\*\*", book, re.MULTILINE)
    assert sorted(entries) == sorted((rule["alert"], str(rule["labels"]["severity"]).title()) for rule in rules())
    for rule in rules():
        assert set(rule["annotations"]) == {"summary", "remedy", "runbook"}
        assert rule["annotations"]["runbook"] == f"deploy/docs/runbook.md#{rule['alert'].lower()}"


def test_every_alert_is_made_to_fire() -> None:
    cases = yaml.safe_load((FOLDER / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    fired = {one["alertname"] for case in cases for one in case["alert_rule_test"] if one["exp_alerts"]}
    assert fired == {rule["alert"] for rule in rules()}


def test_every_role_is_scraped() -> None:
    jobs = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert {job["job_name"] for job in jobs} == {"dispatch-web", "dispatch-worker", "dispatch-scheduler"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
@pytest.mark.parametrize(
    "command",
    [("check", "config", "prometheus.yml"), ("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")],
)
def test_promtool(command: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *command], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
