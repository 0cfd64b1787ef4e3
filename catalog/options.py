"""Options as staff type them, "Size: A3; Paper: Matte", and the list of options a product is chosen by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from catalog.exchange.columns import MOST_OPTIONS
from catalog.listing import refreshed_once
from catalog.models import Option, Product, Variant

TOO_MANY = _("A product has at most nine options.")
LINE_ENDS = {"n": "\n", "r": "\r"}  # which a field of one line cannot show
SIGN = re.compile(r"\\.|.", re.DOTALL)  # with its backslash, if it has one


class OptionValuesField(forms.CharField):
    """One line of "Name: value" pairs, cleaned to a dict in the order typed.

    Before a sign that would mean something else stands a backslash: what an import brought is shown and saved as it is.
    """

    default_error_messages = {
        "pair": _("Write each choice as “Name: value”, with a semicolon between two: Size: A3; Paper: Matte."),
        "twice": _("“%(name)s” is given twice."),
        "long": _("Names have at most 60 characters, values at most 100."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)  # a blank at the end may have its backslash

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "; ".join(f"{_escaped(name, ':')}: {_escaped(choice)}" for name, choice in value.items())

    def to_python(self, value: Any) -> dict[str, str]:  # type: ignore[override]
        text = super().to_python(value) or ""
        ProhibitNullCharactersValidator()(text)  # the field's own would look for it in a dict
        chosen: dict[str, str] = {}
        for ends, signs in groupby(SIGN.findall(text), lambda sign: sign in (";", "\n")):
            pair = list(signs)
            if ends or not "".join(pair).strip():
                continue
            colon = pair.index(":") if ":" in pair else 0
            name, choice = _plain(pair[:colon]), _plain(pair[colon + 1 :])
            if not (name and choice):
                raise ValidationError(self.error_messages["pair"], code="pair")
            if name in chosen:
                raise ValidationError(self.error_messages["twice"], code="twice", params={"name": name})
            if len(name) > 60 or len(choice) > 100:
                raise ValidationError(self.error_messages["long"], code="long")
            chosen[name] = choice
        return chosen

    def has_changed(self, initial: Any, data: Any) -> bool:
        """By the choices and their order: what was typed is text, what is there a dict."""
        try:
            typed = self.to_python(data)
        except ValidationError:
            return True
        return list(typed.items()) != list((initial or {}).items())


def _escaped(text: str, more: str = "") -> str:
    """A backslash before what ends a pair, before itself, and before a blank at either end."""
    for sign in f"\\;{more}":
        text = text.replace(sign, f"\\{sign}")
    for letter, sign in LINE_ENDS.items():
        text = text.replace(sign, f"\\{letter}")
    if text[-1:].isspace():
        text = f"{text[:-1]}\\{text[-1]}"
    return f"\\{text}" if text[:1].isspace() else text


def _plain(signs: list[str]) -> str:
    """What `_escaped` was given. A backslash that stands before anything else is one."""
    while signs and signs[-1].isspace():
        signs.pop()
    while signs and signs[0].isspace():
        signs.pop(0)
    return "".join(_meant(sign) for sign in signs)


def _meant(sign: str) -> str:
    letter = sign[1:]
    if letter in LINE_ENDS:
        return LINE_ENDS[letter]
    return letter if letter in tuple("\\;:") or letter.isspace() else sign


class OptionFormSet(forms.BaseInlineFormSet):
    """All options of a product."""

    def clean(self) -> None:
        super().clean()
        gone = {form.instance.name for form in self.deleted_forms if form.instance.pk}
        used = gone & {name for chosen in self._choices() for name in chosen}
        if used:
            text = _("Variants are chosen by %(names)s. Take it out of their options and save, then delete it here.")
            raise ValidationError(text, params={"names": ", ".join(sorted(used))})
        added = [form for form in self.extra_forms if form.has_changed() and form not in self.deleted_forms]
        if added and len(added) + len(self.initial_forms) - len(gone) > MOST_OPTIONS:
            added[-1].add_error("name", TOO_MANY)

    def _choices(self) -> Any:
        return Variant.objects.filter(product=self.instance.pk).values_list("option_values", flat=True)

    @property
    def new_names(self) -> dict[str, str]:
        """By the names that the options had."""
        kept = [form for form in self.initial_forms if form not in self.deleted_forms]
        return {form.initial["name"]: form.instance.name for form in kept if "name" in form.changed_data}


def refuse_more_options(product: Product | None, forms: Iterable[Any]) -> None:
    """Put an error beside the first choice that would give the product more options than a file can name."""
    known = set(product.options.values_list("name", flat=True)) if product and product.pk else set()
    for form in forms:
        new = set(form.cleaned_data.get("option_values") or {}) - known
        known |= new
        if new and len(known) > MOST_OPTIONS:
            form.add_error("option_values", TOO_MANY)
            return


def rename_options(product: Product, names: dict[str, str]) -> None:
    """Let the variants be chosen by new names, given by the old ones. One that has a choice of the new name keeps both."""
    with refreshed_once():
        for variant in Variant.objects.filter(product=product):
            new = {old: name for old, name in names.items() if name not in variant.option_values}
            _choose(variant, {new.get(name, name): choice for name, choice in variant.option_values.items()})


def list_options(product: Product) -> None:
    """Add to the product's options whatever its variants are chosen by, and bring their choices into the options' order."""
    known = set(product.options.values_list("name", flat=True))
    last = product.options.aggregate(last=Max("position"))["last"] or 0
    variants = list(Variant.objects.filter(product=product))  # as they are now, whatever was fetched with the product
    for name in (name for variant in variants for name in variant.option_values):
        if name not in known:
            known.add(name)
            last += 1
            Option.objects.create(product=product, name=name, position=last)
    order = list(product.options.order_by("position", "id").values_list("name", flat=True))
    with refreshed_once():
        for variant in variants:
            _choose(variant, {name: variant.option_values[name] for name in order if name in variant.option_values})


def _choose(variant: Variant, choices: dict[str, str]) -> None:
    if list(choices) != list(variant.option_values):
        variant.option_values = choices
        variant.save(update_fields=["option_values"])
