// jsforce's Bulk 2.0 and its query features against the sandbox.
import jsforce from "jsforce";

const { INSTANCE_URL, ACCESS_TOKEN } = process.env;
const connection = new jsforce.Connection({
  version: "62.0",
  instanceUrl: INSTANCE_URL,
  accessToken: ACCESS_TOKEN,
});
const polling = { pollTimeout: 60000, pollInterval: 50 };
const input = [
  { FirstName: "Ada", LastName: "Bulk 1" },
  { FirstName: "Bo", LastName: "Bulk 2" },
  { FirstName: "Cy", LastName: "" },
];
const inserted = await connection.bulk2.loadAndWaitForResults({
  ...polling,
  object: "Contact",
  operation: "insert",
  input,
});
const rows = [];
const stream = await connection.bulk2.query(
  "SELECT Id, LastName FROM Contact WHERE LastName LIKE 'Bulk %'",
  polling,
);
for await (const row of stream) rows.push(row);
const updated = await connection.bulk2.loadAndWaitForResults({
  ...polling,
  object: "Contact",
  operation: "update",
  input: rows.map((row) => ({ Id: row.Id, Title: "By jsforce" })),
});
const parents = await connection
  .sobject("Account")
  .select("Id, Name")
  .include("Contacts")
  .select("Id, LastName")
  .end()
  .limit(5)
  .execute();
const groups = await connection.query(
  "SELECT Status, COUNT(Id) n FROM Task GROUP BY Status ORDER BY COUNT(Id) DESC",
);
console.log(
  JSON.stringify({
    created: inserted.successfulResults.map((row) => row.sf__Created),
    errors: inserted.failedResults.map((row) => row.sf__Error.split(":")[0]),
    unprocessed: inserted.unprocessedRecords.length,
    found: rows.map((row) => row.LastName).sort(),
    updated: updated.successfulResults.length,
    children: parents.map((account) => account.Contacts?.records.length ?? 0),
    groups: groups.records.map((row) => [row.Status, row.n]),
  }),
);
