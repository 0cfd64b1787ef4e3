from __future__ import annotations

import pytest

from promotions.codes import LONGEST, fold

pytestmark = pytest.mark.same_on_both

THE_SAME = {
    "as it is": "SPRING-10",
    "small letters": "spring-10",
    "space around it": " \tSpring-10 \n",
    "a space that does not break": "\u00a0spring-10\u00a0",
    "full-width letters": "ＳＰＲＩＮＧ－１０",
    "mathematical letters": "𝐒𝐏𝐑𝐈𝐍𝐆-10",
    "a dash by the phone": "spring\u201310",
    "a hyphen that does not break": "spring\u201110",
    "invisible characters of a mail": "spr\u00ading\u200b-10\ufeff",
}


@pytest.mark.case("A18")
@pytest.mark.parametrize("typed", THE_SAME.values(), ids=THE_SAME.keys())
def test_it_is_the_same_code(typed):
    assert fold(typed) == "SPRING-10"


ANOTHER = {
    "Cyrillic letters": "ЅРRІNG-10",
    "Greek letters": "SΡRΙΝG-10",
    "an accent": "spríng-10",
    "a space within": "SPRING 10",
    "nothing": "",
    "only space": "  ",
    "NUL": "SPRING-10\x00",
    "too long": "S" * (LONGEST + 1),
    "ten thousand characters": "S" * 10_000,
    "SQL": "' OR 1=1 --",
    "digits of another script": "SPRING-१०",
}


@pytest.mark.case("A18")
@pytest.mark.parametrize("typed", ANOTHER.values(), ids=ANOTHER.keys())
def test_it_is_no_code(typed):
    assert fold(typed) == ""


@pytest.mark.parametrize("typed", [*THE_SAME.values(), "ǆ-ß", "ﬁ"])
def test_it_stays_as_it_is_when_folded_again(typed):
    assert fold(fold(typed)) == fold(typed)
