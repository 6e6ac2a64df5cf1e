"""config: defaults, then the YAML's differences, then overrides;
everything else is an error that says where."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avspeech.core import config
from avspeech.errors import InputError


@dataclass
class Optimiser:
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.99)
    kind: Literal["adam", "sgd"] = "adam"


@dataclass
class Corpus:
    source: str | None = None
    repeat: int = 1


@dataclass
class Data:
    views: tuple[str, ...] = ("front",)
    root: Path = Path("data")
    speed: float | None = None
    shares: dict[str, float] = field(default_factory=lambda: {"noise": 0.2, "silent": 0.1})
    names: list[str] = field(default_factory=list)
    model: dict[str, Any] = field(default_factory=dict)
    corpora: dict[str, Corpus] = field(default_factory=lambda: {"mini": Corpus(repeat=2)})


@dataclass
class Train:
    steps: int = 100
    bf16: bool = False
    name: str = "run"
    optimiser: Optimiser = field(default_factory=lambda: Optimiser(lr=5e-4))
    extra: Optimiser | None = None

    def __post_init__(self) -> None:
        if self.steps < 0:
            raise ValueError("steps should not be below 0")


@dataclass
class Config:
    train: Train = field(default_factory=Train)
    data: Data = field(default_factory=Data)


@dataclass
class Required:
    source: str
    seed: int = 0


def load(tmp_path: Path, text: str, *overrides: str, schema: Any = Config) -> Any:
    path = tmp_path / "conf.yaml"
    path.write_text(text, encoding="utf-8")
    return config.load(schema, path, overrides)


def test_without_a_file_it_is_the_defaults() -> None:
    assert config.load(Config) == Config()


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "train:\n  {}\n"])
def test_an_empty_file_is_the_defaults(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text) == Config()


def test_the_file_differs_and_the_override_has_the_last_word(tmp_path: Path) -> None:
    text = ("train:\n  steps: 5\n  optimiser: {lr: 3e-4, betas: [0.8, 0.9]}\n"
            "data: {views: [front, top], root: /a}\n")
    loaded = load(tmp_path, text, "train.optimiser.lr=1e-5", "data.speed=1", "train.steps=7",
                  "train.steps=1e3")
    assert loaded.train == Train(steps=1000, optimiser=Optimiser(1e-5, (0.8, 0.9)))
    assert loaded.data.views == ("front", "top")
    assert loaded.data.root == Path("/a")
    assert isinstance(loaded.data.speed, float)
    assert loaded.data.speed == 1


def test_sections_keep_the_defaults_of_the_schema_around_them(tmp_path: Path) -> None:
    assert load(tmp_path, "train: {optimiser: {kind: sgd}}").train.optimiser == Optimiser(lr=5e-4, kind="sgd")
    assert load(tmp_path, "train: {extra: {kind: sgd}}").train.extra == Optimiser(kind="sgd")
    assert load(tmp_path, "train: {extra: {kind: sgd}}", "train.extra=null").train.extra is None


def test_dicts_are_merged_and_lists_replaced(tmp_path: Path) -> None:
    loaded = load(tmp_path, "data: {shares: {noise: 1}, names: [a, b]}", "data.shares.music=0.5",
                  "data.names=[c]", "data.model.blocks=2")
    assert loaded.data.shares == {"noise": 1.0, "silent": 0.1, "music": 0.5}
    assert loaded.data.names == ["c"]
    assert loaded.data.model == {"blocks": 2}


def test_sections_by_name(tmp_path: Path) -> None:
    loaded = load(tmp_path, "data: {corpora: {mini: {source: a}, grid: {}}}", "data.corpora.grid.source=b")
    assert loaded.data.corpora == {"mini": Corpus("a", 2), "grid": Corpus("b", 1)}


def test_text_that_yaml_1_1_would_bend_stays_text(tmp_path: Path) -> None:
    for text in ("no", "on", "2026-01-01", "12:30:00", "0x1f", "1_000", "007"):
        assert load(tmp_path, f"train: {{name: {text}}}").train.name == text


@pytest.mark.parametrize(("text", "overrides", "words"), [
    ("train:\n  stepz: 3", (), ("conf.yaml:2", "train.stepz", "train.steps")),
    ("lr: 3", (), ("conf.yaml:1", "'lr'", "train.optimiser.lr")),
    ("zzzzz: 3", (), ("'zzzzz'", "known here: train, data")),
    ("data: {corpora: {grid: {sorce: a}}}", (),
     ("data.corpora.grid.sorce", "mean data.corpora.grid.source?")),
    ("data: {source: a}", (), ("mean data.corpora.NAME.source?",)),
    ("data: {corpora: [a]}", (), ("data.corpora", "dict[str, Corpus]")),
    ("data: {corpora: {grid: {xyz: a}}}", (),
     ("known here: data.corpora.grid.source, data.corpora.grid.repeat",)),
    ("", ("train.optimizer.lr=3",), ("train.optimizer", "train.optimiser")),
    ("train: {steps: fast}", (), ("conf.yaml:1", "train.steps", "int", "'fast'")),
    ("train: {steps: 1.5}", (), ("train.steps", "int", "1.5")),
    ("train: {steps: true}", (), ("train.steps", "int", "True")),
    ("train: {bf16: 1}", (), ("train.bf16", "bool")),
    ("train: {bf16: 'true'}", (), ("train.bf16", "bool")),
    ("train: {name: 3}", (), ("train.name", "str", "quote")),
    ("train: {optimiser: {kind: rmsprop}}", (), ("train.optimiser.kind", "'adam', 'sgd'")),
    ("train: {optimiser: {betas: [1, 2, 3]}}", (), ("train.optimiser.betas", "tuple[float, float]")),
    ("train: {optimiser: 3}", (), ("train.optimiser", "section")),
    ("train: {extra: {kinds: 3}}", (), ("train.extra.kinds", "train.extra.kind")),
    ("data: {views: front}", (), ("data.views", "tuple[str, ...]", "'front'")),
    ("data: {views: [front, 3]}", (), ("data.views[1]",)),
    ("data: {shares: {noise: much}}", (), ("data.shares.noise", "float")),
    ("data: {speed: fast}", (), ("data.speed", "float or null")),
    ("train: {steps: -1}", (), ("steps should not be below 0", "train")),
    ("train:\n  steps: 5", ("train.steps=-1",),
     ("conf.yaml:1 and override train.steps: train: steps should not be below 0",)),
    ("train:\n  steps: -5", ("data.speed=2",), ("conf.yaml:1: train: steps",)),
    ("", ("train.steps=-1",), ("override train.steps: train: steps",)),
    ("train: {steps: 1, steps: 2}", (), ("twice",)),
    ("- 1\n- 2", (), ("key: value",)),
    ("train: [", (), ("conf.yaml:1", "not YAML")),
    ("train: !!python/object/apply:os.system ['ls']", (), ("tag",)),
    ("train: {name: !!python/name:os.system ''}", (), ("not YAML",)),
    ("train: &a {extra: *a}", (), ("alias",)),
    ("? [a, b]\n: 3", (), ("key",)),
    ("", ("train.steps",), ("key=value",)),
    ("", ("=3",), ("key=value",)),
    ("", ("train..steps=3",), ("key=value",)),
    ("", ("train.steps=[",), ("train.steps", "not YAML")),
    ("", ("train=3",), ("'train'", "section")),
])
def test_an_error_is_one_line_that_says_where(tmp_path: Path, text: str, overrides: tuple[str, ...],
                                              words: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text, *overrides)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_missing_file_and_a_file_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        config.load(Config, tmp_path / "nowhere.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"b\.yaml"):
        config.load(Config, tmp_path / "b.yaml")


def test_a_key_without_default_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'source' is missing"):
        config.load(Required)
    assert load(tmp_path, "source: a", "seed=3", schema=Required) == Required("a", 3)


def test_keys_lists_every_key() -> None:
    listed = {key: (kind, default) for key, kind, default in config.keys(Config)}
    assert listed["train.steps"] == ("int", 100)
    assert listed["data.speed"] == ("float or null", None)
    assert listed["train.extra.kind"][0] == "one of 'adam', 'sgd'"
    assert listed["train.optimiser.lr"] == ("float", 5e-4)  # of the section's own default, not of its class
    assert listed["data.corpora.NAME.repeat"] == ("int", 1)
    assert listed["data.shares"][0] == "dict[str, float]"
    assert dict((k, d) for k, _, d in config.keys(Required))["source"] is dataclasses.MISSING


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
optimisers = st.builds(Optimiser, numbers, st.tuples(numbers, numbers), st.sampled_from(["adam", "sgd"]))
configs = st.builds(
    Config,
    st.builds(Train, st.integers(0, 10**12), st.booleans(), texts, optimisers, st.none() | optimisers),
    st.builds(Data, st.lists(texts, max_size=3).map(tuple), texts.map(Path), st.none() | numbers,
              st.dictionaries(texts, numbers, max_size=3).map(lambda d: Data().shares | d),
              st.lists(texts, max_size=3),
              st.dictionaries(texts, st.integers() | numbers | texts | st.none(), max_size=3)))


@given(configs)
def test_what_is_dumped_is_loaded_equal(tmp_path_factory: pytest.TempPathFactory, original: Config) -> None:
    path = tmp_path_factory.mktemp("dump") / "all.yaml"
    config.dump(original, path)
    assert config.load(Config, path) == original


@given(texts)
def test_any_text_survives_a_dump(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("dump") / "text.yaml"
    config.dump(Required(text), path)
    assert config.load(Required, path) == Required(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_override_is_that_float(value: float) -> None:
    loaded = config.load(Config, None, [f"train.optimiser.lr={value!r}"])
    assert math.isclose(loaded.train.optimiser.lr, value) or loaded.train.optimiser.lr == value


@pytest.mark.parametrize("text", [".nan", ".inf", "-.inf"])
def test_what_is_not_finite_is_refused(text: str) -> None:
    for override in (f"train.optimiser.lr={text}", f"train.extra={{a: [{text}]}}"):
        with pytest.raises(InputError, match=r"^override train\..*'-?\.\w+'.*finite"):
            config.load(Config, None, [override])


@given(st.text(max_size=40), st.lists(st.text(max_size=30), max_size=2))
def test_anything_else_is_an_input_error(tmp_path_factory: pytest.TempPathFactory, text: str,
                                         overrides: list[str]) -> None:
    path = tmp_path_factory.mktemp("any") / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        assert isinstance(config.load(Config, path, overrides), Config)
    except InputError as error:
        assert str(error)


@dataclass
class Loop:
    FREE: ClassVar = ("workers",)

    steps: int = 5
    workers: int = 0


@dataclass
class Loops:
    loop: Loop = field(default_factory=Loop)
    named: dict[str, Loop] = field(default_factory=lambda: {"a.b": Loop(), "c": Loop(7, 2)})
    workers: int = 1
    optional: Loop | None = None


def test_what_is_free_to_change_is_left_out_where_its_section_says_so():
    cfg = Loops()
    assert config.free(cfg) == {"loop.workers", "named.a.b.workers", "named.c.workers"}
    assert config.without(config.to_dict(cfg), config.free(cfg)) == {
        "loop": {"steps": 5}, "named": {"a.b": {"steps": 5}, "c": {"steps": 7}}, "workers": 1,
        "optional": None}


def test_from_dict_reads_what_to_dict_gives():
    cfg = config.load(Config, None, ["train.steps=7", "data.views=[front, top]", "data.speed=1.5",
                                     "train.extra={lr: 0.5}", "data.model={depth: [1, 2]}"])
    assert config.from_dict(Config, config.to_dict(cfg)) == cfg
    assert config.from_dict(Config, {"train": {"steps": 3}}) == config.load(Config, None, ["train.steps=3"])
    with pytest.raises(InputError, match="^cell: .*stepz"):
        config.from_dict(Config, {"train": {"stepz": 3}}, "cell")


@dataclass
class Below:
    first: int = 1  # a count
    # written above,
    # on two lines
    second: str = "#no comment"
    third: tuple[int, ...] = (1,
                              2)  # behind the last line
    fourth: bool = False


@dataclass
class Inherits(Below):
    """A docstring. first: not this."""

    fifth: float = 0.5  # its own
    parts: dict[str, Below] = field(default_factory=dict)


def test_the_comment_beside_a_default_is_help() -> None:
    found = config.comments(Inherits)
    assert found == {"first": "a count", "second": "written above, on two lines",
                     "third": "behind the last line", "fourth": "", "fifth": "its own",
                     **{f"parts.NAME.{k}": v for k, v in found.items() if k in vars(Below())}}


def test_a_folder_is_named_with_the_configs_that_may_be_meant(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "exp/train").mkdir(parents=True)
    with pytest.raises(InputError, match="is a folder; expected a YAML file$"):
        config.load(Config, tmp_path)
    (tmp_path / "conf/train.yaml").write_text("")
    for folder in (tmp_path, tmp_path / "conf", tmp_path / "exp/train"):
        with pytest.raises(InputError, match=f"such as {tmp_path}/conf/train.yaml$"):
            config.load(Config, folder)


def test_the_home_folder_is_that_of_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No shell replaces it behind "key="."""
    @dataclass
    class Places:
        source: str = ""
        other: str = ""

    monkeypatch.setenv("HOME", "/home/ann")
    (tmp_path / "a.yaml").write_text("other: ~/two\n")
    assert config.load(Places, tmp_path / "a.yaml", ["source=~/one"]) == Places("/home/ann/one",
                                                                                "/home/ann/two")
    assert config.load(Places, None, ["source=a~/one", "other='~'"]) == Places("a~/one", "~")
