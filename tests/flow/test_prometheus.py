"""A real Prometheus (Debian's) reads what the three roles show, and every shipped alert fires when it should."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import yaml

from dispatch.bus.embedded import free_port
from dispatch.local.child import Child, Spec
from dispatch.observe.gauges import GAUGES, Snapshot
from dispatch.observe.metrics import Metrics
from dispatch.web.probe import probe
from tests.flow.running import Running

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "alerts.yml"
pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="Prometheus is not installed")


def alerts() -> set[str]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"]}


@asynccontextmanager
async def prometheus(folder: Path, rules: str, targets: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """A server that scrapes these jobs every second and judges by these rules."""
    jobs = [
        {"job_name": job, "static_configs": [{"targets": [address]}], "metrics_path": "/metrics"}
        for job, address in targets.items()
    ]
    (folder / "rules.yml").write_text(rules, encoding="utf-8")
    settings = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config = {"global": settings, "rule_files": ["rules.yml"], "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = (
        "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}",
    )  # fmt: skip
    child = Child(Spec("prometheus", command, folder=folder, log=folder / "prometheus.log"))
    try:
        async with httpx.AsyncClient(base_url=f"http://{address}/api/v1", trust_env=False) as client:
            yield client
    finally:
        await asyncio.to_thread(child.end_now, 5)


async def ask(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """An answer's data; nothing while the server is still starting."""
    try:
        answer = await client.get(path)
    except httpx.HTTPError:
        return {}
    return dict(answer.json()["data"]) if answer.status_code == 200 else {}


async def up(client: httpx.AsyncClient, count: int) -> None:
    """Wait until so many targets have answered."""
    async with asyncio.timeout(60):
        while True:
            targets = (await ask(client, "/targets")).get("activeTargets", [])
            if sum(target["health"] == "up" for target in targets) == count:
                return
            await asyncio.sleep(0.2)


async def test_it_reads_the_three_roles_and_nothing_fires_in_health(lived_url: str, tmp_path: Path) -> None:
    async with Running(tmp_path, lived_url) as running:
        told = json.loads((tmp_path / "demo.json").read_text())["metrics"]
        targets = {f"dispatch-{role}": url.split("//")[1].split("/")[0] for role, url in told.items()}
        assert set(targets) == {"dispatch-web", "dispatch-worker", "dispatch-scheduler"}
        async with prometheus(tmp_path, RULES.read_text(encoding="utf-8"), targets) as client:
            await up(client, 3)
            assert running.process is not None
            async with asyncio.timeout(60):
                while not (rules := judged(await ask(client, "/rules"))):
                    await asyncio.sleep(0.2)
            assert rules == dict.fromkeys(alerts(), "ok")
            assert not [each for each in (await ask(client, "/alerts"))["alerts"] if each["state"] == "firing"]


def judged(data: dict[str, Any]) -> dict[str, str]:
    """Health by alert, once every one was evaluated."""
    rules = [rule for group in data.get("groups", ()) for rule in group["rules"]]
    done = rules and all(rule["health"] != "unknown" for rule in rules)
    return {rule["name"]: rule["health"] for rule in rules} if done else {}


@dataclass(frozen=True)
class Behind:
    topic: str = "whistles.raised"
    partition: int = 0
    messages: int = 20_000
    seconds: float = 90.0


def ill() -> Metrics:
    """What a process shows on the worst of all days; `worse` makes its counters grow."""
    metrics = Metrics("worker")
    one: dict[str, tuple[str, ...]] = {"dispatch_notices_oldest_seconds": ("yes",)}
    values = {
        name: [(one.get(name, tuple("x" for _ in labels)), 20_000.0)] for name, (_meaning, labels) in GAUGES.items()
    }
    metrics.show_snapshot(Snapshot(values, age=900.0))
    metrics.lag([Behind()])
    metrics.clock_jumped(-90.0)
    metrics.watch_tick("sweep", lambda: 900.0)
    metrics.relay_counts(lambda: 0, lambda: int(metrics.registry.get_sample_value("dispatch_retries_total", FEED) or 0))
    return metrics


FEED = {"what": "feed"}


def worse(metrics: Metrics) -> None:
    """So much has gone wrong since the last scrape."""
    metrics.retried("feed", 100)
    metrics.dealt("whistles.raised")
    for _ in range(20):
        metrics.dealt("whistles.raised")
        metrics.tick("sweep", "away", 0.1)
        metrics.tick("prune", "failed", 0.1)
        metrics.request("/whistles/{ref}", "GET", 500, 0.1)
        metrics.fact("stage.ended", {"stage": "dispatch", "seconds": 90_000})
        for stage in ("verification", "answering", "ruling"):
            metrics.fact("stage.ended", {"stage": stage, "seconds": 900_000})
    metrics.noticed("wecom", "failed", 20)
    for _ in range(500):
        metrics.sensitive("unmasking", "liaison")


@asynccontextmanager
async def shown(metrics: Metrics) -> AsyncIterator[str]:
    """The address where a process shows these."""

    async def grow() -> None:
        worse(metrics)

    port = free_port()
    config = uvicorn.Config(probe(metrics, {}, [grow]), "127.0.0.1", port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


async def test_every_alert_fires(tmp_path: Path) -> None:
    """The shipped rules, with their windows and waits cut to seconds; there is no scheduler at all."""
    rules = re.sub(r"(\n +for: )\w+", r"\g<1>1s", RULES.read_text(encoding="utf-8"))
    rules = re.sub(r"\[\d+[mh]\]", "[5s]", rules)
    metrics = ill()
    async with shown(metrics) as address:
        nobody = f"127.0.0.1:{free_port()}"
        targets = {"dispatch-web": address, "dispatch-worker": address, "dispatch-scheduler": nobody}
        async with prometheus(tmp_path, rules, targets) as client:
            fired: set[str] = set()
            try:
                async with asyncio.timeout(60):
                    while not fired >= alerts():
                        found = (await ask(client, "/alerts")).get("alerts", ())
                        fired |= {each["labels"]["alertname"] for each in found if each["state"] == "firing"}
                        await asyncio.sleep(0.2)
            except TimeoutError:
                assert fired == alerts()
