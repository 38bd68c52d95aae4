"""``python -m dlpack_conformance.cli`` is the command ``dlconform``."""

from __future__ import annotations

from dlpack_conformance.cli import main

if __name__ == "__main__":
    main()
