// SPDX-License-Identifier: MIT
// Writes a folder as a whole or not at all: into a temporary one beside it, then renamed.
import {
  existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync,
} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import {InputError} from './records.js';

const mark = '<meta name="generator" content="mica bench --report">';

function isOurs(folder) {
  if (readdirSync(folder).length === 0) return true;
  const index = join(folder, 'index.html');
  return existsSync(index) && readFileSync(index, 'utf8').includes(mark);
}

// Refuses a folder that has something else in it.
function checkFolder(folder) {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) throw new InputError(`${folder} is no folder`);
  if (isOurs(folder)) return;
  throw new InputError(`${folder} has other files in it; name a new folder, or an earlier report`);
}

function reason(fault, folder) {
  return fault instanceof InputError ? fault : new InputError(`cannot write ${folder}: ${fault.message}`);
}

// A folder beside `folder`, so that it can be renamed. Throws if nothing can be written there.
function besides(folder) {
  mkdirSync(dirname(folder), {recursive: true});
  return mkdtempSync(join(dirname(folder), `.${basename(folder)}-`));
}

// Throws an InputError if a report could not be written to `name`.
export function checkWritable(name) {
  const folder = resolve(name);
  try {
    checkFolder(folder);
    rmSync(besides(folder), {recursive: true});
  } catch (fault) {
    throw reason(fault, folder);
  }
}

// `files`: a Map from names to contents.
export function writeFolder(name, files) {
  const folder = resolve(name);
  let work;
  try {
    checkFolder(folder);
    work = besides(folder);
    const made = join(work, 'new');
    mkdirSync(made);
    for (const [file, content] of files) writeFileSync(join(made, file), content);
    if (existsSync(folder)) renameSync(folder, join(work, 'old'));
    renameSync(made, folder);
  } catch (fault) {
    throw reason(fault, folder);
  } finally {
    if (work) rmSync(work, {recursive: true, force: true});
  }
}
