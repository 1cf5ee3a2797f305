// A generic JSON:API client against the sandbox's Outreach: list, page, include, create, delete.
import Kitsu from "kitsu";

const { BASE_URL, TOKEN, OPPORTUNITY_ID, PROSPECT_ID } = process.env;
const api = new Kitsu({
  baseURL: `${BASE_URL}/api/v2`,
  headers: { Authorization: `Bearer ${TOKEN}` },
  pluralize: true,
  camelCaseTypes: true,
  resourceCase: "none",
});
const page = await api.get("prospects", { params: { page: { size: 5 } } });
const next = await fetch(page.links.next, {
  headers: { Authorization: `Bearer ${TOKEN}`, Accept: "application/vnd.api+json" },
}).then((answer) => answer.json());
const one = await api.get(`opportunities/${OPPORTUNITY_ID}`, { params: { include: "account" } });
const made = await api.create("opportunityProspectRole", {
  role: "Evaluator",
  opportunity: { data: { type: "opportunity", id: Number(OPPORTUNITY_ID) } },
  prospect: { data: { type: "prospect", id: Number(PROSPECT_ID) } },
});
const removed = await api.delete("opportunityProspectRole", made.data.id);
console.log(
  JSON.stringify({
    first: page.data.map((prospect) => prospect.id),
    second: next.data.map((prospect) => prospect.id),
    account: one.data.account?.data?.id ?? one.data.account?.id ?? null,
    made: made.data.id,
    removed: removed === undefined || removed === "" || typeof removed === "object",
  }),
);
