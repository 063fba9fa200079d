"""Passwords: what may be one, peppered and hashed with argon2id, set by the person.

A hash stands as `key:$argon2id$…`, key being the name of the secret that the pepper was made from; one from before
there was a pepper begins with `$`. Either is made anew with the present secret when its password is next given.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dispatch.domain.refusals import Invalid
from dispatch.steps.common_passwords import weakness
from dispatch.steps.sealing import Sealer
from dispatch.store import accounts, administration, sessions, tickets
from dispatch.store.database import Database

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128
#: one set when more were allowed is still looked at
_LONGEST_READ = 256

_hasher = PasswordHasher()
#: hashing takes 64 MiB each: so many at once, the others wait
_hashing = ThreadPoolExecutor(2, "argon2")
#: verified against where there is no account, so that the answer takes as long
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$MfTmqqEgUbZZbgD3tLSmzA$9bSE9eNSxQOkKb46SziQTVzFHb6nhlqUYkiEmo0QOhc"


async def verify(sealer: Sealer, hashed: str, password: str) -> bool:
    """Whether this is the password; takes as long where it is not, or where its secret is not known any more."""
    if len(password) > _LONGEST_READ:
        password = ""  # nosec B105  # too long: never the right one
    name, _, phc = hashed.rpartition(":")
    given: bytes | None = password.encode("utf-8", "surrogatepass")
    if name:
        given = sealer.pepper(given or b"", name)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_hashing, _check, phc if given is not None else NOBODY, given or b"")


async def _hashed(sealer: Sealer, password: str) -> str:
    given = sealer.pepper(password.encode("utf-8", "surrogatepass"), sealer.name)
    assert given is not None
    phc = await asyncio.get_running_loop().run_in_executor(_hashing, _hasher.hash, given)
    return f"{sealer.name}:{phc}"


async def renew(database: Database, sealer: Sealer, person: str, hashed: str, password: str) -> None:
    """Hash a password that was right anew, where that was done with an earlier secret, or none, or more weakly."""
    name, _, phc = hashed.rpartition(":")
    if name == sealer.name and not _hasher.check_needs_rehash(phc):
        return
    fresh = await _hashed(sealer, password)
    async with database.transaction() as uow:
        await accounts.renew_hash(uow, person, hashed, fresh)


def _check(hashed: str, password: bytes) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


async def confirmed(database: Database, sealer: Sealer, person: str, password: str, field: str = "password") -> None:
    """The person's present password, asked for again before something that matters. Raises `Invalid`.

    Somebody who only ever comes in through another provider has none: then nothing is asked.
    """
    async with database.acquire() as connection:
        hashed = await accounts.password_hash(connection, person)
    if hashed is not None and not await verify(sealer, hashed, password):
        raise Invalid("现在的密码不对；请再填一次", field=field, value=None)


async def change_password(
    database: Database, sealer: Sealer, person: str, old: str | None, new: str, *, keep: bytes | None = None
) -> None:
    """The person's own change; every other session ends. `old` None: they came by a link and need not know it.

    Raises `Invalid` naming the field.
    """
    if old is not None:
        async with database.acquire() as connection:
            hashed = await accounts.password_hash(connection, person)
        if hashed is None or not await verify(sealer, hashed, old):
            raise Invalid("现在的密码不对；请再填一次", field="old", value=None)
    if old == new:
        raise Invalid("新密码要和现在的不一样；请换一个", field="new", value=None)
    await set_password(database, sealer, person, new, must_change=False)
    async with database.transaction() as uow:
        await sessions.end_all(uow, person, keep)
        await administration.note_own(uow, person, "password-changed", {})


async def set_password(
    database: Database, sealer: Sealer, person: str, password: str, *, must_change: bool = True
) -> None:
    """Set a password (somebody else's: to be changed at the first sign-in). Raises `Invalid`."""
    async with database.acquire() as connection:
        own = await accounts.own_words(connection, person)
    check(password, own)
    hashed = await _hashed(sealer, password)
    async with database.transaction() as uow:
        if not await accounts.set_password(uow, person, hashed, must_change=must_change):
            raise Invalid("没有「{value}」这个账号；请核对", field="person", value=person)
        await tickets.void(uow, person)


def check(password: str, own: Sequence[str] = ()) -> None:
    """Whether this may be a password. Raises `Invalid` with what to do. `own`: the person's name, the account's."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid(
            "密码要 {least} 到 {most} 个字符，这个有 {n} 个；请换一个，几个不相干的词连起来就够长",
            field="new",
            value=None,
            least=SHORTEST_PASSWORD,
            most=LONGEST_PASSWORD,
            n=len(password),
        )
    if weak := weakness(password):
        raise _guessed(weak)
    if any(len(word) > 1 and word.lower() in password.lower() for word in own):
        raise Invalid("密码里不要有自己的姓名或账号；请换一个", field="new", value=None)


def _guessed(weak: str) -> Invalid:
    """What makes it easy to guess, and what would do."""
    match weak:
        case "number":
            return Invalid("这是手机号或身份证号，知道的人不少；请换成几个不相干的词", field="new", value=None)
        case "repeated":
            return Invalid("这是同一小段写了几遍，一猜就中；请换成几个不相干的词", field="new", value=None)
        case "run":
            return Invalid("这是键盘上连着的键，一猜就中；请换成几个不相干的词", field="new", value=None)
        case "around":
            return Invalid(
                "去掉头尾的数字和符号，剩下的太好猜；加数字不够，请换成几个不相干的词", field="new", value=None
            )
        case _:
            return Invalid("这个密码在泄露过的密码里，别人会先试它；请换成几个不相干的词", field="new", value=None)
