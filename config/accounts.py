"""Sign-up is closed: people are created by an owner or arrive by invitation."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):
    """Nobody creates their own account."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
