"""The diagnostics with which every format is tested."""

from __future__ import annotations

import pytest

from dag_factory.config.diagnostics import Diagnostic, Related, Severity, Span


@pytest.fixture
def files() -> tuple[str, ...]:
    """Return the checked files; the last one is valid."""
    return ("configs/a b,ü.yaml", "configs/money.yaml", "configs/sound.yaml")


@pytest.fixture
def diagnostics() -> tuple[Diagnostic, ...]:
    """Return one diagnostic with every field and text special to a format, a warning, and a multiline one."""
    return (
        Diagnostic(
            file="configs/a b,ü.yaml",
            span=Span(line=3, column=5, end_line=3, end_column=11),
            code="unknown-key",
            message="unknown key '<\"&%:,>\x1b[2J\r\n::error::x'",
            help="write 100%",
            environment="dev",
            source_line="    <\"&%:,: ']]>' \N{RIGHT-TO-LEFT OVERRIDE}",
            related=(
                Related(
                    file="configs/b.yaml",
                    span=Span(line=7, column=2, end_line=7, end_column=5),
                    message="first [here](1)",
                ),
            ),
        ),
        Diagnostic(
            file="configs/defaults.yaml",
            span=Span(line=2, column=1, end_line=2, end_column=9),
            code="no-effect",
            message="'max_retry_delay' has no effect",
            severity=Severity.WARNING,
        ),
        Diagnostic(
            file="configs/money.yaml",
            span=Span(line=4, column=3, end_line=6, end_column=1),
            code="wrong-type",
            message="'owner' is a list, not text",
            source_line="  owner:",
        ),
    )
