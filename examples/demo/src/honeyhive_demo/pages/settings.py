"""The Django settings of the pages service: one view, no database, loopback only."""

import secrets

SECRET_KEY = secrets.token_urlsafe(32)
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "honeyhive_demo.pages.urls"
INSTALLED_APPS = ["honeyhive_django"]
MIDDLEWARE: list[str] = []
DATABASES: dict[str, dict[str, str]] = {}
USE_TZ = True
