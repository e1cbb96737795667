"""Settings of one installation. Each PLUMBLINE_… variable has a heading in docs/settings.md (a test keeps it so)."""

import os
from pathlib import Path

import environ
from django.utils.translation import gettext_lazy as _

from config.filesystem_broker import broker_folders
from config.secret_key import load_or_create_secret_key
from config.storages import import_storage

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# Where the platform keeps everything: database, files, runs, models, broker folders.
PLUMBLINE_HOME = Path(env.str("PLUMBLINE_HOME", default=str(BASE_DIR / "var"))).resolve()
PLUMBLINE_HOME.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("PLUMBLINE_DEBUG", default=False)
SECRET_KEY = env.str("PLUMBLINE_SECRET_KEY", default="") or load_or_create_secret_key(PLUMBLINE_HOME / "secret-key")
SECRET_KEY_FALLBACKS = env.list("PLUMBLINE_SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("PLUMBLINE_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("PLUMBLINE_TRUSTED_ORIGINS", default=[])
PLUMBLINE_HTTPS = env.bool("PLUMBLINE_HTTPS", default=False)
PLUMBLINE_SCORER_URL = env.str("PLUMBLINE_SCORER_URL", default="http://127.0.0.1:8001").rstrip("/")
PLUMBLINE_SCORER_TOKEN = env.str("PLUMBLINE_SCORER_TOKEN", default="")
# How many computing runs (training, scoring, generation) one installation executes at a time.
PLUMBLINE_COMPUTE_SLOTS = env.int("PLUMBLINE_COMPUTE_SLOTS", default=1)
# After how long without a heartbeat a run is taken from its worker; how long a child may take to save when its run is
# cancelled, and when its worker has to leave (short, because whoever stops a worker kills it soon after).
PLUMBLINE_RUN_SILENCE_SECONDS = env.float("PLUMBLINE_RUN_SILENCE_SECONDS", default=30)
PLUMBLINE_RUN_CANCEL_SECONDS = env.float("PLUMBLINE_RUN_CANCEL_SECONDS", default=30)
PLUMBLINE_RUN_LEAVE_SECONDS = env.float("PLUMBLINE_RUN_LEAVE_SECONDS", default=5)
# CPU threads of one computing process. More than the free cores make it slower, so one core is left to the others.
PLUMBLINE_TORCH_THREADS = env.int("PLUMBLINE_TORCH_THREADS", default=max(1, (os.cpu_count() or 1) - 1))
PLUMBLINE_TOKEN_CACHE_BYTES = env.int("PLUMBLINE_TOKEN_CACHE_BYTES", default=20 * 1024**3)
PLUMBLINE_UPLOAD_LIMIT_BYTES = env.int("PLUMBLINE_UPLOAD_LIMIT_BYTES", default=200 * 1024 * 1024)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "config.administration.apps.AdministrationConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "django_celery_beat",
    "django_prometheus",
    "csp",
    "runs",
    "labeling",
    "rewardmodel",
    "finetuning",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "config.query_strings.refuse_unstorable_query",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.languages.person_language",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# Database. SQLite with immediate transactions and a full fsync, because a judgment that was acknowledged must survive.
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{PLUMBLINE_HOME / 'plumbline.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000;",
    }
    # Tests use a file as well: a database in memory has neither other processes nor waiting writers.
    DATABASES["default"]["TEST"] = {"NAME": str(PLUMBLINE_HOME / "test.sqlite3")}
else:
    DATABASES["default"]["ENGINE"] = "config.postgresql"
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("PLUMBLINE_CONN_MAX_AGE_SECONDS", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # PostgreSQL plans a statement once a connection and not each time, which halves what a judgment costs it.
    if env.bool("PLUMBLINE_PREPARED_STATEMENTS", default=True):
        DATABASES["default"]["OPTIONS"] = {"server_side_binding": True, "prepare_threshold": 5}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People.
AUTH_USER_MODEL = "labeling.Person"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "config.accounts.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/300s/key"}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
EMAIL_CONFIG = env.email_url("PLUMBLINE_EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("PLUMBLINE_EMAIL_FROM", default="plumbline@localhost")

SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = PLUMBLINE_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if PLUMBLINE_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PLUMBLINE_HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# Languages.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ko", _("Korean"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = env.str("PLUMBLINE_TIME_ZONE", default="UTC")
USE_TZ = True

# Files.
STATIC_URL = "/static/"
STATIC_ROOT = PLUMBLINE_HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = PLUMBLINE_HOME / "files"
PLUMBLINE_IMPORT_STORAGE = env.str("PLUMBLINE_IMPORT_STORAGE", default="")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "pictures": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": PLUMBLINE_HOME / "pictures"},
    },
    "staticfiles": {"BACKEND": "config.storage.HashedStaticFilesStorage"},
    **import_storage(PLUMBLINE_IMPORT_STORAGE),
}

# HTTP API.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "labeling.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "config.api.CursorPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.api.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.api_parser.StorableJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Plumbline",
    "DESCRIPTION": "Comparisons, judgments, snapshots, reward models, policies and the runs between them.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Celery. The filesystem broker needs no server; Redis or RabbitMQ take over through CELERY_BROKER_URL.
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://localhost")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False  # a message is a nudge: it is never held while a run executes
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker outlives its broker
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.2}  # a page does not wait for a broker
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    # They expire before the next but one is due, so that they do not pile up behind a busy worker.
    "nudge-runs": {"task": "runs.tasks.nudge_runs", "schedule": 5.0, "options": {"expire_seconds": 10}},
    "reap-runs": {"task": "runs.tasks.reap_runs", "schedule": 10.0, "options": {"expire_seconds": 20}},
    "examine-judgments": {
        "task": "labeling.tasks.examine_judgments",
        "schedule": 60.0,
        "options": {"expire_seconds": 120},
    },
}
if CELERY_BROKER_URL.startswith("filesystem"):
    CELERY_BROKER_TRANSPORT_OPTIONS = broker_folders(PLUMBLINE_HOME / "broker")
elif CELERY_BROKER_URL.startswith("redis"):
    # Each nudge may be delivered twice (the claim decides), so an hour's timeout costs nothing; a fast reconnect does.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_keepalive": True, "health_check_interval": 15}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "config.logs.line_formatter", "colours": DEBUG}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("PLUMBLINE_LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        # A line for every nudge and tick would drown those that say what a run does.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.request": {"level": "ERROR"},
        "django_celery_beat": {"level": "WARNING"},
    },
}
