"""The command `up`: keep Airflow and the local Airbyte running for people to use."""

from __future__ import annotations

from dag_factory.sandbox.configuration import Options, read_expected
from dag_factory.sandbox.console import Console
from dag_factory.sandbox.loopback import free_port
from dag_factory.sandbox.processes.child import wait_for_failure
from dag_factory.sandbox.stack import Plan, Stack, stack
from dag_factory.sandbox.workspace import workspace


def keep_running(options: Options, console: Console, *, port: int) -> None:
    """Start everything and keep it running until Ctrl-C; data of earlier starts is kept."""
    with workspace(options.work / "up", is_fresh=False) as folder:
        plan = Plan(
            options=options,
            expected=read_expected(options),
            folder=folder,
            port=free_port(port),
            paused_at_creation=False,
        )
        with stack(plan, console) as running:
            _greet(running, plan, console)
            try:
                wait_for_failure(running.children)
            except KeyboardInterrupt:
                console.line()


def _greet(running: Stack, plan: Plan, console: Console) -> None:
    airbyte = running.airbyte
    console.line(f"Airflow        {running.home.url} (without a login)")
    console.line(
        f"local Airbyte  {airbyte.url} (login {airbyte.client_id}, password {airbyte.client_secret})"
    )
    console.line(f"rows           {running.data}")
    console.line(f"logs           {plan.folder / 'logs'}; those of the tasks: {running.home.folder / 'logs'}")
    console.line("The DAGs are live. Ctrl-C stops both.")
