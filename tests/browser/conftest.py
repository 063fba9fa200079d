"""Fixtures of tests in Chromium: `browser`, `service`, `whistles`. Every test here is marked `browser`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.browser.running import CHROMIUM, Running, apart, raise_some
from tests.factories import demo_template
from tests.servers import TestPostgres


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands beside this file, before `-m` chooses."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("browser")


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """One Chromium; a test opens contexts of its own."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        made = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="package")
def demo(postgres: TestPostgres) -> Iterator[str]:
    """The name of a database with the demo district, to be cloned."""
    name = f"browser_{uuid4().hex[:8]}"
    apart(demo_template(postgres, name))
    yield name
    apart(postgres.drop(postgres.url(name)))


@pytest.fixture(scope="module")
def database(postgres: TestPostgres, demo: str) -> Iterator[str]:
    """The URL of this file's own database, without a whistle."""
    name = f"{demo}_{uuid4().hex[:8]}"
    apart(postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE "{demo}" STRATEGY file_copy'))
    yield postgres.url(name)
    apart(postgres.drop(postgres.url(name)))


@pytest.fixture(scope="module")
def service(database: str) -> Iterator[Running]:
    """The service on it."""
    with Running(database) as running:
        yield running


@pytest.fixture(scope="module")
def whistles(service: Running) -> None:
    """The four of `raise_some`, there already."""
    service.do(raise_some)
