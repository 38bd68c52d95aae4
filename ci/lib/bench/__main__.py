"""Runs the measurements: ``python ci/lib/bench [NAME...]``, all without a name."""

from __future__ import annotations

import importlib
import sys

MEASUREMENTS = ("command", "calls", "whole", "loop", "crashes", "page")


def main(names: list[str]) -> int:
    """Run each measurement; 4 where a name is unknown."""
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; allowed: {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 4
    for name in names or MEASUREMENTS:
        importlib.import_module(name).main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
