"""The library file of the faults: ``dlconform run --library`` takes it, too."""

from __future__ import annotations

from dlpack_faults import _all

LIBRARIES = _all.libraries()
