"""Metadata in an update: keys are merged, an empty value takes its key away, an empty hash takes all."""


def merged(old: dict[str, str], changes: dict[str, str]) -> dict[str, str]:
    """The metadata after the update."""
    if not changes:
        return {}
    return {key: value for key, value in (old | changes).items() if value != ""}
