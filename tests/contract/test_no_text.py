"""Our own events carry ids, codes, times, numbers and rule ids; never free text, names or phones."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dispatch.domain
from schemas import lifecycle, registry, topics
from schemas.envelope import decode, encode
from schemas.fields import travelling

ID = UUID("01920000-0000-7000-8000-000000000001")
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def loose(schema: dict[str, Any], where: str) -> Iterator[str]:
    """Every string in a JSON schema that could hold a sentence."""
    if schema.get("type") == "string" and not (
        "enum" in schema
        or "const" in schema
        or schema.get("format") in ("uuid", "date-time")
        or schema.get("pattern") == "^[!-~]+$"
    ):
        yield where
    for name, each in schema.items():
        if isinstance(each, dict):
            yield from loose(each, f"{where}.{name}")
        elif isinstance(each, list):
            for item in each:
                if isinstance(item, dict):
                    yield from loose(item, f"{where}.{name}")


OURS = [shape for shape in registry.SHAPES if topics.INBOUND not in shape.topics]


@pytest.mark.parametrize("model", dict.fromkeys(shape.model for shape in OURS), ids=lambda model: model.__name__)
def test_no_field_of_ours_can_hold_text(model: Any) -> None:
    assert list(loose(model.model_json_schema(), model.__name__)) == []


def test_the_walk_finds_text() -> None:
    inbound = registry.NEWEST["whistle.inbound"].model
    assert any("body" in where for where in loose(inbound.model_json_schema(), "inbound"))


def fact(**data: Any) -> dict[str, Any]:
    event = lifecycle.from_domain(
        id=ID,
        type="noted",
        data=data,
        at=AT,
        whistle=ID,
        number=2600000017,
        district="130403",
        sequence=3,
        kind="appeal",
        status="handling",
        version=2,
        gen=1,
    )
    key, headers, payload = encode(event)
    decode(topics.LIFECYCLE, key, headers, payload)
    return dict(orjson.loads(payload)["detail"])


@pytest.mark.parametrize(
    "value",
    ["人民路塌陷", "two words", "13812345678", "11010519491231002X", "a\nb", "x" * 129, "", "tab\there", "naïve"],
)
def test_text_put_into_an_event_by_mistake_does_not_leave(value: str) -> None:
    assert fact(oops=value, fine="XF", deep={"in": [value, "CG"]}) == {"fine": "XF", "deep": {"in": ["CG"]}}


@given(st.text())
def test_what_travels_is_printable_ascii_without_blanks(value: str) -> None:
    if (left := travelling(value)) is not None:
        assert left == value
        assert all("!" <= letter <= "~" for letter in value)
        assert 0 < len(value) <= 128


def test_whistle_numbers_and_place_codes_travel() -> None:
    for code in ("2600000017", "130403011001", "130403011001001", "XF:liaison", "130403011-D01:head", "a@2026.1"):
        assert travelling(code) == code


def test_every_fact_of_the_rules_has_a_published_type() -> None:
    """A new event type in the rules must be declared in `schemas.lifecycle.FACTS`."""
    found = set()
    for path in Path(dispatch.domain.__file__ or "").parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "event"
                and len(node.args) > 1
                and isinstance(node.args[1], ast.Constant)
            ):
                found.add(node.args[1].value)
    assert found, "the rules write no events any more?"
    assert found - {"raised"} <= lifecycle.FACTS.keys()
