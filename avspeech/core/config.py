"""Configuration: a dataclass is the schema, one YAML file holds the differences from its defaults,
and overrides `key.sub=value` come last. A config is data: no interpolation, no object built from a
name, and an unknown key is an error.

    config = load(Config, "conf/train.yaml", ["train.lr=3e-4", "data.views=[front, left_30]"])

Sections are nested dataclasses, and the comment beside a field's default is its help text. A field
may be bool, int, float, str, Path, Any, a Literal, a union with None, list[T], tuple[T, ...],
tuple[A, B], dict[K, V] or another dataclass. Sections and dicts are merged key by key; lists are
replaced. YAML is read by the 1.2 core rules: `3e-4` is a number, `no` and `2026-01-01` are text.
"""

from __future__ import annotations

import ast
import collections.abc
import dataclasses
import difflib
import functools
import inspect
import io
import math
import os
import re
import textwrap
import tokenize
import types
import typing
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

import yaml

from avspeech.core import storage
from avspeech.errors import InputError, such_as

T = TypeVar("T")

_SCALARS = (  # tag, pattern, possible first characters
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", (r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
               r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), "-+.0123456789"),
)

OVERRIDE = "override "  # begins the place of a value that no file gave
MAX_VALUES = 100_000  # of a configuration; aliases can repeat a value billions of times


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}


class _Dumper(yaml.SafeDumper):
    """Quotes what either YAML 1.1 or `_Loader` would not read back as text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _tag, _pattern, _first in _SCALARS:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"),
                                     ["" if c == "\0" else c for c in _first])


@dataclass
class _Value:
    """A value as read. Mappings hold _Values by key, lists hold _Values."""

    value: Any
    where: str  # "file:line: key"


def load(schema: type[T], path: str | Path | None = None, overrides: Sequence[str] = ()) -> T:
    """Reads a configuration.

    Args:
        schema: a dataclass; its defaults apply where nothing else is given.
        path: a YAML file of differences, or None.
        overrides: each "key.sub=value" with a YAML value; they come last.

    Returns:
        An instance of `schema`.

    Raises:
        InputError: names the file and line, or the override, for unknown keys (with close matches),
            keys given twice, values of another type, missing keys, and any ValueError of a
            `__post_init__`.
    """
    root = _Value({}, str(path) if path else "config")
    if path is not None:
        if Path(path).is_dir():
            raise InputError(f"{path}: is a folder; expected a YAML file{_beside(Path(path))}")
        try:
            text = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise InputError(f"{path}: not UTF-8 text; a config is a YAML file") from None
        read = _parse(text, str(path), lines=True)
        if read.value is not None and not isinstance(read.value, dict):
            raise InputError(f"{path}: expected 'key: value' lines, got {_show(read)}")
        root = _Value(read.value or {}, str(path))
    for override in overrides:
        key, equals, text = override.partition("=")
        parts = key.strip().split(".")
        if not equals or not all(parts):
            raise InputError(f"'{override}': an override is written key=value or section.key=value")
        value = _parse(text, f"{OVERRIDE}{key.strip()}")
        for part in reversed(parts):
            value = _Value({part: value}, value.where)
        root = _merge(root, value)
    return _section(schema, root, None, "", schema)


def value(text: str, source: str) -> Any:
    """A value as the command line gives it.

    Args:
        text: of YAML.
        source: the start of an error message.

    Raises:
        InputError: it is not YAML.
    """
    return _raw(_parse(text, source))


def _beside(folder: Path) -> str:
    """The configs that may have been meant by a folder, as the end of a sentence."""
    own = folder.parent.parent / "conf" / f"{folder.name}.yaml"  # of an experiment, exp/NAME
    files = [*sorted(folder.glob("*.yaml")), *sorted(folder.glob("conf/*.yaml")), own]
    return such_as(file for file in files if file.is_file())


def to_dict(config: Any) -> dict[str, Any]:
    """A config as nested dicts and lists of plain values, as JSON and YAML hold them (paths as
    text)."""
    return _plain(config)


def free(config: Any, prefix: str = "") -> set[str]:
    """The dotted keys of a config that change nothing of what is computed: the fields that the
    dataclass of a section names in its attribute `FREE`.

    Args:
        config: the instance of a dataclass, or what a field of one holds.
        prefix: of the keys.
    """
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        mine = {prefix + name for name in getattr(config, "FREE", ())}
        inner = {f.name: getattr(config, f.name) for f in _fields(type(config))}
        return mine.union(*(free(value, f"{prefix}{name}.") for name, value in inner.items()))
    if isinstance(config, dict):
        return set().union(*(free(value, f"{prefix}{key}.") for key, value in config.items()))
    return set()


def without(values: Mapping[str, Any], keys: Collection[str], prefix: str = "") -> dict[str, Any]:
    """A config as `to_dict` gives it, without some of its dotted keys."""
    return {key: without(value, keys, f"{prefix}{key}.") if isinstance(value, dict) else value
            for key, value in values.items() if f"{prefix}{key}" not in keys}


def from_dict(schema: type[T], values: Mapping[str, Any], source: str = "config") -> T:
    """The reverse of `to_dict`.

    Args:
        schema: a dataclass.
        values: by key; absent keys get their default.
        source: the start of an error message.

    Raises:
        InputError: as `load`.
    """
    def given(value: Any) -> _Value:
        if isinstance(value, Mapping):
            return _Value({key: given(v) for key, v in value.items()}, source)
        return _Value([given(v) for v in value] if isinstance(value, (list, tuple)) else value,
                      source)

    return _section(schema, given(values), None, "", schema)


def dump(config: Any, path: str | Path) -> None:
    """Writes every key of a config as YAML, which `load` reads back to an equal config.

    Args:
        config: the instance of a dataclass.
        path: the file to write.
    """
    text = yaml.dump(to_dict(config), Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    storage.write_atomically(path, text.encode())


def keys(schema: type, prefix: str = "", base: Any = None) -> Iterator[tuple[str, str, Any]]:
    """Every key of a schema.

    Args:
        schema: a dataclass.
        prefix: of the keys.
        base: an instance whose values are the defaults.

    Yields:
        (dotted key, type as written, default); the default is dataclasses.MISSING where a value
        must be given. In dicts of sections the key of a section is written NAME.
    """
    for name, _, hint, default in _keys(schema, prefix, base):
        yield name, _type_name(hint), default


def shown(value: Any) -> str:
    """A value as it is written behind "key=", on one line: null for None, [] for an empty tuple."""
    text = yaml.dump([_plain(value)], Dumper=_Dumper, default_flow_style=True, allow_unicode=True,
                     width=math.inf)
    return text.strip()[1:-1]


def comments(schema: type) -> dict[str, str]:
    """{dotted key: the comment beside the field's default}, "" where there is none."""
    found = {}
    for name, owner, _, _ in _keys(schema, "", None):
        found[name] = _comments_of(owner).get(name.rpartition(".")[2], "")
    return found


def _keys(schema: type, prefix: str, base: Any) -> Iterator[tuple[str, type, Any, Any]]:
    """(dotted key, the dataclass that has the field, its type, its default) for every key."""
    hints = typing.get_type_hints(schema)
    for f in _fields(schema):
        hint, default = hints[f.name], _default(f) if base is None else getattr(base, f.name)
        inner = _dataclass_in(hint)
        if inner is not None:
            named = "NAME." if typing.get_origin(hint) is dict else ""
            below = default if isinstance(default, inner) else None
            yield from _keys(inner, f"{prefix}{f.name}.{named}", below)
        else:
            yield prefix + f.name, schema, hint, default


@functools.cache
def _comments_of(schema: type) -> dict[str, str]:
    """Field -> the comment on its last line, or on the lines of comments right above it."""
    found: dict[str, str] = {}
    for cls in reversed(schema.__mro__):
        if not dataclasses.is_dataclass(cls):
            continue
        source = textwrap.dedent(inspect.getsource(cls))
        comment = {token.start[0]: token.string.lstrip("# ").rstrip()
                   for token in tokenize.generate_tokens(io.StringIO(source).readline)
                   if token.type == tokenize.COMMENT}
        lines = source.split("\n")
        for node in ast.parse(source).body[0].body:  # type: ignore[attr-defined]
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                above = node.lineno - 1
                while above in comment and lines[above - 1].strip().startswith("#"):
                    above -= 1
                text = [comment[n] for n in range(above + 1, (node.end_lineno or 0) + 1)
                        if n in comment]
                found[node.target.id] = " ".join(text)
    return found


def _parse(text: str, source: str, lines: bool = False) -> _Value:
    """One YAML document as _Values. Raises InputError."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None and _size(node, {}) > MAX_VALUES:
            raise InputError(f"{source}: more than {MAX_VALUES:,} values, counting those that "
                             "aliases repeat")
        return _Value(None, source) if node is None else _from_node(loader, node, source, lines, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f":{mark.line + 1}" if lines and mark else ""
        raise InputError(f"{source}{line}: not YAML ({error.problem})") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = str(error).splitlines()[0] if str(error) else "nested too deeply"
        raise InputError(f"{source}: not YAML ({reason})") from None


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for: an alias repeats all that it names."""
    if id(node) not in known:
        known[id(node)] = 1  # of one that holds itself, which is refused later
        inner = []
        if isinstance(node, yaml.MappingNode):
            inner = [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            inner = node.value
        known[id(node)] += sum(_size(value, known) for value in inner)
    return known[id(node)]


def _from_node(loader: _Loader, node: yaml.Node, source: str, lines: bool,
               above: tuple[yaml.Node, ...]) -> _Value:
    where = f"{source}:{node.start_mark.line + 1}" if lines else source
    if any(node is other for other in above):
        raise InputError(f"{where}: an alias that holds itself")
    above = (*above, node)
    if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
        values: dict[Any, _Value] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise InputError(f"{where}: a key should be a word")
            key = loader.construct_object(key_node)
            value = _from_node(loader, value_node, source, lines, above)
            if lines:
                value.where = f"{source}:{key_node.start_mark.line + 1}"
            if key in values:
                raise InputError(f"{value.where}: key '{key}' is given twice")
            values[key] = value
        return _Value(values, where)
    if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
        return _Value([_from_node(loader, item, source, lines, above) for item in node.value],
                      where)
    if isinstance(node, yaml.ScalarNode):
        scalar = loader.construct_object(node)
        if isinstance(scalar, float) and not math.isfinite(scalar):
            raise InputError(f"{where}: '{node.value}': expected a finite number")
        # No shell does so behind "key="
        at_home = isinstance(scalar, str) and scalar.startswith("~/")
        return _Value(os.path.expanduser(scalar) if at_home else scalar, where)
    raise InputError(f"{where}: tag {node.tag} is not for configs; they hold plain values only")


def _merge(below: _Value, above: _Value) -> _Value:
    if not (isinstance(below.value, dict) and isinstance(above.value, dict)):
        return above
    merged = dict(below.value)
    for key, value in above.value.items():
        merged[key] = _merge(merged[key], value) if key in merged else value
    return _Value(merged, below.where)


def _section(schema: type, given: _Value, base: Any, path: str, root: type) -> Any:
    """A `schema` with the given keys, the others from `base` (an instance or None), or from the
    defaults."""
    hints = typing.get_type_hints(schema)
    fields = _fields(schema)
    for key, value in given.value.items():
        if key not in {f.name for f in fields}:
            raise InputError(f"{value.where}: "
                             f"unknown key '{path}{key}'{_close(path, str(key), schema, root)}")
    values = {}
    for f in fields:
        default = getattr(base, f.name) if base is not None else _default(f)
        if f.name in given.value:
            values[f.name] = _convert(hints[f.name], given.value[f.name], default,
                                      f"{path}{f.name}", root)
        elif default is dataclasses.MISSING:
            raise InputError(f"{given.where}: key '{path}{f.name}' is missing; it should be "
                             f"{_type_name(hints[f.name])}")
        else:
            values[f.name] = default
    try:
        return schema(**values)
    except ValueError as error:
        # Of a message that begins with a field, "lr=0: ...", the key and its place are known
        begins = re.match(r"\w+(?=[=:])", str(error))
        known = begins is not None and begins[0] in values
        of = given.value.get(begins[0], given) if begins is not None else given
        place = " and ".join(dict.fromkeys([of.where, *_overridden(of)]))
        section = path if known or not path else f"{path.rstrip('.')}: "
        raise InputError(f"{place}: {section}{error}") from None


def _overridden(given: _Value) -> list[str]:
    """The overrides that a section holds, each of which may be what is wrong with it."""
    if not isinstance(given.value, dict):
        return [given.where] if given.where.startswith(OVERRIDE) else []
    return [where for value in given.value.values() for where in _overridden(value)]


def _convert(kind: Any, given: _Value, default: Any, key: str, root: type) -> Any:
    """`given` as type `kind`; mappings are laid over `default`. Raises InputError."""
    value, origin, args = given.value, typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        merged = _raw(given)
        both = isinstance(default, dict) and isinstance(merged, dict)
        return {**default, **merged} if both else merged
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return _section(kind, given, default if isinstance(default, kind) else None, f"{key}.",
                        root)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        members = [a for a in args if a is not type(None)]
        # The very type first, so that 1 stays 1 for `float | int`
        members.sort(key=lambda m: m is not type(value))
        for member in members[:-1]:
            try:
                return _convert(member, given, default, key, root)
            except InputError:
                continue
        try:
            return _convert(members[-1], given, default, key, root)
        except InputError:
            if len(members) == 1 and isinstance(value, (dict, list)):
                raise
    elif origin is Literal:
        for choice in args:
            if type(choice) is type(value) and choice == value:
                return choice
    elif kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    elif kind is int and isinstance(value, float) and value.is_integer():  # max_steps: 1e5
        return int(value)
    elif kind in (bool, int, str, type(None)) and type(value) is kind:
        return value
    elif kind is Path and isinstance(value, str):
        return Path(value)
    elif (origin or kind) in (list, tuple, collections.abc.Sequence) and isinstance(value, list):
        fixed = origin is tuple and Ellipsis not in args
        kinds = args if fixed else (args[0] if args else Any,) * len(value)
        if len(kinds) == len(value):
            items = [_convert(k, v, None, f"{key}[{i}]", root)
                     for i, (k, v) in enumerate(zip(kinds, value))]
            return items if (origin or kind) is list else tuple(items)
    elif (origin or kind) is dict and isinstance(value, dict):
        key_kind, value_kind = args or (Any, Any)
        old = default if isinstance(default, dict) else {}
        new = {_convert(key_kind, _Value(k, v.where), None, f"{key}: its key", root):
               _convert(value_kind, v, old.get(k), f"{key}.{k}", root) for k, v in value.items()}
        return {**old, **new}
    raise InputError(f"{given.where}: '{key}' should be {_type_name(kind)}, got {_show(given)}")


def _fields(schema: type) -> list[dataclasses.Field]:
    return [f for f in dataclasses.fields(schema) if f.init]


def _default(f: dataclasses.Field) -> Any:
    return f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default


def _dataclass_in(kind: Any) -> type | None:
    """The schema of a section, an optional section, or a dict of sections; None for any other
    type."""
    plain = typing.get_origin(kind) in (None, Union, types.UnionType, dict)
    inner = [kind, *typing.get_args(kind)] if plain else []
    return next((k for k in inner if isinstance(k, type) and dataclasses.is_dataclass(k)), None)


def _close(path: str, key: str, schema: type, root: type) -> str:
    """What may have been meant by an unknown key of a section: a name like it, or the same name
    elsewhere."""
    beside = [f.name for f in _fields(schema)]
    elsewhere = [name for name, _, _ in keys(root)]
    near = [name for name in elsewhere if name.rpartition(".")[2] == key]
    near += [path + name for name in difflib.get_close_matches(key, beside)]
    if near:
        return f"; did you mean {' or '.join(list(dict.fromkeys(near))[:3])}?"
    return f"; known here: {', '.join(path + name for name in beside)}"


def _type_name(kind: Any) -> str:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return "one of " + ", ".join(map(repr, args))
    if origin in (Union, types.UnionType):
        return " or ".join(_type_name(a) for a in args)
    if kind is type(None):
        return "null"
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return f"a section with {', '.join(f.name for f in _fields(kind))}"
    if args:
        inner = ", ".join("..." if a is Ellipsis else getattr(a, "__name__", None) or _type_name(a)
                          for a in args)
        return f"{getattr(origin, '__name__', origin)}[{inner}]"
    return getattr(kind, "__name__", str(kind))


def _show(given: _Value) -> str:
    value = _raw(given)
    hint = "; quote it to make it text" if isinstance(value, (bool, int, float)) else ""
    text = "null" if value is None else repr(value)
    return (text if len(text) <= 60 else text[:57] + "...") + f" ({type(value).__name__}{hint})"


def _raw(given: _Value) -> Any:
    if isinstance(given.value, dict):
        return {k: _raw(v) for k, v in given.value.items()}
    return [_raw(v) for v in given.value] if isinstance(given.value, list) else given.value


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in _fields(type(value))}
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, Path) else value
