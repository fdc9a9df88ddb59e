"""Tokens, keys and passwords that can be recognised by their shape, as one table.

The patterns follow what the services document for their own tokens. Every repetition is bounded, so that no
text takes long.
"""

from __future__ import annotations

from dataclasses import dataclass


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
