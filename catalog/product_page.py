"""What the page of one product shows: its pictures in order, and its editions to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import Aggregate, Model, OuterRef, QuerySet, Subquery, TextField
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Category, Product, ProductImage, Variant

Row = TypeVar("Row", bound=Model)
FEW = 5  # from here down a shopper is told how many are left


class Joined(Aggregate):
    """The values with commas between; empty for none. Django 5.2 has this for PostgreSQL only."""

    function = "GROUP_CONCAT"
    template = "COALESCE(%(function)s(%(expressions)s), '')"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="COALESCE(STRING_AGG(%(expressions)s::text, ','), '')", **context)


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


@dataclass(frozen=True)
class ProductPage:
    """A published product with what its page shows. `home_category` is the path of its first category, empty for none."""

    product: Product
    home_category: str
    images: list[ProductImage]
    variants: list[Variant]

    @property
    def options(self) -> list[str]:
        """Names of what the variants are chosen by, in the order of the options: catalog/options.py keeps it so."""
        return list(dict.fromkeys(name for variant in self.variants for name in variant.option_values))


def product_page(slug: str) -> ProductPage | None:
    """Read a product and its parts, three queries; None if there is no such product on show."""
    for product in _read(Product, slug):
        return page_of(product, home_category=getattr(product, "home_category", None) or "")
    return None


def page_of(product: Product, *, home_category: str = "") -> ProductPage:
    """The page of this product, whether it is on show or not. Two queries."""
    images, variants = _read(ProductImage, product.pk), _read(Variant, product.pk)
    return ProductPage(product=product, home_category=home_category, images=images, variants=variants)


def edition_groups(page: ProductPage) -> list[EditionGroup]:
    """The product's variants, under the values of its first option if it has two options or more."""
    names = page.options
    groups: dict[str, list[Edition]] = {}
    for variant in page.variants:
        heading, label = _names_of(variant, names)
        note, few = stock_note(variant)
        groups.setdefault(heading, []).append(Edition(variant, label, note, few))
    return [EditionGroup(heading, editions) for heading, editions in groups.items()]


def chosen_variant(page: ProductPage, wanted: str) -> Variant | None:
    """The variant that the address asks for, sold out or not; else the first that is in stock; None if nothing is."""
    asked = next((variant for variant in page.variants if str(variant.pk) == wanted), None)
    return asked or next((variant for variant in page.variants if variant.in_stock), None)


def pictures_of(page: ProductPage, wanted: str) -> list[ProductImage]:
    """All pictures; first those of the variant that the address asks for, its main one before the others."""
    asked = next((variant for variant in page.variants if str(variant.pk) == wanted), None)
    if asked is None:
        return page.images
    return sorted(page.images, key=lambda image: _far_from(asked, image))


def _far_from(variant: Variant, image: Any) -> tuple[bool, bool]:
    """Least is first: its main picture, its others, those that are not its own."""
    return image.pk != variant.image_id, str(variant.pk) not in image.more_of_ids.split(",")


def stock_note(variant: Variant) -> tuple[str, bool]:
    """What to say about the stock, and whether it is worth a warning."""
    if not variant.in_stock:
        return _out_of_stock(variant.expected_on), False
    left = variant.available
    if left is not None and left <= FEW:
        return ngettext("Only %(left)d left", "Only %(left)d left", left) % {"left": left}, True
    return "", False


def _out_of_stock(expected_on: date | None) -> str:
    if expected_on is None or expected_on < localdate():
        return _("Sold out")
    return _("Sold out, back soon: expected on %(day)s") % {"day": date_format(expected_on)}


def _names_of(variant: Variant, option_names: list[str]) -> tuple[str, str]:
    """The heading and the label of a variant: ("Size: A3", "Matte"), or (option names, its values) for one option."""
    values = [str(variant.option_values[name]) for name in option_names if name in variant.option_values]
    if len(option_names) >= 2 and len(values) >= 2:
        return f"{option_names[0]}: {values[0]}", " / ".join(values[1:])
    return (", ".join(option_names) or _("Edition")), (" / ".join(values) or variant.options_text or _("Open edition"))


def _read(kind: type[Row], which: str | int) -> list[Row]:
    sql, values = _statement(kind, settings.SHOP_CURRENCY)
    return list(kind._default_manager.raw(sql, [*values, which]))


@lru_cache
def _statement(kind: type[Model], _currency: str) -> tuple[str, tuple[Any, ...]]:
    """The statement for the product of a slug, or for its parts, and its values but the last, which says which product.

    Kept, for Django takes longer to write one than the database to answer it.
    """
    home = Category.objects.filter(products=OuterRef("pk"), is_published=True).order_by("position", "name")
    rows: dict[type[Model], QuerySet[Any]] = {
        Product: Product.objects.published().annotate(home_category=Subquery(home.values("path")[:1])).filter(slug=""),
        # The order is said again: Django leaves a model's own out of a statement that groups.
        ProductImage: ProductImage.objects.annotate(more_of_ids=Joined("more_of"))
        .exclude(url="")
        .filter(product=0)
        .order_by("position", "id"),
        Variant: Variant.objects.offered().filter(product=0),
    }
    sql, values = rows[kind].query.sql_with_params()
    return sql, tuple(values[:-1])
