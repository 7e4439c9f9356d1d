/** The files for other people's systems are what those systems say they read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { component } from './gitlab-component.ts';

const read = (path: string): string => readFileSync(join(packageRoot, path), 'utf8');
const documents = (path: string): unknown[] => parseAllDocuments(read(path)).map((one) => one.toJS() as unknown);

function schema(name: string): ValidateFunction {
  const text = JSON.parse(read(`test/pipelines/schemas/${name}.json`)) as { readonly $schema: string };
  const options = { strict: false, validateFormats: false, allErrors: true } as const;
  return (text.$schema.includes('2020') ? new Ajv2020(options) : new Ajv(options)).compile(text);
}

function errorsOf(validate: ValidateFunction, value: unknown): unknown {
  return validate(value) ? [] : validate.errors;
}

it('action.yml is an action of GitHub, and installs this version', () => {
  const validate = schema('github-action');
  const action = documents('action.yml')[0] as { readonly inputs: { readonly package: { readonly default: string } } };
  expect(errorsOf(validate, action)).toEqual([]);
  expect(validate({ ...action, runs: { using: 'composite', steps: [{ run: 'true' }] } })).toBe(false);
  expect(action.inputs.package.default).toBe(`knowngood@${versionOf()}`);
});

it('the component of GitLab is one before and after its inputs are filled in', () => {
  const validate = schema('gitlab-ci');
  const [header] = documents('templates/guard.yml');
  expect(errorsOf(validate, header)).toEqual([]);
  const { jobs, inputs } = component({ target: 'shop-db', run: ['true'] });
  expect(errorsOf(validate, jobs)).toEqual([]);
  expect(validate({ knowngood: { ...jobs['knowngood'], resource_group: 1 } })).toBe(false);
  expect(inputs['package']).toBe(`knowngood@${versionOf()}`);
});

it('the hooks of Argo CD are Jobs of Kubernetes', () => {
  const validate = schema('kubernetes-job');
  const jobs = ['argocd-apply', 'argocd-guard']
    .flatMap(
      (name) => documents(`examples/pipelines/${name}.yaml`) as { readonly kind: string; readonly spec: object }[],
    )
    .filter(({ kind }) => kind === 'Job');
  expect(jobs).toHaveLength(2);
  for (const job of jobs) {
    expect(errorsOf(validate, job)).toEqual([]);
    expect(validate({ ...job, spec: { ...job.spec, backofLimit: 0 } })).toBe(false);
  }
});

function versionOf(): string {
  return (JSON.parse(read('package.json')) as { readonly version: string }).version;
}
