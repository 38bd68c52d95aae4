"""The C exchange API: out by the table of the producer's type, in by the consumer's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Library, Promise, Route
from dlpack_conformance.routes._bind import REFERENCE, shown

__all__ = ["ROUTE"]

_NEED = "__dlpack_c_exchange_api__"


def _bind(producer: Library, consumer: Library, request: str) -> Callable[[Any], Any]:
    if _NEED not in consumer.offers():
        raise NotImplementedError(f"arrays of {consumer.name} have no {_NEED}")
    shown(producer, _NEED)
    shown(consumer, _NEED)
    instrument = modules().instrument
    give, take = instrument.exchange_export, instrument.exchange_import
    kind = consumer.types()[0]
    return lambda x: take(give(x), kind)


def _script(producer: Library, consumer: Library, request: str) -> str:
    kind = consumer.script_api("")["type"]
    return f"{REFERENCE}\nb = ref.exchange_import(ref.exchange_export(a), {kind})"


ROUTE = Route(
    name="exchange-api",
    requests=("plain",),
    promise=Promise("none", "H:DLPackExchangeAPI", "DLPackManagedTensorFromPyObjectNoSync"),
    bind=_bind,
    script=_script,
    gives=lambda: modules().instrument.exchange_export,
)
