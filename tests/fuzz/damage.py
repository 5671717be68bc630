"""What may befall a file: cut short, overwritten, taken for another kind, or altered by somebody who means harm."""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import strategies as st

Damage = Callable[[bytes], bytes]

NUMBER = re.compile(rb"-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
NO_NUMBERS = (b"nan", b"inf", b"-inf", b"1e400", b"-1", b"0", b"99999999999999999999", b"1e-300", b'"x"', b"null", b"")
EXTREMES = tuple(
    value.to_bytes(size, "little") for size in (1, 2, 4, 8) for value in (0, 2 ** (8 * size) - 1, 2 ** (8 * size - 1))
) + (b"\x00\x00\xc0\x7f", b"\x00\x00\x80\x7f", b"\x00\x00\x00\x00\x00\x00\xf8\x7f")
"""Integers of all sizes, NaN and infinity."""
STRANGERS = (b"", b"\x00" * 64, b"[" * 20_000, b"{" * 20_000, "\ufeffä".encode("utf-16-le"), b"\x80" * 30, b"\n")
"""Contents of other files."""


def _cut(share: float) -> Damage:
    return lambda content: content[: int(share * len(content))]


def _overwrite(share: float, piece: bytes) -> Damage:
    def damage(content: bytes) -> bytes:
        start = int(share * len(content))
        return content[:start] + piece + content[start + len(piece) :]

    return damage


def _insert(share: float, piece: bytes) -> Damage:
    def damage(content: bytes) -> bytes:
        start = int(share * len(content))
        return content[:start] + piece + content[start:]

    return damage


def _repeat(share: float, length: int, times: int) -> Damage:
    def damage(content: bytes) -> bytes:
        start = int(share * len(content))
        return content[:start] + content[start : start + length] * times + content[start + length :]

    return damage


def _number(which: int, other: bytes) -> Damage:
    """Of a text, or of what looks like one."""

    def damage(content: bytes) -> bytes:
        numbers = list(NUMBER.finditer(content))
        if not numbers:
            return content
        found = numbers[which % len(numbers)]
        return content[: found.start()] + other + content[found.end() :]

    return damage


def _replace(content: bytes) -> Damage:
    return lambda _: content


_share = st.floats(0.0, 0.999)
_piece = st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from(EXTREMES))
one = st.one_of(
    st.builds(_overwrite, _share, st.binary(min_size=1, max_size=1)),
    st.builds(_overwrite, _share, _piece),
    st.builds(_overwrite, st.floats(0.0, 0.05), _piece),  # headers are at the beginning
    st.builds(_number, st.integers(0, 10**6), st.sampled_from(NO_NUMBERS)),
    st.builds(_insert, _share, _piece),
    st.builds(_repeat, _share, st.integers(1, 64), st.sampled_from((0, 2, 1000))),
    st.builds(_cut, _share),
    st.builds(_replace, st.sampled_from(STRANGERS)),
)
damages = st.lists(one, min_size=1, max_size=2)
"""One misfortune, or two after each other."""
