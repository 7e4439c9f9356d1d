/**
 * The software bill of materials of what is published, as npm knows it (CycloneDX and SPDX), and the licence of each part:
 * dist/sbom.cdx.json, dist/sbom.spdx.json, dist/LICENCES.md. One that is not on the list fails, by name.
 *
 *   node .ci/sbom.mjs                  writes them, and judges
 *   node .ci/sbom.mjs --judge FILE     judges a CycloneDX file
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import satisfies from 'spdx-satisfies';

/** What may be passed on under Apache-2.0. Another one is a decision of people: add it here with the reason. */
const allowed = ['Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0', 'Unlicense'];

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function main([command, file]) {
  if (command === '--judge') return judge(JSON.parse(readFileSync(file, 'utf8')));
  const dist = join(root, 'dist');
  mkdirSync(dist, { recursive: true });
  for (const [format, name] of [
    ['cyclonedx', 'sbom.cdx.json'],
    ['spdx', 'sbom.spdx.json'],
  ])
    writeFileSync(join(dist, name), bomIn(format));
  const bom = JSON.parse(readFileSync(join(dist, 'sbom.cdx.json'), 'utf8'));
  const rows = partsOf(bom).map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`);
  const head = ['# Licences of the dependencies', '', '| package | version | licence |', '| --- | --- | --- |'];
  writeFileSync(join(dist, 'LICENCES.md'), `${[...head, ...rows].join('\n')}\n`);
  return judge(bom);
}

/** Of what is installed: a lock file alone does not know the licences of packages that name them the old way. */
function bomIn(format) {
  const args = ['sbom', '--sbom-type=application', `--sbom-format=${format}`, '--omit=dev'];
  const text = execFileSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const bom = JSON.parse(text);
  // npm names the folder, whatever it is called.
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (bom.metadata?.component !== undefined) bom.metadata.component.name = name;
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function partsOf({ components = [] }) {
  return components
    .map(({ group, name, version, licenses = [] }) => ({
      name: group === undefined ? name : `${group}/${name}`,
      version,
      licence:
        licenses.map(({ expression, license }) => expression ?? license?.id ?? license?.name).join(' AND ') || 'none',
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function judge(bom) {
  const parts = partsOf(bom);
  const wrong = parts.filter(({ licence }) => !isAllowed(licence));
  for (const { name, version, licence } of wrong)
    console.error(`licence not on the list: ${name} ${version}: ${licence} (.ci/sbom.mjs)`);
  if (parts.length === 0) console.error('the bill of materials names nothing');
  console.log(`${parts.length} parts, ${wrong.length} with a licence that is not on the list`);
  return wrong.length === 0 && parts.length > 0 ? 0 : 1;
}

function isAllowed(licence) {
  try {
    return satisfies(licence, allowed);
  } catch {
    // No expression that anybody could judge.
    return false;
  }
}

process.exitCode = main(process.argv.slice(2));
