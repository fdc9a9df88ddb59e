"""Markdown as the site needs it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from docs_tools.hook import for_site, on_page_markdown


def test_a_block_that_names_a_file_gets_a_title():
    assert for_site("```yaml configs/a.yaml\na: 1\n```\n") == '```yaml title="configs/a.yaml"\na: 1\n```\n'


@pytest.mark.parametrize("fence", ["```sh", "```", '```yaml title="a"'])
def test_other_blocks_stay(fence):
    assert for_site(f"{fence}\nx\n```\n") == f"{fence}\nx\n```\n"


def test_a_comment_above_a_table_is_dropped():
    assert for_site("<!-- begin -->\n| a |\n|---|\n") == "| a |\n|---|\n"


def test_a_page_of_a_file_at_the_top_shows_it_with_links_of_the_site(tmp_path):
    (tmp_path / "CHANGELOG.md").write_text("See [versions](docs/versions.md).\n", "utf-8")
    page = SimpleNamespace(file=SimpleNamespace(src_uri="changelog.md"))
    config = {"config_file_path": str(tmp_path / "mkdocs.yml")}
    assert on_page_markdown("stub", page=page, config=config) == "See [versions](versions.md).\n"
