// The README's examples, run as they stand there, but for the hub's address.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { FRESHET, LIGHT, publish, startHub, until, within } from './hub.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const readme = readFileSync(path.join(here, '../../README.md'), 'utf8');

// The blocks of a chapter: [{ language, code }].
function blocks(chapter) {
  const text = readme.split(/^## /m).find((part) => part.startsWith(`${chapter}\n`));
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code]) => ({ language, code }));
}

const eventSource = "import { EventSource } from 'eventsource'; globalThis.EventSource = EventSource;\n";
const interpreters = {
  sh: (code) => ['sh', '-c', code],
  js: (code) => ['node', '--input-type=module', '-e', eventSource + code],
  python: (code) => ['python3', '-u', '-c', code],
  php: (code) => ['php', '-r', code],
};

function start(t, hub, { language, code }) {
  const [program, ...args] = interpreters[language](code.replaceAll('127.0.0.1:8080', hub.address));
  const child = spawn(program, args, { cwd: here, detached: true });
  const running = { out: '', errors: '' };
  child.stdout.on('data', (bytes) => { running.out += bytes; });
  child.stderr.on('data', (bytes) => { running.errors += bytes; });
  running.ended = new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => { running.over = true; resolve(code); });
  });
  t.after(() => { // the whole group; it may just have ended with its hub
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  });
  return running;
}

test('the README shows how to publish and subscribe in four languages', () => {
  for (const chapter of ['Publish', 'Subscribe'])
    assert.deepEqual(blocks(chapter).map(({ language }) => language), Object.keys(interpreters));
});

for (const block of blocks('Publish')) {
  test(`the README's ${block.language} publishes`, { skip: LIGHT }, async (t) => {
    const hub = await startHub(t);
    const example = start(t, hub, block);
    assert.equal(await within(example.ended, 'the example does not end'), 0, example.errors);
    const reader = start(t, hub, { language: 'sh', code: `curl -sN 'http://${hub.address}/events/demo?from=earliest'` });
    const expected = block.language === 'sh' ? ['hello', '{"price": 1.50}'] : ['hello'];
    for (const data of expected)
      await until(() => reader.out.includes(`data: ${data}\n`), () => `no ${data} in ${reader.out}`);
  });
}

for (const block of blocks('Subscribe')) {
  for (const [i, code] of (block.language === 'sh' ? block.code.trim().split('\n') : [block.code]).entries()) {
    test(`the README's ${block.language} subscribes (${i + 1})`, { skip: LIGHT }, async (t) => {
      const hub = await startHub(t);
      const example = start(t, hub, { language: block.language, code });
      await until(async () => { // it may be late: what is published before it is there is not for it
        assert.ok(!example.over, `the example ended: ${example.errors}`);
        await publish(hub, 'demo', 'hello');
        return example.out.includes('hello');
      }, () => `it prints ${example.out} ${example.errors}`);
    });
  }
}

test("the README's commands do what it says", async (t) => {
  const hub = await startHub(t);
  const [{ code }] = blocks('In a terminal');
  const example = start(t, hub, { language: 'sh', code: `set -e; freshet() { ${FRESHET} "$@"; }; export FRESHET_URL=${hub.url}\n${code}` });
  assert.equal(await within(example.ended, 'the commands do not end'), 0, example.errors);
  assert.match(example.out, /(?:^|\n)998\n999\n1000\n/);
  assert.match(example.out, /\b4,?000\b/, 'deliveries of the measurement');
});
