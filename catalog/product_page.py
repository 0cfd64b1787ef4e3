"""What the page of one product shows: its pictures in order, and its editions to choose from."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Category, Product, ProductImage, Variant

FEW = 5  # from here down a shopper is told how many are left


@dataclass(frozen=True)
class Edition:
    """One variant as a row to choose. `note` speaks of its stock; `few` asks for attention."""

    variant: Variant
    label: str
    note: str
    few: bool


@dataclass(frozen=True)
class EditionGroup:
    """Editions that share the value of the first option, under its name ("Size: A3")."""

    name: str
    editions: list[Edition]


def with_all_parts() -> QuerySet[Product]:
    """Published products with what their page shows: four queries. `home_category` is the path of the first category."""
    home = Category.objects.filter(products=OuterRef("pk"), is_published=True).order_by("position", "name")
    return (
        Product.objects.published()
        .annotate(home_category=Subquery(home.values("path")[:1]))
        .prefetch_related("images", "options", Prefetch("variants", Variant.objects.offered()))
    )


def home_category_path(product: Product) -> str:
    """The first category of a product that came from `with_all_parts`; empty for none."""
    return getattr(product, "home_category", None) or ""


def edition_groups(product: Product) -> list[EditionGroup]:
    """The product's variants, under the values of its first option if it has two options or more."""
    names = [option.name for option in product.options.all()]
    groups: dict[str, list[Edition]] = {}
    for variant in product.variants.all():
        heading, label = _names_of(variant, names)
        note, few = stock_note(variant)
        groups.setdefault(heading, []).append(Edition(variant, label, note, few))
    return [EditionGroup(heading, editions) for heading, editions in groups.items()]


def chosen_variant(product: Product, wanted: str) -> Variant | None:
    """The variant that the address asks for, else the first that is in stock; None if nothing is."""
    buyable = [variant for variant in product.variants.all() if variant.in_stock]
    return next((variant for variant in buyable if str(variant.pk) == wanted), next(iter(buyable), None))


def pictures_of(product: Product, wanted: str) -> list[ProductImage]:
    """All pictures, the one of the variant that the address asks for first."""
    first = next((variant.image_id for variant in product.variants.all() if str(variant.pk) == wanted), None)
    return sorted(product.images.all(), key=lambda image: image.pk != first)


def stock_note(variant: Variant) -> tuple[str, bool]:
    """What to say about the stock, and whether it is worth a warning."""
    if not variant.in_stock:
        return _("Sold out"), False
    left = variant.available
    if left is not None and left <= FEW:
        return ngettext("Only %(left)d left", "Only %(left)d left", left) % {"left": left}, True
    return "", False


def _names_of(variant: Variant, option_names: list[str]) -> tuple[str, str]:
    """The heading and the label of a variant: ("Size: A3", "Matte"), or (option names, its values) for one option."""
    values = [str(variant.option_values[name]) for name in option_names if name in variant.option_values]
    if len(option_names) >= 2 and len(values) >= 2:
        return f"{option_names[0]}: {values[0]}", " / ".join(values[1:])
    return (", ".join(option_names) or _("Edition")), (" / ".join(values) or variant.options_text or _("Open edition"))
