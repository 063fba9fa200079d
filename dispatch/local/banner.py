"""What the terminal says once everything runs: the address, what is embedded, what that means."""

from __future__ import annotations

from pathlib import Path

from dispatch.local.kafka import VERSION
from dispatch.local.stack import Stack


def banner(stack: Stack, seconds: float) -> str:
    """The text for a stack that has started, `seconds` after the command."""
    settings = stack.settings
    lines = ["", f"街乡吹哨、部门报到 · Dispatch 已就绪（{seconds:.1f} 秒） is ready", ""]
    lines += _row("网址", settings.url, "open this in a browser")
    if settings.demo:
        lines += _row(
            "演示", "演示数据，非真实考核；首页可换身份", f"demo data; sign-ins: {_short(stack.folder)}/demo.json"
        )
    if stack.embeds_database:
        lines += _row(
            "数据库",
            f"内嵌 PostgreSQL，数据在 {_short(stack.postgres_home or stack.folder)}",
            "embedded PostgreSQL: every whistle is kept there, on disk, also after a power cut",
        )
    else:
        lines += _row("数据库", "外接 PostgreSQL（DISPATCH_DATABASE_URL）", "your PostgreSQL server")
    if stack.embeds_broker:
        lines += _row(
            "消息",
            "内嵌 Kafka 协议代理，消息只在内存里；没派完的哨从数据库补派，不会丢",
            "embedded Kafka-protocol broker: its messages live in memory only, PostgreSQL keeps the truth",
        )
    elif stack.local_kafka:
        lines += _row(
            "消息",
            f"本机 Apache Kafka {VERSION}：{settings.kafka}，消息在 {_short(stack.local_kafka.home)}，停了再起都在",
            "Apache Kafka on this machine, one node: its messages are on disk and stay",
        )
    else:
        lines += _row("消息", f"外接 Kafka：{settings.kafka}", "your Kafka")
    shown = " · ".join(f"{role} {address}" for role, address in settings.metrics.items())
    lines += _row("监测", "运行监测，不作考核依据", shown)
    if stack.logs:
        lines += _row("日志", f"{_short(stack.logs)}/web.log、worker.log、scheduler.log", "logs, JSON, one line each")
    lines += _row("停止", "按 Ctrl-C；数据都在，下次接着用", "Ctrl-C stops everything; the data stays")
    return "\n".join([*lines, ""])


def _row(head: str, chinese: str, english: str) -> list[str]:
    # a Chinese character is two columns wide
    return [f"  {head}{' ' * (8 - 2 * len(head))}{chinese}", f"          {english}"]


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
