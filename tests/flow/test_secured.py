"""The flow through a Kafka that speaks TLS and wants a user: SASL/SCRAM over SSL, from the settings on."""

import datetime
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from dispatch.bootstrap.addresses import kafka_of
from dispatch.bootstrap.worker import working
from dispatch.bus.topics import KafkaAway, ensure
from dispatch.settings import Settings
from tests.factories import FIRE_DOOR, World
from tests.flow.test_flow import raised, until, value, waking
from tests.kafka_node import Kafka

pytestmark = [pytest.mark.chaos, pytest.mark.kafka, pytest.mark.timeout(300)]

USER, PASSWORD, MECHANISM = "dispatch", "only-for-this-test", "SCRAM-SHA-512"


def certified(folder: Path) -> tuple[Path, Path]:
    """An authority's certificate, and a key with the certificate that it signed for 127.0.0.1; as PEM."""
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("authority", "broker")]
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in names]

    def signed(which: int, extension: x509.ExtensionType) -> x509.Certificate:
        made = x509.CertificateBuilder(names[0], names[which], keys[which].public_key(), x509.random_serial_number())
        made = made.not_valid_before(now - day).not_valid_after(now + day)
        return made.add_extension(extension, critical=which == 0).sign(keys[0], hashes.SHA256())

    authority = signed(0, x509.BasicConstraints(ca=True, path_length=0))
    broker = signed(1, x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]))
    pem = serialization.Encoding.PEM
    key = keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "authority.pem").write_bytes(authority.public_bytes(pem))
    (folder / "broker.pem").write_bytes(key + broker.public_bytes(pem) + authority.public_bytes(pem))
    return folder / "authority.pem", folder / "broker.pem"


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a node where nobody gets in without TLS and a password."""
    authority, broker = certified(tmp_path)
    node = Kafka(
        settings={
            "listeners": "SASL_SSL://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "SASL_SSL",
            "sasl.enabled.mechanisms": MECHANISM,
            "sasl.mechanism.inter.broker.protocol": MECHANISM,
            f"listener.name.sasl_ssl.{MECHANISM.lower()}.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required"
                f' username="{USER}" password="{PASSWORD}";'
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(broker),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(authority),
        },
        format=("--add-scram", f"{MECHANISM}=[name={USER},password={PASSWORD}]"),
    )
    with node:
        yield Settings(
            kafka=node.address,
            kafka_replication=1,
            kafka_ca=authority,
            kafka_username=USER,
            kafka_password=SecretStr(PASSWORD),
            kafka_mechanism=MECHANISM,
        )


async def test_from_receipt_to_queue_over_tls_with_a_user(world: World, secured: Settings, tmp_path: Path) -> None:
    bootstrap, client = kafka_of(secured)
    assert client["security_protocol"] == "SASL_SSL"
    await ensure(bootstrap, client, replication=1)
    async with working(world.service, waking(world), bootstrap, client):
        receipt = await raised(world, FIRE_DOOR)
        queued = "SELECT count(*) FROM assignment WHERE whistle = $1 AND unit = 'XF' AND active"
        await until(lambda: value(world, queued, receipt.id))
        await until(lambda: value(world, "SELECT NOT EXISTS (SELECT FROM outbox)"))

    (tmp_path / "other").mkdir()
    stranger, _ = certified(tmp_path / "other")
    for wrong in ({"kafka_password": SecretStr("guessed")}, {"kafka_ca": stranger}, {"kafka_protocol": "PLAINTEXT"}):
        bootstrap, client = kafka_of(secured.model_copy(update=wrong))
        with pytest.raises(KafkaAway) as refused:
            await ensure(bootstrap, client, replication=1, within=5)
        assert "DISPATCH_KAFKA" in str(refused.value)
        assert PASSWORD not in str(refused.value)
