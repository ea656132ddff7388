"""Runs MiniStack with three additions.

What its functions print is copied to its own log. MiniStack keeps that output in memory, as CloudWatch would. Whoever
debugs a function, and the test that looks for secrets in logs, wants it in a file, and wants it while the function
still runs.

API Gateway's import reads the extensions of OpenAPI that the stack uses, and which MiniStack 1.5.33 ignores.

A request for several parameters is checked against the policies by their names. MiniStack checks it against "*".
"""

import json
import sys

from ministack.app import main
from ministack.core import iam_actions
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


def check_names():
    """Lets the policies see the first name of a request for several parameters. AWS checks each. Waybill asks only for
    the parameters of one set at a time, which the same statement covers."""
    extract = iam_actions.extract_resource_arn

    def resource(service, method, path, headers, body, query, region, account):
        names = json.loads(body).get("Names") if service == "ssm" and body else None
        if names:
            return f"arn:aws:ssm:{region}:{account}:parameter{names[0]}"
        return extract(service, method, path, headers, body, query, region, account)

    iam_actions.extract_resource_arn = resource


copy_output()
read_extensions()
check_names()
main()
