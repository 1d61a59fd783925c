// SPDX-License-Identifier: MIT
// The page in a browser.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {writeFolder} from '../../bench/report/output.js';
import {palette} from '../../bench/report/palette.js';
import {makeReport} from '../../bench/report/report.js';
import {Browser} from './browser.js';
import {comparison, record, records} from './fixture.js';

const home = mkdtempSync(join(tmpdir(), 'mica-page-'));
let browser;

async function open(name, list, options) {
  writeFolder(join(home, name), makeReport(list, comparison()));
  return browser.open(pathToFileURL(join(home, name, 'index.html')).href, options);
}

before(async () => {
  browser = await Browser.start();
});
after(async () => {
  await browser?.close();
  rmSync(home, {recursive: true});
});

const all = (selector) => `[...document.querySelectorAll('${selector}')]`;
const visible = (selector) => `${all(selector)}.filter((e) => e.checkVisibility())`;

test('the page loads without a fault, and asks for nothing else', async () => {
  const page = await open('plain', records());
  await page.evaluate('document.title');
  assert.deepEqual(page.faults, []);
  assert.deepEqual(page.requests.map((url) => url.split('/').pop()), ['index.html']);
});

test('every plot is visible once and has marks of data', async () => {
  const page = await open('plain', records());
  const marks = await page.evaluate(
    `${visible('figure svg')}.map((s) => s.querySelectorAll('[data-mark]').length)`);
  assert.equal(marks.length, await page.evaluate(`${all('figure')}.length`));
  assert.ok(marks.length >= 10, `${marks.length} plots`);
  assert.ok(marks.every((n) => n > 0), String(marks));
});

test('marks lie within their plots and have a size', async () => {
  const page = await open('plain', records());
  const outside = await page.evaluate(`${visible('figure svg')}.flatMap((s) => {
    const frame = s.getBoundingClientRect();
    return [...s.querySelectorAll('[data-mark]')].map((m) => m.getBoundingClientRect()).filter((r) =>
      r.width + r.height === 0 || r.left < frame.left - 1 || r.right > frame.right + 1 ||
      r.top < frame.top - 1 || r.bottom > frame.bottom + 1);
  }).length`);
  assert.equal(outside, 0);
});

test('text of plots is within them', async () => {
  for (const width of [1000, 390]) {
    const page = await open('plain', records(), {width});
    const outside = await page.evaluate(`${visible('figure svg')}.flatMap((s) => {
      const frame = s.getBoundingClientRect();
      return [...s.querySelectorAll('text')].filter((t) => {
        const r = t.getBoundingClientRect();
        return r.left < frame.left - 2 || r.right > frame.right + 2;
      }).map((t) => t.textContent);
    })`);
    assert.deepEqual(outside, [], `at ${width}`);
  }
});

test('the table has all rows', async () => {
  const page = await open('plain', records());
  const rows = await page.evaluate(`${all('#all-rows tbody tr')}.map((r) => r.children[1].textContent)`);
  assert.deepEqual(rows, records().map((r) => r.row));
});

test('the comparison has every figure, and text from outside is text', async () => {
  const page = await open('plain', records());
  const names = await page.evaluate(`${all('#comparison tbody th[scope=row]')}.map((r) => r.textContent)`);
  assert.deepEqual(names, ['Mica', 'SPIN', 'Mica', 'NOVA', 'SPIN', 'Mica', 'SPIN <&']);
});

test('the page says commit, CPU model and mode', async () => {
  const page = await open('plain', records());
  const text = await page.evaluate("document.querySelector('.machine').innerText");
  for (const part of ['0123abc', 'max', 'icount']) assert.ok(text.includes(part), part);
});

test('rows beyond their limit are named', async () => {
  const page = await open('plain', records());
  const text = await page.evaluate("document.querySelector('header').innerText");
  assert.match(text, /2 of 4 rows that have a limit are within it/);
  assert.match(text, /syscall schedule\/query: 117 instructions, must reach 110/);
  assert.match(text, /latency map\/16-MiB: 6,400 instructions, must reach 5,500/);
});

test('a plot that has no series is a sentence', async () => {
  const page = await open('few', [record('syscall', 'null', 23)]);
  const text = await page.evaluate(`${all('.missing')}.map((e) => e.textContent).join('|')`);
  assert.match(text, /No plot \u201cIPC round trip, by words in the message\u201d/);
  assert.match(text, /No plot of syscall: every row has the same figure/);
  assert.equal(await page.evaluate(`${all('#series svg, #distributions svg')}.length`), 0);
  assert.deepEqual(page.faults, []);
});

for (const dark of [false, true]) {
  test(`it is readable in ${dark ? 'dark' : 'light'}: paper, text and plots have those colours`, async () => {
    const page = await open('plain', records(), {dark});
    const rgb = (hex) => `rgb(${[1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)).join(', ')})`;
    const [paper, ink, mark] = await page.evaluate(`[
      getComputedStyle(document.documentElement).backgroundColor,
      getComputedStyle(document.querySelector('h1')).color,
      getComputedStyle(document.querySelector('figure [data-mark]')).fill]`);
    const wanted = ['paper', 'ink', 'series1'].map((role) => rgb(palette[role][dark ? 1 : 0]));
    assert.deepEqual([paper, ink, mark], wanted);
  });
}

test('on a phone nothing is wider than the screen but what scrolls in its box', async () => {
  const page = await open('plain', records(), {width: 390});
  assert.ok(await page.evaluate('document.documentElement.scrollWidth') <= 390);
  assert.equal(await page.evaluate(`${visible('figure .wide')}.length`), 0);
  assert.ok(await page.evaluate(`${visible('figure .narrow')}.length`) > 0);
});

test('plots have titles and words for those who do not see them; tables have heads', async () => {
  const page = await open('plain', records());
  const bad = await page.evaluate(`${visible('figure svg')}.filter((s) => {
    const ids = s.getAttribute('aria-labelledby').split(' ');
    const parts = ids.map((id) => document.getElementById(id)?.textContent);
    return s.getAttribute('role') !== 'img' || parts.length !== 2 || parts.some((p) => !p);
  }).length`);
  assert.equal(bad, 0);
  assert.equal(await page.evaluate(`${all('table:not(:has(thead th[scope=col]))')}.length`), 0);
  const ids = await page.evaluate(`${all('[id]')}.map((e) => e.id)`);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(await page.evaluate('document.documentElement.lang'), 'en');
});

test('a plot as a file of its own is drawn', async () => {
  await open('plain', records());
  const page = await browser.open(pathToFileURL(join(home, 'plain', 'ipc-words.svg')).href);
  assert.ok(await page.evaluate(`${all('[data-mark]')}.length`) > 0);
  assert.deepEqual(page.faults, []);
});
