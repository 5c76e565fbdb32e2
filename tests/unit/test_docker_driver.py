"""What is sent to a Docker engine, and how what it sends is taken apart."""

import io
import os
import socket
import struct
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from ops.commands.runtime_host import settings_from
from runtime_host.cgroups import Cgroup
from runtime_host.docker_engine import Started
from runtime_host.docker_image import layer, layer_digest
from runtime_host.docker_sandbox import Demultiplexer, DockerSandbox
from runtime_host.drivers import DockerSettings
from runtime_host.host import HostRefuses
from runtime_host.sandbox import SandboxFailed

HOST = {
    "AWGP_RUNTIME_SOCKET": "/run/s",
    "AWGP_RUNTIME_FOLDER": "/var/r",
    "AWGP_RUNTIME_STATE": "/var/s",
}


@pytest.mark.parametrize("size", [1, 3, 7, 8, 9, 11, 1000])
def test_a_stream_is_taken_apart_wherever_it_is_cut(size: int) -> None:
    said = [(1, b"one"), (2, b"noise"), (1, b""), (1, b"two" * 9), (2, b""), (2, b"more")]
    sent = b"".join(struct.pack(">BxxxI", which, len(data)) + data for which, data in said)
    parts, heard = Demultiplexer(), [b"", b""]
    for start in range(0, len(sent), size):
        for number, data in enumerate(parts.feed(sent[start : start + size])):
            heard[number] += data
    assert heard == [b"one" + b"two" * 9, b"noisemore"]


def _tree(root: Path, *, linked: bool) -> Path:
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/tool").write_bytes(b"tool" * 400_000)
    (root / "usr/bin/tool").chmod(0o755)
    (root / "bin").symlink_to("usr/bin")
    if linked:
        (root / "usr/bin/same").hardlink_to(root / "usr/bin/tool")
    else:
        (root / "usr/bin/same").write_bytes(b"tool" * 400_000)
        (root / "usr/bin/same").chmod(0o755)
    return root


def test_one_tree_is_one_layer_whoever_made_it_and_when(tmp_path: Path) -> None:
    one, other = _tree(tmp_path / "1", linked=True), _tree(tmp_path / "2", linked=False)
    os.utime(other / "usr/bin/tool", (1, 1))
    assert layer_digest(one) == layer_digest(other)
    with tarfile.open(fileobj=io.BytesIO(b"".join(layer(one)))) as tar:
        assert [(e.name, e.type, oct(e.mode), e.linkname, e.size) for e in tar] == [
            ("bin", tarfile.SYMTYPE, "0o777", "usr/bin", 0),
            ("usr", tarfile.DIRTYPE, "0o755", "", 0),
            ("usr/bin", tarfile.DIRTYPE, "0o755", "", 0),
            ("usr/bin/same", tarfile.REGTYPE, "0o755", "", 1_600_000),
            ("usr/bin/tool", tarfile.REGTYPE, "0o755", "", 1_600_000),
        ]
    (other / "usr/bin/tool").chmod(0o744)
    assert layer_digest(one) != layer_digest(other)


def test_nothing_goes_out_any_more_while_an_engine_takes_its_time() -> None:
    did: list[str] = []

    class Engine:
        def remove(self, container: str) -> None:
            did.append(f"removing {container}")
            raise SandboxFailed("the engine hangs")

    class Way:
        def silence(self) -> None:
            did.append("silent")

        def end(self) -> None:
            did.append("ended")

    stream, engine_end = socket.socketpair()
    sandbox = DockerSandbox(
        Engine(),  # type: ignore[arg-type]  # a fake
        "one",
        Started(container="c", stream=stream, pid=0),
        Cgroup({}, {}),
        caps_memory=True,
        gateway=Way(),  # type: ignore[arg-type]  # a fake
    )
    with engine_end, pytest.raises(SandboxFailed):
        sandbox.end()
    assert did == ["silent", "removing c", "ended"]


def test_the_driver_is_the_one_that_was_asked_for_or_none() -> None:
    docker = {**HOST, "AWGP_DRIVER": "docker", "AWGP_DOCKER_RUNTIME": "gvisor"}
    usual = DockerSettings(socket=Path("/var/run/docker.sock"), runtime="gvisor")
    half = {**docker, "AWGP_SANDBOX_CPUS": "0.5"}
    assert settings_from(half).driver == replace(usual, cpus=0.5)
    for all_there_are in ("0", "1024"):
        capped = {**docker, "AWGP_SANDBOX_CPUS": all_there_are}
        assert settings_from(capped).driver == usual
    for wrong in ("0.01", "-1", "1e3", "two", "1.234"):
        with pytest.raises(HostRefuses, match="AWGP_SANDBOX_CPUS must be a number of processors"):
            settings_from({**docker, "AWGP_SANDBOX_CPUS": wrong})
    with pytest.raises(HostRefuses, match="AWGP_DRIVER must be runsc or docker"):
        settings_from({**HOST, "AWGP_DRIVER": "podman"})
