"""Errors as answers: every kind becomes a problem, and none tells more than it should."""

import json

import marshmallow as ma
import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_smorest import Api, Blueprint
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from pipeline.errors import AwgpError
from pipeline.problem import document_problems, install_problem_handlers, problem_body
from pipeline.refusal import Refusal

SECRET = "payload of a person"


class QuotaExceeded(Refusal):
    pass


class QuotaOfTheMonthExceeded(QuotaExceeded):
    pass


class InNoTable(AwgpError):
    pass


class Order(ma.Schema):
    number = ma.fields.Integer(required=True)


def database_error(kind: type[psycopg.Error]) -> OperationalError:
    return OperationalError("INSERT", {"payload": SECRET}, kind(SECRET))


RAISED: dict[str, Exception] = {
    "known": QuotaOfTheMonthExceeded("enough", field="n", headers={"Retry-After": "9"}),
    "unknown": InNoTable(SECRET),
    "crash": RuntimeError(SECRET),
    "programming": ProgrammingError("SELECT", {"x": SECRET}, psycopg.DataError(SECRET)),
    "gone": database_error(psycopg.OperationalError),
    "pool": PoolTimeout(SECRET),
}


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__)
    app.config.update(API_TITLE="t", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    api = Api(app)
    document_problems(api.spec)
    blueprint = Blueprint("orders", __name__)

    def make(order: dict[str, int]) -> dict[str, int]:
        return order

    def fail(name: str) -> str:
        raise RAISED[name]

    blueprint.add_url_rule("/orders", "make", blueprint.arguments(Order)(make), methods=["POST"])
    blueprint.add_url_rule("/fail/<name>", "fail", fail)
    api.register_blueprint(blueprint)
    install_problem_handlers(app, {QuotaExceeded: (429, "quota-exceeded")})
    return app.test_client()


def problem(response: TestResponse) -> tuple[int, str]:
    assert response.content_type == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    body = json.loads(response.data)
    assert body.keys() >= {"type", "title", "status", "detail"}
    assert body["status"] == response.status_code
    assert SECRET not in response.text
    return response.status_code, body["type"].removeprefix("urn:awgp:problem:")


def test_a_domain_error_takes_the_nearest_entry_of_the_table(client: FlaskClient) -> None:
    response = client.get("/fail/known")
    assert problem(response) == (429, "quota-exceeded")
    assert response.headers["Retry-After"] == "9"
    assert response.get_json() | {"type": ""} == {
        "type": "",
        "title": "Quota exceeded",
        "status": 429,
        "detail": "enough",
        "field": "n",
    }


@pytest.mark.parametrize("name", ["unknown", "crash", "programming"])
def test_an_unexpected_error_gives_an_incident_and_keeps_its_message(
    client: FlaskClient, name: str
) -> None:
    with capture_logs() as events:
        response = client.get(f"/fail/{name}")
    assert problem(response) == (500, "internal-error")
    (event,) = events
    assert event["incident"] == response.get_json()["incident"]
    assert event["error"] == type(RAISED[name]).__name__
    assert SECRET not in repr(events)


@pytest.mark.parametrize("name", ["gone", "pool"])
def test_a_database_out_of_reach_asks_to_come_back(client: FlaskClient, name: str) -> None:
    with capture_logs() as events:
        response = client.get(f"/fail/{name}")
    assert problem(response) == (503, "database-unavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert SECRET not in repr(events)


def test_what_a_schema_refuses_is_named_field_by_field(client: FlaskClient) -> None:
    response = client.post("/orders", json={"number": "x", "more": 1})
    assert problem(response) == (422, "request-invalid")
    assert {each["field"] for each in response.get_json()["errors"]} == {"number", "more"}
    assert client.post("/orders", json={"number": 1}).status_code == 200


def test_the_frameworks_own_refusals_are_problems(client: FlaskClient) -> None:
    assert problem(client.get("/nowhere")) == (404, "not-found")
    refused = client.delete("/orders")
    assert problem(refused) == (405, "method-not-allowed")
    assert "POST" in refused.headers["Allow"]
    broken = client.post("/orders", data="{", content_type="application/json")
    assert problem(broken)[0] == 400


def test_further_members_stand_beside_the_fixed_ones() -> None:
    assert problem_body(409, "already-decided", "by ben", by="ben")["by"] == "ben"
