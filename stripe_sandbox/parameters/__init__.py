"""What each call accepts: tables of parameters made of the checks in `checks`."""
