"""Plain data as the types that are wanted: pydantic's checks, with our reading before and our words after."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError, SchemaValidator, core_schema

from gpugym_jax.bounds import LARGEST
from gpugym_jax.values import scalars
from gpugym_jax.values.faults import HIDDEN, FaultError, Step
from gpugym_jax.values.scalars import wanted

Schema = Mapping[str, Any]
"""A node of pydantic's core schema."""
Read = Callable[[Any], Any]

REST = HIDDEN + "rest"
"""The key of what is no field of an open section."""

# ---------------------------------------------------------------- lists and sections


def _items(kind: str) -> Read:
    """A list; a scalar alone is a list of one, and so is an entry where entries are wanted."""

    def read(value: Any) -> tuple[Any, ...]:
        plain = kind in ("float", "int", "str", "literal")
        if value is None or value == "" or (plain and isinstance(value, Mapping)):
            raise ValueError
        return tuple(value) if isinstance(value, list | tuple) else (value,)

    return read


def _exactly(count: int) -> Read:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or len(value) != count:
            raise ValueError
        return tuple(value)

    return read


def _entries(value: Any) -> dict[str, Any]:
    """Named entries; nothing at all is none of them: `reset: {basic: }`."""
    if value is not None and not isinstance(value, Mapping):
        raise ValueError
    return {str(k): v for k, v in (value or {}).items()}


def field_names(cls: Any, fields: list[str]) -> list[str]:
    """The keys of a section: its fields, but for the one that holds what is no field where it is `OPEN`."""
    return [name for name in fields if name != getattr(cls, "OPEN", None)]


def _section(cls: type, fields: list[str]) -> Read:
    """The mapping that a dataclass is made from. Where it is `OPEN`, what is no field goes into that one."""
    names, closed = field_names(cls, fields), not hasattr(cls, "OPEN")

    def read(value: Any) -> dict[str, Any]:
        given = _entries(value)
        strange = {k: v for k, v in given.items() if k not in names}
        if closed:
            for key in strange:
                raise PydanticCustomError("key", "key", {"name": key, "names": names})
            return given
        return {k: v for k, v in given.items() if k in names} | ({REST: strange} if strange else {})

    return read


def _ordered(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    if pair[0] > pair[1]:
        raise wanted("[low, high] with low <= high")
    return pair


# ---------------------------------------------------------------- what a type wants, and how it is read


class Rule(NamedTuple):
    """How a node of the schema is read."""

    what: str  # is wanted, in words
    read: Read  # before pydantic looks
    finish: Read = lambda value: value
    names: tuple[str, ...] = ()  # to choose from


def _bounded(noun: str, schema: Schema) -> str:
    """The noun with its bounds; those that only say finite are left out."""
    words = {"gt": "above", "ge": "of at least", "lt": "below", "le": "at most"}
    bounds = [(words[k], schema[k]) for k in words if k in schema and abs(schema[k]) != LARGEST]
    return " ".join([noun, " and ".join(f"{word} {bound:.10g}" for word, bound in bounds)]).strip()


PLURALS = {"float": "numbers", "int": "whole numbers", "str": "names"}


def _tuple(schema: Schema) -> Rule:
    items = schema["items_schema"]
    kinds = [item["type"] for item in items]
    noun = PLURALS.get(kinds[0], "entries") if kinds else "nothing"
    if "variadic_item_index" in schema:
        least = "one or more " if schema.get("min_length") else ""
        return Rule(f"a list of {least}{noun}", _items(kinds[0]))
    if kinds in (["float", "float"], ["int", "int"]):
        return Rule(f"2 {noun}, [low, high]", _exactly(2), _ordered)
    return Rule(f"{len(items)} {noun}", _exactly(len(items)))


def _literal(schema: Schema) -> Rule:
    choices = {str(choice): choice for choice in schema["expected"]}

    def read(value: Any) -> Any:
        if (name := scalars.text(value)) not in choices:
            raise ValueError
        return choices[name]

    return Rule(" or ".join(choices), read, names=tuple(choices))


def _dataclass(schema: Schema) -> Rule:
    cls, fields = schema["cls"], schema["fields"]
    return Rule(f"a section with {', '.join(field_names(cls, fields))}", _section(cls, fields))


RULES: dict[str, Callable[[Schema], Rule]] = {
    "float": lambda schema: Rule(_bounded("a number", schema), scalars.number),
    "int": lambda schema: Rule(_bounded("a whole number", schema), scalars.whole),
    "bool": lambda schema: Rule("true or false", scalars.flag),
    "str": lambda schema: Rule(schema.get("metadata", {}).get("what", "text (quote it)"), scalars.text),
    "any": lambda schema: Rule("a value", scalars.free),
    "literal": _literal,
    "tuple": _tuple,
    "dict": lambda schema: Rule("named entries", _entries),
    "dataclass": _dataclass,
}
"""By the type of a node in pydantic's schema."""

CHILDREN = ("schema", "fields", "items_schema", "choices", "values_schema", "definitions")


def _inside(schema: Schema) -> dict[str, Any]:
    """The schema with the rules put around what lies in it."""

    def child(value: Any) -> Any:
        if isinstance(value, list):
            return [child(v) for v in value]
        return _around(value) if isinstance(value, Mapping) else value

    inner = {key: child(value) if key in CHILDREN else value for key, value in schema.items()}
    return _opened(inner) if schema["type"] == "dataclass" else inner


def _opened(dataclass: dict[str, Any]) -> dict[str, Any]:
    """A dataclass's schema in which the field for what is no field has a name that nobody can write."""
    rest, arguments = getattr(dataclass["cls"], "OPEN", None), dataclass["schema"]
    fields = [f | {"validation_alias": REST} if f["name"] == rest else f for f in arguments["fields"]]
    return dataclass | {"schema": arguments | {"fields": fields}}


def _around(schema: Schema, also: str = "") -> Any:
    """A schema with our reading before each of its nodes, and our words in place of their errors."""
    kind = schema["type"]
    if kind == "nullable":
        return {**schema, "schema": _around(schema["schema"], " or null")}
    if kind == "union":
        return _union(schema["choices"], also)
    inner: Any = _inside(schema)
    if kind not in RULES:
        return inner
    rule = RULES[kind](schema)
    check = _checked(rule._replace(what=rule.what + also))
    return core_schema.no_info_wrap_validator_function(check, inner, ref=inner.pop("ref", None))


SHAPES = {"tuple": "list", "dict": "mapping", "dataclass": "mapping", "definition-ref": "mapping"}


def _shape(value: Any) -> str:
    return (
        "mapping" if isinstance(value, Mapping) else "list" if isinstance(value, list | tuple) else "scalar"
    )


def _union(members: list[Schema], also: str) -> Any:
    """The member that has the value's shape; a scalar where none is wanted is a list of one."""
    by_shape = {HIDDEN + SHAPES.get(member["type"], "scalar"): member for member in members}
    alone = {HIDDEN + "scalar": HIDDEN + "list"}

    def tag(value: Any) -> str:
        found = HIDDEN + _shape(value)
        return found if found in by_shape else alone.get(found, "")

    def read(value: Any) -> Any:
        if tag(value) not in by_shape:
            raise ValueError
        return value

    what = " or ".join(RULES[m["type"]](m).what if m["type"] in RULES else "a section" for m in members)
    choices = {key: _around(member, also) for key, member in by_shape.items()}
    inner = core_schema.tagged_union_schema(choices, tag)
    return core_schema.no_info_wrap_validator_function(_checked(Rule(what + also, read)), inner)


def _checked(rule: Rule) -> Callable[[Any, Any], Any]:
    def check(value: Any, handler: Any) -> Any:
        try:
            return rule.finish(handler(rule.read(value)))
        except PydanticCustomError:
            raise
        except ValidationError as error:
            if any(e["loc"] for e in error.errors(include_url=False)):
                raise
        except ValueError:
            pass
        raise wanted(rule.what, rule.names)

    return check


# ---------------------------------------------------------------- reading


@functools.cache
def _validator(hint: Any) -> SchemaValidator:
    return SchemaValidator(_around(TypeAdapter(hint).core_schema))


def _fault(error: ErrorDetails) -> FaultError:
    place: tuple[Step, ...] = tuple(s for s in error["loc"] if isinstance(s, int) or not s.startswith(HIDDEN))
    context: dict[str, Any] = error.get("ctx") or {}
    if error["type"] == "missing":
        return FaultError(place[:-1], f"a value for '{place[-1]}'", error["input"])
    if error["type"] == "key":
        return FaultError((*place, context["name"]), "key", None, context["names"])
    return FaultError(place, context.get("what", error["msg"]), error["input"], context.get("names", ()))


def read(hint: Any, value: object) -> Any:
    """`value` as the type `hint`, a dataclass or any other.

    Raises:
        FaultError: it is something else; the first wrong thing only.
    """
    try:
        return _validator(hint).validate_python(value)
    except ValidationError as error:
        raise _fault(error.errors(include_url=False)[0]) from None


def json_schema(hint: Any) -> dict[str, Any]:
    """The JSON schema of a type, for editors."""
    return TypeAdapter(hint).json_schema()
