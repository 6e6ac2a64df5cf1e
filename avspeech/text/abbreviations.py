"""What English abbreviations, units, signs and capitals stand for."""

from __future__ import annotations

MONTH_NAMES = ("january", "february", "march", "april", "may", "june", "july", "august", "september",
               "october",
               "november", "december")
MONTHS = {**{m.title(): m for m in MONTH_NAMES}, **{m[:3].title(): m for m in MONTH_NAMES},
          "Sept": "september"}

# Sign: (one, many, one of the small coin, many).
MONEY = {"$": ("dollar", "dollars", "cent", "cents"), "£": ("pound", "pounds", "penny", "pence"),
         "€": ("euro", "euros", "cent", "cents"), "¥": ("yen", "yen", "", "")}
SIZES = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion"}
PAIRS = frozenset({"24/7", "50/50"})
FRACTIONS = {"½": ("1", "2"), "⅓": ("1", "3"), "⅔": ("2", "3"), "¼": ("1", "4"), "¾": ("3", "4"), "⅛": ("1",
                                                                                                        "8")}


def _counted(**names: str) -> dict[str, tuple[str, str]]:
    return {short: (name, name + "s") for short, name in names.items()}


UNITS: dict[str, tuple[str, str]] = {
    **_counted(km="kilometer", m="meter", cm="centimeter", mm="millimeter", µm="micrometer", nm="nanometer",
               kg="kilogram", g="gram", mg="milligram", lb="pound", oz="ounce", mi="mile", yd="yard",
               l="liter",
               L="liter", ml="milliliter", mL="milliliter", ms="millisecond", s="second", sec="second",
               min="minute", h="hour", hr="hour", V="volt", kV="kilovolt", W="watt", kW="kilowatt",
               MW="megawatt",
               kWh="kilowatt hour", A="amp", mA="milliamp", dB="decibel", KB="kilobyte", kB="kilobyte",
               MB="megabyte", GB="gigabyte", TB="terabyte", cal="calorie", kcal="kilocalorie", kJ="kilojoule",
               ha="hectare", px="pixel", N="newton", Pa="pascal", kPa="kilopascal"),
    "lbs": ("pound", "pounds"), "hrs": ("hour", "hours"), "mins": ("minute", "minutes"), "secs": ("second",
                                                                                                  "seconds"),
    "ft": ("foot", "feet"), "in": ("inch", "inches"), "mph": ("mile per hour", "miles per hour"),
    "km/h": ("kilometer per hour", "kilometers per hour"), "kph": ("kilometer per hour",
                                                                   "kilometers per hour"),
    "m/s": ("meter per second", "meters per second"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz",
                                                                                        "kilohertz"),
    "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"), "fps": ("frame per second",
    "frames per second"), "Mbps": ("megabit per second", "megabits per second"), "%": ("percent", "percent"),
    "km²": ("square kilometer", "square kilometers"), "m²": ("square meter", "square meters"),
    "m³": ("cubic meter", "cubic meters"), "bpm": ("beat per minute", "beats per minute")}
DEGREES = {"°": ("degree", "degrees"), "°C": ("degree celsius", "degrees celsius"),
           "°F": ("degree fahrenheit", "degrees fahrenheit")}

# Written with a period. What is a word of its own too needs a number behind it (ALSO_WORDS).
ABBREVIATIONS = {
    "Mr": "mister", "Mrs": "missus", "Ms": "miz", "Dr": "doctor", "Prof": "professor", "St": "saint",
    "Rev": "reverend",
    "Gen": "general", "Col": "colonel", "Capt": "captain", "Lt": "lieutenant", "Sgt": "sergeant",
    "Sen": "senator",
    "Rep": "representative", "Gov": "governor", "Pres": "president", "Hon": "honorable", "Maj": "major",
    "Cmdr": "commander", "Messrs": "messers", "Mt": "mount", "Ft": "fort", "Jr": "junior", "Sr": "senior",
    "Esq": "esquire", "Inc": "incorporated", "Ltd": "limited", "Co": "company", "Corp": "corporation",
    "Bros": "brothers", "Dept": "department", "dept": "department", "Univ": "university",
    "Assn": "association",
    "Ave": "avenue", "Blvd": "boulevard", "Rd": "road", "Ln": "lane", "Hwy": "highway", "Pkwy": "parkway",
    "Apt": "apartment", "apt": "apartment", "Sq": "square", "vs": "versus", "etc": "et cetera",
    "cf": "compare",
    "al": "al", "approx": "approximately", "est": "estimated", "ca": "circa", "viz": "namely",
    "Fig": "figure",
    "fig": "figure", "Figs": "figures", "figs": "figures", "Eq": "equation", "Vol": "volume", "vol": "volume",
    "Ch": "chapter", "ch": "chapter", "Sec": "section", "pp": "pages", "p": "page", "No": "number",
    "no": "number",
    "Nos": "numbers", "Art": "article", "ed": "edition", "eds": "editors", "Jan": "january",
    "Feb": "february",
    "Mar": "march", "Apr": "april", "Jun": "june", "Jul": "july", "Aug": "august", "Sep": "september",
    "Sept": "september", "Oct": "october", "Nov": "november", "Dec": "december", "Mon": "monday",
    "Tue": "tuesday",
    "Tues": "tuesday", "Wed": "wednesday", "Thu": "thursday", "Thurs": "thursday", "Fri": "friday",
    "hr": "hour", "hrs": "hours", "mins": "minutes", "lb": "pound", "lbs": "pounds", "oz": "ounces",
    "ext": "extension",
    "tel": "telephone", "Tel": "telephone", "misc": "miscellaneous", "min": "minimum", "max": "maximum"}
ALSO_WORDS = frozenset("no No p Art art ed Mar Sec al ch Ch min max Ln ca".split())
DOTTED = {"e.g.": "for example", "i.e.": "that is", "a.m.": "A M", "p.m.": "P M", "ph.d": "P H D",
          "ph.d.": "P H D",
          "b.c.": "B C", "a.d.": "A D", "n.b.": "note", "q.v.": "which see", "p.s.": "P S"}
BEFORE_NAMES = frozenset("Mr Mrs Ms Dr Prof St Rev Gen Col Capt Lt Sgt Sen Rep Gov Pres Hon Maj Cmdr "
                         "Messrs Mt Ft Fig fig "
                         "No no vs cf e i approx ca".split())
# Words that begin a sentence behind "U.S." or "etc.", rather than going on with a name.
OPENERS = frozenset("The A An This That These Those It He She We They I You His Her Its Our Their My Your "
                    "There Here "
                    "But And Or So Yet If When While As At In On By For From After Before Then Now What "
                    "Who Why How "
                    "Where Which Is Are Was Were Do Does Did Have Has Had Can Could Will Would Not No Yes "
                    "Some Many "
                    "Most Each Every All Both One Two Later Let Please Perhaps However Once Since "
                    "Though".split())
ROMAN = {"I": 1, "V": 5, "X": 10, "II": 2, "III": 3, "IV": 4, "VI": 6, "VII": 7, "VIII": 8, "IX": 9,
         "XI": 11, "XII": 12, "XIII": 13,
         "XIV": 14, "XV": 15, "XVI": 16, "XVII": 17, "XVIII": 18, "XIX": 19, "XX": 20, "XXI": 21}
COUNTED = frozenset("chapter part volume vol book act scene section war type phase level class stage mark "
                    "article "
                    "figure table appendix title apollo rocky bowl".split())
NUMBERED_NAMES = frozenset("henry louis charles george edward william james richard elizabeth mary john "
                           "paul pius "
                           "benedict gregory alexander nicholas peter catherine philip ferdinand francis "
                           "frederick "
                           "leo clement innocent napoleon wilhelm harald olav christian margaret "
                           "ramses".split())

# Capitals that are said as a word, though no dictionary need have them; capitals that are spelled, though
# there is such a word; and two-letter words.
SAID = frozenset("nasa nato unesco unicef opec laser radar scuba aids pin ram rom sim asap lol nafta asean "
                 "gif jpeg "
                 "ascii".split())
SPELLED = frozenset("US IT AM PM ID PR HR UN EU UK TV CD PC AC DC AI IP OS UI MS MA BA MD VA PA SAT IRA ALS "
                    "ATM".split())
SHORT_WORDS = frozenset("no so go on in is at to of or if me my we he be by do up an as oh ok hi us "
                        "it".split())
BY_DIGIT = frozenset({"911", "999", "112", "411", "007"})

SIGNS = {"&": "and", "+": "plus", "=": "equals", "@": "at", "%": "percent", "°": "degrees", "×": "times",
         "÷": "divided by", "±": "plus or minus", "<": "less than", ">": "greater than", "≤": "at most",
         "≥": "at least",
         "≈": "about", "$": "dollars", "£": "pounds", "€": "euros", "§": "section", "−": "minus",
         "/": "slash",
         "©": "copyright", "→": "to"}
SIGNS_IN_NAMES = {".": "dot", "-": "dash", "_": "underscore", "/": "slash", "@": "at"}

# Letters that Unicode does not take apart.
_FOLDED = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "Oe",
                         "ł": "l", "Ł": "L",
                         "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "Þ": "Th", "ı": "i"})


def fold(text: str) -> str:
    """Letters of the Latin script as plain ones, where Unicode has no parts for them."""
    return text.translate(_FOLDED)
