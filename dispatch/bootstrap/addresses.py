"""Where the database and Kafka are, as their clients want to hear it; light, for commands that need no role."""

import ssl
from pathlib import Path
from typing import Any

from dispatch.settings import Settings


class NotSetUp(Exception):
    """A role cannot start; `str()` is one line with the remedy."""


def url_of(settings: Settings) -> str:
    """The database's address. Raises `NotSetUp` where none is set."""
    if settings.database_url is None:
        raise NotSetUp("DISPATCH_DATABASE_URL is not set: name a PostgreSQL, or start everything with `dispatch up`.")
    return settings.database_url.get_secret_value()


def kafka_of(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Kafka's address and the client's options as aiokafka names them. Raises `NotSetUp`."""
    if settings.kafka is None:
        raise NotSetUp("DISPATCH_KAFKA is not set: name a Kafka, or start everything with `dispatch up`.")
    tls, user = settings.kafka_ca is not None, settings.kafka_username is not None
    protocol = settings.kafka_protocol or ("SASL_" if user else "") + ("SSL" if tls else "PLAINTEXT")
    if protocol == "PLAINTEXT":
        return settings.kafka, {}
    client: dict[str, Any] = {"security_protocol": protocol}
    if protocol.endswith("_SSL") or protocol == "SSL":
        client["ssl_context"] = _trusting(settings.kafka_ca)
    if protocol.startswith("SASL"):
        if not user or settings.kafka_password is None:
            missing = "USERNAME" if not user else "PASSWORD"
            raise NotSetUp(f"DISPATCH_KAFKA_{missing} is not set: {protocol} signs in with a user and a password.")
        client["sasl_mechanism"] = settings.kafka_mechanism
        client["sasl_plain_username"] = settings.kafka_username
        client["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return settings.kafka, client


def _trusting(ca: Path | None) -> ssl.SSLContext:
    """Checks names and certificates, against this authority or this machine's own. Raises `NotSetUp`."""
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:  # an SSLError is one too
        raise NotSetUp(
            f"DISPATCH_KAFKA_CA={ca} cannot be read ({error.strerror or error}): name a PEM file."
        ) from error
