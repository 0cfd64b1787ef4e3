"""Shoppers, staff, faults and kills against the real shop, and then every invariant: `python -m chaos`, docs/chaos.md."""
