"""Words by which a matter that no rule knows could be told from others: pieces of what its own title says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

#: so many characters of a piece; so many words; of so many others one may have a word too
SHORTEST, LONGEST = 2, 6
MOST = 3
ONE_IN = 100
#: of a piece longer than a word both ends stand for it
_END = 4
#: what stands between words, or carries nothing of the matter
_BETWEEN = re.compile(
    r"\d+[个只位户次件层]?|[^\u4e00-\u9fff]+|不知道?|能不能|小区|社区|街道|居民|反映"
    r"|[的了在是有和与被把就都很太又还也请给向从想谁吗呢吧啊个这那我你他她它们着]"
)


def telling(title: str, others: Sequence[str], taken: Collection[str], names: Iterable[str]) -> tuple[str, ...]:
    """Up to `MOST` words of a title, the rarest and longest first; none where nothing tells it apart.

    `others` are texts of other matters: at most one in `ONE_IN` of them has such a word. `taken` are words that rules
    have: one of them, or a part of one, is no new word. `names` (of places) are no words either.
    """
    for name in sorted((one for one in names if len(one) >= SHORTEST and one in title), key=len, reverse=True):
        title = title.replace(name, " ")
    rare: list[tuple[int, int, str]] = []
    for piece in dict.fromkeys(_pieces(title)):
        if any(piece in word for word in taken):
            continue
        common = sum(piece in text for text in others)
        if common <= len(others) // ONE_IN:
            rare.append((common, -len(piece), piece))
    return tuple(piece for _common, _length, piece in sorted(rare)[:MOST])


def _pieces(title: str) -> Iterator[str]:
    for piece in _BETWEEN.split(title):
        if SHORTEST <= len(piece) <= LONGEST:
            yield piece
        elif len(piece) > LONGEST:
            yield from (piece[:_END], piece[-_END:])
