"""Imports in the admin: upload a product file, see what it would change, apply it, see what became of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.long_lists import LongList
from catalog.exchange.columns import guarded
from catalog.exchange.load import Done, load
from catalog.exchange.models import ImportRun, PictureToFetch
from catalog.exchange.pictures import try_again
from catalog.exchange.plan import CHANGED, NEW, REFUSED, UNCHANGED
from catalog.exchange.read import FileRefused
from catalog.exchange.runs import FEW, MOST_KEPT, SMALL, begin_to_apply, receive, work_on
from catalog.exchange.write import BOM, export

LARGEST = 200 * 1024 * 1024  # bytes
WRITES = ("catalog.add_product", "catalog.change_product", "catalog.add_variant", "catalog.change_variant")


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("In the layout that Shopify exports, as UTF-8. At most 200 MB. Nothing is changed until you say so."),
        widget=forms.ClearableFileInput({"accept": ".csv,text/csv", "aria-describedby": "id_file_helptext"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise ValidationError(_("This file is larger than 200 MB. Split it."))
        return file


@admin.register(ImportRun)
class ImportRunAdmin(LongList):
    list_display = ["file_name", "state", "new", "changed", "unchanged", "refused", "by", "applied_by", "created_at"]
    list_filter = ["state"]
    list_select_related = ["by", "applied_by"]

    def get_urls(self) -> list[Any]:
        own: list[tuple[str, Any, str]] = [
            ("export.csv", self.export, "export"),
            ("<int:pk>/apply/", self.apply, "apply"),
            ("<int:pk>/refused.csv", self.refused, "refused"),
            ("<int:pk>/changes.csv", self.changes, "changes"),
        ]
        named = [path(way, self.admin_site.admin_view(view), name=f"catalog_importrun_{name}") for way, view, name in own]
        return [*named, *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """An import writes products: whoever may not do that by hand may not do it by file."""
        return super().has_add_permission(request) and request.user.has_perms(WRITES)

    def has_change_permission(self, request: HttpRequest, obj: ImportRun | None = None) -> bool:
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if request.method == "POST" and form.is_valid():
            run = receive(form.cleaned_data["file"], by=request.user)
            return self._go_on(run)
        status = 422 if request.method == "POST" else 200
        return self._page(request, "upload", {"form": form, "title": _("Import products")}, status=status)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        if run is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        applied = run.state in (ImportRun.State.APPLYING, ImportRun.State.DONE)
        parts = [_part(run, name, outcome, applied) for name, outcome in OUTCOMES]
        busy = run.state in (ImportRun.State.CHECKING, ImportRun.State.APPLYING)
        about = {"run": run, "parts": parts, "busy": busy, "applied": applied, "title": run.file_name}
        checked = run.state == ImportRun.State.CHECKED
        may = {"may_apply": checked and self.has_add_permission(request), "may_download": checked}
        return self._page(request, "run", {**about, **may, "worth_it": run.new + run.changed > 0})

    @method_decorator(require_POST)
    def apply(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = get_object_or_404(ImportRun, pk=pk)
        if not self.has_add_permission(request):
            raise PermissionDenied
        if not begin_to_apply(run, by=request.user):
            messages.warning(request, _("This import was applied already, or cannot be."))
            return redirect("admin:catalog_importrun_change", run.pk)
        return self._go_on(run)

    @method_decorator(require_safe)
    def refused(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """What was refused and why, as a file."""
        run = get_object_or_404(ImportRun, pk=pk)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        applied = run.state in (ImportRun.State.APPLYING, ImportRun.State.DONE)
        return _download(f"import-{run.pk}-refused.csv", _refused_lines(run, applied))

    @method_decorator(require_safe)
    def changes(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """All that an import would do, without an end, as a file: looked through anew, batch by batch."""
        run = get_object_or_404(ImportRun, pk=pk, state=ImportRun.State.CHECKED)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        return _download(f"import-{run.pk}-changes.csv", _changes_lines(run))

    @method_decorator(require_safe)
    def export(self, request: HttpRequest) -> StreamingHttpResponse:
        if not request.user.has_perms(("catalog.view_product", "catalog.view_variant")):
            raise PermissionDenied
        return _download("products.csv", (text for text, _count in export()))

    def _go_on(self, run: ImportRun) -> HttpResponse:
        """A small file is done at once; others are left to the worker, and the page says how far it is."""
        if run.size <= SMALL and run.lines <= FEW:  # none are counted before it is looked through
            work_on(run)
        return redirect("admin:catalog_importrun_change", run.pk)

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        frame = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return render(request, f"admin/catalog/importrun/{name}.html", {**frame, **context}, status=status)


class FetchedFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("missing", _("Missing")), ("given-up", _("Given up")), ("here", _("Fetched"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen: dict[str, dict[str, Any]] = {
            "missing": {"image": None},
            "given-up": {"image": None, "due_at": None},
            "here": {"image__isnull": False},
        }
        return queryset.filter(**chosen.get(self.value() or "", {}))


@admin.register(PictureToFetch)
class PictureToFetchAdmin(LongList):
    """What is missing and why. Pictures are fetched by the worker."""

    list_display = ["product", "url", "error", "tries", "due_at"]
    list_display_links = ["product"]
    list_filter = [FetchedFilter]
    list_select_related = ["product"]
    search_fields = ["product__title__word", "product__slug__istartswith", "url__istartswith"]
    search_help_text = _("A word of the product's title, or how its address or that of the picture begins")
    fields = ["product", "url", "position", "alt", "error", "tries", "due_at"]
    actions = ["try_again"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PictureToFetch | None = None) -> bool:
        return False

    def has_write_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.change_product")

    @admin.action(description=_("Try again"), permissions=["write"])
    def try_again(self, request: HttpRequest, queryset: Any) -> None:
        count = try_again(queryset)
        text = ngettext("%d picture will be fetched now.", "%d pictures will be fetched now.", count)
        messages.success(request, text % count)


OUTCOMES = [(_("Refused"), REFUSED), (_("New"), NEW), (_("Changed"), CHANGED), (_("Unchanged"), UNCHANGED)]


def _refused_lines(run: ImportRun, applied: bool) -> Iterator[str]:
    yield BOM + _csv_line("Line", "Handle", "Reason")
    for entry in run.entries.filter(applied=applied, outcome=REFUSED).iterator(1000):
        for reason in entry.details[1:]:
            yield _csv_line(str(entry.line), entry.handle, reason)


def _changes_lines(run: ImportRun) -> Iterator[str]:
    yield BOM + _csv_line("Outcome", "Line", "Handle", "Title", "What")
    try:
        for batch in load(run.open, write_it=False):
            yield "".join(_lines_of(done) for done in batch)
    except FileRefused:  # its end was deleted meanwhile
        pass
    if not ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.CHECKED).exists():
        yield _csv_line("", "", "", "", str(_("This list is not whole: the import was applied or deleted meanwhile.")))


def _lines_of(done: Done) -> str:
    if done.outcome == UNCHANGED and not done.warnings:
        return ""
    about = (done.outcome, str(done.first), done.handle, done.title)
    return "".join(_csv_line(*about, what) for what in done.warnings + done.details or [""])


def _part(run: ImportRun, name: Any, outcome: str, applied: bool) -> dict[str, Any]:
    """What became of the products of one outcome, and a note if not all are listed."""
    count, entries = getattr(run, outcome), list(run.entries.filter(applied=applied, outcome=outcome)[:MOST_KEPT])
    note: Any = ""
    if outcome == UNCHANGED and entries:
        note = _("Listed are those of which something is left out.")
    elif count > len(entries) > 0:
        note = _("The first %d are shown.") % len(entries)
    return {"name": name, "outcome": outcome, "count": count, "entries": entries, "note": note}


def _csv_line(*cells: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerow([guarded(cell) for cell in cells])
    return out.getvalue()


def _download(name: str, texts: Iterator[str]) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(texts, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer
