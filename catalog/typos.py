"""Mistyped words, and what they may have been meant for.

Words that look alike share three neighbouring letters somewhere; which do is asked of an index of those, how alike they are is
counted here. So both databases correct the same words.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count
from django.db.models.functions import Length

from catalog.index_models import Gram, Word

SHORTEST = 4  # letters of a word that is corrected
CANDIDATES = 200


def grams(word: str) -> set[str]:
    """Every three neighbouring letters, the ends of the word marked."""
    marked = f"^^{word}$"
    return {marked[at : at + 3] for at in range(len(marked) - 2)}


def learn_words(words: Iterable[str]) -> None:
    """Remember words that shoppers may mistype: of letters, no digits, at least four."""
    wanted = {word for word in words if len(word) >= SHORTEST and word.isascii() and word.isalpha()}
    known = set(Word.objects.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
    new = sorted(wanted - known)  # in order: two that learn the same words at once do not wait for each other in a ring
    if new:
        Word.objects.bulk_create([Word(text=word) for word in new], ignore_conflicts=True)
        Gram.objects.bulk_create(
            [Gram(gram=gram, word_id=word) for word in new for gram in sorted(grams(word))], ignore_conflicts=True
        )


def corrected(words: list[str]) -> list[str]:
    """The words, with those that nobody has replaced by the nearest that somebody has. One statement.

    One letter more, less, other or swapped is forgiven from four letters on, two from eight on.
    """
    doubtful = [word for word in words if len(word) >= SHORTEST and word.isascii() and word.isalpha()]
    known = _near(doubtful) if doubtful else []
    return [_nearest(word, known) if word in doubtful else word for word in words]


def _near(words: list[str]) -> list[str]:
    """Known words of about these lengths that share the most letters with them."""
    lengths = [len(word) for word in words]
    letters = Gram.objects.filter(gram__in={gram for word in words for gram in grams(word)})
    about = {"length__gte": min(lengths) - 2, "length__lte": max(lengths) + 2}
    likely = letters.annotate(length=Length("word_id")).filter(**about)
    shared = likely.values("word_id").annotate(shared=Count("pk")).filter(shared__gte=min(map(_least_shared, words)))
    best = shared.order_by("-shared", "word_id")
    return [text for text, _shared in best.values_list("word_id", "shared")[:CANDIDATES]]


def _forgiven(word: str) -> int:
    return 2 if len(word) >= 8 else 1


def _least_shared(word: str) -> int:
    """Pieces that are left of a word at least, after mistakes that are forgiven: two swapped letters spoil four."""
    return max(1, len(grams(word)) - 4 * _forgiven(word))


def _nearest(word: str, candidates: list[str]) -> str:
    if word in candidates:
        return word
    pieces, least = grams(word), _least_shared(word)
    far = [(distance(word, other), other) for other in candidates if len(pieces & grams(other)) >= least]
    return min((pair for pair in far if pair[0] <= _forgiven(word)), default=(0, word))[1]


def distance(one: str, other: str) -> int:
    """Letters to add, drop, change or swap with their neighbour to come from one word to the other."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, theirs in enumerate(other, 1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != theirs))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == theirs:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        before, last = last, now
    return last[-1]
