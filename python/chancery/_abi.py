"""The C interface, chancery.h, through ctypes. Inner: programs use the classes of the package.

CHANCERY_LIBRARY names another libchancery.so.0 than the one that was installed with this package.
"""
from __future__ import annotations

import ctypes
import os
import pathlib
import sysconfig
from typing import Any

from chancery._types import Error

SONAME = "libchancery.so.0"


def _library_path() -> str:
    given = os.environ.get("CHANCERY_LIBRARY")
    if given:
        return given
    lib = pathlib.Path(__file__).resolve().parents[3]  # PREFIX/lib/python3/dist-packages/chancery/_abi.py
    for folder in (lib / str(sysconfig.get_config_var("MULTIARCH")), lib):
        if (folder / SONAME).exists():
            return str(folder / SONAME)
    return SONAME


class Position(ctypes.Structure):
    """chancery_position"""

    _fields_ = [("arrival", ctypes.c_uint64), ("arrival_urgent", ctypes.c_uint64)]


TEXT = ctypes.c_char_p
OPTIONS = CLIENT = ERROR = ctypes.c_void_p
OUT = ctypes.POINTER(ctypes.c_void_p)
POSITION = ctypes.POINTER(Position)
U32, U64, INT = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int

# Each function that is used here: what it gives, and its arguments. A test compares this with chancery.h.
SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "chancery_version": (TEXT, []),
    "chancery_free": (None, [ctypes.c_void_p]),
    "chancery_error_number": (U32, [ERROR]),
    "chancery_error_name": (TEXT, [ERROR]),
    "chancery_error_text": (TEXT, [ERROR]),
    "chancery_error_detail": (TEXT, [ERROR]),
    "chancery_error_remedy": (TEXT, [ERROR]),
    "chancery_error_retryable": (INT, [ERROR]),
    "chancery_error_notice_id": (TEXT, [ERROR]),
    "chancery_error_retry_after_ms": (U64, [ERROR]),
    "chancery_error_free": (None, [ERROR]),
    "chancery_error_make": (ERROR, [TEXT, TEXT]),
    "chancery_options_new": (ERROR, [OUT]),
    "chancery_options_from_file": (ERROR, [TEXT, OUT]),
    "chancery_options_set": (ERROR, [OPTIONS, TEXT, TEXT]),
    "chancery_options_free": (None, [OPTIONS]),
    "chancery_open": (ERROR, [OPTIONS, OUT]),
    "chancery_close": (None, [CLIENT]),
    "chancery_new_notice_id": (ERROR, [OUT]),
    "chancery_publish": (ERROR, [CLIENT, TEXT, OUT]),
    "chancery_wait": (ERROR, [CLIENT, TEXT, TEXT, U64, ctypes.POINTER(INT), OUT]),
    "chancery_publish_until": (ERROR, [CLIENT, TEXT, TEXT, U64, OUT, ctypes.POINTER(INT), OUT]),
    "chancery_inbox": (ERROR, [CLIENT, TEXT, POSITION, OUT]),
    "chancery_read": (ERROR, [CLIENT, TEXT, TEXT, POSITION, OUT]),
    "chancery_commit": (ERROR, [CLIENT, TEXT, POSITION, POSITION]),
    "chancery_publish_batch": (ERROR, [CLIENT, TEXT, OUT]),
    "chancery_ack": (ERROR, [CLIENT, TEXT, TEXT, POSITION]),
    "chancery_nack": (ERROR, [CLIENT, TEXT, TEXT, OUT]),
    "chancery_deferred": (ERROR, [CLIENT, TEXT, TEXT, OUT]),
    "chancery_redrive": (ERROR, [CLIENT, TEXT, TEXT, ctypes.POINTER(U64)]),
    "chancery_outbox": (ERROR, [CLIENT, TEXT, OUT]),
    "chancery_acknowledge": (ERROR, [CLIENT, TEXT, TEXT, TEXT, OUT]),
    "chancery_cancel": (ERROR, [CLIENT, TEXT, OUT]),
    "chancery_retry": (ERROR, [CLIENT, TEXT, OUT]),
    "chancery_cursors": (ERROR, [CLIENT, OUT]),
    "chancery_reset": (ERROR, [CLIENT, TEXT, POSITION, POSITION]),
    "chancery_show": (ERROR, [CLIENT, TEXT, OUT]),
    "chancery_kinds": (ERROR, [OUT]),
    "chancery_stats_json": (ERROR, [CLIENT, OUT]),
}

_library = ctypes.CDLL(_library_path())  # Lets other Python threads run during a call.
for _name, (_result, _arguments) in SIGNATURES.items():
    _function = getattr(_library, _name)
    _function.restype, _function.argtypes = _result, _arguments


def call(name: str, *arguments: Any) -> Any:
    """What the function gives; one that gives an error raises it instead."""
    given = getattr(_library, name)(*arguments)
    if SIGNATURES[name][0] is ERROR and given is not None:
        raise taken_error(given)
    return given


def taken_error(error: int) -> Error:
    """Takes over a chancery_error."""

    def text(part: str) -> str:
        value: bytes = getattr(_library, f"chancery_error_{part}")(error)
        return value.decode(errors="replace")

    try:
        return Error(
            number=_library.chancery_error_number(error),
            name=text("name"),
            text=text("text"),
            detail=text("detail"),
            remedy=text("remedy"),
            retryable=bool(_library.chancery_error_retryable(error)),
            notice_id=text("notice_id"),
            retry_after=_library.chancery_error_retry_after_ms(error) / 1000,
        )
    finally:
        _library.chancery_error_free(error)


def make_error(name: str, detail: str) -> Error:
    """An error of the table, by its name."""
    return taken_error(_library.chancery_error_make(c_text(name), c_text(detail.replace("\0", ""))))


def c_text(value: str) -> bytes:
    """For C, which would end a text at its first zero byte."""
    if "\0" in value:
        raise make_error("bad-argument", "a text has a zero byte")
    return value.encode()


def taken_text(name: str, *arguments: Any) -> str:
    """Of a function whose last argument is a `char **`."""
    out = ctypes.c_void_p()
    call(name, *arguments, ctypes.byref(out))
    return text_of(out)


def text_of(out: ctypes.c_void_p) -> str:
    """Of a text that a function gave; it is freed."""
    try:
        return ctypes.string_at(out.value or 0).decode()
    finally:
        call("chancery_free", out)
