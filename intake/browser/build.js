// Bundles into ../static, the same bytes on every machine: src/page.js, the form's, as report.js; src/words.js,
// which is loaded after a report was sent; src/thread.js, of the page where a code is used, as code.js; src/exit.js,
// which every page loads; src/handin.js, of the page where sealed files are handed in, as upload.js; and
// src/file.js, all that the form as one file runs (intake/fileform.py).
// `node build.js DIRECTORY` writes elsewhere; a test compares the two.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const directory = process.argv[2] ?? `${here}../static`;

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: {
    report: "src/page.js",
    words: "src/words.js",
    code: "src/thread.js",
    exit: "src/exit.js",
    file: "src/file.js",
    upload: "src/handin.js",
  },
  outdir: directory,
  bundle: true,
  minify: true,
  format: "iife",
  // Tor Browser's and Android's oldest browsers that still get security fixes.
  target: ["es2020", "firefox102", "chrome90", "safari14.1"],
  charset: "ascii",
  legalComments: "none",
  alias: { "@noble/curves/nist.js": "./src/absent.js", "@noble/hashes/scrypt.js": "./src/absent.js" },
  metafile: true,
  logLevel: "warning",
});

const packages = new Set(
  Object.keys(metafile.inputs).flatMap((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []),
);
const notices = [...packages].sort().map((name) => {
  const { version } = JSON.parse(readFileSync(`${here}node_modules/${name}/package.json`));
  const license = readFileSync(`${here}node_modules/${name}/LICENSE`, "utf8").trim();
  return `## ${name} ${version}\n\n${license}\n`;
});
writeFileSync(
  `${directory}/report.licenses.md`,
  `# What the scripts contain besides our own code\n\n${notices.join("\n")}`,
);
