import numpy as np
import pytest
import soundfile

from avspeech.data import corpora
from avspeech.data.corpora import layout, ljspeech
from avspeech.data.manifest import read_manifest, resolve
from avspeech.errors import InputError


@pytest.fixture
def corpus(tmp_path):
    base = tmp_path / "lj" / "LJSpeech-1.1"
    (base / "wavs").mkdir(parents=True)
    names = [f"LJ001-{k:04d}" for k in range(1, 11)]
    for name in names:
        soundfile.write(base / "wavs" / f"{name}.wav", np.full(11025, 0.1), 22050)
    (base / "metadata.csv").write_text("".join(f'{n}|In {n[-2:]} "A|In {n[-1]} "A\n' for n
                                               in names),
                                       encoding="utf-8")
    return tmp_path / "lj"


def test_prepares_by_clip(corpus, tmp_path):
    paths = corpora.prepare("ljspeech", corpus, tmp_path / "out", dev=2, test=3)
    parts = [read_manifest(p) for p in paths]
    assert [len(p) for p in parts] == [5, 2, 3]
    first = parts[0][0]
    assert first.text == f'In {first.id[-1]} "A' and first.labels["raw"] == f'In {first.id[-2:]} "A'
    assert first.duration == 0.5 and resolve(layout.read_prepared(tmp_path / "out").root,
                                             first.audio).is_file()
    assert corpora.check("ljspeech", corpus) == ["10 of 13,100 clips"]


def test_check_names_what_does_not_fit(corpus):
    base = corpus / "LJSpeech-1.1"
    (base / "wavs" / "LJ001-0001.wav").unlink()
    (base / "wavs" / "LJ001-0002.wav").write_bytes(b"")
    soundfile.write(base / "wavs" / "other.wav", np.zeros(10), 22050)
    said = "\n".join(corpora.check("ljspeech", corpus))
    for expected in ("9 of 13,100", "1 lines of metadata.csv without a sound: LJ001-0001",
                     "does not name: other",
                     "0 bytes: LJSpeech-1.1/wavs/LJ001-0002.wav"):
        assert expected in said
    (base / "metadata.csv").write_text("LJ001-0001|only one\n")
    with pytest.raises(InputError, match="metadata.csv:1: expected 'name|text"):
        corpora.check("ljspeech", corpus)


@pytest.mark.parametrize("form", ["{}.wav", "wavs/{}.wav", "C:\\lj\\wavs\\{}.wav"])
def test_lists_that_name_files(corpus, form):
    table = corpus / "LJSpeech-1.1" / "metadata.csv"
    before = ljspeech.scan(corpus).clips
    rows = [line.partition("|") for line in table.read_text(encoding="utf-8").splitlines()]
    table.write_text("".join(f"{form.format(name)}|{rest}\n" for name, _, rest in rows), encoding="utf-8")
    assert ljspeech.scan(corpus).clips == before


def test_two_texts_and_no_text_of_a_sound(corpus):
    """Before, the last line won, and an empty text was a text."""
    table = corpus / "LJSpeech-1.1" / "metadata.csv"
    rows = table.read_text(encoding="utf-8")
    table.write_text(rows.replace('LJ001-0003|In 03 "A|In 3 "A', "LJ001-0003|nan|"), encoding="utf-8")
    found = ljspeech.scan(corpus)
    assert len(found.clips) == 9
    assert "1 lines of metadata.csv without a text: LJ001-0003" in found.problems
    table.write_text(rows + "LJ001-0003|other|other\n", encoding="utf-8")
    with pytest.raises(InputError, match="metadata.csv:11: 'LJ001-0003' stands above already"):
        ljspeech.scan(corpus)
