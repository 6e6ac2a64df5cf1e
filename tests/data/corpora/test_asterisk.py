import gzip
import io
import tarfile

import numpy as np
import pytest

from avspeech.data import corpora
from avspeech.data.corpora import asterisk, layout
from avspeech.data.manifest import read_manifest, resolve
from avspeech.errors import InputError

TEXTS = ["; Core sounds", "", "beep: [a beep]", "hello: Hello  there, my friend of old.", "gone: not here",
         "digits/1: one",
         "letters/a: a", "letters/at: at [@]", "tone: Speak after the tone. (tone)",
         "bye: Goodbye to you and all!",
         "bye2: goodbye to you, and all", "far: It is far to walk home.", "near: It is near to the house."]
SOUNDS = ["beep", "hello", "digits/1", "letters/a", "letters/at", "tone", "bye", "bye2", "far", "near"]


def deb(path, files):
    """A Debian package of these files: an ar archive with a data.tar in it."""
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:xz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo("./" + name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    members = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", "data.tar.xz": inner.getvalue()}
    blob = b"!<arch>\n"
    for name, content in members.items():
        blob += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode() + content
        blob += b"\n" * (len(content) % 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(blob)


@pytest.fixture
def packages(tmp_path):
    pytest.importorskip("av")
    noise = np.random.default_rng(0)
    sounds = {f"usr/share/asterisk/sounds/en_US_f_Allison/{name}.g722": noise.bytes(4000) for name in SOUNDS}
    deb(tmp_path / "debs" / "asterisk-core-sounds-en-g722_1_all.deb", sounds)
    deb(tmp_path / "debs" / "asterisk-core-sounds-en_1_all.deb",
        {"usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz":
         gzip.compress("\n".join(TEXTS).encode())})
    return tmp_path / "debs"


def test_packages_become_manifests_and_no_text_is_in_two(packages, tmp_path):
    paths = corpora.prepare("asterisk", packages, tmp_path / "out", dev=1, test=1)
    parts = {p.stem: read_manifest(p) for p in paths}
    by_id = {u.id: u for part in parts.values() for u in part}
    assert len(by_id) == 8 and "asterisk-beep" not in by_id and "asterisk-tone" not in by_id
    assert by_id["asterisk-hello"].text == "Hello there, my friend of old."
    assert by_id["asterisk-letters-a"].text == "A" and by_id["asterisk-letters-at"].text == "at"
    assert {u.id for u in parts["train"]} >= {"asterisk-digits-1", "asterisk-letters-a"}
    texts = [{asterisk._key(u.text) for u in part} for part in parts.values()]
    assert not (texts[0] & texts[1] or texts[0] & texts[2] or texts[1] & texts[2])
    prepared = layout.read_prepared(tmp_path / "out")
    assert resolve(prepared.root, by_id["asterisk-far"].audio).is_file()
    assert by_id["asterisk-far"].duration == 0.5
    assert any("10 of 568 files" in line for line in prepared.problems)
    assert any("SHA-256 differs" in line for line in prepared.problems)
    again = corpora.prepare("asterisk", packages, tmp_path / "out2", dev=1, test=1)
    assert [p.read_text() for p in again] == [p.read_text() for p in paths]


def test_what_was_unpacked_will_do_and_long_prompts_are_left_out(packages, tmp_path):
    for path in packages.iterdir():
        asterisk.unpack(path, tmp_path / "unpacked")
    corpora.prepare("asterisk", tmp_path / "unpacked", tmp_path / "out", dev=1, test=1)
    with pytest.raises(InputError, match="no usable asterisk"):
        corpora.prepare("asterisk", tmp_path / "unpacked", tmp_path / "out", dev=1, test=1, longest=0.1)
    assert "10 of 568 files" in asterisk.check(tmp_path / "unpacked")
    assert len(asterisk.check(packages)) == 4


def test_what_is_no_package_is_told(tmp_path):
    for content, said in ((b"MZ", "not a Debian package"), (b"!<arch>\n", "no data in it"),
                          (b"!<arch>\n" + f"{'data.tar.xz':<48}{3:<10}`\n".encode() + b"abc",
                           "does not unpack")):
        (tmp_path / "a.deb").write_bytes(content)
        with pytest.raises(InputError, match=said):
            asterisk.unpack(tmp_path / "a.deb", tmp_path / "out")


def test_a_package_cannot_write_elsewhere(tmp_path):
    deb(tmp_path / "a.deb", {"../../evil.txt": b"x"})
    with pytest.raises(InputError, match="does not unpack"):
        asterisk.unpack(tmp_path / "a.deb", tmp_path / "deep" / "out")
    assert not (tmp_path / "evil.txt").exists()


def test_without_apt_or_network_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(asterisk.shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="there is no apt-get.*packages.debian.org.*data.source"):
        corpora.prepare("asterisk", None, tmp_path / "out")
    (tmp_path / "apt-get").write_text("#!/bin/sh\necho 'E: no network' >&2\nexit 100\n")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setattr(asterisk.shutil, "which", lambda name: str(tmp_path / "apt-get"))
    with pytest.raises(InputError, match="E: no network"):
        corpora.prepare("asterisk", None, tmp_path / "out")


def test_absent(tmp_path):
    for source in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match="CC BY-SA 3.0"):
            corpora.prepare("asterisk", source, tmp_path / "out")
    (tmp_path / "list.txt").write_text("no colon here\n")
    with pytest.raises(InputError, match="list.txt:1: expected 'name: text'"):
        asterisk.read_transcripts(tmp_path / "list.txt")


@pytest.mark.parametrize("place", ["", "sounds/en", "core/en_US_f_Allison"])
def test_prompts_are_found_in_any_folder(packages, tmp_path, place):
    """Before, below another folder than Debian's no prompt had a text."""
    root = tmp_path / "unpacked" / place
    rng = np.random.default_rng(0)
    for name in SOUNDS:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / f"{name}.g722").write_bytes(rng.bytes(4000))
        (root / f"{name}.g722").with_name(f"._{name.split('/')[-1]}.g722").write_bytes(b"\0\5")
    (tmp_path / "unpacked" / "core-sounds-en.txt").write_text("\n".join(TEXTS))
    found, _, sounds = asterisk.prompts(tmp_path / "unpacked")
    assert len(sounds) == len(SOUNDS) and {"digits/1", "letters/a", "hello"} <= {p.name for p in found}
    (root / "copy").mkdir()
    (root / "copy" / "hello.g722").write_bytes(rng.bytes(4000))
    with pytest.raises(InputError, match="prompt 'hello' is also"):
        asterisk.prompts(tmp_path / "unpacked")


def test_other_sounds_and_texts_of_the_same_names_are_read_anew(packages, tmp_path):
    """Before, the sounds of the first version stayed, under the texts of the second."""
    corpora.prepare("asterisk", packages, tmp_path / "out", dev=1, test=1)
    before = (tmp_path / "out/audio/hello.flac").read_bytes()
    sounds = {f"usr/share/asterisk/sounds/en_US_f_Allison/{name}.g722": np.random.default_rng(9).bytes(4000)
              for name in SOUNDS if name != "far"}
    deb(packages / "asterisk-core-sounds-en-g722_1.10_all.deb", sounds)
    deb(packages / "asterisk-core-sounds-en-g722_1.9_all.deb", {})
    paths = corpora.prepare("asterisk", packages, tmp_path / "out", dev=1, test=1)
    assert (tmp_path / "out/audio/hello.flac").read_bytes() != before
    assert "asterisk-far" not in {u.id for path in paths for u in read_manifest(path)}


def test_two_texts_of_one_prompt_are_refused(tmp_path):
    (tmp_path / "list.txt").write_text("a: one\nb: two\na:  one\n")
    assert asterisk.read_transcripts(tmp_path / "list.txt") == {"a": "one", "b": "two"}
    (tmp_path / "list.txt").write_text("a: one\nb: two\na: three\n")
    with pytest.raises(InputError, match="list.txt:3: another text of 'a'"):
        asterisk.read_transcripts(tmp_path / "list.txt")


def test_lists_that_differ_and_names_of_another_system(packages, tmp_path):
    for path in packages.iterdir():
        asterisk.unpack(path, tmp_path / "in")
    before = [(p.name, p.text) for p in asterisk.prompts(tmp_path / "in")[0]]
    [place] = [p for p in (tmp_path / "in").rglob("core-sounds-en.txt*")]
    texts = asterisk.read_transcripts(place)
    place.unlink()
    lines = "".join(f"{name}: {text}\n" for name, text in texts.items())
    (tmp_path / "in" / "core-sounds-en.txt").write_text(lines.replace("/", "\\"), encoding="utf-8")
    for path in list((tmp_path / "in").rglob("*.g722")):
        path.rename(path.with_suffix(".G722"))
    assert [(p.name, p.text) for p in asterisk.prompts(tmp_path / "in")[0]] == before
    (tmp_path / "in" / "a").mkdir()
    (tmp_path / "in" / "a" / "core-sounds-en.txt").write_text(lines + "more: words\n", encoding="utf-8")
    with pytest.raises(InputError, match="says something else than"):
        asterisk.prompts(tmp_path / "in")
