"""The addresses of the pages service."""

from django.urls import path

from honeyhive_demo.pages.views import health, page

urlpatterns = [
    path("health", health),
    path("pages/<str:module>", page),
]
