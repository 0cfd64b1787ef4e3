"""What a visitor may ask the catalogue for."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class SearchForm(forms.Form):
    """Refuses more than 100 characters and NUL, which PostgreSQL cannot look for."""

    q = forms.CharField(label=_("Search the prints"), max_length=100, required=False)
