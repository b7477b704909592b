"""Make classes behave as compiled structs do: fixed fields, types kept, values copied in."""

import copy
import enum
import operator
from typing import Any, Callable, Dict, List, Type, TypeVar

T = TypeVar("T")


def as_float(value: Any) -> float:
    """A float of anything of one element: torch tensors of shape (1,) and (1, 1) included."""
    return float(value.reshape(()) if hasattr(value, "reshape") else value)


def _coerce(cls: type, name: str, default: Any, value: Any) -> Any:
    try:
        if isinstance(default, bool):
            return bool(value)
        if isinstance(default, enum.IntEnum):
            if not isinstance(value, type(default)):
                raise TypeError
            return value
        if isinstance(default, int):
            return operator.index(value)
        if isinstance(default, float):
            return as_float(value)
    except (TypeError, ValueError, RuntimeError):
        wanted = type(default).__name__
        raise TypeError(
            f"{cls.__name__}.{name} takes {wanted}, not {value!r} ({type(value).__name__})."
        ) from None
    if default is not None and not isinstance(value, type(default)):
        raise TypeError(f"{cls.__name__}.{name} takes {type(default).__name__}, not {type(value).__name__}.")
    return copy.deepcopy(value)


def _fields(cls: type) -> Dict[str, Any]:
    """Names and defaults, in order of declaration."""
    return {name: getattr(cls, name) for name in cls.__annotations__}


def _add_methods(cls: type, fields: Dict[str, Any]) -> None:
    def __setattr__(self: Any, name: str, value: Any) -> None:
        if name not in fields:
            raise AttributeError(
                "isaacgym double: {} has no field '{}'. It has: {}.".format(
                    cls.__name__, name, ", ".join(fields)
                )
            )
        self.__dict__[name] = _coerce(cls, name, fields[name], value)

    def __repr__(self: Any) -> str:
        return "{}({})".format(cls.__name__, ", ".join(f"{n}={getattr(self, n)!r}" for n in fields))

    for method in (__setattr__, __repr__):
        setattr(cls, method.__name__, method)


def params(cls: Type[T]) -> Type[T]:
    """A struct that is made with its defaults only, and then filled."""
    fields = _fields(cls)

    def __init__(self: Any) -> None:
        self.__dict__.update(copy.deepcopy(fields))

    setattr(cls, "__init__", __init__)  # noqa: B010  (pyright knows the class by its fields)
    _add_methods(cls, fields)
    return cls


def value(cls: Type[T]) -> Type[T]:
    """A struct that takes its fields as arguments, in order or by name. None means the default."""
    fields = _fields(cls)
    names: List[str] = list(fields)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        self.__dict__.update(copy.deepcopy(fields))
        if len(args) > len(names):
            raise TypeError(f"{cls.__name__} takes at most {len(names)} values.")
        for name, given in list(zip(names, args)) + list(kwargs.items()):
            if given is not None:
                setattr(self, name, given)

    def __eq__(self: Any, other: Any) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__: Callable[[Any], int] = object.__hash__
    for name, method in (("__init__", __init__), ("__eq__", __eq__), ("__hash__", __hash__)):
        setattr(cls, name, method)
    _add_methods(cls, fields)
    return cls
