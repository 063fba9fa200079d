"""Folders that the account of embedded PostgreSQL may enter."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.conftest import demo_database, demo_url

__all__ = ["demo_database", "demo_url", "open_folder"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter (pytest's own are closed, and root's database would live elsewhere)."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="dispatch-") as name:
        Path(name).chmod(0o755)
        yield Path(name)
