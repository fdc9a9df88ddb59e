"""`python -m dag_factory` is the command `dag-factory`."""

from dag_factory.cli.main import run

run()
