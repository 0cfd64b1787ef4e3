"""Lists of the admin from which many are changed at once: choose, say how, look at what would change, confirm."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from catalog.bulk.changes import PRICES, PUBLISH, STOCK, UNPUBLISH, Change
from catalog.bulk.chosen import MOST_PRODUCTS, MOST_VARIANTS, Unreadable, pack, unpack
from catalog.bulk.rows import Done, enumerated
from catalog.bulk.units import DoneBefore
from catalog.models import Product, Variant

LONGEST_QUERY = 2_000


class BulkChanges(admin.ModelAdmin):
    """Actions that ask before they do. Who may not change what they change neither sees nor may post them."""

    changes: ClassVar[list[Change]] = [PRICES, STOCK]

    def get_urls(self) -> list[Any]:
        model = self.opts.model_name
        own = [
            path(
                f"bulk/{change.name}/",
                self.admin_site.admin_view(require_POST(partial(self.bulk_view, change=change))),
                name=f"catalog_{model}_bulk_{change.name}",
            )
            for change in self.changes
        ]
        return [*own, *super().get_urls()]

    @admin.action(description=gettext_lazy("Change prices…"), permissions=["change_variant"])
    def change_prices(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return self._begin(request, queryset, PRICES)

    @admin.action(description=gettext_lazy("Change stock…"), permissions=["change_variant"])
    def change_stock(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return self._begin(request, queryset, STOCK)

    def has_change_variant_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.change_variant")

    def _begin(self, request: HttpRequest, queryset: QuerySet[Any], change: Change) -> HttpResponse | None:
        """Ask, if not too many are chosen: whoever chose a million by a filter did not look at them."""
        ids = self._chosen(queryset, change)
        if ids is None:
            most = {"products": MOST_PRODUCTS, "variants": MOST_VARIANTS}
            text = _(
                "At once at most %(products)d products or %(variants)d variants. Choose fewer by a filter, or import a file."
            )
            messages.error(request, text % most)
            return None
        if not ids:
            messages.warning(request, _("There is nothing to change: no variant is chosen."))
            return None
        asks = bool(change.form().fields)
        form = change.form() if asks else change.form({})
        query = request.GET.urlencode()[:LONGEST_QUERY]
        chosen = ",".join(pack(pk) for pk in ids)
        return self._page(request, change, form, chosen, query) if asks else self._look(request, change, form, chosen, query)

    def _chosen(self, queryset: QuerySet[Any], change: Change) -> list[int] | None:
        """The ids that the change is about; None if there are too many."""
        most = change.most if change.about == self.opts.model_name else MOST_PRODUCTS
        ids = list(queryset.order_by("pk").values_list("pk", flat=True)[: most + 1])
        if len(ids) > most:
            return None
        if change.about != self.opts.model_name:
            ids = list(Variant.objects.filter(product__in=ids).order_by("pk").values_list("pk", flat=True)[: change.most + 1])
        return ids if len(ids) <= change.most else None

    def bulk_view(self, request: HttpRequest, change: Change) -> HttpResponse:
        if not (self.has_view_permission(request) and request.user.has_perm(change.permission)):
            raise PermissionDenied
        sent, form = request.POST, change.form(request.POST)
        chosen, query, step = sent.get("chosen", ""), sent.get("query", "")[:LONGEST_QUERY], sent.get("step")
        try:
            if not unpack(chosen) or step not in ("ask", "look", "confirm"):
                raise Unreadable(chosen[:100])
            if step == "ask":
                return self._page(request, change, change.form(initial=sent.dict()), chosen, query)
            if not form.is_valid():
                return self._page(request, change, form, chosen, query, status=422)
            if step == "look":
                return self._look(request, change, form, chosen, query)
            shown = unpack(sent.get("shown", ""))
            done = change.make(shown, form, page=sent.get("page", ""), by=request.user)
            self._tell(request, change, done)
        except Unreadable:
            return self._page(request, change, None, "", query, status=400)
        except DoneBefore:
            messages.warning(request, _("This was done already. Nothing was booked a second time."))
        return redirect(f"{self._list}?{query}" if query else self._list)

    def _look(self, request: HttpRequest, change: Change, form: Any, chosen: str, query: str) -> HttpResponse:
        """What would change, and what would not and why."""
        rows = change.rows(unpack(chosen), form)
        changing, staying = [row for row in rows if not row.why], [row for row in rows if row.why]
        gone = len(unpack(chosen)) - len(rows)
        shown = ",".join(row.packed for row in changing)
        about: dict[str, Any] = {
            "changing": changing,
            "staying": staying,
            "gone": gone,
            "shown": shown,
            "page": secrets.token_urlsafe(16),
        }
        return self._page(request, change, form, chosen, query, looking=True, **about)

    def _page(
        self, request: HttpRequest, change: Change, form: Any, chosen: str, query: str, *, status: int = 200, **about: Any
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": change.label,
            "change": change,
            "form": form,
            "chosen": chosen,
            "count": chosen.count(",") + 1,
            "query": query,
            "list": self._list,
            "address": reverse(f"admin:catalog_{self.opts.model_name}_bulk_{change.name}"),
            **about,
        }
        return render(request, "admin/catalog/bulk.html", context, status=status)

    def _tell(self, request: HttpRequest, change: Change, done: Done) -> None:
        if done.changed or not (done.already or done.left):
            (messages.success if done.changed else messages.info)(request, change.told(done.changed))
        if done.already:
            messages.info(request, _("As wished already: %(count)d.") % {"count": done.already})
        for why, names in done.left.items():
            messages.warning(
                request, _("Left as it was: %(names)s. %(why)s.") % {"names": enumerated(names), "why": why.rstrip(".")}
            )

    @property
    def _list(self) -> str:
        return reverse(f"admin:catalog_{self.opts.model_name}_changelist")


class BulkProducts(BulkChanges):
    """Products are also put into the shop and taken out."""

    changes = [PUBLISH, UNPUBLISH, PRICES, STOCK]

    @admin.action(description=gettext_lazy("Publish…"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponse | None:
        return self._begin(request, queryset, PUBLISH)

    @admin.action(description=gettext_lazy("Take out of the shop…"), permissions=["change"])
    def unpublish(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponse | None:
        return self._begin(request, queryset, UNPUBLISH)
