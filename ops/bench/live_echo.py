"""The plainest WebSocket app there is, flask-sock's own way: threads wait for each socket."""

from flask import Flask
from flask_sock import Sock
from simple_websocket import Server


def echo() -> Flask:
    """Say back what comes at /echo."""
    app = Flask("echo")
    sock = Sock(app)

    @app.get("/readyz")
    def readyz() -> str:
        return "ready"

    def say_back(ws: Server) -> None:
        while True:
            ws.send(ws.receive())

    sock.route("/echo")(say_back)
    del readyz
    return app
