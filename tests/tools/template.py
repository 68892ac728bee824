"""infra/template.yaml as CloudFormation sees it.

One rule: nothing here talks to a network; SAM's own translator does the work, as it does in AWS.
"""

import os
import pathlib

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.translator.transform import transform  # noqa: E402 (reads the region on import)
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAM = ROOT / "infra" / "template.yaml"


class NoManagedPolicies:
    """The template names no policy of AWS's by its short name, so the translator needs no list of them."""

    def load(self):
        return {}


def sam():
    """The template as written, with code that lies nowhere yet: translation asks for an address, not for bytes."""
    template = yaml_parse(SAM.read_text())
    for function in functions(template).values():
        function["Properties"]["CodeUri"] = "s3://artifacts/function.zip"
    return template


def functions(template):
    return {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def translated(template=None, parameters=None):
    """What the SAM translator makes of the template. Raises InvalidDocumentException with every defect."""
    return transform(template or sam(), parameters or {}, NoManagedPolicies())


def routes(template):
    """Each HTTP route as (function, method, path), from the same events that the local gateway reads."""
    for name, function in functions(template).items():
        for event in function["Properties"]["Events"].values():
            if event["Type"] == "HttpApi":
                yield name, event["Properties"]["Method"], event["Properties"]["Path"]


def route_key(method, path):
    return "$default" if path == "$default" else f"{method} {path}"
