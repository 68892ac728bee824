"""python3-saml on the benchmark's response: both signatures, schema, audience, issuer, request and times.

Prints its CPU microseconds per response. Usage: python3_saml.py CASE.json
"""

import json
import sys
import time
from urllib.parse import urlsplit

from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings

BATCHES = 7
CALLS = 60

with open(sys.argv[1], encoding="utf-8") as file:
    spec = json.load(file)

BINDINGS = "urn:oasis:names:tc:SAML:2.0:bindings"
settings = OneLogin_Saml2_Settings(
    {
        "strict": True,
        "sp": {
            "entityId": spec["audience"],
            "assertionConsumerService": {"url": spec["acs"], "binding": f"{BINDINGS}:HTTP-POST"},
        },
        "idp": {
            "entityId": spec["issuer"],
            "singleSignOnService": {"url": spec["sso"], "binding": f"{BINDINGS}:HTTP-Redirect"},
            "x509cert": spec["certificate"],
        },
        "security": {"wantMessagesSigned": True, "wantAssertionsSigned": True, "rejectDeprecatedAlgorithm": True},
    }
)
acs = urlsplit(spec["acs"])
request = {"https": "on", "http_host": acs.netloc, "script_name": acs.path, "get_data": {}, "post_data": {}}


def judge(response: str) -> str:
    judged = OneLogin_Saml2_Response(settings, response)
    judged.is_valid(request, request_id=spec["request"], raise_exceptions=True)
    judged.get_attributes()
    return judged.get_nameid()


got = judge(spec["response"])
if got != spec["name_id"]:
    sys.exit(f"want {spec['name_id']}, got {got}")
try:
    judge(spec["tampered"])
except Exception:
    pass
else:
    sys.exit("want the tampered response refused, got it accepted")


def batch() -> float:
    began = time.process_time()
    for _ in range(CALLS):
        judge(spec["response"])
    return (time.process_time() - began) * 1e6 / CALLS


print(f"{min(batch() for _ in range(BATCHES)):.1f}")
