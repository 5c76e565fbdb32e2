"""`awgp assistant new`, and the templates it starts from."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ops.assistant_new import FolderTaken, command
from ops.assistant_template import (
    FOLDER,
    TEMPLATES,
    AssistantNameInvalid,
    packed_template,
    sample_request,
)
from pipeline.strict_json import parse_object
from runtime_host.bundle import build, inspect

FILES = ["README.md", "awgp.toml", "main.py", "request.json", "test_main.py"]


def new(*arguments: str) -> str:
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_every_template_is_a_folder_and_every_folder_a_template() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(TEMPLATES)


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_is_written_is_a_sound_bundle_of_that_name(template: str, tmp_path: Path) -> None:
    folder = tmp_path / "some bot"
    told = json.loads(new("my-bot", "--template", template, "--folder", str(folder), "--json"))
    packed = build(folder)
    assert inspect(packed).manifest.name == "my-bot"
    assert sorted(name for name, _ in inspect(packed).files) == FILES == told["files"]
    assert told["digest"] == inspect(packed).digest
    text = "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())
    assert "assistant-name" not in text
    assert "bundle-folder" not in text
    assert f"'{folder}'" in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_packed_the_same_whoever_packs_it(template: str) -> None:
    packed = packed_template(template, name="my-bot")
    assert packed == packed_template(template, name="my-bot")
    assert inspect(packed).manifest.name == "my-bot"
    sample = sample_request(template).encode()
    assert parse_object(sample, max_depth=32)["amount_cents"] == 4200


def test_its_own_folder_is_new_or_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "awgp assistant add my-bot --bundle my-bot --as owner" in new("my-bot")
    (tmp_path / "my-bot" / "main.py").write_text("mine")
    with pytest.raises(FolderTaken, match="my-bot is there already"):
        new("my-bot")
    assert (tmp_path / "my-bot" / "main.py").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["my-bot"]


@pytest.mark.parametrize("name", ["", "My-Bot", "9lives", "a b", "-x", "x-", "é", "a" * 64, "a/b"])
def test_a_name_that_no_assistant_can_have_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(AssistantNameInvalid, match="small letters"):
        new("--folder", str(tmp_path / "x"), "--", name)
    assert list(tmp_path.iterdir()) == []


def test_a_template_that_is_not_there_is_named() -> None:
    done = CliRunner().invoke(command, ["my-bot", "--template", "novel"])
    assert done.exit_code == 2
    assert "summarise" in done.output
