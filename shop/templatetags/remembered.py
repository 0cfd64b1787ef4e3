"""`{% remembered name=shop.name %}…{% endremembered %}`: markup that is the same on page after page is rendered once.

It is remembered by the values that are named, the language and where the shop is mounted. Nothing else of the page can be
seen inside, so that a part which depends on more cannot be shown to the wrong visitor: it would be empty.
"""

from __future__ import annotations

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.urls import get_script_prefix
from django.utils.translation import get_language

register = template.Library()

MOST = 100  # per place in a template; then it begins anew


class Remembered(template.Node):
    """One place in a template, shared by all threads: the worst that two at once can do is to render the same twice."""

    def __init__(self, nodelist: NodeList, named: dict[str, FilterExpression]) -> None:
        self.nodelist, self._named = nodelist, named
        self._markup: dict[tuple[object, ...], str] = {}

    def render(self, context: Context) -> str:
        values = [value.resolve(context) for value in self._named.values()]
        key = (get_language(), get_script_prefix(), *values, *map(type, values))  # safe text equals the same text unsafe
        markup = self._markup.get(key)
        if markup is None:
            markup = self.nodelist.render(context.new(dict(zip(self._named, values, strict=True))))
            if len(self._markup) >= MOST:
                self._markup.clear()
            self._markup[key] = markup
        return markup


@register.tag
def remembered(parser: Parser, token: Token) -> Remembered:
    """Values must be hashable and compare by what they show: text, numbers, tuples of them."""
    words = token.split_contents()[1:]
    named = token_kwargs(words, parser)
    if words:
        raise template.TemplateSyntaxError("Name what the markup depends on: {% remembered name=value … %}")
    nodelist = parser.parse(("endremembered",))
    parser.delete_first_token()
    return Remembered(nodelist, named)
