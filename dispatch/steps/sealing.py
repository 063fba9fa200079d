"""Secrets that must be read again stand in the database sealed; the key is the deployment's, never the database's."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12  # bytes, as AES-GCM wants it


class Unreadable(Exception):
    """Sealed with another key, for somebody else, or damaged."""


class Sealer:
    """Seals with AES-256-GCM under a key made from the deployment's secret (HKDF, RFC 5869)."""

    def __init__(self, secret: str) -> None:
        """`secret`: what `DISPATCH_SECRET_KEY` holds."""
        key = HKDF(SHA256(), 32, salt=None, info=b"dispatch second factor").derive(secret.encode())
        self._cipher = AESGCM(key)

    def seal(self, text: str, owner: str) -> bytes:
        """The text so that only this deployment reads it, and only as this owner's."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, text.encode(), owner.encode())

    def open(self, sealed: bytes, owner: str) -> str:
        """What was sealed. Raises `Unreadable`."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Unreadable from error
