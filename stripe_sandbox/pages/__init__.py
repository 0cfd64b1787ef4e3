"""Pages for people: the hosted payment page and the dashboard."""
