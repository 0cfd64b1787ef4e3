from django.urls import path

from payments import views, webhook

app_name = "payments"

urlpatterns = [
    path("checkout/", views.checkout, name="checkout"),
    path("checkout/return/", views.checkout_return, name="return"),
    path("checkout/cancel/<str:number>/", views.checkout_cancel, name="cancel"),
    path("webhooks/stripe/", webhook.stripe_webhook, name="webhook"),
]
