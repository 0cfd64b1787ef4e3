"""A stateful stand-in for Stripe: a separate program that answers as Stripe's API does, without an account or a network."""

API_VERSION = "2026-10-28.endive"
