"""Draw a terminal as an SVG file that follows the reader's light or dark scheme."""

from __future__ import annotations

import re
from html import escape

_SIZE, _LINE, _CHARACTER, _MARGIN = 14, 21, 8.45, 22
_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_STYLE = """\
    .card { fill: #f6f8fa; stroke: #d0d7de } .text { fill: #1f2328 } .quiet { fill: #59636e }
    .error { fill: #c4242f; font-weight: bold } .help { fill: #0b6e83 } .where { font-weight: bold }
    @media (prefers-color-scheme: dark) {
      .card { fill: #151b23; stroke: #3d444d } .text { fill: #e6edf3 } .quiet { fill: #9198a1 }
      .error { fill: #ff7b72 } .help { fill: #56d4dd }
    }"""
_PARTS = re.compile(
    r"(?P<where>^\S+:\d+:\d+:)|(?P<error>\berror\b|\^+)|(?P<help>= help:.*)"
    r"|(?P<quiet>^\s*\d* \||\[[a-z-]+\]$|^\$ )"
)


def terminal(text: str, label: str) -> str:
    """Draw a terminal with these lines; `label` is for readers who do not see the picture."""
    lines = text.rstrip("\n").split("\n")
    width = round(max(map(len, lines)) * _CHARACTER + 2 * _MARGIN)
    height = len(lines) * _LINE + 2 * _MARGIN
    rows = "\n".join(_row(index, line) for index, line in enumerate(lines))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"
  width="{width}" height="{height}" role="img">
  <title>{escape(label)}</title>
  <style>
{_STYLE}
  </style>
  <rect class="card" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>
  <g class="text" font-family="{_FONTS}" font-size="{_SIZE}">
{rows}
  </g>
</svg>
"""


def _row(index: int, line: str) -> str:
    y = _MARGIN + index * _LINE + _SIZE
    return f'    <text x="{_MARGIN}" y="{y}" xml:space="preserve">{_coloured(line)}</text>'


def _coloured(line: str) -> str:
    parts, end = [], 0
    for match in _PARTS.finditer(line):
        parts.append(escape(line[end : match.start()]))
        parts.append(f'<tspan class="{match.lastgroup}">{escape(match[0])}</tspan>')
        end = match.end()
    return "".join([*parts, escape(line[end:])])
