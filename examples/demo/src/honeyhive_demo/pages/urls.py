"""The addresses of the pages service."""

from django.urls import path

from honeyhive_demo.pages.views import page

urlpatterns = [
    path("pages/<str:module>", page),
]
