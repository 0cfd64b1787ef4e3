from django.urls import path

from bench.bare import views

urlpatterns = [
    path("page/", views.page, name="page"),
    path("rows/", views.rows, name="rows"),
    path("rows/<slug:slug>/", views.row, name="row"),
    path("remember/", views.remember, name="remember"),
    path("note/", views.note, name="note"),
]
