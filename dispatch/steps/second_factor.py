"""The second factor: time-based codes of an authenticator (RFC 6238) and recovery codes for when it is lost.

A code is taken once: its time step is kept, and no code of that step or an earlier one is taken again. Tries count on
the account together with those of the password.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
import structlog

from dispatch.domain.case import Actor
from dispatch.domain.refusals import Forbidden, Invalid
from dispatch.steps import passwords, sign_in
from dispatch.steps.sealing import Sealer, Unreadable
from dispatch.steps.sign_in import Session, digest
from dispatch.store import accounts, administration, second_factors, sessions, tickets
from dispatch.store.database import Database
from dispatch.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

#: seconds a code is for, its digits, and how many steps a clock may be off either way
STEP, DIGITS, AROUND = 30, 6, 1
RECOVERY_CODES = 10
#: without what is easily taken for something else
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUPS, _GROUP = 3, 4


class WrongCode(Forbidden):
    """Not signed in: the same words for a wrong code, one used already, and a locked account."""

    code = "code-refused"

    def __init__(self) -> None:
        super().__init__(
            "验证码不对，或者已经用过；请等下一个码再填，或者换一个恢复码；连错几次要等一会儿", field="code", value=None
        )


class Late(Forbidden):
    """The password was given too long ago, or the code was given already."""

    code = "sign-in-late"

    def __init__(self) -> None:
        super().__init__("这次登录搁得太久了；请从账号和密码重新来", field="name", value=None)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator is set up with: the secret in base32 and the address that its QR code holds."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a person has an authenticator, and how many recovery codes are unused."""

    on: bool
    codes_left: int


def step_of(moment: datetime) -> int:
    """The time step of a moment (RFC 6238: T0 = 0, X = 30 s)."""
    return int(moment.timestamp()) // STEP


def code_at(secret: str, step: int) -> str:
    """The code of a time step; `secret` in base32."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP).generate_otp(step)


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step around now whose code this is; None: of none."""
    middle = step_of(now)
    found = [
        step
        for step in range(middle - AROUND, middle + AROUND + 1)
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode("utf-8", "replace"))
    ]
    return found[-1] if found else None


def plain(code: str) -> str:
    """A code as typed, without spaces and dashes, in small letters; full-width digits become plain ones."""
    narrow = "".join(chr(ord(letter) - 0xFEE0) if "！" <= letter <= "～" else letter for letter in code)
    return "".join(letter for letter in narrow.lower() if letter.isalnum())


async def status(database: Database, person: str) -> Status:
    """What the person has."""
    async with database.acquire() as connection:
        row = await second_factors.of(connection, person)
        return Status(row is not None and row.confirmed, await second_factors.codes_left(connection, person))


async def begin(database: Database, sealer: Sealer, person: str) -> None:
    """Make a secret to be confirmed. Raises `Invalid` where an authenticator is in use already."""
    secret = pyotp.random_base32()
    async with database.transaction() as uow:
        if not await second_factors.begin(uow, person, sealer.seal(secret, person), await uow.now()):
            raise Invalid("已经绑定了身份验证器；要换，请先停用现在这个", field="code", value=None)


async def pending(database: Database, sealer: Sealer, person: str, issuer: str, account: str) -> Enrolment | None:
    """The secret that waits to be confirmed; None: there is none. `account` is what the authenticator shows."""
    async with database.acquire() as connection:
        row = await second_factors.of(connection, person)
    if row is None or row.confirmed:
        return None
    try:
        secret, _present = sealer.open(row.sealed, person)
    except Unreadable:
        return None
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer))


async def confirm(database: Database, sealer: Sealer, person: str, code: str, password: str) -> tuple[str, ...]:
    """Take the authenticator into use; returns the recovery codes, which are never shown again. Raises `Invalid`."""
    await passwords.confirmed(database, sealer, person, password)
    async with database.transaction() as uow:
        row = await second_factors.of(uow.connection, person)
        if row is None or row.confirmed:
            raise Invalid("没有等着确认的身份验证器；请重新开始", field="code", value=None)
        secret, present = _opened(sealer, row.sealed, person)
        step = matching_step(secret, plain(code), await uow.now())
        if step is None:
            raise Invalid("验证码不对；请看手机上现在的六位数，再填一次", field="code", value=None)
        await second_factors.take_step(uow, person, step, None if present else sealer.seal(secret, person))
        await second_factors.confirm(uow, person, await uow.now())
        await administration.note_own(uow, person, "second-factor-on", {})
        return await _new_codes(uow, person)


async def renew_codes(database: Database, sealer: Sealer, person: str, code: str) -> tuple[str, ...]:
    """New recovery codes in place of the old ones, against a code. Raises `WrongCode`."""
    await count(database, person)
    async with database.transaction() as uow:
        await _take(uow, sealer, person, code)
        await administration.note_own(uow, person, "recovery-codes-renewed", {})
        return await _new_codes(uow, person)


async def remove(database: Database, sealer: Sealer, person: str, code: str) -> None:
    """The person gives the authenticator up, against a code. Raises `WrongCode`."""
    await count(database, person)
    async with database.transaction() as uow:
        await _take(uow, sealer, person, code)
        await second_factors.remove(uow, person)
        await administration.note_own(uow, person, "second-factor-off", {})


async def reset(database: Database, person: str, by: Actor | None) -> bool:
    """Phone and codes are lost: an administrator (None: the command line) removes both, and sessions end.

    False: there was nothing to remove.
    """
    async with database.transaction() as uow:
        removed = await second_factors.remove(uow, person)
        if removed:
            await sessions.end_all(uow, person)
            await tickets.void(uow, person)
            await administration.note_on(uow, by, person, "second-factor-reset", {})
        return removed


async def finish(database: Database, sealer: Sealer, token: str, code: str, device: str = "") -> Session:
    """The second half of signing in: the code (or a recovery code) for what `sign_in` gave.

    Raises `Late`, `WrongCode`, `Forbidden` without a seat.
    """
    now = await database.now()
    async with database.acquire() as connection:
        waiting = await tickets.look(connection, "second-factor", digest(token), now)
    if waiting is None or waiting.person is None:
        raise Late
    person = waiting.person
    await count(database, person)
    async with database.transaction() as uow:
        await _take(uow, sealer, person, code)
        if await tickets.take(uow, "second-factor", digest(token), now) is None:
            raise Late
    return await sign_in.open_session(
        database, person, via=waiting.data.get("via", sign_in.SECOND_FACTOR), device=device
    )


async def check(database: Database, sealer: Sealer, person: str, code: str) -> None:
    """Use a code up, or a recovery code, before something that matters. Raises `WrongCode`."""
    await count(database, person)
    async with database.transaction() as uow:
        await _take(uow, sealer, person, code)


async def count(database: Database, person: str) -> None:
    """Count a try before the code is looked at. Raises `WrongCode` while the account is locked."""
    now = await database.now()
    async with database.transaction() as uow:
        account = await accounts.begin_try(
            uow, person, now, sign_in.FREE_TRIES, sign_in.FIRST_LOCK, sign_in.LONGEST_LOCK, by_person=True
        )
    if account is None or not account.allowed:
        log.warning("code.refused", reason="locked")
        raise WrongCode


async def _take(uow: UnitOfWork, sealer: Sealer, person: str, code: str) -> None:
    """Use a code of the authenticator, or a recovery code, up. Raises `WrongCode`."""
    row, given = await second_factors.of(uow.connection, person), plain(code)
    if row is None or not row.confirmed:
        raise WrongCode
    now = await uow.now()
    if len(given) == DIGITS:
        secret, present = _opened(sealer, row.sealed, person)
        step, anew = matching_step(secret, given, now), None if present else sealer.seal(secret, person)
        taken = step is not None and await second_factors.take_step(uow, person, step, anew)
    else:
        taken = await second_factors.take_recovery_code(uow, person, digest(given), now)
        if taken:
            await administration.note_own(uow, person, "recovery-code-used", {})
    if not taken:
        log.warning("code.refused", reason="wrong")
        raise WrongCode
    await accounts.clear_tries(uow, person)


def _opened(sealer: Sealer, sealed: bytes, person: str) -> tuple[str, bool]:
    try:
        return sealer.open(sealed, person)
    except Unreadable:
        raise WrongCode from None


async def _new_codes(uow: UnitOfWork, person: str) -> tuple[str, ...]:
    made = tuple(
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
        for _ in range(RECOVERY_CODES)
    )
    await second_factors.set_recovery_codes(uow, person, [digest(plain(code)) for code in made])
    return made
