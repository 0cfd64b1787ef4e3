"""Collected static files, made once per content: `python -m tools.static_files` prints the folder for STATIC_ROOT.

The folder's name is a fingerprint of what goes into it, so a second start collects nothing and two runs never disturb
each other.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".run" / "static"
KEEP_SECONDS = 24 * 3600


def collected(env: dict[str, str] | None = None) -> Path:
    """The folder with the collected files, made now if need be. Raises CalledProcessError. Safe at the same time as itself."""
    folder = KEPT / _fingerprint()
    if not folder.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        _remove_old()
        making = Path(tempfile.mkdtemp(prefix="making-", dir=KEPT))
        command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {}), "STATIC_ROOT": str(making)}, check=True)
        making.chmod(0o755)
        try:
            making.rename(folder)
        except OSError:  # somebody else was quicker
            shutil.rmtree(making)
    os.utime(folder)
    return folder


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{version('Django')} {version('whitenoise')}".encode())
    for file in sorted([*ROOT.glob("static/**/*"), *ROOT.glob("[!.]*/static/**/*")]):
        if file.is_file():
            digest.update(str(file.relative_to(ROOT)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _remove_old() -> None:
    for folder in KEPT.iterdir():
        if time.time() - folder.stat().st_mtime > KEEP_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    print(collected())
