"""What an import would do to one product: nothing is written here, so a dry run and the real one say the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from catalog.exchange.models import PictureToFetch
from catalog.exchange.parse import NO_CHOICE, Choice, PictureRecord, Record, VariantRecord
from catalog.exchange.pictures_plan import plan_pictures
from catalog.exchange.read import Reason
from catalog.exchange.shelf import Known, Shelf, plain_choice
from catalog.exchange.sku import made_sku
from catalog.models import Option, Product, ProductImage, Variant
from money import Money

NEW, CHANGED, UNCHANGED, REFUSED = "new", "changed", "unchanged", "refused"
LABELS = {
    "title": "Title", "description": "Body (HTML)", "vendor": "Vendor", "tags": "Tags", "summary": "Summary",
    "seo_title": "SEO Title", "seo_description": "SEO Description", "is_published": "Published",
    "requires_shipping": "Variant Requires Shipping", "price_minor": "Variant Price", "barcode": "Variant Barcode",
    "compare_at_minor": "Variant Compare At Price", "grams": "Variant Grams", "is_active": "Variant Active",
    "stock_tracked": "Variant Inventory Policy", "sku": "Variant SKU", "option_values": "Option values",
}  # fmt: skip
MOST_SHOWN = 200  # characters of a value in a diff


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, as a person reads it. `variant` is empty for the product itself."""

    column: str
    variant: str
    before: str
    after: str

    def __str__(self) -> str:
        where = f"{self.variant}: " if self.variant else ""
        return f"{where}{self.column} {self.before or '–'} → {self.after or '–'}"


@dataclass(slots=True)
class Plan:
    """The outcome for one product and, unless it is refused, the rows to write."""

    record: Record
    product: Product
    is_new: bool
    reasons: list[Reason] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    type_change: tuple[str, str] | None = None
    new_variants: list[Variant] = field(default_factory=list)
    changed_variants: list[Variant] = field(default_factory=list)
    deltas: list[tuple[Variant, int]] = field(default_factory=list)
    options: list[Option] | None = None
    images: list[ProductImage] = field(default_factory=list)
    pictures: list[PictureToFetch] = field(default_factory=list)  # new and changed ones
    shown_by: list[tuple[Variant, str]] = field(default_factory=list)  # the variant and the address it waits for

    @property
    def outcome(self) -> str:
        if self.reasons:
            return REFUSED
        return NEW if self.is_new else CHANGED if self.changes else UNCHANGED

    def change(self, column: str, before: Any, after: Any, variant: str = "") -> None:
        self.changes.append(Change(column, variant, _shown(before), _shown(after)))


class SkusOfFile:
    """Every SKU that the file has given so far, with its line. Memory: about 150 bytes each."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}

    def taken(self, sku: str, line: int) -> int | None:
        """The line that gave this SKU before; else it is this line's from now on."""
        before = self.lines.setdefault(sku, line)
        return before if before != line else None


def plan(record: Record, shelf: Shelf, skus: SkusOfFile) -> Plan:
    known = shelf.products.get(record.slug)
    product = known.product if known else Product(slug=record.slug)
    made = Plan(record, product, is_new=known is None, reasons=list(record.reasons))
    if made.reasons:
        return made
    known = known or Known(product)
    _Planner(made, known, shelf, skus).all()
    return made


class _Planner:
    def __init__(self, made: Plan, known: Known, shelf: Shelf, skus: SkusOfFile) -> None:
        self.plan, self.known, self.shelf, self.skus = made, known, shelf, skus
        self.record = made.record
        used = [name for one in known.variants for name in plain_choice(one.option_values)]
        self.keys_before = {one.pk: _key(one.option_values) for one in known.variants}
        self.new_lines: list[tuple[Variant, int]] = []
        self.options_before = list(dict.fromkeys([*(option.name for option in known.options), *used]))

    def all(self) -> None:
        self._fields()
        self._type()
        self._variants()
        if self.plan.reasons:
            return
        self._options()
        pictures = [*self.record.pictures, *self._of_variants()]
        plan_pictures(self.plan, self.known, pictures)

    def _of_variants(self) -> list[PictureRecord]:
        """The pictures that only a variant names: they are the product's too."""
        named = {picture.url for picture in self.record.pictures}
        return [
            PictureRecord(one.line, one.picture, None, None)
            for one in self.record.variants
            if one.picture and one.picture not in named
        ]

    def _refuse(self, line: int, column: str, text: str) -> None:
        self.plan.reasons.append(Reason(line, column, text))

    def _fields(self) -> None:
        product = self.plan.product
        for name, value in self.record.fields.items():
            if getattr(product, name) != value:
                if not self.plan.is_new:
                    self.plan.change(LABELS[name], getattr(product, name), value)
                setattr(product, name, value)
        if self.plan.is_new and not product.title:
            self._refuse(self.record.first, "Title", _("There is no product with this handle, and a new one needs a title."))

    def _type(self) -> None:
        wanted, before = self.record.type, self.known.type
        if wanted and wanted != before:
            self.plan.type_change = (before, wanted)
            self.plan.product.product_type = wanted
            category = self.shelf.categories.get(wanted.casefold())
            self.plan.change("Type", before, wanted if category else _("%s (a new category)") % wanted)

    def _variants(self) -> None:
        by_sku = {one.sku: one for one in self.known.variants}
        by_choice: dict[Any, Variant] = {}
        for one in self.known.variants:
            by_choice.setdefault(_key(one.option_values), one)
        met: dict[int, int] = {}
        choices: dict[Any, int] = {}
        for record in self.record.variants:
            variant = by_sku.get(record.sku) if record.sku else None
            if variant is None:
                variant = self._by_choice(record, by_choice, choices)
            if variant is None:
                self._new_variant(record)
            elif met.setdefault(variant.pk, record.line) != record.line:
                self._refuse(record.line, "", _("Line %d is about the same variant.") % met[variant.pk])
            else:
                self._changed_variant(variant, record)
        self._refuse_twins(met)
        if self.plan.is_new and not self.record.variants:
            self._refuse(self.record.first, "Variant Price", _("A new product needs a line with a price."))

    def _by_choice(self, record: VariantRecord, by_choice: dict[Any, Variant], choices: dict[Any, int]) -> Variant | None:
        if record.options is None and len(self.known.variants) == 1 and len(self.record.variants) == 1:
            return self.known.variants[0]
        if record.options is None and self.known.variants:
            self._refuse(record.line, "Variant SKU", _("Which variant is this? Give its SKU or its options."))
            return None
        key = _key(record.options or {})
        line = choices.setdefault(key, record.line)
        if line != record.line:
            about = {"line": line, "choice": " / ".join((record.options or {}).values()) or _("no options")}
            self._refuse(record.line, "Option1 Value", _("Line %(line)d is the same choice: %(choice)s.") % about)
        return by_choice.get(key)

    def _refuse_twins(self, met: dict[int, int]) -> None:
        """Two that would have one choice, if one of them gets it here: shoppers could not tell them apart."""
        stay = [(one, 0) for one in self.known.variants if _key(one.option_values) == self.keys_before[one.pk]]
        move = [(one, met[one.pk]) for one in self.known.variants if _key(one.option_values) != self.keys_before[one.pk]]
        owners: dict[Any, Variant] = {}
        for one, line in [*stay, *move, *self.new_lines]:
            other = owners.setdefault(_key(one.option_values), one)
            if line and other is not one and not self.plan.reasons:
                about = {"sku": other.sku, "choice": one.options_text or _("no options")}
                self._refuse(line, "Option1 Value", _("“%(sku)s” is the same choice: %(choice)s.") % about)

    def _new_variant(self, record: VariantRecord) -> None:
        if "price_minor" not in record.fields:
            self._refuse(record.line, "Variant Price", _("This cell is empty: a new variant needs a price."))
            return
        variant = Variant(product=self.plan.product, currency=settings.SHOP_CURRENCY, option_values=record.options or {})
        variant.position = max([one.position for one in self.known.variants] + [-1]) + 1 + len(self.plan.new_variants)
        for name, value in record.fields.items():
            setattr(variant, name, value)
        variant.sku = record.sku or self._made_sku(record)
        self._claim(variant.sku, record)
        self.plan.new_variants.append(variant)
        self.new_lines.append((variant, record.line))
        if not self.plan.is_new:
            self.plan.change(_("new variant"), "", variant.price, _name(variant))
        if variant.stock_tracked and record.quantity:
            self.plan.deltas.append((variant, record.quantity))
        if record.picture:
            self.plan.shown_by.append((variant, record.picture))

    def _made_sku(self, record: VariantRecord) -> str:
        plain = made_sku(self.record.slug, record.options or {})
        free = plain not in self.shelf.skus and self.skus.lines.get(plain, record.line) == record.line
        return plain if free else made_sku(self.record.slug, record.options or {}, sure=True)

    def _claim(self, sku: str, record: VariantRecord) -> None:
        before = self.skus.taken(sku, record.line)
        owner = self.shelf.skus.get(sku)
        if before is not None:
            self._refuse(record.line, "Variant SKU", _("“%(sku)s” is on line %(line)d too.") % {"sku": sku, "line": before})
        elif owner is not None and owner != self.plan.product.pk:
            self._refuse(record.line, "Variant SKU", _("“%s” belongs to another product.") % sku)

    def _changed_variant(self, variant: Variant, record: VariantRecord) -> None:
        if record.sku:
            self._claim(record.sku, record)
        fields = dict(record.fields)
        if record.sku:
            fields["sku"] = record.sku
        if record.options is not None and _key(record.options) != _key(variant.option_values):
            fields["option_values"] = record.options
        name, touched = _name(variant), False
        if "price_minor" in fields and variant.currency != settings.SHOP_CURRENCY:
            self.plan.change(LABELS["price_minor"], variant.price, Money(fields["price_minor"], settings.SHOP_CURRENCY), name)
            variant.currency, variant.price_minor, touched = settings.SHOP_CURRENCY, fields.pop("price_minor"), True
        elif variant.currency != settings.SHOP_CURRENCY:
            fields.pop("compare_at_minor", None)  # of a price that this file does not know
        for field_name, value in fields.items():
            before = getattr(variant, field_name)
            if before != value:
                self.plan.change(
                    LABELS[field_name], _read(variant, field_name, before), _read(variant, field_name, value), name
                )
                setattr(variant, field_name, value)
                touched = True
        if touched:
            self.plan.changed_variants.append(variant)
        self._count(variant, record, name)
        if record.picture:
            self.plan.shown_by.append((variant, record.picture))

    def _count(self, variant: Variant, record: VariantRecord, name: str) -> None:
        if record.quantity is None or not variant.stock_tracked or record.quantity == units_shown(variant):
            return
        if record.quantity < variant.stock_reserved:
            about = {"count": record.quantity, "reserved": variant.stock_reserved}
            text = _("%(count)d would be fewer than the %(reserved)d promised to open orders.") % about
            self._refuse(record.line, "Variant Inventory Qty", text)
            return
        self.plan.change("Variant Inventory Qty", variant.stock_on_hand, record.quantity, name)
        self.plan.deltas.append((variant, record.quantity - variant.stock_on_hand))

    def _options(self) -> None:
        """The options a product is chosen by: those of the file first, then those that its other variants need."""
        if self.record.options is None:
            return
        used = [name for one in self.known.variants for name in plain_choice(one.option_values)]
        before = self.options_before
        names = list(dict.fromkeys([*self.record.options, *used]))
        if not names and before == list(NO_CHOICE):
            return
        if set(names) != set(before):
            if not self.plan.is_new:
                self.plan.change(_("options"), ", ".join(before), ", ".join(names))
            self.plan.options = [
                Option(product=self.plan.product, name=name, position=number) for number, name in enumerate(names)
            ]


def _key(options: Choice) -> frozenset[tuple[str, str]]:
    return frozenset(plain_choice(options).items())


def units_shown(variant: Variant) -> int:
    """What a file says about the stock: what was oversold and went out is not below nothing there."""
    return max(0, variant.stock_on_hand)


def _name(variant: Variant) -> str:
    return variant.options_text or variant.sku


def _read(variant: Variant, name: str, value: Any) -> Any:
    if name in ("price_minor", "compare_at_minor") and value is not None:
        return Money(value, variant.currency)
    return " / ".join(value.values()) if name == "option_values" else value


def _shown(value: Any) -> str:
    text = {True: "true", False: "false", None: ""}.get(value, str(value)) if isinstance(value, bool | None) else str(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
