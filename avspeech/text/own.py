"""Pronunciations that the caller gives, and files of them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from avspeech.core.strict_json import once
from avspeech.errors import InputError, telling
from avspeech.text import symbols
from avspeech.text.building import with_s
from avspeech.text.cleaning import clean
from avspeech.text.rules import masked

MOST = 100_000  # words of a file


class Own:
    """Pronunciations by word. A word is found whatever its capitals, with the ending of a plural or
    a genitive too; one in capitals that is another word without them ("US", "IT") only as it is
    written.

    pattern: finds the words in a text; None where there are none.
    """

    def __init__(self, pronunciations: Mapping[str, str]) -> None:
        if not isinstance(pronunciations, Mapping):
            raise InputError(f"pronunciations: type {type(pronunciations).__name__}, expected a "
                             'dict, as {"Siobhan": "SH AH0 V AO1 N"}')
        self.words: dict[str, str] = {}
        exact: list[str] = []
        free: list[str] = []
        for word, phones in pronunciations.items():
            name = masked(clean(unicodedata.normalize("NFC", word.strip())).text).strip("\x00")
            if not name or "\x00" in name or not any(c.isalnum() for c in name):
                raise InputError(f"pronunciation of '{word}': expected a word of letters")
            try:
                known = symbols.from_arpabet(phones)
            except InputError as error:
                raise InputError(
                    f"pronunciation of '{word}': {error}, as in \"HH AH0 L OW1\""
                ) from None
            if not known:
                raise InputError(
                    f"pronunciation of '{word}': it is empty; expected phones as \"HH AH0 L OW1\""
                )
            (exact if _ambiguous(name) else free).append(name)
            self.words[name.lower()] = " ".join(phones.split())
        parts = []
        if exact:
            parts.append(f"(?:{_any(exact)})")
        if free:
            parts.append(f"(?i:{_any(free)})")
        self.pattern = (
            re.compile(
                rf"(?:{'|'.join(parts)})(?:['’]s|['’](?=\s)|(?i:e?s)?)"
                r"(?![^\W_])(?!['’][^\W_])"
            )
            if parts
            else None
        )

    def phones(self, word: str) -> tuple[str, ...] | None:
        """Symbols of a word as `normalise` left it, with its ending; None where it is not given."""
        word = word.replace("’", "'")
        if word in self.words:
            return symbols.from_arpabet(self.words[word])
        for ending in ("'s", "'", "es", "s"):
            stem = word.removesuffix(ending)
            if stem != word and stem in self.words:
                phones = self.words[stem]
                return symbols.from_arpabet(phones if ending == "'" else with_s(phones))
        return None


def _any(words: list[str]) -> str:
    return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))


def _ambiguous(name: str) -> bool:
    """Whether a name in capitals is another word in small letters: "US", "IT", "WHO"."""
    from avspeech.text import lexicon, lists

    plain = name.lower()
    return (
        name.isupper()
        and len(name) > 1
        and (
            name in lists.SPELLED
            or plain in lists.SHORT_WORDS
            or len(name) == 3
            and lexicon.has(plain)
            and not lexicon.is_letters(plain)
        )
    )


def read_pronunciations(path: str | Path) -> dict[str, str]:
    """{word: phones} of a file: a word and its phones in ARPAbet a line, parted by a tab or blanks,
    lines that begin with "#" left out; or, of the name .json, an object of them. For `analyse`.

    Raises InputError, with the line, for what is not so, and for a word that is there twice.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    found: dict[str, str] = {}
    if path.suffix.lower() == ".json":
        try:
            record = json.loads(text, object_pairs_hook=once)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: not JSON ({error})") from None
        if not isinstance(record, dict) or not all(isinstance(v, str) for v in record.values()):
            raise InputError(
                f"{path}: expected an object of words and phones, "
                'as {"Siobhan": "SH AH0 V AO1 N"}'
            )
        found = record
    else:
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            word, _, phones = (
                line.strip().partition("\t")
                if "\t" in line.strip()
                else line.strip().partition(" ")
            )
            if not phones.strip():
                raise InputError(
                    f"{path}, line {number}: expected a word and its phones, "
                    "as Siobhan SH AH0 V AO1 N"
                )
            if word.strip() in found:
                raise InputError(
                    f"{path}, line {number}: '{word.strip()}' is there twice; keep one of them"
                )
            found[word.strip()] = phones.strip()
            with telling(f"{path}, line {number}"):
                Own({word: phones})
    if len(found) > MOST:
        raise InputError(f"{path}: {len(found):,} words; at most {MOST:,} are taken")
    with telling(str(path)):
        Own(found)
    return found
