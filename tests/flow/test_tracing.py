"""One trace from the caller through form, topic and handler to the lifecycle topic; and off, nothing of it."""

import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from dispatch.bootstrap.worker import working
from dispatch.observe import tracing
from schemas.topics import LIFECYCLE, RAISED, RAISED_URGENT
from tests.bus.rig import read
from tests.factories import BUILDING, CLERK, FIRE_DOOR, World
from tests.flow.test_flow import until, value, waking

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
QUEUED = "SELECT count(*) FROM assignment JOIN whistle ON whistle.id = whistle AND whistle.id = $1::text::uuid"
LEFT = "SELECT count(*) = 0 FROM outbox"


@pytest.fixture
def on() -> Iterator[StringIO]:
    """Tracing to a console that the test reads."""
    console = StringIO()
    with redirect_stdout(console):
        tracing.start("console", "test")
    yield console
    tracing.stop()


def spans(printed: str) -> dict[str, dict[str, Any]]:
    """What the console exporter wrote, by name."""
    found = [json.loads(line) for line in printed.splitlines() if line.startswith('{"name"')]
    return {span["name"]: span for span in found if span["context"]["trace_id"] == f"0x{TRACE}"}


async def _raise(world: World, broker: str) -> dict[str, bytes]:
    """Raise over HTTP as a traced caller; the headers of its `whistle.routed` on the lifecycle topic."""
    assert tracing.ON
    world.app = tracing.ON.around(world.app)
    client = await world.as_(CLERK)
    async with working(world.service, waking(world), broker):
        answer = await client.post(
            "/api/v1/whistles",
            json={"body": FIRE_DOOR, "place": BUILDING},
            headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "Idempotency-Key": "traced"},
        )
        assert answer.status_code == 201, answer.text
        id = answer.json()["id"]
        await until(lambda: value(world, QUEUED, id))
        await until(lambda: value(world, LEFT))
    (routed,) = await read(broker, LIFECYCLE, lambda found: any(one.key == id.encode() for one in found))
    return dict(routed.headers)


@pytest.mark.parametrize("topics", ["embedded"], indirect=True)
async def test_one_trace_goes_from_the_form_through_the_topic_to_the_handler(
    world: World, topics: str, on: StringIO
) -> None:
    headers = await _raise(world, topics)
    found = spans(on.getvalue())
    raised = next(name for name in (RAISED, RAISED_URGENT) if f"process {name}" in found)
    assert set(found) == {
        "POST /api/v1/whistles", f"send {raised}", f"process {raised}", f"send {LIFECYCLE}",
    }  # fmt: skip
    form, handled = found["POST /api/v1/whistles"], found[f"process {raised}"]
    assert form["parent_id"] == "0x00f067aa0ba902b7"
    assert found[f"send {raised}"]["parent_id"] == handled["parent_id"] == form["context"]["span_id"]
    assert headers["traceparent"].decode() == f"00-{TRACE}-{handled['context']['span_id'][2:]}-01"
    assert FIRE_DOOR not in json.dumps(found, ensure_ascii=False), "no text of people in a trace"


async def test_off_nothing_is_written(world: World) -> None:
    assert tracing.ON is None
    await world.raised(place=BUILDING)
    assert "traceparent" not in await value(world, "SELECT headers FROM outbox")
