"""Runs MiniStack with three additions.

What its functions print is copied to its own log. MiniStack keeps that output in memory, as CloudWatch would. Whoever
debugs a function, and the test that looks for secrets in logs, wants it in a file, and wants it while the function
still runs.

API Gateway's import reads the extensions of OpenAPI that the stack uses, and which MiniStack 1.5.33 ignores.

waybill_iam.py has two checks that MiniStack's IAM lacks. With WAYBILL_CALLS, what is checked is recorded in that file.
"""

import os
import sys

import waybill_iam
from ministack.app import main
from ministack.core.lambda_runtime import ProvidedWorker
from ministack.services import apigateway_v1


class Copied:
    """A stream of lines that prints each line that is read from it."""

    def __init__(self, stream, function):
        self.stream, self.prefix = stream, f"[{function}] ".encode()

    def readline(self):
        line = self.stream.readline()
        if line:
            # One write, so that lines of several functions do not mix.
            sys.stderr.buffer.write(self.prefix + line.rstrip(b"\r\n") + b"\n")
            sys.stderr.buffer.flush()
        return line

    def close(self):
        self.stream.close()


def copy_output():
    """Puts Copied in front of the pump that reads a function's output. The version of MiniStack is pinned, so a pump
    that is not there is a mistake of ours, and the attribute's absence ends the program."""
    pump = ProvidedWorker._pump_output
    ProvidedWorker._pump_output = lambda worker, stream, lines: pump(worker, Copied(stream, worker.func_name), lines)


ANY_METHOD = "x-amazon-apigateway-any-method"


def read_extensions():
    """Lets an import read any-method, binary-media-types and gateway-responses, as AWS documents them."""
    apigateway_v1._OPENAPI_HTTP_METHODS.add(ANY_METHOD)
    import_operation, import_api = apigateway_v1._import_operation, apigateway_v1._import_rest_api

    def operation(api, resource, method, *rest):
        import_operation(api, resource, "ANY" if method.lower() == ANY_METHOD else method, *rest)

    def api(document, properties=None):
        types = document.get("x-amazon-apigateway-binary-media-types", [])
        made = import_api(document, {**(properties or {}), "binaryMediaTypes": types})
        for kind, response in document.get("x-amazon-apigateway-gateway-responses", {}).items():
            status, _, said = apigateway_v1._put_gateway_response(made, kind, response)
            if status >= 400:
                raise ValueError(f"{kind}: {said!r}")
        return made

    apigateway_v1._import_operation, apigateway_v1._import_rest_api = operation, api


copy_output()
read_extensions()
if "WAYBILL_CALLS" in os.environ:
    waybill_iam.record(os.environ.pop("WAYBILL_CALLS"))
waybill_iam.check_all()
main()
