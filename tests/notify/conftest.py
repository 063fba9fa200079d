"""The same whole service as the web's tests have."""

from tests.web.conftest import demo_database, demo_url, world

__all__ = ["demo_database", "demo_url", "world"]
