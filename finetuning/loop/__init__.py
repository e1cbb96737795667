"""The whole circle without a browser: `make loop`. It uses the commands and processes that an installation has."""
