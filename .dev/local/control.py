"""Talks to the supervisor and to the cron runner over their Unix sockets."""

import http.client
import socket
import xmlrpc.client


class ControlError(Exception):
    """What was asked and what went wrong."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def _post(path, target, body=b"", headers=None):
    connection = _Connection(path)
    try:
        connection.request("POST", target, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError as error:
        raise ControlError(f"{path}: {error.strerror or error}") from None
    finally:
        connection.close()


def supervisor(path, method, *arguments):
    """One call of supervisord's XML-RPC interface, as http://supervisord.org/api.html has them."""
    body = xmlrpc.client.dumps(arguments, f"supervisor.{method}").encode()
    _, text = _post(path, "/RPC2", body, {"Content-Type": "text/xml"})
    try:
        return xmlrpc.client.loads(text)[0][0]
    except xmlrpc.client.Fault as fault:
        raise ControlError(f"{method}{arguments}: {fault.faultString}") from None


def start_job(path, name):
    status, _ = _post(path, f"/jobs/{name}/start")
    if status == 404:
        raise ControlError(f"there is no job {name} in cronjobs/")
    if status != 200:
        raise ControlError(f"the cron runner answered {status} to a start of {name}")
