"""Secrets that must be read again stand in the database sealed; the keys are the deployment's, never the database's.

From `DISPATCH_SECRET_KEY` come two keys (HKDF, RFC 5869): one seals second factors, one is the pepper of passwords.
With an earlier one in `DISPATCH_SECRET_KEY_OLD` what was made with it goes on working, and is made anew with the
present one where it is used.
"""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12  # bytes, as AES-GCM wants it


class Unreadable(Exception):
    """Sealed with a key that is not known any more, for somebody else, or damaged."""


class _Keys:
    """What is made from one secret. `name` tells it from others and says nothing about it."""

    def __init__(self, secret: str) -> None:
        def derived(what: str, length: int = 32) -> bytes:
            return HKDF(SHA256(), length, salt=None, info=f"dispatch {what}".encode()).derive(secret.encode())

        self.cipher = AESGCM(derived("second factor"))
        self.pepper = derived("password")
        self.name = derived("name of the password key", 4).hex()


class Sealer:
    """Seals with AES-256-GCM, peppers with HMAC-SHA256: with the present secret; reads with earlier ones too."""

    def __init__(self, secret: str, *earlier: str) -> None:
        """`secret`: what `DISPATCH_SECRET_KEY` holds; `earlier`: what it held before."""
        self._present = _Keys(secret)
        self._known = (self._present, *map(_Keys, earlier))
        self.name = self._present.name

    def seal(self, text: str, owner: str) -> bytes:
        """The text so that only this deployment reads it, and only as this owner's."""
        nonce = os.urandom(_NONCE)
        return nonce + self._present.cipher.encrypt(nonce, text.encode(), owner.encode())

    def open(self, sealed: bytes, owner: str) -> tuple[str, bool]:
        """What was sealed, and whether with the present secret. Raises `Unreadable`."""
        for keys in self._known:
            try:
                text = keys.cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode()).decode()
            except (InvalidTag, ValueError):
                continue
            return text, keys is self._present
        raise Unreadable

    def pepper(self, password: bytes, name: str) -> bytes | None:
        """What is hashed in place of a password, by the secret of this name; None: none is called so any more."""
        keys = next((one for one in self._known if one.name == name), None)
        return hmac.digest(keys.pepper, password, "sha256") if keys else None
