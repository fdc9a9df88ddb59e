"""MkDocs hook that adapts Markdown written for Git hosts to the site.

MkDocs loads this file by its path, in an environment without the package, so it imports only the standard
library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

# The pages whose source files are at the top of the repository, where hosts expect them.
TOP_FILES: Mapping[str, str] = MappingProxyType(
    {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md", "security.md": "SECURITY.md"}
)

_NAMED_BLOCK = re.compile(r"^```(\w+) ([^\s={}]+)$", re.MULTILINE)
_COMMENT = re.compile(r"^<!-- .* -->\n", re.MULTILINE)
_DOCS_LINK = re.compile(r"\]\(docs/")


class File(Protocol):
    """The part of MkDocs' file that the hook needs."""

    src_uri: str


class Page(Protocol):
    """The part of MkDocs' page that the hook needs."""

    file: File


def on_page_markdown(markdown: str, *, page: Page, config: Mapping[str, str], **_: object) -> str:
    """Change a page's text before MkDocs renders it."""
    top_file = TOP_FILES.get(page.file.src_uri)
    if top_file is not None:
        markdown = (Path(config["config_file_path"]).parent / top_file).read_text("utf-8")
        markdown = _DOCS_LINK.sub("](", markdown)
    return for_site(markdown)


def for_site(markdown: str) -> str:
    """Title the blocks that name a file, and drop comments, which would hide the table below them."""
    return _COMMENT.sub("", _NAMED_BLOCK.sub(r'```\1 title="\2"', markdown))
