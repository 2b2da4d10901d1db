"""Measures how long functions take from the start of their process to their first answer.

cold.py RUNS NAME=PROGRAM…

Lambda is played by this script and AWS by MiniStack, both on loopback. Programs take turns, so that what else the machine
does befalls all alike.
"""

import http.server
import json
import os
import pathlib
import queue
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zipfile

import botocore.session

ROOT = pathlib.Path(__file__).parents[2]
OWNER, TOKEN, REGION = "ou_ada", "verification-token", "eu-central-1"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Runtime(http.server.BaseHTTPRequestHandler):
    """The Runtime API: one event for each process, and the time its answer came."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps(self.server.events.get()).encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 10_000))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:poco")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.answers.put((time.perf_counter(), self.path.rsplit("/", 1)[1], body))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        # Whoever was killed ends its connection as it likes.
        pass


def event(name: str) -> dict:
    # A press: Feishu is not called for it, only the store and the queue.
    header = {"event_id": name, "event_type": "card.action.trigger", "create_time": str(int(time.time() * 1000)), "token": TOKEN}
    action = {"tag": "button", "value": {"intent_key": "task.submit", "prompt": "hello"}}
    context = {"open_message_id": "om_1", "open_chat_id": f"oc_{name}"}
    press = {"operator": {"open_id": OWNER}, "token": "c-1", "action": action, "context": context}
    body = {"schema": "2.0", "header": header, "event": press}
    call = {"method": "POST", "path": "/platform/feishu/card-actions", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "-"}
    context = {"accountId": "1", "apiId": "api", "domainName": "api", "domainPrefix": "api", "http": call, "requestId": "id",
               "routeKey": "$default", "stage": "$default", "time": "25/Nov/2026:09:00:00 +0000", "timeEpoch": 1795597200000}
    return {"version": "2.0", "routeKey": "$default", "rawPath": call["path"], "rawQueryString": "", "requestContext": context,
            "headers": {"content-type": "application/json", "x-event": name}, "body": json.dumps(body), "isBase64Encoded": False}


def run(program: str, environment: dict, name: str) -> float:
    # A runtime of its own: the last process may still wait at the one before.
    runtime = Server(("127.0.0.1", 0), Runtime)
    runtime.events, runtime.answers = queue.Queue(), queue.Queue()
    threading.Thread(target=runtime.serve_forever, daemon=True).start()
    runtime.events.put(event(name))
    environment = {**environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_port}"}
    begun = time.perf_counter()
    process = subprocess.Popen([program], env=environment, stderr=subprocess.DEVNULL)
    at, kind, body = runtime.answers.get(timeout=20)
    process.kill()
    process.wait()
    threading.Thread(target=runtime.shutdown, daemon=True).start()
    assert kind == "response" and json.loads(body)["statusCode"] == 200, (kind, body)
    return (at - begun) * 1000


def main() -> None:
    runs, programs = int(sys.argv[1]), dict(word.split("=") for word in sys.argv[2:])
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    home = ROOT / ".tools" / "ministack"
    place = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "LOG_LEVEL": "ERROR", "PATH": os.environ["PATH"]}
    emulator = subprocess.Popen([home / "venv/bin/python", ROOT / "tests/tools/tied.py", "ministack.app"], env=place,
                                cwd=home, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(500):
        try:
            urllib.request.urlopen(f"{url}/_ministack/health")
            break
        except OSError:
            time.sleep(0.02)
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION, "endpoint_url": url}
    client = lambda service: botocore.session.get_session().create_client(service, **keys)
    text = lambda name: {"AttributeName": name, "AttributeType": "S"}
    key = lambda name, kind: {"AttributeName": name, "KeyType": kind}
    index = lambda name, by: {"IndexName": name, "KeySchema": [key(by, "HASH"), key("pk", "RANGE")],
                              "Projection": {"ProjectionType": "KEYS_ONLY"}}
    client("dynamodb").create_table(
        TableName="poco", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[text("pk"), text("shelf"), text("due")],
        KeySchema=[key("pk", "HASH")], GlobalSecondaryIndexes=[index("keys", "shelf"), index("due", "due")])
    secret = json.dumps({"app_secret": "s", "encrypt_key": "", "verification_token": TOKEN})
    arn = client("secretsmanager").create_secret(Name="poco", SecretString=secret)["ARN"]
    sent = client("sqs").create_queue(QueueName="poco.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    environment = {
        "AWS_LAMBDA_FUNCTION_NAME": "poco",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION, "AWS_ENDPOINT_URL": url, "POCO_LOG": "error",
        "POCO_OWNER_OPEN_ID": OWNER, "POCO_FEISHU_APP_ID": "cli_1", "POCO_FEISHU_DELIVERY_MODE": "webhook",
        "POCO_FEISHU_API_BASE_URL": "http://127.0.0.1:9", "POCO_STATE_BACKEND": "dynamodb", "POCO_STATE_TABLE": "poco",
        "POCO_QUEUE_URL": sent, "POCO_SECRET_ARN": arn}
    took = {name: [] for name in programs}
    for number in range(runs + 3):
        for name, program in programs.items():
            took[name].append(run(program, environment, f"{name}-{number}"))
    emulator.stdin.close()
    emulator.wait()
    for name, program in programs.items():
        times = sorted(took[name][3:])
        with tempfile.NamedTemporaryFile(suffix=".zip") as packed:
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
                archive.write(program, "bootstrap")
            zipped = os.path.getsize(packed.name) / 1e6
        late, size = times[int(len(times) * 0.95)], os.path.getsize(program) / 1e6
        ratios = [f"{statistics.median(times) / statistics.median(took[other][3:]):.2f} × {other}" for other in programs if other != name]
        print(f"{name}: median {statistics.median(times):.1f} ms ({', '.join(ratios)}), least {times[0]:.1f}, 95 of 100 within {late:.1f}, "
              f"{size:.1f} MB, {zipped:.1f} zipped")


main()
