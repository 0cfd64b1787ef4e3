"""What happens to objects: each flow is one transition, atomic, with its events."""
