"""All settings of the shop. Everything a merchant changes is an environment variable, named in the schema below."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF

from shop.environment import Environment, flag, log_format, log_level, url

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment(
    DEBUG=(flag, False),
    SECRET_KEY=(str, ""),
    ALLOWED_HOSTS=(list, []),
    SITE_URL=(url, ""),  # https://shop.example: links in mails and to Stripe; http only on this machine
    TRUSTED_PROXY=(flag, False),  # a proxy in front sets X-Forwarded-Proto and -For
    DATABASE_URL=(str, f"sqlite:///{BASE_DIR / 'shop.sqlite3'}"),
    CACHE_URL=(str, "locmemcache://"),  # Django's cache: nothing that matters is kept there
    EMAIL_URL=(str, "consolemail://"),  # smtp+tls://user:password@host:587; empty: printed (DEBUG only)
    DEFAULT_FROM_EMAIL=(str, "shop@localhost"),
    SHOP_NAME=(str, "Strata Prints"),
    SHOP_CURRENCY=(str, "EUR"),
    STRIPE_SECRET_KEY=(str, ""),
    STRIPE_PUBLISHABLE_KEY=(str, ""),
    STRIPE_WEBHOOK_SECRETS=(list, []),  # several while one is being replaced
    STRIPE_API_BASE=(url, ""),  # empty: Stripe itself
    STRIPE_JS_URL=(url, "https://js.stripe.com/endive/stripe.js"),
    AZURE_STORAGE_CONNECTION_STRING=(str, ""),
    AZURE_STORAGE_ACCOUNT=(str, ""),  # instead of a connection string: managed identity
    AZURE_STORAGE_CONTAINER=(str, "media"),
    AZURE_CDN_BASE_URL=(url, ""),  # https://cdn.example: put in front of stored names
    MEDIA_ROOT=(str, str(BASE_DIR / "media")),  # pictures without Azure
    STATIC_ROOT=(str, str(BASE_DIR / "staticfiles")),  # where `manage.py collectstatic` writes
    STRIPE_PROMOTION_CODES=(flag, False),  # Stripe's page offers a field for codes made in its dashboard
    STRIPE_TAX=(str, ""),  # inclusive, exclusive: Stripe reckons the tax of what its page sells; empty: nobody does
    PAYMENT_WAYS=(list, ["hosted"]),  # hosted, embedded, element; the first is what shoppers get who do not choose
    ORDER_HOLD_MINUTES=(int, 32),
    IMPORT_PICTURE_HOSTS=(list, []),  # host or host:port: pictures are fetched from there though it is no public address
    PAGE_CACHE_SECONDS=(int, 5),  # how old a page of the catalogue may be for visitors nothing is known of; 0: never kept
    COUNT_CACHE_SECONDS=(int, 30),  # how old the numbers beside the filters of long lists may be; 0: counted each time
    LOW_STOCK_UNITS=(int, 3),  # for variants that have no number of their own
    STOCK_MAIL_TO=(list, []),  # staff who are told what runs low; empty: nobody
    LOG_LEVEL=(log_level, "INFO"),
    LOG_FORMAT=(log_format, "line"),  # line, for people; json, for machines: one object per line
    METRICS_TOKEN=(str, ""),  # what Prometheus says to be let in at /metrics; empty: there is no such page
)
Environment.read_env(BASE_DIR / ".env")

DEBUG = env("DEBUG")
SECRET_KEY = env("SECRET_KEY") or ("insecure-development-key" if DEBUG else "")
TRUSTED_PROXY = env("TRUSTED_PROXY")
ALLOWED_HOSTS = env("ALLOWED_HOSTS") or (["127.0.0.1", "localhost"] if DEBUG else [])
SITE_URL = (env("SITE_URL") or ("http://127.0.0.1:8000" if DEBUG else "")).rstrip("/")
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL else []

SHOP_NAME = env("SHOP_NAME")
SHOP_CURRENCY = env("SHOP_CURRENCY").upper()
ORDER_HOLD_MINUTES = env("ORDER_HOLD_MINUTES")
PAGE_CACHE_SECONDS = 0 if DEBUG else env("PAGE_CACHE_SECONDS")
COUNT_CACHE_SECONDS = env("COUNT_CACHE_SECONDS")
LOW_STOCK_UNITS = env("LOW_STOCK_UNITS")
IMPORT_PICTURE_HOSTS = env("IMPORT_PICTURE_HOSTS")
METRICS_TOKEN = env("METRICS_TOKEN")
STOCK_MAIL_TO = [address.strip() for address in env("STOCK_MAIL_TO") if address.strip()]

STRIPE_SECRET_KEY = env("STRIPE_SECRET_KEY")
STRIPE_PUBLISHABLE_KEY = env("STRIPE_PUBLISHABLE_KEY")
STRIPE_WEBHOOK_SECRETS = [secret.strip() for secret in env("STRIPE_WEBHOOK_SECRETS") if secret.strip()]
STRIPE_API_BASE = env("STRIPE_API_BASE").rstrip("/")
STRIPE_JS_URL = env("STRIPE_JS_URL")
STRIPE_PROMOTION_CODES = env("STRIPE_PROMOTION_CODES")
STRIPE_TAX = env("STRIPE_TAX").strip().lower()
PAYMENT_WAYS = [way.strip() for way in env("PAYMENT_WAYS") if way.strip()]

# -- Parts ---------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "accounts",
    "catalog",
    "promotions",
    "cart",
    "orders",
    "payments",
    "money",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "shop",
]

MIDDLEWARE = [
    "shop.request_id.request_id",
    "shop.headers.safe_headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "shop.headers.PagePolicy",
    "shop.refusals.Refusals",
    "accounts.private.private_pages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "payments.middleware.settled_cart",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shop.context.shop",
                "cart.context.cart",
            ],
        },
    },
]

ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- Database ------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE: a transaction that reads first and writes later would otherwise fail with "database is locked" under load.
    # The file is mapped (1 GiB at most), so that its pages are not copied into a cache of each thread's connection.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 6,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;PRAGMA mmap_size=1073741824;",
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    _options = DATABASES["default"].setdefault("OPTIONS", {})
    _options.setdefault("connect_timeout", 5)  # libpq's own is two minutes
CACHES = {"default": env.cache("CACHE_URL")}

# -- People --------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "accounts:home"
LOGOUT_REDIRECT_URL = "catalog:home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
USE_TZ = True

# -- Mail ----------------------------------------------------------------------------------------------------------

vars().update(env.mail("EMAIL_URL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# -- Files ---------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = env("STATIC_ROOT")
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = env("MEDIA_ROOT")
AZURE_STORAGE_CONNECTION_STRING = env("AZURE_STORAGE_CONNECTION_STRING")
AZURE_STORAGE_ACCOUNT = env("AZURE_STORAGE_ACCOUNT")
AZURE_CDN_BASE_URL = env("AZURE_CDN_BASE_URL").rstrip("/")
PICTURES_IN_AZURE = bool(AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_ACCOUNT)

_local_disk = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
_azure = {
    "BACKEND": "shop.storage.AzureMediaStorage",
    "OPTIONS": {
        "connection_string": AZURE_STORAGE_CONNECTION_STRING or None,
        "account_name": AZURE_STORAGE_ACCOUNT or None,
        "azure_container": env("AZURE_STORAGE_CONTAINER"),
        "overwrite_files": True,  # names are made from the content: the same name is the same picture
        "cache_control": "public, max-age=31536000, immutable",
        "timeout": 5,
        # Azure's own defaults retry for minutes; a member of staff is waiting.
        "client_options": {"connection_timeout": 2, "read_timeout": 5, "retry_total": 0},
    },
}
STORAGES = {
    "default": _azure if PICTURES_IN_AZURE else _local_disk,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}


def _origin(url: str) -> str:
    """The scheme and host of an absolute URL, as Content-Security-Policy names it; empty for anything else."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _picture_origins() -> list[str]:
    """Where pictures are loaded from, besides the shop itself."""
    named = dict(part.split("=", 1) for part in AZURE_STORAGE_CONNECTION_STRING.split(";") if "=" in part)
    account = AZURE_STORAGE_ACCOUNT or named.get("AccountName", "")
    blob = named.get("BlobEndpoint") or (f"https://{account}.blob.core.windows.net" if account else "")
    return [origin for origin in (_origin(blob), _origin(AZURE_CDN_BASE_URL)) if origin]


# -- Security ------------------------------------------------------------------------------------------------------

_https = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # not Strict: the shopper comes back from Stripe by a cross-site link
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 63072000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000  # catalog/product_admin.py needs them; anyone may send so many, at 30 µs each

CONTENT_SECURITY_POLICY = {  # payments/policy.py: what pages that pay may do beyond it
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", *_picture_origins()],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}

# -- Logs ----------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "shop.logs.PlainLines", "format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "shop.logs.JsonLines"},
    },
    "filters": {"refusals": {"()": "shop.refusals.WithoutTraceback"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": env("LOG_FORMAT"), "filters": ["refusals"]}},
    "root": {"handlers": ["stderr"], "level": env("LOG_LEVEL")},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "azure": {"level": "WARNING"},  # at INFO it logs the headers of every request
        "stripe": {"level": "WARNING"},  # at INFO it logs every address it calls, ids included
        **(
            {"gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False}}
            if env("LOG_FORMAT") == "json"
            else {}
        ),
    },
}

UNREADABLE_VARIABLES = env.unreadable  # by now all were read; shop/checks.py says what they should be
