// Copies the patterns of the npm package crawler-user-agents to list/patterns.json,
// which git ignores and the binary embeds, and its sample user agents to
// testdata/samples.txt for the test. Run by "make assets" after "npm ci".
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "..", "..", "node_modules", "crawler-user-agents");

const read = (name) => JSON.parse(readFileSync(join(source, name), "utf8"));
const all = read("crawler-user-agents.json");
const isPreview = (entry) => (entry.tags ?? []).includes("social-preview");
const patterns = (entries) => entries.map((entry) => entry.pattern);

mkdirSync(join(here, "testdata"), { recursive: true });
writeFileSync(join(here, "list", "patterns.json"), JSON.stringify({
  version: read("package.json").version,
  robots: patterns(all.filter((entry) => !isPreview(entry))),
  previews: patterns(all.filter(isPreview)),
}, null, 1));
writeFileSync(join(here, "testdata", "samples.txt"), all.flatMap((entry) => entry.instances ?? []).join("\n") + "\n");
