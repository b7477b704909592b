"""The checker of shapes and types in the tests: whole numbers count as floats, as in Python's own typing."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
