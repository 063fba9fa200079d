"""QR codes for paper, as one SVG path."""

from __future__ import annotations

from urllib.parse import quote

import segno

from dispatch.web.models.whistle import Qr

QUIET = 2  # modules; the slip's own white margin makes up the rest of the four that the standard asks for


def qr(text: str) -> Qr:
    """The QR code of `text` (error correction M), one module a unit."""
    rows = list(segno.make(text, error="m", micro=False).matrix)
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )
    return Qr(len(rows) + 2 * QUIET, path)


def door(base_url: str, code: str) -> Qr:
    """The QR code for a door: it opens the form with this place."""
    return qr(f"{base_url.rstrip('/')}/whistle?place={quote(code)}")
