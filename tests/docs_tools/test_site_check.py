"""What a built site is held to."""

from __future__ import annotations

import pytest

from docs_tools.site_check import check


@pytest.fixture
def site(tmp_path):
    def make(body, **files):
        (tmp_path / "index.html").write_text(f"<html><body>{body}</body></html>", "utf-8")
        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "index.html").write_text('<h2 id="secret">secret</h2>', "utf-8")
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(text, "utf-8")
        return tmp_path

    return make


@pytest.mark.parametrize(
    "link", ["rules/", "rules/#secret", "#", "", "https://example.com/x", "mailto:a@example.com"]
)
def test_a_link_that_leads_somewhere_is_fine(site, link):
    assert check(site(f'<a href="{link}">x</a>')) == []


@pytest.mark.parametrize("link", ["rule/", "rules/#secrets", "#top", "picture.svg"])
def test_a_link_that_leads_nowhere_is_found(site, link):
    assert check(site(f'<a href="{link}">x</a>')) == [f"index.html: leads to {link}"]


@pytest.mark.parametrize(
    "element",
    [
        '<script src="{}"></script>',
        '<link rel="stylesheet" href="{}">',
        '<link rel="icon" href="{}">',
        '<img src="{}">',
        '<svg><use href="{}"/></svg>',
        '<p style="background: url({})">x</p>',
        "<style>@import '{}';</style>",
    ],
)
@pytest.mark.parametrize("url", ["https://example.com/a", "//example.com/a"])
def test_what_is_loaded_from_another_host_is_found(site, element, url):
    assert check(site(element.format(url))) == [f"index.html: loads {url}"]


def test_a_font_in_a_style_sheet_is_found(site):
    folder = site("", site_css="@font-face { src: url(https://example.com/font.woff2) }")
    assert check(folder) == ["site.css: loads https://example.com/font.woff2"]


def test_what_lies_in_the_site_is_fine(site):
    folder = site('<script src="a.js"></script><link rel="canonical" href="https://example.com/">')
    assert check(folder) == []
