"""What people fill in: names, addresses, dates, amounts and more, as a locale has them (Faker)."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from handgen.errors import UsageError
from handgen.lines.cut import clean
from handgen.lines.draws import Draw, TextGenerator
from handgen.registry import nearest

if TYPE_CHECKING:
    from faker import Faker

USUAL_LOCALES = ("zh_CN", "en_US")
"""Where no locale is named, each text is of one of these."""

_COMMA = {"az", "bg", "cs", "da", "de", "el", "es", "et", "fi", "fr", "hr", "hu", "hy", "id", "is", "it", "ka", "lt"}
_COMMA |= {"lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "tr", "uk", "vi"}
"""Languages that write 1.234,56."""
_SPACE = frozenset(("bg", "cs", "fi", "fr", "hu", "lt", "lv", "no", "pl", "ru", "sk", "sv", "uk"))
"""Those of them that write 1 234,56."""
_CURRENCIES = {
    "CN": "￥", "JP": "￥", "TW": "NT$", "US": "$", "CA": "$", "AU": "$", "NZ": "$", "MX": "$", "GB": "£", "IN": "₹",
    "KR": "₩", "RU": "₽", "UA": "₴", "TR": "₺", "IL": "₪", "CH": "Fr.", "SE": "kr", "NO": "kr", "DK": "kr", "PL": "zł",
    "CZ": "Kč", "HU": "Ft", "BR": "R$", "TH": "฿", "VN": "₫", "PH": "₱", "SA": "ر.س", "EG": "ج.م", "IR": "ریال",
}  # fmt: skip
_LOCK = threading.Lock()  # a Faker is no thing for two threads


def split_locale(locale: str) -> tuple[str, str]:
    """Return language and territory of a locale such as ``fr_CA``."""
    language, _, territory = locale.partition("_")
    return language, territory


def check_locale(locale: str) -> str:
    """Return ``locale`` as Faker has it; ``fr-fr`` and ``FR_FR`` will do.

    Raises:
        UsageError: Faker knows no such locale.
    """
    from faker.config import AVAILABLE_LOCALES

    known = {name.casefold(): name for name in AVAILABLE_LOCALES}
    found = known.get(locale.replace("-", "_").casefold())
    if found is None:
        raise UsageError(f"there is no locale '{locale}'", nearest(locale, sorted(AVAILABLE_LOCALES)))
    return found


@functools.lru_cache(maxsize=32)
def _faker(locale: str) -> Faker:
    from faker import Faker

    return Faker(locale, use_weighting=False)


def _called(method: str, *, lower: bool = False) -> Callable[[Draw, Any, str], str]:
    """Return what makes texts by a method of Faker."""

    def make(draw: Draw, fake: Any, locale: str) -> str:
        del draw, locale
        text = str(getattr(fake, method)())
        return text.lower() if lower else text

    return make


def _names(draw: Draw, fake: Any, locale: str) -> str:
    whole = str(fake.name())
    if split_locale(locale)[0] in ("zh", "ja", "ko"):
        return whole
    first, last = str(fake.first_name()), str(fake.last_name())
    return draw.pick((whole, whole, f"{first} {last}", f"{first[0]}. {last}", f"{last}, {first}", last))


def _addresses(draw: Draw, fake: Any, locale: str) -> str:
    street = getattr(fake, "street_address", fake.address)
    makers = (fake.address, street, fake.city)
    east = split_locale(locale)[0] in ("zh", "ja", "ko")
    return str(draw.pick(makers)()).replace("\n", " " if east else ", ")


def _dates(draw: Draw, fake: Any, locale: str) -> str:
    year, month, day = draw.between(1900, 2035), draw.between(1, 12), draw.between(1, 28)
    language, territory = split_locale(locale)
    spelt = str(fake.month_name())  # its own month: any will do beside a day of 28
    numbers = f"{month}/{day}/{year}" if territory == "US" else f"{day}/{month}/{year}"
    dotted = f"{day:02}.{month:02}."
    forms = [numbers, f"{year}-{month:02}-{day:02}", f"{dotted}{year}", f"{dotted}{year % 100:02}"]
    if language in ("zh", "ja"):
        forms = [
            f"{year}年{month}月{day}日",
            f"{month}月{day}日",
            f"{year}.{month}.{day}",
            f"{year}-{month:02}-{day:02}",
        ]
    elif language == "ko":
        forms += [f"{year}년 {month}월 {day}일"]
    elif territory == "US":
        forms += [f"{spelt} {day}, {year}", f"{spelt[:3]} {day}, {year}"]
    elif language == "de":
        forms += [f"{day}. {spelt} {year}", f"{fake.day_of_week()}, {day}. {spelt}"]
    elif language == "es":
        forms += [f"{day} de {spelt.lower()} de {year}"]
    else:
        spelt = spelt.lower() if language in ("fr", "it", "nl", "pl", "ru", "sv") else spelt
        forms += [f"{day} {spelt} {year}", f"{day} {spelt}"]
    return draw.pick(forms)


def _money(draw: Draw, fake: Any, locale: str) -> str:
    del fake
    language, territory = split_locale(locale)
    whole = draw.between(0, 10 ** draw.between(1, 6))
    text = draw.pick((f"{whole}", f"{whole:,}", f"{whole:,}.{draw.digits(2)}", f"{whole}.{draw.digits(2)}"))
    if language in _COMMA:
        text = text.translate(str.maketrans(",.", " ," if language in _SPACE else ".,"))
    sign = _CURRENCIES.get(territory, "€")
    if language in ("zh", "ja"):
        return draw.pick((f"{sign}{text}", f"{text}{'元' if language == 'zh' else '円'}"))
    before = territory in ("US", "GB", "CA", "AU", "NZ", "IN", "MX", "BR", "PH", "KR", "CH")
    return f"{sign} {text}" if territory == "CH" else f"{sign}{text}" if before else f"{text} {sign}"


_FIELDS: dict[str, tuple[Callable[[Draw, Any, str], str], str, bool]] = {
    "names": (_names, "欧阳文静, Emma R. Clarke", False),
    "addresses": (_addresses, "98, avenue Lucie Fernandes", False),
    "companies": (_called("company"), "Barbe Perrier et Fils", False),
    "jobs": (_called("job"), "administrateur judiciaire", False),
    "dates": (_dates, "2024年3月5日, 2024-03-05, 5. Juni 2024", False),
    "money": (_money, "￥6,409.02, 1.234,56 €", True),
    "phones": (_called("phone_number"), "+33 (0)2 98 90 40 47", True),
    "ids": (_called("ssn"), "national identity numbers", True),
    "plates": (_called("license_plate"), "027-ELD-34", True),
    "emails": (_called("email"), "omerle@example.com", True),
    "ibans": (_called("iban"), "DE55944117715162046610", True),
}
"""Name -> what makes a text, an example, and whether one that is cut says nothing."""

FIELDS = tuple(_FIELDS)


def field(name: str, locale: str = "") -> TextGenerator:
    """Return what makes the texts of a field.

    Args:
        name: one of ``FIELDS``.
        locale: as Faker has it; Chinese and English in turn when empty.

    Raises:
        UsageError: there is no such locale, or it has no such field.
    """
    make_text, summary, whole = _FIELDS[name]
    locales = (check_locale(locale),) if locale else USUAL_LOCALES

    def make(draw: Draw) -> str:
        here = draw.pick(locales)
        with _LOCK:
            fake = _faker(here)
            fake.seed_instance(draw.seed())
            return _tidy(make_text(draw, fake, here))

    return TextGenerator(make, summary, whole)


def fields_of(locale: str) -> list[str]:
    """Return the fields that a locale has."""
    return [name for name in FIELDS if _has(name, check_locale(locale))]


@functools.lru_cache(maxsize=256)
def _has(name: str, locale: str) -> bool:
    needed = {"jobs": "job", "companies": "company", "phones": "phone_number", "ids": "ssn", "plates": "license_plate"}
    return name not in needed or hasattr(_faker(locale), needed[name])


def _tidy(text: str) -> str:
    return clean(re.sub(r"\s+,", ",", text))
