// docs/performance.md is made from docs/performance.json; and what makes it says what was measured: medians, ratios
// within a round, goals that are held and goals that are not, and what went wrong.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FRESHET } from './hub.mjs';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');

// Runs a script of bench; gives its status and all that it said.
const script = (name, ...args) => new Promise((resolve) => {
  execFile('python3', ['-B', path.join(ROOT, 'bench', name), ...args],
    (error, out, said) => resolve({ status: error ? error.code : 0, said: out + said }));
});

async function place(t) {
  const directory = await mkdtemp(path.join(tmpdir(), 'freshet-performance-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

const run = (change = {}) => ({
  good: true, failure: null, published: 1000, publish_seconds: 2, delivered: 1000, expected: 1000, delivery_seconds: 2,
  latency_p50_ms: 1, latency_p90_ms: 2, latency_p99_ms: 4, latency_p999_ms: 8, lost: 0, repeated: 0, disordered: 0, damaged: 0,
  astray: 0, gaps: 0, streams_failed: 0, streams_ended: 0, ...change,
  server: { delivery_cpu_us: 2, bytes_per_stream: 300, connect_cpu_us: 20, ...change.server },
});

// Three rounds in which the machine gets slower by half each time: ratios within a round stay what they are.
const slower = [1, 2, 4];
const rounds = (cpu, change = {}) => slower.map((by) => run({ ...change, server: { delivery_cpu_us: cpu * by } }));
const results = (change = {}) => ({
  measured: '2026-01-02',
  rounds: 3,
  machine: { cores: 2, cpu: 'a processor', virtual: true, memory_gib: 8, system: 'Debian', kernel: '6.1', architecture: 'x86_64' },
  versions: { Freshet: '0.1.0', nginx: '1.22.1' },
  commands: { steady: { freshet: 'freshet bench --hub freshet', nchan: 'freshet bench --hub nchan' } },
  runs: {
    steady: { freshet: rounds(1), limit: rounds(0.5), nchan: rounds(2) },
    single: { freshet: rounds(1), limit: rounds(1), nchan: rounds(1, { delivered: 250 }) },
    ...change,
  },
});

const row = (page, start) => page.split('\n').filter((line) => line.startsWith(`| ${start} |`));

async function pageOf(t, data) {
  const docs = await place(t);
  await writeFile(path.join(docs, 'performance.json'), JSON.stringify(data));
  const made = await script('page.py', '--docs', docs);
  assert.equal(made.status, 0, made.said);
  return { docs, page: await readFile(path.join(docs, 'performance.md'), 'utf8') };
}

test('a figure is the median of its rounds, and a ratio is taken within a round', async (t) => {
  const { page } = await pageOf(t, results());
  const [goal, all] = row(page, 'CPU per delivered event');
  assert.equal(goal, "| CPU per delivered event | at most 0.7 times nchan's | 0.50 times | held |");
  assert.equal(all, '| CPU per delivered event | 2.00 µs (1.00 to 4.00) | 4.00 µs (2.00 to 8.00) | 1.00 µs (0.50 to 2.00) |'
    + ' 0.50 (0.50 to 0.50) | 2.00 (2.00 to 2.00) |');
  assert.match(row(page, 'own memory per idle subscriber')[0], /at most 400 B \| 300 B \| held/);
  assert.match(page, /Every event came once and in order/);
});

test('a goal that is not reached is called short, and one that was not measured is neither', async (t) => {
  const { page } = await pageOf(t, results());
  assert.match(row(page, 'deliveries a second, one request at a time')[0], /at least 5 times nchan's \| 4.00 times \| short: /);
  assert.match(row(page, 'answered publishes a second on one connection')[0], /not measured \| – \|/);
});

test('what a server lost, and runs that it did not finish, are told', async (t) => {
  const single = {
    freshet: rounds(1),
    nchan: [run({ lost: 1234, good: false }), run(), { failure: 'given up while delivering' }],
  };
  const { page } = await pageOf(t, results({ single }));
  assert.match(page, /- single, nchan: 1,234 lost \(in 1 of 3 runs\)/);
  assert.match(page, /- single, nchan: not finished: given up while delivering \(in 1 of 3 runs\)/);
  assert.match(row(page, 'deliveries a second, one request at a time')[1], /, 1 not finished \|/);
  assert.doesNotMatch(page, /Every event came once/);
});

test('page and charts are checked against what was measured', async (t) => {
  const { docs } = await pageOf(t, results());
  assert.deepEqual(await script('page.py', '--check', '--docs', docs), { status: 0, said: '' });
  const data = results();
  data.runs.steady.freshet[1].server.delivery_cpu_us = 3;
  await writeFile(path.join(docs, 'performance.json'), JSON.stringify(data));
  const { status, said } = await script('page.py', '--check', '--docs', docs);
  assert.equal(status, 1);
  assert.match(said, /performance\.md is not/);
  assert.match(said, /performance-cost\.svg is not/);
  assert.doesNotMatch(said, /performance-rate\.svg/);
});

test('every scene is played with every server, and each event comes once and in order', async (t) => {
  const file = path.join(await place(t), 'results.json');
  const { status, said } = await script('compare.py', '--smallest', '--results', file, '--hub', FRESHET, '--load', FRESHET,
    '--limit', path.join(path.dirname(FRESHET), 'bench/limit'));
  assert.equal(status, 0, said);
  const { runs } = JSON.parse(await readFile(file, 'utf8'));
  const played = Object.entries(runs).map(([scene, of]) => [scene, Object.keys(of).sort().join(' ')]);
  assert.deepEqual(Object.fromEntries(played), {
    steady: 'freshet limit nchan', single: 'freshet limit nchan', batches: 'freshet limit', answers: 'freshet limit nchan',
    ingest: 'freshet limit', storm: 'freshet nchan',
  });
  for (const of of Object.values(runs))
    for (const [one] of Object.values(of)) assert.ok(one.good, said);
});

test('docs/performance.md and its charts are what docs/performance.json makes', async () => {
  assert.deepEqual(await script('page.py', '--check'), { status: 0, said: '' });
});
