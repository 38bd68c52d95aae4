"""``dlconform doctor``: what is installed and what this machine can do."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from typing import Any

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.output import format_option, print_json, table

__all__ = ["command"]


@click.command(short_help="What is installed, and what this machine can do.")
@format_option
def command(format_: str) -> Exit:
    """Say what is installed, why a library can't be imported, and what isolation can use here."""
    from dlpack_conformance import modules
    from dlpack_conformance._digest import DIGEST, VERSION
    from dlpack_conformance.engine.census import census

    core, instrument = modules()
    found = census()
    facts: dict[str, Any] = {
        "suite": VERSION,
        "digest": DIGEST,
        "catalogue digest": core.catalogue_digest(),
        "dlpack.h": _dlpack_version(instrument),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
    for name, entry in found.libraries.items():
        facts[f"library {name}"] = ", ".join(f"{k} {v}" for k, v in entry["versions"].items())
    for name, why in found.missing.items():
        facts[f"library {name}"] = f"not usable: {why}"
    checks = {name: _try(check) for name, check in _CHECKS.items()}
    if format_ == "json":
        print_json({"facts": facts, "abilities": checks})
    else:
        rows = [[name, str(value)] for name, value in facts.items()]
        rows += [[name, "yes" if why is None else f"no: {why}"] for name, why in checks.items()]
        table(["what", "found"], rows)
    return Exit.OK


def _dlpack_version(instrument: Any) -> str:
    """The newest version that an export of the reference states, which is the header's."""
    template = instrument.Template("int8", [1], [1], 0, [1])
    array = instrument.Array(template.make(), "int8", [1], [1])
    version = instrument.inspect(array.__dlpack__(max_version=(1, 99))).version
    return "legacy" if version is None else ".".join(map(str, version))


def _try(check: Callable[[], None]) -> str | None:
    try:
        check()
    except (OSError, AttributeError, ValueError, BufferError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _memfd() -> None:
    from dlpack_conformance import modules

    modules().core.Journal().clear()


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _pidfd() -> None:
    os.close(os.pidfd_open(os.getpid()))


def _memory(kind: str) -> Callable[[], None]:
    def check() -> None:
        from dlpack_conformance import modules

        modules().instrument.Template("int8", [1], [1], 0, [1], kind=kind).make()

    return check


_CHECKS: dict[str, Callable[[], None]] = {
    "journal in shared memory (memfd)": _memfd,
    "forked runners": _fork,
    "pidfd of a runner": _pidfd,
    "guard pages": _memory("guard-after"),
    "pages mapped read-only": _memory("mapped-readonly"),
}
