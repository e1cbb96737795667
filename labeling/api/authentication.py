"""`Authorization: Token …` for scripts. The database knows only the token's sha256."""

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from labeling.models import ApiToken, Person
from labeling.reading import person_by_token, token_and_lease


class TokenAuthentication(BaseAuthentication):
    """Finds the person behind `Token <text>` or `Bearer <text>`."""

    def authenticate(self, request: Request) -> tuple[Person, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() not in (b"token", b"bearer"):
            return None
        if len(words) != 2:
            raise AuthenticationFailed(_("Send the header as “Authorization: Token <your token>”."))
        token = self.find(request, ApiToken.digest_of(words[1].decode("latin-1")))
        if token is None:
            raise AuthenticationFailed(_("This token is not known. Make a new one and send that."))
        return token.person, token

    def find(self, request: Request, digest: str) -> ApiToken | None:
        return person_by_token(digest)

    def authenticate_header(self, request: Request) -> str:
        return "Token"


class LeaseTokenAuthentication(TokenAuthentication):
    """For the address of a lease: its holder's token and the lease come from one statement, kept as `request.lease`."""

    def find(self, request: Request, digest: str) -> ApiToken | None:
        found = token_and_lease(digest, request.parser_context["kwargs"]["pk"])
        if found is None:
            return None
        token, lease = found
        request.lease = lease  # type: ignore[attr-defined]
        return token
