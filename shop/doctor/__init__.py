"""`manage.py doctor`: is the shop set up right, and how is it mended? One module per part; examine.py runs them all."""
