"""The Docker engine of this machine, and what is asked of it, by its own SDK.

Errors of the SDK and of its connection end here: what sandboxes need fails as `SandboxFailed`, what
the host needs before it serves as `DriverUnavailable`.
"""

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import docker
from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException

from runtime_host.docker_image import LABEL, Layer, layer_digest, tag_of
from runtime_host.driver import DriverUnavailable
from runtime_host.rootfs import RuntimeRecord
from runtime_host.sandbox import SandboxFailed

OWNER: Final = "awgp.owner"
REQUEST_SECONDS: Final = 60
IMPORT_SECONDS: Final = 300
REMOVAL_SECONDS: Final = 20.0
EXIT_SECONDS: Final = 5
_ENGINE_ERRORS: Final = (DockerException, RequestException, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an engine says of itself.

    Args:
        version: Of the engine and of its API.
        arguments: What it starts the runtime with, where it says so.
        controllers: Which of `memory`, `pids` and `cpu` it caps.
    """

    version: str
    arguments: tuple[str, ...]
    controllers: frozenset[str]


class DockerEngine:
    """One engine, by its socket.

    Args:
        path: Of the Unix socket.
        runtime: The engine's name for gVisor.
    """

    def __init__(self, path: Path, runtime: str) -> None:
        self._path = path
        self.runtime = runtime
        # Containers that could not be removed in time.
        self._stuck: set[str] = set()
        self._client: docker.APIClient | None = None

    @property
    def _api(self) -> docker.APIClient:
        if self._client is None:
            self._client = docker.APIClient(
                base_url=f"unix://{self._path}", version="auto", timeout=REQUEST_SECONDS
            )
        return self._client

    def about(self) -> About:
        """Ask the engine what it is.

        Raises:
            DriverUnavailable: It is not there, may not be used, or does not know the runtime.
        """
        with self._needed(f"the Docker engine at {self._path} does not answer"):
            said = self._api.info()
        known: Mapping[str, Any] = said.get("Runtimes") or {}
        if self.runtime not in known:
            raise DriverUnavailable(
                f"the Docker engine at {self._path} has no runtime {self.runtime}; "
                "name it in the engine's daemon.json"
            )
        names = {"memory": "MemoryLimit", "pids": "PidsLimit", "cpu": "CpuCfsQuota"}
        caps = {name: said.get(asked) for name, asked in names.items()}
        return About(
            version=f"{said.get('ServerVersion')}, API {self._api.api_version}",
            arguments=tuple(known[self.runtime].get("runtimeArgs") or ()),
            controllers=frozenset(name for name, holds in caps.items() if holds),
        )

    def image(self, record: RuntimeRecord, root: Path) -> str:
        """Id of the runtime's image, which is imported where it is not there.

        Raises:
            DriverUnavailable: It could not be imported, or is not of this tree.
        """
        repository, tag = tag_of(record)
        with self._needed(f"the image of runtime {record.name} cannot be made"):
            found = self._image(f"{repository}:{tag}")
            if found is not None and _layers(found) == [layer_digest(root)]:
                return str(found["Id"])
            sent = Layer(root)
            # Whatever had the name keeps its id, and whoever uses it.
            self._api.import_image_from_stream(
                sent,
                repository=repository,
                tag=tag,
                changes=[f"LABEL {LABEL}={record.name}"],
            )
            found = self._image(f"{repository}:{tag}")
        if found is None or _layers(found) != [sent.digest]:
            raise DriverUnavailable(
                f"the Docker engine's image {repository}:{tag[:12]} is not the runtime's tree"
            )
        return str(found["Id"])

    def start(self, configuration: Mapping[str, Any], name: str) -> "Started":
        """Create a container, attach to it, then start it, so that no word of it is missed.

        Raises:
            SandboxFailed: It did not start; it is removed again.
        """
        container = ""
        if self._stuck:
            self._forget()
        try:
            create = self._api.create_container_from_config
            container = create(dict(configuration), name)["Id"]  # type: ignore[no-untyped-call]  # the stubs lack it
            attached = self._api.attach_socket(
                container, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            )
            self._api.start(container)
            state = self._api.inspect_container(container)["State"]
            # The SDK gives a file of the connection; what is ours is a socket of our own.
            stream = socket.socket(fileno=os.dup(attached.fileno()))
            attached.close()
        except _ENGINE_ERRORS as exc:
            self._forget(container)
            raise SandboxFailed(f"Docker did not start sandbox {name}: {_said(exc)}") from exc
        return Started(container=container, stream=stream, pid=int(state.get("Pid") or 0))

    def was_out_of_memory(self, container: str) -> bool:
        """Whether the kernel killed in a container that ended; False where nobody knows."""
        try:
            self._api.wait(container, timeout=EXIT_SECONDS)
            return bool(self._api.inspect_container(container)["State"].get("OOMKilled"))
        except _ENGINE_ERRORS:
            return False

    def remove(self, container: str) -> None:
        """Kill and remove a container.

        Raises:
            SandboxFailed: It is still there after `REMOVAL_SECONDS`; another try is made with the
                next start.
        """
        deadline = time.monotonic() + REMOVAL_SECONDS
        while True:
            try:
                self._api.remove_container(container, force=True, v=True)
            except NotFound:
                return
            except _ENGINE_ERRORS as exc:
                if not isinstance(exc, APIError) or time.monotonic() > deadline:
                    self._stuck.add(container)
                    said = _said(exc)
                    raise SandboxFailed(f"Docker did not remove {container[:12]}: {said}") from exc
                # It is being removed already, or something of it is still busy.
                time.sleep(0.05)
            else:
                return

    def owned_by(self, owner: str) -> list[str]:
        """Containers of one host, whatever state they are in.

        Raises:
            DriverUnavailable: The engine does not say.
        """
        with self._needed("the Docker engine does not list its containers"):
            found = self._api.containers(all=True, filters={"label": f"{OWNER}={owner}"})
        return [str(each["Id"]) for each in found]

    def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            self._client.close()

    def _image(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._api.inspect_image(name)  # type: ignore[no-untyped-call]  # the stubs lack it
        except NotFound:
            return None
        return found

    def _forget(self, container: str = "") -> None:
        """Remove what did not start, or is stuck: now, or with a later start, or by a sweep."""
        for each in {container, *self._stuck} - {""}:
            self._stuck.add(each)
            try:
                self._api.remove_container(each, force=True, v=True)
            except NotFound:
                self._stuck.discard(each)
            except _ENGINE_ERRORS:
                continue
            else:
                self._stuck.discard(each)

    @contextmanager
    def _needed(self, what: str) -> Iterator[None]:
        try:
            yield
        except _ENGINE_ERRORS as exc:
            raise DriverUnavailable(f"{what}: {_said(exc)}") from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A container that runs.

    Args:
        stream: Both ways: its stdin as it is, its stdout and stderr in the engine's frames.
        pid: Of its first process as the engine sees it; 0 when it is gone already.
    """

    container: str
    stream: socket.socket
    pid: int


def _layers(image: Mapping[str, Any]) -> list[str]:
    return list((image.get("RootFS") or {}).get("Layers") or [])


def _said(exc: BaseException) -> str:
    """The engine's own words, on one line."""
    told = exc.explanation if isinstance(exc, APIError) and exc.explanation else exc
    return " ".join(str(told).split())[:300]
