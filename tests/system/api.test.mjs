// docs/api.md: its examples, run as they stand there but for the hub's address, and its tables, compared
// with what the hub says of itself. What else the page promises is in api-claims.test.mjs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

import { Names, Watch, chapters, examples, quoted, runShell, table, tables } from './examples.mjs';
import { LIGHT, ask, startHub, within } from './hub.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const page = path.join(root, 'docs/api.md');
const book = chapters(page);
const text = readFileSync(page, 'utf8');

let browser;
before(async () => {
  if (LIGHT) return;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
});
after(() => browser?.close());

// --- the examples ---

// Runs code in a page of the hub's origin; what it writes to the console is its output.
async function runBrowser(t, hub, names, code, expected) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const tab = await context.newPage();
  const watch = new Watch(names, expected);
  tab.on('pageerror', watch.reject);
  await tab.route('**/blank', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
  await tab.goto(`${hub.url}/blank`);
  tab.on('console', (message) => message.type() === 'log' && watch.take(`${message.text()}\n`) && watch.resolve());
  await tab.evaluate(`(async () => { ${code} })()`);
  await within(watch.done, () => `\n${code}\nprints\n${watch.out}\ninstead of\n${expected}`);
  await tab.evaluate('0'); // what it has printed besides has come by now
  watch.take('', true);
  await watch.done;
}

for (const chapter of book) {
  test(`the examples of "${chapter.title}" do what the page shows`, { skip: LIGHT }, async (t) => {
    let hub;
    let names = new Names();
    for (const { language, code, line, expected } of examples(chapter)) {
      t.diagnostic(`line ${line}`);
      if (code.startsWith('freshet serve')) {
        assert.equal(hub, undefined, 'a chapter has one hub');
        hub = await startHub(t, code.trim().split(' ').slice(2));
        continue;
      }
      hub ??= await startHub(t);
      const real = names.code(code).replaceAll('127.0.0.1:8080', hub.address);
      assert.ok(expected !== '', `line ${line}: an example without its output`);
      if (language === 'js') await runBrowser(t, hub, names, real, expected);
      else await runShell(t, names, real, expected);
    }
  });
}

test('an example whose output is another fails', async (t) => {
  const expected = 'id: 1795327500123-0 a\nid: 1795327500124-0 b\nid: 1795327500123-0 c';
  const good = 'id: 1234567890123-7 a\nid: 1234567890130-0 b\nid: 1234567890123-7 c';
  assert.equal(new Names().compare(expected, good), true);
  assert.equal(new Names().compare(expected, good.split('\n')[0]), false, 'not all of it yet');
  const wrong = {
    'another text': good.replace(' b', ' B'),
    'a line too many': `${good}\nx`,
    'another id where the page has the same': good.replace('3-7 c', '3-8 c'),
    'the same id where the page has another': good.replace('30-0 b', '23-7 b'),
    'ids in another order': good.replace('30-0 b', '22-0 b'),
    'no id': good.replace('1234567890130-0', '1234567890130'),
  };
  for (const [why, out] of Object.entries(wrong)) assert.throws(() => new Names().compare(expected, out), assert.AssertionError, why);
  await assert.rejects(runShell(t, new Names(), 'echo hello', 'hallo'), assert.AssertionError);
  await assert.rejects(runShell(t, new Names(), 'echo hello', 'hello\nyou'), assert.AssertionError);
  assert.throws(() => new Names().code('curl -H "Last-Event-ID: 1795327500123-0"'), assert.AssertionError);
  const block = { language: 'yaml', code: '', line: 1 };
  assert.throws(() => examples({ blocks: [block] }), assert.AssertionError);
});

// --- the tables ---

test('the metrics are those of /metrics, with their kinds and labels', async (t) => {
  const hub = await startHub(t);
  const { text: exposed } = await ask(hub, 'GET', '/metrics');
  const kinds = [...exposed.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => [name, kind]);
  const rows = kinds.map(([name, kind]) => [name, kind,
    [...exposed.matchAll(new RegExp(`^${name}\\{(.*)\\} `, 'gm'))].map(([, labels]) => (name === 'freshet_info' ? labels.replaceAll(/".*?"/g, '"…"') : labels))]);
  assert.deepEqual(table(text, 'metric').map(([name, kind, labels]) => [quoted(name)[0], kind, quoted(labels)]), rows);
  for (const line of exposed.split('\n').filter((row) => row && !row.startsWith('#')))
    assert.ok(kinds.some(([name]) => name === line.split(/[{ ]/)[0]), line);
});

test('the statuses of errors are those that the hub has', () => {
  const source = readFileSync(path.join(root, 'src/base/error.def'), 'utf8');
  const statuses = new Set([...source.matchAll(/^ERROR\(\w+, (\d{3}),/gm)].map(([, status]) => status));
  assert.ok(statuses.size > 10);
  assert.deepEqual(table(text, 'status').map(([status]) => status), [...statuses].sort());
});

test('the paths in tables of requests are served, and no others are', async (t) => {
  const hub = await startHub(t);
  const source = readFileSync(path.join(root, 'src/server/routes.c'), 'utf8');
  const routes = new Set([...source.matchAll(/^ {4}\{"(\w+)", "([^"]*)", "([^"]*)", (\w+),/gm)].map(([, method, front, behind, naming]) =>
    `${method} ${front}${naming === 'NAME_IN_PATH' ? '/{}' : ''}${behind}`));
  const said = new Set(tables(text).filter(({ head }) => head[0] === 'request').flatMap(({ rows }) => rows)
    .map(([request]) => quoted(request)[0].replace(/\?.*/, '').replace(/\{\w+\}|stocks:\*/, '{}')));
  for (const rest of ['GET /', 'GET /health', 'GET /metrics']) { // in the prose
    assert.ok(text.includes(`\`${rest}\``), rest);
    said.add(rest);
  }
  const byQuery = (route) => /^(DELETE \/channels|GET \/channels\/events)$/.test(route); // said in one sentence of its own
  assert.deepEqual([...said].sort(), [...routes].filter((route) => !byQuery(route)).sort());
  for (const request of said) {
    const [method, target] = request.split(' ');
    if (method === 'GET' && target.startsWith('/events')) continue; // it would not end
    const { status } = await ask(hub, method, target.replace('{}', 'x'), { body: method === 'POST' ? 'x' : undefined });
    assert.ok(status < 300 || request === 'GET /channels/{}', `${request} is answered ${status}`);
  }
});
