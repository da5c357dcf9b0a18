"""One broker with users and ACLs for all tests here, and a prefix of its own for every test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from charles import acls, topic_admin
from charles.refusals import Refused
from charles.settings import Kafka
from tests.logged import until
from tests.security.secured import STRANGER, Secured, secured_broker

_USERS = [role.name for role in acls.ROLES]


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured_broker(tmp_path_factory.mktemp("secured"), [*_USERS, STRANGER]) as running:
        yield running


@pytest.fixture
def prefix(secured: Secured) -> str:
    """Topics under it, and every role's user allowed what the table says."""
    prefix = f"t{uuid.uuid4().hex[:8]}"
    kafka = secured.superuser.model_copy(update={"prefix": prefix})
    topic_admin.ensure(kafka)
    for role in acls.ROLES:
        acls.apply(kafka, role, role.name)
    # The broker takes an ACL up a moment after the controller has written it down.
    until(lambda: all(holds(secured.kafka(role.name, prefix), role.name) for role in acls.ROLES))
    return prefix


def holds(kafka: Kafka, role: str) -> bool:
    """Whether the cluster lets this user do what the table says."""
    try:
        acls.require(kafka, role)
    except Refused:
        return False
    return True
