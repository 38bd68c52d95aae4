"""Texts of exceptions and warnings are the same in every process."""

from __future__ import annotations

import warnings

import pytest
from dlpack_conformance.engine.crash import last_words, signal_name, stack_frames
from dlpack_conformance.engine.texts import WarningLog, bases_of, class_of, message_of, normal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<x object at 0x7f3a5c0012ab>", "<x object at 0x..>"),
        ("owner 140234567890123 is gone", "owner # is gone"),
        ("limit is 2147483648 elements", "limit is 2147483648 elements"),
        ("/usr/lib/python3.11/site-packages/numpy/core.py: no", "numpy/core.py: no"),
        ("at /pytorch/aten/src/ATen/DLConvertor.cpp:333", "at DLConvertor.cpp:333"),
        ("ratio a/b of 3", "ratio a/b of 3"),
        ("no data\nException raised from f at /a/b.cpp:1\nframe #0: g", "no data"),
    ],
)
def test_normal_replaces_what_differs_between_processes(text: str, expected: str) -> None:
    """Addresses, object ids, paths and C++ stacks go; numbers that mean something stay."""
    assert normal(text) == expected


def test_normal_cuts_long_texts() -> None:
    """A text of a thousand characters becomes one of 400 that ends in dots."""
    assert len(normal("x" * 1000)) == 400
    assert normal("x" * 1000).endswith("...")


def test_exception_names_are_bare_only_for_pythons_own() -> None:
    """Classes of modules are named with them; bases go up to Exception."""

    class OwnError(BufferError):
        pass

    assert class_of(ValueError()) == "ValueError"
    assert class_of(OwnError()).endswith(
        "test_engine_texts.test_exception_names_are_bare_only_for_pythons_own.<locals>.OwnError"
    )
    assert bases_of(OwnError()) == ["BufferError", "Exception"]


def test_message_of_an_exception_that_cannot_be_shown() -> None:
    """A ``__str__`` that raises is told, not passed on."""

    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert message_of(MuteError()) == "<message unreadable: RuntimeError>"


def test_warning_log_takes_each_warning_every_time() -> None:
    """The filter is `always`: the same warning is seen twice; taking empties the log."""
    log = WarningLog()
    with warnings.catch_warnings():
        log.install()
        for _ in range(2):
            warnings.warn("at 0x12345", UserWarning, stacklevel=1)

    assert log.take() == ["UserWarning: at 0x.."] * 2
    assert log.take() == []


def test_stack_frames_end_at_the_engine() -> None:
    """Frames of the library file stay, innermost first; the engine's own and what called it go."""
    dump = """Fatal Python error: Aborted

Current thread 0x00007f0 (most recent call first):
  File "/venv/lib/python3.11/site-packages/lib/ops.py", line 7 in convert
  File "/x/dlpack_conformance/libraries/lib.py", line 31 in write
  File "/x/dlpack_conformance/engine/exchange.py", line 300 in _prove
  File "/x/dlpack_conformance/engine/runner.py", line 40 in line

Extension modules: a, b (total: 2)
"""

    assert stack_frames(dump) == ["lib/ops.py:7 in convert", "lib.py:31 in write"]


def test_last_words_prefer_what_cpp_said() -> None:
    """``what()`` of an uncaught exception beats the lines of the stack that follow it."""
    cpp = "terminate called\n  what():  Negative strides\nframe #0: f\n"

    assert last_words(cpp) == "Negative strides"
    assert last_words("a\nb\n\n") == "b"
    assert last_words("") == ""


def test_signal_names_cover_numbers_without_a_name() -> None:
    """Real-time signals have numbers only."""
    assert signal_name(9) == "SIGKILL"
    assert signal_name(1000) == "signal-1000"
