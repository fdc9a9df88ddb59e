"""Terminals as SVG."""

from __future__ import annotations

from xml.etree import ElementTree

from docs_tools.pictures import terminal

SVG = terminal("$ run <it>\na.yaml:3:4: error: wrong & more [bad-value]\n  = help: fix it\n", "A report")
TREE = ElementTree.fromstring(SVG)
TEXTS = ["".join(each.itertext()) for each in TREE.iter("{http://www.w3.org/2000/svg}text")]


def test_the_lines_are_the_terminals():
    assert TEXTS == ["$ run <it>", "a.yaml:3:4: error: wrong & more [bad-value]", "  = help: fix it"]


def test_what_matters_has_a_class():
    parts = {(each.get("class"), each.text) for each in TREE.iter("{http://www.w3.org/2000/svg}tspan")}
    assert {("where", "a.yaml:3:4:"), ("error", "error"), ("quiet", "[bad-value]")} <= parts


def test_it_has_a_name_and_both_schemes():
    assert "<title>A report</title>" in SVG
    assert "prefers-color-scheme: dark" in SVG
