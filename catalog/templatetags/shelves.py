"""`{% shelf cards %}`: a grid of product cards. In Python, for a list page is mostly this, and a template took far longer."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
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
    flag = format_html(FLAG, _("Sold out"))
    return format_html(SHELF, format_html_join("", CARD, (_parts(card, flag) for card in cards)))


def _parts(card: Card, flag: SafeString) -> tuple[object, ...]:
    """What CARD has room for."""
    return picture(card.picture, sizes=SIZES), flag if card.sold_out else "", card.url, card.title, _price(card)


def _price(card: Card) -> SafeString | str:
    if not card.price:
        return ""
    return format_html(PRICE, _("from %(price)s") % {"price": card.price} if card.price_varies else card.price)
