"""YAML with the line of every value: plain data, every scalar a string, no surprises of YAML 1.1.

`no`, `0123`, `22:00` and `2026-01-01` stay what they look like; what a field means is for its reader to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any

import yaml

Path = tuple[str | int, ...]
TOO_MANY = 1_000_000
#: what a Chinese keyboard writes where YAML wants its own
WIDE = re.compile("[，：；【】［］｛｝“”‘’＂＇]")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class FileError:
    """One thing wrong in a file: where (1-based line), which field, what stands there, what to do.

    `remedy` is the sentence in Chinese; `template` is it with `{name}` where it takes `params`, to be translated.
    """

    file: str
    line: int
    field: str
    value: str
    remedy: str
    template: str = ""
    params: Mapping[str, object] = default(default_factory=dict)

    def __str__(self) -> str:
        stands = f"「{self.value}」" if self.value else ""
        return f"{self.file}:{self.line} {self.field}{stands}:{self.remedy}"


class BrokenFilesError(ValueError):
    """The files cannot be used; `errors` names everything that was found wrong, in order. Nothing has changed."""

    def __init__(self, errors: list[FileError]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Marked:
    """A file's data (mappings, lists, strings, None) and the line of each path in it."""

    file: str
    data: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_marked(file: str, text: str) -> Marked:
    """The text of a YAML file as data with lines. Raises `BrokenFilesError` for what is not YAML."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise BrokenFilesError([_unread(file, text, error)]) from error
    except yaml.YAMLError as error:  # e.g. a control character
        raise BrokenFilesError([FileError(file, 1, "YAML", str(error)[:80], "请删去不能用的字符")]) from error
    lines: dict[Path, int] = {}
    errors: list[FileError] = []
    data = _plain(node, (), file, lines, errors) if node is not None else {}
    if errors:
        raise BrokenFilesError(errors)
    return Marked(file, data, lines)


def _unread(file: str, text: str, error: yaml.MarkedYAMLError) -> FileError:
    """Where the text stops being YAML, and what most often is the reason; the parser's own words are no help."""
    marks = [mark for mark in (error.problem_mark, error.context_mark) if mark]
    line, lines = (marks[0].line if marks else 0), text.splitlines()
    for at in (*(mark.line for mark in marks), line - 1):
        shown = lines[at] if 0 <= at < len(lines) else ""
        wide = WIDE.search(shown)
        if wide:
            return FileError(file, at + 1, "YAML", wide.group(), "这是全角标点；逗号、冒号、引号、括号请用半角的")
        if "\t" in shown[: len(shown) - len(shown.lstrip())]:
            return FileError(file, at + 1, "YAML", "Tab", "行首请用空格，不用制表符")
    shown = lines[line].strip()[:20] if line < len(lines) else ""
    return FileError(file, line + 1, "YAML", shown, "读不下去；请看这一行和上一行的逗号、引号、括号是不是成对")


def _plain(node: yaml.Node, path: Path, file: str, lines: dict[Path, int], errors: list[FileError]) -> Any:
    if len(lines) > TOO_MANY:
        raise BrokenFilesError([FileError(file, 1, "YAML", "…", "文件太大，或别名套别名，请拆开")])
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        text = str(node.value)
        return None if node.style is None and text in ("", "~", "null") else text
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, n), file, lines, errors) for n, item in enumerate(node.value)]
    out: dict[str, Any] = {}
    for key, value in _pairs(node):
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
        if name in out or not isinstance(key, yaml.ScalarNode):
            at, where = key.start_mark.line + 1, _dotted((*path, name))
            if name in out:
                errors.append(FileError(file, at, where, name, "同一处不能写两次，请删去一个"))
            else:
                errors.append(FileError(file, at, where, name, "键必须是文字"))
            continue
        out[name] = _plain(value, (*path, name), file, lines, errors)
    return out


def _pairs(node: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    yield from node.value


def _dotted(path: Path) -> str:
    return "/".join(map(str, path))
