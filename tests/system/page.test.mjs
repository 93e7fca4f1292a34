// The page at / in a real browser, against a real hub: what it shows is compared with what was
// published, and its word on the connection with what was done to the connection.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = path.dirname(fileURLToPath(import.meta.url));
const FRESHET = process.env.FRESHET ?? path.join(here, '../../build/freshet');
const PUBLISHER = path.join(path.dirname(FRESHET), 'examples/system-metrics');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
// Under a sanitizer the hub does nothing for a browser that it does not do for other clients.
const skip = process.env.FRESHET_LIGHT ? 'needs no second run' : false;

let browser;
before(async () => {
  if (skip) return;
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
});
after(() => browser?.close());

// --- a hub, a publisher, a page; all end with their test ---

async function startHub(t, listen = '127.0.0.1:0') {
  const hub = spawn(FRESHET, ['serve', '--listen', listen, '--retry', '200ms', '--stop-spread', '200ms'],
    { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(hub, 'exit');
  let log = '';
  await new Promise((resolve, reject) => {
    hub.stderr.on('data', (bytes) => {
      log += bytes;
      if (/server\.listening address=\S+/.test(log)) resolve();
    });
    ended.then(() => reject(new Error(`the hub did not start: ${log}`)));
  });
  const stop = async () => { hub.kill('SIGTERM'); await ended; };
  t.after(stop);
  const address = /server\.listening address=(\S+)/.exec(log)[1];
  return { address, url: `http://${address}`, stop };
}

async function publish(hub, data, type = 'system-metrics') {
  const answer = await fetch(`${hub.url}/publish/metrics?event=${type}`, {
    method: 'POST', body: typeof data === 'string' ? data : JSON.stringify(data),
    headers: { 'Content-Type': typeof data === 'string' ? 'text/plain' : 'application/json' },
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()).id;
}

const figures = (t, more = {}) => ({
  cpu_percent: 12.34, memory_percent: 45.67, disk_percent: 89.01,
  network: { bytes_sent: 1000, bytes_recv: 2000 }, timestamp: new Date(t).toISOString(), ...more,
});

let problems; // what the page did wrong: exceptions, refusals by its policy, requests to elsewhere
beforeEach(() => { problems = []; });

async function openPage(t, hub, options = {}, prepare = async () => {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => /Content Security Policy/.test(message.text()) && problems.push(message.text()));
  page.on('request', (request) => new URL(request.url()).host !== hub.address && !request.url().startsWith('data:') &&
    problems.push(request.url()));
  await prepare(page);
  await page.goto(`${hub.url}/`);
  return page;
}

const text = (page, id) => page.locator(`#${id}`).textContent();
const shows = (page, id, wanted) => page.waitForFunction(
  ([id, source]) => new RegExp(source).test(document.getElementById(id).textContent), [id, wanted.source]);
const state = (page, wanted) => page.waitForFunction((wanted) => document.body.dataset.state === wanted, wanted);

// --- what it shows ---

test('the page shows the figures, rates and event that were published last', { skip }, async (t) => {
  const hub = await startHub(t);
  const now = Date.now();
  await publish(hub, figures(now - 2000));
  const page = await openPage(t, hub);
  const last = figures(now, { cpu_percent: 56.78, network: { bytes_sent: 9000, bytes_recv: 5002000 } });
  const id = await publish(hub, last);
  await shows(page, 'now-cpu', /^56\.8%$/);
  assert.equal(await text(page, 'now-memory'), '45.7%');
  assert.equal(await text(page, 'now-disk'), '89.0%');
  assert.equal(await text(page, 'now-sent'), '4.0kB/s'); // 8,000 bytes in two seconds
  assert.equal(await text(page, 'now-received'), '2.5MB/s');
  await shows(page, 'last', new RegExp(id));
  assert.equal(await text(page, 'last'), `id: ${id}\nevent: system-metrics\ndata: ${JSON.stringify(last)}`);
  await shows(page, 'subscribers', /^1$/);
  await shows(page, 'rate', /^\d/);
  await shows(page, 'state', /^Live$/);
  assert.deepEqual(problems, []);
});

test('the history of five minutes is drawn at once, without a line over a silence', { skip }, async (t) => {
  const hub = await startHub(t);
  const now = Date.now();
  for (let s = 100; s > 0; s--) if (s <= 40 || s > 60) await publish(hub, figures(now - s * 1000));
  const page = await openPage(t, hub);
  const drawn = () => page.evaluate(() => [...document.querySelectorAll('.plot')].map(
    (plot) => plot.querySelector('path[style^=stroke]').getAttribute('d')));
  await page.waitForFunction(() => document.querySelector('.plot path[style^=stroke]').getAttribute('d')?.split(/[ML]/).length === 81);
  for (const d of (await drawn()).slice(0, 3)) assert.equal(d.match(/M/g).length, 2);
  assert.deepEqual(problems, []);
});

test('an empty page says what to start, and how to publish, with the hub\'s own address', { skip }, async (t) => {
  const hub = await startHub(t);
  const page = await openPage(t, hub, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  await page.locator('#empty').waitFor({ state: 'visible' });
  assert.equal(await text(page, 'cmd-metrics'), `build/examples/system-metrics --url ${hub.url}`);
  assert.equal(await text(page, 'cmd-publish'), `curl -d 'hello' ${hub.url}/publish/demo`);
  assert.equal(await text(page, 'cmd-follow'), `curl -N ${hub.url}/events/demo`);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  await publish(hub, figures(Date.now()));
  await page.locator('#empty').waitFor({ state: 'hidden' });
  assert.deepEqual(problems, []);
});

test('events that are not figures, or are hostile, are shown as text and change nothing else', { skip }, async (t) => {
  const hub = await startHub(t);
  const page = await openPage(t, hub);
  await publish(hub, figures(Date.now()));
  await shows(page, 'now-cpu', /^12\.3%$/);
  const hostile = '<img src=x onerror="document.title=1">';
  await publish(hub, 'null');
  await publish(hub, { timestamp: hostile, cpu_percent: hostile });
  await publish(hub, { timestamp: new Date().toISOString(), cpu_percent: hostile, network: 7 });
  await shows(page, 'now-cpu', /^–$/); // such figures are not known
  await publish(hub, hostile, 'message');
  await shows(page, 'last', /<img/);
  assert.equal(await page.locator('img').count(), 0);
  await publish(hub, figures(Date.now() + 1));
  await shows(page, 'now-cpu', /^12\.3%$/);
  assert.deepEqual(problems, []);
});

test('arrow keys read earlier figures', { skip }, async (t) => {
  const hub = await startHub(t);
  const now = Date.now();
  for (let s = 20; s > 0; s--) await publish(hub, figures(now - s * 1000, { cpu_percent: 30 }));
  const page = await openPage(t, hub);
  await shows(page, 'now-cpu', /^30\.0%$/);
  const plot = page.getByRole('slider', { name: /Processor/ });
  await plot.focus();
  for (let i = 0; i < 10; i++) await page.keyboard.press('ArrowLeft');
  assert.equal(await plot.getAttribute('aria-valuenow'), '-10');
  assert.match(await plot.getAttribute('aria-valuetext'), / · 30.0 %$/);
  assert.deepEqual(problems, []);
});

// --- the connection ---

test('a hub that goes and comes back is told as reconnecting, live, and a gap', { skip }, async (t) => {
  const hub = await startHub(t);
  const page = await openPage(t, hub);
  await publish(hub, figures(Date.now() - 1000));
  await shows(page, 'now-cpu', /^12\.3%$/);
  await hub.stop();
  await state(page, 'reconnecting');
  const again = await startHub(t, hub.address);
  await state(page, 'live');
  await page.locator('#notice').waitFor({ state: 'visible' }); // its history went with the first hub
  assert.match(await text(page, 'notice-text'), /^Gap: /);
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await page.locator('#notice').waitFor({ state: 'hidden' });
  await publish(again, figures(Date.now(), { cpu_percent: 99 }));
  await shows(page, 'now-cpu', /^99\.0%$/);
  assert.deepEqual(problems, []);
});

test('an error that ends an EventSource for good is shown, and a button connects again', { skip }, async (t) => {
  const hub = await startHub(t);
  const page = await openPage(t, hub, {}, (fresh) =>
    fresh.route('**/events/**', (route) => route.fulfill({ status: 502, body: 'no hub here' })));
  await state(page, 'closed');
  assert.match(await text(page, 'retry-in'), /^Trying again in \d+ s$/);
  await page.unroute('**/events/**');
  await page.getByRole('button', { name: 'Connect now' }).click();
  await state(page, 'live');
  assert.equal(await page.locator('#connect').isVisible(), false);
  assert.deepEqual(problems, []);
});

test('a busy hub is called busy until it takes the page', { skip }, async (t) => {
  const hub = await startHub(t);
  const page = await openPage(t, hub, {}, (fresh) =>
    fresh.route('**/events/**', (route) => route.fulfill({
      contentType: 'text/event-stream', body: 'retry: 100\nevent: freshet.busy\ndata: {"reason":"full"}\n\n' })));
  await state(page, 'busy');
  const seen = await page.evaluate(() => new Promise((resolve) => { // it stays so while it tries
    const states = new Set();
    const look = setInterval(() => states.add(document.body.dataset.state), 5);
    setTimeout(() => { clearInterval(look); resolve([...states]); }, 600);
  }));
  assert.deepEqual(seen, ['busy']);
  await page.unroute('**/events/**');
  await state(page, 'live');
  assert.deepEqual(problems, []);
});

// --- the publisher ---

test('system-metrics publishes this machine\'s figures, outlives its hub and ends at once', { skip }, async (t) => {
  const hub = await startHub(t);
  const page = await openPage(t, hub);
  const publisher = spawn(PUBLISHER, ['--url', hub.url, '--interval', '100ms'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(publisher, 'exit');
  t.after(() => publisher.kill('SIGKILL'));
  let told = '';
  publisher.stderr.on('data', (bytes) => { told += bytes; });
  const line = async (wanted) => { while (!wanted.test(told)) await once(publisher.stderr, 'data'); };

  await shows(page, 'last', /system-metrics/);
  const data = JSON.parse((await text(page, 'last')).split('data: ')[1]);
  assert.deepEqual(Object.keys(data), ['cpu_percent', 'memory_percent', 'disk_percent', 'network', 'timestamp']);
  assert.deepEqual(Object.keys(data.network), ['bytes_sent', 'bytes_recv']);
  assert.match(data.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  for (const name of ['memory_percent', 'disk_percent']) {
    assert.ok(data[name] >= 0 && data[name] <= 100, `${name} ${data[name]}`);
    assert.match(String(data[name]), /^\d+(\.\d{1,2})?$/);
  }
  await shows(page, 'now-memory', /^\d+\.\d%$/);

  await hub.stop();
  await line(/trying again\n/);
  const again = await startHub(t, hub.address);
  await line(/is back\n/);
  assert.equal(told.trim().split('\n').length, 2);
  assert.match(await (await fetch(`${again.url}/metrics`)).text(), /^freshet_events_in_total [1-9]/m);
  publisher.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  assert.deepEqual(problems, []);
});
