from pathlib import Path

import pytest

from avspeech.data import corpora
from avspeech.errors import InputError

ROOT = Path(corpora.__file__).parent


def test_every_name_is_a_file_and_the_table_is_sorted():
    assert list(corpora.CORPORA) == sorted(corpora.CORPORA)
    for name, module in corpora.CORPORA.items():
        assert module == f"avspeech.data.corpora.{name}"
        assert (ROOT / f"{name}.py").is_file() or name == "mini"


@pytest.mark.parametrize("name", [n for n in corpora.CORPORA if n != "mini"])
def test_absent_corpora_say_where_to_get_them(name, tmp_path):
    module = corpora.get(name)
    for call in (lambda: corpora.check(name, tmp_path / "none"),
                 lambda: corpora.prepare(name, tmp_path / "none", tmp_path / "out"),
                 lambda: corpora.prepare(name, None, tmp_path / "out")):
        with pytest.raises(InputError) as error:
            call()
        assert module.ABOUT.page in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_unknown_names_and_options(tmp_path):
    with pytest.raises(InputError, match="corpus 'ravdes': not known; known: grid"):
        corpora.get("ravdes")
    with pytest.raises(InputError, match="unknown option 'split_by'; known: split, seed"):
        corpora.prepare("grid", tmp_path, tmp_path, split_by="clip")
