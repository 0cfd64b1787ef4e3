"""The control calls below /_sandbox/: JSON in, JSON out. The README lists them."""
