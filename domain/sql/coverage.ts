/**
 * Which SQL a change may hold: statements whose whole effect a section of the snapshot covers, so that a revert can take
 * all of it back. Judges what PostgreSQL's own parser made of the text; knows no text itself.
 */
import type { AlterTableStmt, GrantStmt, Node, VariableSetStmt } from 'libpg-query';
import type { Effect } from '../phase.ts';
import type { PlanItem } from '../plan.ts';
import type { Problem } from '../problem.ts';
import { rolePowers, rolesOfPower } from './powers.ts';
import { hintFor, ownedKinds } from './refusals.ts';

export interface Covered {
  readonly kind: 'covered';
  readonly section: PlanItem['section'];
  readonly action: PlanItem['action'];
  readonly effect: Effect;
  /** Settings that it sets or lets others set: their own rules hold. */
  readonly settings: readonly string[];
  /** What it gives beyond the database, in words: for the warnings of a plan. */
  readonly powers: readonly string[];
}

export type Judgement = Covered | { readonly kind: 'refused'; readonly problem: Problem };

/** `where` names the statement in the change, such as `sql[0]`. */
export function judge(statement: Node, where: string): Judgement {
  const [tag = ''] = Object.keys(statement);
  const not = (what: string, detail?: string): Judgement => ({
    kind: 'refused',
    problem: {
      code: 'sql-not-covered',
      message: `${where}: ${what} is not covered by a snapshot`,
      detail: detail ?? 'A revert could not take it back.',
      hint: hintFor(tag),
    },
  });
  if ('GrantStmt' in statement)
    return onToast(statement.GrantStmt) ? not('a table of schema pg_toast') : ofGrant(statement.GrantStmt);
  if ('AlterDefaultPrivilegesStmt' in statement)
    return covered('catalogs', statement.AlterDefaultPrivilegesStmt.action?.is_grant === true ? 'set' : 'reset');
  if ('GrantRoleStmt' in statement) {
    const { is_grant = false, granted_roles = [] } = statement.GrantRoleStmt;
    const names = granted_roles.flatMap((role) => ('AccessPriv' in role ? [role.AccessPriv.priv_name ?? ''] : []));
    return covered('memberships', is_grant ? 'set' : 'reset', { powers: is_grant ? rolesOfPower(names) : [] });
  }
  if ('CreateRoleStmt' in statement) return ofRole(statement.CreateRoleStmt.options, 'create', where);
  if ('AlterRoleStmt' in statement) return ofRole(statement.AlterRoleStmt.options, 'set', where);
  if ('AlterRoleSetStmt' in statement) return ofSet(statement.AlterRoleSetStmt.setstmt, where);
  if ('AlterDatabaseSetStmt' in statement) return ofSet(statement.AlterDatabaseSetStmt.setstmt, where);
  if ('AlterDatabaseStmt' in statement) {
    const names = (statement.AlterDatabaseStmt.options ?? []).map(nameOf);
    const other = names.find((name) => !databaseOptions.has(name));
    return other === undefined
      ? covered('databases', 'set', { effect: 'reconnect' })
      : not(`ALTER DATABASE … ${other.toUpperCase().replace(/_/g, ' ')}`);
  }
  if ('AlterOwnerStmt' in statement) {
    const { objectType = 'OBJECT_TABLE' } = statement.AlterOwnerStmt;
    const section = ownedKinds[objectType];
    return section === undefined ? not(`the owner of a ${wordsOf(objectType)}`) : covered(section, 'set');
  }
  if ('AlterTableStmt' in statement) {
    const other = uncoveredOf(statement.AlterTableStmt);
    return other === null ? covered('catalogs', 'set') : not(other);
  }
  if ('CreatePolicyStmt' in statement) return covered('catalogs', 'create');
  if ('AlterPolicyStmt' in statement) return covered('catalogs', 'set');
  if ('DropStmt' in statement && statement.DropStmt.removeType === 'OBJECT_POLICY')
    return covered('catalogs', 'remove');
  if ('RenameStmt' in statement && statement.RenameStmt.renameType === 'OBJECT_POLICY')
    return covered('catalogs', 'set');
  return not(`statement kind ${tag}`);
}

function covered(
  section: Covered['section'],
  action: Covered['action'],
  rest: Partial<Pick<Covered, 'effect' | 'settings' | 'powers'>> = {},
): Covered {
  // Running sessions see grants, owners and policies with their next statement, as they see a reload.
  return { kind: 'covered', section, action, effect: 'reload', settings: [], powers: [], ...rest };
}

function ofGrant({ objtype, objects = [], is_grant = false }: GrantStmt): Covered {
  const action = is_grant ? 'set' : 'reset';
  if (objtype === 'OBJECT_DATABASE') return covered('databases', action, { effect: 'reconnect' });
  if (objtype === 'OBJECT_TABLESPACE') return covered('shared', action);
  if (objtype !== 'OBJECT_PARAMETER_ACL') return covered('catalogs', action);
  const settings = objects.flatMap((object) => ('String' in object ? [object.String.sval ?? ''] : []));
  return covered('shared', action, { settings: is_grant ? settings : [] });
}

/** Their names are numbers that another server does not know, and what they hold belongs to another table. */
function onToast({ objects = [] }: GrantStmt): boolean {
  return objects.some((object) => 'RangeVar' in object && object.RangeVar.schemaname === 'pg_toast');
}

function ofRole(options: readonly Node[] = [], action: 'create' | 'set', where: string): Judgement {
  const elements = options.flatMap((option) => ('DefElem' in option ? [option.DefElem] : []));
  if (elements.some((element) => nameOf({ DefElem: element }) === 'password'))
    return {
      kind: 'refused',
      problem: {
        code: 'secret-literal',
        message: `${where}: a password is not changed by the SQL of a change`,
        detail: 'A request stays readable in the history of its workflow.',
        hint: 'Set it on the database host, or guard a command of the agent that does.',
      },
    };
  return covered('roles', action, { effect: 'reconnect', powers: rolePowers(elements) });
}

/** `ALTER ROLE … SET`, `ALTER DATABASE … SET`. */
function ofSet(set: VariableSetStmt | undefined, where: string): Judgement {
  const { kind, name = '' } = set ?? {};
  if (kind === 'VAR_SET_CURRENT')
    return {
      kind: 'refused',
      problem: {
        code: 'sql-not-covered',
        message: `${where}: SET ${name} FROM CURRENT would take a value from the agent's own session`,
        hint: 'Write the value out.',
      },
    };
  const unset = kind === 'VAR_RESET' || kind === 'VAR_RESET_ALL' || kind === 'VAR_SET_DEFAULT';
  const settings = name === '' ? [] : [name];
  return covered('roles', unset ? 'reset' : 'set', { effect: 'reconnect', settings });
}

const databaseOptions: ReadonlySet<string> = new Set(['connection_limit', 'allow_connections', 'is_template']);

const tableParts: ReadonlySet<string> = new Set([
  'AT_ChangeOwner',
  'AT_EnableRowSecurity',
  'AT_DisableRowSecurity',
  'AT_ForceRowSecurity',
  'AT_NoForceRowSecurity',
]);

/** null: every part is covered. */
function uncoveredOf({ objtype, cmds = [] }: AlterTableStmt): string | null {
  // The server ignores it with a warning: an index belongs to whom its table belongs.
  if (objtype === 'OBJECT_INDEX') return 'the owner of an index';
  const parts = cmds.map((node) => ('AlterTableCmd' in node ? (node.AlterTableCmd.subtype ?? '') : ''));
  const other = parts.find((part) => !tableParts.has(part));
  if (other === undefined) return null;
  return `ALTER TABLE … ${other.replace(/^AT_/, '').replace(/(?<=[a-z])(?=[A-Z])/g, ' ')}`;
}

function nameOf(option: Node): string {
  return 'DefElem' in option ? (option.DefElem.defname ?? '') : '';
}

function wordsOf(objectType: string): string {
  return objectType
    .replace(/^OBJECT_/, '')
    .toLowerCase()
    .replace(/_/g, ' ');
}
