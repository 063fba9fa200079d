"""About 300 whistles of the last 30 days, in every state: what each says, where, and how its life goes.

The same seed and the same present moment give the same plan. A scenario says what happens and how long ago the last
of it was; counting back in working time gives the moment it was raised.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.reference import Node, Reference
from dispatch.domain.turn import ZONE
from dispatch.local.demo_lives import SCENARIOS, Scenario
from dispatch.local.demo_script import Act, Script, Words

DAYS = 30
#: the street of the demo's first clerk gets the most
FAVOURITE = "130403011"
#: a danger is telephoned, a question asked by who has it; what anybody who passes sees patrols and the street find, too
URGENT, ASKED, TOLD = ("12345",), ("12345", "群众来访", "网上提议"), ("12345", "领导批示", "群众来访", "网上提议")
FOUND = ("网格巡查", "主动发现")
#: how people call where they live when they do not say where that is
VAGUE = {"building": "我们楼", "compound": "我们小区", "lane": "我们这条街", "community": "我们社区"}


@dataclass(frozen=True, slots=True)
class Planned:
    """A whistle to be seeded. `below`: its building's head raises it; `into`: the key of what it is merged into."""

    key: str
    scenario: str
    at: datetime
    street: str
    place: str | None
    category: str | None
    title: str
    body: str
    danger: bool
    channel: str
    number: str
    acts: tuple[Act, ...]
    below: bool = False
    into: str = ""


class Planner:
    """Draws the whole plan. `texts` is the seed file's document."""

    def __init__(self, reference: Reference, texts: dict[str, Any], anchor: datetime, seed: int) -> None:
        self._reference, self._texts, self._anchor = reference, texts, anchor
        self._dice = Random(seed)  # nosec B311  # noqa: S311 — a plan that can be drawn again, nothing secret
        self._calendar: WorkCalendar = reference.calendars["district"]
        self._places = _places(reference)
        self._used: dict[tuple[str, str], int] = {}
        self._general: Words = {key: rows for key, rows in texts.items() if isinstance(rows, list)}

    def plan(self) -> list[Planned]:
        """Every whistle, in the order of its scenarios."""
        made: list[Planned] = []
        for scenario in SCENARIOS:
            told = [one for one in made if one.scenario == scenario.repeats]
            for nth in range(scenario.count):
                key = f"{len(made) + 1:04d}"
                made.append(self._again(scenario, told[nth], key) if told else self._one(scenario, key))
        return made

    def _again(self, scenario: Scenario, main: Planned, key: str) -> Planned:
        """The same matter told once more, soon after, before anybody has solved it."""
        at = self._calendar.add(main.at, timedelta(hours=self._dice.uniform(0.1, 0.5)))
        script = Script(at, self._calendar, self._dice, {})
        scenario.life(script)
        body, number = f"又有居民反映：{main.body}", f"示例{self._dice.randint(100000, 999999)}"
        acts = tuple(script.acts)
        return replace(main, key=key, scenario=scenario.name, at=at, body=body, number=number, acts=acts, into=main.key)

    def _one(self, scenario: Scenario, key: str) -> Planned:
        text = self._text(scenario.texts, scenario.says)
        place = self._place(text["at"])
        nowhere = scenario.texts == "nowhere"
        label = VAGUE[text["at"]] if nowhere else _label(self._reference, place)
        fill = {"place": label, "n": self._dice.randint(2, 6)}
        told = URGENT if text.get("danger") else ASKED if scenario.texts == "answer" else TOLD
        channel = self._dice.choice(told + (FOUND if text.get("seen") else ()))
        words = self._words(text, fill, channel)
        at, acts = self._life(scenario, words, lambda category: self._words_of(category, channel))
        street = self._reference.tree.street_of(place.code)
        assert street is not None
        # about a third of the texts go without a chosen category: the rule decides
        picked = self._dice.random() < 0.65 or scenario.texts != "dispatch"
        chosen = text.get("category") if picked and not scenario.below else None
        return Planned(
            key,
            scenario.name,
            at,
            street.code,
            None if nowhere else place.code,
            chosen,
            text["title"].format(**fill),
            text["body"].format(**fill),
            bool(text.get("danger")),
            channel,
            f"示例{self._dice.randint(100000, 999999)}",
            acts,
            scenario.below,
        )

    def _text(self, group: str, says: str) -> dict[str, Any]:
        """The texts of a group in turn, so that each is used before any comes twice."""
        rows = [row for row in self._group("unmatched" if group == "nowhere" else group) if not says or says in row]
        turn = self._used.get((group, says), self._dice.randrange(len(rows)))
        self._used[group, says] = turn + 1
        return rows[turn % len(rows)]

    def _words(self, text: dict[str, Any], fill: dict[str, Any], channel: str) -> Words:
        """What is said of such a matter: its own sentences before those that fit any, and the answer by its channel."""
        own = {key: said.format(**fill) if isinstance(said, str) else said for key, said in text.items()}
        answer = self._texts["answers"][channel][0].format(reply=own.get("reply", ""))
        return {
            **self._general,
            "answer": [answer],
            **{key: said if isinstance(said, list) else [said] for key, said in own.items()},
        }

    def _words_of(self, category: str, channel: str) -> Words:
        """Those of a child split off, of a category."""
        text = next(row for row in self._texts["texts"] if row["category"] == category)
        return self._words(text, {"place": "", "n": 2}, channel)

    def _group(self, group: str) -> list[dict[str, Any]]:
        if group in self._texts:
            return list(self._texts[group])
        duties, month = self._reference.duties, self._anchor.astimezone(ZONE).month
        found = []
        for row in self._texts["texts"]:
            if month not in row.get("months", (month,)):
                continue
            duty = duties.by_code[row["category"]]
            limit = duty.limit
            days = limit.amount * {"wd": 1.4, "d": 1, "h": 1 / 24, "wh": 1 / 7, "m": 0, "s": 0}[limit.unit]
            plain = duty.outcome == "dispatch" and duty.kind != "emergency"
            if {
                "dispatch": plain and days >= 1,
                "long": plain and days >= 4,
                "short": plain and 1 <= days < 2.5,
                "below": plain and days >= 1 and row["at"] == "building",
                "assisted": plain and days >= 1 and any(code not in ("JD", "SQ") for code in duty.assist),
                "emergency": duty.outcome == "dispatch" and duty.kind == "emergency",
                "misconduct": duty.sealed,
                "statutory": duty.outcome == "statutory" and not duty.sealed,
            }.get(group, duty.outcome == group):
                found.append(row)
        return found

    def _life(
        self, scenario: Scenario, words: Words, others: Callable[[str], Words]
    ) -> tuple[datetime, tuple[Act, ...]]:
        """When it was raised, and its acts: drawn once, then moved so that the last lies `idle` before the anchor."""
        idle = timedelta(hours=self._dice.uniform(*scenario.idle))
        state = self._dice.getstate()

        def draw(start: datetime) -> Script:
            self._dice.setstate(state)
            script = Script(start, self._calendar, self._dice, words, others)
            scenario.life(script)
            return script

        if scenario.elapsed:
            trial = draw(self._anchor)
            start = self._anchor - idle - (trial.now - self._anchor)
        else:
            base = self._calendar.back(self._anchor, timedelta(hours=120))
            length = self._calendar.worked(base, draw(base).now)
            start = self._calendar.back(self._anchor, length + idle)
            if "emergency" in scenario.name:  # they come at any hour
                start -= timedelta(minutes=self._dice.randint(0, 600))
            earliest = self._anchor - timedelta(days=DAYS)
            if start < earliest:
                start = self._calendar.add(earliest, timedelta(minutes=self._dice.randint(1, 600)))
        acts = draw(start).acts
        return start, tuple(act for act in acts if act.at <= self._anchor)

    def _place(self, depth: str) -> Node:
        if depth == "street":
            return self._dice.choice([node for _, node in self._places["street"]])
        rows = self._places[depth]
        return self._dice.choices([node for _, node in rows], [weight for weight, _ in rows])[0]


def _places(reference: Reference) -> dict[str, list[tuple[int, Node]]]:
    """Places by depth, each with its weight: the favourite street and its named community come up most."""
    found: dict[str, list[tuple[int, Node]]] = {}
    for node in reference.tree.by_code.values():
        street = reference.tree.street_of(node.code)
        if street is None or node.general:
            continue
        kind = {"township": "street", "village": "community"}.get(node.kind, node.kind)
        named = "示例" not in reference.tree.label(node.code)
        found.setdefault(kind, []).append((1 + 2 * named + 4 * (street.code == FAVOURITE), node))
    return dict(found)


def _label(reference: Reference, place: Node) -> str:
    """How people call it: the compound and its building, the lane, the community."""
    if place.kind == "building":
        above = reference.tree.get(place.parent) if place.parent else None
        return f"{above.name if above else ''}{place.name}"
    return place.name
