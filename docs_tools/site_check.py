"""Check a built site: every link leads to a page and an anchor, and nothing is loaded from another host."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# The attributes that a browser fetches by itself, by element; only people follow an <a>.
_LOADED = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
_LOADING_LINKS = {
    "icon",
    "stylesheet",
    "preload",
    "prefetch",
    "modulepreload",
    "manifest",
    "apple-touch-icon",
}
_IN_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")


@dataclass(kw_only=True, slots=True)
class Page:
    """The links, anchors and loaded resources of one HTML page."""

    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)


def check(site: Path) -> list[str]:
    """List what is wrong with a built site, one line each."""
    pages = {path: read(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    wrong = [line for path, page in pages.items() for line in _check_page(site, path, page, pages)]
    for path in sorted(site.rglob("*.css")):
        wrong += [
            f"{path.relative_to(site)}: loads {url}" for url in _IN_STYLE.findall(path.read_text("utf-8"))
        ]
    return wrong


def read(html: str) -> Page:
    """Collect the links, anchors and loaded resources of a page."""
    reader = _Reader()
    reader.feed(html)
    return reader.page


def _check_page(site: Path, path: Path, page: Page, pages: dict[Path, Page]) -> Iterator[str]:
    name = path.relative_to(site)
    yield from (f"{name}: loads {url}" for url in page.loaded if _is_foreign(url))
    # The 404 page has links from the root, and is shown at any address.
    if path.name != "404.html":
        yield from (f"{name}: leads to {url}" for url in page.links if not _is_there(url, path, pages))


def _is_foreign(url: str) -> bool:
    return bool(urlsplit(url).netloc)


def _is_there(url: str, path: Path, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if target not in pages:
        return target.is_file()
    return not parts.fragment or unquote(parts.fragment) in pages[target].anchors


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        self.page.anchors.update(values[name] for name in ("id", "name") if name in values)
        self.page.loaded += _IN_STYLE.findall(values.get("style", ""))
        if tag == "a" and "href" in values:
            self.page.links.append(values["href"])
        self.page.loaded += [values[name] for name in _LOADED.get(tag, ()) if name in values]
        if tag == "link" and _LOADING_LINKS.intersection(values.get("rel", "").split()):
            self.page.loaded.append(values.get("href", ""))

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.page.loaded += _IN_STYLE.findall(data)


if __name__ == "__main__":
    problems = check(Path(sys.argv[1]).resolve())
    print("\n".join(problems or ["every link leads somewhere, and nothing is loaded from another host"]))
    sys.exit(bool(problems))
