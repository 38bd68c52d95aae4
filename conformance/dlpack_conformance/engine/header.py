"""First line of a record: what ran, where, and everything that the plan was made from."""

from __future__ import annotations

import os
import platform
import sys
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.census import Census
from dlpack_conformance.engine.options import Options
from dlpack_conformance.record import SCHEMA

__all__ = ["header_of"]


def header_of(
    options: Options, found: Census, spec: dict[str, Any], plan: Any, planned: int
) -> dict[str, Any]:
    """Return the header; nothing in it changes from run to run of one environment.

    ``planned``: cases of this file; of a shard, ``shard.planned`` are those of all shards together.
    """
    core = modules().core
    digest = sys.modules["dlpack_conformance._digest"]
    libc, libc_version = platform.libc_ver()
    header: dict[str, Any] = {
        "schema": SCHEMA,
        "suite": digest.VERSION,
        "catalogue": core.catalogue_digest(),
        "python": found.python,
        "os": " ".join(filter(None, [platform.system(), libc, libc_version])),
        "machine": platform.machine(),
        "page_bytes": os.sysconf("SC_PAGE_SIZE"),
        "devices": sorted(
            {
                makes["device"]
                for library in found.libraries.values()
                for makes in library["makes"]
                if makes["device"] not in library["absent_devices"]
            }
        ),
        "profile": options.profile,
        "filters": list(options.filters),
        "command": list(options.command),
        "planned": planned,
        "excluded": dict(plan.excluded),
        "alike": list(plan.alike),
        "missing": found.missing,
        "census": spec,
    }
    if options.shard is not None:
        number, count = options.shard
        header["shard"] = {"number": number, "count": count, "planned": len(plan)}
    return header
