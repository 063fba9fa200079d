"""A database of the demo district, for steps on real rules."""

from tests.web.conftest import demo_database, demo_url, lived, lived_url, world

__all__ = ["demo_database", "demo_url", "lived", "lived_url", "world"]
