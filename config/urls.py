"""The addresses of the installation. Each app brings its own; this file only says where they hang."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.administration import name_everything
from config.languages import set_language

name_everything()

api = [
    path("", include("labeling.api.urls")),
    path("", include("runs.api.urls")),
    path("", include("rewardmodel.api.urls")),
    path("", include("finetuning.api.urls")),
]

urlpatterns = [
    path("api/v1/", include(api)),  # first: a judgment should not be compared with every page's address before its own
    path("", include("labeling.urls")),
    path("", include("runs.urls")),
    path("", include("rewardmodel.urls")),
    path("", include("finetuning.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("i18n/setlang/", set_language, name="set_language"),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("metrics/", include("config.monitoring")),
]
