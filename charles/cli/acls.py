"""`charles acls`: what each program must be allowed on a cluster with ACLs."""

from __future__ import annotations

from typing import Annotated

import typer

from charles.cli.run_command import clear_errors, load_settings


def acls_command(
    role: Annotated[str | None, typer.Argument(help="A program, onlooker or operator.", show_default="all")] = None,
    user: Annotated[str | None, typer.Option(help="Who is allowed it.", show_default="the role's name")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Allow it, rather than print the commands.")] = False,
) -> None:
    """Print the commands of Kafka's own tool that allow a user what a role needs; without a role the table of all.

    Example: charles acls collector --user garage
    """
    with clear_errors():
        from charles.kafka import acls

        if role is None:
            typer.echo(acls.table())
            return
        kafka, wanted, who = load_settings().kafka, acls.role(role), user or role
        if not apply:
            for command in acls.commands(kafka, wanted, who):
                typer.echo(command)
            return
        from charles.kafka.clients import require_broker

        require_broker(kafka)
        acls.apply(kafka, wanted, who)
        for acl in acls.acls(kafka, wanted):
            typer.echo(f"User:{who} may {acl}")
