"""A plug-in for LocalStack that runs the functions of `provided.*` runtimes as its child processes.

LocalStack's own executor starts a container for each function. This one needs no Docker: it serves Lambda's runtime
API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) on a loopback port and starts the function's
`bootstrap`, which fetches events from there. LocalStack loads it for LAMBDA_RUNTIME_EXECUTOR=waybill.
"""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor

API = "/2018-06-01/runtime"

# How long a bootstrap may take until it asks for its first event: Lambda's own limit for the init phase.
INIT_SECONDS = 10

# How often a wait looks whether the process still lives.
GLANCE_SECONDS = 0.05


def problem(kind: str, request: str, message: str) -> bytes:
    """The answer for a function that could not give one."""
    return json.dumps({"errorType": kind, "errorMessage": f"RequestId: {request} Error: {message}"}).encode()


class RuntimeAPI(BaseHTTPRequestHandler):
    """The requests of one bootstrap. self.server.bootstrap is the one they come from."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        bootstrap = self.server.bootstrap
        if self.path != f"{API}/invocation/next":
            return self.reply(404)
        bootstrap.asked.set()
        while (event := bootstrap.take()) is None:
            if bootstrap.ended():
                self.close_connection = True
                return
        self.reply(200, event["payload"].encode(), {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": event["invoke-id"],
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + bootstrap.timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": event["invoked-function-arn"],
            "Lambda-Runtime-Trace-Id": event.get("trace-id", ""),
        })

    def do_POST(self):
        body = self.body()
        if self.path == f"{API}/init/error":
            self.server.bootstrap.answers.put((None, body, True))
        else:
            request, verb = self.path.removeprefix(f"{API}/invocation/").split("/")
            self.server.bootstrap.answers.put((request, body, verb == "error"))
        self.reply(202, b'{"status":"OK"}')

    def body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def reply(self, status: int, body: bytes = b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Bootstrap:
    """One process of a function, with a runtime API of its own, so that a late answer of a process that was ended can
    never be taken for another's."""

    def __init__(self, name: str, code: str, env: dict[str, str], timeout: int):
        self.name, self.timeout = name, timeout
        self.events, self.answers = queue.Queue(1), queue.Queue()
        self.asked = threading.Event()
        self.lines, self.lines_lock = [], threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeAPI)
        self.server.daemon_threads = True
        self.server.bootstrap = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.process = subprocess.Popen(
            [os.path.join(code, "bootstrap")],
            cwd=code,
            env=env | {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.pump = threading.Thread(target=self.copy_output, daemon=True)
        self.pump.start()

    def take(self):
        """The next event for the process, or None when none came within a moment."""
        try:
            return self.events.get(timeout=GLANCE_SECONDS)
        except queue.Empty:
            return None

    def ended(self) -> bool:
        return self.process.poll() is not None

    def await_first_request(self):
        deadline = time.monotonic() + INIT_SECONDS
        while not self.asked.wait(GLANCE_SECONDS):
            if self.ended() or not self.answers.empty() or time.monotonic() > deadline:
                self.end()
                raise LambdaRuntimeException(f"{self.name} did not start: exit status {self.process.returncode}")

    def invoke(self, event: dict) -> tuple[bytes, bool]:
        """Gives the process the event and returns its answer, and whether that is an error. An event that the process
        never took, because it had died unseen, raises LookupError: another process may have it."""
        request = event["invoke-id"]
        deadline = time.monotonic() + self.timeout
        self.events.put(event)
        while True:
            try:
                answered, body, failed = self.answers.get(timeout=GLANCE_SECONDS)
                if answered in (request, None):
                    return body, failed
            except queue.Empty:
                if time.monotonic() > deadline:
                    self.end()
                    return problem("Sandbox.Timedout", request, f"Task timed out after {self.timeout:.2f} seconds"), True
                if self.ended() and self.answers.empty():
                    if not self.events.empty():
                        raise LookupError(request)
                    return problem("Runtime.ExitError", request, f"exit status {self.process.returncode}"), True

    def copy_output(self):
        """Keeps what the process prints for the function's log, and copies it to the log of LocalStack."""
        for line in self.process.stdout:
            text = line.decode(errors="replace").rstrip("\r\n")
            sys.stderr.write(f"[{self.name}] {text}\n")
            sys.stderr.flush()
            with self.lines_lock:
                self.lines.append(text)

    def printed(self) -> list[str]:
        with self.lines_lock:
            lines, self.lines = self.lines, []
        return lines

    def end(self):
        if not self.ended():
            self.process.kill()
        self.process.wait(5)
        # A line that was printed is in the log before the invocation is over.
        self.pump.join(1)
        self.server.shutdown()
        self.server.server_close()


class ProcessExecutor(RuntimeExecutor):
    """Runs one function version, one event at a time; LocalStack makes several of them to run several at once."""

    def start(self, env_vars: dict[str, str]) -> None:
        self.folder = tempfile.mkdtemp(prefix="function-")
        code = str(self.function_version.config.code.get_unzipped_code_location())
        self.env = {name: str(value) for name, value in env_vars.items() if not name.startswith("LOCALSTACK_")}
        self.env |= {"PATH": os.environ["PATH"], "TMPDIR": self.folder, "LAMBDA_TASK_ROOT": code}
        # Whoever ends LocalStack finds its children by this mark.
        if mark := os.environ.get("WAYBILL_BACKGROUND"):
            self.env["WAYBILL_BACKGROUND"] = mark
        self.bootstrap = self.fresh()

    def fresh(self) -> Bootstrap:
        name = self.function_version.id.function_name
        bootstrap = Bootstrap(name, self.env["LAMBDA_TASK_ROOT"], self.env, self.function_version.config.timeout)
        bootstrap.await_first_request()
        return bootstrap

    def stop(self) -> None:
        self.bootstrap.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        begun = time.monotonic()
        while True:
            if self.bootstrap.ended():
                self.bootstrap.end()
                self.bootstrap = self.fresh()
            try:
                body, failed = self.bootstrap.invoke(payload)
                break
            except LookupError:
                continue
        request, took = payload["invoke-id"], (time.monotonic() - begun) * 1000
        lines = [
            f"START RequestId: {request} Version: {self.function_version.id.qualifier}",
            *self.bootstrap.printed(),
            f"END RequestId: {request}",
            f"REPORT RequestId: {request}\tDuration: {took:.2f} ms",
        ]
        return InvocationResult(request, body, is_error=failed, logs="\n".join(lines) + "\n")

    def get_logs(self) -> str:
        return "\n".join(self.bootstrap.printed())

    def get_address(self) -> str:
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        # Only LocalStack's own init program in a container would call this.
        return "http://127.0.0.1"

    @classmethod
    def prepare_version(cls, function_version) -> None:
        code = function_version.config.code
        code.prepare_for_execution()
        # An archive may have come without the permission.
        os.chmod(os.path.join(str(code.get_unzipped_code_location()), "bootstrap"), 0o755)

    @classmethod
    def cleanup_version(cls, function_version) -> None:
        pass


class Plugin(RuntimeExecutorPlugin):
    """What LocalStack finds under the name that it is told."""

    name = "waybill"

    def load(self, *args, **kwargs):
        return ProcessExecutor
