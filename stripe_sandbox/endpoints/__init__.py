"""The calls of the API, a module per resource. Each takes a checked Call and returns a whole object."""
