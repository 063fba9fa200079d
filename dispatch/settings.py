"""Every setting of the service, in one class: environment variables `DISPATCH_…`, or a `.env` file where it starts."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, SettingsConfigDict

PREFIX = "DISPATCH_"
#: roles of people who sign in (the service itself has one more)
SIGNING_IN = (
    "street-clerk", "liaison", "superior", "person-in-charge", "desk", "duty-officer", "administrator", "auditor",
)  # fmt: skip


def _listed(value: str) -> list[str]:
    names = [name.strip() for name in value.split(",") if name.strip()]
    return [] if names == ["none"] else names


class Settings(BaseSettings):
    """What may be set. An empty variable counts as not set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL 16 or newer, postgresql://user:password@host/name. Unset: embedded, under `up` only.",
    )
    kafka: str | None = Field(
        None, description="Kafka's bootstrap servers, host:port,host:port. Unset: an embedded broker, under `up` only."
    )
    kafka_replication: int | None = Field(
        None,
        ge=1,
        description="Copies of each partition of a topic created here. Unset: as declared (3); 1 for one node.",
    )
    outage_hours: float = Field(
        24.0,
        gt=0,
        le=24 * 365,
        description="Longest outage of the workers that no record may be lost in; the topics are held to it.",
    )
    kafka_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] | None = Field(
        None,
        description="How to talk to Kafka. Unset: TLS where a CA file is named, SASL where a user is.",
    )
    kafka_username: str | None = Field(None, description="User for SASL; unset: no sign-in to Kafka.")
    kafka_password: SecretStr | None = Field(None, description="Password for SASL.")
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism, used when a user is named."
    )
    kafka_ca: Path | None = Field(
        None, description="File (PEM) of the authority that signed Kafka's certificates; unset: this machine's own."
    )

    host: str = Field("127.0.0.1", description="Address the web role listens on; 0.0.0.0 for all.")
    port: int = Field(8000, ge=0, le=65535, description="Port of the web role (pages, API, health, metrics).")
    worker_port: int = Field(8001, ge=0, le=65535, description="Port of the worker's health and metrics.")
    scheduler_port: int = Field(8002, ge=0, le=65535, description="Port of the scheduler's health and metrics.")
    public_url: str | None = Field(None, description="Address people reach it by, for links. Unset: http://host:port.")
    secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Signs sessions, 32 characters or more. Unset: `up` makes one in its data folder.",
    )

    secret_key_old: SecretStr | None = Field(
        None,
        description="Earlier secret keys, by comma: what was made with them works, and is made anew where it is used.",
    )

    second_factor_for: str = Field(
        "desk,administrator",
        description="Roles, by comma, that must have a second factor (an authenticator); none: nobody must.",
    )

    rate_limits: float = Field(
        1.0,
        ge=0,
        description="How generous the limits of one account or token are: 2 twice as much as declared, 0 no limits.",
    )

    oidc_issuer: str | None = Field(
        None, description="Issuer of an OpenID provider people may sign in by; unset: account and password only."
    )
    oidc_client_id: str | None = Field(None, description="What the provider knows this service by.")
    oidc_client_secret: SecretStr | None = Field(None, description="Secret of the client at the provider.")
    oidc_label: str = Field("统一身份登录", description="Words of the button that leads to the provider.")

    data: Path = Field(
        Path(".dispatch"), description="Folder of `up`: embedded database, logs, keys, demo.json, photos."
    )
    demo: bool = Field(
        False, description="Load the demo district and offer its identities. Never with real people's data."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe line that is logged."
    )
    traces: Literal["off", "console", "otlp"] = Field(
        "off", description="OpenTelemetry: to the terminal, or by OTLP to OTEL_EXPORTER_OTLP_ENDPOINT (an extra)."
    )
    log_format: Literal["json", "console"] = Field("json", description="json: one object a line; console: for eyes.")

    pool_size: int = Field(8, ge=2, le=100, description="Database connections of one process.")
    number_block: int = Field(
        100, ge=1, le=100_000, description="Whistle numbers that a process takes at once; gaps allowed."
    )
    sweep_seconds: float = Field(1.0, gt=0, le=60, description="How often the scheduler looks for what is overdue.")
    reconcile_seconds: float = Field(5.0, gt=0, le=600, description="How often whistles not yet routed are looked for.")
    reconcile_grace_seconds: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="How long a whistle may wait for the topic before it is routed from the database.",
    )
    archive_after_days: int = Field(
        2190,
        ge=31,
        description="`dispatch archive`: how long a month must be over, and to leave the database, its whistles too.",
    )
    stop_seconds: float = Field(15.0, gt=0, le=300, description="How long a stopping process may finish its work.")

    wecom_webhook: SecretStr | None = Field(
        None, description="URL of a WeCom group robot; unset: messages are only kept."
    )

    postgres_account: str | None = Field(
        None,
        description="Account of the embedded PostgreSQL when started as root. Unset: dispatch if it exists, or nobody.",
    )
    broker_memory_mb: int = Field(
        1024, ge=64, description="The embedded broker is replaced when it has grown beyond this (it never shrinks)."
    )

    @field_validator("database_url")
    @classmethod
    def _postgres_only(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _safe_issuer(cls, value: str | None) -> str | None:
        if value and not value.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("must begin with https://")
        return value

    @field_validator("public_url", "wecom_webhook")
    @classmethod
    def _web_address(cls, value: Any) -> Any:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text and not text.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value

    @field_validator("kafka")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        for server in value.split(",") if value else ():
            host, _, port = server.strip().rpartition(":")
            if not host or not port.isdigit():
                raise ValueError(f"must be host:port,host:port; {server.strip()!r} is not")
        return value

    @field_validator("secret_key_old")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value and any(len(one) < 32 for one in _listed(value.get_secret_value())):
            raise ValueError("each must have 32 characters or more")
        return value

    @field_validator("second_factor_for")
    @classmethod
    def _known_roles(cls, value: str) -> str:
        for role in _listed(value):
            if role not in SIGNING_IN:
                raise ValueError(f"{role!r} is no role; choose among {', '.join(SIGNING_IN)}, or none")
        return value

    @property
    def factor_roles(self) -> frozenset[str]:
        """The roles that must have a second factor."""
        return frozenset(_listed(self.second_factor_for))

    @property
    def earlier_secrets(self) -> tuple[str, ...]:
        """Secret keys that were in use before the present one."""
        return tuple(_listed(self.secret_key_old.get_secret_value())) if self.secret_key_old else ()

    @property
    def reached_at(self) -> str:
        """The host under which this machine reaches its own web role."""
        return "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # nosec B104  # noqa: S104 — compared, not bound

    @property
    def url(self) -> str:
        """The address people open."""
        return self.public_url or f"http://{self.reached_at}:{self.port}"

    @property
    def metrics(self) -> dict[str, str]:
        """Where each role of this machine shows its metrics."""
        here = "127.0.0.1"
        return {
            "web": f"http://{self.reached_at}:{self.port}/metrics",
            "worker": f"http://{here}:{self.worker_port}/metrics",
            "scheduler": f"http://{here}:{self.scheduler_port}/metrics",
        }


class WrongSettings(Exception):
    """A setting that cannot be read; `str()` is one line naming variable, value and what would do."""


@dataclass(frozen=True, slots=True)
class Told:
    """One setting as `dispatch settings` lists it; `value` is safe to show."""

    variable: str
    value: str
    source: Literal["default", "environment", ".env"]
    meaning: str


def read() -> Settings:
    """The settings of this process. Raises `WrongSettings`."""
    try:
        return Settings()
    except ValidationError as error:
        raise WrongSettings("; ".join(_in_words(each) for each in error.errors())) from None
    except (OSError, UnicodeDecodeError) as error:
        raise WrongSettings(f"The file .env cannot be read ({error}). Mend or remove it.") from None


def _in_words(error: Any) -> str:
    name = str(error["loc"][0]) if error["loc"] else "?"
    variable = (PREFIX + name).upper()
    field = Settings.model_fields.get(name)
    given = "***" if field is None or _secret(field.annotation) else repr(_sources().get(name, ("", "?"))[1])
    reason = str(error["msg"]).removeprefix("Value error, ")
    return f"{variable}={given}: {reason}. {field.description if field and field.description else ''}".strip()


def _secret(annotation: Any) -> bool:
    return "SecretStr" in str(annotation)


def _sources() -> dict[str, tuple[Literal["environment", ".env"], Any]]:
    """Where each setting that is set comes from, and what stands there."""
    found: dict[str, tuple[Literal["environment", ".env"], Any]] = {}
    for name, value in DotEnvSettingsSource(Settings, env_ignore_empty=True)().items():
        found[name] = (".env", value)
    for name, value in EnvSettingsSource(Settings, env_ignore_empty=True)().items():
        found[name] = ("environment", value)
    return found


def told(settings: Settings) -> list[Told]:
    """All settings with value (secrets masked), source and meaning."""
    sources = _sources()
    listed = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = "–" if value is None else str(value)
        if name == "database_url" and value is not None:
            # host and name help, the password does not; a password in the query is rare enough to hide it all
            shown = re.sub(r"(?<=://)([^:@/?]*):[^@]*@", r"\1:***@", value.get_secret_value())
            shown = "***" if "password=" in shown else shown
        source = sources[name][0] if name in sources else "default"
        listed.append(Told((PREFIX + name).upper(), shown, source, field.description or ""))
    return listed


def unknown(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Variables that look like ours and are not, each with the nearest that is."""
    known = [(PREFIX + name).upper() for name in Settings.model_fields]
    lines = []
    for variable in sorted(environment):
        if variable.upper().startswith(PREFIX) and variable.upper() not in known:
            near = difflib.get_close_matches(variable.upper(), known, 1)
            lines.append(f"{variable} is no setting" + (f"; {near[0]} is." if near else "."))
    return lines
