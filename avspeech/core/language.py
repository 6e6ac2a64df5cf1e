"""Language models that answer a prompt, perhaps about a sound. Any model can be connected:

    Answers("labels.tsv")             a file of answers: id<tab>label, or JSONL with id and label
    Endpoint("http://localhost:8000/v1", "a-model", "MY_KEY")
                                      a server with OpenAI's protocol
    Command(["python", "answer.py"])  a program: JSON on its input, the answer on its output

Each is called as `plug(id, prompt, audio)`, where audio is the path of a WAV file or None, and
returns the text of the answer, or None if there is none. `choice` finds the class in it.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from avspeech.core.strict_json import once
from avspeech.errors import InputError


class Plug(Protocol):
    """Something that answers prompts."""

    def __call__(self, id: str, prompt: str, audio: Path | None = None) -> str | None: ...


@dataclass(frozen=True)
class Answers:
    """Answers from a file, by id. Reading them raises InputError for an invalid file."""

    path: str | Path

    @cached_property
    def labels(self) -> dict[str, str]:
        try:
            text = Path(self.path).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            raise InputError(f"{self.path}: cannot be read as text") from None
        found: dict[str, str] = {}
        # splitlines() would also split at U+2028, a vertical tab and similar characters, which may
        # occur in an answer.
        for number, line in enumerate(text.split("\n"), 1):
            line = line.removesuffix("\r")
            if not line.strip():
                continue
            where = f"{self.path}:{number}"
            try:
                if line.startswith("{"):
                    row = json.loads(line, object_pairs_hook=once)
                    id, label = row["id"], row["label"]
                else:
                    id, label = line.split("\t")
            except (ValueError, KeyError, TypeError, RecursionError):
                raise InputError(f'{where}: expected id<tab>label, '
                                 'or {"id": ..., "label": ...}') from None
            if label is None:
                continue  # no answer
            id, label = str(id).strip(), str(label).strip()
            if found.get(id, label) != label:
                raise InputError(f"{where}: '{id}' has another label on a line above; "
                                 "remove one of them")
            found[id] = label
        return found

    def __call__(self, id: str, prompt: str, audio: Path | None = None) -> str | None:
        return self.labels.get(id)


@dataclass(frozen=True)
class Endpoint:
    """A server that answers POST <address>/chat/completions as OpenAI's does, with temperature 0.
    Sound is sent as base64 WAV. A call raises InputError if there is no answer."""

    address: str  # e.g. "http://localhost:8000/v1"
    model: str  # name of the model on the server
    key_variable: str = ""  # environment variable that holds the key; "": no key
    seconds: float = 120.0  # to wait for an answer

    def __call__(self, id: str, prompt: str, audio: Path | None = None) -> str | None:
        if not self.address.startswith(("http://", "https://")):
            raise InputError(f"endpoint '{self.address}': expected http:// or https://")
        content: list[dict[str, object]] = [{"type": "text", "text": prompt}]
        if audio is not None:
            data = base64.b64encode(audio.read_bytes()).decode()
            content.append({"type": "input_audio", "input_audio": {"data": data, "format": "wav"}})
        body = {"model": self.model, "temperature": 0,
                "messages": [{"role": "user", "content": content if audio is not None else prompt}]}
        headers = {"Content-Type": "application/json"}
        if self.key_variable:
            key = os.environ.get(self.key_variable)
            if not key:
                raise InputError(f"endpoint {self.address}: the environment variable "
                                 f"{self.key_variable} "
                                 "is not set; it should hold the key")
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(f"{self.address.rstrip('/')}/chat/completions",
                                         json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=self.seconds) as reply:
                return str(json.load(reply)["choices"][0]["message"]["content"])
        except urllib.error.HTTPError as error:
            raise InputError(f"endpoint {self.address}: {id}: no answer ({error})") from None
        except OSError as error:  # of a URLError the reason alone
            raise InputError(f"endpoint {self.address}: {id}: no answer "
                             f"({getattr(error, 'reason', error)})") from None
        except (ValueError, KeyError, IndexError, TypeError):
            raise InputError(f"endpoint {self.address}: {id}: the answer is not a chat completion"
                             ) from None


@dataclass(frozen=True)
class Command:
    """A program that gets {"id", "prompt", "audio"} as JSON on its input and writes the answer to
    its output. No shell is used. A call raises InputError if the program fails."""

    arguments: Sequence[str]
    seconds: float = 120.0

    def __call__(self, id: str, prompt: str, audio: Path | None = None) -> str | None:
        request = json.dumps({"id": id, "prompt": prompt, "audio": None if audio is None
                              else str(audio)})
        try:
            done = subprocess.run(list(self.arguments), input=request, capture_output=True,
                                  text=True, timeout=self.seconds, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InputError(f"command {self.arguments[0]}: {id}: {error}") from None
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise InputError(f"command {self.arguments[0]}: {id}: exit {done.returncode}: {last}")
        return done.stdout.strip() or None


def choice(answer: str | None, classes: Sequence[str]) -> int | None:
    """The class that an answer names.

    Args:
        answer: text of a language model, or None.
        classes: names of the classes.

    Returns:
        The number of the class, or None if the answer names none or more than one.
    """
    if answer is None:
        return None
    said = answer.strip().lower()
    named = [i for i, name in enumerate(classes) if said.strip(".\"' ") == name.lower()] or [
        i for i, name in enumerate(classes)
        if re.search(rf"(?<!\w){re.escape(name.lower())}(?!\w)", said)]
    return named[0] if len(named) == 1 else None
