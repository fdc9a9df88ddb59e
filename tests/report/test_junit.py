"""JUnit's XML, as CI servers read it."""

from __future__ import annotations

from dag_factory.report.junit import render


def test_each_file_is_a_test(diagnostics, files):
    assert render(diagnostics, files) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<testsuites name="dag-factory validate" tests="4" failures="2" errors="0">\n'
        '  <testsuite name="dag-factory validate" tests="4" failures="2" errors="0" skipped="0">\n'
        '    <testcase classname="dag-factory validate" name="configs/a b,&#252;.yaml">\n'
        '      <failure type="error" message="1 error">configs/a b,&#252;.yaml:3:5: error: unknown key '
        "'&lt;\"&amp;%:,&gt;\\x1b[2J\\r\\n::error::x' (environment dev) [unknown-key]\n"
        "  |\n"
        "3 |     &lt;\"&amp;%:,: ']]&gt;' \\u202e\n"
        "  |     ^^^^^^\n"
        "  = first [here](1): configs/b.yaml:7:2\n"
        "  = help: write 100%</failure>\n"
        "    </testcase>\n"
        '    <testcase classname="dag-factory validate" name="configs/money.yaml">\n'
        '      <failure type="error" message="1 error">configs/money.yaml:4:3: error: '
        "'owner' is a list, not text [wrong-type]\n"
        "  |\n"
        "4 |   owner:\n"
        "  |   ^^^^^^</failure>\n"
        "    </testcase>\n"
        '    <testcase classname="dag-factory validate" name="configs/sound.yaml" />\n'
        '    <testcase classname="dag-factory validate" name="configs/defaults.yaml">\n'
        "      <system-out>configs/defaults.yaml:2:1: warning: "
        "'max_retry_delay' has no effect [no-effect]"
        "</system-out>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n"
    )
