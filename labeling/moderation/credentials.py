"""Secrets: keys and tokens in the forms that their issuers give them, by detect-secrets (Apache-2.0).

Its detectors with a form of their own are used. Those that go by the entropy of a word or by a name beside it
("password = …") are not: in prose and in lessons about programming nearly all that they report is no secret. Nothing is
verified over the network.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

from labeling.moderation.findings import Finding
from labeling.moderation.subjects import Subject

DETECTORS = {
    "artifactory": "ArtifactoryDetector",
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "basic_auth": "BasicAuthDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "jwt": "JwtTokenDetector",
    "mailchimp": "MailchimpDetector",
    "npm": "NpmDetector",
    "openai": "OpenAIDetector",
    "private_key": "PrivateKeyDetector",
    "pypi_token": "PypiTokenDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "telegram_token": "TelegramBotTokenDetector",
    "twilio": "TwilioKeyDetector",
}


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that holds what looks like somebody's key or token."""

    name: ClassVar[str] = "secret"
    reasons: ClassVar[tuple[str, ...]] = tuple(DETECTORS)

    def find(self, subject: Subject) -> Iterator[Finding]:
        for text in subject.texts:
            seen: set[int] = set()
            for reason, detector in _detectors():
                for value in detector.analyze_string(text.content):
                    at = text.content.find(value)
                    if at >= 0 and at not in seen:
                        seen.add(at)
                        yield Finding(self.name, reason, "high", text, at, at + len(value))


@cache
def _detectors() -> tuple[tuple[str, Any], ...]:
    """By reason. Loaded when first needed: the web process has no use for them."""
    return tuple(
        (module, getattr(import_module(f"detect_secrets.plugins.{module}"), name)())
        for module, name in DETECTORS.items()
    )
