"""Each published version as a file: `python -m schemas.snapshot` writes what is new.

A changed shape is a new version: give it a new model and type, keep the old file, add the step in `upcast.py`.
"""

from pathlib import Path
from typing import Any

import orjson

from schemas import registry

FOLDER = Path(__file__).parent / "snapshots"


def published() -> dict[str, dict[str, Any]]:
    """The current JSON schema of each model, with the types that carry it, by file name."""
    return {
        f"{_name(model.__name__)}.json": {
            "types": sorted(shape.type for shape in registry.SHAPES if shape.model is model),
            "schema": model.model_json_schema(),
        }
        for model in registry.MODELS
    }


def _name(model: str) -> str:
    """WhistleRaisedV1 → whistle-raised.v1"""
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in model).lstrip("-")
    return words.replace("-v", ".v") if words[-3:-1] == "-v" else words


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Why a record written by `old` might not be read by `new`, or the other way round; empty: it only grew."""
    told = [f"type {each} is gone" for each in old["types"] if each not in new["types"]]
    olds = {"data": old["schema"], **old["schema"].get("$defs", {})}
    news = {"data": new["schema"], **new["schema"].get("$defs", {})}
    for name, shape in olds.items():
        now = news.get(name, {})
        if sorted(shape.get("required", [])) != sorted(now.get("required", [])):
            told.append(f"{name}: other fields are required")
        if "properties" not in shape and _bare(shape) != _bare(now):
            told.append(f"{name} is another shape")
        for field, kind in shape.get("properties", {}).items():
            if _bare(kind) != _bare(now.get("properties", {}).get(field)):
                told.append(f"{name}.{field} is another shape, or gone")
    return told


def _bare(schema: Any) -> Any:
    """Without the words that mean nothing to a machine."""
    if isinstance(schema, dict):
        return {name: _bare(each) for name, each in schema.items() if name not in ("title", "description")}
    return [_bare(each) for each in schema] if isinstance(schema, list) else schema


def main() -> None:
    """Write the snapshots that do not stand yet or only grew. Exits with the reason where one would break."""
    for name, content in published().items():
        path = FOLDER / name
        if path.exists() and (told := breaks(orjson.loads(path.read_bytes()), content)):
            raise SystemExit(f"{name}: {'; '.join(told)}. Make a new version instead.")
        path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")


if __name__ == "__main__":
    main()
