"""The pictures on the page of a product in the admin: described, put in order, and with what became of their files."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.forms.widgets import CheckboxInput, Script
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.images import StoredPicture, fill
from catalog.models import Product, ProductImage
from catalog.uploads import Uploads


def thumbnail(image: ProductImage | None) -> str:
    if image is None or not image.url:
        return "–"
    return format_html('<img class="catalog-thumbnail" src="{}" alt="" width="48" height="60">', image.thumbnail_url)


def state_of(image: ProductImage) -> str:
    """Its size, and in words what is not as it should be."""
    if image.pk is None:
        return "–"
    size = f"{image.width} × {image.height}"
    if image.is_lost:
        return gettext("Its file is lost, so shoppers see a placeholder. Choose the file again.")
    if image.error and image.due_at is None:
        return gettext("%(size)s. No smaller copies: %(error)s") % {"size": size, "error": image.error}
    if image.error:
        return gettext("%(size)s. No smaller copies yet, they are tried again: %(error)s") % {
            "size": size,
            "error": image.error,
        }
    if image.due_at is not None:
        return gettext("%(size)s. The smaller copies are being made.") % {"size": size}
    return size


class TabularInline(admin.TabularInline):
    """Names each field for those who cannot see the heading of its column; Django 5.2 leaves that out."""

    def get_formset(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> Any:
        formset: Any = super().get_formset(request, obj, **kwargs)
        for field in formset.form.base_fields.values():
            field.widget.attrs["aria-label"] = field.label
        formset.deletion_widget = CheckboxInput({"aria-label": _("Delete")})
        return formset


class ImageForm(forms.ModelForm):
    """A picture of a product. Its file was stored before the form was looked at: see catalog/uploads.py."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_("JPEG, PNG or WebP, at most 15 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    class Meta:
        model = ProductImage
        fields = ["alt", "position"]
        help_texts = {"alt": _("What is to be seen, in a sentence: “Blue lines on cream paper, denser towards the left”.")}

    def __init__(self, *args: Any, uploads: Uploads | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.uploads = uploads or {}
        if "position" in self.fields:
            # static/js/admin-picture-order.js puts buttons beside it, in these words
            words = {"data-earlier": _("Earlier"), "data-later": _("Later"), "data-drag": _("Drag to its place")}
            self.fields["position"].widget.attrs |= words
        if self.instance.pk:
            return
        if "alt" in self.fields:
            self.fields["alt"].required = True
        if "position" in self.fields:
            self.fields["position"].required = False
            self.initial["position"] = None

    def clean_file(self) -> StoredPicture | None:
        outcome = self.uploads.get(self.add_prefix("file"))
        if isinstance(outcome, Exception):
            raise ValidationError(str(outcome))
        if outcome is None and not self.instance.pk:
            raise ValidationError(_("Choose a file."))
        return outcome

    def save(self, commit: bool = True) -> ProductImage:
        if self.cleaned_data.get("file"):
            fill(self.instance, self.cleaned_data["file"])
        if self.instance.position is None:
            last = self.instance.product.images.aggregate(last=Max("position"))["last"]
            self.instance.position = 0 if last is None else last + 1
        return super().save(commit=commit)


class ImageFormSet(forms.BaseInlineFormSet):
    """All pictures of a product. `uploads` is set on a subclass per request."""

    uploads: Uploads = {}

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "uploads": self.uploads}


class ImageInline(TabularInline):
    model = ProductImage
    form = ImageForm
    formset = ImageFormSet
    extra = 1
    readonly_fields = ["preview", "size"]

    class Media:
        js = [Script("js/admin-picture-order.js", type="module")]

    def get_fields(self, request: HttpRequest, obj: Product | None = None) -> Any:
        typed = ["file"] if self.has_change_permission(request, obj) else []
        return ["preview", "alt", "position", "size", *typed]

    def get_formset(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.uploads = getattr(request, "catalog_uploads", {})
        return formset

    @admin.display(description=_("picture"))
    def preview(self, image: ProductImage) -> str:
        return thumbnail(image)

    @admin.display(description=_("size"))
    def size(self, image: ProductImage) -> str:
        return state_of(image)
