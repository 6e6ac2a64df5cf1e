"""The page in a browser: from the upload to the download in each room, with made and with real files.

Needs playwright for Python (pip install playwright) and a Chromium of the system; skipped without.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import given
import numpy as np
import pytest

pytest.importorskip("starlette", reason="the extra 'app' is not installed")

from test_server import bad_files, polite  # noqa: E402

from avspeech.media import audio  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
LONGEST = 120_000  # milliseconds that a job may take


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a running app, and its folder for temporary files, which is empty at the end."""
    pytest.importorskip("uvicorn")
    temporary = tmp_path_factory.mktemp("temporary")
    process = subprocess.Popen([sys.executable, "-m", "avspeech", "app", "--port", "0"], cwd=ROOT, text=True,
                               stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(temporary)})
    assert process.stdout
    yield process.stdout.readline().split()[0], temporary
    process.terminate()
    process.wait(20)
    assert list(temporary.iterdir()) == []


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    heard = tmp_path_factory.mktemp("heard") / "heard.wav"
    audio.write(heard, given.tone(10.0))
    with playwright.sync_playwright() as running:
        yield running.chromium.launch(executable_path=program, args=[
            "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={heard}"])


@pytest.fixture(params=[1200, 360], ids=["desktop", "phone"])
def page(app: tuple[str, Path], browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page at two widths. All its requests go to itself, and nothing of it is left on the disk."""
    address, temporary = app
    context = browser.new_context(viewport={"width": request.param, "height": 800},
                                  permissions=["microphone"])
    page = context.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    context.on("request", lambda r: asked.append(r.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(address)
    yield page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the window"
    page.goto("about:blank")
    for _ in range(500):
        left = [p for p in temporary.glob("avspeech-app-*/page*") if p.is_dir()]
        if not left:
            break
        page.wait_for_timeout(20)
    context.close()
    assert left == []
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith((address, "about:"))] == []
    refused = "Failed to load resource: the server responded with a status of 400"  # bad files, on purpose
    assert [line for line in wrong if not line.startswith(refused)] == []


def download(page: Any, link: Any, to: Path) -> Path:
    with page.expect_download() as waiting:
        link.click()
    waiting.value.save_as(to / waiting.value.suggested_filename)
    return to / waiting.value.suggested_filename


def until(page: Any, script: str, timeout: int = LONGEST) -> None:
    """Waits until a script is true. The page's own policy forbids playwright's way to wait for one."""
    end = time.monotonic() + timeout / 1000
    while not page.evaluate(script):
        assert time.monotonic() < end, script
        page.wait_for_timeout(50)


def extract(page: Any, path: Path) -> None:
    page.set_input_files("#extract-drop input", path)
    page.wait_for_selector("#extract-faces:not([hidden])", timeout=LONGEST)
    page.click("#extract-go")
    page.wait_for_selector("#extract-voices:not([hidden])", timeout=LONGEST)


def test_a_voice_from_upload_to_download(page: Any, tmp_path: Path) -> None:
    page.click("#extract-room summary")
    page.check("#extract-mouth")
    extract(page, given.film(tmp_path / "my talk.mp4"))
    assert page.locator("#extract-pictures .box").count() == 1
    players = page.locator("#extract-players .player")
    assert players.count() == 2
    sound = download(page, players.nth(1).locator("a", has_text="wav"), tmp_path / "out")
    film = download(page, players.nth(1).locator("a", has_text="mp4"), tmp_path / "out")
    assert (sound.name, film.name) == ("my talk_face1.wav", "my talk_face1.mp4")
    assert 0.9 < audio.duration(sound) < 1.2 and len(audio.read(film)) > 14000
    players.nth(1).locator("summary").click()
    until(page, "document.querySelector('#extract-players video')?.readyState >= 1")
    # A key moves by what is heard, in a long sound too
    players.nth(0).locator("input").press("ArrowRight")
    assert float(players.nth(0).locator("input").input_value()) >= 0.99 * 0.01 * audio.duration(sound)
    # One position for all players.
    players.nth(0).locator("input").fill("0.5")
    assert players.nth(1).locator(".time").inner_text().startswith("0:00.5")
    players.nth(1).locator(".play").click()
    until(page, "document.querySelectorAll('.play')[1].getAttribute('aria-pressed') == 'false'"
                           " && document.querySelector('.time').textContent >= '0:00.9'")


def test_what_begins_other_work_of_a_room_waits_and_says_so(page: Any) -> None:
    show = """async room => {
      const {Task, $} = await import("/static/api.js");
      window.task = new Task($(`${room}-working`));
      task.show("Working", null);
    }"""
    waiting = "room => [...document.querySelectorAll(`#${room}-room .waits`)].map(e => e.disabled)"
    # The places for files, the option, and the buttons that begin
    for room, controls in {"extract": 3, "speak": 1, "emotion": 1}.items():
        page.click(f"nav a[href='#{room}']")
        told = page.locator(f"#{room}-drop .wait")
        for end in ("clear()", "notes(['a note'])", "put()"):
            assert page.evaluate(waiting, room) == [False] * controls
            page.evaluate(show, room)
            assert page.evaluate(waiting, room) == [True] * controls
            assert room == "speak" or told.is_visible()
            page.evaluate(f"task.{end}")
            assert page.evaluate(waiting, room) == [False] * controls
            assert room == "speak" or told.is_hidden()


@pytest.mark.real
def test_a_real_voice_is_cleaner_than_the_mixture(page: Any, tmp_path: Path, real_data: Path) -> None:
    from avspeech.report.metrics import si_sdr

    clip = sorted((real_data / "grid" / "video" / "s1").glob("*.mp4"))[0]
    voice = sorted((real_data / "librispeech" / "one_per_speaker").glob("*.opus"))[4]
    mixed = tmp_path / "mixed.mp4"
    subprocess.run([sys.executable, ROOT / "tools" / "mix_video.py", clip, voice, "-o", mixed], check=True,
                   env={**os.environ, "PYTHONPATH": str(ROOT)})
    extract(page, mixed)
    assert page.locator("#extract-pictures .box").count() == 1
    out = download(page, page.locator("#extract-players a", has_text="wav"), tmp_path / "out")
    target = audio.read(tmp_path / "mixed_target.wav")
    heard, before = audio.read(out), audio.read(mixed)
    size = min(map(len, (target, heard, before)))
    gain = float(si_sdr(heard[:size], target[:size]) - si_sdr(before[:size], target[:size]))
    assert gain > 6, f"{gain:.1f} dB"


def test_a_text_from_marks_to_download(page: Any, tmp_path: Path) -> None:
    page.click("nav a[href='#speak']")
    page.fill("#speak-text", "Hello 😀 there. It is late.")
    page.click("#speak-go")
    page.wait_for_selector("#speak-result:not([hidden])", timeout=LONGEST)
    words = page.locator("#speak-score .tile")
    shown = [text.strip() for text in words.locator("span").all_inner_texts()]
    assert shown == ["Hello", "there", "It", "is", "late"]
    assert page.locator("#speak-score .gap").count() >= 1
    words.nth(4).click()
    page.locator(".tools button", has_text="Raise").click()
    until(page, "document.querySelector('#speak-text').value.includes('late<rise>.')")
    page.wait_for_selector("#speak-score:not([aria-busy])", timeout=LONGEST)
    until(page, "!document.querySelector('#speak-working .task')")
    words.nth(1).press("+")
    until(page, "document.querySelector('#speak-text').value.includes('there <brk 0.2>.')")
    until(page, "!document.querySelector('#speak-working .task')")
    until(page, "document.querySelectorAll('.tile')[1].ariaLabel.includes('pause of 0.2 s')")
    # A word that is written anew is no word of the drawing any more; the others stay.
    page.fill("#speak-text", page.input_value("#speak-text").replace("Hello", "Hallo"))
    assert [words.nth(i).is_disabled() for i in range(5)] == [True, False, False, False, False]
    out = download(page, page.locator("#speak-player a"), tmp_path)
    assert audio.duration(out) > 1 and np.abs(audio.read(out)).max() > 0.05
    page.fill("#speak-text", "a <rize>")
    page.click("#speak-go")
    alert = page.locator("#speak-working [role=alert]")
    alert.wait_for(timeout=LONGEST)
    assert "<rize> is not" in alert.inner_text()


def test_a_long_text_is_given_up(page: Any) -> None:
    page.click("nav a[href='#speak']")
    page.fill("#speak-text", "The quick brown fox jumps over the lazy dog. " * 100)
    page.click("#speak-go")
    until(page, "document.querySelector('#speak-working progress')?.value > 0")
    assert re.search(r"Speaking \d+ %", page.inner_text("#speak-working"))
    page.click("#speak-working button")
    until(page, "!document.querySelector('#speak-working .task')", timeout=10_000)
    assert page.locator("#speak-result").is_hidden()
    assert page.locator("#speak-working [role=alert]").count() == 0


def test_the_emotion_of_a_file_and_of_the_microphone(page: Any, tmp_path: Path) -> None:
    page.click("nav a[href='#emotion']")
    path = tmp_path / "voice.wav"
    path.write_bytes(given.wav(given.tone(9.0)))
    page.set_input_files("#emotion-drop input", path)
    page.wait_for_selector("#emotion-result:not([hidden])", timeout=LONGEST)
    shares = [int(text.split()[0]) for text in page.locator(".bars td:last-child").all_inner_texts()]
    assert len(shares) == 8 and 96 <= sum(shares) <= 104 and shares == sorted(shares, reverse=True)
    assert page.locator("#emotion-course svg").count() == 8
    assert page.locator("#emotion-course tbody tr").count() == 4
    page.click("#emotion-listen")
    until(page, "document.querySelector('.answer')?.textContent.includes('0:01.5')")
    page.click("#emotion-listen")
    until(page, "document.querySelector('.answer').textContent.includes('mean of all')")


@pytest.mark.real
def test_the_emotion_of_a_real_voice(page: Any, real_data: Path) -> None:
    page.click("nav a[href='#emotion']")
    page.set_input_files("#emotion-drop input", real_data / "ravdess/Actor_01/03-01-05-02-01-01-01.flac")
    page.wait_for_selector("#emotion-result:not([hidden])", timeout=LONGEST)
    assert page.locator(".answer strong").inner_text().lower() == "angry"


def test_bad_files_are_a_polite_line_in_the_page(page: Any, tmp_path: Path) -> None:
    told: dict[str, str] = {}
    folder = tmp_path / "given"
    for what, (name, content, kind, more) in bad_files(tmp_path).items():
        if kind == "extract" or "model" in more:  # the page does not ask so
            continue
        room = {"faces": "extract", "emotion": "emotion"}[kind]
        page.click(f"nav a[href='#{room}']")
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        page.set_input_files(f"#{room}-drop input", folder / name)
        alert = page.locator(f"#{room}-room [role=alert]")
        alert.wait_for(timeout=LONGEST)
        told[what] = alert.inner_text()
        assert told[what].startswith(f"{name}: "), (what, told[what])
        polite(told[what])
        alert.evaluate("e => e.remove()")
    assert len(told) >= 20
    (folder / "empty.mp4").touch()
    page.click("nav a[href='#extract']")
    page.set_input_files("#extract-drop input", folder / "empty.mp4")
    alert = page.locator("#extract-room [role=alert]")
    assert alert.inner_text() == "empty.mp4: the file is empty (0 bytes)."
    page.set_input_files("#extract-drop input", [folder / "empty.mp4"] * 5)
    until(page, "document.querySelector('#extract-room [role=alert]').textContent.includes('5 files')")
    page.click("nav a[href='#speak']")
    page.click("#speak-go")
    page.wait_for_selector("#speak-result:not([hidden])", timeout=LONGEST)
