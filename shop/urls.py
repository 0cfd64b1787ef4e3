from django.contrib import admin
from django.urls import include, path

from payments.charts_view import charts_page
from shop.errors import server_error

handler500 = server_error

urlpatterns = [
    path("admin/payments/charts/", admin.site.admin_view(charts_page), name="payment_charts"),
    path("admin/", admin.site.urls),
    path("", include("catalog.urls")),
    path("cart/", include("cart.urls")),
    path("orders/", include("orders.urls")),
    path("account/", include("accounts.urls")),
    path("", include("payments.urls")),
    path("", include("shop.pages")),
]
