// node check.mjs RULES.sch FILE.xml… runs a schematron over documents and prints as JSON what they fail:
//   {"left_out": ["id", …], "failed": {"FILE.xml": [{"id": "BR-CO-10", "message": "…"}]}}
// left_out are the assertions that cannot run here. The rules themselves are never changed on disk.
import { readFileSync } from "node:fs";
import schematron from "node-schematron";
import { adapt } from "./adapt.mjs";
import { defineFunctions } from "./functions.mjs";

const [rules, ...files] = process.argv.slice(2);
const text = readFileSync(rules, "utf8");
defineFunctions(text);
const schema = schematron.Schema.fromString(text);
const leftOut = adapt(schema);

const failed = {};
for (const file of files) {
  failed[file] = schema.validateString(readFileSync(file, "utf8")).map((result) => ({
    id: result.assertId ?? "",
    message: (result.message ?? "").trim().replace(/\s+/g, " "),
  }));
}
console.log(JSON.stringify({ left_out: leftOut, failed }));
