"""Files of the reports are written beside their place and renamed: nobody meets half of one."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dlpack_conformance.errors import ReportError

__all__ = ["legal", "replace_text"]

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """``text`` without what XML 1.0 can't hold even escaped: that is written as a number."""
    return _ILLEGAL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def replace_text(path: str | Path, text: str) -> None:
    """Write a text file as UTF-8.

    Raises
    ------
    ReportError
        It can't be written.
    """
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise ReportError(
            str(path), "file", error.strerror or str(error), "a writable folder"
        ) from None
