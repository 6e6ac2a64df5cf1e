"""The part of speech of a word whose stress depends on it: noun or verb. The rules look at the
words around it."""

from __future__ import annotations

from collections.abc import Sequence

from avspeech.text import lists

ARTICLES = frozenset("a an the".split())
POSSESSIVES = frozenset("my your his her its our their whose".split())
DETERMINERS = ARTICLES | POSSESSIVES | lists.words("parts.determiners")
OBJECTS = lists.words("parts.objects")
BE = lists.words("parts.be")
FORMS_OF_BE = lists.words("parts.forms_of_be")
HAVE = lists.words("parts.have")
MODALS = lists.words("parts.modals")
SUBJECTS = frozenset("i you we they who".split())
SINGULAR_SUBJECTS = lists.words("parts.singular_subjects")
PREPOSITIONS = lists.words("parts.prepositions")
ADVERBS = lists.words("parts.adverbs")
BREAKS = lists.words("parts.breaks")
CAUSES = lists.words("parts.causes")
# "Keep them separate": the word behind is no verb.
KEEPS = frozenset("keep keeps kept leave leaves hold holds held find finds found consider".split())
# Before what somebody does: "stop making excuses".
_DOING = frozenset(
    "stop stopped start started keep keeps kept quit by of for without avoid is are was were be "
    "been like likes love hate enjoy enjoys finish".split()
)
PEOPLE = lists.words("parts.people")
# Verbs that are hardly anything else, to see whether a clause has one already.
VERBS = lists.words("parts.verbs")
PAST = lists.words("parts.past")
_NOUN_TO = lists.words("parts.noun_to")
_ADJECTIVE_ENDS = (
    "al",
    "ous",
    "ive",
    "ful",
    "less",
    "able",
    "ible",
    "ic",
    "ish",
    "ary",
    "ant",
    "ent",
    "ern",
    "est",
)
ADJECTIVES = lists.words("parts.adjectives")
_NOT_ADJECTIVES = lists.words("parts.not_adjectives")
# Of these, those that do something: "The agent objects.", but "two journal abstracts".
_THINGS = _NOT_ADJECTIVES - lists.words("parts.agents")
# Behind these another clause may begin.
_SAYING = frozenset(
    "say says said think thinks thought believe believes believed hope hopes hoped claim claims "
    "claimed know knows knew".split()
)
_NOT_PLURAL = ("ss", "us", "is", "'s")


def adverb(word: str) -> bool:
    """Whether a word says how or when, and may stand between a subject and its verb."""
    return (
        word in ADVERBS
        or word.endswith("ly")
        and len(word) > 4
        and word not in ("family", "only", "supply", "reply", "early", "italy", "july")
    )


def plural(word: str) -> bool:
    """Whether a noun looks like more than one."""
    return (
        word in PEOPLE
        or word.endswith("s")
        and len(word) > 3
        and not word.endswith(_NOT_PLURAL)
        and word not in DETERMINERS | BE | HAVE | MODALS | VERBS
        and not adverb(word)
        and word not in SINGULAR_SUBJECTS
    )


def adjective(word: str) -> bool:
    """Whether a word looks like an adjective."""
    if word in ADJECTIVES:
        return True
    return word.endswith(_ADJECTIVE_ENDS) and len(word) > 4 and word not in _NOT_ADJECTIVES


def clause(words: Sequence[str], final: Sequence[bool], place: int) -> tuple[int, int]:
    """First and last word of the clause a word is in: between marks and conjunctions."""
    start, end = place, place
    while start > 0 and not final[start - 1] and words[start - 1] not in BREAKS:
        start -= 1
    while not final[end] and end + 1 < len(words) and words[end + 1] not in BREAKS:
        end += 1
    return start, end


def _finite(words: Sequence[str], place: int) -> bool:
    word = words[place]
    before = words[place - 1] if place else ""
    if before in DETERMINERS and word not in BE | HAVE | MODALS:
        return False
    if before in PREPOSITIONS and (word not in BE | HAVE | MODALS or word == "may"):
        return False  # "in fall", "in May"
    return word in VERBS or word.endswith("ed") and len(word) > 4


def has_verb(words: Sequence[str], final: Sequence[bool], place: int) -> bool:
    """Whether the clause has a verb but for the word at a place."""
    start, end = clause(words, final, place)
    return any(_finite(words, i) for i in range(start, end + 1) if i != place)


def part(
    words: Sequence[str], final: Sequence[bool], place: int, form: str, done: Sequence[str]
) -> str:
    """ "noun" (or adjective) or "verb" for a word that can be both. form: "base" or "s"; done: the
    parts that words before it were found to be ("" for most)."""
    left = [] if place == 0 or final[place - 1] else [words[place - 1]]
    start = place
    while (
        left
        and start > 1
        and not final[start - 2]
        and adverb(left[0])
        and left[0] not in ("both", "either")
    ):
        start -= 1
        left = [words[start - 1]]
    skipped = start != place
    if left and start > 1 and not final[start - 2]:
        left.append(words[start - 2])
    near, second = left[0] if left else "", left[1] if len(left) > 1 else ""
    if near and adverb(near):
        skipped = True
    right = "" if final[place] or place + 1 >= len(words) else words[place + 1]
    objective = (
        right in DETERMINERS or right in OBJECTS or right in ("that", "what", "how", "whether")
    )
    if form == "s":
        return _with_s(words, final, place, near, second, right, objective, skipped, done)
    return _base(words, final, place, near, second, right, objective, skipped, done)


def _question(words: Sequence[str], final: Sequence[bool], place: int) -> bool:
    """Whether an auxiliary begins the clause, so that a verb must follow its subject: "Will prices
    increase"."""
    start, _ = clause(words, final, place)
    if start < place and words[start] in ("why", "how", "what", "when", "where", "which", "who"):
        start += 1
    if start > 0 and words[start - 1] in ("when", "where", "while") and not final[start - 1]:
        pass
    return (
        start < place - 1
        and words[start] in MODALS
        and words[start] != "let's"
        and not any(
            words[i] in VERBS and words[i - 1] not in DETERMINERS for i in range(start + 1, place)
        )
    )


def _base(
    words: Sequence[str],
    final: Sequence[bool],
    place: int,
    near: str,
    second: str,
    right: str,
    objective: bool,
    skipped: bool,
    done: Sequence[str],
) -> str:
    if near == "to":
        return "noun" if second in _NOUN_TO and right not in DETERMINERS | OBJECTS else "verb"
    if (
        near in MODALS
        or near.endswith("'ll")
        or near in ("please", "i'd", "you'd", "we'd", "they'd", "he'd", "she'd", "not")
    ):
        return (
            "noun"
            if near == "not"
            and second in FORMS_OF_BE
            or near in ("do", "does", "did")
            and right in FORMS_OF_BE
            else "verb"
        )
    if near in OBJECTS and second in KEEPS and not objective:
        return "noun"
    if near in SUBJECTS:
        return "verb"
    if (
        near in ("it", "them", "him", "us", "me")
        or near in ("her", "you")
        and second in CAUSES
        or near in ("he", "she")
    ):
        return (
            "noun"
            if near in ("them", "us", "me", "him")
            and second
            in ("gave", "give", "gives", "show", "showed", "offer", "offered", "send", "sent")
            else "verb"
        )
    if near in ("let", "helps", "helped", "help"):
        return "verb" if objective or near != "help" or right else "noun"
    if skipped and near in ("never", "always", "often", "also", "just", "not") and not second:
        return "verb"
    if (
        near in DETERMINERS
        or near.endswith(("'s", "s'"))
        and near not in ("he's", "she's", "it's", "let's", "that's")
    ):
        return (
            "verb"
            if objective
            and near in ("both", "all", "many", "most", "some", "few", "several")
            or right in PREPOSITIONS
            and near in ("both", "many", "few", "several")  # no noun of one stands behind these
            else "noun"
        )
    if right in BE - {
        "feel",
        "look",
        "remain",
        "seem",
        "become",
        "stay",
    } | HAVE | MODALS and near not in ("that", "which"):
        return "noun"
    if (
        _question(words, final, place)
        and (objective or not adjective(near))
        and near not in PREPOSITIONS
    ):
        return "verb"
    if near in ("and", "or", "but", "then", ""):
        return _joined(words, final, place, near, right, objective, done)
    if near in ("that", "which"):
        return (
            "verb"
            if objective or right in PREPOSITIONS or right == "to" or adverb(right)
            else "noun"
        )
    if near in PREPOSITIONS or adjective(near) or near in BE:
        return "noun"
    if plural(near):
        if right in DETERMINERS | OBJECTS:
            return "verb"
        if second in _SAYING and right != "of" and (
            not right or right in PREPOSITIONS or right in BREAKS or adverb(right)
        ):
            return "verb"  # "He says muscles contract."
        return "noun" if has_verb(words, final, place) else "verb"
    if not second and near.endswith("s") and right in DETERMINERS | OBJECTS:
        return "verb"  # "Costs increase each year."
    if near in CAUSES and second in ("to",):
        return "noun"
    return "noun"


def _joined(
    words: Sequence[str],
    final: Sequence[bool],
    place: int,
    near: str,
    right: str,
    objective: bool,
    done: Sequence[str],
) -> str:
    """At the start of a clause, or behind a conjunction."""
    if objective:
        return "verb"
    before = place - (2 if near else 1)
    if near and before >= 0 and done[before]:
        return done[before]
    if near in ("and", "or", "then", "but") and before >= 0:
        earlier = words[max(0, place - 8) : place - 1]
        if any(w in MODALS or w in ("to", "please") for w in earlier) and right not in PREPOSITIONS:
            return "verb" if not has_noun_phrase(words, before) else "noun"
        return "noun"
    if not right:
        return "noun"
    if right in PREPOSITIONS or right in BE | HAVE | MODALS | VERBS | PAST:
        return "noun"
    _, end = clause(words, final, place)
    first = place + 1
    if right.endswith("ed") and first < end and words[first + 1] not in PREPOSITIONS:
        first += 1  # "use fixed seeds"
    finite = (_finite(words, i) and words[i - 1] != "to" for i in range(first, end + 1))
    return "noun" if any(finite) else "verb"


def has_noun_phrase(words: Sequence[str], place: int) -> bool:
    """Whether the word at a place ends a noun phrase ("the song and")."""
    return any(w in DETERMINERS or w in PREPOSITIONS for w in words[max(0, place - 1) : place])


def _only_verb(
    words: Sequence[str], final: Sequence[bool], place: int, near: str, right: str
) -> bool:
    """Whether a clause would have no verb without a word behind a thing: "The plant produces
    steel"."""
    if near not in _THINGS or not right or right in PREPOSITIONS or right in BREAKS:
        return False
    start, end = clause(words, final, place)
    if end > place + 1:
        return False  # "the hospital records show it"
    opened = place - start == 2 and words[start] in ARTICLES | POSSESSIVES
    return opened and not has_verb(words, final, place)


def _with_s(
    words: Sequence[str],
    final: Sequence[bool],
    place: int,
    near: str,
    second: str,
    right: str,
    objective: bool,
    skipped: bool,
    done: Sequence[str],
) -> str:
    if near in (
        "he",
        "she",
        "it",
        "who",
        "which",
        "that",
        "everyone",
        "everybody",
        "nobody",
        "someone",
        "somebody",
        "anyone",
    ):
        return "verb"
    if near in (
        "this",
        "each",
        "every",
        "a",
        "an",
        "another",
        "one",
        "everything",
        "nothing",
        "something",
    ):
        return "verb"
    if skipped and near in ("never", "always", "often", "also", "usually", "rarely", "sometimes"):
        return "verb"
    if near in DETERMINERS or near in PREPOSITIONS or near.endswith(("'s", "s'")):
        return "noun"
    if right in FORMS_OF_BE | HAVE | MODALS | VERBS:
        return "noun"
    if near in ("", "and", "or", "but", "then"):
        before = place - (2 if near else 1)
        if objective and (near or not final[place]):
            return "verb"
        return (done[before] or "noun") if near and before >= 0 else "noun"
    if (
        (adjective(near) or near in _THINGS)
        and not (objective and not has_verb(words, final, place))
        and not _only_verb(words, final, place, near, right)
        or near in VERBS
        or near in BE
    ):
        return "noun"
    if plural(near) or near.endswith("ing") and second in _DOING:
        return "noun"
    if right in DETERMINERS | OBJECTS or right == "that":
        return "verb"
    if has_verb(words, final, place) or _question(words, final, place):
        return "noun"
    return "verb"
