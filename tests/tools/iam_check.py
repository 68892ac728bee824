#!/usr/bin/env python3
"""Judges what the functions may do, on the template as CloudFormation gets it.

One rule: a permission that is not on the lists below is a defect. Emulators do not enforce IAM, so this is
the only place before AWS itself where a policy that is too wide can be caught. The last step breaks a copy of
the template in known ways and wants each caught: a judge that finds nothing must be shown to look.
"""

import copy
import json

import template

# Environment of each function: what it needs, nothing else (ops::config reads the same names).
ENVIRONMENT = {
    "SamlLogin": {"SECRET_PREFIX"},
    "SamlAcs": {"SECRET_PREFIX"},
    "ScimUsers": {"SCIM_REQUESTS_PER_MINUTE"},
    "ScimGroups": {"SCIM_REQUESTS_PER_MINUTE"},
    "ScimRoot": {"SCIM_REQUESTS_PER_MINUTE"},
    "ScimDiscovery": {"SCIM_REQUESTS_PER_MINUTE"},
    "OktaJwks": set(),
    "ScanTrigger": {"SCAN_QUEUE_URL"},
    "ScanWorker": {"EVIDENCE_BUCKET", "SCAN_QUEUE_URL", "SIGNING_KEY_ID", "SECRET_PREFIX"},
    "ReportExport": {"EVIDENCE_BUCKET", "SECRET_PREFIX"},
    "EvidenceRouter": {"EVIDENCE_BUCKET"},
    "Housekeeping": {"SECRET_PREFIX", "MAIL_FROM"},
    "Console": {"EVIDENCE_BUCKET", "REPORT_QUEUE_URL", "SECRET_PREFIX", "MAIL_FROM"},
}
EVERYWHERE = {"TABLE_NAME", "BASE_DOMAIN"}

# A permission is worth nothing without the variable that names its object, and the other way round.
BEHIND = {
    "EVIDENCE_BUCKET": "s3:GetObject",
    "SCAN_QUEUE_URL": "sqs:SendMessage",
    "REPORT_QUEUE_URL": "sqs:SendMessage",
    "SIGNING_KEY_ID": "kms:Sign",
    "SECRET_PREFIX": "secretsmanager:GetSecretValue",
    "MAIL_FROM": "ses:SendEmail",
}

TABLE_ACTIONS = {
    f"dynamodb:{action}"
    for action in ("BatchGetItem", "ConditionCheckItem", "GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")
}
ALLOWED = TABLE_ACTIONS | {
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "kms:GetPublicKey",
    "kms:Sign",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "s3:PutObjectRetention",
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:TagResource",
    "ses:SendEmail",
    "sqs:SendMessage",
}
# Added by SAM: logs, traces, and the queue a function is fed from (held to its own queue by a Deny).
MANAGED = {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess", "AWSLambdaSQSQueueExecutionRole"}
HISTORY = {"T#*#A", "T#*#A#*", "T#*#LEDGER", "T#*#LEDGER#*"}
NEVER = {
    "dynamodb:BatchWriteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLSelect",
    "dynamodb:PartiQLUpdate",
    "dynamodb:Scan",
    "s3:BypassGovernanceRetention",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
}
# Only the console creates workspaces with their names, and whoever creates the first.
NAMES_WORKSPACES = {"Console", "Housekeeping"}


def listed(value):
    return value if isinstance(value, list) else [value]


def get_att(value):
    return value.get("Fn::GetAtt") if isinstance(value, dict) else None


def sub(value):
    return value.get("Fn::Sub", "") if isinstance(value, dict) else ""


def resource_is_narrow(action, resource):
    """Whether an allowed action's resource is one thing of this stack, or one workspace's share of it."""
    service = action.split(":")[0]
    match service:
        case "dynamodb":
            return get_att(resource) == ["Table", "Arn"]
        case "s3":
            return sub(resource) == "${EvidenceBucket.Arn}/tenants/*"
        case "secretsmanager":
            # All of a workspace's secrets, or the one kind that a function makes itself.
            return sub(resource).endswith((":secret:${Prefix}/tenants/*", ":secret:${Prefix}/tenants/*/pseudonyms-*"))
        case "ses":
            return sub(resource).endswith(":identity/${BaseDomain}")
        case "sqs":
            return get_att(resource) in (["ScanQueue", "Arn"], ["ReportQueue", "Arn"])
        case "kms":
            key = "SigningKey" if action in ("kms:Sign", "kms:GetPublicKey") else "EvidenceKey"
            return get_att(resource) == [key, "Arn"]
    return False


def table_defects(function, statement):
    """The keys a statement reaches must be fixed: ForAllValues alone is true of a request without any key."""
    condition = statement.get("Condition", {})
    keys = set(listed(condition.get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", [])))
    if not keys or not keys <= {"T#*", "H#*"}:
        yield f"reaches the table beyond T#* and H#*: {sorted(keys)}"
    if condition.get("Null", {}).get("dynamodb:LeadingKeys") != "false":
        yield "has no guard against a request without a leading key"
    writes = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"} & set(listed(statement["Action"]))
    if "H#*" in keys and writes and (function not in NAMES_WORKSPACES or writes != {"dynamodb:PutItem"}):
        yield f"may change which workspace a host names: {sorted(writes)}"


def statement_defects(function, statement):
    if statement["Effect"] != "Allow":
        return
    for action in listed(statement["Action"]):
        if action not in ALLOWED:
            yield f"allows {action}"
            continue
        if "NotResource" in statement or "NotAction" in statement:
            yield f"allows {action} by exclusion"
            continue
        for resource in listed(statement["Resource"]):
            if not resource_is_narrow(action, resource):
                yield f"allows {action} on {json.dumps(resource)}"
        if action in ("kms:Decrypt", "kms:GenerateDataKey") and "kms:ViaService" not in json.dumps(statement):
            yield f"allows {action} outside S3"
    if any(action in TABLE_ACTIONS for action in listed(statement["Action"])):
        yield from table_defects(function, statement)


def role_defects(function, role, fed_from):
    managed = role["ManagedPolicyArns"]
    if {"Ref": "AppendOnly"} not in managed:
        yield "is not held by AppendOnly"
    for arn in managed:
        if isinstance(arn, str) and arn.rsplit("/", 1)[-1] not in MANAGED:
            yield f"has the managed policy {arn}"
    if "Principal" in json.dumps(role.get("Policies", [])):
        yield "names a principal in its policy"
    statements = [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]
    sids = [statement.get("Sid") for statement in statements]
    if None in sids or len(sids) != len(set(sids)):
        yield f"has statements without a name of their own: {sids}"
    for statement in statements:
        yield from (f"{defect} ({statement.get('Sid')})" for defect in statement_defects(function, statement))
    if fed_from:
        fence = [s for s in statements if s["Effect"] == "Deny" and get_att(s.get("NotResource")) == [fed_from, "Arn"]]
        if not fence or "sqs:ReceiveMessage" not in fence[0]["Action"]:
            yield f"may read other queues than {fed_from}"


def environment_defects(function, variables, allowed):
    want = EVERYWHERE | ENVIRONMENT[function]
    if variables != want:
        yield f"environment: want {sorted(want)}, got {sorted(variables)}"
    for variable, action in BEHIND.items():
        if (variable in variables) != (action in allowed) and action != "sqs:SendMessage":
            yield f"{variable} and {action} do not go together"
        if variable in variables and action not in allowed:
            yield f"is given {variable} without {action}"


def append_only_defects(policy):
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    if any(statement["Effect"] != "Deny" for statement in statements):
        yield "AppendOnly: allows something"
    never = {action for s in statements if "Condition" not in s for action in listed(s["Action"])}
    if not NEVER <= never:
        yield f"AppendOnly: does not deny {sorted(NEVER - never)}"
    kept = [
        set(s["Condition"]["ForAnyValue:StringLike"]["dynamodb:LeadingKeys"])
        for s in statements
        if {"dynamodb:DeleteItem", "dynamodb:UpdateItem"} <= set(listed(s["Action"])) and "Condition" in s
    ]
    if kept != [HISTORY]:
        yield f"AppendOnly: history is {kept}, want {sorted(HISTORY)}"


def queue_of(resources, function):
    for resource in resources.values():
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            if resource["Properties"]["FunctionName"] == {"Ref": function}:
                return resource["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]
    return None


def defects(stack):
    resources = stack["Resources"]
    functions = {n: r for n, r in resources.items() if r["Type"] == "AWS::Lambda::Function"}
    if set(functions) != set(ENVIRONMENT):
        yield f"functions: want {sorted(ENVIRONMENT)}, got {sorted(functions)}"
        return
    roles = [json.dumps(function["Properties"]["Role"]) for function in functions.values()]
    if len(roles) != len(set(roles)):
        yield "two functions share a role"
    for name, function in functions.items():
        role = resources[function["Properties"]["Role"]["Fn::GetAtt"][0]]["Properties"]
        allowed = {
            action
            for policy in role["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow"
            for action in listed(statement["Action"])
        }
        queue = queue_of(resources, name)
        if queue and resources[queue]["Properties"]["VisibilityTimeout"] < 6 * function["Properties"]["Timeout"]:
            yield f"{name}: {queue} shows a message again while it is still being worked on"
        variables = set(function["Properties"]["Environment"]["Variables"])
        found = [*role_defects(name, role, queue), *environment_defects(name, variables, allowed)]
        yield from (f"{name} {defect}" for defect in found)
    yield from append_only_defects(resources["AppendOnly"])


def breakages():
    """Ways to make the template too wide, each as (what, how): every one must be found."""

    def policy(stack, function):
        return stack["Resources"][f"{function}Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]

    def statement(stack, function, sid):
        return next(s for s in policy(stack, function) if s["Sid"] == sid)

    def history(stack):
        return stack["Resources"]["AppendOnly"]["Properties"]["PolicyDocument"]["Statement"]

    yield "a wildcard action", lambda s: statement(s, "SamlAcs", "ReadTable").update(Action="dynamodb:*")
    yield "a wildcard resource", lambda s: statement(s, "OktaJwks", "ReadTable").update(Resource="*")
    yield "the whole bucket", lambda s: statement(s, "EvidenceRouter", "ReadEvidence").update(
        Resource={"Fn::Sub": "${EvidenceBucket.Arn}/*"}
    )
    yield "every secret", lambda s: statement(s, "ScanWorker", "TenantSecrets").update(
        Resource={"Fn::Sub": "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:*"}
    )
    yield "no leading keys", lambda s: statement(s, "Console", "ChangeItems").pop("Condition")
    yield "no guard for a missing key", lambda s: statement(s, "Console", "ReadTable")["Condition"].pop("Null")
    yield "SCIM renames a host", lambda s: statement(s, "ScimUsers", "WriteTable")["Condition"].update(
        {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["T#*", "H#*"]}}
    )
    yield "a scan of the table", lambda s: statement(s, "Housekeeping", "ReadTable")["Action"].append("dynamodb:Scan")
    yield "allowed by exclusion", lambda s: statement(s, "ScanWorker", "OnlyOwnQueue").update(Effect="Allow")
    yield "no fence around the queue", lambda s: policy(s, "ReportExport").pop()
    yield "not held by AppendOnly", lambda s: s["Resources"]["ConsoleRole"]["Properties"].update(ManagedPolicyArns=[])
    yield "an administrator", lambda s: s["Resources"]["ConsoleRole"]["Properties"]["ManagedPolicyArns"].append(
        "arn:aws:iam::aws:policy/AdministratorAccess"
    )
    yield "audit may be rewritten", lambda s: history(s)[0].update(Action="dynamodb:DeleteItem")
    yield "evidence may be deleted", lambda s: history(s).pop()
    yield "a key outside S3", lambda s: statement(s, "EvidenceRouter", "EvidenceKey").pop("Condition")
    yield "an extra variable", lambda s: s["Resources"]["OktaJwks"]["Properties"]["Environment"]["Variables"].update(
        SECRET_PREFIX="x"
    )
    yield "a visibility that is too short", lambda s: s["Resources"]["ScanQueue"]["Properties"].update(
        VisibilityTimeout=900
    )


def main():
    stack = template.translated()
    found = list(defects(stack))
    for defect in found:
        print(f"  {defect}")
    if found:
        raise SystemExit(f"{len(found)} defects")
    missed = []
    ways = list(breakages())
    for what, breaks in ways:
        broken = copy.deepcopy(stack)
        breaks(broken)
        if not list(defects(broken)):
            missed.append(what)
    if missed:
        raise SystemExit(f"not caught: {missed}")
    print(f"{len(ENVIRONMENT)} roles hold; {len(ways)} of {len(ways)} planted defects caught")


if __name__ == "__main__":
    main()
