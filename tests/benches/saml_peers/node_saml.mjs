// node-saml on the benchmark's response: both signatures, audience, issuer, request and times.
// Prints its CPU microseconds per response. Usage: node node_saml.mjs CASE.json NODE_MODULES
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [file, modules] = process.argv.slice(2);
const { SAML } = createRequire(`${modules}/`)("@node-saml/node-saml");
const spec = JSON.parse(readFileSync(file, "utf8"));

const saml = new SAML({
  callbackUrl: spec.acs,
  issuer: spec.audience,
  audience: spec.audience,
  idpIssuer: spec.issuer,
  idpCert: spec.certificate,
  wantAuthnResponseSigned: true,
  wantAssertionsSigned: true,
  acceptedClockSkewMs: 120_000,
  validateInResponseTo: "always",
  // Knows the request, and never forgets it: one response is judged many times.
  cacheProvider: {
    saveAsync: async () => null,
    getAsync: async (id) => (id === spec.request ? new Date().toISOString() : null),
    removeAsync: async () => null,
  },
});
const judge = (SAMLResponse) => saml.validatePostResponseAsync({ SAMLResponse });

const { profile } = await judge(spec.response);
if (profile.nameID !== spec.name_id) throw new Error(`want ${spec.name_id}, got ${profile.nameID}`);
const refused = await judge(spec.tampered).then(() => false, () => true);
if (!refused) throw new Error("want the tampered response refused, got it accepted");

const BATCHES = 7;
const CALLS = 60;
let best = Infinity;
for (let batch = 0; batch < BATCHES; batch++) {
  const began = process.cpuUsage();
  for (let call = 0; call < CALLS; call++) await judge(spec.response);
  const { user, system } = process.cpuUsage(began);
  best = Math.min(best, (user + system) / CALLS);
}
console.log(best.toFixed(1));
