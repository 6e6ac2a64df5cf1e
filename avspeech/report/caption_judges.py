"""Judges of timed captions: how many key points of a scene a text states.

    words = word_coverage
    model = ModelJudge(Endpoint("http://localhost:8000/v1", "a-model"), "answers")
    model = ModelJudge(Command(["python", "judge.py"]), "answers")
    model("A man waves.", {"events": ["A man waves", "A dog barks"]})      # {"events": 1}
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.core.language import Command, Endpoint
from avspeech.core.storage import content_hash, write_atomically
from avspeech.errors import InputError

# A key point counts as stated from this share of its words on; chosen here.
COVERAGE = 2 / 3
# Words that carry no content; a key point of nothing else is compared by all its words.
FUNCTION_WORDS = frozenset(
    "a an and are as at be been being by for from had has have he her his in into is it its of on "
    "or our she so that the their them then there these they this those to was we were which while "
    "who with you your".split())
# A word, or one Chinese or Japanese character, as these are written without spaces
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]"
                   r"|(?:(?![\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])\w)+")
_NUMBERS = re.compile(r"\[[\d\s,]*\]")
PROMPT = """\
Below are a text about a video and a numbered list of facts. Find the facts that the text states,
also where it uses other words. A fact that is only partly stated, or only likely, does not count.
Answer with a JSON list of the numbers of the stated facts and nothing else, for example [1, 3];
[] if there are none.

Text:
{text}

Facts:
{facts}
"""


def words(text: str) -> list[str]:
    """The words of a text: NFKC, case folded, without marks; "don't" is one word, "dont"."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _WORD.findall(re.sub(r"(?<=\w)['’](?=\w)", "", folded).replace("_", " "))


def word_coverage(text: str, points: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Counts the key points whose words are in the text. Works offline; knows no synonyms.

    A key point counts as stated where at least two thirds of its distinct words, without function
    words, are among the words of the text. Its figures do not compare with the paper's.

    Args:
        text: of a group of predictions.
        points: {dimension: key points}.

    Returns:
        {dimension: how many are stated}.
    """
    said = set(words(text))
    counts: dict[str, float] = {}
    for dimension, texts in points.items():
        counts[dimension] = 0
        for point in texts:
            all_words = set(words(point))
            content = all_words - FUNCTION_WORDS or all_words
            if content:
                counts[dimension] += len(content & said) >= COVERAGE * len(content)
            else:  # nothing but signs
                counts[dimension] += point.strip() in text
    return counts


@dataclass(frozen=True)
class ModelJudge:
    """A language model as the judge; one question for each group of predictions.

    A good answer is kept in a file whose name is the hash of the question and of the model: of an
    endpoint the address and the name of the model (one that changes under the same name is not
    noticed), of a command its arguments and the content of those that are files.
    """

    plug: Endpoint | Command
    answers: str | Path | None = None  # folder of answers; None: they are not kept

    def __call__(self, text: str, points: Mapping[str, Sequence[str]]) -> dict[str, float]:
        """Asks which key points the text states.

        Args:
            text: of a group of predictions.
            points: {dimension: key points}.

        Returns:
            {dimension: how many are stated}.

        Raises:
            InputError: there is no answer, or it is not a list of numbers of key points.
        """
        owners = [dimension for dimension, texts in points.items() for _ in texts]
        flat = [" ".join(point.split()) for texts in points.values() for point in texts]
        facts = "\n".join(f"{number}. {point}" for number, point in enumerate(flat, 1))
        # Not str.format: a text may hold braces
        before, middle, after = re.split(r"\{text\}|\{facts\}", PROMPT)
        prompt = before + text + middle + facts + after
        asked = {"model": self._identity(), "prompt": prompt}
        key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        place = Path(self.answers) / f"{key}.json" if self.answers is not None else None
        kept = _kept(place, asked)
        answer = self.plug(key[:16], prompt) if kept is None else kept
        stated = _numbers(answer, len(flat))
        if place is not None and kept is None:
            record = {**asked, "answer": answer}
            write_atomically(place, json.dumps(record, indent=1).encode())
        counts: dict[str, float] = dict.fromkeys(points, 0)
        for number in stated:
            counts[owners[number - 1]] += 1
        return counts

    def _identity(self) -> list[str]:
        if isinstance(self.plug, Endpoint):
            return ["endpoint", self.plug.address, self.plug.model]
        parts = ["command"]
        for place, argument in enumerate(self.plug.arguments):
            file = shutil.which(argument) if place == 0 else argument
            parts.append(argument)
            if file and Path(file).is_file():
                parts.append(content_hash(file))
        return parts


def _kept(place: Path | None, asked: Mapping[str, object]) -> str | None:
    """The answer that is kept for a question; None where there is none."""
    if place is None or not place.is_file():
        return None
    try:
        record = json.loads(place.read_bytes())
        same = all(record[key] == value for key, value in asked.items())
        answer = record["answer"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{place}: is no kept answer ({error}); delete it") from None
    return answer if same and isinstance(answer, str) else None


def _numbers(answer: str | None, count: int) -> set[int]:
    lists = _NUMBERS.findall(answer or "")
    if len(lists) != 1:
        shown = " ".join((answer or "").split())[:80]
        raise InputError(f"the judge answered '{shown}'; expected one JSON list of numbers")
    try:
        found = json.loads(lists[0])
    except ValueError:
        raise InputError(f"the judge answered {lists[0]}; expected a JSON list of numbers"
                         ) from None
    if any(not 1 <= number <= count for number in found):
        raise InputError(f"the judge answered {lists[0]}; the facts have the numbers 1 to {count}")
    return set(found)
