"""Where a command works: the database of the settings, or the embedded one of a running `dispatch up`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from dispatch.local.trouble import Trouble
from dispatch.settings import Settings
from dispatch.steps.import_files import WrongFile
from dispatch.steps.import_mapping import ImportMapping, read_mapping
from dispatch.steps.reading.marked import BrokenFilesError
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store.database import Database
from dispatch.store.errors import Unavailable

MAPPINGS = Path(__file__).parents[3] / "deploy" / "demo" / "import"
#: numbers are leased in blocks of so many by an import
BLOCK = 2000


def database_url(settings: Settings) -> str:
    """The database's address, the embedded one's where none is set. Raises `Trouble`."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    from dispatch.local.postgres import EmbeddedPostgres
    from dispatch.local.postgres_files import home_for, unprivileged

    account = unprivileged(settings.postgres_account)
    home = home_for(settings.data.resolve(), account)
    if not home.exists():
        raise Trouble("There is no database here yet.", "Start `dispatch up` first, or set DISPATCH_DATABASE_URL.")
    return EmbeddedPostgres(home, account=account).url()


@asynccontextmanager
async def service(settings: Settings) -> AsyncIterator[Service]:
    """A service of this process's own, its rules loaded. Raises `Trouble` where the database does not answer."""
    from dispatch.clock import new_id
    from dispatch.store.numbers import Numbers

    url = database_url(settings)
    try:
        database = await Database.connect(url, size=4, application="dispatch-command")
    except Unavailable as error:
        if settings.database_url is not None:
            raise
        raise Trouble(
            f"The embedded database does not answer ({error}).", "It runs while `dispatch up` does: start that first."
        ) from None
    try:
        rules = Rules(database)
        await rules.refresh()
        yield Service(database, rules, Numbers(database, "whistle", BLOCK), new_id)
    finally:
        await database.close()


def mapping_named(name: str) -> ImportMapping:
    """The mapping of this name, or in this file. Raises `Trouble`."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else MAPPINGS / f"{name}.yaml"
    try:
        return read_mapping(path)
    except BrokenFilesError as broken:
        raise _trouble(broken) from None


def _trouble(broken: BrokenFilesError) -> Trouble:
    return Trouble("; ".join(map(str, broken.errors[:20])), "Nothing was changed.")


def trouble_of(error: BrokenFilesError | WrongFile) -> Trouble:
    """What is wrong with a file, for a person at the terminal."""
    return _trouble(error) if isinstance(error, BrokenFilesError) else Trouble(str(error), "没有导入任何一行。")
