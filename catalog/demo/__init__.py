"""The demo shop: prints drawn by algorithms, the same on every machine. Nothing here is imported by the shop itself."""
