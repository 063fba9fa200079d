"""Makes dispatch/steps/common_passwords.bin from lists of passwords known from leaks.

    python deploy/passwords/make.py dispatch/steps/common_passwords.bin FILE …

FILE: one password a line (`.gz` too), or a JSON list. Kept are those long enough to be chosen, and the words from which
longer ones are made (password → Password2024!): each as the first four bytes of its SHA-256, sorted.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from dispatch.steps.common_passwords import BYTES, digest

#: letters of the shortest word that counts, and how far down a list words are taken
WORD, FIRST = 4, 20_000
#: characters of the shortest password that is kept as a whole
WHOLE = 10


def read(path: Path) -> Iterator[str]:
    """The passwords of a file, the commonest first where the file has them so."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = data.decode("utf-8", "replace")
    yield from json.loads(text) if path.suffix == ".json" else text.splitlines()


def wanted(password: str, place: int) -> bool:
    """Long enough to be chosen, or a common word that others are made from."""
    word = place < FIRST and len(password) >= WORD and password.isascii() and password.isalpha()
    return word or len(password) >= WHOLE


def main(out: str, *files: str) -> None:
    """Write the list."""
    known = {
        digest(one)
        for file in files
        for place, line in enumerate(read(Path(file)))
        if wanted(one := line.strip().lower(), place)
    }
    Path(out).write_bytes(b"".join(sorted(known)))
    sys.stderr.write(f"{len(known)} passwords, {len(known) * BYTES} bytes\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
