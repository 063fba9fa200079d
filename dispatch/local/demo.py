"""Demo mode: the demo district loaded, tokens for every role, the past lived once, and one file that tells of it all.

`.dispatch/demo.json` is the contract for scripts: address, metrics, and an account for each role.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from dispatch.clock import new_id
from dispatch.domain.reference import Reference, node_seat, unit_seat
from dispatch.domain.turn import ZONE
from dispatch.local.demo_plan import FAVOURITE
from dispatch.local.demo_seed import seed
from dispatch.local.trouble import Trouble
from dispatch.settings import Settings
from dispatch.steps.load import load
from dispatch.steps.reading.marked import BrokenFilesError
from dispatch.steps.rules import Rules
from dispatch.steps.standing import sign_in_of
from dispatch.store import accounts, people
from dispatch.store.database import Database
from dispatch.store.references import Overlooked

log = structlog.get_logger(__name__)

DISTRICT = Path(__file__).parents[2] / "deploy" / "demo"
FILE = "demo.json"
#: what the names of the demo's tokens begin with; the seat follows
TOKENS = "demo"
LASTS = timedelta(days=365)
#: whose chain the five demo identities in charge stand on: 广泰小区3号楼, deepest first
CHAIN = f"{FAVOURITE}-D01-X1-B3"

Account = dict[str, Any]


async def prepare(settings: Settings) -> None:
    """Load the demo district, make tokens, live the past (once), write `demo.json`. A second start adds nothing.

    Raises `Trouble` with one line where the demo's files or the data folder are not usable.
    """
    if settings.database_url is None:
        raise Trouble("Demo mode has no database.", "Start it with `dispatch up --demo`.")
    url = settings.database_url.get_secret_value()
    database = await Database.connect(url, size=2)
    try:
        done = await _load(database)
        rules = Rules(database)
        await rules.refresh()
        reference = rules.of(done)
        listed = await ensure_tokens(database, reference, settings.data / FILE)
    finally:
        await database.close()
    write(settings.data / FILE, {"url": settings.url, "metrics": settings.metrics, "accounts": listed})
    seeded = await seed(url, done, DISTRICT / "seed.yaml")
    log.info("demo.ready", whistles=seeded.whistles, acts=seeded.acts, refused=seeded.refused, accounts=len(listed))


async def _load(database: Database) -> str:
    if not DISTRICT.is_dir():
        raise Trouble(f"The demo's files are not at {DISTRICT}.", "Start from a clone of the repository.")
    try:
        done = await load(database, DISTRICT, "demo")
    except BrokenFilesError as broken:
        raise Trouble(
            f"The demo's files are broken: {broken.errors[0]}", "Mend them, or check them out again."
        ) from None
    except Overlooked as found:
        raise Trouble(
            f"The demo's files changed, and so did the rules at the desk ({found}).",
            "Load them by hand: dispatch load deploy/demo --over-desk",
        ) from None
    if done.changed:
        log.info("demo.loaded", district=done.district, versions=dict(done.versions), persons=done.people.persons)
    return done.district


async def ensure_tokens(database: Database, reference: Reference, file: Path) -> list[Account]:
    """The accounts of the demo with tokens that work: those of `file` where they still do, new ones else."""
    now = await database.now()
    wanted = list(identities(reference, now))
    known = _known(file)
    listed: list[Account] = []
    made: list[people.Token] = []
    async with database.transaction() as uow:
        for seat, account in wanted:
            token = known.get(account["sign_in"])
            row = await accounts.token(uow.connection, _digest(token), now) if token else None
            if token is None or row is None or row.holder.seat.code != seat:
                token = secrets.token_urlsafe(32)
                made.append(people.Token(new_id(), _digest(token), account["person"], seat, f"{TOKENS} {seat}"))
            account["token"] = token
            listed.append({key: value for key, value in account.items() if key != "person"})
        names = [TOKENS, *(f"{TOKENS} {seat}" for seat in reference.people.seats)]
        await people.revoke_tokens(uow, names, [_digest(account["token"]) for account in listed], now)
        await people.add_tokens(uow, made, now, now + LASTS)
    return listed


def identities(reference: Reference, now: datetime) -> Iterator[tuple[str, Account]]:
    """Seat and account of everybody in `demo.json`; a vacant seat is left out."""
    root = reference.tree.roots()[0]
    streets = sorted(reference.tree.children(root.code), key=lambda node: node.code != FAVOURITE)
    seats = [("street-clerk", node_seat(street.code, "clerk")) for street in streets]
    seats += [("liaison", unit_seat(unit.code, "liaison")) for unit in reference.units.all]
    seats += [("person-in-charge", node_seat(node.code)) for node in reference.tree.chain(CHAIN) if node is not None]
    for role, post in (("desk", "dispatcher"), ("administrator", "administrator"), ("auditor", "auditor")):
        seats.append((role, node_seat(root.code, post)))
    for role, code in seats:
        seat, person = reference.people.seats.get(code), reference.people.holder(code, now.astimezone(ZONE).date())
        if seat is None or person is None:
            continue
        yield (
            code,
            {
                "role": role,
                "name": person.name,
                "node": seat.node,
                "unit": seat.unit,
                "sign_in": sign_in_of(person.code),
                "person": person.code,
            },
        )


def write(file: Path, content: Mapping[str, Any]) -> None:
    """Replace the file in one step, readable by its owner only. Raises `OSError`."""
    file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    making = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(content, out, ensure_ascii=False, indent=1)
        out.write("\n")
    making.replace(file)


def _known(file: Path) -> dict[str, str]:
    """Tokens by sign-in from an earlier start; none where the file is missing or not ours."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return {str(row["sign_in"]): str(row["token"]) for row in content["accounts"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
