"""What lies under deploy/ names only settings and commands that exist."""

import re
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from dispatch.__main__ import app
from dispatch.settings import PREFIX, Settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
FILES = [DEPLOY / "Dockerfile", DEPLOY / "compose.yaml", *sorted((DEPLOY / "systemd").iterdir())]
COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_variable_is_a_setting(file: Path) -> None:
    known = {(PREFIX + name).upper() for name in Settings.model_fields}
    assert set(re.findall(r"DISPATCH_[A-Z_]+", file.read_text())) <= known


def test_every_role_of_compose_is_a_command() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    ours = {name: service["command"][0] for name, service in services.items() if service["image"] == "dispatch"}
    assert set(ours.values()) == {"migrate", "web", "worker", "scheduler"}
    assert set(ours.values()) <= COMMANDS


def test_the_locks_hold_every_declared_dependency() -> None:
    declared = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())
    for lock, wanted in (
        ("requirements.lock", declared["project"]["dependencies"]),
        (
            "requirements-traces.lock",
            declared["project"]["dependencies"] + declared["project"]["optional-dependencies"]["traces"],
        ),
        ("requirements-dev.lock", declared["project"]["dependencies"] + declared["dependency-groups"]["dev"]),
    ):
        locked = {
            line.split("==")[0].split("[")[0] for line in (DEPLOY / lock).read_text().splitlines() if "==" in line
        }
        names = {re.split(r"[\[<>=;! ]", each)[0].lower().replace("_", "-") for each in wanted}
        assert names <= locked, f"run make lock: {lock} is behind pyproject.toml"
