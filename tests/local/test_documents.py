"""README and documents name only what exists: files, commands, settings, make targets."""

import re
from pathlib import Path

import pytest
import typer

from dispatch.__main__ import app
from dispatch.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "deploy" / "docs").glob("*.md")),
    *sorted((ROOT / "deploy" / "decisions").glob("*.md")),
]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)[^)]*\)")


def names(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


@pytest.fixture(params=DOCUMENTS, ids=names)
def document(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_anchors_of_the_readme_are_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    headings = {
        re.sub(r"\s+", "-", line.lstrip("# ").strip().lower()) for line in text.splitlines() if line.startswith("#")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


def test_settings_exist(document: Path) -> None:
    known = {(PREFIX + name).upper() for name in Settings.model_fields}
    named = set(re.findall(r"\bDISPATCH_[A-Z_]+\b", document.read_text(encoding="utf-8")))
    assert named <= known


def test_commands_exist(document: Path) -> None:
    made = typer.main.get_command(app)
    known = set(getattr(made, "commands", {}))
    named = set(re.findall(r"\.venv/bin/dispatch ([a-z]+)", document.read_text(encoding="utf-8")))
    assert named <= known


def test_make_targets_exist(document: Path) -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    text = document.read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z]+)[^`]*`", text)) | set(re.findall(r"^make ([a-z]+)", text, re.M))
    assert named <= known


def test_the_modules_a_document_names_exist(document: Path) -> None:
    for name in re.findall(
        r"`((?:dispatch/)?(?:domain|store|steps|bus|observe|web)/[a-z_/]+\.py)`", document.read_text(encoding="utf-8")
    ):
        assert (ROOT / name).exists() or (ROOT / "dispatch" / name).exists(), name
