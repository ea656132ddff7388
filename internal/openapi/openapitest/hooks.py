"""What schemathesis must know about the API that openapi.yaml cannot say.

WAYBILL_FUZZ has the token of the run and one entity of each kind, as JSON.
"""

import json
import os
import re
import zlib

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

RUN = json.loads(os.environ["WAYBILL_FUZZ"])

# The kind of the entity that a path names, by the beginning of the path.
KINDS = [
    ("/security/keys/{uuid}", "key"),
    ("/servers/{uuid}", "server"),
    ("/deployments/servers/{uuid}", "server"),
    ("/applications/{uuid}", "application"),
    ("/deployments/applications/{uuid}", "application"),
    ("/services/{uuid}", "service"),
    ("/deployments/services/{uuid}", "service"),
    ("/databases/{uuid}", "database"),
    ("/deployments/databases/{uuid}", "database"),
    ("/deployments/{uuid}", "deployment"),
    ("/deployments/applications/deployment/{uuid}", "deployment"),
]


def known(path):
    """The id of the entity that the path names, or None."""
    for beginning, kind in KINDS:
        if path == beginning or path.startswith(beginning + "/"):
            return RUN[kind]
    return None


@schemathesis.hook
def before_call(context, case, kwargs):
    named = case.path_parameters or {}
    for name, value in named.items():
        # The run does not revoke its own token, nor delete what it works with. The id of a token that an answer had
        # is a number.
        if str(value) in RUN.values() and case.method == "DELETE":
            named[name] = "1"
        # Generated ids are of nothing. Half of them become ids of something, so that the endpoints run.
        # A schedule is one of its resource's: only an earlier answer has its uuid.
        elif name != "schedule_uuid" and known(case.path) and case.method != "DELETE" and zlib.crc32(str(value).encode()) % 2:
            named[name] = known(case.path)
    body = case.body if isinstance(case.body, dict) else {}
    # Ids in valid bodies are of something, for the same reason, and the address is one that leads nowhere
    # (RFC 5737): no run connects to a machine of others.
    if case.meta and case.meta.generation.mode.is_positive:
        for field, value in {"server_uuid": RUN["server"], "private_key_uuid": RUN["key"], "ip": "192.0.2.1"}.items():
            if isinstance(body.get(field), str):
                body[field] = value
        # A server that is validated at once refuses the connection, so that the run does not wait for it.
        if body.get("instant_validate") is True:
            body["ip"], body["port"] = "127.0.0.1", 1
        # The run needs a server that takes resources of every kind.
        if body.get("forbid_host_access") is True:
            body["forbid_host_access"] = False
        if isinstance(body.get("server_uuids"), list):
            body["server_uuids"] = [RUN["server"]]
        # A notification is about something that exists, and sends nothing to others (RFC 6761).
        if isinstance(body.get("resources"), list):
            body["resources"] = [RUN["service"]]
        if isinstance(body.get("target"), str) and body.get("kind") != "email":
            body["target"] = "https://waybill.invalid/hook"
    # A request that waits shows nothing more after 20 s than after one, and few need to show that.
    query = case.query or {}
    if str(query.get("wait")).isdecimal() and 1 <= int(query["wait"]) <= 20:
        query["wait"] = 1 if int(query["wait"]) == 20 else 0
    if query.get("follow") in (True, "true"):
        query["follow"] = "false"


# The reasons for which a request that is valid by its schemas may be refused, each with a pattern of
# "field: text" or, without a field, of the message. Invalid in another way is what the schemas must say.
REASONS = [
    ("what the request names does not exist", r"must be the uuid of|must have uuids of|has an id that does not exist|must name something that exists|uuids of things that exist"),
    ("what else the jump host is", r"^proxy_jump: must be (null, because other servers|the uuid of another server)"),
    ("only an earlier answer has the value", r"^(cursor|after): must be the (next|number)|^commit: must be the commit, or the tag"),
    ("what a deployment comes after", r"^after: (names|forms a cycle)|^after names|is not running and has no deployment|is for a start, a restart or a deploy"),
    ("there are as many as there may be", r"^tags: may be at most|is needed to choose fewer resources|may name at most"),
    ("the key has another request", r"^Idempotency-Key: was used for a request with another body"),
    ("the state of the deployment or of the resource",
     r"cannot be cancelled\. Current status|is already (stopped|running)|cannot be changed|^other: must be a deployment of"),
    ("the variable is new, or was a secret", r"needs a value;|: must be given (for a new|again)"),
    ("the value is no secret that redaction can find", r"is a secret that cannot be kept out of the logs"),
    # OpenAPI has no words for rules about several fields or parameters.
    ("fields exclude or need each other",
     r"cannot be (had|false|true|given)|exclude each other|go(es)? (together|with)|is for (format=text only|a search|a start, a restart or a deploy)|must go with its key"
     r"|is for applications|is given in two ways|opens repositories over SSH only|must be true where|forbids access to itself|is required where|must have 1 to 100 uuids together|must be given with another|must provide uuid or tag"
     r"|use uuid or tag, not both|waits by itself; leave|leads to one result|is the same as `stream`|runs by shell commands|must be exactly one of|besides the fields of every|is not known here; \S+ takes"
     r"|is nothing that \S+ takes|^health_check_port: must be between"),
    ("the entries of a list repeat", r" twice|which another mapping publishes too|which is the public_port"),
    ("sizes of several fields", r"in all, ha(s|ve)|bytes together|must not be (more|less) than"),
    # These fields have a grammar of their own. A pattern of it would be another parser, and could be wrong.
    ("a rule has fields of its kind only, and globs, tags and buckets have a grammar of their own", r"^triggers\.\d+\.\S+: "),
    ("the text is no key, certificate or host", r"^(private_key|host_key|git_host_keys|ssl_certificate|ip|url): "),
    ("the text is no address, branch or path of git",
     r"^(git_repository|git_branch|base_directory|dockerfile_location|docker_compose_location): "),
    ("the text is no image, port, size or set of CPUs of docker",
     r"^(docker_registry_image_name|image|ports_mappings|ports_exposes|limits_\w+): "),
    ("the text is no compose file, Dockerfile or script", r"^(docker_compose|docker_compose_raw|dockerfile|init_scripts\S*): "),
    ("there is no such time, such as 31 February, or it is past", r"^expires_at: must be"),
    ("the text is no target of its kind, or no base64", r"^target: must (be|have no) |^secret: must be"),
    ("the text is no regular expression", r"^q: "),
    ("the text is no expression of a schedule, or no time zone", r"^(expression|timezone): "),
    ("a rule does not fit its kind or its resource, or has a text that is no glob", r"^triggers\.\d+"),
    # A window has a grammar of its own, and a time zone is one of a list.
    ("the text is no window, or no time with a zone", r"^(windows\.)?(allow|freeze)\.\d+"),
    # A rule has fields by its kind, patterns of tags, and the images and buckets of the stack's context.
    ("the rule for events does not fit its kind, the resource or the stack", r"^triggers\.\d+"),
    ("the variable is one of Waybill's own", r"is a name that Waybill uses itself|is set (by|for) the "),
    # JSON Schema and its patterns are not that exact.
    ("the text is white space", r"^(name|start): must not be empty"),
    ("the lists of the scope are empty", r"^scope: must name resources"),
    ("JSON Schema takes 2e1 for an integer", r": must be a whole number, not a number with a fraction"),
    ("upstream has the feature, and its clients know the message", r"^Deployments of pull requests are not supported"),
]


@schemathesis.check
def a_valid_request_is_refused_for_a_reason(ctx, response, case):
    """A valid request is accepted, or each text of its refusal is one of REASONS."""
    said = []
    if response.status_code == 424:  # the result of a deployment that did not finish
        return
    if response.status_code in (400, 422):
        problem = response.json()
        said = [f"{field}: {text}" for field, texts in problem.get("errors", {}).items() for text in texts]
        said = [text for text in said or [problem["message"]] if not any(re.search(p, text) for _, p in REASONS)]
        if not said:
            return
    try:
        positive_data_acceptance(ctx, response, case)
    except AssertionError as refused:
        raise AssertionError("\n".join([str(refused)] + said)) from None
