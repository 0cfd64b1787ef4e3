"""Every invariant that the database can show, each a query that finds its violations. docs/audit.md lists them.

What a constraint of the database makes impossible has no check: it is listed there too.
"""

from payments.audit import codes, followups, listings, money, orders, stock  # (registers their checks)
from payments.audit.run import CHECKS, OVERDUE, SHOWN, audit

__all__ = ["CHECKS", "OVERDUE", "SHOWN", "audit", "codes", "followups", "listings", "money", "orders", "stock"]
