"""Published versions stay as they were published."""

import copy

import orjson
import pytest

from schemas.snapshot import FOLDER, breaks, published


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.json")))
def test_a_published_version_is_not_broken(name: str) -> None:
    stored = orjson.loads((FOLDER / name).read_bytes())
    current = published().get(name)
    assert current is not None, f"{name} was published; it must stay readable"
    assert breaks(stored, current) == []


def test_the_files_are_up_to_date() -> None:
    stored = {path.name: orjson.loads(path.read_bytes()) for path in FOLDER.glob("*.json")}
    assert stored == orjson.loads(orjson.dumps(published())), "run: python -m schemas.snapshot"


def test_breaking_changes_are_seen() -> None:
    old = orjson.loads(orjson.dumps(published()["whistle-raised.v1.json"]))
    for break_it in (
        lambda new: new["types"].clear(),
        lambda new: new["schema"]["required"].remove("number"),
        lambda new: new["schema"]["properties"].pop("place"),
        lambda new: new["schema"]["properties"]["kind"]["enum"].remove("appeal"),
    ):
        new = copy.deepcopy(old)
        break_it(new)
        assert breaks(old, new), "a breaking change was let through"
    grown = copy.deepcopy(old)
    grown["schema"]["properties"]["extra"] = {"type": "integer"}
    assert breaks(old, grown) == []
