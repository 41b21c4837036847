"""A device that is none: ``meta`` to whoever asks, with real numbers behind it, which says what leaves it.

A tensor of the device is a wrapper around one in memory. What is computed with it stays a wrapper; a plain tensor
beside it is refused, as a GPU refuses it; and each copy back to the CPU, or look at a single number, is kept.
"""

from __future__ import annotations

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = torch.device("meta")
COPIES = {"_to_copy", "to", "copy_", "index", "index_put_"}
"""What may take tensors of two devices."""
LOOKS = {"_local_scalar_dense", "item", "is_nonzero", "equal"}
"""What tells a number, for which a GPU has to be waited for."""


class There(torch.Tensor):
    """A tensor of the device."""

    @staticmethod
    def __new__(cls, real):
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            real.shape,
            strides=real.stride(),
            storage_offset=real.storage_offset(),
            dtype=real.dtype,
            device=DEVICE,
        )
        made.numbers = real
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        raise RuntimeError(f"{func} outside of FakeDevice")

    def tolist(self):
        return self.cpu().tolist()


class Uploads(TorchFunctionMode):
    """Makes tensors of Python's numbers in memory first, as PyTorch makes none of them for ``meta``."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func in (torch.tensor, torch.as_tensor) and kwargs.get("device") == DEVICE:
            kwargs.pop("device")
            return func(*args, **kwargs).to(DEVICE)
        return func(*args, **kwargs)


class FakeDevice(TorchDispatchMode):
    """Runs what is computed on the device; ``left`` lists what left it: the operation, numbers and bytes of each."""

    def __init__(self):
        super().__init__()
        self.left = []
        self.uploads = Uploads()

    def __enter__(self):
        self.uploads.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self.uploads.__exit__(*error)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        leaves = tree_leaves((args, kwargs or {}))
        there = any(isinstance(leaf, There) for leaf in leaves)
        to = next((leaf for leaf in leaves if isinstance(leaf, torch.device)), None)
        if there and name not in COPIES:
            for leaf in leaves:
                if isinstance(leaf, torch.Tensor) and not isinstance(leaf, There) and leaf.dim():
                    raise RuntimeError(f"{func}: tensors of two devices")
        made = func(*tree_map(_in_memory, args), **tree_map(_in_memory, kwargs or {}))
        if there and name in LOOKS:
            self.left.append((name, 1, 1))
        elif there and to is not None and to != DEVICE:
            self.left.append((name, made.numel(), made.nbytes))
        if not (there if to is None else to == DEVICE):
            return made
        same = {id(leaf.numbers): leaf for leaf in leaves if isinstance(leaf, There)}
        return tree_map(
            lambda leaf: (
                same[id(leaf)] if id(leaf) in same else There(leaf) if isinstance(leaf, torch.Tensor) else leaf
            ),
            made,
        )


def _in_memory(leaf):
    if isinstance(leaf, There):
        return leaf.numbers
    return torch.device("cpu") if leaf == DEVICE and isinstance(leaf, torch.device) else leaf
