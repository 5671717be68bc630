"""Text of files and errors in the browser: viser's markdown is MDX, where braces and angle brackets are programs."""

from __future__ import annotations


def as_text(text: str) -> str:
    """Markdown that shows exactly ``text``, whatever it says; line breaks become spaces."""
    return "".join(
        letter if letter.isalnum() or letter == " " else f"&#{ord(letter)};" for letter in " ".join(text.split())
    )


def as_alarm(text: str) -> str:
    """The same in bold."""
    return f"**{as_text(text)}**"
