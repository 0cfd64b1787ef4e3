"""The yardstick: a small Django project as `startproject` makes it, without any code of the shop."""
