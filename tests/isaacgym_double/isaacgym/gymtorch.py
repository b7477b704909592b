"""Torch views of the simulator's buffers, and descriptors of torch tensors."""

import ctypes
from typing import Any

import numpy as np
import torch
from torch.multiprocessing.reductions import StorageWeakRef

from ._settings import Settings, refuse
from ._tensors import Tensor


def wrap_tensor(gym_tensor: Tensor) -> torch.Tensor:
    """A torch tensor over the same memory."""
    return torch.from_numpy(gym_tensor.array)


def unwrap_tensor(torch_tensor: torch.Tensor) -> Tensor:
    """A descriptor by address: it does not keep the tensor alive, and refuses to be read once that is gone."""
    if not torch_tensor.is_contiguous():
        refuse(f"unwrap_tensor takes contiguous tensors; these strides are {torch_tensor.stride()}.")
        torch_tensor = torch_tensor.contiguous()
    if torch_tensor.device.type != "cpu":
        raise RuntimeError(f"isaacgym double: its tensors are on the CPU, not on {torch_tensor.device}.")
    array = torch_tensor.detach().numpy()
    if not Settings.strict:
        return Tensor(array)
    return Tensor(_view(array), dead=StorageWeakRef(_storage(torch_tensor)).expired)


def _view(array: Any) -> Any:
    """The same memory, of which the view is no owner."""
    memory = (ctypes.c_char * array.nbytes).from_address(array.ctypes.data)
    return np.frombuffer(memory, array.dtype).reshape(array.shape)


def _storage(tensor: torch.Tensor) -> Any:
    return tensor.untyped_storage() if hasattr(tensor, "untyped_storage") else tensor.storage()
