// jsforce against the sandbox: log in, query with autofetch, update, read back.
import jsforce from "jsforce";

const { LOGIN_URL, CLIENT_ID, CLIENT_SECRET, SOQL } = process.env;
const connection = new jsforce.Connection({
  version: "62.0",
  oauth2: { loginUrl: LOGIN_URL, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
});
await connection.authorize({ grant_type: "client_credentials" });
const found = await connection.query(SOQL, { autoFetch: true, maxFetch: 100000 });
const first = found.records[0];
const updated = await connection.sobject("Task").update({ Id: first.Id, Subject: "By jsforce" });
const batch = await connection
  .sobject("Task")
  .update(found.records.slice(0, 3).map((task) => ({ Id: task.Id, Priority: "High" })));
const again = await connection.sobject("Task").retrieve(first.Id);
const described = await connection.sobject("Task").describe();
console.log(
  JSON.stringify({
    total: found.totalSize,
    fetched: found.records.length,
    distinct: new Set(found.records.map((task) => task.Id)).size,
    updated: updated.success,
    batch: batch.map((row) => row.success),
    subject: again.Subject,
    priority: again.Priority,
    fields: described.fields.length,
  }),
);
