"""The format with one line per diagnostic."""

from __future__ import annotations

from dag_factory.report.concise import render


def test_each_diagnostic_is_one_line(diagnostics, files):
    assert render(diagnostics, files) == (
        "configs/a b,ü.yaml:3:5: error: unknown key '<\"&%:,>\\x1b[2J\\r\\n::error::x' (environment dev) "
        "[unknown-key] (write 100%)\n"
        "configs/defaults.yaml:2:1: warning: 'max_retry_delay' has no effect [no-effect]\n"
        "configs/money.yaml:4:3: error: 'owner' is a list, not text [wrong-type]\n"
    )


def test_no_diagnostics_print_nothing(files):
    assert render((), files) == ""
