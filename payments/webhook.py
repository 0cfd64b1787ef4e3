from payments.views import checkout as stripe_webhook  # noqa: F401
