// Copies the files named in vendor.json from node_modules to web/static/vendor,
// which git ignores and the binary embeds. Run by "make assets" after "npm ci".
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "..", "..", "node_modules");
const target = join(here, "vendor");

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const { from, to } of JSON.parse(readFileSync(join(here, "vendor.json"), "utf8"))) {
  copyFileSync(join(source, from), join(target, to));
}
