"""Results of games and marks of tests."""

from __future__ import annotations

import re

from avspeech.text import lists, rules, units
from avspeech.text.digits import measured
from avspeech.text.models import pairs
from avspeech.text.numbers import joined, number, ordinal
from avspeech.text.rules import END, Text, rule
from avspeech.text.values import Value

_MARKED = frozenset(
    "scored score scores rated rates rating rate got gets get gave give gives given grade graded "
    "earned a an of solid perfect it him her them strength power pain apgar bcs".split()
)
# Behind a mark, these are no noun that it is a part of: "a 9/10 from me".
_BEHIND_MARK = frozenset("overall tops easily honestly".split())
_FULL_MARKS = frozenset("4 5 9 10 20 25 30 40 50 60 100".split())
_RECORD = frozenset(
    "record went go going goes improved improve fell dropped moved now started finished ended "
    "start finish overall season undefeated".split()
)
_BATTING = frozenset(
    "hit hits hitting batting batted bats batter average slugging slugged hitter averages obp slg"
    " ops team ball".split()
)
# How a team of soccer stands; also a record, which may be said alike.
_FORMATIONS = frozenset("4-3-3 4-4-2 3-5-2 3-4-3 5-3-2 4-5-1 5-4-1".split())
_RESULT = frozenset("score vote voted lead leads led win won beat margin ruling decision".split())
_NO_TEAMS = frozenset("odds scores results finals chances polls".split())
_CLUBS = frozenset("team we they club".split())
_BEHIND_RECORD = frozenset(
    "this on in since against at when after overall record mark start season and under with "
    "over all-time away so".split()
)


# A record with where it was made: "(4-1 at home)", "(10-2, 6-2 SEC)".
_IN_BRACKETS = re.compile(r"\((\d{1,3}[-–]\d{1,3}, )?$")
_OF_LEAGUE = re.compile(r" [A-Z][\w-]*\)")
_OF_SEASON = re.compile(
    r" (?:at home|on the road|away|overall)"
    r"|, \d{1,3}[-–]\d{1,3} (?:[A-Z]|in |at home|on the road|overall)"
)

_IN_TURN = frozenset(
    "lap page part step slide sheet disc round hole question stage day ed edition print".split()
)


# Behind what a passer completed: "28/40, 310 yds".
_PASSED = re.compile(r"(?:,| for) \d{2,3} (?:yds?|yards?|passing)\b")
_DOSES = frozenset("dose doses shot shots vaccine booster hpv mmr dtap tdap ipv hib pcv".split())


@rule(r"(\d{1,4})/(\d{1,4})(?![\d/%]|\.\d)" + END, "d")
def in_turn(match: re.Match[str], context: Text) -> list[str] | None:
    """Which one of so many. `lap 38/57` -> lap thirty eight of fifty seven"""
    which, all_of_them = match.groups()
    named = context.before(match.start()).lower() in _IN_TURN
    dosed = context.before(match.start()).lower() in _DOSES and int(all_of_them) < 6
    passed = int(all_of_them) > 6 and _PASSED.match(context.text, match.end()) is not None
    if not (named or dosed or passed) or int(which) > int(all_of_them):
        return None
    return [*number(which), "of", *number(all_of_them)]


@rule(r"(\d{1,3}(?:\.\d+)?)/(\d{1,3}(?:\.0)?)(?![\d/%]|\.\d)" + END, "d")
def out_of(match: re.Match[str], context: Text) -> list[str] | None:
    """Points of so many. `She scored 8/10.` -> she scored eight out of ten."""
    got, most = match.groups()
    if got != most and most.removesuffix(".0") not in _FULL_MARKS:
        return None
    if "." not in got and (float(got) > float(most) or match.group() in lists.PAIRS):
        return None
    before = context.before(match.start()).lower()
    following = context.after(match.end())
    if following in ("vision", "acuity"):
        return None
    if following == "of" or following in units.table():
        return None
    counted = following.endswith("s") and most in ("5", "10", "100")
    alone = not following.islower() or following in _BEHIND_MARK | lists.FUNCTION
    marked = before in _MARKED and most not in ("4", "30", "60") and alone
    named = following[:1].isupper() and before not in _MARKED  # "the Pixel 9/9 Pro"
    marked |= got == most != "1" and not named
    marked |= before in ("scored", "bcs", "rated", "score", "rating", "graded")
    opened = not context.words_before(match.start()) and context.opens(match.start())
    rated = re.match(r"[.!](?:\s|$)|\s*$| (?:stars|would)\b", context.text[match.end() :][:8])
    marked |= opened and most in ("5", "10") and rated is not None
    if not ("." in got or counted and not got.startswith("1/") or marked):
        return None
    if following in ("inch", "inches", "cups", "miles", "hours") or got == "1" and not marked:
        return None
    return [*number(got), "out", "of", *number(most)]


@rule(r"(\d{1,4})/(\d{1,4})/(\d{1,4})(?![\d/])" + END, "d")
def of_three(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """Three numbers that are no date. `limits of 100/300/50` -> limits of one hundred, three
    hundred, fifty"""
    if len(match.group(1)) > 3:
        return None
    last = Value(number(match.group(3)), match.end(), False)
    words, end, _ = measured(context, match.start(), last, match.group(3))
    return [*joined(match.groups()[:2], ","), ",", *words], end


@rule(r"(\d{1,3})[-–](\d{1,3})(?:[-–](\d{1,2}))?(?![\d-])" + END, "d")
def record(match: re.Match[str], context: Text) -> list[str] | None:
    """Games won and lost. `They went 10-2.` -> they went ten and two."""
    won, lost, drawn = match.groups()
    start = match.start()
    if match.group().replace("–", "-") in _FORMATIONS:
        return None
    if context.view[start - 1 : start] in ("$", "-", "–", "/", "."):
        return None
    if min(int(won), int(lost)) > 82:
        return None  # points of a game: "fell 118–109"
    if re.match(r" (?:ATS|SU|O/U)(?!\w)", context.behind(match.end())):
        return _and(won, lost, drawn)  # what those who bet count
    if (
        context.text[start - 1 : start] == "("
        and context.text[match.end() : match.end() + 1] == ")"
    ):
        team = re.search(r"([A-Z][\w.'’]*|\d\ders) \($", context.text[max(0, start - 24) : start])
        sized = team and re.fullmatch("X*[SML]|Small|Medium|Large", team[1])  # "M (38–40)"
        if drawn and _CREDITED.search(context.around(start)):
            return joined([won, lost, drawn], ",")  # hours of a course
        return _and(won, lost, drawn) if team and not sized else None
    opened = _IN_BRACKETS.search(context.text[max(0, start - 12) : start])
    league = opened and opened[1] and _OF_LEAGUE.match(context.text, match.end())
    if league or opened and _OF_SEASON.match(context.text, match.end()):
        return _and(won, lost, drawn)
    near = [w.lower() for w in context.words_before(start)[:5]]
    if not near or near[0] not in ("go", "goes", "went") and not _RESULT.isdisjoint(near):
        return None
    if near[:2] and not _NO_TEAMS.isdisjoint(near[:2]):
        return None
    if near[0] in ("he's", "he", "she's", "she") and _PITCHED.match(context.text, match.end()):
        return _and(won, lost, drawn)
    following = context.after(match.end()).lower()
    if near[0].endswith("'re"):
        near = ["are", *near]  # "They're 8-0."
    loose = not following or following in _BEHIND_RECORD
    loose |= near[0] in ("are", "were") and _teams(near) and near[1] not in _NO_TEAMS
    named = following in ("record", "mark", "start", "season")
    counting = near[0] in _RECORD or near[0] in ("to", "is", "are", "were", "a", "was", "of", "at")
    if not (named or counting and loose and (near[0] not in ("a", "of") or "record" in near)):
        return None
    if not named and near[0] in ("to", "at", "was", "of") and _RECORD.isdisjoint(near):
        return None
    if near[0] in ("is", "are", "were") and not (following or drawn or _teams(near)):
        return None
    return _and(won, lost, drawn)


_CREDITED = re.compile(
    r"\b(?:[Pp]re(?:req\w*)?(?=[:.])|[Cc]oreq\w*|credits?|cr\.|units|[A-Z]{2,4} [1-9]\d\d[A-Z]?\b)"
)
# What a pitcher did besides: "6-0 with a 1.85 ERA".
_PITCHED = re.compile(r"(?:[^.!?]|\.\d){0,40}\b(?:ERA|WHIP|strikeouts?|saves?|starts?|innings)\b")


def _and(*counts: str | None) -> list[str]:
    """10, 2, 1 -> ten two and one; 8, 0 -> eight and oh."""
    parts = [["oh"] if count == "0" else number(count) for count in counts if count is not None]
    words: list[str] = []
    for part in parts[:-1]:
        words += part
    return [*words, "and", *parts[-1]]


@rule(r"([0-3])[-–]([0-2])(?= (?:pitch|count|fastball|curveball|slider|changeup)\b)", "d")
def balls_and_strikes(match: re.Match[str], context: Text) -> list[str]:
    """What a batter stands at. `a 3-2 pitch` -> a three two pitch"""
    return ["oh" if count == "0" else number(count)[0] for count in match.groups()]


@rule(r"(\d\d)-(\d\d)-(\d\d)(?:-(\d\d))?(?![\d-])" + END, "d")
def rounds(match: re.Match[str], context: Text) -> list[str] | None:
    """Rounds of golf. `She shot 67-70-71` -> she shot sixty seven, seventy, seventy one"""
    counts = [count for count in match.groups() if count]
    before = context.before(match.start()).lower()
    if before not in ("shot", "carded", "rounds", "shoot", "shoots", "card") or any(
        not 55 <= int(count) <= 99 for count in counts
    ):
        return None
    return joined(counts, ",")


_RACES = re.compile(r"\b(?:[Jj]ockeys?|[Rr]acecourse|[Hh]andicap chase|[Ff]urlongs?)\b")


@rule(r"(\d{1,3})/(\d{1,2})(?![\d/])" + END, "d")
def odds(match: re.Match[str], context: Text) -> list[str] | None:
    """What a bet pays. `odds of 5/2` -> odds of five to two"""
    before = context.text[max(0, match.start() - 40) : match.start()]
    behind = context.after(match.end()).lower()
    offered = re.search(
        r"\b(?:odds|favou?rite|outsider|underdog)\b[^.]*(?<! on )$", before, re.IGNORECASE
    )
    races = _RACES.search(context.around(match.start()))
    offered = offered or (races if len(match.group(2)) == 1 else None)
    return (
        [*number(match.group(1)), "to", *number(match.group(2))]
        if offered or behind in ("favorite", "favourite", "fav", "outsider", "underdog", "odds")
        else None
    )


@rule(r"\.(\d{3})(?!\d)" + END, "=.")
def batting(match: re.Match[str], context: Text) -> list[str] | None:
    """The average of a batter. `He hit .312 then.` -> he hit three twelve then."""
    before = context.text[max(0, match.start() - 24) : match.start()]
    if re.search(r"\b(?:[Aa]vg|AVG|BA|OBP|SLG)\b[^\d]{0,8}$", before):
        return pairs(match.group(1))
    near = [w.lower() for w in context.words_before(match.start())[:3]]
    near.append(context.after(match.end()).lower())
    return None if _BATTING.isdisjoint(near) else pairs(match.group(1))


def _teams(near: list[str]) -> bool:
    """Whether the words before, the nearest first, are of a team: "the Bulls are"."""
    return len(near) > 1 and (near[1].endswith("s") or near[1].endswith("'re") or near[1] in _CLUBS)


_GOALS = re.compile(
    r"[A-Z]\w+ ?\(?(?:\d{1,3}(?:\+\d{1,2})?['’′](?: ?(?:pen\.?|\(pen\)|og))?,? ?)*$"
)
_MATCH = re.compile(r"(?<![\d.])\d{1,2} ?[-–] ?\d{1,2}(?!\d)|\b[Gg]oals?\b|\bFT\b|\bHT\b")
_HOW = re.compile(r",? ?\(?(pen|og|o\.g)\b\.?\)?")


@rule(r"(\d{1,3})(?:\+(\d{1,2}))?(?=['’′\x00])", "d")
def goal(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """The minute of a goal. `Leeds 2–1 Hull (Roe 14', 67' pen)` -> leeds two to one hull, roe
    fourteenth minute, sixty seventh minute penalty"""
    text, (start, end) = context.text, match.span()
    marked = text[end : end + 1] in ("'", "’", "′") and not text[end + 1 : end + 2].isalnum()
    if context.within(start) or not marked:
        return None
    near = text[max(0, start - 40) : start]
    minute, more = match.groups()
    if not _GOALS.search(near) or not 0 < int(minute) <= 120 or rules.OPENED.search(
        text[max(0, start - 120) : start]
    ):
        return None
    if not _MATCH.search(text[max(0, start - 100) : start]):
        return None
    said = [*(ordinal(int(minute)) if not more else [*number(minute), "plus", *number(more)])]
    how = _HOW.match(text, end + 1)
    kind = {"pen": ["penalty"], "og": ["own", "goal"], "o.g": ["own", "goal"]}
    return [*said, "minute", *(kind[how.group(1)] if how else [])], how.end() if how else end + 1
