from django.urls import path

from cart import views

app_name = "cart"

urlpatterns = [
    path("", views.detail, name="detail"),
    path("add/", views.add, name="add"),
    path("update/", views.update, name="update"),
    path("code/", views.apply_code, name="apply_code"),
    path("code/remove/", views.remove_code, name="remove_code"),
]
