"""The street's form, its check page, the receipt."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import ActionButton, Field, FieldError, Figure, Hidden, Notice, Option, Role, Text


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """A unit on a whistle: role tag, name, a line under it (its state, what it is there for), buttons
    (评价单位).
    """

    role: Role
    unit: str
    note: str = ""
    actions: tuple[ActionButton, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """「现在吹哨，会这样」: the answer to "what happens if I send now".

    `figures` + `after` is the headline (2 小时 内办完; empty figures: only `after` is shown, e.g.
    转区调度台定单位);
    `due` the line beneath; `climb` who is asked when nobody acts; `outcome` 派单, 街道自办 …; `short` and
    `short_note`
    stand beside 吹哨 on phones. `text` is the prepared answer of a statutory outcome.
    """

    figures: tuple[Figure, ...]
    after: str
    due: Text
    units: tuple[AssignmentRow, ...]
    why: Text
    climb: str
    outcome: str
    short: str = ""
    short_note: str = ""
    notices: tuple[Notice, ...] = ()
    why_title: str = ""
    text: str = ""
    can_choose: bool = True
    picks: tuple[Option, ...] = ()
    """Other categories that came close, to be taken instead."""


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """A place that was found: a statement with 改, not a field."""

    code: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Phone:
    """A button that calls, e.g. 火警 119 → tel:119; or a menu of `choices`."""

    label: str
    number: str
    href: str
    choices: tuple[Phone, ...] = ()


@dataclass(frozen=True, slots=True)
class SimilarRow:
    """An open whistle like the one being written; `add` is its number where it may be added to; `here`: at the very
    place, not only near it.
    """

    title: str
    url: str
    note: str
    add: str = ""
    here: bool = False


@dataclass(frozen=True, slots=True)
class FormPage:
    """The form. What was typed always comes back; `danger` is "", "yes" or "no" (never preset).

    `place_auto`: the place was found in the text and follows it; `choosing`: the person wants to name another one;
    `kept` are photos stored already. `problems` are several found in the text, `split` the wish to part them;
    `pasted`: the text can be taken apart into fields; `recent`: the places offered are those used lately;
    `place_above`: those of the places offered that there are others below; `danger_list` the words upon which danger
    is asked for, also where there is no network.
    """

    frame: Frame
    body: str = ""
    place: PlaceFound | None = None
    place_text: str = ""
    place_options: tuple[Option, ...] = ()
    nearby: Text = ()
    danger: str = ""
    danger_words: str = ""
    danger_list: tuple[str, ...] = ()
    phones: tuple[Phone, ...] = ()
    categories: tuple[Option, ...] = ()
    units: tuple[Option, ...] = ()
    lead: str = ""
    assist: tuple[str, ...] = ()
    override_reason: str = ""
    more: tuple[Field, ...] = ()
    more_open: bool = False
    choose_open: bool = False
    preview: Preview | None = None
    errors: tuple[FieldError, ...] = ()
    idempotency_key: str = ""
    submit_url: str = "/whistle"
    preview_url: str = "/whistle/preview"
    places_url: str = "/places"
    draft_key: str = "whistle"
    place_auto: bool = False
    choosing: bool = False
    kept: tuple[str, ...] = ()
    category: str = ""
    similar: tuple[SimilarRow, ...] = ()
    problems: tuple[Option, ...] = ()
    split: bool = False
    pasted: bool = False
    recent: bool = False
    place_above: tuple[str, ...] = ()
    called: tuple[Option, ...] = ()
    called_at: str = ""
    latitude: str = ""
    longitude: str = ""
    near_url: str = "/places/near"
    photo_url: str = "/whistle/photo"

    @property
    def blank(self) -> FormPage:
        """For the next whistle, where there is no server to ask for one."""
        return FormPage(self.frame)


@dataclass(frozen=True, slots=True)
class Recap:
    """A line of the check page: what was answered."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class CheckPage:
    """Before sending, without JavaScript: what was typed and what will happen; `hidden` carries every
    field on. The offers are those of the form, which without JavaScript has had no time to make them.
    """

    frame: Frame
    recap: tuple[Recap, ...]
    preview: Preview
    hidden: tuple[Hidden, ...]
    submit_url: str = "/whistle"
    nearby: Text = ()
    similar: tuple[SimilarRow, ...] = ()
    problems: tuple[Option, ...] = ()
    split: bool = False
    pasted: bool = False


@dataclass(frozen=True, slots=True)
class StripStep:
    """One step of the strip; `ms` since the press, "" while waiting."""

    ms: str
    title: str
    note: str


@dataclass(frozen=True, slots=True)
class Strip:
    """已入库 → 主题/分区/位移 → 已派出; fetched again from `url` until `done`; folded away outside the
    demo.
    """

    steps: tuple[StripStep, ...]
    url: str
    done: bool
    folded: bool = False


@dataclass(frozen=True, slots=True)
class NextStep:
    """What happens next: by when, what."""

    when: str
    what: Text


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """The receipt: the promise, the number in three groups, how to say it, strip, who comes, what is
    next (fetched again from `who_url` until the strip is done).
    """

    frame: Frame
    paper_prefix: str
    groups: tuple[str, str, str]
    spoken: str
    title: str
    place: str
    at: str
    strip: Strip
    who: tuple[AssignmentRow, ...]
    who_empty: str
    next: tuple[NextStep, ...]
    url: str
    link: str
    slip_url: str
    again_url: str = "/whistle"
    promise: str = ""
    who_url: str = ""
    notes: tuple[str, ...] = ()
