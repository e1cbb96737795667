"""Django's administration as an operator of a large installation needs it: flat lists, no way to lose a judgment."""

from config.administration.names import OUR_APPS, name_everything

__all__ = ["OUR_APPS", "name_everything"]
