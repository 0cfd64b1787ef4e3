"""From the lines of a product to what they say, in the shop's terms. Asks no database: what it refuses is wrong anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from catalog.exchange import picture_address
from catalog.exchange.cells import CellRefused, amount, code, one_of, short, weight, whole, yes_or_no
from catalog.exchange.columns import MOST_OPTIONS
from catalog.exchange.handles import LONGEST as LONGEST_HANDLE
from catalog.exchange.handles import is_handle, slug_of
from catalog.exchange.read import LONGEST_CELL, Block, Line, Reason
from catalog.models import MOST_ON_HAND

NO_CHOICE = {"Title": "Default Title"}  # how the layout writes a product without options
MOST_VARIANTS = 500
MOST_PICTURES = 100
LONGEST_ALT = 250

# Columns of the first line, the product's field and its longest text.
TEXTS = {
    "Title": ("title", 200),
    "Body (HTML)": ("description", LONGEST_CELL),
    "Vendor": ("vendor", 120),
    "Tags": ("tags", 1000),
    "Summary": ("summary", 300),
    "SEO Title": ("seo_title", 200),
    "SEO Description": ("seo_description", 400),
}
# Columns that say that a line is about a variant, not only about a picture.
OF_VARIANTS = ("Variant SKU", "Variant Price", "Variant Compare At Price", "Variant Inventory Qty", "Variant Barcode")

Choice = dict[str, str]


@dataclass(slots=True)
class VariantRecord:
    """What a line says about a variant. None, or a field that is not there: the file leaves it as it is."""

    line: int
    options: Choice | None
    sku: str
    fields: dict[str, Any]
    quantity: int | None
    picture: str


@dataclass(slots=True)
class PictureRecord:
    line: int
    url: str
    position: int | None  # from 0
    alt: str | None


@dataclass(slots=True)
class Record:
    """What a file says about a product."""

    handle: str
    first: int
    last: int
    fields: dict[str, Any] = field(default_factory=dict)
    type: str = ""
    options: list[str] | None = None
    variants: list[VariantRecord] = field(default_factory=list)
    pictures: list[PictureRecord] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    warnings: list[Reason] = field(default_factory=list)  # what is left out or cut; the product is imported all the same

    @property
    def slug(self) -> str:
        return slug_of(self.handle)


def parse(block: Block, columns: frozenset[str]) -> Record:
    """Everything that is wrong is in the record's `reasons`; without any the record is whole."""
    record = Record(block.handle, block.first, block.lines[-1].number, reasons=list(block.reasons))
    if record.reasons:
        return record
    _Reader(record, columns).read(block.lines)
    return record


class _Reader:
    """Reads the lines of one product into its record."""

    def __init__(self, record: Record, columns: frozenset[str]) -> None:
        self.record, self.columns = record, columns
        self.shipped: list[bool] = []

    def read(self, lines: list[Line]) -> None:
        if not is_handle(self.record.handle):
            self._refuse(lines[0], "Handle", _("Up to %d letters, digits, - and _.") % LONGEST_HANDLE)
            return
        self._product(lines[0])
        self._options(lines)
        for line in lines:
            if self._is_variant(line):
                self._variant(line)
            self._picture(line)
        if self.shipped:
            self.record.fields["requires_shipping"] = any(self.shipped)
        self._limits(lines)

    def _refuse(self, line: Line, column: str, text: str) -> None:
        self.record.reasons.append(Reason(line.number, column, text))

    def _warn(self, line: Line, column: str, text: str) -> None:
        self.record.warnings.append(Reason(line.number, column, text))

    def _try(self, line: Line, column: str, read: Any, *more: Any) -> Any:
        """What `read` makes of the cell; None if it is empty or refused."""
        cell = line.cells.get(column, "")
        if not cell:
            return None
        try:
            return read(cell, *more)
        except CellRefused as error:
            self._refuse(line, column, str(error))
            return None

    def _product(self, line: Line) -> None:
        fields = self.record.fields
        for column, (name, longest) in TEXTS.items():
            if column in self.columns:
                fields[name] = self._try(line, column, short, longest) or ""
        if "Title" in self.columns and not line.cells.get("Title", "").strip():
            self._refuse(line, "Title", _("This cell is empty: the first line of a product needs its title."))
        self.record.type = (self._try(line, "Type", short, 120) or "").strip()
        shown = self._try(line, "Published", yes_or_no)
        status = self._try(line, "Status", one_of, ("active", "draft", "archived", "unlisted"))
        if shown is not None or status is not None:
            fields["is_published"] = shown is not False and status in (None, "active")

    def _options(self, lines: list[Line]) -> None:
        if "Option1 Name" not in self.columns or "Option1 Value" not in self.columns:
            return
        names: list[str] = []
        for number in range(1, MOST_OPTIONS + 1):
            column = f"Option{number} Name"
            name = self._try(lines[0], column, short, 60) or ""
            if name in names and name:
                self._refuse(lines[0], column, _("“%s” names an option twice.") % name)
            names.append(name)
            for line in lines[1:]:
                if line.cells.get(column, name) != name:
                    self._refuse(line, column, _("The first line of the product names this option “%s”.") % name)
        self.names = names
        if self._says_no_choice(lines):
            self.names, self.record.options = [], []
        else:
            self.record.options = [name for name in names if name]

    def _says_no_choice(self, lines: list[Line]) -> bool:
        if [name for name in self.names if name] != list(NO_CHOICE):
            return False
        values = {line.cells.get("Option1 Value", "") for line in lines if self._is_variant(line)}
        return values <= {*NO_CHOICE.values()}

    def _is_variant(self, line: Line) -> bool:
        values = (f"Option{number} Value" for number in range(1, MOST_OPTIONS + 1))
        return not line.cells.keys().isdisjoint((*OF_VARIANTS, *values))

    def _choice(self, line: Line) -> Choice | None:
        if self.record.options is None:
            return None
        chosen: Choice = {}
        for number in range(1, MOST_OPTIONS + 1):
            column = f"Option{number} Value"
            value = self._try(line, column, short, 100)
            if value is None:
                continue
            name = self.names[number - 1] if self.names else ""
            if name:
                chosen[name] = value
            elif self.names or value != NO_CHOICE["Title"]:
                self._refuse(line, column, _("The first line of the product does not name this option."))
        return chosen

    def _variant(self, line: Line) -> None:
        fields: dict[str, Any] = {}
        price = self._try(line, "Variant Price", amount)
        if price is not None:
            fields["price_minor"] = price
        if "Variant Compare At Price" in self.columns:
            fields["compare_at_minor"] = self._try(line, "Variant Compare At Price", amount)
        if "Variant Barcode" in self.columns:
            fields["barcode"] = self._try(line, "Variant Barcode", code, 64) or ""
        grams = self._try(line, "Variant Grams", weight)
        if grams is not None:
            fields["grams"] = grams
        active = self._try(line, "Variant Active", yes_or_no)
        if active is not None:
            fields["is_active"] = active
        shipped = self._try(line, "Variant Requires Shipping", yes_or_no)
        if shipped is not None:
            self.shipped.append(shipped)
        sku = self._try(line, "Variant SKU", code, 64) or ""
        if not re.fullmatch(r"[\w.\-/+#]*", sku):
            self._refuse(line, "Variant SKU", _("Letters, digits and . - / + # _ only."))
        tracked = self._tracked(line)
        if tracked is not None:
            fields["stock_tracked"] = tracked
        # Below nothing, as such files may say, where it sells without end: nobody counts it here.
        quantity = None if tracked is False else self._try(line, "Variant Inventory Qty", whole, MOST_ON_HAND)
        picture = self._address(line, "Variant Image")
        self.record.variants.append(VariantRecord(line.number, self._choice(line), sku, fields, quantity, picture))

    def _tracked(self, line: Line) -> bool | None:
        """Is the stock counted? "continue" sells without end; so does a line with neither a tracker nor a quantity."""
        policy = self._try(line, "Variant Inventory Policy", one_of, ("deny", "continue"))
        if policy == "continue":
            return False
        if "Variant Inventory Tracker" in line.cells or "Variant Inventory Qty" in line.cells:
            return True
        return False if "Variant Inventory Tracker" in self.columns else None

    def _picture(self, line: Line) -> None:
        url = self._address(line, "Image Src")
        position = self._try(line, "Image Position", whole, 1_000_000)
        if position == 0:
            self._refuse(line, "Image Position", _("Pictures are counted from 1."))
        if url:
            alt = self._alt(line) if "Image Alt Text" in self.columns else None
            self.record.pictures.append(PictureRecord(line.number, url, position - 1 if position else None, alt))

    def _address(self, line: Line, column: str) -> str:
        """Empty if there is none, or one too long to be kept."""
        address = picture_address.tidied(line.cells.get(column, ""))
        if len(address) > picture_address.LONGEST:
            self._warn(line, column, _("Longer than %d characters: this picture is left out.") % picture_address.LONGEST)
            return ""
        if address and (why := picture_address.why_never(address)):
            self._warn(line, column, _("%s This picture will be missing.") % why)
        return address

    def _alt(self, line: Line) -> str:
        text = line.cells.get("Image Alt Text", "")
        if len(text) > LONGEST_ALT:
            about = {"here": len(text), "longest": LONGEST_ALT}
            self._warn(line, "Image Alt Text", _("%(here)d characters: only the first %(longest)d are kept.") % about)
        return text[:LONGEST_ALT]

    def _limits(self, lines: list[Line]) -> None:
        if len(self.record.variants) > MOST_VARIANTS:
            self._refuse(lines[0], "", _("More than %d variants in one product.") % MOST_VARIANTS)
        shown = {variant.picture for variant in self.record.variants}
        more = [picture for picture in self.record.pictures[MOST_PICTURES:] if picture.url not in shown]
        if more:
            about = {"most": MOST_PICTURES, "more": len(more)}
            text = _("More than %(most)d pictures in one product: from here on they are left out, %(more)d of them.") % about
            self.record.warnings.append(Reason(more[0].line, "Image Src", text))
            left = {picture.line for picture in more}
            self.record.pictures = [picture for picture in self.record.pictures if picture.line not in left]
