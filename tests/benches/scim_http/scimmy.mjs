// scimmy-routers on loopback, with users and groups in memory: what its authors document, and a Map for userName.
// Usage: node scimmy.mjs NODE_MODULES PORT TOKEN
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";
import { join } from "node:path";

const [modules, port, token] = process.argv.slice(2);
const require = createRequire(join(modules, "anchor.js"));
const express = require("express");
const SCIMMY = require("scimmy").default ?? require("scimmy");
const Routers = require("scimmy-routers").default ?? require("scimmy-routers");

function declare(Resource, nameOf) {
  const byId = new Map();
  const byName = new Map();
  SCIMMY.Resources.declare(Resource)
    .ingress((resource, data) => {
      const id = resource.id ?? randomUUID();
      const kept = { ...JSON.parse(JSON.stringify(data)), id, meta: { created: new Date(), lastModified: new Date() } };
      byId.set(id, kept);
      byName.set(nameOf(kept), kept);
      return kept;
    })
    .egress((resource) => {
      if (resource.id) {
        const found = byId.get(resource.id);
        if (!found) throw new SCIMMY.Types.Error(404, null, "no such resource");
        return found;
      }
      const name = resource.filter?.[0]?.userName?.[1] ?? resource.filter?.[0]?.displayName?.[1];
      if (name) return [byName.get(name)].filter(Boolean);
      return [...byId.values()];
    })
    .degress((resource) => byId.delete(resource.id));
}

declare(SCIMMY.Resources.User, (user) => user.userName);
declare(SCIMMY.Resources.Group, (group) => group.displayName);

const app = express();
const handler = (request) => {
  if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("not authorised");
  return "client";
};
// A group comes with all its members.
app.use(express.json({ type: ["application/json", "application/scim+json"], limit: "20mb" }));
app.use("/scim", new Routers({ type: "bearer", handler }));
app.listen(Number(port), "127.0.0.1", () => console.log("ready"));
