"""Clients that nobody here wrote, and the company that they talk to."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
from simple_salesforce import Salesforce

from tests.sandboxes import company

HERE = Path(__file__).parent


class Rewriting(requests.Session):
    """simple-salesforce always asks by https; the sandbox speaks http."""

    def request(self, method, url, *args, **kwargs):
        """Put the scheme back."""
        return super().request(
            method, url.replace("https://", "http://"), *args, **kwargs
        )


@pytest.fixture(scope="session")
def rewriting():
    """The session class that simple-salesforce is given."""
    return Rewriting


sandbox = company(accounts=30, seed=3, scope="module")
"""One company for all clients."""


@pytest.fixture(scope="module")
def token(sandbox):
    """A Salesforce session by client credentials."""
    settings = sandbox.salesforce.settings(sandbox.urls["salesforce"])
    form = {"grant_type": "client_credentials"}
    form.update({k: settings[k] for k in ("client_id", "client_secret")})
    with requests.Session() as session:
        url = f"{sandbox.urls['salesforce']}/services/oauth2/token"
        return session.post(url, data=form, timeout=10).json()["access_token"]


@pytest.fixture(scope="module")
def salesforce(sandbox, token):
    """simple-salesforce on that session."""
    with Rewriting() as session:
        host = sandbox.urls["salesforce"].removeprefix("http://")
        yield Salesforce(
            instance=host, session_id=token, version="62.0", session=session
        )


@pytest.fixture(scope="module")
def node():
    """Node.js with the clients of package.json installed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs Node.js and npm")
    if not (HERE / "node_modules").is_dir():
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=HERE,
            check=True,
            capture_output=True,
            timeout=300,
        )

    def run(script, *, stdin=None, **environment):
        done = subprocess.run(
            ["node", script],
            cwd=HERE,
            input=stdin,
            env={"PATH": __import__("os").environ["PATH"], **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
