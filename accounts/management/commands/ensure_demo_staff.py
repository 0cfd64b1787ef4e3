"""The staff account of the demo. Its password comes by the environment, so that no process list shows it."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User


class Command(BaseCommand):
    help = "Make the account DEMO_STAFF_EMAIL with the password DEMO_STAFF_PASSWORD, or give it that password. For demos only."

    def handle(self, **options: Any) -> None:
        email, password = (os.environ.get(name, "") for name in ("DEMO_STAFF_EMAIL", "DEMO_STAFF_PASSWORD"))
        if not email or not password:
            raise CommandError("Set DEMO_STAFF_EMAIL and DEMO_STAFF_PASSWORD.")
        user, made = User.objects.get_or_create(email=email.strip().lower(), defaults={"name": "Demo Staff"})
        if not made and not user.is_staff:
            raise CommandError(f"{email} is a shopper's account: choose another address.")
        user.is_staff = user.is_superuser = user.is_active = True
        if not user.check_password(password):
            user.set_password(password)
        user.save()
        self.stdout.write(f"Staff account {user.email} is {'made' if made else 'there'}.")
