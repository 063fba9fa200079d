"""Full text for a language without spaces: a text is found by its pairs of neighbouring characters.

The index keeps them (`word_pairs` in the migrations); whoever asks writes words, with spaces between them if several
must stand in the text. What the index finds is looked at once more as it was written.
"""

from dispatch.store.connection import Connection

#: what is searched: title, body, and the last four digits of the number, by which people call it; as it is indexed
SAID = "w.title || ' ' || w.body || ' ' || right(w.number::text, 4)"
INDEXED = f"word_pairs({SAID})"
#: so many words of a question are looked for
WORDS = 8
#: rows looked at one after the other, in the list's own order, before the index is asked: a word that fills a page
#: from among them is so common that the index would bring a good part of all there is
WALKED = 2000
_SMALL = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def words(text: str) -> list[str]:
    """The words of a question, each once."""
    return list(dict.fromkeys(text.split()))[:WORDS]


def question(text: str) -> str:
    """A text as PostgreSQL's tsquery: every pair of every word; one character alone is the beginning of a pair."""
    asked: dict[str, None] = {}
    for word in words(text.translate(_SMALL)):
        if len(word) == 1:
            asked[f"{_quoted(word)}:*"] = None
        asked |= dict.fromkeys(_quoted(word[i : i + 2]) for i in range(len(word) - 1))
    return " & ".join(asked)


async def sort_in(connection: Connection) -> None:
    """Put what came in since into the index's order, so that neither intake nor a search has to."""
    await connection.execute("SELECT sort_in_whistle_pairs()")


def _quoted(pair: str) -> str:
    """As a lexeme, its own signs meaning themselves."""
    return "'" + pair.replace("\\", "\\\\").replace("'", "''") + "'"


def like(text: str) -> str:
    """A text as part of a LIKE pattern, its own signs meaning themselves."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


__all__ = ["INDEXED", "SAID", "WALKED", "like", "question", "sort_in", "words"]
