"""One function per algorithm: `draw(canvas, palette, rng, **settings)`."""
