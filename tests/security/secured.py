"""A real broker with SASL_SSL, SCRAM users and ACLs: nobody may do anything that no ACL allows.

Whoever has the broker's own certificate is its super user: so no password has to stand on a command line when users and
ACLs are made.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka.admin import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from charles.kafka import acls
from charles.kafka.clients import admin, answers
from charles.kafka.errors import AccessRefused
from charles.kafka.topic_admin import resolve
from charles.settings import Kafka
from infra.kafka.data_folder import new_cluster_id
from infra.kafka.find_runtime import find_runtime
from infra.kafka.ports import LOOPBACK
from tests.nodes import Node
from tests.ports import free_port
from tests.security.certificates import Authority

_MECHANISM = "SCRAM-SHA-512"
_ITERATIONS = 4096
STRANGER = "stranger"
"""A user whom nothing is allowed."""


@dataclass(frozen=True)
class Secured:
    """The broker that runs. ca: who signed its certificate; passwords: by user; superuser: settings that may do
    everything."""

    node: Node
    ca: Path
    passwords: Mapping[str, str]
    superuser: Kafka

    def properties(self, user: str) -> dict[str, str]:
        """What a client of this user needs."""
        return {
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": _MECHANISM,
            "sasl.username": user,
            "sasl.password": self.passwords[user],
            "ssl.ca.location": str(self.ca),
        }

    def kafka(self, user: str, prefix: str, **properties: str) -> Kafka:
        """The settings of a program of this user; properties, with _ for a dot, come on top."""
        more = {name.replace("_", "."): value for name, value in properties.items()}
        return Kafka(bootstrap_servers=self.node.bootstrap, prefix=prefix, properties=self.properties(user) | more)

    def kafka_by_file(self, user: str, prefix: str, folder: Path) -> Kafka:
        """The same, with everything about the user in a file, as a container's secret is."""
        path = folder / f"{user}.properties"
        path.touch(mode=0o600)
        path.write_text("".join(f"{name}={value}\n" for name, value in self.properties(user).items()))
        return Kafka(bootstrap_servers=self.node.bootstrap, prefix=prefix, properties_file=path)


@contextmanager
def secured_broker(folder: Path, users: Iterable[str]) -> Iterator[Secured]:
    """One with these users, each with a password of its own, until the block ends."""
    authority = Authority(folder)
    certificate = authority.issue("broker")
    internal = free_port()
    node = Node(folder / "kafka", find_runtime())
    node.extra = _secured(node, internal, authority.ca, certificate)
    node.format(new_cluster_id(), "--standalone")
    superuser = Kafka(
        bootstrap_servers=f"{LOOPBACK}:{internal}",
        properties={
            "security.protocol": "SSL",
            "ssl.ca.location": str(authority.ca),
            "ssl.certificate.location": str(certificate),
            "ssl.key.location": str(certificate),
        },
    )
    node.start()
    try:
        node.wait_until(lambda: answers(admin(superuser, error_cb=lambda _error: None)))
        passwords = {user: secrets.token_urlsafe(12) for user in users}
        _add_users(superuser, passwords)
        yield Secured(node, authority.ca, passwords, superuser)
    finally:
        node.stop()


def _secured(node: Node, internal: int, ca: Path, certificate: Path) -> list[str]:
    """Properties of the broker: clients log in with a password, brokers and controllers with their certificate."""
    clients = f"SASL_SSL://{LOOPBACK}:{node.port},INTERNAL://{LOOPBACK}:{internal}"
    return [
        f"listeners={clients},CONTROLLER://{LOOPBACK}:{node.controller_port}",
        f"advertised.listeners={clients}",
        "listener.security.protocol.map=SASL_SSL:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL",
        "inter.broker.listener.name=INTERNAL",
        f"sasl.enabled.mechanisms={_MECHANISM}",
        f"listener.name.sasl_ssl.{_MECHANISM.lower()}.sasl.jaas.config="
        "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "ssl.keystore.type=PEM",
        f"ssl.keystore.location={certificate.as_posix()}",
        "ssl.truststore.type=PEM",
        f"ssl.truststore.location={ca.as_posix()}",
        "listener.name.internal.ssl.client.auth=required",
        "listener.name.controller.ssl.client.auth=required",
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users=User:CN=broker",
    ]


def _add_users(superuser: Kafka, passwords: Mapping[str, str]) -> None:
    mechanism = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
    client = admin(superuser)
    resolve(
        client.alter_user_scram_credentials(
            [UserScramCredentialUpsertion(user, mechanism, password.encode()) for user, password in passwords.items()]
        )
    )


def holds(kafka: Kafka, role: str) -> bool:
    """Whether the cluster lets this user do what the table says: the broker takes an ACL up a moment after the
    controller has written it down."""
    try:
        acls.require(kafka, role)
    except AccessRefused:
        return False
    return True
