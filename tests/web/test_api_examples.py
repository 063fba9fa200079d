"""The document's examples are true: every body is taken, each action's is done, every answer is of its schema."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import jsonschema_rs
import pytest
from pydantic import TypeAdapter

from dispatch.clock import VirtualClock
from dispatch.steps.escalate import sweep
from dispatch.web.api.acts import ACTS, ADAPTERS
from dispatch.web.api.answers import SCHEMAS
from dispatch.web.api.examples import ACTIONS
from dispatch.web.api.examples import answers as typical
from dispatch.web.api.raising import WHISTLE
from tests.factories import (
    ADMIN,
    BUILDING_HEAD,
    CLERK,
    DESK,
    FIRE_DOOR,
    OTHER_CLERK,
    SECRETARY,
    SLOW,
    XF,
    ZJ,
    World,
    monday,
    open_world,
)
from tests.web.calling import picture
from tests.web.letters import letter
from tests.web.test_labels import (
    CANCEL,
    CLOSE,
    DONE,
    EXTEND,
    HAND_BACK,
    HOLD,
    INSTRUCT,
    RATE,
    REJECT,
    RESOLVE,
    SIGN,
    VERIFY,
    Deed,
    do,
)

OBJECT: Deed = (ZJ, "object", {"text": "办得很好"})
AGAIN: Deed = (ZJ, "resolve", {"reply": "又修了", "reason": "协办还没到，灯先修好了"})
TABLE: Deed = (SECRETARY, "consult", {"units": ["ZJ", "CG"], "at": "2026-06-18T09:00:00+08:00", "text": "定"})
TRANSFER: Deed = (CLERK, "transfer", {"to": "130403010"})
ARRIVE: Deed = (ZJ, "arrive", {"latitude": 36.61, "longitude": 114.5})

#: action → who does it, and what went before
BEFORE: dict[str, tuple[str, tuple[Deed, ...]]] = {
    "report-in": (ZJ, ()),
    "arrive": (ZJ, ()),
    "leave": (ZJ, (SIGN, ARRIVE)),
    "note": (ZJ, (SIGN,)),
    "resolve": (ZJ, (SIGN,)),
    "hand-back": (ZJ, ()),
    "request-extension": (ZJ, (SIGN,)),
    "request-hold": (ZJ, (SIGN,)),
    "withdraw": (ZJ, (SIGN, HOLD)),
    "explain": ("unit:ZJ:principal", (SIGN,)),
    "sign-instruction": (ZJ, (INSTRUCT,)),
    "object": (ZJ, (*DONE, RATE)),
    "call": (CLERK, (SIGN,)),
    "keep": (CLERK, ()),
    "verify": (CLERK, (SIGN, RESOLVE)),
    "feedback": (CLERK, (SIGN, RESOLVE, VERIFY)),
    "callback": (CLERK, DONE),
    "evaluate": (CLERK, DONE),
    "close": (CLERK, DONE),
    "cancel": (CLERK, ()),
    "request-cancel": (CLERK, (SIGN, ARRIVE)),
    "transfer": (CLERK, ()),
    "accept-transfer": (OTHER_CLERK, (TRANSFER,)),
    "decline-transfer": (OTHER_CLERK, (TRANSFER,)),
    "deny-arrival": (CLERK, (SIGN, ARRIVE)),
    "reopen": (CLERK, (*DONE, CLOSE)),
    "add-child": (CLERK, (SIGN,)),
    "assign": (DESK, ()),
    "rule": (DESK, (HAND_BACK,)),
    "decide-extension": (DESK, (SIGN, EXTEND)),
    "decide-hold": (SECRETARY, (SIGN, HOLD)),
    "decide-cancel": (DESK, (SIGN, ARRIVE, CANCEL)),
    "decide-objection": (DESK, (*DONE, RATE, OBJECT)),
    "decide-review": (DESK, (SIGN, RESOLVE, REJECT, AGAIN, REJECT)),
    "resume": (CLERK, (SIGN, HOLD, (SECRETARY, "decide-hold", {"granted": True}))),
    "merge": (DESK, ()),
    "unmerge": (DESK, ()),
    "urge": (CLERK, ()),
    "instruct": (SECRETARY, ()),
    "take-over": (SECRETARY, (SIGN,)),
    "send-down": (SECRETARY, (SIGN, (SECRETARY, "take-over", {}))),
    "send-up": (BUILDING_HEAD, ()),
    "consult": (SECRETARY, (SIGN,)),
    "decide-consult": (SECRETARY, (SIGN, (ZJ, "consult", {"units": ["CG"]}))),
    "minutes": (SECRETARY, (SIGN, TABLE)),
}


@pytest.fixture
async def turned(demo_url: str) -> AsyncIterator[tuple[World, VirtualClock]]:
    """A service on a Monday in June; its time is turned."""
    clock = VirtualClock(monday(9))
    world = await open_world(demo_url, virtual=clock.now)
    yield world, clock
    await world.close()


def test_every_action_has_an_example() -> None:
    assert set(ACTIONS) == set(ACTS) == set(BEFORE)


@pytest.mark.parametrize("action", ACTS)
async def test_the_example_of_an_action_is_done(turned: tuple[World, VirtualClock], action: str) -> None:
    world, _clock = turned
    seat, before = BEFORE[action]
    if action == "send-up":
        number = (await world.raised(SLOW, seat=BUILDING_HEAD))["number"]
    else:
        number = (await world.whistle("楼上总有人走来走去" if action == "assign" else SLOW))["number"]
    given = dict(ACTIONS[action])
    if action in ("merge", "unmerge"):
        main = str((await world.whistle(SLOW))["number"])
        given |= {"into": main} if action == "merge" else {}
        before = ((DESK, "merge", {"into": main}),) if action == "unmerge" else ()
    await do(world, number, *before)
    assert given.pop("version") >= 1
    answer = await world.act(number, action, seat=seat, **given)
    assert answer.status_code == 200, answer.text
    assert answer.json()["version"] >= 1


def bodies(document: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """Operation → the name of its body's model, and the example."""
    found: dict[str, tuple[str, Any]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is not None:
                model = content["schema"]["$ref"].rsplit("/", 1)[-1]
                found[f"{method.upper()} {path}"] = model, content["example"]
    return found


async def test_every_body_has_an_example_that_its_model_takes(world: World) -> None:
    document = (await world.client().get("/openapi.json")).json()
    found = bodies(document)
    adapters: dict[str, TypeAdapter[Any]] = {**SCHEMAS, "NewWhistle": WHISTLE}
    assert len(found) >= len(ACTS) + 9
    for operation, (model, example) in found.items():
        adapters[model].validate_python(example, strict=False)
        jsonschema_rs.validator_for(
            {"$ref": f"#/components/schemas/{model}", "components": document["components"]}
        ).validate(example)
        action = operation.rpartition("/actions/")[2]
        if action in ADAPTERS:
            ADAPTERS[action].validate_python(example, strict=False)


async def test_every_answer_has_a_typical_one_of_its_schema(world: World) -> None:
    document = (await world.client().get("/openapi.json")).json()
    examples = document["components"]["examples"]
    used = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status in operation["responses"].keys() & {"200", "201"}:
                content = operation["responses"][status]["content"].get("application/json")
                if content is None:
                    assert path == "/api/v1/photos/{id}"
                    continue
                where = (method, path, status)
                schema = content["schema"] | {"components": document["components"]}
                if "examples" in content:
                    name = content["examples"]["typical"]["$ref"].rsplit("/", 1)[-1]
                    used.add(name)
                    value = examples[name]["value"]
                else:
                    own = document["components"]["schemas"][content["schema"]["$ref"].rsplit("/", 1)[-1]]
                    value = content["example"] if "example" in content else own["example"]
                assert value, where
                jsonschema_rs.validator_for(schema).validate(value)
    assert used == set(examples)


async def asked(world: World, clock: VirtualClock) -> dict[str, Any]:
    """What the calls really answer, by the name of their schema."""
    number = (await world.whistle(SLOW, reporter={"name": "示例居民", "phone": "13800000000"}))["number"]
    held, other = [(await world.whistle(SLOW))["number"] for _ in range(2)]
    await do(world, held, SIGN, HOLD, (SECRETARY, "decide-hold", {"granted": True}))
    await world.whistle("楼上总有人走来走去")
    clock.advance(timedelta(days=5))
    while await sweep(world.service):
        clock.advance(timedelta(minutes=1))
    kept, clerk, desk, admin = await letter(world), *[await world.as_(seat) for seat in (CLERK, DESK, ADMIN)]
    pair = {"whistle": str(other), "into": str(number)}

    async def got(path: str, client: Any = clerk) -> Any:
        answer = await client.get(f"/api/v1{path}")
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    async def put(path: str, body: Any, client: Any = clerk) -> Any:
        answer = await client.post(f"/api/v1{path}", json=body)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    found = {
        "Whistle": await got(f"/whistles/{number}"),
        "Page": await got("/whistles"),
        "Why": await got(f"/whistles/{number}/deadline"),
        "Nodes": await got("/nodes?q=广泰"),
        "NodesNear": await got("/nodes/near?latitude=36.6221&longitude=114.5072"),
        "Units": await got("/units"),
        "Duties": await got("/duties"),
        "Policies": await got("/policies"),
        "Forecast": await put("/routing/explain", {"body": FIRE_DOOR}),
        "Results": await put("/actions", [{"ref": str(number), "action": "urge"}]),
        "Reporter": await put(f"/whistles/{number}/reporter", {"reason": "callback"}),
        "Chain": await got("/chain", await world.as_(SECRETARY)),
        "Holds": await got("/holds"),
        "Me": await got("/me"),
        "Desk": await got("/desk", desk),
        "Decided": await put("/desk/repeats", {"decision": "take", "pairs": [pair]}, desk),
        "Confirmed": await put("/desk/clock", {"at": "2026-06-15T09:00:00+08:00"}, desk),
        "Letters": await got("/desk/letters", admin),
        "Letter": await got(f"/desk/letters/{kept}", admin),
        "Settled": await put("/desk/letters", {"action": "discard", "ids": [str(kept)], "why": "试发的"}, admin),
    }
    sent = await (await world.as_(XF)).post("/api/v1/photos", files={"file": ("a.jpg", picture(), "image/jpeg")})
    return found | {"Photo": sent.json()}


def members(value: Any) -> Any:
    """The names in an answer and in the first of each list in it."""
    if isinstance(value, dict):
        return set(value)
    return [members(one) for one in value[:1]] if isinstance(value, list) else type(value)


async def test_the_typical_answers_have_the_members_of_real_ones(turned: tuple[World, VirtualClock]) -> None:
    for name, real in (await asked(*turned)).items():
        example = typical()[name]
        assert members(example) == members(real), name
        for part in real if isinstance(real, dict) else ():
            if isinstance(real[part], list) and isinstance(example[part], list) and real[part] and example[part]:
                assert members(example[part]) == members(real[part]), (name, part)
