"""/openapi.json says what the service does; /asyncapi.json is what was handed in; what stands around every request."""

import asyncio
from typing import Any

import httpx
import structlog
from starlette.responses import PlainTextResponse

from dispatch.web.api.acts import ACTS
from tests.factories import CLERK, FIRE_DOOR, ZJ, World, open_world

CONTRACT = {
    "/api/v1/whistles": {"get", "post"},
    "/api/v1/whistles/{ref}": {"get"},
    "/api/v1/whistles/{ref}/deadline": {"get"},
    "/api/v1/whistles/{ref}/reporter": {"post"},
    "/api/v1/queues/{unit}": {"get"},
    "/api/v1/photos": {"post"},
    "/api/v1/actions": {"post"},
    "/api/v1/routing/explain": {"post"},
    "/api/v1/nodes": {"get"},
    "/api/v1/nodes/near": {"get"},
    "/api/v1/leave": {"get", "post"},
    "/api/v1/leave/back": {"post"},
    "/api/v1/units": {"get"},
    "/api/v1/duties": {"get"},
    "/api/v1/policies": {"get"},
    **{f"/api/v1/whistles/{{ref}}/actions/{action}": {"post"} for action in ACTS},
}


def references(value: Any) -> set[str]:
    """Every `$ref` in a document."""
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(one) for one in value.values()))
    return set().union(*(references(one) for one in value)) if isinstance(value, list) else set()


async def test_the_document_names_every_route_of_the_contract(world: World) -> None:
    document = (await world.client().get("/openapi.json")).json()
    for path, methods in CONTRACT.items():
        assert methods <= document["paths"][path].keys(), path
    for path, operations in document["paths"].items():
        assert path.startswith("/api/v1/"), path
        for method, operation in operations.items():
            said = set(operation["responses"])
            assert {"401", "422", "503"} <= said, (method, path)
            assert said & {"200", "201"}, (method, path)
            if method == "post":
                assert operation["requestBody"], path
    for reference in references(document):
        assert reference.rsplit("/", 1)[-1] in document["components"]["schemas"], reference


async def test_the_view_of_a_whistle_has_what_the_document_promises(world: World) -> None:
    schema = (await world.client().get("/openapi.json")).json()["components"]["schemas"]["Whistle"]
    seen = await world.get((await world.whistle(FIRE_DOOR))["number"])
    assert set(schema["required"]) == set(seen)


async def test_the_documents_of_the_topics_are_those_handed_in(demo_url: str) -> None:
    world = await open_world(demo_url, asyncapi=b'{"asyncapi": "3.0.0"}', probe=PlainTextResponse("well"))
    try:
        client = world.client()
        assert (await client.get("/asyncapi.json")).json() == {"asyncapi": "3.0.0"}
        assert (await client.get("/healthz")).text == "well"
        assert (await client.get("/nowhere")).headers["content-type"] == "application/problem+json"
        assert (await client.delete("/api/v1/whistles")).status_code == 405
    finally:
        await world.close()


class Counter:
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int]] = []

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        assert 0 <= seconds < 60
        self.seen.append((route, method, status))


async def test_requests_are_counted_by_route_and_never_by_path(demo_url: str) -> None:
    counter = Counter()
    world = await open_world(demo_url, metrics=counter)
    try:
        receipt = await world.raised()
        client = await world.as_(CLERK)
        await client.get(f"/api/v1/whistles/{receipt['number']}")
        await client.get("/secret/13800138000")
        await client.post(f"/api/v1/whistles/{receipt['number']}/actions/note", content=b"{")
        assert counter.seen == [
            ("/api/v1/whistles", "POST", 201),
            ("/api/v1/whistles/{ref}", "GET", 200),
            ("other", "GET", 404),
            ("/api/v1/whistles/{ref}/actions/note", "POST", 400),
        ]
    finally:
        await world.close()


async def test_an_error_nobody_foresaw_tells_nothing_but_its_number(world: World, monkeypatch: Any) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("dispatch.web.api.whistles.disclose.whistle", broken)
    client = await world.as_(CLERK)
    answer = await client.get("/api/v1/whistles/1", headers={"X-Request-ID": "proxy-0001"})
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.json()["instance"] == "urn:dispatch:request:proxy-0001"
    assert answer.headers["x-request-id"] == "proxy-0001"
    assert "frame-ancestors" in answer.headers["content-security-policy"]


async def test_a_request_s_id_is_in_the_log_and_gone_afterwards(world: World) -> None:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        client = await world.as_(CLERK)
        answer = await client.post("/api/v1/whistles", json={"body": "a"}, headers={"X-Request-ID": "bad id!"})
        await asyncio.sleep(0)  # told when the turn of the loop is over
    raised = next(line for line in logs if line["event"] == "whistle.raised")
    assert raised["request"] == answer.headers["x-request-id"] != "bad id!"
    assert raised["whistle"] == answer.json()["id"]
    assert "request" not in structlog.contextvars.get_contextvars()


async def test_what_is_committed_together_is_one_line_that_names_each(world: World) -> None:
    client = await world.as_(CLERK)
    await client.get("/api/v1/whistles")  # the token is known from here on, so that none waits for it alone
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        answers = await asyncio.gather(*(client.post("/api/v1/whistles", json={"body": f"a{n}"}) for n in range(12)))
        await asyncio.sleep(0)
    raised = [line for line in logs if line["event"] == "whistle.raised"]
    told = [id for line in raised for id in line.get("whistles", line.get("whistle")).split(",")]
    assert sorted(told) == sorted(answer.json()["id"] for answer in answers)
    assert len(raised) < len(answers)
    assert all("request" not in line for line in raised if "whistles" in line)


async def test_who_was_refused_what_is_in_the_log(world: World) -> None:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        refused = await (await world.as_(ZJ)).post("/api/v1/whistles", json={"body": "漏水，电话 13800138000"})
        unknown = await world.client().get("/api/v1/whistles/2600000079")
        await (await world.as_(CLERK)).get("/api/v1/whistles")
    assert [refused.status_code, unknown.status_code] == [403, 401]
    lines = [line for line in logs if line["event"] == "request.refused"]
    assert [(line["code"], line["method"], line["route"], line["seat"]) for line in lines] == [
        (403, "POST", "/api/v1/whistles", ZJ),
        (401, "GET", "/api/v1/whistles/{ref}", None),
    ]
    assert lines[0]["request"] == refused.headers["x-request-id"]


async def test_methods_that_are_not_there(world: World) -> None:
    client = await world.as_(CLERK)
    for method, path in (("DELETE", "/api/v1/whistles"), ("PUT", "/api/v1/whistles/1"), ("GET", "/api/v1/actions")):
        answer: httpx.Response = await client.request(method, path)
        assert answer.status_code == 405, path
        assert answer.headers["content-type"] == "application/problem+json"


async def test_people_get_pages_and_programs_problems(world: World) -> None:
    client = world.client()
    page = await client.get("/nowhere", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.status_code == 404
    problem = await client.get("/api/v1/nowhere", headers={"Accept": "text/html"})
    assert problem.headers["content-type"] == "application/problem+json"
