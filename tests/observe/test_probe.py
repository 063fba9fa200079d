"""Alive, ready, and what is counted, over ASGI."""

import asyncio

import httpx
import pytest

from dispatch.observe.metrics import Metrics
from dispatch.web import probe as module
from dispatch.web.probe import probe


def client(app: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://probe")  # type: ignore[arg-type]


async def good() -> str | None:
    return None


async def test_ready_names_what_was_asked() -> None:
    async with client(probe(Metrics("worker"), {"database": good, "relay": good})) as http:
        alive, ready = await http.get("/healthz"), await http.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"alive": True, "role": "worker"})
    assert ready.status_code == 200
    assert ready.json()["checked"] == ["database", "relay"]


async def test_what_is_not_ready_is_named_and_alive_stays_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)

    async def behind() -> str | None:
        return "schema 0001, needs 0002"

    async def broken() -> str | None:
        raise ConnectionRefusedError("secret host")

    async def silent() -> str | None:
        await asyncio.Event().wait()
        return None

    app = probe(Metrics("web"), {"schema": behind, "database": broken, "consumer": silent, "relay": good})
    async with client(app) as http:
        ready, alive = await http.get("/readyz"), await http.get("/healthz")
    assert ready.status_code == 503
    assert ready.json()["not_ready"] == {
        "schema": "schema 0001, needs 0002",
        "database": "ConnectionRefusedError",
        "consumer": "no answer within 0.05 s",
    }
    assert alive.status_code == 200


async def test_metrics_are_refreshed_before_each_scrape_and_survive_a_failing_one() -> None:
    metrics = Metrics("web")
    scrapes = 0

    async def refresh() -> None:
        nonlocal scrapes
        scrapes += 1
        metrics.retried("feed")

    async def failing() -> None:
        raise RuntimeError

    async with client(probe(metrics, {}, [refresh, failing])) as http:
        first = await http.get("/metrics")
        second = await http.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert scrapes == 2
    assert 'dispatch_retries_total{what="feed"} 1.0' in first.text
    assert first.headers["content-type"].startswith("text/plain")
    assert second.headers["content-type"].startswith("application/openmetrics-text")
    assert second.text.endswith("# EOF\n")
    assert "process_resident_memory_bytes" in first.text
