"""Every example page, in both languages: well formed, nothing inline, escaped, every form guarded, no banned word."""

from __future__ import annotations

import importlib
import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from pkgutil import iter_modules

import pytest

from dispatch.web import models
from dispatch.web.examples import EXAMPLES, action, form, paper, queue, whistle
from dispatch.web.models.entry import LandingPage
from dispatch.web.models.parts import spans, strong
from dispatch.web.models.queue import Row
from dispatch.web.render import STATIC, render

VOID = {"meta", "link", "input", "br", "img", "hr"}
SHAPES = {"path", "rect", "line", "circle"}
BANNED = ("节点", "升级", "问责", "排名", "排行", "toast")


class Page(HTMLParser):
    """Checks nesting and gathers what the tests ask about."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.forms: list[tuple[dict[str, str | None], set[str]]] = []
        self.wrong: list[str] = []
        self.feed(html)
        if self.open:
            self.wrong.append(f"never closed: {self.open}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if (
            own := dict(attrs).get("id")
        ) and "template" not in self.open:  # what a script may copy is no part of it yet
            self.ids.append(own)
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.wrong.append(f"doubled attribute in <{tag} {names}>")
        if tag == "form":
            self.forms.append((dict(attrs), set()))
        if tag in ("input", "button") and "form" in self.open and self.forms:
            self.forms[-1][1].add(dict(attrs).get("name") or "")
        if tag == "form" and "form" in self.open:
            self.wrong.append("form inside a form")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.wrong.append(f"</{tag}> closes {self.open[-3:]}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass


@pytest.fixture(params=sorted(EXAMPLES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_page_is_well_formed_and_has_nothing_inline(name: str, lang: str) -> None:
    html = render(*EXAMPLES[name], lang)
    page = Page(html)
    assert page.wrong == []
    for tag, attrs in page.tags:
        assert "style" not in attrs, (tag, attrs)
        assert not [a for a in attrs if a.startswith("on")], (tag, attrs)
    assert "<style" not in html
    assert not re.search(r"<script(?![^>]* src=)", html)
    assert html.startswith("<!doctype html>")
    first = next(attrs for tag, attrs in page.tags if tag == "html")
    assert first["lang"] == ("en" if lang == "en" else "zh-Hans")


def test_ids_are_unique_and_labels_point_somewhere(name: str) -> None:
    page = Page(render(*EXAMPLES[name], "zh"))
    assert len(page.ids) == len(set(page.ids)), sorted(i for i in page.ids if page.ids.count(i) > 1)
    ids = [attrs["id"] for _, attrs in page.tags if attrs.get("id")]
    for _, attrs in page.tags:
        for ref in ("for", "aria-labelledby", "aria-describedby"):
            for one in (attrs.get(ref) or "").split():
                assert one in ids, (ref, one)


def test_every_post_carries_the_csrf_token(name: str) -> None:
    for attrs, names in Page(render(*EXAMPLES[name], "zh")).forms:
        if attrs.get("method") == "post":
            assert "csrf" in names, attrs


def test_every_page_has_one_main_heading_and_a_way_past_the_frame(name: str) -> None:
    html = render(*EXAMPLES[name], "zh")
    assert html.count("<h1") == 1
    if name not in ("slip", "doors"):
        assert '<a class="skip" href="#main">' in html


def test_banned_words_are_nowhere(name: str) -> None:
    html = render(*EXAMPLES[name], "zh")
    assert [word for word in BANNED if word in html] == []


def test_no_more_than_one_primary_button_a_card(name: str) -> None:
    if name == "design":
        return
    for card in re.split(r"<(?:section|article|li|tr)[ >]", render(*EXAMPLES[name], "zh")):
        assert len(re.findall(r'class="btn btn-primary', card)) <= 1, card[:200]


def test_nothing_is_greyed_out(name: str) -> None:
    for tag, attrs in Page(render(*EXAMPLES[name], "zh")).tags:
        assert "disabled" not in attrs, (tag, attrs)


def _titled(row: Row, text: str) -> Row:
    return replace(row, still=replace(row.still, title=text, ref=text))


def test_what_people_typed_is_escaped() -> None:
    nasty = '<script>alert(1)</script>"><img src=x>'
    models = [
        ("form.html", replace(form.TYPED, body=nasty, place_text=nasty, place=None)),
        ("whistle.html", replace(whistle.PAGE, title=nasty, body=nasty, place=nasty)),
        ("queue.html", replace(queue.QUEUE, rows=(_titled(queue.QUEUE.rows[0], nasty),))),
        ("action.html", replace(action.HAND_BACK, whistle_title=nasty, refs=(nasty,))),
        ("slip.html", replace(paper.SLIP, text=nasty)),
        ("whistle.html", replace(whistle.PAGE, related=spans(nasty, strong(nasty)))),
    ]
    for template, model in models:
        html = render(template, model, "zh")
        assert "&lt;script&gt;alert(1)" in html, template
        assert "<script>alert" not in html, template
        assert "<img src=x>" not in html, template


def test_the_ladder_is_an_ordered_list_that_says_where_one_stands() -> None:
    html = render(*EXAMPLES["landing"], "zh")
    ladder = html[html.index('<ol class="ladder') :]
    words = re.findall(r'<span class="vh">([^<]+)：</span>', ladder)
    assert words == ["再往上", "下一级", "现在", "已过", "已过"]
    assert ladder.count('aria-current="step"') == 1


def test_lamps_say_their_word_and_times_have_a_full_text() -> None:
    html = render(*EXAMPLES["whistle"], "zh")
    assert "黄 临期" in html
    assert '<span class="vh">剩余三工时五十六分</span>' in html


def test_without_script_the_form_asks_for_its_check_page() -> None:
    html = render(*EXAMPLES["form"], "zh")
    assert 'name="step" value="check"' in html
    assert 'name="idempotency_key" value="example-0"' in html
    check = render(*EXAMPLES["check"], "zh")
    assert 'name="step" value="send"' in check
    assert 'name="body" value="广泰小区3号楼楼道消防门被锁"' in check


def test_danger_is_never_preset_and_comes_after_the_phones() -> None:
    html = render(*EXAMPLES["form-empty"], "zh")
    assert not re.search(r'name="danger"[^>]*checked', html)
    assert html.index("tel:119") < html.index('name="danger"')


def test_an_error_keeps_what_was_typed_and_links_to_its_field() -> None:
    html = render(*EXAMPLES["action"], "zh")
    assert 'href="#f-to"' in html
    assert 'id="f-to"' in html
    assert 'value="在门外，属占道"' in html


def test_fragments_render_alone() -> None:
    preview = render("fragments/preview.html", form.TYPED, "zh")
    parts = re.findall(r'data-into="(\w+)"', preview)
    assert parts == [
        "preview",
        "short",
        "place",
        "apart",
        "several",
        "similar",
        "nearby",
        "danger",
    ]
    assert "data-done" in render("fragments/strip.html", form.RECEIPT.strip, "zh")
    landing = EXAMPLES["landing"][1]
    assert isinstance(landing, LandingPage)
    assert "现在在这一级" in render("fragments/live_ladder.html", landing.live, "zh")


def test_every_model_is_frozen_and_shown_by_an_example() -> None:
    modules = [importlib.import_module(f"{models.__name__}.{one.name}") for one in iter_modules(models.__path__)]
    pages = {one for module in modules for key, one in vars(module).items() if key.endswith("Page")}
    shown = {type(model) for _, model in EXAMPLES.values()}
    assert {page.__name__ for page in pages - shown} == {"HoldsPage", "LetterPage"}
    for page in pages:
        assert page.__dataclass_params__.frozen
        assert any(f.name == "frame" for f in fields(page))


def test_styles_and_script_stay_small() -> None:
    import gzip

    files = [f for f in STATIC.iterdir() if f.suffix in (".css", ".js")]
    assert sum(len(gzip.compress(f.read_bytes())) for f in files) <= 60 * 1024
    for sheet in STATIC.glob("*.css"):
        text = sheet.read_text("utf-8")
        assert "http" not in text
        assert set(re.findall(r"font(?:-weight)?: ?(\d{3})", text)) <= {"400", "700"}
