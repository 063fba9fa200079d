"""A text changed against one version, brought onto another: what both changed is left to a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

#: what stands before a line that could not be brought over
MARK = "# 未能并入："


@dataclass(frozen=True, slots=True)
class Rebased:
    """The text on the newer version; `clashes`: how many pieces both changed (they stand in it as comments)."""

    text: str
    clashes: int


def rebase(base: str, mine: str, theirs: str) -> Rebased:
    """The changes from `base` to `mine`, made to `theirs`.

    Where both changed the same lines, theirs stand, and mine follow as comments: in force is what was approved.
    """
    old, left, right = base.splitlines(), mine.splitlines(), theirs.splitlines()
    out: list[str] = []
    clashes = 0
    for lines, ours, others in _pieces(old, left, right):
        if ours in (lines, others):
            out += others
        elif others == lines:
            out += ours
        else:
            clashes += 1
            out += others
            out += [f"{MARK}{line.strip()}" for line in ours if line.strip() and line not in others]
    return Rebased("\n".join(out) + "\n", clashes)


def _pieces(
    old: Sequence[str], left: Sequence[str], right: Sequence[str]
) -> Iterator[tuple[Sequence[str], Sequence[str], Sequence[str]]]:
    """Base, mine and theirs in pieces that end where all three have the same line."""
    in_left, in_right = _kept(old, left), _kept(old, right)
    at = (0, 0, 0)
    for n in range(len(old) + 1):
        if n == len(old):
            here = (n, len(left), len(right))
        elif n in in_left and n in in_right:
            here = (n, in_left[n], in_right[n])
        else:
            continue
        if here != at:
            yield old[at[0] : here[0]], left[at[1] : here[1]], right[at[2] : here[2]]
        if n < len(old):
            yield ([old[n]],) * 3
        at = (here[0] + 1, here[1] + 1, here[2] + 1)


def _kept(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Lines of the old text that stand in the new one, and where."""
    blocks = SequenceMatcher(None, old, new).get_matching_blocks()
    return {block.a + n: block.b + n for block in blocks for n in range(block.size)}
