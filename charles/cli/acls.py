"""`charles acls`: the ACLs that each program needs."""

from __future__ import annotations

from typing import Annotated

import typer

from charles.cli.printing import say
from charles.cli.run_command import clear_errors, load_settings


def acls_command(
    role: Annotated[
        str | None, typer.Argument(help="Role: a program's name, onlooker (read only) or operator.", show_default="all")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Kafka user to allow.", show_default="the role's name")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Create the ACLs instead of printing the commands.")] = False,
) -> None:
    """Print the kafka-acls.sh commands that give a user the rights of a role. Without a role: print a table of all
    roles.

    Example: charles acls collector --user garage
    """
    with clear_errors():
        from charles.kafka import acls

        if role is None:
            say(acls.table())
            return
        kafka, wanted, who = load_settings().kafka, acls.role(role), user or role
        if not apply:
            for command in acls.commands(kafka, wanted, who):
                say(command)
            return
        from charles.kafka.clients import require_broker

        require_broker(kafka)
        acls.apply(kafka, wanted, who)
        for acl in acls.acls(kafka, wanted):
            say(f"User:{who} may {acl}")
