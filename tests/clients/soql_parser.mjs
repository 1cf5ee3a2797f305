// Parses the SOQL statements given as a JSON list on standard input; prints what failed.
import { parseQuery } from "@jetstreamapp/soql-parser-js";
import { readFileSync } from "node:fs";

const statements = JSON.parse(readFileSync(0, "utf8"));
const failed = [];
for (const statement of statements) {
  try {
    parseQuery(statement, { allowPartialQuery: false });
  } catch (error) {
    failed.push({ statement, message: String(error.message) });
  }
}
console.log(JSON.stringify({ parsed: statements.length - failed.length, failed }));
