"""What a secret looks like, in a value and in a line of text.

The patterns follow what the services document for their own tokens. Every repetition is bounded, so that no
text takes long. No function here returns a secret.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from dataclasses import dataclass

from dag_factory.config.text.line_breaks import LINE_BREAK


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A kind of secret that can be recognised without its key.

    Every match of the pattern contains one of the marks, in any case. The example matches. It is
    built from parts, so that no scanner takes this file for one that holds secrets.
    """

    name: str
    marks: tuple[str, ...]
    pattern: str
    example: str


SHAPES = (
    Shape(
        name="an AWS access key",
        marks=("akia", "asia"),
        pattern=r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        example="AKIA" + "IOSFODNN7EXAMPLE",
    ),
    Shape(
        name="a GitHub token",
        marks=("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        pattern=r"\bgh[pousr]_[A-Za-z0-9]{16,255}",
        example="gh" + "p_" + "example0" * 5,
    ),
    Shape(
        name="a GitHub token",
        marks=("github_pat_",),
        pattern=r"\bgithub_pat_[A-Za-z0-9_]{16,255}",
        example="github_" + "pat_" + "example_" * 4,
    ),
    Shape(
        name="a GitLab token",
        marks=("glpat-", "gldt-", "glrt-", "glptt-", "glcbt-"),
        pattern=r"\bgl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_-]{16,100}",
        example="gl" + "pat-" + "example-" * 3,
    ),
    Shape(
        name="a Slack token",
        marks=("xox",),
        pattern=r"\bxox[abceoprs]-[A-Za-z0-9-]{8,255}",
        example="xox" + "b-" + "0000-example",
    ),
    Shape(
        name="a Slack token",
        marks=("xapp-",),
        pattern=r"\bxapp-[A-Za-z0-9-]{8,255}",
        example="xapp" + "-1-" + "A000-example",
    ),
    Shape(
        name="a Slack webhook",
        marks=("hooks.slack.com",),
        pattern=r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{12,255}",
        example="https://hooks." + "slack.com/services/T000/B000/example",
    ),
    Shape(
        name="a Teams webhook",
        marks=("webhook.office.com",),
        pattern=r"webhook\.office\.com/webhookb2/[A-Za-z0-9@/_-]{16,255}",
        example="https://example.webhook." + "office.com/webhookb2/" + "example0" * 3,
    ),
    Shape(
        name="a Discord webhook",
        marks=("/api/webhooks/",),
        pattern=r"discord(?:app)?\.com/api/webhooks/[0-9]{6,30}/[A-Za-z0-9_-]{16,255}",
        example="https://discord." + "com/api/webhooks/" + "000000/" + "example0" * 3,
    ),
    Shape(
        name="a Google API key",
        marks=("aiza",),
        pattern=r"\bAIza[A-Za-z0-9_-]{30,60}",
        example="AI" + "za" + "example0" * 5,
    ),
    Shape(
        name="a Google OAuth secret",
        marks=("gocspx-",),
        pattern=r"\bGOCSPX-[A-Za-z0-9_-]{20,60}",
        example="GOC" + "SPX-" + "example0" * 3,
    ),
    Shape(
        name="a Stripe key",
        marks=("sk_live_", "sk_test_", "rk_live_", "rk_test_"),
        pattern=r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}",
        example="sk" + "_test_" + "example0" * 3,
    ),
    Shape(
        name="a SendGrid key",
        marks=("sg.",),
        pattern=r"\bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}",
        example="SG" + "." + "example0" * 2 + "." + "example0" * 4,
    ),
    Shape(
        name="an API key",
        marks=("sk-",),
        pattern=r"\bsk-(?:(?:ant|proj|svcacct)-[A-Za-z0-9_-]{16,255}|[A-Za-z0-9]{32,255})",
        example="sk" + "-proj-" + "example0" * 4,
    ),
    Shape(
        name="a package registry's token",
        marks=("npm_", "pypi-"),
        pattern=r"\b(?:npm_[A-Za-z0-9]{30,60}|pypi-[A-Za-z0-9_-]{30,255})",
        example="py" + "pi-" + "example0" * 5,
    ),
    Shape(
        name="a Databricks token",
        marks=("dapi",),
        pattern=r"\bdapi[0-9a-f]{32}\b",
        example="da" + "pi" + "0123abcd" * 4,
    ),
    Shape(
        name="an Azure key",
        marks=("accountkey=", "sharedaccesskey=", "sharedaccesssignature="),
        pattern=r"\b(?i:AccountKey|SharedAccessKey|SharedAccessSignature)=(?![$<*{])[^\s;{}]{16,1000}",
        example="DefaultEndpointsProtocol=https;Account" + "Key=" + "example0" * 8,
    ),
    Shape(
        name="an Azure key",
        marks=("7q~", "8q~"),
        pattern=r"\b[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}",
        example="abc8" + "Q~" + "example0" * 4,
    ),
    Shape(
        name="a Hugging Face token",
        marks=("hf_",),
        pattern=r"\bhf_[A-Za-z0-9]{30,60}",
        example="h" + "f_" + "example0" * 4,
    ),
    Shape(
        name="a DigitalOcean token",
        marks=("dop_v1_", "doo_v1_", "dor_v1_"),
        pattern=r"\bdo[opr]_v1_[0-9a-f]{32,64}",
        example="do" + "p_v1_" + "0123abcd" * 8,
    ),
    Shape(
        name="an age key",
        marks=("age-secret-key-",),
        pattern=r"\bAGE-SECRET-KEY-1[A-Z0-9]{20,100}",
        example="AGE-SECRET" + "-KEY-1" + "EXAMPLE0" * 7,
    ),
    Shape(
        name="a Vault token",
        marks=("hvs.", "hvb."),
        pattern=r"\bhv[sb]\.[A-Za-z0-9_-]{20,255}",
        example="hv" + "s." + "example0" * 3,
    ),
    Shape(
        name="a JSON web token",
        marks=("eyj",),
        pattern=r"\beyJ[A-Za-z0-9_-]{6,4000}\.eyJ[A-Za-z0-9_-]{6,8000}",
        example="eyJ" + "example00.eyJ" + "example00.example",
    ),
    Shape(
        name="a private key",
        marks=("private key",),
        pattern=r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY",
        example="-----BEGIN " + "RSA PRIVATE KEY-----",
    ),
    Shape(
        name="an Authorization header",
        marks=("bearer", "basic"),
        pattern=r"\b(?i:bearer|basic)\s{1,4}(?=[A-Za-z0-9._~+/=-]{0,255}[0-9])[A-Za-z0-9._~+/=-]{16,4000}",
        example="Bearer " + "example0" * 3,
    ),
    Shape(
        name="a URL with a password",
        marks=("://",),  # not "@", which is in schedules such as @daily
        pattern=r"://[^\s/@:{}]{0,200}:(?![$<*])[^\s/@{}]{1,255}@",
        example="https://me:" + "open-sesame@example.com/x",
    ),
    Shape(
        name="a URL with a token",
        marks=("token=", "key=", "secret=", "password=", "passwd=", "sig=", "signature="),
        pattern=r"[?&](?i:access_token|api_?key|client_secret|passw(?:or)?d|secret|sig|signature|token)"
        r"=(?![$<*{])[^&\s{}]{8,1000}",
        example="https://example.com/x?a=b&access_" + "token=example0",
    ),
    Shape(
        name="a password in a text",
        marks=tuple(
            f"{word}{quote}"
            for word in ("password", "passwd", "secret", "token", "api_key", "apikey")
            for quote in "'\""
        ),
        pattern=r"""["'](?i:(?:client_)?secret|passw(?:or)?d|(?:access_|auth_)?token|api_?key)["']\s{0,5}:\s{0,5}"""
        r"""["'](?![$<*{])[^"'{}]{4,255}["']""",
        example="{'pass" + "word': 'example0'}",
    ),
    Shape(
        name="a password in a text",
        marks=("--password", "--token", "--secret", "--api-key"),
        pattern=r"--(?:password|token|secret|api-key)[ =](?![$<*{-])[^\s{}]{4,255}",
        example="--pass" + "word example0",
    ),
    Shape(
        name="a password in a text",
        marks=("client_secret=", "password=", "passwd=", "pwd=", "token=", "api_key=", "apikey="),
        pattern=r"\b(?i:client_secret|passw(?:or)?d|pwd|(?:access_|auth_)?token|api_?key)=(?![$<*{])[^\s;&{}]{4,255}",
        example="host=db user=me pass" + "word=example",
    ),
)

_SHAPE_BY_MARK = tuple((mark, shape) for shape in SHAPES for mark in shape.marks)
_MARKS = tuple(mark for mark, _ in _SHAPE_BY_MARK)

# The last word of a key whose value is a secret, and what each of these words contains.
_WORDS = (
    r"pass(?:wd|phrase)?|[a-z0-9]{0,30}passwords?|passwort|kennwort|pwd?|secret(?:_id)?"
    r"|(?:access|api|auth|bearer|bot|refresh)?token|api_?key|authorization|credentials?"
    r"|(?:private|access|secret|auth|signing|encryption|fernet|integration|account|master|genie|ssh)_?key"
)
_WORD_MARKS = ("pass", "kennwort", "pw", "secret", "token", "key", "credential", "authorization")
# What may follow that word: a number, or which of several secrets it is.
_WHICH = (
    r"(?:_?[0-9]{1,4}|[_.-](?:prod(?:uction)?|dev(?:elopment)?|stag(?:e|ing)|test|qa|live|local|main|default"
    r"|primary|secondary|old|new|current|backup|value|text|plain))"
)

# Patterns are compiled where they are first needed: few files need any of them.
_KEY = rf"(?i)(?:.{{0,100}}[_.-])?(?:{_WORDS}){_WHICH}{{0,3}}"
_KEY_IN_LINE = rf"""(?i)(?:^|[\s{{,"'])["']?[\w.-]{{0,100}}?(?:{_WORDS}){_WHICH}{{0,3}}["']?\s{{0,9}}:"""
# A secret's key before the line with its colon, and as the name in a pair of name and value.
_WHOLE_KEY = rf"""["']?[\w.-]{{0,100}}?(?:{_WORDS}){_WHICH}{{0,3}}["']?\s{{0,99}}$"""
_KEY_ALONE = rf"(?i)\?\s{{0,9}}{_WHOLE_KEY}"
_NAME_OF_VALUE = rf"""(?i)\b(?:name|key)["']?\s{{0,9}}:\s{{0,9}}{_WHOLE_KEY}"""
_VALUE = r"""\s*(?:-\s+)?["']?value["']?\s*:"""
# A line that can follow a value: another key, a marker of a document or a comment.
_NEXT_KEY = (
    r"""\s*(?:[-?]\s+)*(?:"[^"]{0,200}"|'[^']{0,200}'|[^\s"'#:{\[][^:#]{0,200})\s{0,9}:(?:\s|$)"""
    r"|---|\.\.\.|\s*#"
)
# A template that only quotes a text renders that text.
_LITERAL = r"""\s{0,20}(?:'[^'{}]{0,500}'|"[^"{}]{0,500}")\s{0,20}\}\}"""
_TEMPLATE = rf"\{{\{{(?!{_LITERAL})[^{{}}]{{1,2000}}\}}\}}|\{{%[^{{}}]{{1,2000}}%\}}"
_PLACEHOLDER = r"\$\{?[A-Za-z_][\w.:-]{0,100}\}?|<[^<>]{0,100}>|\*{1,100}|\.{3}|…"
_UUID = r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

# How much of a text or a line is searched, so that no file can make the search slow.
_LONGEST_TEXT, _LONGEST_LINE = 100_000, 2_000


@functools.lru_cache(maxsize=2)
def may_hold_secret(text: str) -> bool:
    """Whether a file has to be searched; cached, since it is called for each document."""
    folded = text.casefold()
    return any(word in folded for word in (*_WORD_MARKS, *_MARKS))


def _matches(text: str) -> list[tuple[Shape, re.Match[str]]]:
    """Find what looks like a secret, in the order of the text; only shapes with a mark in it are compiled."""
    folded = text.casefold()
    # A list of pairs, since nested loops take five times as long: this runs for each value of a file.
    shapes = dict.fromkeys([shape for mark, shape in _SHAPE_BY_MARK if mark in folded])
    # ASCII, so that a token right after a letter such as ö still begins a word.
    found = [(shape, match) for shape in shapes for match in re.finditer(shape.pattern, text, re.ASCII)]
    return sorted(found, key=lambda pair: pair[1].start())


def shape_of(text: str) -> str | None:
    """Name the first secret in a text by its shape; None if nothing in it looks like one."""
    return next((shape.name for shape, _ in _matches(text[:_LONGEST_TEXT])), None)


def shape_in(line: str) -> tuple[int, int] | None:
    """Return the start and the end of the first secret in a line."""
    return next((match.span() for _, match in _matches(line[:_LONGEST_TEXT])), None)


def is_harmless(text: str) -> bool:
    """Whether a text under the key of a secret reveals nothing: a template, a placeholder or a UUID."""
    rest = re.sub(_TEMPLATE, "", text).strip()
    return not rest or any(re.fullmatch(pattern, rest) for pattern in (_PLACEHOLDER, _UUID))


def redacted(text: str) -> str:
    """Write `***` for what looks like a secret, and for all that follows the start of a private key."""
    parts, end = list[str](), 0
    for shape, match in _matches(text):
        if shape.name == _PRIVATE_KEY:  # only its first line matches
            continue
        if match.start() >= end:
            parts += [text[end : match.start()], "***"]
        end = max(end, match.end())
    whole = "".join((*parts, text[end:]))
    return re.sub(_PRIVATE_KEY_BLOCK, "***", whole)


@functools.lru_cache(maxsize=2)
def is_plain(line: str) -> bool:
    """Whether a line holds nothing that looks like a secret.

    Cached, since it is called for each diagnostic of a line, which may be long.
    """
    return redacted(line) == line


def without_lines(text: str, numbers: Collection[int]) -> str:
    """Replace the lines of these numbers, counted from 1, by a remark."""
    if not numbers:
        return text
    parts = re.split(f"({LINE_BREAK.pattern})", text)
    lines = [
        _remark(part) if index % 2 == 0 and index // 2 + 1 in numbers else part
        for index, part in enumerate(parts)
    ]
    return "".join(lines)


def shown(text: str) -> str:
    """Write a text for people, with a remark in place of each line that may hold a secret."""
    return without_lines(text, hidden_lines(text))


def _remark(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    # A document marker stays, so that the documents stay apart.
    return f"{'--- ' if line.startswith('---') else indent}# not shown: it may hold a secret"


_PRIVATE_KEY = "a private key"
_PRIVATE_KEY_BLOCK = r"(?s)-----BEGIN [A-Z0-9 ]{0,80}PRIVATE KEY.*"


def is_secret_key(key: str) -> bool:
    """Whether a key of this name holds a secret, unless its value is harmless."""
    from dag_factory.config.text.suggestions import snake_case  # noqa: PLC0415 (only where a key may be one)

    folded = key.casefold()
    if not any(word in folded for word in _WORD_MARKS):
        return False
    return re.fullmatch(_KEY, snake_case(key)) is not None


@functools.lru_cache(maxsize=2)
def hidden_lines(text: str) -> frozenset[int]:
    """Number the lines (from 1) that may hold a secret, whether the text is YAML or not.

    A key such as `password` hides the lines below it up to the next key that is not indented more, since they
    may be its value. Without that key they are: where the text is not YAML, indentation proves nothing.
    """
    if not may_hold_secret(text):
        return frozenset()
    hidden = set()
    below: int | None = None
    is_pair = False
    for number, line in enumerate(LINE_BREAK.split(text), 1):
        start = line[:_LONGEST_LINE]
        indent = len(line) - len(line.lstrip())
        if below is not None and indent <= below and re.match(_NEXT_KEY, start):
            below = None
        is_pair = re.search(_NAME_OF_VALUE, start) is not None or (is_pair and not re.match(r"\s*-\s", start))
        if below is None and (_begins_secret(start) or (is_pair and re.match(_VALUE, start))):
            # The lines of a private key, and what is in quotes or brackets, need not be indented more.
            below = indent - ("-----BEGIN" in start or _is_open(start))
        if below is not None or len(line) > _LONGEST_LINE or shape_in(line):
            hidden.add(number)
    return frozenset(hidden)


def _is_open(line: str) -> bool:
    """Whether a line begins what a later one closes: a quote or a bracket."""
    opened = line.count("[") + line.count("{") - line.count("]") - line.count("}")
    return opened > 0 or line.count("'") % 2 == 1 or line.count('"') % 2 == 1


def _begins_secret(line: str) -> bool:
    if "PRIVATE KEY" in line or re.search(_KEY_ALONE, line):
        return True
    match = re.search(_KEY_IN_LINE, line)
    if match is None:
        return False
    value = line[match.end() :].strip()
    return not value or not is_harmless(re.sub(_TEMPLATE, "", value).strip("\"', }"))
