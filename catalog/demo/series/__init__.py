"""What the demo shop sells: series of prints, each with its algorithm, its words and its pieces."""
