"""Annotated shapes and dtypes are checked at every call of a function and at every making of a record."""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from beartype import beartype
from jaxtyping import install_import_hook, jaxtyped

PACKAGE = Path(__file__).parents[1] / "idr_neus_plugins"
COMPILED = ("_kernel", "_kernels", "_rows")
"""How modules end that Numba or Triton compile: these can do nothing with checked wrappers."""


def check_package() -> None:
    """Call before anything of the package is imported."""
    install_import_hook(sorted(checked_modules()), "beartype.beartype")
    _check_named_tuples()


def checked_modules() -> set[str]:
    files = (path for path in PACKAGE.rglob("*.py") if path.stem != "__init__" and not path.stem.endswith(COMPILED))
    return {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in files}


def _check_named_tuples() -> None:
    """jaxtyping's hook knows functions and dataclasses only."""
    meta: Any = typing.NamedTupleMeta  # type: ignore[attr-defined]
    plain = meta.__new__

    def __new__(cls, name: str, bases: tuple, namespace: dict) -> type:
        made = plain(cls, name, bases, namespace)
        if made.__module__.startswith("idr_neus_plugins."):
            _check_fields(made)
        return made

    meta.__new__ = __new__


def _check_fields(record: Any) -> None:
    plain, check = record.__new__, None

    def __new__(cls, *args, **kwargs):
        nonlocal check
        made = plain(cls, *args, **kwargs)
        check = check or _checker(record)  # at the first use, when all names of its module are there
        check(*made)
        return made

    record.__new__ = __new__


def _checker(record: Any) -> Callable[..., None]:
    """A function of a record's fields that raises where one is not as annotated."""
    try:
        hints = typing.get_type_hints(record, vars(sys.modules[record.__module__]), include_extras=True)
    except NameError:  # of a class that is imported for type checkers only
        return lambda *_: None
    space: dict[str, Any] = {}
    exec(f"def {record.__name__}({', '.join(record._fields)}): ...", space)
    function = space[record.__name__]
    function.__annotations__ = {name: hints[name] for name in record._fields}
    return jaxtyped(typechecker=beartype)(function)
