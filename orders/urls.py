from django.urls import path

from orders import views

app_name = "orders"

urlpatterns = [
    path("<str:number>/", views.detail, name="detail"),
    path("<str:number>/status/", views.status, name="status"),
]
