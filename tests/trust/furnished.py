"""A shop with one of everything in it, so that every page of the shop and of its admin has something to show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import User
from catalog.exchange.models import ImportRun
from catalog.models import Product, Variant
from catalog.preview import preview_link
from catalog.sitemap import KEYS_IN_A_PART
from orders.access import order_key
from payments.models import Difference, Dispute, Payment
from payments.reconcile import reconcile
from payments.refund import refund
from tests import factories, people
from tests.payments.shopping import one_event
from tests.trust.every_page import Place
from tests.trust.odd_bodies import URLENCODED
from tests.trust.raw_http import RawClient
from tests.trust.world import World

CHANGING = {
    "accounts.HourlyCount",
    "sessions.Session",
    "accounts.Tally",
}  # sessions begin and tries are counted whatever was sent
CSRF = "t" * 32


@dataclass
class FurnishedShop:
    world: World
    product: Product
    draft: Product  # not in the shop
    variant: Variant
    paid: Payment
    pending: Payment
    anyone: RawClient
    mallory: RawClient
    grace: RawClient
    ada: RawClient  # with two of the variant in her cart

    @classmethod
    def of(cls, world: World) -> FurnishedShop:
        product = factories.product(categories=[factories.category()])
        factories.picture(product=product)
        variant = factories.variant(product=product)
        factories.shipping_rate()
        Group.objects.create(name="Packers")
        paid = world.shopper().buy(factories.download(price_minor=900))
        world.deliver(one_event(world.sandbox, "checkout.session.completed"))
        paid.order.refresh_from_db()
        refund(paid.order, amount_minor=100, restock=False, reason="", by="grace@shop.test")
        factories.promotion()
        bob = world.shopper(email="bob@shop.test").put(variant)
        bob.client.post("/cart/code/", {"code": "SPRING"})
        pending = bob.checkout()
        reconcile()
        ImportRun.objects.create(file_name="prints.csv", state=ImportRun.State.DONE, finished_at=timezone.now())
        _dispute(paid)
        Difference.objects.create(kind="amount", reference="pi_1", detail="Not so", resolved_at=timezone.now())
        ada = visitor(world, people.ada())
        ada.send("POST", "/cart/add/", {"Content-Type": URLENCODED}, b"variant=%d&quantity=2" % variant.pk)
        draft = factories.product(is_published=False)
        visitors = visitor(world), visitor(world, people.mallory()), visitor(world, people.grace()), ada
        return cls(world, product, draft, variant, paid, pending, *visitors)

    def parts_of(self, place: Place) -> dict[str, Any]:
        """What an address is made of, for something that is there."""
        model = re.match(r"/admin/(\w+)/(\w+)/", place.pattern)
        row = self._row(*model.groups()) if model else None
        user = people.mallory()
        return {
            "slug": self.product.slug,
            "path": self.product.categories.get().path,
            "number": self.paid.order.number,
            "uidb64": urlsafe_base64_encode(force_bytes(user.pk)),
            "token": self._preview if place.pattern.startswith("/preview/") else default_token_generator.make_token(user),
            "name": "refund" if place.is_admin else f"pictures/00/{'0' * 64}.jpg",
            "app_label": "catalog",
            "url": "nowhere",
            "content_type_id": 1,
            "id": row,
            "object_id": row,
            "pk": row,
            "part": self.product.pk // KEYS_IN_A_PART,
        }

    def at(self, place: Place, **odd: str) -> str:
        address = place.at(**{**self.parts_of(place), **odd})
        is_secret = place.parts == ("number",) and not odd
        return f"{address}?key={order_key(self.paid.order)}" if is_secret else address

    @property
    def _preview(self) -> str:
        return preview_link(self.draft)[0].split("/")[-2]

    def _row(self, app: str, model: str) -> int:
        if (app, model) == ("accounts", "user"):
            return people.mallory().pk
        found = apps.get_model(app, model).objects.order_by("pk").first() if model in apps.all_models[app] else None
        return found.pk if found else 1


def visitor(world: World, user: User | None = None) -> RawClient:
    """Somebody with a CSRF token, signed in as `user`."""
    cookies = {"csrftoken": CSRF}
    if user:
        client = Client()
        client.force_login(user)
        cookies["sessionid"] = client.cookies["sessionid"].value
    return RawClient(world.shop.url, cookies)


def rows() -> dict[str, list[Any]]:
    """Everything that the database holds, but what changes with every visit."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.label not in CHANGING]
    return {model._meta.label: list(model._default_manager.order_by("pk").values_list()) for model in models}


def _dispute(payment: Payment) -> None:
    money = {"amount_minor": payment.amount_minor, "currency": payment.currency}
    Dispute.objects.create(payment=payment, stripe_id="dp_1", status="won", closed_at=timezone.now(), **money)
    Difference.objects.create(kind="dispute", reference="dp_1", detail="Won", resolved_at=timezone.now(), order=payment.order)
