"""Templates: one Jinja2 environment, everything escaped, the language of the page, addresses of static
files.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from dispatch.web import i18n, words
from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import Ticking

STATIC = Path(__file__).parent / "static"
TIME_WORDS = ("工作日", "工时", "天", "小时", "分", "秒", "剩", "已逾期", "不到 1")


@cache
def static(name: str) -> str:
    """The address of a static file, with a mark of its content so that it may be cached for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


@cache
def environment() -> Environment:
    """The environment: undefined names are errors, blocks leave no blank lines."""
    env = Environment(
        loader=PackageLoader("dispatch.web"),
        autoescape=select_autoescape(["html", "svg"], default=True),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda message: i18n._(message), lambda one, many, n: i18n.plural(one, many, n), newstyle=True
    )
    env.globals.update(_=_said, static=static, words=words, time_words=_time_words, drawn=_drawn, ticks=_ticks)
    env.filters.update(pct=_percent, units=_units, spoken=_spoken)
    return env


def render(template: str, model: object, lang: str, **more: Any) -> str:
    """The page (or fragment) as text: the template sees the model as `m`, its frame as `frame`, the
    language as `lang`.
    """
    lang = lang if lang in i18n.LANGUAGES else "zh"
    frame = getattr(model, "frame", None) or Frame(title="")
    with i18n.speaking(lang):
        page = environment().get_template(template)
        return page.render(m=model, frame=frame, lang=lang, **more)


def _said(message: str, **values: Any) -> Markup:
    """A sentence of the interface with its values: the extension's own looks everything up anew each time."""
    said = _sentence(i18n.language(), message)
    return said % values if values else said


@lru_cache(maxsize=4000)
def _sentence(_lang: str, message: str) -> Markup:
    return Markup(i18n._(message))  # noqa: S704  # nosec B704 - the catalog's and the templates' own words


def _drawn(file: str, macro: str, *values: Any) -> Any:
    """What a macro of `parts/` makes of these values: in lists the same few lamps, tags and ladders, row after row, and
    the same rows page after page. Only for macros that see nothing but these values and the language."""
    return _drawn_in(i18n.language(), file, macro, values)


@lru_cache(maxsize=8000)
def _drawn_in(_lang: str, file: str, macro: str, values: tuple[Any, ...]) -> Any:
    return getattr(environment().get_template(f"parts/{file}.html").module, macro)(*values)


def _ticks(tick: Ticking | None) -> Markup:
    """The attributes that let a time tick in place; numbers only."""
    if tick is None:
        return Markup()
    until = f' data-until="{tick.until}"' if tick.until else ""
    seconds = ' data-seconds="1"' if tick.seconds else ""
    whole = ' data-whole="1"' if tick.whole else ""
    return Markup(  # nosec B704  # noqa: S704 - made of numbers
        f' data-tick data-left="{tick.left}" data-at="{tick.at}" data-total="{tick.total}"'
        f' data-counting="{int(tick.counting)}"{until} data-day="{tick.day}"{seconds}{whole}'
    )


#: a run of Chinese, with what stands between its words
_CHINESE = re.compile(r"[\u3400-\u9fff][\u3000-\u9fff\uff00-\uffef0-9A-Za-z]*")


def _spoken(text: object) -> Markup:
    """On an English page the Chinese in a sentence (names, what people wrote) says that it is Chinese."""
    said = escape(text)
    if i18n.language() == "zh" or not _CHINESE.search(said):
        return said
    return Markup(_CHINESE.sub(lambda run: f'<span lang="zh">{run[0]}</span>', said))  # noqa: S704  # nosec B704 - escaped above


def _percent(share: float) -> str:
    """A share 0..1 as an SVG length; beyond the ends it is the end."""
    return f"{100 * min(max(share, 0.0), 1.0):.2f}".rstrip("0").rstrip(".") + "%"


def _units(value: float) -> str:
    """A coordinate without needless decimals."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _time_words() -> str:
    """The words that the script needs to let a time tick, in its order, parted by bars."""
    return "|".join(i18n._(word) for word in TIME_WORDS)
