"""A pretended accelerator: tensors that lie in main memory and claim to lie on "gpu:0".

Operators compute as on the CPU, so numbers are the CPU's, but what a device would refuse raises:
tensors of two devices in one operator, a generator of another device than what it fills, NumPy
without a copy to the host and, like Apple's, anything in float64. Every time the host would have to
wait for the device is counted.

Not seen: kernels that a device lacks, memory, speed, and what torch does for devices alone (fused
optimisers).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Self

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "gpu:0"

_HostGenerator = torch.Generator

_COPIES = {"_to_copy", "copy_"}
_INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}
_ASKING = {"_local_scalar_dense", "nonzero", "masked_select", "_unique2", "equal"}
"""Operators whose result, or its size, the host must know."""

_UNDETERMINED = {"put", "put_", "histc", "grid_sampler_2d_backward", "nll_loss_forward"}
"""Operators for which CUDA has no deterministic algorithm, as `torch.use_deterministic_algorithms`
lists them; the last two of a long list of layers that nothing here uses."""


# When this is imported, and so before any test runs: autograd makes its queues, one for each known
# device, at the first backward pass of a process, and never again.
_setup_privateuseone_for_python_backend("gpu")


class DeviceTensor(torch.Tensor):
    """A tensor that claims to lie on the device; `host` holds its numbers."""

    host: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    def __new__(cls, host: Tensor) -> Self:
        claimed = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls,
            host.shape,
            strides=host.stride(),
            storage_offset=host.storage_offset(),
            dtype=host.dtype,
            device=NAME,
        )
        claimed.host = host
        return claimed

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        raise RuntimeError(f"{func}: a tensor of the device, used where there is none any more")

    def tolist(self) -> Any:
        return self.cpu().tolist()

    def numpy(self, **_: object) -> Any:
        raise TypeError("a tensor on the device cannot become NumPy's: copy it to the host first")


class DeviceGenerator(_HostGenerator):
    """A generator that claims to lie on the device it was made for."""

    of_device: ClassVar[dict[int, Self]] = {}
    """By address, since operators are given another object for the same generator; kept alive, so
    that no other generator comes to lie there."""

    def __new__(cls, device: str | torch.device = "cpu") -> Self:
        made = super().__new__(cls, "cpu")
        if torch.device(device).type == "gpu":
            cls.of_device[made._cdata] = made  # type: ignore[attr-defined]
        return made


class PretendGPU(TorchDispatchMode):
    """While it is entered there is a device "gpu:0".

    Parameters
    ----------
    has_float64 : whether the device computes in double precision; Apple's do not

    Attributes
    ----------
    n_operators : operators that the device was given
    waits : how often the host waited for the device, by operator
    undetermined : operators that had no deterministic algorithm on CUDA, where one was wanted
    """

    def __init__(self, *, has_float64: bool = False) -> None:
        super().__init__()
        self.has_float64 = has_float64
        self.n_operators, self.waits = 0, Counter[str]()
        self.undetermined = set[str]()

    def __enter__(self) -> Self:
        torch.Generator = DeviceGenerator  # type: ignore[misc]
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        torch.Generator = _HostGenerator  # type: ignore[misc]
        DeviceGenerator.of_device.clear()
        super().__exit__(*error)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs, name = dict(kwargs or {}), func._schema.name.partition("::")[2]
        leaves = [*_leaves(args), *_leaves(list(kwargs.values()))]
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        is_result_here = _is_result_here(name, tensors, kwargs.get("device"))
        _refuse_two_devices(name, tensors)
        _refuse_foreign_generators(name, leaves, is_result_here)
        if torch.are_deterministic_algorithms_enabled() and _is_undetermined(name, tensors):
            self.undetermined.add(name)
        self.n_operators += any(isinstance(t, DeviceTensor) for t in tensors)
        if _must_wait(name, tensors, args, kwargs, is_result_here):
            self.waits[name] += 1
        if kwargs.get("device") is not None:
            kwargs["device"] = "cpu"
        known = {id(t.host): t for t in tensors if isinstance(t, DeviceTensor)}
        on_host = {key: _mapped(_host_of, value) for key, value in kwargs.items()}
        found = func(*_mapped(_host_of, args), **on_host)
        if not is_result_here:
            return found
        return _mapped(lambda made: self._claimed(name, made, known), found)

    def _claimed(self, name: str, made: Any, known: dict[int, DeviceTensor]) -> Any:
        """What was computed, as a tensor of the device; the very same where it was overwritten."""
        if not isinstance(made, Tensor) or isinstance(made, DeviceTensor):
            return made
        if made.dtype is torch.float64 and not self.has_float64:
            raise TypeError(f"{name}: the device has no float64")
        return known[id(made)] if id(made) in known else DeviceTensor(made)


def _leaves(values: Iterable[Any]) -> list[Any]:
    """What an operator is given, out of its lists; torch's own search takes most of a test."""
    found = []
    for value in values:
        found += _leaves(value) if isinstance(value, list | tuple) else [value]
    return found


def _mapped(change: Callable[[Any], Any], value: Any) -> Any:
    """What an operator is given or gives, each part changed."""
    if isinstance(value, list | tuple):
        return type(value)([_mapped(change, part) for part in value])
    return change(value)


def _host_of(value: Any) -> Any:
    return value.host if isinstance(value, DeviceTensor) else value


def _is_result_here(name: str, tensors: list[Tensor], wanted: Any) -> bool:
    """Whether the result of an operator lies on the device."""
    if wanted is not None:
        return torch.device(wanted).type == "gpu"
    here = [isinstance(t, DeviceTensor) for t in tensors]
    return here[0] if name == "copy_" else any(here)


def _refuse_two_devices(name: str, tensors: list[Tensor]) -> None:
    """Single numbers may lie on the host, and so may positions in a tensor of the device."""
    here = [isinstance(t, DeviceTensor) for t in tensors]
    if not any(here) or name in _COPIES or (name in _INDEXING and here[0]):
        return
    if any(t.dim() for t, is_here in zip(tensors, here, strict=True) if not is_here):
        raise RuntimeError(f"{name}: expected all tensors on one device, found {NAME} and cpu")


def _refuse_foreign_generators(name: str, leaves: Iterable[Any], is_result_here: bool) -> None:
    for leaf in leaves:
        if not isinstance(leaf, _HostGenerator):
            continue
        if (leaf._cdata in DeviceGenerator.of_device) != is_result_here:
            raise RuntimeError(f"{name}: generator and tensor on two devices")


def _is_undetermined(name: str, tensors: list[Tensor]) -> bool:
    """Running sums of fractions are among them, those of whole numbers are not."""
    here = [t for t in tensors if isinstance(t, DeviceTensor)]
    if name == "cumsum":
        return any(t.is_floating_point() for t in here)
    return bool(here) and name in _UNDETERMINED


def _must_wait(
    name: str, tensors: list[Tensor], args: tuple[Any, ...], kwargs: Any, is_result_here: bool
) -> bool:
    """Whether the host cannot go on before the device has come to this operator."""
    here = [isinstance(t, DeviceTensor) for t in tensors]
    if name in _COPIES:
        return here[-1] != is_result_here
    if not any(here):
        return False
    if name == "repeat_interleave":
        return kwargs.get("output_size") is None
    is_masked = name in _INDEXING and any(t.dtype is torch.bool for t in tensors[1:])
    return name in _ASKING or is_masked or not all(here[1:])
