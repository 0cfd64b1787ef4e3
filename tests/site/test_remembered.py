"""`{% remembered %}`: what is kept between pages must never be shown where it does not belong."""

from __future__ import annotations

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.urls import set_script_prefix
from django.utils import translation
from django.utils.safestring import SafeString

from shop.templatetags import remembered


def template(body, names="name=name"):
    return Template("{% load i18n remembered %}{% remembered " + names + " %}" + body + "{% endremembered %}")


def show(page, **values):
    return page.render(Context(values))


class Counted:
    """Text that knows how often it was shown."""

    shown = 0

    def __str__(self):
        self.shown += 1
        return "counted"


def test_it_renders_once_for_equal_values():
    text, page = Counted(), template("{{ text }}", "text=text")
    assert [show(page, text=text), show(page, text=text)] == ["counted", "counted"]
    assert text.shown == 1


def test_it_renders_anew_for_other_values():
    page = template("{{ name }}")
    assert [show(page, name=name) for name in ("Ada", "Grace", "Ada")] == ["Ada", "Grace", "Ada"]


def test_it_sees_nothing_but_what_it_names():
    assert show(template("{{ name }}{{ user }}"), name="Ada", user="Mallory") == "Ada"


def test_it_escapes_what_only_looks_like_safe_text():
    page = template("{{ name }}")
    shown = [show(page, name=SafeString("<b>")), show(page, name="<b>"), show(page, name=1), show(page, name=True)]
    assert shown == ["<b>", "&lt;b&gt;", "1", "True"]


def test_it_keeps_languages_apart():
    page = template("{% get_current_language as code %}{{ code }}", "")
    with translation.override("de"):
        german = show(page)
    assert (german, show(page)) == ("de", "en")


def test_it_keeps_places_where_the_shop_is_mounted_apart():
    page = template("{% url 'catalog:products' %}", "")
    at_the_root = show(page)
    set_script_prefix("/shop/")
    try:
        assert show(page) == f"/shop{at_the_root}"
    finally:
        set_script_prefix("/")


def test_it_keeps_no_more_than_it_may(monkeypatch):
    monkeypatch.setattr(remembered, "MOST", 3)
    page = template("{{ name }}")
    assert [show(page, name=name) for name in range(10)] == [str(name) for name in range(10)]
    (node,) = page.nodelist.get_nodes_by_type(remembered.Remembered)
    assert len(node._markup) <= 3


def test_it_wants_every_value_named():
    with pytest.raises(TemplateSyntaxError, match="Name what"):
        template("", "user")
