"""The only translation of driver errors: what the rest of the service may know of the database's moods."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg


class StoreError(Exception):
    """Anything the store could not do."""


class Unavailable(StoreError):
    """The database or the way to it is gone, or too busy: nothing is wrong with the data; try again later."""


class TimeRanOut(Unavailable):
    """It was given up before it was done (statement or lock timeout): less at once may do what all at once does not."""


class Rejected(StoreError):
    """The database refused this data, and will refuse it again."""


class Unfit(Rejected):
    """Refused for what nobody's data explain (a statement of ours is wrong): it will be again, until it is mended."""


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
    # the schema is being migrated or restored under us: not the data's fault
    asyncpg.exceptions.UndefinedTableError,
    asyncpg.exceptions.UndefinedColumnError,
    asyncpg.exceptions.UndefinedFunctionError,
    asyncpg.exceptions.InvalidSchemaNameError,
    asyncpg.exceptions.InsufficientPrivilegeError,
    asyncpg.exceptions.InvalidCachedStatementError,
    asyncpg.exceptions.InvalidSQLStatementNameError,
    # the disk, not the record
    asyncpg.exceptions.DataCorruptedError,
    asyncpg.exceptions.IndexCorruptedError,
)
_TIME: tuple[type[BaseException], ...] = (
    asyncpg.exceptions.QueryCanceledError,
    asyncpg.exceptions.LockNotAvailableError,
)
#: refused for their content, one way or the other
_DATA: tuple[type[BaseException], ...] = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.exceptions.ProgramLimitExceededError,
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn driver errors into `Unavailable` (or its `TimeRanOut`) or `Rejected`; everything else passes."""
    try:
        yield
    except _DATA as error:
        raise Rejected(f"{type(error).__name__}: {error}") from error
    except _TIME as error:
        raise TimeRanOut(f"{type(error).__name__}: {error}") from error
    except _AWAY as error:
        # asyncpg's DataError for parameters is an InterfaceError *and* a ValueError: data, not weather
        if isinstance(error, ValueError) and isinstance(error, asyncpg.InterfaceError):
            raise Rejected(str(error)) from error
        raise Unavailable(f"{type(error).__name__}: {error}") from error
    except asyncpg.PostgresError as error:
        raise Unfit(f"{type(error).__name__}: {error}") from error
