"""YAML as plain data whose scalars are text: what they mean is for the type to say that they are read as.

An empty scalar and an unquoted `null` or `~` are None. No tags, no merge keys, no key twice.
"""

from pathlib import Path
from typing import Any

import yaml

from gpugym_jax.tables import UserError

MAX_BYTES, MAX_DEPTH, MAX_VALUES = 200_000, 40, 10_000
"""Far beyond any configuration, and read within a second. Values are counted as they are read, and again when
aliases stand for what they mean."""
NULLS = ("", "~", "null", "Null", "NULL")
TAGS = {yaml.ScalarNode: "str", yaml.SequenceNode: "seq", yaml.MappingNode: "map"}


class _Loader(yaml.BaseLoader):
    """PyYAML's, that stops at what is no configuration: 100,000 values take it 10 s."""

    left, depth = MAX_VALUES, 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A node and what lies in it."""
        self.left -= 1
        self.depth += 1
        if self.left < 0:
            raise UserError(f"more than {MAX_VALUES:,} values: it is no configuration")
        if self.depth > MAX_DEPTH + 1:
            raise UserError(f"line {self.line + 1} is nested too deeply")
        found = super().compose_node(parent, index)
        self.depth -= 1
        return found


class _Plain:
    """Nodes to plain data, with a count of values that are left."""

    def __init__(self) -> None:
        self.left = MAX_VALUES

    def value(self, node: yaml.Node, depth: int = 0) -> Any:
        """A node and what lies in it."""
        self.left -= 1
        if depth > MAX_DEPTH or self.left < 0:
            raise UserError(f"{_line(node)} is nested too deeply or repeated too often by aliases")
        if node.tag != f"tag:yaml.org,2002:{TAGS[type(node)]}":
            raise UserError(f"{_line(node)} has the tag {node.tag!r}; tags are not read")
        if isinstance(node, yaml.ScalarNode):
            return None if node.style is None and node.value in NULLS else node.value
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        return self._mapping(node, depth)

    def _mapping(self, node: yaml.Node, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise UserError(f"{_line(key)} has a key that is no name")
            if key.value in found:
                raise UserError(f"{_line(key)}: key {key.value!r} is given twice")
            found[key.value] = self.value(value, depth + 1)
        return found


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}"


def parse(text: str, source: str) -> Any:
    """YAML as plain data; errors begin with `source`."""
    try:
        node = yaml.compose(text, _Loader)
        return None if node is None else _Plain().value(node)
    except UserError as error:
        raise UserError(f"{source}: {error}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{source}: not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise UserError(f"{source}: nested too deeply") from None


def read_text(path: Path, source: str) -> str:
    """A configuration's file, which is text in UTF-8 and not large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{source} is larger than {MAX_BYTES // 1000} kB: it is no configuration")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{source} is not text in UTF-8: byte {error.start} is {error.reason}") from None
    except OSError as error:
        raise UserError(f"cannot read {source}: {error.strerror}") from None
