"""Whatever the document allows, and what it does not: no answer is a 5xx, none is undocumented."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dispatch.bus.embedded import free_port
from tests.factories import DESK, FIRE_DOOR, World, demo_template, open_world
from tests.servers import TestPostgres

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class Served:
    """The service on a port, in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._url, self._ready = url, threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.number, self.token = 0, ""
        self.port = free_port()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        world: World = await open_world(self._url)
        self.token = await world.token(DESK)
        self.number = int((await world.whistle(FIRE_DOOR))["number"])
        server = uvicorn.Server(uvicorn.Config(world.app, port=self.port, log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        self._ready.set()
        await self._stopping.wait()
        server.should_exit = True
        await serving
        await world.close()

    def __enter__(self) -> Served:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)


@pytest.fixture(scope="module")
def served(postgres: TestPostgres) -> Iterator[Served]:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, demo_template(postgres, "schema")).result(60)
    with Served(postgres.url("schema")) as running:
        yield running


def walk(served: Served, examples: int, number: int) -> tuple[list[str], Counter[int]]:
    """Every operation with so many good and so many bad requests; what was wrong, and how many answers of each kind."""
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{served.port}/openapi.json")
    wrong: list[str] = []
    statuses: Counter[int] = Counter()
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            strategy = operation.as_strategy(generation_mode=mode)

            @seed(number)
            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                verbosity=Verbosity.quiet,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=strategy)
            def knock(case: Any) -> None:
                given = case.path_parameters or {}
                if "ref" in given and len(str(given["ref"])) % 2:  # about half ask for a whistle that there is
                    given["ref"] = str(served.number)
                headers = {"Authorization": f"Bearer {served.token}"}
                statuses[case.call_and_validate(checks=CHECKS, headers=headers).status_code] += 1

            try:
                knock()
            except Exception as error:
                wrong.append(f"{operation.label}: {str(error)[:900]}")
    return wrong, statuses


def test_no_answer_is_broken_or_undocumented(served: Served) -> None:
    wrong, statuses = walk(served, 1, 1)
    assert not wrong, "\n".join(wrong)
    assert {200, 404, 422} <= set(statuses), statuses


@pytest.mark.chaos
def test_nor_when_asked_for_long(served: Served) -> None:
    wrong, statuses = walk(served, 40, int(os.environ.get("CHAOS_SEED", "1")))
    assert not wrong, "\n".join(wrong)
    assert statuses.total() > 2000
