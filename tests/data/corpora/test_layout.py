import pytest

from avspeech.data.corpora import dealing, layout, tables
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

SEPARATORS = ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"]


def test_an_empty_split_leaves_no_old_manifest(tmp_path):
    utterances = [Utterance(f"u{k}", "a.wav", 1.0, "s") for k in range(10)]
    prepared = layout.Prepared("x", "/x", "clip", 0)
    layout.finish(tmp_path, dealing.split(utterances)[0], prepared)
    paths = layout.finish(tmp_path, dealing.split(utterances, dev=0)[0], prepared)
    assert [p.name for p in paths] == ["train.jsonl",
                                       "test.jsonl"] and not (tmp_path / "dev.jsonl").exists()
    with pytest.raises(InputError, match="no usable x utterance"):
        layout.finish(tmp_path, {}, prepared)


def test_why_nothing_is_usable_is_said_first(tmp_path):
    """Counts come before the state of the files, which is the cause."""
    lines = [*(f"{n} clips missing" for n in range(9)), "3 files were not fetched"]
    prepared = layout.Prepared("x", "/x", "clip", 0, problems=lines)
    with pytest.raises(InputError, match="utterance: 3 files were not fetched"):
        layout.finish(tmp_path, {}, prepared)


def test_a_corpus_that_was_made_in_its_folder_moves_with_it(tmp_path):
    """Before, a recipe whose folder was moved looked for the sounds in the old place."""
    for root, name in ((tmp_path / "a", "b"), (tmp_path, "c")):
        one = Utterance("u", "x.wav", 1.0, "s")
        layout.finish(tmp_path / "a", {"all": [one]}, layout.Prepared("mini_tts", str(root), "none", 0))
        assert layout.root_of(tmp_path / "a") == root
        (tmp_path / "a").rename(tmp_path / name)
        assert layout.root_of(tmp_path / name) == (tmp_path / name if name == "b" else tmp_path)


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_only_line_ends_end_a_row(tmp_path, separator, delimiter):
    """U+2028, U+0085, VT, FF, FS, GS, RS stand in sentences of published tables."""
    table = tmp_path / "t.tsv"
    text = f"well{separator}I never"
    table.write_bytes(f"\ufeffId{delimiter}Text\r\n1{delimiter}{text}\r\n\r\n2{delimiter}b\r\n".encode())
    assert tables.read_rows(table, delimiter) == [(f"{table}:2", {"id": "1", "text": text}),
                                                  (f"{table}:4", {"id": "2", "text": "b"})]
    assert tables.lines(table) == [f"Id{delimiter}Text", f"1{delimiter}{text}", "",
                                   f"2{delimiter}b"]


def test_a_cell_may_hold_a_line_end(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text('id,text\n1,"two\nlines"\n2,x\n')
    assert tables.read_rows(table) == [(f"{table}:2", {"id": "1", "text": "two\nlines"}),
                                       (f"{table}:4", {"id": "2", "text": "x"})]


@pytest.mark.parametrize("row, got", [("1,a", 2), ("1", 1), ("1,a,b,c", 4), ('"1,a,b', 1)])
def test_a_ragged_row_is_named(tmp_path, row, got):
    table = tmp_path / "t.csv"
    table.write_text(f"id,text,mood\n0,x,y\n{row}\n")
    with pytest.raises(InputError,
                       match=rf"t.csv:3: expected 3 cells .*id, text, mood.*, got {got}; correct"):
        tables.read_table(table)
    table.write_text("id,text,mood\n1,a,b,,\n")  # empty cells behind, as spreadsheets write them
    assert tables.read_table(table) == [{"id": "1", "text": "a", "mood": "b"}]
    table.write_text("id\ttext\tmood\n1\ta\n")
    assert tables.read_rows(table, "\t", required=2)[0][1] == {"id": "1", "text": "a"}


def test_what_is_no_table_is_one_line(tmp_path):
    table = tmp_path / "t.csv"
    for content, what in ((b"id,text\n1,\xff\xfe\n", "cannot be read as text"),
                          (b"id,text\n1," + b"x" * 200_000 + b"\n",
                           "t.csv:2: not a row of a table")):
        table.write_bytes(content)
        with pytest.raises(InputError, match=what) as error:
            tables.read_table(table)
        assert "\n" not in str(error.value)
    table.write_bytes(b"")
    assert tables.read_table(table) == [] and tables.lines(table) == []


def test_prepared_is_read_back(tmp_path):
    with pytest.raises(InputError, match="prepare the corpus first"):
        layout.read_prepared(tmp_path)
    (tmp_path / "corpus.json").write_text('{"corpus": 1')
    with pytest.raises(InputError, match="prepare it again"):
        layout.read_prepared(tmp_path)
    assert (layout.named("abcdefg", 2) == "a, b and 5 more"
            and layout.counted(7, 34000, "clips") == "7 of 34,000 clips")


@pytest.mark.parametrize("cell", ["nan", "inf", "-Infinity", "", "much"])
def test_a_number_of_a_table_is_finite(tmp_path, cell):
    assert tables.number({"score": "1e-1"}, "score", tmp_path) == 0.1
    with pytest.raises(InputError, match="score: expected a number"):
        tables.number({"score": cell}, "score", tmp_path)
