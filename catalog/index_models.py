"""What lists and search read instead of the products themselves. catalog/listing.py alone writes these rows."""

from __future__ import annotations

from django.db import models


class Listing(models.Model):
    """A published product of which something is on sale. Its words are in the index beside it (catalog/index/).

    `price_minor` is the lowest price, in the shop's currency. `choices` are the values of its variants by option,
    {"Size": ["A4", "A3"]}; `categories` the ids of all visible ones that it is in, directly or below.
    """

    product = models.OneToOneField("catalog.Product", models.CASCADE, primary_key=True, related_name="listing")
    position = models.PositiveIntegerField()
    price_minor = models.PositiveBigIntegerField()
    choices = models.JSONField(default=dict)
    categories = models.JSONField(default=list)

    class Meta:
        indexes = [
            models.Index(fields=["position", "product"], name="catalog_listing_position"),
            models.Index(fields=["price_minor", "product"], name="catalog_listing_price"),
        ]

    def __str__(self) -> str:
        return f"listing of product {self.pk}"


class Place(models.Model):
    """A listing in a category that shows it, those above its own included: a page of a category is a walk along an index."""

    category = models.ForeignKey("catalog.Category", models.CASCADE, related_name="+", db_index=False)
    listing = models.ForeignKey(Listing, models.CASCADE, related_name="places")
    position = models.PositiveIntegerField()
    price_minor = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["category", "listing"], name="catalog_place_once")]
        indexes = [
            models.Index(fields=["category", "position", "listing"], name="catalog_place_position"),
            models.Index(fields=["category", "price_minor", "listing"], name="catalog_place_price"),
        ]

    def __str__(self) -> str:
        return f"product {self.listing_id} in category {self.category_id}"


class Word(models.Model):
    """A word that some listing had once: what a mistyped word may have been meant for."""

    text = models.CharField(max_length=40, primary_key=True)

    def __str__(self) -> str:
        return self.text


class Choice(models.Model):
    """A value of an option that some listing had once, by the token that listings have of it: what lists may offer."""

    token = models.CharField(max_length=17, primary_key=True)
    name = models.CharField(max_length=200)
    value = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["name"], name="catalog_choice_name")]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class Gram(models.Model):
    """Three neighbouring letters of a word, its ends marked: the index by which words that look alike are found."""

    gram = models.CharField(max_length=3)
    word = models.ForeignKey(Word, models.CASCADE, related_name="grams")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gram", "word"], name="catalog_gram_once")]

    def __str__(self) -> str:
        return f"{self.gram} in {self.word_id}"
