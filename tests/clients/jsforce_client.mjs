// jsforce against the sandbox: with a token, query with autofetch, update, read back.
import jsforce from "jsforce";

const { INSTANCE_URL, ACCESS_TOKEN, SOQL } = process.env;
const connection = new jsforce.Connection({
  version: "62.0",
  instanceUrl: INSTANCE_URL,
  accessToken: ACCESS_TOKEN,
});
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
