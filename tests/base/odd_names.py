"""Names that somebody may give to whatever has a name."""

from __future__ import annotations

ODD_NAMES = {
    "empty": "",
    "a dot": ".",
    "two dots": "..",
    "a slash": "a/b",
    "a way up": "../../etc/passwd",
    "a backslash": "a\\b",
    "an escaped slash": "%2F",
    "a percent sign": "100%",
    "long": "n" * 250,
    "long and wide": "\N{WINKING FACE}" * 60,
    "a line feed": "one\ntwo",
    "an escape sequence": "\x1b[2J\x1b]0;title\x07",
    "rich's markup": "[/x]",
    "rich's colour": "[red]red[/]",
    "an emoji's name": ":smile:",
    "HTML": "<img src=x onerror=alert(1)>",
    "from right to left": "\N{RIGHT-TO-LEFT OVERRIDE}evil\N{POP DIRECTIONAL FORMATTING}",
    "mathematics": "$\\frac{",
    "a format": "{0.__class__} %s %(x)s",
    "a null": "a\0b",
    "Windows' printer": "con",
    "quotes": "\"'`;--",
    "spaces": "  ",
    "Arabic digits": "\N{ARABIC-INDIC DIGIT THREE}",
}
SURROGATE = "\udcff"
"""What Python makes of a file's name that is no text; no topic can carry it."""
