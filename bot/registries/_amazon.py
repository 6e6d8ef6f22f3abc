"""Amazon Web Services as the operator lets us ask it: accounts, regions, and failures in plain words.

boto3 is imported when it is first needed: most scans ask AWS for nothing, and it takes longer to load than they do.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.core import machine_images
from bot.registries._kept import clipped

CONNECT_SECONDS = 5
READ_SECONDS = 20
SESSION = "freshline"
NOT_AWS = "what answers is not AWS"
CHECK_NETWORK = "check the network, the proxy and the endpoint in [aws]"
GRANT = "grant it (freshline doctor --aws-policy prints the policy)"

_ROLE = re.compile(r"arn:(aws[a-z-]{0,20}):iam::([0-9]{12}):role/(?:[\w+=,.@/-]{0,511}/)?([\w+=,.@-]{1,64})", re.ASCII)
_FIRST_REGION = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Where a role of a partition is assumed when none of the operator's regions is of that partition."""


@dataclass(frozen=True, slots=True)
class Amazon:
    """How AWS may be asked: the part ``[aws]`` of the operator's configuration.

    ``regions`` are asked where a file names none (empty: the session's own); ``roles`` the ARNs to
    assume, one an account, besides the own account; ``endpoint`` stands in for AWS (emulators).
    ``attempts`` is how often a call is tried, ``deadline`` after how many seconds none is begun.
    """

    regions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    endpoint: str = ""
    workers: int = 8
    attempts: int = 4
    deadline: float = 120.0


class AmazonError(Exception):
    """AWS can't be asked, or does not answer: what is wrong and what to do, in plain words without secrets."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class _TooLateError(Exception):
    """Raised instead of sending once the deadline is over; botocore does not try that again."""


class Account:
    """One account to ask, through its own credentials; ``title`` is how people call it. Thread-safe."""

    def __init__(self, session: Any, title: str, make: Callable[[Any, str, str], Any]) -> None:
        self.title = title
        self._session = session
        self._make = make
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str) -> Any:
        """boto3's client of a service in a region; made once, as making one is slow and not thread-safe."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._make(self._session, service, region)
            return self._clients[service, region]

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    @contextmanager
    def asking(self, what: str, region: str) -> Iterator[None]:
        """Within the block AWS's failures become ``AmazonError``; ``what`` is the permission that is needed."""
        with _explained(self.title, what, region):
            yield


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom we can ask: accounts, the regions to ask where none is said, and why other accounts can't be asked.

    ``known`` are all regions that there are: what a repository calls one is not asked for before it is among them.
    """

    accounts: tuple[Account, ...]
    regions: tuple[str, ...]
    troubles: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()

    def close(self) -> None:
        """Let go of the connections of all accounts."""
        for account in self.accounts:
            account.close()


def reach(amazon: Amazon) -> Reach:
    """The own account by the standard credential chain, then a session of each role; nothing is raised."""
    maker = _Maker(amazon, time.monotonic() + amazon.deadline)
    own_title = "the bot's own account"
    try:
        with _explained(own_title, "credentials", "the credential chain"):
            session = _session()
    except AmazonError as error:
        return Reach((), amazon.regions, (error.detail,))
    own = Account(session, own_title, maker)
    regions = amazon.regions or tuple(filter(None, (session.region_name,)))
    accounts, troubles = [own], []
    for role in dict.fromkeys(amazon.roles):
        try:
            accounts.append(_assumed(own, role, regions, maker))
        except AmazonError as error:
            troubles.append(error.detail)
    return Reach(tuple(accounts), regions, tuple(troubles), _known(session) | {*regions})


def _known(session: Any) -> frozenset[str]:
    """The regions of all partitions that this boto3 knows."""
    parts = session.get_available_partitions()
    return frozenset(one for part in parts for one in session.get_available_regions("ec2", part))


@cache
def _loader() -> Any:
    """The descriptions of AWS's services: 30 MB and 0.2 s for each session that does not share them."""
    from botocore.loaders import Loader  # noqa: PLC0415 - see the module's text

    return Loader()


def _session(**credentials: str | None) -> Any:
    """A session with these credentials, or those of the standard chain.

    Raises where there are none: each client would search for them again, for seconds.
    """
    import boto3  # noqa: PLC0415 - see the module's text
    import botocore.session  # noqa: PLC0415 - see the module's text
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415 - see the module's text

    core = botocore.session.get_session()
    core.register_component("data_loader", _loader())
    session = boto3.Session(**credentials, botocore_session=core)
    if session.get_credentials() is None:
        raise NoCredentialsError
    return session


def _assumed(own: Account, role: str, regions: Iterable[str], maker: Callable[[Any, str, str], Any]) -> Account:
    found = _ROLE.fullmatch(role)
    if found is None:
        raise AmazonError("a role in [aws] is no ARN of a role (arn:aws:iam::ACCOUNT:role/NAME): correct it")
    part, number, name = found.groups()
    title = f"account {number} (role {name})"
    region = next(
        (one for one in regions if machine_images.partition(one) == part), _FIRST_REGION.get(part, "us-east-1")
    )
    with _explained(title, "sts:AssumeRole", region):
        given = own.client("sts", region).assume_role(RoleArn=role, RoleSessionName=SESSION).get("Credentials", {})
        session = _session(
            aws_access_key_id=given.get("AccessKeyId"),
            aws_secret_access_key=given.get("SecretAccessKey"),
            aws_session_token=given.get("SessionToken"),
        )
    return Account(session, title, maker)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes clients with short timeouts and adaptive retries that stop sending at the deadline."""

    amazon: Amazon
    until: float

    def __call__(self, session: Any, service: str, region: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415 - see the module's text
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - see the module's text

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "adaptive", "total_max_attempts": self.amazon.attempts},
            max_pool_connections=self.amazon.workers,
            user_agent_extra=SESSION,
        )
        endpoint = self.amazon.endpoint or None
        try:
            client = session.client(service, region_name=region, endpoint_url=endpoint, config=config)
        except BotoCoreError:  # some are a ValueError, too
            raise
        except ValueError as error:  # botocore's word for an address that is none
            raise AmazonError("the endpoint in [aws] is no address: correct it") from error
        client.meta.events.register("before-send", self._in_time)
        return client

    def _in_time(self, **_: object) -> None:
        if time.monotonic() >= self.until:
            raise _TooLateError


@contextmanager
def _explained(who: str, what: str, where: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see the module's text
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - see the module's text

    try:
        yield
    except ClientError as error:
        code = clipped(str(error.response.get("Error", {}).get("Code", "")))[:60] or "an unknown error"
        raise AmazonError(_refusal(code, who, what, where)) from error
    except (BotoCoreError, ResponseParserError, KeyError) as error:  # KeyError: its parsers on what is not AWS's
        raise AmazonError(_failure(error, who, where)) from error
    except _TooLateError as error:
        detail = f"AWS answered too slowly to ask it all in time ({where}): the rest is asked at the next scan"
        raise AmazonError(detail) from error


_REFUSALS: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"}),
        "the credentials of {who} have expired: renew them",
    ),
    (
        frozenset({"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"}),
        f"{{who}} may not {{what}} in {{where}}: {GRANT}",
    ),
    (
        frozenset({"OptInRequired", "RegionDisabledException"}),
        "{where} is not enabled for {who}: enable it, or take it out of the regions in [aws]",
    ),
    # EC2 says AuthFailure and the others InvalidClientTokenId for a region that is not enabled, too
    (
        frozenset({"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"}),
        (
            "{where} does not accept the credentials of {who} ({code}): enable the region for that account or take it "
            "out of the regions in [aws]; if all regions say so, the credentials are wrong or of another partition"
        ),
    ),
    (
        frozenset({"SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"}),
        "AWS refuses the signature of {who} ({code}): check the secret key and this machine's clock",
    ),
    (
        frozenset(
            {
                "RequestLimitExceeded",
                "Throttling",
                "ThrottlingException",
                "RequestThrottled",
                "RequestThrottledException",
                "TooManyRequestsException",
                "SlowDown",
            }
        ),
        "AWS throttles {who} in {where} ({code}): it is asked again at the next scan",
    ),
)


def _refusal(code: str, who: str, what: str, where: str) -> str:
    """What an error code of AWS means (EC2 API reference, "Error codes"; IAM, "Common errors")."""
    text = next((text for codes, text in _REFUSALS if code in codes), "{where} answers {what} by {who} with {code}")
    return text.format(who=who, what=what, where=where, code=code)


_FAILURES: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset({"NoCredentialsError"}),
        "there are no AWS credentials: give the bot some (environment, profile, role of the machine)",
    ),
    (
        frozenset({"TokenRetrievalError", "SSOError", "SSOTokenLoadError", "UnauthorizedSSOTokenError"}),
        "the single sign-on of {who} is over: sign in again (aws sso login)",
    ),
    (
        frozenset({"PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound", "ConfigParseError"}),
        "the credentials of {who} can't be had ({name}): check the environment and the AWS configuration file",
    ),
    (
        frozenset({"InvalidRegionError", "NoRegionError", "UnknownRegionError"}),
        "{where} is no region that AWS knows ({name}): correct it",
    ),
    (
        frozenset({"ResponseParserError", "KeyError"}),
        f"{NOT_AWS} in {{where}}: {CHECK_NETWORK}",
    ),
    (
        frozenset({"ConnectionError", "HTTPClientError"}),
        "AWS can't be reached in {where} ({name}): check the network and proxy, and that there is such a region",
    ),
)


def _failure(error: Exception, who: str, where: str) -> str:
    """What a failure on our side means; by the names of its classes, as botocore's families are many."""
    names = {one.__name__ for one in type(error).__mro__}
    text = next((text for known, text in _FAILURES if names & known), "asking {where} as {who} failed ({name})")
    return text.format(who=who, where=where, name=type(error).__name__)
