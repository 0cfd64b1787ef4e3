from django.urls import path

from catalog import feed, preview, search_views, sitemap, viewed, views

app_name = "catalog"

urlpatterns = [
    path("", views.home, name="home"),
    path("products/", views.product_list, name="products"),
    path("products/<slug:slug>/", views.product_detail, name="product"),
    path("categories/<path:path>/", views.category, name="category"),
    path("preview/<str:token>/", preview.preview, name="preview"),
    path("search/", search_views.search, name="search"),
    path("search/suggest/", search_views.suggest, name="suggest"),
    path("viewed/", viewed.viewed, name="viewed"),
    path("feeds/google-merchant.xml", feed.google_merchant, name="feed"),
    path("sitemap.xml", sitemap.index, name="sitemap"),
    path("sitemap-pages.xml", sitemap.pages, name="sitemap_pages"),
    path("sitemap-products-<int:part>.xml", sitemap.products, name="sitemap_products"),
]
