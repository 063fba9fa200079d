"""A database of the demo district, for whistles whose steps are relayed."""

from tests.steps.test_audit_life import ground
from tests.web.conftest import demo_database

__all__ = ["demo_database", "ground"]
