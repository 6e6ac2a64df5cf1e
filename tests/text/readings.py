"""The share of wrong readings by kind: `python tests/text/readings.py` prints it ("-v": with what
was read; "--first", "--later", ..., see SETS: of the sentences of one set only).

The sentences and the readings that a careful reader gives them are in `cases/`. Each set was
written when all sets before it were read right, and before any rule was changed for it.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from avspeech import text
from avspeech.text import lexicon, lists, symbols

CASES = Path(__file__).parent / "cases"
# The sets of sentences, in the order in which they were written.
SETS = (
    "first",
    "later",
    "last",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "twentyfirst",
    "twentysecond",
    "twentythird",
    "twentyfourth",
    "twentyfifth",
    "twentysixth",
    "twentyseventh",
    "twentyeighth",
    "twentyninth",
    "thirtieth",
    "thirtyfirst",
    "thirtysecond",
    "thirtythird",
    "thirtyfourth",
    "thirtyfifth",
    "thirtysixth",
    "thirtyseventh",
    "thirtyeighth",
    "thirtyninth",
    "fortieth",
    "fortyfirst",
    "fortysecond",
    "fortythird",
    "fortyfourth",
    "fortyfifth",
    "fortysixth",
    "fortyseventh",
    "fortyeighth",
    "fortyninth",
    "fiftieth",
    "fiftyfirst",
    "fiftysecond",
    "fiftythird",
    "fiftyfourth",
    "fiftyfifth",
    "fiftysixth",
    "fiftyseventh",
    "fiftyeighth",
    "fiftyninth",
    "sixtieth",
    "sixtyfirst",
    "sixtysecond",
    "sixtythird",
    "sixtyfourth",
    "sixtyfifth",
    "sixtysixth",
    "sixtyseventh",
    "sixtyeighth",
    "sixtyninth",
    "seventieth",
    "seventyfirst",
    "seventysecond",
)
# What may stand behind a thing; "{}" is the thing.
MARKS = (
    "{}.",
    "{},",
    "{}!",
    "{}?",
    "{};",
    "{}:",
    "{}…",
    "{}...",
    "({})",
    "[{}]",
    '"{}"',
    "“{}”",
    "'{}'",
    "‘{}’",
    "{}”",
    '{}"',
    "{})",
    "{}. Then we left",
    "{} – so",
    "{}, and so",
    "{}?!",
    "“{}.”",
    "({}).",
    "{}—so",
    "{}: so",
)
FRAMES = {
    "noun": (
        "The {} is here.",
        "We saw the new {} today.",
        "This {} was good.",
        "Several {}s were found.",
        "It was one of the {}s.",
        "She has a {}.",
        "The {} of the group was new.",
        "His first {}s were fine.",
        "There is no {} today.",
        "They lost two {}s.",
        "I like the {} and the price.",
        "Every {} counts.",
        "He talked about {}s.",
    ),
    "verb": (
        "They {} it.",
        "We want to {} them.",
        "You should {} it now.",
        "He {}s the other one.",
        "She never {}s them.",
        "Please {} this.",
        "Do not {} it.",
        "I will {} and go.",
        "People {} it.",
        "Can they {} it?",
        "Why would anyone {} this?",
        "She often {}s the other.",
        "The plan {}s our work.",
        "Let us {} them.",
        "To {} it is hard.",
        "You {} it and go.",
        "The men who {} it are here.",
        "He cannot {} it.",
    ),
}


def lines(name: str) -> Iterator[str]:
    """The lines of a table of cases, without remarks."""
    wanted = [arg[2:] for arg in sys.argv if arg[2:] in SETS]
    for part in wanted or SETS:
        path = CASES / (name if part == "first" else name.replace(".", f"_{part}."))
        if not path.exists():
            continue
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.strip() and not line.startswith("# "):
                yield line


def readings() -> Iterator[tuple[str, str, list[str]]]:
    """(kind, what is written, the readings that are right)."""
    kind = ""
    for line in lines("readings.txt"):
        if line.startswith("["):
            kind = line.strip("[]")
        else:
            written, _, right = line.partition(" => ")
            written = written.replace("⏎", "\n")
            yield kind, written, [r.strip() for way in right.split("|") for r in ways(way)]


def ways(reading: str) -> list[str]:
    """The readings that "{a/b/}" in one stands for: a, b or nothing there."""
    head, brace, rest = reading.partition("{")
    if not brace:
        return [reading]
    choices, _, tail = rest.partition("}")
    return [f"{head}{choice}{end}" for end in ways(tail) for choice in choices.split("/")]


def spelled(words: list[str]) -> str:
    """Words for comparing: lower case, what is said letter by letter as single capitals."""
    said: list[str] = []
    for word in words:
        stem, ending = re.fullmatch(r"(.*?)((?:'?s)?)", word).groups()  # type: ignore[union-attr]
        names = [lexicon.LETTERS.get(c.upper(), "?") for c in stem if c.isalpha()]
        if len(word) == 1 and word.isupper():
            said.append(word)
        elif (
            len(word) == 2
            and word[0].isupper()
            or len(word) == 3
            and word[0].isupper()
            and ending == "'s"
        ):
            said.append(word[0] + "S")
        elif len(word) > 2 and _bare(lexicon.arpabet(word.lower())[0]) == _bare(
            " ".join(lexicon.LETTERS.get(c.upper(), "?") for c in word)
        ):
            said += list(word.upper())
        elif len(stem) > 1 and _bare(lexicon.arpabet(stem.lower())[0]) == _bare(" ".join(names)):
            said += [c.upper() for c in stem]
            said[-1] += "S" * bool(ending)
        else:
            said.append(word.lower().strip("'"))  # "'tis" and "boys'" sound as without it
    return " ".join(said)


def expected(reading: str) -> str:
    """The same for a reading as written in the table: "C E Os"."""
    return " ".join(
        w[0] + "S"
        if re.fullmatch(r"[A-Z]'?s", w)
        else w
        if len(w) == 1 and w.isupper()
        else spelled([w])
        for w in reading.split()
    )


def _bare(phones: str) -> str:
    return re.sub(r"\d", "", phones)


def said(written: str) -> str:
    """What the front end says for plain text."""
    return spelled(
        [
            w.text
            for w in text.analyse(written.replace("<", "&lt;").replace("&lt;lt;", "&lt;")).words
        ]
    )


def wrong_readings() -> tuple[dict[str, int], list[tuple[str, str, str, str]]]:
    """({kind: sentences}, [(kind, written, read, right)])."""
    total: dict[str, int] = defaultdict(int)
    wrong = []
    for kind, written, right in readings():
        total[kind] += 1
        read = said(written)
        if read not in map(expected, right):
            wrong.append((kind, written, read, right[0]))
    return total, wrong


def heteronyms() -> Iterator[tuple[str, str]]:
    """(sentence with the word between stars, its phones)."""
    for line in lines("heteronyms.txt"):
        sentence, _, phones = line.partition(" => ")
        yield sentence, phones.strip()


def _plain(phones: tuple[str, ...]) -> list[str]:
    """Phones for comparing: the weak vowels of "wanted" and "roses" are one."""
    phones = tuple(p.lstrip("ˌ") for p in phones)  # the second stress may be left out
    weak = str.maketrans({"ˌ": "", "ʌ": "ə", "ɝ": "ɚ", "ɪ": "ə"})
    return [p if "ˈ" in p or len(p.lstrip("ˌ")) > 1 else p.translate(weak) for p in phones]


def wrong_heteronyms() -> tuple[int, list[tuple[str, str, str]]]:
    """(sentences, [(sentence, said, right)])."""
    wrong, total = [], 0
    for sentence, phones in heteronyms():
        total += 1
        start = sentence.index("*")
        word = next(w for w in text.analyse(sentence.replace("*", "")).words if w.start == start)
        right = [symbols.from_arpabet(p.strip()) for p in phones.split("|")]
        if _plain(word.phones) not in map(_plain, right):
            wrong.append((sentence, " ".join(word.phones), " ".join(right[0])))
    return total, wrong


def questions() -> Iterator[tuple[str, bool]]:
    """(question, whether it rises)."""
    for line in lines("questions.txt"):
        question, _, tone = line.rpartition(" => ")
        yield question, tone.strip() == "rise"


def wrong_questions() -> tuple[int, list[tuple[str, str, str]]]:
    """(questions, [(question, tone, right tone)])."""
    wrong, total = [], 0
    for question, rises in questions():
        total += 1
        tones = [w.tone for w in text.analyse(question).words if w.tone is not None]
        if tones != [text.Tone("rise", 5.0)] * rises:
            wrong.append((question, "rise" if tones else "none", "rise" if rises else "none"))
    return total, wrong


def ends() -> Iterator[list[str]]:
    """The sentences of a text; " / " parts them in the table."""
    for line in lines("ends.txt"):
        yield line.split(" / ")


def wrong_ends() -> tuple[int, list[tuple[str, str, str]]]:
    """(texts, [(text, its sentences as they were found, as they are)])."""
    wrong, total = [], 0
    for parts in ends():
        total += 1
        written = " ".join(parts)
        starts = [s.start for s in text.analyse(written).sentences]
        found = [written[a:b].strip() for a, b in zip(starts, [*starts[1:], None])]
        if len(found) != len(parts) or any(
            a.lstrip("(\"“") != b.lstrip("(\"“") for a, b in zip(found[1:], parts[1:])
        ):
            wrong.append((written, " / ".join(found), " / ".join(parts)))
    return total, wrong


def plural(word: str) -> str:
    """A noun of more than one, or a verb of he and she."""
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def wrong_pairs() -> tuple[int, list[tuple[str, str, str]]]:
    """(uses, [(sentence, said, "noun" or "verb")]) of words stressed by their part of speech."""
    wrong, total = [], 0
    for base in " ".join(lines("pairs.txt")).split():
        for part, frames in FRAMES.items():
            for frame in frames:
                total += 1
                sentence = frame.replace("{}s", plural(base)).replace("{}", base)
                word = next(w for w in text.analyse(sentence).words if w.start == frame.index("{}"))
                stresses = [symbols.stress(p) for p in word.phones if symbols.is_vowel(p)]
                if (stresses[0] == 1) != (part == "noun"):
                    wrong.append((sentence, " ".join(word.phones), part))
    return total, wrong


def wrong_marks(every: int = 1, marks: int = 1) -> tuple[int, list[tuple[str, str, str]]]:
    """(readings, [(written, said, said without a mark)]) of things whose reading changes with the
    mark behind. every: takes so many-th sentence of the readings besides the things. marks: puts
    so many-th mark behind a sentence, in turn others; behind things, all."""
    wrong, total = [], 0
    listed = set(lines("things.txt"))
    things = [f"It says {{}}|{thing}" for thing in sorted(listed)]
    for number, (_, written, _) in enumerate(
        readings()
    ):  # sentences, without the mark at their end
        if number % every:
            continue
        last = re.search(r"([A-Za-z]+)\.$", written)
        own = last and (len(last[1]) == 1 or last[1] in lists.ABBREVIATIONS)  # its own period
        if not own and not written.endswith((".)", '"', "'", "”", "’")):
            things.append("{}|" + written.rstrip(".!?,"))
    for number, (frame, _, thing) in enumerate(thing.partition("|") for thing in things):
        alone = said(frame.format(thing))
        for mark in MARKS if thing in listed else MARKS[number % marks :: marks]:
            total += 1
            written = frame.format(mark.format(thing))
            read = said(written)
            end = (
                " then we left"
                if "Then we" in mark
                else " and so"
                if "and so" in mark
                else " so" * mark.endswith("so")
            )
            if read != alone + end:
                wrong.append((written, read, alone))
    return total, wrong


def main() -> None:
    """Prints the shares, and with "-v" what was read wrong."""
    total, wrong = wrong_readings()
    for kind in total:
        here = [w for w in wrong if w[0] == kind]
        print(f"{kind:16} {len(here):4} of {total[kind]:4}")
        for _, written, read, right in here if "-v" in sys.argv else ():
            print(f"    {written}\n        {read}\n        {right}")
    every = sum(total.values())
    print(f"{'readings':16} {len(wrong):4} of {every:4} = {100 * len(wrong) / every:.1f} %")
    for name, (count, found) in (
        ("heteronyms", wrong_heteronyms()),
        ("questions", wrong_questions()),
        ("ends", wrong_ends()),
        ("noun or verb", wrong_pairs()),
        ("marks behind", wrong_marks()),
    ):
        print(f"{name:16} {len(found):4} of {count:4} = {100 * len(found) / max(1, count):.1f} %")
        for written, read, right in found if "-v" in sys.argv else ():
            print(f"    {written}: {read}, right: {right}")


if __name__ == "__main__":
    main()
