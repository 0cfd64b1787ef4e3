"""Texts to the tokens of the index, the same for every database.

A token begins with a letter for the best place where a word stands: t the title, p the options, e anywhere else. So questions
about a tier are of ANDs and ORs alone. v… is a value of an option, c… a category that shows the listing, m… a bucket of prices.
A value or a category is also a token together with the bucket, v…m…: few may have both where many have the one or the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2s

from catalog.plain_text import plain_text

PLACES = TITLE, OPTIONS, BODY = "tpe"
NARROWING = "vc"  # what values and categories begin with
LONGEST_WORD = 40
LONGEST_TEXT = 20_000  # characters of a description that are looked at
LONGEST_OPTIONS = 40_000  # of all values and SKUs together: PostgreSQL keeps 1 MiB of tokens, and says nothing of more
CJK = r"\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
RUN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+")
IS_CJK = re.compile(rf"[{CJK}]")
ASCII_RUN = re.compile(r"[a-z0-9]+")


def folded(text: str) -> str:
    """The text in one case, one width, without accents."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", "".join(one for one in apart if unicodedata.category(one) != "Mn"))


def written_words(text: str) -> Iterator[str]:
    """The words to index: of Chinese, Japanese and Korean every character and every two neighbours."""
    text = folded(text)
    if text.isascii():
        yield from (_singular(run[:LONGEST_WORD]) for run in set(ASCII_RUN.findall(text)))
        return
    for run in RUN.findall(text):
        if IS_CJK.match(run):
            yield from run
            yield from _pairs(run)
        else:
            yield _singular(run[:LONGEST_WORD])


def asked_words(text: str) -> list[str]:
    """The words to look for, each once, in the order typed."""
    words: list[str] = []
    for run in RUN.findall(folded(text)):
        if IS_CJK.match(run):
            words += _pairs(run) or [run]
        else:
            words.append(_singular(run[:LONGEST_WORD]))
    return list(dict.fromkeys(words))


def tokens(*, title: str, options: Iterable[str], body: str, choices: dict[str, list[str]]) -> set[str]:
    """All tokens of one listing. `options` are values and SKUs, `body` may be HTML."""
    in_title = set(written_words(title))
    in_options = in_title.union(written_words(" ".join(options)[:LONGEST_OPTIONS]))
    anywhere = in_options.union(written_words(plain_text(body[:LONGEST_TEXT])))
    values = {value_token(name, value) for name, values in choices.items() for value in values}
    placed = {TITLE: in_title, OPTIONS: in_options - in_title, BODY: anywhere - in_options}
    return values.union(place + word for place, words in placed.items() for word in words)


def words_of(tokens: Iterable[str]) -> set[str]:
    """The words again, wherever they stand."""
    return {token[1:] for token in tokens if token[0] in PLACES}


@lru_cache(maxsize=4096)
def value_token(name: str, value: str) -> str:
    """The token of an option's value. Hashed, for names may hold anything."""
    return "v" + blake2s(f"{name}\0{value}".encode(), digest_size=8).hexdigest()


def category_token(pk: int) -> str:
    return f"c{pk}"


def price_bucket(price_minor: int) -> int:
    """Which quarter of its octave a price lies in, from 0: 40.96 is in that of 40.96 to 51.19."""
    shift = max(price_minor.bit_length() - 3, 0)
    return 4 * shift + (price_minor >> shift)


def priced(token: str, bucket: int) -> str:
    """The token of what has this token and a price in the bucket."""
    return f"{token}m{bucket}"


def priced_tokens(tokens: Iterable[str], price_minor: int) -> set[str]:
    """The tokens by which a listing with these is found together with its price."""
    bucket = price_bucket(price_minor)
    return {priced(token, bucket) for token in ("", *tokens) if not token or token[0] in NARROWING}


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def _singular(word: str) -> str:
    """ "prints" and "print" are one word; "glass", "iris" and "cactus" keep their ends."""
    return word[:-1] if len(word) > 4 and word.endswith("s") and word[-2] not in "sui" else word
