from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import views
from accounts.private import private_page

app_name = "accounts"

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", private_page(views.LogIn.as_view()), name="login"),
    path("logout/", private_page(LogoutView.as_view()), name="logout"),
    path("sign-up/", views.sign_up, name="sign_up"),
    path("sign-up/sent/", views.mail_sent, {"template": "accounts/sign_up_sent.html"}, name="sign_up_sent"),
    path("sign-up/<str:token>/", views.sign_up_finish, name="sign_up_finish"),
    path("password/", private_page(views.PasswordChange.as_view()), name="password_change"),
    path("reset/", views.password_reset, name="password_reset"),
    path("reset/sent/", views.mail_sent, {"template": "accounts/password_reset_sent.html"}, name="password_reset_sent"),
    path("reset/<uidb64>/<token>/", private_page(views.PasswordResetConfirm.as_view()), name="password_reset_confirm"),
]
