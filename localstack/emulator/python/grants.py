"""Removes each grant of each role in turn, and prints which of the recorded calls would then be denied.

Reads JSON from the standard input: {"roles": {name: [policy document]}, "calls": [call]}, with the calls that
waybill_iam.py records. A grant is one action on one resource in one statement. MiniStack's own evaluator decides on each
call. The answer is JSON, too: {"grants": [{role, action, resource, condition, uses, denied}], "refused": [call]}.
"uses" counts the calls that the grant allows, and "denied" are those that fail without it. "refused" are the
calls that were refused, or that the policies do not allow.
"""

import copy
import json
import sys

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document


def context(call):
    return EvalContext(
        principal_arn="arn:aws:sts::000000000000:assumed-role/" + call["role"] + "/test", principal_type="AssumedRole",
        principal_account="000000000000", action=call["action"], resource_arn=call["resource"], region="us-east-1",
        service_context=call["context"])


def without(statements, at, action, resource):
    """The statements without one action on one resource of the statement at an index."""
    rest = copy.copy(statements[at])
    rest.actions = [one for one in rest.actions if one != action]
    others = copy.copy(statements[at])
    others.actions, others.resources = [action], [one for one in others.resources if one != resource]
    left = [one for one in (rest, others) if one.actions and one.resources]
    return statements[:at] + left + statements[at + 1:]


def allowed(call, statements):
    return evaluate(context(call), [statements]).decision == "Allow"


def grants_of(role, documents, calls):
    statements = [one for document in documents for one in parse_policy_document(document)]
    for at, statement in enumerate(statements):
        if statement.effect != "Allow":
            continue
        for action in statement.actions:
            for resource in statement.resources:
                alone = copy.copy(statement)
                alone.actions, alone.resources = [action], [resource]
                left = without(statements, at, action, resource)
                # Without wildcards in actions, only calls of this action can be decided on differently.
                asked = calls if "*" in action else [call for call in calls if call["action"] == action]
                yield {
                    "role": role, "action": action, "resource": resource, "condition": statement.conditions or None,
                    "uses": sum(allowed(call, [alone]) for call in asked),
                    "denied": [call for call in asked if not allowed(call, left)],
                }


def main():
    given = json.load(sys.stdin)
    policies = {role: [one for document in documents for one in parse_policy_document(document)]
                for role, documents in given["roles"].items()}
    calls, refused, found = [], [], []
    for call in given["calls"]:
        fine = call["allowed"] and allowed(call, policies.get(call["role"], []))
        (calls if fine else refused).append(call)
    for role, documents in sorted(given["roles"].items()):
        found.extend(grants_of(role, documents, [call for call in calls if call["role"] == role]))
    json.dump({"grants": found, "refused": refused}, sys.stdout)


main()
