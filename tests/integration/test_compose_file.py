"""The compose file is valid, keeps secrets out of itself and has every service in good order."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
AIRFLOW = {"api-server", "scheduler", "dag-processor", "triggerer", "worker"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, object]]:
    return yaml.safe_load((ROOT / "docker-compose.yaml").read_text())["services"]


def compose_command() -> list[str]:
    """The compose client that this machine has."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if (
            shutil.which(command[0])
            and not subprocess.run(
                [*command, "version"], capture_output=True, check=False
            ).returncode
        ):
            return command
    pytest.skip("no docker compose client on this machine; the other tests read the file itself")


def test_the_compose_client_accepts_the_file() -> None:
    done = subprocess.run(
        [*compose_command(), "config", "-q"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_service_of_the_distributed_form_is_there(services: dict[str, object]) -> None:
    assert set(services) == AIRFLOW | {"postgres", "redis", "migrate"}


@pytest.mark.parametrize("name", sorted(AIRFLOW))
def test_an_airflow_service_waits_for_the_migration_and_says_how_it_is(
    services: dict[str, dict[str, object]], name: str
) -> None:
    service = services[name]
    assert service["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert "healthcheck" in service


def test_no_secret_stands_in_the_file() -> None:
    text = (ROOT / "docker-compose.yaml").read_text()
    for line in text.splitlines():
        if "PASSWORD" in line or "SECRET" in line or "FERNET" in line:
            assert "/run/secrets/" in line, line


def test_every_secret_that_the_services_read_is_declared_and_given_as_a_file() -> None:
    whole = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
    script = (ROOT / "docker" / "with-secrets").read_text()
    for name in whole["secrets"]:
        assert whole["secrets"][name]["file"] == f"./secrets/{name}"
    asked = {
        line.split("secret ")[1].rstrip(')"') for line in script.splitlines() if "$(secret " in line
    }
    assert asked <= set(whole["secrets"])


def test_images_are_pinned() -> None:
    whole = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
    for name, service in whole["services"].items():
        tag = service["image"].rpartition(":")[2]
        assert any(character.isdigit() for character in tag), name
