"""A page of the admin that was opened before somebody else changed something does not put the old value back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class KeepsNewer(forms.ModelForm):
    """Of the fields in `newer`, what the page showed is sent along with what is typed.

    Where staff left what they were shown, the row keeps what it has now. Where both changed it, the form says so beside the
    field, and saves what was typed when it is sent again. Whoever saves has locked the row's product before it was read.
    """

    newer: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self._newer():
            self.fields[name].show_hidden_initial = True

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        for name in self._newer():
            shown = self.data.get(self.add_initial_prefix(name))
            if shown is not None and name not in self.errors:
                self._keep(name, shown)
        return data

    def _newer(self) -> list[str]:
        return [name for name in self.newer if name in self.fields and self.instance.pk]

    def _keep(self, name: str, shown: str) -> None:
        now, text = getattr(self.instance, name), self._text(name)
        if name not in self.changed_data:
            self.cleaned_data[name] = now
        elif shown != text and self.cleaned_data[name] != now:
            self._show(name, text)
            words = _("It was changed to %(now)s since you opened this page. Save again if what you typed is right.")
            self.add_error(name, ValidationError(words, params={"now": text or "–"}))

    def _text(self, name: str) -> str:
        """What the field shows of the row as it is now."""
        value = self.fields[name].prepare_value(getattr(self.instance, name))
        return "" if value is None else str(value)

    def _show(self, name: str, text: str) -> None:
        sent: Any = self.data
        again = sent.copy()
        again[self.add_initial_prefix(name)] = text
        self.data = again
