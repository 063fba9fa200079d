"""Pages in English: whatever is Chinese on them is marked as Chinese, so that it is read aloud as such."""

from html.parser import HTMLParser
from typing import Any

from tests.factories import ADMIN, CLERK, COMMUNITY_HEAD, DESK, FIRE_DOOR, SECRETARY, XF, ZJ, World
from tests.web.browsing import somebody

VOID = ("meta", "link", "input", "img", "br", "hr", "circle", "path", "line", "rect")


class Leftovers(HTMLParser):
    """Chinese text outside every element that says it is Chinese."""

    def __init__(self) -> None:
        super().__init__()
        self.langs: list[str] = ["en"]
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        lang = (
            "skip" if tag in ("script", "style", "title", "textarea", "option") else given.get("lang") or self.langs[-1]
        )
        if tag not in VOID:
            self.langs.append(lang)
        said = given.get("aria-label") or given.get("placeholder") or ""
        self.handle_data(said)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and len(self.langs) > 1:
            self.langs.pop()

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        """Closes itself."""

    def handle_data(self, data: str) -> None:
        if self.langs[-1] == "en" and any("\u3400" <= sign <= "\u9fff" or sign in "，；。：、" for sign in data):
            self.found.append(data.strip())


async def test_what_is_chinese_on_an_english_page_says_so(world: World) -> None:
    fire = (await world.whistle())["number"]
    await world.whistle("说不清的一件事", place="130403011")
    await world.whistle("说不清的一件事，有人被困", place="130403011", danger=True)
    await world.act(fire, "report-in", seat=XF, photo=None, latitude=36.6, longitude=114.5)
    phoned = (await world.whistle(f"{FIRE_DOOR}\n（09:05 已先打电话：119、抢修）"))["number"]
    slow = (await world.whistle("广泰小区物业不管，楼道灯坏了没人修"))["number"]
    await world.act(slow, "hand-back", seat=ZJ, reason="不归我们")
    left: dict[str, list[str]] = {}
    for seat, paths in (
        (XF, ("/queue", f"/w/{fire}", f"/w/{fire}/do/resolve", f"/w/{fire}/do/hand-back")),
        (
            CLERK,
            (
                "/street",
                "/whistle",
                "/holds",
                f"/w/{fire}",
                f"/w/{fire}/do/call",
                f"/w/{fire}/receipt",
                f"/w/{fire}/slip",
                f"/w/{phoned}/receipt",
            ),
        ),
        (DESK, ("/desk", "/all", "/desk/unmatched", f"/w/{fire}")),
        (SECRETARY, ("/chain",)),
        (COMMUNITY_HEAD, ("/chain", "/leave", "/account/tokens", "/account/filters")),
        (
            ADMIN,
            (
                "/admin/import",
                "/admin/tree?at=130403011-D01",
                "/admin/seats/unit:XF:liaison",
                "/admin/units",
                "/admin/units/CG",
                "/admin/calendar",
                "/admin/tokens?account=xf.liaison",
            ),
        ),
    ):
        person = await somebody(world, seat)
        person.client.cookies.set("lang", "en")
        for path in paths:
            reader = Leftovers()
            reader.feed((await person.get(path)).html)
            if reader.found:
                left[f"{seat} {path}"] = reader.found
    assert left == {}, "\n".join(f"{where}: {said}" for where, said in left.items())
