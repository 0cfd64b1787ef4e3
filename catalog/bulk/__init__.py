"""Many products changed at once: in the shop or not, their prices, their stock. A page says first what would change."""
