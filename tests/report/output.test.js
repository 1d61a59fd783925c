// SPDX-License-Identifier: MIT
// The command: what it writes, and that it writes nothing when something is wrong.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {writeFolder} from '../../bench/report/output.js';
import {asText, comparison, record, records} from './fixture.js';

const main = fileURLToPath(new URL('../../bench/report/main.js', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'mica-report-'));
after(() => rmSync(home, {recursive: true}));

const run = (...args) => spawnSync(process.execPath, [main, ...args], {encoding: 'utf8'});
const file = (name, text) => {
  writeFileSync(join(home, name), text);
  return join(home, name);
};
const good = file('records', asText(records())), beside = file('comparison', JSON.stringify(comparison()));
const mark = '<meta name="generator" content="mica bench --report">';

// Runs with something wrong; nothing is left behind.
function refuses(args, message) {
  const before = readdirSync(home);
  const {status, stderr} = run(...args);
  assert.equal(status, 2, stderr);
  assert.match(stderr, message);
  assert.doesNotMatch(stderr, /\n\s+at /);
  assert.deepEqual(readdirSync(home), before);
}

test('a report has a page and each plot for light and for dark', () => {
  const folder = join(home, 'deep/report');
  const {status, stderr} = run(good, beside, folder);
  assert.deepEqual([status, stderr], [0, '']);
  const files = readdirSync(folder);
  for (const name of ['index.html', 'ipc-words.svg', 'ipc-words-dark.svg', 'ipc-string.svg',
    'ready-threads.svg', 'revocation.svg', 'beside-round-trip.svg', 'spread-ipc.svg']) {
    assert.ok(files.includes(name), name);
  }
  assert.match(readFileSync(join(folder, 'ipc-words.svg'), 'utf8'), /^<svg .*xmlns="http:\/\/www\.w3\.org\//);
  assert.deepEqual(readdirSync(join(home, 'deep')), ['report']);
});

test('an earlier report is replaced as a whole', () => {
  const folder = join(home, 'again');
  mkdirSync(folder);
  writeFileSync(join(folder, 'index.html'), mark);
  writeFileSync(join(folder, 'old.svg'), '');
  assert.equal(run(good, beside, folder).status, 0);
  assert.ok(!existsSync(join(folder, 'old.svg')));
});

test('a folder with other files is refused, and stays', () => {
  const folder = join(home, 'other');
  mkdirSync(folder);
  writeFileSync(join(folder, 'thesis.txt'), 'years');
  refuses([good, beside, folder], /other has other files in it/);
  refuses(['--check', folder], /other has other files in it/);
  assert.deepEqual(readdirSync(folder), ['thesis.txt']);
});

test('a truncated file of records is refused', () => {
  refuses([file('cut', asText(records()).slice(0, 500)), beside, join(home, 'out')], /cut:\d+: .*truncated/);
});

test('a record without a field is refused', () => {
  const bad = record('ipc', 'a', 1);
  delete bad.p99;
  refuses([file('bad', asText([bad])), beside, join(home, 'out')], /bad:1: the record has no p99/);
});

test('a file that is not there is refused', () => {
  refuses([join(home, 'nothing'), beside, join(home, 'out')], /cannot read .*nothing/);
});

test('a comparison that is cut off is refused', () => {
  refuses([good, file('half', '[{"title"'), join(home, 'out')], /half: no JSON/);
});

test('a folder that cannot be written is refused, before and after measuring', () => {
  const taken = file('taken', '');
  refuses([good, beside, join(taken, 'out')], /cannot write .*taken\/out/);
  refuses(['--check', join(taken, 'out')], /cannot write .*taken\/out/);
  refuses(['--check', taken], /taken is no folder/);
});

test('the check of a folder leaves nothing', () => {
  assert.equal(run('--check', join(home, 'new')).status, 0);
  assert.ok(!existsSync(join(home, 'new')));
});

test('when writing fails half way, the earlier report is still there', () => {
  const folder = join(home, 'kept');
  writeFolder(folder, new Map([['index.html', mark]]));
  const bad = new Map([['index.html', mark], ['no/such/folder', '']]);
  assert.throws(() => writeFolder(folder, bad), /cannot write/);
  assert.deepEqual(readdirSync(folder), ['index.html']);
  assert.ok(readdirSync(home).every((name) => !name.startsWith('.kept')));
});

test('wrong use is said', () => refuses(['a'], /use: main.js/));
