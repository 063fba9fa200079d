"""A worker that stalls while Kafka answers ends, with an error; the supervisor starts it again."""

import asyncio
import sys
from pathlib import Path

from dispatch.bus.embedded import free_port
from dispatch.local.child import Spec
from dispatch.local.supervisor import Keeper
from tests.servers import TestBroker


async def test_a_worker_whose_consumers_end_is_started_again(demo_url: str, tmp_path: Path) -> None:
    broker, said, again = TestBroker(), list[str](), asyncio.Event()
    log = tmp_path / "worker.log"
    settings = {
        "DISPATCH_DATABASE_URL": demo_url,
        "DISPATCH_KAFKA": await asyncio.to_thread(broker.start),
        "DISPATCH_KAFKA_REPLICATION": "1",
        "DISPATCH_WORKER_PORT": str(free_port()),
    }

    def say(line: str) -> None:
        said.append(line)
        again.set()

    command = (sys.executable, "-m", "tests.bus.silenced_worker")
    root = Path(__file__).parents[2]
    keeper = Keeper(lambda: Spec("worker", command, env=settings, folder=root, log=log), say=say)
    await keeper.start()
    try:
        await asyncio.wait_for(again.wait(), 120)
    finally:
        await keeper.stop()
        await asyncio.to_thread(broker.stop)
    assert "worker ended (exit code 1); starting it again" in said[0]
    assert '"event":"task.ended"' in (written := log.read_text())
    assert '"error":"Stalled"' in written
