"""A Docker engine is believed nothing, and of what is there only our own is touched."""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.execution import ExitReason
from pipeline.gateway_scope import Scope, read_grants
from runtime_host import rootfs
from runtime_host.client import LaunchRefused
from runtime_host.docker_engine import OWNER
from runtime_host.docker_image import layer_digest, tag_of
from tests.integration.own_engine import Engine, engine_there
from tests.integration.own_host import INNOCENT, START_SECONDS, running_host, start

pytestmark = [pytest.mark.runsc, pytest.mark.docker, pytest.mark.attacks]

OURS, ANOTHERS = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with engine_there() as engine:
        yield engine


def _refusal(folder: Path, runtimes: Path, engine: Engine, **settings: str) -> str:
    """What a host says that does not serve, in one line."""
    process = start(folder, runtimes, **{**engine.settings, **settings})  # type: ignore[arg-type]  # all are settings
    assert process.wait(START_SECONDS) == 2
    (said,) = (folder / "log").read_text().splitlines()
    assert not (folder / "socket").exists()
    return said


def _other_image(repository: str, tag: str, engine: Engine) -> str:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("evil"))
    with engine.api() as api:
        api.import_image_from_data(made.getvalue(), repository=repository, tag=tag)
    return str(engine.image(f"{repository}:{tag}")["Id"])


def test_an_image_with_another_layer_is_not_used_and_no_container_of_anothers_removed(
    tmp_path: Path, runtimes: Path, engine: Engine
) -> None:
    record = rootfs.read_record(runtimes / "python3")
    name, tag = tag_of(record)
    evil = _other_image(name, tag, engine)
    (tmp_path / "state").mkdir()
    (tmp_path / "state/docker-owner").write_text(OURS)
    with engine.api() as api:
        labels: list[dict[str, str]] = [{OWNER: OURS}, {OWNER: ANOTHERS}, {}]
        made = [api.create_container(evil, ["/evil"], labels=each)["Id"] for each in labels]
    with running_host(tmp_path, runtimes, engine) as host:
        assert host.run(host.spec(INNOCENT)).reason is ExitReason.OK
        assert not set(engine.owners()) & set(made[:1])
        assert set(engine.owners()) >= set(made[1:])
        layers = engine.image(f"{name}:{tag}")["RootFS"]["Layers"]
        assert layers == [layer_digest(runtimes / "python3/rootfs")]
    assert set(engine.owners()) == set(made[1:])


@pytest.mark.parametrize("runtime", ["runc", "weak"])
def test_a_runtime_that_does_not_hold_keeps_the_host_from_serving(
    tmp_path: Path, runtimes: Path, engine: Engine, runtime: str
) -> None:
    said = _refusal(tmp_path, runtimes, engine, AWGP_DOCKER_RUNTIME=runtime)
    expected = {"runc": "the first sandbox ended with error", "weak": "unshare is 0 inside"}[
        runtime
    ]
    assert "the sandbox does not hold" in said
    assert expected in said
    assert OURS not in engine.owners().values()


def test_a_runtime_that_opens_no_sockets_lets_nobody_out_and_says_why(
    tmp_path: Path, runtimes: Path, engine: Engine
) -> None:
    settings = {**engine.settings, "AWGP_DOCKER_RUNTIME": "shut"}
    with running_host(tmp_path, runtimes, **settings) as host:  # type: ignore[arg-type]  # all are settings
        assert host.run(host.spec(INNOCENT)).reason is ExitReason.OK
        rule = {"url": "https://example.com/", "methods": ["GET"]}
        scope = Scope(grants=read_grants([rule], set(rule), most=1))
        with pytest.raises(LaunchRefused, match="--host-uds=open") as refused:
            host.run(replace(host.spec(INNOCENT), scope=scope))
        assert refused.value.error == "gateway_unavailable"


def test_an_engine_that_is_not_there_or_lacks_the_runtime_is_told_in_one_line(
    tmp_path: Path, runtimes: Path, engine: Engine
) -> None:
    said = _refusal(tmp_path, runtimes, engine, AWGP_DOCKER_RUNTIME="gone")
    assert "has no runtime gone" in said
    (tmp_path / "log").unlink()
    said = _refusal(tmp_path, runtimes, engine, AWGP_DOCKER_SOCKET=str(tmp_path / "none"))
    assert f"the Docker engine at {tmp_path}/none does not answer" in said
