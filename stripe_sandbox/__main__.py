"""Command line: python -m stripe_sandbox --port N --webhook URL --secret whsec_... --db FILE"""

import argparse
import sys

from .config import BadSetting, Config
from .server import bind, serve


def read_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line; leaves the program with a sentence when it makes no sense."""
    parser = argparse.ArgumentParser(prog="stripe_sandbox", description="A stateful stand-in for Stripe. No real money moves.")
    parser.add_argument("--port", type=int, default=12111, help="0: any free one; the ready line says which (%(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--webhook", default="", metavar="URL", help="where events are delivered")
    parser.add_argument(
        "--secret", action="append", default=[], metavar="whsec_...", help="signs webhooks; several: repeated, or with commas"
    )
    parser.add_argument("--db", default="stripe_sandbox.sqlite3", metavar="FILE", help="state, an SQLite file (%(default)s)")
    parser.add_argument("--public-url", default="", metavar="URL", help="address shoppers reach it at (http://HOST:PORT)")
    parser.add_argument("--delayed-seconds", default="5", metavar="N|never", help="until bank debits end (%(default)s)")
    parser.add_argument("--retry-base", type=float, default=1.0, metavar="SECONDS", help="first wait between deliveries")
    parser.add_argument("--log-level", default="warning", choices=["debug", "info", "warning", "error"])
    return parser.parse_args(argv)


def config_of(arguments: argparse.Namespace) -> Config:
    """Settings at the start. Raises BadSetting."""
    try:
        delayed = None if arguments.delayed_seconds == "never" else float(arguments.delayed_seconds)
    except ValueError as error:
        raise BadSetting("--delayed-seconds: a number or the word never") from error
    return Config().changed(
        {
            "webhook_url": arguments.webhook,
            "webhook_secrets": [word for entry in arguments.secret for word in entry.split(",") if word],
            "retry_base_seconds": arguments.retry_base,
            "delayed_payment_seconds": delayed,
        }
    )


def main(argv: list[str] | None = None) -> int:
    """Run until stopped; 2 when it cannot start."""
    arguments = read_arguments(argv)
    try:
        config = config_of(arguments)
        if config.webhook_url and not config.webhook_secrets:
            raise BadSetting("--webhook needs --secret: webhooks are always signed")
        listener = bind(arguments.host, arguments.port)
    except BadSetting as error:
        print(f"stripe_sandbox: {error}", file=sys.stderr)
        return 2
    except (OSError, OverflowError) as error:
        where = f"{arguments.host}:{arguments.port}"
        print(f"stripe_sandbox: cannot listen on {where} ({error}); choose another --port.", file=sys.stderr)
        return 2
    public_url = arguments.public_url or f"http://{arguments.host}:{listener.getsockname()[1]}"
    serve(listener, db=arguments.db, config=config, public_url=public_url, log_level=arguments.log_level)
    return 0


if __name__ == "__main__":
    sys.exit(main())
