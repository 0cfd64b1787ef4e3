"""`{% shelf cards %}`: a grid of product cards. In Python, for a list page is mostly this, and a template took far longer."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog.cards import Card
from catalog.templatetags.pictures import picture

register = template.Library()

SIZES = "(min-width: 42rem) 18rem, 46vw"
SHELF = '<ul class="shelf">\n{}</ul>'
CARD = """\
<li><article class="product-card">
  <div class="hung">{}{}</div>
  <div>
    <h3 class="product-card__title"><a href="{}">{}</a></h3>{}
  </div>
</article></li>
"""
FLAG = '<span class="product-card__flag">{}</span>'
PRICE = '<p class="product-card__price">{}</p>'


@register.simple_tag
def shelf(cards: Iterable[Card]) -> SafeString:
    """Each product with its first picture, its name and its price."""
    language = get_language()
    return format_html(SHELF, format_html_join("", "{}", ((_card(card, language),) for card in cards)))


@lru_cache(maxsize=1024)  # about 3 MB. A card holds all that it shows: another price or the last one sold is another card
def _card(card: Card, _language: str | None) -> SafeString:
    flag = format_html(FLAG, _("Sold out")) if card.sold_out else ""
    return format_html(CARD, picture(card.picture, sizes=SIZES), flag, card.url, card.title, _price(card))


def _price(card: Card) -> SafeString | str:
    if not card.price:
        return ""
    return format_html(PRICE, _("from %(price)s") % {"price": card.price} if card.price_varies else card.price)
