"""Options as staff type them, "Size: A3; Paper: Matte", and the list of options a product is chosen by."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from catalog.models import Option, Product


class OptionValuesField(forms.CharField):
    """One line of "Name: value" pairs, cleaned to a dict in the order typed."""

    default_error_messages = {
        "pair": _("Write each choice as “Name: value”, with a semicolon between two: Size: A3; Paper: Matte."),
        "twice": _("“%(name)s” is given twice."),
        "long": _("Names have at most 60 characters, values at most 100."),
    }

    def prepare_value(self, value: Any) -> Any:
        return "; ".join(f"{name}: {choice}" for name, choice in value.items()) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> dict[str, str]:  # type: ignore[override]
        text = super().to_python(value) or ""
        ProhibitNullCharactersValidator()(text)  # the field's own would look for it in a dict
        chosen: dict[str, str] = {}
        for pair in filter(None, (part.strip() for part in re.split(r"[;\n]", text))):
            name, colon, choice = (part.strip() for part in pair.partition(":"))
            if not (name and colon and choice):
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


def list_options(product: Product) -> None:
    """Add to the product's options whatever its variants are chosen by, and bring their choices into the options' order."""
    known = set(product.options.values_list("name", flat=True))
    last = product.options.aggregate(last=Max("position"))["last"] or 0
    for chosen in product.variants.values_list("option_values", flat=True):
        for name in chosen:
            if name not in known:
                known.add(name)
                last += 1
                Option.objects.create(product=product, name=name, position=last)
    _sort_choices(product)


def _sort_choices(product: Product) -> None:
    order = list(product.options.order_by("position", "id").values_list("name", flat=True))
    for variant in product.variants.all():
        choices = {name: variant.option_values[name] for name in order if name in variant.option_values}
        if list(choices) != list(variant.option_values):
            variant.option_values = choices
            variant.save(update_fields=["option_values"])
