"""The workflow commands of GitHub Actions."""

from __future__ import annotations

from dag_factory.report.github import render


def test_each_diagnostic_is_a_command_and_the_summary_is_text(diagnostics, files):
    assert render(diagnostics, files) == (
        "::error title=unknown-key,file=configs/a b%2Cü.yaml,line=3,col=5,endLine=3,endColumn=11::"
        "configs/a b,ü.yaml:3:5: unknown key '<\"&%25:,>\\x1b[2J\\r\\n::error::x' (environment dev) "
        "[unknown-key]%0Afirst [here](1): configs/b.yaml:7:2%0Ahelp: write 100%25\n"
        "::warning title=no-effect,file=configs/defaults.yaml,line=2,col=1,endLine=2,endColumn=9::"
        "configs/defaults.yaml:2:1: 'max_retry_delay' has no effect [no-effect]\n"
        "::error title=wrong-type,file=configs/money.yaml,line=4,endLine=6::"
        "configs/money.yaml:4:3: 'owner' is a list, not text [wrong-type]\n"
        "2 errors and 1 warning in 3 files\n"
    )


def test_a_clean_run_is_reported(files):
    assert render((), files) == "nothing wrong in 3 files\n"
