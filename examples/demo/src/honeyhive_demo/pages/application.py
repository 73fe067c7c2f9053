"""The ASGI application of the pages service."""

import os

import django
from django.core.handlers.asgi import ASGIHandler

from honeyhive_demo import documentation
from honeyhive_demo.environment import own_environment


def create_app() -> ASGIHandler:
    """Make the ASGI application; its documentation is rendered here, while the worker is still importing."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "honeyhive_demo.pages.settings"
    django.setup(set_prefix=False)
    documentation.render_all(own_environment().data_dir)
    return ASGIHandler()
