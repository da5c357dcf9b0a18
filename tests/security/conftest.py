"""One broker with users and ACLs for all tests here, and a prefix of its own for every test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from charles import acls, topic_admin
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
    for role in acls.ROLES:
        acls.apply(kafka, role, role.name)
    topic_admin.ensure(secured.kafka("operator", prefix))
    return prefix
