"""层级督办 of a compound, a community, a street, the district: each item is a ladder, one question, its answers."""

from collections.abc import Iterable
from secrets import token_urlsafe
from urllib.parse import quote, urlencode

from fastapi import Request

from dispatch.domain import whistle
from dispatch.domain.case import LOCAL
from dispatch.domain.reference import Node, node_seat
from dispatch.domain.rungs import STREET
from dispatch.domain.turn import ZONE
from dispatch.steps.chain_board import MOST_HERE
from dispatch.steps.climbing import Climbing
from dispatch.steps.sign_in import Visit
from dispatch.web import say
from dispatch.web.chain.informed import informed_rows
from dispatch.web.chain.reading import Reached, Standing, called, late_unit, position_of, vacant_seats
from dispatch.web.common import ladders, times
from dispatch.web.common.frame import build_frame
from dispatch.web.i18n import N_, _
from dispatch.web.lists.page import ALL
from dispatch.web.lists.rows import ladder_of, title_of
from dispatch.web.live.address import events_of
from dispatch.web.models.chain import ChainItem, ChainPage, Coming, Helper
from dispatch.web.models.parts import ActionButton, Empty, Hidden, NavItem, Notice, Photo
from dispatch.web.whistle.reader import unsigned

PATH = "/chain"
#: items on a page
SIZE = 10
#: so many helpers are named
MOST_HELPERS = 12
#: rung → the question, then (action, words, whether it asks for more); the first is the primary one
QUESTIONS: dict[int, tuple[str, tuple[tuple[str, str, bool], ...]]] = {
    2: (
        N_("您能到现场帮一把吗？"),
        (("note", N_("能帮，我去看看"), True), ("send-up", N_("要社区出面"), True), ("urge", N_("催办"), False)),
    ),
    3: (
        N_("社区的成员单位能不能先办？"),
        (("note", N_("能办，我来协调"), True), ("send-up", N_("要街道出面"), True), ("urge", N_("催办"), False)),
    ),
    4: (
        N_("要不要把几家单位叫到一起？"),
        (
            ("consult", N_("召集会商"), True),
            ("instruct", N_("批示"), True),
            ("take-over", N_("提级办理"), True),
            ("urge", N_("催办"), False),
        ),
    ),
    5: (
        N_("单位主要领导说明情况了吗？"),
        (
            ("instruct", N_("批示"), True),
            ("consult", N_("召集会商"), True),
            ("take-over", N_("提级办理"), True),
            ("urge", N_("催办"), False),
        ),
    ),
}
#: where no unit is late but the street or the desk itself: its own people are asked
OWN: dict[str, str] = {
    "verification": N_("谁去现场核查？"),
    "answering": N_("谁来答复来源人？"),
    "dispatch": N_("派给哪家，定了吗？"),
    "ruling": N_("裁定了吗？"),
    "hold": N_("到了复查日，还要挂着吗？"),
}
OWN_ANSWERS = (("instruct", N_("批示"), True), ("urge", N_("催办"), False))
#: what is not a whistle yet
BELOW = (
    N_("能在这里解决吗？"),
    (("keep", N_("能，我们来办"), True), ("resolve", N_("已经办好了"), True), ("send-up", N_("请上一级看"), True),
     ("urge", N_("催办"), False)),
)  # fmt: skip
#: what a clock waits for, said of the unit that is late
WAITS = {
    "reported": N_("%(unit)s该在%(at)s前签收，还没有回音。"),
    "handling": N_("%(unit)s主办，%(at)s到期。"),
    "verification": N_("该由街道核查，%(at)s到期。"),
    "answering": N_("该由街道答复来源人，%(at)s到期。"),
    "dispatch": N_("该由区调度台派单，%(at)s到期。"),
    "ruling": N_("等一项裁定，%(at)s到期。"),
    "hold": N_("挂账的复查日是%(at)s。"),
}


def chain_page(
    request: Request, visit: Visit, found: Standing, first: int, notices: Iterable[Notice] = ()
) -> ChainPage:
    """The page."""
    view = found.view
    count = len(view.own) + len(view.reached)
    frame = build_frame(
        request,
        visit,
        _("层级督办"),
        current=PATH,
        phone_title=_("层级督办・%(place)s", place=view.node_name),
        events=events_of("chain", view.as_of),
        notices=tuple(notices),
        now=view.as_of,
    )
    if count:
        heading = _("%(place)s：%(n)s 件报到您这里", place=view.node_name, n=count)
        phone = _("%(n)s 件报到您这里", n=count)
    else:
        heading = phone = _("没有事报到您这里")
    return ChainPage(
        frame=frame,
        heading=heading,
        phone_heading=phone,
        as_of=say.moment(view.as_of, view.as_of, ZONE),
        items=tuple(_item(one, found, f"{PATH}?from={first}" if first else PATH) for one in found.reached),
        coming=tuple(_coming(one, found) for one in expected(view.coming)[:SIZE]),
        helpers=_helpers(found),
        helpers_note=_helpers_note(found),
        empty=Empty(_("没有事报到您这里。"), _("到期没办的会一级一级报上来。")),
        raise_url=f"{PATH}/raise" if view.rung < STREET else "",
        here=_here(found),
        informed=informed_rows(found),
        newer=f"{PATH}?from={max(first - SIZE, 0)}" if first else "",
        older=f"{PATH}?from={first + SIZE}" if first + SIZE < count else "",
    )


def _here(found: Standing) -> NavItem | None:
    """The list of what this person answers for."""
    view = found.view
    if not view.here:
        return None
    many = f"{MOST_HERE - 1}+" if view.here >= MOST_HERE else view.here
    url = f"{ALL}?" + urlencode({"status": "open", "place": view.node})
    return NavItem(_("我这里在办的 %(n)s 件", n=many), url)


def context_of(one: Reached, found: Standing) -> str:
    """Who is late with what, since when; and whom of theirs has been asked."""
    clock = one.clock
    at = times.moment(clock.due_at, found.turn.now) if clock.due_at else ""
    if one.case.status == LOCAL:
        said = N_("这里先办，%(at)s没办好就请上一级看；到了街道就成为哨。")
        return _(said, at=at) if not clock.rung else _("下面报上来的，能在这里办就办；到了街道就成为哨。")
    unit = late_unit(one, found.turn)
    said = _(WAITS.get(clock.stage, "%(at)s"), unit=unit, at=at)
    vacant = vacant_seats(one, found.turn)
    if vacant:
        said = _("%(who)s空缺，先请您过问。", who=vacant) + said
    counterpart = called(one, found.turn)
    return said + (_("单位那边已请%(who)s。", who=counterpart) if counterpart else "")


def _item(one: Reached, found: Standing, here: str) -> ChainItem:
    item = one.item
    question, offered = asked_at(one.case.status, one.clock.stage, found.view.rung)
    return ChainItem(
        number=str(item.number),
        category=item.category_name or _("未分类"),
        title=title_of(item),
        url=f"/w/{item.number}",
        ladder=ladders.large_ladder(one.case, one.clock, one.view, found.turn, one.told, ground="", size="close"),
        question=_(question),
        context=context_of(one, found),
        answers=tuple(_answers(one, found, offered, here)),
        photos=tuple(_photos(one, found)),
        owed=unsigned(one.case, found.turn),
    )


def asked_at(status: str, stage: str, rung: int) -> tuple[str, tuple[tuple[str, str, bool], ...]]:
    """The question on this rung and its answers: by who is late, a unit, or the street and the desk themselves."""
    if status == LOCAL:
        return BELOW
    if stage in OWN and rung >= STREET:
        return OWN[stage], OWN_ANSWERS
    return QUESTIONS.get(rung, QUESTIONS[3])


def _answers(
    one: Reached, found: Standing, offered: tuple[tuple[str, str, bool], ...], here: str
) -> Iterable[ActionButton]:
    """What this person may do now, of what the rung is asked for."""
    hidden = (Hidden("version", str(one.item.version)), Hidden("next", here), Hidden("key", token_urlsafe(16)))
    primary = True
    for action, label, asks in offered:
        if whistle.possible(one.case, found.actor, action, found.turn):
            url = f"/w/{one.item.number}/do/{action}" + (f"?next={quote(here)}" if asks else "")
            yield ActionButton(action, _(label), url, primary, needs_fields=asks, hidden=hidden)
            primary = False


def _photos(one: Reached, found: Standing) -> Iterable[Photo]:
    """Photos that the people of the rungs below took: who and when, never a name."""
    for told in one.told:
        photo, node = told.data.get("photo"), told.data.get("node")
        if told.type == "arrived" and photo and node:
            who = str((told.by or {}).get("position") or "")
            src = f"/api/v1/photos/{photo}?whistle={one.item.number}"
            yield Photo(who, times.moment(told.at, found.turn.now), src)


# ── beside it ────────────────────────────────────────────────────────────────────────────────────
def expected(coming: Iterable[Climbing]) -> list[Climbing]:
    """Each whistle once, by its first clock; what the desk itself has to decide is not announced here."""
    rows = [one for one in coming if one.item.stage not in ("dispatch", "ruling")]
    first = {one.item.id: one for one in reversed(rows)}
    return [one for one in rows if first[one.item.id] is one]


def _coming(one: Climbing, found: Standing) -> Coming:
    item, turn = one.item, found.turn
    unit = item.clock.unit if item.clock and item.clock.unit else item.lead
    known = turn.reference.units.get(unit) if unit else None
    rung = item.clock.rung if item.clock else 0
    node = turn.chain(item.place or item.street)[rung - 1] if rung else None
    where = _("现在在%(who)s那里", who=position_of(node, turn)) if node else _("现在在单位手里")
    parts = [known.short if known else "", where]
    return Coming(
        at=f"{one.at.astimezone(ZONE):%H:%M}",
        title=title_of(item),
        url=f"/w/{item.number}",
        note="・".join(part for part in parts if part),
        ladder=ladder_of(item, turn),
    )


def _helpers(found: Standing) -> tuple[Helper, ...]:
    """The seats of the two rungs below: who is in post, what they did about what is on this page."""
    below = _below(found)
    made = [_helper(node, found) for node in below]
    if len(made) > MOST_HELPERS:  # those who did something, and the empty posts, come before the others
        idle = _("没有事")
        made = sorted(made, key=lambda one: one.did == idle)[:MOST_HELPERS]
    return tuple(made)


def _below(found: Standing) -> list[Node]:
    tree = found.turn.reference.tree
    children = [node for node in tree.children(found.node.code) if not node.general]
    nodes = [one for child in children for one in (child, *tree.children(child.code)) if not one.general]
    return [node for node in nodes if node_seat(node.code) in found.turn.reference.people.seats]


def _helper(node: Node, found: Standing) -> Helper:
    turn, seat = found.turn, node_seat(node.code)
    above = turn.reference.tree.get(node.parent) if node.level == 1 and node.parent else None
    place = f"{above.name}{node.name}" if above is not None and not above.general else node.name
    if turn.holder(seat) is None:
        return Helper(place, position_of(node, turn), _("请补人"), _("空缺"))
    done = [told for one in found.reached for told in one.done_by(seat)]
    photos = sum(1 for told in done if told.data.get("photo"))
    if photos:
        did = _("拍照 %(n)s 张", n=photos)
    elif done:
        did = _("看过 %(n)s 件", n=sum(any(one.done_by(seat)) for one in found.reached))
    else:
        did = _("没有事")
    return Helper(place, position_of(node, turn), did, _("在岗"))


def _helpers_note(found: Standing) -> str:
    if found.view.rung > 3:
        return _("谁在岗、哪里缺人；不打分。")
    policy = found.turn.reference.policy_for(None, found.node.code)
    return _(
        "志愿岗位，只请帮忙，不打分。%(from)s:00–%(until)s:00 不打扰。",
        **{"from": policy.quiet_from, "until": policy.quiet_until},
    )


__all__ = ["PATH", "SIZE", "chain_page", "context_of", "expected"]
