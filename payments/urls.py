from django.urls import path

from payments import pay_views, views, webhook

app_name = "payments"

urlpatterns = [
    path("checkout/", views.checkout, name="checkout"),
    path("checkout/pay/<str:number>/", pay_views.pay, name="pay"),
    path("checkout/pay/<str:number>/start/", pay_views.start, name="start"),
    path("checkout/return/", views.checkout_return, name="return"),
    path("checkout/cancel/<str:number>/", views.checkout_cancel, name="cancel"),
    path("webhooks/stripe/", webhook.stripe_webhook, name="webhook"),
]
