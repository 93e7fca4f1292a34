// A hub for each test: starting and stopping it, and asking it what any HTTP client may ask.
// Raw connections are in http.mjs, the strict reader of streams is in sse.mjs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
export const FRESHET = process.env.FRESHET ?? path.join(here, '../../build/freshet');

// Under a sanitizer everything is slower: the long tests do less, and conditions may take longer.
export const LIGHT = Boolean(process.env.FRESHET_LIGHT);
export const LIMIT = LIGHT ? 100_000 : 30_000;

// Waits until condition() gives something true, and gives that back. `what` is said when it never
// does; it may be a function, so that it can tell how far things came.
export async function until(condition, what, limit = LIMIT) {
  const end = Date.now() + limit;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) assert.fail(`waited ${limit} ms in vain: ${typeof what === 'function' ? what() : what}`);
    await delay(5);
  }
}

// A promise that must settle within the limit.
export async function within(promise, what, limit = LIMIT) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${limit} ms in vain: ${typeof what === 'function' ? what() : what}`)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// --- chance, repeatable: FRESHET_SEED chooses it, and the test prints it ---

export function chance(t) {
  const seed = Number(process.env.FRESHET_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`FRESHET_SEED=${seed}`);
  let state = seed;
  const random = () => { // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  return { random, below: (n) => Math.floor(random() * n), pick: (list) => list[Math.floor(random() * list.length)] };
}

// --- the process ---

// The program with these arguments. It ends with this process, however that ends.
export function run(args, env = {}) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', FRESHET, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const program = { child, out: '', log: '' };
  child.stdout.on('data', (bytes) => { program.out += bytes; });
  child.stderr.on('data', (bytes) => { program.log += bytes; });
  program.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return program;
}

class Hub {
  constructor(program) {
    Object.assign(this, { program, sockets: new Set(), told: false });
    this.agent = new http.Agent({ keepAlive: true });
    program.ended.then((ended) => { this.ended = ended; });
  }

  get log() { return this.program.log; }
  get pid() { return this.program.child.pid; }

  // The lines of the log with this event's name, as objects of their pairs.
  lines(event) {
    return this.log.split('\n').filter((line) => line.split(' ')[2] === event)
      .map((line) => Object.fromEntries(line.split(' ').slice(3).map((pair) => pair.split(/=(.*)/s).slice(0, 2))));
  }

  // Tells it to stop, once; gives the promise of how it ends.
  signal(name = 'SIGTERM') {
    this.stopping = true;
    this.program.child.kill(name);
    return this.program.ended;
  }

  // Ends it with all that hangs on it, and wants a clean end. Safe to call twice.
  async stop() {
    for (const socket of this.sockets) socket.destroy();
    this.agent.destroy();
    if (!this.ended && !this.stopping) this.program.child.kill('SIGTERM');
    const ended = await within(this.program.ended, () => `the hub does not end: ${this.log}`).catch((error) => {
      this.program.child.kill('SIGKILL');
      throw error;
    });
    if (!this.told && !this.killed) assert.deepEqual(ended, { code: 0, signal: null }, `the hub ended badly:\n${this.log}`);
    this.told = true;
  }

  // Ends it as a power failure would.
  async kill() {
    this.killed = true;
    for (const socket of this.sockets) socket.destroy();
    this.agent.destroy();
    this.program.child.kill('SIGKILL');
    await this.program.ended;
  }
}

const LISTENING = /server\.listening(?: |",")address(?:=|":")([^\s"]+)/; // in both forms of the log

// A hub on a free port, with these flags of `freshet serve`. It ends with its test.
export function startHub(t, flags = [], listen = '127.0.0.1:0', env = {}) {
  return startHubWith(t, ['--listen', listen, '--stop-spread', '100ms', '--stop-timeout', '5s', ...flags], env);
}

// The same with these flags alone, and more variables.
export async function startHubWith(t, flags, env = {}) {
  const hub = new Hub(run(['serve', ...flags], env));
  t.after(() => hub.stop());
  await until(() => hub.ended || LISTENING.test(hub.log), 'the hub does not start');
  if (hub.ended) assert.fail(`the hub did not start: ${hub.log}`);
  hub.address = LISTENING.exec(hub.log)[1];
  hub.host = hub.address.slice(0, hub.address.lastIndexOf(':'));
  hub.port = Number(hub.address.slice(hub.address.lastIndexOf(':') + 1));
  hub.url = `http://${hub.address}`;
  return hub;
}

// --- asking it ---

// One request; the whole answer: { status, headers, text, json }. json is there if the type says so.
export function ask(hub, method, target, { headers = {}, body } = {}) {
  const answered = new Promise((resolve, reject) => {
    const request = http.request({ host: hub.host, port: hub.port, agent: hub.agent, method, path: target, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const json = /json/.test(response.headers['content-type'] ?? '') ? JSON.parse(text) : undefined;
        resolve({ status: response.statusCode, headers: response.headers, text, json });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
  return within(answered, `an answer to ${method} ${target}`);
}

// Publishes and gives back the id. `channel` is decoded: a name, or '@id' for a client.
export async function publish(hub, channel, data, { event, headers = {} } = {}) {
  const target = channel.startsWith('@') ? `/clients/${encodeURIComponent(channel.slice(1))}` : `/publish/${encodeURIComponent(channel)}`;
  const query = event === undefined ? '' : `?event=${encodeURIComponent(event)}`;
  const answer = await ask(hub, 'POST', target + query, { body: data, headers });
  assert.equal(answer.status, 200, answer.text);
  return answer.json.id;
}

export const JSON_TYPE = { 'Content-Type': 'application/json' };

// --- its figures ---

// All of /metrics as one object: 'name' or 'name{labels}' to number.
export async function metrics(hub) {
  const { status, text } = await ask(hub, 'GET', '/metrics');
  assert.equal(status, 200);
  const rows = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return Object.fromEntries(rows.map((row) => [row.slice(0, row.lastIndexOf(' ')), Number(row.slice(row.lastIndexOf(' ') + 1))]));
}

// Waits until a figure is what is wanted (a number, or a function that judges it).
export function figure(hub, name, wanted) {
  let last;
  const right = typeof wanted === 'function' ? wanted : (value) => value === wanted;
  return until(async () => {
    const all = await metrics(hub);
    assert.ok(name in all, `there is no figure ${name}`);
    last = all[name];
    return right(last);
  }, () => `${name} is ${last}, not ${wanted}`);
}
