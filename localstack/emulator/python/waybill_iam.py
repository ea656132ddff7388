"""Two checks that MiniStack's IAM lacks, and a record of what it checks.

A request for several parameters is checked by each of their names, as AWS does. MiniStack checks it against "*".

A request for items has the condition key dynamodb:LeadingKeys, with the partition keys of the items. MiniStack 1.5.33
does not know the key, and a condition with ForAllValues holds without it.

With a file for it, each check of a role's call is recorded once, as a line of JSON. grants.py reads the file.
"""

import contextvars
import json
import re
import threading

from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb

# The ARNs of the parameters that the present request names, and the partition keys of the items, by the ARN of their
# table.
_parameters = contextvars.ContextVar("parameters", default=())
_leading = contextvars.ContextVar("leading", default={})

LEADING_KEYS = "dynamodb:LeadingKeys"


def _table_arn(table, region, account):
    return iam_actions._dynamodb_table_arn(table, region, account)


def _partition_key(table, index=None):
    """The name of the partition key of a table or of one of its indexes."""
    found = dynamodb._tables.get(table.rsplit("/", 1)[-1])
    if found is None:
        return None
    schemas = {None: found["KeySchema"]}
    for one in found.get("GlobalSecondaryIndexes") or []:
        schemas[one["IndexName"]] = one["KeySchema"]
    return next((key["AttributeName"] for key in schemas.get(index, []) if key["KeyType"] == "HASH"), None)


def _items(request):
    """Yields the table, and the item or its key, of every item that a request reads or writes by its key."""
    if "TransactItems" in request:
        for item in request["TransactItems"]:
            for one in item.values():
                yield one["TableName"], one.get("Key") or one.get("Item")
    elif "RequestItems" in request:
        for table, wanted in request["RequestItems"].items():
            if isinstance(wanted, dict):
                yield from ((table, key) for key in wanted["Keys"])
            else:
                yield from ((table, one["Key"] if "Key" in one else one["Item"])
                            for put_or_delete in wanted for one in put_or_delete.values())
    elif "Key" in request or "Item" in request:
        yield request["TableName"], request.get("Key") or request.get("Item")


def _queried(request):
    """Yields the table and the value of the partition key of a query."""
    partition = _partition_key(request["TableName"], request.get("IndexName"))
    names, values = request.get("ExpressionAttributeNames") or {}, request.get("ExpressionAttributeValues") or {}
    for name, value in re.findall(r"([\w#.-]+)\s*=\s*(:\w+)", request["KeyConditionExpression"]):
        if names.get(name, name) == partition and value in values:
            yield request["TableName"], values[value]


def _leading_keys(request, region, account):
    """The values of the partition keys of a request, by the ARN of their table."""
    found = {}
    pairs = _queried(request) if "KeyConditionExpression" in request else (
        (table, (item or {}).get(_partition_key(table))) for table, item in _items(request))
    for table, value in pairs:
        if value:
            found.setdefault(_table_arn(table, region, account), set()).add(str(next(iter(value.values()))))
    return {arn: sorted(values) for arn, values in found.items()}


def _parsed(body):
    try:
        request = json.loads(body or b"{}")
    except (ValueError, UnicodeDecodeError):
        return {}
    return request if isinstance(request, dict) else {}


def check_all():
    """Adds the two checks. The version of MiniStack is pinned, so an attribute that is not there is a mistake of ours,
    and its absence ends the program."""
    extract, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce

    def resource(service, method, path, headers, body, query, region, account):
        _parameters.set(())
        _leading.set({})
        if service == "ssm":
            names = _parsed(body).get("Names") or []
            _parameters.set([f"arn:aws:ssm:{region}:{account}:parameter{name}" for name in names])
        elif service == "dynamodb":
            _leading.set(_leading_keys(_parsed(body), region, account))
        return extract(service, method, path, headers, body, query, region, account)

    def checked(access_key, action, service, region, resource_arn="*", service_context=None):
        if service == "dynamodb":
            keys = _leading.get().get(resource_arn.split("/index/")[0])
            if keys:
                service_context = {**(service_context or {}), LEADING_KEYS: keys}
        arns = _parameters.get() if service == "ssm" else ()
        for arn in arns or [resource_arn]:
            denied = enforce(access_key, action, service, region, arn, service_context)
            if denied:
                return denied
        return None

    iam_actions.extract_resource_arn, iam_evaluator.enforce = resource, checked


def _conditions(ctx, policies):
    """The values of the condition keys that a policy names for the resource."""
    named = {key.lower() for statements in policies for s in statements
             if iam_evaluator._resource_matches(ctx.resource_arn, s.resources, s.not_resources)
             for keys in s.conditions.values() for key in keys}
    return {key: value for key, value in ctx.service_context.items() if key in named}


def record(path):
    """Records each check of a call of a role, once. The file is written line by line, so that it is whole however the
    emulator ends."""
    enforce, evaluate, seen, lock = iam_evaluator.enforce, iam_evaluator.evaluate, set(), threading.Lock()
    out = open(path, "w", encoding="utf-8", buffering=1)
    # What enforce asks first is what the policies of the role say. Then it asks for the policy of the resource.
    first = contextvars.ContextVar("first", default=None)

    def evaluated(ctx, policies, *limits):
        result = evaluate(ctx, policies, *limits)
        if first.get() is None:
            first.set((ctx, policies))
        return result

    def recorded(*call, **named):
        first.set(None)
        denied = enforce(*call, **named)
        if first.get() is not None and ":assumed-role/" in first.get()[0].principal_arn:
            ctx, policies = first.get()
            line = json.dumps({
                "role": ctx.principal_arn.split(":assumed-role/")[1].split("/")[0],
                "action": ctx.action,
                "resource": ctx.resource_arn,
                "context": _conditions(ctx, policies),
                "allowed": denied is None,
            }, sort_keys=True)
            with lock:
                if line not in seen:
                    seen.add(line)
                    out.write(line + "\n")
        return denied

    iam_evaluator.enforce, iam_evaluator.evaluate = recorded, evaluated
