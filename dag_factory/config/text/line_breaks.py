"""The line breaks of YAML."""

from __future__ import annotations

import re

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
