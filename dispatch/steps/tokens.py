"""API tokens. A person makes tokens for their own seats; an administrator only such as read or raise, for a reason.

Whoever holds the seat sees a token that somebody else made until they have looked at it, and may end it. What a token
did is its seat's doing, so nobody else may make one that acts.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from dispatch.clock import new_id
from dispatch.domain.case import Actor
from dispatch.domain.refusals import Invalid, NotFound, NotNow
from dispatch.steps.administer import allowed, of_district
from dispatch.steps.sign_in import SCOPES, digest
from dispatch.store import administration, directory
from dispatch.store.database import Database
from dispatch.store.directory import PersonSeen, TokenSeen

#: days a token may be good for: one's own, one made by an administrator for somebody else
DAYS, DAYS_FOR_OTHERS = (1, 30, 90, 365), (1, 30, 90)
#: what a token that an administrator makes for somebody else may be used for
FOR_OTHERS = ("read", "raise")
LONGEST_NAME, LONGEST_REASON = 60, 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token to be made. `reason`: why somebody makes it for another person. `id`: fixed by the form that asks."""

    seat: str
    name: str
    scopes: Sequence[str] = field(default_factory=tuple)
    days: int = 90
    reason: str = ""
    id: UUID | None = None


async def make(database: Database, by: Actor, person: str, wanted: Wanted) -> tuple[str, TokenSeen]:
    """An API token from a seat of a person; the first value is what its holder has, shown once.

    One's own: any scope. Somebody else's, as an administrator: `FOR_OTHERS`, with a reason that the person sees.
    Raises `Forbidden`, `NotFound`, `Invalid` naming the field; `NotNow` where the form has made its token already.
    """
    own = person == by.person
    if not own:
        allowed(by)
    _checked(wanted, own=own)
    token = secrets.token_urlsafe(32)
    async with database.transaction() as uow:
        now = await uow.now()
        if own:
            holder = await directory.person(uow.connection, by.district or "", person, now)
        else:
            holder = await of_district(uow.connection, by, person, now)
        if holder is None or wanted.seat not in holder.seats:
            raise Invalid("「{value}」现在不是这个人的岗位；请从列出的选一个", field="seat", value=wanted.seat[:60])
        made = TokenSeen(
            wanted.id or new_id(), wanted.name.strip(), holder.code, holder.name, wanted.seat, tuple(wanted.scopes),
            now, now + timedelta(days=wanted.days), None, None, by.person, None if own else wanted.reason.strip(),
        )  # fmt: skip
        if not await directory.add_token(uow, made, digest(token), seen=own):
            raise made_already()
        told = {"token": str(made.id), "name": made.name, "seat": made.seat, "scopes": list(made.scopes),
                "days": wanted.days}  # fmt: skip
        await administration.note_on(uow, by, person, "token-made", told | ({} if own else {"why": made.reason}))
    return token, made


async def unused(database: Database, id: UUID | None) -> None:
    """Whether a form has not made its token yet; asked before a code that is good once. Raises `NotNow`."""
    async with database.acquire() as connection:
        if id is not None and await directory.has_token(connection, id):
            raise made_already()


def made_already() -> NotNow:
    """A page that shows a token is reloaded: the form comes again."""
    return NotNow("这个令牌已经开好、显示过了，没有再开；没抄下来，请停用它，再开一个", field="id", value=None)


def _checked(wanted: Wanted, *, own: bool) -> None:
    if not 0 < len(wanted.name.strip()) <= LONGEST_NAME or not wanted.name.isprintable():
        raise Invalid("用途要 1 到 {most} 个字；请写明给哪个系统用", field="name", value=wanted.name, most=LONGEST_NAME)
    if not wanted.scopes:
        raise Invalid("「能做什么」一项也没有勾；请至少勾一项", field="scopes", value="")
    wrong = next((scope for scope in wanted.scopes if scope not in SCOPES), None)
    if wrong is not None:
        raise Invalid("没有「{value}」这种权限；请从列出的选", field="scopes", value=wrong[:40])
    kept = next((scope for scope in wanted.scopes if not own and scope not in FOR_OTHERS), None)
    if kept is not None:
        raise Invalid("「{scope}」只能由本人在「我的账号」里开；请告诉他，或只勾只读和吹哨", field="scopes", value=kept,
                      scope=kept)  # fmt: skip
    if wanted.days not in (DAYS if own else DAYS_FOR_OTHERS):
        raise Invalid("有效期不能是「{value}」天；请从列出的选一个", field="days", value=wanted.days)
    if not own and (not 0 < len(wanted.reason.strip()) <= LONGEST_REASON or not wanted.reason.isprintable()):
        raise Invalid("原因要 1 到 {most} 个字；请写明，本人看得到", field="reason", value=wanted.reason[:60],
                      most=LONGEST_REASON)  # fmt: skip


async def revoke(database: Database, by: Actor, id: str) -> None:
    """End an API token of the district, as an administrator. Raises `Forbidden`, `NotFound`."""
    await _revoke(database, by, allowed(by), id, None)


async def revoke_own(database: Database, by: Actor, id: str) -> None:
    """End one of one's own, whoever made it. Raises `NotFound`."""
    await _revoke(database, by, by.district or "", id, by.person)


async def _revoke(database: Database, by: Actor, district: str, id: str, person: str | None) -> None:
    try:
        token = UUID(id)
    except ValueError:
        token = UUID(int=0)
    async with database.transaction() as uow:
        name = await directory.revoke_token(uow, district, token, await uow.now(), person)
        if name is None:
            raise NotFound("这个令牌已经停用了；请刷新再看", field="token", value=id[:36])
        await administration.note(
            uow, district, by.person, by.seat, "token-revoked", str(token), {"token": str(token), "name": name}
        )


async def own(database: Database, by: Actor) -> tuple[PersonSeen | None, list[TokenSeen]]:
    """One's seats and tokens; those that somebody else made count as seen from now on."""
    async with database.transaction() as uow:
        now = await uow.now()
        await directory.see_tokens(uow, by.person or "", now)
        holder = await directory.person(uow.connection, by.district or "", by.person or "", now)
        return holder, await directory.tokens_of(uow.connection, by.person or "", now)
