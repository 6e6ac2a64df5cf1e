"""Shorthand of trades and games: doses, cricket, chess, cards, tires and oil."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.models import pairs
from avspeech.text.numbers import cardinal, number, year
from avspeech.text.rules import EDGE, END, Text, letters, rule


@rule(r"(\d)m ?(\d½?)f(?: ?\d+yd?s?)?" + END, "d")
def course(match: re.Match[str], context: Text) -> list[str]:
    """How far horses run. `1m 4f, soft` -> one mile four furlongs, soft"""
    miles, furlongs = match.groups()
    half = ["and", "a", "half"] if furlongs[1:] else []
    return [*number(miles), "mile" + "s" * (miles != "1"), *number(furlongs[0]), *half,
            "furlong" + "s" * (furlongs != "1")]


_SPANS = {
    "h": "hour", "hr": "hour", "hrs": "hour", "min": "minute", "mins": "minute", "d": "day",
    "day": "day", "days": "day", "wk": "week", "wks": "week", "mo": "month",
}  # fmt: skip


_SPAN = lists.any_of(_SPANS)


@rule(r"(\d{1,2})/(12|24|48|72) ?(h|hrs?|hours)" + END, "d")
def at_most(match: re.Match[str], context: Text) -> list[str] | None:
    """How many in so many hours. `max. 6/24 h` -> maximum six per twenty four hours"""
    return [*number(match.group(1)), "per", *number(match.group(2)), "hours"]


_CLINIC = re.compile(
    r"(?<!\w)(?:[Ff]/[Uu]|[Rr]/[Vv]|[Rr]eview|GP|[Cc]linic|PRN|prn|T[DI]S|BD)(?!\w)"
)
_SPANNED = {"52": "week", "12": "month", "7": "day"}


@rule(r"(\d{1,2})/(52|12|7)" + END, "d")
def part_of_year(match: re.Match[str], context: Text) -> list[str] | None:
    """How long, in the notes of a British clinic. `review in 6/52` -> review in six weeks"""
    count, of = match.groups()
    before = context.before(match.start()).lower()
    timed = before in ("in", "x") or of == "52" and before in ("for", "every", "after")
    if not timed or int(count) >= int(of) or context.after(match.end()) == "of":
        return None
    if of != "52" and not _CLINIC.search(context.around(match.start())):
        return None
    return [*number(count), _SPANNED[of] + "s" * (count != "1")]


@rule(rf"(\d{{1,2}})/(\d{{1,2}}){EDGE}? n(?:et |/)(\d{{1,2}})" + END, "d")
def terms(match: re.Match[str], context: Text) -> list[str]:
    """When a bill is due: so many percent off within so many days. `2/10, net 30` -> two ten net
    thirty"""
    off, within, due = match.groups()
    return [*number(off), *number(within), "net", *number(due)]


@rule(r"([mfwMFW])/([mfwMFW])/([dxDX])" + END, "=mfwMFW")
def sexes(match: re.Match[str], context: Text) -> list[str] | None:
    """Who may apply. `Cook, m/f/d` -> cook, M F D"""
    return None if context.within(match.start()) else letters("".join(match.groups()))


_KNITTED = re.compile(
    r"\b(?:sts?|rnds?|rows?|reps?|rept|repeat|knit\w*|purl\w*|yarn|k2tog|ssk|ribbing|cast)\b", re.I
)
_STITCHES = {"k": "knit", "p": "purl"}


@rule(r"([kpKP])(\d{1,3})(tog)?" + END, "=kpKP")
def stitches(match: re.Match[str], context: Text) -> list[str] | None:
    """What one knits. `k2, p2 to end of row` -> knit two, purl two to end of row"""
    stitch, count, joined = match.groups()
    near = context.around(match.start())
    both = all(re.search(rf"\b{s}\d", near, re.IGNORECASE) for s in "kp") or joined
    if context.within(match.start()) or not both or not _KNITTED.search(near):
        return None
    return [_STITCHES[stitch.lower()], *number(count), *(["together"] if joined else [])]


@rule(r"(po|PO)(?= (?:prn|PRN|q ?\d|Q ?\d|[bt]id|q[ihoa]?d|qhs|daily|BID|TID|QID))", "=pP")
def by_mouth(match: re.Match[str], context: Text) -> list[str] | None:
    """How a medicine is taken. `1 tab po prn` -> one tab P O P R N"""
    return None if context.within(match.start()) else ["P", "O"]


@rule(rf"[qQ][.{EDGE}]? ?(\d{{1,2}})(?:[-–](\d{{1,2}}))?[ ]?({_SPAN})" + END, "=qQ")
def dose(match: re.Match[str], context: Text) -> list[str] | None:
    """How often a medicine is given. `q4–6h` -> every four to six hours"""
    if context.within(match.start()):
        return None
    low, high, span = match.groups()
    if low == "1" and high is None:
        return ["every", _SPANS[span]]
    return ["every", *number(low), *(["to", *number(high)] if high else []), _SPANS[span] + "s"]


@rule(r"[Pp]t(?= (?:c/o|presents|presented|denies|denied|reports|is|was|has|had|seen)\b)", "=Pp")
def patient(match: re.Match[str], context: Text) -> list[str] | None:
    """A patient, in the notes of a clinic. `Pt denies pain` -> patient denies pain"""
    opened = not context.words_before(match.start())
    return ["patient"] if opened and context.opens(match.start()) else None


@rule(r"OR(?= ?[=:]? ?\d+\.\d)", "=O")
def odds_ratio(match: re.Match[str], context: Text) -> list[str] | None:
    """The result of a study. `OR 2.3, 95% CI 1.4-3.8` -> O R two point three, ninety five
    percent C I one point four to three point eight"""
    studied = re.search(r"\bCI\b|[Cc]onfidence|[Oo]dds ratio", context.around(match.start()))
    return ["O", "R"] if studied and not context.within(match.start()) else None


@rule(
    rf"(?:[yY]/[oO]|y\.o(?:{EDGE}(?= (?:[MF](?!\w)|[a-z])))?|yo|YO)(s?)(?: ([MF])(?![^\W_]|/))?"
    + END,
    "=yY",
)
def aged(match: re.Match[str], context: Text) -> list[str] | None:
    """How old somebody is. `a 67yo F` -> a sixty seven year old female"""
    many, sex = match.groups()
    if not re.search(r"\d[ -]?$", context.text[max(0, match.start() - 2) : match.start()]):
        return None
    words = ["year", "olds" if many else "old"]
    return [*words, {"M": "male", "F": "female"}[sex]] if sex else words


_PEOPLE = ("male", "female", "man", "woman", "boy", "girl", "child")


@rule(r"c/o(?= [a-zA-Z])", "=c")
def complains(match: re.Match[str], context: Text) -> list[str] | None:
    """What a patient tells. `Pt. c/o pain` -> patient complains of pain"""
    before = context.before(match.start()).lower()
    told = before in ("pt", "patient", "he", "she", "f", "m", "who", *_PEOPLE)
    told |= re.fullmatch(r"\d{1,3}(?:yo)?[fm]", before) is not None
    return ["complains", "of"] if told else None


_CRICKET = re.compile(
    r"\b(?:ov|overs?|wickets?|wkts?|innings|declared|dec|bowled|runs|batsm[ae]n|Test|ODI|T20"
    r"|England|Australia|India|Pakistan|Zealand|Lanka|Bangladesh|Africa|Indies)\b"
)


@rule(r"(\d{1,3})(?:/(10|\d)|(\*))(?![\d/*])" + END, "d")
def innings(match: re.Match[str], context: Text) -> list[str] | None:
    """Runs and wickets of cricket. `England 287/6, Root 104*` -> england two hundred eighty seven
    for six, root one hundred four not out"""
    runs, wickets, alone = match.groups()
    near = context.text[max(0, match.start() - 100) : match.end() + 60]
    if not alone and int(runs) < 20 or not _CRICKET.search(near):
        return None
    return [*number(runs), *(["not", "out"] if alone else ["for", *number(wickets)])]


_MEN = {"K": "king", "Q": "queen", "R": "rook", "B": "bishop", "N": "knight"}
_NUMBERED = re.compile(r"(?:^|\s)\d{1,3}(?:\. ?|\.{3}|…)$")
_MOVE = re.compile(r"(?<![\w])[KQRBN][a-h1-8]?x?[a-h][1-8](?![\w])|\d\. ?[a-h]?x?[a-h][1-8] ")


@rule(r"([KQRBN]?)([a-h1-8]?)(x?)([a-h])([1-8])(?:=([QRBN]))?([+#]?)(?![^\W_])", "=KQRBNabcdefgh")
def chess(match: re.Match[str], context: Text) -> list[str] | None:
    """A move of chess. `Nf3 and Nxe5` -> knight F three and knight takes E five"""
    if context.within(match.start()):
        return None
    man, row, takes, column, step, queen, check = match.groups()
    moves = _MOVE.findall(context.around(match.start()))
    before = context.text[max(0, match.start() - 8) : match.start()]
    sure = man and takes or check and man or _NUMBERED.search(before)
    sure = sure or man and before.endswith(("...", "…"))
    pawn = queen or takes and not man and row.isalpha()  # "exd5", "e8=Q"
    if not pawn and (not (man or takes) or not moves or len(moves) < 2 and not sure):
        return None
    words = [_MEN[man]] if man else []
    words += ([row.upper()] if row.isalpha() else number(row)) if row else []
    words += [*(["takes"] if takes else []), column.upper(), *number(step)]
    words += [_MEN[queen]] if queen else []
    return words + {"+": ["check"], "#": ["mate"]}.get(check, [])


@rule(r"([O0])-\1(-\1)?(?:[+#]|(?![\w/-]))", "=O0")
def castling(match: re.Match[str], context: Text) -> list[str] | None:
    """A king and a rook in one move. `O-O and Nf3, Nc6` -> castles kingside and knight F three,
    knight C six"""
    zeros = match.group(1) == "0" and len(_MOVE.findall(context.around(match.start()))) < 2
    if zeros or context.within(match.start()):
        return None
    check = {"+": ["check"], "#": ["mate"]}.get(match.group()[-1], [])
    return ["castles", "queenside" if match.group(2) else "kingside", *check]


@rule(r"5\.(1[0-5])([a-d])(?:/([b-d]))?" + END, "=5")
def climb(match: re.Match[str], context: Text) -> list[str] | None:
    """The grade of a climb. `a 5.12a route` -> a five twelve A route"""
    grade, letter, other = match.groups()
    return ["five", *number(grade), letter.upper(), *(other or "").upper()]


_SUITS = {"♠": "spades", "♥": "hearts", "♦": "diamonds", "♣": "clubs"}
_COURT = {"A": "ace", "K": "king", "Q": "queen", "J": "jack", "T": "ten"}
_BIDDING = re.compile(r"\b(?:[1-7]NT|doubled|bids?|bidding|opens|opened|contract|vul|dummy)\b")


@rule(rf"([AKQJT]|\d{{1,2}})([{''.join(_SUITS)}])|([{''.join(_SUITS)}])([AKQJT]|\d{{1,2}})", "dCs")
def card(match: re.Match[str], context: Text) -> list[str] | None:
    """A playing card. `A♠ and 10♥` -> ace of spades and ten of hearts"""
    rank, suit, suit2, rank2 = match.groups()
    bidding = _BIDDING.search(context.around(match.start()))
    if rank and rank.isdigit() and int(rank) <= 7 and bidding:
        return [*number(rank), _SUITS[suit] if rank != "1" else _SUITS[suit][:-1]]
    rank, suit = rank or rank2, suit or suit2
    name = [_COURT[rank]] if rank in _COURT else number(rank)
    return [*name, "of", _SUITS[suit]]


@rule(r"(P|LT|ST)?(\d{3})/(\d\d)[ ]?(Z?R)(\d\d)" + END, "dC")
def tire(match: re.Match[str], context: Text) -> list[str] | None:
    """The size of a tire. `P215/65R15` -> P two fifteen sixty five R fifteen"""
    use, width, side, kind, rim = match.groups()
    return [*(use or ""), *pairs(width), *cardinal(int(side)), *kind, *cardinal(int(rim))]


@rule(r"(\d{1,2})W-?(\d\d)" + END, "d")
def oil(match: re.Match[str], context: Text) -> list[str] | None:
    """The grade of an oil. `5W-30 oil` -> five W thirty oil"""
    return [*number(match.group(1)), "W", *number(match.group(2))]


_COURSES = {
    "HIST": "history", "PHYS": "physics", "CHEM": "chemistry", "PSYC": "psychology",
    "PSYCH": "psychology", "ENGL": "english", "PHIL": "philosophy", "ECON": "economics",
    "SOCI": "sociology", "GEOG": "geography", "GEOL": "geology", "ASTR": "astronomy",
    "STAT": "statistics", "STATS": "statistics", "ANTH": "anthropology", "BIOL": "biology",
    "POLS": "political science", "POLI": "political science", "LING": "linguistics",
    "COMM": "communication", "EDUC": "education", "ACCT": "accounting", "FREN": "french",
    "GERM": "german", "SPAN": "spanish", "MUSC": "music", "THEA": "theater", "RELG": "religion",
    "NURS": "nursing", "KINE": "kinesiology", "CHIN": "chinese", "ENGR": "engineering",
    "COMP": "computer science", "MKTG": "marketing",
}  # fmt: skip


@rule(
    rf"({lists.any_of(_COURSES)})(?= [1-9](?:\d{{2,3}}[A-Z]?|[xX]{{2,3}}))"
    r"(?! \d+ ?(?:%|m?c?g\b|m[lL]\b|units))",
    "C",
)
def course_code(match: re.Match[str], context: Text) -> list[str] | None:
    """A course by its code. `HIST 210 and PHYS 3xx` -> history two ten and physics three X X"""
    start = match.start()
    if context.within(start) or context.shouted(start):
        return None
    return _COURSES[match.group(1)].split()


_TERMS = {"Fa": "fall", "Sp": "spring", "Su": "summer", "Wi": "winter"}


@rule(r"(?:Fa|Sp|Su|Wi)(?:/(?:Fa|Sp|Su|Wi))+" + END, "=FSW")
def school_terms(match: re.Match[str], context: Text) -> list[str] | None:
    """The terms of a school. `Offered Fa/Sp.` -> offered fall spring."""
    if context.within(match.start()):
        return None
    return [_TERMS[term] for term in match.group().split("/")]


_KEPT = re.compile(
    r"(?:\b(?:[Ii]nv|[Aa]cc)(?:\.|\.? [Nn]o\.?)"
    r"|\b(?:[Aa]ccession|[Ii]nventory|[Oo]bject) (?:number|no\.?):?"
    r"|\b(?:[Gg]ift|[Bb]equest|[Pp]urchased?|[Ff]und|[Cc]ollection)\b[^;\n]{0,60},) $"
)


@rule(
    r"((?:1[89]|20)\d\d)\.(\d{1,4})(?:\.(\d{1,4}))?(?:([a-z])(?:[-–]([a-z]))?(?![^\W_]))?"
    r"(?![\d%]|\.\d)",
    "d",
)
def accession(match: re.Match[str], context: Text) -> list[str] | None:
    """The number under which a museum keeps a thing. `Gift of A. Roe, 1921.14` -> gift of A roe,
    nineteen twenty one point fourteen"""
    if not _KEPT.search(context.text[max(0, match.start() - 90) : match.start()]):
        return None
    first, second, third, letter, last = match.groups()
    said = [*year(int(first)), "point", *pairs(second)]
    return [*said, *(["point", *pairs(third)] if third else []), *(letter or "").upper(),
            *(["to", last.upper()] if last else [])]


_ILL = re.compile(
    r"\b(?:[Pp]ts?|[Pp]atients?|hx|h/o|history|c/o|s/p|p/w|SOB|HTN|DM|pains?|cough\w*|fevers?"
    r"|nausea"
    r"|vomiting|rash|edema|acute|chronic|symptoms?|diagnos\w+|numb\w*|weakness|headaches?|surgery"
    r"|fracture|syncope|dyspnea|diarrhea|presents?|presented|presenting|admitted)(?!\w)"
)


@rule(
    r"(\d{1,2})([MF])"
    r"(?= (?:w/|with|c/o|who|p/w|s/p|h/o|presents?|presented|presenting|admitted)(?!\w))",
    "d",
)
def patient_of_age(match: re.Match[str], context: Text) -> list[str] | None:
    """Who a patient is. `a 58F w/ cough` -> a fifty eight year old female with cough"""
    if context.within(match.start()) or context.before(match.start()).lower() not in (
        "a", "an", "is", "the", "this", "pt", "our", "healthy", "old", ""
    ):  # fmt: skip
        return None
    if not _ILL.search(context.around(match.start())):
        return None  # "a 58F day", "it was 58F with rain"
    sex = {"M": "male", "F": "female"}[match.group(2)]
    return [*number(match.group(1)), "year", "old", sex]


@rule(r"(\d{1,2})-d(?= (?:hx|history|course|supply|stay|period|trial|trip|tour|window|lag)\b)", "d")
def days_of(match: re.Match[str], context: Text) -> list[str]:
    """A number of days before what takes them. `a 3-d course` -> a three day course"""
    return [*number(match.group(1)), "day"]


@rule(r"(\d{1,2})w([0-6])d(?![^\W_])", "d")
def gestation(match: re.Match[str], context: Text) -> list[str] | None:
    """Weeks and days of a pregnancy. `at 39w4d` -> at thirty nine weeks four days"""
    weeks, days = match.groups()
    week, day = "week" if weeks == "1" else "weeks", "day" if days == "1" else "days"
    return [*number(weeks), week, *number(days), day]
