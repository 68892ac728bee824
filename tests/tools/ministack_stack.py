#!/usr/bin/env python3
"""Creates the whole stack on ministack's CloudFormation: a second opinion that the template can be deployed.

ministack does not see SAM's HttpApi events (it ignores the OpenAPI body that they become), so the routes are
added as explicit resources from the same events. It accepts unknown properties; cfn-lint refuses those.
"""

import json
import os
import time

import ministack
import template

os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
import boto3  # noqa: E402 (reads the environment)
from botocore.config import Config  # noqa: E402

STACK_SECONDS = 120
STACK = "atomation"


def with_explicit_routes(sam):
    """The translated template, its OpenAPI body replaced by one integration per function and one route per event."""
    stack = template.translated(sam)
    resources = stack["Resources"]
    resources["HttpApi"]["Properties"] = {"Name": STACK, "ProtocolType": "HTTP"}
    for number, (function, method, path) in enumerate(template.routes(sam)):
        integration = f"{function}Integration"
        resources[integration] = {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": "HttpApi"},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": {"Fn::GetAtt": [function, "Arn"]},
                "PayloadFormatVersion": "2.0",
            },
        }
        resources[f"Route{number}"] = {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": {"Ref": "HttpApi"},
                "RouteKey": template.route_key(method, path),
                "Target": {"Fn::Join": ["/", ["integrations", {"Ref": integration}]]},
            },
        }
    return stack


def expected(stack):
    """Logical names that must exist: without parameters, a resource under a condition does not."""
    return {name for name, resource in stack["Resources"].items() if "Condition" not in resource}


def client(service, endpoint):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=os.environ["AWS_DEFAULT_REGION"],
        config=Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def create(endpoint, stack):
    """Creates the stack and returns its resources as {logical name: status}."""
    s3 = client("s3", endpoint)
    s3.create_bucket(Bucket="artifacts")
    s3.put_object(Bucket="artifacts", Key="function.zip", Body=empty_zip())
    s3.put_object(Bucket="artifacts", Key="stack.json", Body=json.dumps(stack).encode())
    formation = client("cloudformation", endpoint)
    formation.create_stack(
        StackName=STACK,
        TemplateURL=f"{endpoint}/artifacts/stack.json",
        Capabilities=["CAPABILITY_IAM"],
    )
    deadline = time.monotonic() + STACK_SECONDS
    while (status := formation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]) == "CREATE_IN_PROGRESS":
        if time.monotonic() > deadline:
            raise SystemExit(f"the stack was still {status} after {STACK_SECONDS} s")
        time.sleep(0.2)
    if status != "CREATE_COMPLETE":
        events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
        for event in events:
            if event["ResourceStatus"].endswith("FAILED"):
                print(f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}")
        raise SystemExit(f"want CREATE_COMPLETE, got {status}")
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=STACK)
    return {
        resource["LogicalResourceId"]: resource["ResourceStatus"]
        for page in pages
        for resource in page["StackResourceSummaries"]
    }


def empty_zip():
    """The smallest zip there is: no function is invoked here."""
    return b"PK\x05\x06" + bytes(18)


def check_routes(endpoint, sam):
    gateway = client("apigatewayv2", endpoint)
    api = gateway.get_apis()["Items"][0]["ApiId"]
    got = {route["RouteKey"] for route in gateway.get_routes(ApiId=api)["Items"]}
    want = {template.route_key(method, path) for _, method, path in template.routes(sam)}
    if got != want:
        raise SystemExit(f"routes: missing {sorted(want - got)}, unexpected {sorted(got - want)}")
    return len(got)


def main():
    sam = template.sam()
    stack = with_explicit_routes(sam)
    want = expected(stack)
    with ministack.running() as endpoint:
        began = time.monotonic()
        got = create(endpoint, stack)
        seconds = time.monotonic() - began
        wrong = {name: got.get(name, "missing") for name in want if got.get(name) != "CREATE_COMPLETE"}
        if wrong or len(got) != len(want):
            raise SystemExit(f"want {len(want)} resources, got {len(got)}; not complete: {wrong}")
        routes = check_routes(endpoint, sam)
    print(f"CREATE_COMPLETE in {seconds:.1f} s: {len(got)} resources, {routes} routes")


if __name__ == "__main__":
    main()
