"""Environments of their own for releases of a library, made with the installer and kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlpack_conformance import modules
from dlpack_conformance.errors import EnvironmentMakingError

__all__ = ["Environment", "NoWheelError", "find_pythons", "make_environment"]

_TOOLS = ("click", "rich", "jinja2", "msgspec", "tomli")
_TAG = "import sys; print(sys.implementation.cache_tag)"


class NoWheelError(Exception):
    """No wheel of the release for an interpreter; the text is the installer's last line."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment with the suite and one release. ``version``: as installed."""

    python: Path
    version: str


def find_pythons(wanted: Sequence[str]) -> list[Path]:
    """Interpreters: this one, then those of ``wanted``, paths or versions such as ``3.10``.

    A version is looked for on PATH as ``python3.10`` and among those of pyenv; the first that runs
    is taken (a shim of pyenv's on PATH may not).

    Raises
    ------
    EnvironmentMakingError
        One of ``wanted`` is not there or does not run.
    """
    found = [Path(sys.executable)]
    for name in wanted:
        place = next((path for path in _places(name) if path.is_file() and _runs(path)), None)
        if place is None:
            raise EnvironmentMakingError(
                f"--python {name}: no interpreter that runs on PATH (as python{name}) or in pyenv"
            )
        found.append(place)
    return found


def _runs(python: Path) -> bool:
    try:
        done = subprocess.run([str(python), "-c", ""], capture_output=True, check=False)
    except OSError:  # no program at all
        return False
    return done.returncode == 0


def _places(name: str) -> Iterator[Path]:
    if os.sep in name:
        yield Path(name)
        return
    on_path = shutil.which(f"python{name}")
    if on_path:
        yield Path(on_path)
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(root.glob(f"versions/{name}.*/bin/python"), reverse=True)


def make_environment(
    folder: Path,
    python: Path,
    requirement: str,
    *,
    source: str | None = None,
    options: Sequence[str] = (),
) -> Environment:
    """Make or reuse ``folder`` with ``requirement``: ``numpy==2.0.2``, or ``numpy`` for the newest.

    ``source``: what the installer takes for this package where the interpreter is not of this
    version; ``options``: further ones for installing the release.

    Raises
    ------
    NoWheelError
        There is no wheel of the release for this interpreter.
    EnvironmentMakingError
        Anything else that the installer could not do; its last line is named.
    """
    own = folder / "bin" / "python"
    if not own.is_file():
        _do([str(python), "-m", "venv", str(folder)], f"venv {folder}")
        _install(own, ["--upgrade", *_TOOLS], "the tools")
    name = requirement.partition("==")[0]
    if not _is_there(own, requirement):
        newest = [] if "==" in requirement else ["--upgrade"]
        only = ["--only-binary", name]
        try:
            _install(own, [*newest, *only, *options, requirement], requirement)
        except EnvironmentMakingError as error:
            raise NoWheelError(str(error)) from None
    _put_suite(own, source)
    return Environment(own, _version(own, name) or "")


def _is_there(python: Path, requirement: str) -> bool:
    name, _, version = requirement.partition("==")
    return bool(version) and _version(python, name) == version


def _version(python: Path, name: str) -> str | None:
    code = (
        "import importlib.metadata as m, sys\n"
        "try: print(m.version(sys.argv[1]))\n"
        "except m.PackageNotFoundError: pass"
    )
    return _out([str(python), "-c", code, name]) or None


def _put_suite(python: Path, source: str | None) -> None:
    """Copy this package beside the release where the interpreter is the same, else install it."""
    if _out([str(python), "-c", _TAG]) == sys.implementation.cache_tag:
        code = "import sysconfig; print(sysconfig.get_path('platlib'))"
        target = Path(_out([str(python), "-c", code]), "dlpack_conformance")
        ours = Path(modules().core.__file__ or "").parent
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(ours, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        return
    code = "from dlpack_conformance._digest import DIGEST; print(DIGEST)"
    if _out([str(python), "-c", code]) == modules().core.DIGEST:
        return
    _install(python, ["--force-reinstall", "--no-deps", source or _released()], "this suite")


def _released() -> str:
    from dlpack_conformance._digest import VERSION

    return f"dlpack-conformance=={VERSION}"


def _install(python: Path, arguments: Sequence[str], what: str) -> None:
    environment = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    _do([str(python), "-m", "pip", "install", "--quiet", *arguments], what, environment)


def _do(command: Sequence[str], what: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        env={**_own_packages(), **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        raise EnvironmentMakingError(f"{what}: {lines[-1] if lines else done.returncode}")


def _out(command: Sequence[str]) -> str:
    done = subprocess.run(command, env=_own_packages(), capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _own_packages() -> dict[str, str]:
    """Variables of this process without the one that would lend an environment our packages."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
