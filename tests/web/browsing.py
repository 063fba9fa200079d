"""A person in a browser without JavaScript: pages, links, forms as they stand in the HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.factories import World

HTML = {"accept": "text/html", "accept-language": "zh"}


@dataclass
class Form:
    """A form of a page: where it goes, what it carries, its buttons (name, value, words)."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """The first value that the form carries under this name."""
        return next((value for known, value in self.fields if known == name), "")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.inside: Form | None = None
        self.writing: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = Form(given.get("action", ""))
            self.forms.append(self.inside)
        if self.inside is None:
            return
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "textarea":
            self.writing = (name, [])
        elif tag == "button":
            self.inside.buttons.append((name, given.get("value", ""), ""))
        elif tag in ("select", "datalist"):
            self.select = name or given.get("id", "")
        elif tag == "option":
            self.inside.choices.setdefault(self.select, []).append(given.get("value", ""))
            if "selected" in given:
                self.inside.fields.append((self.select, given.get("value", "")))
        elif tag == "input" and kind in ("radio", "checkbox"):
            self.inside.choices.setdefault(name, []).append(given.get("value", ""))
            if "checked" in given:
                self.inside.fields.append((name, given.get("value", "")))
        elif tag == "input" and kind != "file":
            self.inside.fields.append((name, given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = None
        if tag == "textarea" and self.writing and self.inside is not None:
            name, parts = self.writing
            self.inside.fields.append((name, "".join(parts).removeprefix("\n")))
            self.writing = None

    def handle_data(self, data: str) -> None:
        if self.writing is not None:
            self.writing[1].append(data)
        elif self.inside is not None and self.inside.buttons and not self.inside.buttons[-1][2]:
            name, value, _words = self.inside.buttons[-1]
            self.inside.buttons[-1] = (name, value, data.strip())


@dataclass
class Page:
    """An answer as a person reads it."""

    answer: httpx.Response

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def path(self) -> str:
        return self.answer.url.path

    @property
    def html(self) -> str:
        return self.answer.text

    @property
    def text(self) -> str:
        """What is said, without tags and needless spaces."""
        body = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", self.html)
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))

    @property
    def forms(self) -> list[Form]:
        reader = _Reader()
        reader.feed(self.html)
        return reader.forms

    def form(self, action: str) -> Form:
        """The form that goes to this address."""
        found = [form for form in self.forms if form.action.split("?")[0] == action]
        assert found, f"no form to {action}; there are {[form.action for form in self.forms]}"
        return found[0]

    def links(self, part: str) -> list[str]:
        """Addresses of links that contain `part`."""
        return [unescape(href) for href in re.findall(r'<a [^>]*href="([^"]*)"', self.html) if part in href]


@dataclass
class Person:
    """Somebody in a browser; redirects are followed."""

    world: World
    client: httpx.AsyncClient

    async def get(self, path: str) -> Page:
        """Open a page."""
        return Page(await self.client.get(path, headers=HTML, follow_redirects=True))

    async def send(self, form: Form, _files: Any = None, **values: Any) -> Page:
        """Fill in and send: `values` replace what the form carries; a list sends several."""
        data: dict[str, Any] = {}
        for name, value in form.fields:
            data[name] = [*data[name], value] if name in data else [value]
        for name, value in values.items():
            data[name] = list(value) if isinstance(value, list | tuple) else [value]
        answer = await self.client.post(form.action, data=data, files=_files, headers=HTML, follow_redirects=True)
        return Page(answer)

    async def act(self, number: object, token: str, _files: Any = None, **values: Any) -> Page:
        """Open an act's page and send it."""
        page = await self.get(f"/w/{number}/do/{token}")
        return await self.send(page.form(f"/w/{number}/do/{token}"), _files, **values)


async def somebody(world: World, seat: str) -> Person:
    """A browser with a session on this seat."""
    made = Person(world, world.client())
    page = await made.get("/")
    reference = world.service.rules.of("130403")
    holder = reference.people.by_seat[seat][-1].person
    answer = await made.client.post(
        "/switch", data={"csrf": page.forms[0].value("csrf"), "account": holder, "next": "/home"}, headers=HTML
    )
    assert answer.status_code == 303, answer.text
    return made
