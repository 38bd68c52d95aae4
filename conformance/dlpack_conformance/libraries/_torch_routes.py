"""What PyTorch offers and accepts, and its own routes with what its reference text promises."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from dlpack_conformance.libraries import Entry, Library, Promise, Route
from dlpack_conformance.libraries._shared import keywords

__all__ = ["CALLS", "accepts", "offers", "routes"]

_BY_COPY = {"copy-false": "shares", "copy-none": "shares-if-possible", "copy-true": "copies"}
_OFFERED = (
    "__dlpack__",
    "__dlpack_c_exchange_api__",
    "__array__",
    "__cuda_array_interface__",
)
_BUFFER = Promise(
    "shares-if-possible", "PT:asarray", "obj, buffer protocol", shape="flat", by_request=_BY_COPY
)
_CAPSULE = Promise("shares-if-possible", "PT:from_dlpack", "copy")
_WANTS_DTYPE = "torch.asarray({}, dtype=torch.{{dtype}})"

CALLS: Mapping[str, str] = {
    "from_dlpack": "torch.from_dlpack({})",
    "capsule": "torch.utils.dlpack.from_dlpack({})",
    "buffer": _WANTS_DTYPE,
    "memoryview": _WANTS_DTYPE,
    "array-interface": "torch.asarray({})",
    "cuda-array-interface": "torch.as_tensor({})",
}


@cache
def offers(torch: Any) -> Mapping[str, str | None]:
    """What a tensor shows to other libraries."""
    release = f"torch {torch.__version__}"
    return {
        name: None
        if hasattr(torch.Tensor, name)
        else f"{release}: type Tensor has no attribute {name}"
        for name in _OFFERED
    }


@cache
def accepts(torch: Any) -> Mapping[str, Entry]:
    """PyTorch's functions that take foreign arrays by a protocol."""
    lacks = _lacks(torch, "asarray", ())
    buffer = Entry(
        partial(_as_dtype, torch),
        lacks,
        wants_dtype=True,
        promise=_BUFFER,
        rules=("R-10", "R-11", "R-12"),
    )
    interface = Promise("none", "PT:asarray", "obj", by_request={})
    return {
        "from_dlpack": Entry(
            getattr(torch, "from_dlpack", _nothing),
            _lacks(torch, "from_dlpack", ("copy", "device")),
        ),
        "capsule": Entry(torch.utils.dlpack.from_dlpack, promise=_CAPSULE),
        "buffer": buffer,
        "memoryview": buffer,
        "array-interface": Entry(
            getattr(torch, "asarray", _nothing), lacks, promise=interface, rules=("R-50",)
        ),
        "cuda-array-interface": Entry(
            torch.as_tensor,
            promise=Promise("shares-if-possible", "PT:as_tensor", "first paragraph"),
        ),
    }


def _lacks(torch: Any, function: str, names: tuple[str, ...]) -> dict[str, str]:
    """Proofs that this release lacks the function, or a keyword of it."""
    release = f"torch {torch.__version__}"
    if not hasattr(torch, function):
        return {"": f"{release}: module torch has no attribute {function}"}
    if not names:
        return {}
    signature = inspect.signature(getattr(torch, function))
    return {
        name: f"{release}: {function}{signature} takes no {name}"
        for name in names
        if name not in signature.parameters
    }


def _nothing(*_: Any, **__: Any) -> Any:
    raise LookupError("this release has no such function")


def _as_dtype(torch: Any, offered: Any, *, dtype: str, **given: Any) -> Any:
    """``asarray`` with the dtype by name; a name that PyTorch lacks raises its own error."""
    return torch.asarray(offered, dtype=_dtype(torch, dtype), **given)


def _dtype(torch: Any, name: str) -> Any:
    from dlpack_conformance.libraries._torch_dtypes import dtype_of

    return dtype_of(torch, name)


def routes(load: Callable[[], Any]) -> list[Route]:
    """Routes that PyTorch owns; PyTorch is imported when one is bound."""

    def own(
        name: str,
        promise: Promise,
        *rules: str,
        requests: tuple[str, ...] = ("plain",),
        producers: tuple[str, ...] | None = None,
        devices: tuple[str, ...] = (),
    ) -> Route:
        bind = (
            partial(_frombuffer, load) if name == "frombuffer" else partial(_function, load, name)
        )
        script = partial(_script, name)
        return Route(
            f"torch.{name}",
            requests,
            promise,
            bind,
            script,
            rules,
            producers,
            ("torch",),
            dlpack=False,
            devices=devices,
        )

    return [
        own(
            "from_numpy",
            Promise("shares", "PT:from_numpy", "first paragraph"),
            "R-01",
            "R-02",
            "R-03",
            "R-04",
            producers=("numpy",),
        ),
        own(
            "as_tensor",
            Promise("shares-if-possible", "PT:as_tensor", "first paragraph"),
            "R-06",
            devices=("cupy", "jax", "numba.cuda", "torch"),
        ),
        own(
            "asarray",
            Promise("shares-if-possible", "PT:asarray", "copy", by_request=_BY_COPY),
            "R-10",
            "R-11",
            requests=("plain", "copy-false", "copy-none", "copy-true"),
            producers=("numpy", "torch"),
        ),
        own("tensor", Promise("copies", "PT:tensor", "first paragraph"), "R-08"),
        own(
            "Tensor",
            Promise("none", "PT:Tensor", "Initializing and basic operations"),
            "R-09",
            producers=("numpy", "torch"),
        ),
        own(
            "frombuffer",
            Promise("shares", "PT:frombuffer", "first paragraph", shape="flat"),
            "R-13",
            "R-15",
            "R-17",
        ),
        Route(
            "torch.Tensor.numpy",
            ("plain", "force-false", "force-true"),
            Promise(
                "shares",
                "PT:Tensor.numpy",
                "force",
                by_request={"force-true": "shares-if-possible"},
            ),
            partial(_tensor_numpy, load),
            _script_numpy,
            ("R-18", "R-19"),
            ("torch",),
            ("numpy",),
            dlpack=False,
        ),
        Route(
            "torch.Tensor.cpu",
            ("plain",),
            Promise("copies", "PT:Tensor.cpu", "first sentence", device="cpu"),
            lambda producer, consumer, request: load().Tensor.cpu,
            lambda producer, consumer, request: "b = a.cpu()",
            (),
            ("torch",),
            ("torch",),
            dlpack=False,
            devices=True,
            host=False,
        ),
        Route(
            "torch.utils.dlpack.to_dlpack",
            ("plain",),
            Promise("shares", "PT:utils.dlpack.to_dlpack", "last sentence"),
            partial(_to_dlpack, load),
            _script_to_dlpack,
            (),
            ("torch",),
            None,
            gives=lambda: load().utils.dlpack.to_dlpack,
        ),
    ]


def _function(
    load: Callable[[], Any], function: str, producer: Library, _: Library, request: str
) -> Callable[[Any], Any]:
    torch = load()
    lacks = _lacks(torch, function, ())
    if lacks:
        raise LookupError(lacks[""])
    given = keywords(request)
    call = getattr(torch, function)
    return partial(call, **given) if given else call


def _frombuffer(
    load: Callable[[], Any], producer: Library, _: Library, request: str
) -> Callable[[Any], Any]:
    torch = load()
    if producer.offers().get("buffer", "lacks") is not None:
        raise NotImplementedError(f"arrays of {producer.name} have no buffer")
    lacks = _lacks(torch, "frombuffer", ())
    if lacks:
        raise LookupError(lacks[""])
    frombuffer, describe = torch.frombuffer, producer.describe
    known: dict[str, Any] = {}

    def call(x: Any) -> Any:
        name = describe(x).dtype
        dtype = known.get(name)
        if dtype is None:
            dtype = known[name] = _dtype(torch, name)
        return frombuffer(x, dtype=dtype)

    return call


def _tensor_numpy(
    load: Callable[[], Any], producer: Library, _: Library, request: str
) -> Callable[[Any], Any]:
    torch = load()
    numpy = torch.Tensor.numpy
    given = keywords(request)
    if not given:
        return lambda x: x.numpy()
    try:
        numpy(torch.zeros(1), **given)
    except TypeError as error:
        raise LookupError(
            f"torch {torch.__version__}: Tensor.numpy(force=) raises TypeError: {error}"
        ) from error
    force = given["force"]
    return lambda x: x.numpy(force=force)


def _to_dlpack(
    load: Callable[[], Any], producer: Library, consumer: Library, request: str
) -> Callable[[Any], Any]:
    entry = consumer.accepts().get("capsule")
    if entry is None:
        raise NotImplementedError(f"{consumer.name} takes no capsule")
    if "" in entry.lacks:
        raise LookupError(entry.lacks[""])
    give, take = load().utils.dlpack.to_dlpack, entry.call
    return lambda x: take(give(x))


def _script(function: str, producer: Library, _: Library, request: str) -> str:
    given = "".join(f", {key}={value}" for key, value in keywords(request).items())
    dtype = ", dtype=torch.{dtype}" if function == "frombuffer" else ""
    return f"b = torch.{function}(a{given}{dtype})"


def _script_numpy(producer: Library, _: Library, request: str) -> str:
    given = ", ".join(f"{key}={value}" for key, value in keywords(request).items())
    return f"b = a.numpy({given})"


def _script_to_dlpack(producer: Library, consumer: Library, request: str) -> str:
    taken = consumer.script_calls()["capsule"].format("torch.utils.dlpack.to_dlpack(a)")
    return f"b = {taken}"
