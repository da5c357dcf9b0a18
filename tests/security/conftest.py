"""One broker with users and ACLs for all tests here, and one prefix: what they take away they give back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from charles.kafka import acls, topic_admin
from tests.logged import until
from tests.patience import PATIENCE_S
from tests.security.secured import STRANGER, Secured, holds, secured_broker

_USERS = [role.name for role in acls.ROLES]


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured_broker(tmp_path_factory.mktemp("secured"), [*_USERS, STRANGER]) as running:
        yield running


@pytest.fixture(scope="session")
def prefix(secured: Secured) -> str:
    """Topics under it, and every role's user allowed what the table says."""
    prefix = "secured"
    kafka = secured.superuser.model_copy(update={"prefix": prefix})
    topic_admin.ensure(kafka)
    for role in acls.ROLES:
        acls.apply(kafka, role, role.name)
    for role in acls.ROLES:
        until(lambda name=role.name: holds(secured.kafka(name, prefix), name), PATIENCE_S)  # type: ignore[misc]
    return prefix
