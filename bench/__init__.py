"""How fast the shop is, beside bare Django pages served the same way: `python -m bench`, see docs/performance.md."""
