"""Which site the apps' `admin` modules register with."""

from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    default_site = "config.administration.site.AdministrationSite"
