/** A declared document as the configuration files that people, plans and the simulation of access know. Pure. */
import { canonicalJson } from '../snapshot/canonical.ts';
import { quoteConf } from '../conf/conf-file.ts';
import { type ConfigFile, contentOf } from '../snapshot/files.ts';
import type { FileRole } from '../snapshot.ts';
import { type Document, type Json, type Path, documentText, isLines, isTree, keysOf, valueAt } from './document.ts';

/** Where in the document what stands that is shown as a file of its own. */
export interface Places {
  readonly parameters: Path;
  /** null: the owner declares no rules. */
  readonly hba: Path | null;
}

export interface ViewPaths {
  /** Everything that is declared beside settings and rules. */
  readonly declared: string;
  /** What the members have from elsewhere; of no content here. */
  readonly config: string;
  readonly auto: string;
  readonly hba: string;
  readonly ident: string;
}

export function pathsIn(scope: string): ViewPaths {
  return {
    declared: `${scope}/config`,
    config: `${scope}/postgresql.conf`,
    auto: `${scope}/parameters`,
    hba: `${scope}/pg_hba.conf`,
    ident: `${scope}/pg_ident.conf`,
  };
}

/** Of the primary, as bytes; null: they are not read. */
export interface AccessTexts {
  readonly hba: string | null;
  readonly ident: string | null;
}

export function viewsOf(
  scope: string,
  document: Document,
  places: Places,
  { hba, ident }: AccessTexts,
): readonly ConfigFile[] {
  const paths = pathsIn(scope);
  const view = (path: string, role: FileRole, content: string): ConfigFile => ({
    path,
    role,
    content,
    mode: 0,
    uid: -1,
    gid: -1,
  });
  const rules = declaredRules(document, places);
  // Where the declared rules are those in force, they are shown without what the owner writes around them.
  const shown = hba !== null && rules !== null && sameRules(rules, hba) ? `${rules.join('\n')}\n` : hba;
  const rest = documentText(document, [places.parameters, ...(places.hba === null ? [] : [places.hba])]);
  return [
    view(paths.declared, 'declared', contentOf(rest)),
    view(paths.auto, 'auto', parametersText(valueAt(document, places.parameters))),
    ...(shown === null ? [] : [view(paths.hba, 'hba', shown)]),
    ...(ident === null ? [] : [view(paths.ident, 'ident', ident)]),
  ];
}

/** As bytes; null: none are declared. */
export function declaredRules(document: Document, { hba }: Places): readonly string[] | null {
  const rules = hba === null ? null : valueAt(document, hba);
  return isLines(rules) && rules.length > 0 ? rules.map(contentOf) : null;
}

/** Beside comments and empty lines. */
export function sameRules(rules: readonly string[], text: string): boolean {
  return bareRules(rules.join('\n')) === bareRules(text);
}

export function bareRules(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join('\n');
}

function parametersText(parameters: Json): string {
  if (!isTree(parameters)) return '';
  return keysOf(parameters)
    .map((name) => {
      const value = settingText(parameters[name] ?? null);
      return value === null ? '' : contentOf(`${name} = ${quoteConf(value)}\n`);
    })
    .join('');
}

/** As the owner would write it; null: not set. */
export function settingText(value: Json): string | null {
  if (value === null) return null;
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value !== 'object') return String(value);
  return isTree(value) ? canonicalJson(value) : value.map(String).join(', ');
}

/** As it is spelled in the document, where it is there; PostgreSQL compares names without case. */
export function declaredName(document: Document, { parameters }: Places, name: string): string {
  const declared = valueAt(document, parameters);
  const key = name.toLowerCase();
  return (isTree(declared) ? Object.keys(declared) : []).find((one) => one.toLowerCase() === key) ?? name;
}
