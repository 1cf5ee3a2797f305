"""The shape of syncd.toml: names, types, defaults, and what each key means.

Field descriptions are the documentation of the keys; ``docs/configuration.md`` is
checked against them.
"""

import ipaddress
from enum import StrEnum
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from syncd.config.secrets import SCHEMES, is_reference

Share = Annotated[float, Field(gt=0, le=1)]
Interval = Annotated[int, Field(ge=5, le=86_400)]


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _url(text: str) -> str:
    """An https address, or http to this machine; without trailing slash."""
    if not text:
        return text
    parts = urlsplit(text)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        message = "is not an http(s) address"
        raise ValueError(message)
    if parts.scheme == "http" and not _loopback(parts.hostname):
        message = "plain http would send credentials in the clear: use https"
        raise ValueError(message)
    return text.rstrip("/")


def _secret(text: str) -> str:
    if text and not is_reference(text):
        forms = ", ".join(f'"{scheme}:…"' for scheme in SCHEMES)
        message = f"a secret must not stand here: refer to it by {forms}"
        raise ValueError(message)
    return text


Url = Annotated[str, AfterValidator(_url)]
Secret = Annotated[str, AfterValidator(_secret)]


class Section(BaseModel):
    """Base of all sections: no unknown keys, no changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RunMode(StrEnum):
    """What the service may do."""

    DRY_RUN = "dry-run"
    APPLY = "apply"


class StoreSettings(Section):
    """Where the mirror, the plans and the ledger live."""

    url: str = Field("sqlite:///syncd.db", description="SQLite file or PostgreSQL")
    encryption_key: Secret = Field("", description="key of the stored tokens")
    plans_kept_days: int = Field(
        30, ge=0, description="saved plans are dropped after this; 0 = never"
    )

    @model_validator(mode="after")
    def _check(self) -> "StoreSettings":
        if not self.url.startswith(("sqlite:///", "postgresql+psycopg://")):
            message = "url must start with sqlite:/// or postgresql+psycopg://"
            raise ValueError(message)
        if self.url.startswith("postgresql") and not self.encryption_key:
            message = "encryption_key is required with PostgreSQL: refer to a key"
            raise ValueError(message)
        return self


_SALESFORCE_NEEDS: Final = {
    "jwt": ("client_id", "username", "private_key"),
    "client_credentials": ("client_id", "client_secret"),
    "refresh_token": ("client_id", "refresh_token"),
}


class SalesforceSettings(Section):
    """The Salesforce connector."""

    login_url: Url = Field(description="My Domain, or login/test.salesforce.com")
    auth: Literal["jwt", "client_credentials", "refresh_token"] = "jwt"
    client_id: str = Field(description="consumer key of the app; may be a reference")
    client_secret: Secret = Field("", description="client_credentials, refresh_token")
    username: str = Field("", description="jwt: the user to act as")
    private_key: Secret = Field("", description="jwt: PEM of the app's key")
    audience: str = Field("", description="jwt; empty = the origin of login_url")
    refresh_token: Secret = Field("", description="refresh_token: the first one")
    api_version: str = Field("62.0", pattern=r"^\d{2,3}\.0$")
    activity_key_field: str = Field("", description="External-ID field on Activity")
    daily_call_share: Share = Field(0.10, description="of the org's daily calls")
    poll_interval_s: Interval = 120

    @model_validator(mode="after")
    def _check(self) -> "SalesforceSettings":
        missing = [k for k in _SALESFORCE_NEEDS[self.auth] if not getattr(self, k)]
        if missing:
            message = f"auth = {self.auth!r} needs {', '.join(missing)}: add the key"
            raise ValueError(message)
        generic = urlsplit(self.login_url).hostname in {
            "login.salesforce.com",
            "test.salesforce.com",
        }
        if generic and self.auth == "client_credentials":
            message = "auth = 'client_credentials' needs your My Domain: set login_url"
            raise ValueError(message)
        return self


class OutreachSettings(Section):
    """The Outreach connector."""

    base_url: Url = "https://api.outreach.io"
    client_id: str
    client_secret: Secret
    refresh_token: Secret = Field(description="the first one; rotated ones are stored")
    redirect_uri: str = Field("", description="as registered with the application")
    hourly_call_share: Share = 0.25
    daily_calls: Annotated[int, Field(ge=0)] = 0
    poll_interval_s: Interval = 300


class GoogleCalendarSettings(Section):
    """The Google Calendar connector."""

    base_url: Url = "https://www.googleapis.com"
    token_url: Url = ""
    service_account: Secret
    users: tuple[str, ...] = ()
    poll_interval_s: Interval = 120


class ChorusSettings(Section):
    """The Chorus connector."""

    base_url: Url = "https://chorus.ai"
    token: Secret
    rescan_hours: Annotated[int, Field(ge=1, le=24 * 60)] = 72
    requests_per_minute: Annotated[int, Field(ge=0)] = Field(
        60, description="own pace, Chorus publishes no limit; 0 = unpaced"
    )
    poll_interval_s: Interval = 600


class CalDavSettings(Section):
    """Another calendar source."""

    url: Url = ""
    username: str = ""
    password: Secret = ""


class WebSettings(Section):
    """The HTTP side of ``syncd run``."""

    listen: str = Field("127.0.0.1:8321", pattern=r"^.+:\d{1,5}$")
    token: Secret = Field("", description="required when not loopback")

    @model_validator(mode="after")
    def _check(self) -> "WebSettings":
        host = self.listen.rpartition(":")[0].strip("[]")
        if not _loopback(host) and not self.token:
            message = (
                "token is required when listen is not a loopback address: refer to one"
            )
            raise ValueError(message)
        return self


class LimitSettings(Section):
    """Limits of one run; a plan over them is refused unless forced."""

    max_changes: Annotated[int, Field(ge=0)] = 200
    max_share: Share = 0.05
    max_changes_per_rule: Annotated[int, Field(ge=0)] = Field(
        0, description="changes of one rule; 0 = no cap"
    )
    max_changes_per_owner: Annotated[int, Field(ge=0)] = Field(
        0, description="changes of one owner's records; 0 = no cap"
    )
    canary: Annotated[int, Field(ge=1)] = 10
    plan_max_age_hours: Annotated[float, Field(gt=0)] = 24


class Settings(BaseSettings):
    """The whole of syncd.toml, with SYNCD_… variables laid over it.

    Built from the parsed file as keyword arguments; the environment wins.
    """

    model_config = SettingsConfigDict(
        env_prefix="SYNCD_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    mode: RunMode = RunMode.DRY_RUN
    stop_file: str = "syncd.stop"
    policy: str = "policy.toml"
    mappings: str = "mappings/"
    store: StoreSettings = StoreSettings()
    salesforce: SalesforceSettings | None = None
    outreach: OutreachSettings | None = None
    google_calendar: GoogleCalendarSettings | None = None
    chorus: ChorusSettings | None = None
    caldav: CalDavSettings | None = None
    web: WebSettings = WebSettings()
    limits: LimitSettings = LimitSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then the file; nothing else."""
        return env_settings, init_settings
