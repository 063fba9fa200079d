"""The only translation of driver errors: what the rest of the service may know of the database's moods."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg


class StoreError(Exception):
    """Anything the store could not do."""


class Unavailable(StoreError):
    """The database or the way to it is gone, or too busy: nothing is wrong with the data; try again later."""


class Rejected(StoreError):
    """The database refused this data, and will refuse it again."""


_AWAY: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the connection ended while the driver was using it
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.TransactionRollbackError,
    asyncpg.exceptions.ObjectNotInPrerequisiteStateError,
    asyncpg.exceptions.InvalidTransactionStateError,
    asyncpg.exceptions.PostgresSystemError,
    asyncpg.exceptions.InvalidAuthorizationSpecificationError,
    asyncpg.exceptions.InvalidCatalogNameError,
    # the schema is being migrated under us: not the data's fault
    asyncpg.exceptions.UndefinedTableError,
    asyncpg.exceptions.UndefinedColumnError,
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn driver errors into `Unavailable` or `Rejected`; everything else passes."""
    try:
        yield
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        raise Rejected(f"{type(error).__name__}: {error}") from error
    except _AWAY as error:
        # asyncpg's DataError for parameters is an InterfaceError *and* a ValueError: data, not weather
        if isinstance(error, ValueError) and isinstance(error, asyncpg.InterfaceError):
            raise Rejected(str(error)) from error
        raise Unavailable(f"{type(error).__name__}: {error}") from error
    except asyncpg.PostgresError as error:
        raise Rejected(f"{type(error).__name__}: {error}") from error
