"""What reaches a log line, and what never does."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import structlog

from dispatch.observe import logs
from dispatch.observe.plain import ids, plain

PHONE = "13800138000"
NAME = "张三丰"
SAID = "3号楼楼道消防门被锁"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Logging set up on a string; as it was, afterwards."""
    root = logging.getLogger()
    before, level, ours = root.handlers[:], root.level, structlog.get_config()
    stream = io.StringIO()
    logs.configure("info", "json", "web", stream=stream, cache=False)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.configure(**ours)
    structlog.contextvars.clear_contextvars()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_role_time_and_level(out: io.StringIO) -> None:
    structlog.get_logger("x").info("whistle.raised", whistle=str(uuid4()), number=2600000425)
    (line,) = lines(out)
    assert (line["event"], line["level"], line["role"], line["number"]) == ("whistle.raised", "info", "web", 2600000425)
    assert line["time"].endswith("Z")


async def test_a_bound_whistle_stands_on_every_line_of_the_task_and_of_no_other(out: io.StringIO) -> None:
    log = structlog.get_logger("x")

    async def work(whistle: str) -> None:
        with logs.bind(whistle=whistle):
            await asyncio.sleep(0)
            log.info("step.done")
            logging.getLogger("library").warning("slow: %s ms", 12)

    one, two = str(uuid4()), str(uuid4())
    await asyncio.gather(work(one), work(two))
    log.info("outside")
    found = [line.get("whistle") for line in lines(out)]
    assert found.count(one) == found.count(two) == 2
    assert found[-1] is None


@pytest.mark.parametrize(
    ("key", "value"),
    [("reason", SAID), ("name", "ZhangSan"), ("body", SAID), ("unit", NAME), ("reason", f"call {PHONE}"),
     ("seat", PHONE), ("order", int(PHONE)), ("status", ["ok", NAME]), ("versions", {NAME: 1}),
     ("unit", "130403199001011234"), ("reason", "Zhang San called")],
)  # fmt: skip
def test_nothing_personal_is_written(out: io.StringIO, key: str, value: object) -> None:
    structlog.get_logger("x").info("step.done", **{key: value})
    text = out.getvalue()
    for secret in (SAID, NAME, PHONE, "ZhangSan", "Zhang San", "130403199001011234"):
        assert secret not in text
        assert json.dumps(secret)[1:-1] not in text


def test_dropped_keys_are_named(out: io.StringIO) -> None:
    structlog.get_logger("x").info("step.done", body=SAID, phone=PHONE, unit="XF")
    (line,) = lines(out)
    assert line["dropped"] == ["body", "phone"]
    assert line["unit"] == "XF"


def test_a_sentence_is_no_event(out: io.StringIO) -> None:
    structlog.get_logger("x").info(f"raised by {NAME}")
    assert lines(out)[0]["event"] == "unnamed"


def test_codes_ids_and_places_pass(out: io.StringIO) -> None:
    kept = {"seat": "node:130403011-D01:head", "whistle": str(uuid4()), "unit": "SQ-130403011-D01", "offset": 12345678}
    structlog.get_logger("x").info("step.done", **kept)
    line = lines(out)[0]
    assert {key: line[key] for key in kept} == kept


def test_an_exception_is_written_without_its_message_and_locals(out: io.StringIO) -> None:
    reporter = f"{NAME} {PHONE}"
    try:
        try:
            {}[reporter]
        except KeyError as error:
            raise ValueError(f"no {reporter}") from error
    except ValueError:
        structlog.get_logger("x").exception("step.failed")
    (line,) = lines(out)
    assert NAME not in out.getvalue()
    assert PHONE not in out.getvalue()
    assert line["error"] == "ValueError"
    assert line["at"][-1].startswith("tests/observe/test_logs.py:")
    assert line["causes"][0].startswith("KeyError@")


def test_codes_of_the_driver_and_the_system_survive(out: io.StringIO) -> None:
    class UniqueViolationError(Exception):
        sqlstate, constraint_name, table_name = "23505", "whistle_pkey", "whistle"

    try:
        raise UniqueViolationError(f"DETAIL: Key (name)=({NAME})")
    except UniqueViolationError as error:
        structlog.get_logger("x").error("step.failed", exc_info=error)
    line = lines(out)[0]
    assert (line["sqlstate"], line["constraint"], line["table"]) == ("23505", "whistle_pkey", "whistle")


def test_an_error_given_as_text_keeps_its_type_only(out: io.StringIO) -> None:
    structlog.get_logger("x").warning("database.rejected", error=f"DataError: invalid input: {NAME}")
    line = lines(out)[0]
    assert line["error"].startswith("DataError:#")
    assert NAME not in out.getvalue()


def test_libraries_are_routed_through(out: io.StringIO) -> None:
    logger = logging.getLogger("uvicorn.error")
    logger.info("Started server process [%d] for %s", 42, NAME)
    logger.warning(f"put together before: '{NAME}' {PHONE} body {SAID}")
    try:
        raise RuntimeError(NAME)
    except RuntimeError:
        logging.getLogger("aiokafka").exception("Failed for %s", RuntimeError(NAME))
    first, second, third = lines(out)
    assert first["message"] == "Started server process [%d] for %s"
    assert first["args"][0] == 42
    assert first["logger"] == "uvicorn.error"
    assert second["message"].startswith("put together before:")
    assert third["error"] == "RuntimeError"
    assert third["args"] == ["RuntimeError"]
    for secret in (NAME, PHONE, SAID):
        assert secret not in out.getvalue()
        assert json.dumps(secret)[1:-1] not in out.getvalue()


def test_a_library_with_its_own_handler_does_not_write_past_it() -> None:
    logger = logging.getLogger("chatty")
    own = io.StringIO()
    logger.addHandler(logging.StreamHandler(own))
    logger.propagate = False
    stream = io.StringIO()
    before, ours = logging.getLogger().handlers[:], structlog.get_config()
    try:
        logs.configure("info", "json", "web", stream=stream, cache=False)
        logger.warning("hello")
    finally:
        logging.getLogger().handlers[:] = before
        logging.captureWarnings(False)
        structlog.configure(**ours)
    assert own.getvalue() == ""
    assert "hello" in stream.getvalue()


def test_the_level_holds_for_both(out: io.StringIO) -> None:
    structlog.get_logger("x").debug("quiet")
    logging.getLogger("y").debug("quiet")
    logging.getLogger("apscheduler.scheduler").info("job %s", "x")
    assert out.getvalue() == ""


def test_console_form_writes_the_same_keys() -> None:
    stream = io.StringIO()
    before, ours = logging.getLogger().handlers[:], structlog.get_config()
    try:
        logs.configure("info", "console", "web", stream=stream, cache=False)
        structlog.get_logger("x").info("step.done", unit="XF", body=SAID)
    finally:
        logging.getLogger().handlers[:] = before
        logging.captureWarnings(False)
        structlog.configure(**ours)
    assert "unit=XF" in stream.getvalue().replace("'", "")
    assert SAID not in stream.getvalue()
    assert sys.stdout is not stream


def test_many_ids_go_in_few_lines_and_each_can_be_found() -> None:
    many = [str(uuid4()) for _ in range(250)]
    lines_ = list(ids([*many, PHONE]))
    assert len(lines_) == 3
    joined = ",".join(lines_)
    assert all(each in joined for each in many)
    assert PHONE not in joined


def test_joined_ids_pass_the_allow_list(out: io.StringIO) -> None:
    one = str(uuid4())
    for whistles in ids([one, str(uuid4())]):
        structlog.get_logger("x").info("relay.sent", whistles=whistles)
    assert one in out.getvalue()


@pytest.mark.parametrize("value", [13_800_138_000, 130_403_199_001_011_234, 6_222_021_234_567_890])
def test_numbers_as_long_as_a_phones_or_a_cards_are_hidden(value: int) -> None:
    assert str(value) not in str(plain(value))


@pytest.mark.parametrize("value", [2_600_000_425, 0, -5, 999_999_999_999, True, 1.5])
def test_our_own_numbers_are_not(value: float) -> None:
    assert plain(value) == value
