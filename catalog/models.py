"""What can be bought, and how many are left."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.search_indexes import AnyCaseIndex, WordIndex
from catalog.addresses import address
from catalog.exchange.models import ImportRun as ImportRun
from catalog.fields import ChoicesField
from catalog.found import Findable, FindableQuerySet
from catalog.movements import StockMovement as StockMovement
from catalog.notices import LowStockMail as LowStockMail
from catalog.notices import LowStockNotice as LowStockNotice
from catalog.picture_models import ProductImage
from money import Money

MAX_PRICE_MINOR = 99_999_999  # eight digits: what every way to pay at Stripe accepts
LONGEST_PATH = 400  # of a category
MOST_ON_HAND = 2_147_483_647  # of one variant: what the column holds


def shop_currency() -> str:
    return settings.SHOP_CURRENCY


class Category(Findable):
    """A node of the category tree. `path` ("prints/flow-fields") is its address and is kept by `save`."""

    named_by = "path"

    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent"))
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("slug"), max_length=80)
    path = models.CharField(_("path"), max_length=LONGEST_PATH, unique=True, editable=False)
    description = models.TextField(_("description"), blank=True)
    position = models.PositiveIntegerField(_("position"), default=0, help_text=_("Lower comes first."))
    is_published = models.BooleanField(_("published"), default=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = FindableQuerySet.as_manager()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    @transaction.atomic
    def save(self, **kwargs: Any) -> None:
        self.path = self._path()
        super().save(**kwargs)
        for child in self.children.all():
            if child.path != f"{self.path}/{child.slug}":
                child.save()

    def clean(self) -> None:
        """Refuse a parent that lies below this category, which would make the tree a ring, and an address that is taken."""
        above = self.parent
        while above is not None:
            if above.pk == self.pk and self.pk is not None:
                raise ValidationError({"parent": _("A category cannot lie below itself.")})
            above = above.parent
        path = self._path()
        if len(path) > LONGEST_PATH:
            raise ValidationError({"slug": _("The address would be too long. Choose a shorter one.")})
        self._refuse_too_long_below(path)
        if Category.objects.filter(path=path).exclude(pk=self.pk).exists():
            raise ValidationError({"slug": _("Another category has this address already.")})

    def _refuse_too_long_below(self, path: str) -> None:
        """The addresses of what lies below begin with this one's."""
        old = Category.objects.filter(pk=self.pk).first()
        if old is None:
            return
        below = Category.objects.filter(path__startswith=f"{old.path}/").values_list("path", flat=True)
        ours = [each for each in below if each.startswith(f"{old.path}/")]  # SQLite ignores case
        longest = max(ours, key=len, default=old.path)
        if len(longest) - len(old.path) + len(path) > LONGEST_PATH:
            field = "slug" if old.parent_id == self.parent_id else "parent"
            text = _("The address of “%(path)s”, which lies below it, would be too long.")
            raise ValidationError({field: ValidationError(text, params={"path": longest})})

    def _path(self) -> str:
        return f"{self.parent.path}/{self.slug}" if self.parent else self.slug

    def get_absolute_url(self) -> str:
        return address("catalog:category", self.path)


class ProductQuerySet(FindableQuerySet):
    def published(self) -> ProductQuerySet:
        return self.filter(is_published=True)


class Product(Findable):
    """A thing on sale, in one or more variants. The price range and the stock live on the variants."""

    title = models.CharField(_("title"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=120, unique=True)
    summary = models.CharField(_("summary"), max_length=300, blank=True, help_text=_("One sentence for lists."))
    description = models.TextField(
        _("description"), blank=True, help_text=_("Simple HTML is kept, anything unsafe is dropped when it is shown.")
    )
    vendor = models.CharField(_("vendor"), max_length=120, blank=True)
    product_type = models.CharField(_("type"), max_length=120, blank=True, editable=False)  # as an import named its category
    tags = models.CharField(_("tags"), max_length=1000, blank=True, help_text=_("With commas between."))
    categories = models.ManyToManyField(Category, related_name="products", blank=True, verbose_name=_("categories"))
    requires_shipping = models.BooleanField(_("needs shipping"), default=True)
    is_published = models.BooleanField(_("published"), default=False)
    position = models.PositiveIntegerField(_("position"), default=0, help_text=_("Lower comes first."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["position", "id"]
        # SQLite finds no index by a boolean in its columns: Django writes no "= 1" behind it.
        indexes = [
            # The last column is for SQLite, which would look it up in every row to see what the condition says already.
            models.Index(
                fields=["id", "updated_at", "is_published"], condition=Q(is_published=True), name="catalog_product_mapped"
            ),
            models.Index(fields=["position", "id"], name="catalog_product_position"),
            models.Index(fields=["title"], name="catalog_product_title"),
            models.Index(fields=["created_at"], name="catalog_product_created"),
            AnyCaseIndex(fields=["slug"], name="catalog_product_slug_begins"),
            WordIndex(fields=["title"], name="catalog_product_words"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return address("catalog:product", self.slug)


class Option(models.Model):
    """What a shopper chooses by: "Size", "Paper". Its values are on the variants."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="options")
    name = models.CharField(_("name"), max_length=60)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("option")
        verbose_name_plural = _("options")
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["product", "name"], name="catalog_option_once")]

    def __str__(self) -> str:
        return self.name


class VariantQuerySet(models.QuerySet["Variant"]):
    def on_sale(self) -> VariantQuerySet:
        """Those that may be bought, in stock or not: published, and priced in the shop's currency."""
        return self.offered().filter(product__is_published=True)

    def offered(self) -> VariantQuerySet:
        """The same, for callers that know their products to be published."""
        return self.filter(is_active=True, currency=settings.SHOP_CURRENCY)


class Variant(models.Model):
    """One thing that can be put in a cart: a SKU with its price and its stock.

    `stock_on_hand` counts the units in the shop's hands, `stock_reserved` those of them promised to open orders.
    `stock_oversold` is what is missing from that: staff took it away knowingly (docs/adr/0008-oversell-is-said.md), and on
    hand falls below nothing when all promises are sold. Only catalog/stock.py changes the three, by conditional UPDATEs.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="variants", verbose_name=_("product"))
    sku = models.CharField(
        "SKU",
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"^[\w.\-/+#]+\Z", _("Letters, digits and . - / + # _ only."))],
    )
    option_values = ChoicesField(
        _("options"), default=dict, blank=True, help_text=_('For instance {"Size": "A3", "Paper": "Matte"}.')
    )
    price_minor = models.PositiveBigIntegerField(_("price"))
    compare_at_minor = models.PositiveBigIntegerField(_("price before"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default=shop_currency)
    barcode = models.CharField(_("barcode"), max_length=64, blank=True)
    grams = models.PositiveIntegerField(_("weight in grams"), default=0)
    stock_tracked = models.BooleanField(_("counts stock"), default=True, help_text=_("Off: never runs out, as with downloads."))
    stock_on_hand = models.IntegerField(_("on hand"), default=0, editable=False)
    stock_reserved = models.PositiveIntegerField(_("reserved"), default=0, editable=False)
    low_stock_at = models.PositiveIntegerField(
        _("low at"), null=True, blank=True, help_text=_("Units on hand at which staff are told. Empty: as for the whole shop.")
    )
    expected_on = models.DateField(
        _("more expected on"), null=True, blank=True, help_text=_("Until then a sold-out variant is said to be back soon.")
    )
    stock_oversold = models.PositiveIntegerField(_("oversold"), default=0, editable=False)
    image = models.ForeignKey(ProductImage, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("picture"))
    more_images = models.ManyToManyField(
        ProductImage,
        blank=True,
        related_name="more_of",
        verbose_name=_("more pictures"),
        help_text=_("In the product's order."),
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    objects = VariantQuerySet.as_manager()

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        ordering = ["position", "id"]
        indexes = [AnyCaseIndex(fields=["sku"], name="catalog_variant_sku_begins")]
        constraints = [
            models.CheckConstraint(condition=Q(price_minor__lte=MAX_PRICE_MINOR), name="catalog_price_bounded"),
            models.CheckConstraint(condition=Q(stock_reserved__gte=0), name="catalog_reserved_not_negative"),
            models.CheckConstraint(
                condition=Q(stock_oversold=0, stock_reserved__lte=F("stock_on_hand"))
                | Q(stock_oversold__gt=0, stock_reserved=F("stock_on_hand") + F("stock_oversold")),
                name="catalog_reserved_is_there_or_oversold",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product.title} · {self.options_text}" if self.option_values else self.product.title

    def save(self, **kwargs: Any) -> None:
        """Save an edit without the counts: what was read with the row may be old by now, a sale came between."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            names = {field.name for field in self._meta.concrete_fields if not field.primary_key}
            kwargs["update_fields"] = names - {"stock_on_hand", "stock_reserved", "stock_oversold"}
        super().save(**kwargs)

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

    @property
    def compare_at(self) -> Money | None:
        """The crossed-out price, if it is higher than the price."""
        if self.compare_at_minor is None or self.compare_at_minor <= self.price_minor:
            return None
        return Money(self.compare_at_minor, self.currency)

    @property
    def options_text(self) -> str:
        """The chosen values in words: "A3 / Matte"."""
        return " / ".join(str(value) for value in self.option_values.values())

    @property
    def available(self) -> int | None:
        """Units that can still be promised; None if stock is not counted."""
        return max(self.stock_on_hand - self.stock_reserved, 0) if self.stock_tracked else None

    @property
    def in_stock(self) -> bool:
        return self.available is None or self.available > 0


class LowStock(Variant):
    """The variants as the list of low stock shows them."""

    class Meta:
        proxy = True
        verbose_name = _("low stock")
        verbose_name_plural = _("low stock")
