"""已知会您，不用您处理: what somebody on the ladder was only told of, found again on their page."""

from collections.abc import Iterator

from dispatch.steps.chain_board import Informed
from dispatch.web.chain.reading import Standing
from dispatch.web.common import times
from dispatch.web.i18n import _
from dispatch.web.lists.labels import state_of
from dispatch.web.lists.rows import title_of
from dispatch.web.models.chain import InformedRow


def informed_rows(found: Standing) -> tuple[InformedRow, ...]:
    """The newest first."""
    return tuple(_rows(found))


def _rows(found: Standing) -> Iterator[InformedRow]:
    for one in found.view.informed:
        case = found.beside.get(one.item.id)
        if case is not None:
            note = _note(one, state_of(case, found.turn), found)
            yield InformedRow(title_of(one.item), f"/w/{one.item.number}", note)


def _note(one: Informed, state: str, found: Standing) -> str:
    told = _("%(at)s 知会", at=times.moment(one.at, found.turn.now))
    return "・".join(part for part in (told, one.item.lead_name or "", state) if part)


__all__ = ["informed_rows"]
