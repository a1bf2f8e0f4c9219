// The package as others meet it: packed, installed, imported, bundled, type-checked.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { browser, needs, npm, peers, run } from './peers.mjs';

const folder = mkdtempSync(join(tmpdir(), 'ewtune-package-'));
const installed = join(folder, 'node_modules', 'ewtune');
let tarball;
after(() => rmSync(folder, { recursive: true }));
before(() => {
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: npm }));
  tarball = join(folder, filename);
  mkdirSync(installed, { recursive: true });
  run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
});

const bin = (name) => join(peers, 'node_modules', '.bin', name);
const plan = '{ samplingRate: 0.01, noiseMultiplier: 1, steps: 1000 }';

test('what is packed', () => {
  const files = readdirSync(join(installed, 'dist'));
  for (const name of ['index.js', 'index.cjs', 'index.d.ts', 'index.d.cts', 'async.js', 'element.js', 'full.wasm', 'calculator.html']) assert.ok(files.includes(name), name);
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  assert.equal(manifest.dependencies, undefined);
  assert.equal(existsSync(join(installed, 'src')), false);
  assert.equal(existsSync(join(installed, 'LICENSE')), true);
});

test('Node, ESM', () => {
  const out = run('node', ['--input-type=module', '-e', `import { epsilon, version } from 'ewtune'; import * as a from 'ewtune/async'; import 'ewtune/element';
    console.log(epsilon(${plan}, { delta: 1e-5 }).upper > 1.8, version, (await a.epsilon(${plan}, { delta: 1e-5 })).upper > 1.8); a.close();`], { cwd: folder });
  assert.match(out, /^true \d+\.\d+\.\d+ true/);
});

test('Node, CommonJS', () => {
  const out = run('node', ['--input-type=commonjs', '-e', `const { epsilon } = require('ewtune'); require('ewtune/element'); const a = require('ewtune/async');
    a.epsilon(${plan}, { delta: 1e-5 }).then((r) => { console.log(epsilon(${plan}, { delta: 1e-5 }).upper === r.upper); a.close(); });`], { cwd: folder });
  assert.equal(out, 'true\n');
});

test('the whole accountant', () => {
  const out = run('node', ['--input-type=module', '-e', `import { readFileSync } from 'node:fs'; import { instantiate } from 'ewtune/full';
    const a = instantiate(readFileSync(new URL(import.meta.resolve('ewtune/full.wasm'))));
    console.log(JSON.stringify(a.call({ command: 'epsilon', sampling_rate: 0.01, noise_multiplier: 1, steps: 1000, delta: 1e-5 })), JSON.stringify(a.call({ command: 'epsilon', sampling_rate: 7 })));`], { cwd: folder });
  assert.match(out, /"epsilon":\{"estimate":1\.8282366/);
  assert.match(out, /"error":"sampling_rate 7: must/);
});

// Deno and Bun come from npm too. The same program runs on both: the package, the worker, the whole accountant.
const elsewhere = `import { readFileSync } from 'node:fs'; import process from 'node:process';
  import { epsilon, maxSteps } from 'ewtune'; import * as later from 'ewtune/async'; import { instantiate } from 'ewtune/full'; import 'ewtune/element';
  const plan = ${plan}; const now = epsilon(plan, { delta: 1e-5 }); const steps = maxSteps({ samplingRate: 0.01, noiseMultiplier: 1 }, { epsilon: 2, delta: 1e-5 }).steps;
  const whole = instantiate(readFileSync('node_modules/ewtune/dist/full.wasm')).call({ command: 'epsilon', sampling_rate: 0.01, noise_multiplier: 1, steps: 1000, delta: 1e-5 });
  const then = await later.epsilon(plan, { delta: 1e-5 }); later.close();
  console.log(JSON.stringify({ upper: now.upper, then: then.upper, whole: whole.epsilon.upper, steps })); process.exit(0);`;

for (const [name, args] of [['deno', ['run', '--quiet', '--allow-all', '--node-modules-dir=manual', '--no-lock']], ['bun', ['run']]]) {
  needs('EWTUNE_NODE_PEERS', `${name}: package, worker, whole accountant`, () => {
    writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module", "dependencies": { "ewtune": "*" } }');
    writeFileSync(join(folder, 'elsewhere.mjs'), elsewhere);
    const out = JSON.parse(run(bin(name), [...args, 'elsewhere.mjs'], { cwd: folder, env: { ...process.env, DENO_DIR: join(folder, 'deno'), DENO_NO_UPDATE_CHECK: '1' } }));
    assert.equal(out.then, out.upper);
    assert.ok(Math.abs(out.whole / out.upper - 1) < 1e-8 && out.upper > 1.8 && out.steps > 1000, JSON.stringify(out));
  });
}

needs('EWTUNE_NODE_PEERS', 'publint finds nothing', () => {
  const out = run('node', [bin('publint'), 'run', '--strict', installed]);
  assert.match(out, /All good/);
});

needs('EWTUNE_NODE_PEERS', 'arethetypeswrong finds nothing', async () => {
  const core = await import(join(peers, 'node_modules', '@arethetypeswrong', 'core', 'dist', 'index.js'));
  const files = {};
  for (const name of readdirSync(installed, { recursive: true })) {
    if (/\.(js|cjs|ts|cts|json|md|html)$/.test(name)) files[`/node_modules/ewtune/${name}`] = readFileSync(join(installed, name), 'utf8');
  }
  const { version } = JSON.parse(files['/node_modules/ewtune/package.json']);
  const analysis = await core.checkPackage(new core.Package(files, 'ewtune', version), { excludeEntrypoints: ['calculator.html', 'full.wasm'] });
  assert.ok(analysis.types, 'types were found');
  assert.equal(Object.keys(analysis.entrypoints).length, 5);
  assert.deepEqual(analysis.problems, []);
});

const consumer = `import { check, compose, curve, epsilon, maxSteps, noiseMultiplier, type Result, type Solution } from 'ewtune';
import * as later from 'ewtune/async';
import type { EwtuneEpsilonElement } from 'ewtune/element';
import { instantiate } from 'ewtune/full';
const plan = { samplingRate: 0.01, noiseMultiplier: 1, steps: 1000 } as const;
const r: Result = epsilon(plan, { delta: 1e-5, accountant: 'edgeworth', order: 2 });
const s: Solution<'noiseMultiplier'> = noiseMultiplier({ samplingRate: 0.01, steps: 10 }, { epsilon: 1, delta: 1e-5 });
const n: number = s.noiseMultiplier + r.upper + maxSteps({ samplingRate: 0.1, noiseMultiplier: 1 }, { epsilon: 1, delta: 1e-5 }).steps;
const p: Promise<Result> = later.epsilon(compose(plan, plan), { delta: 1e-5, signal: new AbortController().signal });
const v: 'true' | 'false' | 'undecided' = check(plan, { epsilon: 1, delta: 1e-5 }).verdict;
const points: readonly { x: number; upper: number }[] = curve(plan, { over: 'alpha' }).points;
const element: EwtuneEpsilonElement | null = document.querySelector('ewtune-epsilon');
// @ts-expect-error steps are missing
epsilon({ samplingRate: 0.01, noiseMultiplier: 1 }, { delta: 1e-5 });
// @ts-expect-error no such accountant
epsilon(plan, { delta: 1e-5, accountant: 'magic' });
export { n, p, v, points, element, instantiate };
`;

for (const [module, resolution, name] of [['nodenext', 'nodenext', 'consumer.mts'], ['nodenext', 'nodenext', 'consumer.cts'], ['esnext', 'bundler', 'consumer.ts']]) {
  needs('EWTUNE_NODE_PEERS', `tsc --noEmit, ${resolution}, ${name}`, () => {
    writeFileSync(join(folder, name), consumer);
    check({ target: 'es2022', lib: ['es2022', 'dom'], module, moduleResolution: resolution }, [name]);
  });
}

needs('EWTUNE_NODE_PEERS', 'the sources agree with the declared types', () => {
  const sources = readdirSync(join(npm, 'src')).filter((f) => f.endsWith('.mjs') && !/^(worker|async)/.test(f)).map((f) => join(npm, 'src', f));
  check({ allowJs: true, checkJs: true, target: 'es2023', lib: ['es2023', 'dom', 'dom.iterable'], module: 'esnext', moduleResolution: 'bundler', allowImportingTsExtensions: true }, sources);
});

/** Type-checks files without the declarations of any other package. */
function check(options, files) {
  const project = join(folder, 'tsconfig.json');
  writeFileSync(project, JSON.stringify({ compilerOptions: { noEmit: true, strict: true, types: [], ...options }, files }));
  run('node', [bin('tsc'), '--project', project], { cwd: folder });
}

needs('EWTUNE_CHROMIUM', 'a fresh Vite app, no settings', async (t) => {
  const app = join(folder, 'app');
  mkdirSync(app, { recursive: true });
  for (const name of ['vite']) if (!existsSync(join(folder, 'node_modules', name))) symlinkSync(join(peers, 'node_modules', name), join(folder, 'node_modules', name));
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true, "type": "module" }');
  writeFileSync(join(app, 'index.html'), '<!doctype html><title>app</title><output></output><script type="module" src="/main.js"></script><ewtune-epsilon></ewtune-epsilon>');
  writeFileSync(join(app, 'main.js'), `import { epsilon } from 'ewtune'; import * as later from 'ewtune/async'; import 'ewtune/element';
    const plan = ${plan}; const now = epsilon(plan, { delta: 1e-5 }).upper;
    later.epsilon(plan, { delta: 1e-5 }).then((r) => { document.querySelector('output').textContent = String(r.upper === now && now > 1.8); });`);
  const { build, preview } = await import(join(peers, 'node_modules', 'vite', 'dist', 'node', 'index.js'));
  await build({ root: app, logLevel: 'error' });
  const server = await preview({ root: app, logLevel: 'error', preview: { port: 0, host: '127.0.0.1' } });
  t.after(() => server.close());
  const chromium = await browser();
  t.after(() => chromium.close());
  const page = await chromium.newPage();
  await page.goto(`http://127.0.0.1:${server.httpServer.address().port}/`);
  await page.waitForFunction(() => document.querySelector('output').textContent === 'true');
  assert.ok((await page.evaluate(() => document.querySelector('ewtune-epsilon').value)) > 8);
});
