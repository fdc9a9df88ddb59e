"""What a secret looks like, in a value and in a line of text; pure, for `config.source` and `secret_rules`.

The shapes are those that the services document for their own tokens. Every repetition is bounded, so that no
text takes long; nothing here gives a secret back.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from dataclasses import dataclass

# What YAML takes for the end of a line.
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")

_SHAPES: tuple[tuple[str, str], ...] = (
    ("an AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a GitHub token", r"\bgh[pousr]_[A-Za-z0-9]{16,255}|\bgithub_pat_[A-Za-z0-9_]{16,255}"),
    ("a GitLab token", r"\bgl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_-]{16,100}"),
    ("a Slack token", r"\bxox[abceoprs]-[A-Za-z0-9-]{8,255}|\bxapp-[A-Za-z0-9-]{8,255}"),
    ("a Slack webhook", r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{12,255}"),
    ("a Teams webhook", r"webhook\.office\.com/webhookb2/[A-Za-z0-9@/_-]{16,255}"),
    ("a Discord webhook", r"discord(?:app)?\.com/api/webhooks/[0-9]{6,30}/[A-Za-z0-9_-]{16,255}"),
    ("a Google API key", r"\bAIza[A-Za-z0-9_-]{30,60}"),
    ("a Google OAuth secret", r"\bGOCSPX-[A-Za-z0-9_-]{20,60}"),
    ("a Stripe key", r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}"),
    ("a SendGrid key", r"\bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}"),
    ("an API key", r"\bsk-(?:(?:ant|proj|svcacct)-[A-Za-z0-9_-]{16,255}|[A-Za-z0-9]{32,255})"),
    ("a package registry's token", r"\b(?:npm_[A-Za-z0-9]{30,60}|pypi-[A-Za-z0-9_-]{30,255})"),
    ("a Databricks token", r"\bdapi[0-9a-f]{32}\b"),
    (
        "an Azure key",
        r"\b(?i:AccountKey|SharedAccessKey|SharedAccessSignature)=(?![$<*{])[^\s;{}]{16,1000}"
        r"|\b[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}",
    ),
    ("a Vault token", r"\bhv[sb]\.[A-Za-z0-9_-]{20,255}"),
    ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{6,4000}\.eyJ[A-Za-z0-9_-]{6,8000}"),
    ("a private key", r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY"),
    (
        "an Authorization header",
        r"\b(?i:bearer|basic)\s{1,4}(?=[A-Za-z0-9._~+/=-]{0,255}[0-9])[A-Za-z0-9._~+/=-]{16,4000}",
    ),
    ("a URL with a password", r"://[^\s/@:{}]{0,200}:(?![$<*])[^\s/@{}]{1,255}@"),
    (
        "a URL with a token",
        r"[?&](?i:access_token|api_?key|client_secret|passw(?:or)?d|secret|sig|signature|token)"
        r"=(?![$<*{])[^&\s{}]{8,1000}",
    ),
    ("a password in a text", r"\b(?i:client_secret|passw(?:or)?d|pwd)=(?![$<*{])[^\s;&{}]{4,255}"),
)

_WORDS = r"pass(?:word|wd|phrase)?|pwd|secret|token|api_?key|(?:private|access|secret|auth)_?key|credentials?"
# Patterns are compiled where they are first asked for: few files need any of them.
_KEY = rf"(?i)(?:.{{0,100}}[_.-])?(?:{_WORDS})"

# The cheapest question first: whatever the expression below finds holds one of these, in any case.
_MARKS = (
    *(
        "pass",
        "pwd",
        "secret",
        "token",
        "key",
        "credential",
        "bearer",
        "basic",
        "akia",
        "asia",
        "github_pat_",
    ),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "xox", "xapp"),
    *("hook", "aiza", "gocspx", "sk_", "sk-", "rk_", "rk-", "sg.", "npm_", "pypi-", "dapi", "hvs.", "hvb."),
    *("eyj", "@", "?sig", "&sig", "accesssig", "7q~", "8q~"),
)

# A cheap question then: nearly no file has anything of this.
_SUSPICIOUS = (
    rf"(?i:{_WORDS}|bearer|basic)|AKIA|ASIA|gh[pousr]_|github_pat_|gl(?:pat|dt|rt|ptt|cbt)-|xox|xapp|hook|AIza|GOCSPX|[sr]k[_-]"
    r"|(?i:accountkey|accesssignature)|[78]Q~|PRIVATE KEY|SG\.|npm_|pypi-|dapi|hv[sb]\.|eyJ|://[^\s/]{0,400}@|[?&](?i:sig)"
)

_KEY_IN_LINE = rf"""(?i)(?:^|[\s{{,"'])["']?[\w.-]{{0,100}}?(?:{_WORDS})["']?\s{{0,9}}:"""
# A template that is nothing but a text in quotes gives that text.
_LITERAL = r"""\s{0,20}(?:'[^'{}]{0,500}'|"[^"{}]{0,500}")\s{0,20}\}\}"""
_TEMPLATE = rf"\{{\{{(?!{_LITERAL})[^{{}}]{{1,2000}}\}}\}}|\{{%[^{{}}]{{1,2000}}%\}}"
_PLACEHOLDER = r"\$\{?[A-Za-z_][\w.:-]{0,100}\}?|<[^<>]{0,100}>|\*{1,100}|\.{3}|…"
_UUID = r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


# Where a text or a line ends to be looked at: a time bound for files that are made to be slow.
_LONGEST_TEXT, _LONGEST_LINE = 100_000, 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What a text looks like by itself, and whether it would be harmless under any key."""

    shape: str | None
    is_harmless: bool


@functools.lru_cache(maxsize=2)
def may_hold_secret(text: str) -> bool:
    """Whether a file is worth a closer look; the same file is asked for with each of its documents."""
    folded = text.casefold()
    return any(mark in folded for mark in _MARKS) and re.search(_SUSPICIOUS, text) is not None


@functools.cache
def _shape() -> re.Pattern[str]:
    """Compile all shapes to one expression: milliseconds that only a suspicious file costs."""
    shapes = "|".join(f"(?P<shape_{index}>{pattern})" for index, (_, pattern) in enumerate(_SHAPES))
    # A letter beyond ASCII in front of a token hides it from nobody.
    return re.compile(shapes, re.ASCII)


def judge(text: str) -> Judgement:
    """Look at a text without its key."""
    match = _shape().search(text[:_LONGEST_TEXT])
    index = None if match is None else int(str(match.lastgroup).removeprefix("shape_"))
    rest = re.sub(_TEMPLATE, "", text).strip()
    # Templates, stand-ins and UUIDs give nothing away.
    harmless = (
        not rest or re.fullmatch(_PLACEHOLDER, rest) is not None or re.fullmatch(_UUID, rest) is not None
    )
    return Judgement(shape=None if index is None else _SHAPES[index][0], is_harmless=harmless)


def shape_in(line: str) -> tuple[int, int] | None:
    """Give where in a line something stands that looks like a secret by itself."""
    match = _shape().search(line[:_LONGEST_TEXT])
    return None if match is None else match.span()


def blanked(text: str) -> str:
    """Give a text with `***` in place of what looks like a secret by itself; of a key's block all of it."""
    if re.search(_SUSPICIOUS, text) is None:
        return text
    return re.sub(_KEY_BLOCK, "***", _shape().sub(_blank, text))


@functools.lru_cache(maxsize=2)
def is_plain(line: str) -> bool:
    """Whether a line shows no secret by itself; each of its mistakes asks again, and it may be long."""
    return blanked(line) == line


def _blank(match: re.Match[str]) -> str:
    return match[0] if "PRIVATE KEY" in match[0] else "***"


def without_lines(text: str, numbers: Collection[int]) -> str:
    """Give a text with a remark in place of the lines of these numbers, counted from 1."""
    if not numbers:
        return text
    parts = re.split(f"({LINE_BREAK.pattern})", text)
    lines = [
        _remark(part) if index % 2 == 0 and index // 2 + 1 in numbers else part
        for index, part in enumerate(parts)
    ]
    return "".join(lines)


def shown(text: str) -> str:
    """Give a text for people, with a remark in place of the lines that may show a secret."""
    return without_lines(text, hidden_lines(text))


def _remark(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    # What parts two documents stays.
    return f"{'--- ' if line.startswith('---') else indent}# not shown: it may hold a secret"


_KEY_BLOCK = r"(?s)-----BEGIN [A-Z0-9 ]{0,80}PRIVATE KEY.*"


def is_secret_key(key: str) -> bool:
    """Whether what stands under a key of this name is one, unless it is harmless."""
    from dag_factory.config.text.suggestions import snake_case  # noqa: PLC0415 (only in a suspicious file)

    return re.fullmatch(_KEY, snake_case(key)) is not None


@functools.lru_cache(maxsize=2)
def hidden_lines(text: str) -> frozenset[int]:
    """Number the lines (from 1) that may show a secret, whether the text is YAML or not.

    With a key such as `password` go all lines that are indented more than it, which can be its value.
    """
    if not may_hold_secret(text):
        return frozenset()
    hidden = set()
    below: int | None = None
    for number, line in enumerate(LINE_BREAK.split(text), 1):
        indent = len(line) - len(line.lstrip())
        if below is not None and line.strip() and indent <= below:
            below = None
        if below is None and _begins_secret(line):
            # The lines of a key's block stand no deeper than its first line.
            below = indent - ("-----BEGIN" in line)
        if below is not None or len(line) > _LONGEST_LINE or _shape().search(line):
            hidden.add(number)
    return frozenset(hidden)


def _begins_secret(line: str) -> bool:
    if "PRIVATE KEY" in line:
        return True
    match = re.search(_KEY_IN_LINE, line[:_LONGEST_LINE])
    if match is None:
        return False
    value = line[match.end() :].strip()
    return not value or not judge(re.sub(_TEMPLATE, "", value).strip("\"', }")).is_harmless
